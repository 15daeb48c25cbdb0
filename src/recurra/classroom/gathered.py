"""The run folders of many people in one table: who, seed, data, settings, verdict.

::

    handed-in/kim/runs/spam      who: kim      run: runs/spam
    handed-in/lee/spam           who: lee      run: spam

What is no finished run of this version, or is damaged, is kept out and said, with the reason.
"""

import csv
import glob
import io
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields
from os.path import commonpath
from pathlib import Path

from recurra.bundle import read_bundle
from recurra.data.spelling import meant
from recurra.errors import BundleError, RunError
from recurra.finished import FinishedRun, run_or_reason

__all__ = ["Gathered", "GatheredRun", "gather"]

DEEPEST = 6  # folders below one that is given
ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".7z", ".rar", ".egg")
REPORTS = ("report.json", "compare.json")
# options that say where and how it was worked, not what was asked
ASIDE = {"--out", "--on", "--lang", "--seed"}
ASIDE_ALONE = {"--resume", "--overwrite", "--json", "--show"}


@dataclass(frozen=True)
class GatheredRun:
    """A row of the table.

    Args:
        who: the first folder in which its path differs from those of others.
        run: the folders below.
        problem: what was asked.
        source: of the data, as the run names it.
        sha256: of the data: the same letters are the same bytes.
        rows: of the data.
        split: how it was split.
        folds: in how many.
        seed: of split, weights and order.
        settings: the command, but for its --out, --seed and the like; "" where it was Python.
        network: that is kept; of a comparison, all.
        measure: that decides.
        value: of the network; None where nothing could be measured.
        low: end of its 95 % interval.
        high: end of it.
        answer: whether the network is better than every rival: yes, no, undecided, too few.
        rival: the one that is hardest to beat.
        sentence: the verdict in words.
        failed: the probes that failed, leaks first.
        scored_before: how often the test rows were scored before, on the machine of the run.
        created: when, in UTC.
        version: of Recurra.
        folder: where it is.
    """

    who: str
    run: str
    problem: str
    source: str
    sha256: str
    rows: int
    split: str
    folds: int
    seed: int
    settings: str
    network: str
    measure: str
    value: float | None
    low: float | None
    high: float | None
    answer: str
    rival: str
    sentence: str
    failed: str
    scored_before: int | None
    created: str
    version: str
    folder: str


@dataclass(frozen=True)
class Gathered:
    """The table, and what is not in it.

    Args:
        runs: by who, then by the name of the run.
        left_out: from a folder to why it is kept out.
        notes: what is to be said of the runs beside each other.
    """

    runs: list[GatheredRun]
    left_out: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def columns(self) -> list[str]:
        """Give the names of the columns."""
        return [each.name for each in fields(GatheredRun)]

    def table(self) -> list[dict[str, object]]:
        """Give the rows."""
        return [asdict(run) for run in self.runs]

    def to_csv(self) -> bytes:
        """Give the table as CSV that spreadsheets open as UTF-8, no cell of which is a formula."""
        lines = io.StringIO()
        rows = csv.DictWriter(lines, self.columns(), lineterminator="\n")
        rows.writeheader()
        rows.writerows({name: _cell(value) for name, value in row.items()} for row in self.table())
        return lines.getvalue().encode("utf-8-sig", "replace")

    def questions(self) -> list[list[GatheredRun]]:
        """Give the runs whose figures may stand beside each other: one question, data and split."""
        found: dict[tuple[str | int, ...], list[GatheredRun]] = {}
        for run in self.runs:
            asked = (run.problem, run.sha256, run.split, run.folds, run.measure)
            found.setdefault(asked, []).append(run)
        return sorted(found.values(), key=lambda runs: (-len(runs), runs[0].folder))


def gather(places: Sequence[str | Path]) -> Gathered:
    """Collect finished runs, each told by whose it is.

    Args:
        places: run folders, folders that hold them at any depth, and patterns such as `runs/*`
            where the shell has not opened them.

    Raises:
        RunError: a place is not there, or none of them holds a finished run.
    """
    found: list[Path] = []
    left_out: dict[str, str] = {}
    for place in _places(places):
        inside = list(_runs_in(place))
        beside = [*_folders_in(place), *_archives_in(place)] if inside else [place]
        for folder in [] if _is_run(place) else beside:
            if not any(_runs_in(folder)):
                left_out[str(folder)] = _said_of(folder)
        found += inside
    runs: dict[Path, FinishedRun] = {}
    for folder in dict.fromkeys(found):
        opened = _opened(folder)
        if isinstance(opened, str):
            left_out[str(folder)] = opened
        else:
            runs[folder] = opened
    if not runs:
        first = next((f" {place}: {why}" for place, why in left_out.items()), "")
        raise RunError(f"finished runs are gathered, but there is none.{first}")
    rows = [_row(run, *_named(folder, list(runs))) for folder, run in runs.items()]
    rows.sort(key=lambda row: (row.who, row.run))
    return Gathered(rows, left_out, _alike(rows, list(runs.values())))


def _places(places: Sequence[str | Path]) -> list[Path]:
    """Give the places that are there; patterns are opened."""
    found: list[Path] = []
    for place in places:
        given = Path(place)
        opened = [given] if given.exists() else [Path(p) for p in sorted(glob.glob(str(place)))]
        if not opened:
            raise RunError(f"a folder with runs must be there, but {place} is not.")
        found += opened
    return list(dict.fromkeys(found))


def _is_run(folder: Path) -> bool:
    return any((folder / name).is_file() for name in REPORTS)


def _is_started(folder: Path) -> bool:
    return (folder / "checkpoints").is_dir()


def _folders_in(folder: Path) -> list[Path]:
    """Give the folders in a folder, no links, and none that is hidden."""
    try:
        inside = sorted(folder.iterdir()) if folder.is_dir() else []
        return [p for p in inside if p.is_dir() and not p.is_symlink() and p.name[:1] != "."]
    except OSError:
        return []


def _archives_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.name.lower().endswith(ARCHIVES))


def _runs_in(folder: Path, depth: int = DEEPEST) -> Iterator[Path]:
    if _is_run(folder):
        yield folder
    elif depth and not _is_started(folder):
        for each in _folders_in(folder):
            yield from _runs_in(each, depth - 1)


def _said_of(folder: Path) -> str:
    if not folder.is_dir():
        return "a file and no run folder: if it is an archive, unpack it"
    if _is_started(folder) or any(map(_is_started, _folders_in(folder))):
        return "a run that is not finished; it is gone on with by --resume"
    return "no run is in it"


def _opened(folder: Path) -> FinishedRun | str:
    """Give a run whose report can be read and whose model is whole, else the reason."""
    found = run_or_reason(folder)
    if isinstance(found, str):
        return found
    if not found.report.verdicts or not found.report.measures:
        return "its report is damaged: it has no verdict"
    try:
        if (folder / "report.json").is_file():
            read_bundle(folder / "model")
        _ = found.figure
    except (BundleError, LookupError, StopIteration) as error:
        return f"its model or report is damaged: {str(error)[:200]}"
    return found


def _named(folder: Path, all_of_them: Sequence[Path]) -> tuple[str, str]:
    """Give whose a run is, and its name below that: where paths begin to differ."""
    parts = folder.resolve().parts
    shared = Path(commonpath([each.resolve().parent for each in all_of_them])).parts
    rest = parts[len(shared) :]
    return meant(rest[0]), "/".join(map(meant, rest[1:]))


def _row(run: FinishedRun, who: str, name: str) -> GatheredRun:
    report, verdict, figure = run.report, run.report.verdicts[0], run.figure
    low, high = figure.interval or (None, None)
    failed = sorted((p for p in report.probes if not p.passed), key=lambda p: not p.leak)
    return GatheredRun(
        who=who,
        run=name,
        problem=report.problem,
        source=report.data.source,
        sha256=report.data.sha256,
        rows=report.data.rows,
        split=report.split.kind,
        folds=report.split.folds,
        seed=report.split.seed,
        settings=_settings(report.command),
        network=run.kept,
        measure=report.measures[0].name,
        value=figure.value,
        low=low,
        high=high,
        answer=verdict.answer,
        rival=verdict.rival,
        sentence=verdict.sentence,
        failed=", ".join(probe.name for probe in failed),
        scored_before=None if report.test_use is None else report.test_use.times,
        created=report.created,
        version=report.version,
        folder=str(run.folder),
    )


def _settings(command: str) -> str:
    """Give a command without what says where and how it was worked: `train spam --epochs 3`."""
    try:
        words = shlex.split(command)[1:]
    except ValueError:
        return command
    kept, value_of = [], ""
    for word in words:
        name = word.partition("=")[0]
        aside = name in ASIDE | ASIDE_ALONE or value_of in ASIDE
        kept += [] if aside else [word]
        value_of = word if word.startswith("--") and word not in ASIDE_ALONE else ""
    return shlex.join(kept)


def _cell(value: object) -> object:
    """Put an apostrophe before a text that a spreadsheet would work out: a folder may bear any."""
    starts = isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{value}" if starts else value


def _alike(rows: Sequence[GatheredRun], runs: Sequence[FinishedRun]) -> list[str]:
    """Say which runs are one that was copied: nobody's fits take the same time to the digit."""
    by_folder = {str(run.folder): run for run in runs}
    copies: dict[tuple[object, ...], list[str]] = {}
    for row in rows:
        report = by_folder[row.folder].report
        seconds = [each.fit_seconds for each in report.contenders]
        copies.setdefault((report.created, *seconds), []).append(f"{row.who}/{row.run}".strip("/"))
    notes = [f"one run, copied: {', '.join(names)}" for names in copies.values() if len(names) > 1]
    data = {(row.problem, row.sha256) for row in rows}
    if len(data) > 1:
        notes.append(
            f"{len(data)} questions or data sets: figures of different ones cannot be compared"
        )
    return notes
