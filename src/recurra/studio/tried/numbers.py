"""Numbers that are tried: their class, a number, the state of each step, what comes next."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np

from recurra.answers.stretches import Stretches
from recurra.arrays import Floats
from recurra.errors import DataError
from recurra.finished import FinishedRun
from recurra.judging.report import figure
from recurra.problems.kept import Kept, classes_of
from recurra.problems.saved import forecasts
from recurra.problems.saved import sequences as classes
from recurra.problems.saved.quantities import KINDS as QUANTITIES
from recurra.problems.saved.quantities import AskedQuantities
from recurra.problems.saved.states import opened_states
from recurra.sequences import Ragged
from recurra.studio.tried.row import Row, Tried, numbers_of
from recurra.wording import worded

__all__ = ["Classes", "Forecast", "Quantity", "States"]

STRONGEST = 3


def strips_of(found: Stretches, channels: Sequence[str]) -> list[dict[str, Any]]:
    """Give what each stretch of each channel does, to be drawn under it."""
    edges = found.edges.tolist()
    return [
        {"name": name, "edges": edges, "values": found.effects[:, place].tolist()}
        for place, name in enumerate(channels)
    ]


def moved_by(found: Stretches, channels: Sequence[str]) -> str:
    """Say which stretches move an answer most."""
    told = [
        worded(
            "{channel}, steps {first:,} to {last:,}: {effect}",
            channel=channels[channel],
            first=first + 1,
            last=last + 1,
            effect=f"{effect:+.3g}",
        )
        for first, last, channel, effect in found.strongest(STRONGEST)
    ]
    return worded(
        "What moves it most, put to the mean of training instead: {stretches}.",
        stretches="; ".join(told),
    )


class Classes(Tried):
    """The class of a sequence."""

    def __init__(self, kept: Kept, run: FinishedRun) -> None:
        super().__init__(kept, run)
        names, positive = classes_of(kept)
        self.channels = tuple(kept.facts.channels)
        model = kept.open(classes.KINDS, "tell classes")
        self.asked = classes.AskedSequences(kept.name, names, positive, self.channels, model)

    def told(self, asked: Row) -> dict[str, Any]:
        """Tell the probability of each class."""
        said = self.asked.model.say(Ragged.of_numbers([numbers_of(asked.row, len(self.channels))]))
        shares = dict(zip(self.asked.names, said.probabilities[0].tolist(), strict=True))
        label = self.asked.names[int(said.decided[0])]
        return {
            "said": worded(
                "It says {label}, with a probability of {share:.3f}.",
                label=label,
                share=shares[label],
            ),
            "shares": shares,
        }

    def parts(self, asked: Row) -> dict[str, Any]:
        """Tell which stretches moved the class that is decided for."""
        return _moved(self.asked, asked)


def _moved(model: classes.AskedSequences | AskedQuantities, asked: Row) -> dict[str, Any]:
    channels = model.channels
    _, found = model.explain(numbers_of(asked.row, len(channels)))
    return {"why": moved_by(found, channels), "strips": strips_of(found, channels)}


class Quantity(Tried):
    """A number of a sequence."""

    def __init__(self, kept: Kept, run: FinishedRun) -> None:
        super().__init__(kept, run)
        self.channels = tuple(kept.facts.channels)
        model = kept.open(QUANTITIES, "say a number of sequences")
        self.asked = AskedQuantities(kept.name, kept.facts.target or "number", self.channels, model)

    def told(self, asked: Row) -> dict[str, Any]:
        """Tell the number."""
        steps = Ragged.of_numbers([numbers_of(asked.row, len(self.channels))])
        number = figure(float(self.asked.model.say(steps)[0]))
        return {"said": worded("{target}: {number}", target=self.asked.target, number=number)}

    def parts(self, asked: Row) -> dict[str, Any]:
        """Tell which stretches moved it."""
        return _moved(self.asked, asked)


class States(Tried):
    """The state of every step of a log."""

    def __init__(self, kept: Kept, run: FinishedRun) -> None:
        super().__init__(kept, run)
        self.asked = opened_states(kept)
        self.channels = self.asked.channels

    def told(self, asked: Row) -> dict[str, Any]:
        """Tell where the state is another than the normal one, and how sure an alarm is."""
        (steps,) = self.asked.say([numbers_of(asked.row, len(self.channels))])
        saved = self.asked.saved
        named = [
            worded("{state}: steps {first:,} to {last:,}", state=state, first=first, last=last)
            for state, first, last in _runs([step["state"] for step in steps])
            if state != saved.names[saved.normal]
        ]
        alarms = [step["alarm"] for step in steps]
        edges = list(range(len(alarms) + 1))
        return {
            "said": worded("It says {states}.", states="; ".join(named))
            if named
            else worded("It says {state} at every step.", state=saved.names[saved.normal]),
            "why": worded(
                "An alarm is raised from a probability of {threshold:.3f} on, once {hold:,} steps "
                "in a row say so.",
                threshold=saved.rule.threshold,
                hold=saved.rule.hold,
            ),
            "strips": [
                {"name": worded("probability of an alarm"), "edges": edges, "values": alarms}
            ],
        }


def _runs(states: Sequence[str]) -> list[tuple[str, int, int]]:
    """Give each run of equal states, with its first and last step, counted from 1.

    Example:
        >>> _runs(["a", "a", "b"])
        [('a', 1, 2), ('b', 3, 3)]
    """
    found, place = [], 0
    for state, run in groupby(states):
        count = len(list(run))
        found.append((state, place + 1, place + count))
        place += count
    return found


class Forecast(Tried):
    """What comes next in a series."""

    def __init__(self, kept: Kept, run: FinishedRun) -> None:
        super().__init__(kept, run)
        model = kept.open(forecasts.KINDS, "forecast")
        self.asked = forecasts.AskedForecaster(kept, model)
        self.channels = (self.asked.target or "number",)

    def told(self, asked: Row) -> dict[str, Any]:
        """Tell the steps ahead, with their intervals."""
        series = numbers_of(asked.row, 1)[:, 0]
        log = bool(self.asked.log)
        said = self.asked.model.say(_before(series, log)[None])
        (found,) = self.asked.told(said, self.asked.target, log)
        first, count = found["forecast"][0], len(found["forecast"])
        sentence = worded(
            "{target}: next {number}, and {count:,} steps ahead in all.",
            target=self.channels[0],
            number=figure(first),
            count=count,
        )
        if "lower" in found:
            sentence = worded(
                "{target}: next {number}, in {level:.0%} of cases between {lower} and {upper}; "
                "{count:,} steps ahead in all.",
                target=self.channels[0],
                number=figure(first),
                level=found["level"],
                lower=figure(found["lower"][0]),
                upper=figure(found["upper"][0]),
                count=count,
            )
        return {"said": sentence, "ahead": found}


def _before(series: Floats, log: bool) -> Floats:
    if not log:
        return series
    if not (series > 0).all():
        raise DataError("numbers must be above 0, for their logarithms are forecast.")
    return np.log(series)
