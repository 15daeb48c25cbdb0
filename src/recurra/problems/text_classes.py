"""Many to one: labelled texts, of two classes or more."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from recurra.arrays import Rows
from recurra.auditing.views import MEASURES
from recurra.baselines.classes import constants
from recurra.baselines.texts import text_baselines
from recurra.data import LabelledTexts
from recurra.errors import DataError
from recurra.estimators import SequenceClassifier
from recurra.groups import group_duplicates
from recurra.judging import leaks
from recurra.judging.classes import Labelled, beside_of, class_data
from recurra.judging.measures import class_measures
from recurra.judging.problem import Tunable, all_held
from recurra.judging.report import DataInfo, Exhibit, Probe
from recurra.judging.run import Found
from recurra.judging.shift import Look
from recurra.judging.splits import Split
from recurra.models import architecture_named
from recurra.names import STARTING, TEXTS
from recurra.problems.begun import BegunProblem
from recurra.problems.kept import Asked, classes_of
from recurra.problems.networks import READING, ClassifierNetwork, networks, tunable
from recurra.problems.saved.texts import KINDS
from recurra.problems.splitting import (
    DEFAULT,
    KEEP_NEAR,
    Protocol,
    SplitTexts,
    bound_pieces,
    split_texts,
)
from recurra.text import TextEncoder, tokenizer_named
from recurra.text.beside import after_cells
from recurra.text.encoder import pieces_of
from recurra.text.joining import join, read_columns, text_columns
from recurra.text.near import SIMILARITY, group_near, near_keys

__all__ = ["DEFAULT", "KEEP_NEAR", "KINDS", "Protocol", "TextProblem", "asked_again", "texts"]

MASKED = "digits, case and spacing masked"
ALIKE = (
    f"near copies, too: {SIMILARITY:.0%} of the letters alike, the same words, one holds the "
    "other, or other letters for letters"
)
WORD = re.compile(r"\w+")
MOST_MISTAKES, LONGEST_SHOWN = 12, 300


def texts(
    rows: LabelledTexts,
    classifiers: Sequence[SequenceClassifier] = (),
    *,
    name: str = "texts",
    protocol: Protocol = DEFAULT,
    folds: int | None = None,
    seed: int = 0,
    split: SplitTexts | None = None,
) -> "TextProblem":
    """Ask for the class of texts.

    Args:
        rows: texts with labels.
        classifiers: not fitted; none: the default one.
        name: of the problem.
        protocol: how rows are prepared and split.
        folds: how many; None holds out the published test rows, else a fifth. With folds of a
            published split the training side alone is used: to choose must not touch the test.
        seed: of splits, networks and draws.
        split: of these rows, where it is made; None: it is made here.
    """
    estimators = list(classifiers) or [SequenceClassifier(random_state=seed)]
    share = estimators[0].validation_split
    split = split or split_texts(rows, protocol, folds=folds, share=share, seed=seed)
    return _declared(name, split, estimators, protocol, seed)


def _declared(
    name: str,
    split: SplitTexts,
    estimators: list[SequenceClassifier],
    protocol: Protocol,
    seed: int,
) -> "TextProblem":
    rows, labelled, positive = split.rows, split.labelled, split.labelled.positive
    encoder = protocol.encoder(rows) if protocol.encoder else None
    return TextProblem(
        name=name,
        data=DataInfo(
            source=rows.source,
            sha256=rows.sha256,
            notes=[*rows.notes, *_said(split, protocol), *split.notes],
            **class_data(labelled),
        ),
        split=split.kind,
        folds=split.folds,
        contenders=[
            *networks(ClassifierNetwork, estimators, encoder=encoder),
            *constants(positive),
            *text_baselines(rows.features, _starts_of(estimators)),
        ],
        measures=class_measures(len(rows.names), positive),
        beside=beside_of(len(rows.names), positive),
        seed=seed,
        facts=[
            *(e.get_params() for e in estimators),
            split.kind,
            *zip(rows.texts, rows.labels, strict=True),
        ],
        rows=labelled,
        pieces=split.pieces,
        ids=rows.ids,
        validation_split=estimators[0].validation_split,
        source=rows,
        held_together=ALIKE if protocol.near else MASKED,
        bonds=split.bonds,
    )


def _starts_of(estimators: Sequence[SequenceClassifier]) -> list[str]:
    """Give the kinds of linear models as which networks may begin."""
    groups = chain.from_iterable(architecture_named(each.model).starts for each in estimators)
    return list(chain.from_iterable(groups))


def _said(split: SplitTexts, protocol: Protocol) -> list[str]:
    """Say how many rows are copies, what was done with them, and which forms are none."""
    copies = split.copies
    if not copies.sentence():
        return []
    done = "they may stand on both sides"
    if split.bonds.begins is not None:
        done = "some may stand on both sides of a cut in time, as the checks say"
    elif split.bonds.groups is not None:
        done = "groups that share one count as one piece of evidence"
    elif protocol.grouped:
        done = "each group is kept on one side and counts once"
        done += "" if protocol.near else ", but for near copies"
    return [f"{copies.sentence()}: {done}", *map(str, copies.families if protocol.near else ())]


@dataclass
class TextProblem(BegunProblem):
    """Texts to classes.

    Args:
        source: the rows as they were read.
        held_together: what rows of one piece have in common, for people.
    """

    alike = "digits, case and spacing aside"

    source: LabelledTexts | None = None
    held_together: str = ALIKE

    def tunable(self) -> Tunable | None:
        """Say what a search may choose of its network: none that begins as what is no rival."""
        rows = self.asked(self.folds[-1].known)
        beside = self.source is not None and self.source.features
        rivals = {each.name for each in self.contenders if each.baseline}
        models = [
            name
            for name in (STARTING if beside else TEXTS)
            if rivals.issuperset(chain.from_iterable(architecture_named(name).starts))
        ]
        return tunable(self.contenders, rows, model=models, **READING)

    def probes(self, found: Found) -> list[Probe]:
        """Look for leaks in rows, vocabulary, text and columns."""
        classifier, fold = found.model(found.chosen).estimator, self.folds[-1]
        sides = [
            Split(fold.known[train], fold.known[validation], fold.held)
            for train, validation in classifier.sides_
        ]
        named, rows = self._rows(), self.source
        assert rows is not None
        tokens = self._tokens(classifier.encoder_)
        known = classifier.encoder_.vocabulary.tokens
        probes = [
            leaks.rows_on_both_sides(self._copies(), sides, self.held_together),
            *(self.bonds.probes(sides) if self.bonds else []),
            leaks.vocabulary(known, classifier.min_count, [tokens(s.train) for s in sides]),
            *self._pieces(classifier, sides),
            *self.own_starts(classifier),
            leaks.target_in_text(tokens(fold.known), named.truth[fold.known], named.names),
            leaks.target_in_columns(rows.other_columns, named.truth),
        ]
        seen = np.isin(self._copies()[fold.held], self._copies()[fold.known])
        last = found.outcomes[found.chosen, len(self.folds) - 1, 0].statistics
        return with_accuracy_on_unseen(probes, seen, last)

    def _copies(self) -> Rows:
        """Give (rows,) one number for all copies."""
        copies = self.pieces if self.bonds is None else self.bonds.copies
        assert copies is not None
        return copies

    # made anew for each probe: a list of a million texts' tokens would fill the memory
    def _tokens(self, encoder: TextEncoder) -> Callable[[Rows], Iterator[list[str]]]:
        tokenize, inputs = tokenizer_named(encoder.tokenizer), self._rows().inputs
        alone = partial(after_cells, count=encoder.beside)
        return lambda rows: (
            [token.lower() for token in tokenize(alone(text))] for text in inputs[rows]
        )

    def _pieces(self, classifier: SequenceClassifier, sides: Sequence[Split]) -> list[Probe]:
        encoder = classifier.encoder_
        if encoder.pieces is None or encoder.kind is None:
            return []
        tokenize, inputs = tokenizer_named(encoder.tokenizer), self._rows().inputs
        kind, beside = encoder.kind, encoder.beside
        taught = [
            (
                list(chain.from_iterable(pieces_of(tokenize(after_cells(text, beside)), kind)))
                for text in inputs[side.train]
            )
            for side in sides
        ]
        probe = leaks.vocabulary(encoder.pieces.tokens, classifier.min_count, taught)
        return [probe.model_copy(update={"name": "pieces from outside training"})]

    def notes(self, found: Found) -> list[str]:
        """Say how many texts are cut, and which baselines were fitted on a sample."""
        known = len(self.folds[-1].known)
        return [*self.cut(found.model(found.chosen)), *self._sampled(found, known)]

    def cut(self, model: Any) -> list[str]:
        """Say how many texts are longer than what a network reads of one."""
        encoder, texts = getattr(model, "encoder_", None), self._rows().inputs
        if encoder is None:
            return []
        cut = encoder.cut(texts)
        said = f"{cut:,} of {len(texts):,} texts are longer than what is read of one"
        return [f"{said}: of those, only {encoder.part_read}."] if cut else []

    def _sampled(self, found: Found, known: int) -> list[str]:
        return [
            f"{each.name} was fitted on a sample of {each.rows:,} of {known:,} rows: more do not "
            "fit in memory."
            for each in found.report.contenders
            if each.baseline and each.rows < known
        ]

    def exhibits(self, found: Found) -> list[Exhibit]:
        """Add the most confident mistakes."""
        return [*self.added(found), *super().exhibits(found), self._mistakes(found)]

    def _mistakes(self, found: Found) -> Exhibit:
        named, statistics = self._rows(), found.statistics(found.chosen)
        decided, truth = statistics[:, -2].astype(int), statistics[:, -1].astype(int)
        of_decided = statistics[np.arange(len(truth)), decided]
        wrong = np.flatnonzero(decided != truth)
        worst = wrong[np.argsort(-of_decided[wrong], kind="stable")][:MOST_MISTAKES]
        held = named.inputs[found.held]
        rows = [
            [
                named.names[truth[i]],
                named.names[decided[i]],
                f"{of_decided[i]:.3f}",
                _short(held[i]),
            ]
            for i in worst
        ]
        return Exhibit(
            title="The most confident mistakes",
            columns=["is", "called", "probability", "text"],
            rows=rows,
            note=f"{len(wrong):,} of {len(truth):,} held rows are called wrongly.",
        )

    def explained(self, found: Found) -> list[tuple[str, float, list[tuple[str, float]]]]:
        """Explain texts token by token: two sure of each end, and the two worst mistakes."""
        named, statistics = self._rows(), found.statistics(found.chosen)
        if named.positive is None:
            return []
        scores, truth = statistics[:, named.positive], statistics[:, -1] == named.positive
        held, classifier = named.inputs[found.held], found.model(found.chosen).estimator
        _, different = np.unique(self.evidence(found.held).pieces, return_index=True)
        sure = different[np.argsort(-scores[different], kind="stable")]
        wrong = sorted(different.tolist(), key=lambda i: -abs(scores[i] - truth[i]))[:2]
        shown = dict.fromkeys([*sure[:2].tolist(), *sure[-2:].tolist(), *wrong])
        names = np.array(named.names, dtype=object)[named.truth[found.held]]
        return [(str(names[i]), float(scores[i]), classifier.explain(held[i])[:60]) for i in shown]

    def saved_facts(self, found: Found, name: str) -> dict[str, Any]:
        """Let the model know the columns it was taught."""
        return {"columns": dict(self.source.columns) if self.source else {}}

    def commands(self, run: str) -> list[tuple[str, list[str]]]:
        """Ask it, and judge it on new rows."""
        columns = dict(self.source.columns) if self.source else {}
        read = text_columns(columns)
        text = [word for name in read for word in ("--text", name)]
        label = ["--label", columns["label"]] if "label" in columns else []
        every = read_columns(columns)
        one = join([f"a new {name}" for name in every]) if len(every) > 1 else "a new text"
        return [
            ("classify a text", ["predict", run, one]),
            ("classify the texts of a file", ["predict", run, "--file", "NEW.csv", *text]),
            ("judge it on new rows with labels", ["evaluate", run, "NEW.csv", *text, *label]),
            ("see what it reads in a text", ["explain", run, one]),
        ]

    def split_columns(self) -> Mapping[str, Iterable[Any]]:
        """Give where each row stands in the source, and a number for all that are held together."""
        assert self.ids is not None
        bound = None if self.source is None else self.source.groups
        if bound is None:
            return {"id": self.ids, "group": self._copies()}
        return {"id": self.ids, "group": bound, "copies": self._copies()}

    def look(self, rows: Rows) -> Look:
        """Say how texts are written, their words, and the keys of near copies."""
        named = self._rows()
        texts = named.inputs[rows]
        near, keyed = near_keys(texts)
        traits = {
            name: np.fromiter(map(measure, texts), float, len(texts))
            for name, measure in MEASURES.items()
        }
        words = [frozenset(WORD.findall(text.lower())) for text in texts]
        copies = self._copies()[rows] if self.held_together == ALIKE else group_near(texts)
        return Look(copies, named.truth[rows], named.names, traits, words, near, keyed)

    def keys(self) -> Mapping[str, Rows]:
        """Give a number for all copies of a text but for digits, case and spacing."""
        return {"duplicate_key": group_duplicates(self._rows().inputs)}


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + " …"


def with_accuracy_on_unseen(
    probes: list[Probe], seen: npt.NDArray[np.bool_], statistics: npt.NDArray[np.float64]
) -> list[Probe]:
    """Say what held rows that were seen in training do to the accuracy.

    A published split has some.
    """
    if not seen.any() or seen.all():
        return probes
    right = statistics[:, -2] == statistics[:, -1]
    said = f" Accuracy with them {right.mean():.4f}, without them {right[~seen].mean():.4f}."
    return [probes[0].model_copy(update={"detail": probes[0].detail + said}), *probes[1:]]


# ---- new rows


def asked_again(asked: Asked, rows: LabelledTexts) -> TextProblem:
    """Ask saved models for the class of new texts.

    Raises:
        DataError: a label is not one of the model's.
    """
    names, positive = classes_of(asked.network)
    unknown = sorted(set(rows.labels) - set(names))
    if unknown:
        raise DataError(
            f"the labels must be those of the model, {', '.join(names)}, but {rows.source} "
            f"also has {', '.join(map(repr, unknown[:5]))}. Rename them, or leave those rows out."
        )
    numbers = {name: number for number, name in enumerate(names)}
    truth = np.array([numbers[label] for label in rows.labels])
    groups = bound_pieces(rows.texts, rows.groups)
    labelled = Labelled(rows.texts, truth, names, positive, groups)
    return TextProblem(
        name="texts",
        data=DataInfo(
            source=rows.source, sha256=rows.sha256, notes=list(rows.notes), **class_data(labelled)
        ),
        split="rows given",
        folds=all_held(len(truth)),
        contenders=(),
        measures=class_measures(len(names), positive),
        beside=beside_of(len(names), positive),
        rows=labelled,
        pieces=groups,
        ids=rows.ids,
        source=rows,
        held_together=MASKED,
    )
