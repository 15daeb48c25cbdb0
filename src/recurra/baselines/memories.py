"""What a network that translates must beat: memories of the translations that are known."""

from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from recurra.arrays import Rows, Texts
from recurra.bundle import Bundle, opened, write_bundle
from recurra.judging.problem import Contender, Sides
from recurra.listeners import Listener
from recurra.stored import Stored, Text

__all__ = ["MostFrequent", "NearestSentence", "Translated", "memories"]

AT_ONCE = 256  # sentences asked: their likeness to all known ones must fit in memory


class Translated(NamedTuple):
    """Sentences and their translations: what a fit may see of them.

    Args:
        sources: (rows,) sentences to read.
        targets: (rows,) sentences to write.
    """

    sources: Texts
    targets: Texts


class NearestSentence:
    """Gives the translation of the known sentence that is most alike.

    ::

        likeness(a, b) = tfidf(a) · tfidf(b)      runs of 1 to 5 characters within words

    It is saved as the pairs themselves.

    Example:
        >>> known = Translated(np.array(["one", "two"], object), np.array(["일", "이"], object))
        >>> NearestSentence().fit(known, []).say(np.array(["twos"], object)).tolist()
        ['이']
    """

    def __init__(self) -> None:
        self.rows = 0

    def fit(
        self,
        known: Translated,
        sides: Sides,
        *,
        listener: Listener | None = None,
        checkpoints: Path | None = None,
    ) -> Self:
        """Remember the pairs known."""
        self.known, self.rows = known, len(known.sources)
        self.vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 5), sublinear_tf=True)
        self.memory = self.vectors.fit_transform(known.sources)
        return self

    def nearest(self, asked: Texts) -> Rows:
        """Give for each sentence the place of the known one that is most alike, (rows,)."""
        found = [np.zeros(0, np.int64)]
        for first in range(0, len(asked), AT_ONCE):
            likeness = self.vectors.transform(asked[first : first + AT_ONCE]) @ self.memory.T
            found.append(np.asarray(likeness.argmax(axis=1)).ravel())
        return np.concatenate(found)

    def say(self, asked: Texts) -> Texts:
        """Translate sentences."""
        translations: Texts = self.known.targets[self.nearest(asked)]
        return translations

    def answer(self, text: str) -> dict[str, Any]:
        """Give the translation of a sentence, and the sentence that it was known for."""
        (place,) = self.nearest(np.array([text], object))
        known = {"translation": self.known.targets[place], "nearest": self.known.sources[place]}
        return {"text": text, **known}

    def save(self, folder: Path, card: str = "", **facts: Any) -> None:
        """Write a bundle."""
        config = {"estimator": "NearestSentence", "rows": self.rows, **facts}
        pairs = {name: side.tolist() for name, side in self.known._asdict().items()}
        write_bundle(folder, Bundle(config, pairs, {}, card))

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read what `save` wrote.

        Raises:
            BundleError: it is damaged, or not of one model.
        """
        with opened(folder, "NearestSentence") as bundle:
            bundle.arrays({})
            rows = bundle.config_as(_Seen.model_validate).rows
            pairs = bundle.encoder_as(_Pairs.model_validate)
            if not len(pairs.sources) == len(pairs.targets) == rows:
                raise ValueError(
                    f"there must be {rows} sentences and their translations, but there are "
                    f"{len(pairs.sources)} and {len(pairs.targets)}"
                )
            sides = (np.array(side, dtype=object) for side in (pairs.sources, pairs.targets))
            return cls().fit(Translated(*sides), [])


class MostFrequent:
    """Gives the translation that is there most often, always.

    Example:
        >>> known = Translated(np.array(["a", "b"], object), np.array(["일", "일"], object))
        >>> MostFrequent().fit(known, []).say(np.array(["c"], object)).tolist()
        ['일']
    """

    def __init__(self) -> None:
        self.rows = 0

    def fit(
        self,
        known: Translated,
        sides: Sides,
        *,
        listener: Listener | None = None,
        checkpoints: Path | None = None,
    ) -> Self:
        """Count the translations known; of equally frequent ones the first counts."""
        self.rows = len(known.targets)
        self.translation = str(Counter(known.targets).most_common(1)[0][0])
        return self

    def say(self, asked: Texts) -> Texts:
        """Translate sentences."""
        return np.full(len(asked), self.translation, dtype=object)

    def answer(self, text: str) -> dict[str, Any]:
        """Give the translation of a sentence."""
        return {"text": text, "translation": self.translation}

    def save(self, folder: Path, card: str = "", **facts: Any) -> None:
        """Write a bundle."""
        config = {"estimator": "MostFrequent", "rows": self.rows, **facts}
        write_bundle(folder, Bundle(config, {"translation": self.translation}, {}, card))

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read what `save` wrote.

        Raises:
            BundleError: it is damaged, or not of one model.
        """
        with opened(folder, "MostFrequent") as bundle:
            bundle.arrays({})
            model = cls()
            model.translation = bundle.encoder_as(_Translation.model_validate).translation
            model.rows = bundle.config_as(_Seen.model_validate).rows
        return model


class _Seen(Stored):
    rows: int


class _Pairs(Stored):
    sources: list[Text]
    targets: list[Text]


class _Translation(Stored):
    translation: Text


def _nearest_sentence(seed: int) -> NearestSentence:
    return NearestSentence()


def _most_frequent(seed: int) -> MostFrequent:
    return MostFrequent()


def memories() -> list[Contender]:
    """Give the memories as contenders."""
    return [
        Contender("nearest sentence", _nearest_sentence, baseline=True),
        Contender("most frequent", _most_frequent, baseline=True),
    ]
