"""One to many: lines (of some classes) to a network that writes more of them."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from recurra.estimators import SequenceGenerator, fold_lines
from recurra.evaluation.ngrams import NGrams
from recurra.evaluation.report import DataInfo, Estimate, SplitInfo
from recurra.evaluation.splits import Split, group_folds, group_split
from recurra.evaluation.sums import bits_per_character, decide_by_sums, estimate
from recurra.evaluation.written import Exhibit, WrittenReport, WrittenResult
from recurra.recipes.compare import BySums, Fit, Fitted, Task, fitted, sides
from recurra.recipes.judging import describe_network, side_of, training_of, write_judged
from recurra.recipes.writing import probes
from recurra.runs import RunFolder
from recurra.text import Vocabulary
from recurra.text.levels import level_named
from recurra.training import Notify

__all__ = ["Lines", "generation_task", "sample_lines", "train_generation"]

ORDERS = {"unigram": 1, "bigram": 2, "trigram": 3, "5-gram": 5}
TEST_SHARE = 0.1
COPIES_LOOKED_AT = 1000
WARNING = "What it writes is likely, not true: it may repeat lines it was trained on."
Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


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
    ((training, validation),) = generator.sides_
    split = Split(kept[training], kept[validation], test)

    # 3. judge: how surprised is each model by the same held-out lines, token for token?
    level = level_named(generator.level)
    tokens = [level.split(text)[: generator.max_length] for text in rows.texts]
    encoded = [[*generator.vocabulary_.encode(line), 3] for line in tokens]
    steps = np.array([len(encoded[i]) for i in test])
    judged = partial(_sums, rows, generator, test)
    ours = judged(generator.log_probabilities(rows.texts[test], rows.classes[test]))
    baselines = {}
    for name, (n, within) in _counted(rows).items():
        stage(f"baseline: {name}")
        model = _NGrams(rows, generator, n, within, generator.vocabulary_).fit(kept)
        baselines[name] = judged(model.log_probabilities(test))
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
        split=SplitInfo(
            kind="random, equal lines grouped",
            seed=seed,
            train=len(split.train),
            validation=len(split.validation),
            test=len(test),
        ),
        model=describe_network(generator, len(generator.vocabulary_)),
        training=training_of(generator, seconds),
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
            WARNING,
            f"{unknown:,} of {steps.sum():,} test tokens are unknown; every model is asked for "
            '"unknown" there.',
        ],
        exhibits=[exhibit],
    )
    bits = bits_per_character(ours)
    predictions = pd.DataFrame({"id": test, "truth": rows.classes[test], "score": bits})
    sides_of_rows = {"side": side_of(len(groups), split.validation, test), "group": groups}
    folder.finish(lambda at: write_judged(at, report, generator, predictions, sides_of_rows))
    return report


def _perplexity(sums: Floats) -> Floats:
    result: Floats = np.exp(-sums[..., 0] / sums[..., 2])
    return result


def _sums(rows: Lines, generator: SequenceGenerator, test: Rows, logs: Floats) -> Floats:
    """Give of each line the logarithm of its probability, its characters and its tokens."""
    level = level_named(generator.level)
    read = [level.split(rows.texts[i])[: generator.max_length] for i in test]
    characters = [len(level.join(line)) + 1 for line in read]  # the end is one
    return np.stack([logs, characters, [len(line) + 1 for line in read]], axis=1)


def _counted(rows: Lines) -> dict[str, tuple[int, bool]]:
    """Name the n-grams: of all lines together and, where there are classes, within each class."""
    within = [False, True] if len(set(rows.classes)) > 1 else [False]
    return {name + " by class" * by: (n, by) for name, n in ORDERS.items() for by in within}


@dataclass
class _NGrams:
    """Counts of n tokens, told apart by the vocabulary of the network that they are beside."""

    rows: Lines
    generator: SequenceGenerator
    n: int
    within: bool
    vocabulary: Vocabulary

    def fit(self, known: Rows) -> "_NGrams":
        """Count."""
        self.model = NGrams(self.n, len(self.vocabulary)).fit(*self._read(known))
        return self

    def log_probabilities(self, chosen: Rows) -> Floats:
        """Give that of each line, its end included."""
        return self.model.log_probabilities(*self._read(chosen))

    def _read(self, chosen: Rows) -> tuple[list[list[int]], list[str] | None]:
        split, longest = level_named(self.generator.level).split, self.generator.max_length
        lines = [split(self.rows.texts[i])[:longest] for i in chosen]
        classes = [str(self.rows.classes[i]) for i in chosen] if self.within else None
        return [[*self.vocabulary.encode(line), 3] for line in lines], classes


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


def generation_task(
    rows: Lines, generators: Sequence[SequenceGenerator], *, folds: int, seed: int = 0
) -> Task:
    """Compare networks that write by how surprised they are by lines held out, beside n-grams.

    All of a fold know the same tokens: those of the rows that a network learns from. So the
    generators differ in nothing but their architecture.
    """
    groups = fold_lines(rows.texts)
    first = generators[0]

    def network(generator: SequenceGenerator) -> Fit:
        def fit(known: Rows, notify: Notify | None) -> Fitted:
            texts, classes = rows.texts[known], rows.classes[known]
            generator.fit(texts, classes, groups=groups[known], notify=notify)
            return fitted(
                generator,
                lambda held: generator.log_probabilities(rows.texts[held], rows.classes[held]),
            )

        return fit

    def baseline(n: int, within: bool) -> Fit:
        def fit(known: Rows, notify: Notify | None) -> Fitted:
            vocabulary = first.vocabulary_of(rows.texts[known], groups[known])
            model = _NGrams(rows, first, n, within, vocabulary).fit(known)
            return Fitted(model.log_probabilities)

        return fit

    return Task(
        "generation",
        rows,
        "each class spread over all folds, equal lines in one",
        sides(group_folds(groups, folds, seed, rows.classes)),
        {generator.model: network(generator) for generator in generators},
        {name: baseline(*how) for name, how in _counted(rows).items()},
        lambda held, said: _sums(rows, first, held, said),
        BySums(
            {"bits per character": bits_per_character, "perplexity": _perplexity},
            groups,
            higher_is_better=False,
        ),
        facts=[
            *(generator.get_params() for generator in generators),
            *zip(rows.texts, rows.classes, strict=True),
        ],
        seed=seed,
    )
