"""Models of sequences with scikit-learn's conventions: `fit`, `predict`, `predict_proba`."""

import hashlib
import json
from collections.abc import Callable, Sequence
from numbers import Integral
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted

from recurra.bundle import Bundle, read_bundle, write_bundle
from recurra.errors import BundleError, DataError, SettingsError
from recurra.evaluation.metrics import best_threshold
from recurra.evaluation.splits import stratified_group_split
from recurra.models import DEFAULT, architecture_named
from recurra.sequences import Ragged
from recurra.text import TextEncoder, duplicate_key
from recurra.training import Example, Notify, Plan, Weights, predict, train

__all__ = ["SequenceClassifier", "as_texts", "group_duplicates"]

Rows = npt.NDArray[np.int64]
Texts = npt.NDArray[np.object_]


def as_texts(X: Any) -> Texts:
    """Give a 1-D array of strings, or say why that cannot be.

    Raises:
        DataError: X is one string, has more than one column, or holds what is not text.
    """
    if isinstance(X, str):
        raise DataError("X must be a list of texts, but one text was given. Put it in a list: [X]")
    texts = np.asarray(X, dtype=object)
    if texts.ndim == 2 and texts.shape[1] == 1:
        texts = texts[:, 0]
    if texts.ndim != 1:
        raise DataError(
            f"X must be one text a row, but an array of shape {texts.shape} was given. "
            "Reshape your data or choose its text column."
        )
    wrong = next((i for i, text in enumerate(texts) if not isinstance(text, str)), None)
    if wrong is not None:
        raise DataError(
            f"every row of X must be a string, but row {wrong} is {texts[wrong]!r}. "
            "Drop such rows, or convert them with str()."
        )
    return texts


def group_duplicates(texts: Sequence[str] | Texts) -> Rows:
    """Give one number to all texts that are equal but for digits, case and spacing."""
    return np.fromiter(map(duplicate_key, texts), np.int64, len(texts))


def _plain(value: Any) -> Any:
    """Give what JSON can hold: NumPy's numbers as Python's, a dictionary as pairs."""
    if isinstance(value, dict):
        return [[_plain(key), _plain(item)] for key, item in value.items()]
    return value.item() if isinstance(value, np.generic) else value


class SequenceClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Classify texts into two classes with a recurrent (or convolutional) network.

    A part of the rows is held out for validation: the weights are those of the epoch with the
    lowest validation loss, and the decision threshold is the one with the highest F1 there.
    Where several networks are averaged, each holds out another part, so that each row teaches
    most of them and validates one. Duplicates never stand on both sides. A token is known when
    the training rows of every network alone would have taught it. Of a text longer than
    `max_length` tokens, those that `truncation` says are read.

    Args:
        model: the architecture by name; `recurra.models.ARCHITECTURES` lists them.
        tokenizer: "word", "cased-word", "char", "syllable", "jamo", "kiwi" or "lecture-word";
            None for the architecture's own.
        min_count: how often a token must be seen in training to be known.
        max_vocabulary: the most tokens known, None for no limit.
        max_length: the tokens of a text that are read.
        truncation: which tokens of a longer text: its "head", its "tail", or half of each: "both".
        validation_split: the share of rows held out for validation.
        class_weight: None, "balanced" (rows of the rarer class count more) or {class: weight}.
        epochs: the most epochs; training stops after 5 without a lower validation loss.
        batch_size: rows a step, None for the architecture's own.
        learning_rate: of Adam, None for the architecture's own.
        members: how many networks are averaged, None for the architecture's own number.
        positive: the class that precision, recall and the threshold are about, None for the
            last in sorted order.
        random_state: the seed. The same seed and rows give the same weights on one machine.

    Attributes:
        classes_: the two classes, sorted.
        threshold_: the score of the positive class from which `predict` says positive.
        encoder_: from texts to integers.
        sides_: for each member the rows that trained it and those that validated it.
        histories_: the curve of each member.
        weights_: the weights of each member, by variable name.

    Example:
        >>> from recurra import SequenceClassifier
        >>> texts = ["win a prize now", "see you at lunch"] * 20
        >>> labels = ["spam", "ham"] * 20
        >>> groups = list(range(40))  # the duplicates are meant here
        >>> model = SequenceClassifier(model="simple-rnn", epochs=2)
        >>> model.fit(texts, labels, groups=groups).predict_proba(["a prize"]).shape
        (1, 2)
    """

    def __init__(
        self,
        model: str = DEFAULT,
        *,
        tokenizer: str | None = None,
        min_count: int = 2,
        max_vocabulary: int | None = None,
        max_length: int = 256,
        truncation: str = "head",
        validation_split: float = 0.2,
        class_weight: str | dict[Any, float] | None = None,
        epochs: int = 30,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        members: int | None = None,
        positive: Any = None,
        random_state: int = 0,
    ) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.min_count = min_count
        self.max_vocabulary = max_vocabulary
        self.max_length = max_length
        self.truncation = truncation
        self.validation_split = validation_split
        self.class_weight = class_weight
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.members = members
        self.positive = positive
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        tags.classifier_tags.multi_class = False
        return tags

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        groups: Any = None,
        encoder: TextEncoder | None = None,
        checkpoints: Path | None = None,
        notify: Notify | None = None,
        ready: Callable[[], None] = lambda: None,
    ) -> Self:
        """Train on texts and their labels.

        Args:
            X: (rows,) texts.
            y: (rows,) labels of exactly two classes.
            groups: (rows,) rows of one group stay on one side of the validation split; None
                groups texts that are equal but for digits, case and spacing.
            encoder: an encoder fitted before, None to fit one on the training part.
            checkpoints: a folder to write a checkpoint to after every epoch; when one of the same
                data and settings is there, training goes on from it.
            notify: called after every batch.
            ready: called once, when the network is known and training is about to begin.

        Raises:
            DataError: the texts or labels cannot be used.
            SettingsError: a setting cannot be used.
            RunError: the checkpoints are another run's.
        """
        texts = as_texts(X)
        truth = self._truth(texts, y)
        self._check_settings()
        self.__dict__.pop("_built", None)  # a network of an earlier fit
        kept = group_duplicates(texts) if groups is None else np.asarray(groups)
        architecture = architecture_named(self.model)
        self.sides_ = [
            stratified_group_split(truth, kept, self.validation_split, self.random_state, turn)
            for turn in range(self.members or architecture.members)
        ]
        self.encoder_ = encoder or TextEncoder.common(
            TextEncoder.fit(
                texts[training],
                tokenizer=self.tokenizer or architecture.tokenizer,
                min_count=self.min_count,
                max_vocabulary=self.max_vocabulary,
                max_length=self.max_length,
                truncation=self.truncation,
                pieces=architecture.pieces,
            )
            for training, _ in self.sides_
        )
        if self.encoder_.kind != architecture.pieces:
            raise SettingsError(
                f"the model {self.model} needs an encoder with pieces={architecture.pieces!r}, but "
                f"one with {self.encoder_.kind!r} was given."
            )
        sequences = self.encoder_.encode(texts)
        weights = compute_sample_weight(self.class_weight, np.asarray(y)).astype(np.float32)
        targets = np.abs(truth - architecture.label_smoothing / 2).astype(np.float32)
        plan = Plan(
            epochs=self.epochs,
            batch_size=self.batch_size or architecture.batch_size,
            learning_rate=self.learning_rate or architecture.learning_rate,
            seed=int(self.random_state),
        )
        ready()
        trained = train(
            self.build,
            Example(sequences, targets, weights),
            self.sides_,
            plan,
            checkpoints=checkpoints,
            fingerprint=self._fingerprint(sequences, truth, weights, kept) if checkpoints else "",
            notify=notify,
        )
        self.weights_ = [weights for weights, _ in trained]
        self.histories_ = [history for _, history in trained]
        self.threshold_ = self._validated_threshold(sequences, truth)
        return self

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Give the probability of each class, (rows, 2), in the order of `classes_`."""
        check_is_fitted(self, "weights_")
        positive = self._scores(self.encoder_.encode(as_texts(X)))
        columns = [1 - positive, positive]
        return np.stack(columns if self._positive_index() == 1 else columns[::-1], axis=1)

    def positive_scores(self, X: Any) -> npt.NDArray[np.float64]:
        """Give the probability of the positive class, (rows,)."""
        scores: npt.NDArray[np.float64] = self.predict_proba(X)[:, self._positive_index()]
        return scores

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Give the class of each text: positive when its score reaches `threshold_`."""
        reached = self.positive_scores(X) >= self.threshold_
        index = self._positive_index()
        chosen: npt.NDArray[Any] = self.classes_[np.where(reached, index, 1 - index)]
        return chosen

    @property
    def positive_class(self) -> Any:
        """The class that scores, precision and recall are about."""
        return self.classes_.tolist()[self._positive_index()]

    def label_of(self, score: float) -> Any:
        """Give the class that a positive score stands for."""
        index = self._positive_index()
        return self.classes_.tolist()[index if score >= self.threshold_ else 1 - index]

    def explain(self, text: str) -> list[tuple[str, float]]:
        """Give each token with how far the positive score falls when the token is left out.

        Example of a line: `("prize", 0.41)`: without "prize" the score would be 0.41 lower.
        """
        check_is_fitted(self, "weights_")
        tokens = self.encoder_.tokens(text)
        without = [tokens[:i] + tokens[i + 1 :] for i in range(len(tokens))]
        scores = self._scores(self.encoder_.encode_tokens([tokens, *without]))
        return list(zip(tokens, (scores[0] - scores[1:]).tolist(), strict=True))

    def build(self) -> Any:
        """Give a fresh Keras model of this architecture for the fitted encoder."""
        pieces = self.encoder_.pieces
        return architecture_named(self.model).build(
            len(self.encoder_.vocabulary), len(pieces) if pieces else 0
        )

    def save(self, folder: str | Path, card: str = "") -> None:
        """Write the fitted model to a folder: JSON and safetensors, checksummed."""
        check_is_fitted(self, "weights_")
        config = {
            "estimator": type(self).__name__,
            "settings": {name: _plain(value) for name, value in self.get_params().items()},
            "classes": self.classes_.tolist(),
            "threshold": self.threshold_,
            "members": len(self.weights_),
        }
        weights = {
            f"{member}/{name}": value
            for member, arrays in enumerate(self.weights_)
            for name, value in arrays.items()
        }
        write_bundle(Path(folder), Bundle(config, self.encoder_.to_json(), weights, card))

    @classmethod
    def load(cls, folder: str | Path) -> "SequenceClassifier":
        """Read a model that `save` wrote. It predicts; to train on, fit a new one.

        Raises:
            BundleError: the folder is not a saved model, or is damaged.
        """
        bundle = read_bundle(Path(folder))
        try:
            model = cls(**bundle.config["settings"])
            if model.class_weight is not None and not isinstance(model.class_weight, str):
                model.class_weight = dict(model.class_weight)  # pairs: JSON keys are strings
            model.classes_ = np.asarray(bundle.config["classes"])
            model.threshold_ = float(bundle.config["threshold"])
            model.encoder_ = TextEncoder.from_json(bundle.encoder)
            names = [weight.path for weight in model._network().weights]
            model.weights_ = [
                {name: bundle.weights[f"{member}/{name}"] for name in names}
                for member in range(bundle.config["members"])
            ]
        except (KeyError, TypeError, ValueError) as error:
            raise BundleError(
                f"a saved model must fit the architecture it names, but {folder} does not "
                f"({type(error).__name__}: {error}). Train it again with this version."
            ) from None
        return model

    def __getstate__(self) -> dict[str, Any]:
        # compiled networks do not pickle; the weights do, and the network is built again
        state: dict[str, Any] = dict(super().__getstate__())
        state.pop("_built", None)
        return state

    def _positive_index(self) -> int:
        if self.positive is None:
            return 1
        return int(np.flatnonzero(self.classes_ == self.positive)[0])

    def _truth(self, texts: Texts, y: Any) -> npt.NDArray[np.bool_]:
        labels = np.asarray(y)
        if labels.shape != texts.shape:
            raise DataError(
                f"y must have one label a row, but X has {len(texts)} rows and y has shape "
                f"{labels.shape}."
            )
        try:
            check_classification_targets(labels)
        except ValueError as error:
            raise DataError(f"{error} Labels are classes, not quantities.") from None
        self.classes_ = np.unique(labels)
        if len(self.classes_) != 2:
            kind = type_of_target(labels)
            shown = ", ".join(map(repr, self.classes_[:5].tolist()))
            more = ", …" if len(self.classes_) > 5 else ""
            number = "1 class" if len(self.classes_) == 1 else f"{len(self.classes_)} classes"
            raise DataError(
                f"Only binary classification is supported. The type of the target is {kind}. The "
                f"labels must be of two classes, but {number} came: {shown}{more}. "
                "Choose the label column, or merge classes into two."
            )
        if self.positive is not None and self.positive not in self.classes_:
            raise SettingsError(
                f"the positive class must be one of {self.classes_.tolist()}, but it is "
                f"{self.positive!r}."
            )
        truth: npt.NDArray[np.bool_] = labels == self.classes_[self._positive_index()]
        return truth

    def _check_settings(self) -> None:
        counts = ("min_count", "max_vocabulary", "max_length", "epochs", "batch_size", "members")
        for name in counts:
            value = getattr(self, name)
            if value is not None and value < 1:
                raise SettingsError(f"{name} must be at least 1, but it is {value}.")
        if self.learning_rate is not None and not self.learning_rate > 0:
            raise SettingsError(f"learning_rate must be above 0, but it is {self.learning_rate}.")
        if not isinstance(self.random_state, Integral) or self.random_state < 0:
            raise SettingsError(
                f"random_state must be a whole number from 0 up, but it is {self.random_state!r}: "
                "a result that cannot be had again cannot be checked."
            )
        if not 0 < self.validation_split < 1:
            raise SettingsError(
                "validation_split must be a share between 0 and 1 (0.2 holds out a fifth), but it "
                f"is {self.validation_split}."
            )

    def _validated_threshold(self, sequences: Ragged, truth: npt.NDArray[np.bool_]) -> float:
        """Choose the threshold on scores of rows that the scoring member has not learnt from."""
        rows = [validation for _, validation in self.sides_]
        scores = [
            self._member_scores(weights, sequences.take(validation))
            for weights, validation in zip(self.weights_, rows, strict=True)
        ]
        return best_threshold(truth[np.concatenate(rows)], np.concatenate(scores))

    def _network(self) -> Any:
        if not hasattr(self, "_built"):
            self._built = self.build()
        return self._built

    def _scores(self, sequences: Ragged) -> npt.NDArray[np.float64]:
        """Give the positive score of each sequence, the mean over the members."""
        scores = [self._member_scores(weights, sequences) for weights in self.weights_]
        mean: npt.NDArray[np.float64] = np.mean(scores, axis=0)
        return mean

    def _member_scores(self, weights: Weights, sequences: Ragged) -> npt.NDArray[np.float64]:
        network = self._network()
        for variable in network.weights:
            variable.assign(weights[variable.path])
        return predict(network, sequences)

    def _fingerprint(self, sequences: Ragged, *arrays: npt.NDArray[Any]) -> str:
        digest = hashlib.sha256(json.dumps(self.get_params(), sort_keys=True, default=str).encode())
        digest.update(json.dumps(self.encoder_.to_json()).encode())
        for array in (sequences.codes, sequences.offsets, sequences.table, *arrays):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()
