"""Which steps and channels moved an answer: found, shown, drawn."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from recurra.answers.gradients import integrated_gradients
from recurra.answers.stretches import stretches_of
from recurra.cli import app
from recurra.sequences import Ragged


def asked(*words: Any) -> Any:
    return CliRunner().invoke(app, list(map(str, words)))


def parts(rows: Ragged) -> list[Any]:
    return np.split(rows.timesteps(), rows.offsets[1:-1])


@given(st.integers(1, 60), st.integers(1, 4))
def test_a_linear_answer_is_taken_apart_to_the_last_digit(length: int, channels: int) -> None:
    rng = np.random.default_rng(length)
    steps, means = rng.normal(size=(length, channels)), rng.normal(size=channels)
    weights = rng.normal(size=(length, channels))
    found = stretches_of(
        lambda rows: np.array([(row * weights).sum() for row in parts(rows)]), steps, means
    )
    owed = (steps - means) * weights
    wanted = np.add.reduceat(owed, found.edges[:-1], axis=0)
    np.testing.assert_allclose(found.effects, wanted, atol=1e-9)
    np.testing.assert_allclose(found.channels, owed.sum(axis=0), atol=1e-9)
    assert found.edges[0] == 0
    assert found.edges[-1] == length
    first, last, channel, effect = found.strongest(1)[0]
    assert abs(effect) == pytest.approx(np.abs(wanted).max())
    assert effect == pytest.approx(owed[first : last + 1, channel].sum())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recordings whose class is a bump in one channel, at steps 20 to 29; and two runs."""
    folder = tmp_path_factory.mktemp("explained")
    rng = np.random.default_rng(0)
    tables = []
    for n in range(40):
        steps = rng.normal(0, 0.3, (48, 2))
        steps[20:30, 0] += 4.0 * (n % 2)
        tables.append(
            pd.DataFrame(steps, columns=["bump", "noise"]).assign(
                id=f"r{n}",
                t=range(48),
                kind=("flat", "bumped")[n % 2],
                height=4.0 * (n % 2) + n / 9,
            )
        )
    table = pd.concat(tables)
    table.drop(columns="height").to_csv(folder / "kinds.csv", index=False)
    table.drop(columns="kind").to_csv(folder / "heights.csv", index=False)
    quick = ["--model", "gru", "--epochs", "1", "--members", "1"]
    long = ["--id", "id", "--time", "t"]
    for what, role in (("kinds", "--label"), ("heights", "--target")):
        column = {"kinds": "kind", "heights": "height"}[what]
        given_ = ["train", "sequences", folder / f"{what}.csv", *long, role, column]
        done = asked(*given_, *quick, "--out", folder / what)
        assert done.exit_code == 0, done.output
    return folder


def rival_of(run: Path) -> str:
    found = json.loads((run / "model" / "baseline" / "config.json").read_text())
    return str(found["name"])


@pytest.mark.parametrize("what", ["kinds", "heights"])
def test_the_steps_that_tell_are_found_where_they_are(place: Path, what: str) -> None:
    words = ["explain", place / what, place / f"{what}.csv", "--sequence", "r1"]
    found = json.loads(asked(*words, "--with", rival_of(place / what), "--json").stdout)
    assert found["sequence"] == "r1"
    assert found["of"] == ("bumped" if what == "kinds" else "height")
    assert set(found["channels"]) == {"bump", "noise"}
    assert abs(found["channels"]["bump"]) > abs(found["channels"]["noise"])
    strongest = found["stretches"][0]
    assert strongest["channel"] == "bump"
    if what == "kinds":  # of the height, how the values spread tells as well
        assert strongest["last"] >= 19
        assert strongest["first"] <= 32


def test_the_network_is_explained_and_drawn(place: Path) -> None:
    page = place / "page.html"
    done = asked("explain", place / "kinds", place / "kinds.csv", "--html", page)
    assert done.exit_code == 0, done.output
    assert "r0: " in done.output
    drawn = page.read_text("utf-8")
    assert drawn.count("<svg") == 2
    assert "bump" in drawn
    again = place / "again.html"
    asked("explain", place / "kinds", place / "kinds.csv", "--html", again)
    assert again.read_bytes() == page.read_bytes()


@pytest.mark.parametrize("what", ["kinds", "heights"])
@pytest.mark.parametrize("sequence", ["r0", "r1"])
def test_gradients_add_up_to_the_answer_less_that_of_means(
    place: Path, what: str, sequence: str
) -> None:
    words = [place / what, place / f"{what}.csv", "--sequence", sequence, "--json"]
    found = json.loads(asked("explain", *words, "--by", "gradients").stdout)
    by_occlusion = json.loads(asked("explain", *words).stdout)
    assert found["by"] == "gradients"
    assert (found["of"], found["score"]) == (by_occlusion["of"], by_occlusion["score"])
    total = sum(found["channels"].values())
    assert abs(total) > 1e-3
    assert total == pytest.approx(found["score"] - found["baseline"], rel=1e-3, abs=1e-5)


@pytest.mark.parametrize("name", ["gru-fcn", "bi-lstm", "conv1d", "one-to-one"])
@pytest.mark.parametrize("classes", [2, 3])
def test_gradients_are_those_of_differences_along_the_way(
    name: str, classes: int, tmp_path: Path
) -> None:
    from recurra import SequenceClassifier
    from recurra.runtime import load

    rng = np.random.default_rng(3)
    X = rng.normal(2, 3, (30, 18, 2))
    labels = np.array([f"k{n % classes}" for n in range(30)])
    model = SequenceClassifier(name, epochs=1, members=2, random_state=0)
    model.fit(X, labels).save(tmp_path / "model")
    saved: Any = load(tmp_path / "model")
    encoder, steps = saved.encoder_, X[4]

    def output(rows: list[Any]) -> Any:
        return saved._outputs(encoder.encode(rows)).reshape(len(rows), -1)[:, 0]

    adds = integrated_gradients(saved.networks, encoder, steps, 0)
    way = steps - encoder.mean
    wanted = np.zeros(steps.shape)
    step, size = (17, 1), 0.05
    for portion in (np.arange(64) + 0.5) / 64:
        moved = [encoder.mean + portion * way for _ in range(2)]
        moved[0][step] += size
        moved[1][step] -= size
        high, low = output(moved)
        wanted[step] += (high - low) / (2 * size) * way[step] / 64
    assert adds[step] == pytest.approx(wanted[step], rel=0.05, abs=2e-4)
    whole, nothing = output([steps, 0 * steps + encoder.mean])
    assert adds.sum() == pytest.approx(whole - nothing, rel=0.02, abs=1e-3)


def test_gradients_are_shown_and_drawn_with_what_they_add_up_to(place: Path) -> None:
    page = place / "gradients.html"
    words = ["explain", place / "kinds", place / "kinds.csv", "--by", "gradients"]
    done = asked(*words, "--html", page)
    assert done.exit_code == 0, done.output
    assert "adds" in done.output
    assert "with every channel at its mean of training the answer is" in done.output
    drawn = page.read_text("utf-8")
    assert drawn.count("<svg") == 2
    assert "Integrated gradients: what each stretch" in drawn
    assert "--lang" not in asked("--lang", "ko", *words, "--html", page).output
    assert "적분 기울기" in page.read_text("utf-8")


def test_gradients_of_what_is_no_network_are_refused_in_one_line(place: Path) -> None:
    words = ["explain", place / "kinds", place / "kinds.csv", "--by", "gradients"]
    done = asked(*words, "--with", rival_of(place / "kinds"))
    assert done.exit_code == 2, done.output
    assert "is none. Take --by occlusion." in " ".join(done.stderr.split())


def test_a_saved_network_gives_its_gradients_without_keras(place: Path) -> None:
    words = ["explain", place / "kinds", place / "kinds.csv", "--by", "gradients", "--json"]
    code = (
        "import sys; from recurra.cli import main; sys.argv = sys.argv[1:]\n"
        "try: main()\nexcept SystemExit as end: assert not end.code\n"
        "assert 'keras' not in sys.modules and 'jax' not in sys.modules"
    )
    ran = [sys.executable, "-c", code, "recurra", *map(str, words)]
    done = subprocess.run(ran, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["kinds", "kinds.csv", "--sequence", "r99"], "has no sequence 'r99'. Did you mean"),
        (["kinds", "nothing.csv"], "nothing.csv"),
        (["kinds", "heights.csv", "--with", "none"], "--with must name a model"),
        (["kinds", "kinds.csv", "--by", "gradient"], "Did you mean 'gradients'?"),
        (["heights", "less.csv"], "'id' was the column of --id in training"),
    ],
)
def test_what_cannot_be_explained_is_told_in_one_line(
    place: Path, words: list[str], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    pd.read_csv("heights.csv").drop(columns="id").to_csv("less.csv", index=False)
    done = asked("explain", *words)
    assert done.exit_code == 2, done.output
    assert says in " ".join(done.output.split())
