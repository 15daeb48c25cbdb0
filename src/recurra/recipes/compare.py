"""Any recipe's networks and baselines on the same folds, judged on rows they have not seen.

::

    for each fold                                 (rows known, rows held out)       `Task.folds`
        for each baseline and network             fit on the rows known             `Task.networks`
            say something of the rows held out                                      `Fitted.say`
            say in numbers how good that is       (rows held out, statistics)       `Task.count`
            keep them                             checkpoints/fold-1-gru.json
    measures of each fold, their mean and deviation                                 `Judge.measure`
    is a network better than the best baseline?   over all rows held out            `Judge.decide`

A recipe gives a `Task`; all else is here.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from recurra.errors import RunError
from recurra.evaluation.compared import Compared, Comparison, render_comparison
from recurra.evaluation.sums import Measure, decide_by_sums
from recurra.evaluation.verdict import Verdict
from recurra.runs import RunFolder
from recurra.training import Notify, write_atomically

__all__ = ["BySums", "Fit", "Fitted", "Judge", "Source", "Task", "compare", "fitted", "sides"]

Rows = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Fitted:
    """What a fit gave.

    Args:
        say: from rows to what the model says of them.
        parameters: of the network, None of what is none.
    """

    say: Callable[[Rows], Any]
    parameters: int | None = None


Fit = Callable[[Rows, Notify | None], Fitted]


def fitted(estimator: Any, say: Callable[[Rows], Any]) -> Fitted:
    """Give what a fitted estimator says, and how large its network is."""
    return Fitted(say, estimator.build().count_params())


def sides(fold: Rows) -> list[tuple[Rows, Rows]]:
    """Give the rows known and the rows held out of each fold, from the number of each row's.

    Example:
        >>> [(known.tolist(), held.tolist()) for known, held in sides(np.array([0, 1, 0]))]
        [([1], [0, 2]), ([0, 2], [1])]
    """
    return [
        (np.flatnonzero(fold != number), np.flatnonzero(fold == number))
        for number in range(int(fold.max()) + 1)
    ]


class Judge(Protocol):
    """How statistics of rows become measures and verdicts."""

    @property
    def higher_is_better(self) -> bool:
        """Whether that is so of the first measure."""

    def measure(self, statistics: Floats) -> dict[str, float]:
        """Give the measures of some rows; the first one decides."""

    def decide(
        self, rows: Rows, networks: Mapping[str, Floats], baselines: Mapping[str, Floats], seed: int
    ) -> dict[str, Verdict]:
        """Say of each network whether it is better than the best baseline, on the same rows."""


@dataclass(frozen=True)
class BySums:
    """A judge whose measures are functions of the sums of the statistics over rows.

    Args:
        measures: by name; the first one decides.
        groups: (all rows,) rows of one group are drawn together.
        higher_is_better: whether that is so of the first measure.
    """

    measures: Mapping[str, Measure]
    groups: Rows
    higher_is_better: bool = True

    def measure(self, statistics: Floats) -> dict[str, float]:
        """Give each measure of the sums."""
        sums = statistics.sum(axis=0)
        return {name: float(measure(sums)) for name, measure in self.measures.items()}

    def decide(
        self, rows: Rows, networks: Mapping[str, Floats], baselines: Mapping[str, Floats], seed: int
    ) -> dict[str, Verdict]:
        """Compare each network with the best baseline by a paired bootstrap over groups."""
        measured, measure = next(iter(self.measures.items()))
        return {
            name: decide_by_sums(
                measure,
                statistics,
                baselines,
                self.groups[rows],
                measured=measured,
                higher_is_better=self.higher_is_better,
                name=name,
                seed=seed,
            )
            for name, statistics in networks.items()
        }


@dataclass(frozen=True)
class Source:
    """Where rows come from, for a task whose rows do not say so themselves."""

    source: str
    sha256: str
    notes: list[str]


@dataclass(frozen=True)
class Task:
    """What a recipe gives to be compared on.

    Args:
        recipe: its name.
        data: whatever has `source`, `sha256` and `notes`.
        kind: how the folds are made, for people.
        folds: for each the rows known and the rows held out; no row is held out twice.
        networks: by name, how each is fitted.
        baselines: the same.
        count: from rows held out and what was said of them to statistics, (rows, k).
        judge: from statistics to measures and verdicts.
        facts: what else must be the same when a comparison is gone on with: settings, rows.
        seed: of the folds and draws.
    """

    recipe: str
    data: Any
    kind: str
    folds: Sequence[tuple[Rows, Rows]]
    networks: Mapping[str, Fit]
    baselines: Mapping[str, Fit]
    count: Callable[[Rows, Any], Floats]
    judge: Judge
    facts: Iterable[object] = field(default_factory=tuple)
    seed: int = 0


def compare(
    task: Task,
    folder: RunFolder,
    *,
    stage: Callable[[str], None] = lambda text: None,
    notify: Notify | None = None,
) -> Comparison:
    """Fit and judge everything on every fold; each result is kept, so a stopped run goes on.

    Raises:
        RunError: the results kept are of other data or settings.
    """
    fits = {**task.baselines, **task.networks}
    fingerprint = _fingerprint(task)
    done: dict[str, list[dict[str, Any]]] = {name: [] for name in fits}
    for number, (known, held) in enumerate(task.folds, start=1):
        for name, fit in fits.items():
            stage(f"fold {number} of {len(task.folds)}: {name}")
            path = folder.checkpoints / f"fold-{number}-{name.replace(' ', '-')}.json"
            result = _kept(path, fingerprint)
            if result is None:
                result = _one(task, fit, known, held, notify) | {"fingerprint": fingerprint}
                write_atomically(path, json.dumps(result).encode())
            done[name].append(result)
    comparison = _summarise(task, done)
    folder.finish(lambda place: _write(place, comparison))
    return comparison


def _fingerprint(task: Task) -> str:
    digest = hashlib.sha256(f"{task.recipe} {task.seed} {task.data.sha256}".encode())
    for rows in (rows for fold in task.folds for rows in fold):
        digest.update(np.ascontiguousarray(rows).tobytes())
    for fact in task.facts:
        digest.update(repr(fact).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _kept(path: Path, fingerprint: str) -> dict[str, Any] | None:
    if not path.exists():
        return None
    result: dict[str, Any] = json.loads(path.read_text("utf-8"))
    if result["fingerprint"] != fingerprint:
        raise RunError(
            f"a comparison can only be resumed with the data and settings it began with, but "
            f"{path} was written with others. Start over with --overwrite."
        )
    return result


def _one(task: Task, fit: Fit, known: Rows, held: Rows, notify: Notify | None) -> dict[str, Any]:
    began = time.perf_counter()
    model = fit(known, notify)
    between = time.perf_counter()
    said = model.say(held)
    ended = time.perf_counter()
    return {
        "statistics": task.count(held, said).tolist(),
        "parameters": model.parameters,
        "fit_seconds": between - began,
        "predict_seconds": ended - between,
    }


def _summarise(task: Task, done: Mapping[str, Sequence[Mapping[str, Any]]]) -> Comparison:
    by_fold = {
        name: [np.asarray(result["statistics"], float) for result in results]
        for name, results in done.items()
    }
    pooled = {name: np.concatenate(parts) for name, parts in by_fold.items()}
    verdicts = task.judge.decide(
        np.concatenate([held for _, held in task.folds]),
        {name: pooled[name] for name in task.networks},
        {name: pooled[name] for name in task.baselines},
        task.seed,
    )
    models = []
    for name, results in done.items():
        measured = [task.judge.measure(part) for part in by_fold[name]]
        values = {which: np.array([fold[which] for fold in measured]) for which in measured[0]}
        models.append(
            Compared(
                name=name,
                baseline=name in task.baselines,
                parameters=results[0]["parameters"],
                mean={which: float(v.mean()) for which, v in values.items()},
                deviation={which: float(v.std(ddof=1)) for which, v in values.items()},
                fit_seconds=float(np.mean([r["fit_seconds"] for r in results])),
                predict_seconds=float(np.mean([r["predict_seconds"] for r in results])),
                verdict=verdicts.get(name),
            )
        )
    return Comparison(
        recipe=task.recipe,
        source=task.data.source,
        sha256=task.data.sha256,
        rows=len(np.unique(np.concatenate([rows for fold in task.folds for rows in fold]))),
        notes=task.data.notes,
        kind=task.kind,
        folds=len(task.folds),
        seed=task.seed,
        measures=list(models[0].mean),
        higher_is_better=task.judge.higher_is_better,
        models=models,
    )


def _write(place: Path, comparison: Comparison) -> None:
    text = comparison.model_dump_json(by_alias=True, indent=2) + "\n"
    (place / "compare.html").write_text(render_comparison(comparison), "utf-8")
    (place / "compare.json").write_text(text, "utf-8")
