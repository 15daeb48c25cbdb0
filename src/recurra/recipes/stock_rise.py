"""Will it rise 5 % tomorrow? Prices to an answer that can be no.

::

    prices of many tickers
      → rows: a ticker on a day D-0, seen through D-10 .. D-1        markets.rows
      → splits by date, purged and embargoed, refitted as time goes  evaluation.splits
      → networks                                                     rises.networks, rises.walking
        baselines on the same features, rules                        evaluation.rise_baselines
      → losses grouped by day, corrected for the models tried        rises.judging
      → report, page, bundle                                         rises.report, rises.model

A row is positive when the close of D-0 is at least (1 + rise) × the close of D-1. Its features are
all known on D-1.
"""

import dataclasses
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from recurra.errors import DataError
from recurra.evaluation.report import DataInfo, SplitInfo
from recurra.evaluation.rise_baselines import (
    LEARNERS,
    RULES,
    Known,
    VolatilityRule,
    baseline_scores,
)
from recurra.evaluation.splits import Split, dated_split, walk_forward
from recurra.markets.checks import PriceCheck
from recurra.markets.rows import STRETCH, Market, digest_of, rows_of
from recurra.rises import RiseModel, RiseReport, RiseSettings
from recurra.rises.judging import days_on_both_sides, judged
from recurra.rises.networks import Standard
from recurra.rises.report import card_of, describe_network, rise_page, training_of
from recurra.rises.walking import history_of, walk
from recurra.runs import RunFolder
from recurra.training import Notify

__all__ = ["train_rise"]

Bools = npt.NDArray[np.bool_]
Dates = npt.NDArray[np.datetime64]


def train_rise(
    market: Market,
    settings: RiseSettings,
    folder: RunFolder,
    *,
    source: str,
    checks: Sequence[PriceCheck] = (),
    notes: Sequence[str] = (),
    stage: Callable[[str], None] = lambda text: None,
    notify: Notify | None = None,
) -> RiseReport:
    """Cut, split, train, judge, write the run folder."""
    # 1. rows: windows (rows, window, features), and the change of the close from D-1 to D-0
    stage("features")
    rows = rows_of(market, settings.window)
    kept = np.isfinite(rows.change)
    if settings.fall is not None:
        kept &= (rows.change >= settings.rise) | (rows.change <= settings.fall)
    rows = rows.take(kept)
    truth = rows.change >= settings.rise  # (rows,)

    # 2. splits by date; every fold is fitted anew
    sides, purged = _splits(rows.dates, settings)
    for side in sides:
        _needs_rises(truth, rows.dates, side, settings)
    test = np.concatenate([side.test for side in sides])

    # 3. scales and the rule, of the earliest days: they serve all folds
    first = sides[0].train
    standard = Standard.fit(rows.windows[first])
    volatility = VolatilityRule.fit(rows.volatility[first], truth[first])
    known = Known(
        windows=standard(rows.windows),  # (rows, window, features)
        rule=volatility.log_odds(rows.volatility),  # (rows,)
        volatility=rows.volatility,  # (rows, 5)
        before=rows.before,  # (rows,)
    )

    # 4. networks and baselines, on the same rows
    networks = {}
    for name in settings.models:
        stage(f"training {name}")
        networks[name] = walk(name, known, truth, sides, settings, folder, notify)
    baselines = {}
    for name in (*RULES, *LEARNERS):
        stage(f"baseline: {name}")
        scores = [baseline_scores(name, known, truth, side) for side in sides]
        baselines[name] = np.concatenate(scores)  # (test rows,)

    # 5. judge; the network to keep is chosen on validation rows
    stage("verdict")
    chosen = min(networks, key=lambda name: networks[name].validation_loss)
    fitted = len(sides[-1].fitted_on)
    found = judged(rows.take(test), truth[test], networks, baselines, chosen, fitted, settings)
    network = networks[chosen]
    model = RiseModel(
        name=chosen,
        settings=settings,
        names=rows.names,
        standard=standard,
        rule=volatility,
        weights=network.weights,
        base_rate=float(truth[sides[-1].fitted_on].mean()),
        threshold=network.threshold,
        trained_to=str(rows.dates[sides[-1].train].max()),
        source=source,
    )

    # 6. report, page, bundle
    report = RiseReport(
        recipe="stock-rise",
        data=DataInfo(
            source=source,
            sha256=digest_of(market),
            rows=len(rows),
            classes={"no rise": int((~truth).sum()), "rise": int(truth.sum())},
            positive="rise",
            duplicates_grouped=0,
            notes=list(notes),
        ),
        split=SplitInfo(
            kind=f"by day, {len(sides)} fits walking forward, purged by {settings.window} days, "
            f"embargo {STRETCH}",
            seed=settings.seed,
            train=len(sides[-1].train),
            validation=len(sides[-1].validation),
            test=len(test),
            purged=purged,
        ),
        model=describe_network(model),
        training=training_of(networks, chosen),
        leaks=[days_on_both_sides(rows.dates, sides, settings.window)],
        settings=json.loads(json.dumps(dataclasses.asdict(settings))),
        checks=[check.latest() for check in checks if check.flags],
        **found,
    )
    table = pd.DataFrame(
        {
            "id": [f"{t} {d}" for t, d in zip(rows.tickers[test], rows.dates[test], strict=True)],
            "truth": truth[test].astype(int),
            "score": network.scores,
            **{name: each.scores for name, each in networks.items()},
            **baselines,
        }
    )

    def write(place: Path) -> None:
        model.save(place / "model", card_of(report))
        history_of(networks).to_csv(place / "history.csv", index=False)
        table.to_csv(place / "predictions.csv", index=False)
        ids = rows.tickers + " " + rows.dates.astype(str).astype(object)
        pd.concat(_sides(ids, sides)).to_csv(place / "split.csv", index=False)
        (place / "report.html").write_text(rise_page(report), "utf-8")
        (place / "report.json").write_text(report.to_json(), "utf-8")

    folder.finish(write)
    return report


def _splits(dates: Dates, settings: RiseSettings) -> tuple[list[Split], int]:
    """Give a split for each fold, and the number of rows purged."""
    window, embargo = settings.window, STRETCH
    if settings.validate_from is None or settings.test_from is None:
        folds = walk_forward(dates, settings.folds, window=window, embargo=embargo)
    else:
        first, second = np.datetime64(settings.validate_from), np.datetime64(settings.test_from)
        folds = [dated_split(dates, first, second, window=window, embargo=embargo)]
    return [side for side, _ in folds], sum(purged for _, purged in folds)


def _needs_rises(truth: Bools, dates: Dates, split: Split, settings: RiseSettings) -> None:
    sides = {"training": split.train, "validation": split.validation, "test": split.test}
    for name, rows in sides.items():
        if truth[rows].all() or not truth[rows].any():
            raise DataError(
                f"every side must hold days that rise by {settings.rise:.2%} and days that do not, "
                f"but of the {len(rows):,} {name} rows from {dates[rows].min()} to "
                f"{dates[rows].max()} {truth[rows].sum():,} rise. Give more tickers, a longer "
                "history, a smaller --rise or fewer --folds."
            )


def _sides(ids: npt.NDArray[np.object_], sides: Sequence[Split]) -> Iterator[pd.DataFrame]:
    for fold, side in enumerate(sides, start=1):
        for name in ("train", "validation", "test"):
            yield pd.DataFrame({"id": ids[getattr(side, name)], "fold": fold, "side": name})
