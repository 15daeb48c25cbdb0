"""Prices that are tried: the last closes of a share are moved, and a rise is more or less likely.

A day moves whole: its open, high and low keep their distance to its close, in per cent.
"""

from pathlib import Path
from typing import Any

import numpy as np

from recurra.arrays import Floats
from recurra.errors import RecurraError
from recurra.finished import FinishedRun
from recurra.markets.choose import chosen_source
from recurra.markets.rows import RiseRows, rows_of
from recurra.markets.sessions import without_closed_days
from recurra.markets.simulator import sample_market
from recurra.problems.kept import Kept
from recurra.problems.saved.rises import KINDS, saved_rises
from recurra.serving.refusals import RefusedError
from recurra.studio.held import HeldRow, written
from recurra.studio.tried.row import Row, Tried, numbers_of
from recurra.wording import retold, worded

__all__ = ["Rise"]

SHOWN = 40  # days whose closes can be moved
MOVED = ("open", "high", "low", "close")


class Rise(Tried):
    """Whether a close rises on the day after the last."""

    channels = ("close",)

    def __init__(self, kept: Kept, run: FinishedRun) -> None:
        super().__init__(kept, run)
        kept.open(KINDS, "call rises")  # what is damaged is told before prices are read
        self.asked = saved_rises(run.folder)
        self.ticker, self.frame = _prices(run, self.asked.tickers)

    @property
    def title(self) -> str:
        """What is typed, in words."""
        return worded("The last {days} closes of {ticker}", days=SHOWN, ticker=self.ticker)

    def held(self) -> list[HeldRow]:
        """Give the closes as they were."""
        return [HeldRow(self.ticker, written(self.frame[["close"]].to_numpy()[-SHOWN:]))]

    def rows(self, given: str) -> RiseRows:
        """Give the row of the day after the last, as the network reads it."""
        return rows_of({self.ticker: self._moved(given)}, self.asked.model.window, newest=True)

    def _moved(self, given: str) -> Any:
        closes = numbers_of(given, 1)[:, 0]
        if not (closes > 0).all():
            raise RefusedError(400, worded("a close must be above 0, but one is not."))
        return moved(self.frame, closes)

    def told(self, asked: Row) -> dict[str, Any]:
        """Tell the probability of a rise where the last closes are these."""
        market = {self.ticker: self._moved(asked.row)}
        (found,) = self.asked.newest(market, allow_stale=True).to_dict("records")
        return {
            "said": worded(
                "On {day} it rises with a probability of {probability:.4f}; the base rate is "
                "{rate:.4f}. The call: {call}.",
                day=found["for"],
                probability=found["probability"],
                rate=found["base rate"],
                call=found["call"],
            ),
            "why": f"{retold(self.asked.asks)} {retold(self.asked.verdict)}",
            "shares": {worded("rise"): float(found["probability"])},
        }


def moved(frame: Any, closes: Floats) -> Any:
    """Give prices whose last closes are these; what else a day has moves with its close.

    Raises:
        RefusedError: there are more closes than days.
    """
    if len(closes) > len(frame):
        raise RefusedError(
            400,
            worded(
                "there must be up to {days:,} closes, but there are {given:,}.",
                days=len(frame),
                given=len(closes),
            ),
        )
    ratio = np.ones(len(frame))
    ratio[len(frame) - len(closes) :] = closes / frame["close"].to_numpy()[-len(closes) :]
    return frame.assign(**{name: frame[name] * ratio for name in MOVED})


def _prices(run: FinishedRun, tickers: tuple[str, ...]) -> tuple[str, Any]:
    """Read prices that a run was fitted on, of its first ticker.

    Raises:
        RefusedError: they are not here any more.
    """
    source = run.report.data.source
    if source.startswith("embedded sample"):
        first = sample_market()[0]
        return first.ticker, first.frame
    place = Path(source.rpartition(" of ")[2])
    folder = str(place if place.is_dir() else place.parent) if place.exists() else None
    try:
        found = without_closed_days(chosen_source(folder, offline=True).prices(tickers[0]))
    except (RecurraError, IndexError, OSError):
        raise RefusedError(
            404, worded("the prices that this run was trained on are not here any more.")
        ) from None
    return found.ticker, found.frame
