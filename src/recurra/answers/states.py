"""Steps of streams, and the rule by which probabilities of their states raise alarms."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from recurra.arrays import Bools, Floats, Rows
from recurra.judging.events import matched
from recurra.judging.measures import best_threshold

__all__ = ["AlarmRule", "KnownSteps", "Steps"]

HOLDS = (1, 2, 4, 8, 16, 32)  # steps in a row
QUANTILES = (0.02, 0.1, 0.25, 0.5, 0.75)  # of what is said of alarms


@dataclass(frozen=True)
class Steps:
    """Segments of streams, in order; those that follow each other are read as one.

    Args:
        numbers: (steps, channels) of all segments, end to end.
        offsets: (segments + 1,) where each begins, and the end.
        follows: (segments,) whether it goes on where the one before it ended.
    """

    numbers: Floats
    offsets: Rows
    follows: Bools

    def runs(self) -> list[tuple[int, int]]:
        """Give the first step and the step after the last of what is read as one."""
        begins = self.offsets[:-1][~self.follows]
        ends = np.append(begins[1:], self.offsets[-1])
        return list(zip(begins.tolist(), ends.tolist(), strict=True))


@dataclass(frozen=True)
class KnownSteps(Steps):
    """What a fit may see of segments.

    Args:
        states: (steps,) the number of the state of each step.
        names: of the states, by their numbers.
        normal: the number of the state that is no alarm.
        tolerance: steps by which an alarm may come after its event.
    """

    states: Rows
    names: tuple[str, ...]
    normal: int
    tolerance: int = 0

    def take(self, places: Rows) -> "KnownSteps":
        """Give some segments, in order."""
        places = np.sort(places)
        lengths = np.diff(self.offsets)[places]
        steps = np.concatenate(
            [np.arange(self.offsets[p], self.offsets[p + 1]) for p in places] or [places]
        )
        after = np.diff(places, prepend=-2) == 1
        return replace(
            self,
            numbers=self.numbers[steps],
            offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            follows=self.follows[places] & after,
            states=self.states[steps],
        )


@dataclass(frozen=True)
class AlarmRule:
    """When the probabilities of states raise an alarm, and when they end it.

    ::

        raw state     normal where p(normal) > 1 - threshold, else the most probable alarm
        state         changes once the raw state has been another one for `hold` steps in a row

    Args:
        threshold: the probability of any alarm from which one is meant.
        hold: steps in a row that a change takes; so many minus one does it come late.
    """

    threshold: float = 0.5
    hold: int = 1

    def raw(self, probabilities: Floats, normal: int) -> Rows:
        """Give the state that each step alone says.

        Example:
            >>> said = np.array([[0.6, 0.3, 0.1], [0.9, 0.1, 0.0]])
            >>> AlarmRule(0.4).raw(said, normal=0).tolist()
            [1, 0]
        """
        others = probabilities.copy()
        others[:, normal] = -1.0
        alarm = 1 - probabilities[:, normal] >= self.threshold
        chosen: Rows = np.where(alarm, others.argmax(axis=1), normal)
        return chosen

    def held(self, raw: Rows, before: int) -> Rows:
        """Give the state of each step of one run, which begins in the state `before`.

        Example:
            >>> AlarmRule(hold=2).held(np.array([1, 0, 1, 1, 0, 1, 0, 0]), before=0).tolist()
            [0, 0, 0, 1, 1, 1, 1, 0]
        """
        if self.hold == 1 or not len(raw):
            return raw
        first = np.concatenate([[0], np.flatnonzero(np.diff(raw)) + 1])
        lengths = np.diff(first, append=len(raw))
        long = lengths >= self.hold
        state = np.full(len(raw), -1, np.int64)
        state[first[long] + self.hold - 1] = raw[first[long]]
        at = np.maximum.accumulate(np.where(state >= 0, np.arange(len(raw)), -1))
        found: Rows = np.where(at >= 0, state[at], before)
        return found

    def decide(self, probabilities: Floats, normal: int, steps: Steps) -> Rows:
        """Give the state of every step; each run begins in the normal one."""
        raw = self.raw(probabilities, normal)
        for first, end in steps.runs():
            raw[first:end] = self.held(raw[first:end], normal)
        return raw

    @classmethod
    def chosen(cls, known: KnownSteps, probabilities: Floats) -> Self:
        """Choose the rule of the best event F1, and then of the best F1 of steps.

        Args:
            known: steps of validation.
            probabilities: (steps, states) that were said of them.
        """
        alarm = known.states != known.normal
        if not alarm.any() or alarm.all():
            return cls()
        scores = 1 - probabilities[:, known.normal]
        best = float(best_threshold(alarm, scores))
        thresholds = {best, 0.5, *np.quantile(scores[alarm], QUANTILES).tolist()}
        rules = [cls(float(t), hold) for t in sorted(thresholds) if t > 0 for hold in HOLDS]
        return max(rules, key=lambda rule: rule._worth(known, probabilities))

    def _worth(self, known: KnownSteps, probabilities: Floats) -> tuple[float, float]:
        said = self.decide(probabilities, known.normal, known)
        counts = np.zeros(4)
        for first, end in known.runs():
            found = matched(known.states[first:end], said[first:end], known.normal, known.tolerance)
            counts += [found.found.sum(), len(found.events), found.right.sum(), len(found.alarms)]
        recall, precision = counts[0] / max(1, counts[1]), counts[2] / max(1, counts[3])
        alarm, called = known.states != known.normal, said != known.normal
        of_steps = 2 * (alarm & called).sum() / max(1, alarm.sum() + called.sum())
        both = 2 * recall * precision / max(recall + precision, 1e-12)
        return float(both), float(of_steps)
