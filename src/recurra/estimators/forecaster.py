"""One state to many steps ahead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from recurra.answers.effects import Effects
from recurra.answers.forecasts import ForecastAnswers, begun, scales
from recurra.arrays import Floats, Rows
from recurra.baselines.lines import FEWEST, cross_fit_line
from recurra.errors import DataError, SettingsError
from recurra.estimators.encoders import NumbersEncoder
from recurra.estimators.sequence import SequenceEstimator
from recurra.judging.splits import last_part
from recurra.listeners import Listener
from recurra.models import Head
from recurra.names import LINES, STARTS, UNLEARNT, one_of
from recurra.sequences import (
    Histories,
    NumberEncoder,
    Ragged,
    check_rows,
    conformal_margins,
    mean_and_scale,
)
from recurra.training import Example

__all__ = ["SequenceForecaster"]


TRIED = 2000  # origins, to find the best start
SHARES = (0.25, 0.5, 0.75, 1.0)  # of what a network says


@dataclass(kw_only=True, eq=False, repr=False)
class SequenceForecaster(ForecastAnswers, SequenceEstimator):
    """Forecast a series many steps ahead from one state, with intervals.

    ::

        h = cells over the last `window` steps
        forecast[k] = start[k] + scale_k (W h + b)_k         k = 0 .. horizon - 1

    The network learns what its start leaves over: the (seasonal) naive forecast, a smoothed series,
    a line through the window, or the mean of these two. Validation is the last part of the series,
    and no training target reaches into it. An interval is the forecast ± the quantile of the
    absolute validation errors of that step ahead (split conformal prediction).

    With a `start`, each window is brought to one scale by its own steps: how much it moves from
    season to season. Series of all sizes then teach one network. Of what the network says only the
    share is added that serves validation rows best, none where it does not serve them by more than
    its standard error. Half the width of an interval is then a quantile of the errors of the start
    on known rows that it did not learn from. Where the network adds to it, that is made smaller as
    the validation errors get smaller, and is no less than their quantile.

    Args:
        model: the architecture by name, one of `recurra.names.SHAPES`.
        horizon: how many steps ahead.
        window: how many steps the network reads.
        season: steps after which the series repeats itself, 1 for none.
        level: the share of outcomes an interval shall hold.
        units: of the cell.
        start: what it begins as, one of `recurra.names.STARTS`, or "best": that with the least
            error on rows known that it did not learn from (`recurra.baselines.lines`). None: the
            naive forecast, all numbers brought to the scale of the training steps.
        known: how many columns after the first are known ahead, such as holidays. As many follow
            that hold them `horizon` steps later (`recurra.data.beside.Beside.table` makes them);
            what comes after is known to the last step.
        validation_split: the last share of the series, held out for validation.
        batch_size: windows a step of training, None for 64.
        learning_rate: of Adam, None for 0.002.
        epochs, patience, members, random_state: as in `SequenceEstimator`.

    Attributes:
        margins_: (horizon,) half the width of the intervals; with a start in scales of a row.
        begins_: the start that was taken.
        line_: the line of that start, None where it has none.
        share_: of what the network says, added to it.
        effects_: what known columns add to the start, None where none are known ahead.
        encoder_, sides_, histories_, weights_: as in `SequenceClassifier`; a row is an origin, the
            step that is forecast first.

    Example:
        >>> import numpy as np
        >>> from recurra import SequenceForecaster
        >>> series = np.sin(np.arange(200) / 5)
        >>> model = SequenceForecaster("gru", horizon=4, window=12, epochs=1).fit(series)
        >>> model.forecast(series).shape, model.predict([series[:50], series[:60]]).shape
        ((4,), (2, 4))

    Source: Lei et al., "Distribution-Free Predictive Inference for Regression" (2018), for the
    intervals. Their promise holds for exchangeable errors, which those of a series are not: so
    measure their coverage.
    """

    USUAL: ClassVar[Mapping[str, Any]] = {"batch_size": 64, "learning_rate": 2e-3}

    horizon: int = 5
    window: int = 32
    season: int = 1
    level: float = 0.9
    units: int = 32
    start: str | None = None
    known: int = 0

    def fit(
        self,
        X: Any,
        y: None = None,
        *,
        checkpoints: Path | None = None,
        listeners: Sequence[Listener] = (),
    ) -> Self:
        """Train on one long series.

        Args:
            X: (timesteps,) or (timesteps, features) numbers in order of time; the first feature
                is the one that is forecast.
            y: nothing: the series is its own target.
            checkpoints, listeners: as in `SequenceClassifier.fit`.

        Raises:
            DataError: the series is not numbers, or too short.
            SettingsError: a setting cannot be used.
            RunError: the checkpoints are another run's.
        """
        self._check_settings()
        check_rows(X)
        series = Histories.of([X])
        origins = self._origins(len(series.steps))
        sides = last_part(origins, self.validation_split, self.horizon)
        if not len(sides[0]):
            raise DataError(
                f"a series must be long enough for training windows before validation, but of "
                f"{len(series.steps)} steps none are left. Give a longer one or a shorter horizon."
            )
        known = Histories(series.steps, np.zeros_like(origins), origins)
        return self.fit_histories(known, sides, checkpoints=checkpoints, listeners=listeners)

    def fit_histories(
        self,
        known: Histories,
        sides: tuple[Rows, Rows],
        *,
        checkpoints: Path | None = None,
        listeners: Sequence[Listener] = (),
    ) -> Self:
        """Train on many origins, of one series or of several.

        Args:
            known: what stands before each origin; a horizon lies ahead of it.
            sides: the rows to train on, and those to validate on.
            checkpoints, listeners: as in `SequenceClassifier.fit`.

        Raises:
            DataError: it shall begin as a line, but rows are too few to fit one.
            SettingsError: a setting cannot be used.
        """
        self._check_settings()
        NumbersEncoder.architecture(self.model)  # the name must be known
        self.sides_ = [sides] * (self.members or 1)
        training, validation = sides
        base = self._begin(known, sides)
        windows, scale = self._scaled(known)
        self.encoder_ = self._fitted_encoder(known, windows, sides)
        left = (known.ahead(self.horizon) - base) / scale[:, None]
        self.effects_ = None
        if self.known:
            some = _spread(training)
            self.effects_ = Effects.fit(known.take(some), left[some], self.season, self.known)
            left -= self.effects_.ahead(known, self.horizon, self.season)
        size = np.abs(known.numbers).max() / (1 if self.begins_ is None else scale.min())
        _, self.target_scale_ = mean_and_scale(left[training], beside=size)
        targets = (left / self.target_scale_).astype(np.float32)
        encoded = self.encoder_.encode(windows)
        self._train(
            Example(encoded, targets, np.ones(len(known), np.float32)),
            loss="mean_absolute_error",
            **self.USUAL,
            checkpoints=checkpoints,
            listeners=listeners,
        )
        added = self._outputs(encoded.take(validation)).reshape(-1, self.horizon)
        self._calibrate(left, added * self.target_scale_, sides)
        return self

    def _begin(self, known: Histories, sides: tuple[Rows, Rows]) -> Floats:
        """Choose where rows begin, and give it, (rows, horizon)."""
        found = None
        if self.start in ("best", *LINES):
            past = known.steps.shape[1] - 1 - 2 * self.known
            found = cross_fit_line(known, sides, self.horizon, self._longest, past)
        if found is None and self.start in LINES:
            raise DataError(
                f"a network that begins as {self.start} must have {FEWEST} training rows beside "
                f"each fold, but of {len(sides[0])} there are fewer. Give more steps, or "
                "another start."
            )
        linear = None if found is None else found.ahead
        self.begins_ = self._best(known, sides, linear) if self.start == "best" else self.start
        self.line_ = found.line if found is not None and self.begins_ in LINES else None
        return begun(self.begins_ or "naive", known, self.horizon, self.season, linear)

    def _best(self, known: Histories, sides: tuple[Rows, Rows], linear: Floats | None) -> str:
        """Find the start with the least error on rows that it did not learn from.

        Where columns are known ahead, what they add is learnt for each start, on training rows.

        Args:
            known: what stands before each row.
            sides: the rows to train on, and those to validate on.
            linear: what lines say of rows that did not teach them; None where none is fitted.
        """
        fair = np.arange(len(known)) if linear is None else np.concatenate(sides)
        some = _spread(sides[0] if self.known else fair)
        asked = known.take(some)
        said = None if linear is None else linear[some]
        truth, scale = asked.ahead(self.horizon), scales(asked, self.season)[:, None]

        def error(start: str) -> float:
            left = (begun(start, asked, self.horizon, self.season, said) - truth) / scale
            if self.known:
                effects = Effects.fit(asked, left, self.season, self.known)
                left -= effects.ahead(asked, self.horizon, self.season)
            return float(np.abs(left).mean())

        return min(UNLEARNT if linear is None else STARTS, key=error)

    def _fitted_encoder(
        self, known: Histories, windows: Ragged, sides: tuple[Rows, Rows]
    ) -> NumberEncoder:
        training, validation = sides
        if self.begins_ is not None:
            return NumberEncoder.fit(windows.take(training))
        first = known.ends[validation[0]]
        return NumberEncoder.fit(Ragged.of_numbers([known.steps[:first]]))

    def _calibrate(self, left: Floats, added: Floats, sides: tuple[Rows, Rows]) -> None:
        """Choose how much of what the network says is added, and how wide intervals are.

        Args:
            left: (rows, horizon) what the start leaves over, in scales.
            added: (validation rows, horizon) what the network says, in scales.
            sides: the rows that it was trained on, and those it was validated on.
        """
        over = left[sides[1]]
        if self.begins_ is None:
            self.share_ = 1.0
            self.margins_ = conformal_margins(np.abs(over - added), self.level)
            return
        self.share_ = _share(over, added)
        missed = np.abs(over - self.share_ * added)
        smaller = missed.mean() / np.abs(over).mean() if self.share_ else 1.0
        unseen = left if self.line_ is None else left[np.concatenate(sides)]
        self.margins_ = conformal_margins(np.abs(unseen), self.level) * smaller
        if self.share_ or self.known:  # they learnt from training rows
            self.margins_ = np.maximum(self.margins_, conformal_margins(missed, self.level))

    @classmethod
    def _with(cls, settings: Mapping[str, Any]) -> Self:
        return super()._with({"start": None, "known": 0, **settings})  # earlier versions had none

    def build(self) -> Any:
        """Give a fresh Keras model of this architecture for the fitted encoder and horizon."""
        return self._encoder().build(self.model, Head(self.horizon, None), units=self.units)

    def _origins(self, timesteps: int) -> Rows:
        """Give the steps from which a whole window lies before and a whole horizon ahead."""
        first = max(self.window, self.season)
        if timesteps < first + 2 * self.horizon + 2:
            raise DataError(
                f"a series must be longer than its window ({first}) and twice the horizon "
                f"({self.horizon}), but {timesteps} steps were given. Give more, or a shorter one."
            )
        return np.arange(first, timesteps - self.horizon + 1)

    def _check_settings(self) -> None:
        super()._check_settings()
        if self.start is not None:
            one_of(self.start, ("best", *STARTS), "start")
        if self.known and max(self.window, self.season) < self.horizon:
            raise SettingsError(
                f"the window must hold a horizon where columns are known ahead, but it is "
                f"{self.window} and the horizon {self.horizon}. Give a longer window."
            )
        if not 0 < self.level < 1:
            raise SettingsError(f"level must be a share between 0 and 1, but it is {self.level}.")


def _spread(rows: Rows) -> Rows:
    """Give some of the rows, from the first to the last."""
    found: Rows = rows[np.unique(np.linspace(0, len(rows) - 1, TRIED).astype(np.int64))]
    return found


def _share(over: Floats, added: Floats) -> float:
    """Choose the share of what is added that leaves the least over; 0 where it is no clear gain."""
    gains = {share: (np.abs(over) - np.abs(over - share * added)).mean(axis=1) for share in SHARES}
    share = max(gains, key=lambda each: float(gains[each].mean()))
    gain = gains[share]
    pieces = len(gain) / over.shape[1]  # horizons overlap
    error = gain.std() / np.sqrt(pieces - 1) if pieces > 1 else np.inf
    return share if gain.mean() > error else 0.0
