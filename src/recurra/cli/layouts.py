"""How sequences lie in a file, as options of every command that reads them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recurra.cli.app import separated

if TYPE_CHECKING:
    from recurra.data.sequences import Layout

__all__ = ["Channels", "Group", "Id", "Time", "layout_of"]

Id = Annotated[
    str | None, typer.Option(help="The column that names the sequence; none: a row is one.")
]
Time = Annotated[
    str | None,
    typer.Option(
        help="The column that orders the rows of a sequence; without --id, it says when a row was: "
        "the past teaches, the newest judge."
    ),
]
Group = Annotated[
    str | None, typer.Option(help="A column, such as a person: each on one side alone.")
]
Channels = Annotated[
    str, typer.Option(help="Columns of numbers, separated by commas [all others].")
]


def layout_of(
    id: str | None,
    time: str | None,
    label: str | None,
    group: str | None,
    channels: str,
    labelled: bool = True,
    newest: bool = False,
    target: str | None = None,
    run: Path | None = None,
) -> "Layout":
    """Give how sequences lie in a file: as is said here, else as in the training of a run."""
    from recurra.data.sequences import Layout

    names = separated(channels)
    taught: dict[str, Any] = {}
    if run is not None:
        from recurra.problems.kept import kept_model
        from recurra.problems.new_rows import columns_taught

        taught = columns_taught(kept_model(run))
    return Layout(id, time, label, group, names, labelled, newest, target, taught)
