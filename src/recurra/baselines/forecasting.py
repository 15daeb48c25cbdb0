"""Forecasts that a network must beat: the last value, the last season, smoothing, a line.

::

    naive            forecast[k] = last value
    seasonal naive   forecast[k] = the value a whole number of seasons before
    Theta            a smoothed level and half the slope, the season on it
    ETS              level, trend and season smoothed; which of them, the AICc says
    linear           forecast[k] = last + s (W (window - last) / s + b)_k

Columns that are known ahead move all but ETS (`recurra.answers.effects`); those known to the last
step are read by the linear one.

Each has intervals: quantiles of its errors on rows known, which its fit did not see, in the scale
of the row (`recurra.answers.forecasts.scales`).
"""

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from pydantic import Field

from recurra.answers.effects import PARTS, Effects, check_columns
from recurra.answers.forecasts import Ahead, begun, scales
from recurra.answers.lines import Line, needed_of
from recurra.arrays import Array, Floats, Rows
from recurra.baselines.lines import FEWEST as FEWEST_ROWS
from recurra.baselines.lines import PENALTIES, LineRows, line_folds
from recurra.bundle import Bundle, opened, write_bundle
from recurra.errors import DataError
from recurra.judging.problem import Contender, Sides
from recurra.listeners import Listener
from recurra.sequences import Histories, conformal_margins
from recurra.stored import Number, Share, Stored, Text

__all__ = ["EtsAhead", "KnownSeries", "LinearAhead", "NaiveAhead", "ThetaAhead", "forecasts"]

CALIBRATED = 2000  # origins, whose errors say how wide intervals are
LONGEST_SEASON = 24  # that is smoothed; a longer one is taken off before
FEWEST = 10  # steps, to fit a trend to
NEWEST = 500  # steps that are fitted, or ten seasons
Beside = tuple[int, int]  # columns known ahead, and to the last step


@dataclass(frozen=True)
class KnownSeries:
    """What a fit may see of series: copies that end where the targets known end.

    Args:
        numbers: (steps,) of each series, end to end; nothing follows them.
        origins: the steps that are forecast first; a window lies before each, a horizon ahead.
        facts: what a saved model remembers: the name of the column, whether it is a logarithm.
        starts: (origins,) where the series of each begins; None for one series.
        beside: (steps, columns) of each step, as `recurra.data.beside.Beside.table` gives them.
    """

    numbers: Floats
    origins: Rows
    facts: Mapping[str, Any] = field(default_factory=dict)
    starts: Rows | None = None
    beside: Floats | None = None

    @property
    def histories(self) -> Histories:
        """What stands before each origin."""
        starts = np.zeros_like(self.origins) if self.starts is None else self.starts
        table = self.numbers[:, None]
        if self.beside is not None:
            table = np.concatenate([table, self.beside], axis=1)
        return Histories(table, starts, self.origins)


class _Rival:
    """What all share: a fit that is noted, intervals from errors, a bundle."""

    horizon: int
    season: int = 1
    level: float | None = None
    needs: int = 1
    margins: Floats | None = None
    rows = steps = 0
    known = past = 0
    facts: Mapping[str, Any]
    effects: Effects | None = None
    moved: ClassVar[bool] = True  # whether known columns move it

    def fit(
        self,
        known: KnownSeries,
        sides: Sides,
        *,
        listener: Listener | None = None,
        checkpoints: Path | None = None,
    ) -> Self:
        """Learn from the rows known, and how far it errs on those that its fit did not see."""
        self.rows, self.steps, self.facts = len(known.origins), len(known.numbers), known.facts
        histories = known.histories
        unseen = self._learn(histories, sides)
        if self.known and self.moved:
            unseen = self._move(histories, sides, unseen)
        if self.level is not None and len(unseen):
            some = np.unique(np.linspace(0, len(unseen) - 1, CALIBRATED).astype(np.int64))
            rows = histories.take(unseen[some])
            errors = np.abs(self._unseen(histories, unseen[some]) - rows.ahead(self.horizon))
            errors /= scales(rows, self.season)[:, None]
            self.margins = conformal_margins(errors, self.level)
        self._finish(histories)
        return self

    def _learn(self, histories: Histories, sides: Sides) -> Rows:
        """Learn, and give the rows that were not learnt from."""
        return np.arange(len(histories))

    def _move(self, histories: Histories, sides: Sides, unseen: Rows) -> Rows:
        """Learn what known columns add, and give the rows that this was not learnt from."""
        train = np.asarray(sides[0][0]) if len(sides) else np.arange(len(histories))
        some = np.unique(np.linspace(0, len(train) - 1, CALIBRATED).astype(np.int64))
        rows = histories.take(train[some])
        left = rows.ahead(self.horizon) - self._middle(rows)
        left /= scales(rows, self.season)[:, None]
        self.effects = Effects.fit(rows, left, self.season, self.known)
        return np.setdiff1d(unseen, train)

    def _ahead_of(self, histories: Histories) -> Floats:
        """Forecast, moved by what is known ahead."""
        middle = self._middle(histories)
        if self.effects is None:
            return middle
        moved = self.effects.ahead(histories, self.horizon, self.season)
        return middle + moved * scales(histories, self.season)[:, None]

    def _unseen(self, histories: Histories, rows: Rows) -> Floats:
        """Forecast some of the rows, by a fit that did not see them."""
        return self._ahead_of(histories.take(rows))

    def _finish(self, histories: Histories) -> None:
        """Learn from all rows."""

    def _middle(self, histories: Histories) -> Floats:
        raise NotImplementedError

    def say(self, asked: Any) -> Ahead:
        """Forecast what follows histories, (rows, steps) or as `Histories`."""
        histories = Histories.of(asked)
        _long_enough(histories, self.needs)
        check_columns(histories, self.known, self.past, max(self.season, self.horizon))
        middle = self._ahead_of(histories)
        if self.margins is None:
            return Ahead(middle)
        return Ahead(middle, self.margins * scales(histories, self.season)[:, None])

    def _settings(self) -> dict[str, Any]:
        return {
            "horizon": self.horizon,
            "season": self.season,
            "level": self.level,
            "known": self.known,
            "past": self.past,
        }

    def _weights(self) -> dict[str, Array]:
        return {}

    def _learnt(self) -> dict[str, Any]:
        return {}

    def save(self, folder: Path, card: str = "", **facts: Any) -> None:
        """Write a bundle."""
        config = {
            "estimator": type(self).__name__,
            "settings": self._settings(),
            "rows": self.rows,
            "steps": self.steps,
            "margins": None if self.margins is None else self.margins.tolist(),
            "effects": None if self.effects is None else self.effects.to_json(),
            **self._learnt(),
            **self.facts,
            **facts,
        }
        write_bundle(folder, Bundle(config, {}, self._weights(), card))

    def _restore(self, found: "_Stored") -> None:
        self.rows, self.steps = found.rows, found.steps
        self.facts = found.model_dump(
            include={"target", "log", "trained_to", "columns", "channels"}
        )
        if found.effects is not None:
            if len(found.effects) != PARTS * self.known + 1:
                raise DataError(
                    f"{self.known} columns must have {PARTS * self.known + 1} numbers that say "
                    f"what they move, but there are {len(found.effects)}."
                )
            self.effects = Effects.from_json(found.effects)
        if found.margins is None:
            self.level = None
            return
        if len(found.margins) != self.horizon:
            raise DataError(
                f"there must be a margin for each of {self.horizon} steps ahead, but there are "
                f"{len(found.margins)}."
            )
        self.margins = np.asarray(found.margins, float)


class _Unlearnt(_Rival):
    """A method that learns nothing; it is made of its settings alone."""

    begins: ClassVar[str]

    def __init__(
        self,
        horizon: int,
        season: int = 1,
        level: float | None = None,
        known: int = 0,
        past: int = 0,
    ) -> None:
        self.horizon, self.season, self.level = horizon, season, level
        self.known, self.past = known, past

    def _middle(self, histories: Histories) -> Floats:
        return begun(self.begins, histories, self.horizon, self.season)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read what `save` wrote.

        Raises:
            BundleError: it is damaged, or not of one model.
        """
        with opened(folder, cls.__name__) as bundle:
            bundle.arrays({})
            found = bundle.config_as(_Seasonal.model_validate)
            model = cls(**found.settings.model_dump())
            model._restore(found)
        return model


class NaiveAhead(_Unlearnt):
    """Says that each step will be as it was a whole number of seasons before.

    Args:
        horizon: steps ahead.
        season: steps of a season, 1 for the last value.
        level: the share of outcomes that intervals shall hold, None for no intervals.
        known, past: columns beside it that are known ahead, and to the last step.

    Example:
        >>> known = KnownSeries(np.arange(9.0), np.arange(2, 8))
        >>> NaiveAhead(2).fit(known, []).say(np.array([[1.0, 5.0]])).middle.tolist()
        [[5.0, 5.0]]
    """

    begins = "naive"

    @property
    def needs(self) -> int:  # type: ignore[override]
        """How many steps a history must have."""
        return self.season


class ThetaAhead(_Unlearnt):
    """Says what Theta says: see `recurra.smoothing`.

    Args:
        horizon: steps ahead.
        season: steps of a season, 1 for none.
        level: the share of outcomes that intervals shall hold, None for no intervals.
        known, past: columns beside it that are known ahead, and to the last step.

    Example:
        >>> ThetaAhead(2).say(np.arange(10.0)[None]).middle.round(1).tolist()
        [[9.5, 10.0]]
    """

    begins = "theta"


class EtsAhead(_Unlearnt):
    """Exponential smoothing of level, trend and season; the AICc says which of them there are.

    Each series is fitted on the last 500 steps (or ten seasons) before the first origin that is
    asked; from there on its states go along with it. It has nothing to save but its settings.

    Args:
        horizon: steps ahead.
        season: steps of a season, 1 for none. One of more than 24 is taken off before.
        level: the share of outcomes that intervals shall hold, None for no intervals.
        known, past: columns beside it, which it does not read.

    Example:
        >>> EtsAhead(2).say(np.arange(30.0)[None]).middle.round(1).tolist()
        [[30.0, 31.0]]

    Source: Hyndman et al., "Forecasting with Exponential Smoothing" (2008); statsmodels.
    """

    moved = False

    @cached_property
    def _fits(self) -> dict[bytes, Any]:
        """What was fitted, by the steps that it was fitted on."""
        return {}

    def _learn(self, histories: Histories, sides: Sides) -> Rows:
        """Look at validation rows: only those that follow a fit were not seen by it."""
        return np.asarray(sides[0][1]) if len(sides) else np.zeros(0, np.int64)

    def _middle(self, histories: Histories) -> Floats:
        found = np.empty((len(histories), self.horizon))
        for start in np.unique(histories.starts):
            rows = np.flatnonzero(histories.starts == start)
            ends = histories.ends[rows]
            found[rows] = self._of_one(histories.numbers[start : ends.max()], ends - start)
        return found

    def _of_one(self, steps: Floats, ends: Rows) -> Floats:
        """Fit on the steps before the first end, and forecast from each end, (ends, horizon)."""
        left = max(0, int(ends.min()) - max(NEWEST, 10 * self.season))
        steps, ends = steps[left:], ends - left
        first = int(ends.min())
        size = float(np.abs(steps[:first]).max()) or 1.0
        if first < FEWEST or np.ptp(steps[:first]) == 0:
            return np.repeat(steps[ends - 1][:, None], self.horizon, axis=1)
        steps = steps / size
        long = self.season > LONGEST_SEASON
        cycle = np.zeros(1)
        if long and first >= 2 * self.season:
            cycle = _phases(steps[:first], self.season)
        steps = steps - cycle[np.arange(len(steps)) % len(cycle)]
        key = steps[:first].tobytes()
        if key not in self._fits:
            self._fits[key] = _best_ets(steps[:first], 1 if long else self.season)
        ahead = _carried(self._fits[key], steps, ends, self.horizon)
        ahead += cycle[(ends[:, None] + np.arange(self.horizon)) % len(cycle)]
        found: Floats = ahead * size
        return found


def _phases(steps: Floats, season: int) -> Floats:
    """Give the mean of each phase, against the mean of all."""
    phase = np.arange(len(steps)) % season
    return np.asarray(np.bincount(phase, steps) / np.bincount(phase) - steps.mean())


def _forms(steps: Floats, season: int) -> Iterator[dict[str, Any]]:
    seasons: list[str | None] = [None]
    if season > 1 and len(steps) >= 2 * season + 5:
        seasons += ["add", *(["mul"] if steps.min() > 0 else [])]
    for trend, fades in ((None, False), ("add", False), ("add", True)):
        for each in seasons:
            yield {
                "trend": trend,
                "damped_trend": fades,
                "seasonal": each,
                "seasonal_periods": season if each else None,
            }


def _best_ets(steps: Floats, season: int) -> Any:
    """Fit every form that the steps allow, and give the one of the lowest AICc."""
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    best = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a form that does not converge is not the best
        for form in _forms(steps, season):
            model = ExponentialSmoothing(steps, initialization_method="estimated", **form)
            fitted = model.fit()
            if np.isfinite(fitted.aicc) and (best is None or fitted.aicc < best.aicc):
                best = fitted
    return best


def _carried(fitted: Any, steps: Floats, ends: Rows, horizon: int) -> Floats:
    """Take the states of a fit on to the end of these steps, and forecast from each end."""
    if fitted is None:
        return np.repeat(steps[ends - 1][:, None], horizon, axis=1)
    model = fitted.model
    on, at = _with_known(model, fitted.params, steps), ends[:, None] - 1
    fades = fitted.params["damping_trend"] if model.damped_trend else 1.0
    ahead = np.repeat(on.level[at], horizon, axis=1)
    if model.has_trend:
        ahead = ahead + np.cumsum(fades ** np.arange(1, horizon + 1)) * on.trend[at]
    if not model.has_seasonal:
        return np.asarray(ahead)
    m = model.seasonal_periods
    season = on.season[at - m + 1 + np.arange(horizon) % m]
    return np.asarray(ahead + season if model.seasonal == "add" else ahead * season)


def _with_known(model: Any, params: Mapping[str, Any], steps: Floats) -> Any:
    """Smooth more steps with what was fitted."""
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    seasonal, trend = model.has_seasonal, model.has_trend
    again = ExponentialSmoothing(
        steps,
        trend=model.trend,
        damped_trend=model.damped_trend,
        seasonal=model.seasonal,
        seasonal_periods=model.seasonal_periods if seasonal else None,
        initialization_method="known",
        initial_level=params["initial_level"],
        initial_trend=params["initial_trend"] if trend else None,
        initial_seasonal=params["initial_seasons"] if seasonal else None,
    )
    return again.fit(
        smoothing_level=params["smoothing_level"],
        smoothing_trend=params["smoothing_trend"] if trend else None,
        smoothing_seasonal=params["smoothing_seasonal"] if seasonal else None,
        damping_trend=params["damping_trend"] if model.damped_trend else None,
        optimized=False,
    )


class LinearAhead(_Rival):
    """A ridge regression on the window: its last value taken off, divided by a deviation.

    The deviation `s` is that of the window, so series of all sizes are forecast the same. The
    penalty is chosen on the validation rows; then all rows known are fitted. Intervals are of the
    errors out of fold on all rows known (`recurra.baselines.lines.line_folds`); where a fold
    leaves too few rows to fit on, or columns are known ahead, of those on validation rows.

    Args:
        horizon: steps ahead.
        window: steps read.
        level: the share of outcomes that intervals shall hold, None for no intervals.
        alone: whether the deviation is one of all training windows, as of one series.
        known, past: columns beside it that are known ahead, and to the last step; of the latter
            it reads a window, too.

    Example:
        >>> known = KnownSeries(np.arange(40.0), np.arange(4, 38))
        >>> model = LinearAhead(2, 4).fit(known, [(np.arange(20), np.arange(21, 34))])
        >>> model.say(np.array([[1.0, 2.0, 3.0, 4.0]])).middle.round(2).tolist()
        [[5.0, 6.0]]
    """

    def __init__(
        self,
        horizon: int,
        window: int,
        level: float | None = None,
        alone: bool = True,
        known: int = 0,
        past: int = 0,
    ) -> None:
        self.horizon, self.window, self.level, self.alone = horizon, window, level, alone
        self.known, self.past = known, past
        self.penalty = 1.0
        self.line: Line | None = None
        self._out_of_fold: Floats | None = None

    @property
    def needs(self) -> int:  # type: ignore[override]
        """How many steps a history must have."""
        return self.window

    def _learn(self, histories: Histories, sides: Sides) -> Rows:
        """Choose the penalty on the first turn; forecast every row by a line it did not teach."""
        train, validation = np.arange(len(histories)), np.zeros(0, np.int64)
        if len(sides):
            train, validation = map(np.asarray, sides[0])
        self._rows = LineRows(
            histories,
            self.horizon,
            self.window,
            alone=self.alone,
            past=self.past,
            training=train,
        )

        def error(penalty: float) -> float:
            return self._rows.error(self._rows.fit(train, penalty), validation)

        if len(validation):
            self.penalty = min(PENALTIES, key=error)
        self.line = self._rows.fit(train, self.penalty)
        folds = line_folds(histories, self.horizon)
        if self.known or min((len(fitted) for fitted, _ in folds), default=0) < FEWEST_ROWS:
            return validation
        self._out_of_fold = np.empty((len(histories), self.horizon))
        for fitted, asked in folds:
            line = self._rows.fit(fitted, self.penalty)
            self._out_of_fold[asked] = self._rows.ahead(line, asked)
        return np.arange(len(histories))

    def _unseen(self, histories: Histories, rows: Rows) -> Floats:
        out_of_fold = self._out_of_fold
        return super()._unseen(histories, rows) if out_of_fold is None else out_of_fold[rows]

    def _finish(self, histories: Histories) -> None:
        self.line = self._rows.fit(np.arange(len(histories)), self.penalty)
        self._out_of_fold = None
        del self._rows

    def _middle(self, histories: Histories) -> Floats:
        assert self.line is not None
        return self.line.ahead(histories)

    def _settings(self) -> dict[str, Any]:
        return {
            "horizon": self.horizon,
            "window": self.window,
            "level": self.level,
            "alone": self.alone,
            "known": self.known,
            "past": self.past,
        }

    def _learnt(self) -> dict[str, Any]:
        return {"penalty": self.penalty}

    def _weights(self) -> dict[str, Array]:
        assert self.line is not None
        return self.line.arrays()

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read what `save` wrote.

        Raises:
            BundleError: it is damaged, or not of one model.
        """
        with opened(folder, "LinearAhead") as bundle:
            found = bundle.config_as(_Linear.model_validate)
            model = cls(**found.settings.model_dump())
            model._restore(found)
            arrays = bundle.arrays(needed_of(model.horizon, model.window, model.past))
            model.line = Line.restored(model.window, model.alone, arrays)
            model.penalty = found.penalty
        return model


def _long_enough(histories: Histories, steps: int) -> None:
    shortest = int(histories.lengths.min()) if len(histories) else steps
    if shortest < max(1, steps):
        raise DataError(
            f"a history must have at least {max(1, steps)} steps, but one of {shortest} was given."
        )


Steps = Annotated[int, Field(ge=1, le=1_000_000)]


Columns = Annotated[int, Field(ge=0, le=1_000)]


class _Season(Stored):
    horizon: Steps
    season: Steps
    level: Share | None = None
    known: Columns = 0
    past: Columns = 0


class _Window(Stored):
    horizon: Steps
    window: Steps
    level: Share | None = None
    alone: bool = True
    known: Columns = 0
    past: Columns = 0


class _Stored(Stored):
    rows: int
    steps: int
    margins: list[Annotated[Number, Field(ge=0)]] | None = None
    target: Text | None = None
    log: bool | None = None
    trained_to: Text | None = None
    columns: dict[Text, Text] = Field(default_factory=dict)
    channels: list[Text] = Field(default_factory=list)
    effects: list[Number] | None = None


class _Seasonal(_Stored):
    settings: _Season


class _Linear(_Stored):
    settings: _Window
    penalty: Number


def _unlearnt(
    kind: type[_Unlearnt], horizon: int, season: int, level: float, beside: Beside, seed: int
) -> _Rival:
    return kind(horizon, season, level, *beside)


def _linear(
    horizon: int, window: int, level: float, alone: bool, beside: Beside, seed: int
) -> LinearAhead:
    return LinearAhead(horizon, window, level, alone, *beside)


def forecasts(
    horizon: int,
    window: int,
    season: int,
    level: float = 0.9,
    several: bool = False,
    beside: Beside = (0, 0),
) -> list[Contender]:
    """Give the baselines of series as contenders.

    Args:
        horizon: steps ahead.
        window: steps read.
        season: steps of a season, 1 for none.
        level: the share of outcomes that intervals shall hold.
        several: whether there are several series.
        beside: how many columns are known ahead, and how many to the last step.
    """
    kinds: list[tuple[str, type[_Unlearnt], int]] = [("naive", NaiveAhead, 1)]
    if season > 1:
        kinds.append(("seasonal naive", NaiveAhead, season))
    kinds += [("Theta", ThetaAhead, season), ("ETS", EtsAhead, season)]
    found = [
        Contender(name, partial(_unlearnt, kind, horizon, each, level, beside), baseline=True)
        for name, kind, each in kinds
    ]
    linear = partial(_linear, horizon, window, level, not several, beside)
    return [*found, Contender("linear", linear, baseline=True)]
