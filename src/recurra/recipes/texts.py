"""Labelled texts to an evaluated, explained, saved model: the steps of every text recipe."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from recurra.data import LabelledTexts
from recurra.estimators import SequenceClassifier, group_duplicates
from recurra.evaluation import leaks
from recurra.evaluation.baselines import TEXT_BASELINES, fit_text_baseline
from recurra.evaluation.metrics import Bootstrap, measure
from recurra.evaluation.page import Explanation, Judged, render
from recurra.evaluation.report import (
    BaselineResult,
    DataInfo,
    ModelInfo,
    Report,
    SplitInfo,
    TestResult,
    judge,
)
from recurra.evaluation.splits import Split, stratified_group_folds, stratified_group_split
from recurra.evaluation.verdict import Verdict, decide
from recurra.recipes.compare import Fit, Fitted, Task, fitted, sides
from recurra.recipes.judging import curves_of, describe_network, training_of
from recurra.runs import RunFolder
from recurra.text import TextEncoder, tokenizer_named
from recurra.text.encoder import pieces_of
from recurra.training import Notify

__all__ = ["Protocol", "Stage", "evaluate_texts", "seen_rows", "texts_task", "train_texts"]

TEST_SHARE = 0.2
Stage = Callable[[str], None]
Rows = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Protocol:
    """How rows are prepared and split.

    Args:
        kind: what the report calls it.
        grouped: whether duplicates are kept on one side.
        prepare: from the rows as read to the rows used.
        encoder: fits an encoder on all rows, as some do; None leaves it to training rows.
    """

    kind: str
    grouped: bool = True
    prepare: Callable[[LabelledTexts], LabelledTexts] = lambda rows: rows
    encoder: Callable[[LabelledTexts], TextEncoder] | None = None


def train_texts(
    rows: LabelledTexts,
    classifier: SequenceClassifier,
    folder: RunFolder,
    *,
    recipe: str,
    protocol: Protocol = Protocol("stratified, duplicates grouped"),
    stage: Stage = lambda text: None,
    notify: Notify | None = None,
    describe: Callable[[ModelInfo], None] = lambda model: None,
) -> Report:
    """Split, train, judge beside the baselines, look for leaks, write the run folder."""
    # 1. split: the published test rows, else 20 %; of the rest, validation; duplicates on one side
    rows = protocol.prepare(rows)
    duplicates = group_duplicates(rows.texts)
    groups = duplicates if protocol.grouped else np.arange(len(rows.texts))
    seed = classifier.random_state
    kept, test = split_off_test(rows, groups, seed)

    # 2. train: vocabulary from training rows; best epoch and threshold from validation rows
    stage("training")
    began = time.perf_counter()
    classifier.fit(
        rows.texts[kept],
        rows.labels[kept],
        groups=groups[kept],
        encoder=protocol.encoder(rows) if protocol.encoder else None,
        checkpoints=folder.checkpoints,
        notify=notify,
        ready=lambda: describe(network_of(classifier)),
    )
    seconds = time.perf_counter() - began
    sides = [Split(kept[train], kept[validation], test) for train, validation in classifier.sides_]
    model = network_of(classifier)

    # 3. judge: the model and the baselines by the same code on the same rows
    truth, texts = rows.truth[test], rows.texts[test]
    bootstrap = Bootstrap(truth, duplicates[test], seed=seed)
    scores = classifier.positive_scores(texts)
    baselines, scored = [], {}
    for name in TEXT_BASELINES:
        stage(f"baseline: {name}")
        fitted = fit_text_baseline(name, rows.texts[kept], rows.truth[kept], groups[kept], seed)
        scored[name] = (fitted.positive_scores(texts), fitted.threshold)
        result = judge(truth, *scored[name], bootstrap)
        baselines.append(BaselineResult(name=name, rows=fitted.rows, test=result))
    stage("verdict and leaks")
    verdict = decide(
        truth, (scores, classifier.threshold_), scored, bootstrap, f"the {classifier.model} model"
    )

    for baseline in baselines:
        if baseline.name == verdict.baseline and baseline.rows < len(kept):
            verdict.sentence += (
                f" Mind that {baseline.name} was fitted on a sample of {baseline.rows:,} of "
                f"{len(kept):,} rows."
            )

    # 4. report, page, bundle
    report = Report(
        recipe=recipe,
        data=DataInfo(
            source=rows.source,
            sha256=rows.sha256,
            rows=len(rows.texts),
            classes=rows.classes,
            positive=rows.positive,
            duplicates_grouped=len(groups) - len(np.unique(groups)),
            notes=rows.notes,
        ),
        split=SplitInfo(
            kind=protocol.kind if rows.published_test is None else f"as published; {protocol.kind}",
            seed=seed,
            train=len(sides[0].train),
            validation=len(sides[0].validation),
            test=len(test),
        ),
        model=model,
        training=training_of(classifier, seconds),
        test=judge(truth, scores, classifier.threshold_, bootstrap),
        baselines=baselines,
        leaks=with_accuracy_on_unseen(
            probe(rows, classifier, sides, kept, duplicates),
            np.isin(duplicates[test], duplicates[kept]),
            (scores >= classifier.threshold_) == truth,
        ),
        verdict=verdict,
    )
    judged = Judged(
        texts,
        rows.labels[test],
        truth,
        scores,
        scored[verdict.baseline][0],
        [history.rows for history in classifier.histories_],
        explain(classifier, texts, rows.labels[test], scores, truth),
    )
    folder.finish(lambda at: write_run(at, report, judged, classifier, rows, sides, duplicates))
    return report


def split_off_test(rows: LabelledTexts, groups: Rows, seed: int) -> tuple[Rows, Rows]:
    """Give the rows kept and the test rows: the published ones where there are, else drawn."""
    if rows.published_test is None:
        return stratified_group_split(rows.truth, groups, TEST_SHARE, seed)
    return np.flatnonzero(~rows.published_test), np.flatnonzero(rows.published_test)


def with_accuracy_on_unseen(
    probes: list[leaks.Probe], seen: npt.NDArray[np.bool_], right: npt.NDArray[np.bool_]
) -> list[leaks.Probe]:
    """Say what test rows that were seen in training do to the accuracy: a published split has some.

    Args:
        probes: the first is that of rows on both sides.
        seen: (test rows,) whether a row stands in training, too.
        right: (test rows,) whether a row was classified rightly.
    """
    if not seen.any() or seen.all():
        return probes
    said = f" Accuracy with them {right.mean():.4f}, without them {right[~seen].mean():.4f}."
    return [probes[0].model_copy(update={"detail": probes[0].detail + said}), *probes[1:]]


def network_of(classifier: SequenceClassifier) -> ModelInfo:
    """Describe the network of a classifier that is about to train, or has."""
    return describe_network(classifier, len(classifier.encoder_.vocabulary))


def probe(
    rows: LabelledTexts,
    classifier: SequenceClassifier,
    sides: Sequence[Split],
    kept: Rows,
    duplicates: Rows,
) -> list[leaks.Probe]:
    """Look for leaks in rows, vocabulary, text and columns."""
    encoder = classifier.encoder_
    tokenize = tokenizer_named(encoder.tokenizer)

    # made anew for each probe: a list of a million messages' tokens would fill the memory
    def tokens(side: Rows) -> Iterator[list[str]]:
        return ([token.lower() for token in tokenize(text)] for text in rows.texts[side])

    def pieces(side: Rows, kind: str) -> Iterator[list[str]]:
        return (list(chain.from_iterable(pieces_of(tokenize(t), kind))) for t in rows.texts[side])

    probes = [
        leaks.rows_on_both_sides(duplicates, sides),
        leaks.vocabulary(
            encoder.vocabulary.tokens, classifier.min_count, [tokens(s.train) for s in sides]
        ),
        leaks.target_in_text(tokens(kept), rows.truth[kept]),
        leaks.target_in_columns(rows.other_columns, rows.truth),
    ]
    if encoder.pieces is not None and encoder.kind is not None:
        taught = [pieces(s.train, encoder.kind) for s in sides]
        found = leaks.vocabulary(encoder.pieces.tokens, classifier.min_count, taught)
        probes.insert(2, found.model_copy(update={"probe": "pieces from outside training"}))
    return probes


def explain(
    classifier: SequenceClassifier,
    texts: npt.NDArray[np.object_],
    labels: npt.NDArray[np.object_],
    scores: npt.NDArray[np.float64],
    truth: npt.NDArray[np.bool_],
) -> list[Explanation]:
    """Explain two sure positives, two sure negatives and the two worst mistakes."""
    _, different = np.unique(group_duplicates(texts), return_index=True)
    sure = different[np.argsort(-scores[different], kind="stable")]
    wrong = sorted(different.tolist(), key=lambda i: -abs(scores[i] - truth[i]))[:2]
    shown = dict.fromkeys([*sure[:2].tolist(), *sure[-2:].tolist(), *wrong])
    return [
        Explanation(str(labels[i]), float(scores[i]), classifier.explain(texts[i])[:60])
        for i in shown
    ]


def write_run(
    place: Path,
    report: Report,
    judged: Judged,
    classifier: SequenceClassifier,
    rows: LabelledTexts,
    sides: Sequence[Split],
    duplicates: Rows,
) -> None:
    """Write every file of a finished run into a folder."""
    classifier.save(place / "model", card(report))
    curves_of(classifier).to_csv(place / "history.csv", index=False)
    predictions = {"id": rows.ids[sides[0].test], "truth": judged.labels, "score": judged.scores}
    pd.DataFrame(predictions).to_csv(place / "predictions.csv", index=False)
    side = np.full(len(duplicates), "train", object)
    for member, split in enumerate(sides, start=1):
        side[split.validation] = "validation" if len(sides) == 1 else f"validation {member}"
    side[sides[0].test] = "test"
    side_of_rows = {"id": rows.ids, "side": side, "duplicate_key": duplicates}
    pd.DataFrame(side_of_rows).to_csv(place / "split.csv", index=False)
    (place / "report.html").write_text(render(report, judged), "utf-8")
    (place / "report.json").write_text(report.to_json(), "utf-8")


def card(report: Report) -> str:
    """Write the model card."""
    classes = ", ".join(f"{name} ({count:,})" for name, count in report.data.classes.items())
    failed = [probe.probe for probe in report.leaks if not probe.passed]
    return (
        f"# {report.model.architecture}, trained by Recurra\n\n"
        f"Finds **{report.data.positive}** in texts. Trained on {report.data.source} "
        f"({report.data.rows:,} rows: {classes}; SHA-256 {report.data.sha256}).\n\n"
        f"- Network: {report.model.parameters:,} parameters, {report.model.members} member(s), "
        f"{report.training.curve}.\n"
        f"- Test, {report.split.test:,} rows ({report.split.kind}): F1 {report.test.f1}, "
        f"accuracy {report.test.accuracy}, at threshold {report.test.threshold:.3f}.\n"
        f"- Verdict: {report.verdict.sentence}\n"
        f"- Leak probes: {'failed: ' + ', '.join(failed) if failed else 'all passed'}.\n\n"
        "It says what texts like these were labelled; on other kinds of text it may be wrong.\n"
    )


def seen_rows(run: Path) -> Rows | None:
    """Give the duplicate keys of the rows that a run was fitted on, None where they are unknown."""
    path = next((p / "split.csv" for p in (run, run.parent) if (p / "split.csv").exists()), None)
    if path is None:
        return None
    rows = pd.read_csv(path)
    keys: Rows = rows.loc[rows["side"] != "test", "duplicate_key"].to_numpy(np.int64)
    return keys


def evaluate_texts(
    classifier: SequenceClassifier, rows: LabelledTexts, seen: Rows | None
) -> tuple[TestResult, int | None]:
    """Judge a saved model on new rows; also count those it was trained on, if that is known."""
    groups = group_duplicates(rows.texts)
    known = None if seen is None else int(np.isin(groups, seen).sum())
    truth = rows.truth
    scores = classifier.positive_scores(rows.texts)
    return judge(truth, scores, classifier.threshold_, Bootstrap(truth, groups)), known


@dataclass(frozen=True)
class _ByF1:
    """Judges statistics (rows, 3): score, whether that is called positive, whether it is."""

    groups: Rows
    higher_is_better = True

    def measure(self, statistics: Floats) -> dict[str, float]:
        """Give five measures."""
        scores, called, truth = statistics.T
        found = measure(truth == 1, called, 0.5)
        names = {"F1": "f1", "precision": "precision", "recall": "recall", "accuracy": "accuracy"}
        measures = {name: found[key] for name, key in names.items()}
        return measures | {"PR-AUC": measure(truth == 1, scores, 0.5)["pr_auc"]}

    def decide(
        self, rows: Rows, networks: Mapping[str, Floats], baselines: Mapping[str, Floats], seed: int
    ) -> dict[str, Verdict]:
        """Compare decisions: thresholds differ by fold, so each is made by its own fold's."""
        truth = next(iter(networks.values()))[:, 2] == 1
        bootstrap = Bootstrap(truth, self.groups[rows], seed=seed)
        rivals = {name: (said[:, 1], 0.5) for name, said in baselines.items()}
        return {
            name: decide(truth, (said[:, 1], 0.5), rivals, bootstrap, name)
            for name, said in networks.items()
        }


def texts_task(
    rows: LabelledTexts,
    classifiers: Sequence[SequenceClassifier],
    *,
    recipe: str,
    folds: int,
    seed: int = 0,
) -> Task:
    """Compare classifiers; of a published split on the training side alone."""
    kind = "stratified, duplicates grouped"
    if rows.published_test is not None:  # choosing among models must not touch the test rows
        rows = rows.take(np.flatnonzero(~rows.published_test))
        kind += ", the published training side alone"
    groups = group_duplicates(rows.texts)
    truth = rows.truth

    def decided(scores: Floats, threshold: float) -> Floats:
        return np.stack([scores, scores >= threshold], axis=1).astype(float)

    def network(classifier: SequenceClassifier) -> Fit:
        def fit(known: Rows, notify: Notify | None) -> Fitted:
            texts, labels = rows.texts[known], rows.labels[known]
            classifier.fit(texts, labels, groups=groups[known], notify=notify)
            return fitted(
                classifier,
                lambda held: decided(
                    classifier.positive_scores(rows.texts[held]), classifier.threshold_
                ),
            )

        return fit

    def baseline(name: str) -> Fit:
        def fit(known: Rows, notify: Notify | None) -> Fitted:
            model = fit_text_baseline(name, rows.texts[known], truth[known], groups[known], seed)
            return Fitted(
                lambda held: decided(model.positive_scores(rows.texts[held]), model.threshold)
            )

        return fit

    return Task(
        recipe,
        rows,
        kind,
        sides(stratified_group_folds(truth, groups, folds, seed)),
        {classifier.model: network(classifier) for classifier in classifiers},
        {name: baseline(name) for name in TEXT_BASELINES},
        lambda held, said: np.column_stack([said, truth[held]]),
        _ByF1(groups),
        facts=[classifier.get_params() for classifier in classifiers]
        + list(zip(rows.texts, rows.labels, strict=True)),
        seed=seed,
    )
