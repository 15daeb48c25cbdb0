"""report.html and compare.html: one page for every problem, from the report and what was made."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from recurra.arrays import Floats
from recurra.judging.problem import Chosen
from recurra.judging.report import ContenderResult, Report, figure
from recurra.judging.run import Found
from recurra.pages.drawing import (
    BASELINE,
    INK,
    MODEL,
    draw_curves,
    environment,
    svg,
    typed,
)
from recurra.wording import retold, worded

__all__ = ["render_report"]


def render_report(
    report: Report,
    found: Found | None = None,
    commands: Sequence[tuple[str, Sequence[str]]] = (),
    chosen: Chosen | None = None,
) -> str:
    """Give the page as HTML.

    Args:
        report: what was found.
        found: what it was made of, where it is at hand: plots and explanations come from it.
        commands: that may be typed next, each with what it is for.
        chosen: how settings were chosen, where a search chose them.
    """
    plots = _plots(report)
    plots += [(title, svg(draw), "") for title, draw in (chosen.pictures() if chosen else [])]
    if found is not None:
        plots += [(title, svg(draw), "") for title, draw in found.problem.pictures(found)]
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            contenders={each.name for each in report.contenders},
            verdicts=_verdicts(report),
            plots=plots,
            figure=figure,
            commands=typed(commands),
            explained=found.problem.explained(found) if found is not None else [],
        )
    )


def _plots(report: Report) -> list[tuple[str, Any, str]]:
    """Give the plots that the report alone is enough for: title, drawing, a word about it."""
    first = report.measures[0].name
    plots = [(f"{first}, 95 % intervals", svg(_drawer(_intervals, report), _tall(report)), "")]
    if report.split.folds > 1:
        plots.append(
            (
                "Quality against time",
                svg(_drawer(_quality, report), max(4.2, _tall(report))),
                "Blue: networks; grey: baselines. Bars: one standard deviation over the folds.",
            )
        )
    if report.training is not None:
        curves = report.training.curves
        title = f"Training: {report.training.curve}"
        plots.append((title, svg(lambda axes: draw_curves(axes, curves)), ""))
    if any(each.calibration for each in report.contenders):
        plots.append(("Calibration", svg(_drawer(_calibration, report)), _said(report)))
    return plots


def _said(report: Report) -> str:
    """Say whether the scores of the network may be taken at their word."""
    found = report.contender(report.verdict.model).calibration
    if found is None:
        return ""
    word = (
        "its scores may be taken at their word"
        if found.calibrated
        else "its scores rank, but are not to be taken at their word"
    )
    return (
        f"Expected calibration error of {report.verdict.model}: {found.error:.3f}. A perfectly "
        f"calibrated model with these scores stays below {found.by_chance:.3f} in 95 % of cases: "
        f"{word}."
    )


def _verdicts(report: Report) -> list[Any]:
    """Give the verdicts to show: that of the network that is kept first."""
    first = report.verdict
    return [first, *(v for v in report.verdicts if v is not first)]


def _drawer(draw: Callable[[Any, Report], None], report: Report) -> Callable[[Any], None]:
    return lambda axes: draw(axes, report)


def _tall(report: Report) -> float:
    return 0.9 + 0.27 * len(report.contenders)


def _intervals(axes: Any, report: Report) -> None:
    """Draw the measure that decides, of each contender, with its interval."""
    name = report.measures[0].name
    rows = [each for each in report.ranked() if each.measures[name].value is not None]
    for place, each in enumerate(reversed(rows)):
        found, colour = each.measures[name], BASELINE if each.baseline else MODEL
        if found.interval is not None:
            axes.plot(
                found.interval, [place, place], color=colour, linewidth=3, solid_capstyle="round"
            )
        axes.plot(found.value, place, "o", color=colour, markersize=6)
    axes.set_yticks(range(len(rows)), [each.name for each in reversed(rows)])
    better = "higher" if report.measures[0].higher_is_better else "lower"
    axes.set(xlabel=retold(f"{name} ({better} is better)"), ylim=(-0.6, len(rows) - 0.4))


def _quality(axes: Any, report: Report) -> None:
    """Draw the measure that decides against the time to fit."""
    name = report.measures[0].name
    shown = [each for each in report.ranked() if each.measures[name].value is not None]
    for each in shown:
        found, colour = each.measures[name], BASELINE if each.baseline else MODEL
        seconds = max(each.fit_seconds, 1e-3)
        axes.errorbar(
            seconds, found.value, yerr=found.deviation or 0.0, fmt="o", color=colour, capsize=3
        )
    better = "higher" if report.measures[0].higher_is_better else "lower"
    said = retold(f"{name} ({better} is better)")
    axes.set(xscale="log", xlabel=worded("seconds to fit"), ylabel=said)
    _label(axes, name, shown)


def _label(axes: Any, name: str, shown: list[ContenderResult]) -> None:
    """Write names at the right, each a line below the other and tied to its dot."""
    heights = np.array([float(each.measures[name].value or 0.0) for each in shown])
    order = np.argsort(heights, kind="stable")
    low, high = axes.get_ylim()
    line = (high - low) / max(18, len(shown))
    places = spread(heights[order], line)
    axes.set_ylim(min(low, places[0] - line), max(high, places[-1] + line))
    for number, place in zip(order, places, strict=True):
        each = shown[number]
        axes.annotate(
            each.name,
            (max(each.fit_seconds, 1e-3), heights[number]),
            (1.03, place),
            textcoords=axes.get_yaxis_transform(),
            fontsize=7,
            va="center",
            arrowprops={"arrowstyle": "-", "color": BASELINE, "linewidth": 0.5},
        )


def spread(heights: Floats, line: float) -> Floats:
    """Move rising heights apart, each at least a line above the one before, as little as can be.

    Heights less their place in the row must rise; where they fall, they are pooled to their mean.

    Example:
        >>> spread(np.array([1.0, 1.0, 5.0]), 2.0).tolist()
        [0.0, 2.0, 5.0]
    """
    steps = line * np.arange(len(heights))
    pools: list[list[float]] = []
    for height in heights - steps:
        pools.append([height])
        while len(pools) > 1 and np.mean(pools[-2]) > np.mean(pools[-1]):
            last = pools.pop()
            pools[-1] += last
    level: Floats = np.concatenate([np.full(len(pool), np.mean(pool)) for pool in pools])
    return level + steps


def _varies(each: ContenderResult) -> bool:
    """Say whether a contender gives different rows different scores."""
    return each.calibration is not None and len(each.calibration.parts) > 1


def _calibration(axes: Any, report: Report) -> None:
    """Draw score against share, of the network and the best baseline."""
    ranked = [each for each in report.ranked() if each.calibration is not None]
    network = next((each for each in ranked if each.name == report.verdict.model), None)
    baseline = next((each for each in ranked if each.baseline and _varies(each)), None)
    most = 0.0
    for each, colour in ((baseline, BASELINE), (network, MODEL)):
        if each is None or each.calibration is None:
            continue
        mean, share, _ = zip(*each.calibration.parts, strict=True)
        most = max(most, *mean, *share)
        axes.plot(mean, share, marker="o", markersize=3, linewidth=1, color=colour, label=each.name)
    axes.plot([0, most], [0, most], color=INK, linewidth=0.8, linestyle=":")
    by_tenths = worded("mean probability, by tenths of the rows")
    axes.set(xlabel=by_tenths, ylabel=worded("share that came true"))
    axes.legend(frameon=False, loc="upper left")
