"""Names and labels as they are meant, however they were typed."""

import re
import unicodedata
from collections.abc import Collection, Iterable

import pandas as pd

from recurra.errors import DataError
from recurra.names import listed, near, quoted
from recurra.text.normalise import visible

__all__ = ["capitals_said", "column_named", "label_among", "meant", "meant_labels", "quoted"]

MOST_SHOWN = 5  # groups of labels in a message
WHOLE = re.compile(r"[+-]?\d+(\.0*)?|[+-]?\d\.\d+[eE][+-]?\d\d?")


def meant(name: object) -> str:
    """Give a name composed (NFC), without spaces around it and signs that nobody sees.

    A Mac writes 한 as three letters; to everybody they are one.

    Example:
        >>> meant("\\u1112\\u1161\\u11ab\\u200b ") == "한"
        True
    """
    return unicodedata.normalize("NFC", visible(str(name))).strip()


def meant_labels(labels: "pd.Series[str]") -> "tuple[pd.Series[str], list[str]]":
    """Give labels by `meant`, and numbers written in two ways (1 and 1.0) as one.

    Returns:
        The labels, and what is to be said of them.
    """
    distinct = {label: meant(label) for label in labels.unique()}
    notes = []
    changed = [label for label, name in distinct.items() if name != label.strip()]
    if changed:
        notes.append(f"{len(changed):,} spellings of labels composed, invisible signs left out")
    names = set(distinct.values()) - {""}
    if names and any("." in name for name in names) and all(map(_is_whole, names)):
        distinct = {label: _whole(name) for label, name in distinct.items()}
        whole = ", ".join(sorted(set(distinct.values()) - {""}))
        notes.append(f"labels read as whole numbers: {whole}")
    return labels.map(distinct), notes + capitals_said(distinct.values())


def label_among(given: str, names: Collection[str]) -> str:
    """Give a label that was typed as it stands among some: 1.0 where these are 1 and 0.

    Example:
        >>> label_among("1.0", ["0", "1"]), label_among(" spam", ["ham", "spam"])
        ('1', 'spam')
    """
    plain = meant(given)
    whole = _whole(plain) if _is_whole(plain) else plain
    return next((name for name in (given, plain, whole) if name in names), given)


def _is_whole(label: str) -> bool:
    return WHOLE.fullmatch(label) is not None and float(label).is_integer()


def _whole(label: str) -> str:
    """Write 1.0 and 1.0000000e+00 as 1."""
    return str(int(float(label))) if "e" in label.lower() else label.partition(".")[0]


def capitals_said(labels: Iterable[str]) -> list[str]:
    """Say which labels differ in capitals alone: they are taken for classes of their own.

    Example:
        >>> capitals_said(["ham", "spam", "HAM"])
        ['labels that differ in capitals alone are classes of their own: HAM, ham']
    """
    alike: dict[str, set[str]] = {}
    for label in labels:
        alike.setdefault(label.casefold(), set()).add(label)
    several = [sorted(names) for _, names in sorted(alike.items()) if len(names) > 1]
    shown = "; ".join(", ".join(names) for names in several[:MOST_SHOWN])
    said = f"labels that differ in capitals alone are classes of their own: {shown}"
    return [said] if several else []


def column_named(frame: pd.DataFrame, given: str, role: str, source: object) -> str:
    """Give the column that an option names, as it is written or as it is meant.

    Args:
        frame: the columns.
        given: a name.
        role: the option, without its dashes.
        source: for messages.

    Raises:
        DataError: it is not there.

    Example:
        >>> column_named(pd.DataFrame({"label": []}), " label", "label", "a.csv")
        'label'
    """
    columns = list(map(str, frame.columns))
    name = given if given in columns else meant(given)
    if name not in columns:
        raise DataError(
            f"--{role} must name a column of {source}, but there is no {given!r}."
            f"{near(given, columns)} The columns are: {listed(columns)}."
        )
    return name
