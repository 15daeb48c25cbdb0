"""A row as it is typed, and what tells something of it."""

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from recurra.arrays import Floats
from recurra.finished import FinishedRun
from recurra.problems.kept import Kept
from recurra.serving.questions import Question
from recurra.serving.refusals import RefusedError
from recurra.studio.held import HeldRow, held_rows, written
from recurra.wording import worded

__all__ = ["LETTERS", "Row", "Tried", "numbers_of", "opened_with", "waves"]

LETTERS, STEPS, WAVE = 20_000, 2_000, 16


class Row(Question):
    """What is tried.

    Args:
        row: a text, or numbers with those of a step on a line.
        label: the class of what is to be written.
        temperature: how boldly it is drawn.
    """

    row: Annotated[str, Field(max_length=LETTERS)]
    label: Annotated[str, Field(max_length=200)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.8


def opened_with(asked: str | None, held: Sequence[HeldRow]) -> str:
    """Give what a page begins with: what its address asks for, or else the first row held out."""
    return (held[0].row if held else "") if asked is None else asked[:LETTERS]


class Tried:
    """A saved model as a page tries it; a subclass opens it and tells.

    Args:
        kept: where it stands.
        run: that it is of.

    Attributes:
        channels: the names of the numbers of a step; none: a text is typed.
        classes: to choose from, of what is written.
        fields: columns whose texts are typed apart; none: one text.
        writes: whether lines are drawn by chance.
        title: of what is typed.
    """

    channels: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    writes = False

    def __init__(self, kept: Kept, run: FinishedRun) -> None:
        self.kept, self.run = kept, run

    @property
    def title(self) -> str:
        """What is typed, in words."""
        return worded("Numbers, those of a step on a line") if self.channels else worded("A text")

    def held(self) -> list[HeldRow]:
        """Give rows to begin with, the first of them at first."""
        found = held_rows(self.run)
        if not found and self.channels:
            return [HeldRow(worded("waves"), written(waves(len(self.channels))))]
        return found

    def parts(self, asked: Row) -> dict[str, Any]:
        """Tell what moved the answer, which takes longer; nothing where that is not known.

        Raises:
            RefusedError: it is no row of this model.
        """
        return {}

    def told(self, asked: Row) -> dict[str, Any]:
        """Tell what is said of a row: see the top of this package.

        Raises:
            RefusedError: it is no row of this model.
            DataError: likewise.
        """
        raise NotImplementedError


def waves(channels: int) -> Floats:
    """Give numbers to be dragged, where there are no better ones."""
    found: Floats = np.sin(np.arange(WAVE)[:, None] / 2 + np.arange(channels)).round(2)
    return found


def numbers_of(given: str, channels: int) -> Floats:
    """Read numbers (steps, channels), those of a step on a line.

    Raises:
        RefusedError: they are none, or too many.
    """
    lines = [line.replace(",", " ").split() for line in given.splitlines() if line.strip()]
    try:
        array = np.array([[float(part) for part in line] for line in lines], float)
    except ValueError:
        array = np.zeros((0, 0))
    if array.ndim != 2 or array.shape[1:] != (channels,) or not np.isfinite(array).all():
        raise RefusedError(
            400,
            worded(
                "a row must be lines of {features} numbers each, a line a step, but this is not.",
                features=channels,
            ),
        )
    if len(array) > STEPS:
        raise RefusedError(
            413,
            worded(
                "a row that is drawn must have up to {most:,} steps, but this has {steps:,}. "
                "Give a part of it.",
                most=STEPS,
                steps=len(array),
            ),
        )
    return array
