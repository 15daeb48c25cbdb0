"""What was tried, and what came of it: for the report and its page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from recurra.judging.report import Exhibit
from recurra.wording import retold, worded

__all__ = ["Choice", "Choices", "Tried"]

MOST_SHOWN = 15


@dataclass(frozen=True)
class Tried:
    """One trial.

    Args:
        number: counted from 0; 0 has the default settings.
        settings: by name.
        value: of the measure, on rows held within the training rows; None where it failed, or
            was given up.
        curve: its validation loss, an epoch each.
        given_up: whether it was ended since others of earlier rounds were better at its epoch.
    """

    number: int
    settings: Mapping[str, Any]
    value: float | None
    curve: Sequence[float] = ()
    given_up: bool = False


@dataclass(frozen=True)
class Choice:
    """How the settings that are judged were chosen.

    Args:
        tried: all trials.
        measure: what they were measured by.
        higher_is_better: of the measure.
        rows: on how many rows each was measured.
        importance: the share of each setting in what changes the measure, as fANOVA gives it.
        contest: the name of the winner and that of the default, where both are judged.
    """

    tried: Sequence[Tried]
    measure: str
    higher_is_better: bool
    rows: int
    importance: Mapping[str, float]
    contest: tuple[str, str] | None = None

    @property
    def ranked(self) -> list[Tried]:
        """The trials that were measured, the best first; of equals the earlier."""
        sign = -1.0 if self.higher_is_better else 1.0
        ended = [each for each in self.tried if each.value is not None]
        return sorted(ended, key=lambda each: (sign * (each.value or 0.0), each.number))

    @property
    def best(self) -> Tried:
        """The trial whose settings are judged."""
        return self.ranked[0]

    def notes(self) -> list[str]:
        """Say how the winner was chosen, and from how many."""
        what = _counted([self])
        best = self.best
        found = (
            "none was better there than the default settings (trial 0), which are judged"
            if best.number == 0
            else f"the best there, trial {best.number}, is judged beside the default settings"
        )
        return [
            f"{what}, fitted and measured inside the training rows ({self.rows:,} rows held "
            f"there): {found}. The test rows were asked once, after the choice, so the number of "
            "trials bends no figure here; the best value within the training rows is too good, as "
            "the best of many is."
        ]

    def exhibits(self) -> list[Exhibit]:
        """Give the best trials in a table."""
        names = list(self.tried[0].settings)
        rows = [
            [str(each.number), f"{each.value:.4f}", *(_said(each.settings[n]) for n in names)]
            for each in self.ranked[:MOST_SHOWN]
        ]
        return [
            Exhibit(
                title="What was tried",
                columns=["trial", f"{self.measure}, within training", *names],
                rows=rows,
                note=f"The best {len(rows)} of {len(self.tried)}; trial 0 is the default.",
            )
        ]

    def pictures(self) -> list[tuple[str, Callable[[Any], None]]]:
        """Draw how it went, which settings matter, and all trials side by side."""
        drawn: list[tuple[str, Callable[[Any], None]]] = [
            ("The search, trial by trial", self._history),
            ("All trials: a line each, the best in colour", self._parallel),
        ]
        if any(each.curve for each in self.tried):
            drawn.insert(1, ("The validation loss of each trial, epoch by epoch", self._curves))
        if self.importance:
            drawn.insert(1, ("What of the settings matters", self._importance))
        return drawn

    def _history(self, axes: Any) -> None:
        ended = [each for each in self.tried if each.value is not None]
        numbers = [each.number for each in ended]
        values = np.array([each.value for each in ended], float)
        best = np.maximum if self.higher_is_better else np.minimum
        axes.plot(numbers, values, ".", color="#9aa5b1", label=worded("a trial"))
        axes.step(
            numbers,
            best.accumulate(values),
            where="post",
            color="#0b6e99",
            label=worded("the best"),
        )
        axes.set(xlabel=worded("trial"), ylabel=retold(f"{self.measure}, within training"))
        axes.legend(frameon=False)

    def _curves(self, axes: Any) -> None:
        for each in [*self.tried, self.best]:
            epochs, colour = range(1, len(each.curve) + 1), "#9aa5b1"
            if each is self.best:
                colour = "#c2410c"
            axes.plot(epochs, each.curve, color=colour, lw=2 if each is self.best else 0.6)
            if each.given_up:
                axes.plot(epochs[-1:], each.curve[-1:], "x", color="#5b6770", ms=4)
        axes.set(xlabel="epoch; a cross: given up there", ylabel="validation loss")

    def _importance(self, axes: Any) -> None:
        names = list(self.importance)[::-1]
        axes.barh(names, [self.importance[name] for name in names], color="#0b6e99")
        axes.set(xlabel=worded("share of what changes the measure"))

    def _parallel(self, axes: Any) -> None:
        names = list(self.tried[0].settings)
        places = {name: _places([t.settings[name] for t in self.tried]) for name in names}
        for rank, each in reversed(list(enumerate(self.ranked))):
            line = [places[name][each.number] for name in names]
            axes.plot(line, color="#c2410c" if rank == 0 else "#9aa5b1", lw=2 if rank == 0 else 0.6)
        axes.set_xticks(range(len(names)), [n.replace("_", "\n") for n in names], fontsize=7)
        axes.set_yticks([0, 1], ["low, first", "high, last"])


def _counted(choices: Sequence[Choice]) -> str:
    """Say how many settings were tried, and how many of them came to no end."""
    tried = [each for choice in choices for each in choice.tried]
    given_up = sum(each.given_up for each in tried)
    failed = sum(each.value is None for each in tried) - given_up
    what = f"{len(tried):,} settings were tried"
    if given_up:
        what += f", {given_up} of them given up before their last epoch, as others were ahead"
    return what + (f", {failed} failed" if failed else "")


@dataclass(frozen=True)
class Choices:
    """How settings were chosen in each fold by itself.

    Args:
        of_folds: a search each.
        contest: the name of what was found, and that of the default.
    """

    of_folds: Sequence[Choice]
    contest: tuple[str, str]

    def notes(self) -> list[str]:
        """Say that the search is what is judged."""
        kept = sum(each.best.number == 0 for each in self.of_folds)
        return [
            f"Settings were searched {len(self.of_folds)} times, inside the rows known of each "
            f"fold ({_counted(self.of_folds)}): {self.contest[0]} is what each search found, "
            "judged on rows that its fold held out, so its figures are those of the whole "
            f"procedure. The default settings were found in {kept} of them."
        ]

    def exhibits(self) -> list[Exhibit]:
        """Give what each search found."""
        best = [choice.best for choice in self.of_folds]
        names = list(best[0].settings)
        rows = [
            [str(fold), str(each.number), f"{each.value:.4f}"]
            + [_said(each.settings[name]) for name in names]
            for fold, each in enumerate(best, start=1)
        ]
        measure = self.of_folds[0].measure
        return [
            Exhibit(
                title="What each search found",
                columns=["fold", "trial", f"{measure}, within training", *names],
                rows=rows,
                note="Trial 0 is the default.",
            )
        ]

    def pictures(self) -> list[tuple[str, Callable[[Any], None]]]:
        """Draw what was tried in the last fold."""
        return self.of_folds[-1].pictures()


def _places(values: Sequence[Any]) -> list[float]:
    """Give each value a place from 0 to 1: names by the alphabet, numbers by their logarithm."""
    if any(isinstance(value, str) for value in values):
        order = sorted(set(values))
        return [order.index(value) / max(1, len(order) - 1) for value in values]
    logs = np.log(np.asarray(values, float))
    span = float(np.ptp(logs))
    return [float(each) for each in (logs - logs.min()) / (span or 1.0)]


def _said(value: Any) -> str:
    return f"{value:.2g}" if isinstance(value, float) else str(value)
