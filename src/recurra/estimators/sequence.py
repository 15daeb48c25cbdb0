"""What the estimators that read sequences share: the encoder, and what is read row by row."""

from dataclasses import dataclass, field
from typing import Any

from recurra.answers.model import Stream
from recurra.answers.reading import FittedEncoder, encoder_from_json
from recurra.bundle import Bundle
from recurra.errors import SettingsError
from recurra.estimators.base import NetworkEstimator
from recurra.estimators.encoders import Encoder, encoder_for, encoder_of
from recurra.operations.network import Network
from recurra.plans import plan_of
from recurra.sequences import Inputs, Ragged

__all__ = ["RowEstimator", "SequenceEstimator"]


@dataclass(kw_only=True, eq=False, repr=False)
class SequenceEstimator(NetworkEstimator):
    """An estimator of texts or numeric sequences: what it reads is told from what `fit` is given.

    Args:
        members: how many networks are averaged, None for what suits the architecture.
        model, validation_split, epochs, patience, batch_size, learning_rate, random_state: as in
            `NetworkEstimator`.

    Attributes:
        encoder_: from texts, or numbers, to what the network reads.
    """

    members: int | None = None

    encoder_: Any = field(init=False)  # a FittedEncoder; of texts where the recipe is of texts

    def stream(self) -> Stream:
        """Read one long sequence in pieces, as it comes: `stream().push(piece)`.

        Raises:
            SettingsError: the network looks ahead, so its answer needs the whole sequence.
        """
        self._check_fitted()
        plan = plan_of(self._network().model)
        return Stream(self, [Network(plan, weights) for weights in self.weights_])

    def _encoder(self) -> Encoder:
        """Give the encoder of what was fitted."""
        return encoder_of(self.encoder_)

    def _encode(self, X: Any) -> Inputs:
        self._check_fitted()
        return self._encoder().encode(X)

    def _encoder_json(self) -> dict[str, Any]:
        stored: dict[str, Any] = self.encoder_.to_json()
        return stored

    def _restore(self, bundle: Bundle) -> None:
        self.encoder_ = bundle.encoder_as(encoder_from_json)
        self._check_encoder()

    def _check_encoder(self) -> None:
        """Refuse an encoder that does not give what the network reads."""
        kind = getattr(self.encoder_, "kind", None)
        pieces = self._encoder().architecture(self.model).pieces
        if kind != pieces:
            raise SettingsError(
                f"the model {self.model} needs an encoder with pieces={pieces!r}, but "
                f"one with {kind!r} was given."
            )


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
        model, members, validation_split, epochs, patience, batch_size, learning_rate,
            random_state: as in `SequenceEstimator`.
    """

    tokenizer: str | None = None
    min_count: int = 2
    max_vocabulary: int | None = None
    max_length: int = 256
    truncation: str = "head"
    scaled: bool = True

    def usual(self, rows: Any) -> dict[str, Any]:
        """Give what suits the architecture, for a fit of such rows."""
        architecture = encoder_for(rows).architecture(self.model)
        return {**architecture.training(len(rows)), "tokenizer": architecture.tokenizer}

    def _fit_encoder(
        self, reads: type[Encoder], rows: Any, encoder: FittedEncoder | None = None
    ) -> Ragged:
        """Fit the encoder on training rows, unless one is given, and encode all rows."""
        if encoder is None:
            encoder = reads.fit(rows, self.sides_, self.model, self)
        self.encoder_ = encoder
        self._check_encoder()
        return encoder.encode(rows)
