import numpy as np
import pytest

from recurra.errors import SettingsError
from recurra.models import ARCHITECTURES, architecture_named, layer_table
from recurra.subwords import MaskedMaxMeanPooling1D, SubwordEmbedding

VOCABULARY = 4013  # the lecture's


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("simple-rnn", [128_416, 2_080, 33]),
        ("lstm", [128_416, 4 * (32 * 32 + 32 * 32 + 32), 33]),
        ("gru", [128_416, 3 * (32 * 32 + 32 * 32 + 2 * 32), 33]),
        ("bi-lstm", [128_416, 2 * 4 * (32 * 32 + 32 * 32 + 32), 65]),
        ("bi-gru", [128_416, 2 * 3 * (32 * 32 + 32 * 32 + 2 * 32), 65]),
        ("conv1d", [128_416, 5_152, 2_112, 65]),
    ],
)
def test_parameter_counts_are_exact(name: str, parameters: list[int]) -> None:
    model = ARCHITECTURES[name].build(VOCABULARY, 0)
    table = layer_table(model)
    assert [layer.parameters for layer in table if layer.parameters] == parameters
    assert model.count_params() == sum(parameters)


def test_the_default_counts_every_word_and_piece_once() -> None:
    vocabulary, pieces, units = 4013, 3000, 64
    gru = 2 * 3 * (units * units + units * units + 2 * units)
    model = ARCHITECTURES["subword-bi-gru"].build(vocabulary, pieces)
    assert model.count_params() == (vocabulary + pieces) * units + gru + 4 * units + 1


def test_a_token_is_the_mean_of_its_word_and_pieces() -> None:
    layer = SubwordEmbedding(6, 2)
    layer.build((None, None, 3))
    table = np.arange(12, dtype=np.float32).reshape(6, 2)
    layer.table.assign(table)
    given = np.array([[[2, 4, 0], [5, 0, 0], [0, 0, 0]]], np.int32)
    expected = [[(table[2] + table[4]) / 2, table[5], [0, 0]]]
    np.testing.assert_allclose(layer(given), expected)
    np.testing.assert_array_equal(layer.compute_mask(given), [[True, True, False]])


def test_pooling_sees_only_steps_that_are_there() -> None:
    steps = np.array([[[1.0, -5.0], [3.0, -1.0], [9.0, 9.0]]], np.float32)
    pool = MaskedMaxMeanPooling1D()
    pooled = pool(steps, mask=np.array([[True, True, False]]))
    np.testing.assert_allclose(pooled, [[3, -1, 2, -3]])
    np.testing.assert_allclose(pool(steps, mask=np.zeros((1, 3), bool)), np.zeros((1, 4)))


def test_the_lecture_s_two_models_have_its_totals() -> None:
    assert ARCHITECTURES["simple-rnn"].build(VOCABULARY, 0).count_params() == 130_529
    assert ARCHITECTURES["conv1d"].build(VOCABULARY, 0).count_params() == 135_745


def test_the_layers_of_conv1d_are_the_lecture_s_in_order() -> None:
    kinds = [layer.kind for layer in layer_table(ARCHITECTURES["conv1d"].build(VOCABULARY, 0))]
    assert kinds == [
        "Embedding",
        "Dropout",
        "Conv1D",
        "GlobalMaxPooling1D",
        "Dense",
        "Dropout",
        "Dense",
    ]


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SettingsError, match="simple-rnn, .* but 'transformer' was given"):
        architecture_named("transformer")


@pytest.mark.parametrize("name", [n for n in ARCHITECTURES if n != "conv1d"])
def test_padding_changes_no_recurrent_score(name: str) -> None:
    architecture = ARCHITECTURES[name]
    model = architecture.build(20, 10 if architecture.pieces else 0)
    rng = np.random.default_rng(0)
    shape = (3, 5, 14) if architecture.pieces else (3, 5)
    short = rng.integers(1, 10, shape).astype(np.int32)
    long = np.concatenate([short, np.zeros((3, 4, *shape[2:]), np.int32)], axis=1)
    begun = rng.normal(size=(3, 16, 1)).astype(np.float32)
    given = [[ids, begun] if architecture.starts else ids for ids in (long, short)]
    np.testing.assert_allclose(*map(model.predict_on_batch, given), atol=1e-6)
