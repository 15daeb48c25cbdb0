"""Looking inside a text classifier: its states and gates token by token, and what moved the score.

Two answers to "which tokens did it?", (timesteps,) each:

- occlusion: score(text) - score(text without the token);
- integrated gradients: with e the embedded tokens and F the positive score,
  Σ_d e_td · ∫₀¹ ∂F(α e) / ∂(α e)_td dα, so that all tokens together add up to F(e) - F(0).

Source of the second: Sundararajan, Taly and Yan, "Axiomatic attribution for deep networks", 2017.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from recurra.answers.classes import Effect
from recurra.arrays import Codes, Floats
from recurra.backend import keras
from recurra.cells import Weights
from recurra.errors import SettingsError
from recurra.estimators import SequenceClassifier
from recurra.kernels import cell_of
from recurra.operations.tracing import step_through
from recurra.timewise import Start
from recurra.training import assign_weights, seeded

__all__ = ["Inside", "Reading", "integrated_gradients", "look_inside"]

SHORTEST = 16  # timesteps: what a convolution needs, too
STEPS = 64  # of the integral, midpoints


@dataclass(frozen=True)
class Reading:
    """One recurrent layer reading one text.

    Args:
        layer: its name; the two of a Bidirectional are named after their direction.
        values: (timesteps, units) of each gate and state by its letter in `recurra.cells`, in the
            order of the text, also for a layer that reads it backwards.
    """

    layer: str
    values: dict[str, Floats]


@dataclass(frozen=True)
class Inside:
    """A text as a classifier sees it.

    Args:
        tokens: what is read of it.
        score: of the positive class; of more than two classes, of the most probable one.
        of: the name of that class.
        occlusion: (tokens,) how far the score falls without the token.
        gradients: (tokens,) integrated gradients, the mean over the networks averaged.
        parts: of a network that begins as a linear model, (tokens,) how far its log-odds fall
            without the token, and how far those fall that the network adds.
        readings: of each recurrent layer of the first network.
    """

    tokens: list[str]
    score: float
    of: str
    occlusion: Floats
    gradients: Floats
    readings: list[Reading]
    parts: dict[str, Floats] = field(default_factory=dict)


def look_inside(classifier: SequenceClassifier, text: str) -> Inside:
    """Explain the score of a text.

    Raises:
        SettingsError: Keras runs on another backend than JAX.

    Example:
        >>> from recurra import SequenceClassifier
        >>> texts = ["win a prize now", "see you at lunch"] * 20
        >>> model = SequenceClassifier(model="lstm", epochs=1)
        >>> model = model.fit(texts, ["spam", "ham"] * 20, groups=list(range(40)))
        >>> inside = look_inside(model, "a prize at lunch")
        >>> inside.tokens, inside.readings[0].values["f"].shape
        (['a', 'prize', 'at', 'lunch'], (4, 32))
    """
    effects = classifier.effects(text)
    sequences = classifier.encoder_.encode([text])
    timesteps = max(SHORTEST, int(sequences.lengths[0]))
    ids = sequences.pad(np.array([0]), timesteps)
    ids = ids[..., 0] if ids.shape[2] == 1 else ids
    with seeded(0):
        network = classifier.build()
    begun = None if classifier.start_ is None else classifier.start_.log_odds([text])
    shares = classifier.predict_proba([text])[0]
    binary = len(shares) == 2
    column = 0 if binary else int(shares.argmax())
    of = classifier.positive_class if binary else classifier.classes_[column]
    gradients = []
    for weights in reversed(classifier.weights_):  # the first stays in the network
        assign_weights(network, weights)
        gradients.append(integrated_gradients(network, ids, column, begun)[: len(effects)])
    return Inside(
        [each.token for each in effects],
        float(classifier.positive_scores([text])[0] if binary else shares[column]),
        str(of),
        np.array([each.fall for each in effects]),
        np.mean(gradients, axis=0),
        [
            Reading(name, {letter: values[: len(effects)] for letter, values in found.items()})
            for name, found in _readings(network, ids, len(effects))
        ],
        _parts(effects),
    )


def _parts(effects: list[Effect]) -> dict[str, Floats]:
    """Give what each part does of a network that begins as another; nothing of others."""
    if not effects or effects[0].start is None:
        return {}
    return {
        "n-grams": np.array([each.start for each in effects], float),
        "network": np.array([each.added for each in effects], float),
    }


def integrated_gradients(
    network: Any, ids: Codes, column: int = 0, begun: Floats | None = None
) -> Floats:
    """Give what each timestep adds to an output, from all embeddings zero to those of one text.

    Args:
        network: a Keras model, one layer after the other, one of them named `embedding`.
        ids: (1, timesteps[, features]).
        column: which output.
        begun: (1, k) log-odds with which the row begins, of a network that adds to them.

    Raises:
        SettingsError: Keras runs on another backend than JAX.
    """
    if keras.backend.backend() != "jax":
        raise SettingsError(
            "integrated gradients need Keras on JAX, but it runs on "
            f"{keras.backend.backend()}. Set KERAS_BACKEND=jax."
        )
    import jax
    import jax.numpy as jnp

    chain = _chain(network)
    position = chain.index(network.get_layer("embedding"))
    embedded = chain[position](ids)
    mask = chain[position].compute_mask(ids)
    masks = None if mask is None else jnp.repeat(jnp.asarray(mask), STEPS, axis=0)
    portions = (jnp.arange(STEPS) + 0.5)[:, None, None] / STEPS

    def total(path: Any) -> Any:
        # a layer, so that what is scaled has the mask of what was embedded
        x = keras.layers.Lambda(lambda x: x, mask=masks)(path)
        for layer in chain[position + 1 :]:
            x = x + jnp.asarray(begun) if isinstance(layer, keras.layers.Add) else layer(x)
        return x[:, column].sum()

    slopes = jax.grad(total)(portions * embedded)
    added: Floats = np.asarray((embedded[0] * slopes.mean(0)).sum(-1), np.float64)
    return added


def _readings(network: Any, ids: Codes, length: int) -> Iterator[tuple[str, dict[str, Floats]]]:
    x: Any = ids
    for layer in _chain(network):
        if isinstance(layer, keras.layers.Add):  # all has been read
            return
        inputs = np.asarray(x, np.float64)[0, :length]
        for name, part in _directions(layer):
            cell = cell_of(part.cell) if isinstance(part, keras.layers.RNN) else ""
            if isinstance(cell, str):  # only Keras knows its equations
                continue
            turn = slice(None, None, -1 if part.go_backwards else 1)
            stored = [np.asarray(w, np.float64) for w in part.get_weights()]
            start = tuple(
                np.asarray(state, np.float64) for state in part.get_initial_state(batch_size=1)
            )
            found = step_through(cell, Weights(*stored), inputs[turn], start)
            yield name, {letter: values[turn] for letter, values in found.items()}
        x = layer(x)


def _directions(layer: Any) -> list[tuple[str, Any]]:
    if not isinstance(layer, keras.layers.Bidirectional):
        return [(layer.name, layer)]
    both = (layer.forward_layer, layer.backward_layer)
    return [
        (f"{layer.name} {way}", part)
        for way, part in zip(("forward", "backward"), both, strict=True)
    ]


def _chain(network: Any) -> list[Any]:
    beside = keras.layers.InputLayer | Start
    return [x for x in network.layers if not isinstance(x, beside)]
