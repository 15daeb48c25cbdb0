"""A question that `recurra look` found in a file, and what may be chosen about it.

::

    recurra train FILE --text body --label kind
            ↓
    recipe "texts", choices (--text, body), (--label, kind)    each another column, if one likes
            ↓
    train texts FILE --text=body --label=kind --model=gru      one word each: no column is an option
"""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from recurra.architectures import NETWORKS
from recurra.serving.refusals import RefusedError
from recurra.wording import worded

__all__ = ["Asked", "questions_of"]

AUDITED = {"texts": ("--text", "--label"), "sequences": ("--id", "--label", "--channels")}
LISTS = ("--channels", "--features")  # of columns, in one word
MOST_EPOCHS = 10_000


@dataclass(frozen=True)
class Asked:
    """A question of a file, as a command that asks it.

    Args:
        asks: it in words.
        rows: what is read.
        recipe: of the command.
        file: that is asked.
        choices: options with columns, in the order of the command.
    """

    asks: str
    rows: str
    recipe: str
    file: str
    choices: tuple[tuple[str, str], ...]

    @property
    def networks(self) -> Mapping[str, str]:
        """Which networks it may be asked with, in words."""
        return NETWORKS[self.recipe]

    @property
    def words(self) -> list[str]:
        """The words of the command that trains."""
        options = [f"{option}={value}" for option, value in self.choices]
        return ["train", self.recipe, self.file, *options]

    @property
    def audit(self) -> list[str] | None:
        """The words of the command that looks for leaks, None where none does."""
        if self.recipe not in AUDITED:
            return None
        known = AUDITED[self.recipe]
        options = [f"{option}={value}" for option, value in self.choices if option in known]
        return ["audit", self.file, *options]

    def chosen(self, given: Sequence[str], columns: Sequence[str]) -> "Asked":
        """Give it asked of other columns.

        Args:
            given: a column for each choice; nothing where none was given.
            columns: that there are.

        Raises:
            RefusedError: one is not there.
        """
        if not given:
            return self
        wrong = [name for name in given if name not in columns]
        if wrong or len(given) != len(self.editable):
            raise RefusedError(
                400,
                worded(
                    "a column of the file must be chosen, but {name!r} is none.",
                    name=(wrong or [""])[0],
                ),
            )
        taken = iter(given)
        choices = [(o, v if o in LISTS else next(taken)) for o, v in self.choices]
        return replace(self, choices=tuple(choices))

    @property
    def editable(self) -> list[tuple[str, str]]:
        """The choices that are one column each."""
        return [(option, value) for option, value in self.choices if option not in LISTS]

    def training(self, model: str, epochs: str) -> list[str]:
        """Give the words that train a model.

        Raises:
            RefusedError: there is no such model, or epochs are no number.
        """
        if model and model not in self.networks:
            raise RefusedError(
                400,
                worded("a model of the list must be chosen, but {model!r} is none.", model=model),
            )
        if epochs and not (
            epochs.isascii() and epochs.isdigit() and 0 < int(epochs) <= MOST_EPOCHS
        ):
            raise RefusedError(
                400, worded("epochs must be a number above 0, but are {epochs!r}.", epochs=epochs)
            )
        more = [f"--model={model}"] if model else []
        return [*self.words, *more, *([f"--epochs={epochs}"] if epochs else [])]


def questions_of(seen: Mapping[str, Any]) -> list[Asked]:
    """Give the questions of a file that are asked by training.

    Args:
        seen: what `recurra look --json` says.
    """
    found = [_asked(question, seen["source"]) for question in seen["questions"]]
    return [each for each in found if each is not None]


def _asked(question: Mapping[str, str], file: str) -> Asked | None:
    words = shlex.split(question["command"])[1:]
    if words[0] != "train" or file not in words:
        return None
    place = words.index(file)
    recipe, rest = ([*words[1:place], "texts"])[0], words[place + 1 :]
    if recipe not in NETWORKS or len(rest) % 2:
        return None
    choices = tuple(zip(rest[::2], rest[1::2], strict=True))
    return Asked(question["asks"], question["rows"], recipe, file, choices)
