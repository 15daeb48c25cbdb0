"""Every network that has a name is what its description says, word for word and by its weights."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recurra import SequenceGenerator, SequenceTranslator
from recurra.architectures import CELLS, NETWORKS, described
from recurra.estimators.generator import WRITERS
from recurra.estimators.riser import RISERS, rise_network
from recurra.estimators.writing import CELLS as TRANSLATORS
from recurra.models import (
    ARCHITECTURES,
    Head,
    in_words,
    number_architecture,
    number_network,
    token_network,
)
from recurra.names import SEQUENCES, SHAPES
from recurra.problems import tags
from recurra.wording import retold, speak

ROOT = Path(__file__).parents[1]
TOKENS, PIECES, TAGS, AHEAD, FEATURES, CLASSES = 1000, 500, 17, 5, 10, 3


def generator(name: str, classes: int = 1) -> Any:
    writer = SequenceGenerator(name)
    writer.vocabulary_, writer.classes_ = range(TOKENS), np.arange(classes)
    return writer.build()


def translator(name: str, **settings: Any) -> Any:
    made = SequenceTranslator(name, **settings)
    made.source_ = made.target_ = range(TOKENS)
    return made.build()


BUILDS: dict[str, Callable[[str], Any]] = {
    "texts": lambda name: ARCHITECTURES[name].build(
        TOKENS, PIECES if ARCHITECTURES[name].pieces else 0
    ),
    "tagging": lambda name: token_network(
        name, TOKENS, PIECES, Head(TAGS, "softmax", each_step=True)
    ),
    "forecasting": lambda name: number_network(name, 1, Head(AHEAD, None)),
    "states": lambda name: number_network(name, 1, Head(TAGS, "softmax", each_step=True)),
    "sequences": lambda name: number_network(name, 1, Head(CLASSES, "softmax")),
    "generation": generator,
    "translation": translator,
    "stock-rise": lambda name: rise_network(name, FEATURES, 32),
}
EVERY = [(problem, name) for problem, networks in NETWORKS.items() for name in networks]

# the parameters of a cell of `units` that reads `x` numbers: gates × units × (x + units + biases)
GATES = {"SimpleRNN": (1, 1), "LSTM": (4, 1), "GRU": (3, 2)}


def weights_of(problem: str, words: str) -> int:
    """Count the parameters of a network from its description alone."""
    total, x = 0, {"numbers": 1, "days": FEATURES + 2}.get(words.split(" → ")[0], 0)
    outputs = {"texts": 1, "tagging": TAGS, "states": TAGS, "forecasting": AHEAD, "stock-rise": 1}
    outputs["sequences"] = CLASSES
    output = outputs.get(problem, TOKENS)
    read = 0
    for step in words.split("; 5 ")[0].split("; 3 ")[0].replace("; ", " → ").split(" → "):
        beside = step.startswith("beside it ")
        kind, *sizes = step.removeprefix("beside it ").split(",")[0].split()
        seen, x = (x, 1) if beside else (0, x)
        size = int(next((word for word in sizes if word.isdigit()), 0))
        if "spelling" in step or "pairs" in step:
            total, x = total + (TOKENS + PIECES) * size, size
        elif kind == "embedding":
            total, read, x = total + TOKENS * size, x, size
        elif kind in GATES:
            gates, biases = GATES[kind]
            once = gates * size * (x + size + biases)
            total += once * (2 if "directions" in step else 1)
            if problem == "translation" and "directions" not in step:
                total += (2 if kind == "LSTM" else 1) * (read * size + size)  # the bridges
            x = seen + size * (2 if "directions" in step else 1)
        elif kind == "convolution":
            own = 4 if "beside it" in words else 1  # of a batch normalisation, in place of a bias
            total, x = total + size * (x * int(sizes[-1]) + own), size
        elif kind == "dense":
            size = size or output
            total, x = total + size * (x + 1), size
        elif step in ("maximum and mean", "attention", "the last one"):
            x *= 2
    return total


@pytest.mark.parametrize(("problem", "name"), EVERY, ids=map(" ".join, EVERY))
def test_a_network_is_what_its_description_says(problem: str, name: str) -> None:
    network, said = BUILDS[problem](name), NETWORKS[problem][name]
    members = 1
    if problem in ("texts", "sequences"):
        known = ARCHITECTURES[name] if problem == "texts" else number_architecture(name)
        members = known.members
    if problem == "tagging":
        members = tags.SETTINGS["members"]
    averaged = f"; {members} networks averaged" if members > 1 else ""
    assert in_words(network) + averaged == said
    assert network.count_params() == weights_of(problem, said)


def test_every_name_that_a_problem_takes_is_described() -> None:
    taken = {
        "texts": ARCHITECTURES,
        "tagging": SHAPES,
        "states": SHAPES,
        "forecasting": SHAPES,
        "sequences": SEQUENCES,
        "generation": WRITERS,
        "translation": TRANSLATORS,
        "stock-rise": RISERS,
    }
    assert {problem: set(names) for problem, names in taken.items()} == {
        problem: set(networks) for problem, networks in NETWORKS.items()
    }


def test_networks_of_one_name_that_differ_are_told_apart_and_no_two_names_are_one_network() -> None:
    grus = {networks["gru"] for networks in NETWORKS.values()}
    assert (
        NETWORKS["sequences"]["gru"] == NETWORKS["forecasting"]["gru"] == NETWORKS["states"]["gru"]
    )
    assert len(grus) == len(NETWORKS) - 2
    for networks in NETWORKS.values():
        assert len(set(networks.values())) == len(networks)


def test_a_description_follows_the_settings() -> None:
    assert "attention" not in in_words(translator("gru", attention=False))
    assert "GRU 16 in both directions" in in_words(translator("gru", units=32))
    assert "class beside it 16" in in_words(generator("gru", classes=3))
    assert "class" not in in_words(generator("gru"))


@pytest.mark.parametrize(
    ("page", "spoken"), [("docs/networks.md", "en"), ("docs/networks.ko.md", "ko")]
)
def test_the_page_of_networks_shows_every_one(page: str, spoken: str) -> None:
    rows = [
        line for line in (ROOT / page).read_text("utf-8").splitlines() if line.startswith("| `")
    ]
    with speak(spoken):
        assert rows == [f"| `{n}` | {retold(NETWORKS[p][n])} |" for p, n in EVERY]


def test_help_ends_with_the_networks_of_the_problem() -> None:
    from typer.testing import CliRunner

    from recurra.cli import app

    for problem, networks in NETWORKS.items():
        for verb in ("train", "compare"):
            shown = CliRunner().invoke(app, [verb, problem, "--help"]).stdout
            for name, network in networks.items():
                assert f"  {name} " in shown
                assert network in shown
    assert described("translation").count("\n") == len(CELLS) + 1
