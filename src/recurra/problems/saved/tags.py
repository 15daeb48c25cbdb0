"""Saved taggers: the network of a run, or the baseline beside it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from recurra.problems.kept import kept_model

__all__ = ["KINDS", "AskedTagger", "saved_tagger"]

Sentences = list[list[str]]
KINDS = {
    "SequenceTagger": "recurra.runtime:SavedTagger",
    "FrequentTags": "recurra.baselines.tagging:FrequentTags",
    "LinearTags": "recurra.baselines.tagging:LinearTags",
}


class AskedTagger:
    """A saved tagger, whichever it is.

    Args:
        name: by which tables call it.
        model: what says tags of words.
    """

    def __init__(self, name: str, model: Any) -> None:
        self.name, self.model = name, model

    def say(self, words: Sentences) -> Sentences:
        """Give a tag for every word; of no words there are none."""
        filled = [row for row in words if row]
        said = iter(self.model.say(filled) if filled else [])
        return [next(said) if row else [] for row in words]

    def answer(self, texts: Sequence[str]) -> list[list[dict[str, str]]]:
        """Give for each text, its words separated by spaces, every word with its tag."""
        words = [text.split() for text in texts]
        return self.told(words, self.say(words))

    def told(self, words: Sentences, tags: Sentences) -> list[list[dict[str, str]]]:
        """Give the answers, where the tags are at hand."""
        return [
            [{"word": word, "tag": tag} for word, tag in zip(row, said, strict=True)]
            for row, said in zip(words, tags, strict=True)
        ]


def saved_tagger(run: str | Path, with_: str | None = None) -> AskedTagger:
    """Read a saved tagger: the network, or the baseline beside it.

    Args:
        run: a run folder, or the model folder in it.
        with_: the name of the baseline; None: the network.

    Raises:
        BundleError: there is no tagger.
        SettingsError: no such model is saved there.
    """
    kept = kept_model(run, with_)
    return AskedTagger(kept.name, kept.open(KINDS, "tag words"))
