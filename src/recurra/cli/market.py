"""`recurra market`: listings, prices, their faults, and the days before D with indicators."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recurra.cli.app import Encoding, Json, Overwrite, Seed, app, print_json
from recurra.errors import DataError, SettingsError
from recurra.files import write_atomically
from recurra.wording import retold

if TYPE_CHECKING:
    import pandas as pd

    from recurra.markets.prices import Prices

__all__ = ["market"]

market = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Listings and daily prices: fetch them, find what is wrong with them, look at them.",
)
app.add_typer(market, name="market")

SHOWN = 20
Ticker = Annotated[str, typer.Argument(help="Such as 000660, AAPL, KS11, USD/KRW, BTC/KRW.")]
Source = Annotated[
    str | None,
    typer.Option(help="fdr, or a folder of files [files under $RECURRA_DATA, else fdr]."),
]
Start = Annotated[str | None, typer.Option(help="The first day, as 2020-03-24.")]
End = Annotated[str | None, typer.Option(help="The last day, included.")]
Offline = Annotated[bool, typer.Option("--offline", help="Use files and what was kept only.")]


@market.command()
def listing(
    symbol: Annotated[
        str, typer.Argument(help="NASDAQ, NYSE, AMEX, SP500, KRX, KOSPI, KOSDAQ or KONEX.")
    ],
    find: Annotated[str | None, typer.Option(help="Only names or codes with this in them.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write all of it to a .csv or .parquet.")] = None,
    source: Source = None,
    offline: Offline = False,
    encoding: Encoding = None,
    as_json: Json = False,
) -> None:
    """Show what is listed on an exchange today (shares that left it are not there)."""
    from recurra.markets.choose import chosen_source
    from recurra.terminal import note, show_frame

    table = chosen_source(source, offline=offline, encoding=encoding).listing(symbol)
    as_of = table.attrs.get("as of")
    if find:
        from recurra.data.spelling import meant

        find = meant(find)
        names = table["name"] if "name" in table else table["code"]
        hit = names.astype(str).str.contains(find, case=False, regex=False)
        table = table[hit | table["code"].str.contains(find.upper(), regex=False)]
        if table.empty:
            raise DataError(f"no name or code in {symbol.upper()} holds {find!r}.")
    if out:
        _write(table, out)
        note(f"written: {out}")
    if as_json:
        print_json({"listing": symbol.upper(), "rows": _records(table)})
        return
    show_frame(table.head(SHOWN), f"{symbol.upper()}: {len(table):,} listed")
    if as_of:
        note(f"as of {as_of}")
    if len(table) > SHOWN:
        note(f"the first {SHOWN}; all of them: --out FILE or --json")


@market.command()
def prices(
    ticker: Ticker,
    start: Start = None,
    end: End = None,
    out: Annotated[Path | None, typer.Option(help="Write all days to a .csv or .parquet.")] = None,
    source: Source = None,
    offline: Offline = False,
    encoding: Encoding = None,
    as_json: Json = False,
) -> None:
    """Show daily prices, fetched once and kept; the newest days are fetched when missing."""
    from recurra.terminal import note, show_frame

    found = _prices(ticker, source, offline, encoding, start, end)
    if out:
        _write(found.frame.reset_index(), out)
        note(f"written: {out}")
    if as_json:
        days = _records(found.frame.reset_index())
        print_json({**_about(found), "mended": _mended(found), "prices": days})
        return
    table = found.frame.tail(SHOWN).reset_index()
    show_frame(table, f"{found.ticker}, {found.currency or 'points'}: {len(found.frame):,} days")
    note(f"from {found.source}")
    for rule, count in _mended(found).items():
        note(f"mended: {rule} ({count:,})")
    if len(found.frame) > SHOWN:
        note(f"the last {SHOWN}; all of them: --out FILE or --json")


@market.command()
def check(
    tickers: Annotated[list[str], typer.Argument(help="One or more tickers.")],
    start: Start = None,
    end: End = None,
    strict: Annotated[bool, typer.Option("--strict", help="Faults are an error (exit 2).")] = False,
    out: Annotated[Path | None, typer.Option(help="Write the findings to a .json file.")] = None,
    source: Source = None,
    offline: Offline = False,
    encoding: Encoding = None,
    as_json: Json = False,
) -> None:
    """Find what may be wrong with prices: missing days, stale closes, splits, halts, …"""
    from recurra.markets.checks import check_prices
    from recurra.terminal import note, show_check

    until = _day(end, "--end") or dt.datetime.now(dt.UTC).date()
    checks = [
        check_prices(_prices(ticker, source, offline, encoding, start, end), until=until)
        for ticker in tickers
    ]
    content = {"checks": [found.model_dump(mode="json", by_alias=True) for found in checks]}
    if out:
        _write_text(out, _json(content))
        note(f"written: {out}")
    if as_json:
        print_json(content)
    else:
        for found in checks:
            show_check(found)
    if strict:
        for found in checks:
            found.refuse_faults()


@market.command()
def window(
    ticker: Ticker,
    end: Annotated[str | None, typer.Option(help="D-1, the last day shown [the newest].")] = None,
    days: Annotated[int, typer.Option(min=1, help="How many days.")] = 10,
    html: Annotated[Path | None, typer.Option(help="Draw it with candles in this file.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Faults are an error (exit 2).")] = False,
    source: Source = None,
    offline: Offline = False,
    encoding: Encoding = None,
    as_json: Json = False,
) -> None:
    """Show the days before D with their averages and MACD, which rest on the whole history."""
    from recurra.markets.window import window as window_of
    from recurra.markets.window import window_page
    from recurra.terminal import note, show_frame

    chosen = window_of(
        _prices(ticker, source, offline, encoding, None, end), _day(end, "--end"), days
    )
    if strict:
        chosen.check.refuse_faults()
    if html:
        _write_text(html, window_page(chosen))
    found = chosen.prices
    if as_json:
        check_of = chosen.check.model_dump(mode="json", by_alias=True)
        rows = _records(chosen.table.reset_index())
        print_json({**_about(found), "window": rows, "check": check_of})
        return
    table = chosen.table.reset_index()
    table.insert(0, "day", table.pop("day"))
    show_frame(table, f"{found.ticker}: the {days} days up to {found.frame.index[-1].date()}")
    note(f"from {found.source}")
    for flag in chosen.check.flags:
        if flag.level == "fault":
            note(str(flag))
    if html:
        note(f"written: {html}")


@market.command()
def simulate(
    out: Annotated[Path, typer.Option(help="The folder for TICKER.csv files.")],
    tickers: Annotated[int, typer.Option(min=1, help="How many.")] = 40,
    days: Annotated[int, typer.Option(min=1, help="Trading days.")] = 1000,
    edge: Annotated[
        float, typer.Option(help="How much the last days tell of the next, 0 for nothing.")
    ] = 0.0,
    seed: Seed = 0,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Write the prices of a simulated market: clustered volatility, fat tails, an edge or none."""
    from recurra.markets.simulator import simulate as simulated

    made = simulated(tickers, days, edge=edge, seed=seed)
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not overwrite)):
        raise DataError(
            f"a simulated market needs an empty folder, but {out} holds something. "
            "Give another --out, or --overwrite."
        )
    out.mkdir(parents=True, exist_ok=True)
    for ticker, frame in made.items():
        write_atomically(out / f"{ticker}.csv", frame.round(4).to_csv().encode())
    said = {"folder": str(out), "tickers": tickers, "days": days, "edge": edge, "seed": seed}
    if as_json:
        print_json(said)
    else:
        summary = f"{tickers} simulated tickers of {days} days in {out}, edge {edge:g}"
        typer.echo(retold(summary))


def _prices(
    ticker: str,
    source: str | None,
    offline: bool,
    encoding: str | None,
    start: str | None,
    end: str | None,
) -> "Prices":
    from recurra.markets.choose import chosen_source

    first, last = _day(start, "--start"), _day(end, "--end")
    if first and last and first > last:
        raise SettingsError(f"--start must not be after --end, but {first} is after {last}.")
    place = chosen_source(source, offline=offline, encoding=encoding)
    return place.prices(ticker, first, last)


def _day(text: str | None, option: str) -> dt.date | None:
    from recurra.data.dates import day_given

    return None if text is None else day_given(text, option)


def _about(found: "Prices") -> dict[str, Any]:
    return {
        "ticker": found.ticker,
        "source": found.source,
        "currency": found.currency,
        "adjusted": found.adjusted,
        "days": len(found.frame),
    }


def _mended(found: "Prices") -> dict[str, int]:
    rules = [finding.rule for finding in found.mended]
    return {rule: rules.count(rule) for rule in dict.fromkeys(rules)}


def _records(table: "pd.DataFrame") -> Any:
    """Give rows for JSON: NaN is null, a day is its date."""
    import json

    table = table.copy()
    for name in table.select_dtypes("datetime"):
        table[name] = table[name].dt.strftime("%Y-%m-%d")
    return json.loads(table.to_json(orient="records", force_ascii=False, double_precision=15))


def _write(table: "pd.DataFrame", path: Path) -> None:
    if path.suffix not in (".csv", ".parquet"):
        raise SettingsError(f"--out must end in .csv or .parquet, but it is {path}.")
    as_csv = path.suffix == ".csv"
    write_atomically(
        path, table.to_csv(index=False).encode() if as_csv else table.to_parquet(index=False)
    )


def _json(content: Any) -> str:
    import json

    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def _write_text(path: Path, text: str) -> None:
    write_atomically(path, text.encode())
