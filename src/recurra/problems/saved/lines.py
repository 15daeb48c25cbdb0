"""Saved models that write lines: the network of a run, or the baseline beside it."""

from pathlib import Path
from typing import Any

from recurra.problems.kept import kept_model

__all__ = ["KINDS", "saved_writer"]

KINDS = {
    "SequenceGenerator": "recurra.runtime.writing:SavedGenerator",
    "LineCounts": "recurra.baselines.ngrams:LineCounts",
}


def saved_writer(run: Path, with_: str | None = None) -> tuple[str, Any]:
    """Read what a run holds that writes: the network, or the baseline asked for; its name first.

    Raises:
        BundleError: it does not write lines.
        SettingsError: no such model is saved there.
    """
    kept = kept_model(run, with_)
    return kept.name, kept.open(KINDS, "write lines")
