"""`recurra gather`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recurra.cli.app import Json, app, command_line, print_json
from recurra.errors import SettingsError
from recurra.wording import term, worded

if TYPE_CHECKING:
    from recurra.classroom.gathered import Gathered


@app.command()
def gather(
    folders: Annotated[
        list[str], typer.Argument(help="Run folders, or folders that hold them, such as runs/*.")
    ],
    out: Annotated[Path | None, typer.Option(help="Write the table to this .csv.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page as well.")] = None,
    as_json: Json = False,
) -> None:
    """Collect the run folders of many in one table: who, seed, data, settings, verdict."""
    from recurra.classroom.gathered import gather as gathered
    from recurra.files import write_atomically
    from recurra.terminal import note, show_columns
    from recurra.wording import worded

    if out is not None and out.suffix.lower() != ".csv":
        raise SettingsError(f"--out must end in .csv, but it is {out}.")
    found = gathered(folders)
    if out is not None:
        write_atomically(out, found.to_csv())
    if html is not None:
        from recurra.pages.gathered import render_gathered

        page = render_gathered(found.questions(), found.left_out, found.notes, command_line())
        write_atomically(html, page.encode("utf-8", "replace"))
    if as_json:
        print_json({"runs": found.table(), "left out": found.left_out, "notes": found.notes})
        return
    show_columns(_names(), _cells(found))
    for folder, why in found.left_out.items():
        note(worded("kept out: {folder}: {why}", folder=folder, why=why))
    for said in [*found.notes, *(f"written: {path}" for path in (out, html) if path)]:
        note(said)


def _names() -> list[str]:

    return [
        worded("who"),
        worded("run"),
        worded("problem"),
        worded("data"),
        worded("seed"),
        worded("figure"),
        worded("better?"),
        worded("probes that failed"),
    ]


def _cells(found: "Gathered") -> list[list[str]]:
    from recurra.judging.report import figure

    return [
        [
            run.who,
            run.run,
            run.problem,
            run.sha256[:8],
            str(run.seed),
            f"{term(run.measure)} {figure(run.value)}",
            worded(run.answer),
            term(run.failed) or worded("none"),
        ]
        for run in found.runs
    ]
