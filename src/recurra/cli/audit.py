"""`recurra audit`."""

from pathlib import Path
from typing import Annotated

import typer

from recurra.cli.app import Encoding, Json, Label, Sample, Text, app


@app.command()
def audit(
    source: Annotated[str, typer.Argument(help="A file, a named dataset, or the folder of a run.")],
    test: Annotated[
        Path | None, typer.Argument(help="The side held out, where it is a file of its own.")
    ] = None,
    text: Text = None,
    label: Label = None,
    encoding: Encoding = None,
    sample: Sample = False,
    html: Annotated[Path | None, typer.Option(help="Write a page as well.")] = None,
    as_json: Json = False,
) -> None:
    """Look for leaks in a file, a split or a run, without training; exit 1 where there is one."""
    import sys

    from recurra.auditing import audit as look
    from recurra.files import write_atomically
    from recurra.terminal import note, show_audit

    found = look(source, test, text=text, label=label, encoding=encoding, sample=sample)
    if html is not None:
        from recurra.pages.audit import render_audit

        write_atomically(html, render_audit(found).encode())
    if as_json:
        sys.stdout.write(found.to_json())
    else:
        show_audit(found)
        if html is not None:
            note(f"written: {html}")
    if not found.clean:
        raise typer.Exit(1)
