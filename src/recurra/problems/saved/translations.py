"""Saved models that translate: the network of a run, or the baseline beside it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from recurra.errors import SettingsError
from recurra.problems.kept import kept_model
from recurra.text.levels import cut_lines

__all__ = ["KINDS", "AskedTranslator", "saved_translator"]

KINDS = {
    "SequenceTranslator": "recurra.runtime.writing:SavedTranslator",
    "NearestSentence": "recurra.baselines.memories:NearestSentence",
    "MostFrequent": "recurra.baselines.memories:MostFrequent",
}


class AskedTranslator:
    """A saved network asked like a memory.

    Args:
        translator: fitted.
        beam: how many beginnings are kept, None for the network's own.
    """

    def __init__(self, translator: Any, beam: int | None = None) -> None:
        self.translator, self.beam = translator, beam

    def answer(self, text: str) -> dict[str, Any]:
        """Give the translation of a sentence and its log probability."""
        written, score = self.translator.search(text, self.beam)
        return {"text": text, "translation": written, "log_probability": score}

    def cut(self, texts: Sequence[str]) -> list[str]:
        """Say how many sentences are longer than what is read of one."""
        network = self.translator
        return cut_lines(texts, network.source_level, network.max_length, "sentences")


def saved_translator(
    run: Path, with_: str | None = None, beam: int | None = None
) -> tuple[str, Any]:
    """Read what a run holds that translates: the network, or the baseline asked for.

    Args:
        run: a run folder, or the model folder in it.
        with_: the name of the baseline; None: the network.
        beam: how many beginnings a network keeps, None for its own setting.

    Returns:
        Its name, and what answers.

    Raises:
        BundleError: it does not translate.
        SettingsError: no such model is saved there, or a memory is given a beam.
    """
    kept = kept_model(run, with_)
    model = kept.open(KINDS, "translate")
    if kept.kind == "SequenceTranslator":
        return kept.name, AskedTranslator(model, beam)
    if beam is not None:
        raise SettingsError(f"--beam is about how a network writes: {kept.name} does not search.")
    return kept.name, model
