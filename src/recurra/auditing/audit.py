"""Audit a file, a published split or a finished run.

::

    audit(FILE)          would a split of these rows at random be clean?
    audit(TRAIN, TEST)   is this split clean?
    audit(RUN)           was the split of that run clean?
"""

import dataclasses
import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from recurra.arrays import Bools
from recurra.auditing.copies import copy_findings
from recurra.auditing.findings import Audit, Finding
from recurra.auditing.judged import column_findings, side_findings, tell_findings
from recurra.auditing.labels import label_findings
from recurra.auditing.rows import Audited
from recurra.bundle import is_bundle, read_facts
from recurra.data import Columns, LabelledTexts, open_texts
from recurra.data.catalogue import CATALOGUE, SAMPLE_SOURCE
from recurra.data.labelled import TO_TEST_ON, label_texts
from recurra.data.readers import Table, read_table
from recurra.errors import DataError, RunError
from recurra.text.joining import text_columns

__all__ = ["audit", "audit_run", "audit_texts"]

Source = str | Path | pd.DataFrame | LabelledTexts
QUESTIONS = {
    "file": "Would a split of these rows at random be clean?",
    "sides": "Is this split clean?",
    "run": "Was the split of this run clean?",
}


def audit(
    source: Source,
    test: Source | None = None,
    *,
    text: str | Sequence[str] | None = None,
    label: str | None = None,
    positive: str | None = None,
    encoding: str | None = None,
    sample: bool = False,
    labels: bool = False,
) -> Audit:
    """Look for whatever makes figures better than they are, without training anything.

    Args:
        source: labelled texts: a file, a named dataset, a frame, rows read before; or the folder of
            a run.
        test: the side held out, where the split is published as two sources.
        text, label, positive, encoding: of the columns, None of what is to be guessed.
        sample: whether the embedded sample of a named dataset is taken.
        labels: whether labels that may be wrong are looked for, too: simple models are fitted.

    Returns:
        What was found: `clean`, `findings`, `tells`, `suspects`; `to_json()`.

    Raises:
        DataError: a source cannot be read, or the sides have no label in common.

    Example:
        >>> audit("spam", sample=True).sentence
        'No leak was found.'
    """
    if isinstance(source, str | Path) and test is None and (Path(source) / "report.json").is_file():
        return audit_run(Path(source), text=text, label=label, encoding=encoding, labels=labels)
    columns = Columns(text, label, positive, encoding)
    rows = _opened(source, columns, sample)
    if test is None:
        return audit_texts(rows, labels=labels)
    return audit_texts(_joined(rows, _opened(test, columns, sample)), labels=labels)


def _opened(source: Source, columns: Columns, sample: bool = False) -> LabelledTexts:
    if isinstance(source, LabelledTexts):
        return source
    if isinstance(source, pd.DataFrame):
        frame = source.fillna("").astype(str).reset_index(drop=True)
        table = Table(frame, "a frame", "")
        return _labelled(table, columns)
    name = str(source)
    if name in CATALOGUE:
        return open_texts(name, sample=sample, columns=columns)
    if not Path(name).exists():
        raise DataError(f"a file, a run or a named dataset is needed, but {name} is not there.")
    return _labelled(read_table(name, encoding=columns.encoding), columns)


def _labelled(table: Table, columns: Columns) -> LabelledTexts:
    return label_texts(
        table, text=columns.text, label=columns.label, positive=columns.positive, find=False
    )


def _joined(train: LabelledTexts, test: LabelledTexts) -> LabelledTexts:
    if not set(train.names) & set(test.names):
        raise DataError(
            f"both sides must have labels in common, but {train.source} has "
            f"{', '.join(train.names[:5])} and {test.source} has {', '.join(test.names[:5])}."
        )
    sides = (train, test)
    return LabelledTexts(
        np.concatenate([side.texts for side in sides]),
        np.concatenate([side.labels for side in sides]),
        train.positive,
        f"{train.source} and {test.source}",
        f"{train.sha256} {test.sha256}".strip(),
        [note for side in sides for note in side.notes],
        pd.concat([side.other_columns for side in sides], ignore_index=True).fillna(""),
        np.repeat([False, True], [len(side.texts) for side in sides]),
        np.concatenate([side.ids for side in sides]),
    )


def audit_texts(
    rows: LabelledTexts, *, question: str = "", held: Bools | None = None, labels: bool = False
) -> Audit:
    """Audit rows that were read.

    Args:
        rows: labelled texts; those with a published test side are audited as split by it.
        question: what is asked, for people; "" for what the rows say.
        held: (rows,) whether a row is held out, None as published.
        labels: whether labels that may be wrong are looked for, too.
    """
    held = rows.published_test if held is None else held
    audited = Audited(rows, held)
    findings, tells = tell_findings(audited)
    of_labels, suspects = label_findings(audited) if labels else ([], [])
    findings += [
        *of_labels,
        *copy_findings(audited),
        *column_findings(audited),
        *side_findings(audited),
    ]
    return Audit(
        version=version("recurra"),
        question=question or QUESTIONS["file" if held is None else "sides"],
        source=rows.source,
        sha256=rows.sha256,
        rows=_counts(audited),
        classes=rows.classes,
        findings=sorted(findings, key=_weight),
        tells=tells[:40],
        suspects=suspects,
        notes=[*rows.notes, *audited.notes, *_few(audited)],
    )


def _weight(finding: Finding) -> tuple[bool, float]:
    return finding.level != "leak", -finding.size / max(1, finding.of)


def _counts(audited: Audited) -> dict[str, int]:
    if audited.held is None:
        return {"rows": len(audited.rows.texts)}
    return dict(
        zip(audited.names, (int((~audited.held).sum()), int(audited.held.sum())), strict=True)
    )


def _few(audited: Audited) -> list[str]:
    if len(audited.counted.fold):
        return []
    return ["columns and writing were not asked: a class has fewer than 10 different texts"]


def audit_run(
    run: Path,
    *,
    text: str | Sequence[str] | None = None,
    label: str | None = None,
    encoding: str | None = None,
    labels: bool = False,
) -> Audit:
    """Audit the split of a run of texts: the rows are read again, and must be the same.

    Args:
        run: a run folder.
        text, label, encoding: of the file, where they were given to the run.
        labels: whether labels that may be wrong are looked for, too.

    Raises:
        RunError: the run is not of texts, or its rows are not those it was fitted on.
    """
    report = json.loads((run / "report.json").read_text("utf-8"))
    sides = pd.read_csv(run / "split.csv")
    if "duplicate_key" not in sides or "fold" in sides:
        raise RunError(f"a run of labelled texts is needed, but {run} is of {report['problem']}.")
    columns = Columns(text or _taught(run), label, report["data"]["positive"], encoding)
    rows = _rows_of(report, columns)
    if rows.sha256 != report["data"]["sha256"] or len(rows.texts) != len(sides):
        raise RunError(
            f"the rows must be those that the run was fitted on, but {rows.source} has changed "
            "since. Run it again, or bring the file back."
        )
    held = (sides["side"] == "test").to_numpy()
    kept = (sides["side"] != "left out").to_numpy()
    chosen = dataclasses.replace(rows.take(np.flatnonzero(kept)), published_test=held[kept])
    return audit_texts(chosen, question=QUESTIONS["run"], labels=labels)


def _taught(run: Path) -> Sequence[str] | None:
    """Give the text columns that the model of a run was taught, where it has one."""
    model = run / "model"
    return text_columns(read_facts(model).columns) or None if is_bundle(model) else None


def _rows_of(report: dict[str, Any], columns: Columns) -> LabelledTexts:
    source, problem = report["data"]["source"], report["problem"].removesuffix("-sample")
    if source.startswith(SAMPLE_SOURCE):
        name = problem if problem in CATALOGUE else "spam"
        return open_texts(name, sample=True, columns=columns)
    if problem in ("sentiment", "sentiment-ko"):
        return open_texts(problem)
    path, _, test = source.partition(TO_TEST_ON)
    return open_texts(path, columns=columns, test=Path(test) if test else None)
