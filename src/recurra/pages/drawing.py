"""What pages share: templates, the colours, and plots as SVG."""

import io
import shlex
from collections.abc import Callable, Sequence
from typing import Any

import jinja2
import matplotlib as mpl
from markupsafe import Markup
from matplotlib.figure import Figure

from recurra.judging.report import figure
from recurra.plots import BASELINE, BEST, MODEL, draw_curves, tint

__all__ = [
    "BASELINE",
    "BEST",
    "INK",
    "MODEL",
    "draw_curves",
    "environment",
    "svg",
    "tint",
    "typed",
]

INK = "#1f2933"


def environment() -> jinja2.Environment:
    """Give the templates, which fail on what is missing and escape all texts."""
    templates = jinja2.Environment(
        loader=jinja2.PackageLoader("recurra.pages"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["tint"] = tint
    templates.filters["figure"] = figure
    return templates


def typed(commands: Sequence[tuple[str, Sequence[str]]]) -> list[tuple[str, str]]:
    """Give commands as they are typed in a shell, each with what it is for."""
    return [(what, shlex.join(["recurra", *words])) for what, words in commands]


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
        drawn = Figure(figsize=(4.6, height), layout="constrained")
        draw(drawn.subplots())
        out = io.StringIO()
        drawn.savefig(out, format="svg", metadata={"Date": None})
    text = out.getvalue()
    return Markup(text[text.index("<svg") :])  # noqa: S704 - drawn here; texts in it are ours
