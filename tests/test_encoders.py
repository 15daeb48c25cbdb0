from typing import Any

import numpy as np
import pytest

from recurra.answers.reading import encoder_from_json
from recurra.errors import DataError, SettingsError
from recurra.estimators.encoders import (
    Encoder,
    NumbersEncoder,
    SentencesEncoder,
    TextsEncoder,
    encoder_for,
    encoder_of,
)
from recurra.models import Head
from recurra.sequences import Ragged


class Settings:
    """What the estimators are told."""

    tokenizer, min_count, max_vocabulary = None, 1, None
    max_length, truncation, scaled = 8, "head", True


NUMBERS = np.arange(40.0).reshape(5, 4, 2)
TEXTS = ["a prize", "see you", "a prize", "at lunch", "only here"]
SENTENCES = [text.split() for text in TEXTS]
KINDS: list[tuple[type[Encoder], Any, type[Encoder]]] = [
    (NumbersEncoder, NUMBERS, TextsEncoder),
    (TextsEncoder, TEXTS, TextsEncoder),
    (SentencesEncoder, SENTENCES, SentencesEncoder),
]
SIDES = [(np.array([0, 1, 2]), np.array([3, 4])), (np.array([1, 2, 3]), np.array([0, 4]))]


@pytest.mark.parametrize(("kind", "X", "otherwise"), KINDS)
def test_what_is_read_is_told_from_what_is_given(
    kind: type[Encoder], X: Any, otherwise: type[Encoder]
) -> None:
    assert encoder_for(X, otherwise) is kind
    fitted = kind.fit(kind.rows(X), SIDES, "gru", Settings)
    assert type(encoder_of(fitted, otherwise)) is kind


@pytest.mark.parametrize(("kind", "X", "otherwise"), KINDS)
def test_an_encoder_written_down_and_read_again_encodes_alike(
    kind: type[Encoder], X: Any, otherwise: type[Encoder]
) -> None:
    fitted = kind.fit(kind.rows(X), SIDES, "gru", Settings)
    again = encoder_of(encoder_from_json(fitted.to_json()), otherwise)
    one, other = kind(fitted).encode(X), again.encode(X)
    for array, same in zip(one.arrays(), other.arrays(), strict=True):
        np.testing.assert_array_equal(array, same)


@pytest.mark.parametrize(("kind", "X", "otherwise"), KINDS)
def test_the_network_of_an_encoder_reads_what_it_encodes(
    kind: type[Encoder], X: Any, otherwise: type[Encoder]
) -> None:
    encoder = kind(kind.fit(kind.rows(X), SIDES, "gru", Settings))
    padded = encoder.encode(X).pad(np.arange(5), 4)
    padded = padded[..., 0] if padded.shape[2] == 1 else padded
    each_step = kind is SentencesEncoder
    outputs = encoder.build("gru", Head(3, "softmax", each_step=each_step))(padded)
    assert outputs.shape == ((5, 4, 3) if each_step else (5, 3))


def test_only_what_all_members_are_taught_is_learnt() -> None:
    fitted = NumbersEncoder.fit(Ragged.of_numbers(NUMBERS), SIDES, "gru", Settings)
    np.testing.assert_allclose(fitted.mean, NUMBERS[1:3].mean(axis=(0, 1)))
    texts = TextsEncoder.fit(TextsEncoder.rows(TEXTS), SIDES, "gru", Settings)
    assert {"see", "you", "a", "prize"} == set(texts.vocabulary.tokens)
    words = SentencesEncoder.fit(SENTENCES, SIDES, "gru", Settings)
    assert {"see", "you", "a", "prize"} == set(words.vocabulary.tokens)


def test_equal_rows_are_of_one_group() -> None:
    assert len(set(TextsEncoder.groups(TextsEncoder.rows(TEXTS)).tolist())) == 4
    assert SentencesEncoder.groups(SENTENCES).tolist() == [0, 1, 0, 2, 3]
    twice = Ragged.of_numbers(np.concatenate([NUMBERS, NUMBERS[:2]]))
    assert NumbersEncoder.groups(twice).tolist() == [0, 1, 2, 3, 4, 0, 1]


def test_what_cannot_be_read_is_refused() -> None:
    with pytest.raises(DataError, match="0 samples"):
        TextsEncoder.rows([])
    with pytest.raises(DataError, match="timesteps to learn from"):
        NumbersEncoder.rows(np.zeros((3, 0, 2)))
    with pytest.raises(DataError, match="is one string"):
        SentencesEncoder.rows(["not split"])
    with pytest.raises(SettingsError, match="for numeric sequences the model must be one of"):
        NumbersEncoder.architecture("bert")
    numbers = NumbersEncoder(NumbersEncoder.fit(Ragged.of_numbers(NUMBERS), SIDES, "gru", Settings))
    with pytest.raises(DataError, match="this model reads numbers"):
        numbers.tokens("a prize")
