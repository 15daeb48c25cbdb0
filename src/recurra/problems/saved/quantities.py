"""Saved models that say a number of numeric sequences: the network of a run, or the baseline."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from recurra.answers.stretches import Stretches
from recurra.arrays import Floats
from recurra.errors import BundleError
from recurra.problems.kept import kept_model
from recurra.problems.new_rows import same_channels
from recurra.problems.saved.sequences import explained_by

if TYPE_CHECKING:
    from recurra.data.sequences import LabelledSequences

__all__ = ["KINDS", "AskedQuantities", "saved_quantities"]

KINDS = {
    "SequenceRegressor": "recurra.runtime:SavedRegressor",
    "QuantityBaseline": "recurra.baselines.quantities:QuantityBaseline",
}


class AskedQuantities:
    """A saved model that says a number of sequences, whichever it is.

    Args:
        name: by which tables call it.
        target: what the number is called.
        channels: the names of the numbers of a step.
        model: what says something of sequences.
    """

    def __init__(self, name: str, target: str, channels: tuple[str, ...], model: Any) -> None:
        self.name, self.target, self.channels, self.model = name, target, channels, model

    def say(self, rows: "LabelledSequences") -> Floats:
        """Give the number of each sequence.

        Raises:
            DataError: the sequences have other channels than those trained on.
        """
        same_channels(rows, self.channels)
        said: Floats = self.model.say(rows.sequences)
        return said

    def explain(self, steps: Floats, by: str = "occlusion") -> tuple[str, Stretches]:
        """Give what the number is called, and which stretches of a sequence moved it.

        Args:
            steps: (steps, channels).
            by: "occlusion", or "gradients" of a network.

        Raises:
            BundleError: the model reads nothing.
            SettingsError: gradients are asked for of what is no network.
        """
        factor = float(getattr(self.model, "target_scale_", [1.0])[0])
        say = self.model.say
        return self.target, explained_by(by, self.model, self.name, say, steps, 0, factor)

    def answer(self, rows: "LabelledSequences") -> list[dict[str, Any]]:
        """Give the number of each sequence, by the name of what it is."""
        said = self.say(rows)
        return [
            {"id": str(name), self.target: float(number)}
            for name, number in zip(rows.ids, said, strict=True)
        ]


def saved_quantities(run: str | Path, with_: str | None = None) -> AskedQuantities:
    """Read a saved model that says a number of sequences: the network, or the baseline beside it.

    Args:
        run: a run folder, or the model folder in it.
        with_: the name of the baseline; None: the network.

    Raises:
        BundleError: what is saved there says no number of sequences, or is damaged.
        SettingsError: no such model is saved there.
    """
    kept = kept_model(run, with_)
    if not kept.facts.channels:
        raise BundleError(f"{kept.folder} holds a {kept.what} that does not read sequences.")
    model = kept.open(KINDS, "say a number of sequences")
    channels = tuple(kept.facts.channels)
    return AskedQuantities(kept.name, kept.facts.target or "number", channels, model)
