"""Saved forecasters: the network of a run, or the baseline beside it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recurra.data.ahead import known_ahead, read_ahead
from recurra.problems.kept import Kept, kept_model
from recurra.problems.new_rows import read_series_of
from recurra.sequences import Histories
from recurra.text.joining import columns_of

if TYPE_CHECKING:
    from recurra.answers.forecasts import Ahead
    from recurra.data import Series

__all__ = ["KINDS", "AskedForecaster", "saved_forecaster", "table_of"]

KINDS = {
    "SequenceForecaster": "recurra.runtime:SavedForecaster",
    "NaiveAhead": "recurra.baselines.forecasting:NaiveAhead",
    "ThetaAhead": "recurra.baselines.forecasting:ThetaAhead",
    "EtsAhead": "recurra.baselines.forecasting:EtsAhead",
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
        time: str | None = None,
        group: str | None = None,
        zone: str | None = None,
        encoding: str | None = None,
    ) -> "Series":
        """Read the series that is to go on, as the model was taught.

        Args:
            path: of a table that ends where the forecast begins.
            target: the column; None: of the name it was fitted on.
            log: whether its logarithm is taken; None: as it was fitted.
            time: the column that is time; None: of the name it was fitted on.
            group: the column that tells series apart; None: of the name it was fitted on.
            zone: the place whose clock the times are of; None: as it was fitted.
            encoding: of the file, None to recognise it.

        Raises:
            DataError: the column cannot be used.
            SettingsError: the model was taught the other of numbers and logarithms.
        """
        return read_series_of(
            self.kept, path, target, log, time=time, group=group, zone=zone, encoding=encoding
        )

    def answer(self, series: "Series", ahead: "str | Path | None" = None) -> dict[str, Any]:
        """Give what a person or a program is told: forecasts in the units of the file, and when.

        Of several series `series` has one such answer of each, with its `name`. `lower`, `upper`
        and `level` are of models with intervals.

        Args:
            series: that goes on.
            ahead: a table of what is known of the steps ahead; None: the rows after the last one.

        Raises:
            DataError: of a step ahead something is not given that the model reads.
        """
        bounds, horizon = series.bounds, self.model.horizon
        known = columns_of("known", self.kept.facts.columns)
        later = None if ahead is None else read_ahead(ahead, series, known)
        table = series.table(horizon, known_ahead(series, horizon, later))
        said: Ahead = self.model.say(Histories(table, bounds[:-1], bounds[1:]))
        told = self.told(said, series.target, series.log)
        for each, end in zip(told, bounds[1:], strict=True):
            each["times"] = series.labels_after(int(end), said.middle.shape[1])
        if not series.names:
            return {"model": self.name, **told[0]}
        named = zip(series.names, told, strict=True)
        return {"model": self.name, "series": [{"name": name, **each} for name, each in named]}

    def told(self, said: "Ahead", target: str | None, log: bool) -> list[dict[str, Any]]:
        """Give the answer to each row, where the forecasts are at hand."""
        unit = np.exp if log else np.asarray
        found: list[dict[str, Any]] = [
            {"target": target, "log": log, "forecast": unit(each).tolist()} for each in said.middle
        ]
        if said.margins is None:
            return found
        margins = np.broadcast_to(said.margins, said.middle.shape)
        ends = unit(said.middle - margins).tolist(), unit(said.middle + margins).tolist()
        for each, lower, upper in zip(found, *ends, strict=True):
            each |= {"lower": lower, "upper": upper, "level": self.model.level}
        return found


def table_of(found: dict[str, Any]) -> list[list[Any]]:
    """Give an answer as a table, its first row the names: a row a step ahead of each series."""
    told = found.get("series", [found])
    ends = [end for end in ("lower", "upper") if end in told[0]]
    named = ["series"] if "series" in found else []
    level = [f"{end} {told[0]['level']:.0%}" for end in ends]
    rows: list[list[Any]] = [[*named, "time", told[0]["target"] or "forecast", *level]]
    for each in told:
        name = [each["name"]] if named else []
        steps = zip(each["times"], each["forecast"], *(each[end] for end in ends), strict=True)
        rows += [[*name, *step] for step in steps]
    return rows


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
