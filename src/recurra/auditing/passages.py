"""Texts that are no copies, but were cut from one text, or joined from two: they share a passage.

::

    passage    40 letters on end, 40 % of the shorter text, in no more than nine texts; or several,
               which make up 60 % of a text

What ten texts hold is a phrase of a form, or of a language. Advertisements and quotes share
passages, too: a leak is what so many rows do as only texts that a program cut or joined.
"""

import numpy as np

from recurra.arrays import Rows
from recurra.auditing.findings import Finding, Level
from recurra.auditing.rows import AuditedTexts
from recurra.text.parts import passages_shared
from recurra.text.plain import keys_and_plains

__all__ = ["passage_findings"]

TOLERATED = 0.1  # of the rows: people quote; of messages, most of them spam, 7 % do
MOST_ROWS = 50_000
SHOWN = 3
ADVICE = (
    "Split by what the texts were cut from: keep pieces of one document, thread or page on one "
    "side (`--group`)."
)


def passage_findings(audited: AuditedTexts) -> list[Finding]:
    """Say how many texts share a passage with another, which is of the other side if there is."""
    rows = np.arange(len(audited.truth))
    if len(rows) > MOST_ROWS:
        audited.notes.append(f"passages were asked of {MOST_ROWS:,} of {len(rows):,} rows")
        drawn = np.random.default_rng(audited.seed).choice(rows, MOST_ROWS, replace=False)
        rows = np.sort(drawn)
    pairs = rows[_pairs(audited, rows)]
    asked = np.ones(len(audited.truth), bool) if audited.held is None else audited.held
    of, touched = int(asked[rows].sum()), np.unique(pairs)
    size = int(asked[touched].sum())
    return [_finding(audited, size, of, pairs)] if size else []


def _pairs(audited: AuditedTexts, rows: Rows) -> Rows:
    """Give places of two texts each that share a passage, and are no copies."""
    _, plains = keys_and_plains(audited.rows.texts[rows])
    groups = audited.copies.groups[rows]
    held = None if audited.held is None else audited.held[rows]
    found = [(one, other) for one, other, _ in passages_shared(plains, held)]
    pairs = np.array(found, np.int64).reshape(-1, 2)
    apart: Rows = pairs[groups[pairs[:, 0]] != groups[pairs[:, 1]]]
    return apart


def _finding(audited: AuditedTexts, size: int, of: int, pairs: Rows) -> Finding:
    level: Level = "leak" if size > TOLERATED * of else "note"
    if audited.held is None:
        kind = "shared passages"
        sentence = (
            f"{size:,} of {of:,} rows ({size / of:.1%}) share a passage with another that is no "
            "copy: 40 % of its letters or more, or 60 % are of several. A model split at random "
            "would have read it."
        )
    else:
        kind = "shared passages across"
        sentence = (
            f"{size:,} of {of:,} {audited.names[1]} rows ({size / of:.1%}) share a passage with a "
            f"{audited.names[0]} row that is no copy: 40 % of its letters or more, or 60 % are of "
            "several."
        )
    return Finding(
        kind=kind,
        level=level,
        sentence=sentence,
        size=size,
        of=of,
        examples=[audited.example(int(one), int(other)) for one, other in pairs[:SHOWN]],
        advice=ADVICE,
    )
