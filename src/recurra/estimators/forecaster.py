"""One state to many steps ahead."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from recurra.errors import DataError, SettingsError
from recurra.estimators.base import Floats, Rows, SequenceEstimator
from recurra.models import Head
from recurra.sequences import NumberEncoder, Ragged
from recurra.training import Example, Notify

__all__ = ["SequenceForecaster", "naive_ahead"]


def naive_ahead(series: Floats, origins: Rows, horizon: int, season: int = 1) -> Floats:
    """Forecast each step as it was a whole number of seasons before, (origins, horizon).

    ::

        forecast[i, k] = series[origins[i] + k - season * ceil((k + 1) / season)]

    With season 1 that is the last value, for all steps ahead. Only steps before the origin are
    read.

    Example:
        >>> series = np.array([1.0, 2.0, 3.0, 4.0])
        >>> naive_ahead(series, np.array([4]), 3).tolist()
        [[4.0, 4.0, 4.0]]
        >>> naive_ahead(series, np.array([4]), 3, season=2).tolist()
        [[3.0, 4.0, 3.0]]
    """
    steps = np.arange(horizon)
    back = season * np.ceil((steps + 1) / season).astype(np.int64)
    ahead: Floats = series[origins[:, None] + steps - back]
    return ahead


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
        model: the architecture by name, one of `recurra.models.SHAPES`.
        horizon: how many steps ahead.
        window: how many steps the network reads.
        season: steps after which the series repeats itself, 1 for none.
        level: the share of outcomes an interval shall hold.
        validation_split: the last share of the series, held out for validation.
        batch_size: windows a step of training, None for 64.
        learning_rate: of Adam, None for 0.002.
        epochs, members, random_state: as in `SequenceEstimator`.

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

    def fit(
        self,
        X: Any,
        y: None = None,
        *,
        checkpoints: Path | None = None,
        notify: Notify | None = None,
        ready: Callable[[], None] = lambda: None,
    ) -> Self:
        """Train on one long series.

        Args:
            X: (timesteps,) or (timesteps, features) numbers in order of time; the first feature
                is the one that is forecast.
            y: nothing: the series is its own target.
            checkpoints, notify, ready: as in `SequenceClassifier.fit`.

        Raises:
            DataError: the series is not numbers, or too short.
            SettingsError: a setting cannot be used.
            RunError: the checkpoints are another run's.
        """
        self._check_settings()
        series = Ragged.of_numbers([X])
        values, origins = series.steps()[:, 0], self._origins(len(series.codes))
        first = origins[int(len(origins) * (1 - self.validation_split))]
        training = np.flatnonzero(origins + self.horizon <= first)
        validation = np.flatnonzero(origins >= first)
        if not len(training):
            raise DataError(
                f"a series must be long enough for training windows before validation, but of "
                f"{len(values)} steps none are left. Give a longer one or a shorter horizon."
            )
        self.sides_ = [(training, validation)] * (self.members or 1)
        self._architecture(numeric=True)
        known = Ragged(np.arange(1, first + 1, dtype=np.int32), np.array([0, first]), series.table)
        self.encoder_ = NumberEncoder.fit(known)
        windows = self.encoder_.encode(self._windows(series, origins))
        ahead = values[origins[:, None] + np.arange(self.horizon)]
        left = ahead - naive_ahead(values, origins, self.horizon, self.season)
        deviation = left[training].std(axis=0)
        self.target_scale_ = np.where(deviation > 1e-12, deviation, 1.0)
        targets = (left / self.target_scale_).astype(np.float32)
        ready()
        self._train(
            Example(windows, targets, np.ones(len(origins), np.float32)),
            loss="mean_absolute_error",
            learning_rate=2e-3,
            checkpoints=checkpoints,
            notify=notify,
        )
        found = self._outputs(windows.take(validation)).reshape(-1, self.horizon)
        errors = np.sort(np.abs(left[validation] - found * self.target_scale_), axis=0)
        rank = math.ceil((len(errors) + 1) * self.level)
        self.margins_ = errors[min(rank, len(errors)) - 1]
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
        return self._build(Head(self.horizon, None))

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
        naive = naive_ahead(windows.steps()[:, 0], offsets[1:], self.horizon, self.season)
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

    def _restore(self, learnt: dict[str, Any], encoder: dict[str, Any]) -> None:
        super()._restore(learnt, encoder)
        self.target_scale_ = np.asarray(learnt["target_scale"], float)
        self.margins_ = np.asarray(learnt["margins"], float)
