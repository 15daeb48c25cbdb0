"""Spam classification: the honest protocol, and the lecture's, audited."""

import dataclasses

import numpy as np

from recurra.data import LabelledTexts
from recurra.recipes.texts import Protocol
from recurra.text import TextEncoder

__all__ = ["PROTOCOLS"]


def without_repeated_texts(rows: LabelledTexts) -> LabelledTexts:
    """Keep the first row of each distinct text, as the lecture's `drop_duplicates` does."""
    _, first = np.unique(rows.texts.astype(str), return_index=True)
    kept = rows.take(np.sort(first))
    dropped = len(rows.texts) - len(kept.texts)
    return dataclasses.replace(
        kept, notes=[*rows.notes, f"{dropped:,} rows with a repeated text dropped"]
    )


def lecture_encoder(rows: LabelledTexts) -> TextEncoder:
    """Fit the vocabulary on all rows, test rows included. This is the lecture's leak."""
    return TextEncoder.fit(
        rows.texts, tokenizer="lecture-word", min_count=2, max_length=256, unknown=False
    )


PROTOCOLS = {
    "default": Protocol("stratified, duplicates grouped"),
    "lecture": Protocol(
        "the lecture's: stratified, repeated texts dropped, vocabulary from all rows",
        grouped=False,
        prepare=without_repeated_texts,
        encoder=lecture_encoder,
    ),
}
