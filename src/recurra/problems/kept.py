"""What a run keeps to be asked again: its network, the best baseline, the rows they were fitted on.

::

    runs/spam/
    ├── model/            the network
    │   └── baseline/     the baseline, by its name: `--with NAME`
    └── split.csv         the side of every row, and what tells it again

Nothing heavy is imported: a wrong folder or name is told before Keras is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from os.path import isdir
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from recurra.arrays import Array, Bools
from recurra.bundle import Facts, found_at, is_bundle, read_bundle, read_facts, restoring
from recurra.errors import BundleError, SettingsError
from recurra.names import listed, near
from recurra.stored import Stored

__all__ = [
    "Asked",
    "Kept",
    "asked_of",
    "beside",
    "classes_of",
    "holds_model",
    "kept_model",
    "rows_seen",
]

Settings = TypeVar("Settings", bound=Stored)

# models in plain words, by their recipe or by what saved them
KINDS = {
    "sequences": "model of sequences of numbers",
    "quantities": "model that tells a number of a sequence",
    "states": "model of the state at every step",
    "SequenceClassifier": "model of texts with a class each",
    "SequenceLabeller": "model of texts with several labels",
    "SequenceRegressor": "model that tells a number of a sequence",
    "SequenceTagger": "model of a tag for every word",
    "SequenceGenerator": "model that writes lines",
    "SequenceTranslator": "model that translates",
    "SequenceForecaster": "model that forecasts a series",
    "SequenceRiser": "model of rising prices",
    "RiseModel": "model of rising prices",
}
KINDS |= {
    "multi-label": KINDS["SequenceLabeller"],
    "tagging": KINDS["SequenceTagger"],
    "generation": KINDS["SequenceGenerator"],
    "translation": KINDS["SequenceTranslator"],
    "forecasting": KINDS["SequenceForecaster"],
    "stock-rise": KINDS["SequenceRiser"],
}


@dataclass(frozen=True)
class Kept:
    """A model that is kept.

    Args:
        folder: of its bundle.
        facts: what is said of it there.
    """

    folder: Path
    facts: Facts

    @property
    def name(self) -> str:
        """By which tables call it."""
        return self.facts.called

    @property
    def kind(self) -> str:
        """What it was saved by."""
        return self.facts.estimator

    @property
    def what(self) -> str:
        """What it is, in plain words: of its recipe, else of the estimator that saved it."""
        if self.kind == "SequenceClassifier" and self.facts.channels:
            return KINDS["sequences"]
        return KINDS.get(str(self.facts.recipe)) or KINDS.get(self.kind, self.kind)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes that it tells apart, or may give."""
        return tuple(map(str, self.facts.classes))

    @property
    def on_all(self) -> bool:
        """Whether it was fitted on all rows of its run, those held out for judging, too."""
        return self.facts.fitted_on == "all rows"

    @property
    def baseline(self) -> "Kept | None":
        """The best baseline, where one is saved beside a network."""
        return _baseline(self.folder)

    def settings(self, kind: type[Settings]) -> Settings:
        """Give some of the settings that it was fitted with.

        Raises:
            BundleError: they are not there, or are no such settings.
        """
        with restoring(self.folder / "config.json"):
            return kind.model_validate(self.facts.settings)

    def open(self, kinds: Mapping[str, str], does: str) -> Any:
        """Read the model.

        Args:
            kinds: for each kind what loads it, as "module:class"; it is imported here.
            does: what such models do, for the message.

        Raises:
            BundleError: it is damaged, or of another kind.
        """
        if self.kind not in kinds:
            raise BundleError(f"{self.folder} holds a {self.what}, which does not {does}.")
        module, name = kinds[self.kind].split(":")
        return getattr(import_module(module), name).load(self.folder)


@dataclass(frozen=True)
class Asked:
    """The models of a run to which new rows are put.

    Args:
        run: the run folder, or the model folder in it.
        network: that is kept there; its settings say what the run was about.
        model: that is judged: the network, or the baseline beside it.
        rival: what the network must beat; None where it is not saved, or is itself judged.
    """

    run: Path
    network: Kept
    model: Kept
    rival: Kept | None

    @property
    def models(self) -> list[Kept]:
        """What is asked: the one that is judged first."""
        return [self.model, *([self.rival] if self.rival else [])]

    @property
    def trained_to(self) -> str | None:
        """The last day or time that any of them was fitted on, None where that is not known."""
        ends = [each.facts.trained_to for each in self.models]
        return None if None in ends else max(map(str, ends))


def kept_model(run: str | Path, with_: str | None = None) -> Kept:
    """Find the network of a run, or the baseline asked for.

    Args:
        run: a run folder, or the model folder in it.
        with_: the name of the baseline; None or the network's own name: the network.

    Raises:
        BundleError: no model is saved there, or it is damaged.
        SettingsError: no such model is saved there.
    """
    run = Path(run)
    if not isdir(found_at(run)):
        raise BundleError(_no_run(run))
    place = _model_folder(run)
    network = _kept(place)
    if with_ is None or with_.casefold() == network.name.casefold():
        return network
    baseline = _baseline(place)
    if baseline is not None and with_.casefold() == baseline.name.casefold():
        return baseline
    there = [each.name for each in (network, baseline) if each]
    raise SettingsError(
        f"--with must name a model that {run} holds, {' or '.join(map(repr, there))}, but it is "
        f"{with_!r}.{near(with_, there)}"
    )


def holds_model(run: str | Path) -> bool:
    """Say whether a folder is a run with a saved model, or such a model's."""
    place = Path(run)  # a text may be no path at all
    return isdir(found_at(place)) and is_bundle(_model_folder(place))


def _no_run(run: Path) -> str:
    beside = sorted(run.parent.iterdir()) if run.parent.is_dir() else []
    runs = [path.name for path in beside if is_bundle(_model_folder(path))]
    here = f" {run.parent} holds {listed(runs)}." if runs else ""
    if run.is_file():
        return f"a run folder is needed, but {run} is a file.{here}"
    return f"a run folder is needed, but {run} is not there.{near(run.name, runs)}{here}"


def asked_of(run: str | Path, with_: str | None = None) -> Asked:
    """Find the models to which new rows are put: one asked for, or the network and its rival.

    Raises:
        BundleError: no model is saved there, or it is damaged.
        SettingsError: no such model is saved there.
    """
    network, model = kept_model(run), kept_model(run, with_)
    rival = _baseline(network.folder) if model.folder == network.folder else None
    return Asked(Path(run), network, model, rival)


def _model_folder(run: Path) -> Path:
    place = found_at(found_at(run) / "model")
    return place if place.is_dir() else run


def _kept(folder: Path) -> Kept:
    try:
        return Kept(folder, read_facts(folder))
    except BundleError:
        read_bundle(folder)  # where a checksum does not match, that is what is wrong
        raise


def _baseline(place: Path) -> Kept | None:
    beside = place / "baseline"
    return _kept(beside) if is_bundle(beside) else None


def classes_of(network: Kept) -> tuple[tuple[str, ...], int | None]:
    """Give the classes that a model tells apart, and of two the number of the one to find."""
    names, positive = network.classes, network.facts.settings.get("positive")
    if len(names) != 2:
        return names, None
    if network.facts.positive in (0, 1):  # a baseline's
        return names, network.facts.positive
    named = names[-1] if positive is None else str(positive)
    if named not in names:
        raise BundleError(
            f"the class to find must be one of {', '.join(names)}, but {network.folder} has "
            f"{named!r}. Copy it again, or train it again."
        )
    return names, names.index(named)


def beside(asked: Asked, name: str) -> Path | None:
    """Give a file of the run that the models are of; None where it is not here."""
    places = (asked.run / name, asked.run.parent / name)
    return next((place for place in places if place.exists()), None)


def rows_seen(asked: Asked, keys: Mapping[str, Array]) -> Bools | None:
    """Say which rows the model was fitted on; None where that is not known.

    Args:
        asked: the models.
        keys: (rows,) numbers that tell rows again, by the name of their column in split.csv.
    """
    path = beside(asked, "split.csv")
    import pandas as pd

    rows = None if path is None else pd.read_csv(path)
    if rows is None or not keys or not set(keys) <= set(rows):
        return None
    if "fold" in rows:  # what is saved was fitted on the last one
        rows = rows[rows["fold"] == rows["fold"].max()]
    fitted = rows[asked.model.on_all | ~rows["side"].isin(["test", "left out"])]
    seen = [np.isin(numbers, fitted[name].to_numpy()) for name, numbers in keys.items()]
    found: Bools = np.any(seen, axis=0)
    return found
