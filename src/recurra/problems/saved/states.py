"""Saved models of states at every step: the network of a run, or the baseline beside it."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from recurra.answers.states import AlarmRule, Steps
from recurra.arrays import Floats
from recurra.bundle import read_facts
from recurra.errors import BundleError, SettingsError
from recurra.judging.said import Said
from recurra.problems.kept import Kept, kept_model
from recurra.problems.new_rows import same_channels

if TYPE_CHECKING:
    from recurra.data.states import LabelledSteps

__all__ = [
    "KINDS",
    "SavedStates",
    "StateStream",
    "opened_states",
    "probabilities_of",
    "saved_states",
    "whole",
]

KINDS = {
    "SequenceTagger": "recurra.problems.saved.states:SavedStates",
    "StateBaseline": "recurra.problems.saved.states:SavedStates",
}
PIECE = 4096  # steps that are read at once; the states of the network are carried on


def probabilities_of(model: Any, steps: Steps) -> Floats:
    """Give what a tagger says of every step, (steps, its states), its state carried on.

    What looks ahead reads each run whole.

    Args:
        model: a tagger of numbers, fitted or saved.
        steps: that are asked.
    """
    runs = [steps.numbers[first:end] for first, end in steps.runs()]
    try:
        model.stream()
    except SettingsError:
        return np.concatenate([np.zeros((0, len(model.classes_))), *model.predict_proba(runs)])
    found = []
    for run in runs:
        stream = model.stream()
        found += [stream.outputs(run[at : at + PIECE]) for at in range(0, len(run), PIECE)]
    return np.concatenate([np.zeros((0, len(model.classes_))), *found])


def whole(rows: "LabelledSteps") -> Steps:
    """Give all streams as segments, none of which goes on with another."""
    return Steps(rows.numbers, rows.offsets, np.zeros(len(rows.ids), bool))


class SavedStates:
    """A saved model that says the state of every step.

    Args:
        model: a tagger of numbers that answers without Keras, or a baseline.
        names: of the states.
        normal: the one that is no alarm.
        rule: makes alarms of probabilities.
    """

    def __init__(self, model: Any, names: Sequence[str], normal: str, rule: AlarmRule) -> None:
        self.model, self.names, self.rule = model, tuple(names), rule
        self.normal = self.names.index(normal)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read a bundle.

        Raises:
            BundleError: it is damaged, or says no states.
        """
        from recurra.runtime.models import SavedTagger

        facts = read_facts(Path(folder))
        names = tuple(map(str, facts.classes))
        if facts.normal not in names or facts.threshold is None:
            raise BundleError(f"{folder} holds a {facts.estimator} that does not say states.")
        kind: Any = SavedTagger
        if facts.estimator == "StateBaseline":
            kind = import_module("recurra.baselines.states").StateBaseline
        rule = AlarmRule(facts.threshold, facts.hold or 1)
        return cls(kind.load(folder), names, str(facts.normal), rule)

    def say(self, asked: Steps) -> Said:
        """Give probabilities and decisions of every step."""
        if hasattr(self.model, "probabilities"):  # a baseline
            shares = self.model.probabilities(asked)
        else:
            shares = probabilities_of(self.model, asked)
        return Said(shares, self.rule.decide(shares, self.normal, asked))

    def told(self, said: Said) -> list[dict[str, Any]]:
        """Give the state of each step, and how probable an alarm is."""
        shares, numbers = said
        alarms = 1 - shares[:, self.normal]
        return [
            {"state": self.names[number], "alarm": float(alarm)}
            for number, alarm in zip(numbers, alarms, strict=True)
        ]


class StateStream:
    """One live stream: steps in, the state of each out; only the network's state is kept.

    Args:
        saved: the model.

    Raises:
        SettingsError: it looks ahead, or is a baseline.
    """

    def __init__(self, saved: SavedStates) -> None:
        if not hasattr(saved.model, "stream"):
            raise SettingsError(
                "a live stream is read by a network, but this is a baseline. Leave out --with."
            )
        self._saved, self._stream = saved, saved.model.stream()
        self._state, self._tail = saved.normal, np.zeros(0, np.int64)

    def push(self, steps: Any) -> list[dict[str, Any]]:
        """Give the state of each new step, (steps, channels), and how probable an alarm is."""
        shares = self._stream.outputs(steps)
        rule = self._saved.rule
        raw = np.concatenate([self._tail, rule.raw(shares, self._saved.normal)])
        states = rule.held(raw, self._state)[len(self._tail) :]
        if len(states):
            self._state = int(states[-1])
            self._tail = raw[-rule.hold :]  # a change that has begun
        return self._saved.told(Said(shares, states))


class AskedStates:
    """A saved model of states, as it is asked for answers.

    Args:
        name: by which tables call it.
        channels: that it reads.
        saved: the model.
    """

    def __init__(self, name: str, channels: Sequence[str], saved: SavedStates) -> None:
        self.name, self.channels, self.saved = name, tuple(channels), saved

    @property
    def model(self) -> Any:
        """What says something of steps."""
        return self.saved.model

    def stream(self) -> StateStream:
        """Read one live stream: `stream().push(steps)`.

        Raises:
            SettingsError: the model looks ahead, or is a baseline.
        """
        return StateStream(self.saved)

    def say(self, runs: Sequence[Floats]) -> list[list[dict[str, Any]]]:
        """Give for each run of steps, (steps, channels), the state of every step."""
        ends = np.concatenate([[0], np.cumsum([len(run) for run in runs])]).astype(np.int64)
        steps = Steps(np.concatenate(runs), ends, np.zeros(len(runs), bool))
        told = self.saved.told(self.saved.say(steps))
        return [told[first:end] for first, end in steps.runs()]

    def answer(self, rows: "LabelledSteps") -> list[dict[str, Any]]:
        """Give of every step its stream, its place or time, its state, and how sure an alarm is.

        Raises:
            DataError: the steps have other channels than those trained on.
        """
        same_channels(rows, self.channels)
        said = self.saved.say(whole(rows))
        streams = np.repeat(rows.ids, np.diff(rows.offsets))
        places = np.arange(len(rows)) - np.repeat(rows.offsets[:-1], np.diff(rows.offsets))
        told = self.saved.told(said)
        when = list(places) if rows.times is None else times_of(rows)
        return [
            {"stream": str(stream), "time": _plain(time), **each}
            for stream, time, each in zip(streams, when, told, strict=True)
        ]


def _plain(time: Any) -> Any:
    """Give a number as JSON has it, whole where it is."""
    if isinstance(time, str):
        return time
    return int(time) if float(time).is_integer() else float(time)


def times_of(rows: "LabelledSteps") -> list[Any]:
    """Give times as people write them."""
    assert rows.times is not None
    if not rows.dated:
        return list(rows.times)
    moments = rows.times.astype(np.int64).astype("datetime64[s]")
    return [str(moment).replace("T", " ") for moment in moments]


def saved_states(run: str | Path, with_: str | None = None) -> AskedStates:
    """Read a saved model of states: the network, or the baseline beside it.

    Args:
        run: a run folder, or the model folder in it.
        with_: the name of the baseline; None: the network.

    Raises:
        BundleError: there is no such model.
        SettingsError: no such model is saved there.
    """
    return opened_states(kept_model(run, with_))


def opened_states(kept: Kept) -> AskedStates:
    """Open a model of states that is kept.

    Raises:
        BundleError: it is damaged, or says no states.
    """
    return AskedStates(kept.name, kept.facts.channels, kept.open(KINDS, "say states"))
