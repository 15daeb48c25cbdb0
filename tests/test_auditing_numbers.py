"""Leaks planted in numbers, times and prices are found; clean files are left in peace."""

import json
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import recurra
from recurra.auditing.later import columns_ahead, label_ahead
from recurra.cli import app
from recurra.data.sequences import label_sequences
from recurra.errors import DataError
from recurra.markets.simulator import sample_market

BENCH = runpy.run_path(str(Path(__file__).parents[1] / "benchmarks" / "number_leaks.py"))
PLANTED, CLEAN, AHEAD = BENCH["PLANTED"], BENCH["CLEAN"], BENCH["AHEAD"]


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """Walks of two classes."""
    made: pd.DataFrame = BENCH["made"](300, 0)
    return made


@pytest.fixture(scope="module")
def prices() -> pd.DataFrame:
    """Days of a simulated share, whose volumes go with its moves."""
    frame = sample_market()[0].frame.copy()
    moves = np.log(frame["close"]).diff().abs().fillna(0.01)
    frame["volume"] = (1e6 * np.exp(20 * moves)).round()
    return frame


@pytest.mark.parametrize("name", PLANTED)
def test_a_leak_planted_in_numbers_is_found(name: str, frame: pd.DataFrame) -> None:
    kind, plant = PLANTED[name]
    found = BENCH["audited"](plant(frame, np.random.default_rng(1)))
    assert BENCH["is_found"](found, kind), found.sentence
    leak = next(leak for leak in found.leaks if leak.kind.removesuffix(" across") == kind)
    assert 0 < leak.size <= leak.of
    assert leak.advice


@pytest.mark.parametrize("name", CLEAN)
def test_no_leak_is_seen_where_numbers_have_none(name: str, frame: pd.DataFrame) -> None:
    found = BENCH["audited"](CLEAN[name](frame, np.random.default_rng(1)))
    assert found.clean, found.findings


@pytest.mark.parametrize("name", AHEAD)
def test_prices_that_know_a_later_day_are_found(name: str, prices: pd.DataFrame) -> None:
    kind, change = AHEAD[name]
    assert BENCH["is_found"](BENCH["asked_of_prices"](change(prices).iloc[5:-5]), kind)


def test_prices_of_their_day_are_clean_and_survivors_are_counted(
    prices: pd.DataFrame, tmp_path: Path
) -> None:
    assert BENCH["asked_of_prices"](prices).clean
    for ticker in ("AAPL", "MSFT"):
        prices.rename_axis("date").reset_index().to_csv(tmp_path / f"{ticker}.csv", index=False)
    found = recurra.audit(tmp_path)
    assert found.clean
    assert found.rows == {"tickers": 2, "days": 2 * len(prices)}
    assert [finding.kind for finding in found.findings] == ["survivorship"]


def test_sides_that_differ_are_noted_and_no_leak(frame: pd.DataFrame) -> None:
    train, test = BENCH["halves"](frame, np.random.default_rng(0))
    steps = BENCH["steps_of"](frame)
    found = BENCH["audited"]((train, test.assign(**{c: 3 + 5 * test[c] for c in steps})))
    (drift,) = [each for each in found.findings if each.kind == "drift between the sides"]
    assert drift.level == "note"
    assert "tell the test rows from the training rows beyond chance" in drift.sentence


def test_sides_split_at_random_do_not_differ(frame: pd.DataFrame) -> None:
    for seed in range(20):
        found = BENCH["audited"](BENCH["halves"](frame, np.random.default_rng(seed)))
        assert "drift between the sides" not in [each.kind for each in found.findings]
        assert found.clean


def test_days_on_both_sides_are_noted_though_the_classes_do_not_drift(
    frame: pd.DataFrame,
) -> None:
    rng = np.random.default_rng(5)
    dated = BENCH["column"]("day", lambda a, r: BENCH["days"](a, r, 0))(frame, rng)
    found = BENCH["audited"](BENCH["halves"](dated, rng))
    assert [finding.kind for finding in found.findings] == ["split at random in time"]
    assert "hold out the last days" in BENCH["audited"](dated).notes[-1]
    ordered = dated.sort_values("day")
    later = BENCH["audited"]((ordered.head(220), ordered.tail(80)))
    assert "split at random in time" not in [finding.kind for finding in later.findings]


def test_how_far_ahead_a_label_and_a_column_look() -> None:
    close = 100 + np.random.default_rng(0).normal(size=300).cumsum()
    later = np.append(close[4:], np.full(4, np.nan))
    columns = {"close": close, "x": (later / close - 1).round(5), "before": np.roll(close, 1)}
    found = {(each.name, each.of, each.rows, each.what) for each in columns_ahead(columns)}
    assert found == {("x", "close", 4, "change"), ("close", "before", 1, "value")}
    told = label_ahead((later > close).astype(int), {"close": close})
    assert told is not None
    assert told.rows == 4
    assert label_ahead(np.random.default_rng(1).integers(0, 2, 300), {"close": close}) is None


# ---- files and runs


def run_audit(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["audit", *words])
    return done.exit_code, done.output


def test_every_form_of_a_file_is_audited(frame: pd.DataFrame, tmp_path: Path) -> None:
    steps = BENCH["steps_of"](frame)
    X, y = frame[steps].to_numpy(copy=True), frame["label"].to_numpy(str)
    X[-20:] = 2 * X[:20] + 1
    np.savez(tmp_path / "a.npz", X=X, y=y)
    frame.assign(**dict(zip(steps, X.T, strict=True))).to_csv(tmp_path / "wide.csv", index=False)
    long = pd.DataFrame(
        {
            "recording": np.repeat(np.arange(len(X)), X.shape[1]),
            "second": np.tile(np.arange(X.shape[1]), len(X)),
            "x": X.ravel(),
            "kind": np.repeat(y, X.shape[1]),
            "person": np.repeat(BENCH["people"](y == "u", np.random.default_rng(7)), X.shape[1]),
        }
    )
    long.to_csv(tmp_path / "long.csv", index=False)
    given = {
        "a.npz": [],
        "wide.csv": ["--label", "label"],
        "long.csv": ["--label", "kind", "--id", "recording", "--time", "second"],
    }
    for name, options in given.items():
        code, said = run_audit(str(tmp_path / name), *options, "--json")
        found = json.loads(said)
        assert code == 1
        leaks = {f["kind"]: f["size"] for f in found["findings"] if f["level"] == "leak"}
        assert leaks.pop("scaled or moved copies") == 40
        assert list(leaks) == (["groups on both sides"] if name == "long.csv" else [])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["wide.csv", "--label", "no"], "no 'no'"),
        (["wide.csv", "other.csv", "--label", "label"], "must have labels in common"),
        (["wide.csv", "text.csv", "--label", "label"], "of one kind"),
        (["empty"], "holds none"),
    ],
)
def test_what_cannot_be_audited_is_told(
    words: list[str], said: str, frame: pd.DataFrame, tmp_path: Path
) -> None:
    frame.to_csv(tmp_path / "wide.csv", index=False)
    frame.assign(label="w").to_csv(tmp_path / "other.csv", index=False)
    texts = pd.DataFrame({"text": ["one two three", "four five"] * 9, "label": ["u", "v"] * 9})
    texts.to_csv(tmp_path / "text.csv", index=False)
    (tmp_path / "empty").mkdir()
    paths = [str(tmp_path / w) if "." in w or w == "empty" else w for w in words]
    options: dict[str, Any] = {"label": paths[-1]} if "--label" in paths else {}
    files = [path for path in paths if path.startswith(str(tmp_path))]
    with pytest.raises(DataError, match=said):
        recurra.audit(*files, **options)
    assert run_audit(*paths)[0] == 2


def test_a_run_of_sequences_is_audited_by_the_split_it_made(
    frame: pd.DataFrame, tmp_path: Path
) -> None:
    from recurra.data.sequences import Layout, read_sequences
    from recurra.problems.sequence_classes import sequences
    from recurra.running import sides_of

    path = tmp_path / "rows.csv"
    BENCH["within"](lambda row, rng: 2 * row)(frame.head(100), np.random.default_rng(0)).to_csv(
        path, index=False
    )
    rows = read_sequences(path, Layout(label="label"))
    for keep_near, kinds in ((False, []), (True, ["scaled or moved copies across"])):
        problem = sequences(rows, models=["one-to-one"], keep_near=keep_near)
        run = tmp_path / str(keep_near)
        run.mkdir()
        sides_of(problem).to_csv(run / "split.csv", index=False)
        report: dict[str, Any] = {"problem": "sequences", "data": problem.data.model_dump()}
        (run / "report.json").write_text(json.dumps(report))
        found = recurra.audit(run)
        assert [leak.kind for leak in found.leaks] == kinds
        assert found.question == "Was the split of this run clean?"


def test_rows_read_before_are_audited(frame: pd.DataFrame) -> None:
    X = frame[BENCH["steps_of"](frame)].to_numpy()
    found = recurra.audit(label_sequences(np.concatenate([X, X[:30]]), ["u", "v"] * 165))
    assert [leak.kind for leak in found.leaks] == ["copies"]
    assert found.tells
