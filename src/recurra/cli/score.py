"""`recurra score`."""

import time
from pathlib import Path
from typing import Annotated

import typer

from recurra.cli.app import Encoding, Json, Overwrite, Run, With, app, print_json
from recurra.errors import SettingsError


@app.command()
def score(
    run: Run,
    source: Annotated[
        Path, typer.Argument(help="CSV, TSV, JSON lines or Parquet; - for standard input.")
    ],
    out: Annotated[
        Path, typer.Option(help="A .csv, .tsv, .jsonl or .parquet file; - for standard output.")
    ],
    text: Annotated[
        list[str] | None, typer.Option(help="The text column, or several [as in training].")
    ] = None,
    encoding: Encoding = None,
    header: Annotated[
        bool | None,
        typer.Option("--header/--no-header", help="Whether the first line names the columns."),
    ] = None,
    with_: With = None,
    rival: Annotated[
        bool, typer.Option("--rival", help="Score with the baseline beside the network, too.")
    ] = False,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Score a file of texts, however long; every row and column stays. A killed one goes on."""
    if as_json and str(out) == "-":
        raise SettingsError("--json and --out - both write to standard output: choose one.")
    from recurra.scoring import score as run_score
    from recurra.terminal import counting, note

    began = time.perf_counter()
    with counting(as_json) as watch:
        found = run_score(
            run,
            source,
            out,
            text=text,
            encoding=encoding,
            header=header,
            with_=with_,
            rival=rival,
            overwrite=overwrite,
            watch=watch,
        )
    seconds = time.perf_counter() - began
    for said in found.notes:
        note(said)
    if found.kept:
        note(f"{found.kept:,} rows had been scored before")
    if found.refused:
        note(f"{found.refused:,} rows have nothing said of them: column 'problem' says why")
    rate = (found.rows - found.kept) / seconds
    note(f"{found.rows:,} rows in {seconds:.1f} s, {rate:,.0f} a second: {out}")
    if as_json:
        print_json(
            {
                "rows": found.rows,
                "refused": found.refused,
                "scored_before": found.kept,
                "seconds": seconds,
                "out": str(out),
            }
        )
