"""A network in words, such as "embedding 32 → GRU 32 that begins at rest → dense", part by part.

The words are read off networks of any size, so the catalogue holds their parts: what a layer is,
and what is said of it. Sizes and the names of cells stay as they are.
"""

import re
from collections.abc import Callable

__all__ = ["is_network", "network_told"]

_BETWEEN = re.compile(r"( → |; |, )")
_LAYER = re.compile(
    r"(?P<beside>beside it )?(?P<layer>.*?)(?P<sizes> \d+(?: × \d+)?)?"
    r"(?P<both> in both directions)?(?P<rest> that begins at rest)?"
)
_AVERAGED = re.compile(r"(?P<networks>\d+) (?:networks|of them) averaged")
BOTH, REST, BESIDE = (
    "{cells} in both directions",
    "{cells} that begins at rest",
    "beside it {cells}",
)
AVERAGED = "{networks} networks averaged"
LAYERS = (
    *("embedding", "class beside it", "words with their spelling", "tokens with their pairs"),
    "tokens with their pairs and triples",
    *("numbers", "days", "convolution", "their mean", "attention", "dense", "last step"),
    *("maximum and mean", "maximum", "mean", "the last one"),
    *("added to what n-grams tell", "weighed with what n-grams tell"),
    "weighed with what MiniRocket tells",
    "added to what volatility tells",
)


def is_network(said: str) -> bool:
    """Whether this is a network in words: layers with arrows between them."""
    return " → " in said and "\n" not in said and ". " not in said


def network_told(said: str, told: Callable[..., str]) -> str:
    """Tell a network part by part.

    Args:
        said: the network in English words.
        told: gives a sentence of the catalogue, filled with values.
    """
    parts = _BETWEEN.split(said)
    return "".join(part if _BETWEEN.fullmatch(part) else _part(part, told) for part in parts)


def _part(part: str, told: Callable[..., str]) -> str:
    averaged = _AVERAGED.fullmatch(part)
    if averaged:
        return told(AVERAGED, networks=averaged["networks"])
    found = _LAYER.fullmatch(part)
    assert found is not None
    layer = told(found["layer"]) if found["layer"] in LAYERS else found["layer"]
    layer += found["sizes"] or ""
    for name, sentence in (("both", BOTH), ("rest", REST), ("beside", BESIDE)):
        layer = told(sentence, cells=layer) if found[name] else layer
    return layer
