"""Will it rise 5 % tomorrow? Prices to an answer that can be no.

::

    prices of many tickers
      → rows: a ticker on a day D-0, seen through D-10 .. D-1        `rows_of`
      → splits by date, purged and embargoed, refitted as time goes  evaluation.splits
      → networks, baselines on the same features, rules              `train_rise`
      → losses grouped by day, corrected for the models tried        evaluation.days
      → report, page, bundle

A row is positive when the close of D-0 is at least (1 + rise) × the close of D-1. Its features are
all known on D-1 and scaled by what was known then: prices and averages as logarithms over the close
of D-1, MACD over that close, both in units of the volatility known on D-1; volume as a logarithm
over the mean of the 20 days before.

Large rises come when prices move much, up or down, and that is foreseeable: it is what the rule
`volatility` knows. A network begins as this rule and learns what to add, so what it gains is what
it knows of direction and of what the rule leaves out::

    P(rise) = σ( rule(volatility) + w · h + b ),   h the network's last state, w = b = 0 at first
"""

import dataclasses
import datetime as dt
import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from recurra.backend import keras
from recurra.bundle import Bundle, read_bundle, write_bundle
from recurra.errors import BundleError, DataError, SettingsError
from recurra.evaluation.days import Contest, DayBootstrap, brier_skill, contest, precision_at
from recurra.evaluation.leaks import Probe
from recurra.evaluation.metrics import best_threshold, calibration_bins, measure
from recurra.evaluation.report import (
    BaselineResult,
    DataInfo,
    LayerInfo,
    MemberInfo,
    ModelInfo,
    Report,
    SplitInfo,
    TrainingInfo,
    judge,
)
from recurra.evaluation.splits import Split, dated_split, walk_forward
from recurra.evaluation.verdict import Verdict
from recurra.layers import GRU, LSTM, SimpleRNN
from recurra.markets.indicators import WARM_UP, macd, sma, volume_ratio
from recurra.models import layer_table
from recurra.runs import RunFolder
from recurra.sequences import Ragged
from recurra.subwords import MaskedMaxMeanPooling1D
from recurra.training import Example, History, Notify, Plan, Weights, predict, train

__all__ = [
    "NETWORKS",
    "RiseModel",
    "RiseReport",
    "RiseRows",
    "RiseSettings",
    "features_of",
    "hold_best",
    "rows_of",
    "train_rise",
]

Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]
Dates = npt.NDArray[np.datetime64]
Market = Mapping[str, pd.DataFrame]

PRICES = ("open", "high", "low", "close")
AVERAGES = (5, 20, 60, 120)
EMBARGO = 5
layers = keras.layers


@dataclass(frozen=True)
class RiseSettings:
    """What is asked of the prices, and how the answer is judged.

    Args:
        rise: a row is positive from this rise of the close on, as a share.
        fall: a row is negative up to this change, and rows between are left out; None: every row
            that is not positive is negative.
        window: days seen, the last one D-1.
        models: the networks tried, names of `NETWORKS`; the verdict is corrected for their number.
        units: of each network.
        epochs: the most.
        batch_size: rows a step.
        learning_rate: of Adam.
        folds: refits of the walk-forward; 1 with fixed dates.
        validate_from: first day of validation, with `test_from`; None walks forward.
        test_from: first day of the test.
        holdings: most tickers held at once in the simulation of trading.
        cost: of buying or selling, as a share of what is traded.
        repeats: draws behind the intervals.
        seed: of everything that is drawn.
    """

    rise: float = 0.05
    fall: float | None = None
    window: int = 10
    models: tuple[str, ...] = ("gru",)
    units: int = 32
    epochs: int = 15
    batch_size: int = 512
    learning_rate: float = 2e-3
    folds: int = 3
    validate_from: str | None = None
    test_from: str | None = None
    holdings: int = 5
    cost: float = 0.0015
    repeats: int = 300
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.rise < 1:
            raise SettingsError(f"the rise must lie between 0 % and 100 %, but it is {self.rise}.")
        if self.fall is not None and not self.fall < self.rise:
            raise SettingsError(f"the fall {self.fall} must be below the rise {self.rise}.")
        if self.window < 1 or self.folds < 1 or self.epochs < 1:
            raise SettingsError("window, folds and epochs must be at least 1.")
        wrong = [name for name in self.models if name not in NETWORKS]
        if wrong or not self.models:
            raise SettingsError(
                f"a network must be one of {', '.join(NETWORKS)}, but {wrong or 'none'} came."
            )
        if (self.validate_from is None) != (self.test_from is None):
            raise SettingsError("give the first day of validation and of the test, or neither.")


@dataclass(frozen=True)
class RiseRows:
    """Rows of all tickers, by ticker and then by day.

    Args:
        windows: (rows, window, features) float32, not yet standardised.
        volatility: (rows, 5) logarithms of recent movement, for the baseline that knows only that.
        dates: (rows,) D-0.
        tickers: (rows,) names.
        change: (rows,) the change of the close from D-1 to D-0, NaN where D-0 is to come.
        before: (rows,) the change from D-2 to D-1.
        names: of the features.
    """

    windows: Floats32
    volatility: Floats32
    dates: Dates
    tickers: npt.NDArray[np.object_]
    change: Floats
    before: Floats
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.dates)

    def take(self, rows: Rows | Bools) -> "RiseRows":
        """Give the chosen rows."""
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        return RiseRows(**{n: v if n == "names" else v[rows] for n, v in values.items()})


def features_of(frame: pd.DataFrame) -> tuple[Floats, tuple[str, ...]]:
    """Give what a window holds of each day: (days, features) and the features' names.

    Prices and averages are logarithms, to be scaled by the close of D-1; MACD is in money.
    """
    close = frame["close"]
    logs = np.log(frame[list(PRICES)].to_numpy())
    columns = dict(zip(PRICES, logs.T, strict=True))
    columns |= {f"sma{days}": np.log(sma(close, days).to_numpy()) for days in AVERAGES}
    columns["macd"] = macd(close)["macd"].to_numpy()
    if frame["volume"].gt(0).mean() > 0.5:
        ratio = np.maximum(volume_ratio(frame["volume"]).to_numpy(), 0.05)
        columns["volume"] = np.clip(np.log(ratio), -3, 3)
    return np.column_stack(list(columns.values())), tuple(columns)


def _volatility(frame: pd.DataFrame) -> Floats:
    """Give logarithms of recent movement: closes, weighted; high over low, 1, 5, 20, 60 days."""
    logs = np.log(frame[["close", "high", "low"]].to_numpy())
    change = pd.Series(np.diff(logs[:, 0], prepend=np.nan) ** 2)
    spread = pd.Series((logs[:, 1] - logs[:, 2]) ** 2 / (4 * np.log(2)))
    measures = [change.ewm(alpha=0.06, min_periods=20).mean(), spread]
    measures += [spread.rolling(days).mean() for days in (5, 20, 60)]
    variances: Floats = np.maximum(np.column_stack(measures), 1e-8)
    return np.asarray(np.log(variances) / 2)


def rows_of(market: Market, window: int = 10, *, newest: bool = False) -> RiseRows:
    """Cut the prices of all tickers into rows. Days without full features give none.

    A window that stretches over many more trading days than it holds (a long halt) gives no row:
    what is purged between the sides of a split would not cover it.

    Args:
        market: for each ticker a table with the index `date` and open, high, low, close, volume.
        window: days seen.
        newest: give only the row of each ticker whose D-0 is the day after its last.

    Raises:
        DataError: no ticker has a row.
    """
    calendar = np.unique(np.concatenate([f.index.to_numpy() for f in market.values()]))
    with_volume = all(f["volume"].gt(0).mean() > 0.5 for f in market.values())
    parts = [
        _rows_of_one(ticker, frame, window, calendar, with_volume, newest)
        for ticker, frame in market.items()
    ]
    full = [part for part in parts if len(part)]
    if not full:
        needed = max(AVERAGES) + window
        raise DataError(
            f"a row needs {needed} days of prices before it, but the longest history of "
            f"{len(market)} tickers has {max(map(len, market.values()))} days. "
            "Give a longer history."
        )
    values = {
        f.name: np.concatenate([getattr(part, f.name) for part in full])
        for f in dataclasses.fields(RiseRows)
        if f.name != "names"
    }
    return RiseRows(**values, names=full[0].names)


def _rows_of_one(
    ticker: str,
    frame: pd.DataFrame,
    window: int,
    calendar: npt.NDArray[Any],
    with_volume: bool,
    newest: bool,
) -> RiseRows:
    days, names = features_of(frame if with_volume else frame.assign(volume=0.0))
    moved = _volatility(frame)
    close = frame["close"].to_numpy()
    # row r sees the days r .. r + window - 1, the last of them D-1
    last = np.arange(window - 1, len(close) if newest else len(close) - 1)
    if newest:
        last = last[-1:]
    place = np.searchsorted(calendar, frame.index.to_numpy())
    target = np.append(place[1:], place[-1] + 1)[last]
    together = target - place[last - window + 1] <= window + EMBARGO
    whole = np.isfinite(days).all(axis=1) & np.isfinite(moved).all(axis=1)
    missing = np.append(0, np.cumsum(~whole))
    last = last[together & (missing[last + 1] == missing[last - window + 1])]
    seen = days[last[:, None] + np.arange(1 - window, 1)]
    anchor = np.log(close[last])[:, None, None]
    relative = len(PRICES) + len(AVERAGES)
    seen[..., :relative] -= anchor
    seen[..., relative] /= np.exp(anchor[..., 0])
    unit = np.exp(moved[last, 0])[:, None, None]
    seen[..., : relative + 1] = np.clip(seen[..., : relative + 1] / unit, -20, 20)
    dates = frame.index.to_numpy().astype("datetime64[D]")
    after = np.append(dates[1:], np.busday_offset(dates[-1:], 1, roll="forward"))
    change = np.append(close[1:] / close[:-1] - 1, np.nan)
    before = np.append(np.nan, change[:-1])
    return RiseRows(
        seen.astype(np.float32),
        moved[last].astype(np.float32),
        after[last],
        np.full(len(last), ticker, object),
        change[last],
        before[last],
        names,
    )


# --- networks: (batch, timesteps, features) to one probability ------------------------------------


def _recurrent(layer: Any) -> Callable[[int], list[Any]]:
    return lambda units: [layer(units, name="hidden")]


def _conv1d(units: int) -> list[Any]:
    convolution = layers.Conv1D(units, 3, padding="causal", activation="relu", name="hidden")
    convolution.supports_masking = True  # it looks back alone, and the padding comes after
    return [convolution, MaskedMaxMeanPooling1D()]


NETWORKS: dict[str, Callable[[int], list[Any]]] = {
    "simple-rnn": _recurrent(SimpleRNN),
    "lstm": _recurrent(LSTM),
    "gru": _recurrent(GRU),
    "conv1d": _conv1d,
    # sees one day alone, D-1: it is given windows of one day
    "one-to-one": lambda units: [
        MaskedMaxMeanPooling1D(),
        layers.Dense(units, activation="relu", name="hidden"),
    ],
}


def build(name: str, features: int, units: int) -> Any:
    """Give a fresh network. It begins by saying what the rule `volatility` says.

    Two features stand behind those of the windows: the rule's answer, as log-odds, and 1 on every
    day that is there. The padding is 0 throughout: the mask is read off it, so no value of any
    other feature means "not there".
    """
    inputs = keras.Input((None, features + 2))
    hidden = seen = layers.Masking(0.0)(inputs)
    for layer in NETWORKS[name](units):
        hidden = layer(hidden)
    # it is the same on every day of a window: its mean over them, the second half, is itself
    mean = MaskedMaxMeanPooling1D(name="rule")(seen)[:, features + 2 :]
    rule = mean[:, features : features + 1]
    added = layers.Dense(1, kernel_initializer="zeros", name="added")(hidden)
    out = layers.Activation("sigmoid")(layers.add([rule, added]))
    return keras.Model(inputs, out, name=name.replace("-", "_"))


@dataclass(frozen=True)
class Standard:
    """Mean and deviation of each feature over the training windows."""

    mean: Floats32
    deviation: Floats32

    @classmethod
    def fit(cls, windows: Floats32) -> "Standard":
        """Read them off."""
        flat = windows.reshape(-1, windows.shape[-1])
        return cls(flat.mean(axis=0), np.maximum(flat.std(axis=0), 1e-6))

    def __call__(self, windows: Floats32) -> Floats32:
        """Standardise; what lies beyond eight deviations is cut off there."""
        scaled: Floats32 = np.clip((windows - self.mean) / self.deviation, -8, 8)
        return scaled.astype(np.float32)


@dataclass(frozen=True)
class VolatilityRule:
    """The log-odds of a rise from recent movement alone, up and down alike.

    Squares and products are there because the chance of passing a bar is not straight in the
    logarithm of the volatility.
    """

    mean: Floats
    deviation: Floats
    weights: Floats
    bias: float

    @classmethod
    def fit(cls, volatility: Floats32, truth: Bools) -> "VolatilityRule":
        """Fit a logistic regression."""
        mean = volatility.mean(axis=0, dtype=np.float64)
        deviation = np.maximum(volatility.std(axis=0, dtype=np.float64), 1e-6)
        rule = cls(mean, deviation, np.empty(0), 0.0)
        model = LogisticRegression(C=1.0, max_iter=500).fit(rule._terms(volatility), truth)
        return cls(mean, deviation, model.coef_[0], float(model.intercept_[0]))

    def _terms(self, volatility: Floats32) -> Floats:
        z = np.clip((volatility.astype(np.float64) - self.mean) / self.deviation, -4, 4)
        left, right = np.triu_indices(z.shape[1])
        terms: Floats = np.hstack([z, z[:, left] * z[:, right]])
        return terms

    def log_odds(self, volatility: Floats32) -> Floats:
        """Give the log-odds of each row."""
        odds: Floats = self._terms(volatility) @ self.weights + self.bias
        return odds

    def to_json(self) -> dict[str, Any]:
        """Give plain lists."""
        return {k: np.asarray(v).tolist() for k, v in vars(self).items()}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "VolatilityRule":
        """Read what `to_json` gave."""
        arrays = {k: np.asarray(content[k], float) for k in ("mean", "deviation", "weights")}
        return cls(**arrays, bias=float(content["bias"]))


def sequences_of(windows: Floats32, rule: Floats, model: str) -> Ragged:
    """Lay windows end to end, with the rule's answer, each day marked as there.

    `one-to-one` gets the last day alone.
    """
    seen = windows[:, -1:] if model == "one-to-one" else windows
    rows, days, features = seen.shape
    table = np.ones((rows * days + 1, features + 2), np.float32)
    table[0] = 0
    table[1:, :features] = seen.reshape(-1, features)
    table[1:, features] = np.repeat(rule, days)
    codes = np.arange(1, rows * days + 1, dtype=np.int32)
    return Ragged(codes, np.arange(0, rows * days + 1, days, dtype=np.int64), table)


# --- baselines -----------------------------------------------------------------------------------

RULES = ("always no", "base rate", "previous day rose", "volatility")
LEARNERS = ("logistic regression", "gradient boosting")


def _baseline(
    name: str, rows: RiseRows, truth: Bools, windows: Floats32, rule: Floats, side: Split
) -> Floats:
    """Fit a baseline on training and validation rows; give the probabilities of the test rows."""
    fitted, test = side.fitted_on, side.test
    rate = float(truth[fitted].mean())
    if name in ("always no", "base rate"):
        return np.full(len(test), rate if name == "base rate" else 0.0)
    if name == "previous day rose":
        rose = rows.before > 0
        after = [_share(truth[fitted][rose[fitted] == b], rate) for b in (False, True)]
        return np.where(rose[test], after[1], after[0])
    if name == "volatility":
        refitted = VolatilityRule.fit(rows.volatility[fitted], truth[fitted])
        odds = refitted.log_odds(rows.volatility[test])
        return np.asarray(1 / (1 + np.exp(-odds)), float)
    model: Any
    if name == "logistic regression":
        # nearly the same prices stand in each window many times: a small C keeps it sober
        model = LogisticRegression(C=0.01, max_iter=200)
    else:
        model = HistGradientBoostingClassifier(
            max_iter=60,
            learning_rate=0.06,
            max_leaf_nodes=8,
            min_samples_leaf=200,
            l2_regularization=10.0,
            max_bins=64,
            random_state=0,
        )
    seen = np.column_stack([windows.reshape(len(windows), -1), rule])
    model.fit(seen[fitted], truth[fitted])
    scores: Floats = model.predict_proba(seen[test])[:, 1].astype(float)
    return scores


def _share(truth: Bools, otherwise: float) -> float:
    return float(truth.mean()) if len(truth) else otherwise


# --- trading, simulated --------------------------------------------------------------------------


def hold_best(
    scores: Floats,
    change: Floats,
    dates: Dates,
    tickers: npt.NDArray[np.object_],
    *,
    threshold: float,
    holdings: int,
    cost: float,
) -> dict[str, Any]:
    """Simulate holding, each day, the tickers of the highest scores that reach the threshold.

    They are bought at the close of D-1 in equal parts and held to the close of D-0; what changes
    from one day to the next is traded, and each trade costs `cost` of its worth. It is a
    simulation: nobody pays exactly the close, and no order moves these prices.

    Example:
        >>> day = np.array(["2024-01-02", "2024-01-03"], "datetime64[D]")
        >>> found = hold_best(
        ...     np.array([0.9, 0.1]), np.array([0.1, 0.1]), day, np.array(["A", "A"], object),
        ...     threshold=0.5, holdings=1, cost=0.01,
        ... )
        >>> round(found["total"], 4), found["days_invested"]
        (0.0781, 1)
    """
    table = pd.DataFrame({"date": dates, "ticker": tickers, "score": scores, "change": change})
    wide = table.pivot_table(index="date", columns="ticker", values="score")
    moves = table.pivot_table(index="date", columns="ticker", values="change")
    ranks = wide.rank(axis=1, ascending=False, method="first")
    held = ((ranks <= holdings) & (wide >= threshold)).to_numpy()
    parts = held / np.maximum(held.sum(axis=1, keepdims=True), 1)
    traded = np.abs(np.diff(parts, axis=0, prepend=np.zeros((1, parts.shape[1])))).sum(axis=1)
    gross = (parts * moves.fillna(0.0).to_numpy()).sum(axis=1)
    net = (1 + gross) * (1 - cost * traded) - 1
    worth = np.cumprod(1 + net)
    everything = np.cumprod(1 + table.groupby("date")["change"].mean().to_numpy())
    peak = np.maximum.accumulate(np.append(1.0, worth))
    return {
        "note": "a simulation on past prices, long only",
        "total": float(worth[-1] - 1),
        "drawdown": float((1 - np.append(1.0, worth) / peak).max()),
        "all_tickers_total": float(everything[-1] - 1),
        "days_invested": int(held.any(axis=1).sum()),
        "days": len(wide),
        "cost": cost,
        "worth": worth.round(6).tolist(),
    }


# --- the report ----------------------------------------------------------------------------------


class RiseReport(Report):
    """The report of a run: what every report says, and every model tried.

    `edge` asks whether anything tried beats the best rule that knows no direction; `networks`
    asks whether a network beats the best baseline of all, and is the verdict.
    """

    settings: dict[str, Any]
    base_rate: float
    measures: dict[str, dict[str, float]]
    edge: Contest
    networks: Contest
    simulation: dict[str, Any]
    answer: str


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
        """Score the day after the last of each ticker.

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
            if len(frame) < WARM_UP:
                raise DataError(
                    f"{ticker} must have {WARM_UP} days of prices, so that averages are those of "
                    f"the training, but it has {len(frame)} up to {day}. Give a longer history."
                )
            late = (pd.Timestamp(day) - frame.index[-1]).days
            if late > 5 and not allow_stale:
                raise DataError(
                    f"prices must reach the day before the one asked about, but {ticker} ends on "
                    f"{frame.index[-1].date()}, {late} days before {day}. Update it, ask "
                    f"--as-of {frame.index[-1].date()}, or give --allow-stale."
                )
        rows = rows_of(known, self.settings.window, newest=True)
        scores = self.scores(rows)
        return pd.DataFrame(
            {
                "ticker": rows.tickers,
                "for": rows.dates.astype(str),
                "seen to": [str(known[t].index[-1].date()) for t in rows.tickers],
                "probability": scores,
                "base rate": self.base_rate,
                "called": scores >= self.threshold,
            }
        )

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


@dataclass
class _Network:
    """A network refitted in every fold: its test scores, and what its last fold needs to serve."""

    scores: Floats
    weights: Weights
    histories: list[History]
    threshold: float
    validation_loss: float
    seconds: float


def train_rise(
    market: Market,
    settings: RiseSettings,
    folder: RunFolder,
    *,
    source: str,
    notes: Sequence[str] = (),
    stage: Callable[[str], None] = lambda text: None,
    notify: Notify | None = None,
) -> RiseReport:
    """Cut, split, train, judge, write the run folder."""
    # 1. rows and labels
    stage("features")
    rows = rows_of(market, settings.window)
    kept = np.isfinite(rows.change)
    if settings.fall is not None:
        kept &= (rows.change >= settings.rise) | (rows.change <= settings.fall)
    rows = rows.take(kept)
    truth = rows.change >= settings.rise

    # 2. splits by date; every fold is fitted anew
    splits = _splits(rows.dates, settings)
    for split, _ in splits:
        _needs_rises(truth, rows.dates, split, settings)
    sides = [split for split, _ in splits]
    standard = Standard.fit(rows.windows[sides[0].train])  # the earliest days serve all folds
    windows = standard(rows.windows)
    first = sides[0].train
    volatility = VolatilityRule.fit(rows.volatility[first], truth[first])
    rule = volatility.log_odds(rows.volatility)
    test = np.concatenate([side.test for side in sides])

    # 3. networks and baselines, on the same rows
    base_rate = float(truth[sides[0].train].mean())
    networks = {}
    for name in settings.models:
        stage(f"training {name}")
        networks[name] = _train_network(name, windows, rule, truth, sides, settings, folder, notify)
    scores = {name: network.scores for name, network in networks.items()}
    baselines: dict[str, Floats] = {}
    for name in (*RULES, *LEARNERS):
        stage(f"baseline: {name}")
        baselines[name] = np.concatenate(
            [_baseline(name, rows, truth, windows, rule, side) for side in sides]
        )

    # 4. judge
    stage("verdict")
    chosen = min(networks, key=lambda name: networks[name].validation_loss)
    report, table = _judge(
        rows,
        truth,
        test,
        sides,
        splits,
        scores,
        baselines,
        networks,
        chosen,
        settings,
        source,
        notes,
        market,
    )
    network = networks[chosen]
    model = RiseModel(
        chosen,
        settings,
        rows.names,
        standard,
        volatility,
        network.weights,
        base_rate,
        network.threshold,
        str(rows.dates[sides[-1].train].max()),
        source,
    )

    def write(place: Path) -> None:
        model.save(place / "model", _card(report))
        _history(networks).to_csv(place / "history.csv", index=False)
        table.to_csv(place / "predictions.csv", index=False)
        _sides(rows, sides).to_csv(place / "split.csv", index=False)
        (place / "report.html").write_text(_page(report, table), "utf-8")
        (place / "report.json").write_text(report.to_json(), "utf-8")

    folder.finish(write)
    return report


def _splits(dates: Dates, settings: RiseSettings) -> list[tuple[Split, int]]:
    window = settings.window
    if settings.validate_from is None or settings.test_from is None:
        return walk_forward(dates, settings.folds, window=window, embargo=EMBARGO)
    first, second = np.datetime64(settings.validate_from), np.datetime64(settings.test_from)
    return [dated_split(dates, first, second, window=window, embargo=EMBARGO)]


def _needs_rises(truth: Bools, dates: Dates, split: Split, settings: RiseSettings) -> None:
    sides = {"training": split.train, "validation": split.validation, "test": split.test}
    for name, rows in sides.items():
        if truth[rows].all() or not truth[rows].any():
            raise DataError(
                f"every side must hold days that rise by {settings.rise:.2%} and days that do not, "
                f"but of the {len(rows):,} {name} rows from {dates[rows].min()} to "
                f"{dates[rows].max()} {truth[rows].sum():,} rise. Give more tickers, a longer "
                "history, a smaller --rise or fewer --folds."
            )


def _train_network(
    name: str,
    windows: Floats32,
    rule: Floats,
    truth: Bools,
    sides: Sequence[Split],
    settings: RiseSettings,
    folder: RunFolder,
    notify: Notify | None,
) -> _Network:
    began = time.perf_counter()
    sequences = sequences_of(windows, rule, name)
    example = Example(sequences, truth.astype(np.float32), np.ones(len(truth), np.float32))
    plan = Plan(
        epochs=settings.epochs,
        patience=3,
        batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        seed=settings.seed,
    )
    digest = hashlib.sha256(json.dumps(dataclasses.asdict(settings), sort_keys=True).encode())
    for array in (windows, rule, truth, *(side.fitted_on for side in sides)):
        digest.update(np.ascontiguousarray(array).tobytes())

    def make() -> Any:
        return build(name, windows.shape[-1], settings.units)

    trained = train(
        make,
        example,
        [(side.train, side.validation) for side in sides],
        plan,
        checkpoints=folder.checkpoints / f"network-{name}",
        fingerprint=digest.hexdigest(),
        notify=notify,
    )
    network = make()
    scores, held_out = [], []
    for (weights, _), side in zip(trained, sides, strict=True):
        for variable, value in zip(network.weights, weights.values(), strict=True):
            variable.assign(value)
        scores.append(predict(network, sequences.take(side.test)))
        held_out.append(predict(network, sequences.take(side.validation)))
    weights = dict(zip([v.path for v in network.weights], trained[-1][0].values(), strict=True))
    validation = truth[np.concatenate([side.validation for side in sides])]
    return _Network(
        np.concatenate(scores),
        weights,
        [history for _, history in trained],
        best_threshold(validation, np.concatenate(held_out)),
        float(np.mean([min(r["validation_loss"] for r in h.rows) for _, h in trained])),
        time.perf_counter() - began,
    )


def _judge(
    rows: RiseRows,
    truth: Bools,
    test: Rows,
    sides: Sequence[Split],
    splits: Sequence[tuple[Split, int]],
    scores: Mapping[str, Floats],
    baselines: Mapping[str, Floats],
    networks: Mapping[str, _Network],
    chosen: str,
    settings: RiseSettings,
    source: str,
    notes: Sequence[str],
    market: Market,
) -> tuple[RiseReport, pd.DataFrame]:
    happened, dates = truth[test], rows.dates[test]
    bootstrap = DayBootstrap(dates, max(settings.window, 10), settings.repeats, settings.seed)
    learners = {name: baselines[name] for name in LEARNERS}
    rules = {name: baselines[name] for name in RULES}
    edge = contest(happened, {**scores, **learners}, rules, bootstrap)
    against = contest(happened, scores, baselines, bootstrap)
    thresholds = {name: network.threshold for name, network in networks.items()}
    thresholds |= dict.fromkeys(baselines, 0.5)
    everything = {**scores, **baselines}
    measures = {
        name: _measures(happened, s, dates, thresholds[name], baselines["base rate"], settings)
        for name, s in everything.items()
    }
    answer = answer_of(edge, against, settings)
    network = networks[chosen]
    shown = build(chosen, len(rows.names), settings.units)
    described = [LayerInfo(**vars(layer)) for layer in layer_table(shown)]
    histories = network.histories
    classes = {"no rise": int((~truth).sum()), "rise": int(truth.sum())}
    report = RiseReport(
        recipe="stock-rise",
        data=DataInfo(
            source=source,
            sha256=_sha256(market),
            rows=len(rows),
            classes=classes,
            positive="rise",
            duplicates_grouped=0,
            notes=list(notes),
        ),
        split=SplitInfo(
            kind=f"by day, {len(sides)} fits walking forward, purged by {settings.window} days, "
            f"embargo {EMBARGO}",
            seed=settings.seed,
            train=len(sides[-1].train),
            validation=len(sides[-1].validation),
            test=len(test),
            purged=sum(purged for _, purged in splits),
        ),
        model=ModelInfo(
            architecture=chosen,
            members=1,
            vocabulary=0,
            parameters=sum(layer.parameters for layer in described),
            layers=described,
        ),
        training=TrainingInfo(
            epochs_run=len(histories[-1].rows),
            best_epoch=histories[-1].best_epoch,
            seconds=round(sum(n.seconds for n in networks.values()), 2),
            curve=histories[-1].sentence(),
            members=[
                MemberInfo(epochs_run=len(h.rows), best_epoch=h.best_epoch) for h in histories
            ],
        ),
        test=judge(happened, scores[chosen], network.threshold, bootstrap),  # type: ignore[arg-type]
        baselines=[
            BaselineResult(
                name=name,
                rows=len(sides[-1].fitted_on),
                test=judge(happened, baselines[name], 0.5, bootstrap),  # type: ignore[arg-type]
            )
            for name in baselines
        ],
        leaks=[_probe(rows, sides, settings)],
        verdict=Verdict(
            better_than_best_baseline=against.better,
            baseline=against.rival,
            difference=against.gain,
            interval=against.interval,
            sentence=answer,
        ),
        settings=json.loads(json.dumps(dataclasses.asdict(settings))),
        base_rate=float(happened.mean()),
        measures=measures,
        edge=edge,
        networks=against,
        simulation=hold_best(
            scores[chosen],
            rows.change[test],
            dates,
            rows.tickers[test],
            threshold=network.threshold,
            holdings=settings.holdings,
            cost=settings.cost,
        ),
        answer=answer,
    )
    ids = [f"{t} {d}" for t, d in zip(rows.tickers[test], dates, strict=True)]
    table = pd.DataFrame({"id": ids, "truth": happened.astype(int), "score": scores[chosen]})
    for name, values in everything.items():
        table[name] = values
    return report, table


def _measures(
    truth: Bools, scores: Floats, dates: Dates, threshold: float, base: Floats, s: RiseSettings
) -> dict[str, float]:
    found = measure(truth, scores, threshold)
    return {
        "pr_auc": found["pr_auc"],
        "roc_auc": found["roc_auc"],
        "brier_skill": brier_skill(truth, scores, base),
        f"precision_at_{s.holdings}": precision_at(truth, scores, dates, s.holdings),
        "ece": found["ece"],
        "accuracy": measure(truth, scores, 0.5)["accuracy"],
        "accuracy_of_base_rate": float(max(truth.mean(), 1 - truth.mean())),
    }


def answer_of(edge: Contest, networks: Contest, settings: RiseSettings) -> str:
    """Say in words what the two contests found."""
    tried = f"best of {edge.tried} models tried: {edge.best}"
    figures = (
        f"Brier score {edge.gain:+.2%} [{edge.interval[0]:+.2%}, {edge.interval[1]:+.2%}] better, "
        f"p = {edge.p_value:.3f} after correction"
    )
    if edge.better != "yes":
        return (
            f"No evidence that a rise of {settings.rise:.2%} can be foreseen beyond what "
            f"{edge.rival} tells ({tried}; {figures})."
        )
    found = (
        f"Evidence that a rise of {settings.rise:.2%} can be foreseen beyond what {edge.rival} "
        f"tells ({tried}; {figures}). "
    )
    if networks.better == "yes":
        return found + f"The network {networks.best} is better than every baseline."
    return found + f"No network is shown to be better than {networks.rival}: use that."


def _probe(rows: RiseRows, sides: Sequence[Split], settings: RiseSettings) -> Probe:
    gaps = []
    calendar = np.unique(rows.dates)
    for side in sides:
        end = np.searchsorted(calendar, rows.dates[side.fitted_on].max())
        gaps.append(int(np.searchsorted(calendar, rows.dates[side.test].min()) - end))
    passed = min(gaps) > settings.window
    return Probe(
        probe="days on both sides",
        passed=passed,
        detail=f"{min(gaps)} trading days lie between the last day fitted on and the first test "
        f"day; a window looks back on {settings.window}.",
    )


def _sha256(market: Market) -> str:
    digest = hashlib.sha256()
    for ticker in sorted(market):
        frame = market[ticker]
        digest.update(ticker.encode())
        digest.update(frame.index.to_numpy().astype("datetime64[D]").tobytes())
        digest.update(np.ascontiguousarray(frame.to_numpy(dtype=float)).tobytes())
    return digest.hexdigest()


def _history(networks: Mapping[str, _Network]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"network": name, "fold": fold + 1, **row}
            for name, network in networks.items()
            for fold, history in enumerate(network.histories)
            for row in history.rows
        ]
    )


def _sides(rows: RiseRows, sides: Sequence[Split]) -> pd.DataFrame:
    parts = [
        pd.DataFrame(
            {
                "id": rows.tickers[r] + " " + rows.dates[r].astype(str).astype(object),
                "fold": fold + 1,
                "side": name,
            }
        )
        for fold, side in enumerate(sides)
        for name, r in (("train", side.train), ("validation", side.validation), ("test", side.test))
    ]
    return pd.concat(parts)


def _card(report: RiseReport) -> str:
    return (
        f"# stock-rise: {report.model.architecture}\n\n{report.answer}\n\n"
        f"Trained on {report.data.source}. No advice to buy or sell anything.\n"
    )


def _page(report: RiseReport, table: pd.DataFrame) -> str:
    from recurra.evaluation.page import render_rise

    truth = table["truth"].to_numpy().astype(bool)
    curves = {
        name: calibration_bins(truth, table[name].to_numpy())
        for name in dict.fromkeys([report.networks.best, report.edge.best, report.edge.rival])
    }
    return render_rise(report, curves)
