"""States that come and go: what an event is, when an alarm finds it, and how late.

::

    event     steps next to each other of one state that is not the normal one
    alarm     the same of what is said
    right     an alarm, if at least half of its steps lie in events of its state, each of which
              counts as `tolerance` steps longer than it was
    found     an event, if a right alarm of its state has a step in it, or in those steps after it
    delay     from the first step of an event that is found to the first such step

    event precision = right alarms / alarms           event recall = events found / events
    event F1        = harmonic mean of the two        false alarms = alarms that are not right

An alarm that never ends is right only if half of the time is an event, so it finds nothing.
"""

from typing import NamedTuple

import numpy as np

from recurra.arrays import Bools, Floats, Rows
from recurra.judging.measures import Measure, ratio_of

__all__ = ["Matched", "matched", "spells", "state_measures"]

# columns of the statistics of a segment; then 3 counts of each state
STEPS, RIGHT, EVENTS, FOUND, DELAY, ALARMS, TRUE, LASTS, COUNTS = range(9)


class Matched(NamedTuple):
    """Events and alarms of one stream, each (n, 3): state, first step, step after its last.

    Args:
        events: that there are.
        found: (events,) whether an alarm finds it.
        delay: (events,) steps until it does; 0 where it is not found.
        alarms: that are raised.
        right: (alarms,) whether it is right.
    """

    events: Rows
    found: Bools
    delay: Rows
    alarms: Rows
    right: Bools


def spells(states: Rows, normal: int) -> Rows:
    """Give the steps next to each other of one state that is not normal: state, first, after last.

    Example:
        >>> spells(np.array([0, 1, 1, 2, 0, 1]), normal=0).tolist()
        [[1, 1, 3], [2, 3, 4], [1, 5, 6]]
    """
    borders = np.flatnonzero(np.diff(states)) + 1
    first = np.concatenate([[0], borders]).astype(np.int64)
    after = np.concatenate([borders, [len(states)]]).astype(np.int64)
    found = np.stack([states[first], first, after], axis=1) if len(states) else np.zeros((0, 3))
    kept: Rows = found[found[:, 0] != normal].astype(np.int64)
    return kept


def matched(truth: Rows, said: Rows, normal: int, tolerance: int = 0) -> Matched:
    """Say which events are found, how late, and which alarms are right.

    Args:
        truth: (steps,) the number of the state of each step of a stream.
        said: (steps,) the number that was said.
        normal: the number of the normal state.
        tolerance: steps by which an alarm may come too late.

    Example:
        >>> found = matched(np.array([0, 1, 1, 0, 0, 0]), np.array([0, 0, 1, 0, 1, 1]), normal=0)
        >>> found.found.tolist(), found.delay.tolist(), found.right.tolist()
        ([True], [1], [True, False])
    """
    events, alarms = spells(truth, normal), spells(said, normal)
    right = np.zeros(len(alarms), bool)
    found, delay = np.zeros(len(events), bool), np.zeros(len(events), np.int64)
    for state in np.unique(alarms[:, 0]):
        inside = np.zeros(len(truth) + 1, np.int64)
        for _, first, after in events[events[:, 0] == state]:
            inside[first : after + tolerance] = 1
        before = np.concatenate([[0], np.cumsum(inside[: len(truth)])])
        which = np.flatnonzero(alarms[:, 0] == state)
        hit = before[alarms[which, 2]] - before[alarms[which, 1]]
        right[which] = 2 * hit >= alarms[which, 2] - alarms[which, 1]
    for place, (state, first, after) in enumerate(events):
        fitting = alarms[right & (alarms[:, 0] == state)]
        touching = fitting[(fitting[:, 1] < after + tolerance) & (fitting[:, 2] > first)]
        if len(touching):
            found[place], delay[place] = True, max(0, int(touching[0, 1]) - first)
    return Matched(events, found, delay, alarms, right)


def state_measures(states: int, dated: bool) -> tuple[Measure, ...]:
    """Give the measures of states, over statistics of segments; the first decides.

    ::

        delay                       = mean over events found, in seconds or steps
        false alarms                = a day, or in 1,000 steps where times are no dates
        macro F1 of steps           = mean over states of 2 TP / (steps said so + steps that are)

    Args:
        states: how many there are.
        dated: whether times are dates.
    """

    def f1(statistics: Floats, weights: Floats) -> Floats:
        found, events, right, alarms = (weights @ statistics[:, [FOUND, EVENTS, TRUE, ALARMS]]).T
        recall = found / np.maximum(events, 1e-12)
        precision = right / np.maximum(alarms, 1e-12)
        both = 2 * recall * precision / np.maximum(recall + precision, 1e-12)
        score: Floats = np.where(events > 0, both, np.nan)
        return score

    def false_alarms(statistics: Floats, weights: Floats) -> Floats:
        right, alarms, lasts = (weights @ statistics[:, [TRUE, ALARMS, LASTS]]).T
        often: Floats = (alarms - right) / np.maximum(lasts, 1e-12)
        return often

    def macro(statistics: Floats, weights: Floats) -> Floats:
        counts = (weights @ statistics[:, COUNTS:]).reshape(-1, 3, states).swapaxes(0, 1)
        hit, called, true = counts
        there = true > 0
        each = 2 * hit / np.where(called + true > 0, called + true, 1.0)
        mean: Floats = (each * there).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
        return mean

    def with_events(statistics: Floats) -> Bools:
        rows: Bools = statistics[:, EVENTS] > 0
        return rows

    often = "false alarms a day" if dated else "false alarms in 1,000 steps"
    late = "delay in seconds" if dated else "delay in steps"
    return (
        Measure("event F1", f1, needs=with_events),
        Measure("event precision", ratio_of(TRUE, ALARMS), needs=with_events),
        Measure("event recall", ratio_of(FOUND, EVENTS), needs=with_events),
        Measure(late, ratio_of(DELAY, FOUND), False, share=False, needs=with_events, positive=True),
        Measure(often, false_alarms, False, share=False, positive=True),
        Measure("macro F1 of steps", macro, needs=with_events),
        Measure("accuracy of steps", ratio_of(RIGHT, STEPS)),
    )
