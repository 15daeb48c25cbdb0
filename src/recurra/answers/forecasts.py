"""What a forecaster tells, from the outputs of its networks."""

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from recurra.answers.effects import PARTS, Effects, check_columns
from recurra.answers.lines import Line, needed_of
from recurra.answers.model import FittedModel
from recurra.arrays import Array, Floats, Rows
from recurra.bundle import Bundle
from recurra.errors import DataError, SettingsError
from recurra.names import LINES, STARTS
from recurra.sequences import Histories, NumberEncoder, Ragged, naive_ahead
from recurra.smoothing import METHODS
from recurra.stored import Number, Numbers, Positive, Share, Stored

__all__ = ["LINE", "Ahead", "ForecastAnswers", "begun", "longest_read", "scales"]

FEWEST = 128  # steps that are smoothed, or ten seasons
LINE = "line/"  # before the names of its arrays in a bundle


class _Learnt(Stored):
    target_scale: list[Positive]
    margins: list[Annotated[Number, Field(ge=0)]]
    begins: str | None = None
    alone: bool = True
    share: Share | None = None
    effects: list[Number] | None = None


@dataclass(frozen=True)
class Ahead:
    """What is said of the steps ahead.

    Args:
        middle: (rows, horizon) the forecasts.
        margins: half the width of the intervals, (horizon,) or (rows, horizon); None where there
            are none.
    """

    middle: Floats
    margins: Floats | None = None


def longest_read(season: int) -> int:
    """Give how many of the last steps a forecast that is smoothed reads."""
    return max(FEWEST, 10 * season)


def begun(
    begins: str, histories: Histories, horizon: int, season: int, linear: Floats | None = None
) -> Floats:
    """Forecast as a network begins, (rows, horizon).

    Args:
        begins: "naive" (seasonal where there is a season), "theta", "damped" or "smoothed", which
            learn nothing; "linear", or "combined": the mean of the linear and the smoothed one.
        histories: what stands before.
        horizon: steps ahead.
        season: steps of a season, 1 for none.
        linear: (rows, horizon) what a line says, where it begins as one.
    """
    if begins == "naive":
        return naive_ahead(histories.numbers, histories.ends, horizon, season)
    if begins in LINES:
        assert linear is not None
        if begins == "linear":
            return linear
        return (linear + begun("smoothed", histories, horizon, season)) / 2
    found = np.empty((len(histories), horizon))
    for rows, steps in histories.by_length(longest_read(season)):
        found[rows] = METHODS[begins](steps, horizon, season)
    return found


def scales(histories: Histories, season: int) -> Floats:
    """Give by how much each history moves from season to season, (rows,).

    ::

        scale = mean |x_t - x_{t - season}|         of a history that never moves: its size, or 1
    """
    found = np.empty(len(histories))
    for rows, steps in histories.by_length(longest_read(season)):
        lag = season if steps.shape[1] > season else 1
        size = np.abs(steps).max(axis=1)
        moved = np.abs(steps[:, lag:] - steps[:, :-lag])
        moves = moved.mean(axis=1) if moved.shape[1] else np.zeros(len(rows))
        found[rows] = np.where(moves > 1e-12 * size, moves, np.where(size > 0, size, 1.0))
    return found


class ForecastAnswers(FittedModel):
    """Forecasts with intervals: what networks add to the forecast that they begin as.

    Attributes:
        horizon, window, season: as in `SequenceForecaster`.
        begins_: the method; None: the naive one, and no row has a scale of its own.
        line_: what it begins as, or half of it, where that was fitted; else None.
        share_: of what the networks say that is added.
        target_scale_: (horizon,) of what is added.
        margins_: (horizon,) half the width of the intervals.
        known: how many columns beside what is forecast are known ahead.
        effects_: what they add; None where none are.
    """

    horizon: int
    window: int
    season: int
    begins_: str | None
    line_: Line | None = None
    share_: float
    target_scale_: Floats
    margins_: Floats
    known: int = 0
    effects_: Effects | None = None

    def predict(self, X: Any) -> Floats:
        """Forecast what follows each of these histories, (rows, horizon).

        Args:
            X: numeric sequences, each at least a season long; all but the last `window` steps is
                not read, and where it begins as a smoothed series, all but the last 128 steps, or
                ten seasons.
        """
        return self.say(X).middle

    def say(self, asked: Any) -> Ahead:
        """Forecast what follows histories, with intervals."""
        self._check_fitted()
        return self._forecast(Histories.of(asked))

    def predict_interval(self, X: Any) -> Floats:
        """Give the lower and upper end of the interval of each forecast, (rows, horizon, 2)."""
        said = self.say(X)
        margins = np.broadcast_to(np.asarray(said.margins), said.middle.shape)
        ends: Floats = np.stack([said.middle - margins, said.middle + margins], axis=2)
        return ends

    def forecast(self, series: Any) -> Floats:
        """Forecast what follows one series, (horizon,)."""
        ahead: Floats = self.predict([series])[0]
        return ahead

    def predict_from(self, series: Any, origins: Rows) -> Floats:
        """Forecast from inside a series, (origins, horizon); each reads only steps before it."""
        whole, ends = Histories.of([series]), np.asarray(origins)
        length = self._longest
        if len(ends) and not length <= ends.min() <= ends.max() <= len(whole.steps):
            raise DataError(
                f"a forecast needs {length} steps before it, but one from step {ends.min()} of "
                f"{len(whole.steps)} was asked for."
            )
        return self.predict(Histories(whole.steps, np.zeros_like(ends), ends))

    def _scaled(self, histories: Histories) -> tuple[Ragged, Floats]:
        """Give what the network reads of each history, and the scale of each row."""
        windows = histories.ragged(self._longest)
        if self.begins_ is None:
            return windows, np.ones(len(histories))
        scale = scales(histories, self.season)
        each = np.repeat(scale, windows.lengths)[:, None]
        last = np.repeat(histories.numbers[histories.ends - 1], windows.lengths)
        steps = windows.timesteps()
        steps[:, 0] = (steps[:, 0] - last) / each[:, 0]
        table = np.concatenate([np.zeros((1, steps.shape[1])), steps])
        codes = np.arange(1, len(table), dtype=np.int32)
        return Ragged(codes, windows.offsets, table), scale

    def _forecast(self, histories: Histories) -> Ahead:
        short = np.flatnonzero(histories.lengths < self.season)
        if len(short):
            raise DataError(
                f"a history must have at least {self.season} steps, but row {short[0]} "
                f"has {histories.lengths[short[0]]}."
            )
        if isinstance(self.encoder_, NumberEncoder):
            past = self.encoder_.features - 1 - 2 * self.known
            check_columns(histories, self.known, past, max(self.season, self.horizon))
        linear = None if self.line_ is None else self.line_.ahead(histories)
        base = begun(self.begins_ or "naive", histories, self.horizon, self.season, linear)
        windows, scale = self._scaled(histories)
        if self.effects_ is not None:
            base += self.effects_.ahead(histories, self.horizon, self.season) * scale[:, None]
        if self.share_:
            outputs = self._outputs(self.encoder_.encode(windows)).reshape(-1, self.horizon)
            base = base + self.share_ * outputs * self.target_scale_ * scale[:, None]
        margins = self.margins_ if self.begins_ is None else self.margins_ * scale[:, None]
        return Ahead(base, margins)

    def _answer(self, outputs: Floats) -> Any:
        return outputs * self.target_scale_

    def _arrays_beside(self) -> dict[str, Array]:
        arrays = {} if self.line_ is None else self.line_.arrays()
        return {f"{LINE}{name}": each for name, each in arrays.items()}

    def _needed_beside(self) -> dict[str, Numbers]:
        if self.begins_ not in LINES:
            return {}
        needed = needed_of(self.horizon, self._longest, self.encoder_.features - 1 - 2 * self.known)
        return {f"{LINE}{name}": each for name, each in needed.items()}

    @property
    def _longest(self) -> int:
        """How many steps are read: a window, or a season."""
        return max(self.window, self.season)

    def _learnt(self) -> dict[str, Any]:
        return {
            "target_scale": self.target_scale_.tolist(),
            "margins": self.margins_.tolist(),
            "begins": self.begins_,
            **({} if self.line_ is None else {"alone": self.line_.reader.alone}),
            "share": self.share_,
            **({"effects": self.effects_.to_json()} if self.effects_ else {}),
        }

    def _restore(self, bundle: Bundle) -> None:
        super()._restore(bundle)
        learnt = bundle.config_as(_Learnt.model_validate)
        self.target_scale_ = np.asarray(learnt.target_scale, float)
        self.margins_ = np.asarray(learnt.margins, float)
        self.begins_ = learnt.begins
        self.share_ = 1.0 if learnt.share is None else learnt.share
        self.effects_ = Effects.from_json(learnt.effects) if learnt.effects else None
        if len(learnt.effects or []) != (PARTS * self.known + 1 if self.known else 0):
            raise SettingsError(
                f"{self.known} columns that are known ahead must have {PARTS} numbers each, and "
                f"one more, but there are {len(learnt.effects or [])}."
            )
        if self.begins_ not in (None, *STARTS):
            raise SettingsError(
                f"a forecaster begins as {', '.join(STARTS)}, but this one as {self.begins_!r}."
            )
        if not len(self.target_scale_) == len(self.margins_) == self.horizon:
            raise SettingsError(
                f"there must be a scale and a margin for each of {self.horizon} steps ahead, but "
                f"there are {len(self.target_scale_)} and {len(self.margins_)}."
            )
        if not isinstance(self.encoder_, NumberEncoder):
            raise DataError("a forecaster must read numbers, but its encoder reads texts.")
        self.line_ = self._restored_line(bundle, learnt.alone)

    def _restored_line(self, bundle: Bundle, alone: bool) -> Line | None:
        if self.begins_ not in LINES:
            return None
        found = bundle.arrays(self._needed_beside(), LINE)
        named = {name.removeprefix(LINE): each for name, each in found.items()}
        return Line.restored(self._longest, alone, named)
