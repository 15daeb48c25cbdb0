"""What pages share: templates, the colours, and plots as SVG."""

import io
import shlex
from collections.abc import Callable, Sequence
from typing import Any

import jinja2
import matplotlib as mpl
import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure

from recurra.judging.report import figure

__all__ = ["BASELINE", "BEST", "INK", "MODEL", "environment", "svg", "tint", "typed"]

INK, MODEL, BASELINE, BEST = "#1f2933", "#0b6e99", "#9aa5b1", "#c2410c"
Curve = Sequence[dict[str, float]]


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
        drawn = Figure(figsize=(4.6, height), layout="constrained")
        draw(drawn.subplots())
        out = io.StringIO()
        drawn.savefig(out, format="svg", metadata={"Date": None})
    text = out.getvalue()
    return Markup(text[text.index("<svg") :])  # noqa: S704 - drawn here; texts in it are ours


def draw_curves(axes: Any, curves: Sequence[Curve]) -> None:
    """Draw the losses of each member by epoch, the best epoch marked."""
    for number, curve in enumerate(curves):
        epochs = [row["epoch"] for row in curve]
        first = number == 0
        axes.plot(
            epochs, [r["loss"] for r in curve], color=BASELINE, label="training" if first else None
        )
        if "validation_loss" not in curve[0]:
            continue
        validation = [row["validation_loss"] for row in curve]
        best = int(np.argmin(np.nan_to_num(validation, nan=np.inf)))
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
