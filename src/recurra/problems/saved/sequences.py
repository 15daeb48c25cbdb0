"""Saved models of numeric sequences: the network of a run, or the baseline beside it."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recurra.answers.gradients import integrated_gradients
from recurra.answers.stretches import Stretches, stretches_of, summed
from recurra.arrays import Floats
from recurra.errors import BundleError, SettingsError
from recurra.problems.kept import classes_of, kept_model
from recurra.problems.new_rows import same_channels
from recurra.sequences import Ragged

if TYPE_CHECKING:
    from recurra.data.sequences import LabelledSequences
    from recurra.judging.said import Said

__all__ = ["KINDS", "AskedSequences", "explained_by", "means_of", "saved_sequences"]

KINDS = {
    "SequenceClassifier": "recurra.runtime:SavedClassifier",
    "Constant": "recurra.baselines.classes:Constant",
    "LinearSequences": "recurra.baselines.sequences:LinearSequences",
    "NearestSequence": "recurra.baselines.sequences:NearestSequence",
}


def means_of(model: Any, name: str) -> Floats:
    """Give the mean of each channel over the rows that a model was trained on.

    Raises:
        BundleError: it reads no channels.
    """
    encoder = getattr(model, "encoder_", None) or getattr(model, "encoder", None)
    if encoder is None:
        raise BundleError(f"what reads nothing of a sequence cannot be explained: {name}.")
    return np.asarray(encoder.mean, float).ravel()


def explained_by(
    by: str, model: Any, name: str, score: Callable[[Ragged], Floats], steps: Floats,
    column: int, factor: float,
) -> Stretches:  # fmt: skip
    """Say which stretches of a sequence moved a score.

    Args:
        by: "occlusion", or "gradients" of a network.
        model: that answers.
        name: of it, for people.
        score: from sequences to their scores, (sequences,).
        steps: (steps, channels).
        column: of the network's output that the score is made of.
        factor: how far the score moves with that output.

    Raises:
        BundleError: the model reads nothing.
        SettingsError: gradients are asked for of what is no network.
    """
    means = means_of(model, name)
    if by == "occlusion":
        return stretches_of(score, steps, means)
    if not hasattr(model, "networks"):
        raise SettingsError(
            f"integrated gradients are of networks, but {name} is none. Take --by occlusion."
        )
    if getattr(model, "start_", None) is not None:
        raise SettingsError(
            f"integrated gradients are of networks alone, but {name} is weighed with a linear "
            "model that has no slope. Take --by occlusion."
        )
    adds = factor * integrated_gradients(model.networks, model.encoder_, steps, column)
    whole, nothing = score(Ragged.of_numbers([steps, np.zeros(steps.shape) + means])).tolist()
    return summed(whole, nothing, adds)


class AskedSequences:
    """A saved model of numeric sequences, whichever it is.

    Args:
        name: by which tables call it.
        names: of the classes.
        positive: the number of the one to find, of two.
        channels: the names of the numbers of a step.
        model: what says something of sequences.
    """

    def __init__(
        self,
        name: str,
        names: tuple[str, ...],
        positive: int | None,
        channels: tuple[str, ...],
        model: Any,
    ) -> None:
        self.name, self.names, self.positive = name, names, positive
        self.channels, self.model = channels, model

    def say(self, rows: "LabelledSequences") -> "Said":
        """Give probabilities and decisions.

        Raises:
            DataError: the sequences have other channels than those trained on.
        """
        same_channels(rows, self.channels)
        said: Said = self.model.say(rows.sequences)
        return said

    def explain(self, steps: Floats, by: str = "occlusion") -> tuple[str, Stretches]:
        """Give the class decided for, and which stretches of a sequence moved its probability.

        Args:
            steps: (steps, channels).
            by: "occlusion", or "gradients" of a network.

        Raises:
            BundleError: the model reads nothing.
            SettingsError: gradients are asked for of what is no network.
        """
        model, name = self.model, self.name
        place = int(model.say(Ragged.of_numbers([steps])).decided[0])

        def score(rows: Ragged) -> Floats:
            shares: Floats = model.say(rows).probabilities[:, place]
            return shares

        column, factor = place, 1.0
        if len(self.names) == 2 and hasattr(model, "networks"):  # one output, of the positive one
            column, factor = 0, 1.0 if place == model.positive_index else -1.0
        return self.names[place], explained_by(by, model, name, score, steps, column, factor)

    def answer(self, rows: "LabelledSequences") -> list[dict[str, Any]]:
        """Give for each sequence its class, how probable that is, and every class's probability."""
        told = self.told(self.say(rows))
        return [{"id": str(name), **found} for name, found in zip(rows.ids, told, strict=True)]

    def told(self, said: "Said") -> list[dict[str, Any]]:
        """Give the answers, where probabilities and decisions are at hand."""
        return [
            {
                "label": self.names[number],
                "score": float(shares[number]),
                "probabilities": dict(zip(self.names, shares.tolist(), strict=True)),
            }
            for shares, number in zip(said.probabilities, said.decided, strict=True)
        ]


def saved_sequences(run: str | Path, with_: str | None = None) -> AskedSequences:
    """Read a saved model of numeric sequences: the network, or the baseline beside it.

    Args:
        run: a run folder, or the model folder in it.
        with_: the name of the baseline; None: the network.

    Raises:
        BundleError: what is saved there reads no numeric sequences, or is damaged.
        SettingsError: no such model is saved there.
    """
    kept = kept_model(run, with_)
    if not kept.facts.channels:
        raise BundleError(f"{kept.folder} holds a {kept.what} that does not read sequences.")
    names, positive = classes_of(kept)
    if kept.kind == "SequenceClassifier" and kept.facts.settings.get("positive") is None:
        positive = None
    model = kept.open(KINDS, "read sequences")
    return AskedSequences(kept.name, names, positive, tuple(kept.facts.channels), model)
