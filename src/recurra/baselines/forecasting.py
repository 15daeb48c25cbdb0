"""Forecasts that a network must beat: the last value, the last season, a line through the window.

::

    naive            forecast[k] = last value
    seasonal naive   forecast[k] = the value a whole number of seasons before
    linear           forecast[k] = last + s (W (window - last) / s + b)_k
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field
from sklearn.linear_model import Ridge

from recurra.answers.forecasts import Ahead
from recurra.arrays import Floats, Rows
from recurra.bundle import Bundle, opened, write_bundle
from recurra.errors import DataError
from recurra.judging.problem import Contender, Sides
from recurra.listeners import Listener
from recurra.sequences import naive_ahead
from recurra.stored import LARGEST, Number, Numbers, Stored, Text

__all__ = ["KnownSeries", "LinearAhead", "NaiveAhead", "forecasts"]

PENALTIES = (0.1, 1.0, 10.0, 100.0, 1000.0)


@dataclass(frozen=True)
class KnownSeries:
    """What a fit may see of a series: a copy that ends where the targets known end.

    Args:
        numbers: (steps,) nothing follows them.
        origins: the steps that are forecast first; a window lies before each, a horizon ahead.
        facts: what a saved model remembers: the name of the column, whether it is a logarithm.
    """

    numbers: Floats
    origins: Rows
    facts: Mapping[str, Any] = field(default_factory=dict)


class NaiveAhead:
    """Says that each step will be as it was a whole number of seasons before.

    Args:
        horizon: steps ahead.
        season: steps of a season, 1 for the last value.

    Example:
        >>> known = KnownSeries(np.arange(9.0), np.arange(2, 8))
        >>> NaiveAhead(2).fit(known, []).say(np.array([[1.0, 5.0]])).middle.tolist()
        [[5.0, 5.0]]
    """

    def __init__(self, horizon: int, season: int = 1) -> None:
        self.horizon, self.season = horizon, season
        self.rows = self.steps = 0

    def fit(
        self,
        known: KnownSeries,
        sides: Sides,
        *,
        listener: Listener | None = None,
        checkpoints: Path | None = None,
    ) -> Self:
        """Learn nothing; note how far the series is known."""
        self.rows, self.steps, self.facts = len(known.origins), len(known.numbers), known.facts
        return self

    def say(self, asked: Floats) -> Ahead:
        """Forecast what follows histories, (rows, steps)."""
        _long_enough(asked, self.season)
        ends = np.arange(1, len(asked) + 1) * asked.shape[1]
        return Ahead(naive_ahead(asked.ravel(), ends, self.horizon, self.season))

    def save(self, folder: Path, card: str = "", **facts: Any) -> None:
        """Write a bundle."""
        settings = {"horizon": self.horizon, "season": self.season}
        _write(self, folder, card, settings, {}, facts)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read what `save` wrote.

        Raises:
            BundleError: it is damaged, or not of one model.
        """
        with opened(folder, "NaiveAhead") as bundle:
            bundle.arrays({})
            found = bundle.config_as(_Naive.model_validate)
            model = cls(found.settings.horizon, found.settings.season)
            _restore(model, found)
        return model


class LinearAhead:
    """A ridge regression on the window: its last value taken off, divided by a deviation.

    The deviation `s` is that of the training windows, so a series in other units is forecast the
    same. The penalty is chosen on the validation rows; then all rows known are fitted.

    Args:
        horizon: steps ahead.
        window: steps read.

    Example:
        >>> known = KnownSeries(np.arange(40.0), np.arange(4, 38))
        >>> model = LinearAhead(2, 4).fit(known, [(np.arange(20), np.arange(21, 34))])
        >>> model.say(np.array([[1.0, 2.0, 3.0, 4.0]])).middle.round(2).tolist()
        [[5.0, 6.0]]
    """

    def __init__(self, horizon: int, window: int) -> None:
        self.horizon, self.window = horizon, window
        self.rows = self.steps = 0

    def fit(
        self,
        known: KnownSeries,
        sides: Sides,
        *,
        listener: Listener | None = None,
        checkpoints: Path | None = None,
    ) -> Self:
        """Choose the penalty on the first turn, and fit on all rows known."""
        self.rows, self.steps, self.facts = len(known.origins), len(known.numbers), known.facts
        at, numbers = known.origins[:, None], known.numbers
        X, last = self._read(numbers[at - self.window + np.arange(self.window)])
        y = numbers[at + np.arange(self.horizon)] - last
        self.penalty = 1.0
        if len(sides):
            train, validation = sides[0]

            def error(penalty: float) -> float:
                self._fit(X[train], y[train], penalty)
                return float(np.abs(self._ahead(X[validation]) - y[validation]).mean())

            self.penalty = min(PENALTIES, key=error)
        self._fit(X, y, self.penalty)
        return self

    def _read(self, windows: Floats) -> tuple[Floats, Floats]:
        last = windows[:, -1:]
        return windows - last, last

    def _fit(self, X: Floats, y: Floats, penalty: float) -> None:
        self.scale = float(X.std()) or 1.0
        model = Ridge(penalty).fit(X / self.scale, y / self.scale)
        self.coefficients = model.coef_.reshape(self.horizon, self.window)
        self.intercept = np.atleast_1d(model.intercept_)

    def _ahead(self, X: Floats) -> Floats:
        ahead: Floats = (X / self.scale @ self.coefficients.T + self.intercept) * self.scale
        return ahead

    def say(self, asked: Floats) -> Ahead:
        """Forecast what follows histories, (rows, steps)."""
        _long_enough(asked, self.window)
        X, last = self._read(asked[:, -self.window :])
        return Ahead(self._ahead(X) + last)

    def save(self, folder: Path, card: str = "", **facts: Any) -> None:
        """Write a bundle."""
        settings = {"horizon": self.horizon, "window": self.window}
        weights = {
            "coefficients": self.coefficients,
            "intercept": self.intercept,
            "scale": np.array([self.scale]),
        }
        _write(self, folder, card, settings, weights, {"penalty": self.penalty, **facts})

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read what `save` wrote.

        Raises:
            BundleError: it is damaged, or not of one model.
        """
        with opened(folder, "LinearAhead") as bundle:
            found = bundle.config_as(_Linear.model_validate)
            model = cls(found.settings.horizon, found.settings.window)
            _restore(model, found)
            arrays = bundle.arrays(
                {
                    "coefficients": Numbers((model.horizon, model.window)),
                    "intercept": Numbers((model.horizon,)),
                    "scale": Numbers((1,), 1 / LARGEST, LARGEST, ("float64",)),
                }
            )
            model.penalty, model.scale = found.penalty, float(arrays["scale"][0])
            model.coefficients, model.intercept = arrays["coefficients"], arrays["intercept"]
        return model


def _long_enough(asked: Floats, steps: int) -> None:
    if asked.shape[1] < steps:
        raise DataError(
            f"a history must have at least {steps} steps, but one of {asked.shape[1]} was given."
        )


def _write(
    model: Any,
    folder: Path,
    card: str,
    settings: dict[str, Any],
    weights: dict[str, Floats],
    facts: dict[str, Any],
) -> None:
    config = {
        "estimator": type(model).__name__,
        "settings": settings,
        "rows": model.rows,
        "steps": model.steps,
        **model.facts,
        **facts,
    }
    write_bundle(folder, Bundle(config, {}, weights, card))


Steps = Annotated[int, Field(ge=1, le=1_000_000)]


class _Season(Stored):
    horizon: Steps
    season: Steps


class _Window(Stored):
    horizon: Steps
    window: Steps


class _Stored(Stored):
    rows: int
    steps: int
    target: Text | None = None
    log: bool | None = None
    trained_to: Text | None = None


class _Naive(_Stored):
    settings: _Season


class _Linear(_Stored):
    settings: _Window
    penalty: Number


def _restore(model: Any, found: _Stored) -> None:
    model.rows, model.steps = found.rows, found.steps
    model.facts = found.model_dump(include={"target", "log", "trained_to"})


def _naive(horizon: int, season: int, seed: int) -> NaiveAhead:
    return NaiveAhead(horizon, season)


def _linear(horizon: int, window: int, seed: int) -> LinearAhead:
    return LinearAhead(horizon, window)


def forecasts(horizon: int, window: int, season: int) -> list[Contender]:
    """Give the baselines of a series as contenders.

    Args:
        horizon: steps ahead.
        window: steps read.
        season: steps of a season, 1 for none.
    """
    found = [Contender("naive", partial(_naive, horizon, 1), baseline=True)]
    if season > 1:
        found.append(Contender("seasonal naive", partial(_naive, horizon, season), baseline=True))
    return [*found, Contender("linear", partial(_linear, horizon, window), baseline=True)]
