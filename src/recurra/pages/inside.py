"""The page that shows a text as a network reads it: attributions, gates and states."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from recurra.arrays import Floats
from recurra.pages.drawing import environment, svg
from recurra.wording import retold, term, worded

__all__ = ["render_inside", "render_labels"]

NAMES = {
    "i": "input gate i",
    "f": "forget gate f",
    "g": "candidate g",
    "o": "output gate o",
    "z": "update gate z",
    "r": "reset gate r",
    "n": "candidate n",
    "h": "state h",
    "c": "cell state c",
}
GATES = "ifozr"  # these lie between 0 and 1, the others about 0
MEANINGS = {
    "Occlusion": "How far the score falls when the token is left out.",
    "Integrated gradients": "What the token adds to the score, from a text of nothing to this one.",
}


def render_inside(
    model: str,
    positive: str,
    threshold: float | None,
    score: float,
    tokens: Sequence[str],
    effects: tuple[Floats, Floats],
    readings: Sequence[tuple[str, dict[str, Floats]]],
) -> str:
    """Give the page as HTML.

    Args:
        model: the architecture.
        positive: the class that the score is of.
        threshold: from where on the model says so; None where it says what is most probable.
        score: of the text.
        tokens: of the text.
        effects: (tokens,) by occlusion and by integrated gradients.
        readings: for each recurrent layer (tokens, units) by letter.
    """
    attributions = [
        _attribution(term(name), retold(meaning), tokens, found.tolist())
        for (name, meaning), found in zip(MEANINGS.items(), effects, strict=True)
    ]
    drawn = [
        {"layer": layer, "plots": [svg(_heatmap(*pair), height=2.4) for pair in values.items()]}
        for layer, values in readings
        if tokens
    ]
    return (
        environment()
        .get_template("inside.html.j2")
        .render(
            model=model,
            positive=positive,
            threshold=threshold,
            score=score,
            attributions=attributions,
            readings=drawn,
        )
    )


def render_labels(
    model: str,
    called: str,
    shares: Mapping[str, float],
    tokens: Sequence[str],
    falls: Mapping[str, Sequence[float]],
) -> str:
    """Give the page of a text that may have several labels, as HTML.

    Args:
        model: the architecture.
        called: the labels that are said.
        shares: the probability of each label.
        tokens: of the text.
        falls: of each label to be shown, (tokens,) how far its probability falls.
    """
    meaning = worded("How far the probability of the label falls when the token is left out.")
    attributions = [
        _attribution(f"{name}: {shares[name]:.3f}", meaning, tokens, each)
        for name, each in falls.items()
    ]
    return (
        environment()
        .get_template("inside_labels.html.j2")
        .render(
            model=model,
            called=called,
            attributions=attributions,
            shares=sorted(shares.items(), key=lambda each: -each[1]),
        )
    )


def _attribution(
    name: str, meaning: str, tokens: Sequence[str], effects: Sequence[float]
) -> dict[str, Any]:
    """Give what the page says of one way to tell, or of one label."""
    return {
        "name": name,
        "meaning": meaning,
        "tokens": list(zip(tokens, effects, strict=True)),
        "strongest": max(map(abs, effects), default=0.0),
    }


def _heatmap(letter: str, values: Floats) -> Callable[[Any], None]:
    def draw(axes: Any) -> None:
        gate = letter in GATES
        most = 1.0 if gate else float(np.abs(values).max(initial=1e-9))
        image = axes.imshow(
            values.T,
            aspect="auto",
            interpolation="nearest",
            cmap="Blues" if gate else "RdBu_r",
            vmin=0.0 if gate else -most,
            vmax=most,
            extent=(0.5, len(values) + 0.5, values.shape[1], 0),
        )
        axes.set(title=term(NAMES[letter]), xlabel=worded("token"), ylabel=worded("unit"))
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.figure.colorbar(image, ax=axes)

    return draw
