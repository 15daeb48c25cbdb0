"""The ratios to the best peer, drawn."""

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from recurra.errors import SettingsError

__all__ = ["check_plot", "draw"]

COLOURS = {"train": "#1f6f8b", "infer": "#e07a3f"}
KINDS = (".png", ".svg", ".pdf")
NAMES = {"train": "training step", "infer": "prediction"}


def check_plot(path: Path) -> None:
    """Refuse a file that cannot be drawn to, before minutes are spent on measuring."""
    if path.suffix not in KINDS:
        raise SettingsError(f"a plot must be a .png, .svg or .pdf file, but got {path}.")
    if not path.absolute().parent.is_dir():
        raise SettingsError(f"a plot must go to a folder that is there, but got {path}.")


def draw(results: list[dict[str, Any]], path: Path) -> None:
    """Draw a bar for each case and work, with the range over the turns, on a logarithmic scale."""
    check_plot(path)
    figure = Figure(figsize=(7.2, 1.2 + 0.42 * len(results)), layout="constrained")
    axes = figure.subplots()
    for shift, work in ((-0.19, "train"), (0.19, "infer")):
        ratios = [result["works"][work]["ratio"] for result in results]
        middle = [ratio["median"] for ratio in ratios]
        low = [ratio["median"] - ratio["low"] for ratio in ratios]
        high = [ratio["high"] - ratio["median"] for ratio in ratios]
        places = [place + shift for place in range(len(results))]
        axes.barh(places, middle, 0.36, color=COLOURS[work], label=NAMES[work])
        axes.errorbar(middle, places, xerr=[low, high], fmt="none", ecolor="0.35", elinewidth=0.8)
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_yticks(range(len(results)), [label(result) for result in results])
    axes.margins(y=0.02)
    axes.invert_yaxis()
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter("{x:g}×")
    axes.set_xlabel("speed over the best peer: median and range")
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=160)


def label(result: dict[str, Any]) -> str:
    """Say what is timed.

    Example:
        >>> label({"cell": "LSTM", "units": 128, "timesteps": 200, "batch": 64})
        'LSTM 128, 200 timesteps, batch 64'
    """
    return "{cell} {units}, {timesteps} timesteps, batch {batch}".format_map(result)
