"""Finished runs, found again: which there are, what two of them found, and one taken away."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from recurra.errors import BundleError, RunError
from recurra.files import hold
from recurra.judging.report import Estimate, Report, Verdict
from recurra.names import listed, near
from recurra.runs import COMPARED, LOCK, TRAINED

__all__ = [
    "Compared",
    "FinishedRun",
    "compared",
    "deletable_run",
    "delete_run",
    "finished_run",
    "finished_runs",
    "run_or_reason",
]

REPORTS = (TRAINED[-1], COMPARED[-1])
SAME_ROWS = "They are of the same rows, split alike."
SCHEMA = Report.model_fields["schema_"].default


@dataclass(frozen=True)
class FinishedRun:
    """A run that is finished.

    Args:
        folder: where it is.
        report: what it found.
    """

    folder: Path
    report: Report

    @property
    def kept(self) -> str:
        """The network that is kept; of a comparison, all that were compared."""
        return ", ".join(verdict.model for verdict in self.report.verdicts)

    @property
    def figure(self) -> Estimate:
        """The deciding measure of the first network."""
        first = self.report.contender(self.report.verdicts[0].model)
        return first.measures[self.report.measures[0].name]

    @property
    def bytes(self) -> int:
        """How large the folder is."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())


def finished_runs(folder: Path) -> Iterator[FinishedRun]:
    """Give the finished runs in a folder, the newest last; what is none is passed over.

    A folder whose name begins with "." is none: a run that is being deleted has such a name.

    Raises:
        RunError: there is no such folder.
    """
    if not folder.is_dir():
        raise RunError(
            f"runs are kept in a folder, but {folder} is none. Name the one they are in."
        )
    reports = [path for name in REPORTS for path in folder.glob(f"[!.]*/{name}")]
    for path in sorted(reports, key=lambda path: (path.stat().st_mtime, path)):
        report = _report_of(path)
        if report is not None:
            yield FinishedRun(path.parent, report)


def finished_run(folder: Path) -> FinishedRun:
    """Give the finished run of a folder.

    Raises:
        BundleError: there is none, or it is damaged or of another version.
    """
    found = run_or_reason(folder)
    if isinstance(found, FinishedRun):
        return found
    beside = _names_beside(folder)
    here = f" {folder.parent} holds {listed(beside)}." if beside else ""
    what, meant = (found, "") if found else (f"{folder} is none", near(folder.name, beside))
    raise BundleError(f"a finished run of this version is needed, but {what}.{meant}{here}")


def run_or_reason(folder: Path) -> FinishedRun | str:
    """Give the finished run of a folder, else why it cannot be read; "" without a report."""
    found = next((path for name in REPORTS if (path := folder / name).exists()), None)
    if found is None:
        return ""
    report = _report_of(found)
    return _unread(found) if report is None else FinishedRun(folder, report)


def _names_beside(folder: Path) -> list[str]:
    beside = finished_runs(folder.parent) if folder.parent.is_dir() else ()
    return sorted(run.folder.name for run in beside)


def _unread(report: Path) -> str:
    """Say why a report is not read."""
    try:
        schema = json.loads(report.read_bytes())["schema"]
    except (OSError, ValueError, LookupError, TypeError):
        schema = SCHEMA
    if schema == SCHEMA:
        return f"{report} is damaged"
    return f"{report} is of another version ({schema}, not {SCHEMA}). Train again"


def _report_of(path: Path) -> Report | None:
    try:
        return Report.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


@dataclass(frozen=True)
class Compared:
    """Two runs beside each other.

    Args:
        runs: the two.
        rows: of each measure that both have, its name and what each run's network has.
        alike: why figures of the two may be compared, or may not.
        verdict: whether the first is better than the second by more than luck; None where they are
            not of the same rows, or do not keep what tells it.
    """

    runs: tuple[FinishedRun, FinishedRun]
    rows: list[tuple[str, str, str]]
    alike: str
    verdict: Verdict | None

    @property
    def better(self) -> str:
        """Which is better, in words; nothing of runs of other rows."""
        if self.alike != SAME_ROWS:
            return ""
        if self.verdict is None:
            return (
                "What these runs keep does not tell which is better by more than luck: "
                "`recurra compare` does, which trains both again."
            )
        return self.verdict.sentence


def compared(one: Path, other: Path) -> Compared:
    """Put two runs beside each other.

    Raises:
        BundleError: one is no finished run.
    """
    first, second = finished_run(one), finished_run(other)
    each = [run.report.contender(run.report.verdicts[0].model).measures for run in (first, second)]
    rows = [(name, str(each[0][name]), str(each[1][name])) for name in each[0] if name in each[1]]
    alike = _alike(first.report, second.report)
    verdict = _verdict(first, second) if alike == SAME_ROWS else None
    return Compared((first, second), rows, alike, verdict)


def _alike(one: Report, other: Report) -> str:
    if one.problem != other.problem:
        return f"They ask different questions: {one.problem} and {other.problem}."
    if one.data.sha256 != other.data.sha256:
        return "They are of different data: their figures cannot be compared."
    if one.split != other.split:
        return "They are of the same data, split otherwise: a part of what differs is the split."
    return SAME_ROWS


def _verdict(one: FinishedRun, other: FinishedRun) -> Verdict | None:
    from recurra.judging.paired import Judged, better_of  # it takes a moment to import

    same = one.folder.name == other.folder.name
    names = [str(run.folder) if same else run.folder.name for run in (one, other)]
    return better_of(
        Judged(names[0], one.folder, one.report), Judged(names[1], other.folder, other.report)
    )


def deletable_run(folder: Path) -> FinishedRun:
    """Give a finished run that may be taken away.

    Raises:
        BundleError: it is no finished run.
        RunError: it is a link.
    """
    if folder.is_symlink():
        raise RunError(
            f"a run that is deleted must be a folder, but {folder} is a link. Delete "
            f"{folder.resolve()}, or take the link away."
        )
    return finished_run(folder)


def delete_run(folder: Path) -> None:
    """Take a finished run away.

    Raises:
        BundleError: it is no finished run.
        RunError: it is a link, or a process is at work there.
    """
    folder = deletable_run(folder).folder.resolve()  # "." has no name
    try:
        with hold(folder / LOCK):
            gone = folder.with_name(f".{folder.name}.deleted")
            shutil.rmtree(gone, ignore_errors=True)
            folder.rename(gone)
    except BlockingIOError:
        raise RunError(f"another process is at work in {folder}. Wait for it.") from None
    shutil.rmtree(gone)
