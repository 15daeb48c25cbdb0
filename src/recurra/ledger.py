"""How often a test set was scored, and by what: a file in the cache folder, a line a scoring.

::

    key(row)    = 64-bit number of what a model is asked of the row: no text is kept
    sketch(set) = its 256 smallest keys, mixed         of the same rows in any order the same
    J(A, B)     = share of the 256 smallest of both that lie in both
    A was scored with B   when |A ∩ B| / |A| >= 1/2,   |A ∩ B| = J (|A| + |B|) / (1 + J)

So a file under another name, in another order, with some rows less or more is told again, and so
is a test set that lay in the folds of a comparison. The estimate of J has a standard error of 0.03
at most.

Source: A. Broder, "On the resemblance and containment of documents" (1997).
"""

import base64
import hashlib
import json
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from recurra.arrays import Array, Rows
from recurra.errors import RunError
from recurra.files import hold, write_atomically
from recurra.judging.report import Strict, TestUse, Verdict
from recurra.places import cache_folder

__all__ = ["Scoring", "clear", "ledger_path", "record", "row_keys", "scorings"]

SKETCH = 256
MOST = 0.5  # of the rows asked now that a set scored before must have held
PATIENCE = 10.0  # seconds for another process that writes
SIDE = 0.025  # of luck, as a verdict has it

Keys = npt.NDArray[np.uint64]


class Scoring(Strict):
    """A line of the ledger: a test set was scored.

    Args:
        when: it was, in UTC.
        work: train, compare or evaluate.
        problem, source: of the rows.
        rows: how many different ones.
        models: the networks, or the saved model, that were scored.
        settings: SHA-256 of all that decides their figures.
        sketch: of the rows, in base64.
    """

    when: str
    work: str
    problem: str
    source: str
    rows: int
    models: list[str]
    settings: str
    sketch: str


@dataclass(frozen=True)
class Ledger:
    """All that was read: the scorings, and how many lines could not be."""

    scorings: list[Scoring]
    unread: int = 0


def ledger_path() -> Path:
    """Give the file of the ledger."""
    return cache_folder() / "ledger" / "scored.jsonl"


def row_keys(keys: Mapping[str, Array], rows: Rows, sha256: str) -> Keys:
    """Give each row one number for its content.

    Args:
        keys: (all rows,) numbers that tell a row again, by name; none: rows are told again by
            where they stand in their file.
        rows: the numbers of the rows asked for.
        sha256: of the file.
    """
    columns = [np.asarray(keys[name], np.int64)[rows] for name in sorted(keys)]
    if not columns:
        mark = int.from_bytes(hashlib.sha256(sha256.encode()).digest()[:8], "little", signed=True)
        columns = [np.full(len(rows), mark), np.asarray(rows, np.int64)]
    mixed = np.zeros(len(rows), np.uint64)
    for column in columns:
        mixed = _mixed(mixed ^ column.view(np.uint64))
    return mixed


def _mixed(values: Keys) -> Keys:
    """Give each number another that looks as if drawn: SplitMix64."""
    mixed = values + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def record(
    work: str,
    problem: str,
    source: str,
    keys: Keys,
    models: Sequence[str],
    settings: Any,
    verdict: Verdict | None,
) -> TestUse:
    """Write down that a test set was scored, and give how often it was before.

    What cannot be written stops nothing: the answer says so.

    Args:
        work: train, compare or evaluate.
        problem, source: of the rows.
        keys: (rows,) one number for each row held, of its content.
        models: that were scored.
        settings: all that decides their figures; the same settings give the same ones.
        verdict: that was given, whose "yes" is corrected for the looks before.
    """
    distinct = np.unique(keys)
    scoring = Scoring(
        when=datetime.now(UTC).isoformat(timespec="seconds"),
        work=work,
        problem=problem,
        source=source,
        rows=len(distinct),
        models=list(models),
        settings=hashlib.sha256(json.dumps(settings).encode()).hexdigest(),
        sketch=base64.b64encode(distinct[:SKETCH].astype("<u8").tobytes()).decode(),
    )
    path, unwritten = ledger_path(), ""
    with ExitStack() as held:
        try:
            _wait(held, path)
        except OSError as error:
            unwritten = error.strerror or str(error)
        before = _read(path)
        if not unwritten:
            try:
                _append(path, scoring)
            except OSError as error:
                unwritten = error.strerror or str(error)
    use = _use(scoring, before, unwritten and f"{path}: {unwritten}")
    return use.model_copy(update={"said": _said(use, verdict)})


def _wait(held: ExitStack, path: Path) -> None:
    """Have the ledger for oneself, once whoever writes there has written."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            held.enter_context(hold(path.with_name(".lock")))
        except BlockingIOError:
            if time.monotonic() > until:
                raise
        else:
            return


def _append(path: Path, scoring: Scoring) -> None:
    """Add a line: whatever was cut off before it stands on a line of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+") as file:
        begun = file.seek(0, os.SEEK_END)
        if begun:
            file.seek(-1, os.SEEK_END)
        whole = not begun or file.read(1) == b"\n"
        file.write((b"" if whole else b"\n") + scoring.model_dump_json().encode() + b"\n")


def scorings() -> Ledger:
    """Read the ledger.

    Raises:
        RunError: it is there, but cannot be read.
    """
    try:
        return _read(ledger_path(), quiet=False)
    except OSError as error:
        raise RunError(
            f"the ledger must be readable, but {ledger_path()} is not ({error.strerror})."
        ) from None


def _read(path: Path, *, quiet: bool = True) -> Ledger:
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return Ledger([])
    except OSError:
        if quiet:
            return Ledger([])  # to write it fails likewise, and that is said
        raise
    found, unread = [], 0
    for line in filter(None, lines):
        try:
            found.append(Scoring.model_validate_json(line))
        except ValidationError:
            unread += 1
    return Ledger(found, unread)


def clear() -> int:
    """Forget all that was scored; give how many scorings that were.

    Raises:
        RunError: it cannot be written.
    """
    path = ledger_path()
    count = len(scorings().scorings)
    try:
        with ExitStack() as held:
            if path.exists():
                _wait(held, path)
                write_atomically(path, b"")
                path.unlink()
    except OSError as error:
        raise RunError(f"{path} cannot be cleared ({error.strerror}).") from None
    return count


# ---- which scorings were of these rows


def _shared(one: Scoring, other: Scoring) -> float:
    """Estimate the share of the rows of one that lie in the other."""
    a, b = _sketch(one), _sketch(other)
    smallest = np.union1d(a, b)[:SKETCH]
    if not len(smallest):
        return 0.0
    alike = float((np.isin(smallest, a) & np.isin(smallest, b)).mean())
    return alike * (one.rows + other.rows) / (1 + alike) / one.rows


def _sketch(scoring: Scoring) -> Keys:
    try:
        return np.frombuffer(base64.b64decode(scoring.sketch), "<u8").astype(np.uint64)
    except ValueError:
        return np.zeros(0, np.uint64)


def _use(now: Scoring, ledger: Ledger, unwritten: str) -> TestUse:
    before = [each for each in ledger.scorings if _shared(now, each) >= MOST]
    others = {each.settings: each for each in before if each.settings != now.settings}
    return TestUse(
        rows=now.rows,
        times=len(before),
        others=sum(len(each.models) for each in others.values()),
        models=sorted({name for each in others.values() for name in each.models}),
        same_rows=all(each.sketch == now.sketch for each in before),
        first=before[0].when if before else None,
        unwritten=unwritten,
        unread=ledger.unread,
    )


def _said(use: TestUse, verdict: Verdict | None) -> list[str]:
    """Say how often the rows held were scored before, and what that does to the claim."""
    said = []
    if use.times:
        rows = "These held rows" if use.same_rows else "These held rows, or most of them,"
        times = f"{use.times:,} time{'s' if use.times > 1 else ''}"
        said.append(f"{rows} were scored {times} before, {_consequence(use, verdict)}")
    if use.unread:
        said.append(
            f"{use.unread:,} lines of the ledger of test sets cannot be read: they may have been "
            "scored more often."
        )
    if use.unwritten:
        said.append(
            f"That these rows were scored could not be written down ({use.unwritten}): the next "
            "report will not count it."
        )
    return said


def _consequence(use: TestUse, verdict: Verdict | None) -> str:
    if not use.others:
        return "by these very settings: the same figures again, so nothing was chosen by them."
    shown = ", ".join(use.models[:4]) + (", …" if len(use.models) > 4 else "")
    models = f"{use.others:,} other model{'s' if use.others > 1 else ''}"
    said = f"by {models} or settings ({shown}): the best of {use.others + 1:,} is so by luck, too."
    if verdict is None or verdict.answer != "yes" or verdict.p_value is None:
        return f"{said} For a figure to publish, judge once on fresh rows."
    corrected = min(1.0, verdict.p_value * (use.others + 1))
    holds = corrected <= SIDE
    answer = "still holds" if holds else 'does not hold, and is "undecided"'
    return (
        f'{said} Corrected for {use.others + 1:,} looks the "yes" {answer} (p = {corrected:.2g}, '
        f"{'at most' if holds else 'above'} {SIDE})."
    )
