"""The info sheet: what leaks there can be, and what was measured of each in this run.

Each kind of leak that Kapoor and Narayanan list is asked about, and answered from the probes of the
run; where none looked, the sheet says "not checked", and how to look. A problem says itself where
another way is needed than for rows with a class (`Problem.unmeasured`).

Source: S. Kapoor, A. Narayanan, "Leakage and the reproducibility crisis in machine-learning-based
science", Patterns 4 (2023), whose numbers are taken over.
"""

from collections.abc import Mapping, Sequence

from recurra.judging.report import Probe, Report, Sheeted, SheetLine

__all__ = ["LOOKED_AT", "sheet_of"]

QUESTIONS: Mapping[str, str] = {
    "L1.1": "Are there rows that no fit has seen?",
    "L1.2": "Is nothing prepared from rows held out (vocabulary, scale)?",
    "L1.3": "Is what is read (words, columns) chosen without rows held out?",
    "L1.4": "Do no copies of rows held out stand in training?",
    "L2": "Does nothing that is read tell the answer by itself (a word, a column)?",
    "L3.1": "Are rows held out later than those learnt from?",
    "L3.2": "Are rows held out independent of those learnt from (author, thread, device)?",
    "L3.3": "Are rows held out like those that it will be asked?",
    "use": "Were rows held out never scored by other settings before?",
    "seeds": "Do intervals include what another training changes?",
    "labels": "Are the labels right?",
}
# which kinds of leak a probe looks for, by how its name begins
LOOKED_AT: Mapping[str, Sequence[str]] = {
    "rows in both sides": ("L1.4",),
    "sentences in both sides": ("L1.4",),
    "segments in both sides": ("L1.4",),
    "rows that teach their own start": (),  # of training rows, among themselves
    "groups in both sides": ("L3.2",),
    "future in training": ("L3.1",),
    "vocabulary from outside training": ("L1.2", "L1.3"),
    "pieces from outside training": ("L1.2", "L1.3"),
    "held targets in the fit": ("L1.2", "L3.1"),
    "later steps in a forecast": ("L3.1",),
    "days on both sides": ("L3.1",),
    "target in the text": ("L2",),
    "target hidden in another column": ("L2",),
    "prices of another day": ("L2",),
}
HOW: Mapping[str, str] = {
    "L1.2": "no probe of this problem looks at it",
    "L1.3": "no probe of this problem looks at it",
    "L1.4": "no probe of this problem looks at it",
    "L2": "no probe of this problem looks at it; `recurra audit FILE` asks columns and texts",
    "L3.1": "the day of a row is not known: name its column with --time; `recurra audit FILE` asks "
    "columns of days",
    "L3.2": "which rows belong together, copies aside, is not known: name the column with --group; "
    "`recurra audit FILE` asks columns",
    "L3.3": "`recurra evaluate RUN NEW` holds rows of your own to those of training",
    "use": "nothing was written down",
    "labels": "`recurra audit FILE --labels OUT.csv` shows those that may be wrong",
}
NO_PROBES = "a comparison runs no probes: `recurra train` does"


def sheet_of(report: Report, unmeasured: Mapping[str, str] | None = None) -> list[SheetLine]:
    """Fill the sheet from what a run or a comparison measured.

    Args:
        report: of it.
        unmeasured: by item, how to look in such a problem, or why nothing does, where that is
            another than for rows with a class.
    """
    how = {**HOW, **(unmeasured or {})}
    return [_line(item, question, report, how) for item, question in QUESTIONS.items()]


def _line(item: str, question: str, report: Report, how: Mapping[str, str]) -> SheetLine:
    answers = {"L1.1": _held_out, "use": _use, "seeds": _seeds}
    if item in answers:
        return answers[item](item, question, report)
    probes = [probe for probe in report.probes if item in _items(probe)]
    if not probes:
        probed = any(item in items for items in LOOKED_AT.values())
        detail = NO_PROBES if probed and not report.probes else how[item]
        return SheetLine(item=item, question=question, answer="not checked", detail=f"{detail}.")
    detail = " ".join(f"{probe.name}: {probe.detail}" for probe in probes)
    answer: Sheeted = "yes" if all(probe.passed for probe in probes) else "no"
    return SheetLine(item=item, question=question, answer=answer, detail=detail)


def _items(probe: Probe) -> Sequence[str]:
    return next((items for name, items in LOOKED_AT.items() if probe.name.startswith(name)), ())


def _held_out(item: str, question: str, report: Report) -> SheetLine:
    split = report.split
    folds = f", in {split.folds} folds" if split.folds > 1 else ""
    detail = (
        f"{split.test:,} rows held out{folds} ({split.kind}); a fit is given the others, and is "
        "then asked without targets."
    )
    return SheetLine(item=item, question=question, answer="yes", detail=detail)


def _use(item: str, question: str, report: Report) -> SheetLine:
    use = report.test_use
    if use is None:
        return SheetLine(item=item, question=question, answer="not checked", detail=HOW[item] + ".")
    said = " ".join(use.said) or "Not scored before, as far as the ledger of this machine knows."
    answer: Sheeted = "no" if use.others else "yes"
    if use.unwritten and not use.times:
        answer = "not checked"
    return SheetLine(item=item, question=question, answer=answer, detail=said)


def _seeds(item: str, question: str, report: Report) -> SheetLine:
    seeds = report.verdict.seeds
    detail = f"Each network was trained {seeds:,} time{'s' if seeds > 1 else ''}"
    detail += "." if seeds > 1 else ": `--repeats 5` trains it anew, and includes it."
    return SheetLine(
        item=item, question=question, answer="yes" if seeds > 1 else "no", detail=detail
    )
