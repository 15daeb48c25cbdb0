"""One to many: a series many steps ahead, beside naive, seasonal and linear forecasts.

::

    steps        0 ───────────── cut ─────────── end
    known        window | origins |                     no target of theirs reaches the cut
    held                          | origins |           each asked with the steps before it alone
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from scipy import special

from recurra.answers.effects import Effects
from recurra.answers.forecasts import Ahead, scales
from recurra.arrays import Bools, Floats, Rows
from recurra.baselines.forecasting import KnownSeries, forecasts
from recurra.data import Series, read_series, sample_series
from recurra.data.beside import NOTHING, Beside, Covariates
from recurra.errors import SettingsError
from recurra.estimators import SequenceForecaster
from recurra.judging.evidence import Evidence
from recurra.judging.intervals import estimate
from recurra.judging.measures import Measure, values
from recurra.judging.problem import Fold, Problem, Sides, Tunable, all_held
from recurra.judging.report import DataInfo, Exhibit, Probe, figure
from recurra.judging.run import Found
from recurra.judging.splits import last_part
from recurra.names import SHAPES, one_of
from recurra.problems.kept import Asked
from recurra.problems.networks import UNITS, EstimatorNetwork, networks, tunable
from recurra.problems.new_rows import Steps, last_known, origins_after
from recurra.problems.saved.forecasts import KINDS
from recurra.problems.splitting import SplitSeries, cut_by_time, joined, split_series, window_of
from recurra.sequences import Histories
from recurra.text import content_key
from recurra.wording import worded

__all__ = [
    "KINDS",
    "ForecasterNetwork",
    "ForecastingProblem",
    "forecast_measures",
    "forecasting",
]

BESIDE = ("RMSE",)
FAR = 1.5  # times as many outcomes outside of intervals as were promised
MANY = 20  # series: each is a piece of evidence
SERIES_DRAWN = 6
DRAWN = 12  # forecasts in a picture
LATER, FITTED = "later steps in a forecast", "held targets in the fit"
PROMISE = "intervals hold what they promise"


def forecasting(
    series: Series | str | Path | None = None,
    *,
    target: str | None = None,
    time: str | None = None,
    group: str | None = None,
    beside: Covariates = NOTHING,
    zone: str | None = None,
    log: bool = False,
    sample: bool = False,
    models: Sequence[str] = ("gru",),
    folds: int | None = None,
    seed: int = 0,
    split: SplitSeries | None = None,
    **settings: Any,
) -> "ForecastingProblem":
    """Ask what a series will be, many steps ahead.

    Args:
        series: numbers in order of time, or a table; None with `sample`.
        target: the column of the table.
        time: the column that is time, None to find it.
        group: the column that tells several series apart, None for one.
        beside: the columns that stand beside it: known ahead, or up to the last step.
        zone: the place whose clock the times are of; None: times as they stand there.
        log: whether the logarithm of the column is forecast.
        sample: whether the embedded sample is taken.
        models: architectures by name.
        folds: how many, each fitted on all that came before it; None: the last fifth is held out.
        seed: of networks and draws.
        split: of this series, where it is made; None: it is made here.
        settings: of `SequenceForecaster`; None leaves one as it is.

    Raises:
        DataError: the series cannot be used, or is too short.
        SettingsError: the sources contradict each other, or a model is not known.
    """
    if sample == (series is not None):
        raise SettingsError("give a file with --target, or --sample.")
    for name in models:
        one_of(name, SHAPES, "the model")
    if series is None:
        series = sample_series()
    elif not isinstance(series, Series):
        columns: dict[str, Any] = {"time": time, "group": group, "beside": beside, "zone": zone}
        series = read_series(series, target, log=log, **columns)
    given = _settings(series, settings)
    estimators = [SequenceForecaster(name, random_state=seed, **given) for name in models]
    return _declared(series, estimators, folds, seed, split)


def _settings(series: Series, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a forecaster of this series is made with; what is None is left to the series."""
    given: dict[str, Any] = {"season": series.season, "start": "best", "known": series.ahead}
    given["window"] = window_of(
        series,
        settings.get("horizon") or SequenceForecaster.horizon,
        settings.get("season") or series.season,
    )
    return given | {name: value for name, value in settings.items() if value is not None}


def _declared(
    series: Series,
    estimators: list[SequenceForecaster],
    folds: int | None,
    seed: int,
    split: SplitSeries | None,
) -> "ForecastingProblem":
    first, several = estimators[0], bool(series.names)
    horizon, window = first.horizon, max(first.window, first.season)
    share = first.validation_split
    split = split or split_series(series, horizon=horizon, window=window, folds=folds, share=share)
    return ForecastingProblem(
        name="forecasting",
        data=_described(series),
        split=split.kind,
        folds=split.folds,
        contenders=[
            *networks(ForecasterNetwork, estimators),
            *forecasts(
                horizon, window, first.season, first.level, bool(series.names), _columns(series)
            ),
        ],
        measures=forecast_measures(horizon, several),
        beside=BESIDE,
        seed=seed,
        facts=[*(e.get_params() for e in estimators), series.table(first.horizon).tolist()],
        season=first.season,
        series=series,
        horizon=horizon,
        window=window,
        level=first.level,
        validation_split=share,
    )


def _columns(series: Series) -> tuple[int, int]:
    """Give how many columns beside a series are known ahead, and how many to the last step."""
    beside = series.beside
    return (0, 0) if beside is None else (beside.known, len(beside.names) - beside.known)


def _described(series: Series) -> DataInfo:
    return DataInfo(
        source=series.source,
        sha256=series.sha256,
        rows=len(series),
        groups=len(series.names) or len(series),
        notes=list(series.notes),
    )


def forecast_measures(horizon: int, several: bool = False) -> tuple[Measure, ...]:
    """Give the measures of forecasts, over statistics of origins; the first decides.

    ::

        statistics   error of each step ahead | whether its interval held it, nan without one
                     | scale | quantile loss | mean size of what came
        MAE          mean over origins of the mean size of the errors
        RMSE         root of the mean squared error
        MASE         mean of size / scale          scale: how far the seasonal naive forecast of one
                                                   step errs before the test
        WQL          sum of quantile losses / sum of sizes of what came: of the two ends of the
                     interval and the middle
        coverage     share of outcomes that the intervals hold

    Args:
        horizon: steps ahead.
        several: whether there are several series: MASE decides, for their sizes differ.

    Source: Hyndman and Koehler (2006) for MASE; Gasthaus et al. (2019) for WQL.
    """
    counted = _Counted(horizon)
    size, square, scaled, inside = counted.size, counted.square, counted.scaled, counted.inside
    below: dict[str, Any] = {"higher_is_better": False, "share": False, "positive": True}
    mae = Measure("MAE", lambda s, w: _mean(size, s, w), losses=size, **below)
    rmse = Measure("RMSE", lambda s, w: np.sqrt(_mean(square, s, w)), **below)
    mase = Measure("MASE", lambda s, w: _mean(scaled, s, w), losses=scaled, **below)
    return (
        *((mase, mae) if several else (mae, mase)),
        rmse,
        Measure("WQL", counted.weighted, **below),
        Measure("coverage", lambda s, w: _mean(inside, s, w), losses=inside),
    )


@dataclass(frozen=True)
class _Counted:
    """What the statistics of an origin say, for a horizon of so many steps."""

    horizon: int

    def size(self, statistics: Floats) -> Floats:
        sizes: Floats = np.abs(statistics[:, : self.horizon]).mean(axis=1)
        return sizes

    def square(self, statistics: Floats) -> Floats:
        squares: Floats = (statistics[:, : self.horizon] ** 2).mean(axis=1)
        return squares

    def inside(self, statistics: Floats) -> Floats:
        share: Floats = statistics[:, self.horizon : 2 * self.horizon].mean(axis=1)
        return share

    def scaled(self, statistics: Floats) -> Floats:
        return self.size(statistics) / statistics[:, 2 * self.horizon]

    def weighted(self, statistics: Floats, weights: Floats) -> Floats:
        loss, came = (weights @ statistics[:, 2 * self.horizon + 1 :]).T
        return np.asarray(np.divide(loss, came, out=np.full_like(loss, np.nan), where=came > 0))


def _mean(losses: Any, statistics: Floats, weights: Floats) -> Floats:
    means: Floats = weights @ losses(statistics) / weights.sum(axis=1)
    return means


@dataclass
class ForecasterNetwork(EstimatorNetwork):
    """A `SequenceForecaster` among contenders."""

    reads = SequenceForecaster
    steps: int = field(default=0, init=False)  # seen by the fit

    def _fit(self, known: KnownSeries, sides: Sides, **watched: Any) -> None:
        self.rows, self.facts, self.steps = len(known.origins), known.facts, len(known.numbers)
        self.origins = known.origins
        self.estimator.fit_histories(known.histories, sides[0], **watched)

    @property
    def effects(self) -> Effects | None:
        """What known columns add to the forecast that it begins as."""
        found: Effects | None = self.estimator.effects_
        return found

    def say(self, asked: Histories) -> Ahead:
        """Forecast what follows histories, with intervals."""
        said: Ahead = self.estimator.say(asked)
        return said

    def save(self, folder: Path, card: str, **facts: Any) -> None:
        """Write the estimator's bundle; it remembers the column, and whether it is a logarithm."""
        super().save(folder, card, **self.facts, **facts)


@dataclass
class ForecastingProblem(Problem):
    """Histories to what follows; a row is an origin, the step that is forecast first.

    Args:
        series: all steps.
        horizon: steps ahead.
        window: steps that any contender reads.
        level: the share of outcomes that intervals promise to hold.
        validation_split: the last share of the origins known, which validates.
    """

    series: Series | None = None
    horizon: int = 1
    window: int = 1
    level: float = 0.9
    validation_split: float = 0.2
    season: int = 1

    unmeasured: ClassVar[Mapping[str, str]] = {
        "L1.4": "a series is cut by time, and no copies of its steps are looked for",
        "L2": "no probe of this problem looks at it: a column known ahead must not be made of what "
        "is to be told",
        "L3.2": "no probe of this problem looks at it: series of one file may move together",
        "L3.3": "`recurra evaluate RUN FILE` asks it of later steps",
        "labels": "what is told are numbers: no step is doubted",
    }

    def _series(self) -> Series:
        assert self.series is not None
        return self.series

    def _places(self, rows: Rows) -> Rows:
        """Give the number of the series of each row."""
        return np.asarray(np.searchsorted(self._series().bounds, rows, side="right") - 1)

    def known(self, rows: Rows) -> KnownSeries:
        """Give copies of the series that end where the last target of these origins ends."""
        series, bounds = self._series(), self._series().bounds
        place = self._places(rows)
        names = np.unique(place)
        ends = np.array([rows[place == name].max() + self.horizon for name in names])
        begins = bounds[names]
        offsets = np.r_[0, np.cumsum(ends - begins)]
        numbers = [series.numbers[b:e] for b, e in zip(begins, ends, strict=True)]
        within = np.searchsorted(names, place)
        facts: dict[str, Any] = {
            "target": series.target,
            "log": series.log,
            "trained_to": self._last_time(ends),
            "columns": dict(series.columns),
        }
        origins = rows - begins[within] + offsets[within]
        starts = offsets[within] if series.names else None
        beside = None
        if series.beside is not None:
            facts["channels"] = list(series.beside.names)
            parts = zip(begins, ends, strict=True)
            values = np.concatenate([series.beside.numbers[b:e] for b, e in parts])
            bounds = np.r_[offsets[:-1], len(values)]
            beside = replace(series.beside, numbers=values, later=()).table(bounds, self.horizon)
        return KnownSeries(np.concatenate(numbers), origins, facts, starts, beside)

    def _last_time(self, ends: Rows) -> str | None:
        times = [str(self._series().time_of(int(end) - 1)) for end in ends]
        return None if self._series().times is None else max(times)

    def asked(self, rows: Rows) -> Histories:
        """Give what stands before each origin."""
        series = self._series()
        end = int(rows.max()) if len(rows) else 0
        table = series.table(self.horizon)[:end].copy()  # nothing from the last origin on
        return Histories(table, series.bounds[self._places(rows)], rows)

    def _truth(self, rows: Rows) -> Floats:
        truth: Floats = self._series().numbers[rows[:, None] + np.arange(self.horizon)]
        return truth

    def count(self, rows: Rows, said: Ahead) -> Floats:
        """Give the error of each step ahead, whether its interval held it, and what scales it."""
        truth = self._truth(rows)
        errors = said.middle - truth
        held = np.full(errors.shape, np.nan)
        losses = np.abs(errors).mean(axis=1)  # of the middle; of the ends, where there are any
        if said.margins is not None:
            margins = np.broadcast_to(said.margins, errors.shape)
            held = (np.abs(errors) <= margins).astype(np.float64)
            outside = np.abs(errors) - margins
            below = (1 - self.level) / 2
            ends = 2 * below * margins + np.maximum(outside, 0)  # both ends: the interval score
            losses = (losses + 2 * ends.mean(axis=1)) / 3
        came = np.abs(truth).mean(axis=1)
        return np.column_stack([errors, held, self._scale(rows), losses, came])

    def _scale(self, rows: Rows) -> Floats:
        """Give how far the seasonal naive forecast of one step errs before the test, (rows,)."""
        series = self._series()
        found = np.empty(len(rows))
        for fold in self.folds:
            place, mine = self._places(fold.held), np.isin(rows, fold.held)
            for name in np.unique(place):
                first = int(fold.held[place == name].min())
                before = series.numbers[series.bounds[name] : first]
                found[mine & (self._places(rows) == name)] = _moves(before, self.season)
        return found

    def evidence(self, rows: Rows) -> Evidence:
        """Take origins in time as pieces; of many series, a series."""
        series, place = self._series(), self._places(rows)
        if len(np.unique(place)) >= MANY:
            return Evidence(place, seed=self.seed)
        if series.names:
            when = rows - series.bounds[place] if series.times is None else series.times[rows]
            return Evidence(np.unique(when, return_inverse=True)[1], in_time=True, seed=self.seed)
        return Evidence(rows, in_time=True, seed=self.seed)

    def tunable(self) -> Tunable:
        """Say what a search may choose of its network."""
        rows = self.asked(self.folds[-1].known)
        return tunable(self.contenders, rows, model=SHAPES, units=UNITS)

    def cut_again(self, known: Rows, train: Rows, held: Rows) -> tuple[Rows, Rows]:
        """Cut each series by its own time; no target to train on reaches into validation."""
        place = self._places(known[train])
        parts = [np.flatnonzero(place == name) for name in np.unique(place)]
        cut = [last_part(known[train[p]], self.validation_split, self.horizon) for p in parts]
        taught, validation = (
            np.concatenate([p[side[n]] for p, side in zip(parts, cut, strict=True)]) for n in (0, 1)
        )
        return train[taught], train[validation]

    def whole(self) -> Fold:
        """Give the whole series as known."""
        series = self._series()
        if series.names:
            return _all_known(series, self.horizon, self.window, self.validation_split)
        rows = np.arange(self.window, len(series) - self.horizon + 1)
        return cut_by_time(rows, rows[:0], self.validation_split, self.horizon)

    # ---- probes and notes

    def probes(self, found: Found) -> list[Probe]:
        """Look for later steps in forecasts and fits, and for intervals that promise too much."""
        return [self._later(found), self._fitted(found), self._promise(found)]

    def _later(self, found: Found) -> Probe:
        """Change every step from an origin on, and look whether its forecast moves."""
        series, held = self._series(), self.folds[-1].held
        origins = np.unique(held[[0, len(held) // 2, -1]])
        moved = []
        for origin in origins:
            later = np.arange(len(series)) >= origin
            numbers = np.where(later, series.numbers + 1 + series.numbers.std(), series.numbers)
            others = _moved_from(series.beside, later)
            changed = replace(self, series=replace(series, numbers=numbers, beside=others))
            for contender in self.contenders:
                model, rows = found.model(contender.name), np.array([origin])
                one, other = model.say(self.asked(rows)), model.say(changed.asked(rows))
                if not np.array_equal(one.middle, other.middle):
                    moved.append(f"{contender.name} at step {origin}")
        steps = ", ".join(map(str, origins))
        what = f"the forecast of {', '.join(moved)}" if moved else "no forecast"
        return Probe(
            name=LATER,
            passed=not moved,
            size=len(moved),
            detail=f"changing all steps from an origin on ({steps}) moves {what}.",
        )

    def _fitted(self, found: Found) -> Probe:
        """Look where the series ended that each contender was fitted on, as it says itself."""
        fold = self.folds[-1]
        place, bounds = self._places(fold.held), self._series().bounds
        names = np.unique(self._places(fold.known))
        firsts = [fold.held[place == name] for name in names]
        first = sum(
            int((rows.min() if len(rows) else bounds[name + 1]) - bounds[name])
            for name, rows in zip(names, firsts, strict=True)
        )
        ends = {c.name: found.model(c.name).steps for c in self.contenders}
        beyond = {name: end - first for name, end in ends.items() if end > first}
        overlap = self._overlap(found.model(found.chosen).estimator.sides_)
        said = ", ".join(f"{name} by {steps:,} steps" for name, steps in beyond.items())
        return Probe(
            name=FITTED,
            passed=not beyond and not overlap,
            size=max([overlap, *beyond.values()]),
            detail=f"the fits end before step {max(ends.values()):,}, the first held target is "
            f"step {first:,}; targets to train on reach {overlap} steps into validation."
            + (f" Beyond it: {said}." if said else ""),
        )

    def _overlap(self, sides: Sides) -> int:
        """Count the steps by which targets to train on reach into validation."""
        known, most = self.folds[-1].known, 0
        for train, validation in sides:
            rows, later = known[train], known[validation]
            place, after = self._places(rows), self._places(later)
            for name in np.intersect1d(place, after):
                reached = rows[place == name].max() + self.horizon
                most = max(most, int(reached - later[after == name].min()))
        return most

    def _promise(self, found: Found) -> Probe:
        """Look whether coverage falls far short of its level: by much, and by more than chance.

        ::

            by much         missed outcomes > FAR * those that were promised to be missed
            beyond chance   upper end of the 95 % interval of the coverage < level

        The interval is over blocks of held origins. The margins were taken from validation errors,
        which chance moves as much, so it is widened by sqrt(1 + held / validation origins).
        """
        statistics = found.statistics(found.chosen)
        (coverage,) = (m for m in self.measures if m.name == "coverage")
        result = estimate(coverage, [statistics], self.evidence(found.held))
        value = values(coverage, statistics)
        said = f"{self.level:.0%} were promised, {value:.1%} of held outcomes are inside"
        if result.interval is None:
            detail = f"{said}; too few independent origins to tell that from chance."
            return Probe(name=PROMISE, passed=True, size=0, detail=detail, leak=False)
        wider = np.sqrt(1 + len(self.folds[-1].held) / max(1, len(self.folds[-1].validation)))
        low, high = special.logit(result.interval)
        upper = float(special.expit((low + high) / 2 + wider * (high - low) / 2))
        passed = upper >= self.level or 1 - value <= FAR * (1 - self.level)
        short = int(np.ceil((self.level - value) * len(statistics) * self.horizon))
        return Probe(
            name=PROMISE,
            passed=passed,
            size=0 if passed else short,
            detail=f"{said}; chance in held and validation origins leaves room up to {upper:.1%}.",
            leak=False,
        )

    def notes(self, found: Found) -> list[str]:
        """Say what the intervals hold."""
        inside = found.report.contender(found.chosen).measures["coverage"].value
        assert inside is not None
        promised = f"Intervals that shall hold {self.level:.0%} of outcomes hold"
        read = self._series().notes if self._series().log else []
        return [*read, f"{promised} {inside:.1%} of the held ones."]

    # ---- what is looked at

    def exhibits(self, found: Found) -> list[Exhibit]:
        """Show the error of each contender by step ahead, and the intervals."""
        names = [c.name for c in self.contenders]
        sizes = [np.abs(found.statistics(name)[:, : self.horizon]).mean(axis=0) for name in names]
        inside = found.statistics(found.chosen)[:, self.horizon : 2 * self.horizon].mean(axis=0)
        margins = np.atleast_2d(found.said(found.chosen)[-1].margins).mean(axis=0)
        rows = [
            [
                str(k + 1),
                *(figure(float(size[k])) for size in sizes),
                f"± {figure(float(margins[k]))}",
                f"{inside[k]:.3f}",
            ]
            for k in range(self.horizon)
        ]
        return [
            Exhibit(
                title="Mean absolute error by step ahead",
                columns=["steps ahead", *names, f"interval of {found.chosen}", "held inside"],
                rows=rows,
            ),
            *self._moved_by(found),
        ]

    def _moved_by(self, found: Found) -> list[Exhibit]:
        """Show how far each column that is known ahead moves the forecasts of held rows."""
        effects, beside = found.model(found.chosen).effects, self._series().beside
        if effects is None or beside is None:
            return []
        asked = self.asked(self.folds[-1].held)
        moves = effects.of_each(asked, self.horizon, self.season)
        sizes = np.abs(moves * scales(asked, self.season)[:, None]).reshape(len(moves), -1)
        rows = [
            [name, figure(float(size.mean())), figure(float(size.max()))]
            for name, size in zip(beside.names, sizes, strict=False)  # those known ahead come first
        ]
        return [
            Exhibit(
                title=f"What columns known ahead move in the forecasts of {found.chosen}",
                columns=["column", "mean move", "largest move"],
                rows=rows,
            )
        ]

    def pictures(self, found: Found) -> list[tuple[str, Any]]:
        """Draw the last held steps, and forecasts that follow each other, with their intervals."""
        said, held = found.said(found.chosen)[-1], self.folds[-1].held
        margins = np.broadcast_to(said.margins, said.middle.shape)
        title = f"The last held steps and what {found.chosen} forecast ({self.horizon} at a time)"
        place = self._places(held)
        names = np.unique(place)
        chosen = names[np.unique(np.linspace(0, len(names) - 1, SERIES_DRAWN).astype(int))]
        drawn = []
        for name in chosen:
            rows = np.flatnonzero(place == name)
            parts = (held[rows], said.middle[rows], margins[rows])
            of = f"; {self._series().names[name]}" if self._series().names else ""
            drawn.append(
                (f"{title}, {self.level:.0%} intervals{of}", self._drawing(int(name), *parts))
            )
        return drawn

    def _drawing(self, name: int, held: Rows, middle: Floats, margins: Floats) -> Any:
        """Give what draws one series from before its held steps on."""
        series, bounds = self._series(), self._series().bounds
        shown = np.arange(len(held) - 1, -1, -self.horizon)[:DRAWN][::-1]
        first, ahead = int(held[shown[0]]), np.arange(self.horizon)
        before = max(self.horizon, 2 * self.season)

        def draw(axes: Any) -> None:
            steps = np.arange(max(bounds[name], first - before), bounds[name + 1])
            when = np.arange(len(series)) if series.times is None else series.times
            axes.plot(
                when[steps],
                series.numbers[steps],
                color="#1f2933",
                linewidth=1,
                label=worded("series"),
            )
            for place in shown:
                at, low, high = held[place] + ahead, middle[place] - margins[place], None
                high = middle[place] + margins[place]
                axes.fill_between(when[at], low, high, color="#0b6e99", alpha=0.2, linewidth=0)
                axes.plot(when[at], middle[place], color="#0b6e99", linewidth=1.5)
            if series.times is not None:
                from matplotlib.dates import AutoDateFormatter, AutoDateLocator

                few = AutoDateLocator(minticks=3, maxticks=5)  # type: ignore[no-untyped-call]
                form = AutoDateFormatter(few)  # type: ignore[no-untyped-call]
                axes.xaxis.set(major_locator=few, major_formatter=form)  # more run into each other
            value = series.target or "value"
            axes.set(
                xlabel="step" if series.times is None else "",
                ylabel=worded("log {value}", value=value) if series.log else value,
            )

        return draw

    def commands(self, run: str) -> list[tuple[str, list[str]]]:
        """Ask it, and judge it on new rows."""
        return [
            ("forecast what comes after a table", ["predict", run, "NEW.csv"]),
            ("judge it on what came later", ["evaluate", run, "NEW.csv"]),
        ]

    def predictions(self, found: Found) -> Mapping[str, Iterable[Any]]:
        """Give every held target, in the units of the file, and what each contender said."""
        held, horizon = found.held, self.horizon
        unit = np.exp if self._series().log else np.asarray
        series, steps = self._series(), (held[:, None] + np.arange(horizon)).ravel()
        columns: dict[str, Any] = {
            "id": np.repeat(held, horizon),
            "ahead": np.tile(np.arange(1, horizon + 1), len(held)),
        }
        if series.names:
            columns["series"] = np.array(series.names)[np.repeat(self._places(held), horizon)]
        if series.times is not None:
            columns["time"] = [series.label_of(int(step)) for step in steps]
        columns |= {
            "truth": unit(self._truth(held).ravel()),
        }
        for contender in self.contenders:
            said = found.said(contender.name)
            columns[contender.name] = unit(np.concatenate([s.middle for s in said]).ravel())
            if said[0].margins is not None:
                for end, sign in (("lower", -1), ("upper", 1)):
                    ends = np.concatenate([s.middle + sign * s.margins for s in said])
                    columns[f"{contender.name}: {end}"] = unit(ends.ravel())
        return columns

    def keys(self) -> Mapping[str, Rows]:
        """Give a number for the steps of each origin: those that are read, and those ahead."""
        numbers = np.ascontiguousarray(self._series().numbers)
        steps, bounds = np.arange(len(numbers)), self._series().bounds
        begins, ends = bounds[self._places(steps)], bounds[self._places(steps) + 1]
        read = (
            numbers[max(begin, at - self.window) : min(end, at + self.horizon)]
            for at, begin, end in zip(steps, begins, ends, strict=True)
        )
        return {"duplicate_key": np.array([content_key(each.tobytes()) for each in read])}


def _moved_from(beside: Beside | None, later: Bools) -> Beside | None:
    """Change what is known to the last step alone, of some steps."""
    if beside is None:
        return None
    values = beside.numbers.copy()
    values[later, beside.known :] += 1 + values[:, beside.known :].std(axis=0)
    return replace(beside, numbers=values)


def _moves(before: Floats, season: int) -> float:
    """Give the mean size of what changes in a season; of what never moves, its size, or 1."""
    lag = season if len(before) > season else 1
    moved = float(np.abs(before[lag:] - before[:-lag]).mean()) if len(before) > lag else 0.0
    size = float(np.abs(before).max()) if len(before) else 0.0
    return moved if moved > 1e-12 * size else size or 1.0


# ---- saved models


def _all_known(series: Series, horizon: int, window: int, share: float) -> Fold:
    """Give every origin of several series as known."""
    parts = []
    for start, end in pairwise(series.bounds):
        rows = np.arange(start + window, end - horizon + 1)
        parts.append(cut_by_time(rows, rows[:0], share, horizon))
    return joined(parts)


def asked_again(asked: Asked, series: Series) -> ForecastingProblem:
    """Ask saved models what comes after the steps that they were fitted on."""
    steps = asked.network.settings(Steps)
    return ForecastingProblem(
        name="forecasting",
        data=_described(series),
        split="by time, one origin after the other",
        folds=all_held(origins_after(asked, series)),
        contenders=(),
        measures=forecast_measures(steps.horizon, bool(series.names)),
        beside=BESIDE,
        season=steps.season,
        after=last_known(asked, series),
        series=series,
        horizon=steps.horizon,
        window=steps.before,
        level=steps.level,
    )
