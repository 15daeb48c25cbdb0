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
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from recurra.errors import DataError
from recurra.evaluation.days import LEVEL, Contest, DayBootstrap, contest
from recurra.evaluation.metrics import measure
from recurra.evaluation.report import DataInfo, SplitInfo
from recurra.evaluation.rise_baselines import (
    LEARNERS,
    RULES,
    Known,
    VolatilityRule,
    baseline_scores,
)
from recurra.evaluation.splits import Split, dated_split, walk_forward
from recurra.evaluation.verdict import Answer, Verdict
from recurra.markets.checks import PriceCheck
from recurra.markets.rows import STRETCH, Market, RiseRows, digest_of, rows_of
from recurra.recipes.compare import Fit, Fitted, Source, Task
from recurra.rises import RiseModel, RiseReport, RiseSettings
from recurra.rises.judging import days_on_both_sides, judged
from recurra.rises.networks import Standard, build, sequences_of
from recurra.rises.report import card_of, describe_network, rise_page, training_of
from recurra.rises.walking import history_of, walk
from recurra.runs import RunFolder
from recurra.training import Notify, predict

__all__ = ["rise_task", "train_rise"]

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
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
    # 1. to 3. rows and what is asked of them, splits by date, scales of the earliest days
    stage("features")
    cut = _cut(market, settings)
    rows, truth, sides, known = cut.rows, cut.truth, cut.sides, cut.known
    test = np.concatenate([side.test for side in sides])

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
        standard=cut.standard,
        rule=cut.volatility,
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
            purged=cut.purged,
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


@dataclass(frozen=True)
class _Cut:
    """Prices cut into rows, split by date, scaled.

    Args:
        rows: those whose outcome counts.
        truth: (rows,) whether the close rose.
        sides: a split for each fold.
        purged: rows left out between the sides.
        standard: of the windows.
        volatility: the rule.
        known: what may be seen of each row.
    """

    rows: RiseRows
    truth: Bools
    sides: list[Split]
    purged: int
    standard: Standard
    volatility: VolatilityRule
    known: Known


def _cut(market: Market, settings: RiseSettings) -> _Cut:
    # 1. rows: windows (rows, window, features), and the change of the close from D-1 to D-0
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
    return _Cut(rows, truth, sides, purged, standard, volatility, known)


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


@dataclass(frozen=True)
class _ByDays:
    """Judges statistics (rows, 2): score, whether it rose; days are drawn in blocks."""

    dates: Dates
    settings: RiseSettings
    higher_is_better = False

    def measure(self, statistics: Floats) -> dict[str, float]:
        """Give three measures."""
        scores, truth = statistics.T
        found = measure(truth == 1, scores, 0.5)
        return {
            "Brier score × 100": 100 * found["brier"],
            "PR-AUC": found["pr_auc"],
            "ROC-AUC": found["roc_auc"],
        }

    def decide(
        self, rows: Rows, networks: Mapping[str, Floats], baselines: Mapping[str, Floats], seed: int
    ) -> dict[str, Verdict]:
        """Compare Brier scores; the p-value of each is corrected for all that were tried."""
        truth = next(iter(networks.values()))[:, 1] == 1
        block = max(self.settings.window, 10)
        days = DayBootstrap(self.dates[rows], block, self.settings.repeats, seed)
        scores, rivals = ({n: s[:, 0] for n, s in some.items()} for some in (networks, baselines))
        together = contest(truth, scores, rivals, days)
        return {
            name: _verdict(
                name, contest(truth, {name: said}, rivals, days), together.adjusted[name]
            )
            for name, said in scores.items()
        }


def _verdict(name: str, alone: Contest, p_value: float) -> Verdict:
    answer: Answer = "no" if alone.better == "no" else "undecided"
    if p_value < LEVEL:
        answer = "yes"
    low, high = alone.interval
    figures = f"Brier score lower by {alone.gain:+.2%} [{low:+.2%}, {high:+.2%}], "
    figures += f"p = {p_value:.3f} after correction"
    sentences = {
        "yes": f"Yes: {name} is better than {alone.rival} ({figures}).",
        "no": f"No: {name} loses to {alone.rival} ({figures}); use {alone.rival}.",
        "undecided": f"Undecided: {name} and {alone.rival} cannot be told apart ({figures}).",
    }
    return Verdict(
        better_than_best_baseline=answer,
        baseline=alone.rival,
        difference=alone.gain,
        interval=alone.interval,
        sentence=sentences[answer],
    )


def rise_task(
    market: Market, settings: RiseSettings, *, source: str, notes: Sequence[str] = ()
) -> Task:
    """Compare networks and baselines walking forward: each fold on all days before its test."""
    cut = _cut(market, settings)
    known, truth = cut.known, cut.truth
    split_of = {len(side.fitted_on): side for side in cut.sides}  # folds know ever more rows

    def network(name: str) -> Fit:
        def fit(rows: Rows, notify: Notify | None) -> Fitted:
            side = split_of[len(rows)]
            walked = walk(name, known, truth, [side], settings, None, notify)
            model = build(name, known.windows.shape[-1], settings.units)
            for variable in model.weights:
                variable.assign(walked.weights[variable.path])

            def say(held: Rows) -> Floats:
                return predict(model, sequences_of(known.windows[held], known.rule[held], name))

            return Fitted(say, model.count_params())

        return fit

    def baseline(name: str) -> Fit:
        # it is fitted and asked in one: the time is that of the fit
        def fit(rows: Rows, notify: Notify | None) -> Fitted:
            scores = baseline_scores(name, known, truth, split_of[len(rows)])
            return Fitted(lambda held: scores)

        return fit

    return Task(
        "stock-rise",
        Source(source, digest_of(market), list(notes)),
        f"by day, walking forward, purged by {settings.window} days, embargo {STRETCH}",
        [(side.fitted_on, side.test) for side in cut.sides],
        {name: network(name) for name in settings.models},
        {name: baseline(name) for name in (*RULES, *LEARNERS)},
        lambda held, said: np.stack([said, truth[held]], axis=1).astype(float),
        _ByDays(cut.rows.dates, settings),
        facts=[settings],
        seed=settings.seed,
    )
