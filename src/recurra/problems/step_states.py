"""Many to many, of numbers: the state of a machine at every step, and alarms that are judged."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from recurra.answers.states import AlarmRule, KnownSteps, Steps
from recurra.arrays import Floats, Rows
from recurra.baselines.states import state_baselines
from recurra.data.states import LabelledSteps, sample_steps
from recurra.errors import DataError, SettingsError
from recurra.estimators import SequenceTagger
from recurra.judging.events import (
    ALARMS,
    COUNTS,
    DELAY,
    EVENTS,
    FOUND,
    LASTS,
    RIGHT,
    STEPS,
    TRUE,
    matched,
    spells,
    state_measures,
)
from recurra.judging.evidence import Evidence
from recurra.judging.intervals import FEWEST
from recurra.judging.problem import Fold, Problem, Sides, Tunable, all_held
from recurra.judging.report import DataInfo, Exhibit, Probe
from recurra.judging.run import Found
from recurra.judging.said import Said
from recurra.names import SHAPES, one_of
from recurra.problems.kept import Asked
from recurra.problems.networks import UNITS, EstimatorNetwork, networks, tunable
from recurra.problems.saved.states import KINDS, probabilities_of
from recurra.problems.splitting import (
    SEGMENTS,
    WINDOW,
    SplitSteps,
    segments_of,
    split_steps,
    validated_steps,
)
from recurra.text import content_key

__all__ = ["KINDS", "StatesNetwork", "StatesProblem", "asked_again", "states"]

SETTINGS = {"epochs": 30, "units": 32, "patience": 8, "batch_size": 8, "learning_rate": 5e-3}
MANY_STREAMS = 20  # held streams, each of which is then a piece of evidence


def states(
    rows: LabelledSteps | None = None,
    *,
    models: Sequence[str] = ("gru",),
    normal: str | None = None,
    tolerance: int = 0,
    window: int = WINDOW,
    folds: int | None = None,
    seed: int = 0,
    sample: bool = False,
    split: SplitSteps | None = None,
    **settings: Any,
) -> "StatesProblem":
    """Ask for the state of every step.

    Args:
        rows: as `read_steps` gives them.
        models: architectures by name, of `recurra.names.SHAPES`; "bi-" ones look ahead.
        normal: the state that is no alarm; None: the commonest.
        tolerance: steps by which an alarm may come after its event.
        window: steps that a network is trained on at once.
        folds: how many; None: one split.
        seed: of splits, networks and draws.
        sample: whether logs made up for this package are taken.
        split: of these rows, where it is made; None: it is made here.
        settings: of `SequenceTagger`; None leaves one as it is.

    Raises:
        DataError: there are too few steps, streams or states.
        SettingsError: a model or the normal state is unknown.
    """
    if sample == (rows is not None):
        raise SettingsError("give rows, or sample=True.")
    rows = sample_steps() if rows is None else rows
    for name in models:
        one_of(name, SHAPES, "the model")
    normal = normal_of(rows, normal)
    given = SETTINGS | {name: value for name, value in settings.items() if value is not None}
    estimators = [SequenceTagger(name, random_state=seed, **given) for name in models]
    split = split or split_steps(rows, window=window, folds=folds, seed=seed)
    problem = _posed(rows, split.offsets, split.streams, rows.names, normal, tolerance)
    problem.facts = [window, tolerance, normal, rows.numbers, problem.truth]
    return _contended(problem, split, estimators, window, seed)


def _contended(
    problem: "StatesProblem",
    split: SplitSteps,
    estimators: list[SequenceTagger],
    window: int,
    seed: int,
) -> "StatesProblem":
    problem.split, problem.folds = split.kind, split.folds
    problem.contenders = [
        *networks(StatesNetwork, estimators, window=window),
        *state_baselines(),
    ]
    problem.seed, problem.window = seed, window
    held = np.unique(split.streams[np.concatenate([fold.held for fold in split.folds])])
    problem.by_stream = len(held) >= MANY_STREAMS
    problem.facts = [*(e.get_params() for e in estimators), *problem.facts]
    return problem


def normal_of(rows: LabelledSteps, named: str | None) -> str:
    """Give the state that is no alarm: the one named, else the commonest.

    Raises:
        SettingsError: no step has it.
    """
    assert rows.states is not None
    if named is None:
        names, counts = np.unique(rows.states.astype(str), return_counts=True)
        return str(names[np.argmax(counts)])
    if named not in rows.names:
        raise SettingsError(
            f"--normal must be one of the states {', '.join(rows.names)}, but it is {named!r}."
        )
    return named


def _posed(
    rows: LabelledSteps,
    offsets: Rows,
    streams: Rows,
    names: tuple[str, ...],
    normal: str,
    tolerance: int,
) -> "StatesProblem":
    assert rows.states is not None
    number = {name: place for place, name in enumerate(names)}
    truth = np.array([number[state] for state in rows.states], np.int64)
    low = number[normal]
    events = [
        len(spells(truth[first:end], low))
        for first, end in zip(rows.offsets, rows.offsets[1:], strict=False)
    ]
    counts = np.bincount(truth, minlength=len(names))
    return StatesProblem(
        name="states",
        data=DataInfo(
            source=rows.source,
            sha256=rows.sha256,
            rows=len(streams),
            classes=dict(zip(names, counts.tolist(), strict=True)),
            groups=len(rows.ids),
            notes=[
                *rows.notes,
                f"{len(rows):,} steps of {len(rows.ids):,} streams, in segments of up to "
                f"{np.diff(offsets).max():,}: a row is a segment",
                f"{sum(events):,} events; the normal state is {normal}",
            ],
        ),
        split="",
        folds=[],
        contenders=(),
        measures=state_measures(len(names), rows.dated),
        beside=("macro F1 of steps",),
        rows=rows,
        truth=truth,
        names=names,
        normal=low,
        tolerance=tolerance,
        offsets=offsets,
        streams=streams,
    )


class StatesNetwork(EstimatorNetwork):
    """A `SequenceTagger` of numbers among contenders, trained on windows, asked as a stream is."""

    reads = SequenceTagger

    def __init__(self, estimator: SequenceTagger, seed: int, window: int = WINDOW) -> None:
        super().__init__(estimator, seed)
        self.window = window
        self.rule = AlarmRule()

    def _fit(self, known: KnownSteps, sides: Sides, **watched: Any) -> None:
        self.rows = len(known.follows)
        self.names, self.normal = known.names, known.normal
        parts = [known.take(places) for places in sides[0]]
        windows = [_windows(part, self.window) for part in parts]
        numbers = [each for of_side in windows for each in of_side[0]]
        named = np.array(known.names, dtype=object)
        tags = [named[each].tolist() for of_side in windows for each in of_side[1]]
        ends = np.cumsum([0, *(len(of_side[0]) for of_side in windows)])
        turn = (np.arange(ends[0], ends[1]), np.arange(ends[1], ends[2]))
        turns = [turn] * (self.estimator.members or 1)
        groups = np.arange(len(numbers))
        self.estimator.fit(numbers, tags, groups=groups, sides=turns, **watched)
        self.rule = AlarmRule.chosen(parts[1], self._shares(parts[1]))

    def _shares(self, asked: Steps) -> Floats:
        """Give the probability of each state at each step; of a state never shown it is 0."""
        shares = np.zeros((len(asked.numbers), len(self.names)))
        places = [self.names.index(str(name)) for name in self.estimator.classes_]
        shares[:, places] = probabilities_of(self.estimator, asked)
        return shares

    def say(self, asked: Steps) -> Said:
        """Give probabilities and decisions of every step."""
        shares = self._shares(asked)
        return Said(shares, self.rule.decide(shares, self.normal, asked))


def _windows(known: KnownSteps, window: int) -> tuple[list[Floats], list[Rows]]:
    """Cut runs into windows of so many steps, each of which begins in the middle of another."""
    numbers, states = [], []
    for first, end in known.runs():
        begins = range(first, max(first + 1, end - window // 2), max(1, window // 2))
        for begin in begins:
            numbers.append(known.numbers[begin : min(end, begin + window)])
            states.append(known.states[begin : min(end, begin + window)])
    return numbers, states


@dataclass
class StatesProblem(Problem):
    """Steps to states; a row is a segment of a stream.

    Args:
        rows: the steps.
        truth: (steps,) the number of the state of each.
        names: of the states, sorted.
        normal: the number of the one that is no alarm.
        tolerance: steps by which an alarm may come after its event.
        offsets: (segments + 1,) the step at which each segment begins, and the end.
        streams: (segments,) the number of its stream.
        window: steps that a network is trained on at once.
        by_stream: whether a stream is a piece of evidence; else segments are, in blocks of time.
    """

    rows: LabelledSteps = field(default_factory=lambda: sample_steps(2, 10))
    truth: Rows = field(default_factory=lambda: np.zeros(0, np.int64))
    names: tuple[str, ...] = ()
    normal: int = 0
    tolerance: int = 0
    offsets: Rows = field(default_factory=lambda: np.zeros(1, np.int64))
    streams: Rows = field(default_factory=lambda: np.zeros(0, np.int64))
    window: int = WINDOW
    by_stream: bool = False

    unmeasured: ClassVar[Mapping[str, str]] = {
        "L2": "no probe of this problem looks at it",
        "L3.1": "whether streams held out are later than the others is not asked",
        "L3.2": "whether streams are of one machine or one person is not known",
        "L3.3": "`recurra evaluate RUN FILE` asks it of other logs",
        "labels": "`recurra audit FILE --steps states --labels OUT.csv` shows those that may be "
        "wrong",
    }

    def _steps(self, rows: Rows) -> Rows:
        """Give the numbers of the steps of segments."""
        parts = [np.arange(self.offsets[row], self.offsets[row + 1]) for row in rows]
        return np.concatenate(parts) if parts else np.zeros(0, np.int64)

    def _lengths(self, rows: Rows) -> Rows:
        found: Rows = np.diff(self.offsets)[rows]
        return found

    def asked(self, rows: Rows) -> Steps:
        """Give the numbers of these segments."""
        goes_on = (np.diff(rows, prepend=-2) == 1) & (
            self.streams[rows] == self.streams[np.maximum(rows - 1, 0)]
        )
        ends = np.concatenate([[0], np.cumsum(self._lengths(rows))]).astype(np.int64)
        return Steps(self.rows.numbers[self._steps(rows)], ends, goes_on)

    def known(self, rows: Rows) -> KnownSteps:
        """Give numbers and states of these segments."""
        asked = self.asked(rows)
        states = self.truth[self._steps(rows)]
        return KnownSteps(
            asked.numbers,
            asked.offsets,
            asked.follows,
            states,
            self.names,
            self.normal,
            self.tolerance,
        )

    def count(self, rows: Rows, said: Said) -> Floats:
        """Count steps, events and alarms into the segments in which they begin."""
        asked, steps = self.asked(rows), self._steps(rows)
        truth, size = self.truth[steps], len(self.names)
        segment = np.repeat(np.arange(len(rows)), self._lengths(rows))
        counted = np.zeros((len(rows), COUNTS + 3 * size))
        counted[:, STEPS] = np.bincount(segment, minlength=len(rows))
        right = (truth == said.decided).astype(float)
        counted[:, RIGHT] = np.bincount(segment, right, len(rows))
        counted[:, LASTS] = np.bincount(segment, self.rows.durations[steps], len(rows))
        for column, states in enumerate(
            (np.where(right > 0, truth, -1), said.decided, truth), start=0
        ):
            for state in range(size):
                at = COUNTS + column * size + state
                counted[:, at] = np.bincount(segment, states == state, len(rows))
        for first, end in asked.runs():
            self._count_events(
                counted, segment[first:end], steps[first:end], said.decided[first:end]
            )
        return counted

    def _count_events(self, counted: Floats, segment: Rows, steps: Rows, said: Rows) -> None:
        found = matched(self.truth[steps], said, self.normal, self.tolerance)
        begins = segment[found.events[:, 1]]
        late = found.delay.astype(float)
        if self.rows.dated and self.rows.times is not None:
            first = found.events[:, 1]
            times = self.rows.times[steps]
            late = times[np.minimum(first + found.delay, len(times) - 1)] - times[first]
        np.add.at(counted[:, EVENTS], begins, 1.0)
        np.add.at(counted[:, FOUND], begins, found.found.astype(float))
        np.add.at(counted[:, DELAY], begins, late * found.found)
        raised = segment[found.alarms[:, 1]]
        np.add.at(counted[:, ALARMS], raised, 1.0)
        np.add.at(counted[:, TRUE], raised, found.right.astype(float))

    def evidence(self, rows: Rows) -> Evidence:
        """Take streams as pieces where many are held, else segments in blocks of time."""
        if self.by_stream:
            return Evidence(self.streams[rows], seed=self.seed)
        return Evidence(rows, in_time=True, seed=self.seed)

    def tunable(self) -> Tunable:
        """Say what a search may choose of its network."""
        rows = self.asked(self.folds[-1].known)
        return tunable(self.contenders, rows, model=SHAPES, units=UNITS)

    def whole(self) -> Fold:
        """Give all segments as known."""
        rows = np.arange(len(self.streams))
        purge = -(-self.window // max(1, self.window // SEGMENTS))
        return Fold(rows, rows[:0], [validated_steps(self.streams, rows, purge, self.seed)])

    def probes(self, found: Found) -> list[Probe]:
        """Look for segments that are the same number by number on two sides."""
        fold = self.folds[-1]
        key = self.keys()["segment_key"]
        train, validation = fold.train, fold.validation
        held = np.isin(key[fold.held], key[fold.known])
        inside = np.isin(key[validation], key[train])
        return [
            Probe(
                name="segments in both sides",
                passed=not (held.any() or inside.any()),
                size=int(held.sum() + inside.sum()),
                detail=f"{held.sum():,} of {len(held):,} segments judged also stand in training or "
                f"validation, number by number, and {inside.sum():,} of {len(inside):,} validation "
                f"segments in training.",
            )
        ]

    def notes(self, found: Found) -> list[str]:
        """Say by which rule events are judged, and how many more would be needed."""
        events = int(found.statistics(found.chosen)[:, EVENTS].sum())
        said = [
            "An alarm is right if at least half of its steps lie in events of its state"
            + (f", or in the {self.tolerance:,} steps after one" if self.tolerance else "")
            + "; an event is found if a right alarm touches it."
        ]
        if events < FEWEST:
            said.append(
                f"{events:,} events are held out: too few for an interval or a verdict. About "
                f"{FEWEST:,} are needed, {FEWEST - events:,} more."
            )
        return said

    def exhibits(self, found: Found) -> list[Exhibit]:
        """Show every kind of event, and the events of the network one by one where they are few."""
        return [self._of_states(found), *self._one_by_one(found)]

    def _pairs(self, found: Found, name: str) -> Iterable[tuple[Rows, Rows]]:
        """Give steps and what was said of them, run by run."""
        for fold, said in zip(self.folds, found.said(name), strict=True):
            asked, steps = self.asked(fold.held), self._steps(fold.held)
            for first, end in asked.runs():
                yield steps[first:end], said.decided[first:end]

    def _of_states(self, found: Found) -> Exhibit:
        rows = []
        for number, state in enumerate(self.names):
            if number == self.normal:
                continue
            row: list[str] = [state]
            for name in (found.chosen, found.best_baseline):
                there = hit = raised = right = 0
                for steps, said in self._pairs(found, name):
                    all_of = matched(self.truth[steps], said, self.normal, self.tolerance)
                    of_state, alarm = all_of.events[:, 0] == number, all_of.alarms[:, 0] == number
                    there, hit = there + of_state.sum(), hit + all_of.found[of_state].sum()
                    raised, right = raised + alarm.sum(), right + all_of.right[alarm].sum()
                row += [f"{hit:,} of {there:,}", f"{right:,} of {raised:,}"]
            rows.append(row)
        shown = [
            f"{name}: {what}"
            for name in (found.chosen, found.best_baseline)
            for what in ("events found", "alarms right")
        ]
        return Exhibit(title="Events", columns=["state", *shown], rows=rows)

    def _one_by_one(self, found: Found) -> list[Exhibit]:
        rows = []
        for steps, said in self._pairs(found, found.chosen):
            all_of = matched(self.truth[steps], said, self.normal, self.tolerance)
            for (state, first, after), hit, late in zip(
                all_of.events, all_of.found, all_of.delay, strict=True
            ):
                where = int(np.searchsorted(self.rows.offsets, steps[first], "right")) - 1
                begins = int(steps[first] - self.rows.offsets[where])
                said_late = f"{late:,}" if hit else "not found"
                place = f"{begins:,} to {begins + after - first - 1:,}"
                rows.append([str(self.rows.ids[where]), place, self.names[state], said_late])
        if not 0 < len(rows) <= 40:
            return []
        columns = ["stream", "steps", "state", "delay of the alarm in steps"]
        return [Exhibit(title=f"Events held out, by {found.chosen}", columns=columns, rows=rows)]

    def commands(self, run: str) -> list[tuple[str, list[str]]]:
        """Ask it, and judge it on new rows."""
        return [
            ("say the state of every step of a new log", ["predict", run, "NEW.csv"]),
            ("judge it on a new log with states", ["evaluate", run, "NEW.csv"]),
        ]

    def predictions(self, found: Found) -> Mapping[str, Iterable[Any]]:
        """Give every held step with its stream and place, its state, and what each one said."""
        steps = self._steps(found.held)
        where = np.searchsorted(self.rows.offsets, steps, "right") - 1
        names = np.array(self.names, dtype=object)
        columns: dict[str, Any] = {
            "id": steps,
            "stream": self.rows.ids[where],
            "step": steps - self.rows.offsets[where],
            "truth": names[self.truth[steps]],
        }
        for contender in self.contenders:
            said = [part.decided for part in found.said(contender.name)]
            columns[contender.name] = names[np.concatenate(said)]
        return columns

    def split_columns(self) -> Mapping[str, Iterable[Any]]:
        """Give the stream and the first step of each segment."""
        return {
            "stream": self.rows.ids[self.streams],
            "first_step": self.offsets[:-1] - self.rows.offsets[self.streams],
        }

    def keys(self) -> Mapping[str, Rows]:
        """Give a number for all segments that are equal, number by number, with the one before."""
        numbers = np.ascontiguousarray(self.rows.numbers)
        found = []
        for row, stream in enumerate(self.streams):
            start = self.offsets[max(0, row - SEGMENTS // 2)]
            start = max(start, self.rows.offsets[stream])
            found.append(content_key(numbers[start : self.offsets[row + 1]].tobytes()))
        return {"segment_key": np.array(found)}

    def saved_facts(self, found: Found, name: str) -> dict[str, Any]:
        """Give what makes answers of probabilities, and how logs are read."""
        again = found.final if name == found.chosen else None
        model: Any = again or found.model(name)
        return {
            "channels": list(self.rows.channels),
            "columns": dict(self.rows.columns),
            "normal": self.names[self.normal],
            "threshold": model.rule.threshold,
            "hold": model.rule.hold,
            "tolerance": self.tolerance,
            "window": self.window,
        }


# ---- saved models


def asked_again(asked: Asked, rows: LabelledSteps) -> StatesProblem:
    """Ask saved models for the states of new logs."""
    facts = asked.network.facts
    names = tuple(map(str, facts.classes))
    if facts.normal is None or facts.normal not in names:
        raise DataError(f"{asked.network.folder} does not say which state is normal.")
    size = max(1, (facts.window or WINDOW) // SEGMENTS)
    offsets, streams = segments_of(rows, size)
    problem = _posed(rows, offsets, streams, names, facts.normal, facts.tolerance or 0)
    problem.split, problem.folds = "rows given", all_held(len(streams))
    problem.by_stream = len(rows.ids) >= MANY_STREAMS
    return problem
