"""Files of prices: what their day could not know, and on which scale they stand."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import recurra
from recurra.auditing import Audit, Finding
from recurra.cli import app
from recurra.errors import DataError
from recurra.markets.checks import unlike_scales
from recurra.markets.prices import Prices, read_prices
from recurra.markets.simulator import sample_market
from recurra.wording import retold, speak

Frame = pd.DataFrame
SHARES = [each.frame for each in sample_market()[:3]]


def write(folder: Path, ticker: str, frame: Frame) -> Path:
    """Write prices as a file."""
    path = folder / f"{ticker}.csv"
    frame.rename_axis("date").reset_index().to_csv(path, index=False)
    return path


def found_in(folder: Path, **frames: Frame) -> Audit:
    """Audit prices of several tickers, or of one."""
    paths = [write(folder, ticker, frame) for ticker, frame in frames.items()]
    return recurra.audit(paths[0] if len(paths) == 1 else folder)


def of_kind(found: Audit, kind: str) -> Finding:
    (one,) = [each for each in found.findings if each.kind == kind]
    return one


def kinds(found: Audit) -> list[str]:
    return [each.kind for each in found.findings]


def late(frame: Frame, name: str = "open") -> Frame:
    """Move a column by a day."""
    return frame.assign(**{name: frame[name].shift(-1)}).iloc[:-1]


# ---- look-ahead in several files


def test_several_leaks_of_several_files_are_counted_by_their_days(tmp_path: Path) -> None:
    one, two, three = SHARES
    smooth = two.rolling(3, center=True).mean().dropna()
    worse = pd.concat([late(one[:300], "close"), one[300:]])
    found = found_in(tmp_path, AAA=worse, BBB=late(smooth), CCC=late(three))
    leak = of_kind(found, "prices of another day")
    assert leak.sentence.startswith("Prices of 3 of 3 files (")
    days = len(worse) + len(late(smooth)) + len(late(three))
    assert (leak.of, leak.unit) == (days, "days")
    alone = [
        of_kind(found_in(tmp_path / name, **{name: frame}), "prices of another day")
        for name, frame in (("AAA", worse), ("BBB", late(smooth)), ("CCC", late(three)))
        if not (tmp_path / name).mkdir()
    ]
    assert leak.size == sum(each.size for each in alone)
    most = max(alone, key=lambda each: each.size)
    assert leak.sentence.partition("): ")[2] == most.sentence.partition(": ")[2]
    smoothed = of_kind(found, "prices smoothed over days to come")
    assert smoothed.sentence.startswith("Prices of 1 of 3 files (BBB): each day's return")
    assert smoothed.of == smoothed.size == len(late(smooth))
    assert found.rows == {"tickers": 3, "days": days}
    assert kinds(found)[-1] == "survivorship"  # leaks first


def test_of_many_files_three_are_named(tmp_path: Path) -> None:
    found = found_in(tmp_path, **{name: late(SHARES[0]) for name in ("AA", "BB", "CC", "DD")})
    assert "4 of 4 files (AA, BB, CC, \u2026): " in of_kind(found, "prices of another day").sentence


def test_a_file_alone_is_named_and_has_no_survivors(tmp_path: Path) -> None:
    found = found_in(tmp_path, AAA=late(SHARES[0]))
    assert kinds(found) == ["prices of another day"]
    assert found.leaks[0].sentence.startswith("Prices of AAA: the open lies outside")


# ---- columns beside prices


def moved(frame: Frame) -> "pd.Series[float]":
    return frame["close"].shift(-3)


def test_a_column_of_later_days_is_said_once_with_the_files_that_hold_it(tmp_path: Path) -> None:
    one, two, three = SHARES
    marked = [each.assign(goal=moved(each)) for each in (one, two)]
    found = found_in(tmp_path, AAA=marked[0], BBB=marked[1], CCC=three.assign(goal=three["close"]))
    leak = of_kind(found, "a column of later days")
    assert leak.sentence == (
        "Column 'goal' is the value of the close 3 days later, in 2 of 3 files (AAA, BBB)."
    )
    assert (leak.size, leak.of, leak.unit) == (2, 3, "files")


def test_what_is_made_of_a_later_column_that_is_no_price_is_no_later_day(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    noise = pd.Series(rng.normal(size=len(SHARES[0])).round(4), SHARES[0].index)
    held = SHARES[0].assign(a=noise, b=noise.shift(-2))
    assert found_in(tmp_path, AAA=held).clean  # which of the two is known on its day, nobody says
    before = SHARES[0].assign(a=SHARES[0]["close"].shift(2))
    assert found_in(tmp_path, AAA=before).clean


BASES: dict[str, Callable[[Frame], "pd.Series[float]"]] = {
    "close": lambda f: f["close"].rolling(7, center=True, min_periods=1).mean(),
    "volume": lambda f: f["volume"].shift(-1) / f["volume"].rolling(20, min_periods=1).mean(),
    "gap of the open": lambda f: f["open"].shift(-1) / f["close"] - 1,
    "size of moves": lambda f: f["close"].pct_change().abs().shift(-1).rolling(3).mean(),
}


@pytest.mark.parametrize("base", BASES)
def test_what_later_days_tell_a_column_by_is_named(base: str, tmp_path: Path) -> None:
    frames = {t: f.assign(mark=BASES[base](f).round(9)) for t, f in zip("AB", SHARES, strict=False)}
    leak = of_kind(found_in(tmp_path, **frames), "a column of later days")
    words = f"Column 'mark', in 2 of 2 files (A, B): it is told by the {base} of later days"
    assert leak.sentence.startswith(words)
    assert leak.size == 2
    assert "leaves" in leak.sentence
    assert " 100%" not in leak.sentence


def test_columns_are_held_to_the_days_that_they_stand_at(tmp_path: Path) -> None:
    share = SHARES[0].assign(goal=moved(SHARES[0]))
    newest = share[::-1]
    mixed = share.sample(frac=1, random_state=0)
    twice = pd.concat([share.iloc[:5], share])
    adjusted = newest.assign(**{"adj close": (newest["close"] * 0.7).round(4)})
    for frame in (newest, mixed, twice, adjusted):
        assert kinds(found_in(tmp_path, AAA=frame))[:1] == ["a column of later days"]
    past = SHARES[0].assign(goal=SHARES[0]["close"].shift(3))
    for frame in (past[::-1], past.sample(frac=1, random_state=0)):
        assert found_in(tmp_path, AAA=frame).clean


def test_percent_and_thousands_beside_prices_are_read(tmp_path: Path) -> None:
    change = 100 * (SHARES[0]["close"].shift(-1) / SHARES[0]["close"] - 1)
    frame = SHARES[0].assign(next=[f"{v:.4f}%" if v == v else "" for v in change])
    assert "'next'" in of_kind(found_in(tmp_path, AAA=frame), "a column of later days").sentence
    big = 1000 * moved(SHARES[0])
    frame = SHARES[0].assign(goal=[f"{v:,.3f}" if v == v else "" for v in big])
    assert "'goal'" in of_kind(found_in(tmp_path, AAA=frame), "a column of later days").sentence


def test_words_and_columns_that_are_mostly_empty_are_not_asked(tmp_path: Path) -> None:
    rare = moved(SHARES[0]).where(np.arange(len(SHARES[0])) % 3 == 0)
    assert found_in(tmp_path, AAA=SHARES[0].assign(sector="chips", rare=rare)).clean


def test_a_price_that_holds_no_number_for_days_on_end_is_no_column(tmp_path: Path) -> None:
    week = SHARES[0]["close"].groupby(np.arange(len(SHARES[0])) // 5)
    found = found_in(tmp_path, AAA=SHARES[0].assign(close=week.transform("last")))
    assert "a column of later days" not in kinds(found)
    assert found_in(tmp_path, AAA=SHARES[0].assign(figure=week.transform("first"))).clean
    leak = found_in(tmp_path, AAA=SHARES[0].assign(figure=week.transform("last"))).leaks[0]
    assert "it is the last close of days on end that hold one number" in leak.sentence


def test_a_column_scaled_by_all_days_is_said_so(tmp_path: Path) -> None:
    logs = np.log(SHARES[0]["volume"])
    made = ((logs - logs.mean()) / logs.std()).round(6)
    leak = found_in(tmp_path, AAA=SHARES[0].assign(size=made)).leaks[0]
    assert "was made with all days at once: its mean is 0, and its deviation 1" in leak.sentence
    known = ((logs - logs[:200].mean()) / logs[:200].std()).round(6)
    assert found_in(tmp_path, AAA=SHARES[0].assign(size=known)).clean


def test_lines_above_the_header_leave_the_prices_asked(tmp_path: Path) -> None:
    path = write(tmp_path, "AAA", late(SHARES[0]))
    path.write_text("Prices of AAA\nin dollars\n" + path.read_text("utf-8"), "utf-8")
    write(tmp_path, "BBB", SHARES[1])
    assert kinds(recurra.audit(tmp_path))[:1] == ["prices of another day"]


# ---- adjusted, split, gone


def test_only_prices_that_an_adjustment_moved_are_said_to_be_adjusted(tmp_path: Path) -> None:
    one, two, three = SHARES
    later = np.where(np.arange(len(one)) < 50, 0.5, 1.0)
    adjusted = one.assign(**{"Adj Close": (one["close"] * later).round(4)})
    equal = two.assign(**{"Adj Close": two["close"]})
    note = of_kind(found_in(tmp_path, AAA=adjusted, BBB=equal, CCC=three), "prices adjusted later")
    assert note.level == "note"
    assert note.sentence.startswith("1 of 3 files (AAA): prices are adjusted")
    (tmp_path / "b").mkdir()
    assert kinds(found_in(tmp_path / "b", BBB=equal)) == []


@pytest.mark.parametrize("factor", [50, 20, 10, 5, 4, 3, 2, 1.5, 1 / 2, 1 / 5, 1 / 10, 1 / 50, 250])
def test_a_history_that_was_adjusted_in_part_stands_on_two_scales(
    factor: float, tmp_path: Path
) -> None:
    names = ["open", "high", "low", "close"]
    late_days = np.where(np.arange(len(SHARES[0])) < 300, 1.0, 1 / factor)[:, None]
    frame = SHARES[0].assign(**(SHARES[0][names] * late_days))
    note = of_kind(found_in(tmp_path, AAPL=frame), "prices on two scales")
    assert (note.level, note.size, note.unit) == ("note", 1, "files")
    assert f"on 1 day, the last {SHARES[0].index[300].date()} (× " in retold(note.sentence)
    assert found_in(tmp_path, AAPL=SHARES[0]).findings == []


def test_the_file_of_most_jumps_is_named_first(tmp_path: Path) -> None:
    once, twice = (SHARES[0] / np.where(np.arange(len(SHARES[0])) < 300, 1, 50)[:, None], SHARES[1])
    twice = twice / np.where((np.arange(len(twice)) // 200) % 2 == 0, 1, 10)[:, None]
    note = of_kind(found_in(tmp_path, AA=once, BB=twice, CC=SHARES[2]), "prices on two scales")
    assert note.sentence.startswith("2 of 3 files (BB, AA): ")
    assert note.size == 2


def test_no_published_prices_but_of_one_share_stand_on_two_scales(real_data: Path) -> None:
    files = sorted((real_data / "prices").glob("*/*.csv"))[::8]
    files.append(real_data / "prices" / "krx" / "068270.csv")
    assert [f.stem for f in files if unlike_scales(read_prices(f))] == ["068270"]


@pytest.mark.parametrize(("gone", "ended"), [(3, 0), (20, 1)])
def test_tickers_that_end_before_the_others_left(gone: int, ended: int, tmp_path: Path) -> None:
    found = found_in(tmp_path, AAA=SHARES[0], BBB=SHARES[0].iloc[:-gone])
    note = of_kind(found, "survivorship")
    last = SHARES[0].index[-1].date()
    assert note.sentence.startswith(
        f"1 of 2 tickers end before {last}." if ended else f"All 2 tickers have prices up to {last}"
    )
    assert (note.size, note.of, note.unit) == (2 - ended, 2, "files")


# ---- what is taken for prices


def test_a_table_without_a_low_is_no_file_of_prices(tmp_path: Path) -> None:
    frame = SHARES[0].drop(columns="low").assign(label=np.arange(len(SHARES[0])) % 2)
    found = recurra.audit(write(tmp_path, "AAA", frame))
    assert "tickers" not in found.rows


def test_other_files_of_a_folder_are_no_prices_and_none_at_all_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "README.txt").write_text("not prices", "utf-8")
    with pytest.raises(DataError, match=r"a folder of TICKER.csv files is needed, but .* none"):
        recurra.audit(tmp_path)
    assert found_in(tmp_path, AAA=SHARES[0], BBB=SHARES[1]).rows["tickers"] == 2


# ---- how it is shown


def page_of(source: Path, out: Path) -> str:
    done = CliRunner().invoke(app, ["audit", str(source), "--html", str(out)])
    assert done.exit_code in (0, 1), done.output
    return out.read_text("utf-8")


def test_the_page_of_prices_counts_days_and_files_and_asks_no_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "p").mkdir()
    path = write(tmp_path / "p", "AAA", late(SHARES[0]).assign(goal=moved(SHARES[0])))
    page = page_of(path, tmp_path / "one.html")
    assert "1 of 1 file<" in page.replace("files", "file")
    assert f"of {len(SHARES[0]) - 1:,} days" in page
    assert "tell the class" not in page
    assert "such a split" not in page
    write(tmp_path / "p", "BBB", SHARES[1])
    several = page_of(tmp_path / "p", tmp_path / "all.html")
    assert "1 of 2 files" in several


def test_what_is_said_of_prices_is_said_in_korean(tmp_path: Path) -> None:
    one = SHARES[0] / np.where(np.arange(len(SHARES[0])) < 300, 1, 50)[:, None]
    one = late(one).assign(goal=moved(one), mark=BASES["gap of the open"](one))
    later = np.where(np.arange(len(SHARES[1])) < 50, 0.5, 1.0)
    two = SHARES[1].assign(**{"Adj Close": (SHARES[1]["close"] * later).round(4)})
    found = found_in(tmp_path, AAA=one, BBB=two)
    assert len(found.findings) == 6
    with speak("ko"):
        said = [retold(each.sentence) for each in found.findings]
    for each in said:
        letters = each.replace("AAA", "").replace("BBB", "").replace("goal", "").replace("mark", "")
        assert not any("a" <= letter.lower() <= "z" for letter in letters), each


def test_scales_are_asked_of_shares_alone() -> None:
    frame = SHARES[0] / np.where(np.arange(len(SHARES[0])) < 300, 1, 50)[:, None]
    asked: Sequence[tuple[str, bool]] = [("AAPL", True), ("005930", True), ("KS11", False)]
    for ticker, expected in asked:
        assert bool(unlike_scales(Prices(ticker, frame, "given", None, None))) is expected
