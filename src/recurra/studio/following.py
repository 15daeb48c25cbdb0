"""How far a training is, read from what its process writes, and drawn."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Curve", "Following", "drawn"]

WIDTH, HEIGHT, LEFT, FOOT, EDGE = 640, 260, 80, 30, 10  # of a drawing


@dataclass
class Curve:
    """The epochs of one network.

    Args:
        member: which, counted from 1.
        rows: losses of the epochs that ended.
        epoch: that runs.
        epochs: the most there will be.
        done: the share of the epoch that is done.
        began: when its first batch was done.
        now: when it was last heard of.
    """

    member: int
    rows: list[dict[str, float]] = field(default_factory=list)
    epoch: int = 1
    epochs: int = 1
    done: float = 0.0
    began: float = math.nan
    now: float = math.nan
    first: float = 0.0

    @property
    def best(self) -> tuple[int, float] | None:
        """The best epoch, counted from 1, and its validation loss; None before there is one."""
        found = [
            (row["validation_loss"], number)
            for number, row in enumerate(self.rows, 1)
            if math.isfinite(row.get("validation_loss", math.nan))
        ]
        return (min(found)[1], min(found)[0]) if found else None

    @property
    def share(self) -> float:
        """The share of all its epochs that is done."""
        return min(1.0, (self.epoch - 1 + self.done) / self.epochs)

    @property
    def seconds_left(self) -> float | None:
        """The most seconds that it goes on, as it went so far; None before that is known."""
        epochs = self.epoch - 1 + self.done - self.first
        if not epochs > 0 or not self.now > self.began:
            return None
        return (self.now - self.began) / epochs * (self.epochs - self.first - epochs)

    def heard(self, said: Mapping[str, Any]) -> None:
        """Take up what was written of it."""
        self.epoch, self.epochs, self.done = said["epoch"], said["epochs"], said["done"]
        self.now = said["time"]
        if "rows" in said:
            self.rows = [*self.rows[: said["from"]], *said["rows"]]
        if math.isnan(self.began):
            self.began, self.first = self.now, self.epoch - 1 + self.done


@dataclass
class Following:
    """What is known of a training.

    Args:
        stage: what it is at.
        curve: of the network that trains, or trained last; None before one does.
        notes: what was said beside.
        together: units that ended, and all of them, where other processes do them.
        lines: how many were read.
        others: whether a stage has begun since: what trains now are other networks.
    """

    stage: str = ""
    curve: Curve | None = None
    notes: list[str] = field(default_factory=list)
    together: tuple[int, int] | None = None
    lines: int = 0
    others: bool = False

    @classmethod
    def read(cls, path: Path) -> "Following":
        """Read what a process has written so far; half a line is not read yet."""
        found = cls()
        try:
            text = path.read_bytes()
        except FileNotFoundError:
            return found
        for line in text.split(b"\n")[:-1]:
            found.heard(json.loads(line))
        return found

    def heard(self, said: Mapping[str, Any]) -> None:
        """Take up a line."""
        self.lines += 1
        if "stage" in said:
            self.stage, self.others = said["stage"], True
        elif "note" in said:
            self.notes.append(said["note"])
        elif "member" in said:
            if self.others or self.curve is None or self.curve.member != said["member"]:
                self.curve, self.others = Curve(said["member"]), False
            self.curve.heard(said)
        elif "ended" in said:
            self.together = (said["ended"], said["count"])


def drawn(curve: Curve) -> dict[str, Any]:
    """Give the lines of a drawing: losses by epoch, the best epoch, and numbers at the edges."""
    names = ("loss", "validation_loss")
    values = [row[n] for row in curve.rows for n in names if math.isfinite(row.get(n, math.nan))]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    high = high if high > low else low + 1e-9
    last = max(len(curve.rows), 2)

    def place(number: int, value: float) -> tuple[float, float]:
        x = LEFT + (number - 1) / (last - 1) * (WIDTH - LEFT - EDGE)
        y = EDGE + (high - value) / (high - low) * (HEIGHT - FOOT - EDGE)
        return round(x, 1), round(y, 1)

    lines = {name: _line(curve.rows, name, place) for name in names}
    best = curve.best
    return {
        "lines": {name: points for name, points in lines.items() if points},
        "best": None if best is None else place(*best),
        "low": low,
        "high": high,
        "last": last,
        "size": (WIDTH, HEIGHT),
        "left": LEFT,
        "foot": HEIGHT - FOOT,
        "top": EDGE,
        "right": WIDTH - EDGE,
    }


def _line(rows: Sequence[Mapping[str, float]], name: str, place: Any) -> str:
    points = [
        place(number, row[name])
        for number, row in enumerate(rows, 1)
        if math.isfinite(row.get(name, math.nan))
    ]
    return " ".join(f"{x},{y}" for x, y in points)
