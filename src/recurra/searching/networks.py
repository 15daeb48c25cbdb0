"""Settings of the network of a problem: chosen for it, or in each of its folds anew."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from recurra.errors import SettingsError
from recurra.executing import Executor
from recurra.judging.problem import Contender, Problem, Tunable
from recurra.listeners import Listener
from recurra.runs import TRIALS, RunFolder
from recurra.searching.choice import Choice, Choices
from recurra.searching.trials import Budget, look_for
from recurra.searching.within import within

__all__ = ["Search", "SearchInFolds"]


@dataclass(frozen=True)
class _How:
    """Of what is chosen, until when, where it is kept, by whom it is tried and who is told."""

    tunable: Tunable
    budget: Budget
    folder: RunFolder
    executor: Executor
    listener: Listener

    def chosen(self, inner: Problem, fold: int | None = None) -> Choice:
        """Choose within the training rows of a problem, or of one of its folds."""
        return look_for(
            inner,
            self.tunable,
            self.budget,
            place=self.folder.checkpoints / TRIALS,
            executor=self.executor,
            listener=self.listener,
            logs=self.folder.logs,
            fold=fold,
        )


@dataclass(frozen=True)
class Search:
    """Chooses settings for a problem of one network, as `recurra.run` takes it.

    Args:
        budget: when to end.
        models: architectures that are tried; none: all that the problem knows.
    """

    budget: Budget
    models: Sequence[str] = ()

    def __call__(
        self, problem: Problem, folder: RunFolder, executor: Executor, listener: Listener
    ) -> Problem:
        """Search, and give the problem with the winner beside the default.

        Where the default won, it is judged alone.

        Raises:
            SettingsError: nothing of the problem may be chosen.
        """
        tunable = tunable_of(problem, self.models)
        how = _How(tunable, self.budget, folder, executor, listener)
        choice = how.chosen(within(problem))
        judged = copy.copy(problem)
        judged.choice = choice
        if choice.best.number:
            winner = tunable.contender(choice.best.settings, False)
            winner = Contender(f"{winner.name}, searched", winner.make)
            judged.contenders = [winner, *problem.contenders]
            judged.choice = replace(choice, contest=(winner.name, problem.contenders[0].name))
        return judged


@dataclass(frozen=True)
class SearchInFolds:
    """Chooses settings in each fold by itself, as `recurra.running.compare` takes it.

    What is judged then is the search, with all that it costs and gives, and not one winner.

    Args:
        budget: when to end, of each fold.
        models: architectures that are tried; none: those of the networks that are compared.
    """

    budget: Budget
    models: Sequence[str] = ()

    def __call__(
        self, problem: Problem, folder: RunFolder, executor: Executor, listener: Listener
    ) -> Problem:
        """Search in each fold, and give the problem with what was found beside its networks.

        Raises:
            SettingsError: nothing of the problem may be chosen.
        """
        given = [each for each in problem.contenders if not each.baseline]
        tunable = tunable_of(problem, self.models or [each.name for each in given])
        how = _How(tunable, self.budget, folder, executor, listener)
        found = [how.chosen(within(problem, n), n + 1) for n in range(len(problem.folds))]
        makes = [tunable.contender(each.best.settings, False).make for each in found]
        searched = Contender("searched", makes[0], in_folds=makes)
        judged = copy.copy(problem)
        judged.contenders = [searched, *problem.contenders]
        judged.choice = Choices(found, (searched.name, given[0].name))
        judged.facts = [*problem.facts, repr([dict(each.best.settings) for each in found])]
        return judged


def tunable_of(problem: Problem, models: Sequence[str]) -> Tunable:
    """Give what may be chosen of a problem, of architectures those named and the default.

    Raises:
        SettingsError: there is nothing, or an architecture is none of the problem's.
    """
    found = problem.tunable()
    if found is None:
        raise SettingsError(
            f"a search needs a network whose settings may be chosen, but {problem.name} has none."
        )
    space: dict[str, Any] = dict(found.space)
    if models and "model" in space:
        wrong = [name for name in models if name not in space["model"]]
        if wrong:
            raise SettingsError(
                f"the models to search must be some of {', '.join(space['model'])}, but "
                f"{wrong[0]!r} is none."
            )
        space["model"] = sorted({*models, found.default["model"]})
    return Tunable(space, found.default, found.contender)
