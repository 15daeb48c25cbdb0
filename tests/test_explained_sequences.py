"""Which steps and channels moved an answer: found, shown, drawn."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

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


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["kinds", "kinds.csv", "--sequence", "r99"], "has no sequence 'r99'. Did you mean"),
        (["kinds", "nothing.csv"], "nothing.csv"),
        (["kinds", "heights.csv", "--with", "none"], "--with must name a model"),
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
