"""One state to many steps ahead."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from recurra.answers.forecasts import ForecastAnswers
from recurra.arrays import Floats, Rows
from recurra.errors import DataError, SettingsError
from recurra.estimators.encoders import NumbersEncoder
from recurra.estimators.sequence import SequenceEstimator
from recurra.judging.splits import last_part
from recurra.listeners import Listener
from recurra.models import Head
from recurra.sequences import NumberEncoder, Ragged, mean_and_scale, naive_ahead
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


@dataclass(kw_only=True, eq=False, repr=False)
class SequenceForecaster(ForecastAnswers, SequenceEstimator):
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
        if not 0 < self.level < 1:
            raise SettingsError(f"level must be a share between 0 and 1, but it is {self.level}.")
