"""What pages share: templates, the colours, and plots as SVG."""

import io
import re
import shlex
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import jinja2
import matplotlib as mpl
from markupsafe import Markup, escape
from matplotlib.figure import Figure

from recurra.judging.report import figure
from recurra.plots import BASELINE, BEST, MODEL, draw_curves, tint
from recurra.wording import language, retold, term, worded

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
CODE = re.compile("`([^`]+)`")


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
    templates.filters |= {"retold": retold, "term": term, "coded": _coded}
    templates.globals |= {"worded": _worded, "language": language, "term": term}
    return templates


def _worded(sentence: str, /, **values: Any) -> Markup:
    """Say a sentence on a page: what it is filled with is escaped, unless it is a page's own."""
    said = worded(sentence, **{name: escape(value) for name, value in values.items()})
    return Markup(said)  # noqa: S704 - our own sentence, its values are escaped


def _coded(said: str) -> Markup:
    """Set what stands between backticks as code."""
    return Markup(CODE.sub(r"<code>\1</code>", str(escape(said))))  # noqa: S704 - it is escaped


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
        with warnings.catch_warnings():  # the browser has the letters: here they are only measured
            warnings.filterwarnings("ignore", "Glyph .* missing")
            drawn.savefig(out, format="svg", metadata={"Date": None})
    text = out.getvalue()
    return Markup(text[text.index("<svg") :])  # noqa: S704 - drawn here; texts in it are ours
