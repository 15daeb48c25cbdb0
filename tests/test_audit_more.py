"""What an audit asks when told to: would more rows help, labels of numbers, a run's network."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import recurra
from recurra.auditing import curve as curves
from recurra.auditing.curve import learning_curve
from recurra.auditing.rows import AuditedTexts
from recurra.cli import app
from recurra.data import Columns, open_texts
from recurra.data.labelled import LabelledTexts
from recurra.errors import SettingsError
from recurra.wording import speak

SYLLABLES = re.findall("..", "katorimesulopanevidohagezoultaeronisthelba")


def made(rows: int, seed: int = 0, *, told: bool = True) -> LabelledTexts:
    """Texts of made-up words, of which some belong to a class, each to one; or labels by coin."""
    draw = np.random.default_rng(seed)
    words = ["".join(draw.choice(SYLLABLES, 3)) for _ in range(400)]
    truth = draw.integers(0, 2, rows)
    texts = []
    for number in truth:
        mine = draw.choice(words[200 * number : 200 * number + 200], 2 if told else 0)
        texts.append(" ".join([*mine, *draw.choice(words, 12)]))
    labels = np.array(["no", "yes"], object)[truth if told else draw.permutation(truth)]
    return LabelledTexts(np.array(texts, object), labels, "yes", "made", "")


def test_more_rows_help_where_there_are_few_words_of_many() -> None:
    curve = learning_curve(AuditedTexts(made(400)))
    assert curve is not None
    assert [point.rows for point in curve.points] == [40, 80, 160, 320]
    assert curve.points[-1].score > curve.points[0].score
    assert curve.low <= curve.gain <= curve.high
    assert curve.gain == pytest.approx(curve.points[-1].score - curve.points[-2].score)


def test_more_rows_are_not_said_to_help_where_labels_are_drawn_by_coin() -> None:
    said = [learning_curve(AuditedTexts(made(300, seed, told=False))) for seed in range(4)]
    assert sum(each is not None and each.helps == "yes" for each in said) <= 1


def test_a_class_that_is_learnt_from_few_rows_needs_no_more() -> None:
    others = made(500, told=False).texts
    marks = ["bad dreadful clumsy noisy hollow", "good superb moving funny gentle"]
    texts = [f"{marks[n % 2]} {text[:30]}" for n, text in enumerate(others)]
    frame = pd.DataFrame({"text": texts, "label": ["y" if n % 2 else "n" for n in range(500)]})
    found = recurra.audit(frame, text="text", label="label", curve=True)
    assert found.curve is not None
    assert found.curve.helps == "hardly"
    assert "would hardly help" in found.curve.sentence
    with speak("ko"):
        from recurra.wording import retold

        assert not re.search("[a-z]{3}", retold(found.curve.sentence))


def fitted_and_asked(monkeypatch: pytest.MonkeyPatch, rows: AuditedTexts) -> list[Any]:
    """Give the rows that each fit of a curve had, and those that it was asked of."""
    found, told = [], curves._told

    def seen(simple: Any, truth: Any, known: Any, asked: Any, classes: int) -> Any:
        found.append((known, asked))
        return told(simple, truth, known, asked, classes)

    monkeypatch.setattr(curves, "_told", seen)
    assert learning_curve(rows) is not None
    return found


def test_copies_stand_in_one_part_and_on_one_side_of_a_curve(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    once = made(200)
    rows = AuditedTexts(once.take(np.repeat(np.arange(200), 4)))
    fits = fitted_and_asked(monkeypatch, rows)
    eighths = [set(rows.bound[known]) for known, _ in fits[:4]]
    assert not any(a & b for n, a in enumerate(eighths) for b in eighths[:n])
    known, asked = fits[-1]
    assert not set(rows.bound[known]) & set(rows.bound[asked])


def test_a_curve_is_asked_of_the_rows_that_a_split_holds_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held = np.arange(400) >= 320
    *_, (known, asked) = fitted_and_asked(monkeypatch, AuditedTexts(made(400), held))
    assert asked.tolist() == list(range(320, 400))
    assert sorted(known) == list(range(320))


def test_a_curve_weighs_a_class_of_few_rows_as_one_of_many() -> None:
    class Leaning:
        def shares(self, known: Any, truth: Any, asked: Any, classes: int) -> Any:
            return np.tile([0.6, 0.4], (len(asked), 1))

    truth = np.repeat([0, 1], [90, 10])
    said = curves._told(Leaning(), truth, np.arange(100), np.arange(5), 2)  # type: ignore[arg-type]
    assert said.tolist() == [1] * 5


def test_few_rows_are_not_asked_for_a_curve_and_that_is_said() -> None:
    audited = AuditedTexts(made(30))
    assert learning_curve(audited) is None
    assert any("what more rows bring was not asked" in note for note in audited.notes)


def waves(rows: int, turned: int, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Slow and fast waves with noise, of which some have the label of the other."""
    draw = np.random.default_rng(seed)
    fast = np.arange(rows) % 2
    time = np.linspace(0, 1, 40)
    steps = np.sin(
        2 * np.pi * (1 + 3 * fast[:, None]) * (time + draw.uniform(0, 1, (rows, 1)))
    ) + draw.normal(0, 0.3, (rows, 40))
    wrong = np.sort(draw.choice(rows, turned, replace=False))
    label = np.where(np.isin(np.arange(rows), wrong), 1 - fast, fast)
    frame = pd.DataFrame(steps.round(4), columns=[f"t{n}" for n in range(40)]).astype(str)
    return frame.assign(label=np.array(["slow", "fast"])[label]), wrong


def test_turned_labels_of_numeric_sequences_are_found() -> None:
    frame, wrong = waves(200, 9)
    found = recurra.audit(frame, label="label", labels=True, curve=True)
    rows = [each.row for each in found.suspects]
    assert len(set(rows) & set(wrong)) >= 6
    assert len(set(rows) - set(wrong)) <= 3
    assert found.curve is not None
    (finding,) = [each for each in found.findings if each.kind == "labels that may be wrong"]
    assert finding.level == "note"


def test_turned_labels_of_the_rows_of_a_table_are_found() -> None:
    draw = np.random.default_rng(1)
    truth = np.arange(300) % 2
    frame = pd.DataFrame(
        draw.normal(truth[:, None] * 3, 1, (300, 4)).round(3), columns=list("abcd")
    )
    wrong = draw.choice(300, 12, replace=False)
    label = np.where(np.isin(np.arange(300), wrong), 1 - truth, truth)
    frame = frame.astype(str).assign(kind=np.array(["low", "high"])[label])
    found = recurra.audit(frame, label="kind", labels=True)
    rows = {each.row for each in found.suspects}
    assert len(rows & set(wrong.tolist())) >= 7
    assert len(rows - set(wrong.tolist())) <= 3


def test_prices_have_no_labels_to_be_asked(tmp_path: Path) -> None:
    from recurra.markets.simulator import sample_market

    sample_market()[0].frame.rename_axis("date").reset_index().to_csv(tmp_path / "AAPL.csv")
    with pytest.raises(SettingsError, match="not of prices"):
        recurra.audit(tmp_path / "AAPL.csv", curve=True)


@pytest.fixture(scope="module")
def run_of_messages(
    finished: Path, messages: tuple[list[str], list[str]], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A run of a file, with the network of another run beside it."""
    from recurra.problems.text_classes import texts
    from recurra.running import sides_of

    place = tmp_path_factory.mktemp("behaves")
    file = place / "messages.csv"
    pd.DataFrame({"text": messages[0], "label": messages[1]}).to_csv(file, index=False)
    problem = texts(open_texts(str(file), columns=Columns("text", "label", "spam")))
    (place / "run").mkdir()
    sides_of(problem).to_csv(place / "run" / "split.csv", index=False)
    report = {"problem": "texts", "data": problem.data.model_dump()}
    (place / "run" / "report.json").write_text(json.dumps(report))
    shutil.copytree(finished / "model", place / "run" / "model")
    return place / "run"


def test_the_network_of_a_run_is_asked_how_it_behaves(run_of_messages: Path) -> None:
    fresh = str(run_of_messages.parent / "messages.csv")
    words = ["audit", str(run_of_messages), "--behaviour", "--fresh", fresh, "--json"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code in (0, 1), done.output
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert checks["repeatable"]["result"] == "passed"
    assert checks["order and batch"]["result"] == "passed"
    assert checks["placebo"]["result"] == "not checked"
    assert "--shuffles" in checks["placebo"]["sentence"]
    assert checks["trained on the test"]["p_value"] is not None


def test_a_page_shows_the_checks_and_the_curve(run_of_messages: Path, tmp_path: Path) -> None:
    page = tmp_path / "audit.html"
    words = ["audit", str(run_of_messages), "--behaviour", "--curve", "--html", str(page)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code in (0, 1), done.output
    assert "How does the model behave?" in page.read_text("utf-8")
    assert "order and batch" in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["spam", "--sample", "--shuffles", "2"], "give --behaviour"),
        (["nowhere", "--behaviour"], "a run with a saved model is needed"),
    ],
)
def test_what_cannot_be_asked_is_told(words: list[str], said: str) -> None:
    done = CliRunner().invoke(app, ["audit", *words])
    assert done.exit_code == 2
    assert said in done.stderr


def two_ways(tmp_path: Path) -> str:
    draw = np.random.default_rng(0)
    texts = list(made(60).texts)
    texts[3], texts[40] = "NULL", " n/a "
    label = np.where(draw.random(60) < 0.3, "HAM", "ham").astype(object)
    label[::2] = "spam"
    file = tmp_path / "two.csv"
    pd.DataFrame({"text": texts, "label": label}).to_csv(file, index=False)
    return str(file)


def test_classes_in_two_spellings_and_texts_of_nothing_are_said_and_kept(tmp_path: Path) -> None:
    file = two_ways(tmp_path)
    classes = "labels that differ in capitals alone are classes of their own: HAM, ham"
    nothing = "2 texts are nothing but n/a, NULL: they are read as texts, not left out"
    rows = open_texts(file, columns=Columns("text", "label"))
    assert {classes, nothing} <= set(rows.notes)
    assert len(rows.texts) == 60
    assert rows.names == ("HAM", "ham", "spam")
    assert {classes, nothing} <= set(recurra.audit(file).notes)
    said = CliRunner().invoke(app, ["look", file])
    assert said.exit_code == 0
    assert classes in said.stderr
    assert nothing in said.stderr
    told = CliRunner().invoke(app, ["--lang", "ko", "look", file])
    assert "저마다 다른 클래스입니다: HAM, ham" in told.stderr
