"""What a comparison found: compare.json, and the page that shows quality against time."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from recurra.evaluation.page import BASELINE, MODEL, environment, svg
from recurra.evaluation.verdict import Verdict

__all__ = ["Compared", "Comparison", "figure", "render_comparison"]


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
    """What compare.json holds. The first of the measures decides."""

    model_config = ConfigDict(populate_by_name=True)

    schema_: Literal["recurra.compare/2"] = Field(default="recurra.compare/2", alias="schema")
    recipe: str
    source: str
    sha256: str
    rows: int
    notes: list[str]
    kind: str
    folds: int
    seed: int
    measures: list[str]
    higher_is_better: bool
    models: list[Compared]

    def ranked(self) -> list[Compared]:
        """Give the models, the best first."""
        sign = -1 if self.higher_is_better else 1
        return sorted(self.models, key=lambda model: sign * model.mean[self.measures[0]])


def figure(value: float, mean: float | None = None) -> str:
    """Write a number with three decimals, or four digits where those would say too little.

    Args:
        value: the number.
        mean: of what it is the deviation, None for a number that stands by itself.

    Example:
        >>> figure(0.98765), figure(0.0), figure(0.000123456), figure(123456.7)
        ('0.988', '0.000', '0.0001235', '1.235e+05')
        >>> figure(0.0021, 0.98765)
        '0.002'
    """
    size = abs(value if mean is None else mean)
    return f"{value:.3f}" if size == 0 or 0.01 <= size < 1000 else f"{value:.4g}"


def render_comparison(comparison: Comparison) -> str:
    """Give the page as HTML."""
    return (
        environment()
        .get_template("compare.html.j2")
        .render(
            comparison=comparison,
            figure=figure,
            plot=svg(lambda axes: _quality(axes, comparison), 4.2),
        )
    )


def _quality(axes: Any, comparison: Comparison) -> None:
    """Draw the first measure, mean and standard deviation over the folds, against time to fit."""
    measured = comparison.measures[0]
    for model in comparison.ranked():
        value, spread = model.mean[measured], model.deviation[measured]
        if value == 0:  # it finds nothing; on the axis it would hide the others
            continue
        colour = BASELINE if model.baseline else MODEL
        seconds = max(model.fit_seconds, 1e-3)
        axes.errorbar(seconds, value, yerr=spread, fmt="o", color=colour, capsize=3)
        axes.annotate(model.name, (seconds, value), (5, 5), textcoords="offset points", fontsize=8)
    better = "higher" if comparison.higher_is_better else "lower"
    axes.set(xscale="log", xlabel="seconds to fit, one fold")
    axes.set(ylabel=f"{measured}, mean ± sd ({better} is better)")
    axes.margins(x=0.25)
