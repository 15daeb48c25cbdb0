"""The page that shows which stretches of a sequence moved an answer."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from recurra.answers.stretches import Stretches
from recurra.arrays import Floats
from recurra.pages.drawing import environment, svg
from recurra.wording import worded

__all__ = ["render_stretches"]

MOST_DRAWN, MOST_LISTED = 12, 12  # channels; stretches
RAISES, LOWERS = "#0b6e99", "#c2410c"


def render_stretches(
    model: str,
    name: str,
    of: str,
    steps: Floats,
    channels: Sequence[str],
    found: Stretches,
) -> str:
    """Give the page as HTML.

    Args:
        model: that answered.
        name: of the sequence.
        of: what the score is of: a class, or the name of a number.
        steps: (steps, channels) of the sequence.
        channels: their names.
        found: what moved the answer.
    """
    order = np.argsort(-np.abs(found.effects).max(axis=0), kind="stable")[:MOST_DRAWN]
    strongest = float(np.abs(found.effects).max(initial=1e-12))
    plots = [
        svg(_drawn(channels[k], steps[:, k], found.effects[:, k], found, strongest), height=1.8)
        for k in order.tolist()
    ]
    listed = [
        (channels[channel], first + 1, last + 1, effect)
        for first, last, channel, effect in found.strongest(MOST_LISTED)
    ]
    whole = sorted(
        zip(channels, found.channels.tolist(), strict=True), key=lambda each: -abs(each[1])
    )
    return (
        environment()
        .get_template("stretches.html.j2")
        .render(
            model=model,
            name=name,
            of=of,
            score=found.score,
            baseline=found.baseline,
            plots=plots,
            left=max(0, len(channels) - MOST_DRAWN),
            listed=listed,
            whole=whole[:MOST_LISTED],
            strongest=strongest,
        )
    )


def _drawn(
    name: str, values: Floats, effects: Floats, found: Stretches, strongest: float
) -> Callable[[Any], None]:
    def draw(axes: Any) -> None:
        for first, end, effect in zip(found.edges[:-1], found.edges[1:], effects, strict=True):
            colour = RAISES if effect > 0 else LOWERS
            shade = 0.6 * abs(float(effect)) / strongest
            axes.axvspan(first + 0.5, end + 0.5, color=colour, alpha=shade, linewidth=0)
        axes.plot(np.arange(1, len(values) + 1), values, linewidth=1.2, color="#555555")
        axes.set(title=name, xlabel=worded("step"), xlim=(0.5, len(values) + 0.5))

    return draw
