"""Architectures by name, for texts (integers) and for numeric sequences; a network in words.

A `Head` says what the network gives: one probability a row, one a class, numbers; a row or a step.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from recurra.backend import keras
from recurra.cells import USUAL
from recurra.errors import SettingsError
from recurra.layers import GRU, LSTM, Bidirectional, Embedding, layer_of
from recurra.names import FCN, QUANTITIES, READS, ROCKETS, SEQUENCES, one_of
from recurra.resting import RESTING
from recurra.rocket import MINIROCKET
from recurra.subwords import MaskedMaxMeanPooling1D, SubwordEmbedding
from recurra.text.encoder import ids_per_token
from recurra.text.terms import CHARACTERS, NGRAMS, RUNS
from recurra.timewise import LastColumnMask, LastStep, MaskedConv1D, MeanOfSteps, Start

__all__ = [
    "ARCHITECTURES",
    "DEFAULT",
    "Architecture",
    "Head",
    "Layer",
    "architecture_named",
    "in_words",
    "layer_table",
    "number_architecture",
    "number_network",
    "reader_of",
    "token_network",
]

DEFAULT = "ngram-bi-gru"

layers = keras.layers


@dataclass(frozen=True)
class Head:
    """What a network gives.

    Args:
        units: how many numbers.
        activation: "sigmoid" for a probability, "softmax" for one a class, None for any number.
        each_step: whether it gives them at every timestep.
    """

    units: int = 1
    activation: str | None = "sigmoid"
    each_step: bool = False

    def layer(self) -> Any:
        """Give the last layer of a network."""
        return layers.Dense(self.units, activation=self.activation, name="output")


@dataclass(frozen=True)
class Architecture:
    """A network by name, with how it is trained unless the user says otherwise.

    Args:
        build: (vocabulary size, number of pieces, head) to a Keras model; without a head it gives
            one probability.
        tokenizer: how texts are split.
        pieces: what it reads beside each token: its `spelling`, `pairs`, `triples`, or nothing.
        members: how many networks, from different seeds, are averaged.
        batch_size: rows a step.
        learning_rate: of Adam.
        label_smoothing: targets are this / 2 and 1 - this / 2 in place of 0 and 1.
        epochs: the most.
        falling: whether the learning rate falls to nought along half a cosine.
        validated: whether rows are held out of each network; else all rows teach, and the weights
            of the last epoch are kept.
        last: of one whose rows are held out: whether they serve to weigh it by alone, and the
            weights of the last epoch are kept. Of few rows one epoch is not told from another.
        least: rows that an epoch visits at least; fewer are visited several times.
        starts: the kinds of linear models as which it begins, to learn what to add: of each group
            the best. None: it begins from nothing.
        alone: of one that starts: whether it learns as if nothing were there to begin with, and is
            weighed with the linear models afterwards. Where rows are many it then learns more.
    """

    build: Callable[..., Any]
    tokenizer: str = "word"
    pieces: str | None = None
    members: int = 1
    batch_size: int = 64
    learning_rate: float = 1e-3
    label_smoothing: float = 0.0
    epochs: int = 30
    falling: bool = False
    validated: bool = True
    last: bool = False
    least: int = 0
    starts: tuple[tuple[str, ...], ...] = ()
    alone: bool = False

    def rows_a_step(self, rows: int) -> int:
        """Give the batch size for so many rows: where an epoch is long, up to 64.

        Example:
            >>> fcn = number_architecture("gru-fcn")
            >>> [fcn.rows_a_step(rows) for rows in (50, 1000, 1100, 100_000)]
            [16, 16, 32, 64]
        """
        if self.validated and not self.last:
            return self.batch_size
        return min(64, max(self.batch_size, 1 << max(rows // 32, 1).bit_length() - 1))

    def training(self, rows: int) -> dict[str, Any]:
        """Give how it is trained on so many rows, unless the user says otherwise."""
        return {
            "batch_size": self.rows_a_step(rows),
            "learning_rate": self.learning_rate,
            "epochs": self.epochs,
            "falling": self.falling,
            "least": self.least,
        }


def recurrent(cell: Callable[[], Any]) -> Callable[..., Any]:
    """Embedding(vocabulary, 32) → cell → Dense(1, sigmoid), padding masked."""

    def build(vocabulary: int, pieces: int, head: Head = Head()) -> Any:
        return keras.Sequential(
            [
                layers.Input((None,), dtype="int32", name="tokens"),
                Embedding(vocabulary, 32, mask_zero=True, name="embedding"),
                cell(),
                head.layer(),
            ],
            name="network",
        )

    return build


def one_to_one(vocabulary: int, pieces: int, head: Head = Head()) -> Any:
    """The mean of the words' vectors and a dense layer: no order, no memory."""
    return keras.Sequential(
        [
            layers.Input((None,), dtype="int32", name="tokens"),
            Embedding(vocabulary, 32, mask_zero=True, name="embedding"),
            MeanOfSteps(name="mean"),
            layers.Dense(32, activation="relu", name="dense"),
            head.layer(),
        ],
        name="network",
    )


def conv1d(vocabulary: int, pieces: int, head: Head = Head()) -> Any:
    """Windows of five words, the strongest answer of each of 32 filters, two dense layers."""
    return keras.Sequential(
        [
            layers.Input((None,), dtype="int32", name="tokens"),
            Embedding(vocabulary, 32, name="embedding"),
            layers.Dropout(0.2, name="embedding_dropout"),
            layers.Conv1D(32, 5, padding="valid", activation="relu", name="conv1d"),
            layers.GlobalMaxPooling1D(name="pooling"),
            layers.Dense(64, activation="relu", name="dense"),
            layers.Dropout(0.2, name="dense_dropout"),
            head.layer(),
        ],
        name="network",
    )


def _read_both_ways(ids: Any, size: int, id_dropout: float, dropout: float = 0.2) -> Any:
    """Tokens, GRUs in both directions, the maximum and mean of their states."""
    x = SubwordEmbedding(size, 64, id_dropout=id_dropout, word_dropout=0.1, name="embedding")(ids)
    x = layers.SpatialDropout1D(dropout, name="embedding_dropout")(x)
    x = Bidirectional(GRU(64, return_sequences=True, name="gru"), name="bi_gru")(x)
    x = MaskedMaxMeanPooling1D(name="pooling")(x)
    return layers.Dropout(0.5, name="dropout")(x)


def _ids(kind: str | None) -> Any:
    shape = (None, ids_per_token(kind)) if kind else (None,)
    return layers.Input(shape, dtype="int32", name="ids")


def pooled_bi_gru(kind: str | None, id_dropout: float = 0.2) -> Callable[..., Any]:
    """Tokens, GRUs in both directions, the maximum and mean of their states.

    Args:
        kind: of the pieces read beside each token, or None.
        id_dropout: the share of a token's ids left out in training.
    """

    def build(vocabulary: int, pieces: int, head: Head = Head()) -> Any:
        ids = _ids(kind)
        x = _read_both_ways(ids, vocabulary + pieces, id_dropout)
        return keras.Model(ids, head.layer()(x), name="network")

    return build


def ngram_bi_gru(
    kind: str | None, id_dropout: float, alone: bool, dropout: float = 0.2
) -> Callable[..., Any]:
    """What n-grams say of a text, and what GRUs in both directions say.

    Args:
        kind: of the pieces read beside each token, or None.
        id_dropout: the share of a token's ids left out in training.
        alone: whether the GRUs learn as if n-grams said nothing; else they learn what to add, and
            half of all rows begin at nought.
        dropout: the share of the numbers of tokens' vectors left out in training.
    """

    def build(vocabulary: int, pieces: int, head: Head = Head()) -> Any:
        ids = _ids(kind)
        begun = layers.Input((None, head.units), dtype="float32", name="start_of_row")
        x = _read_both_ways(ids, vocabulary + pieces, id_dropout, dropout)
        name = "weighed" if alone else "sum"
        out = _added_to(begun, x, head, 0.0 if alone else 0.5, name)
        return keras.Model([ids, begun], out, name="network")

    return build


def _added_to(begun: Any, x: Any, head: Head, at_nought: float, name: str) -> Any:
    """Give probabilities of the sum of where rows begin and what a network tells of them."""
    added = layers.Dense(head.units, kernel_initializer="zeros", name="added")(x)
    start = Start(at_nought, name="start")(begun)
    log_odds = layers.Add(name=name)([start, added])
    return layers.Activation(head.activation, name="probability")(log_odds)


CELLS = {cell.name.replace("_", "-"): layer_of(cell) for cell in USUAL.values()}
CONVOLUTIONS = ((64, 8), (128, 5), (64, 3))  # filters, and steps seen, one after the other


def reader_of(name: str) -> Callable[[Any, int, bool], Any]:
    """Give the body of an architecture: (steps, units, each_step) → one vector a row, or a step.

    Raises:
        SettingsError: there is none of that name.
    """
    one_of(name, QUANTITIES, "the model")
    if name in FCN:
        return partial(_beside_convolutions, CELLS[name.removesuffix("-fcn")])
    if name == "one-to-one":
        return _without_memory
    if name == "conv1d":
        return _windows
    cell, kind = CELLS[name.removeprefix("bi-")], name.removeprefix("bi-").replace("-", "_")

    def read(x: Any, units: int, each_step: bool) -> Any:
        layer = cell(units, return_sequences=each_step, name=kind)
        return (Bidirectional(layer, name=f"bi_{kind}") if name.startswith("bi-") else layer)(x)

    return read


def _without_memory(x: Any, units: int, each_step: bool) -> Any:
    """See one step: each, or the last."""
    x = x if each_step else LastStep(name="last_step")(x)
    return layers.Dense(units, activation="relu", name="dense")(x)


def _windows(x: Any, units: int, each_step: bool) -> Any:
    """See five steps at a time."""
    x = MaskedConv1D(units, 5, activation="relu", name="conv1d")(x)
    return x if each_step else MaskedMaxMeanPooling1D(name="pooling")(x)


def _beside_convolutions(cell: Any, x: Any, units: int, each_step: bool) -> Any:
    """Read with a cell, and beside it with convolutions: both say what they saw."""
    seen = x
    for number, (filters, size) in enumerate(CONVOLUTIONS, start=1):
        seen = MaskedConv1D(filters, size, "same", use_bias=False, name=f"conv1d_{number}")(seen)
        seen = layers.BatchNormalization(momentum=0.9, name=f"normal_{number}")(seen)
        seen = layers.ReLU(name=f"relu_{number}")(seen)
    seen = seen if each_step else MeanOfSteps(name="mean_of_convolutions")(seen)
    state = cell(units, return_sequences=each_step, name="state")(x)
    state = layers.Dropout(0.5, name="dropout")(state)
    return layers.Concatenate(name="both")([seen, state])


def number_network(name: str, features: int, head: Head, units: int = 32) -> Any:
    """Build a network that reads (batch, timesteps, features + 1): the last column says "there".

    Raises:
        SettingsError: there is none of that name, or it tells classes of whole sequences alone.
    """
    if name in ROCKETS and (head.each_step or head.activation not in ("sigmoid", "softmax")):
        raise SettingsError(
            f"{name} is weighed with a linear model that tells the class of a whole sequence, but "
            f"something else is asked. Take another, such as {name.removeprefix('rocket-')}."
        )
    numbers = layers.Input((None, features + 1), dtype="float32", name="numbers")
    read = reader_of(name.removeprefix("rocket-"))
    x = read(LastColumnMask(name="steps")(numbers), units, head.each_step)
    if name not in ROCKETS:
        return keras.Model(numbers, head.layer()(x), name="network")
    begun = layers.Input((None, head.units), dtype="float32", name="start_of_row")
    out = _added_to(begun, x, head, 0.0, "weighed_with_rocket")
    return keras.Model([numbers, begun], out, name="network")


def number_architecture(name: str) -> Architecture:
    """Give how a network of numbers is trained unless the user says otherwise.

    Raises:
        SettingsError: there is none of that name.
    """
    one_of(name, SEQUENCES, "for numeric sequences the model")
    if name not in (*ROCKETS, *FCN):
        return Architecture(number_network)
    weighed = {"last": True, "least": 125, "starts": ((MINIROCKET,),), "alone": True}
    return Architecture(
        number_network,
        members=3,
        batch_size=16,
        learning_rate=4e-3,
        falling=True,
        **(weighed if name in ROCKETS else {"validated": False, "least": 500}),
    )


def token_network(name: str, vocabulary: int, pieces: int, head: Head, units: int = 64) -> Any:
    """Build a network that answers at every token, read with its spelling."""
    ids = layers.Input((None, ids_per_token("spelling")), dtype="int32", name="ids")
    x = SubwordEmbedding(
        vocabulary + pieces, 64, id_dropout=0.2, word_dropout=0.1, name="embedding"
    )(ids)
    x = layers.SpatialDropout1D(0.2, name="embedding_dropout")(x)
    x = reader_of(name)(x, units, head.each_step)
    return keras.Model(ids, head.layer()(layers.Dropout(0.3, name="dropout")(x)), name="network")


ARCHITECTURES: dict[str, Architecture] = {
    "ngram-bi-gru": Architecture(
        ngram_bi_gru(None, id_dropout=0.0, alone=False),
        **READS["ngram-bi-gru"],
        members=3,
        batch_size=32,
        learning_rate=2e-3,
        epochs=6,
        falling=True,
        least=2000,
        starts=(NGRAMS,),
    ),
    "ngram-pair-bi-gru": Architecture(
        ngram_bi_gru("pairs", id_dropout=0.2, alone=True),
        **READS["ngram-pair-bi-gru"],
        members=3,
        learning_rate=2e-3,
        epochs=3,
        falling=True,
        least=2000,
        starts=(NGRAMS,),
        alone=True,
    ),
    "ngram-triple-bi-gru": Architecture(
        ngram_bi_gru("triples", id_dropout=0.4, alone=True, dropout=0.4),
        **READS["ngram-triple-bi-gru"],
        members=3,
        learning_rate=2e-3,
        epochs=4,
        falling=True,
        least=2000,
        starts=((CHARACTERS,), (RUNS,)),
        alone=True,
    ),
    "subword-bi-gru": Architecture(
        pooled_bi_gru("spelling"),
        **READS["subword-bi-gru"],
        members=5,
        batch_size=32,
        label_smoothing=0.05,
    ),
    "pooled-bi-gru": Architecture(
        pooled_bi_gru(None, id_dropout=0.0), members=3, batch_size=32, label_smoothing=0.05
    ),
    "pair-bi-gru": Architecture(
        pooled_bi_gru("pairs"),
        **READS["pair-bi-gru"],
        members=3,
        batch_size=32,
        label_smoothing=0.05,
    ),
    "one-to-one": Architecture(one_to_one),
    **{
        name: Architecture(recurrent(partial(RESTING[cell.layer], 32, name=cell.name)))
        for name, cell in zip(CELLS, USUAL.values(), strict=True)
    },
    "bi-lstm": Architecture(
        recurrent(lambda: Bidirectional(LSTM(32, name="lstm"), name="bi_lstm"))
    ),
    "bi-gru": Architecture(recurrent(lambda: Bidirectional(GRU(32, name="gru"), name="bi_gru"))),
    "conv1d": Architecture(conv1d),
}


def architecture_named(name: str) -> Architecture:
    """Give the architecture of that name.

    Raises:
        SettingsError: there is none of that name.
    """
    return ARCHITECTURES[one_of(name, ARCHITECTURES, "the model")]


@dataclass(frozen=True)
class Layer:
    """A row of the layer table."""

    name: str
    kind: str
    output_shape: tuple[int | None, ...]
    parameters: int


def layer_table(model: Any) -> list[Layer]:
    """Give the layers of a model with their parameters, in order; of several outputs the first."""
    return [
        Layer(
            layer.name,
            type(layer).__name__,
            tuple(keras.tree.flatten(layer.output)[0].shape),
            layer.count_params(),
        )
        for layer in model.layers
    ]


def in_words(model: Any) -> str:
    """Say what a network is: its layers in order, with their sizes, but for what only passes on.

    Example:
        >>> in_words(ARCHITECTURES["bi-gru"].build(1000, 0))
        'embedding 32 → GRU 32 in both directions → dense'
    """
    words = " → ".join(filter(None, map(_word_of, model.layers)))
    return words.replace(" → ; ", "; ")


def _word_of(layer: Any) -> str:
    """Say what a layer is; nothing of one that only passes on what it is given."""
    if layer.name in NAMED:
        return NAMED[layer.name]
    if isinstance(layer, Bidirectional):
        return f"{_word_of(layer.forward_layer)} in both directions"
    if isinstance(layer, layers.RNN):
        beside = "; beside it " if layer.name == "state" else ""
        kind = type(layer).__name__
        rest = " that begins at rest" if kind.startswith("Resting") else ""
        return f"{beside}{kind.removeprefix('Resting')} {layer.units}{rest}"
    if isinstance(layer, layers.Conv1D):
        return f"convolution {layer.filters} × {layer.kernel_size[0]}"
    return next((say(layer) for kind, say in WORDS.items() if isinstance(layer, kind)), "")


def _embedding(layer: Any) -> str:
    before = "; " if layer.name == "target_embedding" else ""
    kind = "class beside it" if layer.name == "class_embedding" else "embedding"
    return f"{before}{kind} {layer.output_dim}"


def _subwords(layer: Any) -> str:
    ids = layer.input.shape[2:]
    kinds = {(): "embedding"} | {
        (ids_per_token(kind),): what
        for kind, what in (
            ("spelling", "words with their spelling"),
            ("pairs", "tokens with their pairs"),
            ("triples", "tokens with their pairs and triples"),
        )
    }
    return f"{kinds[tuple(ids)]} {layer.output.shape[-1]}"


# of layers by name: what is read, the last layer, and what only joins others
NAMED = {"numbers": "numbers", "days": "days", "output": "dense", "added": "dense", "rule": ""}
NAMED |= {"last_day": "the last one", "mean_of_convolutions": ""}
NAMED |= {"conv1d_3": "convolution {} × {}, their mean".format(*CONVOLUTIONS[-1])}
NAMED |= {"sum": "added to what n-grams tell", "weighed": "weighed with what n-grams tell"}
NAMED |= {"weighed_with_rocket": "weighed with what MiniRocket tells"}
NAMED |= {f"bridge_{state}": "" for state in range(2)}
WORDS: dict[Any, Callable[[Any], str]] = {
    layers.Embedding: _embedding,
    SubwordEmbedding: _subwords,
    MeanOfSteps: lambda layer: "mean",
    LastStep: lambda layer: "last step",
    MaskedMaxMeanPooling1D: lambda layer: "maximum and mean",
    layers.GlobalMaxPooling1D: lambda layer: "maximum",
    layers.Attention: lambda layer: "attention",
    layers.Dense: lambda layer: f"dense {layer.units}",
    layers.Add: lambda layer: "added to what volatility tells",
}
