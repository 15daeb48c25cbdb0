"""Judge networks and baselines on the same test rows, by days, corrected for all that was tried."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from recurra.evaluation.days import Contest, DayBootstrap, brier_skill, contest, precision_at
from recurra.evaluation.holding import hold_best
from recurra.evaluation.leaks import Probe
from recurra.evaluation.metrics import calibration_tenths, measure
from recurra.evaluation.report import BaselineResult, judge
from recurra.evaluation.rise_baselines import LEARNERS, RULES
from recurra.evaluation.splits import Split
from recurra.evaluation.verdict import Verdict
from recurra.markets.rows import RiseRows
from recurra.rises.settings import RiseSettings
from recurra.rises.walking import Walked

__all__ = ["answer_of", "days_on_both_sides", "judged"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def judged(
    rows: RiseRows,
    truth: Bools,
    networks: Mapping[str, Walked],
    baselines: Mapping[str, Floats],
    chosen: str,
    fitted: int,
    settings: RiseSettings,
) -> dict[str, Any]:
    """Give all that a report says of the test rows.

    Args:
        rows: the test rows.
        truth: (rows,) whether the close rose.
        networks: what was fitted; `scores` of these rows.
        baselines: for each its scores of these rows.
        chosen: the network that the validation rows chose.
        fitted: the number of rows that a baseline was fitted on.
        settings: of the run.
    """
    scores = {name: network.scores for name, network in networks.items()}
    thresholds = {name: network.threshold for name, network in networks.items()}
    bootstrap = DayBootstrap(rows.dates, max(settings.window, 10), settings.repeats, settings.seed)
    learners = {name: baselines[name] for name in LEARNERS}
    rules = {name: baselines[name] for name in RULES}
    edge = contest(truth, {**scores, **learners}, rules, bootstrap)
    against = contest(truth, scores, baselines, bootstrap)
    answer = answer_of(edge, against, settings)
    everything = {**scores, **baselines}
    at_half = {name: judge(truth, each, 0.5, bootstrap) for name, each in everything.items()}
    return {
        "test": judge(truth, scores[chosen], thresholds[chosen], bootstrap),
        "baselines": [
            BaselineResult(name=name, rows=fitted, test=at_half[name]) for name in baselines
        ],
        "verdict": Verdict(
            better_than_best_baseline=against.better,
            baseline=against.rival,
            difference=against.gain,
            interval=against.interval,
            sentence=answer,
        ),
        "base_rate": float(truth.mean()),
        "measures": {
            name: _measures(truth, each, rows, thresholds.get(name, 0.5), baselines, settings)
            for name, each in everything.items()
        },
        "accuracies": {name: result.accuracy for name, result in at_half.items()},
        "calibration": {
            name: calibration_tenths(truth, everything[name])
            for name in dict.fromkeys([against.best, edge.best, edge.rival])
        },
        "edge": edge,
        "networks": against,
        "simulation": hold_best(
            scores[chosen],
            rows.change,
            rows.dates,
            rows.tickers,
            threshold=thresholds[chosen],
            holdings=settings.holdings,
            cost=settings.cost,
        ),
        "answer": answer,
    }


def _measures(
    truth: Bools,
    scores: Floats,
    rows: RiseRows,
    threshold: float,
    baselines: Mapping[str, Floats],
    settings: RiseSettings,
) -> dict[str, float]:
    found = measure(truth, scores, threshold)
    top = settings.holdings
    return {
        "pr_auc": found["pr_auc"],
        "roc_auc": found["roc_auc"],
        "brier_skill": brier_skill(truth, scores, baselines["base rate"]),
        f"precision_at_{top}": precision_at(truth, scores, rows.dates, top),
        "ece": found["ece"],
        "accuracy": measure(truth, scores, 0.5)["accuracy"],
        "accuracy_of_base_rate": float(max(truth.mean(), 1 - truth.mean())),
    }


def answer_of(edge: Contest, networks: Contest, settings: RiseSettings) -> str:
    """Say in words what the two contests found."""
    tried = f"best of {edge.tried} models tried: {edge.best}"
    figures = (
        f"Brier score {edge.gain:+.2%} [{edge.interval[0]:+.2%}, {edge.interval[1]:+.2%}] better, "
        f"p = {edge.p_value:.3f} after correction"
    )
    if edge.better != "yes":
        return (
            f"No evidence that a rise of {settings.rise:.2%} can be foreseen beyond what "
            f"{edge.rival} tells ({tried}; {figures})."
        )
    found = (
        f"Evidence that a rise of {settings.rise:.2%} can be foreseen beyond what {edge.rival} "
        f"tells ({tried}; {figures}). "
    )
    if networks.better == "yes":
        return found + f"The network {networks.best} is better than every baseline."
    return found + f"No network is shown to be better than {networks.rival}: use that."


def days_on_both_sides(
    dates: npt.NDArray[np.datetime64], sides: Sequence[Split], window: int
) -> Probe:
    """Look whether a test window reaches into the days that were fitted on."""
    gaps = []
    calendar = np.unique(dates)
    for side in sides:
        end = np.searchsorted(calendar, dates[side.fitted_on].max())
        gaps.append(int(np.searchsorted(calendar, dates[side.test].min()) - end))
    return Probe(
        probe="days on both sides",
        passed=min(gaps) > window,
        detail=f"{min(gaps)} trading days lie between the last day fitted on and the first test "
        f"day; a window looks back on {window}.",
    )
