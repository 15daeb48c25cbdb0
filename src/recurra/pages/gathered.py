"""The page of gathered runs."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from recurra.pages.drawing import environment

__all__ = ["render_gathered"]


def render_gathered(
    questions: Sequence[Sequence[Any]],
    left_out: Mapping[str, str],
    notes: Sequence[str] = (),
    command: str = "",
) -> str:
    """Give the page as HTML.

    Args:
        questions: runs whose figures may stand beside each other, as `gather` gives them.
        left_out: from a folder to why it is kept out.
        notes: what is to be said of the runs beside each other.
        command: that asked for it.
    """
    created = datetime.now(UTC).isoformat(timespec="seconds")
    made = {"version": version("recurra"), "created": created, "command": command}
    template = environment().get_template("gathered.html.j2")
    return template.render(
        questions=questions, left_out=left_out, notes=notes, made=made, commands=()
    )
