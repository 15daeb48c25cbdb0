"""What a view is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from starlette.routing import Route

from recurra.finished import FinishedRun

__all__ = ["View"]


@dataclass(frozen=True)
class View:
    """A view of the studio.

    Args:
        name: the first part of its addresses, by which the navigation leads to it.
        title: in the navigation, in English; the catalogue has it in other languages.
        asks: what a visitor may come with, as a question; the first page leads on with it.
        doors: as `recurra.studio.doors` makes them.
        offers: says of a finished run what the view `/NAME/RUN` does with it, for a link on the
            page of the run; "" where it does nothing with such a run.
    """

    name: str
    title: str
    asks: str
    doors: Sequence[Route]
    offers: Callable[[FinishedRun], str] = field(default=lambda run: "")
