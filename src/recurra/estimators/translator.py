"""Many to many: a sentence read whole, then another written, a token at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

from recurra.answers.translating import TranslatorAnswers
from recurra.answers.writing import as_lines
from recurra.arrays import Floats, Texts
from recurra.backend import keras
from recurra.errors import DataError, SettingsError
from recurra.estimators.encoders import Sides
from recurra.estimators.writing import CELLS, WritingEstimator
from recurra.layers import Bidirectional, Embedding
from recurra.listeners import Listener
from recurra.text.levels import level_named, writing_vocabulary
from recurra.training.teaching import Lesson, ragged_tokens

__all__ = ["SequenceTranslator"]

MOST_BEGINNINGS = 1000
layers = keras.layers


@dataclass(kw_only=True, eq=False, repr=False)
class SequenceTranslator(TranslatorAnswers, WritingEstimator):
    """Translate with an encoder that reads the source and a decoder that writes the target.

    ::

        e_1..e_S = both directions of cell(source)      s_0 = tanh(W [last forward, backward])
        s_t      = cell(embedding(target_{t-1}), s_{t-1})
        a_t      = softmax_i(s_t · e_i)                         attention (Luong et al., 2015)
        c_t      = Σ_i a_ti e_i
        p(target_t) = softmax(V tanh(C [c_t, s_t]))             without attention: tanh(C s_t)

    It is trained by teacher forcing and writes by beam search. The vocabularies are of training
    pairs alone. Numbers, names and words it does not know it cannot copy: it writes what is likely.

    Args:
        model: the cell: "simple-rnn", "lstm" or "gru".
        attention: whether the decoder looks back at every source token.
        source_level: "words" or "characters" (Korean: syllables).
        target_level: the same of what is written.
        units: of the decoder; each direction of the encoder has half.
        beam: how many beginnings the search keeps; 1 is greedy.
        length_penalty: see `beam_search`.
        batch_size: pairs a step of training, None for 32.
        learning_rate: of Adam, None for 0.002.
        dropout, min_count, max_length, validation_split, epochs, random_state: as in
            `WritingEstimator`.

    Attributes:
        source_, target_: the vocabularies.
        sides_, histories_, weights_: as in `NetworkEstimator`.

    Example:
        >>> pairs = ["one", "two", "one two", "two one"] * 5, ["일", "이", "일 이", "이 일"] * 5
        >>> model = SequenceTranslator(units=8, epochs=1).fit(*pairs)
        >>> model.predict(["one", ""]).shape
        (2,)
    """

    USUAL: ClassVar[Mapping[str, Any]] = {"batch_size": 32, "learning_rate": 2e-3}

    attention: bool = True
    source_level: str = "words"
    target_level: str = "words"
    beam: int = 4
    length_penalty: float = 1.0
    dropout: float = 0.3
    max_length: int = 64
    epochs: int = 60

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        groups: Any = None,
        sides: Sides | None = None,
        checkpoints: Path | None = None,
        listeners: Sequence[Listener] = (),
    ) -> Self:
        """Train on sentences and their translations.

        Args:
            X: (rows,) sentences to read.
            y: (rows,) sentences to write.
            groups: (rows,) rows of one group stay on one side of the validation split; None groups
                sources that are equal but for case and spacing.
            sides: (training rows, validation rows), None to draw them.
            checkpoints: a folder to write a checkpoint to after every epoch, and to go on from.
            listeners: who is told that training begins, and how far it is.

        Raises:
            DataError: the sentences cannot be used.
            SettingsError: a setting cannot be used.
            RunError: the checkpoints are another run's.
        """
        self._check_settings()
        read, write = level_named(self.source_level).split, level_named(self.target_level).split
        sources, targets = as_lines(X), as_lines(y, "y")
        if len(sources) != len(targets):
            raise DataError(
                f"y must have one translation a sentence, but X has {len(sources)} and y has "
                f"{len(targets)} rows."
            )
        known = self._hold_out(sources, groups, sides)
        self.source_ = writing_vocabulary([read(sources[i]) for i in known], self.min_count)
        self.target_ = writing_vocabulary([write(targets[i]) for i in known], self.min_count)
        self._teach(
            self._lesson(sources, targets),
            **self.USUAL,
            checkpoints=checkpoints,
            listeners=listeners,
        )
        return self

    def build(self) -> Any:
        """Give a fresh Keras model: source and target tokens to the logits of the next token."""
        cell, half = CELLS[self.model], self.units // 2
        source = layers.Input((None,), dtype="int32", name="source")
        target = layers.Input((None,), dtype="int32", name="target")
        x = Embedding(len(self.source_), half, mask_zero=True, name="source_embedding")(source)
        x = layers.Dropout(self.dropout, name="source_dropout")(x)
        both = Bidirectional(
            cell(half, return_sequences=True, return_state=True, name="encoder"), name="both"
        )
        read, *last = both(x)
        parts = len(last) // 2
        state = [
            layers.Dense(self.units, activation="tanh", name=f"bridge_{i}")(
                layers.Concatenate(name=f"last_{i}")([last[i], last[parts + i]])
            )
            for i in range(parts)
        ]
        y = Embedding(len(self.target_), half, name="target_embedding")(target)
        y = layers.Dropout(self.dropout, name="target_dropout")(y)
        said = cell(self.units, return_sequences=True, name="decoder")(y, initial_state=state)
        if self.attention:
            there = layers.Lambda(lambda tokens: tokens != 0, name="there")(source)
            seen = layers.Attention(name="attention")([said, read], mask=[None, there])
            said = layers.Concatenate(name="seen_and_said")([seen, said])
        said = layers.Dense(self.units, activation="tanh", name="combined")(said)
        said = layers.Dropout(self.dropout, name="output_dropout")(said)
        logits = layers.Dense(len(self.target_), name="output")(said)
        return keras.Model([source, target], logits, name="network")

    def log_probabilities(self, X: Any, y: Any) -> Floats:
        """Give the natural logarithm of the probability of each translation, (rows,)."""
        self._check_fitted()
        return self._logs(self._lesson(as_lines(X), as_lines(y, "y")))

    def _check_settings(self) -> None:
        super()._check_settings()
        if self.units % 2:
            raise SettingsError(f"units must be even, but they are {self.units}.")
        if self.beam > MOST_BEGINNINGS:
            raise SettingsError(
                f"a search keeps up to {MOST_BEGINNINGS:,} beginnings, but beam is {self.beam}."
            )
        for level in (self.source_level, self.target_level):
            level_named(level)

    def _learnt(self) -> dict[str, Any]:
        return {}

    def _lesson(self, sources: Texts, targets: Texts) -> Lesson:
        read, write = level_named(self.source_level).split, level_named(self.target_level).split
        given = [self.source_.encode(read(text)[: self.max_length]) for text in sources]
        said = [self.target_.encode(write(text)[: self.max_length]) for text in targets]
        return Lesson(
            (ragged_tokens(given), ragged_tokens([[2, *tokens] for tokens in said])),
            ragged_tokens([[*tokens, 3] for tokens in said]),
        )
