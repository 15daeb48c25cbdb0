"""From text to integers: normalisation, tokenizers, the vocabulary, the encoder."""

from recurra.text.encoder import TRUNCATIONS, TextEncoder, truncate
from recurra.text.normalise import content_key, duplicate_key
from recurra.text.tokenizers import TOKENIZERS, tokenizer_named
from recurra.text.vocabulary import Vocabulary

__all__ = [
    "TOKENIZERS",
    "TRUNCATIONS",
    "TextEncoder",
    "Vocabulary",
    "content_key",
    "duplicate_key",
    "tokenizer_named",
    "truncate",
]
