"""Which prices are meant: the embedded sample, a folder, a listing, or tickers."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recurra.errors import SettingsError
from recurra.markets.choose import chosen_source, prices_of_listing
from recurra.markets.prices import Prices
from recurra.markets.sessions import without_closed_days
from recurra.markets.simulator import sample_market
from recurra.markets.sources import LISTINGS, listing_symbol
from recurra.markets.sources import universe as universe_of
from recurra.names import near

__all__ = ["Opened", "open_prices"]


@dataclass(frozen=True)
class Opened:
    """Prices of some tickers.

    Args:
        prices: of each.
        source: where they come from, in words.
        notes: what is to be said of them.
    """

    prices: list[Prices]
    source: str
    notes: tuple[str, ...] = ()


def open_prices(
    tickers: Sequence[str] | None = None,
    *,
    universe: str | None = None,
    sample: bool = False,
    source: str | None = None,
    offline: bool = False,
    encoding: str | None = None,
) -> Opened:
    """Give the prices asked for; days of a closed market are left out.

    Args:
        tickers: such as 000660.
        universe: a folder of TICKER.csv files, or a listing such as KOSPI.
        sample: the embedded sample.
        source: as `chosen_source` takes it.
        offline: whether the network stays unused.
        encoding: of files, None to recognise it.

    Raises:
        SettingsError: not exactly one of the three was given, or the universe is neither.
        DataError: there are no such prices.

    Example:
        >>> opened = open_prices(sample=True)
        >>> len(opened.prices), opened.source
        (12, 'embedded sample (a simulated market without edge)')
    """
    if sample + bool(tickers) + bool(universe) != 1:
        raise SettingsError(
            "give tickers (000660), or --universe FOLDER|LISTING, or --sample: one of the three."
        )
    if sample:
        return Opened(sample_market(), "embedded sample (a simulated market without edge)")
    if universe and Path(universe).is_dir():
        found = universe_of(universe, encoding)
        return Opened(list(found), universe, tuple(found.notes))
    if universe:
        return _listed(universe, source, offline, encoding)
    # a holiday filled with the next day's prices would tell a model the future
    place = chosen_source(source, offline=offline, encoding=encoding)
    prices = [without_closed_days(place.prices(ticker)) for ticker in tickers or []]
    return Opened(prices, f"{', '.join(tickers or [])} of {prices[0].source}")


def _listed(universe: str, source: str | None, offline: bool, encoding: str | None) -> Opened:
    try:
        listing_symbol(universe)
    except SettingsError:
        raise SettingsError(
            f"--universe is a folder of TICKER.csv files or a listing ({', '.join(LISTINGS)}), "
            f"but {universe} is neither.{near(universe, LISTINGS)}"
        ) from None
    found, absent = prices_of_listing(universe, source, offline=offline, encoding=encoding)
    notes = tuple(
        f"{len(absent):,} of the {len(found) + len(absent):,} tickers of {universe} have no "
        f"prices, such as {code}: {reason}"
        for code, reason in [*absent.items()][:1]
    )
    return Opened(found, f"{len(found):,} tickers of {universe}", notes)
