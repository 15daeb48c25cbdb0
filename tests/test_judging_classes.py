"""Problems of classes, without a network: what rows are given out, counted, shown and remarked."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from recurra.errors import DataError
from recurra.judging.classes import ClassProblem, Labelled, beside_of, class_data, turns_of
from recurra.judging.measures import class_measures
from recurra.judging.problem import Contender, Fold
from recurra.judging.report import DataInfo
from recurra.judging.said import Said

TRUTH = np.array([0, 1, 2, 1, 1, 0])
GROUPS = np.array([5, 5, 6, 7, 7, 8])
#                  p_a  p_b  p_c  decided truth, of rows 1, 3, 2, 0
SAID = np.array(
    [
        [0.1, 0.8, 0.1, 1, 1],
        [0.6, 0.3, 0.1, 0, 1],
        [0.2, 0.2, 0.6, 2, 2],
        [0.3, 0.5, 0.2, 1, 0],
    ]
)


def problem(names: tuple[str, ...] = ("a", "b", "c"), **given: Any) -> ClassProblem:
    positive = given.pop("positive", None)
    truth = TRUTH if len(names) == 3 else (TRUTH == 1).astype(np.int64)
    inputs = np.array(list("uvwxyz"), dtype=object)
    rows = Labelled(inputs, truth, names, positive, GROUPS)
    return ClassProblem(
        name="letters",
        data=DataInfo(source="here", sha256="0", **class_data(rows)),
        split="by hand",
        folds=[Fold(np.array([4, 5]), np.array([1, 3, 2, 0]), [])],
        contenders=[Contender("net", lambda seed: None), Contender("rule", lambda seed: None)],  # type: ignore[arg-type, return-value]
        measures=class_measures(len(names), positive),
        rows=rows,
        **given,
    )


def found(statistics: np.ndarray, held: np.ndarray) -> Any:
    return SimpleNamespace(held=held, chosen="net", statistics=lambda name: statistics)


def test_a_fit_sees_inputs_classes_and_groups_of_its_rows_alone() -> None:
    known = problem().known(np.array([4, 2]))
    assert known.inputs.tolist() == ["y", "w"]
    assert (known.truth.tolist(), known.groups.tolist()) == ([1, 2], [7, 6])
    assert (known.names, known.positive, known.labels.tolist()) == (
        ("a", "b", "c"),
        None,
        ["b", "c"],
    )
    assert problem().asked(np.array([4, 2])).tolist() == ["y", "w"]
    assert problem(("no", "yes"), positive=1).known(np.array([4, 2])).positive == 1


def test_rows_of_a_group_are_one_piece_of_evidence_unless_pieces_are_given() -> None:
    rows = np.array([0, 1, 2])
    assert problem(seed=3).evidence(rows).pieces.tolist() == [5, 5, 6]
    assert problem(seed=3).evidence(rows).seed == 3
    assert problem(pieces=np.arange(6) * 10).evidence(rows).pieces.tolist() == [0, 10, 20]


def test_what_is_counted_is_what_was_said_beside_the_truth() -> None:
    rows = np.array([1, 3, 2, 0])
    said = Said(SAID[:, :3], SAID[:, 3].astype(np.int64))
    np.testing.assert_array_equal(problem().count(rows, said), SAID)


def test_predictions_of_many_classes_are_the_class_and_each_probability() -> None:
    columns = problem().predictions(found(SAID, np.array([1, 3, 2, 0])))
    assert {name: np.asarray(values).tolist() for name, values in columns.items()} == {
        "id": [1, 3, 2, 0],
        "truth": ["b", "b", "c", "a"],
        **{
            key: values
            for name in ("net", "rule")
            for key, values in {
                name: ["b", "a", "c", "b"],
                f"{name}: a": [0.1, 0.6, 0.2, 0.3],
                f"{name}: b": [0.8, 0.3, 0.2, 0.5],
                f"{name}: c": [0.1, 0.1, 0.6, 0.2],
            }.items()
        },
    }


def test_predictions_of_two_classes_are_the_probability_of_the_one_to_find() -> None:
    said = np.array([[0.9, 0.1, 0, 1], [0.2, 0.8, 1, 1]])
    ids = np.array(["r0", "r1", "r2", "r3", "r4", "r5"])
    held = np.array([1, 3])
    asked = problem(("no", "yes"), positive=1, ids=ids)
    columns = asked.predictions(found(said, held))
    assert {name: np.asarray(values).tolist() for name, values in columns.items()} == {
        "id": ["r1", "r3"],
        "truth": ["yes", "yes"],
        "net": [0.1, 0.8],
        "rule": [0.1, 0.8],
    }
    # of two where neither is to be found, both stand there
    columns = problem(("no", "yes")).predictions(found(said, held))
    assert list(columns) == [
        "id",
        "truth",
        "net",
        "net: no",
        "net: yes",
        "rule",
        "rule: no",
        "rule: yes",
    ]
    assert np.asarray(columns["net"]).tolist() == ["no", "yes"]


def test_all_rows_are_known_when_a_model_is_fitted_to_the_end() -> None:
    truth, groups = np.arange(20) % 2, np.arange(20)
    rows = Labelled(np.arange(20), truth, ("no", "yes"), 1, groups)
    asked = problem()
    asked.rows, asked.validation_split, asked.seed = rows, 0.25, 7
    whole = asked.whole()
    assert whole.known.tolist() == list(range(20))
    assert (whole.held.tolist(), whole.purged) == ([], 0)
    expected = turns_of(truth, groups, 0.25, 7)
    assert len(whole.sides) == len(expected) == 4
    for side, wanted in zip(whole.sides, expected, strict=True):
        assert [part.tolist() for part in side] == [part.tolist() for part in wanted]


def test_turns_hold_out_every_row_once_and_go_by_the_seed() -> None:
    sides = turns_of(np.arange(40) % 2, np.arange(40), 0.2, seed=1)
    assert len(sides) == 5
    assert sorted(np.concatenate([held for _, held in sides])) == list(range(40))
    other = turns_of(np.arange(40) % 2, np.arange(40), 0.2, seed=2)
    assert any(a[1].tolist() != b[1].tolist() for a, b in zip(sides, other, strict=True))
    assert len(turns_of(np.arange(40) % 2, np.arange(40), 0.7, seed=1)) == 1


def test_a_turn_that_lacks_a_class_is_left_out_and_none_at_all_is_refused() -> None:
    truth = np.array([1, 1] + [0] * 18)
    assert 0 < len(turns_of(truth, np.arange(20), 0.2, seed=0)) < 5
    with pytest.raises(DataError, match=r"both classes, but the part kept for training would have"):
        turns_of(np.array([1] + [0] * 19), np.arange(20), 0.9, seed=0)


def test_a_model_that_calls_every_row_one_class_is_named() -> None:
    same = SAID.copy()
    same[:, 3] = 2
    assert problem().remarks(same) == ["It calls every row c."]
    assert problem().remarks(SAID) == []
    assert problem().remarks(SAID[:2]) == []  # two of three classes


def test_decisions_are_counted_by_truth_and_class_decided_for() -> None:
    decisions, classes = problem().exhibits(found(SAID, np.array([1, 3, 2, 0])))
    assert (decisions.title, decisions.note) == ("Decisions", "")
    assert decisions.columns == ["truth", "called a", "called b", "called c"]
    assert decisions.rows == [
        ["a", "0", "1", "0"],
        ["b", "1", "1", "0"],
        ["c", "0", "0", "1"],
    ]
    assert classes.title == "Each class against the rest"
    assert classes.columns == ["class", "rows", "F1", "precision", "recall", "PR-AUC", "ROC-AUC"]
    # b by hand: called at rows 0 and 3, true at 0 and 1; ranked by p_b 0.8 true, 0.5, 0.3 true, 0.2
    assert classes.rows[0] == ["b", "2", "0.500", "0.500", "0.500", "0.833", "0.750"]
    assert [row[0] for row in classes.rows] == ["b", "a", "c"]
    assert classes.rows[2] == ["c", "1", "1.000", "1.000", "1.000", "1.000", "1.000"]


def test_of_many_classes_the_commonest_are_shown_and_the_rest_are_counted() -> None:
    names = tuple(f"k{i}" for i in range(23))
    truth = np.concatenate([np.arange(23), np.arange(3, 23)])  # the first three are the rarest
    one_hot = np.eye(23)[truth]
    statistics = np.column_stack([one_hot, truth, truth])
    asked = problem()
    asked.rows = Labelled(truth, truth, names, None, np.arange(43))
    decisions, classes = asked.exhibits(found(statistics, np.arange(43)))
    assert decisions.columns[1:] == [f"called k{i}" for i in range(3, 23)]
    assert decisions.note == "3 rarer classes are not shown."
    assert len(classes.rows) == 23
    without = asked.exhibits(found(statistics[1:23], np.arange(1, 23)))[1].rows[-1]
    assert without == ["k0", "0", "–", "–", "–", "–", "–"]  # no row of it was held


def test_scores_are_held_against_what_came_true_of_the_class_to_find() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(600)
    truth = (rng.random(600) < p).astype(np.int64)
    asked = problem(("no", "yes"), positive=1)
    asked.rows = Labelled(np.arange(600), truth, ("no", "yes"), 1, np.arange(600))
    statistics = np.column_stack([1 - p, p, p >= 0.5, truth])
    fine = asked.calibration(statistics, np.arange(600))
    assert fine is not None
    assert fine.calibrated
    wrong = asked.calibration(np.column_stack([p, 1 - p, p < 0.5, truth]), np.arange(600))
    assert wrong is not None
    assert not wrong.calibrated


def test_what_the_data_are_is_counted_by_class_and_group() -> None:
    rows = Labelled(np.arange(6), TRUTH, ("a", "b", "c", "d"), 1, GROUPS)
    assert class_data(rows) == {
        "classes": {"a": 2, "b": 3, "c": 1, "d": 0},
        "positive": "b",
        "groups": 4,
        "rows": 6,
    }
    assert (
        class_data(Labelled(np.arange(6), TRUTH, ("a", "b", "c"), None, GROUPS))["positive"] is None
    )


def test_of_every_class_there_is_a_count() -> None:
    rows = Labelled(np.arange(6), TRUTH, ("a", "b"), None, GROUPS)
    with pytest.raises(ValueError, match="zip"):
        class_data(rows)  # three are counted, and two have a name


def test_the_question_is_asked_beside_by_measures_of_decisions() -> None:
    assert beside_of(2, 1) == beside_of(2, 0) == ("F1", "accuracy")
    assert beside_of(2, None) == beside_of(3, None) == beside_of(3, 1) == ("macro F1", "accuracy")


def test_rows_of_one_piece_come_true_together_in_what_calibration_leaves_to_chance() -> None:
    scores = np.array([0.2, 0.4, 0.6, 0.8])
    said = np.column_stack([1 - scores, scores, scores > 0.5, scores > 0.3]).astype(float)
    held = np.arange(4)
    alone = problem(("a", "b"), pieces=np.arange(6)).calibration(said, held)
    together = problem(("a", "b"), pieces=np.zeros(6, int)).calibration(said, held)
    assert alone is not None
    assert together is not None
    assert together.by_chance > alone.by_chance
