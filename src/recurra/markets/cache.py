"""What was fetched is kept, so that it is fetched once and is there without a network.

::

    CACHE/markets/FinanceDataReader/
    ├── 000660.json                what is kept: its file, SHA-256, range, source, what was mended
    ├── 000660-1f2e3d4c.parquet    the prices
    └── listings/KRX.json …

The JSON is written last and names its file, so a killed write leaves the older pair whole.
"""

import datetime as dt
import glob
import hashlib
import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from recurra.errors import DataError, SourceError
from recurra.files import write_atomically
from recurra.markets.prices import Finding, Prices
from recurra.markets.sources import PriceSource, listing_symbol
from recurra.markets.tickers import instrument
from recurra.places import cache_folder

__all__ = ["CachedSource"]

FRESH = dt.timedelta(hours=1)  # today's row changes until the market closes
LISTING_FRESH = dt.timedelta(days=1)
OVERLAP = dt.timedelta(days=14)
SAME = 1e-6  # relative: closes that differ by more were rescaled


class _Card(BaseModel):
    """What stands beside each kept file."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    schema_: Literal["recurra.cached/1"] = Field(default="recurra.cached/1", alias="schema")
    file: str
    sha256: str
    source: str
    fetched_at: dt.datetime
    asked_from: dt.date | None = None  # None: all there is
    adjusted: bool | None = None
    mended: tuple[Finding, ...] = ()


class _Kept(NamedTuple):
    card: _Card
    frame: pd.DataFrame


class CachedSource:
    """A source whose answers are kept on disk and brought up to date by their newest days only.

    When newer days are fetched, some kept ones are fetched with them and compared: if they differ,
    the history was rescaled (a split, a dividend) and all of it is fetched again.

    Args:
        source: where to ask.
        folder: where to keep; None: the cache folder ($RECURRA_CACHE).
        offline: whether never to ask.
    """

    def __init__(
        self, source: PriceSource, folder: Path | None = None, *, offline: bool = False
    ) -> None:
        self.source, self.name, self.offline = source, source.name, offline
        self.folder = (folder or cache_folder() / "markets") / source.name

    def prices(
        self, ticker: str, start: dt.date | None = None, end: dt.date | None = None
    ) -> Prices:
        """Give daily prices from `start` to `end`, both included; None: all there are.

        Raises:
            DataError: offline, and nothing is kept, too little, or it is damaged.
            SourceError: the source cannot be reached.
        """
        known = instrument(ticker)
        place = self.folder / f"{known.file_name}.json"
        kept = self._read(place)
        if not self.offline:
            kept = self._updated(ticker, place, kept, start, end)
        elif kept is None:
            raise _not_kept(f"the prices of {known.ticker}", self.folder)
        elif start and not _covers(kept.card, start):
            raise DataError(
                f"the prices of {known.ticker} are needed from {start}, but only those from "
                f"{kept.card.asked_from} are kept. Give --start {kept.card.asked_from}, or leave "
                "out --offline."
            )
        name = f"{self.name}, fetched {kept.card.fetched_at.date()}"
        prices = Prices(
            known.ticker, kept.frame, name, known.currency, kept.card.adjusted, kept.card.mended
        ).between(start, end)
        if prices.frame.empty:
            first, last = kept.frame.index[0].date(), kept.frame.index[-1].date()
            raise DataError(
                f"the range must hold days of {known.ticker}, but those kept are from {first} to "
                f"{last}."
            )
        return prices

    def listing(self, symbol: str) -> pd.DataFrame:
        """Give what is listed under one of `LISTINGS`; where the source fails, what is kept.

        The frame's `attrs["as of"]` is the day on which it was fetched.

        Raises:
            DataError: offline, and nothing is kept, or it is damaged.
            SourceError: the source cannot be reached, and nothing is kept.
        """
        symbol = listing_symbol(symbol)
        place = self.folder / "listings" / f"{symbol}.json"
        kept = self._read(place)
        now = _now()
        if not self.offline and not (kept and now - kept.card.fetched_at < LISTING_FRESH):
            try:
                listing = self._listing(symbol, kept)
            except SourceError:
                if kept is None:
                    raise
            else:
                card = _Card(file="", sha256="", source=self.name, fetched_at=now)
                kept = self._write(place, listing, card)
        if kept is None:
            raise _not_kept(f"the listing of {symbol}", self.folder)
        kept.frame.attrs["as of"] = str(kept.card.fetched_at.date())
        return kept.frame

    def _listing(self, symbol: str, kept: _Kept | None) -> pd.DataFrame:
        """Ask for a listing; one of half as many shares as are kept was cut off."""
        listing = self.source.listing(symbol)
        if kept is not None and 2 * len(listing) < len(kept.frame):
            raise SourceError(
                f"{self.name} must give the whole listing of {symbol}, but it has {len(listing):,} "
                f"shares where {len(kept.frame):,} are kept: it was not kept. Try again later."
            )
        return listing

    def _updated(
        self,
        ticker: str,
        place: Path,
        kept: _Kept | None,
        start: dt.date | None,
        end: dt.date | None,
    ) -> _Kept:
        """Fetch what is missing: all, or the days since the last."""
        now = _now()
        if kept is None or not _covers(kept.card, start):
            return self._keep(place, self.source.prices(ticker, start), start, now, kept)
        until = end or now.date()
        if until < kept.card.fetched_at.date() or now - kept.card.fetched_at < FRESH:
            return kept
        last = kept.frame.index[-1].date()
        try:
            newer = self.source.prices(ticker, last - OVERLAP)
        except DataError:  # nothing was traded since
            return kept
        joined = _joined(kept, newer)
        if joined is None:
            joined = self.source.prices(ticker, kept.card.asked_from)
        return self._keep(place, joined, kept.card.asked_from, now, kept)

    def _keep(
        self,
        place: Path,
        prices: Prices,
        start: dt.date | None,
        now: dt.datetime,
        before: _Kept | None,
    ) -> _Kept:
        """Keep prices in place of those kept before, which must not end later: they would be lost.

        Raises:
            SourceError: they do.
        """
        last = prices.frame.index[-1]
        if before is not None and last < before.frame.index[-1]:
            raise SourceError(
                f"{self.name} must give the prices of {prices.ticker} as far as they are kept, to "
                f"{before.frame.index[-1].date()}, but its answer ends on {last.date()}: it was "
                "not kept. Try again later, or take what is kept: --offline"
            )
        card = _Card(
            file="",
            sha256="",
            source=prices.source,
            fetched_at=now,
            asked_from=start,
            adjusted=prices.adjusted,
            mended=prices.mended,
        )
        return self._write(place, prices.frame, card)

    def _write(self, place: Path, frame: pd.DataFrame, card: _Card) -> _Kept:
        """Write the frame, then the card that names it; what it replaces goes last."""
        packed = io.BytesIO()
        frame.to_parquet(packed)
        sha256 = hashlib.sha256(packed.getvalue()).hexdigest()
        card = card.model_copy(
            update={"file": f"{place.stem}-{sha256[:12]}.parquet", "sha256": sha256}
        )
        older = set(place.parent.glob(f"{glob.escape(place.stem)}-*.parquet"))
        write_atomically(place.parent / card.file, packed.getvalue())
        write_atomically(place, card.model_dump_json(by_alias=True, indent=2).encode())
        for path in older - {place.parent / card.file}:
            if re.fullmatch(r"[0-9a-f]{12}", path.stem.removeprefix(f"{place.stem}-")):
                path.unlink(missing_ok=True)
        return _Kept(card, frame)

    def _read(self, place: Path) -> _Kept | None:
        """Give what is kept, None if nothing is, or if it is damaged and may be fetched again.

        Raises:
            DataError: it is damaged, and there is no network to mend it from.
        """
        if not place.exists():
            return None
        try:
            card = _Card.model_validate_json(place.read_bytes())
            packed = (place.parent / card.file).read_bytes()
            if hashlib.sha256(packed).hexdigest() == card.sha256:
                return _Kept(card, pd.read_parquet(io.BytesIO(packed)))
        except (OSError, ValidationError, ValueError):
            pass
        if self.offline:
            raise DataError(
                f"what is kept must be as it was written, but {place} or its file is damaged. "
                "Fetch it again without --offline."
            )
        return None


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _covers(card: _Card, start: dt.date | None) -> bool:
    """Say whether all days since `start` were asked for."""
    return card.asked_from is None or (start is not None and start >= card.asked_from)


def _joined(kept: _Kept, newer: Prices) -> Prices | None:
    """Put newer days behind kept ones, None if those in both differ: they were rescaled.

    The last kept day is not compared: it may have been fetched before its market closed.
    """
    before, after = kept.frame["close"].iloc[:-1], newer.frame["close"]
    common = before.index.intersection(after.index)
    if not len(common) or not np.allclose(before[common], after[common], rtol=SAME, atol=0):
        return None
    first = newer.frame.index[0]
    frame = pd.concat([kept.frame[kept.frame.index < first], newer.frame])
    mended = [found for found in kept.card.mended if found.date and found.date < first.date()]
    return replace(newer, frame=frame, mended=(*mended, *newer.mended))


def _not_kept(what: str, folder: Path) -> DataError:
    return DataError(
        f"offline, {what} must be kept from before, but {folder} has none. Fetch once without "
        "--offline, give --source FOLDER with files, or set RECURRA_DATA to such a folder."
    )
