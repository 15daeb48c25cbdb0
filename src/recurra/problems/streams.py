"""Many to one: labelled texts that no memory holds, read in passes.

::

    files ── first pass ──┬── set aside: rows that validate, rows held out
                          └── rows that teach: read again, an epoch at a time

Networks and rivals are fitted in such passes and judged by the code that judges all others. Near
copies may stand on both sides, as with `--keep-near`: they are looked for, and said.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import ClassVar

import numpy as np

from recurra.arrays import Bools, Rows
from recurra.baselines.streamed import streamed_baselines
from recurra.data.passes import Passes, Streamed
from recurra.errors import SettingsError
from recurra.estimators import SequenceClassifier
from recurra.groups import group_duplicates
from recurra.judging import leaks
from recurra.judging.classes import beside_of, class_data
from recurra.judging.measures import class_measures
from recurra.judging.problem import Fold
from recurra.judging.report import DataInfo, Probe
from recurra.judging.run import Found
from recurra.models import architecture_named
from recurra.problems.networks import ClassifierNetwork, networks
from recurra.problems.saved.texts import KINDS
from recurra.problems.setting_aside import SplitStream
from recurra.problems.text_classes import MASKED, TextProblem, with_accuracy_on_unseen
from recurra.text import TextEncoder
from recurra.text.counts import MOST_KINDS
from recurra.text.near import near_any, near_keys

__all__ = ["KINDS", "StreamedProblem", "streamed_texts"]

ROWS_A_STEP = 256  # of so many rows a step tells more than one of 64
PASSES = 3  # over rows of which a pass is many epochs, at most
LOOKED_AT = 8  # blocks that are asked for copies of rows held out
TOLD_NEAR = 0.01  # of the rows held: as many near copies flatter


def streamed_texts(
    split: SplitStream,
    classifier: SequenceClassifier,
    *,
    name: str = "streamed",
    seed: int = 0,
) -> "StreamedProblem":
    """Ask for the class of texts in files, which were read once.

    Args:
        split: of the files, made for the network and the tokenizer of the classifier.
        classifier: not fitted; where it says nothing else it is one network, in steps of 256 rows.
        name: of the problem.
        seed: of networks and orders.
    """
    encoder = split.tokens.encoder(
        min_count=classifier.min_count,
        max_vocabulary=classifier.max_vocabulary,
        max_length=classifier.max_length,
        truncation=classifier.truncation,
    )
    suits = architecture_named(classifier.model)
    chosen = copy.copy(classifier).set_params(
        members=classifier.members or 1,
        batch_size=classifier.batch_size or ROWS_A_STEP,
        epochs=classifier.epochs or max(suits.epochs, PASSES * split.passes.epochs),
    )
    return _declared(name, split, chosen, encoder, seed)


def _declared(
    name: str,
    split: SplitStream,
    classifier: SequenceClassifier,
    encoder: TextEncoder,
    seed: int,
) -> "StreamedProblem":
    rows, labelled, every = split.rows, split.labelled, int(split.counts.sum())
    data = class_data(labelled) | {"rows": every, "groups": every}
    data["classes"] = dict(zip(labelled.names, split.counts.tolist(), strict=True))
    kind = "by a hash of the text, copies together"
    return StreamedProblem(
        name=name,
        data=DataInfo(
            source=rows.source,
            sha256=rows.sha256,
            notes=[*rows.notes, *_said(split)],
            **data,
        ),
        split=kind,
        folds=[split.fold],
        contenders=[
            *networks(ClassifierNetwork, [classifier], encoder=encoder),
            *streamed_baselines(labelled.positive),
        ],
        measures=class_measures(len(labelled.names), labelled.positive),
        beside=beside_of(len(labelled.names), labelled.positive),
        seed=seed,
        facts=[
            classifier.get_params(),
            kind,
            split.passes.mark,
            *zip(rows.texts, rows.labels, strict=True),
        ],
        rows=labelled,
        pieces=split.pieces,
        ids=rows.ids,
        source=rows,
        held_together=MASKED,
        passes=split.passes,
        frequencies=split.terms.most_frequent(),
    )


def _said(split: SplitStream) -> list[str]:
    known, held = len(split.fold.known), len(split.fold.held)
    said = [
        f"read in passes: {split.passes.rows:,} rows teach, {known:,} validate, {held:,} are held "
        f"out; a pass is {split.passes.epochs:,} epochs"
    ]
    if split.forgotten:
        said.append(
            f"tokens and terms seen up to {split.forgotten:,} times may not be known: there are "
            f"more than {MOST_KINDS:,} of a kind"
        )
    return said


@dataclass
class StreamedProblem(TextProblem):
    """Texts to classes, of which most are read in passes; the rows at hand are those set aside.

    Args:
        passes: the rows that teach.
        frequencies: in how many of them each term is, of the linear model of terms.
    """

    passes: Passes | None = None
    frequencies: Mapping[str, int] = field(default_factory=dict)

    unmeasured: ClassVar[Mapping[str, str]] = {
        "L3.1": "the day of a row is not known; `recurra audit FILE` asks columns of days",
        "L3.2": "which rows belong together, copies aside, is not known; `recurra audit FILE` asks "
        "columns",
    }

    def tunable(self) -> None:
        """Nothing: the rows at hand teach nothing, so there is nothing to cut once more."""

    def known(self, rows: Rows) -> Streamed:
        """Give the rows that validate, and the passes over those that teach."""
        assert self.passes is not None
        return Streamed(
            **vars(super().known(rows)), passes=self.passes, frequencies=self.frequencies
        )

    def whole(self) -> Fold:
        """Refuse: which rows are held out is told by their text, for every pass."""
        raise SettingsError(
            "rows that are read in passes are judged, and not fitted on all: leave out --fit-all."
        )

    def probes(self, found: Found) -> list[Probe]:
        """Look for leaks in rows and text."""
        classifier, (fold,) = found.model(found.chosen).estimator, self.folds
        named, tokens = self._rows(), self._tokens(classifier.encoder_)
        copies, near, rows = self._beside_taught()
        there = leaks.target_in_text(tokens(fold.known), named.truth[fold.known], named.names)
        return with_accuracy_on_unseen(
            [self._copied(copies, near, rows), there],
            (copies | near)[fold.held],
            found.statistics(found.chosen),
        )

    def _copied(self, copies: Bools, near: Bools, rows: int) -> Probe:
        (fold,) = self.folds
        held, validating = fold.held, fold.known
        count, alike = int(copies[held].sum() + copies[validating].sum()), int(near[held].sum())
        return Probe(
            name="rows in both sides",
            passed=not count and alike <= TOLD_NEAR * len(held),
            size=count + alike,
            detail=f"of {len(held):,} test rows {copies[held].sum():,} are copies ({MASKED}) and "
            f"{alike:,} near copies of one of {rows:,} training rows that were looked at, and of "
            f"{len(validating):,} validation rows {copies[validating].sum():,} are copies.",
        )

    def _beside_taught(self) -> tuple[Bools, Bools, int]:
        """Say which rows have a copy, or a near one, among some that teach, and give how many."""
        assert self.passes is not None
        texts = self._rows().inputs
        own, (asked, keyed) = self._rows().groups, near_keys(texts)
        copies, near, rows = np.zeros(len(texts), bool), np.zeros(len(texts), bool), 0
        for _, block, _ in islice(self.passes.epoch(1, self.seed), LOOKED_AT):
            keys, long = near_keys(block)
            near[keyed] |= near_any(keys[long], asked[keyed])
            copies |= np.isin(own, group_duplicates(block))
            rows += len(block)
        return copies, near & ~copies, rows

    def notes(self, found: Found) -> list[str]:
        """Say how many of the texts at hand are cut."""
        return self.cut(found.model(found.chosen))

    def keys(self) -> Mapping[str, Rows]:
        """Give a number for all copies of a text, of the rows set aside: of others none is kept."""
        return {"set_aside_key": self._rows().groups}
