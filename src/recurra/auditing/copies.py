"""Copies: within the rows, across the sides, and with other labels."""

import numpy as np

from recurra.arrays import Bools, Rows
from recurra.auditing.findings import Example, Finding, Level
from recurra.auditing.rows import AuditedTexts

__all__ = ["copy_findings"]

SHOWN = 3
TOLERATED = 0.01  # of the rows: so many copies a random split may tear apart
FORM = 10  # different texts that are near each other are a form filled in, no copies
OTHER_DIGITS = "copies with other digits"
MEANING = {
    "copies": "a copy, letter for letter,",
    OTHER_DIGITS: "a copy that differs in digits, case or spacing alone",
    "near copies": (
        "a near copy (80 % of the letters alike, the same words, one holds the other, or other "
        "letters for letters)"
    ),
}
GROUP = (
    "Split by groups of copies: Recurra does, and `find_copies` of recurra.text.near gives them."
)
ONCE = "Count each once, or draw groups of copies, not rows, where intervals are drawn."
TAKE_OUT = "Take them out of the test side, or judge with and without them."


def copy_findings(audited: AuditedTexts) -> list[Finding]:
    """Give what is to be said of copies."""
    long, forms = audited.copies.long, _forms(audited)
    found = _within(audited, long, forms) if audited.held is None else _across(audited, long, forms)
    return [*found, *_forms_said(audited, forms), *_conflicts(audited)]


def _forms(audited: AuditedTexts) -> Bools:
    """(rows,) whether a row is one of many different texts that are near each other."""
    copies = audited.copies
    _texts, first = np.unique(copies.masked, return_index=True)
    different = np.bincount(copies.groups[first], minlength=len(copies.groups))
    return different[copies.groups] >= FORM


def _kinds(audited: AuditedTexts) -> list[tuple[str, Rows]]:
    """Give the kinds of copies, the nearest first, with the number that copies share."""
    copies = audited.copies
    numbers = (copies.exact, copies.masked, copies.groups)
    return list(zip(MEANING, numbers, strict=True))


def _within(audited: AuditedTexts, long: Bools, forms: Bools) -> list[Finding]:
    """Say what a random split would tear apart."""
    rows, found = len(long), []
    left = long & ~forms & _several(audited.copies.groups)
    level: Level = "leak" if left.sum() > TOLERATED * rows else "note"
    for name, same in _kinds(audited):
        there = left & _several(same)
        left &= ~there
        size = int(there.sum())
        sentence = (
            f"{size:,} of {rows:,} rows ({size / rows:.1%}) have {MEANING[name]} among the "
            "others: a model split at random would be asked what it has seen."
        )
        if size:
            pairs = _pairs(audited, there, same)
            found.append(_finding(name, level, sentence, size, rows, pairs, GROUP))
    return found


def _several(same: Rows) -> Bools:
    _, place, sizes = np.unique(same, return_inverse=True, return_counts=True)
    several: Bools = sizes[place] > 1
    return several


def _across(audited: AuditedTexts, long: Bools, forms: Bools) -> list[Finding]:
    """Say which rows held out have a copy on the side that is learnt from."""
    held = audited.held
    assert held is not None
    rows, found, left = int(held.sum()), [], held.copy()
    for name, same in _kinds(audited):
        there = left & np.isin(same, same[~held])
        left &= ~there
        if name == "near copies":
            there &= ~forms
        size, short = int(there.sum()), int((there & ~long).sum())
        sentence = (
            f"{size:,} of {rows:,} {audited.names[1]} rows ({size / rows:.1%}) have "
            f"{MEANING[name]} on the {audited.names[0]} side"
            + (f"; {short:,} of them are short: people write such anew." if short else ".")
        )
        if size:
            pairs = _pairs(audited, there & long if size > short else there, same)
            level: Level = "leak" if size > short else "note"
            found.append(_finding(f"{name} across", level, sentence, size, rows, pairs, TAKE_OUT))
    return [*found, *_again(audited, long, forms)]


def _again(audited: AuditedTexts, long: Bools, forms: Bools) -> list[Finding]:
    """Say how many rows held out stand there more than once: they are counted as often."""
    held = audited.held
    assert held is not None
    asked, groups = held & long & ~forms, audited.copies.groups
    _, place, sizes = np.unique(groups[asked], return_inverse=True, return_counts=True)
    there = np.zeros(len(held), bool)
    there[asked] = sizes[place] > 1
    size, rows = int(there.sum()), int(held.sum())
    if size <= TOLERATED * rows:
        return []
    sentence = (
        f"{size:,} of {rows:,} {audited.names[1]} rows ({size / rows:.1%}) have a copy on the "
        f"{audited.names[1]} side itself: a figure counts them as often, and its interval is too "
        "narrow."
    )
    pairs = _pairs(audited, there, groups, held)
    return [_finding("copies among rows held out", "note", sentence, size, rows, pairs, ONCE)]


def _pairs(
    audited: AuditedTexts, rows: Bools, same: Rows, among: Bools | None = None
) -> list[Example]:
    """Give rows beside another of the same number: of `among`, else of the side learnt from."""
    if among is None and audited.held is not None:
        among = ~audited.held
    shown: list[Example] = []
    used: set[int] = set()
    for row in np.flatnonzero(rows).tolist():
        if same[row] in used:
            continue
        others = np.flatnonzero(same == same[row])
        others = others[others != row]
        if among is not None:
            others = others[among[others]]
        different = others[audited.copies.exact[others] != audited.copies.exact[row]]
        others = different if len(different) and same is not audited.copies.exact else others
        if len(others):
            used.add(int(same[row]))
            pair = (int(others[0]), row)
            shown.append(audited.example(*(sorted(pair) if audited.held is None else pair)))
        if len(shown) == SHOWN:
            break
    return shown


def _forms_said(audited: AuditedTexts, forms: Bools) -> list[Finding]:
    rows = len(forms)
    named = np.unique(audited.copies.groups[forms])
    families = [audited.rows.texts[family.example] for family in audited.copies.families]
    if not len(named) and not families:
        return []
    size = int(forms.sum()) + sum(family.rows for family in audited.copies.families)
    some = np.flatnonzero(forms)[:2]
    examples = [audited.example(int(some[0]), int(some[1]))] if len(some) > 1 else []
    count = len(named) + len(families)
    sentence = (
        f"{size:,} of {rows:,} rows fill in {'one form' if count == 1 else f'{count:,} forms'}: "
        f"texts that are near each other, {FORM} different ones or more."
    )
    advice = "Keep the rows of one form on one side, or judge them by themselves."
    return [_finding("forms", "note", sentence, min(size, rows), rows, examples, advice)]


def _conflicts(audited: AuditedTexts) -> list[Finding]:
    """Say which copies have other labels than their like."""
    same, truth = audited.copies.masked, audited.truth
    torn = _torn(same, truth)
    there = np.isin(same, torn)
    if not len(torn):
        return []
    examples = []
    for text in torn[:SHOWN]:
        rows = np.flatnonzero(same == text)
        other = rows[truth[rows] != truth[rows[0]]][0]
        examples.append(audited.example(int(rows[0]), int(other)))
    size = int(there.sum())
    sentence = (
        f"{len(torn):,} texts stand with more than one label, in {size:,} rows "
        f"({len(_torn(audited.copies.exact, truth)):,} of them letter for letter the same, the "
        "others but for digits, case and spacing): no model can be right of all of them."
    )
    advice = "Look at the labels, or leave these rows out."
    return [_finding("conflicting labels", "note", sentence, size, len(same), examples, advice)]


def _torn(same: Rows, truth: Rows) -> Rows:
    """Give the texts that stand with more than one label, by their first row."""
    texts = np.unique(np.stack([same, truth], axis=1), axis=0)[:, 0]
    first, labels = np.unique(texts, return_counts=True)
    torn: Rows = first[labels > 1]
    return torn


def _finding(
    kind: str,
    level: Level,
    sentence: str,
    size: int,
    of: int,
    examples: list[Example],
    advice: str,
) -> Finding:
    return Finding(
        kind=kind,
        level=level,
        sentence=sentence,
        size=size,
        of=of,
        examples=examples,
        advice=advice,
    )
