"""`recurra score`."""

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recurra.cli.app import Encoding, Json, On, Overwrite, Run, With, app, print_json
from recurra.errors import SettingsError

if TYPE_CHECKING:
    from recurra.scoring import Scored


@app.command()
def score(
    run: Run,
    source: Annotated[
        str,
        typer.Argument(
            help="CSV, TSV, JSON, Parquet, Feather, ARFF or a workbook (book.xlsx#May); - for "
            "standard input; a folder of CSV, TSV, JSON lines or Parquet files, or a pattern in "
            "quotes; each also s3://, gs://, abfs:// or hdfs://."
        ),
    ],
    out: Annotated[
        str,
        typer.Option(
            help="A .csv, .tsv, .jsonl or .parquet file; - for standard output; of many files, a "
            "folder; each also s3:// and the like."
        ),
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
    on: On = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Score files of texts, however long; every row and column stays. A killed one goes on."""
    if as_json and str(out) == "-":
        raise SettingsError("--json and --out - both write to standard output: choose one.")
    from recurra.executing import executor_named
    from recurra.shards import are_many, score_all
    from recurra.stores import near, place_of, placed

    executor, read, written = executor_named(on), place_of(source), place_of(out)
    many = are_many(read)
    if on and not many:
        raise SettingsError(
            "--on hands out files of a folder, and one file is scored in one process: name a "
            "folder, or leave out --on."
        )
    from recurra.scoring import score as run_score
    from recurra.terminal import counting, watching

    how: dict[str, Any] = {
        "text": text,
        "encoding": encoding,
        "header": header,
        "with_": with_,
        "rival": rival,
    }
    began = time.perf_counter()
    if many:
        with watching(as_json) as listener:
            found = score_all(
                run, read, written, executor=executor, listener=listener, overwrite=overwrite, **how
            )
    else:
        with counting(as_json) as watch, near(read) as file, placed(written) as place:
            found = run_score(run, file, place, overwrite=overwrite, watch=watch, **how)
    _show(found, time.perf_counter() - began, str(written), as_json)


def _show(found: "Scored", seconds: float, out: str, as_json: bool) -> None:
    from recurra.terminal import note

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
