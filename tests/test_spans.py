"""Spans that tags mark: as the field reads them, which tags may follow, and the best that may."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seqeval.metrics import f1_score, precision_score, recall_score
from seqeval.metrics.sequence_labeling import get_entities

from recurra.judging.measures import values
from recurra.problems.tags import TaggingProblem, tag_measures
from recurra.spans import SCHEMES, Transitions, invalid, may_follow, scheme_of, spans_of

TAGS = ["O", *(f"{mark}-{kind}" for mark in "BIES" for kind in ("NP", "VP"))]
SENTENCE = st.lists(st.sampled_from(TAGS), min_size=1, max_size=8)
PAIRS = st.lists(st.tuples(SENTENCE, SENTENCE), min_size=1, max_size=5)


@given(SENTENCE)
def test_any_tags_valid_or_not_mark_the_spans_that_seqeval_finds(tags: list[str]) -> None:
    found = [(kind, first, last + 1) for kind, first, last in get_entities(tags)]
    assert sorted(spans_of(tags)) == sorted(found)


@settings(deadline=None)
@given(PAIRS)
@pytest.mark.filterwarnings("ignore")  # seqeval warns where nothing is said
def test_span_precision_recall_and_f1_are_those_of_seqeval(
    pairs: list[tuple[list[str], list[str]]],
) -> None:
    pairs = [(a[: len(b)], b[: len(a)]) for a, b in pairs]
    truth, said = [list(a) for a, _ in pairs], [list(b) for _, b in pairs]
    names = tuple(sorted({tag for row in truth + said for tag in row}))
    problem = TaggingProblem(
        "t",
        None,
        "",
        [],
        [],
        [],
        words=truth,
        tags=truth,
        names=names,
        scheme="BIOES",  # type: ignore[arg-type]
    )
    statistics = problem.count(np.arange(len(truth)), said)
    f1, precision, recall = (
        values(measure, statistics) for measure in tag_measures(len(names), spans=True)[:3]
    )
    if not any(spans_of(row) for row in truth):
        assert np.isnan([f1, recall]).all()  # nothing is there to be found
        return
    assert f1 == pytest.approx(f1_score(truth, said))
    assert recall == pytest.approx(recall_score(truth, said))
    if any(spans_of(row) for row in said):
        assert precision == pytest.approx(precision_score(truth, said))


@pytest.mark.parametrize(
    ("scheme", "tags"),
    [
        ("IOB1", ["I-NP", "I-NP", "B-NP", "I-VP", "O"]),
        ("BIO", ["B-NP", "I-NP", "B-NP", "B-VP", "O"]),
        ("BIOES", ["B-NP", "E-NP", "S-NP", "S-VP", "O"]),
        ("BIOES", ["B-NP", "L-NP", "U-NP", "U-VP", "O"]),
    ],
)
def test_the_same_spans_in_every_scheme_are_told_apart_and_read_alike(
    scheme: str, tags: list[str]
) -> None:
    assert scheme_of([tags]) == scheme
    assert spans_of(tags) == [("NP", 0, 2), ("NP", 2, 3), ("VP", 3, 4)]
    assert invalid(scheme, tags) == 0


@pytest.mark.parametrize("tags", [["DET", "NOUN"], ["O", "X-NP"], ["B", "I"], ["1", "2"], ["O"]])
def test_tags_that_mark_no_spans_are_of_no_scheme(tags: list[str]) -> None:
    assert scheme_of([tags]) is None


@pytest.mark.parametrize(
    ("scheme", "tags", "wrong"),
    [
        ("BIO", ["I-NP", "I-NP", "O", "I-VP", "B-VP", "I-NP"], 3),
        ("IOB1", ["B-NP", "B-NP", "O", "I-VP", "B-NP"], 2),
        ("BIOES", ["B-NP", "O", "I-VP", "E-VP", "B-NP"], 3),  # unfinished, begun within, unfinished
    ],
)
def test_places_where_a_tag_may_not_stand_are_counted(
    scheme: str, tags: list[str], wrong: int
) -> None:
    assert invalid(scheme, tags) == wrong


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_best_valid_tags_are_the_best_of_all_that_are_valid(scheme: str) -> None:
    names = ["O", "B-X", "I-X", "B-Y", "I-Y"] + (["E-X", "S-Y"] if scheme == "BIOES" else [])
    transitions, rng = Transitions.of(scheme, names), np.random.default_rng(0)
    for words in (1, 2, 4):
        shares = rng.dirichlet(np.ones(len(names)), size=words)
        found = [names[place] for place in transitions.best(shares)]
        valid = [
            row
            for row in itertools.product(range(len(names)), repeat=words)
            if invalid(scheme, [names[place] for place in row]) == 0
        ]
        best = max(valid, key=lambda row: np.log(shares[np.arange(words), row]).sum())
        assert found == [names[place] for place in best]


def test_where_no_tags_are_valid_those_with_the_fewest_places_that_are_not_are_said() -> None:
    transitions = Transitions.of("BIOES", ["B-X", "I-X"])  # nothing ends a span
    found = [["B-X", "I-X"][place] for place in transitions.best(np.full((3, 2), 0.5))]
    assert invalid("BIOES", found) == 1


def test_what_may_follow_is_asked_of_kinds_too() -> None:
    assert may_follow("BIO", "B-NP", "I-NP")
    assert not may_follow("BIO", "B-NP", "I-VP")
    assert not may_follow("IOB1", "I-VP", "B-NP")
