"""Saved models of rises: the network of a run, or the baseline beside it."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recurra.bundle import Judged
from recurra.errors import BundleError, SettingsError
from recurra.names import listed
from recurra.problems.kept import kept_model

__all__ = ["KINDS", "NO_CALL", "AskedRises", "saved_rises", "word_of"]

NO_CALL = "no call"
KINDS = {
    "SequenceRiser": "recurra.runtime.rises:SavedRiser",
    "RiseModel": "recurra.problems.rises:RiserNetwork",  # of the version before
    "RiseBaseline": "recurra.baselines.rises:RiseBaseline",
}


def _bare(ticker: str) -> str:
    """Give a Korean code without its exchange: 005930.KS is 005930."""
    return ticker.removesuffix(".KS").removesuffix(".KQ")


def word_of(probability: float, threshold: float | None, evidence: bool) -> str:
    """Say in a word or two what a probability is worth.

    Where the run found no evidence that the model foresees anything, nothing is called.

    Example:
        >>> word_of(0.9, 0.1, evidence=False), word_of(0.05, 0.1, evidence=True)
        ('no call', 'no rise')
        >>> word_of(0.2, 0.1, evidence=True), word_of(0.6, 0.1, evidence=True)
        ('likelier than usual', 'rise')
    """
    if not evidence:
        return NO_CALL
    if probability < (0.5 if threshold is None else threshold):
        return "no rise"
    return "rise" if probability >= 0.5 else "likelier than usual"


@dataclass(frozen=True)
class AskedRises:
    """A model of a run that is asked about the newest day.

    Args:
        name: by which tables call it.
        model: the network, or the baseline beside it.
        evidence: whether the run found that it foresees rises beyond what the rules tell.
        verdict: of the run, in words.
        rise: the change from which a close has risen, None where the run did not keep it.
        tickers: those it was fitted on, none where the run did not keep them.
    """

    name: str
    model: Any
    evidence: bool
    verdict: str
    rise: float | None = None
    tickers: tuple[str, ...] = ()

    @property
    def asks(self) -> str:
        """What is foreseen, in words, and what its probability is to be held against."""
        if self.rise is None:
            return "A rise is what the run of this model counted as one."
        return (
            f"A rise is a close {100 * self.rise:.4g} % or more above the close of the day before. "
            "The base rate is how often that was so in the rows it was fitted on: a probability "
            "near it says nothing."
        )

    def strangers(self, asked: Iterable[str]) -> list[str]:
        """Say of which tickers the model was asked, but never learnt from nor was judged on."""
        known = {_bare(ticker) for ticker in self.tickers}
        strange = sorted({t for t in asked if known and _bare(t) not in known})
        if not strange:
            return []
        return [
            f"{listed(strange, 5)}: not among what this model was fitted and judged on "
            f"({listed(self.tickers, 5)}), so nothing is known of how well it foresees them."
        ]

    def newest(self, *given: Any, **how: Any) -> Any:
        """Give a row a ticker: what `SequenceRiser.newest` gives, and the call."""
        found = self.model.newest(*given, **how)
        threshold = self.model.threshold
        calls = [word_of(p, threshold, self.evidence) for p in found["probability"]]
        return found.assign(call=calls)


def saved_rises(run: Path, with_: str | None = None) -> AskedRises:
    """Read the network of a run, or the baseline beside it."""
    network = kept_model(run)
    if network.kind == "RiseModel":
        if with_ is not None and with_ != network.name:
            raise SettingsError(f"--with needs a run of this version, but {run} is an earlier one.")
        said = "The model is of an earlier version: what its run found is not kept with it."
        return AskedRises(network.name, network.open(KINDS, "call rises"), False, said)
    if network.kind != "SequenceRiser":
        raise BundleError(
            f"{run} must hold a model of `recurra train stock-rise`, but it holds a "
            f"{network.what}. Give another run."
        )
    kept = kept_model(run, with_)
    judged = kept.facts.judged or Judged()
    return AskedRises(
        kept.name,
        kept.open(KINDS, "call rises"),
        judged.evidence,
        judged.answer,
        judged.rise,
        tuple(judged.tickers),
    )
