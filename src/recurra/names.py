"""Names that people type: which networks there are, and which name was meant.

Nothing heavy is imported, so that a wrong name is told before Keras is. How a network of a name is
built stands in `models` and in the estimators.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from recurra.cells import USUAL
from recurra.errors import SettingsError

__all__ = [
    "CELLS",
    "FCN",
    "LABELLERS",
    "LINES",
    "QUANTITIES",
    "READS",
    "RISERS",
    "ROCKETS",
    "SEQUENCES",
    "SHAPES",
    "STARTING",
    "STARTS",
    "TEXTS",
    "UNLEARNT",
    "WRITERS",
    "listed",
    "near",
    "one_of",
    "quoted",
    "some_of",
]

CELLS = tuple(cell.name.replace("_", "-") for cell in USUAL.values())  # they translate, too
SHAPES = ("one-to-one", *CELLS, "bi-lstm", "bi-gru", "conv1d")  # read numbers, and words to tag
FCN = ("gru-fcn", "lstm-fcn")  # a cell beside convolutions
QUANTITIES = (*FCN, *SHAPES)  # read numbers, to say a number
ROCKETS = ("rocket-gru-fcn",)  # are weighed with a linear model of MiniRocket
SEQUENCES = (*ROCKETS, *QUANTITIES)  # read numbers, to say a class
# go with linear models of n-grams
STARTING = ("ngram-bi-gru", "ngram-pair-bi-gru", "ngram-triple-bi-gru")
TEXTS = (*STARTING, "subword-bi-gru", "pooled-bi-gru", "pair-bi-gru", *SHAPES)
# what those read that read something else than words: the tokenizer, and pieces beside each token
READS: dict[str, dict[str, Any]] = {
    "ngram-bi-gru": {"tokenizer": "cased-word"},
    "ngram-pair-bi-gru": {"pieces": "pairs"},
    "ngram-triple-bi-gru": {"pieces": "triples"},
    "subword-bi-gru": {"tokenizer": "cased-word", "pieces": "spelling"},
    "pair-bi-gru": {"pieces": "pairs"},
}
LABELLERS = tuple(name for name in TEXTS if name not in STARTING)  # say any number of labels
WRITERS = (*CELLS, "conv1d", "one-to-one")
RISERS = WRITERS
LONGEST_SHOWN = 60  # letters of a cell in a message
UNLEARNT = ("naive", "theta", "damped", "smoothed")  # starts of a forecaster that learn nothing
LINES = ("linear", "combined")  # those that are fitted
STARTS = (*UNLEARNT, *LINES)


def near(given: str, known: Iterable[str]) -> str:
    """Ask whether the name most like the one given was meant; say nothing where none is like it.

    Example:
        >>> near("spma", ["spam", "sentiment"]), near("weather", ["spam"])
        (" Did you mean 'spam'?", '')
    """
    plain = {str(name).casefold(): name for name in known}
    found = get_close_matches(given.casefold(), plain, n=1)
    return f" Did you mean {plain[found[0]]!r}?" if found else ""


def listed(names: Iterable[str], most: int = 20) -> str:
    """Name the first of many, and count the others.

    Example:
        >>> listed(["a", "b", "c"], 2)
        'a, b and 1 more'
    """
    names = list(names)
    rest = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest


def one_of(given: str, known: Iterable[str], what: str) -> str:
    """Give a name that is known.

    Args:
        given: the name.
        known: all there are.
        what: has this name, for the message: "the model".

    Raises:
        SettingsError: it is not known.
    """
    known = list(known)
    if given not in known:
        raise SettingsError(
            f"{what} must be one of {', '.join(known)}, but {given!r} was given."
            f"{near(given, known)}"
        )
    return given


def some_of(given: str, known: Iterable[str], what: str) -> list[str]:
    """Give the names in a list separated by commas, each once; of an empty one all that are known.

    Raises:
        SettingsError: one of them is not known.

    Example:
        >>> some_of("gru, lstm,gru", SHAPES, "the model"), len(some_of("", FCN, "the model"))
        (['gru', 'lstm'], 2)
    """
    known = list(known)
    names = [name.strip() for name in given.split(",") if name.strip()] or known
    return [one_of(name, known, what) for name in dict.fromkeys(names)]


def quoted(cell: object) -> str:
    """Give a cell for a message: in quotes, control characters written out, and cut where long.

    Example:
        >>> quoted("a\\tb"), len(quoted("x" * 1000))
        ("'a\\\\tb'", 63)
    """
    text = str(cell)
    return repr(text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…")
