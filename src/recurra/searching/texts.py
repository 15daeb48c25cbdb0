"""What may be chosen of a classifier of texts, and who is judged in the end."""

import copy
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from recurra.estimators import SequenceClassifier
from recurra.executing import Executor
from recurra.judging.problem import Contender
from recurra.listeners import Listener
from recurra.models import architecture_named
from recurra.problems.networks import ClassifierNetwork
from recurra.problems.text_classes import TextProblem
from recurra.runs import RunFolder
from recurra.searching.choice import Choice
from recurra.searching.trials import Budget, look_for
from recurra.searching.within import within

__all__ = ["Choose", "search_texts"]

SPACE: Mapping[str, Sequence[Any]] = {
    "tokenizer": ("word", "cased-word", "char"),
    "min_count": (1, 2, 3, 5),
    "max_length": (64, 128, 256),
    "batch_size": (16, 32, 64, 128),
}
RATES = (3e-4, 1e-2)


Choose = Callable[[TextProblem, RunFolder, Executor, Listener], TextProblem]


def search_texts(models: Sequence[str], budget: Budget) -> Choose:
    """Give who chooses settings for a problem of one classifier of texts, as `run` takes it.

    Args:
        models: architectures that are tried.
        budget: when to end.
    """

    def choose(
        problem: TextProblem, folder: RunFolder, executor: Executor, listener: Listener
    ) -> TextProblem:
        (given,) = (each for each in problem.contenders if not each.baseline)
        estimator = given.make(problem.seed).estimator  # type: ignore[attr-defined]
        default = _default(estimator)
        alone = copy.copy(estimator).set_params(members=1)
        choice = look_for(
            within(problem),
            _space(default, models),
            default,
            partial(_contender, alone),
            budget,
            place=folder.checkpoints / "search.db",
            executor=executor,
            listener=listener,
            logs=folder.logs,
        )
        return _judged(problem, estimator, choice)

    return choose


def _judged(problem: TextProblem, estimator: SequenceClassifier, choice: Choice) -> TextProblem:
    """Give the problem with the winner beside the default; where that won, with it alone."""
    judged = copy.copy(problem)
    judged.choice = choice
    if choice.best.number:
        winner = _contender(estimator, choice.best.settings)
        winner = Contender(f"{winner.name}, searched", winner.make)
        judged.contenders = [winner, *problem.contenders]
    return judged


def _default(estimator: SequenceClassifier) -> dict[str, Any]:
    """Give the settings that count where none are given."""
    suits = architecture_named(estimator.model)
    return {
        "model": estimator.model,
        "tokenizer": estimator.tokenizer or suits.tokenizer,
        "min_count": estimator.min_count,
        "max_length": estimator.max_length,
        "batch_size": estimator.batch_size or suits.batch_size,
        "learning_rate": estimator.learning_rate or suits.learning_rate,
    }


def _space(default: Mapping[str, Any], models: Sequence[str]) -> dict[str, Any]:
    """Give what each setting may be; what it is by default is always among it."""
    named = {"model": sorted({*models, default["model"]})}
    for name, choices in SPACE.items():
        named[name] = sorted({*choices, default[name]})
    rates = (min(RATES[0], default["learning_rate"]), max(RATES[1], default["learning_rate"]))
    return {**named, "learning_rate": rates}


def _contender(estimator: SequenceClassifier, settings: Mapping[str, Any]) -> Contender:
    chosen = copy.copy(estimator).set_params(**settings)
    return Contender(str(settings["model"]), partial(ClassifierNetwork, chosen))
