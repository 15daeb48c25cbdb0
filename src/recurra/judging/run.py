"""The only place that fits and judges: `run`, `compare`, `evaluate`.

::

    run(problem)                 fit every contender on the rows known, judge it on the rows held
    compare(problem)             the same for every fold, and keep what was said
    evaluate(problem, models)    judge saved models on other rows
"""

import copy
import hashlib
import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, is_dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from recurra.arrays import Floats, Rows
from recurra.errors import RunError, SettingsError
from recurra.executing import Executor, Failed, Function, Here, failures
from recurra.files import write_atomically
from recurra.judging.decide import decide
from recurra.judging.evidence import Evidence
from recurra.judging.intervals import estimate
from recurra.judging.measures import Measure, values
from recurra.judging.problem import Contender, Model, Problem
from recurra.judging.report import (
    ContenderResult,
    Estimate,
    Evaluation,
    MeasureInfo,
    Report,
    SplitInfo,
)
from recurra.listeners import Listener

__all__ = ["Found", "Outcome", "Unit", "ask_alone", "bare", "compare", "evaluate", "run"]


@dataclass(frozen=True)
class Unit:
    """One fit: of a contender, on a fold, from a seed."""

    contender: Contender
    fold: int
    repeat: int

    @property
    def name(self) -> str:
        """The name of its checkpoints."""
        slug = "".join(c if c.isalnum() else "-" for c in self.contender.name.lower())
        return f"fold-{self.fold + 1}-{slug}-{self.repeat}"


@dataclass
class Outcome:
    """What came of one fit.

    Args:
        statistics: (held rows, k) of what it said.
        rows: how many rows it was fitted on.
        parameters: of a network.
        network: its layers in words.
        threshold: of two classes, where it has one.
        fit_seconds: of the fit.
        predict_seconds: of the saying.
        model: what was fitted; None where only what it said was kept.
        said: of the held rows; likewise.
    """

    statistics: Floats
    rows: int
    parameters: int | None
    threshold: float | None
    fit_seconds: float
    predict_seconds: float
    network: str = ""
    model: Model | None = None
    said: Any = None


Outcomes = dict[tuple[str, int, int], Outcome]  # by contender, fold and repeat


@dataclass
class Found:
    """All that a run found: the report, and what it was made of.

    Args:
        problem: what was asked.
        outcomes: for each contender, fold and repeat what came of it.
        repeats: how many times each network was trained.
        report: what is written and shown.
        final: the network fitted on all rows after judging, where that was asked for.
    """

    problem: Problem
    outcomes: Outcomes
    repeats: int = 1
    report: Report = field(init=False)
    final: Model | None = None

    @property
    def held(self) -> Rows:
        """The held rows of all folds, fold after fold; statistics have this order."""
        return np.concatenate([fold.held for fold in self.problem.folds])

    @property
    def chosen(self) -> str:
        """The network that is kept: of several, that of the lowest validation loss."""
        names = [c.name for c in self.problem.contenders if not c.baseline]
        if len(names) == 1:
            return names[0]
        return min(names, key=lambda name: self.model(name).validation_loss)

    @property
    def best_baseline(self) -> str:
        """The baseline to use: the one that beats the network, else the best by the measure."""
        if self.report.verdict.answer == "no":
            return self.report.verdict.rival
        return next(each.name for each in self.report.ranked() if each.baseline)

    def model(self, name: str) -> Any:
        """Give what was fitted of a contender: on the last fold, from the first seed."""
        return self.outcomes[name, len(self.problem.folds) - 1, 0].model

    def statistics(self, name: str, repeat: int = 0) -> Floats:
        """Give the statistics of all held rows."""
        folds = range(len(self.problem.folds))
        return np.concatenate([self.outcomes[name, k, repeat].statistics for k in folds])

    def said(self, name: str) -> list[Any]:
        """Give what a contender said of the held rows, fold by fold."""
        return [self.outcomes[name, k, 0].said for k in range(len(self.problem.folds))]

    def repeated(self, name: str) -> list[Floats]:
        """Give the statistics of all held rows, of each training; a baseline is fitted once."""
        trained = range(self.repeats) if (name, 0, self.repeats - 1) in self.outcomes else [0]
        return [self.statistics(name, repeat) for repeat in trained]

    def _repr_html_(self) -> str:
        return self.report._repr_html_()


def run(
    problem: Problem,
    *,
    repeats: int = 1,
    fit_all: bool | None = None,
    executor: Executor | None = None,
    checkpoints: Path | None = None,
    logs: Path | None = None,
    listener: Listener | None = None,
    command: str = "",
) -> Found:
    """Fit every contender, judge it on the held rows, look for leaks; keep what was fitted.

    Args:
        problem: what is asked; of several folds that walk forward, the last one's models are kept.
        repeats: how many times each network is trained, from a seed each; the intervals then
            include what that changes.
        fit_all: whether the network is then fitted anew on all rows, by the same settings, to be
            used; the figures are of the one that was judged. None: as the problem has it.
        executor: who fits; None: this process.
        checkpoints: a folder for all that is needed to go on.
        logs: a folder for what each fit tells, where other processes do it.
        listener: is told how it goes.
        command: that asked for it, for the report.

    Example:
        >>> from recurra.judging.example import coin_problem
        >>> found = run(coin_problem())
        >>> found.report.verdict.answer
        'undecided'
    """
    listener = listener or Listener()
    work = _Work(executor or Here(), problem, units_of(problem, repeats), listener, logs)
    found = Found(problem, work.fitted(checkpoints), repeats)
    listener.stage("verdict and leaks")
    found.report = _report(found, command)
    _describe(found)
    found.report.probes = problem.probes(found)
    found.report.notes += problem.notes(found)
    found.report.exhibits = problem.exhibits(found)
    _say_choice(found)
    if problem.fit_all if fit_all is None else fit_all:
        listener.stage(f"{found.chosen} on all rows")
        found.final = _fit_on_all(found, listener, checkpoints)
    return found


def compare(
    problem: Problem,
    *,
    repeats: int = 1,
    executor: Executor | None = None,
    checkpoints: Path | None = None,
    logs: Path | None = None,
    listener: Listener | None = None,
    command: str = "",
) -> Report:
    """Fit and judge everything on every fold; each result is kept, so a stopped work goes on.

    Raises:
        RunError: the results kept are of other data or settings.
    """
    listener = listener or Listener()
    work = _Work(executor or Here(), problem, units_of(problem, repeats), listener, logs)
    found = Found(problem, work.said(checkpoints), repeats)
    found.report = _report(found, command)
    _say_choice(found)
    return found.report


def evaluate(problem: Problem, models: Mapping[str, Model]) -> Evaluation:
    """Judge a saved model on new rows, and say whether it is better than its rivals there.

    Args:
        problem: that the new rows pose: its only fold holds them, and nothing is fitted.
        models: fitted before, by name: the one that is judged, then those that it must beat.

    Example:
        >>> from recurra.judging.example import coin_problem
        >>> found = run(coin_problem(sticky=0.9))
        >>> new = coin_problem(sticky=0.9, seed=1)
        >>> models = {each.name: found.model(each.name) for each in new.contenders}
        >>> evaluate(new, models).verdict.answer
        'yes'
    """
    (fold,) = problem.folds
    evidence = problem.evidence(fold.held)
    said = {
        name: problem.count(fold.held, model.say(problem.asked(fold.held)))
        for name, model in models.items()
    }
    judged = {
        name: {m.name: estimate(m, [statistics], evidence) for m in problem.measures}
        for name, statistics in said.items()
    }
    name, *others = said
    verdict = None
    if others:
        ours, theirs = {name: [said[name]]}, {other: [said[other]] for other in others}
        verdict = decide(problem.measures, ours, theirs, evidence, problem.beside)[name]
    return Evaluation(
        problem=problem.name,
        model=name,
        source=problem.data.source,
        sha256=problem.data.sha256,
        rows=len(fold.held),
        measures=judged.pop(name),
        rivals=judged,
        verdict=verdict,
        notes=[*problem.data.notes, *(f"{name}: {r}" for r in problem.remarks(said[name]))],
    )


def units_of(problem: Problem, repeats: int) -> list[Unit]:
    """Give every fit that is to be done, fold by fold; a baseline is fitted once."""
    if repeats < 1:
        raise SettingsError(f"repeats must be at least 1, but it is {repeats}.")
    names = Counter(Unit(contender, 0, 0).name for contender in problem.contenders)
    twice = [c.name for c in problem.contenders if names[Unit(c, 0, 0).name] > 1]
    if twice:
        raise SettingsError(
            "every contender must have a name of its own, by its letters and digits, but these "
            f"have not: {', '.join(twice)}. Ask for each once, or rename one."
        )
    return [
        Unit(contender, fold, repeat)
        for fold in range(len(problem.folds))
        for contender in problem.contenders
        for repeat in range(1 if contender.baseline else repeats)
    ]


def _key(unit: Unit) -> tuple[str, int, int]:
    return unit.contender.name, unit.fold, unit.repeat


# ---- one unit


def bare(problem: Problem) -> Problem:
    """Give a problem with no more than fits need: measures do not pickle."""
    found = copy.copy(problem)
    found.measures = found.facts = ()
    found.choice = None
    return found


@dataclass(frozen=True)
class _Work:
    """All fits of a problem, by whoever does them.

    Args:
        executor: who.
        problem: whose.
        units: the fits.
        listener: is told how it goes.
        logs: a folder for what each tells.
    """

    executor: Executor
    problem: Problem
    units: Sequence[Unit]
    listener: Listener
    logs: Path | None

    def fitted(self, checkpoints: Path | None) -> Outcomes:
        """Give all outcomes with what was fitted; networks go on from their checkpoints."""
        ended = self._each(_fit_and_ask, self.units, checkpoints)
        return self._in_order({_key(unit): outcome for unit, outcome in ended})

    def said(self, checkpoints: Path | None) -> Outcomes:
        """Give all outcomes without what was fitted; each is kept, and not done again."""
        mark = fingerprint(self.problem) if checkpoints else ""
        kept = {_key(unit): _kept(checkpoints, unit, mark) for unit in self.units}
        outcomes = {key: outcome for key, outcome in kept.items() if outcome is not None}
        left = [unit for unit in self.units if _key(unit) not in outcomes]
        for unit, outcome in self._each(ask_alone, left, None):
            outcomes[_key(unit)] = outcome
            _keep(checkpoints, unit, mark, outcome)
        return self._in_order(outcomes)

    def _each(
        self, function: Function, units: Sequence[Unit], folder: Path | None
    ) -> Iterator[tuple[Unit, Outcome]]:
        named, failed = {unit.name: unit for unit in units}, {}
        how: dict[str, Any] = {"listener": self.listener, "folder": folder, "logs": self.logs}
        with closing(self.executor.each(function, bare(self.problem), named, **how)) as ended:
            for name, found in ended:
                if isinstance(found, Failed):
                    failed[name] = found
                else:
                    yield named[name], found
        if failed:
            raise failures(failed, len(units), self.logs)

    def _in_order(self, outcomes: Outcomes) -> Outcomes:
        return {_key(unit): outcomes[_key(unit)] for unit in self.units}


def _fit_and_ask(problem: Problem, unit: Unit, listener: Listener, place: Path | None) -> Outcome:
    """Fit a contender on the rows known, and ask it of the rows held: nothing else does."""
    listener.stage(_stage(problem, unit))
    try:
        return _outcome(problem, unit, listener, place)
    except Exception as error:
        error.add_note(f"in {_stage(problem, unit)}")
        raise


def _outcome(problem: Problem, unit: Unit, listener: Listener, place: Path | None) -> Outcome:
    fold = problem.folds[unit.fold]
    model = unit.contender.made(unit.fold, problem.seed + 1000 * unit.repeat)
    place = None if unit.contender.baseline else place
    began = time.perf_counter()
    model.fit(problem.known(fold.known), fold.sides, listener=listener, checkpoints=place)
    fitted = time.perf_counter()
    said = model.say(problem.asked(fold.held))
    ended = time.perf_counter()
    return Outcome(
        statistics=problem.count(fold.held, said),
        rows=model.rows,
        parameters=getattr(model, "parameters", None),
        network=getattr(model, "network", ""),
        threshold=getattr(model, "threshold", None),
        fit_seconds=fitted - began,
        predict_seconds=ended - fitted,
        model=model,
        said=said,
    )


def _stage(problem: Problem, unit: Unit) -> str:
    folds = len(problem.folds)
    where = f"fold {unit.fold + 1} of {folds}: " if folds > 1 else ""
    again = f", seed {unit.repeat + 1}" if unit.repeat else ""
    name = unit.contender.name
    if unit.contender.baseline:
        return f"{where}baseline {name}{again}"
    return f"{where}training {name}{again}"


def ask_alone(problem: Problem, unit: Unit, listener: Listener, place: Path | None) -> Outcome:
    """Fit and ask as above, and keep nothing but the statistics of what was said."""
    outcome = _fit_and_ask(problem, unit, listener, place)
    outcome.model = outcome.said = None
    return outcome


def _keep(checkpoints: Path | None, unit: Unit, mark: str, outcome: Outcome) -> None:
    if checkpoints is None:
        return
    content = {**vars(outcome), "statistics": outcome.statistics.tolist()}
    content["fingerprint"] = mark
    write_atomically(checkpoints / f"{unit.name}.json", json.dumps(content).encode())


def _kept(checkpoints: Path | None, unit: Unit, mark: str) -> Outcome | None:
    path = checkpoints and checkpoints / f"{unit.name}.json"
    if path is None or not path.exists():
        return None
    content: dict[str, Any] = json.loads(path.read_text("utf-8"))
    if content.pop("fingerprint", None) != mark:
        raise RunError(
            f"a comparison can only be resumed with the data and settings it began with, but "
            f"{path} was written with others. Start over with --overwrite."
        )
    return Outcome(**{**content, "statistics": np.asarray(content["statistics"], float)})


def fingerprint(problem: Problem) -> str:
    """Name a problem by all that decides its results."""
    return hashlib.sha256(json.dumps(facts_of(problem)).encode()).hexdigest()


def facts_of(problem: Problem) -> dict[str, str]:
    """Give all that decides the results of a problem, by names: so what differs can be named."""
    found = {
        "problem": problem.name,
        "contenders": ", ".join(contender.name for contender in problem.contenders),
        "seed": str(problem.seed),
        "data": problem.data.sha256,
    }
    facts = [vars(fact) if is_dataclass(fact) else fact for fact in problem.facts]
    settings = [fact for fact in facts if isinstance(fact, dict)]
    for of in settings:
        whose = f" of {of.get('model')}" if len(settings) > 1 else ""
        found |= {f"{name}{whose}": repr(value) for name, value in of.items()}
    rows, split = hashlib.sha256(), hashlib.sha256()
    for fact in facts:
        if not isinstance(fact, dict):
            rows.update(repr(fact).encode("utf-8", "surrogatepass"))
    for fold in problem.folds:
        for part in (fold.known, fold.held, *(part for side in fold.sides for part in side)):
            split.update(np.ascontiguousarray(part).tobytes())
    return found | {"rows": rows.hexdigest(), "split": split.hexdigest()}


# ---- the report


def _report(found: Found, command: str) -> Report:
    problem = found.problem
    evidence = problem.evidence(found.held)
    networks = {c.name: found.repeated(c.name) for c in problem.contenders if not c.baseline}
    rivals = {c.name: found.repeated(c.name) for c in problem.contenders if c.baseline}
    last = problem.folds[-1]
    answer, edge = problem.answered(found)
    return Report(
        version=version("recurra"),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        command=command,
        problem=problem.name,
        data=problem.data,
        split=SplitInfo(
            kind=problem.split,
            seed=problem.seed,
            folds=len(problem.folds),
            train=len(last.train) + last.streamed,
            validation=len(last.validation),
            test=len(found.held),
            purged=sum(fold.purged for fold in problem.folds),
        ),
        measures=[
            MeasureInfo(name=m.name, higher_is_better=m.higher_is_better) for m in problem.measures
        ],
        contenders=[_result(found, contender, evidence) for contender in problem.contenders],
        answer=answer,
        edge=edge,
        verdicts=list(
            decide(problem.measures, networks, rivals, evidence, problem.beside).values()
        ),
        notes=_seeds(found),
    )


def _result(found: Found, contender: Contender, evidence: Evidence) -> ContenderResult:
    problem, name = found.problem, contender.name
    outcomes = [outcome for key, outcome in found.outcomes.items() if key[0] == name]
    statistics = found.statistics(name)
    return ContenderResult(
        name=name,
        baseline=contender.baseline,
        rows=outcomes[-1].rows,
        parameters=outcomes[0].parameters,
        network=outcomes[0].network,
        threshold=outcomes[0].threshold if len(problem.folds) == 1 else None,
        fit_seconds=float(np.mean([outcome.fit_seconds for outcome in outcomes])),
        predict_seconds=float(np.mean([outcome.predict_seconds for outcome in outcomes])),
        measures={
            measure.name: _estimate(measure, found, name, evidence) for measure in problem.measures
        },
        calibration=problem.calibration(statistics, found.held),
        remarks=problem.remarks(statistics),
    )


def _estimate(measure: Measure, found: Found, name: str, evidence: Evidence) -> Estimate:
    result = estimate(measure, found.repeated(name), evidence)
    folds = range(len(found.problem.folds))
    if len(folds) == 1 or result.value is None:
        return result
    by_fold = [values(measure, found.outcomes[name, k, 0].statistics) for k in folds]
    there = [value for value in by_fold if np.isfinite(value)]
    deviation = float(np.std(there, ddof=1)) if len(there) > 1 else None
    return result.model_copy(update={"deviation": deviation})


def _seeds(found: Found) -> list[str]:
    if found.repeats > 1:
        return [f"Intervals include what {found.repeats} trainings from different seeds change."]
    return [
        "Intervals are over the rows held out; that another seed would train another network is "
        "not in them (--repeats trains anew, and includes it)."
    ]


def _say_choice(found: Found) -> None:
    """Say how settings were chosen, and whether those found are better than the default ones."""
    choice = found.problem.choice
    if choice is None:
        return
    found.report.notes += choice.notes()
    found.report.exhibits += choice.exhibits()
    if choice.contest is not None:
        one, other = choice.contest
        ours, theirs = ({name: found.repeated(name)} for name in (one, other))
        evidence = found.problem.evidence(found.held)
        verdict = decide(found.problem.measures[:1], ours, theirs, evidence)[one]
        found.report.notes.append(f"Settings found or default ones? {verdict.sentence}")


def _describe(found: Found) -> None:
    network = found.model(found.chosen)
    chosen = [outcome for key, outcome in found.outcomes.items() if key[0] == found.chosen]
    seconds = sum(outcome.fit_seconds for outcome in chosen)
    called = {"architecture": found.chosen}  # of a search, another name than its architecture
    found.report.model = network.describe().model_copy(update=called)
    found.report.training = network.training().model_copy(update={"seconds": round(seconds, 2)})


def _fit_on_all(found: Found, listener: Listener, checkpoints: Path | None) -> Model:
    """Fit the network that is kept on all rows, by the settings it was judged with."""
    problem = found.problem
    contender = next(c for c in problem.contenders if c.name == found.chosen)
    whole = problem.whole()
    model = contender.make(problem.seed)
    place = checkpoints / f"all-rows-{Unit(contender, 0, 0).name}" if checkpoints else None
    model.fit(problem.known(whole.known), whole.sides, listener=listener, checkpoints=place)
    if found.report.training is not None:
        found.report.training.fitted_on = "all rows"
        found.report.training.trained_to = getattr(model, "trained_to", None)
    return model
