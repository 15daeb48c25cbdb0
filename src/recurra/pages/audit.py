"""The page of an audit."""

from collections.abc import Sequence
from datetime import UTC, datetime

from recurra.auditing.findings import Audit
from recurra.pages.drawing import environment, typed

__all__ = ["render_audit"]


def render_audit(
    found: Audit, command: str = "", commands: Sequence[tuple[str, Sequence[str]]] = ()
) -> str:
    """Give the page as HTML.

    Args:
        found: what was found.
        command: that asked for it.
        commands: that may be typed next, each with what it is for.
    """
    created = datetime.now(UTC).isoformat(timespec="seconds")
    made = {"version": found.version, "created": created, "command": command}
    template = environment().get_template("audit.html.j2")
    return template.render(found=found, made=made, commands=typed(commands))
