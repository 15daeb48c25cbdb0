"""Audit a file, a published split or a finished run.

::

    audit(FILE)          would a split of these rows at random be clean?
    audit(TRAIN, TEST)   is this split clean?
    audit(RUN)           was the split of that run clean?
"""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from recurra.arrays import Bools
from recurra.auditing.between import between_findings
from recurra.auditing.copies import copy_findings
from recurra.auditing.curve import learning_curve
from recurra.auditing.encoded import encoded_findings
from recurra.auditing.filled import filled_findings
from recurra.auditing.findings import Audit, Finding, Suspect, Tell
from recurra.auditing.judged import (
    column_findings,
    drift_findings,
    side_findings,
    tell_findings,
    view_findings,
)
from recurra.auditing.labels import label_findings
from recurra.auditing.number_copies import AuditedNumbers, number_copy_findings
from recurra.auditing.number_views import views_of_numbers, written_steps
from recurra.auditing.numbered import numbered_findings
from recurra.auditing.ordered import order_findings
from recurra.auditing.passages import passage_findings
from recurra.auditing.price_files import audit_price_files, holds_prices
from recurra.auditing.rows import Audited, AuditedTexts
from recurra.auditing.scaled import scaled_findings
from recurra.auditing.steps import audit_states, audit_tags
from recurra.auditing.tables import NumericRows, joined, numeric_rows, numeric_rows_of
from recurra.auditing.tells import View
from recurra.auditing.views import views_of_writing
from recurra.bundle import is_bundle, read_facts
from recurra.data import Columns, LabelledTexts, open_texts
from recurra.data.catalogue import CATALOGUE, SAMPLE_SOURCE
from recurra.data.labelled import TO_TEST_ON, label_texts
from recurra.data.readers import Table, read_table
from recurra.data.sequences import (
    LabelledSequences,
    Layout,
    read_sequences,
    sample_sequences,
    with_test,
)
from recurra.data.states import StepColumns
from recurra.data.tagged import TagColumns
from recurra.errors import DataError, RunError, SettingsError
from recurra.files import sheet_of
from recurra.names import one_of
from recurra.text.joining import feature_columns, text_columns

__all__ = ["audit", "audit_numbers", "audit_run", "audit_texts", "rows_of", "rows_of_run"]

Source = str | Path | pd.DataFrame | LabelledTexts | LabelledSequences
NO_TABLES = {".ts", ".npz", ".npy"}
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
    curve: bool = False,
    layout: Layout | None = None,
    steps: str | None = None,
) -> Audit:
    """Look for whatever makes figures better than they are, without training anything.

    Args:
        source: labelled texts, or labelled rows of numbers: a file, a named dataset, a frame, rows
            read before; a file of daily prices, or a folder of them; or the folder of a run.
        test: the side held out, where the split is published as two sources.
        text, label, positive, encoding: of the columns, None of what is to be guessed.
        sample: whether the embedded sample of a named dataset is taken.
        labels: whether labels that may be wrong are looked for, too: simple models are fitted.
        curve: whether it is asked if more rows would help: simple models are fitted.
        layout: of a table of numbers: which column names the sequence of a row, orders it, is a
            channel.
        steps: where every step has a class of its own, which: tags of words, or states of logs. Of
            these, wrong labels are looked for, and copies of sentences.

    Returns:
        What was found: `clean`, `findings`, `tells`, `suspects`, `curve`; `to_json()`.

    Raises:
        DataError: a source cannot be read, or the sides have no label in common.

    Example:
        >>> audit("spam", sample=True).sentence
        'No leak was found.'
    """
    layout = layout or Layout()
    if steps is not None:
        if curve or sample:
            raise SettingsError(
                "of steps with a class each, labels are asked: no curve, no sample."
            )
        return _of_steps(steps, source, test, Columns(text, label, None, encoding), layout)
    if isinstance(source, str | Path) and test is None and (Path(source) / "report.json").is_file():
        run = Path(source)
        given: dict[str, Any] = {"text": text, "label": label, "encoding": encoding}
        return audit_run(run, **given, labels=labels, curve=curve, layout=layout)
    columns = Columns(text, label, positive, encoding)
    layout = dataclasses.replace(layout, label=label or layout.label)
    if isinstance(source, str | Path) and test is None and _is_of_prices(source, columns, layout):
        if labels or curve:
            raise SettingsError("labels and curves are asked of rows with a class, not of prices.")
        return audit_price_files(Path(source), encoding=encoding)
    rows = rows_of(source, columns, layout, sample=sample)
    other = None if test is None else rows_of(test, columns, layout, sample=sample)
    if isinstance(rows, NumericRows) and (other is None or isinstance(other, NumericRows)):
        both = rows if other is None else joined(rows, other)
        return audit_numbers(both, labels=labels, curve=curve)
    if isinstance(rows, NumericRows) or isinstance(other, NumericRows):
        raise DataError("both sides must be of one kind, but one is of texts, one of numbers.")
    both_sides = rows if other is None else _joined(rows, other)
    return audit_texts(both_sides, labels=labels, curve=curve)


def _of_steps(
    steps: str, source: Source, test: Source | None, columns: Columns, layout: Layout
) -> Audit:
    """Audit files of tags or states, whose columns are named as those of other files."""
    if not isinstance(source, str | Path) or not isinstance(test, str | Path | None):
        raise SettingsError("of steps with a class each, files are audited: give their paths.")
    one_of(steps, ("tags", "states"), "steps")
    if steps == "tags":
        words = columns.text if isinstance(columns.text, str | None) else columns.text[0]
        tags = TagColumns(words, columns.label, layout.id)
        return audit_tags(source, test, tags, encoding=columns.encoding)
    logs = StepColumns(layout.time, columns.label, layout.id, layout.channels)
    return audit_states(source, test, logs, encoding=columns.encoding)


def _is_of_prices(source: str | Path, columns: Columns, layout: Layout) -> bool:
    path = Path(source)
    if columns.text or columns.label or layout.id or str(source) in CATALOGUE:
        return False
    if path.is_dir():
        return True
    if not sheet_of(path)[0].is_file() or path.suffix in NO_TABLES or ".ts" in path.suffixes:
        return False
    return holds_prices(read_table(path, encoding=columns.encoding))


def rows_of(
    source: Source, columns: Columns, layout: Layout | None = None, *, sample: bool = False
) -> LabelledTexts | NumericRows:
    """Read labelled texts or rows of numbers, whichever a source holds, as `audit` does."""
    layout = layout or Layout()
    if isinstance(source, LabelledTexts):
        return source
    if isinstance(source, LabelledSequences):
        return numeric_rows_of(source)
    if isinstance(source, pd.DataFrame):
        cells = source.astype(object).where(source.notna(), "")
        frame = cells.astype(str).reset_index(drop=True)
        return _of_table(Table(frame, "a frame", ""), columns, layout)
    name, path = str(source), Path(source)
    if name in CATALOGUE:
        return open_texts(name, sample=sample, columns=columns)
    if not sheet_of(path)[0].exists():
        raise DataError(f"a file, a run or a named dataset is needed, but {name} is not there.")
    if NO_TABLES & set(path.suffixes):
        return numeric_rows(path, dataclasses.replace(layout, label=None))
    return _of_table(read_table(name, encoding=columns.encoding), columns, layout)


def _of_table(table: Table, columns: Columns, layout: Layout) -> LabelledTexts | NumericRows:
    if columns.text or not (layout.id or layout.channels or not _has_texts(table, columns.label)):
        return _labelled(table, columns)
    return numeric_rows(table, layout)


def _has_texts(table: Table, label: str | None) -> bool:
    """Say whether a column holds words; where most columns are numbers, one word each is none."""
    numbers = 0
    for name in table.frame.columns:
        some = table.frame[name].astype(str).str.strip()
        some = some[some != ""][:500]
        if not len(some) or name == label:
            continue
        if pd.to_numeric(some, errors="coerce").notna().all():
            numbers += 1
        elif some.str.contains(r"[^\W\d_]\S*\s+\S*[^\W\d_]").mean() > 0.5:
            return True
    return numbers == 0


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
    rows: LabelledTexts,
    *,
    question: str = "",
    held: Bools | None = None,
    labels: bool = False,
    curve: bool = False,
) -> Audit:
    """Audit rows that were read.

    Args:
        rows: labelled texts; those with a published test side are audited as split by it.
        question: what is asked, for people; "" for what the rows say.
        held: (rows,) whether a row is held out, None as published.
        labels: whether labels that may be wrong are looked for, too.
        curve: whether it is asked if more rows would help.
    """
    held = rows.published_test if held is None else held
    audited = AuditedTexts(rows, held)
    findings, tells = tell_findings(audited)
    content = list(views_of_writing(rows.texts[audited.counted.rows]))
    findings += [*numbered_findings(audited), *copy_findings(audited), *passage_findings(audited)]
    findings += _of_any(audited, content)
    return _found(audited, question, findings, tells, labels, curve)


def audit_numbers(
    rows: NumericRows,
    *,
    question: str = "",
    held: Bools | None = None,
    labels: bool = False,
    curve: bool = False,
) -> Audit:
    """Audit labelled rows of numbers that were read, as `audit_texts` audits texts."""
    held = rows.published_test if held is None else held
    audited = AuditedNumbers(rows, held)
    content: list[View] = []
    alone: list[View] = []
    if rows.sequences is not None:
        steps = rows.sequences.take(audited.counted.rows)
        content = list(views_of_numbers(steps, rows.channels))
        alone = written_steps(steps, audited.counted)
    findings, tells = view_findings(audited, [*content, *alone])
    findings += [*number_copy_findings(audited), *_of_any(audited, content)]
    return _found(audited, question, findings, tells, labels, curve)


def _of_any(audited: Audited, content: list[View]) -> list[Finding]:
    """Give what is asked of rows of any kind: groups, days, and how the sides differ."""
    return [
        *column_findings(audited),
        *encoded_findings(audited),
        *filled_findings(audited),
        *between_findings(audited),
        *scaled_findings(audited),
        *order_findings(audited),
        *side_findings(audited),
        *drift_findings(audited, content),
    ]


def _found(
    audited: Audited,
    question: str,
    findings: list[Finding],
    tells: list[Tell],
    labels: bool,
    curve: bool,
) -> Audit:
    rows = audited.rows
    suspects: list[Suspect] = []
    if labels:
        of_labels, suspects = label_findings(audited)
        findings = [*findings, *of_labels]
    more = learning_curve(audited) if curve else None
    return Audit(
        version=version("recurra"),
        question=question or QUESTIONS["file" if audited.held is None else "sides"],
        source=rows.source,
        sha256=rows.sha256,
        rows=_counts(audited),
        classes=rows.classes,
        findings=sorted(findings, key=_weight),
        tells=tells[:40],
        suspects=suspects,
        curve=more,
        notes=[*rows.notes, *audited.notes, *_few(audited)],
    )


def _weight(finding: Finding) -> tuple[bool, float]:
    return finding.level != "leak", -finding.size / max(1, finding.of)


def _counts(audited: Audited) -> dict[str, int]:
    if audited.held is None:
        return {"rows": len(audited.truth)}
    return dict(
        zip(audited.names, (int((~audited.held).sum()), int(audited.held.sum())), strict=True)
    )


def _few(audited: Audited) -> list[str]:
    if len(audited.counted.fold):
        return []
    return ["columns and writing were not asked: a class has fewer than 10 different rows"]


def audit_run(
    run: Path,
    *,
    text: str | Sequence[str] | None = None,
    label: str | None = None,
    encoding: str | None = None,
    labels: bool = False,
    curve: bool = False,
    layout: Layout | None = None,
) -> Audit:
    """Audit the split of a run of texts or sequences, whose rows are read again.

    Args:
        run: a run folder.
        text, label, encoding, layout: of the file, where they were given to the run.
        labels: whether labels that may be wrong are looked for, too.
        curve: whether it is asked if more rows would help.

    Raises:
        RunError: the run is of neither, or its rows are not those it was fitted on.
    """
    rows, held = rows_of_run(run, Columns(text or None, label, None, encoding), layout)
    question = QUESTIONS["run"]
    if isinstance(rows, NumericRows):
        return audit_numbers(rows, question=question, held=held, labels=labels, curve=curve)
    return audit_texts(rows, question=question, held=held, labels=labels, curve=curve)


def rows_of_run(
    run: Path, given: Columns, layout: Layout | None = None
) -> tuple[LabelledTexts | NumericRows, Bools]:
    """Read the rows of a run of texts or sequences again; say which it held out.

    Args:
        run: a run folder.
        given, layout: of the file, where they were given to the run.

    Returns:
        The rows that were not left out, and (rows,) whether each was held out.

    Raises:
        RunError: the run is of neither, or its rows are not those it was fitted on.
    """
    report = json.loads((run / "report.json").read_text("utf-8"))
    sides = pd.read_csv(run / "split.csv")
    unread = report["problem"] in ("quantities", "multi-label")  # they have no class a row
    if "duplicate_key" not in sides or "fold" in sides or unread:
        raise RunError(
            f"a run of labelled texts or sequences is needed, but {run} is of {report['problem']}."
        )
    held = (sides["side"] == "test").to_numpy()
    kept = (sides["side"] != "left out").to_numpy()
    if report["problem"] == "sequences":
        layout = layout or Layout()
        layout = dataclasses.replace(layout, label=given.label or layout.label)
        numbers = _sequences_of(report, layout, given.encoding)
        _must_be_same(numbers.source, numbers.sha256, len(numbers), report, len(sides))
        chosen = numeric_rows_of(numbers).take(np.flatnonzero(kept))
        return chosen, held[kept]
    taught = _taught(run)
    columns = Columns(
        given.text or text_columns(taught) or None,
        given.label,
        report["data"]["positive"],
        given.encoding,
        features=feature_columns(taught),
    )
    rows = _rows_of(report, columns)
    _must_be_same(rows.source, rows.sha256, len(rows.texts), report, len(sides))
    texts = dataclasses.replace(rows.take(np.flatnonzero(kept)), published_test=held[kept])
    return texts, held[kept]


def _taught(run: Path) -> Mapping[str, str]:
    """Give the columns that the model of a run was taught, where it has one."""
    model = run / "model"
    return read_facts(model).columns if is_bundle(model) else {}


def _must_be_same(source: str, sha256: str, rows: int, report: dict[str, Any], sides: int) -> None:
    if sha256 != report["data"]["sha256"] or rows != sides:
        raise RunError(
            f"the rows must be those that the run was fitted on, but {source} has changed "
            "since. Run it again, or bring the file back."
        )


def _sequences_of(
    report: dict[str, Any], layout: Layout, encoding: str | None
) -> LabelledSequences:
    source = report["data"]["source"]
    if source.startswith(SAMPLE_SOURCE):
        return sample_sequences()
    known, _, test = source.partition(TO_TEST_ON)
    rows = read_sequences(known, layout, encoding=encoding)
    return with_test(rows, read_sequences(test, layout, encoding=encoding)) if test else rows


def _rows_of(report: dict[str, Any], columns: Columns) -> LabelledTexts:
    source, problem = report["data"]["source"], report["problem"].removesuffix("-sample")
    if source.startswith(SAMPLE_SOURCE):
        name = problem if problem in CATALOGUE else "spam"
        return open_texts(name, sample=True, columns=columns)
    if problem in ("sentiment", "sentiment-ko"):
        return open_texts(problem)
    path, _, test = source.partition(TO_TEST_ON)
    return open_texts(path, columns=columns, test=Path(test) if test else None)
