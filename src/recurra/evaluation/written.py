"""What a run found about a network that writes: report.json and report.html."""

from typing import Literal

import jinja2
from pydantic import Field

from recurra.evaluation.leaks import Probe
from recurra.evaluation.page import Curve, plot_curves
from recurra.evaluation.report import (
    DataInfo,
    Estimate,
    ModelInfo,
    SplitInfo,
    TrainingInfo,
    _Strict,
)
from recurra.evaluation.verdict import Verdict

__all__ = ["Exhibit", "WrittenReport", "WrittenResult", "render_written"]


class WrittenResult(_Strict):
    """A baseline, the rows it was fitted on, and its measures."""

    name: str
    rows: int
    test: dict[str, Estimate]


class Exhibit(_Strict):
    """Some of what the network wrote: a title, column names and rows."""

    title: str
    columns: list[str]
    rows: list[list[str]]


class WrittenReport(_Strict):
    """All of it, in the shape of `recurra.report/1`, with other measures."""

    schema_: Literal["recurra.report/1"] = Field(default="recurra.report/1", alias="schema")
    recipe: str
    data: DataInfo
    split: SplitInfo
    model: ModelInfo
    training: TrainingInfo
    test: dict[str, Estimate]
    baselines: list[WrittenResult]
    leaks: list[Probe]
    verdict: Verdict
    notes: list[str]
    exhibits: list[Exhibit]

    def to_json(self) -> str:
        """Give the text of report.json."""
        return self.model_dump_json(by_alias=True, indent=2) + "\n"


def render_written(report: WrittenReport, curve: Curve) -> str:
    """Give the page as HTML."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("recurra.evaluation"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("written.html.j2")
    return page.render(report=report, curves=plot_curves([curve]))
