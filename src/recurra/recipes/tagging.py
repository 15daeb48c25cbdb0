"""Many to many, step by step: a label for every word of a sentence."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import SGDClassifier

from recurra.data import TaggedSentences
from recurra.errors import DataError
from recurra.estimators import SequenceTagger
from recurra.estimators.tagger import group_equal_sentences
from recurra.evaluation.leaks import Probe
from recurra.evaluation.report import DataInfo, SplitInfo
from recurra.evaluation.splits import group_folds
from recurra.evaluation.written import Exhibit, WrittenReport, WrittenResult
from recurra.recipes.compare import BySums, Fit, Fitted, Task, fitted, sides
from recurra.recipes.judging import (
    decide_by_mean,
    describe_network,
    mean_of,
    ratio,
    side_of,
    training_of,
    write_judged,
)
from recurra.runs import RunFolder
from recurra.training import Notify

__all__ = ["sample_sentences", "tagging_task", "train_tagging"]

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Tags = list[list[str]]
Tagging = Callable[[Tags], Tags]


def sample_sentences(side: str) -> TaggedSentences:
    """Make up sentences by rule, in which a word such as "walk" is a noun or a verb.

    The first 480 are to "train" on, 120 more to "test" on.
    """
    rng = np.random.default_rng(0)
    stems = ["walk", "talk", "play", "drink", "dream", "smile", "cook", "paint", "dance", "visit"]
    words: Tags = []
    tags: Tags = []
    for _ in range(600):
        noun, verb, other = rng.choice(stems, 3, replace=False)
        who = rng.choice(["we", "they", "you"])
        adjective = rng.choice(["long", "good", "quiet", "old"])
        if rng.random() < 0.5:
            words.append(["the", adjective, noun, "and", "the", other, verb, "us", "."])
            tags.append(["DET", "ADJ", "NOUN", "CCONJ", "DET", "NOUN", "VERB", "PRON", "PUNCT"])
        else:
            words.append([who, verb, "and", other, "the", adjective, noun, "."])
            tags.append(["PRON", "VERB", "CCONJ", "VERB", "DET", "ADJ", "NOUN", "PUNCT"])
    note = "sentences made by a rule for this package"
    part = slice(480) if side == "train" else slice(480, None)
    return TaggedSentences(words[part], tags[part], "embedded sample", "0" * 64, [note])


def train_tagging(
    kept: TaggedSentences,
    test: TaggedSentences,
    tagger: SequenceTagger,
    folder: RunFolder,
    *,
    recipe: str = "tagging",
    stage: Callable[[str], None] = lambda text: None,
    notify: Notify | None = None,
) -> WrittenReport:
    """Train on one file, judge on the other, beside the baselines; write the run folder."""
    # 1. sentences of the test that stand word for word in training are left out of it
    known = set(map(tuple, kept.words))
    fresh = [i for i, words in enumerate(test.words) if tuple(words) not in known]
    if not fresh:
        raise DataError("the test must hold sentences that training does not, but it holds none.")
    words, truth = [test.words[i] for i in fresh], [test.tags[i] for i in fresh]

    # 2. train: vocabulary from training sentences, best epoch from validation sentences
    stage("training")
    began = time.perf_counter()
    tagger.fit(kept.words, kept.tags, checkpoints=folder.checkpoints, notify=notify)
    seconds = time.perf_counter() - began

    # 3. judge: one number a word, whether its tag is right; the words of a sentence drawn whole
    stage("baselines")
    found = [row.tolist() for row in tagger.predict(words)]
    rivals = {
        name: fit(kept, tagger.random_state)(words) for name, fit in TAGGING_BASELINES.items()
    }
    flat = [tag for row in truth for tag in row]
    groups = np.repeat(np.arange(len(words)), [len(row) for row in words])
    right = {name: _right(rows, truth) for name, rows in rivals.items()}
    ours = _right(found, truth)
    seen = {word.lower() for row in kept.words for word in row}
    unknown = np.array([word.lower() not in seen for row in words for word in row])
    verdict = decide_by_mean(
        ours,
        right,
        groups,
        measured="accuracy",
        higher_is_better=True,
        name=f"the {tagger.model} model",
        seed=tagger.random_state,
    )

    # 4. report, page, bundle
    ((training, validation),) = tagger.sides_[:1]
    of_tag = Counter(flat)
    table = [
        [tag, f"{count:,}", f"{ours[[t == tag for t in flat]].mean():.3f}"]
        for tag, count in of_tag.most_common()
    ]
    notes = [
        f"Of {unknown.sum():,} words that training never showed, {ours[unknown].mean():.3f} are "
        f"right; the best baseline has {right[verdict.baseline][unknown].mean():.3f}."
        if unknown.any()
        else "Training showed every word."
    ]
    report = WrittenReport(
        recipe=recipe,
        data=DataInfo(
            source=kept.source,
            sha256=kept.sha256,
            rows=len(kept) + len(test),
            classes=dict(of_tag),
            positive="",
            duplicates_grouped=len(test) - len(words),
            notes=[*kept.notes, f"test: {test.source}, SHA-256 {test.sha256}"],
        ),
        split=SplitInfo(
            kind="as published, test sentences that training holds left out",
            seed=tagger.random_state,
            train=len(training),
            validation=len(validation),
            test=len(words),
        ),
        model=describe_network(tagger, len(tagger.encoder_.vocabulary)),
        training=training_of(tagger, seconds),
        test={"accuracy": mean_of(ours, groups)},
        baselines=[
            WrittenResult(name=name, rows=len(kept), test={"accuracy": mean_of(values, groups)})
            for name, values in right.items()
        ],
        leaks=[
            Probe(
                probe="sentences in both sides",
                passed=True,
                detail=f"{len(test) - len(words):,} of {len(test):,} test sentences stand in "
                "training and were left out.",
            )
        ],
        verdict=verdict,
        notes=notes,
        exhibits=[Exhibit(title="By tag", columns=["tag", "words", "right"], rows=table)],
    )
    predictions = pd.DataFrame(
        {"id": groups, "truth": flat, "score": ours, "tag": [t for row in found for t in row]}
    )
    rows = np.arange(len(kept) + len(words))
    split = {"side": side_of(len(rows), validation, rows[len(kept) :])}
    folder.finish(lambda place: write_judged(place, report, tagger, predictions, split))
    return report


def _right(found: Tags, truth: Tags) -> Floats:
    pairs = zip(found, truth, strict=True)
    return np.array(
        [float(a == b) for one, other in pairs for a, b in zip(one, other, strict=True)]
    )


def most_frequent_tags(kept: TaggedSentences, seed: int) -> Tagging:
    """Give each word the tag it had most often, and an unknown word the most frequent tag."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row, tags in zip(kept.words, kept.tags, strict=True):
        for word, tag in zip(row, tags, strict=True):
            counts[word.lower()][tag] += 1
    every = sum(counts.values(), Counter[str]())
    common = every.most_common(1)[0][0]
    best = {word: tags.most_common(1)[0][0] for word, tags in counts.items()}
    return lambda words: [[best.get(word.lower(), common) for word in row] for row in words]


def linear_tags(kept: TaggedSentences, seed: int) -> Tagging:
    """Give the tags of a logistic regression on the word, its ending, and its neighbours."""
    vectors = DictVectorizer()
    matrix = _narrow(vectors.fit_transform([f for row in kept.words for f in _features(row)]))
    model = SGDClassifier("log_loss", alpha=1e-6, max_iter=12, tol=None, random_state=seed)
    model.fit(matrix, [tag for tags in kept.tags for tag in tags])

    def tagged(words: Tags) -> Tags:
        asked = _narrow(vectors.transform([f for row in words for f in _features(row)]))
        tags = iter(model.predict(asked).tolist())
        return [[next(tags) for _ in row] for row in words]

    return tagged


TAGGING_BASELINES = {
    "most frequent tag of the word": most_frequent_tags,
    "linear on word and neighbours": linear_tags,
}


def _narrow(matrix: Any) -> Any:
    """Give a sparse matrix the 32-bit indices that scikit-learn's solvers take."""
    matrix.indices, matrix.indptr = (a.astype(np.int32) for a in (matrix.indices, matrix.indptr))
    return matrix


def _features(row: Sequence[str]) -> list[dict[str, object]]:
    lower = ["<", *(word.lower() for word in row), ">"]
    return [
        {
            "word": lower[i + 1],
            "before": lower[i],
            "after": lower[i + 2],
            "end2": lower[i + 1][-2:],
            "end3": lower[i + 1][-3:],
            "start3": lower[i + 1][:3],
            "capital": word[:1].isupper(),
            "digit": any(letter.isdigit() for letter in word),
        }
        for i, word in enumerate(row)
    ]


def tagging_task(
    rows: TaggedSentences, taggers: Sequence[SequenceTagger], *, folds: int, seed: int = 0
) -> Task:
    """Compare taggers on folds of the sentences to train on; equal sentences stay together."""
    groups = group_equal_sentences(rows.words)

    def take(chosen: Rows) -> TaggedSentences:
        words, tags = [rows.words[i] for i in chosen], [rows.tags[i] for i in chosen]
        return replace(rows, words=words, tags=tags)

    def network(tagger: SequenceTagger) -> Fit:
        def fit(known: Rows, notify: Notify | None) -> Fitted:
            part = take(known)
            tagger.fit(part.words, part.tags, groups=groups[known], notify=notify)
            return fitted(tagger, lambda held: tagger.predict(take(held).words))

        return fit

    def baseline(tags_of: Callable[[TaggedSentences, int], Tagging]) -> Fit:
        def fit(known: Rows, notify: Notify | None) -> Fitted:
            tagged = tags_of(take(known), seed)
            return Fitted(lambda held: tagged(take(held).words))

        return fit

    def count(held: Rows, said: Tags) -> Floats:
        pairs = zip(said, take(held).tags, strict=True)
        return np.array([[_right([a], [b]).sum(), len(b)] for a, b in pairs])

    return Task(
        "tagging",
        rows,
        "sentences of the training file, equal ones in one fold",
        sides(group_folds(groups, folds, seed)),
        {tagger.model: network(tagger) for tagger in taggers},
        {name: baseline(tags_of) for name, tags_of in TAGGING_BASELINES.items()},
        count,
        BySums({"accuracy": ratio}, groups),
        facts=[*(tagger.get_params() for tagger in taggers), rows.words, rows.tags],
        seed=seed,
    )
