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
    id: Annotated[
        str | None, typer.Option(help="The column that names the sequence of numbers of a row.")
    ] = None,
    time: Annotated[str | None, typer.Option(help="The column that orders its rows.")] = None,
    channels: Annotated[
        str, typer.Option(help="Columns of numbers, separated by commas [all others].")
    ] = "",
    sample: Sample = False,
    labels: Annotated[
        Path | None,
        typer.Option(help="Write the rows whose label may be wrong to this CSV, likeliest first."),
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page as well.")] = None,
    as_json: Json = False,
) -> None:
    """Look for leaks in a file, a split or a run, without training; exit 1 where there is one."""
    import sys

    from recurra.auditing import Suspect
    from recurra.auditing import audit as look
    from recurra.data.sequences import Layout
    from recurra.files import write_atomically
    from recurra.terminal import note, show_audit

    names = tuple(filter(None, map(str.strip, channels.split(","))))
    found = look(
        source,
        test,
        text=text or None,
        label=label,
        encoding=encoding,
        sample=sample,
        labels=labels is not None,
        layout=Layout(id=id, time=time, channels=names),
    )
    if labels is not None:
        import pandas as pd

        fields = list(Suspect.model_fields)
        table = pd.DataFrame([each.model_dump() for each in found.suspects], columns=fields)
        write_atomically(labels, table.to_csv(index=False).encode("utf-8", "replace"))
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
        for written in filter(None, (html, labels)):
            note(f"written: {written}")
    if not found.clean:
        raise typer.Exit(1)
