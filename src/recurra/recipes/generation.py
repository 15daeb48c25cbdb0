"""One to many: lines (of some classes) to a network that writes more of them."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from recurra.evaluation.ngrams import NGrams
from recurra.evaluation.report import DataInfo, Estimate
from recurra.evaluation.splits import Split, group_split
from recurra.evaluation.sums import bits_per_character, decide_by_sums, estimate
from recurra.evaluation.written import Exhibit, WrittenReport, WrittenResult
from recurra.generator import SequenceGenerator, fold_lines
from recurra.recipes.writing import describe, probes, split_info, training_info, write_run
from recurra.runs import RunFolder
from recurra.text.levels import level_named
from recurra.training import Notify

__all__ = ["Lines", "sample_lines", "train_generation"]

ORDERS = {"unigram": 1, "bigram": 2, "trigram": 3, "5-gram": 5}
TEST_SHARE = 0.1
COPIES_LOOKED_AT = 1000
Floats = npt.NDArray[np.float64]


@dataclass
class Lines:
    """Lines with their classes (all "" where there are none), and how they were got."""

    texts: npt.NDArray[np.object_]
    classes: npt.NDArray[np.object_]
    source: str
    sha256: str
    notes: list[str] = field(default_factory=list)


def sample_lines(per_class: int = 400) -> Lines:
    """Make up names of two invented languages by rule: none is of any collection.

    Northern names are consonant-vowel pairs with an end of `-sund` or `-vik`; southern ones have
    doubled vowels and end in `-o` or `-ina`.
    """
    rng = np.random.default_rng(0)
    made: dict[str, set[str]] = {"Northern": set(), "Southern": set()}
    while min(map(len, made.values())) < per_class:
        pairs = ["".join((rng.choice(list("bdfgkrst")), rng.choice(list("aeiou")))) for _ in "12"]
        made["Northern"].add("".join(pairs).title() + str(rng.choice(["sund", "vik"])))
        first, last = rng.choice(list("lmnprv"), 2)
        vowel, other = rng.choice(list("aeiou"), 2)
        end = str(rng.choice(["o", "ina"]))
        made["Southern"].add(
            f"{first}{vowel}{vowel}{last}{other}{rng.choice(list('lmnr'))}{end}".title()
        )
    rows = [(name, kind) for kind, names in made.items() for name in sorted(names)[:per_class]]
    texts, classes = (np.array(column, dtype=object) for column in zip(*rows, strict=True))
    note = "names of two invented languages, made by a rule for this package"
    return Lines(texts, classes, "embedded sample", "0" * 64, [note])


def train_generation(
    rows: Lines,
    generator: SequenceGenerator,
    folder: RunFolder,
    *,
    recipe: str = "generation",
    stage: Callable[[str], None] = lambda text: None,
    notify: Notify | None = None,
) -> WrittenReport:
    """Split, train, judge beside n-grams on held-out lines, count copies, write the run folder."""
    # 1. split: test 10 %; lines that are equal but for case and spacing on one side
    seed = generator.random_state
    groups = fold_lines(rows.texts)
    kept, test = group_split(groups, TEST_SHARE, seed)

    # 2. train: vocabulary from training rows, best epoch from validation rows
    stage("training")
    began = time.perf_counter()
    generator.fit(
        rows.texts[kept],
        rows.classes[kept],
        groups=groups[kept],
        checkpoints=folder.checkpoints,
        notify=notify,
    )
    seconds = time.perf_counter() - began
    split = Split(kept[generator.sides_[0]], kept[generator.sides_[1]], test)

    # 3. judge: how surprised is each model by the same held-out lines, token for token?
    level = level_named(generator.level)
    tokens = [level.split(text)[: generator.max_length] for text in rows.texts]
    counts = np.array([len(level.join(line)) + 1 for line in tokens])[test]  # the end is one
    steps = generator.token_counts(rows.texts[test])
    encoded = [[*generator.vocabulary_.encode(line), 3] for line in tokens]

    def judged(logs: Floats) -> Floats:
        return np.stack([logs, counts, steps], axis=1)

    ours = judged(generator.log_probabilities(rows.texts[test], rows.classes[test]))
    baselines = {}
    for name, n in ORDERS.items():
        stage(f"baseline: {name}")
        for suffix, classes in _class_choices(rows):
            model = NGrams(n, len(generator.vocabulary_))
            model.fit([encoded[i] for i in kept], classes and [classes[i] for i in kept])
            logs = model.log_probabilities(
                [encoded[i] for i in test], classes and [classes[i] for i in test]
            )
            baselines[name + suffix] = judged(logs)
    stage("verdict and copies")
    verdict = decide_by_sums(
        bits_per_character,
        ours,
        baselines,
        groups[test],
        measured="bits per character",
        higher_is_better=False,
        name=f"the {generator.model} model",
        seed=seed,
    )

    def measured(sums: Floats) -> dict[str, Estimate]:
        return {
            "bits per character": estimate(bits_per_character, sums, groups[test], seed),
            "perplexity": estimate(_perplexity, sums, groups[test], seed),
        }

    # 4. what it writes, and how much of that it has only remembered
    copied, exhibit = _copies(rows, generator, kept)
    unknown = int(sum(line.count(1) for line in (encoded[i] for i in test)))
    report = WrittenReport(
        recipe=recipe,
        data=DataInfo(
            source=rows.source,
            sha256=rows.sha256,
            rows=len(rows.texts),
            classes=dict(sorted(Counter(map(str, rows.classes)).items())),
            positive="",
            duplicates_grouped=len(groups) - len(np.unique(groups)),
            notes=rows.notes,
        ),
        split=split_info(split, "random, equal lines grouped", seed),
        model=describe(generator, len(generator.vocabulary_)),
        training=training_info(generator.history_, seconds),
        test=measured(ours),
        baselines=[
            WrittenResult(name=name, rows=len(kept), test=measured(sums))
            for name, sums in baselines.items()
        ],
        leaks=probes(
            groups,
            split,
            [("", generator.vocabulary_, [tokens[i] for i in split.train])],
            generator.min_count,
        ),
        verdict=verdict,
        notes=[
            copied,
            f"{unknown:,} of {steps.sum():,} test tokens are unknown; every model is asked for "
            '"unknown" there.',
        ],
        exhibits=[exhibit],
    )
    bits = bits_per_character(ours)
    predictions = pd.DataFrame({"id": test, "truth": rows.classes[test], "score": bits})
    folder.finish(lambda at: write_run(at, report, generator, predictions, split, groups))
    return report


def _perplexity(sums: Floats) -> Floats:
    result: Floats = np.exp(-sums[..., 0] / sums[..., 2])
    return result


def _class_choices(rows: Lines) -> list[tuple[str, list[str] | None]]:
    """Count all lines together and, where there are classes, within each class, too."""
    known = list(map(str, rows.classes))
    return [("", None)] + ([(" by class", known)] if len(set(known)) > 1 else [])


def _copies(
    rows: Lines, generator: SequenceGenerator, kept: npt.NDArray[np.int64]
) -> tuple[str, Exhibit]:
    """Say how many of the lines that are written stand in the training lines, class for class."""
    rng = np.random.default_rng(generator.random_state)
    drawn = rng.choice(rows.classes[kept], COPIES_LOOKED_AT)  # classes as often as in training
    seen = {" ".join(text.casefold().split()) for text in rows.texts[kept]}
    copies, shown = 0, []
    for label in np.unique(drawn):
        n = int((drawn == label).sum())
        written = generator.generate(n, label=label, random_state=generator.random_state)
        copies += sum(" ".join(text.casefold().split()) in seen for text in written)
        shown.append([str(label), " · ".join(written[:8])])
    share = copies / COPIES_LOOKED_AT
    note = (
        f"{share:.1%} of {COPIES_LOOKED_AT:,} lines that it wrote (temperature 1, classes as often "
        "as in training) are lines it was trained on."
    )
    return note, Exhibit(title="What it writes", columns=["class", "lines"], rows=shown)
