"""What a fitted model reads: rows as a user has them, and the encoder of its bundle."""

from typing import Any

import numpy as np

from recurra.arrays import Texts
from recurra.errors import DataError
from recurra.sequences import NumberEncoder, check_rows
from recurra.text import TextEncoder

__all__ = ["FittedEncoder", "Sentences", "as_sentences", "as_texts", "encoder_from_json"]

Sentences = list[list[str]]
FittedEncoder = TextEncoder | NumberEncoder


def as_texts(X: Any) -> Texts:
    """Give a 1-D array of strings, or say why that cannot be.

    Raises:
        DataError: X is no list or array, is one string, has several columns, or holds what is not
            text.
    """
    if isinstance(X, str):
        raise DataError("X must be a list of texts, but one text was given. Put it in a list: [X]")
    check_rows(X)
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


def as_sentences(X: Any) -> Sentences:
    """Give lists of words, or say why that cannot be.

    Raises:
        DataError: X is no list or array, a sentence was not split, or a word is not a string.
    """
    check_rows(X)
    sentences = []
    for number, sentence in enumerate(X):
        if isinstance(sentence, str):
            raise DataError(
                f"every row of X must be a list of words, but row {number} is one string. "
                "Split it: text.split()"
            )
        words = list(sentence)
        wrong = next((word for word in words if not isinstance(word, str)), None)
        if wrong is not None:
            raise DataError(f"every word must be a string, but row {number} of X holds {wrong!r}.")
        sentences.append(words)
    return sentences


def encoder_from_json(stored: dict[str, Any]) -> FittedEncoder:
    """Rebuild what `to_json` of a fitted encoder gave."""
    if stored.get("kind") == "numbers":
        return NumberEncoder.from_json(stored)
    return TextEncoder.from_json(stored)
