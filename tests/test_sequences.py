import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurra.errors import DataError
from recurra.sequences import NumberEncoder, Ragged, are_numbers


@given(st.lists(st.lists(st.floats(-1e6, 1e6), max_size=5), min_size=1, max_size=6))
def test_numeric_sequences_come_back_as_they_went_in(rows: list[list[float]]) -> None:
    ragged = Ragged.of_numbers(rows)
    for number, row in enumerate(rows):
        found = ragged.take(np.array([number])).timesteps()
        assert found[:, 0].tolist() == row


def test_an_array_and_a_list_of_its_rows_are_the_same_sequences() -> None:
    array = np.arange(24.0).reshape(2, 3, 4)
    one, other = Ragged.of_numbers(array), Ragged.of_numbers(list(array))
    np.testing.assert_array_equal(one.timesteps(), other.timesteps())
    assert one.lengths.tolist() == [3, 3]


def test_windows_may_share_the_rows_of_the_table() -> None:
    table = np.arange(5.0)[:, None]
    windows = Ragged(np.array([1, 2, 3, 2, 3, 4], np.int32), np.array([0, 3, 6]), table)
    encoded = NumberEncoder.fit(windows, scaled=False).encode(windows)
    assert encoded.pad(np.array([0, 1]), 4)[..., 0].tolist() == [[1, 2, 3, 0], [2, 3, 4, 0]]
    assert encoded.pad(np.array([0]), 4)[..., 1].tolist() == [[1, 1, 1, 0]]


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([[1.0, 2.0], [3.0, np.nan]], "row 1 is nan .* timestep 1, feature 0"),
        ([[[1.0, np.inf]]], "row 0 is inf .* timestep 0, feature 1"),
        ([[[1.0, 2.0]], [[1.0]]], "row 0 has 2 and row 1 has 1"),
        (np.zeros((2, 2, 2, 2)), r"row 0 has shape \(2, 2, 2\)"),
        ([[1.0], ["a"]], "row 1 is not"),
    ],
)
def test_what_is_not_finite_numbers_is_refused_by_row(X: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Ragged.of_numbers(X)


def test_the_encoder_scales_by_what_it_was_fitted_on() -> None:
    encoder = NumberEncoder.fit(Ragged.of_numbers([[[1.0, 5.0], [3.0, 5.0]]]))
    encoded = encoder.encode([[[2.0, 6.0]]])
    np.testing.assert_allclose(encoded.timesteps(), [[0.0, 1.0, 1.0]])
    again = NumberEncoder.from_json(encoder.to_json())
    np.testing.assert_array_equal(again.encode([[[2.0, 6.0]]]).timesteps(), encoded.timesteps())
    with pytest.raises(DataError, match="3 features, but the model is expecting 2"):
        encoder.encode([[[1.0, 2.0, 3.0]]])


def test_texts_are_told_from_numbers() -> None:
    assert are_numbers([[1.0], [2.0]])
    assert are_numbers(np.zeros((2, 3)))
    assert are_numbers([np.zeros((0, 2)), np.zeros((4, 2))])
    assert not are_numbers(["a", "b"])
    assert not are_numbers(np.array([["a"], ["b"]], object))
    assert not are_numbers([["a", "b"]])
