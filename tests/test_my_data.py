"""Every command of the chapter "My data look like this", on a file of its kind."""

import re
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from recurra.cli import app

DOCS = Path(__file__).parents[1] / "docs"
PAGE, KOREAN = DOCS / "my-data.md", DOCS / "my-data.ko.md"
WORDS = {
    "spam": ["win", "prize", "claim", "free", "cash", "urgent"],
    "ham": ["lunch", "home", "meeting", "thanks", "train", "dinner"],
}
THINGS = ["river", "stone", "candle", "window", "bridge", "garden", "music", "paper"]
TAGGED = [("Mr", "NNP", "O"), ("Kim", "NNP", "B-PER"), ("saw", "VBD", "O"), ("it", "PRP", "O")]
QUICK = {  # one epoch of a small network tells whether a command works
    "forecasting": [],
    "generation": ["--units", "8"],
    "translation": [],
    "tagging": ["--members", "1"],
    "multi-label": ["--members", "1", "--model", "simple-rnn"],
    "sequences": ["--members", "1", "--model", "simple-rnn"],
    "texts": ["--members", "1", "--model", "simple-rnn"],
}


def commands(page: Path) -> list[str]:
    found = re.findall(r"^```bash\n(.*?)^```", page.read_text("utf-8"), re.M | re.S)
    return "".join(found).splitlines()


def posts(rng: np.random.Generator, rows: int) -> pd.DataFrame:
    kinds = [("spam", "ham")[n % 2] for n in range(rows)]
    texts = [
        " ".join([*rng.choice(WORDS[kind], 2), *rng.choice(THINGS, 3, replace=False)])
        for kind in kinds
    ]
    days = pd.date_range("2024-03-01", periods=rows).strftime("%Y-%m-%d")
    return pd.DataFrame(
        {
            "kind": kinds,
            "body": texts,
            "title": [f"a {rng.choice(THINGS)} and {rng.choice(THINGS)}" for _ in kinds],
            "author": [f"author{n // 2 % 12}" for n in range(rows)],
            "written": days,
        }
    )


def write_files(place: Path) -> None:
    """Write a small file of each kind."""
    rng = np.random.default_rng(0)
    posts(rng, 120).to_csv(place / "posts.csv", index=False)
    posts(rng, 30).to_csv(place / "later.csv", index=False)
    topics = posts(rng, 80)[["body"]]
    topics["topics"] = [("a;b", "a", "b", "")[n % 4] for n in range(80)]
    topics.to_csv(place / "topics.csv", index=False)
    orders = posts(rng, 80)[["kind", "body"]].assign(amount=rng.integers(1, 2000, 80))
    orders["country"] = rng.choice(["KR", "US", ""], 80)
    orders.to_csv(place / "orders.csv", index=False)
    posts(rng, 80)[["kind", "body"]].to_csv(place / "messages.csv", index=False)
    steps = [
        (
            f"r{n}",
            t,
            np.sin(t * (1 + n % 2)) + rng.normal() / 9,
            rng.normal(),
            ("walk", "rest")[n % 2],
        )
        for n in range(24)
        for t in range(8)
    ]
    columns = ["recording", "second", "x", "y", "kind"]
    pd.DataFrame(steps, columns=columns).to_csv(place / "moves.csv", index=False)
    table = pd.DataFrame(steps, columns=columns)
    for (kind, recording), rows in table.groupby(["kind", "recording"]):
        (place / "recordings" / kind).mkdir(parents=True, exist_ok=True)
        rows[["second", "x", "y"]].to_csv(
            place / "recordings" / kind / f"{recording}.csv", index=False
        )
    pumps = table.rename(columns={"recording": "pump", "second": "hour"}).drop(columns="kind")
    pumps["days_left"] = 3 * pumps["pump"].str[1:].astype(int)
    pumps.to_csv(place / "pumps.csv", index=False)
    up = np.arange(24) % 2 == 0
    curves = np.where(up[:, None], np.arange(8), -np.arange(8)) + rng.normal(size=(24, 8))
    kinds = np.where(up, "up", "down")
    wide = pd.DataFrame(curves, columns=[f"t{k}" for k in range(1, 9)])
    wide.assign(kind=kinds).to_csv(place / "curves.csv", index=False)
    np.savez(place / "curves.npz", X=curves, y=kinds)
    lines = []
    for n in range(30):
        lines += [
            f"{word}{'' if k else n} {' '.join(tags)}" for k, (word, *tags) in enumerate(TAGGED)
        ]
        lines.append("")
    (place / "names.txt").write_text("\n".join(lines))
    months = pd.period_range("2012-01", periods=96, freq="M").astype(str)
    sold = 100 + np.arange(96) + 20 * np.sin(np.arange(96) * np.pi / 6) + rng.normal(size=96)
    pd.DataFrame({"month": months, "sold": sold.round(1)}).to_csv(place / "sales.csv", index=False)
    offers = np.where(np.arange(99) % 7 == 3, "sale", "")
    later = pd.period_range("2012-01", periods=99, freq="M").astype(str)
    shop = pd.DataFrame({"month": months, "sold": (sold + 30 * (offers[:96] != "")).round(1)})
    shop.assign(offer=offers[:96], visits=sold.round()).to_csv(place / "shop.csv", index=False)
    ahead = pd.DataFrame({"month": later[96:], "offer": offers[96:]})
    ahead.to_csv(place / "offers.csv", index=False)
    names = {f"{a}{b}{c}" for a in "KLMP" for b in "aeiou" for c in ("rson", "ley", "mann")}
    (place / "surnames.txt").write_text("\n".join(sorted(names)))
    pairs = [(f"Go {a} {b}.", f"{b} {a} 가.") for a in THINGS for b in THINGS]
    (place / "pairs.txt").write_text("".join(f"{one}\t{other}\n" for one, other in pairs))
    (place / "prices").mkdir()
    days = pd.bdate_range("2024-01-01", periods=60).strftime("%Y-%m-%d")
    close = 100 + rng.normal(size=60).cumsum()
    bars = {"Date": days, "Open": close, "High": close + 1, "Low": close - 1, "Close": close}
    pd.DataFrame(bars).assign(Volume=1000).to_csv(place / "prices" / "TREE.csv", index=False)


@pytest.mark.slow
def test_every_command_of_the_chapter_works_on_a_file_of_its_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(tmp_path)
    monkeypatch.chdir(tmp_path)
    for command in commands(PAGE):
        words = shlex.split(command)[1:]
        if words[0] == "train":
            quick = QUICK.get(words[1], QUICK["texts"])
            quick = quick[:2] if "--features" in words else quick
            words += [*quick, "--epochs", "1", "--overwrite"]
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, f"{command}\n{done.output}"
    assert len(pd.read_csv("scored.csv")) == 80


def test_both_chapters_show_the_same_commands() -> None:
    assert commands(KOREAN) == commands(PAGE)
    assert len(commands(PAGE)) > 15


@pytest.mark.parametrize("page", [PAGE, KOREAN])
def test_every_row_of_the_table_leads_to_a_section(page: Path) -> None:
    text = page.read_text("utf-8")
    titles = [title.lower() for title in re.findall(r"^## (.*)$", text, re.M)]
    anchors = {re.sub(r"[^\w -]", "", title).replace(" ", "-") for title in titles}
    assert set(re.findall(r"\]\(#([^)]*)\)", text)) <= anchors
