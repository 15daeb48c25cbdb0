"""`recurra audit`."""

from pathlib import Path
from typing import Annotated

import typer

from recurra.cli.app import Encoding, Json, Label, Sample, Text, app, command_line


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

    found = look(source, test, text=text or None, label=label, encoding=encoding, sample=sample)
    if html is not None:
        from recurra.cli.following import counterpart
        from recurra.pages.audit import render_audit
        from recurra.problems.kept import holds_model

        following = [("judge its model on new rows", ["evaluate", source, "NEW.csv"])]
        if not holds_model(source):
            what = "train on it, once what leaks is mended" if found.leaks else "train on it"
            following = [] if test else counterpart(app, "train", what)
        page = render_audit(found, command_line(), following)
        write_atomically(html, page.encode("utf-8", "replace"))
    if as_json:
        sys.stdout.write(found.to_json())
    else:
        show_audit(found)
        if html is not None:
            note(f"written: {html}")
    if not found.clean:
        raise typer.Exit(1)
