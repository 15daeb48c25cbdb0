"""A whole file scored by a saved model: every row and column kept, what is said beside them.

::

    for a piece of the table:                        some thousand rows, in constant memory
        said = model.say(texts)
        piece + [predicted, probability of each class or label, problem] → a part, on the disk
    parts → the file, at once, under its name

A part that is on the disk is not scored again: after a kill the same command goes on, and the file
has the same bytes as if nothing had been.
"""

import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from recurra.bundle import is_bundle
from recurra.data.pieces import read_pieces
from recurra.errors import RunError, SettingsError
from recurra.files import sheet_of
from recurra.names import one_of
from recurra.problems.kept import Kept, kept_model
from recurra.problems.saved import multi_labels
from recurra.problems.saved.multi_labels import AskedLabels
from recurra.problems.saved.texts import TextsModel
from recurra.runs import refuse_place
from recurra.scoring.parts import Parts, Watch, working
from recurra.scoring.said import RIVAL, Asked, Scorer
from recurra.scoring.writing import ENDINGS

__all__ = ["ENDINGS", "Scored", "score"]


@dataclass(frozen=True)
class Scored:
    """What was done.

    Args:
        rows: of the file.
        refused: of how many rows nothing is said; their column "problem" says why. Of those that
            an earlier, killed command had scored it is not counted.
        kept: rows that an earlier command had scored.
        notes: what was guessed.
    """

    rows: int
    refused: int
    kept: int
    notes: list[str]


def score(
    run: str | Path,
    source: str | Path,
    out: str | Path,
    *,
    text: str | Sequence[str] | None = None,
    encoding: str | None = None,
    header: bool | None = None,
    with_: str | None = None,
    rival: bool = False,
    overwrite: bool = False,
    watch: Watch = lambda share, rows: None,
) -> Scored:
    """Score every row of a table of texts, and write the table with what is said beside it.

    Args:
        run: a run folder, or the model folder in it.
        source: CSV, TSV, JSON lines (each also .gz), Parquet, a workbook; "-" for standard input.
        out: .csv, .tsv, .jsonl or .parquet; "-" for CSV on standard output.
        text: the text column, or as many as in training; None: of the names they had there, else
            it is guessed.
        encoding: of the source, None to recognise it.
        header: whether the first row of a text table names its columns, None to tell it.
        with_: the name of the baseline, to score with it; None: the network.
        rival: whether the baseline beside the network says something of each row, too.
        overwrite: whether a file, or the parts of other work, may be replaced.
        watch: told after each piece what share of the file was read, and how many rows.

    Raises:
        BundleError: no model of texts is saved there, or it is damaged.
        DataError: the table cannot be read, or has a column of a name that is to be added.
        RunError: there is such a file, or work on it is under way.
        SettingsError: the ending is none of `ENDINGS`, or no such model is saved there.
    """
    source, out = Path(source), Path(out)
    way = ENDINGS[one_of(_ending(out), ENDINGS, "the ending of --out")]
    models = {"": _model_of(kept_model(run, with_))}
    if rival:
        models[f"{RIVAL} "] = _rival_of(run)
    to_standard_output = str(out) == "-"
    if not to_standard_output:
        _check_place(source, out, overwrite)
    with read_pieces(source, encoding=encoding, header=header) as pieces:
        table = Asked(models, pieces, text, way)
        if to_standard_output:
            refused, rows = _to_standard_output(table, way, watch)
            return Scored(rows, refused, 0, table.notes)
        with working(out, _facts(source, table, encoding, header), overwrite) as folder:
            parts = Parts(folder, way)
            kept = parts.rows
            table.skip(kept)
            refused = parts.write(table, watch)
            parts.join(out)
    return Scored(parts.rows, refused, kept, table.notes)


def _ending(out: Path) -> str:
    return ".csv" if str(out) == "-" else out.suffix.lower()


def _check_place(source: Path, out: Path, overwrite: bool) -> None:
    """Refuse a place that cannot be written, before anything is read."""
    refuse_place(out, source)
    if out.exists() and not overwrite:
        raise RunError(f"{out} is there already. Give --overwrite, or another --out.")


def _model_of(kept: Kept) -> Scorer:
    return AskedLabels(kept) if kept.kind in multi_labels.KINDS else TextsModel(kept)


def _rival_of(run: str | Path) -> Scorer:
    beside = kept_model(run).folder / "baseline"
    if not is_bundle(beside):
        raise SettingsError(f"--rival needs a baseline beside the network, but {run} has none.")
    return _model_of(kept_model(beside))


def _to_standard_output(table: Asked, way: Any, watch: Watch) -> tuple[int, int]:
    refused = done = 0
    for said in table.said():
        way.write([said], sys.stdout.buffer, header=not done)
        refused, done = refused + said.unsaid, done + len(said.rows)
        watch(table.share, done)
    sys.stdout.buffer.flush()
    return refused, done


def _facts(source: Path, table: Asked, encoding: str | None, header: bool | None) -> dict[str, Any]:
    """Give what must be the same for parts to be gone on with."""
    about = None if str(source) == "-" else sheet_of(source)[0].stat()
    manifests = [(m.kept.folder / "manifest.json").read_bytes() for m in table.models.values()]
    return {
        "source": str(source.absolute()),
        "size": about and about.st_size,
        "changed": about and about.st_mtime_ns,
        "encoding": encoding,
        "header": header,
        "text": table.read,
        "models": [hashlib.sha256(manifest).hexdigest() for manifest in manifests],
        "columns": table.columns,
        "version": version("recurra"),
    }
