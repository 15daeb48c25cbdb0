"""Architectures by name. Each reads integers (batch, timesteps) and gives one probability a row."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from recurra.backend import keras
from recurra.errors import SettingsError
from recurra.layers import GRU, LSTM, Bidirectional, SimpleRNN
from recurra.subwords import MaskedMaxMeanPooling1D, SubwordEmbedding
from recurra.text.encoder import ids_per_token

__all__ = ["ARCHITECTURES", "DEFAULT", "Architecture", "Layer", "architecture_named", "layer_table"]

DEFAULT = "subword-bi-gru"

layers = keras.layers


@dataclass(frozen=True)
class Architecture:
    """A network by name, with how it is trained unless the user says otherwise.

    Args:
        summary: one line for people.
        build: (vocabulary size, number of pieces) to a Keras model.
        tokenizer: how texts are split.
        pieces: what it reads beside each token: its `spelling`, the `pairs`, or nothing.
        members: how many networks, from different seeds, are averaged.
        batch_size: rows a step.
        learning_rate: of Adam.
        label_smoothing: targets are this / 2 and 1 - this / 2 in place of 0 and 1.
    """

    summary: str
    build: Callable[[int, int], Any]
    tokenizer: str = "word"
    pieces: str | None = None
    members: int = 1
    batch_size: int = 64
    learning_rate: float = 1e-3
    label_smoothing: float = 0.0


def recurrent(cell: Callable[[], Any]) -> Callable[[int, int], Any]:
    """Embedding(vocabulary, 32) → cell → Dense(1, sigmoid), padding masked."""

    def build(vocabulary: int, pieces: int) -> Any:
        return keras.Sequential(
            [
                layers.Input((None,), dtype="int32", name="tokens"),
                layers.Embedding(vocabulary, 32, mask_zero=True, name="embedding"),
                cell(),
                layers.Dense(1, activation="sigmoid", name="output"),
            ],
            name="network",
        )

    return build


def conv1d(vocabulary: int, pieces: int) -> Any:
    """Windows of five words, the strongest answer of each of 32 filters, two dense layers."""
    return keras.Sequential(
        [
            layers.Input((None,), dtype="int32", name="tokens"),
            layers.Embedding(vocabulary, 32, name="embedding"),
            layers.Dropout(0.2, name="embedding_dropout"),
            layers.Conv1D(32, 5, padding="valid", activation="relu", name="conv1d"),
            layers.GlobalMaxPooling1D(name="pooling"),
            layers.Dense(64, activation="relu", name="dense"),
            layers.Dropout(0.2, name="dense_dropout"),
            layers.Dense(1, activation="sigmoid", name="output"),
        ],
        name="network",
    )


def pooled_bi_gru(kind: str | None, id_dropout: float = 0.2) -> Callable[[int, int], Any]:
    """Tokens, GRUs in both directions, the maximum and mean of their states.

    Args:
        kind: of the pieces read beside each token, or None.
        id_dropout: the share of a token's ids left out in training.
    """

    def build(vocabulary: int, pieces: int) -> Any:
        shape = (None, ids_per_token(kind)) if kind else (None,)
        ids = layers.Input(shape, dtype="int32", name="ids")
        x = SubwordEmbedding(
            vocabulary + pieces, 64, id_dropout=id_dropout, word_dropout=0.1, name="embedding"
        )(ids)
        x = layers.SpatialDropout1D(0.2, name="embedding_dropout")(x)
        x = Bidirectional(GRU(64, return_sequences=True, name="gru"), name="bi_gru")(x)
        x = MaskedMaxMeanPooling1D(name="pooling")(x)
        x = layers.Dropout(0.5, name="dropout")(x)
        x = layers.Dense(1, activation="sigmoid", name="output")(x)
        return keras.Model(ids, x, name="network")

    return build


ARCHITECTURES: dict[str, Architecture] = {
    "subword-bi-gru": Architecture(
        "words with their spelling → GRU 64 in both directions → maximum and mean → Dense 1; "
        "five networks averaged",
        pooled_bi_gru("spelling"),
        tokenizer="cased-word",
        pieces="spelling",
        members=5,
        batch_size=32,
        label_smoothing=0.05,
    ),
    "pooled-bi-gru": Architecture(
        "tokens → GRU 64 in both directions → maximum and mean → Dense 1; three networks averaged",
        pooled_bi_gru(None, id_dropout=0.0),
        members=3,
        batch_size=32,
        label_smoothing=0.05,
    ),
    "pair-bi-gru": Architecture(
        "tokens with the pairs they make → GRU 64 in both directions → maximum and mean → Dense 1; "
        "three networks averaged",
        pooled_bi_gru("pairs"),
        pieces="pairs",
        members=3,
        batch_size=32,
        label_smoothing=0.05,
    ),
    "simple-rnn": Architecture(
        "Embedding 32 → SimpleRNN 32 → Dense 1",
        recurrent(lambda: SimpleRNN(32, name="simple_rnn")),
    ),
    "lstm": Architecture(
        "Embedding 32 → LSTM 32 → Dense 1", recurrent(lambda: LSTM(32, name="lstm"))
    ),
    "gru": Architecture("Embedding 32 → GRU 32 → Dense 1", recurrent(lambda: GRU(32, name="gru"))),
    "bi-lstm": Architecture(
        "Embedding 32 → LSTM 32 in both directions → Dense 1",
        recurrent(lambda: Bidirectional(LSTM(32, name="lstm"), name="bi_lstm")),
    ),
    "bi-gru": Architecture(
        "Embedding 32 → GRU 32 in both directions → Dense 1",
        recurrent(lambda: Bidirectional(GRU(32, name="gru"), name="bi_gru")),
    ),
    "conv1d": Architecture("Embedding 32 → Conv1D 32×5 → maximum → Dense 64 → Dense 1", conv1d),
}


def architecture_named(name: str) -> Architecture:
    """Give the architecture of that name.

    Raises:
        SettingsError: there is none of that name.
    """
    try:
        return ARCHITECTURES[name]
    except KeyError:
        raise SettingsError(
            f"the model must be one of {', '.join(ARCHITECTURES)}, but {name!r} was given"
        ) from None


@dataclass(frozen=True)
class Layer:
    """A row of the layer table."""

    name: str
    kind: str
    output_shape: tuple[int | None, ...]
    parameters: int


def layer_table(model: Any) -> list[Layer]:
    """Give the layers of a model with their parameters, in order."""
    return [
        Layer(layer.name, type(layer).__name__, tuple(layer.output.shape), layer.count_params())
        for layer in model.layers
    ]
