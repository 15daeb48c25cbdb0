"""One to many: a series many steps ahead, beside naive, seasonal and linear forecasts."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.linear_model import Ridge

from recurra.errors import DataError
from recurra.estimators import SequenceForecaster
from recurra.estimators.forecaster import naive_ahead
from recurra.evaluation.leaks import Probe
from recurra.evaluation.report import DataInfo, SplitInfo
from recurra.evaluation.splits import rolling_folds
from recurra.evaluation.written import Exhibit, WrittenReport, WrittenResult
from recurra.recipes.compare import BySums, Fit, Fitted, Task, fitted
from recurra.recipes.judging import (
    decide_by_mean,
    describe_network,
    mean_of,
    ratio,
    side_of,
    training_of,
    write_judged,
)
from recurra.runs import RunFolder
from recurra.training import Notify

__all__ = ["Series", "forecasting_task", "sample_series", "train_forecasting"]

TEST_SHARE = 0.2
Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Forecast = Callable[[Rows], Floats]


@dataclass
class Series:
    """Numbers in order of time, and how they were got."""

    numbers: Floats
    source: str
    sha256: str
    notes: list[str] = field(default_factory=list)


def sample_series(steps: int = 1200) -> Series:
    """Make up a series: two seasons, a slow wave, and noise that lasts a few steps."""
    rng = np.random.default_rng(0)
    t = np.arange(steps)
    noise = np.zeros(steps)
    for step in range(1, steps):
        noise[step] = 0.7 * noise[step - 1] + 0.3 * rng.normal()
    week, month = np.sin(2 * np.pi * t / 7), np.sin(2 * np.pi * t / 30)
    values = 20 + 3 * week * (1 + 0.5 * month) + 2 * month + noise
    return Series(values, "embedded sample", "0" * 64, ["made by a rule for this package"])


def train_forecasting(
    series: Series,
    forecaster: SequenceForecaster,
    folder: RunFolder,
    *,
    recipe: str = "forecasting",
    stage: Callable[[str], None] = lambda text: None,
    notify: Notify | None = None,
) -> WrittenReport:
    """Train on the past, forecast from every later step in turn, judge; write the run folder."""
    # 1. split by time: the last fifth is forecast, from one origin after the other
    values, horizon = series.numbers, forecaster.horizon
    cut = int(len(values) * (1 - TEST_SHARE))
    longest = max(forecaster.window, forecaster.season)
    origins = np.arange(cut, len(values) - horizon + 1)
    if cut <= longest or len(origins) < 2 * horizon:
        raise DataError(
            f"a series must be long enough to train and to test, but it has {len(values)} steps "
            f"for a window of {longest} and {horizon} steps ahead. Give more, or a shorter horizon."
        )

    # 2. train on what lies before the cut alone
    stage("training")
    began = time.perf_counter()
    forecaster.fit(values[:cut], checkpoints=folder.checkpoints, notify=notify)
    seconds = time.perf_counter() - began

    # 3. judge: mean absolute error over the steps ahead; neighbouring origins are drawn together
    stage("baselines")
    truth = values[origins[:, None] + np.arange(horizon)]
    found = forecaster.predict_from(values, origins)
    rivals = {name: fit(cut)(origins) for name, fit in _baselines(values, forecaster).items()}
    ours = np.abs(found - truth)
    errors = {name: np.abs(ahead - truth) for name, ahead in rivals.items()}
    blocks = _blocks(origins, horizon)
    verdict = decide_by_mean(
        ours.mean(axis=1),
        {name: error.mean(axis=1) for name, error in errors.items()},
        blocks,
        measured="mean absolute error",
        higher_is_better=False,
        name=f"the {forecaster.model} model",
        seed=forecaster.random_state,
    )

    # 4. report, page, bundle
    inside = ours <= forecaster.margins_
    ahead = [
        [
            str(k + 1),
            f"{ours[:, k].mean():.4g}",
            *(f"{e[:, k].mean():.4g}" for e in errors.values()),
            f"± {forecaster.margins_[k]:.4g}",
            f"{inside[:, k].mean():.3f}",
        ]
        for k in range(horizon)
    ]
    columns = ["steps ahead", forecaster.model, *errors, "interval", "held"]
    ((training, validation),) = forecaster.sides_[:1]
    report = WrittenReport(
        recipe=recipe,
        data=DataInfo(
            source=series.source,
            sha256=series.sha256,
            rows=len(values),
            classes={},
            positive="",
            duplicates_grouped=0,
            notes=series.notes,
        ),
        split=SplitInfo(
            kind="by time, one origin after the other, no target on two sides",
            seed=forecaster.random_state,
            train=len(training),
            validation=len(validation),
            test=len(origins),
            purged=cut - longest - horizon + 1 - len(training) - len(validation),
        ),
        model=describe_network(forecaster),
        training=training_of(forecaster, seconds),
        test={
            "MAE": mean_of(ours.mean(axis=1), blocks),
            "coverage": mean_of(inside.mean(axis=1), blocks),
        },
        baselines=[
            WrittenResult(name=name, rows=cut, test={"MAE": mean_of(error.mean(axis=1), blocks)})
            for name, error in errors.items()
        ],
        leaks=[_later_steps_change_nothing(forecaster, values, origins)],
        verdict=verdict,
        notes=[
            f"Intervals that shall hold {forecaster.level:.0%} of outcomes hold "
            f"{inside.mean():.1%} of the test's."
        ],
        exhibits=[Exhibit(title="Mean absolute error by step ahead", columns=columns, rows=ahead)],
    )
    predictions = pd.DataFrame(
        {
            "id": np.repeat(origins, horizon),
            "ahead": np.tile(np.arange(1, horizon + 1), len(origins)),
            "truth": truth.ravel(),
            "score": found.ravel(),
        }
    )
    steps = np.arange(len(values))
    split = {"side": side_of(len(steps), steps[longest + validation[0] : cut], steps[cut:])}
    folder.finish(lambda place: write_judged(place, report, forecaster, predictions, split))
    return report


def _baselines(
    values: Floats, forecaster: SequenceForecaster
) -> dict[str, Callable[[int], Forecast]]:
    """Give by name how a baseline is fitted on the steps before a cut."""
    horizon, season = forecaster.horizon, forecaster.season

    def linear(cut: int) -> Forecast:
        return _linear(values, cut, horizon, max(forecaster.window, season))

    found: dict[str, Callable[[int], Forecast]] = {
        "naive": lambda cut: lambda origins: naive_ahead(values, origins, horizon)
    }
    if season > 1:
        found["seasonal naive"] = lambda cut: (
            lambda origins: naive_ahead(values, origins, horizon, season)
        )
    return found | {"linear": linear}


def _linear(values: Floats, cut: int, horizon: int, window: int) -> Forecast:
    """Forecast by a ridge regression on the window, its last value taken off."""

    def windows(at: Rows) -> tuple[Floats, Floats]:
        seen = values[at[:, None] - window + np.arange(window)]
        return seen - seen[:, -1:], seen[:, -1:]

    known = np.arange(window, cut - horizon + 1)
    X, last = windows(known)
    model = Ridge(1.0).fit(X, values[known[:, None] + np.arange(horizon)] - last)

    def ahead(origins: Rows) -> Floats:
        X, last = windows(origins)
        found: Floats = model.predict(X).reshape(-1, horizon) + last
        return found

    return ahead


def _later_steps_change_nothing(
    forecaster: SequenceForecaster, values: Floats, origins: Rows
) -> Probe:
    """Change every step after an origin, and look whether its forecast moves."""
    middle = origins[len(origins) // 2 : len(origins) // 2 + 1]
    changed = np.where(np.arange(len(values)) >= middle[0], values + values.std(), values)
    same = np.array_equal(
        forecaster.predict_from(values, middle), forecaster.predict_from(changed, middle)
    )
    return Probe(
        probe="later steps in a forecast",
        passed=same,
        detail=f"changing all from step {middle[0]} on {'moves no' if same else 'moves its'} "
        "forecast.",
    )


def _blocks(origins: Rows, horizon: int) -> Rows:
    """Give origins that follow each other one number: their forecasts are of the same steps."""
    blocks: Rows = (origins - origins[0]) // max(4 * horizon, 20)
    return blocks


def forecasting_task(
    series: Series, forecasters: Sequence[SequenceForecaster], *, folds: int, seed: int = 0
) -> Task:
    """Compare forecasters on the last steps in turn, each time fitted on all that came before.

    A row is an origin, the step that is forecast first. No target known reaches into what is held
    out. The forecasters differ in nothing but their architecture.
    """
    values, first = series.numbers, forecasters[0]
    horizon, longest = first.horizon, max(first.window, first.season)
    steps = np.arange(horizon)

    def network(forecaster: SequenceForecaster) -> Fit:
        def fit(known: Rows, notify: Notify | None) -> Fitted:
            forecaster.fit(values[: known[-1] + horizon], notify=notify)
            return fitted(forecaster, lambda held: forecaster.predict_from(values, held))

        return fit

    def baseline(fit_before: Callable[[int], Forecast]) -> Fit:
        return lambda known, notify: Fitted(fit_before(int(known[-1]) + horizon))

    def count(held: Rows, said: Floats) -> Floats:
        errors = said - values[held[:, None] + steps]
        means = [np.abs(errors).mean(axis=1), (errors**2).mean(axis=1), np.ones(len(held))]
        return np.stack(means, axis=1)

    return Task(
        "forecasting",
        series,
        "by time, each fold fitted on all that came before it, targets that reach into it purged",
        rolling_folds(longest, len(values) - horizon + 1, folds, purge=horizon),
        {forecaster.model: network(forecaster) for forecaster in forecasters},
        {name: baseline(fit) for name, fit in _baselines(values, first).items()},
        count,
        BySums(
            {
                "MAE": lambda sums: ratio(sums[..., [0, 2]]),
                "RMSE": lambda sums: np.sqrt(ratio(sums[..., [1, 2]])),
            },
            _blocks(np.arange(len(values)), horizon),
            higher_is_better=False,
        ),
        facts=[*(forecaster.get_params() for forecaster in forecasters), values.tolist()],
        seed=seed,
    )
