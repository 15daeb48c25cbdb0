"""The page of an audit."""

from recurra.auditing.findings import Audit
from recurra.pages.drawing import environment

__all__ = ["render_audit"]


def render_audit(found: Audit) -> str:
    """Give the page as HTML."""
    return environment().get_template("audit.html.j2").render(found=found)
