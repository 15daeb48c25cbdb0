"""`recurra look`."""

from pathlib import Path
from typing import Annotated

import typer

from recurra.cli.app import Encoding, Json, app, print_json


@app.command()
def look(
    file: Annotated[Path, typer.Argument(help="A table, or another file of sequences.")],
    encoding: Encoding = None,
    as_json: Json = False,
) -> None:
    """Say what a file holds, what can be learnt from it, and by which command; train nothing."""
    from recurra.looking import look as look_at
    from recurra.terminal import note, show_look

    found = look_at(file, encoding=encoding)
    if as_json:
        print_json(found.to_json())
        return
    for said in found.notes:
        note(said)
    show_look(found)
