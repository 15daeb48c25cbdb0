"""How the model of a run behaves: what `recurra audit RUN --behaviour` asks, for Python.

::

    rows held out by the run      repeatable, order and batch
    fresh rows, of another file   trained on the test: is it surer of the rows held out?
    shuffles, with a fit each     placebo: labels are shuffled, and nobody may be right about them
"""

from pathlib import Path
from typing import Any

import numpy as np

from recurra.arrays import Bools, Rows, Texts
from recurra.auditing import Behaviour, Check, audit_model, rows_of_run
from recurra.data import Columns, LabelledTexts
from recurra.data.sequences import Layout
from recurra.errors import RunError, SettingsError
from recurra.problems.kept import Asked, asked_of, holds_model
from recurra.problems.new_rows import new_rows_of

__all__ = ["audit_behaviour"]

MOST_ROWS = 2_000  # held out, that are asked; of more, as many are drawn
NETWORK = "SequenceClassifier"
SAVED = {NETWORK: "recurra.runtime:SavedClassifier"}
NOT_ASKED = {
    "placebo": "Labels are shuffled and the network fitted anew with --shuffles 10.",
    "trained on the test": "Rows that nobody has learnt from are needed: --fresh FILE.",
}
FITTED = {NETWORK: "recurra.estimators:SequenceClassifier"}


def audit_behaviour(
    run: str | Path,
    *,
    fresh: str | Path | None = None,
    shuffles: int = 0,
    given: Columns | None = None,
    layout: Layout | None = None,
    seed: int = 0,
) -> Behaviour:
    """Look whether the network of a run of labelled texts or sequences knows what it must not.

    Args:
        run: a run folder.
        fresh: a file of labelled rows of the same source, which surely nobody has learnt from.
        shuffles: how many times labels are shuffled, each with a fit of the network anew.
        given, layout: of the file, where they were given to the run.
        seed: of what is drawn.

    Raises:
        BundleError: no model is saved there, or it is damaged.
        DataError: the fresh rows cannot be read, or cannot be asked of this model.
        RunError: the run is of neither, or its rows are not those it was fitted on.
        SettingsError: fresh rows are given, and the network was fitted on the test as well.
    """
    run = Path(run)
    if not holds_model(run) or not (run / "report.json").is_file():
        raise RunError(f"a run with a saved model is needed, but {run} holds none.")
    asked = asked_of(run)
    if asked.network.kind != NETWORK:
        raise RunError(
            f"a network of labelled texts or sequences is asked, but {run} holds a "
            f"{asked.network.what}."
        )
    if fresh is not None and asked.network.on_all:
        raise SettingsError(
            "--fresh asks whether the test was learnt from, and the network that is kept was "
            "fitted on all rows, those of the test too. Leave --fresh out, or train without it."
        )
    rows, held = rows_of_run(run, given or Columns(), layout)
    other = None if fresh is None else _fresh(asked, fresh, given or Columns(), layout)
    inputs, targets = _of(rows)
    chosen = _chosen(held, shuffles > 0, seed)
    known = np.flatnonzero(~held[chosen]) if shuffles else None
    model = asked.network.open(FITTED if shuffles else SAVED, "answer rows")
    found = audit_model(
        model,
        _taken(inputs, chosen),
        targets[chosen],
        known=known,
        fresh=other,
        shuffles=shuffles,
        seed=seed,
    )
    return found.model_copy(update={"checks": _of_a_run(found.checks)})


def _of_a_run(checks: list[Check]) -> list[Check]:
    """Give the checks that rows without an order have, and say how the others are asked."""
    found = []
    for check in checks:
        if check.result != "not checked":
            found.append(check)
        elif check.name in NOT_ASKED:
            found.append(check.model_copy(update={"sentence": NOT_ASKED[check.name]}))
    return found


def _chosen(held: Bools, fits: bool, seed: int) -> Rows:
    """Give the rows that are asked: those held out, and all others where a fit is asked."""
    rows = np.flatnonzero(held)
    if len(rows) > MOST_ROWS:
        rows = np.random.default_rng(seed).choice(rows, MOST_ROWS, replace=False)
    return np.sort(np.concatenate([rows, np.flatnonzero(~held)])) if fits else np.sort(rows)


def _of(rows: Any) -> tuple[Any, Texts]:
    """Give what a model reads of rows, and the class of each as a string."""
    inputs = rows.texts if isinstance(rows, LabelledTexts) else rows.sequences
    return inputs, np.array(list(map(str, rows.labels)), object)


def _fresh(
    asked: Asked, file: str | Path, given: Columns, layout: Layout | None
) -> tuple[Any, Texts]:
    how: dict[str, Any] = {"encoding": given.encoding}
    if asked.network.facts.channels:
        how |= {"layout": layout}
    else:
        how |= {"text": given.text, "label": given.label}
    return _of(new_rows_of(asked).read(asked, file, **how))


def _taken(inputs: Any, rows: Rows) -> Any:
    return inputs[rows] if isinstance(inputs, np.ndarray) else inputs.take(rows)
