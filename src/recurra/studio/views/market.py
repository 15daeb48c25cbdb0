"""Market: a ticker or a file of prices: candles, checks, the days before D, what a run says."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from recurra.finished import FinishedRun
from recurra.serving.refusals import RefusedError
from recurra.studio.candles import drawn
from recurra.studio.doors import action, page
from recurra.studio.files import Kept
from recurra.studio.house import Studio, studio_of
from recurra.studio.view import View
from recurra.studio.views.train import brought
from recurra.wording import worded

__all__ = ["VIEW"]

TICKER = re.compile(r"[A-Za-z0-9^][A-Za-z0-9^=.-]{0,20}(/[A-Za-z0-9]{1,10})?")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
SHOWN, BEFORE = 60, 10  # days with candles, and in the table
SHARE = re.compile(r"\d{1,2}(\.\d{1,2})?", re.ASCII)
MADE = re.compile(r"SIM\d+\.csv")  # simulated
RECIPE = "stock-rise"
RISE, RISE_MADE = "5", "1"  # per cent; in a simulated share days of 5 % are rare


async def shown(request: Request) -> Response:
    """Show prices, or where to name them."""
    studio, asked = studio_of(request), request.query_params
    kept = studio.files.get(asked["file"]) if asked.get("file") else None
    ticker = asked.get("ticker", "").strip()
    found = None
    if kept is not None or ticker:
        found = await _market(studio, kept, ticker, asked.get("end", ""))
    runs = [run for run in await studio.finished() if run.report.problem.startswith(RECIPE)]
    said = await _said(studio, runs, asked.get("run"), kept, ticker) if found else None
    return studio.page(
        request,
        "market.html.j2",
        found=found,
        file=kept,
        ticker=ticker,
        end=asked.get("end", ""),
        runs=runs,
        said=said,
        table=found["window"][-BEFORE:] if found else [],
        drawn=drawn(found["window"]) if found else None,
        name=_name(studio, kept, ticker) if found else "",
        rise=RISE_MADE if kept and MADE.fullmatch(kept.name) else RISE,
    )


def _words(kept: Kept | None, ticker: str) -> list[str]:
    """Give the ticker and where its prices are, as words of a command."""
    if kept is not None:
        return [kept.path.stem, f"--source={kept.path.parent}"]
    if not TICKER.fullmatch(ticker) or ".." in ticker:
        raise RefusedError(
            400,
            worded(
                "a ticker must be as 005930, AAPL, KS11 or USD/KRW, but it is {ticker!r}.",
                ticker=ticker[:40],
            ),
        )
    return [ticker]


async def _market(studio: Studio, kept: Kept | None, ticker: str, end: str) -> Any:
    words = ["market", "window", *_words(kept, ticker), f"--days={SHOWN}"]
    if end and not DAY.fullmatch(end):
        raise RefusedError(400, worded("a day must be as 2024-03-08, but it is {day!r}.", day=end))
    more = [f"--end={end}"] if end else []
    return await studio.commands.told(*words, *more, kept=kept is not None)


async def _said(
    studio: Studio, runs: list[FinishedRun], name: str | None, kept: Kept | None, ticker: str
) -> Any:
    """Give what a run says of the next day, as `recurra predict` does."""
    run = next((run for run in runs if run.folder.name == name), None)
    if run is None:
        return None
    words = ["predict", str(run.folder), *_words(kept, ticker), "--allow-stale"]
    told = await studio.commands.told(*words, kept=False)
    return {"run": run, **told}


def _name(studio: Studio, kept: Kept | None, ticker: str) -> str:
    stem = re.sub(r"[^\w-]+", "-", kept.path.stem if kept else ticker).strip("-")
    return studio.free_name(f"rise-{stem}")


async def bring(request: Request, form: FormData) -> Response:
    """Keep a file of prices, and show it."""
    studio = studio_of(request)
    kept = await brought(studio, form)
    return studio.to(request, "market", file=kept.id)


async def simulate(request: Request, form: FormData) -> Response:
    """Make the prices of a simulated market, and show them."""
    studio = studio_of(request)
    days, edge, seed = (str(form.get(name, "")) for name in ("days", "edge", "seed"))
    numbers = re.fullmatch(r"\d{2,5} -?\d(\.\d{1,3})? \d{1,9}", f"{days} {edge} {seed}", re.ASCII)
    if numbers is None:
        raise RefusedError(400, worded("days, edge and seed must be numbers, as 1000, 0.3 and 0."))
    settings = ["--tickers=1", f"--days={days}", f"--edge={edge}", f"--seed={seed}"]
    with TemporaryDirectory(prefix="recurra-studio-") as place:
        out = f"--out={place}"
        await studio.commands.told("market", "simulate", out, *settings, kept=False)
        with next(Path(place).glob("*.csv")).open("rb") as content:
            kept = await studio.aside(studio.files.bring, f"SIM{int(seed):03}.csv", content)
    return studio.to(request, "market", file=kept.id)


async def train(request: Request, form: FormData) -> Response:
    """Begin to train on prices: will it rise?"""
    studio = studio_of(request)
    given = str(form.get("file", ""))
    kept = studio.files.get(given) if given else None
    ticker = str(form.get("ticker", ""))
    rise = str(form.get("rise", "")).strip()
    if not SHARE.fullmatch(rise) or not float(rise):
        raise RefusedError(
            400,
            worded(
                "a rise must be a number above 0 and below 100, in per cent, but it is {rise!r}.",
                rise=rise[:40],
            ),
        )
    words = ["train", RECIPE, *_words(kept, ticker), f"--rise={rise}%"]
    training = await studio.aside(studio.trainings.begin, _name(studio, kept, ticker), words)
    return studio.to(request, "train", "runs", training.name)


VIEW = View(
    "market",
    "Market",
    "Will this share rise?",
    [
        page("/market", shown),
        action("/market", bring, files=1),
        action("/market/simulate", simulate),
        action("/market/train", train),
    ],
)
