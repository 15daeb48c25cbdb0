"""What the estimators that write share: lines, teacher forcing, the probability of what is said."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from recurra.arrays import Floats, Rows, Texts
from recurra.backend import check_process
from recurra.errors import SettingsError
from recurra.estimators.base import NetworkEstimator
from recurra.estimators.encoders import Sides
from recurra.groups import fold_lines
from recurra.judging.splits import group_split
from recurra.layers import GRU, LSTM, SimpleRNN
from recurra.listeners import Listener, Listeners
from recurra.names import one_of
from recurra.training.teaching import Lesson, log_probabilities, teach

__all__ = ["CELLS", "WritingEstimator"]

MOST_TOKENS = 10_000  # of a line; one is written as long as no end is drawn
# for each model the layer that is trained
CELLS: dict[str, Any] = {"simple-rnn": SimpleRNN, "lstm": LSTM, "gru": GRU}


@dataclass(kw_only=True, eq=False, repr=False)
class WritingEstimator(NetworkEstimator):
    """An estimator whose network is taught to say the next token.

    Args:
        model: the cell, one of `CELLS`.
        units: of the cell.
        dropout: of what is read and of what is read off, in training.
        min_count: how often a token must be seen in training to be known; from 2 up the network
            learns how often it meets what it does not know.
        max_length: the tokens of a line that are read, and the most that are written.
        validation_split, epochs, patience, batch_size, learning_rate, random_state: as in
            `NetworkEstimator`.
    """

    units: int = 128
    dropout: float = 0.2
    min_count: int = 2
    max_length: int = 128
    validation_split: float = 0.1

    def _check_settings(self) -> None:
        super()._check_settings()
        one_of(self.model, self._models(), "the model")
        if self.max_length > MOST_TOKENS:
            raise SettingsError(
                f"a line may have up to {MOST_TOKENS:,} tokens, but max_length is "
                f"{self.max_length}."
            )
        if not 0 <= self.dropout < 1:
            raise SettingsError(f"dropout must be a share below 1, but it is {self.dropout}.")

    def _models(self) -> Iterable[str]:
        return CELLS

    def _plan_json(self) -> dict[str, Any] | None:
        return None  # it writes step by step, from its cell and weights

    def _hold_out(self, lines: Texts, groups: Any, sides: Sides | None) -> Rows:
        """Take or draw the two sides of the only member; give the rows that it learns from."""
        if sides is None:
            kept = fold_lines(lines) if groups is None else np.asarray(groups)
            sides = [group_split(kept, self.validation_split, self.random_state)]
        self.sides_ = list(sides)[:1]
        return self.sides_[0][0]

    def _teach(
        self,
        lesson: Lesson,
        *,
        batch_size: int,
        learning_rate: float,
        checkpoints: Path | None,
        listeners: Sequence[Listener],
    ) -> None:
        """Train on `sides_`; the two numbers count where no setting says otherwise."""
        check_process()
        listener = Listeners(listeners)
        listener.ready(self)
        taught = teach(
            self.build,
            lesson,
            self.sides_[0],
            self._plan(batch_size, learning_rate),
            checkpoints=checkpoints,
            fingerprint=self._fingerprint(lesson.arrays()) if checkpoints else "",
            listener=listener,
        )
        self._keep([taught])

    def _logs(self, lesson: Lesson) -> Floats:
        """Give the natural logarithm of the probability of each row's targets, (rows,)."""
        self._check_fitted()
        return log_probabilities(self._network().call_with(self.weights_[0]), lesson)
