"""The ledger: how often a test set was scored, told by what its rows hold."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from recurra.cli import app
from recurra.judging.example import coin_problem
from recurra.judging.report import Verdict
from recurra.ledger import ledger_path, record, row_keys, scorings
from recurra.running import compare, run

NUMBERS = np.arange(4000)


def keys_of(numbers: Any) -> Any:
    return row_keys({"key": np.asarray(numbers)}, np.arange(len(numbers)), "")


def scored(numbers: Any, settings: str = "a", **how: Any) -> Any:
    given = {"models": ["gru"], "verdict": None, **how}
    return record(
        "train", "texts", "x.csv", keys_of(numbers), given["models"], settings, given["verdict"]
    )


def yes(p_value: float) -> Verdict:
    return Verdict(
        model="gru",
        measure="Brier score",
        answer="yes",
        rival="base rate",
        difference=-0.1,
        interval=(-0.2, -0.01),
        p_value=p_value,
        corrected_for=(1, 1),
        pieces=100,
        sentence="Yes.",
    )


def test_rows_in_another_order_or_twice_are_the_same_test_set() -> None:
    assert scored(NUMBERS).times == 0
    assert scored(NUMBERS[::-1], "b").times == 1
    found = scored(np.concatenate([NUMBERS, NUMBERS[:50]]), "c")
    assert (found.times, found.others, found.same_rows) == (2, 2, True)


def test_other_rows_are_another_test_set() -> None:
    scored(NUMBERS)
    assert scored(NUMBERS + 10_000).times == 0
    assert scored(np.concatenate([NUMBERS[:800], NUMBERS + 20_000])).times == 0, "a sixth is shared"


def test_a_test_set_with_some_rows_less_or_more_is_told_again() -> None:
    scored(NUMBERS)
    found = scored(np.concatenate([NUMBERS[50:], [77_777]]), "b")
    assert (found.times, found.same_rows) == (1, False)
    assert "or most of them," in found.said[0]


@pytest.mark.parametrize("seed", range(5))
def test_a_test_set_that_lay_in_a_comparison_is_told_again(seed: int) -> None:
    numbers = np.random.default_rng(seed).integers(1 << 60, size=4000)
    scored(numbers, models=["gru", "lstm", "conv1d"])
    found = scored(numbers[:800], "b")
    assert (found.times, found.others) == (1, 3)


def test_two_random_fifths_of_the_same_rows_are_two_test_sets() -> None:
    drawn = [np.random.default_rng(seed).permutation(NUMBERS)[:800] for seed in range(8)]
    assert [scored(rows, str(seed)).times for seed, rows in enumerate(drawn)] == [0] * 8


def test_the_same_settings_again_choose_nothing() -> None:
    scored(NUMBERS)
    found = scored(NUMBERS)
    assert (found.times, found.others) == (1, 0)
    assert "by these very settings" in found.said[0]


def test_a_yes_is_corrected_for_the_looks_before() -> None:
    for look in range(7):
        scored(NUMBERS, str(look))
    assert "does not hold" in scored(NUMBERS, "new", verdict=yes(0.01)).said[0]
    found = scored(NUMBERS, "newer", verdict=yes(0.001))
    assert 'the "yes" still holds (p = 0.009' in found.said[0]
    assert "scored 8 times before, by 8 other models" in found.said[0]


def test_rows_without_keys_are_told_by_their_file_and_place() -> None:
    here, there = (row_keys({}, np.arange(9), sha) for sha in ("0" * 64, "1" * 64))
    assert len(np.unique(np.concatenate([here, there]))) == 18


def test_several_processes_lose_no_line() -> None:
    code = (
        "import sys, numpy as np; from recurra.ledger import record\n"
        "for i in range(5): record('train', 'p', 's', np.arange(9).astype(np.uint64), ['m'],"
        " sys.argv[1] + str(i), None)"
    )
    work = [[sys.executable, "-c", code, str(number)] for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda each: subprocess.run(each, check=True), work))
    found = scorings()
    assert (len(found.scorings), found.unread) == (20, 0)
    assert scored(NUMBERS).times == 0


def test_a_line_that_was_cut_off_is_said_and_stands_alone() -> None:
    scored(NUMBERS)
    with ledger_path().open("ab") as file:
        file.write(b'{"when": "2026-0')
    found = scored(NUMBERS, "b")
    assert (found.times, found.unread) == (1, 1)
    assert any("cannot be read" in said for said in found.said)
    assert len(scorings().scorings) == 2


def test_a_cache_that_cannot_be_written_stops_nothing_and_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("RECURRA_CACHE", str(tmp_path / "file"))
    found = run(coin_problem())
    assert found.report.test_use is not None
    assert "could not be written down" in found.report.test_use.said[0]


def test_a_full_disk_stops_nothing_and_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("recurra.ledger._append", full)
    assert "No space left" in scored(NUMBERS).unwritten


def test_runs_and_comparisons_are_written_down_and_said() -> None:
    compare(coin_problem())
    use = run(coin_problem()).report.test_use
    assert use is not None
    assert (use.times, use.others) == (1, 0), "of one fold a comparison is the same work"
    again = run(coin_problem(sticky=0.5, seed=1)).report.test_use
    assert again is not None
    assert [each.work for each in scorings().scorings] == ["compare", "train", "train"]


def test_the_ledger_keeps_no_text() -> None:
    scored(NUMBERS)
    assert set(json.loads(ledger_path().read_text())) == {
        *("when", "work", "problem", "source", "rows", "models", "settings", "sketch")
    }


def test_the_ledger_is_listed_and_cleared() -> None:
    scored(NUMBERS)
    shown = CliRunner().invoke(app, ["ledger", "list", "--json"])
    assert json.loads(shown.stdout)["scorings"][0]["rows"] == 4000
    assert "4,000" in CliRunner().invoke(app, ["ledger", "list"]).stdout
    kept = CliRunner().invoke(app, ["ledger", "clear"], input="n\n")
    assert kept.exit_code == 1
    assert ledger_path().exists()
    assert CliRunner().invoke(app, ["ledger", "clear", "--yes"]).exit_code == 0
    assert scorings().scorings == []
