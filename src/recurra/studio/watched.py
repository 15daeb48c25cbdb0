"""What is needed to watch a network remember: its model, how a row is typed, rows held out."""

from typing import Any

from recurra.finished import FinishedRun
from recurra.problems.kept import Kept, kept_model
from recurra.runtime import load
from recurra.runtime.memory import Habit, Remembered, remembered, unit_habits
from recurra.runtime.models import HOMES, SavedForecaster, SavedModel, SavedTagger
from recurra.sequences import NumberEncoder
from recurra.serving.refusals import RefusedError
from recurra.studio.held import HeldRow, held_rows, written
from recurra.studio.tried import tried_of
from recurra.studio.tried.row import Tried, numbers_of, waves
from recurra.text.joining import JOINT, read_columns
from recurra.wording import worded

__all__ = ["TWO_MEMORIES", "Watched", "is_watched", "watched_of"]

TRANSLATES, WRITES, RISES = "SequenceTranslator", "SequenceGenerator", "SequenceRiser"
TWO_MEMORIES = (
    "memory is shown of networks with one memory, and a translator has two: one that reads, and "
    "one that writes."
)


def is_watched(kept: Kept) -> bool:
    """Say whether the memory of a model is shown."""
    return kept.kind in HOMES and kept.kind != TRANSLATES


class Watched:
    """A saved network that is watched.

    Args:
        run: that it is of.
        saved: the network.

    Attributes:
        channels: how many numbers a step has; 0: a text is read.
        classes: to choose from, of lines that are begun.
        begins: whether it goes on from what is typed, which may be nothing.
        title: of what is typed.
    """

    def __init__(self, run: FinishedRun, saved: SavedModel) -> None:
        self.run, self.saved = run, saved
        encoder: Any = getattr(saved, "encoder_", None)
        self.channels = encoder.features if isinstance(encoder, NumberEncoder) else 0
        self.prices: Tried | None = tried_of(run) if saved.kind == RISES else None
        if self.prices is not None:
            self.channels = len(self.prices.channels)
        self.begins = saved.kind == WRITES
        known = [str(name) for name in saved.classes_] if self.begins else []  # type: ignore[attr-defined]
        self.classes = known if len(known) > 1 else []

    @property
    def title(self) -> str:
        """What is typed, in words."""
        if self.prices is not None:
            return self.prices.title
        if self.channels:
            return worded("Numbers, those of a step on a line")
        if self.begins:
            return worded("How the lines begin; nothing: it begins by itself")
        read = read_columns(kept_model(self.run.folder).facts.columns)
        return worded("A text") if len(read) < 2 else f" {JOINT} ".join(read)

    def held(self) -> list[HeldRow]:
        """Give rows to begin with, the first of them at first."""
        found = self.held_only()
        if not found and self.channels:
            return [HeldRow(worded("waves"), written(waves(self.channels)))]
        return found

    def held_only(self) -> list[HeldRow]:
        """Give rows that the run held out."""
        return held_rows(self.run) if self.prices is None else self.prices.held()

    def remembered(self, given: str, label: str | None = None) -> Remembered:
        """Tell what it holds of a row.

        Raises:
            RefusedError: it is no row of this model.
            SettingsError: likewise.
        """
        return remembered(self.saved, self._row(given, label))

    def habits(self, given: list[str]) -> list[Habit]:
        """Tell what each unit does over rows."""
        return unit_habits(self.saved, [self._row(row, None) for row in given])

    def _row(self, given: str, label: str | None) -> Any:
        """Give a row as the model reads it."""
        if self.prices is not None:
            return self.prices.rows(given)  # type: ignore[attr-defined]
        if self.channels:
            steps = numbers_of(given, self.channels)
            return steps[:, 0] if isinstance(self.saved, SavedForecaster) else steps
        if self.begins:
            return (label or self.classes[0], given) if self.classes else given
        return given.split() if isinstance(self.saved, SavedTagger) else given


def watched_of(run: FinishedRun) -> Watched:
    """Open the model of a run to be watched.

    Raises:
        BundleError: it is damaged.
        RefusedError: its memory is not shown.
    """
    kept = kept_model(run.folder)
    if not is_watched(kept):
        raise RefusedError(404, worded(TWO_MEMORIES))
    return Watched(run, load(kept.folder))
