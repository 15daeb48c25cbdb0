"""One to many: a series many steps ahead, beside naive, seasonal and linear forecasts.

::

    steps        0 ───────────── cut ─────────── end
    known        window | origins |                     no target of theirs reaches the cut
    held                          | origins |           each asked with the steps before it alone
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import special

from recurra.answers.forecasts import Ahead
from recurra.arrays import Floats, Rows
from recurra.baselines.forecasting import KnownSeries, forecasts
from recurra.data import Series, read_series, sample_series
from recurra.errors import SettingsError
from recurra.estimators import SequenceForecaster
from recurra.judging.evidence import Evidence
from recurra.judging.intervals import estimate
from recurra.judging.measures import Measure, values
from recurra.judging.problem import Fold, Problem, Sides, all_held
from recurra.judging.report import DataInfo, Exhibit, Probe, figure
from recurra.judging.run import Found
from recurra.names import SHAPES, one_of
from recurra.problems.kept import Asked
from recurra.problems.networks import EstimatorNetwork, networks
from recurra.problems.new_rows import Steps, last_known, origins_after
from recurra.problems.saved.forecasts import KINDS
from recurra.problems.splitting import SplitSeries, cut_by_time, split_series
from recurra.text import content_key

__all__ = [
    "KINDS",
    "ForecasterNetwork",
    "ForecastingProblem",
    "forecast_measures",
    "forecasting",
]

BESIDE = ("RMSE",)
FAR = 1.5  # times as many outcomes outside of intervals as were promised
DRAWN = 12  # forecasts in a picture
LATER, FITTED = "later steps in a forecast", "held targets in the fit"
PROMISE = "intervals hold what they promise"


def forecasting(
    series: Series | str | Path | None = None,
    *,
    target: str | None = None,
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
        series = read_series(series, target, log=log)
    given: dict[str, Any] = {"season": series.season}
    given |= {name: value for name, value in settings.items() if value is not None}
    estimators = [SequenceForecaster(name, random_state=seed, **given) for name in models]
    return _declared(series, estimators, folds, seed, split)


def _declared(
    series: Series,
    estimators: list[SequenceForecaster],
    folds: int | None,
    seed: int,
    split: SplitSeries | None,
) -> "ForecastingProblem":
    first = estimators[0]
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
            *forecasts(horizon, window, first.season),
        ],
        measures=forecast_measures(horizon),
        beside=BESIDE,
        seed=seed,
        facts=[*(e.get_params() for e in estimators), series.numbers.tolist()],
        series=series,
        horizon=horizon,
        window=window,
        level=first.level,
        validation_split=share,
    )


def _described(series: Series) -> DataInfo:
    return DataInfo(
        source=series.source,
        sha256=series.sha256,
        rows=len(series),
        groups=len(series),
        notes=list(series.notes),
    )


def forecast_measures(horizon: int) -> tuple[Measure, ...]:
    """Give the measures of forecasts, over statistics of origins; the first decides.

    ::

        statistics   error of each step ahead | whether its interval held it, nan without one
        MAE          mean over origins of the mean size of the errors
        RMSE         root of the mean squared error
        coverage     share of outcomes that the intervals hold

    Args:
        horizon: steps ahead.
    """

    def size(statistics: Floats) -> Floats:
        sizes: Floats = np.abs(statistics[:, :horizon]).mean(axis=1)
        return sizes

    def square(statistics: Floats) -> Floats:
        squares: Floats = (statistics[:, :horizon] ** 2).mean(axis=1)
        return squares

    def inside(statistics: Floats) -> Floats:
        share: Floats = statistics[:, horizon:].mean(axis=1)
        return share

    def mean(losses: Any, statistics: Floats, weights: Floats) -> Floats:
        means: Floats = weights @ losses(statistics) / weights.sum(axis=1)
        return means

    return (
        Measure(
            "MAE",
            lambda s, w: mean(size, s, w),
            higher_is_better=False,
            share=False,
            losses=size,
            positive=True,
        ),
        Measure(
            "RMSE",
            lambda s, w: np.sqrt(mean(square, s, w)),
            higher_is_better=False,
            share=False,
            positive=True,
        ),
        Measure("coverage", lambda s, w: mean(inside, s, w), losses=inside),
    )


class ForecasterNetwork(EstimatorNetwork):
    """A `SequenceForecaster` among contenders."""

    reads = SequenceForecaster

    def _fit(self, known: KnownSeries, sides: Sides, **watched: Any) -> None:
        self.rows, self.facts = len(known.origins), known.facts
        self.estimator.fit(known.numbers, **watched)  # it draws the sides of `last_part` itself

    @property
    def steps(self) -> int:
        """How many steps the fit has seen, to the end of the last target."""
        forecaster = self.estimator
        _, validation = forecaster.sides_[0]
        first = max(forecaster.window, forecaster.season)
        return int(first + validation[-1] + forecaster.horizon)

    def say(self, asked: Floats) -> Ahead:
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

    def _series(self) -> Series:
        assert self.series is not None
        return self.series

    def known(self, rows: Rows) -> KnownSeries:
        """Give a copy of the series that ends where the last target of these origins ends."""
        series, end = self._series(), int(rows[-1]) + self.horizon
        facts = {"target": series.target, "log": series.log, "trained_to": series.time_of(end - 1)}
        return KnownSeries(series.numbers[:end].copy(), rows.copy(), facts)

    def asked(self, rows: Rows) -> Floats:
        """Give the steps before each origin, (rows, window)."""
        before: Floats = self._series().numbers[
            rows[:, None] - self.window + np.arange(self.window)
        ]
        return before

    def _truth(self, rows: Rows) -> Floats:
        truth: Floats = self._series().numbers[rows[:, None] + np.arange(self.horizon)]
        return truth

    def count(self, rows: Rows, said: Ahead) -> Floats:
        """Give the error of each step ahead, and whether its interval held it."""
        errors = said.middle - self._truth(rows)
        held = np.full(errors.shape, np.nan)
        if said.margins is not None:
            held = (np.abs(errors) <= said.margins).astype(np.float64)
        return np.concatenate([errors, held], axis=1)

    def evidence(self, rows: Rows) -> Evidence:
        """Take origins in time as pieces."""
        return Evidence(rows, in_time=True, seed=self.seed)

    def whole(self) -> Fold:
        """Give the whole series as known."""
        rows = np.arange(self.window, len(self._series()) - self.horizon + 1)
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
            changed = replace(self, series=replace(series, numbers=numbers))
            for contender in self.contenders:
                model, rows = found.model(contender.name), np.array([origin])
                one, other = model.say(self.asked(rows)), model.say(changed.asked(rows))
                if not np.array_equal(one.middle, other.middle):
                    moved.append(f"{contender.name} at step {origin}")
        steps = ", ".join(map(str, origins))
        return Probe(
            name=LATER,
            passed=not moved,
            size=len(moved),
            detail=f"changing all steps from an origin on ({steps}) moves "
            + (f"the forecast of {', '.join(moved)}." if moved else "no forecast."),
        )

    def _fitted(self, found: Found) -> Probe:
        """Look where the series ended that each contender was fitted on, as it says itself."""
        first = int(self.folds[-1].held[0])
        ends = {c.name: found.model(c.name).steps for c in self.contenders}
        beyond = {name: end - first for name, end in ends.items() if end > first}
        forecaster = found.model(found.chosen).estimator
        overlap = max(
            max(0, int(train[-1]) + forecaster.horizon - int(validation[0]))
            for train, validation in forecaster.sides_
        )
        said = ", ".join(f"{name} by {steps:,} steps" for name, steps in beyond.items())
        return Probe(
            name=FITTED,
            passed=not beyond and not overlap,
            size=max([overlap, *beyond.values()]),
            detail=f"the fits end before step {max(ends.values()):,}, the first held target is "
            f"step {first:,}; targets to train on reach {overlap} steps into validation."
            + (f" Beyond it: {said}." if said else ""),
        )

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
        short = int(np.ceil((self.level - value) * statistics[:, self.horizon :].size))
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
        inside = found.statistics(found.chosen)[:, self.horizon :].mean(axis=0)
        margins = found.said(found.chosen)[-1].margins
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
            )
        ]

    def pictures(self, found: Found) -> list[tuple[str, Any]]:
        """Draw the last held steps, and forecasts that follow each other, with their intervals."""
        said, held = found.said(found.chosen)[-1], self.folds[-1].held
        shown = np.arange(len(held) - 1, -1, -self.horizon)[:DRAWN][::-1]
        first, ahead = int(held[shown[0]]), np.arange(self.horizon)

        def draw(axes: Any) -> None:
            numbers = self._series().numbers
            steps = np.arange(max(0, first - self.horizon), len(numbers))
            axes.plot(steps, numbers[steps], color="#1f2933", linewidth=1, label="series")
            for place in shown:
                at, middle = held[place] + ahead, said.middle[place]
                ends = (middle - said.margins, middle + said.margins)
                axes.fill_between(at, *ends, color="#0b6e99", alpha=0.2, linewidth=0)
                axes.plot(at, middle, color="#0b6e99", linewidth=1.5)
            name = self._series().target or "value"
            axes.set(xlabel="step", ylabel=f"log {name}" if self._series().log else name)

        title = f"The last held steps, as {found.chosen} forecast them {self.horizon} at a time"
        return [(f"{title}, {self.level:.0%} intervals", draw)]

    def commands(self, run: str) -> list[tuple[str, list[str]]]:
        """Ask it, and judge it on new rows."""
        target = self._series().target
        column = [] if target is None else ["--target", target]
        return [
            ("forecast what comes after a table", ["predict", run, "NEW.csv", *column]),
            ("judge it on what came later", ["evaluate", run, "NEW.csv", *column]),
        ]

    def predictions(self, found: Found) -> Mapping[str, Iterable[Any]]:
        """Give every held target, in the units of the file, and what each contender said."""
        held, horizon = found.held, self.horizon
        unit = np.exp if self._series().log else np.asarray
        columns: dict[str, Any] = {
            "id": np.repeat(held, horizon),
            "ahead": np.tile(np.arange(1, horizon + 1), len(held)),
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
        steps = range(len(numbers))
        read = (numbers[max(0, at - self.window) : at + self.horizon] for at in steps)
        return {"duplicate_key": np.array([content_key(each.tobytes()) for each in read])}


# ---- saved models


def asked_again(asked: Asked, series: Series) -> ForecastingProblem:
    """Ask saved models what comes after the steps that they were fitted on."""
    steps = asked.network.settings(Steps)
    return ForecastingProblem(
        name="forecasting",
        data=_described(series),
        split="by time, one origin after the other",
        folds=all_held(origins_after(asked, series)),
        contenders=(),
        measures=forecast_measures(steps.horizon),
        beside=BESIDE,
        after=last_known(asked, series),
        series=series,
        horizon=steps.horizon,
        window=steps.before,
        level=steps.level,
    )
