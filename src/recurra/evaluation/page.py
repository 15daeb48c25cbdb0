"""report.html: one file that needs nothing else, plots drawn inline."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jinja2
import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from markupsafe import Markup
from matplotlib.figure import Figure

from recurra.evaluation.metrics import calibration_bins
from recurra.evaluation.report import Report

__all__ = [
    "INK",
    "MODEL",
    "Curve",
    "Explanation",
    "Judged",
    "environment",
    "plot_curves",
    "render",
    "svg",
]

INK, MODEL, BASELINE, BEST = "#1f2933", "#0b6e99", "#9aa5b1", "#c2410c"
MOST_MISTAKES = 12
Curve = list[dict[str, float]]


@dataclass(frozen=True)
class Explanation:
    """A text with its score and, token by token, how far the score falls without the token."""

    label: str
    score: float
    tokens: list[tuple[str, float]]


@dataclass(frozen=True)
class Judged:
    """The test rows behind a report.

    Args:
        texts: (rows,) strings.
        labels: (rows,) strings.
        truth: (rows,) whether a row is positive.
        scores: (rows,) the model's.
        baseline_scores: (rows,) those of the baseline named in the verdict.
        curves: for each member a row an epoch.
        explanations: some texts explained.
    """

    texts: npt.NDArray[np.object_]
    labels: npt.NDArray[np.object_]
    truth: npt.NDArray[np.bool_]
    scores: npt.NDArray[np.float64]
    baseline_scores: npt.NDArray[np.float64]
    curves: list[Curve]
    explanations: list[Explanation]


def environment() -> jinja2.Environment:
    """Give the templates, which fail on what is missing and escape all texts."""
    templates = jinja2.Environment(
        loader=jinja2.PackageLoader("recurra.evaluation"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["tint"] = tint
    return templates


def render(report: Report, judged: Judged) -> str:
    """Give the page as HTML."""
    negative = next(name for name in report.data.classes if name != report.data.positive)
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            judged=judged,
            negative=negative,
            confusion=_confusion(judged, report.test.threshold),
            mistakes=_mistakes(judged, report.test.threshold),
            plots={
                "curves": svg(lambda axes: _curves(axes, judged.curves)),
                "f1": svg(lambda axes: _intervals(axes, report), height=2.2),
                "pr": svg(lambda axes: _precision_recall(axes, judged, report)),
                "calibration": svg(lambda axes: _calibration(axes, judged, report)),
            },
        )
    )


def _confusion(judged: Judged, threshold: float) -> dict[str, int]:
    called = judged.scores >= threshold
    return {
        "tp": int((called & judged.truth).sum()),
        "fp": int((called & ~judged.truth).sum()),
        "fn": int((~called & judged.truth).sum()),
        "tn": int((~called & ~judged.truth).sum()),
    }


def _mistakes(judged: Judged, threshold: float) -> list[dict[str, Any]]:
    """Give the wrong decisions farthest from the threshold, the worst first."""
    wrong = (judged.scores >= threshold) != judged.truth
    room = np.where(judged.scores >= threshold, 1 - threshold, threshold)
    surety = np.where(wrong, np.abs(judged.scores - threshold) / np.maximum(room, 1e-12), -1.0)
    worst = np.argsort(-surety, kind="stable")[: min(MOST_MISTAKES, int(wrong.sum()))]
    return [
        {"text": judged.texts[i], "label": judged.labels[i], "score": float(judged.scores[i])}
        for i in worst
    ]


def tint(effect: float, strongest: float) -> str:
    """Give the background of a token: blue where it raises the score, orange where it lowers it."""
    colour = "11,110,153" if effect > 0 else "194,65,12"
    return f"rgba({colour},{0.75 * abs(effect) / max(strongest, 1e-9):.2f})"


def svg(draw: Callable[[Any], None], height: float = 3.0) -> Markup:
    """Draw on fresh axes; give SVG that is the same text for the same numbers."""
    style: Any = {
        "svg.hashsalt": "recurra",
        "svg.fonttype": "none",
        "font.family": "sans-serif",
        "font.size": 9,
        "text.color": INK,
        "axes.edgecolor": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    with mpl.rc_context(style):
        figure = Figure(figsize=(4.6, height), layout="constrained")
        draw(figure.subplots())
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None})
    svg = out.getvalue()
    return Markup(svg[svg.index("<svg") :])  # noqa: S704 - drawn here; texts in it are ours


def _curves(axes: Any, curves: list[Curve]) -> None:
    for number, curve in enumerate(curves):
        epochs = [row["epoch"] for row in curve]
        validation = [row["validation_loss"] for row in curve]
        best = int(np.argmin(np.nan_to_num(validation, nan=np.inf)))
        first = number == 0
        axes.plot(
            epochs, [r["loss"] for r in curve], color=BASELINE, label="training" if first else None
        )
        axes.plot(epochs, validation, color=MODEL, label="validation" if first else None)
        axes.plot(
            epochs[best],
            validation[best],
            "o",
            color=BEST,
            label="best epoch" if first else None,
        )
    axes.set(xlabel="epoch", ylabel="loss", ylim=(0, None))
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(frameon=False)


def _intervals(axes: Any, report: Report) -> None:
    rows = [(report.model.architecture, report.test.f1, MODEL)]
    rows += [(b.name, b.test.f1, BASELINE) for b in report.baselines if b.test.f1.value > 0]
    for place, (_, f1, colour) in enumerate(reversed(rows)):
        axes.plot(f1.interval, [place, place], color=colour, linewidth=3, solid_capstyle="round")
        axes.plot(f1.value, place, "o", color=colour, markersize=7)
    axes.set_yticks(range(len(rows)), [name for name, _, _ in reversed(rows)])
    axes.set(xlabel="F1, 95 % interval", ylim=(-0.6, len(rows) - 0.4))


def _precision_recall(axes: Any, judged: Judged, report: Report) -> None:
    for scores, colour, name in (
        (judged.baseline_scores, BASELINE, report.verdict.baseline),
        (judged.scores, MODEL, report.model.architecture),
    ):
        order = np.argsort(-scores, kind="stable")
        hits = np.cumsum(judged.truth[order])
        last = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
        axes.step(hits[last] / hits[-1], hits[last] / (last + 1), color=colour, label=name)
    axes.plot(report.test.recall.value, report.test.precision.value, "o", color=BEST)
    axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1.02), ylim=(0, 1.04))
    axes.legend(frameon=False, loc="lower left")


def _calibration(axes: Any, judged: Judged, report: Report) -> None:
    axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=":")
    for scores, colour, name in (
        (judged.baseline_scores, BASELINE, report.verdict.baseline),
        (judged.scores, MODEL, report.model.architecture),
    ):
        mean, share, rows = zip(*calibration_bins(judged.truth, scores), strict=True)
        axes.plot(mean, share, color=colour, label=name, linewidth=1)
        # a bin of few rows says little: its dot is small
        axes.scatter(mean, share, s=4 + 120 * np.sqrt(np.array(rows) / len(scores)), color=colour)
    axes.set(xlabel="mean score", ylabel="share of positives")
    axes.legend(frameon=False, loc="upper left")


def plot_curves(curves: list[Curve]) -> Markup:
    """Draw the curves of training as SVG."""
    return svg(lambda axes: _curves(axes, curves))
