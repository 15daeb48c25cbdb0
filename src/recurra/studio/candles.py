"""Days drawn as candles, with the averages over them."""

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["drawn"]

WIDTH, HEIGHT, LEFT, FOOT, EDGE = 900, 320, 64, 30, 12
AVERAGES = ("SMA5", "SMA20", "SMA60", "SMA120")


def price(value: float) -> str:
    """Write a price as people do.

    Example:
        >>> price(55040.0), price(47.20935296912798), price(0.00001234)
        ('55,040', '47.2094', '1.234e-05')
    """
    if abs(value) < 1:
        return f"{value:.4g}"
    return f"{value:,.4f}".rstrip("0").rstrip(".")


def drawn(days: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Give the drawing of days: a body and a wick each, and a line for each average.

    Args:
        days: with open, high, low, close and averages, the oldest first.
    """
    names = ("low", "high", *AVERAGES)
    values = [day[name] for day in days for name in names if day.get(name) is not None]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    high = high if high > low else low + 1e-9
    each = (WIDTH - LEFT - EDGE) / max(len(days), 1)

    def across(number: int) -> float:
        return round(LEFT + (number + 0.5) * each, 1)

    def down(value: float) -> float:
        return round(EDGE + (high - value) / (high - low) * (HEIGHT - FOOT - EDGE), 1)

    candles = [
        {
            "x": across(number),
            "left": round(across(number) - 0.35 * each, 1),
            "width": round(0.7 * each, 1),
            "top": min(down(day["open"]), down(day["close"])),
            "tall": round(max(abs(down(day["open"]) - down(day["close"])), 1.0), 1),
            "high": down(day["high"]),
            "low": down(day["low"]),
            "rose": day["close"] >= day["open"],
            "said": "{day} {date}: {0} → {1} ({2} … {3})".format(
                *(price(day[name]) for name in ("open", "close", "low", "high")), **day
            ),
        }
        for number, day in enumerate(days)
        if all(day.get(name) is not None for name in ("open", "high", "low", "close"))
    ]
    lines = {
        name: " ".join(
            f"{across(number)},{down(day[name])}"
            for number, day in enumerate(days)
            if day.get(name) is not None
        )
        for name in AVERAGES
    }
    return {
        "candles": candles,
        "lines": {name: points for name, points in lines.items() if points},
        "low": low,
        "high": high,
        "first": days[0]["date"] if days else "",
        "last": days[-1]["date"] if days else "",
        "size": (WIDTH, HEIGHT),
        "box": (LEFT, EDGE, WIDTH - EDGE, HEIGHT - FOOT),
    }
