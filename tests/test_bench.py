"""The benchmark of the kernels: rivals that agree, take turns, and are told apart."""

import json
import sys
from pathlib import Path

import pytest

from recurra.bench import kernels, peers
from recurra.bench.picture import check_plot, draw
from recurra.errors import RecurraError, SettingsError

TINY = kernels.Case("LSTM", 4, 3, 2, 1)


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "CASES", {"tiny": TINY})
    monkeypatch.setattr(kernels, "WARM", 0)


@pytest.fixture(scope="module")
def measured() -> dict:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernels, "CASES", {"tiny": TINY})
        return kernels.measure("tiny", ["keras-jax"], sys.executable, runs=3, pause=0)


def test_rivals_that_agree_take_as_many_turns_each(measured: dict) -> None:
    for found in measured["works"].values():
        assert set(found["milliseconds"]) == {"recurra", "keras-jax", "sgemm"}
        for clocks in found["milliseconds"].values():
            assert [len(clocks[clock]) for clock in ("wall", "processor")] == [3, 3]
        assert found["best_peer"] == "keras-jax"
        assert found["ratio"]["low"] <= found["ratio"]["median"] <= found["ratio"]["high"]
        assert 0 < found["sgemm_share"] < 1


def test_a_ratio_is_that_of_the_best_peer_turn_by_turn() -> None:
    times = {
        "recurra": {"wall": [1.0, 2.0, 4.0], "processor": []},
        "slow": {"wall": [9.0, 9.0, 9.0], "processor": []},
        "quick": {"wall": [3.0, 4.0, 4.0], "processor": []},
        "sgemm": {"wall": [5.0, 1.0, 5.0], "processor": []},
    }
    found = kernels._summary(times, ["slow", "quick"], flops=2 * 1024.0**3)
    assert found["best_peer"] == "quick"
    assert found["ratio"] == {"median": 2.0, "low": 1.0, "high": 3.0}
    assert found["sgemm_share"] == pytest.approx(1 / 2)  # its fastest turn took 1, ours usually 2


def test_rivals_that_differ_are_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Parrot:
        def __init__(self, name: str, answer: list) -> None:
            self.name, self.answer = name, answer

        def ask(self, word: str) -> list:
            return self.answer

    kernels.agree([Parrot("recurra", [[0.5]]), Parrot("torch", [[0.50001]])])
    with pytest.raises(RecurraError, match="torch is 0.1 away"):
        kernels.agree([Parrot("recurra", [[0.5]]), Parrot("torch", [[0.6]])])
    with pytest.raises(RecurraError, match="torch is nan away"):
        kernels.agree([Parrot("recurra", [[0.5]]), Parrot("torch", [[float("nan")]])])


def test_a_rival_that_cannot_start_is_named_with_the_way_out() -> None:
    with pytest.raises(RecurraError, match="keras-torch ended .* leave --peer-python out"):
        kernels.measure("tiny", ["keras-torch"], "/usr/bin/true", runs=1, pause=0)


def test_an_unknown_case_or_peer_is_refused() -> None:
    with pytest.raises(SettingsError, match="a case must be one of tiny, but got 'lstm'"):
        kernels.case_named("lstm")
    with pytest.raises(SettingsError, match="one of keras-jax, keras-torch, torch, but got 'tf'"):
        peers.check_peers(["torch", "tf"])
    with pytest.raises(SettingsError, match="at least one peer"):
        peers.check_peers([])


def test_an_environment_that_is_whole_is_used_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECURRA_CACHE", str(tmp_path))
    monkeypatch.setattr(peers, "requirements", lambda names: ["no-such-package-as-this==0"])
    made = []

    def create(folder: Path, **options: object) -> None:
        made.append(folder)
        (folder / "bin").mkdir(parents=True)
        (folder / "bin" / "python").symlink_to("/usr/bin/false")

    monkeypatch.setattr(peers.venv, "create", create)
    with pytest.raises(RecurraError, match="but pip failed: pip said nothing"):
        peers.peer_python(["torch"])
    (made[0] / "whole").touch()
    assert peers.peer_python(["torch"]) == str(made[0] / "bin" / "python")
    assert len(made) == 1


def test_the_picture_is_drawn_and_other_kinds_of_file_are_refused(
    measured: dict, tmp_path: Path
) -> None:
    draw([measured], tmp_path / "speed.svg")
    assert (tmp_path / "speed.svg").stat().st_size > 1000
    with pytest.raises(SettingsError, match=r"must be a .png, .svg or .pdf file"):
        draw([measured], tmp_path / "speed.txt")
    with pytest.raises(SettingsError, match="a folder that is there"):
        check_plot(tmp_path / "nowhere" / "speed.png")


def test_the_machine_is_described_in_json() -> None:
    assert {"processor", "level", "jax", "keras"} <= set(json.loads(json.dumps(kernels.machine())))
