"""Names and labels as they are meant, however they were typed."""

import re
import unicodedata

import pandas as pd

from recurra.names import quoted
from recurra.text.normalise import visible

__all__ = ["meant", "meant_labels", "quoted"]

WHOLE = re.compile(r"[+-]?\d+(\.0*)?")


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
    if names and all(map(WHOLE.fullmatch, names)) and any("." in name for name in names):
        distinct = {label: name.partition(".")[0] for label, name in distinct.items()}
        whole = ", ".join(sorted(set(distinct.values()) - {""}))
        notes.append(f"labels read as whole numbers: {whole}")
    return labels.map(distinct), notes
