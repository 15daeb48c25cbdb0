"""`recurra runs`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from recurra.cli.app import Json, app, print_json
from recurra.wording import retold, term, worded

runs = typer.Typer(rich_markup_mode=None, help="List, show, compare and delete finished runs.")
app.add_typer(runs, name="runs")
Folder = Annotated[Path, typer.Argument(help="The folder that runs are in.")]
RunFolder = Annotated[Path, typer.Argument(help="The folder of a finished run.")]


@runs.command("list")
def list_runs(folder: Folder = Path("runs"), as_json: Json = False) -> None:
    """List the finished runs in a folder, the newest last, with what each found."""
    from recurra.finished import finished_runs
    from recurra.terminal import note, show_runs

    found = list(finished_runs(folder))
    if as_json:
        print_json({"folder": str(folder), "runs": [_about(run) for run in found]})
        return
    if not found:
        note(f"no finished run in {folder}")
        return
    show_runs(found)


@runs.command()
def show(run: RunFolder, as_json: Json = False) -> None:
    """Show what a run found: every contender, the leaks, the verdict, what to do."""
    from recurra.finished import finished_run
    from recurra.terminal import show_report

    found = finished_run(run)
    if as_json:
        typer.echo(found.report.to_json().rstrip("\n"))
        return
    show_report(found.report, run)


@runs.command()
def compare(run: RunFolder, other: RunFolder, as_json: Json = False) -> None:
    """Put the networks of two runs beside each other, measure by measure."""
    from recurra.finished import compared
    from recurra.terminal import note, show_columns

    found = compared(run, other)
    if as_json:
        measures = [dict(zip(("measure", "one", "other"), row, strict=True)) for row in found.rows]
        both = [_about(each) for each in found.runs]
        print_json(
            {"runs": both, "measures": measures, "alike": found.alike, "better": found.better}
        )
        return
    names = [f"{each.folder}: {each.kept}" for each in found.runs]
    show_columns([worded("measure"), *names], [(term(name), *row) for name, *row in found.rows])
    note(found.alike)
    if found.better:
        note(found.better)


@runs.command()
def delete(
    run: RunFolder,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete a finished run, with its model, once you have said yes."""
    from recurra.finished import deletable_run, delete_run
    from recurra.terminal import note

    found = deletable_run(run)
    size = f"{found.bytes / 1e6:,.1f} MB"
    if not yes:
        asked = f"Delete {run} ({found.report.problem}, {found.kept}, {size})?"
        typer.confirm(retold(asked), abort=True)
    delete_run(run)
    note(f"deleted: {run}, {size}")


def _about(run: Any) -> dict[str, Any]:
    report = run.report
    return {
        "folder": str(run.folder),
        "problem": report.problem,
        "network": run.kept,
        "source": report.data.source,
        "rows": report.data.rows,
        "measure": report.measures[0].name,
        "value": run.figure.value,
        "interval": run.figure.interval,
        "answer": report.verdicts[0].answer,
        "rival": report.verdicts[0].rival,
        "created": report.created,
        "bytes": run.bytes,
    }
