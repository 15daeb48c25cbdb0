"""What is plotted in notebooks and on pages alike: the curve of a training, Korean letters."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from recurra.wording import worded

__all__ = ["BASELINE", "BEST", "MODEL", "draw_curves", "korean_font", "tint", "use_korean_font"]

MODEL, BASELINE, BEST = "#0b6e99", "#9aa5b1", "#c2410c"
KOREAN = (  # what Windows, macOS and Linux have, or get, for Korean
    "Malgun Gothic",
    "Apple SD Gothic Neo",
    "AppleGothic",
    "NanumGothic",
    "NanumBarunGothic",
    "Noto Sans KR",
    "Noto Sans CJK KR",
    "Noto Sans CJK JP",
    "Source Han Sans KR",
    "UnDotum",
    "Baekmuk Dotum",
)
FILES = ("malgun", "applesdgothic", "applegothic", "nanum", "notosanskr", "notosanscjk", "undotum")
Curve = Sequence[dict[str, float]]
_told = False


def draw_curves(axes: Any, curves: Sequence[Curve]) -> None:
    """Draw the losses of each member by epoch, the best epoch marked."""
    for number, curve in enumerate(curves):
        epochs = [row["epoch"] for row in curve]
        first = number == 0
        axes.plot(
            epochs,
            [r["loss"] for r in curve],
            color=BASELINE,
            label=worded("training") if first else None,
        )
        if "validation_loss" not in curve[0]:
            continue
        validation = [row["validation_loss"] for row in curve]
        best = int(np.argmin(np.nan_to_num(validation, nan=np.inf)))
        axes.plot(epochs, validation, color=MODEL, label=worded("validation") if first else None)
        axes.plot(
            epochs[best],
            validation[best],
            "o",
            color=BEST,
            label=worded("best epoch") if first else None,
        )
    axes.set(xlabel=worded("epoch"), ylabel=worded("loss"), ylim=(0, None))
    axes.xaxis.get_major_locator().set_params(integer=True)
    if all(len(curve) == 1 for curve in curves):
        axes.set_xticks([1])
    axes.legend(frameon=False)


def tint(effect: float, strongest: float) -> str:
    """Give the background of a token: blue where it raises the score, orange where it lowers it."""
    colour = "11,110,153" if effect > 0 else "194,65,12"
    return f"rgba({colour},{0.75 * abs(effect) / max(strongest, 1e-9):.2f})"


def use_korean_font() -> str | None:
    """Have matplotlib write Korean with a font that is installed here, in place of boxes.

    Other letters stay in the font that they are in. Where no font for Korean is found, it says so
    once, on standard error.

    Returns:
        The name of the font, or None.
    """
    from matplotlib import rcParams

    found = korean_font()
    if found is None:
        _say_once()
        return None
    families = [name for name in rcParams["font.family"] if name != found]
    rcParams["font.family"] = [*families, found]  # each letter in the first font that has it
    return found


def korean_font() -> str | None:
    """Give the name of a font for Korean that matplotlib finds here, None without one."""
    from matplotlib import font_manager

    known = {font.name for font in font_manager.fontManager.ttflist}
    found = next((name for name in KOREAN if name in known), None)
    if found is not None:
        return found
    # fonts that were installed after matplotlib looked for the first time
    for path in sorted(font_manager.findSystemFonts()):
        if Path(path).stem.lower().replace("-", "").startswith(FILES):
            before = len(font_manager.fontManager.ttflist)
            font_manager.fontManager.addfont(path)
            added = {font.name for font in font_manager.fontManager.ttflist[before:]}
            if added & set(KOREAN):
                return next(name for name in KOREAN if name in added)
    return None


def _say_once() -> None:
    global _told
    if not _told:
        _told = True
        print(
            "No font for Korean was found, so plots show boxes. Install one: NanumGothic "
            "(apt-get install fonts-nanum; macOS and Windows bring theirs), then call this again.",
            file=sys.stderr,
        )
