"""Which networks there are: the names that each problem takes, and the whole network in words.

::

    gru, of texts         embedding 32 → GRU 32 that begins at rest → dense
    gru, of tagging       words with their spelling 64 → GRU 64 → dense; 3 of them averaged
    gru, of a series      numbers → GRU 32 → dense

A name is short because the problem is known: the same cell is fed and read off as the problem asks.
Two of one name are two networks, so what each is in full is said wherever it is offered or judged.
`recurra.models.in_words` reads it off a network that was built; a test builds every one of these
and holds that it is what stands here. Nothing heavy is imported.
"""

from collections.abc import Mapping

from recurra.cells import USUAL

__all__ = ["NETWORKS", "described"]

CELLS = {cell.name.replace("_", "-"): cell.layer for cell in USUAL.values()}


def _cells(units: int) -> dict[str, str]:
    return {name: f"{layer} {units}" for name, layer in CELLS.items()}


def _both(units: int) -> dict[str, str]:
    cells = _cells(units)
    return {f"bi-{name}": f"{cells[name]} in both directions" for name in ("lstm", "gru")}


def _texts() -> dict[str, str]:
    pooled = "GRU 64 in both directions → maximum and mean → dense"
    bodies = {
        "one-to-one": "mean → dense 32",
        **{name: f"{cell} that begins at rest" for name, cell in _cells(32).items()},
        **_both(32),
        "conv1d": "convolution 32 × 5 → maximum → dense 64",
    }
    return {
        "ngram-bi-gru": f"embedding 64 → {pooled} → added to what n-grams tell; "
        "3 networks averaged",
        "ngram-pair-bi-gru": f"tokens with their pairs 64 → {pooled} → weighed with what n-grams "
        "tell; 3 networks averaged",
        "ngram-triple-bi-gru": f"tokens with their pairs and triples 64 → {pooled} → weighed with "
        "what n-grams tell; 3 networks averaged",
        "subword-bi-gru": f"words with their spelling 64 → {pooled}; 5 networks averaged",
        "pooled-bi-gru": f"embedding 64 → {pooled}; 3 networks averaged",
        "pair-bi-gru": f"tokens with their pairs 64 → {pooled}; 3 networks averaged",
        **{name: f"embedding 32 → {body} → dense" for name, body in bodies.items()},
    }


def _numbers() -> dict[str, str]:
    bodies = {
        "one-to-one": "last step → dense 32",
        **_cells(32),
        **_both(32),
        "conv1d": "convolution 32 × 5 → maximum and mean",
    }
    return {name: f"numbers → {body} → dense" for name, body in bodies.items()}


def _sequences() -> dict[str, str]:
    convolutions = "convolution 64 × 8 → convolution 128 × 5 → convolution 64 × 3, their mean"
    beside = {name: f"numbers → {convolutions}; beside it {CELLS[name]} 32" for name in CELLS}
    return {
        "rocket-gru-fcn": f"{beside['gru']} → dense → weighed with what MiniRocket tells; "
        "3 networks averaged",
        **{
            f"{name}-fcn": f"{beside[name]} → dense; 3 networks averaged"
            for name in ("gru", "lstm")
        },
        **_numbers(),
    }


def _tagging() -> dict[str, str]:
    bodies = {
        "one-to-one": "dense 64",
        **_cells(64),
        **_both(64),
        "conv1d": "convolution 64 × 5",
    }
    return {
        name: f"words with their spelling 64 → {body} → dense; 3 networks averaged"
        for name, body in bodies.items()
    }


def _states() -> dict[str, str]:
    return {
        "one-to-one": "numbers → dense 32 → dense",
        **{name: f"numbers → {cell} → dense" for name, cell in _cells(32).items()},
        **{name: f"numbers → {cell} → dense" for name, cell in _both(32).items()},
        "conv1d": "numbers → convolution 32 × 5 → dense",
    }


def _generation() -> dict[str, str]:
    bodies = {**_cells(128), "conv1d": "convolution 128 × 5", "one-to-one": "dense 128"}
    return {name: f"embedding 64 → {body} → dense" for name, body in bodies.items()}


def _translation() -> dict[str, str]:
    return {
        name: f"embedding 64 → {layer} 64 in both directions; embedding 64 → {layer} 128 → "
        "attention → dense 128 → dense"
        for name, layer in CELLS.items()
    }


def _rises() -> dict[str, str]:
    bodies = {
        **_cells(32),
        "conv1d": "convolution 32 × 3 → maximum and mean",
        "one-to-one": "the last one → dense 32",
    }
    return {
        name: f"days → {body} → dense → added to what volatility tells"
        for name, body in bodies.items()
    }


NETWORKS: Mapping[str, Mapping[str, str]] = {
    "texts": _texts(),
    "tagging": _tagging(),
    "states": _states(),
    "forecasting": _numbers(),
    "sequences": _sequences(),
    "generation": _generation(),
    "translation": _translation(),
    "stock-rise": _rises(),
}


def described(problem: str) -> str:
    r"""Give the networks of a problem, a line each, for the end of a help page.

    Example:
        >>> print(described("translation").splitlines()[2][:48])
          simple-rnn  embedding 64 → SimpleRNN 64 in bot
    """
    networks = NETWORKS[problem]
    width = max(map(len, networks))
    lines = [f"  {name:<{width}}  {network}" for name, network in networks.items()]
    return "\b\nNetworks:\n" + "\n".join(lines)  # \b: the lines are not filled
