"""Saved models as a server asks them: rows in, a saying for each, told in either protocol.

::

    rows(question)  →  say(rows), in a batch  →  told(rows, said)  or  tensors(said)
"""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from recurra.arrays import Array, Floats
from recurra.errors import BundleError, DataError, SettingsError
from recurra.judging.labels import SaidLabels
from recurra.names import listed
from recurra.problems.kept import Kept, classes_of
from recurra.problems.saved import forecasts, multi_labels, sequences, states, tags, texts
from recurra.runtime.models import SavedNetwork
from recurra.sequences import NumberEncoder
from recurra.serving.limits import Limits
from recurra.serving.questions import Predict
from recurra.serving.refusals import RefusedError
from recurra.text.joining import read_columns

__all__ = ["Model", "Tensor", "check_rows", "check_steps", "checked_text", "opened_model"]

Tensor = tuple[str, str, list[int]]  # name, datatype, shape; -1 is any length
Pushed = Callable[[Any], list[dict[str, Any]]]


class Model:
    """A saved model, whatever it says.

    Args:
        kept: where it stands.
        saved: what `recurra predict` asks.

    Attributes:
        reads: texts or sequences.
        says: classes, labels, tags, states or forecasts.
        inputs, outputs: tensors of the Open Inference Protocol.
    """

    reads: ClassVar[str] = "texts"
    says: ClassVar[str]

    def __init__(self, kept: Kept, saved: Any) -> None:
        self.kept, self.saved = kept, saved

    @property
    def inputs(self) -> Tensor:
        """Give the tensor that it reads."""
        return ("texts", "BYTES", [-1])

    @property
    def outputs(self) -> list[Tensor]:
        """Give the tensors that it answers."""
        raise NotImplementedError

    def facts(self) -> dict[str, Any]:
        """Say what it is."""
        return {"model": self.kept.name, "reads": self.reads, "says": self.says}

    def rows(self, asked: Predict, limits: Limits) -> list[Any]:
        """Give what is to be said something of.

        Raises:
            RefusedError: it is not what the model reads, or too much.
        """
        given = getattr(asked, self.reads)
        if given is None:
            raise RefusedError(
                400, f'this model reads {self.reads}: give {{"{self.reads}": [...]}}.'
            )
        check_rows(len(given), self.reads, limits)
        return [self.row(each, limits) for each in given]

    def row(self, given: Any, limits: Limits) -> Any:
        """Check a row."""
        return checked_text(given, limits)

    def say(self, rows: list[Any]) -> list[Any]:
        """Say something of each row; this takes its time."""
        raise NotImplementedError

    def told(self, rows: list[Any], said: list[Any]) -> list[Any]:
        """Give of each row what `recurra predict --json` does."""
        raise NotImplementedError

    def tensors(self, said: list[Any]) -> list[Array]:
        """Give the arrays of `outputs`."""
        raise NotImplementedError

    def explain(self, text: str) -> list[tuple[str, Any]]:
        """Give each token with how far the score falls without it, or that of each label.

        Raises:
            SettingsError: it has no tokens.
        """
        raise SettingsError(
            "answers are explained by networks that tell classes or labels of texts, but this is "
            f"{self._what}."
        )

    def stream(self) -> Pushed:
        """Give what reads a sequence in pieces: from some steps to an answer after each.

        Raises:
            SettingsError: it needs the whole sequence.
        """
        raise SettingsError(
            "a sequence is read in pieces by networks that tell classes or tag words, but this is "
            f"{self._what}."
        )

    @property
    def _what(self) -> str:
        kind = "network" if isinstance(self.saved.model, SavedNetwork) else "baseline"
        return f"a {kind} that reads {self.reads} and says {self.says}"


def check_rows(rows: int, what: str, limits: Limits) -> None:
    """Refuse a request of no rows, or of too many."""
    if not rows:
        raise RefusedError(
            400, f"a request must have 1 to {limits.rows:,} {what}, but it has none."
        )
    if rows > limits.rows:
        raise RefusedError(
            413,
            f"a request must have 1 to {limits.rows:,} {what}, but it has {rows:,}. "
            "Send several requests.",
        )


def check_steps(steps: list[Any], limits: Limits) -> None:
    """Refuse a piece of a sequence that is too long: each step is answered, as a row is."""
    if steps:
        check_rows(len(steps), "steps", limits)
    checked_text(" ".join(step for step in steps if isinstance(step, str)), limits)


def checked_text(text: Any, limits: Limits) -> str:
    """Refuse a text that is too long, or is several of a model that reads one."""
    if not isinstance(text, str):
        raise RefusedError(400, "a text must be a string, but an object came: the model reads one.")
    if len(text) > limits.letters:
        raise RefusedError(
            413, f"a text must have up to {limits.letters:,} letters, but one has {len(text):,}."
        )
    return text


class _Classes(Model):
    """What says classes."""

    says = "classes"

    @property
    def outputs(self) -> list[Tensor]:
        shape = [-1, len(self.saved.names)]
        return [("label", "BYTES", [-1]), ("probabilities", "FP64", shape)]

    def facts(self) -> dict[str, Any]:
        positive = self.saved.positive
        return super().facts() | {
            "classes": list(self.saved.names),
            "positive": None if positive is None else self.saved.names[positive],
            "threshold": getattr(self.saved.model, "threshold", None),
        }

    def _said(self, asked: Any) -> list[Any]:
        said = self.saved.model.say(asked)
        return list(zip(said.probabilities, said.decided, strict=True))

    def tensors(self, said: list[Any]) -> list[Array]:
        shares, decided = _columns(said)
        return [np.array(self.saved.names, object)[decided], shares]

    def _stream(self, piece: Callable[[Any], Any]) -> Pushed:
        model, names = self.saved.model, self.saved.names
        stream = model.stream()

        def push(steps: Any) -> list[dict[str, Any]]:
            shares = stream.push(piece(steps))
            return [
                {"label": names[number], "probabilities": dict(zip(names, row, strict=True))}
                for number, row in zip(model.decide(shares), shares.tolist(), strict=True)
            ]

        return push


def _columns(said: list[Any]) -> tuple[Floats, Any]:
    shares, decided = zip(*said, strict=True)
    return np.array(shares), np.array(decided)


class _Texts(Model):
    """What reads texts; a row may have several."""

    def facts(self) -> dict[str, Any]:
        read = read_columns(self.saved.columns)
        return super().facts() | ({"columns": read} if len(read) > 1 else {})

    def row(self, given: Any, limits: Limits) -> Any:
        text = self.saved.joined(given) if isinstance(given, dict) else given
        self.saved.check([text])
        return checked_text(text, limits)


class TextClasses(_Texts, _Classes):
    """Classes of texts."""

    def say(self, rows: list[Any]) -> list[Any]:
        return self._said(np.array(rows, dtype=object))

    def told(self, rows: list[Any], said: list[Any]) -> list[Any]:
        from recurra.judging.said import Said

        found: list[Any] = self.saved.told(rows, Said(*_columns(said)))
        return found

    def explain(self, text: str) -> list[tuple[str, Any]]:
        if not self.saved.explains:
            return super().explain(text)
        found: list[tuple[str, Any]] = self.saved.explain(text)
        return found

    def stream(self) -> Pushed:
        if not self.saved.explains:
            return super().stream()
        push = self._stream(lambda text: text)
        tokens = self.saved.model.encoder_.tokens

        def of_words(words: list[Any]) -> list[dict[str, Any]]:
            text = " ".join(_all_words(words))
            return push(text) if tokens(text) else []

        return of_words


def _all_words(steps: list[Any]) -> list[str]:
    if not all(isinstance(step, str) for step in steps):
        raise DataError("the steps of this model must be words, but they are numbers.")
    return steps


class Labels(_Texts):
    """Any number of labels of texts."""

    says = "labels"

    @property
    def outputs(self) -> list[Tensor]:
        shape = [-1, len(self.saved.names)]
        return [("labels", "BYTES", [-1]), ("probabilities", "FP64", shape)]

    def facts(self) -> dict[str, Any]:
        model = self.saved.model
        threshold = getattr(model, "threshold_", None) or getattr(model, "threshold", None)
        return super().facts() | {"classes": list(self.saved.names), "threshold": threshold}

    def say(self, rows: list[Any]) -> list[Any]:
        """Give the probability of each label of each row, and which are said."""
        return list(zip(*self.saved.say(rows), strict=True))

    def told(self, rows: list[Any], said: list[Any]) -> list[Any]:
        found: list[Any] = self.saved.told(rows, SaidLabels(*_columns(said)))
        return found

    def tensors(self, said: list[Any]) -> list[Array]:
        """Give the labels of each text as one text, as its table wrote them; and probabilities."""
        found = SaidLabels(*_columns(said))
        return [np.array(self.saved.called(found), object), found.probabilities]

    def explain(self, text: str) -> list[tuple[str, Any]]:
        if not self.saved.explains:
            return super().explain(text)
        found = self.saved.explain(text)
        falls = (dict(zip(self.saved.names, row, strict=True)) for row in found.falls.tolist())
        return list(zip(found.tokens, falls, strict=True))


class SequenceClasses(_Classes):
    """Classes of numeric sequences."""

    reads = "sequences"

    @property
    def inputs(self) -> Tensor:
        return ("sequences", "FP64", [-1, -1, len(self.saved.channels)])

    def facts(self) -> dict[str, Any]:
        return super().facts() | {"channels": list(self.saved.channels)}

    def row(self, given: Any, limits: Limits) -> Any:
        return _steps(given, len(self.saved.channels))

    def say(self, rows: list[Any]) -> list[Any]:
        from recurra.sequences import Ragged

        return self._said(Ragged.of_numbers(rows))

    def told(self, rows: list[Any], said: list[Any]) -> list[Any]:
        from recurra.judging.said import Said

        found: list[Any] = self.saved.told(Said(*_columns(said)))
        return found

    def stream(self) -> Pushed:
        if not hasattr(self.saved.model, "stream"):
            return super().stream()
        push, channels = self._stream(lambda steps: steps), len(self.saved.channels)
        return lambda steps: push(_steps(steps, channels)) if steps else []


def _steps(given: Any, features: int) -> Floats:
    """Give a sequence as (timesteps, features).

    Raises:
        DataError: it has other features, or none.
    """
    if len({len(step) if isinstance(step, list) else 0 for step in given}) > 1:
        raise DataError("every step of a sequence must have the same features.")
    if any(isinstance(step, str) for step in given):
        raise DataError("the steps of this model must be numbers, but they are words.")
    steps = np.array(given, dtype=float)
    steps = steps[:, None] if steps.ndim == 1 else steps
    if not len(steps) or steps.shape[1] != features:
        raise DataError(
            f"a sequence must have 1 timestep or more, of {features} features, as in training, "
            f"but one has the shape {list(steps.shape)}."
        )
    return steps


class Tags(Model):
    """A tag for every word."""

    says = "tags"

    @property
    def outputs(self) -> list[Tensor]:
        return [("tags", "BYTES", [-1])]

    def facts(self) -> dict[str, Any]:
        return super().facts() | {"classes": list(self.kept.classes)}

    def row(self, given: Any, limits: Limits) -> Any:
        return checked_text(given, limits).split()

    def say(self, rows: list[Any]) -> list[Any]:
        """Say the tags of each."""
        found: list[Any] = self.saved.say(rows)
        return found

    def told(self, rows: list[Any], said: list[Any]) -> list[Any]:
        found: list[Any] = self.saved.told(rows, said)
        return found

    def tensors(self, said: list[Any]) -> list[Array]:
        """Give the tags of each text as one text, separated by spaces, as its words are."""
        return [np.array([" ".join(map(str, tags)) for tags in said], object)]

    def stream(self) -> Pushed:
        if not hasattr(self.saved.model, "stream"):
            return super().stream()
        stream = self.saved.model.stream()

        def push(words: list[Any]) -> list[dict[str, Any]]:
            said = stream.push(_all_words(words)) if words else []
            return [{"word": w, "tag": str(tag)} for w, tag in zip(words, said, strict=True)]

        return push


class States(Model):
    """The state of every step of a log."""

    reads = "sequences"
    says = "states"

    @property
    def inputs(self) -> Tensor:
        return ("sequences", "FP64", [-1, -1, len(self.saved.channels)])

    @property
    def outputs(self) -> list[Tensor]:
        return [("states", "BYTES", [-1])]

    def facts(self) -> dict[str, Any]:
        found = self.saved.saved
        return super().facts() | {
            "classes": list(found.names),
            "normal": found.names[found.normal],
            "threshold": found.rule.threshold,
            "hold": found.rule.hold,
            "channels": list(self.saved.channels),
        }

    def row(self, given: Any, limits: Limits) -> Any:
        return _steps(given, len(self.saved.channels))

    def say(self, rows: list[Any]) -> list[Any]:
        """Say the state of each step of each row."""
        found: list[Any] = self.saved.say(rows)
        return found

    def told(self, rows: list[Any], said: list[Any]) -> list[Any]:
        return said

    def tensors(self, said: list[Any]) -> list[Array]:
        """Give the states of each row as one text, separated by spaces."""
        return [np.array([" ".join(step["state"] for step in row) for row in said], object)]

    def stream(self) -> Pushed:
        live, channels = self.saved.stream(), len(self.saved.channels)
        return lambda steps: live.push(_steps(steps, channels)) if steps else []


class Forecasts(Model):
    """What comes next in a series."""

    reads = "sequences"
    says = "forecasts"

    @property
    def inputs(self) -> Tensor:
        return ("sequences", "FP64", [-1, -1, 1])

    @property
    def outputs(self) -> list[Tensor]:
        names = (
            ["forecast", "lower", "upper"]
            if getattr(self.saved.model, "level", None) is not None
            else ["forecast"]
        )
        return [(name, "FP64", [-1, self.saved.model.horizon]) for name in names]

    def facts(self) -> dict[str, Any]:
        target, horizon = self.saved.target, self.saved.model.horizon
        return super().facts() | {"target": target, "horizon": horizon, "log": self._log}

    @property
    def _log(self) -> bool:
        return bool(self.saved.log)

    def row(self, given: Any, limits: Limits) -> Any:
        series = _steps(given, 1)[:, 0]
        if not self._log:
            return series
        if not (series > 0).all():
            raise DataError("numbers must be above 0, for their logarithms are forecast.")
        return np.log(series)

    def say(self, rows: list[Any]) -> list[Any]:
        """Forecast what follows each series; they may be of different lengths."""
        said = [self.saved.model.say(row[None]) for row in rows]
        return [self.saved.told(each, self.saved.target, self._log)[0] for each in said]

    def told(self, rows: list[Any], said: list[Any]) -> list[Any]:
        return said

    def tensors(self, said: list[Any]) -> list[Array]:
        return [np.array([each[name] for each in said]) for name, _, _ in self.outputs]


def opened_model(kept: Kept) -> Model:
    """Open a model that is kept.

    Raises:
        BundleError: it is damaged, or of a kind that is not served.
    """
    kind, facts = kept.kind, kept.facts
    if kind in forecasts.KINDS:
        if facts.channels:
            raise BundleError(
                f"a forecaster that is served reads a series alone, but {kept.folder} reads "
                f"columns beside it ({listed(facts.channels)}). Ask it with recurra predict."
            )
        model = kept.open(forecasts.KINDS, "forecast")
        return Forecasts(kept, forecasts.AskedForecaster(kept, model))
    if facts.normal is not None and kind in states.KINDS:
        return States(kept, states.opened_states(kept))
    if kind in multi_labels.KINDS:
        labels = multi_labels.AskedLabels(kept)
        labels.model = kept.open(multi_labels.KINDS, "say labels of texts")
        return Labels(kept, labels)
    if kind in tags.KINDS:
        model = kept.open(tags.KINDS, "tag words")
        if isinstance(getattr(model, "encoder_", None), NumberEncoder):
            raise BundleError(
                f"a tagger that is served must read words, but {kept.folder} reads "
                "numbers. Use recurra.runtime.load in Python."
            )
        return Tags(kept, tags.AskedTagger(kept.name, model))
    if kind in {**texts.KINDS, **sequences.KINDS}:
        model = kept.open({**texts.KINDS, **sequences.KINDS}, "tell classes")
        channels: Sequence[str] = facts.channels
        encoder = getattr(model, "encoder_", None)
        if isinstance(encoder, NumberEncoder) and not channels:
            channels = [f"channel {number + 1}" for number in range(encoder.features)]
        if channels:
            names, positive = classes_of(kept)
            found = sequences.AskedSequences(kept.name, names, positive, tuple(channels), model)
            return SequenceClasses(kept, found)
        saved = texts.TextsModel(kept)
        saved.model = model
        return TextClasses(kept, saved)
    raise BundleError(
        "models that tell classes or labels, tag words or forecast are served, but "
        f"{kept.folder} holds a {kind}. Ask it with recurra predict."
    )
