"""`recurra studio`."""

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from recurra.cli.app import app, say
from recurra.errors import SettingsError
from recurra.extras import how_to_install

NEEDED = ("starlette", "uvicorn", "httptools", "prometheus_client", "python_multipart")


@app.command()
def studio(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 8800,
    host: Annotated[
        str, typer.Option(help="The address to listen to; others can reach all but this one.")
    ] = "127.0.0.1",
    opened: Annotated[
        bool, typer.Option("--open/--no-open", help="Open it in a browser, from a terminal.")
    ] = True,
    runs: Annotated[Path, typer.Option(help="The folder that runs are in.")] = Path("runs"),
    export: Annotated[
        Path | None,
        typer.Option(help="Write the page to learn from as one file, and start nothing."),
    ] = None,
) -> None:
    """Show runs, train, try models and watch them remember, on a page of this machine.

    It ends with Ctrl-C. Others reach it only by --host, and then with the token that is shown.
    """
    if export is not None:
        _export(export)
        return
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise SettingsError(
            f"studio needs {', '.join(missing)}, which this Python does not have: "
            f"{how_to_install('serve')}"
        )
    from recurra.studio.server import run_studio

    def told(place: str) -> None:
        say(f"The studio is at {place}\nCtrl-C ends it.")

    run_studio(runs, host, port, opened=opened and sys.stderr.isatty(), told=told)


def _export(place: Path) -> None:
    if place.is_dir():
        raise SettingsError(
            f"--export must name a file, but {place} is a folder: {place / 'page.html'}."
        )
    from recurra.files import write_atomically
    from recurra.studio.learn import render_learn

    write_atomically(place, render_learn().encode())
    say(f"written: {place}")
