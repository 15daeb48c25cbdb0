"""What a classifier tells, from the outputs of its networks."""

from collections.abc import Sequence
from html import escape
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field

from recurra.answers.model import FittedModel
from recurra.answers.reading import as_texts
from recurra.answers.starts import Start, steps_of
from recurra.arrays import Array, Floats, Rows
from recurra.bundle import Bundle
from recurra.cells import sigmoid
from recurra.errors import DataError, SettingsError
from recurra.judging.said import Said
from recurra.plots import tint
from recurra.sequences import Inputs, Ragged
from recurra.stored import Classes, Numbers, Share, Stored
from recurra.text import TextEncoder
from recurra.text.beside import after_cells, cells_of
from recurra.text.joining import join
from recurra.text.terms import log_odds_of

__all__ = ["ClassAnswers", "Effect", "Explanation", "stored_labels", "without_each"]


def stored_labels(stored: list[Any]) -> Array:
    """Give labels that JSON kept, as they were: whole numbers beyond int64 are no floats."""
    whole = all(type(label) is int for label in stored)
    unsigned = whole and max(stored, default=0) > np.iinfo(np.int64).max
    return np.asarray(stored, dtype=np.uint64 if unsigned else None)


class Explanation(list[tuple[str, float]]):
    """Tokens with what each does to the score; a notebook shows them as coloured text."""

    def _repr_html_(self) -> str:
        strongest = max((abs(effect) for _, effect in self), default=0.0)
        return " ".join(
            f'<span title="{effect:+.3f}" style="background:{tint(effect, strongest)};'
            f'border-radius:3px;padding:0 2px">{escape(token)}</span>'
            for token, effect in self
        )


class Effect(NamedTuple):
    """What a token does to the score of a text.

    ::

        fall   = score(text) - score(text without the token)
        start  = log-odds of the linear model with the token, less those without it
        added  = log-odds that the network adds with the token, less those without it

    The last two are None of a network that does not begin as a linear model. They need not add up:
    the network reads on from where the linear model ends, but the score is a curve of both.
    """

    token: str
    fall: float
    start: float | None
    added: float | None


def without_each(text: str, written: Sequence[str]) -> list[str]:
    """Give the text without each of its tokens.

    Example:
        >>> without_each("win a prize", ["win", "a", "prize"])
        [' a prize', 'win  prize', 'win a ']
    """
    texts, end = [], 0
    for token in written:
        at = text.find(token, end)
        end = at + len(token) if at >= 0 else end
        texts.append(text[:at] + text[end:] if at >= 0 else text)
    return texts


def _falls(values: Floats, column: int | None) -> list[float]:
    chosen = values if column is None else values[:, column]
    found: list[float] = (chosen[0] - chosen[1:]).tolist()
    return found


class _Learnt(Stored):
    classes: Annotated[Classes, Field(min_length=2)]
    threshold: Share | None


class ClassAnswers(FittedModel):
    """Probabilities of classes, and the class that they stand for.

    Attributes:
        classes_: the classes, sorted.
        threshold_: of two classes, the score of the positive one from which `predict` says
            positive; None of more.
        positive: the class to find, None for the last.
        start_: the linear models as which a network begins; None of those that do not.
    """

    classes_: Any
    threshold_: Any
    positive: Any
    start_: Start | None = None

    def predict_proba(self, X: Any) -> Floats:
        """Give the probability of each class, (rows, classes), in the order of `classes_`."""
        return self._answer(self._outputs(self._encode(X)))

    def _begun(self, sequences: Ragged, X: Any) -> Inputs:
        """Give what the networks are given: sequences, and where they begin if they do so."""
        if self.start_ is None:
            return sequences
        return sequences, steps_of(self.start_.log_odds(self._rows(X)))

    def _rows(self, X: Any) -> Any:
        """Give texts, or numeric sequences, as linear models are asked them."""
        return as_texts(X) if isinstance(self.encoder_, TextEncoder) else Ragged.of_numbers(X)

    def _answer(self, outputs: Floats) -> Floats:
        if not self._binary:
            return outputs.reshape(-1, len(self.classes_))
        scores = outputs.reshape(-1)
        columns = [1 - scores, scores]
        return np.stack(columns if self.positive_index == 1 else columns[::-1], axis=1)

    def start_shares(self, X: Any) -> Floats:
        """Give what the start says without the network, as `predict_proba`.

        One linear model by itself is not scaled; of several, each has the factor that suits them.

        Raises:
            SettingsError: the network begins as none.
        """
        if self.start_ is None:
            raise SettingsError("only a network that begins as a linear model has a start.")
        odds = self.start_.log_odds_alone(self._rows(X))
        if self._binary:
            return self._answer(sigmoid(odds))
        powers = np.exp(odds - odds.max(axis=1, keepdims=True))
        shares: Floats = powers / powers.sum(axis=1, keepdims=True)
        return shares

    def positive_scores(self, X: Any) -> Floats:
        """Give the probability of the positive class, (rows,)."""
        scores: Floats = self.predict_proba(X)[:, self.positive_index]
        return scores

    def predict(self, X: Any) -> Array:
        """Give the class of each row: of two, positive when its score reaches `threshold_`."""
        probabilities = self.predict_proba(X)
        classes: Array = self.classes_[self.decide(probabilities)]
        return classes

    def say(self, asked: Any) -> Said:
        """Give the probability of each class, and the class decided for."""
        found = self.predict_proba(asked)
        return Said(found, self.decide(found))

    def decide(self, probabilities: Floats) -> Rows:
        """Give the place in `classes_` of what probabilities (rows, classes) stand for."""
        chosen: Rows = probabilities.argmax(axis=1)
        if self._binary:
            index = self.positive_index
            chosen = np.where(probabilities[:, index] >= self.threshold_, index, 1 - index)
        return chosen

    @property
    def positive_class(self) -> Any:
        """The class that scores, precision and recall are about."""
        return self.classes_.tolist()[self.positive_index]

    def label_of(self, score: float) -> Any:
        """Give the class that a positive score stands for, of two."""
        if self.threshold_ is None:
            raise SettingsError(
                f"a score stands for a class where there are two, but there are "
                f"{len(self.classes_)}. Use predict."
            )
        index = self.positive_index
        return self.classes_.tolist()[index if score >= self.threshold_ else 1 - index]

    def explain(self, text: str) -> "Explanation":
        """Give each token, as the text has it, with how far the score falls without it.

        The score is that of the positive class; of more than two, that of the most probable one.

        Example of a line: `("prize", 0.41)`: without "prize" the score would be 0.41 lower.
        """
        found = [*self.cell_effects(text), *self.effects(text)]
        return Explanation((effect.token, effect.fall) for effect in found)

    def cell_effects(self, row: str) -> list[Effect]:
        """Give what each cell beside a text does to its score: how far it falls where it is empty.

        A cell is read by the linear models alone as which the network begins, by each of them.
        """
        beside = None if self.start_ is None else self.start_.parts[0].model.beside
        if beside is None or self.start_ is None:
            return []
        cells, names = cells_of(row, len(beside.names)), beside.names
        text = after_cells(row, len(names))
        without = [[*cells[:place], "", *cells[place + 1 :], text] for place in range(len(names))]
        rows = [row, *map(join, without)]
        sequences = self.encoder_.encode(rows)
        scores = self._outputs(self._begun(sequences, rows))
        column = scores[0].argmax() if scores.ndim == 2 else None
        falls = _falls(scores, column), _falls(self.start_.log_odds(rows), column or 0)
        each = zip(names, cells, *falls, strict=True)
        return [Effect(f"{name}: {cell}", fall, start, 0.0) for name, cell, fall, start in each]

    def effects(self, text: str) -> list[Effect]:
        """Give what each token of a text does to its score, and through which part of the model."""
        self._check_fitted()
        if not isinstance(self.encoder_, TextEncoder):
            raise DataError("an explanation by tokens needs texts, but this model reads numbers.")
        tokens, written = self.encoder_.tokens(text), self.encoder_.written(text)
        fewer = [tokens[:i] + tokens[i + 1 :] for i in range(len(tokens))]
        sequences = self.encoder_.encode_tokens([tokens, *fewer])
        head = join([*cells_of(text, self.encoder_.beside), ""])
        without = without_each(after_cells(text, self.encoder_.beside), written)
        texts = [text, *(f"{head}{each}" for each in without)]
        scores = self._outputs(self._begun(sequences, texts))
        column = scores[0].argmax() if scores.ndim == 2 else None
        falls = [_falls(scores, column), *self._falls_of_parts(sequences, texts, column)]
        return [Effect(token, *each) for token, *each in zip(written, *falls, strict=True)]

    def _falls_of_parts(self, sequences: Ragged, texts: list[str], column: Any) -> list[list[Any]]:
        """Give how far the log-odds of the start and of the network fall; None where one is all."""
        if self.start_ is None:
            return [[None] * (len(texts) - 1)] * 2
        begun = self.start_.log_odds(texts)
        alone = self._outputs((sequences, steps_of(0 * begun)))
        added = log_odds_of(alone if alone.ndim == 2 else np.stack([1 - alone, alone], axis=1))
        return [_falls(part, column or 0) for part in (begun, added)]

    def _arrays_beside(self) -> dict[str, Array]:
        return {} if self.start_ is None else self.start_.arrays()

    def _needed_beside(self) -> dict[str, Numbers]:
        return {} if self.start_ is None else self.start_.needed(len(self.classes_))

    def _learnt(self) -> dict[str, Any]:
        return {"classes": self.classes_.tolist(), "threshold": self.threshold_}

    def _restore(self, bundle: Bundle) -> None:
        super()._restore(bundle)
        learnt = bundle.config_as(_Learnt.model_validate)
        self.classes_, self.threshold_ = stored_labels(learnt.classes), learnt.threshold
        self.start_ = Start.restored(bundle, len(self.classes_))
        self._check_positive()
        if self._binary != (self.threshold_ is not None):
            raise SettingsError(
                f"there must be a threshold between two classes and else none, but there are "
                f"{len(self.classes_)} classes and it is {self.threshold_}."
            )

    @property
    def _binary(self) -> bool:
        return len(self.classes_) == 2

    @property
    def positive_index(self) -> int:
        """The place of the class to find among two."""
        if self.positive is None:
            return len(self.classes_) - 1
        return int(np.flatnonzero(self.classes_ == self.positive)[0])

    def _check_positive(self) -> None:
        if self.positive is not None and self.positive not in self.classes_.tolist():
            raise SettingsError(
                f"the positive class must be one of {self.classes_.tolist()}, but it is "
                f"{self.positive!r}."
            )
