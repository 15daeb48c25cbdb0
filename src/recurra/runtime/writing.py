"""Saved models that write, without Keras or JAX: they take one step of their cell a token."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from recurra.answers.translating import TranslatorAnswers
from recurra.answers.writing import (
    STEPS,
    GeneratorAnswers,
    WrittenStream,
    as_lines,
    log_softmax,
)
from recurra.arrays import Floats
from recurra.bundle import Bundle
from recurra.cells import bias_shape
from recurra.errors import SettingsError
from recurra.names import CELLS
from recurra.runtime.models import SavedModel
from recurra.stored import WEIGHT, Numbers, Stored
from recurra.text.levels import level_named
from recurra.text.writing import BEGINS, ENDS

__all__ = ["SavedGenerator", "SavedTranslator"]

AT_ONCE = 256  # lines that are read side by side
Level = Literal["characters", "words"]
Units = Annotated[int, Field(ge=1, le=1 << 20)]
Most = Annotated[int, Field(ge=1, le=10_000)]


class _Generates(Stored):
    model: Literal["simple-rnn", "lstm", "gru", "conv1d", "one-to-one"]
    level: Level
    units: Units
    max_length: Most


class _Translates(Stored):
    model: Literal["simple-rnn", "lstm", "gru"]
    attention: bool
    source_level: Level
    target_level: Level
    units: Annotated[int, Field(ge=2, le=1 << 20, multiple_of=2)]
    max_length: Most
    beam: Annotated[int, Field(ge=1, le=1000)]
    length_penalty: Annotated[float, Field(ge=-100, le=100)]


class _Writer(SavedModel):
    """A saved model that writes.

    Attributes:
        weights_: of its only member.
    """

    asked: Any  # the type of its settings

    def __init__(self, bundle: Bundle) -> None:
        super().__init__(bundle)
        if self.members != 1:
            raise SettingsError(f"a model that writes has one member, not {self.members}.")
        found = bundle.arrays({f"0/{name}": size for name, size in self._needed().items()})
        self.weights_ = [{name.removeprefix("0/"): array for name, array in found.items()}]

    def _restore(self, bundle: Bundle) -> None:
        asked = bundle.config_as(lambda _: self.asked.model_validate(self.settings))
        for name, value in asked:
            setattr(self, name, value)
        super()._restore(bundle)

    def _needed(self) -> dict[str, Numbers]:
        """Give what its arrays must be."""
        raise NotImplementedError


class SavedGenerator(_Writer, GeneratorAnswers):
    """A saved `SequenceGenerator`."""

    kind = "SequenceGenerator"
    asked = _Generates

    def say(self, asked: Any) -> Floats:
        """Give the natural logarithm of the probability of each line, its end included."""
        return self.log_probabilities(asked.texts, asked.classes)

    def log_probabilities(self, X: Any, y: Any = None) -> Floats:
        """Give the natural logarithm of the probability of each line, its end included, (rows,)."""
        lines = as_lines(X)
        labels = [None] * len(lines) if y is None else list(y)
        classes = np.array([self._class_index(label) for label in labels], np.int64)
        split = level_named(self.level).split
        tokens = [self.vocabulary_.encode(split(line)[: self.max_length]) for line in lines]
        found = np.empty(len(lines))
        for rows in _alike(tokens):
            found[rows] = self._logs([tokens[row] for row in rows], classes[rows])
        return found

    def _logs(self, lines: list[list[int]], classes: Any) -> Floats:
        """Read lines side by side; what comes after an end counts for nothing."""
        longest = max(map(len, lines)) + 1
        said = np.zeros((len(lines), longest), np.int64)
        for row, line in enumerate(lines):
            said[row, : len(line) + 1] = [*line, ENDS]
        stream, total = WrittenStream(self, classes), np.zeros(len(lines))
        read = np.full(len(lines), BEGINS)
        for step in range(longest):
            logs = log_softmax(stream.step(read).astype(float))
            read = said[:, step]
            total += np.where(read > 0, logs[np.arange(len(read)), read], 0)
        return total

    def _needed(self) -> dict[str, Numbers]:
        tokens, classes = len(self.vocabulary_), len(self.classes_)
        read = min(64, self.units) + (16 if classes > 1 else 0)
        given = {"class_embedding/embeddings": (classes, 16)} if classes > 1 else {}
        return {
            name: _numbers(*size)
            for name, size in {
                "embedding/embeddings": (tokens, min(64, self.units)),
                **given,
                **_memory(self.model, read, self.units),
                "output/kernel": (self.units, tokens),
                "output/bias": (tokens,),
            }.items()
        }


class SavedTranslator(_Writer, TranslatorAnswers):
    """A saved `SequenceTranslator`."""

    kind = "SequenceTranslator"
    asked = _Translates

    def say(self, asked: Any) -> Any:
        """Translate sentences."""
        return self.predict(asked)

    def _needed(self) -> dict[str, Numbers]:
        units, half, tokens = self.units, self.units // 2, len(self.target_)
        bridges = range(STEPS[self.model].states)
        sizes: dict[str, tuple[int, ...]] = {
            "source_embedding/embeddings": (len(self.source_), half),
            "target_embedding/embeddings": (tokens, half),
            **_cell(self.model, "both/forward_encoder", half, half),
            **_cell(self.model, "both/backward_encoder", half, half),
            **_cell(self.model, "decoder", half, units),
            **{f"bridge_{state}/kernel": (2 * half, units) for state in bridges},
            **{f"bridge_{state}/bias": (units,) for state in bridges},
            "combined/kernel": (2 * units if self.attention else units, units),
            "combined/bias": (units,),
            "output/kernel": (units, tokens),
            "output/bias": (tokens,),
        }
        return {name: _numbers(*size) for name, size in sizes.items()}


def _numbers(*size: int) -> Numbers:
    return Numbers(size, -WEIGHT, WEIGHT, ("float32",))


def _memory(model: str, features: int, units: int) -> dict[str, tuple[int, ...]]:
    """Give the sizes of what a generator reads with."""
    if model in CELLS:
        return _cell(model, "memory", features, units)
    window = (5,) if model == "conv1d" else ()
    return {"memory/kernel": (*window, features, units), "memory/bias": (units,)}


def _cell(model: str, layer: str, features: int, units: int) -> dict[str, tuple[int, ...]]:
    """Give the sizes of a recurrent layer."""
    cell = STEPS[model]
    columns, at = cell.gates * units, f"{layer}/{cell.name}_cell"
    return {
        f"{at}/kernel": (features, columns),
        f"{at}/recurrent_kernel": (units, columns),
        f"{at}/bias": bias_shape(cell, columns),
    }


def _alike(lines: Sequence[Sequence[int]]) -> list[Any]:
    """Give the rows of lines of like lengths, not too many at once."""
    order = np.argsort([len(line) for line in lines], kind="stable")
    return np.array_split(order, -(-len(order) // AT_ONCE)) if len(order) else []
