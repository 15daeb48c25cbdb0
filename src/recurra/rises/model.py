"""A trained network of rises: saved, loaded, and asked about the newest day."""

import dataclasses
import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from recurra.bundle import Bundle, read_bundle, write_bundle
from recurra.errors import BundleError, DataError
from recurra.evaluation.rise_baselines import VolatilityRule
from recurra.markets.indicators import WARM_UP
from recurra.markets.rows import Market, RiseRows, rows_of
from recurra.markets.sessions import next_open_day
from recurra.markets.tickers import instrument
from recurra.rises.networks import Standard, build, sequences_of
from recurra.rises.settings import RiseSettings
from recurra.training import Weights, predict

__all__ = ["RiseModel"]

Floats = npt.NDArray[np.float64]
STALE = 5  # days that may lie between the last price and the day asked about


@dataclass
class RiseModel:
    """A trained network that scores the newest day of a ticker."""

    name: str
    settings: RiseSettings
    names: tuple[str, ...]
    standard: Standard
    rule: VolatilityRule
    weights: Weights
    base_rate: float
    threshold: float
    trained_to: str
    source: str

    def network(self) -> Any:
        """Give the Keras model with its weights."""
        network = build(self.name, len(self.names), self.settings.units)
        for variable in network.weights:
            variable.assign(self.weights[variable.path])
        return network

    def scores(self, rows: RiseRows) -> Floats:
        """Give the probability of a rise for each row."""
        if rows.names != self.names:
            raise DataError(
                f"the model was trained on {', '.join(self.names)}, but the prices give "
                f"{', '.join(rows.names)}: a file without volume cannot serve a model with it."
            )
        rule = self.rule.log_odds(rows.volatility)
        sequences = sequences_of(self.standard(rows.windows), rule, self.name)
        return predict(self.network(), sequences)

    def newest(
        self, market: Market, as_of: dt.date | None = None, *, allow_stale: bool = False
    ) -> pd.DataFrame:
        """Score the day of trading after the last of each ticker.

        A ticker with a long gap or an unknown price among its last days gets no row.

        Args:
            market: prices, with at least `WARM_UP` days each: MACD then is that of the training.
            as_of: the day on which it is asked, None for the newest day of any ticker.
            allow_stale: score a series that ends more than 5 days before that all the same.

        Raises:
            DataError: a series is too short or ends too early.
        """
        day = as_of or max(f.index[-1] for f in market.values()).date()
        known = {t: f.loc[: pd.Timestamp(day)] for t, f in market.items()}
        for ticker, frame in known.items():
            refusal = self.refusal(ticker, frame, day, allow_stale=allow_stale)
            if refusal:
                raise DataError(refusal)
        if "volume" not in self.names:  # it learned without, as some of its prices had none
            known = {ticker: frame.assign(volume=np.nan) for ticker, frame in known.items()}
        rows = rows_of(known, self.settings.window, newest=True)
        scores = self.scores(rows)
        seen_to = [known[ticker].index[-1].date() for ticker in rows.tickers]
        following = map(next_open_day, map(instrument, rows.tickers), seen_to)
        return pd.DataFrame(
            {
                "ticker": rows.tickers,
                "for": [*map(str, following)],
                "seen to": [*map(str, seen_to)],
                "probability": scores,
                "base rate": self.base_rate,
                "called": scores >= self.threshold,
            }
        )

    def refusal(
        self, ticker: str, frame: pd.DataFrame, day: dt.date, *, allow_stale: bool = False
    ) -> str | None:
        """Say why prices up to a day are too few or too old to answer from; None: they are not."""
        if len(frame) < WARM_UP:
            return (
                f"{ticker} must have {WARM_UP} days of prices, so that averages are those of "
                f"the training, but it has {len(frame)} up to {day}. Give a longer history."
            )
        last = frame.index[-1].date()
        if (day - last).days > STALE and not allow_stale:
            return (
                f"prices must reach the day before the one asked about, but {ticker} ends on "
                f"{last}, {(day - last).days} days before {day}. Update it, ask --as-of {last}, or "
                "give --allow-stale."
            )
        return None

    def save(self, folder: Path, card: str) -> None:
        """Write a bundle."""
        config = {
            "estimator": "RiseModel",
            "recipe": "stock-rise",
            "name": self.name,
            "settings": dataclasses.asdict(self.settings),
            "base_rate": self.base_rate,
            "threshold": self.threshold,
            "trained_to": self.trained_to,
            "source": self.source,
        }
        encoder = {
            "features": list(self.names),
            "mean": self.standard.mean.tolist(),
            "deviation": self.standard.deviation.tolist(),
            "volatility": self.rule.to_json(),
        }
        write_bundle(folder, Bundle(config, encoder, self.weights, card))

    @classmethod
    def load(cls, folder: str | Path) -> "RiseModel":
        """Read what `save` wrote; a run folder does, too.

        Raises:
            BundleError: it is not such a model, or is damaged.
        """
        path = Path(folder)
        bundle = read_bundle(path / "model" if (path / "model").is_dir() else path)
        config, encoder = bundle.config, bundle.encoder
        try:
            settings = dict(config["settings"])
            settings["models"] = tuple(settings["models"])
            return cls(
                config["name"],
                RiseSettings(**settings),
                tuple(encoder["features"]),
                Standard(
                    np.asarray(encoder["mean"], np.float32),
                    np.asarray(encoder["deviation"], np.float32),
                ),
                VolatilityRule.from_json(encoder["volatility"]),
                dict(bundle.weights),
                config["base_rate"],
                config["threshold"],
                config["trained_to"],
                config["source"],
            )
        except (KeyError, TypeError) as error:
            raise BundleError(
                f"{folder} must hold a model of `recurra train stock-rise`, but it does not "
                f"({type(error).__name__}: {error}). Give another run."
            ) from None
