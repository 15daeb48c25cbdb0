"""Numbers in texts that tell the class: tickets, sessions and ratings, written like each other.

::

    form     the digits of a number as 0, with the signs within it: 48213 is 00000, 8/10 is 0/00
    told     what its size tells of the class, of the texts that hold the form

That a class writes more numbers, or longer ones, is how it writes. That the same form holds other
numbers is not: they were handed out by the class, or the class was made of them. It is asked of the
texts with a form alone, the first of each; the chance is corrected for all forms (`tells`).

Source: Kaufman et al., "Leakage in data mining" (2012).
"""

import re
from collections import Counter

import numpy as np

from recurra.arrays import Floats, Rows, Texts
from recurra.auditing.findings import Finding, Level
from recurra.auditing.rows import AuditedTexts, counted_by
from recurra.auditing.tells import View, asked

__all__ = ["numbered_findings", "numbers_of_forms"]

NUMBER = re.compile(r"(?<![\w])\d+(?:[./:,-]\d+)*(?!\w)")
DIGIT, SIZE = re.compile(r"\d"), re.compile(r"\d+(?:\.\d+)?")
FORMS = 20  # the most frequent ones
HOLDS = {"leak": 0.2, "note": 0.05}  # of the texts, that hold the form
TOLD = {"leak": 0.6, "note": 0.3}  # of the class
CHANCE = 0.01
SHOWN = 2


def numbers_of_forms(texts: Texts) -> dict[str, Floats]:
    """Give for each form of a number its size in each text, NaN where there is none.

    Example:
        >>> texts = np.array(["see 4821 and 17", "9/10", "none", "no. 5100"], object)
        >>> {form: found.tolist() for form, found in numbers_of_forms(texts).items()}["0000"]
        [4821.0, nan, nan, 5100.0]
    """
    found: dict[str, dict[int, float]] = {}
    for row, text in enumerate(texts):
        for match in NUMBER.finditer(text):
            number = match.group()
            size = float(SIZE.findall(number.replace(",", ""))[0])
            found.setdefault(DIGIT.sub("0", number), {}).setdefault(row, size)
    most = Counter({form: len(rows) for form, rows in found.items()}).most_common(FORMS)
    made = {}
    for form, _ in most:
        made[form] = np.full(len(texts), np.nan)
        made[form][list(found[form])] = list(found[form].values())
    return made


def numbered_findings(audited: AuditedTexts) -> list[Finding]:
    """Say which numbers of one form tell the class of the texts that hold them."""
    rows, truth = audited.counted.rows, audited.counted.truth
    forms = numbers_of_forms(audited.rows.texts[rows])
    found = []
    for form, numbers in forms.items():
        there = np.flatnonzero(np.isfinite(numbers))
        share = len(there) / len(rows)
        if share < HOLDS["note"] or len(np.unique(numbers[there])) < 2:
            continue
        of = np.unique(truth[there], return_inverse=True)[1].astype(np.int64)
        counted = counted_by(of, rows[there], audited.seed)
        view = View(f"numbers such as {form}", "column", numbers[there], False)
        for _, tell in asked([view], counted, len(forms)):
            if tell.p_value < CHANCE and tell.told >= TOLD["note"]:
                found.append(_finding(audited, form, there, tell.told))
    return found


def _finding(audited: AuditedTexts, form: str, there: Rows, told: float) -> Finding:
    rows, truth = audited.counted.rows, audited.counted.truth
    share = len(there) / len(rows)
    level: Level = "leak" if share >= HOLDS["leak"] and told >= TOLD["leak"] else "note"
    mine = truth[there] == truth[there[0]]
    pairs = zip(
        rows[there[mine]][:SHOWN].tolist(), rows[there[~mine]][:SHOWN].tolist(), strict=False
    )
    return Finding(
        kind="target in numbers of the text",
        level=level,
        sentence=(
            f"{len(there):,} of {len(rows):,} texts hold a number written as {form}, and its size "
            f"alone tells {told:.0%} of their class, on rows that did not teach it."
        ),
        size=len(there),
        of=len(rows),
        examples=[audited.example(left, right) for left, right in pairs],
        advice="Write one sign for each number, or take out what the class was made of.",
    )
