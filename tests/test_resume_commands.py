"""Ctrl-C and `--resume` of the recipes of steps and of writing: the same weights in the end."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file
from typer.testing import CliRunner

from recurra.cli import app
from recurra.listeners import Progress
from recurra.terminal import Watch

WORDS = ["dogs bark", "birds sing", "cats purr", "cows moo", "bees hum", "owls hoot"]


def write_data(folder: Path) -> None:
    line = "{}\t{}\t_\t{}" + "\t_" * 6
    for name, end in (("train", ""), ("test", "s")):
        blocks = [
            "\n".join(line.format(i, word, tag) for i, (word, tag) in enumerate(pairs, start=1))
            for text in WORDS * 3
            for pairs in [zip(f"{text}{end}".split(), ("NOUN", "VERB"), strict=True)]
        ]
        (folder / f"{name}.conllu").write_text("\n\n".join(blocks) + "\n")
    (folder / "series.csv").write_text("y\n" + "\n".join(f"{np.sin(i / 3):.4f}" for i in range(90)))
    lines = [f"{a}{b}{c}" for a in "abc" for b in "abc" for c in "abc"]
    (folder / "lines.txt").write_text("\n".join(lines))
    (folder / "pairs.tsv").write_text("\n".join(f"{line}\t{line[::-1]}" for line in lines))


def untimed(report: dict[str, Any]) -> dict[str, Any]:
    """Leave out of a report when it was made, by what command, after what, and how long it took."""
    for name in ("created", "command", "test_use", "sheet"):  # the second uses the rows again
        report.pop(name, None)
    for part in (report["training"], *report.get("contenders", [])):
        for name in ("seconds", "fit_seconds", "predict_seconds"):
            part.pop(name, None)
    return report


SMALL = ["--units", "4", "--batch-size", "8"]
COMMANDS = {
    "tagging": ["train.conllu", "--test", "test.conllu", "--model", "gru", "--members", "1"],
    "forecasting": ["series.csv", "--target", "y", "--horizon", "2", "--window", "4"],
    "generation": ["lines.txt", *SMALL],
    "translation": ["pairs.tsv", "--beam", "1", *SMALL],
}


@pytest.mark.parametrize("recipe", COMMANDS)
def test_interrupted_and_resumed_it_ends_in_the_weights_of_a_run_never_stopped(
    recipe: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_data(tmp_path)

    def train(out: str, *more: str) -> Any:
        command = ["train", recipe, *COMMANDS[recipe], "--epochs", "3", "--out", out, *more]
        return CliRunner().invoke(app, command)

    assert train("whole").exit_code == 0
    trained: list[int] = []

    def stopping(self: Watch, member: int, progress: Progress) -> None:
        if progress.ended:
            trained.append(progress.epoch)
            if len(trained) == 2:
                raise KeyboardInterrupt

    monkeypatch.setattr(Watch, "progress", stopping)
    stopped = train("stopped")
    assert stopped.exit_code == 130
    assert "--resume" in stopped.stderr
    assert [path.name for path in (tmp_path / "stopped").iterdir()] == ["checkpoints"]
    assert "holds an unfinished run" in train("stopped").stderr
    other = train("stopped", "--seed", "1", "--resume")
    assert other.exit_code == 2
    assert "data and settings it was started with" in " ".join(other.stderr.split())
    assert "seed (was 0, now 1)" in " ".join(other.stderr.split())
    resumed = train("stopped", "--resume")
    assert resumed.exit_code == 0, resumed.output
    assert trained == [1, 2, 3]  # nothing is trained twice
    places = [tmp_path / name for name in ("stopped", "whole")]
    ours, theirs = (load_file(place / "model" / "weights.safetensors") for place in places)
    for key, value in theirs.items():
        np.testing.assert_array_equal(ours[key], value, err_msg=key)
    one, two = (json.loads((place / "report.json").read_text("utf-8")) for place in places)
    assert untimed(one) == untimed(two)
