"""`recurra audit`."""

from pathlib import Path
from typing import Annotated

import typer

from recurra.cli.app import Encoding, Json, Label, Sample, Text, app, command_line, separated


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
    steps: Annotated[
        str | None,
        typer.Option(help="Every step has a class, and --labels is asked of it: tags or states."),
    ] = None,
    sample: Sample = False,
    labels: Annotated[
        Path | None,
        typer.Option(help="Write the rows whose label may be wrong to this CSV, likeliest first."),
    ] = None,
    curve: Annotated[
        bool,
        typer.Option("--curve", help="Ask whether more rows would help: simple models are fitted."),
    ] = False,
    behaviour: Annotated[
        bool, typer.Option("--behaviour", help="Ask the network of a run how it behaves, too.")
    ] = False,
    fresh: Annotated[
        Path | None,
        typer.Option(help="With --behaviour: rows that nobody learnt from; was the test learnt?"),
    ] = None,
    shuffles: Annotated[
        int,
        typer.Option(
            help="With --behaviour: how many times labels are shuffled, with a fit each.", min=0
        ),
    ] = 0,
    html: Annotated[Path | None, typer.Option(help="Write a page as well.")] = None,
    as_json: Json = False,
) -> None:
    """Look for leaks in a file, a split or a run, without training; exit 1 where there is one."""
    import sys

    from recurra.auditing import Suspect
    from recurra.auditing import audit as look
    from recurra.data import Columns
    from recurra.data.sequences import Layout
    from recurra.errors import SettingsError
    from recurra.files import write_atomically
    from recurra.terminal import note, show_audit

    names = separated(channels)
    layout = Layout(id=id, time=time, channels=names)
    behaves = None
    if behaviour:
        from recurra.behaving import audit_behaviour

        columns = Columns(text or None, label, None, encoding)
        behaves = audit_behaviour(
            source, fresh=fresh, shuffles=shuffles, given=columns, layout=layout
        )
    elif fresh is not None or shuffles:
        raise SettingsError("--fresh and --shuffles are asked of a model: give --behaviour, too.")
    found = look(
        source,
        test,
        text=text or None,
        label=label,
        encoding=encoding,
        sample=sample,
        labels=labels is not None,
        curve=curve,
        layout=layout,
        steps=steps,
    )
    if behaves is not None:
        found = found.with_behaviour(behaves)
    if labels is not None:
        import pandas as pd

        fields = [name for name in Suspect.model_fields if steps or name != "step"]
        table = pd.DataFrame([each.model_dump() for each in found.suspects], columns=fields)
        write_atomically(labels, table.to_csv(index=False).encode("utf-8", "replace"))
    if html is not None:
        from recurra.cli.following import audited
        from recurra.pages.audit import render_audit

        page = render_audit(found, command_line(), audited(app, found, source, test))
        write_atomically(html, page.encode("utf-8", "replace"))
    if as_json:
        sys.stdout.write(found.to_json())
    else:
        show_audit(found)
        for written in filter(None, (html, labels)):
            note(f"written: {written}")
    if not found.clean:
        raise typer.Exit(1)
