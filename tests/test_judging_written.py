"""Measures of what is written: lines by their surprise, translations by their n-grams."""

import numpy as np
import pytest

from recurra.judging.evidence import Evidence
from recurra.judging.intervals import estimate
from recurra.judging.measures import values
from recurra.judging.written import (
    LINES,
    TRANSLATIONS,
    chrf,
    chrf_statistics,
    line_statistics,
    translation_statistics,
)


def test_a_line_is_counted_in_bits_characters_and_tokens() -> None:
    counted = line_statistics(np.log([0.25, 1 / 64]), [6, 4], [6, 2])
    assert counted == pytest.approx(np.array([[2.0, 6, 6], [6.0, 4, 2]]))
    bits, perplexity = (values(measure, counted) for measure in LINES)
    assert bits == pytest.approx(8 / 10)
    assert perplexity == pytest.approx(2 ** (8 / 8))
    assert [measure.higher_is_better for measure in LINES] == [False, False]
    assert [measure.higher_is_better for measure in TRANSLATIONS] == [True, True]


def test_statistics_of_no_probability_at_all_are_infinite_bits() -> None:
    with np.errstate(divide="ignore"):
        assert line_statistics(np.log([0.0]), [1], [1])[0, 0] == np.inf


def test_chrf_by_hand_and_as_sacrebleu_gives_it() -> None:
    def score(written: list[str], meant: list[str]) -> float:
        return float(chrf(chrf_statistics(written, meant).sum(0)))

    # "ab" for "abc": P = (1 + 1) / 2, R = (2/3 + 1/2) / 2
    precision, recall = 1.0, (2 / 3 + 1 / 2) / 2
    assert score(["ab"], ["abc"]) == pytest.approx(
        100 * 5 * precision * recall / (4 * precision + recall)
    )
    assert score(["", "x"], ["a", ""]) == 0
    sacrebleu = pytest.importorskip("sacrebleu")
    written = ["the cat sat on a mat", "나는 학교에 갔다", "", "yes"]
    meant = ["the cat is on the mat.", "나는 어제 학교에 갔어", "none", "yes!"]
    theirs = sacrebleu.CHRF().corpus_score(written, [meant]).score
    assert score(written, meant) == pytest.approx(theirs, abs=1e-9)


def test_a_translation_is_counted_by_its_n_grams_and_whether_it_is_exact() -> None:
    counted = translation_statistics(["ab", "가 나"], ["abc", "가 나"])
    assert counted[0].tolist() == [2, 3, 2, 1, 2, 1, *[0, 1, 0], *[0] * 9, 0]
    assert counted[1, -1] == 1
    both, exact = (values(measure, counted) for measure in TRANSLATIONS)
    assert both == pytest.approx(float(chrf(counted[:, :18].sum(0))))
    assert exact == 0.5


def test_the_interval_of_chrf_stays_within_0_and_100_and_covers() -> None:
    rng = np.random.default_rng(0)
    meant = ["".join(rng.choice(list("abcde"), rng.integers(3, 12))) for _ in range(3000)]
    written = [
        text if rng.random() < 0.5 else text[: len(text) // 2] + "z" * int(rng.integers(1, 5))
        for text in meant
    ]
    everything = translation_statistics(written, meant)
    truth = values(TRANSLATIONS[0], everything)
    covered = []
    for _ in range(200):
        rows = rng.choice(len(everything), 60, replace=False)
        found = estimate(TRANSLATIONS[0], [everything[rows]], Evidence(np.arange(60)))
        assert found.interval is not None
        low, high = found.interval
        assert 0 <= low <= high <= 100
        covered.append(low <= truth <= high)
    assert 0.88 <= np.mean(covered) <= 0.99  # 0.95 is meant; 200 draws tell it within 0.03


def test_where_all_is_exact_the_interval_is_that_of_a_share_without_a_fault() -> None:
    rows = translation_statistics(["abcdefg"] * 40, ["abcdefg"] * 40)
    found = estimate(TRANSLATIONS[0], [rows], Evidence(np.arange(40)))
    assert found.value == pytest.approx(100)
    assert found.interval == pytest.approx((100 * 0.025 ** (1 / 40), 100))


def test_chrf_of_nothing_shared_is_0() -> None:
    assert float(chrf(chrf_statistics(["", "x"], ["a", ""]).sum(0))) == 0
