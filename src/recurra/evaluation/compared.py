"""What a comparison found: compare.json, and the page that shows quality against time."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from recurra.evaluation.page import BASELINE, MODEL, environment, svg
from recurra.evaluation.verdict import Verdict

__all__ = ["SHOWN", "Compared", "Comparison", "render_comparison"]

SHOWN = ("f1", "accuracy", "pr_auc", "precision", "recall")


class Compared(BaseModel):
    """One model over all folds: mean and standard deviation of each measure over the folds."""

    name: str
    baseline: bool
    parameters: int | None
    mean: dict[str, float]
    deviation: dict[str, float]
    fit_seconds: float
    predict_seconds: float
    verdict: Verdict | None


class Comparison(BaseModel):
    """What compare.json holds."""

    model_config = ConfigDict(populate_by_name=True)

    schema_: Literal["recurra.compare/1"] = Field(default="recurra.compare/1", alias="schema")
    source: str
    sha256: str
    rows: int
    classes: dict[str, int]
    positive: str
    folds: int
    seed: int
    models: list[Compared]


def render_comparison(comparison: Comparison) -> str:
    """Give the page as HTML."""
    ranked = sorted(comparison.models, key=lambda model: -model.mean["f1"])
    return (
        environment()
        .get_template("compare.html.j2")
        .render(
            comparison=comparison, ranked=ranked, plot=svg(lambda axes: _quality(axes, ranked), 4.2)
        )
    )


def _quality(axes: Any, models: list[Compared]) -> None:
    """Draw F1, mean and standard deviation over the folds, against the seconds of a fit."""
    for model in models:
        if model.mean["f1"] == 0:  # it finds nothing; on the axis it would hide the others
            continue
        colour = BASELINE if model.baseline else MODEL
        seconds = max(model.fit_seconds, 1e-3)
        f1, spread = model.mean["f1"], model.deviation["f1"]
        axes.errorbar(seconds, f1, yerr=spread, fmt="o", color=colour, capsize=3)
        axes.annotate(model.name, (seconds, f1), (5, 5), textcoords="offset points", fontsize=8)
    axes.set(xscale="log", xlabel="seconds to fit, one fold", ylabel="F1, mean ± sd")
    axes.margins(x=0.25)
