"""Many to many: pairs of sentences to a network that translates."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer

from recurra.estimators import SequenceTranslator
from recurra.evaluation.report import DataInfo, Estimate, SplitInfo
from recurra.evaluation.splits import Split, group_folds, group_split
from recurra.evaluation.sums import Measure, chrf, chrf_statistics, decide_by_sums, estimate
from recurra.evaluation.written import Exhibit, WrittenReport, WrittenResult
from recurra.recipes.compare import BySums, Fit, Fitted, Task, fitted, sides
from recurra.recipes.judging import describe_network, ratio, side_of, training_of, write_judged
from recurra.recipes.writing import probes
from recurra.runs import RunFolder
from recurra.text.levels import level_named
from recurra.training import Notify

__all__ = ["Pairs", "group_pairs", "sample_pairs", "train_translation", "translation_task"]

TEST_SHARE = 0.1
SHOWN = 12
Texts = npt.NDArray[np.object_]
Rows = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Memory = Callable[[Texts], Texts]


@dataclass
class Pairs:
    """Sentences with their translations, and how they were got."""

    sources: Texts
    targets: Texts
    source: str
    sha256: str
    notes: list[str] = field(default_factory=list)


ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
ONES += " fifteen sixteen seventeen eighteen nineteen"
TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
DIGITS = " 일이삼사오육칠팔구"
MONTHS = "January February March April May June July August September October November December"


def english(number: int) -> str:
    """Write a number below 10,000 in English words."""
    words = []
    for size, name in ((1000, "thousand"), (100, "hundred")):
        if number >= size:
            words += [ONES.split()[number // size], name]
            number %= size
    if number >= 20:
        words.append(TENS.split()[number // 10 - 2])
        number %= 10
    if number or not words:
        words.append(ONES.split()[number])
    return " ".join(words)


def korean(number: int) -> str:
    """Write a number below 10,000 in Korean: 0 is 영, and a single 천, 백, 십 has no 일."""
    written = ""
    for size, name in ((1000, "천"), (100, "백"), (10, "십"), (1, "")):
        digit = number // size % 10
        if digit:
            written += ("" if digit == 1 and name else DIGITS[digit]) + name
    return written or "영"


def sample_pairs(count: int = 1500) -> Pairs:
    """Make up numbers and dates in English and Korean words, by rule."""
    rng = np.random.default_rng(0)
    numbers = rng.choice(np.arange(1, 10_000), count - 300, replace=False)
    pairs = [(english(int(n)), korean(int(n))) for n in numbers]
    days = rng.choice(12 * 28, 300, replace=False)
    for day in days:
        month, of_month = int(day) // 28 + 1, int(day) % 28 + 1
        pairs.append(
            (
                f"{MONTHS.split()[month - 1]} {english(of_month)}",
                f"{korean(month)}월 {korean(of_month)}일".replace("육월", "유월").replace(
                    "십월", "시월"
                ),
            )
        )
    sources, targets = (np.array(side, dtype=object) for side in zip(*pairs, strict=True))
    note = "numbers and dates in English and Korean words, made by a rule for this package"
    return Pairs(sources, targets, "embedded sample", "0" * 64, [note])


def _key(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def group_pairs(sources: Texts, targets: Texts) -> Rows:
    """Give one number to all pairs that share a sentence on either side, directly or by others.

    Case, spaces and signs do not count. Two sentences with one translation are near duplicates: to
    have learnt one of them is to know the other.

    Example:
        >>> sources, targets = ["Go!", "go", "Leave.", "Hi"], ["가", "가라", "가라", "안녕"]
        >>> group_pairs(np.array(sources), np.array(targets)).tolist()
        [0, 0, 0, 3]
    """
    parent = list(range(len(sources)))

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    first: dict[tuple[int, str], int] = {}
    for row, pair in enumerate(zip(sources, targets, strict=True)):
        for side, text in enumerate(pair):
            other = first.setdefault((side, _key(text) or text), row)
            a, b = sorted((root(row), root(other)))
            parent[b] = a
    return np.array([root(row) for row in range(len(parent))])


def train_translation(
    rows: Pairs,
    translator: SequenceTranslator,
    folder: RunFolder,
    *,
    recipe: str = "translation",
    stage: Callable[[str], None] = lambda text: None,
    notify: Notify | None = None,
) -> WrittenReport:
    """Split, train, judge beside translation memories, write the run folder."""
    # 1. split: test 10 %; pairs that share a sentence on one side
    seed = translator.random_state
    groups = group_pairs(rows.sources, rows.targets)
    kept, test = group_split(groups, TEST_SHARE, seed)

    # 2. train: vocabularies from training rows, best epoch from validation rows
    stage("training")
    began = time.perf_counter()
    translator.fit(
        rows.sources[kept],
        rows.targets[kept],
        groups=groups[kept],
        checkpoints=folder.checkpoints,
        notify=notify,
    )
    seconds = time.perf_counter() - began
    ((training, validation),) = translator.sides_
    split = Split(kept[training], kept[validation], test)

    # 3. judge: the network and the memories by the same measures on the same sentences
    stage("translating the test sentences")
    meant = rows.targets[test]
    written = {"": translator.predict(rows.sources[test])}
    stage("baselines")
    for name, remember in MEMORIES.items():
        written[name] = remember(rows.sources[kept], rows.targets[kept])(rows.sources[test])
    sums = {name: chrf_statistics(texts, meant) for name, texts in written.items()}
    ours = sums.pop("")
    verdict = decide_by_sums(
        chrf,
        ours,
        sums,
        groups[test],
        measured="chrF",
        higher_is_better=True,
        name=f"the {translator.model} model",
        seed=seed,
    )

    def measured(texts: Texts) -> dict[str, Estimate]:
        sums = _sums(texts, meant)
        return {name: estimate(of, sums, groups[test], seed) for name, of in MEASURES.items()}

    # 4. report, page, bundle
    read = level_named(translator.source_level).split
    write = level_named(translator.target_level).split
    vocabulary = len(translator.source_) + len(translator.target_)
    known = [
        (" (source)", translator.source_, [read(rows.sources[i]) for i in split.train]),
        (" (target)", translator.target_, [write(rows.targets[i]) for i in split.train]),
    ]
    columns = ["source", "meant", "written", "nearest sentence"]
    results = (rows.sources[test], meant, written[""], written["nearest sentence"])
    shown = [list(row) for row in zip(*results, strict=True)][:SHOWN]
    report = WrittenReport(
        recipe=recipe,
        data=DataInfo(
            source=rows.source,
            sha256=rows.sha256,
            rows=len(rows.sources),
            classes={},
            positive="",
            duplicates_grouped=len(groups) - len(np.unique(groups)),
            notes=rows.notes,
        ),
        split=SplitInfo(
            kind="random, pairs that share a sentence grouped",
            seed=seed,
            train=len(split.train),
            validation=len(split.validation),
            test=len(test),
        ),
        model=describe_network(translator, vocabulary),
        training=training_of(translator, seconds),
        test=measured(written[""]),
        baselines=[
            WrittenResult(name=name, rows=len(kept), test=measured(written[name])) for name in sums
        ],
        leaks=probes(groups, split, known, translator.min_count),
        verdict=verdict,
        notes=[f"beam {translator.beam}, attention {'on' if translator.attention else 'off'}."],
        exhibits=[Exhibit(title="Test sentences", columns=columns, rows=shown)],
    )
    predictions = pd.DataFrame(
        {"id": test, "truth": meant, "score": chrf(ours), "written": written[""]}
    )
    sides_of_rows = {"side": side_of(len(groups), split.validation, test), "group": groups}
    folder.finish(lambda at: write_judged(at, report, translator, predictions, sides_of_rows))
    return report


def _nearest(known: Texts, translations: Texts) -> Memory:
    """Give the translation of the most alike known sentence, by TF-IDF of characters."""
    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 5), sublinear_tf=True)
    memory = vectors.fit_transform(known)

    def remembered(asked: Texts) -> Texts:
        likeness = vectors.transform(asked) @ memory.T
        found: Texts = translations[np.asarray(likeness.argmax(axis=1)).ravel()]
        return found

    return remembered


def _most_frequent(known: Texts, translations: Texts) -> Memory:
    """Give the translation that is there most often, always."""
    common = pd.Series(translations).value_counts().index[0]
    return lambda asked: np.full(len(asked), common, dtype=object)


MEMORIES = {"nearest sentence": _nearest, "most frequent": _most_frequent}


def _sums(written: Texts, meant: Texts) -> Floats:
    """Give the statistics of chrF, whether a translation is exact, and 1, (rows, 20)."""
    ones = np.ones(len(meant))
    return np.column_stack([chrf_statistics(written, meant), written == meant, ones]).astype(float)


MEASURES: dict[str, Measure] = {
    "chrF": lambda sums: chrf(sums[..., :-2]),
    "exact": lambda sums: ratio(sums[..., -2:]),
}


def translation_task(
    rows: Pairs, translators: Sequence[SequenceTranslator], *, folds: int, seed: int = 0
) -> Task:
    """Compare translators beside translation memories."""
    groups = group_pairs(rows.sources, rows.targets)

    def network(translator: SequenceTranslator) -> Fit:
        def fit(known: Rows, notify: Notify | None) -> Fitted:
            pairs = rows.sources[known], rows.targets[known]
            translator.fit(*pairs, groups=groups[known], notify=notify)
            return fitted(translator, lambda held: translator.predict(rows.sources[held]))

        return fit

    def baseline(remember: Callable[[Texts, Texts], Memory]) -> Fit:
        def fit(known: Rows, notify: Notify | None) -> Fitted:
            memory = remember(rows.sources[known], rows.targets[known])
            return Fitted(lambda held: memory(rows.sources[held]))

        return fit

    return Task(
        "translation",
        rows,
        "pairs that share a sentence in one fold",
        sides(group_folds(groups, folds, seed)),
        {translator.model: network(translator) for translator in translators},
        {name: baseline(remember) for name, remember in MEMORIES.items()},
        lambda held, said: _sums(said, rows.targets[held]),
        BySums(MEASURES, groups),
        facts=[
            *(translator.get_params() for translator in translators),
            *zip(rows.sources, rows.targets, strict=True),
        ],
        seed=seed,
    )
