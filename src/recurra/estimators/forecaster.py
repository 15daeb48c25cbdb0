"""One state to many steps ahead."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field
from sklearn.utils.validation import check_is_fitted

from recurra.arrays import Floats, Rows
from recurra.baselines.forecasting import naive_ahead
from recurra.bundle import Bundle
from recurra.errors import DataError, SettingsError
from recurra.estimators.encoders import NumbersEncoder
from recurra.estimators.sequence import SequenceEstimator
from recurra.judging.splits import last_part
from recurra.listeners import Listener
from recurra.models import Head
from recurra.sequences import NumberEncoder, Ragged, mean_and_scale
from recurra.stored import Number, Positive, Stored
from recurra.training import Example

__all__ = ["SequenceForecaster"]


def conformal_margins(errors: Floats, level: float) -> Floats:
    """Give half the width of intervals that hold a share of outcomes, from errors on other rows.

    ::

        margin = the error of rank ceil((n + 1) level) of n        the largest where there is none

    Args:
        errors: (rows, horizon) sizes of errors, of rows that the fit has not seen.
        level: the share.

    Example:
        >>> conformal_margins(np.arange(1.0, 10.0)[:, None], 0.8).tolist()
        [8.0]
    """
    rank = math.ceil((len(errors) + 1) * level - 1e-9)
    margins: Floats = np.sort(errors, axis=0)[min(rank, len(errors)) - 1]
    return margins


class _Learnt(Stored):
    target_scale: list[Positive]
    margins: list[Annotated[Number, Field(ge=0)]]


@dataclass(kw_only=True, eq=False, repr=False)
class SequenceForecaster(SequenceEstimator):
    """Forecast a series many steps ahead from one state, with intervals.

    ::

        h = cells over the last `window` steps
        forecast[k] = naive[k] + scale_k (W h + b)_k         k = 0 .. horizon - 1

    The network learns what the (seasonal) naive forecast leaves over. Validation is the last part
    of the series, and no training target reaches into it. An interval is the forecast ± the
    quantile of the absolute validation errors of that step ahead (split conformal prediction).

    Args:
        model: the architecture by name, one of `recurra.names.SHAPES`.
        horizon: how many steps ahead.
        window: how many steps the network reads.
        season: steps after which the series repeats itself, 1 for none.
        level: the share of outcomes an interval shall hold.
        units: of the cell.
        validation_split: the last share of the series, held out for validation.
        batch_size: windows a step of training, None for 64.
        learning_rate: of Adam, None for 0.002.
        epochs, patience, members, random_state: as in `SequenceEstimator`.

    Attributes:
        margins_: (horizon,) half the width of the intervals.
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

    horizon: int = 5
    window: int = 32
    season: int = 1
    level: float = 0.9
    units: int = 32

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
        series = Ragged.of_numbers([X])
        values, origins = series.timesteps()[:, 0], self._origins(len(series.codes))
        training, validation = last_part(origins, self.validation_split, self.horizon)
        first = origins[validation[0]]
        if not len(training):
            raise DataError(
                f"a series must be long enough for training windows before validation, but of "
                f"{len(values)} steps none are left. Give a longer one or a shorter horizon."
            )
        self.sides_ = [(training, validation)] * (self.members or 1)
        NumbersEncoder.architecture(self.model)  # the name must be known
        known = Ragged(np.arange(1, first + 1, dtype=np.int32), np.array([0, first]), series.table)
        self.encoder_ = NumberEncoder.fit(known)
        windows = self.encoder_.encode(self._windows(series, origins))
        ahead = values[origins[:, None] + np.arange(self.horizon)]
        left = ahead - naive_ahead(values, origins, self.horizon, self.season)
        _, self.target_scale_ = mean_and_scale(left[training], beside=np.abs(values).max())
        targets = (left / self.target_scale_).astype(np.float32)
        self._train(
            Example(windows, targets, np.ones(len(origins), np.float32)),
            loss="mean_absolute_error",
            learning_rate=2e-3,
            checkpoints=checkpoints,
            listeners=listeners,
        )
        found = self._outputs(windows.take(validation)).reshape(-1, self.horizon)
        errors = np.abs(left[validation] - found * self.target_scale_)
        self.margins_ = conformal_margins(errors, self.level)
        return self

    def predict(self, X: Any) -> Floats:
        """Forecast what follows each of these histories, (rows, horizon).

        Args:
            X: numeric sequences, each at least a season long; all but the last `window` steps is
                not read.
        """
        check_is_fitted(self, "weights_")
        return self._forecast(Ragged.of_numbers(X))

    def predict_interval(self, X: Any) -> Floats:
        """Give the lower and upper end of the interval of each forecast, (rows, horizon, 2)."""
        middle = self.predict(X)
        ends: Floats = np.stack([middle - self.margins_, middle + self.margins_], axis=2)
        return ends

    def forecast(self, series: Any) -> Floats:
        """Forecast what follows one series, (horizon,)."""
        ahead: Floats = self.predict([series])[0]
        return ahead

    def predict_from(self, series: Any, origins: Rows) -> Floats:
        """Forecast from inside a series, (origins, horizon); each reads only steps before it."""
        check_is_fitted(self, "weights_")
        whole = Ragged.of_numbers([series])
        return self._forecast(self._windows(whole, np.asarray(origins)))

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

    def _windows(self, series: Ragged, origins: Rows) -> Ragged:
        """Give the window before each origin; windows share the steps they overlap in."""
        length = max(self.window, self.season)
        if len(origins) and not length <= origins.min() <= origins.max() <= len(series.codes):
            raise DataError(
                f"a forecast needs {length} steps before it, but one from step {origins.min()} of "
                f"{len(series.codes)} was asked for."
            )
        codes = series.codes[(origins[:, None] - length + np.arange(length)).ravel()]
        return Ragged(codes, np.arange(len(origins) + 1) * length, series.table)

    def _forecast(self, histories: Ragged) -> Floats:
        short = np.flatnonzero(histories.lengths < self.season)
        if len(short):
            raise DataError(
                f"a history must have at least {self.season} steps, but row {short[0]} "
                f"has {histories.lengths[short[0]]}."
            )
        lengths = np.minimum(histories.lengths, max(self.window, self.season))
        ends = histories.offsets[1:]
        within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        codes = histories.codes[np.repeat(ends - lengths, lengths) + within]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        windows = Ragged(codes, offsets, histories.table)
        outputs = self._outputs(self.encoder_.encode(windows)).reshape(-1, self.horizon)
        naive = naive_ahead(windows.timesteps()[:, 0], offsets[1:], self.horizon, self.season)
        forecasts: Floats = naive + outputs * self.target_scale_
        return forecasts

    def _answer(self, outputs: Floats) -> Any:
        return outputs * self.target_scale_

    def _check_settings(self) -> None:
        super()._check_settings()
        if not 0 < self.level < 1:
            raise SettingsError(f"level must be a share between 0 and 1, but it is {self.level}.")

    def _learnt(self) -> dict[str, Any]:
        return {
            "target_scale": self.target_scale_.tolist(),
            "margins": self.margins_.tolist(),
        }

    def _restore(self, bundle: Bundle) -> None:
        super()._restore(bundle)
        learnt = bundle.config_as(_Learnt.model_validate)
        self.target_scale_ = np.asarray(learnt.target_scale, float)
        self.margins_ = np.asarray(learnt.margins, float)
        if not len(self.target_scale_) == len(self.margins_) == self.horizon:
            raise SettingsError(
                f"there must be a scale and a margin for each of {self.horizon} steps ahead, but "
                f"there are {len(self.target_scale_)} and {len(self.margins_)}."
            )
        if not isinstance(self.encoder_, NumberEncoder):
            raise DataError("a forecaster must read numbers, but its encoder reads texts.")
