"""Ask a saved model about new rows: what `recurra evaluate` does, for Python.

What is wrong with the run or the rows is told before anything heavy is imported.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recurra.arrays import Bools, Rows
from recurra.ledger import record, row_keys
from recurra.problems.kept import Asked, asked_of, beside, rows_seen
from recurra.problems.new_rows import new_rows_of

if TYPE_CHECKING:
    from recurra.judging.problem import Problem
    from recurra.judging.report import Evaluation, TestUse, Verdict

__all__ = ["evaluate"]

TOLD_NEAR = 0.01  # of the rows: as many near copies of training rows are said to flatter


def evaluate(run: str | Path, rows: Any, with_: str | None = None, **how: Any) -> "Evaluation":
    """Judge a saved model on new labelled rows, by the measures of its run's report.

    Args:
        run: a run folder, or the model folder in it.
        rows: a file or folder as the run was trained on, or rows already read. Of a series or
            prices those count that come after what the models were fitted on.
        with_: the name of the baseline, to judge it alone; None: the network, beside the baseline
            where that is saved.
        how: what is said of a file: of texts `text`, `label`, `encoding`; of a series `target`,
            `log`, `encoding`; of prices what `open_prices` takes.

    Returns:
        Measures with their intervals, how many rows the model was fitted on or nearly so, how the
        rows differ from those, how often they were scored before, and the verdict.

    Raises:
        BundleError: no model is saved there, or it is damaged.
        DataError: the rows cannot be read, or cannot be asked of this model.
        SettingsError: no such model is saved there.
    """
    asked = asked_of(run, with_)
    kind = new_rows_of(asked)
    read = kind.read(asked, rows, **how)
    home = import_module(kind.home)  # Keras is loaded here: all that may be wrong was looked at
    from recurra.judging import run as judging

    problem: Problem = home.asked_again(asked, read)
    does = "answer such rows"
    models = {each.name: each.open(home.KINDS, does) for each in asked.models}
    found = judging.evaluate(problem, models)
    beside_training = _beside_training(problem, asked)
    use = _written_down(problem, asked, found.verdict)
    update = {
        "rows_seen_in_training": 0 if problem.after else _count(beside_training.seen),
        "rows_near_training": 0 if problem.after else _count(beside_training.near),
        "test_use": use,
        "notes": [
            *found.notes,
            *problem.cut(models[asked.model.name]),
            *use.said,
            *beside_training.differences,
            *_said(problem, models[asked.model.name], asked, beside_training),
        ],
    }
    return found.model_copy(update=update)


def _count(rows: Bools | None) -> int | None:
    return None if rows is None else int(rows.sum())


@dataclass(frozen=True)
class _Beside:
    """New rows beside those of the training.

    Args:
        seen: (rows,) which were trained on; None where that is not known.
        near: (rows,) which are near copies of such, but were not; None likewise.
        differences: how they differ from them beyond luck, in words.
    """

    seen: Bools | None = None
    near: Bools | None = None
    differences: tuple[str, ...] = ()


def _beside_training(problem: "Problem", asked: Asked) -> _Beside:
    if problem.after:
        return _Beside()
    from recurra.judging.shift import KnownRows

    (fold,) = problem.folds
    seen = rows_seen(asked, _held_keys(problem, fold.held))
    place = beside(asked, "training_rows.safetensors")
    known, look = None if place is None else KnownRows.load(place), problem.look(fold.held)
    if known is None or look is None:
        return _Beside(seen)
    near = None if seen is None or not known.near.size else known.near_copies(look) & ~seen
    return _Beside(seen, near, tuple(known.differences(look)))


def _held_keys(problem: "Problem", held: Rows) -> dict[str, Rows]:
    return {name: np.asarray(numbers)[held] for name, numbers in problem.keys().items()}


def _said(problem: "Problem", model: Any, asked: Asked, rows: _Beside) -> list[str]:
    """Say whether the model has seen the rows, where that must be said."""
    if problem.after:
        return [f"Judged are rows after {problem.after}, up to which it was fitted."]
    if rows.seen is None:
        return [
            "Whether the model was trained on these rows is not known: its run folder is not here, "
            "is of an earlier version, or keeps no list of them (train streamed)."
        ]
    aside = f" ({problem.alike})" if problem.alike else ""
    said = [f"{rows.seen.sum():,} of these rows were trained on{aside}"] * bool(rows.seen.any())
    near = np.zeros_like(rows.seen) if rows.near is None else rows.near
    near = near if near.sum() > TOLD_NEAR * len(near) else np.zeros_like(near)
    if near.any():
        are = "are near copies of rows trained on, as far as the kept keys tell"
        said.append(f"{near.sum():,} {'more ' if said else 'of these rows '}{are}")
    if not said:
        return []
    without = _without(problem, {asked.model.name: model}, ~(rows.seen | near))
    return [f"{', and '.join(said)}: the figures flatter it. {without}"]


def _without(problem: "Problem", models: Mapping[str, Any], fresh: Bools) -> str:
    """Give the figures of the rows that the model has not seen."""
    from recurra.judging import run as judging
    from recurra.judging.problem import all_held

    if not fresh.any():
        return "No other row is left to judge by."
    (fold,) = problem.folds
    alone = judging.evaluate(replace(problem, folds=all_held(fold.held[fresh])), models)
    names = list(dict.fromkeys([*list(alone.measures)[:1], *problem.beside]))
    figures = ", ".join(f"{name} {alone.measures[name]}" for name in names)
    return f"Of the {fresh.sum():,} other rows: {figures}."


def _written_down(problem: "Problem", asked: Asked, verdict: "Verdict | None") -> "TestUse":
    """Write down that these rows were scored, and give how often they were before."""
    (fold,) = problem.folds
    keys = row_keys(problem.keys(), fold.held, problem.data.sha256)
    models = [asked.model.name]
    manifest = (asked.model.folder / "manifest.json").read_text("utf-8")
    source = problem.data.source
    return record("evaluate", problem.name, source, keys, models, manifest, verdict)
