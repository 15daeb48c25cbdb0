"""The trials of a search: Optuna says what is tried next and what is given up, an executor does it.

A trial is asked after each epoch whether it goes on: it ends where its best validation loss so far
is worse than the middle one of the trials of earlier rounds at that epoch. Trials of its own round
are not asked, so that what is given up does not depend on who is faster.
"""

import time
import warnings
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import optuna

from recurra.errors import RecurraError, RunError
from recurra.executing import Executor, Failed
from recurra.judging.measures import values
from recurra.judging.problem import Problem, Space, Tunable
from recurra.judging.run import Unit, ask_alone, bare
from recurra.listeners import Listener, Progress
from recurra.searching.choice import Choice, Tried

__all__ = ["Budget", "look_for"]

ROUND = 8  # trials that are asked for before any of them is told, whoever does them
FEWEST = 4  # trials that must have come to an epoch before another is given up at it
SPARED = 2  # epochs of which none is given up
State = optuna.trial.TrialState
Curve = Sequence[float]


@dataclass(frozen=True)
class Budget:
    """When a search ends.

    Args:
        trials: the most.
        minutes: after which no further round begins; None: however long it takes.
    """

    trials: int = 30
    minutes: float | None = None


@dataclass(frozen=True)
class _Ended:
    """What came of a trial: its validation losses, and its value unless it was given up or failed.

    Args:
        curve: an epoch each.
        statistics: of what was said of the rows that are held.
        error: of settings that cannot be fitted.
    """

    curve: Curve = ()
    statistics: Any = None
    error: str = ""


def look_for(
    inner: Problem,
    tunable: Tunable,
    budget: Budget,
    *,
    place: Path,
    executor: Executor,
    listener: Listener,
    logs: Path | None = None,
    fold: int | None = None,
) -> Choice:
    """Try settings, the default ones first, and say what came of each.

    Args:
        inner: the problem within the training rows.
        tunable: what may be chosen.
        budget: when to end.
        place: of the SQLite file; trials that are there already are not done again.
        executor: who does the trials.
        listener: is told how it goes.
        logs: a folder for what each trial tells.
        fold: of several searches in one file, the number of this one.

    Raises:
        RecurraError: every trial failed.
        RunError: the file holds trials of other choices.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    of_fold = "" if fold is None else f"fold-{fold}-"
    study = _study(place, f"{of_fold}{inner.name}", inner, tunable)
    until = None if budget.minutes is None else time.monotonic() + 60 * budget.minutes
    while True:
        asked = _next_round(study, tunable.space, budget, inner.seed, until)
        if not asked:
            break
        where = "" if fold is None else f"fold {fold}: "
        listener.stage(f"{where}trials {min(asked)} to {max(asked)} of {budget.trials}")
        units = {
            f"{of_fold}trial-{number}": Unit(tunable.contender(settings, True), 0, 0)
            for number, settings in asked.items()
        }
        ended = _done(inner, study, units, executor, listener, logs)
        for number, each in sorted(ended.items()):
            _tell(study, number, each, inner)
    return _choice(study, tunable.space, inner)


def _study(place: Path, name: str, inner: Problem, tunable: Tunable) -> Any:
    higher = inner.measures[0].higher_is_better
    study = optuna.create_study(
        storage=f"sqlite:///{place}",
        study_name=name,
        direction="maximize" if higher else "minimize",
        load_if_exists=True,
    )
    for trial in study.trials[:1]:
        before = {n: d.choices for n, d in trial.distributions.items() if hasattr(d, "choices")}
        if any(before[n] != tuple(tunable.space.get(n, ())) for n in before):
            raise RunError(
                "a search can only be resumed with the choices it began with, but these are "
                "others. Give the same --models, or start over with --overwrite."
            )
    study.enqueue_trial(dict(tunable.default), skip_if_exists=True)
    return study


def _next_round(
    study: Any, space: Space, budget: Budget, seed: int, until: float | None
) -> dict[int, dict[str, Any]]:
    """Give the trials of the next round: those that a killed search left, else new ones."""
    left = {t.number: dict(t.params) for t in study.get_trials(states=[State.RUNNING])}
    whole = {number: params for number, params in left.items() if len(params) == len(space)}
    for number in left.keys() - whole.keys():  # killed while it was asked for
        study.tell(number, state=State.FAIL)
    ended = sum(t.state.is_finished() for t in study.trials)
    if until is not None and time.monotonic() > until and ended:
        return {}
    count = min(ROUND - ended % ROUND, budget.trials - ended) - len(whole)
    if ended + len(whole) + max(count, 0) == 0:
        return {}
    study.sampler = optuna.samplers.TPESampler(seed=1000 * seed + ended, n_startup_trials=ROUND)
    for _ in range(count):
        trial = study.ask()
        whole[trial.number] = {name: _suggest(trial, name, space[name]) for name in space}
    return whole


def _suggest(trial: Any, name: str, choices: Any) -> Any:
    if isinstance(choices, tuple):
        return trial.suggest_float(name, *choices, log=True)
    return trial.suggest_categorical(name, choices)


def _done(
    inner: Problem,
    study: Any,
    units: Mapping[str, Unit],
    executor: Executor,
    listener: Listener,
    logs: Path | None,
) -> dict[int, _Ended]:
    """Do what is tried; give what came of each, by its number."""
    earlier = study.get_trials(states=[State.COMPLETE])
    shared = bare(inner), [_curve(each, inner) for each in earlier]
    found: dict[int, _Ended] = {}
    with closing(executor.each(_trial, shared, units, listener=listener, logs=logs)) as ended:
        for name, each in ended:
            result = _Ended(error=each.error) if isinstance(each, Failed) else each
            if result.error:
                listener.note(f"{name} failed: {result.error}")
            found[int(name.rpartition("-")[2])] = result
    return found


def _sign(inner: Problem) -> float:
    """Give what a loss is told times, so that Optuna ranks it as it ranks the measure."""
    return -1.0 if inner.measures[0].higher_is_better else 1.0


def _curve(trial: Any, inner: Problem) -> list[float]:
    told = trial.intermediate_values
    return [_sign(inner) * told[epoch] for epoch in sorted(told)]


# ---- in the workers


class _GivenUpError(Exception):
    """A trial ends here."""


class _Epochs(Listener):
    """Asks after every epoch whether a trial goes on.

    Args:
        listener: is told what a trial tells.
        earlier: the validation losses of trials of earlier rounds, an epoch each.
    """

    def __init__(self, listener: Listener, earlier: Sequence[Curve]) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        pruner = optuna.pruners.MedianPruner(
            n_startup_trials=FEWEST, n_warmup_steps=SPARED + 1, n_min_trials=FEWEST
        )
        study = optuna.create_study(pruner=pruner, direction="minimize")
        for curve in filter(None, earlier):
            told = dict(enumerate(curve, start=1))
            study.add_trial(optuna.trial.create_trial(value=curve[-1], intermediate_values=told))
        self.listener, self.trial, self.curve = listener, study.ask(), list[float]()

    def note(self, text: str) -> None:
        """Tell it."""
        self.listener.note(text)

    def stage(self, text: str) -> None:
        """Tell it."""
        self.listener.stage(text)

    def progress(self, member: int, progress: Progress) -> None:
        """Tell it; at the end of an epoch that was validated, end the trial if it is far behind."""
        self.listener.progress(member, progress)
        if not progress.ended or "validation_loss" not in progress.history.rows[-1]:
            return
        self.curve.append(float(progress.history.rows[-1]["validation_loss"]))
        self.trial.report(self.curve[-1], len(self.curve))
        if self.trial.should_prune():
            raise _GivenUpError


def _trial(
    shared: tuple[Problem, Sequence[Curve]], unit: Unit, listener: Listener, place: Path | None
) -> _Ended:
    """Fit and ask one; of settings that cannot be fitted, say why."""
    inner, earlier = shared
    epochs = _Epochs(listener, earlier)
    try:
        outcome = ask_alone(inner, unit, epochs, place)
    except _GivenUpError:
        listener.stage(f"given up after epoch {len(epochs.curve)}")
        return _Ended(epochs.curve)
    except RecurraError as error:
        return _Ended(epochs.curve, error=str(error))
    return _Ended(epochs.curve, outcome.statistics)


# ---- what came of them


def _tell(study: Any, number: int, ended: _Ended, inner: Problem) -> None:
    trial = optuna.trial.Trial(study, study.trials[number]._trial_id)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a search killed here the same is told once more
        for epoch, loss in enumerate(ended.curve, start=1):
            trial.report(_sign(inner) * loss, epoch)
    if ended.statistics is None:
        study.tell(number, state=State.FAIL if ended.error else State.PRUNED)
        return
    value = float(values(inner.measures[0], ended.statistics))
    if np.isfinite(value):
        study.tell(number, value)
    else:
        study.tell(number, state=State.FAIL)


def _choice(study: Any, space: Space, inner: Problem) -> Choice:
    ended = [t for t in study.trials if t.state.is_finished() and len(t.params) == len(space)]
    tried = [
        Tried(
            place,
            {name: t.params[name] for name in space},
            t.value if t.state is State.COMPLETE else None,
            _curve(t, inner),
            t.state is State.PRUNED,
        )
        for place, t in enumerate(ended)
    ]
    if all(each.value is None for each in tried):
        raise RecurraError("at least one trial must end, but all failed: their logs say why.")
    measure = inner.measures[0]
    return Choice(
        tried,
        measure.name,
        measure.higher_is_better,
        len(inner.folds[0].held),
        _importance(study, len(tried)),
    )


def _importance(study: Any, trials: int) -> dict[str, float]:
    if trials < ROUND:
        return {}
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return dict(optuna.importance.get_param_importances(study, evaluator=evaluator))
        except (ValueError, RuntimeError, ZeroDivisionError):  # all values are the same
            return {}
