"""Splits of small rows, worked out by hand: which rows, how many are left out, in which words."""

from typing import Any

import numpy as np
import pytest

from recurra.data import LabelledTexts, Lines, Pairs, Series, TaggedSentences
from recurra.data.bonds import Times
from recurra.data.multi_labels import MultiLabelled
from recurra.data.sequences import LabelledSequences, label_sequences
from recurra.data.states import LabelledSteps
from recurra.errors import DataError, SettingsError
from recurra.judging.problem import Fold
from recurra.markets.simulator import simulate
from recurra.problems import splitting
from recurra.problems.rise_settings import RiseSettings
from recurra.problems.splitting import (
    DEFAULT,
    KEEP_NEAR,
    cut_by_time,
    joined,
    segments_of,
    sentence_turns,
    split_days,
    split_labels,
    split_lines,
    split_pairs,
    split_quantities,
    split_rows,
    split_sentences,
    split_sequences,
    split_series,
    split_steps,
    split_texts,
    tied,
    validated_steps,
    window_of,
)
from recurra.sequences import Ragged


def objects(*rows: Any) -> Any:
    return np.array(rows, dtype=object)


def days(rows: int) -> Times:
    numbers = np.arange(rows, dtype=np.float64)
    written = objects(*(f"day {n}" for n in range(rows)))
    return Times(numbers, numbers, written, "days")


# ---- texts


def labelled(rows: int = 40, **more: Any) -> LabelledTexts:
    words = ["north", "river", "candle", "window", "music", "paper", "garden"]
    texts = [
        f"{words[n % 7]} {words[n // 7 % 7]} number {'abcdefgh'[n % 8] * 9}" for n in range(rows)
    ]
    labels = ["spam" if n % 4 == 0 else "ham" for n in range(rows)]
    return LabelledTexts(objects(*texts), objects(*labels), "spam", "given", "0" * 64, **more)


def test_texts_say_in_words_how_they_are_split() -> None:
    authors = objects(*(f"author {n // 5}" for n in range(40)))
    held = np.arange(40) >= 30
    assert split_texts(labelled()).kind == "stratified, copies and near copies grouped"
    assert split_texts(labelled(), KEEP_NEAR).kind == "stratified, duplicates grouped"
    assert split_texts(labelled(groups=authors)).kind == "stratified, each group on one side"
    timed = labelled(times=days(40))
    assert split_texts(timed).kind == (
        "by time, the past teaches, the newest rows judge, cut between days"
    )
    assert split_texts(timed, folds=2).kind == "by time, walking forward, cut between days"
    both = labelled(times=days(40), groups=authors)
    assert split_texts(both).kind.endswith("cut between days, each group on one side")
    published = labelled(published_test=held)
    assert split_texts(published).kind == f"{published.split}; {DEFAULT.kind}"
    assert (
        split_texts(published, folds=2).kind == f"{DEFAULT.kind}, the published training side alone"
    )
    given = labelled(published_test=held, split="as you split them")
    assert split_texts(given, folds=2).kind == f"{DEFAULT.kind}, the file to train on alone"
    assert len(split_texts(given, folds=2).rows.texts) == 30


def test_texts_cut_by_time_say_where_and_what_was_left_out() -> None:
    made = split_texts(labelled(times=days(40)))
    (fold,) = made.folds
    assert fold.held.tolist() == list(range(32, 40))
    assert made.notes == ["held rows begin with day 32; what is learnt from ends with day 31"]
    authors = objects(*(f"author {n // 5}" for n in range(40)))
    bound = split_texts(labelled(times=days(40), groups=authors))
    (fold,) = bound.folds
    assert fold.purged == 2  # 30 and 31, by the author of 32
    assert bound.notes[1] == (
        "2 rows have a copy on the other side, or their group: left out of training"
    )
    walked = split_texts(labelled(times=days(40)), folds=2)
    first = [f"day {fold.held.min()}" for fold in walked.folds]
    last = walked.folds[-1].known.max()
    assert walked.notes == [
        f"held rows begin with {', '.join(first)}; what is learnt from ends with day {last}"
    ]
    held = np.arange(40) >= 30
    assert split_texts(labelled(times=days(40), published_test=held)).notes == []


def test_where_the_groups_of_the_newest_rows_leave_none_to_learn_from_that_is_said() -> None:
    authors = objects(*(f"author {n % 8}" for n in range(40)))
    says = "no row is left to learn, once those of groups on the other side are left out"
    with pytest.raises(DataError, match=says):
        split_texts(labelled(times=days(40), groups=authors))


def test_the_rows_of_a_split_of_texts_are_numbered_by_class_and_group() -> None:
    authors = objects(*(f"author {n // 5}" for n in range(40)))
    made = split_texts(labelled(groups=authors))
    assert made.labelled.positive == 1
    assert made.labelled.names == ("ham", "spam")
    assert len(np.unique(made.labelled.groups)) == 8
    alone = labelled()
    alone.positive = None
    assert split_texts(alone).labelled.positive is None


def test_groups_that_share_a_long_text_are_one_piece_and_short_ones_tie_nothing() -> None:
    long, other = "a text that is long enough to be told again", "another one, as long as the first"
    groups, copies = np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 0, 3, 4, 4])
    assert tied(groups, copies, objects(long, other, long, "hi", "hi", "hi")).tolist() == [
        0, 0, 0, 0, 4, 4,
    ]  # fmt: skip
    short = objects("hi", other, "hi", "no", "go", "go")
    assert tied(groups, copies, short).tolist() == [0, 0, 2, 2, 4, 4]


# ---- sequences


def waves(rows: int = 40, **more: Any) -> LabelledSequences:
    rng = np.random.default_rng(0)
    numbers = [rng.normal(size=(24, 1)) for _ in range(rows)]
    labels = objects(*("up" if n % 2 else "down" for n in range(rows)))
    ids = objects(*map(str, range(rows)))
    return LabelledSequences(Ragged.of_numbers(numbers), labels, ("x",), ids, **more)


def test_sequences_say_in_words_how_they_are_split() -> None:
    people = objects(*(f"person {n // 5}" for n in range(40)))
    held = np.arange(40) >= 30

    def kind(rows: LabelledSequences, **how: Any) -> str:
        return split_sequences(rows, **how).kind

    assert kind(waves()) == "stratified, copies and near copies on one side"
    assert kind(waves(), near=False) == "stratified, equal sequences on one side"
    assert kind(waves(groups=people)) == "stratified, groups and near copies on one side"
    assert kind(waves(groups=people), near=False) == "stratified, groups on one side"
    assert kind(waves(published_test=held)) == "the file to test on is held out"
    assert kind(waves(published_test=held), folds=2) == (
        "stratified, copies and near copies on one side, the file to train on alone"
    )
    assert kind(waves(times=days(40))) == (
        "by time, the past teaches, the newest rows judge, cut between days"
    )
    assert kind(waves(times=days(40), groups=people), folds=2) == (
        "by time, walking forward, cut between days, each group on one side"
    )


def test_a_class_to_find_among_sequences_is_one_of_two() -> None:
    assert split_sequences(waves(), "up").labelled.positive == 1
    assert split_sequences(waves()).labelled.positive is None
    says = r"one of two classes, but the classes are down, up and 'left' was given\."
    with pytest.raises(SettingsError, match=says):
        split_sequences(waves(), "left")


def test_what_is_done_with_copies_of_sequences_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = waves()
    copied = rows.take(np.arange(40) % 35)

    def note(**more: Any) -> str:
        how = {"near": more.pop("near")} if "near" in more else {}
        given = {**vars(copied), **more}
        return " ".join(split_sequences(LabelledSequences(**given), **how).notes)

    assert note().endswith("each group is kept on one side and counts once")
    assert note(near=False).endswith(
        "equal ones are kept on one side; the others may stand on both"
    )
    assert note(published_test=np.arange(40) >= 30).endswith(
        "5 of the sequences to test on have one among those to train on"
    )
    assert "some may stand on both sides of a cut in time, as the checks say" in note(
        times=days(40)
    )
    assert split_sequences(waves()).notes == []
    monkeypatch.setattr(splitting, "MOST_COMPARED", 35)
    assert note().endswith("; 35 sequences were looked at for noise added")


# ---- sentences, lines and pairs


def sentences(*words: str, source: str = "train") -> TaggedSentences:
    split = [each.split() for each in words]
    return TaggedSentences(split, [["N"] * len(each) for each in split], source, "0" * 64)


NUMBERED = [f"sentence number {n}" for n in range(50)]


def test_sentences_of_the_test_that_training_holds_are_left_out_and_counted() -> None:
    train = sentences(*NUMBERED)
    test = sentences("a new one", NUMBERED[3], "another new", source="test.conllu")
    made = split_sentences(train, test, turns=2)
    (fold,) = made.folds
    assert fold.known.tolist() == list(range(50))
    assert fold.held.tolist() == [50, 52]
    assert made.kind == "as published, test sentences that training holds left out"
    assert made.notes == [
        f"test: test.conllu, SHA-256 {'0' * 64}; 1 of 3 sentences stand in training and were left "
        "out."
    ]
    assert train.notes == []
    train.notes.append("as it was read")
    assert split_sentences(train, test).notes[0] == "as it was read"
    assert split_sentences(train, None).notes == ["as it was read"]
    assert split_sentences(train, None, folds=2).notes == ["as it was read"]
    assert len(made.words) == len(made.tags) == len(made.groups) == 53
    assert len(fold.sides) == 2
    assert len(fold.sides[0][1]) == 5
    says = "the test must hold sentences that training does not, but it holds none"
    with pytest.raises(DataError, match=says):
        split_sentences(train, sentences(NUMBERED[0]))


def test_sentences_without_a_test_are_split_in_a_fifth_or_in_folds() -> None:
    rows = sentences(*NUMBERED, *NUMBERED[:10])
    once, thrice = split_sentences(rows, None), split_sentences(rows, None, folds=3)
    assert once.kind == "a fifth of the sentences held out, copies and near copies on one side"
    assert thrice.kind == "sentences of the training file, copies and near copies in one fold"
    equal = split_sentences(rows, None, near=False)
    assert equal.kind == "a fifth of the sentences held out, equal ones on one side"
    equal = split_sentences(rows, None, near=False, folds=3)
    assert equal.kind == "sentences of the training file, equal ones in one fold"
    assert 10 <= len(once.folds[0].held) <= 14
    assert sorted(np.concatenate([fold.held for fold in thrice.folds])) == list(range(60))
    for fold in (*once.folds, *thrice.folds):
        assert not set(once.groups[fold.known]) & set(once.groups[fold.held])
        assert len(fold.sides) == 1
        assert 3 <= len(fold.validation) <= 7


def test_each_network_of_a_tagger_validates_on_other_sentences_while_there_are_enough() -> None:
    turns = sentence_turns(np.arange(20), 0.2, 3, 0)
    validated = [set(validation) for _, validation in turns]
    assert [len(each) for each in validated] == [4, 4, 4]
    assert not validated[0] & validated[1]
    assert not validated[1] & validated[2]
    again = sentence_turns(np.arange(3), 0.2, 4, 0)  # of five parts, two hold no sentence
    assert [validation.tolist() for _, validation in again] == [[2], [2], [0], [2]]
    assert [turn is again[0] for turn in again] == [True, True, False, True]


def lines(rows: int, classes: int, **more: Any) -> Lines:
    texts = objects(*(f"line number {n}" for n in range(rows)))
    return Lines(texts, objects(*(f"{n % classes}" for n in range(rows))), "given", "", **more)


def test_a_tenth_of_the_lines_is_held_of_each_class_about_as_many() -> None:
    made = split_lines(lines(200, 4))
    (fold,) = made.folds
    assert made.classes.tolist() == [n % 4 for n in range(200)]
    assert np.bincount(made.classes[fold.held]).tolist() == [5, 5, 5, 5]
    assert len(fold.validation) == 16
    folds = split_lines(lines(200, 4), folds=4).folds
    assert [np.bincount(made.classes[fold.held]).tolist() for fold in folds] == [
        [each] * 4 for each in (12, 13, 12, 13)
    ]
    assert sorted(np.concatenate([fold.held for fold in folds])) == list(range(200))


def test_rows_of_one_class_need_not_be_stratified() -> None:
    kept, held = split_rows(np.zeros(10, np.int64), np.arange(10), 0.3, 0)
    assert sorted([*kept, *held]) == list(range(10))
    assert len(held) == 3
    kept, held = split_rows(np.array([0, 0, 0, 0, 1, 1, 1, 1]), np.arange(8), 0.25, 0)
    assert np.bincount(np.array([0, 0, 0, 0, 1, 1, 1, 1])[held]).tolist() == [1, 1]


@pytest.mark.parametrize("kind", ["lines", "pairs"])
def test_a_file_to_test_on_is_held_out_and_leaves_no_folds(kind: str) -> None:
    held = np.arange(60) % 3 == 0
    texts, other = (objects(*(f"{side} {n}" for n in range(60))) for side in ("so", "to"))
    split: Any = split_lines if kind == "lines" else split_pairs
    rows: Any = (
        Lines(texts, objects(*[""] * 60), "given", "", published_test=held)
        if kind == "lines"
        else Pairs(texts, other, "given", "", published_test=held)
    )
    (fold,) = split(rows).folds
    assert fold.held.tolist() == list(range(0, 60, 3))
    assert fold.known.tolist() == np.flatnonzero(~held).tolist()
    assert len(fold.validation) == 4
    with pytest.raises(SettingsError, match="folds are of one file: leave out the one to test on"):
        split(rows, folds=2)


def test_pairs_that_share_a_sentence_are_on_one_side() -> None:
    said = objects(*(f"said {n // 2}" for n in range(80)))
    meant = objects(*(f"meant {n}" for n in range(80)))
    made = split_pairs(Pairs(said, meant, "given", ""))
    (fold,) = made.folds
    assert made.groups.tolist() == [n // 2 for n in range(80)]
    assert len(fold.held) == 8
    assert not set(made.groups[fold.known]) & set(made.groups[fold.held])
    assert [
        len(fold.held) for fold in split_pairs(Pairs(said, meant, "given", ""), folds=4).folds
    ] == [20] * 4


SAID = (
    "the train to the sea was late again and nobody told us why",
    "my brother has painted the old kitchen green and yellow",
    "she reads the paper in the garden when the weather is fine",
    "two dogs ran across the bridge before the rain had begun",
)


def test_near_copies_of_lines_stand_on_one_side_unless_told_otherwise() -> None:
    texts = objects(*SAID * 2, *(f"line number {n}" for n in range(80)))
    texts[4:8] = [text.replace(" the ", " that ", 1) + "!" for text in SAID]
    rows = Lines(texts, objects(*[""] * len(texts)), "given", "")
    made, kept = split_lines(rows), split_lines(rows, near=False)
    assert made.groups[:4].tolist() == made.groups[4:8].tolist()
    assert len(set(made.groups.tolist())) == 84
    (said,) = made.notes
    assert said.startswith("8 of 88 lines are near copies of others, and not equal: they stand")
    assert len(set(kept.groups.tolist())) == 88
    assert "--keep-near" in kept.notes[0]


def test_near_copies_of_pairs_stand_on_one_side_unless_told_otherwise() -> None:
    said = objects(*SAID * 2, *(f"said {n}" for n in range(80)))
    meant = objects(*[text[::-1] for text in SAID] * 2, *(f"meant {n}" for n in range(80)))
    said[4:8] = [text.replace(" the ", " that ", 1) for text in SAID]
    meant[4:8] = [text + " now" for text in meant[:4]]
    made = split_pairs(Pairs(said, meant, "given", ""), folds=4)
    assert made.groups[:4].tolist() == made.groups[4:8].tolist()
    assert "8 of 88 pairs" in made.notes[0]
    kept = split_pairs(Pairs(said, meant, "given", ""), near=False)
    assert len(set(kept.groups.tolist())) == 88


# ---- series


def line(steps: int, **more: Any) -> Series:
    return Series(np.arange(steps, dtype=np.float64), "given", "0" * 64, **more)


def test_the_last_fifth_of_a_series_is_held_and_no_target_stands_on_two_sides() -> None:
    made = split_series(line(50), horizon=3, window=10)
    (fold,) = made.folds
    assert made.kind == "by time, one origin after the other, no target on two sides"
    assert fold.known.tolist() == list(range(10, 38))  # the targets of 37 end with step 39
    assert fold.held.tolist() == list(range(40, 48))
    ((train, validation),) = fold.sides
    assert train.tolist() == list(range(20))  # origins 10 to 29; 32 is the first that validates
    assert validation.tolist() == list(range(22, 28))
    assert fold.purged == 2 + 2


def test_of_few_steps_two_horizons_of_origins_are_held() -> None:
    (fold,) = split_series(line(40), horizon=6, window=4).folds
    assert fold.held.tolist() == list(range(23, 35))
    assert fold.known.tolist() == list(range(4, 18))
    says = "it has 33 steps for a window of 4 and 6 steps ahead"
    with pytest.raises(DataError, match=says):
        split_series(line(33), horizon=6, window=4)


def test_folds_of_a_series_walk_forward_and_say_so() -> None:
    made = split_series(line(80), horizon=6, window=12, folds=2)
    assert (
        made.kind == "by time, each fold fitted on all before it, targets that reach into it purged"
    )
    for fold in made.folds:
        assert fold.known[-1] + 6 <= fold.held[0]
        assert fold.held[-1] + 6 <= 80


def test_a_series_that_is_too_short_is_told_with_its_numbers() -> None:
    says = "it has 20 steps for a window of 10 and 5 steps ahead. Give more, or a shorter horizon."
    with pytest.raises(DataError, match=says):
        split_series(line(20), horizon=5, window=10)


def test_origins_whose_outcome_was_not_in_the_file_or_is_read_before_are_not_judged() -> None:
    filled = np.zeros(50, bool)
    filled[[15, 42]] = True
    (fold,) = split_series(line(50, filled=filled), horizon=3, window=10).folds
    assert set(range(10, 38)) - set(fold.known.tolist()) == {13, 14, 15, 16}  # 15 is made of 16
    assert fold.held.tolist() == list(range(44, 48))


def several(*lengths: int) -> Series:
    names = tuple(f"series {n}" for n in range(len(lengths)))
    return line(sum(lengths), names=names, offsets=np.cumsum([0, *lengths]))


def test_each_of_several_series_is_cut_by_its_own_time() -> None:
    made = split_series(several(20, 6, 30), horizon=2, window=4)
    assert made.kind == "each series by time, one origin after the other, no target on two sides"
    (fold,) = made.folds
    # cut at 16 of 20, at 4 of 6 and at 24 of 30; of the second no origin is left to learn from
    assert fold.known.tolist() == [*range(4, 15), *range(30, 49)]
    assert fold.held.tolist() == [16, 17, 18, 24, *range(50, 55)]
    assert fold.purged == 4
    says = "it has 5 steps for a window of 4 and 3 steps ahead"
    with pytest.raises(DataError, match=says):
        split_series(several(5, 4), horizon=3, window=4)


def test_folds_of_several_series_each_walk_forward_in_their_own_time() -> None:
    first, second = split_series(several(20, 6), horizon=2, window=4, folds=2).folds
    # origins 4 to 18: of 15 the last 6 are held, 3 a fold; the other series is too short for folds
    assert first.known.tolist() == list(range(4, 12))
    assert first.held.tolist() == [13, 14, 15]
    assert second.known.tolist() == list(range(4, 15))
    assert second.held.tolist() == [16, 17, 18]


def test_folds_put_together_count_from_where_each_begins() -> None:
    first = Fold(np.array([4, 5, 6]), np.array([9]), [(np.array([0, 1]), np.array([2]))], 2)
    second = Fold(np.array([24, 25]), np.array([29, 30]), [(np.array([0]), np.array([1]))], 3)
    made = joined([first, second])
    assert made.known.tolist() == [4, 5, 6, 24, 25]
    assert made.held.tolist() == [9, 29, 30]
    ((train, validation),) = made.sides
    assert (train.tolist(), validation.tolist()) == ([0, 1, 3], [2, 4])
    assert made.purged == 5
    empty = joined([])
    assert len(empty.known) == len(empty.held) == len(empty.sides[0][0]) == 0


def test_what_is_cut_by_time_counts_what_it_leaves_out() -> None:
    fold = cut_by_time(np.arange(10), np.arange(12, 15), 0.2, 2)
    assert [side.tolist() for side in fold.sides[0]] == [list(range(7)), [8, 9]]
    assert fold.purged == 1 + 2
    nothing = cut_by_time(np.arange(0), np.arange(3), 0.2, 2)
    assert (nothing.purged, len(nothing.sides[0][0]), nothing.held.tolist()) == (0, 0, [0, 1, 2])
    assert cut_by_time(np.arange(10), np.arange(0), 0.2, 2).purged == 1


@pytest.mark.parametrize(
    ("series", "horizon", "season", "steps"),
    [
        (line(100), 5, 1, 25),  # a third of the 75 known
        (line(100), 5, 30, 30),  # a season is read whole
        (line(100), 5, 40, 32),  # and no more than `MOST_READ`
        (line(20), 6, 1, 1),
        (several(40, 60, 8), 6, 1, 17),  # half of the 34 known of the middle one, 50 steps
        (several(40, 60, 8), 6, 20, 20),
        (several(12, 60, 60), 6, 1, 6),  # the shortest has six before its last horizon
        (several(200, 200), 6, 1, 32),
        (several(4, 5), 6, 1, 3),  # none can be judged
        (several(4, 5), 6, 7, 7),
    ],
)
def test_as_many_steps_are_read_as_fit(
    series: Series, horizon: int, season: int, steps: int
) -> None:
    assert window_of(series, horizon, season) == steps


# ---- days


@pytest.fixture(scope="module")
def market() -> Any:
    return simulate(3, 500, seed=0)


def test_days_are_walked_forward_or_cut_where_it_is_said(market: Any) -> None:
    made = split_days(market, RiseSettings(rise=0.03, folds=2))
    dates = made.rows.dates
    assert made.truth.tolist() == (made.rows.change >= 0.03).astype(int).tolist()
    first, second = made.folds
    assert [len(fold.held) for fold in made.folds] == [222, 222]
    assert dates[first.held].max() < dates[second.held].min()
    for fold in made.folds:
        assert fold.purged == 90  # 15 days of three tickers, before validation and before the test
        assert dates[fold.train].max() < dates[fold.validation].min()
        assert dates[fold.known].max() < dates[fold.held].min()
    said = RiseSettings(rise=0.03, fall=-0.001, validate_from="2024-05-06", test_from="2024-09-23")
    cut = split_days(market, said)
    (fold,) = cut.folds
    between = (cut.rows.change > -0.001) & (cut.rows.change < 0.03)
    assert (len(cut.truth), between.sum(), fold.purged) == (586, 0, 56)
    days = cut.rows.dates
    assert str(days[fold.held].min()) == "2024-09-23"
    assert str(days[fold.validation].min()) == "2024-05-06"


def test_a_side_of_days_without_a_rise_is_told_by_its_name_and_days(market: Any) -> None:
    with pytest.raises(DataError) as told:
        split_days(market, RiseSettings(rise=0.5))
    assert str(told.value) == (
        "every side must hold days that rise by 50 % and days that do not, but of the 522 training "
        "rows from 2023-07-31 to 2024-03-28 0 rise. Give more tickers, a longer history, a smaller "
        "--rise or fewer --folds."
    )
    rises, dates = np.zeros(9, np.int64), np.arange("2024-01-01", "2024-01-10", dtype="M8[D]")
    rises[[0, 3]] = 1
    fold = Fold(np.arange(6), np.arange(6, 9), [(np.arange(3), np.arange(3, 6))])
    says = "of the 3 test rows from 2024-01-07 to 2024-01-09 0 rise"
    with pytest.raises(DataError, match=says):
        splitting._check_sides(rises, dates, [fold], RiseSettings())
    rises[[3, 7]] = 0, 1
    says = "of the 3 validation rows from 2024-01-04 to 2024-01-06 0 rise"
    with pytest.raises(DataError, match=says):
        splitting._check_sides(rises, dates, [fold], RiseSettings())


# ---- steps of streams


def log(*lengths: int, states: str = "ab", **more: Any) -> LabelledSteps:
    steps = sum(lengths)
    said = objects(*(states[n // 3 % len(states)] for n in range(steps)))
    offsets, ids = np.cumsum([0, *lengths]), objects(*(f"m{n}" for n in range(len(lengths))))
    return LabelledSteps(np.zeros((steps, 1)), said, offsets, None, False, ids, ("x",), **more)


def test_segments_are_cut_within_a_stream() -> None:
    offsets, streams = segments_of(log(10, 3), 4)
    assert offsets.tolist() == [0, 4, 8, 10, 13]
    assert streams.tolist() == [0, 0, 0, 1]


def test_one_log_is_cut_by_time_with_a_window_left_out_on_either_side() -> None:
    made = split_steps(log(800), window=16)  # segments of 2 steps: 8 of them are a window
    (fold,) = made.folds
    assert made.kind == "by time: the last steps are held out, 16 before them left out"
    assert len(made.streams) == 400
    assert fold.held.tolist() == list(range(320, 400))
    assert fold.known.tolist() == list(range(313))
    first = fold.validation[0]
    assert first - fold.train[-1] == 8
    assert fold.validation[-1] == fold.known[-1]
    folds = split_steps(log(800), window=16, folds=2).folds
    assert [fold.held[0] for fold in folds] == [240, 320]


def test_of_several_logs_each_stands_on_one_side() -> None:
    rows = log(*[40] * 10)
    made = split_steps(rows, window=16)
    assert made.kind == "by stream: each on one side"
    (fold,) = made.folds
    held, known = set(made.streams[fold.held]), set(made.streams[fold.known])
    assert (len(held), len(known), held & known) == (2, 8, set())
    train, validation = (set(made.streams[side]) for side in (fold.train, fold.validation))
    assert not train & validation
    folds = split_steps(rows, window=16, folds=5).folds
    assert [len(set(made.streams[fold.held])) for fold in folds] == [2] * 5


def test_the_logs_of_a_file_to_test_on_are_held() -> None:
    rows = log(*[40] * 6, published_test=np.array([0, 0, 0, 0, 0, 1], bool))
    made = split_steps(rows, window=16)
    assert made.kind == "as published: the streams of the file to test on"
    assert set(made.streams[made.folds[0].held]) == {5}
    assert set(made.streams[made.folds[0].known]) == {0, 1, 2, 3, 4}
    with pytest.raises(SettingsError, match="--test is not for a comparison"):
        split_steps(rows, window=16, folds=2)


def test_few_logs_are_validated_at_the_end_of_each() -> None:
    streams, known = np.array([0] * 10 + [1] * 5), np.arange(15)
    train, validation = validated_steps(streams, known, 2, 0)
    assert validation.tolist() == [8, 9, 14]
    assert train.tolist() == [*range(7), 10, 11, 12]
    many = np.repeat(np.arange(5), 4)
    train, validation = validated_steps(many, np.arange(20), 2, 0)
    assert len(set(many[validation])) == 1
    assert not set(many[train]) & set(many[validation])


def test_a_log_of_one_state_or_of_too_few_steps_is_refused_in_words() -> None:
    calm = log(800, states="a")
    calm.states[-30:] = "b"  # type: ignore[index]
    says = (
        "two states or more must be in the steps to learn from, but in those of arrays every step "
        "is 'a': 1 other stands in steps held out or for validation alone"
    )
    with pytest.raises(DataError, match=says):
        split_steps(calm, window=16)


def test_the_shares_are_those_that_are_documented() -> None:
    assert (splitting.TEST_SHARE, splitting.WRITTEN_SHARE) == (0.2, 0.1)


# ---- what validates is not chosen by what is held


def test_which_labels_held_rows_have_moves_nothing_in_how_known_rows_validate() -> None:
    texts = objects(*(f"text {'abcdefgh'[n % 8] * 5} {'ijklmnop'[n // 8] * 5}" for n in range(60)))
    known, sides = np.arange(45), []
    for held in (0, 1):
        truth = np.stack([np.arange(60) % 2, np.arange(60) % 3 == 0], axis=1).astype(np.int64)
        truth[45:, 1] = held
        rows = MultiLabelled(texts, truth, ("common", "rare"), "given", "0" * 64)
        sides.append([[part.tolist() for part in side] for side in split_labels(rows).sides(known)])
    assert sides[0] == sides[1]


def test_which_numbers_held_rows_have_moves_nothing_in_how_known_rows_validate() -> None:
    known, sides = np.arange(45), []
    numbers = np.random.default_rng(0).normal(size=(60, 8))
    for far in (0.0, 1000.0):
        targets = np.arange(60) * 7 % 60 + np.where(np.arange(60) < 45, 0.0, far)
        made = split_quantities(label_sequences(numbers, targets=targets))
        sides.append([[part.tolist() for part in side] for side in made.sides(known)])
    assert sides[0] == sides[1]
