"""The page to learn from: one cell by hand, shapes, gradients, tasks; it computes in the browser.

Its modules are plain JavaScript beside this file. They are joined into one page, which needs
nothing else: no server, no other file, no request.
"""

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files

from markupsafe import Markup

__all__ = ["bundled", "learn_body", "learn_script", "learn_style", "render_learn"]

MODULES = (
    "cells.js",
    "training.js",
    "tasks.js",
    "drawing.js",
    "hand.js",
    "shapes.js",
    "gradients.js",
    "lessons.js",
    "page.js",
)
IMPORT = re.compile(r"^import [^;]*;\n", re.MULTILINE)
EXPORT = re.compile(r"^export ", re.MULTILINE)


@cache
def _read(name: str) -> str:
    return files(__name__).joinpath(name).read_text("utf-8")


def bundled(*names: str) -> str:
    """Give modules as one, which imports and exports nothing.

    Args:
        names: each after those that it imports from.

    Example:
        >>> code = bundled("cells.js", "training.js")
        >>> "function forward(" in code, "import " in code.replace("// import", "")
        (True, False)
    """
    return "".join(EXPORT.sub("", IMPORT.sub("", _read(name))) for name in names)


def _allowed(content: str) -> str:
    """Give the name by which a page's policy allows one script or style."""
    digest = hashlib.sha256(content.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def learn_script() -> str:
    """Give all modules of the page as one."""
    return bundled(*MODULES)


def learn_style() -> str:
    """Give the stylesheet of what is on the page, wherever it stands."""
    return _read("page.css")


def learn_body() -> Markup:
    """Give what is on the page, as HTML: each sentence in English and in Korean."""
    return Markup(_read("body.html"))  # noqa: S704 - a file of ours, with nothing filled in


def render_learn() -> str:
    """Give the page as HTML, in English and Korean; it may do nothing but what stands in it."""
    script, style = f"\n{learn_script()}", f"\n{_read('frame.css')}{learn_style()}"
    parts = {
        "@script-hash@": _allowed(script),
        "@style-hash@": _allowed(style),
        "@style@": style,
        "@body@": learn_body(),
        "@script@": script,
    }
    page = _read("page.html")
    for name, content in parts.items():
        assert page.count(name) == 1
        page = page.replace(name, content)
    return page
