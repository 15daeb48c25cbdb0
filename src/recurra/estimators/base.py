"""What all estimators share: settings, encoders, members, saving and loading, threads."""

import hashlib
import json
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from numbers import Integral
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from recurra.backend import keras
from recurra.bundle import Bundle, read_bundle, write_bundle
from recurra.errors import BundleError, DataError, SettingsError
from recurra.evaluation.splits import stratified_group_split
from recurra.models import (
    SHAPES,
    Architecture,
    Head,
    architecture_named,
    number_network,
    streaming,
)
from recurra.sequences import NumberEncoder, Ragged, are_numbers
from recurra.text import TextEncoder, duplicate_key
from recurra.training import (
    Example,
    History,
    Inputs,
    Loss,
    Notify,
    Plan,
    Predictor,
    Weights,
    assign_weights,
    bucket_of,
    parts,
    train,
)

__all__ = [
    "NetworkEstimator",
    "RowEstimator",
    "SequenceEstimator",
    "as_texts",
    "group_duplicates",
]

Rows = npt.NDArray[np.int64]
Texts = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Sides = list[tuple[Rows, Rows]]
Encoder = TextEncoder | NumberEncoder

# settings that count something, of whichever estimator has them
COUNTS = {"min_count", "max_vocabulary", "max_length", "epochs", "batch_size", "members", "units"}
COUNTS |= {"horizon", "window", "season", "beam"}
NOTHING_SAVED = ("_predictor",)
_building = threading.RLock()


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


def group_equal(sequences: Ragged) -> Rows:
    """Give one number to all numeric sequences that are equal."""
    steps = np.ascontiguousarray(sequences.steps())
    known: dict[bytes, int] = {}
    pairs = zip(sequences.offsets[:-1].tolist(), sequences.offsets[1:].tolist(), strict=True)
    keys = (known.setdefault(steps[a:b].tobytes(), len(known)) for a, b in pairs)
    return np.fromiter(keys, np.int64, len(sequences))


def _plain(value: Any) -> Any:
    """Give what JSON can hold: NumPy's numbers as Python's, a dictionary as pairs."""
    if isinstance(value, dict):
        return [[_plain(key), _plain(item)] for key, item in value.items()]
    return value.item() if isinstance(value, np.generic) else value


@dataclass(kw_only=True, eq=False, repr=False)  # the fields are the settings, as scikit-learn asks
class NetworkEstimator(BaseEstimator):  # type: ignore[misc]
    """One or more networks of one architecture, trained from different seeds and averaged.

    A subclass adds settings as fields, and gives these four:

    - `build()`: a fresh Keras model for what was fitted,
    - `_encoder_json()`: what turns data into sequences, for encoder.json,
    - `_learnt()`: what else `fit` found out, for config.json; `_restore()` takes both back.

    `fit` ends with `_train`; `predict` begins with `_outputs`.

    Args:
        model: the architecture by name.
        validation_split: the share of rows held out for validation.
        epochs: the most epochs; training stops after 5 without a lower validation loss.
        batch_size: rows a step of training, None for what suits the architecture.
        learning_rate: of Adam, None for what suits the architecture.
        random_state: the seed. The same seed and rows give the same weights on one machine.

    Attributes:
        sides_: for each member the rows that trained it and those that validated it.
        histories_: the curve of each member.
        weights_: the weights of each member, by variable name.
    """

    model: str = field(default="gru", kw_only=False)
    validation_split: float = 0.2
    epochs: int = 30
    batch_size: int | None = None
    learning_rate: float | None = None
    random_state: int = 0

    sides_: Sides = field(init=False)
    histories_: list[History] = field(init=False)
    weights_: list[Weights] = field(init=False)

    def build(self) -> Any:
        """Give a fresh Keras model of this architecture for what was fitted."""
        raise NotImplementedError

    def _encoder_json(self) -> dict[str, Any]:
        raise NotImplementedError

    def _learnt(self) -> dict[str, Any]:
        raise NotImplementedError

    def _restore(self, learnt: dict[str, Any], encoder: dict[str, Any]) -> None:
        raise NotImplementedError

    # ---- fitting

    def _check_settings(self) -> None:
        settings = self.get_params()
        for name in sorted(COUNTS & set(settings)):
            value = settings[name]
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

    def _split(
        self, strata: npt.NDArray[Any], groups: Rows, members: int, sides: Sides | None = None
    ) -> Sides:
        """Give the rows each member learns from and is validated on; another part for each."""
        if sides is not None:
            return list(sides)
        return [
            stratified_group_split(strata, groups, self.validation_split, self.random_state, turn)
            for turn in range(members)
        ]

    def _train(
        self,
        example: Example,
        *,
        loss: Loss,
        batch_size: int = 64,
        learning_rate: float = 1e-3,
        checkpoints: Path | None = None,
        notify: Notify | None = None,
        facts: Iterable[npt.NDArray[Any]] = (),
    ) -> None:
        """Train the members on `sides_`; the two numbers count where no setting says otherwise.

        Args:
            facts: arrays beside the example that must be the same when a run is gone on with.
        """
        arrays = [*example.arrays(), *facts]
        trained = train(
            self.build,
            example,
            self.sides_,
            self._plan(batch_size, learning_rate),
            loss=loss,
            checkpoints=checkpoints,
            fingerprint=self._fingerprint(arrays) if checkpoints else "",
            notify=notify,
        )
        self._keep(trained)

    def _plan(self, batch_size: int, learning_rate: float) -> Plan:
        return Plan(
            epochs=self.epochs,
            batch_size=self.batch_size or batch_size,
            learning_rate=self.learning_rate or learning_rate,
            seed=int(self.random_state),
        )

    def _keep(self, trained: Sequence[tuple[Weights, History]]) -> None:
        self.__dict__.pop("_predictor", None)  # a network of an earlier fit
        self.weights_ = [weights for weights, _ in trained]
        self.histories_ = [history for _, history in trained]
        self._network()

    def _fingerprint(self, arrays: Iterable[npt.NDArray[Any]]) -> str:
        digest = hashlib.sha256(json.dumps(self.get_params(), sort_keys=True, default=str).encode())
        digest.update(json.dumps(self._encoder_json()).encode())
        for array in (*arrays, *(rows for side in self.sides_ for rows in side)):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    # ---- predicting

    def _network(self) -> Predictor:
        with _building:
            if not hasattr(self, "_predictor"):
                self._predictor = Predictor(self.build())
            return self._predictor

    def _outputs(self, inputs: Inputs) -> Floats:
        """Give the output for each row (or timestep), the mean over the members."""
        check_is_fitted(self, "weights_")
        outputs = [self._member_outputs(weights, inputs) for weights in self.weights_]
        mean: Floats = np.mean(outputs, axis=0)
        return mean

    def _member_outputs(self, weights: Weights, inputs: Inputs) -> Floats:
        return self._network()(weights, inputs)

    def _validated(self, inputs: Inputs) -> tuple[Rows, Floats]:
        """Give the validation rows of all members, and each one's output for its own."""
        rows = [validation for _, validation in self.sides_]
        outputs = [
            self._member_outputs(weights, tuple(part.take(validation) for part in parts(inputs)))
            for weights, validation in zip(self.weights_, rows, strict=True)
        ]
        return np.concatenate(rows), np.concatenate(outputs)

    # ---- saving and loading

    def save(self, folder: str | Path, card: str = "", **facts: Any) -> None:
        """Write the fitted model to a folder: JSON and safetensors, checksummed.

        Args:
            folder: where.
            card: Markdown for people.
            facts: what else config.json shall say, such as the recipe.
        """
        check_is_fitted(self, "weights_")
        config = {
            "estimator": type(self).__name__,
            "settings": {name: _plain(value) for name, value in self.get_params().items()},
            "members": len(self.weights_),
            **self._learnt(),
            **facts,
        }
        weights = {
            f"{member}/{name}": value
            for member, arrays in enumerate(self.weights_)
            for name, value in arrays.items()
        }
        write_bundle(Path(folder), Bundle(config, self._encoder_json(), weights, card))

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read a model that `save` wrote. It predicts; to train on, fit a new one.

        Raises:
            BundleError: the folder is not a saved model of this kind, or is damaged.
        """
        bundle = read_bundle(Path(folder))
        kind = bundle.config.get("estimator")
        if kind != cls.__name__:
            raise BundleError(
                f"this takes a model saved by {cls.__name__}, but {folder} was saved by {kind}. "
                f"Read it with {kind}, or give another folder."
            )
        try:
            model = cls(**bundle.config["settings"])
            model._restore(bundle.config, bundle.encoder)
            names = [weight.path for weight in model._network().model.weights]
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
        for name in NOTHING_SAVED:
            state.pop(name, None)
        return state


class Stream:
    """One long sequence, read in pieces; between them only the states are kept.

    Example:
        >>> import numpy as np
        >>> from recurra import SequenceRegressor
        >>> X = np.random.default_rng(0).normal(size=(30, 8, 1))
        >>> model = SequenceRegressor("gru", epochs=1).fit(X, X[:, -1, 0])
        >>> stream = model.stream()
        >>> answers = np.concatenate([stream.push(X[0, :3]), stream.push(X[0, 3:])])
        >>> bool(np.allclose(answers[-1], model.predict(X[:1])[0], atol=1e-5))
        True
    """

    def __init__(self, estimator: "SequenceEstimator") -> None:
        predictor = Predictor(streaming(estimator.build()))
        self._estimator = estimator
        self._calls = [predictor.call_with(weights) for weights in estimator.weights_]
        self.states = [_first_states(predictor.model, weights) for weights in estimator.weights_]

    def push(self, piece: Any) -> Any:
        """Read a piece, of any length; give the answer after each of its steps."""
        sequences = self._estimator._encode([piece])
        steps = len(sequences.codes)
        padded = sequences.pad(np.array([0]), int(bucket_of(np.array([steps]))[0]))
        if padded.dtype == np.int32 and padded.shape[2] == 1:
            padded = padded[..., 0]
        answers = []
        for member, call in enumerate(self._calls):
            given = [padded, *self.states[member]]
            found, *states = keras.tree.flatten(call(given if self.states[member] else padded))
            answers.append(np.asarray(found, np.float64)[0, :steps])
            self.states[member] = [np.asarray(state) for state in states]
        return self._estimator._answer(np.mean(answers, axis=0))


def _first_states(network: Any, weights: Weights) -> list[npt.NDArray[Any]]:
    """Give the states in which the recurrent layers of a network begin, in their order."""
    assign_weights(network, weights)
    recurrent = [layer for layer in network.layers if isinstance(layer, keras.layers.RNN)]
    states = [state for layer in recurrent for state in layer.get_initial_state(batch_size=1)]
    return [keras.ops.convert_to_numpy(state) for state in states]


@dataclass(kw_only=True, eq=False, repr=False)
class SequenceEstimator(NetworkEstimator):
    """An estimator of texts or numeric sequences: what it reads is told from what `fit` is given.

    Args:
        members: how many networks are averaged, None for what suits the architecture.
        model, validation_split, epochs, batch_size, learning_rate, random_state: as in
            `NetworkEstimator`.

    Attributes:
        encoder_: from texts, or numbers, to what the network reads.
    """

    members: int | None = None

    encoder_: Any = field(init=False)  # an Encoder; of texts where the recipe is of texts

    def _architecture(self, numeric: bool) -> Architecture:
        """Give the architecture by name; of one for numbers only its defaults matter."""
        if not numeric:
            return architecture_named(self.model)
        if self.model not in SHAPES:
            raise SettingsError(
                f"for numeric sequences the model must be one of {', '.join(SHAPES)}, but "
                f"{self.model!r} was given."
            )
        return Architecture("", number_network)

    def stream(self) -> Stream:
        """Read one long sequence in pieces, as it comes: `stream().push(piece)`.

        Raises:
            SettingsError: the network looks ahead, so its answer needs the whole sequence.
        """
        check_is_fitted(self, "weights_")
        return Stream(self)

    def _answer(self, outputs: Floats) -> Any:
        """Give what a user is told of the outputs at some steps, (steps, k)."""
        raise NotImplementedError

    def _encode(self, X: Any) -> Ragged:
        check_is_fitted(self, "weights_")
        if isinstance(self.encoder_, NumberEncoder):
            return self.encoder_.encode(X)
        sequences: Ragged = self.encoder_.encode(as_texts(X))
        return sequences

    def _build(self, head: Head) -> Any:
        """Build the network of this name for the fitted encoder."""
        if isinstance(self.encoder_, NumberEncoder):
            return number_network(self.model, self.encoder_.features, head)
        pieces = self.encoder_.pieces
        build = architecture_named(self.model).build
        return build(len(self.encoder_.vocabulary), len(pieces) if pieces else 0, head)

    def _encoder_json(self) -> dict[str, Any]:
        stored: dict[str, Any] = self.encoder_.to_json()
        return stored

    def _restore(self, learnt: dict[str, Any], encoder: dict[str, Any]) -> None:
        numbers = encoder.get("kind") == "numbers"
        self.encoder_ = (NumberEncoder if numbers else TextEncoder).from_json(encoder)


@dataclass(kw_only=True, eq=False, repr=False)
class RowEstimator(SequenceEstimator):
    """An estimator that answers once a row, of texts or of numeric sequences.

    Args:
        tokenizer: of texts: "word", "cased-word", "char", "syllable", "jamo", "kiwi" or
            "lecture-word"; None for the architecture's own.
        min_count: how often a token must be seen in training to be known.
        max_vocabulary: the most tokens known, None for no limit.
        max_length: the tokens of a text that are read.
        truncation: which tokens of a longer text: its "head", its "tail", or half of each: "both".
        scaled: whether the features of numeric sequences are brought to mean 0 and deviation 1,
            both taken from training rows.
        model, members, validation_split, epochs, batch_size, learning_rate, random_state: as in
            `SequenceEstimator`.
    """

    tokenizer: str | None = None
    min_count: int = 2
    max_vocabulary: int | None = None
    max_length: int = 256
    truncation: str = "head"
    scaled: bool = True

    def _fit_encoder(self, X: Any, encoder: Encoder | None = None) -> Ragged:
        """Fit the encoder on training rows, unless one is given, and encode all rows."""
        numbers = isinstance(X, Ragged)
        architecture = self._architecture(numbers)
        if encoder is not None:
            self.encoder_ = encoder
        elif numbers:
            training = np.unique(np.concatenate([training for training, _ in self.sides_]))
            if len(self.sides_) > 1:  # what every member alone may see
                for other, _ in self.sides_:
                    training = np.intersect1d(training, other)
            self.encoder_ = NumberEncoder.fit(
                X.take(training if len(training) else self.sides_[0][0]), self.scaled
            )
        else:
            self.encoder_ = TextEncoder.common(
                TextEncoder.fit(
                    X[training],
                    tokenizer=self.tokenizer or architecture.tokenizer,
                    min_count=self.min_count,
                    max_vocabulary=self.max_vocabulary,
                    max_length=self.max_length,
                    truncation=self.truncation,
                    pieces=architecture.pieces,
                )
                for training, _ in self.sides_
            )
        kind = getattr(self.encoder_, "kind", None)
        if kind != architecture.pieces:
            raise SettingsError(
                f"the model {self.model} needs an encoder with pieces={architecture.pieces!r}, but "
                f"one with {kind!r} was given."
            )
        sequences: Ragged = self.encoder_.encode(X)
        return sequences

    def _read(self, X: Any) -> tuple[Texts | Ragged, Any]:
        """Give texts, or numeric sequences, and which rows are duplicates of each other."""
        if not are_numbers(X):
            texts = as_texts(X)
            if not len(texts):
                raise DataError("X must hold rows to learn from, but it holds 0 samples.")
            return texts, lambda: group_duplicates(texts)
        numbers = Ragged.of_numbers(X)
        if not len(numbers) or not len(numbers.codes):
            raise DataError(
                f"X must hold timesteps to learn from, but {len(numbers)} sequences with "
                f"{len(numbers.codes)} timesteps were given."
            )
        return numbers, lambda: group_equal(numbers)
