"""`recurra doctor`."""

from pathlib import Path
from typing import Annotated

import typer

from recurra.cli.app import Json, app, print_json
from recurra.errors import SettingsError
from recurra.wording import retold, term


@app.command()
def doctor(
    for_class: Annotated[
        bool,
        typer.Option("--class", help="Say whether this machine is ready for a class; exit 1: no."),
    ] = False,
    kit: Annotated[
        Path | None, typer.Option(help="With --class: the folder of a kit, which is checked.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what is installed, which backend and kernels are used, and which data is found."""
    if for_class:
        _for_class(kit, as_json)
        return
    if kit is not None:
        raise SettingsError("--kit goes with --class: recurra doctor --class --kit FOLDER")
    from rich.cells import set_cell_size

    from recurra.doctor import examine
    from recurra.terminal import out

    found = examine()
    if as_json:
        print_json(found)
        return
    width = max(len(name) for entries in found.values() for name in entries)
    for section, entries in found.items():
        out.print(term(section), style="bold")
        for name, value in entries.items():
            out.print(f"  {set_cell_size(term(name), width)} {retold(value)}", soft_wrap=True)


def _for_class(kit: Path | None, as_json: bool) -> None:
    from dataclasses import asdict

    from rich.cells import set_cell_size

    from recurra.classroom.ready import ready
    from recurra.terminal import out
    from recurra.wording import retold, worded

    checks = ready(kit)
    missing = [check.name for check in checks if check.state == "missing"]
    if as_json:
        print_json({"ready": not missing, "checks": [asdict(check) for check in checks]})
    else:
        states = {
            "ready": worded("ready"),
            "slower": worded("slower"),
            "missing": worded("missing"),
        }
        for check in checks:
            said = f"{retold(check.name)}: {retold(check.found)}"
            out.print(f"{set_cell_size(states[check.state], 8)} {said}", soft_wrap=True)
            if check.advice:
                out.print(f"{'':<8} → {retold(check.advice)}", soft_wrap=True)
        lacks = ", ".join(map(retold, missing))
        said = worded("not ready: {missing}", missing=lacks) if missing else worded("ready")
        out.print(said, style="bold")
    if missing:
        raise typer.Exit(1)
