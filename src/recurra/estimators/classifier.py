"""Sequences to classes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets

from recurra.answers.classes import ClassAnswers
from recurra.answers.reading import FittedEncoder
from recurra.answers.starts import Start, steps_of
from recurra.arrays import Array, Floats, Floats32, Rows, Texts
from recurra.baselines.crossfit import CrossFitted, cross_fit, cross_fit_sequences
from recurra.bundle import Bundle
from recurra.data.passes import Passes
from recurra.errors import DataError, SettingsError
from recurra.estimators.encoders import Sides, encoder_for
from recurra.estimators.labels import as_labels
from recurra.estimators.sequence import RowEstimator
from recurra.judging.measures import best_threshold
from recurra.judging.scaling import factors_of
from recurra.listeners import Listener
from recurra.models import DEFAULT, Head
from recurra.operations.kinds import Dense
from recurra.plans import plan_of
from recurra.sequences import Inputs, Ragged, check_rows
from recurra.text.terms import log_odds_of
from recurra.training import Example, NetworkWeights

__all__ = ["SequenceClassifier"]

SMALLEST = 1e-7  # a probability that 32 bits tell from 0


@dataclass(kw_only=True, eq=False, repr=False)
class SequenceClassifier(ClassAnswers, ClassifierMixin, RowEstimator):  # type: ignore[misc]
    """Classify texts, or numeric sequences, with a recurrent (or convolutional) network.

    A part of the rows is held out for validation: the weights are those of the epoch with the
    lowest validation loss, the log-odds are brought to scale there, and the decision threshold is
    the one with the highest F1. `ngram-bi-gru` begins as the best linear model of n-grams, and
    learns what to add; `ngram-pair-bi-gru` learns alone, and is weighed with it there,
    `ngram-triple-bi-gru` with two of them, `rocket-gru-fcn` with one of MiniRocket: of that the
    last epoch is kept. To `gru-fcn` and `lstm-fcn` all rows teach: the last epoch is kept, and the
    threshold is 0.5. Where several networks are averaged, each holds out
    another part, so that each row teaches most of them and validates one. Duplicates never stand on
    both sides. A token is known when the training rows of every network alone would have taught it.
    Of a text longer than `max_length` tokens, those that `truncation` says are read. Of more than
    two classes the most probable is predicted: only between two is there a threshold.

    Args:
        model: the architecture by name; `recurra.models.ARCHITECTURES` lists those for texts,
            `recurra.names.SHAPES` those for numeric sequences.
        class_weight: None, "balanced" (rows of the rarer class count more) or {class: weight}.
        epochs: the most epochs, None for what suits the architecture.
        features: the names of columns of numbers and categories beside a text; a row is then
            `recurra.text.joining.join([*cells, text])`. None where there are none.
        positive: the class that precision, recall and the threshold are about, None for the
            last in sorted order.
        tokenizer, min_count, max_vocabulary, max_length, truncation, scaled, members,
            validation_split, patience, batch_size, learning_rate, random_state: as in
            `RowEstimator`.

    Attributes:
        classes_: the classes, sorted.
        threshold_: of two classes, the score of the positive one from which `predict` says
            positive; None of more.
        encoder_: from texts to integers, or from numbers to scaled ones.
        sides_: for each member the rows that trained it and those that validated it.
        histories_: the curve of each member.
        weights_: the weights of each member, by variable name.
        start_: the linear models as which the network begins, or with which it is weighed; None of
            those that do neither.
        start_folds_: (rows, linear models) the part of the rows without which each one's start was
            fitted.

    Example:
        >>> from recurra import SequenceClassifier
        >>> texts = ["win a prize now", "see you at lunch"] * 20
        >>> labels = ["spam", "ham"] * 20
        >>> groups = list(range(40))  # the duplicates are meant here
        >>> model = SequenceClassifier(model="simple-rnn", epochs=2)
        >>> model.fit(texts, labels, groups=groups).predict_proba(["a prize"]).shape
        (1, 2)
    """

    model: str = field(default=DEFAULT, kw_only=False)
    epochs: int | None = None
    class_weight: str | dict[Any, float] | None = None
    positive: Any = None
    features: list[str] | None = None

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        return tags

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        groups: Any = None,
        sides: Sides | None = None,
        encoder: FittedEncoder | None = None,
        passes: Passes | None = None,
        checkpoints: Path | None = None,
        listeners: Sequence[Listener] = (),
    ) -> Self:
        """Train on sequences and their labels.

        Args:
            X: (rows,) texts; or numbers: an array (rows, timesteps, features), or a list of
                arrays (timesteps_i, features).
            y: (rows,) labels of two or more classes.
            groups: (rows,) rows of one group stay on one side of the validation split; None
                groups texts that are equal but for digits, case and spacing, or equal numbers.
            sides: (training rows, validation rows) for each member, None to draw them.
            encoder: an encoder fitted before, None to fit one on the training part.
            passes: texts that teach, read in passes; those of X then validate, and `sides` and
                `encoder` must be given.
            checkpoints: a folder to write a checkpoint to after every epoch; when one of the same
                data and settings is there, training goes on from it.
            listeners: who is told that training begins, and how far it is.

        Raises:
            DataError: the sequences or labels cannot be used.
            SettingsError: a setting cannot be used.
            RunError: the checkpoints are another run's.
        """
        reads = encoder_for(X)
        rows = reads.rows(X)
        truth = self._truth(len(rows), y)
        self._check_settings()
        kept = reads.groups(rows) if groups is None else np.asarray(groups)
        architecture = reads.architecture(self.model)
        if passes is not None and architecture.starts:
            raise SettingsError(
                f"rows that are read in passes teach a network that begins from nothing, but "
                f"{self.model} begins as a linear model. Take another, such as gru."
            )
        if self.features and not architecture.starts:
            raise SettingsError(
                "what stands beside a text is read by the linear model as which a network begins, "
                f"but {self.model} begins as none. Take ngram-bi-gru."
            )
        members = self.members or architecture.members
        self.sides_ = self._split(truth, kept, members, sides, architecture.validated)
        sequences = self._fit_encoder(reads, rows, encoder)
        weights = compute_sample_weight(self.class_weight, as_labels(y)).astype(np.float32)
        begun = self._begin(rows, truth, kept, weights) if architecture.starts else None
        given: Inputs = sequences if begun is None else (sequences, steps_of(begun.sum(axis=0)))
        targets = self._targets(truth, architecture.label_smoothing)
        taught = self._from_nothing(given) if architecture.alone else given
        example = Example(taught, targets, weights, few_shapes=bool(architecture.starts))
        self._train(
            example,
            loss="binary_crossentropy" if self._binary else "categorical_crossentropy",
            **architecture.training(len(rows) if passes is None else passes.rows),
            blocks=None if passes is None else partial(self._blocks, passes, example, truth),
            last=architecture.last,
            checkpoints=checkpoints,
            listeners=listeners,
            facts=[truth, kept, *([] if passes is None else [np.frombuffer(passes.mark)])],
        )
        given = self._calibrate(given, truth, weights, begun)
        self.threshold_: Any = None
        if self._binary:
            validated, scores = self._validated(given)
            self.threshold_ = best_threshold(truth[validated], scores) if len(validated) else 0.5
        return self

    def _blocks(
        self, passes: Passes, like: Example, truth: Array, number: int, seed: int
    ) -> Iterator[tuple[float, Example]]:
        """Read the rows of an epoch; their targets and weights are as those of rows at hand."""
        assert not isinstance(like.targets, Ragged)
        _, first = np.unique(truth, return_index=True)
        targets, weights = like.targets[first], like.weights[first]
        if self._binary and not self.positive_index:
            targets, weights = targets[::-1], weights[::-1]
        for done, texts, classes in passes.epoch(number, seed):
            yield done, Example(self.encoder_.encode(texts), targets[classes], weights[classes])

    def _begin(self, rows: Texts | Ragged, truth: Array, groups: Rows, weights: Floats32) -> Floats:
        """Fit the linear models as which the network begins; give where each row does.

        Rows that neither train nor validate do not teach them, and begin at 0.

        Returns:
            (linear models, rows, 1 or classes), to be added.
        """
        seen = np.unique(np.concatenate([rows for side in self.sides_ for rows in side]))
        classes, known = truth[seen].astype(np.int64), weights[seen].astype(float)
        counts = None if self.class_weight is None else known
        found = [
            self._cross_fitted(rows, seen, classes, groups[seen], counts, kinds)
            for kinds in encoder_for(rows).architecture(self.model).starts
        ]
        odds = np.stack([each.log_odds for each in found])
        alone = factors_of(list(odds), classes, counts) if len(odds) > 1 else np.ones(1)
        self.start_ = Start(
            [
                each.start.parts[0]._replace(factor=factor, alone=factor)
                for each, factor in zip(found, alone.tolist(), strict=True)
            ]
        )
        self.start_folds_ = np.full((len(rows), len(found)), -1)
        self.start_folds_[seen] = np.stack([each.fold for each in found], axis=1)
        begun = np.zeros((len(found), len(rows), odds.shape[2]))
        begun[:, seen] = alone[:, None, None] * odds
        return begun

    def _cross_fitted(
        self,
        rows: Texts | Ragged,
        seen: Rows,
        truth: Rows,
        groups: Rows,
        weights: Floats | None,
        kinds: Sequence[str],
    ) -> CrossFitted:
        given = truth, len(self.classes_), groups
        seed = int(self.random_state)
        if isinstance(rows, Ragged):
            (kind,) = kinds
            taken = rows.take(seen)
            return cross_fit_sequences(kind, taken, *given, weights=weights, seed=seed)
        beside = self.features or ()
        return cross_fit(
            rows[seen], *given, weights=weights, seed=seed, features=beside, kinds=kinds
        )

    def _calibrate(
        self, given: Inputs, truth: Array, weights: Floats32, begun: Floats | None
    ) -> Inputs:
        """Bring log-odds to scale on validation rows: each network's, and those they begin with.

        Both go into what is there, so that they cost nothing to answer with.
        """
        rows, outputs = self._validated(self._from_nothing(given))
        if not len(rows):
            return given
        added = log_odds_of(self._shares(outputs), SMALLEST)
        counts, classes = weights[rows].astype(float), truth[rows].astype(np.int64)
        if not isinstance(given, tuple):
            ends = np.cumsum([len(validation) for _, validation in self.sides_])[:-1]
            own = (np.split(each, ends) for each in (added, classes, counts))
            for member, (z, y, w) in zip(self.weights_, zip(*own, strict=True), strict=True):
                self._scale(member, float(factors_of([z], y, w)[0]))
            return given
        assert begun is not None
        assert self.start_ is not None
        factor, *of_parts = factors_of([added, *begun[:, rows]], classes, counts).tolist()
        for member in self.weights_:
            self._scale(member, factor)
        self.start_ = self.start_.weighed(
            [part.factor * each for part, each in zip(self.start_.parts, of_parts, strict=True)]
        )
        return given[0], steps_of(np.tensordot(of_parts, begun, 1))

    def _scale(self, member: NetworkWeights, factor: float) -> None:
        """Multiply the log-odds of a network, by the weights of its last layer."""
        operations = plan_of(self._network().model).operations
        last = [each for each in operations if isinstance(each, Dense)][-1]
        for name in last.weights.values():
            member[name] = (member[name] * factor).astype(member[name].dtype)

    def _from_nothing(self, given: Inputs) -> Inputs:
        """Give rows that begin at 0: what the network then says is what it adds."""
        if isinstance(given, tuple):
            return given[0], steps_of(0 * given[1].timesteps())
        return given

    def _shares(self, outputs: Floats) -> Floats:
        """Give the probability of each class; of two, the positive one stands last."""
        return np.stack([1 - outputs, outputs], axis=1) if self._binary else outputs

    @property
    def learns_alone(self) -> bool:
        """Whether the network learned as if there were no linear model, and was weighed with it."""
        return self._encoder().architecture(self.model).alone

    def members_of(self, X: Any) -> int:
        """Give how many networks would be trained on such sequences: asked for, or as suits."""
        return self.members or encoder_for(X).architecture(self.model).members

    def _encode(self, X: Any) -> Inputs:
        sequences = super()._encode(X)
        assert isinstance(sequences, Ragged)
        return self._begun(sequences, X)

    def _encoder_json(self) -> dict[str, Any]:
        start = {} if self.start_ is None else {"start": self.start_.to_json()}
        return super()._encoder_json() | start

    def _restore(self, bundle: Bundle) -> None:
        super()._restore(bundle)
        starts = self._encoder().architecture(self.model).starts
        if len(starts) != (0 if self.start_ is None else len(self.start_.parts)):
            raise SettingsError(
                f"the model {self.model} must have a start where it begins with one, and else "
                "none. Copy it again, or train it again."
            )

    def build(self) -> Any:
        """Give a fresh Keras model of this architecture for the fitted encoder and classes."""
        binary = Head() if self._binary else Head(len(self.classes_), "softmax")
        return self._encoder().build(self.model, binary)

    def _truth(self, rows: int, y: Any) -> Array:
        """Give (rows,) whether a row is positive; of more than two classes, the class's number."""
        check_rows(y, "y")
        labels = as_labels(y)
        if labels.shape != (rows,):
            raise DataError(
                f"y must have one label a row, but X has {rows} rows and y has shape "
                f"{labels.shape}."
            )
        try:
            check_classification_targets(labels)
        except ValueError as error:
            raise DataError(f"{error} Labels are classes, not quantities.") from None
        self.classes_, numbers = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise DataError(
                f"the labels must be of two or more classes, but 1 class came: "
                f"{self.classes_.tolist()[0]!r}. Choose the label column."
            )
        self._check_positive()
        return numbers == self.positive_index if self._binary else numbers

    def _targets(self, truth: Array, smoothing: float) -> Floats32:
        """Give probabilities: 1 for the class of a row, less what smoothing spreads over all."""
        if self._binary:
            probabilities = np.abs(truth - smoothing / 2)
        else:
            ones = np.eye(len(self.classes_))[truth]
            probabilities = (1 - smoothing) * ones + smoothing / len(self.classes_)
        targets: Floats32 = probabilities.astype(np.float32)
        return targets
