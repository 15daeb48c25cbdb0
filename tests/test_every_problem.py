"""What holds of every problem there is; a new one must say here how it is tested."""

import ast
import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recurra import problems
from recurra.judging.problem import Problem

# for each problem the test that changes its held rows, and finds every fitted bit the same
TEACH_NOTHING = {
    "texts": ("test_problem_texts", "other_held_rows_leave_every_fitted_weight_and_threshold"),
    "tagging": ("test_problem_tagging", "held_sentences_teach_nothing"),
    "forecasting": ("test_problem_forecasting", "held_steps_teach_nothing"),
    "generation": ("test_problem_generation", "nothing_that_is_fitted_depends_on_a_held_line"),
    "translation": ("test_problem_translation", "nothing_that_is_fitted_depends_on_a_held_pair"),
    "sequences": ("test_problem_sequences", "held_sequences_teach_nothing"),
    "multi_label": ("test_problem_multi_label", "held_texts_teach_nothing"),
    "quantities": ("test_problem_quantities", "held_sequences_teach_nothing"),
    "states": ("test_problem_states", "held_steps_teach_nothing"),
    "stock_rise": ("test_problem_stock_rise", "no_held_row_moves_a_bit_of_anything_fitted"),
}
TEXTS = {"spam", "sentiment", "sentiment_ko"}  # datasets of `texts`


def sample_of(name: str, **how: Any) -> Problem:
    found: Problem = getattr(problems, name)(sample=True, **how)
    return found


def test_every_problem_is_held_to_it_that_held_rows_teach_nothing() -> None:
    assert set(TEACH_NOTHING) | TEXTS == set(problems.__all__)
    for file, name in TEACH_NOTHING.values():
        tree = ast.parse((Path(__file__).parent / f"{file}.py").read_text("utf-8"))
        tests = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
        assert any(test.startswith(f"test_{name}") for test in tests), (file, name)


@pytest.fixture(scope="module", params=sorted(set(problems.__all__) - {"texts"}))
def problem(request: pytest.FixtureRequest) -> Problem:
    """Each problem on its embedded sample; `texts` is there by its datasets."""
    return sample_of(request.param)


def test_no_row_is_known_and_held_and_sides_are_places_of_rows_known(problem: Problem) -> None:
    for fold in problem.folds:
        assert len(fold.held)
        assert np.intersect1d(fold.known, fold.held).size == 0
        assert fold.sides
        for train, validation in fold.sides:
            assert np.intersect1d(train, validation).size == 0
            both = np.concatenate([train, validation])
            assert both.min() >= 0
            assert both.max() < len(fold.known)


def test_there_are_networks_and_baselines_of_different_names_that_pickle(problem: Problem) -> None:
    names = [contender.name for contender in problem.contenders]
    assert len(set(names)) == len(names)
    assert {contender.baseline for contender in problem.contenders} == {True, False}
    for contender in problem.contenders:
        again = pickle.loads(pickle.dumps(contender))
        assert (again.name, again.baseline) == (contender.name, contender.baseline)


def test_every_held_row_belongs_to_a_piece_of_evidence(problem: Problem) -> None:
    held = np.concatenate([fold.held for fold in problem.folds])
    evidence = problem.evidence(held)
    assert evidence.pieces.shape == held.shape
    assert evidence.count >= 1


def test_chance_in_intervals_is_drawn_from_the_seed_of_the_problem(problem: Problem) -> None:
    other = copy.copy(problem)
    other.seed = 7
    assert other.evidence(problem.folds[0].held).seed == 7


def test_what_decides_is_a_measure_and_what_is_asked_beside_it_are_others(
    problem: Problem,
) -> None:
    names = [measure.name for measure in problem.measures]
    assert len(set(names)) == len(names)
    assert set(problem.beside) <= set(names[1:])


# measures that may be below nought, or above their whole; all others are shares
NO_SHARES = {"Brier skill", "MAE", "MASE", "MCC", "RMSE", "R²", "WQL", "bits per character"}
NO_SHARES |= {"delay in seconds", "false alarms a day", "log loss", "perplexity"}


def test_measures_between_nought_and_their_whole_are_shares(problem: Problem) -> None:
    for measure in problem.measures:
        assert measure.share == (measure.name not in NO_SHARES), measure.name


# for each problem what its report says may be typed next, of the run "RUN"
NEXT = {
    "forecasting": [
        ("forecast what comes after a table", "predict RUN NEW.csv"),
        ("judge it on what came later", "evaluate RUN NEW.csv"),
    ],
    "generation": [
        ("write lines", "predict RUN"),
        ("judge it on new lines", "evaluate RUN NEW.txt"),
    ],
    "quantities": [
        ("say the number of new sequences", "predict RUN NEW.csv"),
        ("judge it on new sequences with numbers", "evaluate RUN NEW.csv"),
    ],
    "sequences": [
        ("classify new sequences", "predict RUN NEW.csv"),
        ("judge it on new sequences with classes", "evaluate RUN NEW.csv"),
    ],
    "states": [
        ("say the state of every step of a new log", "predict RUN NEW.csv"),
        ("judge it on a new log with states", "evaluate RUN NEW.csv"),
    ],
    "stock-rise": [
        ("ask about the day after the newest prices", "predict RUN --sample"),
        ("judge it on the days after its training", "evaluate RUN --sample"),
    ],
    "tagging": [
        ("tag a sentence", "predict RUN words with spaces between"),
        ("tag the sentences of a file", "predict RUN --file NEW.txt"),
        ("judge it on new sentences with tags", "evaluate RUN NEW.txt"),
    ],
    "translation": [
        ("translate a sentence", "predict RUN a new sentence"),
        ("judge it on new pairs", "evaluate RUN NEW.txt"),
    ],
}


def test_what_may_be_typed_next_asks_the_run_and_judges_it_on_new_rows(problem: Problem) -> None:
    said = [(what, " ".join(words)) for what, words in problem.commands("RUN")]
    assert {words.split()[1] for _, words in said} == {"RUN"}
    assert {words.split()[0] for _, words in said} >= {"predict", "evaluate"}
    if problem.name in NEXT:
        assert said == NEXT[problem.name]
    if problem.name in {"spam", "sentiment", "sentiment-ko"}:
        assert ("classify a text", "predict RUN a new text") in said
        assert any(words.startswith("evaluate RUN NEW.csv") for _, words in said)


def test_every_row_has_its_columns_and_is_known_again_by_what_it_holds(problem: Problem) -> None:
    rows = 1 + max(int(max(fold.known.max(), fold.held.max())) for fold in problem.folds)
    keys, columns = problem.keys(), problem.split_columns()
    assert all(len(list(column)) >= rows for column in columns.values())
    again = sample_of(problem.name.replace("-", "_")).keys()
    assert again.keys() == keys.keys()
    for name, numbers in keys.items():
        assert len(numbers) >= rows
        assert np.array_equal(again[name], numbers)
    if keys:  # most rows differ, so most have numbers of their own
        assert max(len(np.unique(numbers)) for numbers in keys.values()) > rows / 2


IN_TIME = {"forecasting", "stock_rise"}  # what is held comes after what is known, whatever the seed


@pytest.mark.parametrize("name", sorted(set(problems.__all__) - {"texts"} - IN_TIME))
def test_another_seed_draws_other_sides(name: str) -> None:
    one, other = (
        [side for fold in sample_of(name, seed=seed).folds for side in fold.sides]
        for seed in (0, 1)
    )
    assert any(not np.array_equal(a, b) for (a, _), (b, _) in zip(one, other, strict=True))
