"""What was tried, and what came of it: for the report and its page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from recurra.judging.report import Exhibit

__all__ = ["Choice", "Tried"]

MOST_SHOWN = 15


@dataclass(frozen=True)
class Tried:
    """One trial.

    Args:
        number: counted from 0; 0 has the default settings.
        settings: by name.
        value: of the measure, on rows held within the training rows; None where it failed.
    """

    number: int
    settings: Mapping[str, Any]
    value: float | None


@dataclass(frozen=True)
class Choice:
    """How the settings that are judged were chosen.

    Args:
        tried: all trials.
        measure: what they were measured by.
        higher_is_better: of the measure.
        rows: on how many rows each was measured.
        importance: the share of each setting in what changes the measure, as fANOVA gives it.
    """

    tried: Sequence[Tried]
    measure: str
    higher_is_better: bool
    rows: int
    importance: Mapping[str, float]

    @property
    def ranked(self) -> list[Tried]:
        """The trials that did not fail, the best first; of equals the earlier."""
        sign = -1.0 if self.higher_is_better else 1.0
        ended = [each for each in self.tried if each.value is not None]
        return sorted(ended, key=lambda each: (sign * (each.value or 0.0), each.number))

    @property
    def best(self) -> Tried:
        """The trial whose settings are judged."""
        return self.ranked[0]

    def notes(self) -> list[str]:
        """Say how the winner was chosen, and from how many."""
        failed = len(self.tried) - len(self.ranked)
        what = f"{len(self.tried):,} settings were tried" + (f", {failed} failed" if failed else "")
        best = self.best
        found = (
            "none was better there than the default settings (trial 0), which are judged"
            if best.number == 0
            else f"the best there, trial {best.number}, is judged beside the default settings"
        )
        return [
            f"{what}, each fitted and measured inside the training rows ({self.rows:,} rows held "
            f"there): {found}. The test rows were asked once, after the choice, so the number of "
            "trials bends no figure here; the best value within the training rows is too good, as "
            "the best of many is."
        ]

    def exhibits(self) -> list[Exhibit]:
        """Give the best trials in a table."""
        names = list(self.tried[0].settings)
        rows = [
            [str(each.number), f"{each.value:.4f}", *(_said(each.settings[n]) for n in names)]
            for each in self.ranked[:MOST_SHOWN]
        ]
        return [
            Exhibit(
                title="What was tried",
                columns=["trial", f"{self.measure}, within training", *names],
                rows=rows,
                note=f"The best {len(rows)} of {len(self.tried)}; trial 0 is the default.",
            )
        ]

    def pictures(self) -> list[tuple[str, Callable[[Any], None]]]:
        """Draw how it went, which settings matter, and all trials side by side."""
        drawn: list[tuple[str, Callable[[Any], None]]] = [
            ("The search, trial by trial", self._history),
            ("All trials: a line each, the best in colour", self._parallel),
        ]
        if self.importance:
            drawn.insert(1, ("What of the settings matters", self._importance))
        return drawn

    def _history(self, axes: Any) -> None:
        ended = [each for each in self.tried if each.value is not None]
        numbers = [each.number for each in ended]
        values = np.array([each.value for each in ended], float)
        best = np.maximum if self.higher_is_better else np.minimum
        axes.plot(numbers, values, ".", color="#9aa5b1", label="a trial")
        axes.step(numbers, best.accumulate(values), where="post", color="#0b6e99", label="the best")
        axes.set(xlabel="trial", ylabel=f"{self.measure}, within training")
        axes.legend(frameon=False)

    def _importance(self, axes: Any) -> None:
        names = list(self.importance)[::-1]
        axes.barh(names, [self.importance[name] for name in names], color="#0b6e99")
        axes.set(xlabel="share of what changes the measure")

    def _parallel(self, axes: Any) -> None:
        names = list(self.tried[0].settings)
        places = {name: _places([t.settings[name] for t in self.tried]) for name in names}
        for rank, each in reversed(list(enumerate(self.ranked))):
            line = [places[name][each.number] for name in names]
            axes.plot(line, color="#c2410c" if rank == 0 else "#9aa5b1", lw=2 if rank == 0 else 0.6)
        axes.set_xticks(range(len(names)), [n.replace("_", "\n") for n in names], fontsize=7)
        axes.set_yticks([0, 1], ["low, first", "high, last"])


def _places(values: Sequence[Any]) -> list[float]:
    """Give each value a place from 0 to 1: names by the alphabet, numbers by their logarithm."""
    if any(isinstance(value, str) for value in values):
        order = sorted(set(values))
        return [order.index(value) / max(1, len(order) - 1) for value in values]
    logs = np.log(np.asarray(values, float))
    span = float(np.ptp(logs))
    return [float(each) for each in (logs - logs.min()) / (span or 1.0)]


def _said(value: Any) -> str:
    return f"{value:.2g}" if isinstance(value, float) else str(value)
