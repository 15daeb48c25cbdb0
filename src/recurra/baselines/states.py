"""What says the state of a step that a network must beat.

::

    always the commonest                the normal state at every step: no alarm at all
    z-score                             alarm where the highest |x - mean| / deviation of a channel,
                                        both of the normal steps known, is large
    rolling statistics + LR             of the last values, and of mean, deviation, lowest and
    rolling statistics + boosted trees  highest of the last 8, 32 and 128 steps: nothing ahead

Every one says probabilities, of which an `AlarmRule` makes alarms. The rule is chosen as for
networks: the best event F1 on validation rows, by a fit on the training rows alone.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field
from scipy.special import expit, softmax
from sklearn.linear_model import LogisticRegression

from recurra.answers.states import AlarmRule, KnownSteps, Steps
from recurra.arrays import Array, Floats, Rows
from recurra.baselines.trees import Trees
from recurra.bundle import Bundle, opened, write_bundle
from recurra.data.rolling import LAST, SPANS, rolling_features
from recurra.judging.problem import Contender, Sides
from recurra.judging.said import Said
from recurra.listeners import Listener
from recurra.stored import Names, Numbers, Share, Stored, Text

__all__ = [
    "StateBaseline",
    "state_baselines",
]

COMMONEST, Z_SCORE = "always the commonest", "z-score"
LINEAR, BOOSTED = "rolling statistics + LR", "rolling statistics + boosted trees"
KINDS = (COMMONEST, Z_SCORE, LINEAR, BOOSTED)
MOST = 200_000  # steps that a learner is fitted on; more add nothing but time
SOME = 100_000  # steps whose features are laid side by side at once
TREES = {"max_iter": 100, "max_leaf_nodes": 16, "min_samples_leaf": 20, "learning_rate": 0.1}


def _in_pieces(steps: Steps) -> Iterable[tuple[int, int, Floats]]:
    """Give features of all steps, run by run, some at a time."""
    back = max(SPANS)
    for begin, end in steps.runs():
        for first in range(begin, end, SOME):
            last, early = min(end, first + SOME), max(begin, first - back)
            yield first, last, rolling_features(steps.numbers[early:last])[first - early :]


@dataclass(frozen=True)
class _Constant:
    """Says the normal state."""

    def __call__(self, steps: Steps, states: int, normal: int) -> Floats:
        return np.tile(np.eye(states)[normal], (len(steps.numbers), 1))

    @classmethod
    def fit(cls, known: KnownSteps) -> Self:
        return cls()

    @classmethod
    def needed(cls, channels: int, states: int) -> dict[str, Numbers]:
        return {}


@dataclass(frozen=True)
class _ZScore:
    """Says the commonest alarm where a channel is far from what is normal."""

    mean: Floats
    deviation: Floats
    share: Floats  # of each state among alarms

    def __call__(self, steps: Steps, states: int, normal: int) -> Floats:
        far = (np.abs(steps.numbers - self.mean) / self.deviation).max(axis=1)
        alarm = far / (1 + far)
        said = alarm[:, None] * self.share
        said[:, normal] = 1 - alarm
        found: Floats = said
        return found

    @classmethod
    def fit(cls, known: KnownSteps) -> Self:
        quiet = known.numbers[known.states == known.normal]
        quiet = quiet if len(quiet) else known.numbers
        counts = np.bincount(known.states, minlength=len(known.names)).astype(float)
        counts[known.normal] = 0.0
        deviation = quiet.std(axis=0)
        return cls(
            quiet.mean(axis=0),
            np.where(deviation > 0, deviation, 1.0),
            counts / max(1.0, counts.sum()),
        )

    @classmethod
    def needed(cls, channels: int, states: int) -> dict[str, Numbers]:
        of_each = {"mean": Numbers((channels,)), "deviation": Numbers.positive(channels)}
        return of_each | {"share": Numbers.shares(states)}


def _table_of(known: KnownSteps) -> tuple[Floats, Rows]:
    """Give features and states of the steps that a learner is fitted on."""
    count = len(known.numbers)
    chosen = np.arange(count)
    if count > MOST:
        chosen = np.sort(np.random.default_rng(0).choice(count, MOST, replace=False))
    parts = []
    for first, last, features in _in_pieces(known):
        begin, end = np.searchsorted(chosen, [first, last])
        parts.append(features[chosen[begin:end] - first])
    return np.concatenate(parts), known.states[chosen]


def _features_count(channels: int) -> int:
    return channels * (LAST + 4 * len(SPANS))


@dataclass(frozen=True)
class _Linear:
    """Logistic regression on rolling statistics."""

    mean: Floats
    deviation: Floats
    coefficients: Floats
    intercept: Floats
    known_states: Rows

    def __call__(self, steps: Steps, states: int, normal: int) -> Floats:
        said = np.zeros((len(steps.numbers), states))
        for first, last, features in _in_pieces(steps):
            scaled = (features - self.mean) / self.deviation
            odds = scaled @ self.coefficients.T + self.intercept
            if len(self.known_states) == 2:
                odds = np.column_stack([np.zeros(len(odds)), odds])
            said[first:last, self.known_states] = softmax(odds, axis=1)
        return said

    @classmethod
    def fit(cls, known: KnownSteps) -> Self:
        table, states = _table_of(known)
        deviation = table.std(axis=0)
        deviation, mean = np.where(deviation > 0, deviation, 1.0), table.mean(axis=0)
        model = LogisticRegression(max_iter=300).fit((table - mean) / deviation, states)
        seen = model.classes_.astype(np.int64)
        return cls(mean, deviation, model.coef_, model.intercept_, seen)

    @classmethod
    def needed(cls, channels: int, states: int) -> dict[str, Numbers]:
        width = _features_count(channels)
        return {
            "mean": Numbers((width,)),
            "deviation": Numbers.positive(width),
            "coefficients": Numbers((None, width)),
            "intercept": Numbers((None,)),
            "known_states": Numbers.whole(None, high=states - 1),
        }


@dataclass(frozen=True)
class _Boosted:
    """Boosted trees on rolling statistics: of every alarm against all else."""

    trees: dict[int, Trees]

    def __call__(self, steps: Steps, states: int, normal: int) -> Floats:
        said = np.zeros((len(steps.numbers), states))
        for first, last, features in _in_pieces(steps):
            for state, trees in self.trees.items():
                said[first:last, state] = expit(trees.log_odds(features))
        said /= np.maximum(said.sum(axis=1), 1.0)[:, None]
        said[:, normal] = 1 - said.sum(axis=1)
        return said

    @classmethod
    def fit(cls, known: KnownSteps) -> Self:
        table, states = _table_of(known)
        alarms = [int(state) for state in np.unique(states) if state != known.normal]
        return cls({state: Trees.grown(table, states == state, **TREES) for state in alarms})


LEARNERS: dict[str, Callable[[KnownSteps], Any]] = {
    COMMONEST: _Constant.fit,
    Z_SCORE: _ZScore.fit,
    LINEAR: _Linear.fit,
    BOOSTED: _Boosted.fit,
}


class StateBaseline:
    """A rule or a learner: fitted, asked, saved and loaded like a network.

    Args:
        kind: one of `KINDS`.
        seed: of nothing: all are fitted without chance.

    Example:
        >>> steps = np.r_[np.zeros(40), np.full(8, 9.0), np.zeros(40)][:, None]
        >>> known = KnownSteps(steps, np.array([0, 88]), np.array([False]),
        ...     (steps[:, 0] > 0).astype(int), ("ok", "bad"), 0)
        >>> said = StateBaseline("z-score").fit(known, []).say(known)
        >>> int(said.decided.sum())
        8
    """

    def __init__(self, kind: str, seed: int = 0) -> None:
        self.kind = kind
        self.rows = 0

    def fit(
        self,
        known: KnownSteps,
        sides: Sides,
        *,
        listener: Listener | None = None,
        checkpoints: Path | None = None,
    ) -> Self:
        """Fit on all rows known; the threshold is that of a fit on the training side."""
        self.rows, self.names, self.normal = len(known.follows), known.names, known.normal
        self.channels = known.numbers.shape[1]
        self.rule = AlarmRule()
        for train, validation in list(sides)[:1]:
            training, asked = known.take(train), known.take(validation)
            if self.kind != COMMONEST and len(set(training.states.tolist())) > 1:
                self.learnt = LEARNERS[self.kind](training)
                self.rule = AlarmRule.chosen(asked, self.probabilities(asked))
        self.learnt = LEARNERS[self.kind](known)
        return self

    def probabilities(self, asked: Steps) -> Floats:
        """Give the probability of each state at each step, (steps, states)."""
        found: Floats = self.learnt(asked, len(self.names), self.normal)
        return found

    def say(self, asked: Steps) -> Said:
        """Give probabilities and decisions of every step."""
        shares = self.probabilities(asked)
        return Said(shares, self.rule.decide(shares, self.normal, asked))

    def save(self, folder: Path, card: str = "", **facts: Any) -> None:
        """Write a bundle: what was learnt as arrays."""
        config = {
            "estimator": "StateBaseline",
            "kind": self.kind,
            "classes": list(self.names),
            "normal": self.names[self.normal],
            "threshold": self.rule.threshold,
            "hold": self.rule.hold,
            "rows": self.rows,
            **facts,
        }
        encoder = {"channels": self.channels, "states": list(self._trees)}
        write_bundle(folder, Bundle(config, encoder, self._arrays(), card))

    @property
    def _trees(self) -> dict[int, Trees]:
        return self.learnt.trees if self.kind == BOOSTED else {}

    def _arrays(self) -> dict[str, Array]:
        if self.kind != BOOSTED:
            return dict(vars(self.learnt))
        return {
            f"{state}/{name}": array
            for state, trees in self._trees.items()
            for name, array in vars(trees).items()
        }

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read what `save` wrote.

        Raises:
            BundleError: it is damaged, or not of one model.
        """
        with opened(folder, "StateBaseline") as bundle:
            found = bundle.config_as(_Stored.model_validate)
            read = bundle.encoder_as(_Seen.model_validate)
            if found.kind not in KINDS or found.normal not in found.classes:
                raise ValueError(f"the kind must be one of {', '.join(KINDS)}")
            model = cls(found.kind)
            model.names, model.rows = tuple(found.classes), found.rows
            model.normal = model.names.index(found.normal)
            model.rule = AlarmRule(found.threshold, found.hold)
            model.channels = read.channels
            model.learnt = _opened(bundle, found.kind, read, len(model.names))
        return model


def _opened(bundle: Bundle, kind: str, read: "_Seen", states: int) -> Any:
    """Give what was learnt, from the arrays of a bundle."""
    if kind != BOOSTED:
        learnt: Any = {COMMONEST: _Constant, Z_SCORE: _ZScore, LINEAR: _Linear}[kind]
        found = learnt(**bundle.arrays(learnt.needed(read.channels, states)))
        if kind == LINEAR:
            rows = 1 if len(found.known_states) == 2 else len(found.known_states)
            if {len(found.coefficients), len(found.intercept)} != {rows}:
                raise ValueError("there must be coefficients of every state")
        return found
    nodes = Trees.nodes_needed(_features_count(read.channels))
    if any(not 0 <= state < states for state in read.states):
        raise ValueError("trees must be of states that are known")
    arrays = bundle.arrays({f"{s}/{name}": n for s in read.states for name, n in nodes.items()})
    return _Boosted(
        {s: Trees(**{name: arrays[f"{s}/{name}"] for name in nodes}) for s in read.states}
    )


class _Stored(Stored):
    kind: Text
    classes: Annotated[Names, Field(min_length=2)]
    normal: Text
    threshold: Share
    hold: Annotated[int, Field(ge=1)]
    rows: int


class _Seen(Stored):
    channels: Annotated[int, Field(ge=1, le=10_000)]
    states: Sequence[int]


def state_baselines() -> list[Contender]:
    """Give all of them as contenders."""
    return [Contender(kind, partial(StateBaseline, kind), baseline=True) for kind in KINDS]
