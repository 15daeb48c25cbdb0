"""Several texts of one row as one text, with a sign between them that no word is taken for.

::

    title, body  →  "title ␞ body"

A tokenizer gives the sign as a token of its own: what reads the text knows where the body begins.
"""

from collections.abc import Mapping, Sequence

from recurra.text.normalise import compose, visible

__all__ = [
    "JOINT",
    "blank",
    "columns_of",
    "feature_columns",
    "join",
    "parts_of",
    "read_columns",
    "roles",
    "text_columns",
]

JOINT = "␞"  # SYMBOL FOR RECORD SEPARATOR
TEXT, FEATURE = "text", "feature"


def join(cells: Sequence[str]) -> str:
    """Give the texts of one row as one.

    Example:
        >>> join(["Re: lunch", "see you"]), join(["see you"])
        ('Re: lunch ␞ see you', 'see you')
    """
    if len(cells) == 1:
        return cells[0]
    return f" {JOINT} ".join(cell.replace(JOINT, " ") for cell in cells)


def parts_of(text: str) -> int:
    """Give of how many texts one is joined.

    Example:
        >>> parts_of("Re: lunch ␞ see you")
        2
    """
    return text.count(JOINT) + 1


def blank(text: str) -> bool:
    """Say whether there is nothing to read.

    Example:
        >>> blank(" ␞ "), blank("a ␞ ")
        (True, False)
    """
    first = text[:1]
    if first.isalnum() and visible(first):
        return False
    return not compose(text).replace(JOINT, "").strip()


def roles(role: str, names: Sequence[str]) -> dict[str, str]:
    """Give columns by their roles: "text", "text 2", ….

    Example:
        >>> roles("text", ["title", "body"])
        {'text': 'title', 'text 2': 'body'}
    """
    return {role if k == 1 else f"{role} {k}": name for k, name in enumerate(names, start=1)}


def text_columns(columns: Mapping[str, str]) -> list[str]:
    """Give the text columns among columns by their roles, in their order.

    Example:
        >>> text_columns({"text": "title", "text 2": "body", "label": "kind"})
        ['title', 'body']
    """
    return columns_of(TEXT, columns)


def feature_columns(columns: Mapping[str, str]) -> list[str]:
    """Give the columns of numbers and categories that stand beside a text, in their order.

    Example:
        >>> feature_columns({"feature": "amount", "text": "body", "label": "kind"})
        ['amount']
    """
    return columns_of(FEATURE, columns)


def read_columns(columns: Mapping[str, str]) -> list[str]:
    """Give all columns of which a row is joined: numbers and categories, then texts."""
    return [*feature_columns(columns), *text_columns(columns)]


def columns_of(role: str, columns: Mapping[str, str]) -> list[str]:
    """Give the columns of one role among columns by their roles, in their order.

    Example:
        >>> columns_of("known", {"time": "day", "known": "holiday", "known 2": "promo"})
        ['holiday', 'promo']
    """
    named = [role, *(f"{role} {k}" for k in range(2, len(columns) + 1))]
    return [columns[each] for each in named if each in columns]
