"""The trials of a search: Optuna says what is tried next, an executor does it."""

import time
import warnings
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import optuna

from recurra.errors import RecurraError
from recurra.executing import Executor, Failed
from recurra.judging.measures import values
from recurra.judging.problem import Contender, Problem
from recurra.judging.run import Outcome, Unit, ask_alone, bare
from recurra.listeners import Listener
from recurra.searching.choice import Choice, Tried

__all__ = ["Budget", "look_for"]

Space = Mapping[str, Any]  # a list of names or numbers to choose from, or (low, high) of a rate
ROUND = 8  # trials that are asked for before any of them is told, whoever does them


@dataclass(frozen=True)
class Budget:
    """When a search ends.

    Args:
        trials: the most.
        minutes: after which no further round begins; None: however long it takes.
    """

    trials: int = 30
    minutes: float | None = None


def look_for(
    inner: Problem,
    space: Space,
    default: Mapping[str, Any],
    contender_of: Callable[[Mapping[str, Any]], Contender],
    budget: Budget,
    *,
    place: Path,
    executor: Executor,
    listener: Listener,
    logs: Path | None = None,
) -> Choice:
    """Try settings, the default ones first, and say what came of each.

    Args:
        inner: the problem within the training rows.
        space: by the name of a setting, what it may be.
        default: a value of each, tried first.
        contender_of: from settings to what is fitted.
        budget: when to end.
        place: of the SQLite file; trials that are there already are not done again.
        executor: who does the trials.
        listener: is told how it goes.
        logs: a folder for what each trial tells.

    Raises:
        RecurraError: every trial failed.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    measure = inner.measures[0]
    study = optuna.create_study(
        storage=f"sqlite:///{place}",
        study_name=inner.name,
        direction="maximize" if measure.higher_is_better else "minimize",
        load_if_exists=True,
    )
    study.enqueue_trial(dict(default), skip_if_exists=True)
    until = None if budget.minutes is None else time.monotonic() + 60 * budget.minutes
    while True:
        asked = _next_round(study, space, budget, inner.seed, until)
        if not asked:
            break
        listener.stage(f"trials {min(asked)} to {max(asked)} of {budget.trials}")
        contenders = {number: contender_of(settings) for number, settings in asked.items()}
        found = _measured(inner, contenders, executor, listener, logs)
        for number in sorted(found):
            _tell(study, number, found[number])
    return _choice(study, space, inner)


def _next_round(
    study: Any, space: Space, budget: Budget, seed: int, until: float | None
) -> dict[int, dict[str, Any]]:
    """Give the trials of the next round: those that a killed search left, else new ones."""
    running = optuna.trial.TrialState.RUNNING
    left = {t.number: dict(t.params) for t in study.get_trials(states=[running])}
    whole = {number: params for number, params in left.items() if len(params) == len(space)}
    for number in left.keys() - whole.keys():  # killed while it was asked for
        study.tell(number, state=optuna.trial.TrialState.FAIL)
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


def _measured(
    inner: Problem,
    contenders: Mapping[int, Contender],
    executor: Executor,
    listener: Listener,
    logs: Path | None,
) -> dict[int, float | None]:
    """Fit and measure what is tried; None of what failed."""
    named = {f"trial-{number}": number for number in contenders}
    units = {name: Unit(contenders[number], 0, 0) for name, number in named.items()}
    found: dict[int, float | None] = {}
    with closing(executor.each(_trial, bare(inner), units, listener=listener, logs=logs)) as ended:
        for name, outcome in ended:
            if isinstance(outcome, Failed):
                outcome = outcome.error
            if isinstance(outcome, str):
                listener.note(f"{name} failed: {outcome}")
                found[named[name]] = None
            else:
                value = float(values(inner.measures[0], outcome.statistics))
                found[named[name]] = value if np.isfinite(value) else None
    return found


def _trial(inner: Problem, unit: Unit, listener: Listener, place: Path | None) -> Outcome | str:
    """Fit and measure one; of settings that cannot be fitted, say why."""
    try:
        return ask_alone(inner, unit, listener, place)
    except RecurraError as error:
        return str(error)


def _tell(study: Any, number: int, value: float | None) -> None:
    if value is None:
        study.tell(number, state=optuna.trial.TrialState.FAIL)
    else:
        study.tell(number, value)


def _choice(study: Any, space: Space, inner: Problem) -> Choice:
    tried = [
        Tried(t.number, {name: t.params[name] for name in space}, t.value)
        for t in study.trials
        if t.state.is_finished() and len(t.params) == len(space)
    ]
    if all(each.value is None for each in tried):
        raise RecurraError("at least one trial must end, but all failed: their logs say why.")
    measure = inner.measures[0]
    return Choice(
        [Tried(place, each.settings, each.value) for place, each in enumerate(tried)],
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
