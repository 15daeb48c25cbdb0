"""What a saved model remembers of a row: states and gates step by step, and what each unit follows.

::

    remembered(model, row)      one row: every recurrent layer, how far each step moves the answer
    unit_habits(model, rows)    many rows: when each unit is on, what it follows, how long it keeps

Of a model of several members it is the first that is looked at.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from recurra.answers.writing import GeneratorAnswers, log_softmax
from recurra.arrays import Floats
from recurra.errors import SettingsError
from recurra.operations.tracing import Trace, trace, trace_cell
from recurra.runtime.models import SavedForecaster, SavedModel, SavedNetwork, SavedTagger
from recurra.sequences import Histories, Ragged
from recurra.text import TextEncoder
from recurra.text.levels import level_named
from recurra.text.writing import BEGINS, ENDS

__all__ = ["Habit", "Remembered", "Stretch", "remembered", "unit_habits"]

RISER = "SequenceRiser"  # its module is not imported here: with it comes pandas
NOT_RECURRENT = "memory is shown of recurrent networks, but this one has no recurrent layer."
SHOWN = 8  # stretches of text that show when a unit is on
AROUND = 5  # steps beside the one where it is most on
FEWEST = 3  # times that a token must be read, to be what a unit is on at


class Remembered(NamedTuple):
    """One row as the model reads it.

    Args:
        steps: what is read, as it was written; of numbers one number or more.
        of: the class, or the name of the answer, that moves are of.
        trace: states, gates and slopes.
    """

    steps: list[str]
    of: str
    trace: Trace


class Stretch(NamedTuple):
    """Where a unit is on.

    Args:
        row: which.
        first: of the steps that are shown.
        steps: what was read there.
        values: (steps,) of the unit.
    """

    row: int
    first: int
    steps: list[str]
    values: Floats


class Habit(NamedTuple):
    """What one unit does over many rows.

    Args:
        layer, unit: which.
        follows: the thing it goes with most closely, and how closely, from -1 to 1.
        keeps: how alike it is from one step to the next, from -1 to 1.
        on: where it is highest, the highest first; no two of one row.
        tokens: what it is highest at, on average, with that average.
    """

    layer: int
    unit: int
    follows: tuple[str, float]
    keeps: float
    on: list[Stretch]
    tokens: list[tuple[str, float]]


def remembered(model: SavedModel, row: Any, step: int = -1) -> Remembered:
    """Read one row, and tell what the model holds of it.

    Args:
        model: a saved network, as `recurra.runtime.load` gives it.
        row: a text, or numbers (steps, features), as the model reads them; of a forecaster what
            came before; of a riser a row of `recurra.markets.rows.rows_of`; of a generator a line
            as it is begun, or a pair of its class and it.
        step: at which the answer is asked, of a model that answers each; of a forecaster the
            step ahead, the first for -1.

    Raises:
        SettingsError: the model has no recurrent layer, or the row has no step that it knows.

    Example:
        >>> import tempfile
        >>> from recurra import SequenceClassifier, runtime
        >>> model = SequenceClassifier("lstm", epochs=1)
        >>> texts, labels = ["win a prize", "see you"] * 20, ["spam", "ham"] * 20
        >>> model = model.fit(texts, labels, groups=range(40))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.save(f"{folder}/model")
        ...     found = remembered(runtime.load(f"{folder}/model"), "see a prize")
        >>> found.steps, found.of, list(found.trace.layers[0].values)
        (['see', 'a', 'prize'], 'spam', ['i', 'f', 'g', 'o', 'h', 'c'])
    """
    if isinstance(model, GeneratorAnswers):
        return _begun(model, row)
    if not isinstance(model, SavedNetwork):
        raise SettingsError(
            "memory is shown of networks with one memory, and a translator has two: one that "
            "reads, and one that writes."
        )
    sequences, starts = _read(model, row)
    if not sequences.lengths[0]:
        raise SettingsError("a row must have a step that the model reads, but this has none.")
    column, of = _asked(model, sequences, starts, step)
    found = trace(model.networks[0], sequences, starts, column=column, step=step)
    if not found.layers:
        raise SettingsError(NOT_RECURRENT)
    return Remembered(_written(model, row, len(found.slopes)), of, found)


def _read(model: SavedNetwork, row: Any) -> tuple[Ragged, Ragged | None]:
    """Give a row as the networks read it, and where they begin if they do so."""
    if isinstance(model, SavedForecaster):
        if getattr(model.encoder_, "features", 1) > 1:
            raise SettingsError("memory is shown of forecasters of a series alone.")
        windows, _ = model._scaled(Histories.of([row]))
        return model.encoder_.encode(windows), None
    inputs: Any = model._sequences(row) if model.kind == RISER else model._encode([row])  # type: ignore[attr-defined]
    return inputs if isinstance(inputs, tuple) else (inputs, None)


def _begun(model: GeneratorAnswers, row: Any) -> Remembered:
    """Read a line as it is begun, token by token; moves are of the likeliest token to come next."""
    label, text = (None, row) if isinstance(row, str) else row
    stream, known = model.stream(label), model.vocabulary_
    if not hasattr(stream.cell, "gates_of"):
        raise SettingsError(NOT_RECURRENT)
    written = level_named(model.level).split(text)[: model.max_length]
    tokens = np.array([BEGINS, *known.encode(written)])
    embedded = stream.embedding[tokens]
    given = np.repeat(stream.given, len(tokens), axis=0)
    read = np.concatenate([embedded, given], axis=1)
    for token in tokens:
        logits = stream.step(token[None])
    shares = np.exp(log_softmax(logits[0].astype(float)))
    most = int(shares.argmax())
    odds = -shares / max(1 - shares[most], np.finfo(float).tiny)
    odds[most] = 1.0
    held, slopes = trace_cell(stream.cell.name, stream.memory, read, stream.kernel @ odds)
    steps = ["⊢", *("?" if token < BEGINS else known.tokens[token - 2] for token in tokens[1:])]
    found = Trace(float(shares[most]), [held], slopes[:, : embedded.shape[1]], embedded)
    return Remembered(steps, "⊣" if most == ENDS else str(known.tokens[most - 2]), found)


def _asked(
    model: SavedNetwork, sequences: Ragged, starts: Ragged | None, step: int
) -> tuple[int, str]:
    """Give which output moves are of, and what it is called."""
    given = (sequences,) if starts is None else (sequences, starts)
    outputs = model.networks[0](*given)
    if isinstance(model, SavedForecaster):
        return max(step, 0), f"+{max(step, 0) + 1}"
    if model.kind == RISER:
        return 0, "rise"
    classes = getattr(model, "classes_", None)
    if classes is None:
        return 0, "answer"
    if isinstance(model, SavedTagger):
        column = int(outputs[step].argmax())
        return column, str(classes[column])
    if outputs.ndim == 1:
        return 0, str(model.positive_class)  # type: ignore[attr-defined]
    column = int(outputs[0].argmax())
    return column, str(classes[column])


def _written(model: SavedNetwork, row: Any, steps: int) -> list[str]:
    if model.kind == RISER:
        return [f"D-{back}" for back in range(steps, 0, -1)]
    if isinstance(model, SavedForecaster):
        return [f"{float(value):g}" for value in np.asarray(row).ravel()[-steps:]]
    encoder = model.encoder_
    if not isinstance(encoder, TextEncoder):
        return [" ".join(f"{value:g}" for value in np.atleast_1d(each)) for each in row][:steps]
    words = list(row) if isinstance(model, SavedTagger) else encoder.written(row)
    return [str(word) for word in words][:steps]


def unit_habits(model: SavedModel, rows: Sequence[Any]) -> list[Habit]:
    """Tell what each unit does over rows: when it is on, what it follows, how long it keeps.

    Rows of which the model reads no step are passed over.

    Raises:
        SettingsError: the model has no recurrent layer, or reads nothing of any row.
    """
    read = [(number, row) for number, row in enumerate(rows) if _reads(model, row)]
    if not read:
        raise SettingsError("of the rows that were given the model reads no step.")
    found = [remembered(model, row) for _, row in read]
    steps = [each.steps for each in found]
    things = {
        name: np.concatenate([values[name] for values in map(_things, found)])
        for name in _things(found[0])
    }
    habits = []
    for layer in range(len(found[0].trace.layers)):
        states = [each.trace.layers[layer].values["h"] for each in found]
        together = np.concatenate(states)
        for unit in range(together.shape[1]):
            own = [each[:, unit] for each in states]
            habits.append(
                Habit(
                    layer,
                    unit,
                    _followed(together[:, unit], things),
                    _correlation(
                        np.concatenate([each[:-1] for each in own]),
                        np.concatenate([each[1:] for each in own]),
                    ),
                    _stretches(own, steps, [number for number, _ in read]),
                    _highest(own, steps),
                )
            )
    return habits


def _reads(model: SavedModel, row: Any) -> bool:
    if not isinstance(model, SavedNetwork):
        return True  # a line begins before its first token; others are refused in words
    return bool(_read(model, row)[0].lengths[0])


def _things(found: Remembered) -> dict[str, Floats]:
    """Give what a unit may follow, at every step of a row."""
    steps = found.steps
    things = {"position": np.arange(len(steps), dtype=float)}
    try:
        numbers = np.array([[float(part) for part in step.split()] for step in steps])
    except ValueError:
        numbers = np.zeros((len(steps), 0))
    if numbers.ndim == 2 and numbers.shape[1]:
        return things | {f"number {n + 1}": numbers[:, n] for n in range(numbers.shape[1])}
    told: dict[str, Callable[[str], float]] = {
        "length": lambda word: float(len(word)),
        "digits": lambda word: sum(map(str.isdigit, word)) / len(word),
        "capitals": lambda word: sum(map(str.isupper, word)) / len(word),
        "punctuation": lambda word: float(not any(map(str.isalnum, word))),
    }
    of_words = {
        name: np.array([rule(word or " ") for word in steps]) for name, rule in told.items()
    }
    return things | of_words | {"what moves the answer": found.trace.moves}


def _correlation(a: Floats, b: Floats) -> float:
    """Give Pearson's correlation; 0 where one of both does not change."""
    if len(a) < 2 or a.std() < 1e-9 or b.std() < 1e-9:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def _followed(values: Floats, things: dict[str, Floats]) -> tuple[str, float]:
    found = {name: _correlation(values, thing) for name, thing in things.items()}
    name = max(found, key=lambda each: abs(found[each]))
    return name, found[name]


def _stretches(own: list[Floats], steps: list[list[str]], rows: list[int]) -> list[Stretch]:
    highest = sorted(range(len(own)), key=lambda n: -float(own[n].max()))[:SHOWN]
    found = []
    for number in highest:
        at = int(own[number].argmax())
        part = slice(max(0, at - AROUND), at + AROUND + 1)
        found.append(Stretch(rows[number], part.start, steps[number][part], own[number][part]))
    return found


def _highest(own: list[Floats], steps: list[list[str]]) -> list[tuple[str, float]]:
    by_token: dict[str, list[float]] = {}
    for values, words in zip(own, steps, strict=True):
        for value, word in zip(values.tolist(), words, strict=True):
            by_token.setdefault(word.lower(), []).append(value)
    means = {word: sum(v) / len(v) for word, v in by_token.items() if len(v) >= FEWEST}
    return sorted(means.items(), key=lambda each: (-each[1], each[0]))[:SHOWN]
