"""What a run found where measures differ by recipe: report.json and report.html."""

from typing import Literal

from pydantic import Field

from recurra.evaluation.page import Curve, environment, plot_curves
from recurra.evaluation.report import AnyReport, Estimate, _Strict

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


class WrittenReport(AnyReport):
    """What a run found about tags, forecasts or what a network writes: measures by name."""

    schema_: Literal["recurra.written/1"] = Field(default="recurra.written/1", alias="schema")
    test: dict[str, Estimate]
    baselines: list[WrittenResult]
    notes: list[str]
    exhibits: list[Exhibit]


def render_written(report: WrittenReport, curve: Curve) -> str:
    """Give the page as HTML."""
    page = environment().get_template("written.html.j2")
    return page.render(report=report, curves=plot_curves([curve]))
