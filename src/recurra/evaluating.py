"""Ask a saved model about new rows: what `recurra evaluate` does, for Python.

What is wrong with the run or the rows is told before anything heavy is imported.
"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recurra.arrays import Rows
from recurra.problems.kept import asked_of, rows_seen
from recurra.problems.new_rows import new_rows_of

if TYPE_CHECKING:
    from recurra.judging.problem import Problem
    from recurra.judging.report import Evaluation

__all__ = ["evaluate"]


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
        Measures with their intervals, how many rows the model was fitted on, and the verdict.

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
    seen = 0 if problem.after else rows_seen(asked, _held_keys(problem))
    cut = problem.cut(models[asked.model.name])
    notes = [*found.notes, *cut, *_said_of_seen(problem, seen)]
    return found.model_copy(update={"rows_seen_in_training": seen, "notes": notes})


def _held_keys(problem: "Problem") -> dict[str, Rows]:
    (fold,) = problem.folds
    return {name: np.asarray(numbers)[fold.held] for name, numbers in problem.keys().items()}


def _said_of_seen(problem: "Problem", seen: int | None) -> list[str]:
    """Say whether the model has seen the rows, where that must be said."""
    if problem.after:
        return [f"Judged are rows after {problem.after}, up to which it was fitted."]
    if seen is None:
        return [
            "Whether the model was trained on these rows is not known: its run folder is not here, "
            "or is of an earlier version."
        ]
    aside = f" ({problem.alike})" if problem.alike else ""
    return [f"{seen:,} of these rows were trained on{aside}: the figures flatter it."] * bool(seen)
