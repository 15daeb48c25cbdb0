"""Taggers that a network must beat: the most frequent tag, that of a word, and a linear model.

::

    always the most frequent tag     tag(w) = the tag that words had most often
    most frequent tag of the word    tag(w) = the tag that w had most often; of an unknown word the
                                     most frequent one of all
    linear on word and neighbours    p(tag) = softmax(W x + b)      x: the word, its beginning and
                                     its ends, the words beside it, a capital, a digit
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import SGDClassifier

from recurra.bundle import Bundle, opened, write_bundle
from recurra.judging.problem import Contender, Sides
from recurra.listeners import Listener
from recurra.spans import Transitions, scheme_of
from recurra.stored import Distinct, Names, Numbers, Stored, Text
from recurra.text.neighbours import beside_words

__all__ = ["FrequentTags", "KnownSentences", "LinearTags", "taggers"]

Sentences = list[list[str]]
ALWAYS, FREQUENT = "always the most frequent tag", "most frequent tag of the word"
LINEAR = "linear on word and neighbours"


@dataclass(frozen=True)
class KnownSentences:
    """What a fit may see of sentences.

    Args:
        words: of each sentence.
        tags: of each word.
        groups: (sentences,) equal sentences have one number.
    """

    words: Sentences
    tags: Sentences
    groups: npt.NDArray[np.int64]


class FrequentTags:
    """Gives each word the tag it had most often, and an unknown word the most frequent tag.

    Args:
        by_word: False: every word is given the most frequent tag.

    Example:
        >>> known = KnownSentences([["dogs", "bark", "loud"]], [["N", "V", "V"]], np.zeros(1, int))
        >>> FrequentTags().fit(known, []).say([["Dogs", "sing"]])
        [['N', 'V']]
    """

    def __init__(self, by_word: bool = True) -> None:
        self.by_word = by_word
        self.rows = 0

    def fit(
        self,
        known: KnownSentences,
        sides: Sides,
        *,
        listener: Listener | None = None,
        checkpoints: Path | None = None,
    ) -> Self:
        """Count."""
        self.rows = len(known.words)
        counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for row, tags in zip(known.words, known.tags, strict=True):
            for word, tag in zip(row, tags, strict=True):
                counts[word.lower()][tag] += 1
        every = sum(counts.values(), Counter[str]())
        self.common = every.most_common(1)[0][0]
        asked = counts if self.by_word else {}
        self.best = {word: tags.most_common(1)[0][0] for word, tags in asked.items()}
        return self

    def say(self, asked: Sentences) -> Sentences:
        """Give a tag for every word."""
        return [[self.best.get(word.lower(), self.common) for word in row] for row in asked]

    def save(self, folder: Path, card: str = "", **facts: Any) -> None:
        """Write a bundle."""
        config = {"estimator": "FrequentTags", "common": self.common, "rows": self.rows, **facts}
        write_bundle(folder, Bundle(config, {"best": self.best}, {}, card))

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read what `save` wrote.

        Raises:
            BundleError: it is damaged, or not of one model.
        """
        with opened(folder, "FrequentTags") as bundle:
            bundle.arrays({})
            found = bundle.config_as(_Common.model_validate)
            best = bundle.encoder_as(_Best.model_validate).best
            model = cls(bool(best))
            model.rows, model.common, model.best = found.rows, found.common, best
        return model


class LinearTags:
    """A logistic regression on the word, its ends, and its neighbours.

    Args:
        seed: of the order in which words are learnt.
        valid_tags: whether tags are chosen among those that the scheme of their spans allows.

    Example:
        >>> known = KnownSentences([["dogs", "bark"]] * 9, [["N", "V"]] * 9, np.zeros(9, int))
        >>> LinearTags(0).fit(known, []).say([["dogs", "bark"]])
        [['N', 'V']]
    """

    def __init__(self, seed: int, valid_tags: bool = False) -> None:
        self.seed, self.valid_tags = seed, valid_tags
        self.rows = 0

    def fit(
        self,
        known: KnownSentences,
        sides: Sides,
        *,
        listener: Listener | None = None,
        checkpoints: Path | None = None,
    ) -> Self:
        """Fit on all words known."""
        self.rows = len(known.words)
        self.vectors = DictVectorizer()
        read = [features for row in known.words for features in beside_words(row)]
        self.model = SGDClassifier(
            "log_loss", alpha=1e-6, max_iter=12, tol=None, random_state=self.seed
        )
        truth = [tag for tags in known.tags for tag in tags]
        self.model.fit(_narrow(self.vectors.fit_transform(read)), truth)
        self.scheme = scheme_of(known.tags) if self.valid_tags else None
        return self

    def say(self, asked: Sentences) -> Sentences:
        """Give a tag for every word."""
        read = [features for row in asked for features in beside_words(row)]
        if not read:
            return [[] for _ in asked]
        vectors = _narrow(self.vectors.transform(read))
        if self.scheme is None:
            tags = iter(self.model.predict(vectors).tolist())
            return [[next(tags) for _ in row] for row in asked]
        ends = np.cumsum([len(row) for row in asked])[:-1]
        transitions = Transitions.of(self.scheme, self.model.classes_)
        shares = np.split(self.model.predict_proba(vectors), ends)
        return [self.model.classes_[transitions.best(each)].tolist() for each in shares]

    def save(self, folder: Path, card: str = "", **facts: Any) -> None:
        """Write a bundle: the features in JSON, the weights beside them."""
        config = {
            "estimator": "LinearTags",
            "classes": self.model.classes_.tolist(),
            "seed": self.seed,
            "rows": self.rows,
            "scheme": self.scheme,
            **facts,
        }
        weights = {"coefficients": self.model.coef_, "intercept": self.model.intercept_}
        features = {"features": self.vectors.feature_names_}
        write_bundle(folder, Bundle(config, features, weights, card))

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read what `save` wrote.

        Raises:
            BundleError: it is damaged, or not of one model.
        """
        with opened(folder, "LinearTags") as bundle:
            found = bundle.config_as(_Linear.model_validate)
            names = bundle.encoder_as(_Features.model_validate).features
            rows = 1 if len(found.classes) == 2 else len(found.classes)
            needed = {"coefficients": Numbers((rows, len(names))), "intercept": Numbers((rows,))}
            arrays = bundle.arrays(needed)
            model = cls(found.seed, found.scheme is not None)
            model.rows, model.scheme = found.rows, found.scheme
            model.vectors, model.model = DictVectorizer(), SGDClassifier("log_loss")
            model.vectors.feature_names_ = names
            model.vectors.vocabulary_ = {name: place for place, name in enumerate(names)}
            model.model.classes_ = np.asarray(found.classes)
            model.model.coef_ = arrays["coefficients"]
            model.model.intercept_ = arrays["intercept"]
        return model


class _Common(Stored):
    common: Text
    rows: int


class _Best(Stored):
    best: dict[Text, Text]


class _Linear(Stored):
    classes: Annotated[Names, Field(min_length=2)]
    seed: int
    rows: int
    scheme: Literal["IOB1", "BIO", "BIOES"] | None = None


class _Features(Stored):
    features: Annotated[Distinct, Field(min_length=1)]


def _narrow(matrix: Any) -> Any:
    """Give a sparse matrix the 32-bit indices that scikit-learn's solvers take."""
    matrix.indices, matrix.indptr = (a.astype(np.int32) for a in (matrix.indices, matrix.indptr))
    return matrix


def _always(seed: int) -> FrequentTags:
    return FrequentTags(by_word=False)


def _frequent(seed: int) -> FrequentTags:
    return FrequentTags()


def taggers(valid_tags: bool = False) -> list[Contender]:
    """Give the baselines of tagging as contenders.

    Args:
        valid_tags: whether the linear one chooses among valid tags alone.
    """
    return [
        Contender(ALWAYS, _always, baseline=True),
        Contender(FREQUENT, _frequent, baseline=True),
        Contender(LINEAR, partial(LinearTags, valid_tags=valid_tags), baseline=True),
    ]
