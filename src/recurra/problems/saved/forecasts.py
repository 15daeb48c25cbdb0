"""Saved forecasters: the network of a run, or the baseline beside it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recurra.arrays import Floats
from recurra.problems.kept import Kept, kept_model
from recurra.problems.new_rows import read_series_of

if TYPE_CHECKING:
    from recurra.answers.forecasts import Ahead
    from recurra.data import Series

__all__ = ["KINDS", "AskedForecaster", "saved_forecaster"]

KINDS = {
    "SequenceForecaster": "recurra.runtime:SavedForecaster",
    "NaiveAhead": "recurra.baselines.forecasting:NaiveAhead",
    "LinearAhead": "recurra.baselines.forecasting:LinearAhead",
}


class AskedForecaster:
    """A saved forecaster, whichever it is.

    Args:
        kept: what is kept of it.
        model: what forecasts.
    """

    def __init__(self, kept: Kept, model: Any) -> None:
        self.kept, self.model = kept, model

    @property
    def name(self) -> str:
        """By which tables call it."""
        return self.kept.name

    @property
    def target(self) -> str | None:
        """The column it was fitted on, None where that is not known."""
        return self.kept.facts.target

    @property
    def log(self) -> bool | None:
        """Whether it forecasts logarithms, None where that is not known."""
        return self.kept.facts.log

    def read(
        self,
        path: str | Path,
        target: str | None = None,
        log: bool | None = None,
        *,
        encoding: str | None = None,
    ) -> "Series":
        """Read the series that is to go on, as the model was taught.

        Args:
            path: of a table that ends where the forecast begins.
            target: the column; None: of the name it was fitted on.
            log: whether its logarithm is taken; None: as it was fitted.
            encoding: of the file, None to recognise it.

        Raises:
            DataError: the column cannot be used.
            SettingsError: the model was taught the other of numbers and logarithms.
        """
        return read_series_of(self.kept, path, target, log, encoding=encoding)

    def answer(self, series: "Series") -> dict[str, Any]:
        """Give what a person or a program is told: forecasts in the units of the file.

        `lower`, `upper` and `level` are of a network; other models have no intervals.
        """
        said: Ahead = self.model.say(series.numbers[None])
        return {"model": self.name, **self.told(said, series.target, series.log)[0]}

    def told(self, said: "Ahead", target: str | None, log: bool) -> list[dict[str, Any]]:
        """Give the answer to each row, where the forecasts are at hand."""
        return [self._of_one(middle, said, target, log) for middle in said.middle]

    def _of_one(
        self, middle: Floats, said: "Ahead", target: str | None, log: bool
    ) -> dict[str, Any]:
        unit = np.exp if log else np.asarray
        found: dict[str, Any] = {"target": target, "log": log, "forecast": unit(middle).tolist()}
        if said.margins is not None:
            lower, upper = unit(middle - said.margins), unit(middle + said.margins)
            found |= {"lower": lower.tolist(), "upper": upper.tolist()}
            found["level"] = self.model.level
        return found


def saved_forecaster(run: str | Path, with_: str | None = None) -> AskedForecaster:
    """Read a saved forecaster: the network, or the baseline beside it.

    Args:
        run: a run folder, or the model folder in it.
        with_: the name of the baseline; None: the network.

    Raises:
        BundleError: there is no forecaster.
        SettingsError: no such model is saved there.
    """
    kept = kept_model(run, with_)
    return AskedForecaster(kept, kept.open(KINDS, "forecast"))
