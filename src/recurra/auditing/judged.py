"""What is a leak of what tells the class, what is only to be known, and what is neither."""

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from recurra.arrays import Rows
from recurra.auditing.findings import Example, Finding, Level, Tell
from recurra.auditing.pairs import pairs_told
from recurra.auditing.rows import Audited, AuditedTexts, counted_by
from recurra.auditing.tells import View, asked, said_by_numbers, said_by_values, told
from recurra.auditing.views import (
    days_of,
    views_of_cells,
    views_of_column,
    views_of_order,
    views_of_writing,
)
from recurra.auditing.words import Pattern, patterns_of
from recurra.text.normalise import normalise

__all__ = [
    "column_findings",
    "content_findings",
    "drift_findings",
    "side_findings",
    "tell_findings",
    "view_findings",
]

CHANCE = 0.01
# how much of the class a thing must tell to be a leak, and to be noted, by its kind: what a writer
# may mean (column, length, recorded) may tell much of it; what no writer means (the others) may not
LEAK = {"id": 0.3, "missing": 0.3, "writing": 0.2, "column": 0.9, "length": 0.95, "order": 2.0}
LEAK |= {
    "recorded": 0.95,
    "written": 0.3,
    "cells": 0.3,
    "point": 0.3,
    "digits": 0.6,
    "noughts": 0.6,
    "step": 0.9,
    "channel": 2.0,
    "pair": 0.9,
    "sum": 0.6,
    "begins": 0.6,
    "burst": 0.9,
    "together": 0.6,
    "place": 0.9,
    "ends": 0.6,
    "turn": 2.0,
    "run": 2.0,
}
NOTE = {"id": 0.1, "missing": 0.1, "writing": 0.05, "column": 0.5, "length": 0.6, "order": 0.3}
NOTE |= {
    "recorded": 0.6,
    "written": 0.15,
    "cells": 0.15,
    "point": 0.15,
    "digits": 0.3,
    "noughts": 0.3,
    "step": 0.9,
    "channel": 0.9,
    "pair": 0.9,
    "sum": 0.6,
    "begins": 0.4,
    "burst": 0.5,
    "together": 0.6,
    "place": 0.5,
    "ends": 0.4,
    "turn": 0.3,
    "run": 0.3,
}
ALONE = 0.2  # that a pair of columns must tell more than any column alone
TOGETHER = {"pair", "together", "place"}
KINDS = {
    "id": "target in an id",
    "missing": "target in what is missing",
    "writing": "target in how texts are written",
    "length": "target in how texts are written",
    "column": "target in another column",
    "order": "target in the order of rows",
    "turn": "target in the order of rows",
    "run": "target in the order of rows",
    "recorded": "target in how sequences were recorded",
    "written": "target in how numbers are written",
    "cells": "target in how cells are written",
    "point": "target in how cells are written",
    "digits": "target in how cells are written",
    "noughts": "target in how cells are written",
    "pair": "target in two columns",
    "sum": "target in what adds up",
    "begins": "target in how texts are written",
    "burst": "target in rows made in one go",
    "together": "groups on both sides",
    "place": "target in the order of rows",
    "ends": "target in the text",
    "step": "target in one step",
    "channel": "target in one channel",
}
ADVICE = {
    "id": "Leave it out of what a model reads, and give ids that say nothing.",
    "missing": "Leave it out of what a model reads: it was filled once the class was known.",
    "writing": "Bring all texts to one form: they come from two sources, or through two programs.",
    "length": "Look where the texts of each class come from.",
    "column": "Leave it out of what a model reads, if it is known only after the class is.",
    "order": "Shuffle before anything reads rows in order, and let no model read their numbers.",
    "turn": "Classes stand in turn: hold out rows drawn at random, not every so many, and let no "
    "model read rows in order. Rows that were made together stand on one side.",
    "run": "Rows of one class follow each other: if what stands together comes from one source or "
    "one time, hold out stretches of rows, not single ones.",
    "recorded": "Look where the sequences of each class come from, and what cut, filled or "
    "clipped them.",
    "written": "Bring all numbers to one form: they come from two sources.",
    "cells": "Bring the column to one form: its cells come from two sources.",
    "point": "Bring the column to one form: its cells come from two sources.",
    "digits": "Bring the column to one form: its cells come from two sources.",
    "noughts": "Bring the column to one form: its cells come from two sources.",
    "pair": "Leave one of both out of what a model reads, if the label is made of them.",
    "sum": "Make the total anew for all rows, or leave it out: in one class it was made otherwise.",
    "begins": "Bring all texts to one form, if the classes come from two sources.",
    "burst": "Leave times and numbers out of what a model reads: one class was entered in one go.",
    "together": "Split by both together: they may name one person, place or device.",
    "place": "Shuffle the rows of each group: a model that reads their order, or breaks ties by "
    "it, knows the class.",
    "ends": "Take it out of the texts: it came with the label, not with what was written.",
    "channel": "Leave it out of what a model reads, if it is known only after the state is.",
    "step": "Take the step out: those beside it tell far less, so it was not measured.",
}
WHO_WROTE = "Look whether those who wrote the texts wrote it, or those who labelled them."
NOTED = {"ends": WHO_WROTE}  # what is no leak yet
# a word: in what share of a class, and how sure of it, it is a leak
WHERE = {"anywhere": (0.4, 0.97), "placed": (0.1, 0.98), "label": (0.05, 0.95)}
STRONG, SURE = 0.4, (0.2, 0.98)  # that a word tells so much, or is so sure, is noted
BINDS, FEWEST_GROUPS = 0.3, 20
WORDS = re.compile(r"\d+|[^\W\d_]+")
DRIFT, DRIFT_NOTED = 0.3, 0.1
SHIFT = 0.05


# ---- how well each alone tells the class


def tell_findings(audited: AuditedTexts) -> tuple[list[Finding], list[Tell]]:
    """Ask columns, order, writing and words; give what is to be said, and the whole table."""
    counted = audited.counted
    texts = audited.rows.texts[counted.rows]
    findings, told_alone = view_findings(audited, list(views_of_writing(texts)))
    patterns = patterns_of(texts, counted, len(audited.rows.names))
    words = [_tell_of(audited, pattern) for pattern in patterns[:5]]
    tells = sorted([*told_alone, *words], key=lambda tell: -tell.told)
    return [*findings, *_word_findings(audited, patterns)], tells


def view_findings(audited: Audited, content: list[View]) -> tuple[list[Finding], list[Tell]]:
    """Ask columns, the order of rows, and views of what the rows hold."""
    views = [*_views_of_columns(audited), *_views_of_order(audited), *content]
    columns = audited.rows.other_columns.iloc[audited.counted.rows].reset_index(drop=True)
    pairs, number = pairs_told(columns, audited.counted)
    found = asked([*views, *pairs], audited.counted, len(views) + number)
    found = [(view, tell) for view, tell in found if _tells_more(view, tell, found)]
    findings = [each for view, tell in found if (each := _finding_of(audited, view, tell))]
    return _merged(findings), [tell for _, tell in found]


def content_findings(audited: Audited, views: list[View]) -> tuple[list[Finding], list[Tell]]:
    """Ask views of what the rows hold, and nothing beside them."""
    found = asked(views, audited.counted) if views else []
    findings = [each for view, tell in found if (each := _finding_of(audited, view, tell))]
    return _merged(findings), [tell for _, tell in found]


def _tells_more(view: View, tell: Tell, found: list[tuple[View, Tell]]) -> bool:
    """Say whether a thing tells more than what it is made of does alone.

    Two columns tell more than each, a place in a group more than anything; digits behind the point
    more than the number, for of so many digits in all, large ones have fewer behind the point.
    """
    if view.kind in TOGETHER:
        alone = [
            each.told
            for other, each in found
            if other.kind not in TOGETHER and (other.column or view.kind == "place")
        ]
    elif view.kind in {"point", "digits"}:
        size = f"column {view.column!r}"
        alone = [each.told for other, each in found if other.name == size and not other.recurring]
    else:
        return True
    return not alone or tell.told >= max(alone) + ALONE


def _views_of_columns(audited: Audited) -> Iterator[View]:
    others = audited.rows.other_columns
    for name in others.columns:
        column = others[name].iloc[audited.counted.rows].reset_index(drop=True)
        days = days_of(str(name), column) is not None
        yield from views_of_cells(str(name), column, days)
        if not days:
            yield from views_of_column(str(name), column)


def _views_of_order(audited: Audited) -> Iterator[View]:
    """Look at where each row counted stands on its own side."""
    truth, rows = audited.truth, audited.counted.rows
    if not len(rows):
        return
    held = np.zeros(len(truth), bool) if audited.held is None else audited.held
    places, before = np.empty_like(truth), np.empty_like(truth)
    for side in (~held, held):
        places[side] = np.arange(side.sum())
        before[side] = np.roll(truth[side], 1)
    yield from views_of_order(places[rows], before[rows], audited.counted.truth)


def _finding_of(audited: Audited, view: View, tell: Tell) -> Finding | None:
    if view.kind not in LEAK:  # what a row is like may tell its class: that is what is learnt
        return None
    if tell.p_value >= CHANCE or tell.told < min(NOTE[view.kind], LEAK[view.kind]):
        return None
    if view.recurring and view.kind == "column" and _binds(view.values):
        return None  # `column_findings` asks whether it binds rows together
    level: Level = "leak" if tell.told >= LEAK[view.kind] else "note"
    sentence = (
        f"{view.name} alone tells {tell.told:.0%} of the class (0 %: nothing, 100 %: without "
        f"fail), on rows that did not teach it; by chance {_chance(tell)}."
    )
    return Finding(
        kind=KINDS[view.kind],
        level=level,
        sentence=sentence,
        size=round(100 * tell.told),
        of=100,
        unit="percent",
        examples=_two(audited, view),
        advice=ADVICE[view.kind] if level == "leak" else NOTED.get(view.kind, ADVICE[view.kind]),
    )


def _chance(tell: Tell) -> str:
    size = "p < 0.001" if tell.p_value < 1e-3 else f"p = {tell.p_value:.3f}"
    return f"{size}, corrected for {tell.tried:,} tried"


def _two(audited: Audited, view: View) -> list[Example]:
    """Give a row of each of two classes, with what a column holds of it."""
    rows, truth = audited.counted.rows, audited.counted.truth
    low, high = np.argmax(truth == truth.min()), np.argmax(truth == truth.max())
    example = audited.example(int(rows[low]), int(rows[high]))
    if not view.column:
        return [example]
    cells = audited.rows.other_columns[view.column]
    return [
        example.model_copy(
            update={
                "left": f"{view.column}: {cells.iloc[rows[low]]}",
                "right": f"{view.column}: {cells.iloc[rows[high]]}",
            }
        )
    ]


def _merged(findings: list[Finding]) -> list[Finding]:
    """Keep of findings on one column, or on the writing, one of its kind: a leak, if one is."""
    kept: dict[tuple[str, str], Finding] = {}
    for finding in sorted(findings, key=lambda finding: finding.level != "leak"):
        about = finding.sentence.split(":")[0].split(" alone")[0]
        kept.setdefault((about, finding.kind), finding)
    return list(kept.values())


# ---- words


def _tell_of(audited: Audited, pattern: Pattern) -> Tell:
    where = f" as the {pattern.place} word" if pattern.place else ""
    return Tell(
        name=f"the word {pattern.name!r}{where}, of {audited.rows.names[pattern.number]}",
        kind="word",
        told=pattern.told,
        p_value=pattern.p_value,
        tried=pattern.tried,
    )


def _word_findings(audited: Audited, patterns: list[Pattern]) -> list[Finding]:
    """Give for each class the patterns that are leaks; where none is, those to be noted."""
    found: list[Finding] = []
    for number, name in enumerate(audited.rows.names):
        mine = [pattern for pattern in patterns if pattern.number == number]
        leaks = [pattern for pattern in mine if _leaks(pattern, name)]
        noted = [pattern for pattern in mine if _noted(pattern)]
        if leaks:
            found.append(_word_finding(audited, leaks, "leak"))
        elif noted:
            found.append(_word_finding(audited, noted, "note"))
    return found


def _leaks(pattern: Pattern, name: str) -> bool:
    kinds = ["anywhere"]
    kinds += ["placed"] if pattern.place else []
    kinds += ["label"] if name.casefold() in pattern.name.split() else []
    return any(pattern.here >= WHERE[k][0] and pattern.pure >= WHERE[k][1] for k in kinds)


def _noted(pattern: Pattern) -> bool:
    sure = pattern.here >= SURE[0] and pattern.pure >= SURE[1]
    return pattern.told >= STRONG or sure


def _word_finding(audited: Audited, patterns: list[Pattern], level: Level) -> Finding:
    first, name = patterns[0], audited.rows.names[patterns[0].number]
    where = f" as the {first.place} word" if first.place else ""
    also = ", ".join(repr(p.name) for p in patterns[1:4] if p.name != first.name)
    counted = audited.counted
    others = counted.rows[(counted.truth != first.number) & ~np.isin(counted.rows, first.rows)]
    mine = first.rows[audited.truth[first.rows] == first.number]
    pairs = zip(mine[:2].tolist(), others[:2].tolist(), strict=False)
    return Finding(
        kind="target in the text" if level == "leak" else "a word that tells much",
        level=level,
        sentence=(
            f"{first.name!r}{where} stands in {first.here:.1%} of the texts of {name} and in "
            f"{first.there:.1%} of the others ({first.tried:,} words, pairs and places tried)"
            + (f"; so do {also}." if also else ".")
        ),
        size=len(first.rows),
        of=len(counted.rows),
        examples=[audited.example(left, right) for left, right in pairs],
        advice=(
            "Take it out of the texts: it came with the label, not with what was written."
            if level == "leak"
            else WHO_WROTE
        ),
    )


# ---- columns that bind rows together, and days


def _binds(values: Rows) -> bool:
    """Say whether values are so many, and recur so often, that they may be of authors."""
    distinct = len(np.unique(values))
    return FEWEST_GROUPS <= distinct <= len(values) / 2


def column_findings(audited: Audited) -> list[Finding]:
    """Say which columns bind rows of one class together, or know their day, across the sides."""
    counted, others, found = audited.counted, audited.rows.other_columns, []
    for name in others.columns:
        column = others[name].iloc[counted.rows].reset_index(drop=True)
        days = days_of(str(name), column)
        finding = (
            _bound(audited, str(name), column) if days is None else _dated(audited, str(name), days)
        )
        found += [finding] if finding else []
    return found


def _sides(audited: Audited) -> tuple[Rows, Rows]:
    """Give the places, among the rows counted, that teach and that are asked."""
    counted = audited.counted
    held = counted.fold == 0 if audited.held is None else audited.held[counted.rows]
    return np.flatnonzero(~held), np.flatnonzero(held)


def _bound(audited: Audited, name: str, column: "pd.Series[str]") -> Finding | None:
    counted = audited.counted
    values, anyhow = _codes_however_written(column)
    if not _binds(values) or not len(counted.fold):
        return None
    known, held = _sides(audited)
    shared = held[np.isin(values[held], values[known])]
    if not len(shared):
        return None
    said = said_by_values(values[known], counted.truth[known], values[shared])
    share, chance = told(said, counted.truth[shared])
    if (
        chance * _columns(audited) >= CHANCE
        or share - _as_numbers(audited, column, known, shared) < BINDS
    ):
        return None
    size, of = len(shared), len(held)
    where = "on both sides" if audited.held is not None else "on both sides of a random split"
    where += f", however it is written ({anyhow})" if anyhow else ""
    first = np.flatnonzero(values == values[shared[0]])[:2]
    return Finding(
        kind="groups on both sides",
        level="leak",
        sentence=(
            f"Rows with the same {name!r} lie {where}: {size / of:.0%} of the rows held out share "
            f"it with rows learnt from, and it tells {share:.0%} of their class."
        ),
        size=size,
        of=of,
        examples=[audited.example(int(counted.rows[first[0]]), int(counted.rows[first[1]]))],
        advice=f"Split by {name!r}, so that all rows of one stand on one side.",
    )


def _codes_however_written(column: "pd.Series[str]") -> tuple[Rows, str]:
    """Give one number to values that differ in case, signs and noughts alone, and two of them.

    Numbers stay as they are: signs are part of them.
    """
    cells = column.astype(str).str.strip()
    if pd.to_numeric(cells, errors="coerce").notna().any():
        return pd.factorize(cells)[0].astype(np.int64), ""
    bare = cells.map(_bare)
    several = cells.groupby(bare).transform("nunique") > 1
    some = cells[bare == bare[several].iloc[0]].unique()[:2] if several.any() else []
    return pd.factorize(bare)[0].astype(np.int64), " = ".join(map(repr, some))


def _bare(value: str) -> str:
    """Give letters and numbers of a value, or the value where it has none."""
    words = WORDS.findall(normalise(value))
    return "".join(word.lstrip("0") or "0" if word.isdigit() else word for word in words) or value


def _columns(audited: Audited) -> int:
    return max(1, len(audited.rows.other_columns.columns))


def _as_numbers(audited: Audited, column: "pd.Series[str]", known: Rows, asked_of: Rows) -> float:
    """Give how much a column tells by its size: numbers that do are measured, and bind no rows."""
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(float)
    if np.isnan(numbers).any():
        return 0.0
    truth = audited.counted.truth
    return told(said_by_numbers(numbers[known], truth[known], numbers[asked_of]), truth[asked_of])[
        0
    ]


def _dated(audited: Audited, name: str, days: np.ndarray) -> Finding | None:
    counted = audited.counted
    if not len(counted.fold):
        return None
    number = np.where(np.isnat(days), -1, days.astype("datetime64[D]").astype(np.int64)).astype(
        float
    )
    ((_, tell),) = asked([View(name, "column", number, False)], counted, _columns(audited))
    known, held = _sides(audited)
    later = float((number[known] >= np.quantile(number[held], 0.5)).mean()) if len(held) else 0.0
    if tell.p_value >= CHANCE or tell.told < DRIFT_NOTED or later < 0.05:
        return None
    how = "A random split lets" if audited.held is None else "The sides let"
    return Finding(
        kind="days on both sides",
        level="leak" if tell.told >= DRIFT else "note",
        sentence=(
            f"{how} a model learn from days after those it is asked about, and the classes drift: "
            f"the day in {name!r} alone tells {tell.told:.0%} of the class."
        ),
        size=round(later * len(known)),
        of=len(known),
        examples=[
            audited.example(int(counted.rows[number.argmin()]), int(counted.rows[number.argmax()]))
        ],
        advice=f"Split by time: hold out the last days of {name!r}.",
    )


# ---- how the sides differ


def side_findings(audited: Audited) -> list[Finding]:
    """Say whether the classes have other shares on the two sides."""
    from scipy.stats import chi2_contingency

    held = audited.held
    if held is None:
        return []
    classes = len(audited.rows.names)
    table = np.array(
        [np.bincount(audited.truth[side], minlength=classes) for side in (~held, held)]
    )
    shares = table / table.sum(axis=1, keepdims=True)
    gaps = np.abs(shares[0] - shares[1])
    which = int(gaps.argmax())
    kept = table[:, table.sum(axis=0) > 0]
    if kept.shape[1] < 2 or gaps[which] < SHIFT or chi2_contingency(kept).pvalue >= CHANCE:
        return []
    name = audited.rows.names[which]
    return [
        Finding(
            kind="other shares of classes",
            level="note",
            sentence=(
                f"{shares[0, which]:.1%} of the {audited.names[0]} rows are {name}, and "
                f"{shares[1, which]:.1%} of the {audited.names[1]} rows."
            ),
            size=int(table[1, which]),
            of=int(held.sum()),
            advice="Scores and thresholds learnt on one side do not hold on the other as they are.",
        )
    ]


def drift_findings(audited: Audited, content: list[View]) -> list[Finding]:
    """Say what tells the sides apart beyond chance: what is asked of the class is asked of them.

    Ids, days and the order of rows tell them by nature; where the classes have other shares, all
    that tells a class would, too.
    """
    if audited.held is None or side_findings(audited):
        return []
    rows = audited.counted.rows
    counted = counted_by(audited.held[rows].astype(np.int64), rows, audited.seed)
    views = [*_views_of_columns(audited), *content]
    found = asked([view for view in views if view.kind != "id"], counted)
    seen = [pair for pair in found if pair[1].p_value < CHANCE and pair[1].told >= DRIFT_NOTED]
    if not seen:
        return []
    there = [tell for _, tell in seen]
    of_each = {view.column or view.name: tell for view, tell in reversed(seen)}
    best = [tell for tell in there if tell in of_each.values()]  # of a column once
    named = ", ".join(f"{tell.name} ({tell.told:.0%})" for tell in best[:3])
    return [
        Finding(
            kind="drift between the sides",
            level="note",
            sentence=(
                f"{len(there):,} of {len(found):,} things asked tell the {audited.names[1]} rows "
                f"from the {audited.names[0]} rows beyond chance, most of all {named}; by chance "
                f"{_chance(there[0])}."
            ),
            size=int(audited.held.sum()),
            of=len(audited.held),
            advice=(
                "Ask whether the rows to come are like those held out: what was learnt on others "
                "may not hold there."
            ),
        )
    ]
