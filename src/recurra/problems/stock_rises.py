"""Will it rise 5 % tomorrow? Prices to an answer that can be no.

::

    prices of many tickers
      → rows: a ticker on a day D-0, seen through D-10 .. D-1        markets.rows
      → splits by date, purged and embargoed, refitted as time goes  judging.splits
      → networks                                                     estimators.riser
        learners on the same features, rules                         baselines.rises
      → losses by day, corrected for all that was tried              judging.decide

A row is positive when the close of D-0 is at least (1 + rise) × the close of D-1. Its features are
all known on D-1. Two questions: can a rise be foreseen beyond what rules tell that know no
direction, by any network or learner? And is a network better than every baseline?
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from recurra.answers.rises import Rising
from recurra.arrays import Dates, Floats, Rows
from recurra.baselines.rises import RULES, rise_baselines
from recurra.errors import DataError
from recurra.estimators.riser import dated_sides
from recurra.judging.classes import ClassProblem, Labelled, class_data
from recurra.judging.decide import decide
from recurra.judging.evidence import Evidence
from recurra.judging.measures import values
from recurra.judging.problem import Fold, all_held
from recurra.judging.report import DataInfo, Exhibit, Probe, Verdict
from recurra.judging.run import Found
from recurra.markets.checks import PriceCheck, check_prices
from recurra.markets.holding import hold_best
from recurra.markets.opening import Opened, open_prices
from recurra.markets.prices import Prices
from recurra.markets.rows import Market, RiseRows, digest_of
from recurra.problems.kept import Asked
from recurra.problems.rise_pages import (
    caveat,
    days_on_both_sides,
    draw_worth,
    holding,
    prices_of_another_day,
    survivors,
    wrong_in_words,
    wrong_prices,
)
from recurra.problems.rise_settings import RiseSettings
from recurra.problems.rises import (
    KINDS,
    parts_of_top,
    rise_measures,
    riser_networks,
    settings_of,
)
from recurra.problems.splitting import SplitDays, rise_rows, split_days

__all__ = ["KINDS", "RiseProblem", "RiseSettings", "asked_again", "stock_rise"]

NAMES = ("no rise", "rise")
VALIDATION = 0.15  # of the days known, as `walk_forward` has it


def stock_rise(
    prices: Market | Sequence[Prices] | None = None,
    settings: RiseSettings | None = None,
    *,
    source: str | None = None,
    notes: Sequence[str] = (),
    split: SplitDays | None = None,
    **opened: Any,
) -> "RiseProblem":
    """Ask whether closes rise on the next day.

    Args:
        prices: of each ticker; None: they are opened.
        settings: what is asked; None: a rise of 5 %, by a GRU.
        source: of prices that are given, in words; of others, as `open_prices` takes it.
        notes: what is to be said of them.
        split: of these prices, where it is made; None: it is made here.
        opened: which prices, as `recurra.markets.opening.open_prices` takes it: `tickers`,
            `universe` or `sample`.

    Raises:
        DataError: there are too few days, or a side without rises.
    """
    settings = settings or RiseSettings()
    if prices is None:
        opening = open_prices(source=source, **opened)
    else:
        opening = Opened(_each(prices), source or "prices given", tuple(notes))
    market = {each.ticker: each.frame for each in opening.prices}
    rows, truth, folds = split or split_days(market, settings)
    labelled = _without_outcome(rows, truth)
    return RiseProblem(
        name="stock-rise",
        data=_data(opening, market, labelled),
        split=_in_words(rows.dates, folds, settings.window),
        folds=folds,
        contenders=[*riser_networks(settings), *rise_baselines()],
        measures=rise_measures(settings.holdings),
        seed=settings.seed,
        facts=[settings],
        fit_all=True,
        validation_split=VALIDATION,
        rows=labelled,
        ids=_ids(rows),
        settings=settings,
        change=rows.change,
        checks=[check_prices(each) for each in opening.prices],
    )


def _ids(rows: RiseRows) -> Any:
    return rows.tickers + " " + rows.dates.astype(str).astype(object)


def _each(prices: Market | Sequence[Prices]) -> list[Prices]:
    if not isinstance(prices, Mapping):
        return list(prices)
    return [Prices(ticker, frame, "given", None, None) for ticker, frame in prices.items()]


def _data(opening: Opened, market: Market, rows: Labelled) -> DataInfo:
    known = class_data(rows) | {"groups": len(rows.truth)}  # days are no groups to split by
    notes = list(opening.notes)
    return DataInfo(source=opening.source, sha256=digest_of(market), notes=notes, **known)


def _without_outcome(rows: RiseRows, truth: Rows) -> Labelled:
    """Give rows whose inputs do not hold what came of them; days are their groups."""
    seen = dataclasses.replace(rows, change=np.full(len(rows), np.nan))
    day = np.unique(rows.dates, return_inverse=True)[1].astype(np.int64)
    return Labelled(seen, truth, NAMES, 1, day)


def _in_words(dates: Dates, folds: Sequence[Fold], window: int) -> str:
    """Say how the rows were split, from the split itself."""
    calendar = np.unique(dates)

    def between(earlier: Rows, later: Rows) -> int:
        last, first = np.searchsorted(calendar, [dates[earlier].max(), dates[later].min()])
        return int(first - last - 1)

    sides = [(fold.train, fold.validation) for fold in folds]
    left_out = min(between(*pair) for pair in sides + [(f.known, f.held) for f in folds])
    fits = f"{len(folds)} fits walking forward, " if len(folds) > 1 else ""
    purged, embargo = min(window, left_out), max(0, left_out - window)
    return f"by day, {fits}purged by {purged} days, embargo {embargo}"


@dataclass
class RiseProblem(ClassProblem):
    """Windows of days to a rise or none.

    Args:
        settings: what is asked.
        change: (rows,) of the close, for the simulation alone.
        checks: what is wrong with the prices.
    """

    settings: RiseSettings = field(default_factory=RiseSettings)
    change: Floats = field(default_factory=lambda: np.zeros(0))
    checks: Sequence[PriceCheck] = ()

    unmeasured: ClassVar[Mapping[str, str]] = {
        "L1.4": "rows held out are other days, and no copies are looked for",
        "L3.2": "no probe of this problem looks at it: the shares of one day move together, and "
        "count as one piece of evidence",
        "L3.3": "`recurra evaluate RUN FILE` asks it of later days",
        "labels": "labels are computed of prices: `recurra market check` asks these",
    }

    @property
    def dates(self) -> Dates:
        """(rows,) D-0 of each."""
        dates: Dates = self._rows().inputs.dates
        return dates

    def count(self, rows: Rows, said: Rising) -> Floats:  # type: ignore[override]
        """Give the statistics that `recurra.problems.rises` names."""
        p = said.probabilities
        top = parts_of_top(p, self.dates[rows], self.settings.holdings)
        rate, truth = np.full(len(p), said.base_rate), self._rows().truth[rows]
        return np.column_stack([1 - p, p, rate, top, said.called, truth]).astype(np.float64)

    def evidence(self, rows: Rows) -> Evidence:
        """Give the pieces: days, in their order."""
        return Evidence(self._rows().groups[rows], in_time=True, seed=self.seed)

    def whole(self) -> Fold:
        """Give all rows up to the newest day as rows known; the last days validate."""
        sides = dated_sides(self.dates, self.validation_split, self.settings.window)
        return Fold(np.arange(len(self.dates)), np.zeros(0, np.int64), sides)

    def answered(self, found: Found) -> tuple[str, list[Verdict]]:
        """Ask whether anything that learns beats every rule, corrected for all that was tried."""
        rules = {name: found.repeated(name) for name in RULES}
        models = {c.name: found.repeated(c.name) for c in self.contenders if c.name not in rules}
        edge = list(decide(self.measures[:1], models, rules, self.evidence(found.held)).values())
        best = min(edge, key=lambda verdict: (verdict.answer != "yes", _chance(verdict)))
        losses = {name: values(self.measures[0], said[0]) for name, said in rules.items()}
        return _answer(best, losses, self.settings) + caveat(self.checks), edge

    def saved_facts(self, found: Found, name: str) -> dict[str, Any]:
        """Say with a saved model what was asked, and whether it was found to know anything."""
        report = found.report
        evidence = any(each.model == name and each.answer == "yes" for each in report.edge)
        asked = {key: getattr(self.settings, key) for key in ("rise", "fall", "holdings")}
        tickers = sorted({str(ticker) for ticker in self._rows().inputs.tickers})
        judged = {"answer": report.answer, "evidence": evidence, "tickers": tickers, **asked}
        return {"judged": judged}

    def probes(self, found: Found) -> list[Probe]:
        """Look for days on both sides, and for prices of another day."""
        folds = range(len(self.folds))
        fitted = {
            c.name: [str(found.outcomes[c.name, k, 0].model.trained_to) for k in folds]  # type: ignore[union-attr]
            for c in self.contenders
        }
        return [
            days_on_both_sides(self.dates, self.folds, fitted, self.settings.window),
            prices_of_another_day(self.checks),
        ]

    def notes(self, found: Found) -> list[str]:
        """Say what accuracy means here, and who is missing among the tickers."""
        share = float(found.statistics(found.chosen)[:, -1].mean())
        return [
            f"{share:.2%} of the held rows rise: always saying the same has an accuracy of "
            f"{max(share, 1 - share):.4f}.",
            survivors({check.ticker: check.last for check in self.checks}),
            *wrong_in_words(self.checks),
        ]

    def exhibits(self, found: Found) -> list[Exhibit]:
        """Show decisions, the simulation, and what is wrong with the prices."""
        decisions = self._confusion(found.statistics(found.chosen))
        simulated = holding(self._held_best(found), self.settings.holdings)
        return [decisions, simulated, *wrong_prices(self.checks)]

    def pictures(self, found: Found) -> list[tuple[str, Any]]:
        """Draw what holding came to."""
        return [("Holding the highest scores: a simulation", draw_worth(self._held_best(found)))]

    def _held_best(self, found: Found) -> dict[str, Any]:
        statistics, held, rows = found.statistics(found.chosen), found.held, self._rows().inputs
        return hold_best(
            statistics[:, 1],
            self.change[held],
            rows.dates[held],
            rows.tickers[held],
            statistics[:, -2] == 1,
            holdings=self.settings.holdings,
            cost=self.settings.cost,
        )

    def commands(self, run: str) -> list[tuple[str, list[str]]]:
        """Ask it, and judge it on new rows."""
        sample = self.data.source.startswith("embedded sample")
        asked = "--sample" if sample else str(self._rows().inputs.tickers[0])
        return [
            ("ask about the day after the newest prices", ["predict", run, asked]),
            ("judge it on the days after its training", ["evaluate", run, asked]),
        ]

    def split_columns(self) -> Mapping[str, Iterable[Any]]:
        """Name each row by its ticker and day."""
        assert self.ids is not None
        return {"id": self.ids}


def asked_again(asked: Asked, opened: Opened) -> RiseProblem:
    """Ask saved models about days after all that they were fitted on.

    Raises:
        BundleError: what is a rise is not kept with them.
        DataError: no such day has a row.
    """
    settings = settings_of(asked.network)
    market = {each.ticker: each.frame for each in opened.prices}
    rows = rise_rows(market, settings)
    rows = rows.take(rows.dates > np.datetime64(asked.trained_to, "D"))
    if not len(rows):
        raise DataError(
            f"a day after {asked.trained_to} must have prices before it without a long gap, but "
            f"none of {opened.source} has. Give newer prices, and the days before them."
        )
    labelled = _without_outcome(rows, (rows.change >= settings.rise).astype(np.int64))
    return RiseProblem(
        name="stock-rise",
        data=_data(opened, market, labelled),
        split="days given",
        folds=all_held(len(rows)),
        contenders=(),
        measures=rise_measures(settings.holdings),
        after=asked.trained_to,
        rows=labelled,
        ids=_ids(rows),
        settings=settings,
    )


def _chance(verdict: Verdict) -> float:
    return 1.0 if verdict.p_value is None else verdict.p_value


def _answer(best: Verdict, losses: Mapping[str, float], settings: RiseSettings) -> str:
    """Say in words what was found of the model that stands out most, beside the best rule."""
    rule = min(losses, key=lambda name: losses[name])
    what = f"that a rise of {settings.asked} can be foreseen beyond what {rule} tells"
    tried = f"best of {best.corrected_for[0]} models tried: {best.model}"
    if best.interval is None or best.p_value is None:
        return (
            f"No evidence {what}, and too few days to say ({tried}; about {best.needed:,} rows "
            "held out would be needed)."
        )
    theirs = losses[best.rival]
    low, high = sorted(-end / theirs for end in best.interval)
    figures = f"Brier score {-best.difference / theirs:+.2%} [{low:+.2%}, {high:+.2%}] better"
    if best.rival != rule:
        figures += f" than of {best.rival}, its hardest rival"
    said = f"{tried}; {figures}, p = {best.p_value:.3f} after correction for all tried"
    return f"Evidence {what} ({said})." if best.answer == "yes" else f"No evidence {what} ({said})."
