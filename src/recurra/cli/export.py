"""`recurra export`."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from recurra.cli.app import Json, Overwrite, Run, app, print_json
from recurra.errors import SettingsError
from recurra.wording import retold


@app.command()
def export(
    run: Run,
    onnx: Annotated[
        Path | None, typer.Option(help="An .onnx file, for ONNX Runtime: in a browser, too.")
    ] = None,
    keras: Annotated[
        Path | None, typer.Option(help="A .keras file, where all layers are Keras' own.")
    ] = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Write the network of a run for other programs, and beside it FILE.json with its vocabulary.

    How both are read, in Python and JavaScript: docs/export.md.
    """
    from recurra.exporting import exportable, to_keras, to_onnx

    files = [file for file in (onnx, keras) if file is not None]
    if not files:
        raise SettingsError("a file must be named: recurra export RUN --onnx FILE.onnx")
    kept = exportable(run, onnx=onnx, keras=keras, overwrite=overwrite)
    if keras is not None:  # it may be refused: before anything is written
        to_keras(run, keras, overwrite=overwrite)
    if onnx is not None:
        to_onnx(run, onnx, overwrite=overwrite)
    baseline = kept.baseline
    if as_json:
        written = [str(each) for file in files for each in (file, f"{file}.json")]
        print_json({"written": written, "not_exported": baseline and baseline.name})
        return
    from recurra.terminal import note

    for file in files:
        typer.echo(retold(f"written: {file} and {file}.json"))
    if baseline is not None:
        note(
            f"The baseline beside the network, {baseline.name}, is not exported. "
            f'To use it: recurra predict {shlex.quote(str(run))} --with "{baseline.name}"'
        )
