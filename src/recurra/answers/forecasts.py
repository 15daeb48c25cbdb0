"""What a forecaster tells, from the outputs of its networks."""

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from recurra.answers.model import FittedModel
from recurra.arrays import Floats, Rows
from recurra.bundle import Bundle
from recurra.errors import DataError, SettingsError
from recurra.sequences import NumberEncoder, Ragged, naive_ahead
from recurra.stored import Number, Positive, Stored

__all__ = ["Ahead", "ForecastAnswers"]


class _Learnt(Stored):
    target_scale: list[Positive]
    margins: list[Annotated[Number, Field(ge=0)]]


@dataclass(frozen=True)
class Ahead:
    """What is said of the steps ahead.

    Args:
        middle: (rows, horizon) the forecasts.
        margins: (horizon,) half the width of the intervals; None where there are none.
    """

    middle: Floats
    margins: Floats | None = None


class ForecastAnswers(FittedModel):
    """Forecasts with intervals: what networks add to the naive forecast.

    Attributes:
        horizon, window, season: as in `SequenceForecaster`.
        target_scale_: (horizon,) of what is added.
        margins_: (horizon,) half the width of the intervals.
    """

    horizon: int
    window: int
    season: int
    target_scale_: Floats
    margins_: Floats

    def predict(self, X: Any) -> Floats:
        """Forecast what follows each of these histories, (rows, horizon).

        Args:
            X: numeric sequences, each at least a season long; all but the last `window` steps is
                not read.
        """
        self._check_fitted()
        return self._forecast(Ragged.of_numbers(X))

    def say(self, asked: Any) -> Ahead:
        """Forecast what follows histories, with intervals."""
        return Ahead(self.predict(asked), self.margins_)

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
        self._check_fitted()
        whole = Ragged.of_numbers([series])
        return self._forecast(self._windows(whole, np.asarray(origins)))

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
