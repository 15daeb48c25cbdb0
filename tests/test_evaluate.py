"""Saved models on new rows: the figures of the report, what was seen, what is refused."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import recurra
from recurra import problems
from recurra.baselines.memories import Translated
from recurra.baselines.ngrams import Classed
from recurra.bundle import read_bundle, write_bundle
from recurra.cli import app
from recurra.data import (
    LabelledTexts,
    Series,
    TaggedSentences,
    read_series,
    sample_sentences,
    sample_series,
)
from recurra.data.classed_lines import sample_lines
from recurra.data.pairs import sample_pairs
from recurra.errors import BundleError, DataError, SettingsError
from recurra.estimators import SequenceClassifier
from recurra.evaluating import evaluate
from recurra.judging.report import Estimate, Report
from recurra.judging.run import Found
from recurra.ledger import ledger_path
from recurra.markets.simulator import simulate
from recurra.problems.new_rows import NEW_ROWS
from recurra.problems.stock_rises import RiseSettings, stock_rise
from recurra.running import run

DAYS = pd.date_range("2020-01-01", periods=500)
TRAIN, TEST = sample_sentences("train"), sample_sentences("test")


def write_texts(path: Path, texts: Any, labels: Any) -> Path:
    pd.DataFrame({"kind": labels, "body": texts}).to_csv(path, index=False)
    return path


def write_conllu(path: Path, words: list[list[str]], tags: list[list[str]]) -> Path:
    blocks = [
        "\n".join(
            f"{i}\t{w}\t_\t{t}" + "\t_" * 6 for i, (w, t) in enumerate(zip(*row, strict=True), 1)
        )
        for row in zip(words, tags, strict=True)
    ]
    path.write_text("\n\n".join(blocks) + "\n", "utf-8")
    return path


def write_lines(folder: Path, texts: Any, classes: Any) -> Path:
    folder.mkdir(exist_ok=True)
    for name in np.unique(classes.astype(str)):
        (folder / f"{name}.txt").write_text("\n".join(texts[classes == name]), "utf-8")
    return folder


def write_pairs(path: Path, sources: Any, targets: Any) -> Path:
    path.write_text("\n".join(map("\t".join, zip(sources, targets, strict=True))), "utf-8")
    return path


def write_series(path: Path, numbers: Any, days: Any = DAYS) -> Path:
    pd.DataFrame({"day": days[: len(numbers)], "sold": numbers}).to_csv(path, index=False)
    return path


# ---- a run of each kind, with files of the rows it was fitted on, and of those it was judged on


class Kind:
    """A run, and its rows as files."""

    def __init__(self, place: Path, problem: Any, write: Callable[[Path, Any], Path]) -> None:
        self.place, self.problem, self.write = place, problem, write
        self.run = place / "run"
        self.found: Found = run(problem, self.run)
        self.held = write(place / "held", problem.folds[0].held)
        self.known = write(place / "known", problem.folds[0].known)

    def again(self, **how: Any) -> Path:
        """The same, fitted otherwise."""
        place = self.place / "again"
        if not place.exists():
            run(self.problem, place, **how)
        return place


def texts_kind(place: Path, messages: tuple[list[str], list[str]]) -> Kind:
    texts, labels = (np.array(each, object) for each in messages)
    rows = LabelledTexts(texts, labels, "spam", "here", "0" * 64)
    problem = problems.texts(rows, [SequenceClassifier("simple-rnn", epochs=1)])
    return Kind(place, problem, lambda p, r: write_texts(Path(f"{p}.csv"), texts[r], labels[r]))


def tagging_kind(place: Path, messages: Any) -> Kind:
    kept = TaggedSentences(TRAIN.words[:120], TRAIN.tags[:120], "here", "0" * 64)
    problem = problems.tagging(kept, TEST, models=["one-to-one"], epochs=1)

    def write(path: Path, rows: Any) -> Path:
        words, tags = ([side[i] for i in rows] for side in (problem.words, problem.tags))
        return write_conllu(Path(f"{path}.conllu"), words, tags)

    return Kind(place, problem, write)


def generation_kind(place: Path, messages: Any) -> Kind:
    lines = sample_lines(120)
    problem = problems.generation(lines, models=["one-to-one"], units=4, epochs=1)
    return Kind(place, problem, lambda p, r: write_lines(p, lines.texts[r], lines.classes[r]))


def translation_kind(place: Path, messages: Any) -> Kind:
    pairs = sample_pairs(400)
    problem = problems.translation(pairs, models=["simple-rnn"], units=4, epochs=1, beam=1)

    def write(path: Path, rows: Any) -> Path:
        return write_pairs(Path(f"{path}.tsv"), pairs.sources[rows], pairs.targets[rows])

    return Kind(place, problem, write)


KINDS = {
    "texts": texts_kind,
    "tagging": tagging_kind,
    "generation": generation_kind,
    "translation": translation_kind,
}


@pytest.fixture(scope="module", params=sorted(KINDS))
def kind(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    messages: tuple[list[str], list[str]],
) -> Kind:
    return KINDS[request.param](tmp_path_factory.mktemp(request.param), messages)


@pytest.fixture(scope="module")
def forecast(tmp_path_factory: pytest.TempPathFactory) -> Kind:
    place = tmp_path_factory.mktemp("forecasting")
    series = read_series(write_series(place / "all.csv", sample_series(500).numbers), "sold")
    asked: dict[str, Any] = {"models": ["one-to-one"], "horizon": 3, "window": 8, "epochs": 1}
    problem = problems.forecasting(series, **asked)
    return Kind(place, problem, lambda path, rows: place / "all.csv")


@pytest.fixture(scope="module")
def market() -> dict[str, pd.DataFrame]:
    return simulate(6, 600, seed=1)


@pytest.fixture(scope="module")
def rises(market: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Found]:
    place = tmp_path_factory.mktemp("rises") / "run"
    settings = RiseSettings(rise=0.02, models=("one-to-one",), units=2, epochs=1, folds=1)
    return place, run(stock_rise(market, settings), place, fit_all=False)


def close(one: dict[str, Estimate], other: dict[str, Estimate]) -> bool:
    """Whether measures are the same, intervals too."""

    def numbers(estimates: dict[str, Estimate]) -> list[Any]:
        return [[e.value, *(e.interval or [])] for e in estimates.values()]

    return list(one) == list(other) and all(
        a == b if None in a else a == pytest.approx(b)
        for a, b in zip(numbers(one), numbers(other), strict=True)
    )


# ---- the figures


def test_the_held_rows_of_a_run_are_judged_as_in_its_report(kind: Kind) -> None:
    report, judged = kind.found.report, evaluate(kind.run, kind.held)
    network, best = kind.found.chosen, kind.found.best_baseline
    assert (judged.problem, judged.model, list(judged.rivals)) == (report.problem, network, [best])
    assert close(judged.measures, report.contender(network).measures)
    assert close(judged.rivals[best], report.contender(best).measures)
    assert judged.rows == report.split.test
    assert judged.verdict is not None
    assert (judged.verdict.rival, judged.verdict.corrected_for) == (best, (1, 1))


def test_forecasts_are_judged_after_what_was_fitted_and_as_in_the_report(forecast: Kind) -> None:
    report, judged = forecast.found.report, evaluate(forecast.run, forecast.held)
    assert close(judged.measures, report.contender("one-to-one").measures)
    assert (judged.rows, judged.rows_seen_in_training) == (report.split.test, 0)
    last = str(DAYS[int(forecast.problem.folds[0].held[0]) - 1].date())
    assert judged.notes[-1] == f"Judged are rows after {last}, up to which it was fitted."


def test_rises_are_judged_on_days_after_all_that_was_fitted(
    rises: tuple[Path, Found], market: Any
) -> None:
    place, found = rises
    judged, problem, model = evaluate(place, market), found.problem, found.model("one-to-one")
    new = np.flatnonzero(problem.dates > np.datetime64(model.trained_to))  # type: ignore[attr-defined]
    assert 0 < len(new) < len(problem.dates)  # type: ignore[attr-defined]
    said = problem.count(new, model.say(problem.asked(new)))
    values = [float(m.of(said, np.ones((1, len(new))))[0]) for m in problem.measures]
    assert [each.value for each in judged.measures.values()] == pytest.approx(values)
    assert (judged.rows, judged.rows_seen_in_training) == (len(new), 0)
    assert judged.verdict is not None


def test_a_baseline_is_judged_alone_by_its_name(kind: Kind) -> None:
    best = kind.found.best_baseline
    judged = evaluate(kind.run, kind.held, best.upper())
    assert (judged.model, judged.rivals, judged.verdict) == (best, {}, None)
    assert close(judged.measures, kind.found.report.contender(best).measures)


def test_without_a_baseline_beside_it_there_is_no_verdict(kind: Kind, tmp_path: Path) -> None:
    shutil.copytree(kind.run, tmp_path / "run")
    shutil.rmtree(tmp_path / "run/model/baseline")
    judged = evaluate(tmp_path / "run", kind.held)
    assert (judged.rivals, judged.verdict) == ({}, None)


def test_it_shows_itself(kind: Kind) -> None:
    judged = evaluate(kind.run, kind.held)
    assert judged.verdict is not None
    page = judged._repr_html_()
    assert judged.verdict.sentence[:20] in page
    assert all(f"<td>{name}</td>" in page for name in judged.measures)
    assert json.loads(judged.to_json())["schema"] == "recurra.evaluation/1"


@pytest.mark.parametrize("name", sorted(set(problems.__all__) - {"texts"}))
def test_every_problem_has_a_reader_of_new_rows_and_a_home_that_opens_its_models(name: str) -> None:
    problem = getattr(problems, name)(sample=True)
    kind = type(problem.contenders[0].make(0).estimator).__name__
    home = import_module(NEW_ROWS[problem.name if problem.name in NEW_ROWS else kind].home)
    module, reader = home.KINDS[kind].split(":")
    reads = getattr(import_module(module), reader)
    assert getattr(reads, "kind", kind) == kind
    assert callable(reads.load)
    assert callable(home.asked_again)


# ---- what was seen in training


def test_rows_are_told_again_by_their_content(kind: Kind) -> None:
    known = evaluate(kind.run, kind.known)
    assert known.rows_seen_in_training == known.rows == len(kind.problem.folds[0].known)
    assert f"{known.rows:,} of these rows were trained on" in known.notes[-1]
    held = evaluate(kind.run, kind.held)
    assert held.rows_seen_in_training == 0
    assert not any("trained on" in note for note in held.notes)


def test_of_a_network_fitted_on_all_rows_the_held_ones_were_seen(kind: Kind) -> None:
    place = kind.again(fit_all=True)
    for run_folder in (place, place / "model"):
        network = evaluate(run_folder, kind.held)
        baseline = evaluate(run_folder, kind.held, kind.found.best_baseline)
        assert network.rows_seen_in_training == network.rows
        assert baseline.rows_seen_in_training == 0


def test_of_an_earlier_run_it_is_said_that_it_is_not_known(kind: Kind, tmp_path: Path) -> None:
    shutil.copytree(kind.run, tmp_path / "run")
    split = tmp_path / "run" / "split.csv"
    rows = pd.read_csv(split)
    rows[[name for name in rows if "key" not in name]].to_csv(split, index=False)
    for place in (tmp_path / "run", tmp_path / "run/model"):
        judged = evaluate(place, kind.held)
        assert judged.rows_seen_in_training is None
        assert "is not known" in judged.notes[-1]
        split.unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("name", "one", "other", "same"),
    [
        ("generation", ["Win 100 now"], [" win 100  NOW"], True),
        ("generation", ["Win 100 now"], ["win 200 now"], False),
        ("tagging", ["The", "walk"], ["The", "walk"], True),
        ("tagging", ["The", "walk"], ["the", "walk"], False),
        ("tagging", ["a", "bc"], ["ab", "c"], False),
        ("translation", ["Go!", "가"], ["go", "나"], True),
        ("translation", ["Go!", "가"], ["leave", "가."], True),
        ("translation", ["Go!", "가"], ["leave", "나"], False),
    ],
)
def test_rows_are_equal_by_the_rule_of_their_problem(
    name: str, one: list[str], other: list[str], same: bool
) -> None:
    whole: Any = getattr(problems, name)(sample=True)

    def keys(row: list[str]) -> dict[str, Any]:
        if name == "tagging":
            return dict(replace(whole, words=[row]).keys())
        sides = [np.array([side], object) for side in row]
        made = Translated(*sides) if name == "translation" else Classed(sides[0], sides[0])
        return dict(replace(whole, rows=made).keys())

    first, second = keys(one), keys(other)
    assert any(first[column][0] == second[column][0] for column in first) == same


def test_steps_without_times_are_judged_from_the_first_origin_and_counted(forecast: Kind) -> None:
    plain = Series(sample_series(500).numbers, "here", "0" * 64, [], "sold")
    judged = evaluate(forecast.run, plain)
    fold = forecast.problem.folds[0]
    train, validation = fold.sides[0]
    assert judged.rows == 500 - 8 - 3 + 1
    assert judged.rows_seen_in_training == len(train) + len(validation)
    other = replace(plain, numbers=plain.numbers + 1.0)
    assert evaluate(forecast.run, other).rows_seen_in_training == 0


def test_a_series_of_new_steps_alone_begins_where_a_window_lies_before(forecast: Kind) -> None:
    new = write_series(
        forecast.place / "new.csv",
        sample_series(60).numbers,
        pd.date_range(DAYS[-1], periods=61)[1:],
    )
    assert evaluate(forecast.run, new).rows == 60 - 8 - 3 + 1


# ---- what is refused


def test_what_a_model_cannot_be_asked_is_said_with_a_way_on(kind: Kind, tmp_path: Path) -> None:
    if kind.problem.name == "tagging":
        odd = write_conllu(tmp_path / "odd.conllu", [["a", "b"]], [["DET", "QQ"]])
        message = r"the tags must be those .* also has 'QQ'. Rename them, or leave those sentences"
    elif kind.problem.name == "generation":
        odd = write_lines(tmp_path / "odd", *(np.array([x], object) for x in ("ab", "Western")))
        message = r"the classes must be those .* Northern, Southern, but .* 'Western'"
    elif kind.problem.name == "texts":
        odd = write_texts(tmp_path / "odd.csv", ["a b", "c d"], ["spam", "eggs"])
        with pytest.raises(DataError, match=r"the labels must be those of the model, ham, spam"):
            evaluate(kind.run, odd, text="body", label="kind")
        return
    else:
        odd, message = tmp_path / "odd.tsv", "odd.tsv"
    with pytest.raises(DataError, match=message):
        evaluate(kind.run, odd)


def test_lines_without_classes_are_not_asked_of_a_model_of_classes(
    tmp_path: Path, messages: Any
) -> None:
    of_classes = generation_kind(tmp_path / "classes", messages)
    (tmp_path / "plain.txt").write_text("abba\nabab\n")
    with pytest.raises(DataError, match=r"of the classes Northern, Southern, .* a folder of CLASS"):
        evaluate(of_classes.run, tmp_path / "plain.txt")


def test_what_ends_where_the_training_ended_is_refused(
    forecast: Kind, rises: tuple[Path, Found], market: Any
) -> None:
    cut = int(forecast.problem.folds[0].held[0])
    short = write_series(forecast.place / "short.csv", sample_series(500).numbers[: cut + 2])
    with pytest.raises(DataError, match="forecasts 3 after 2021-.* Give a longer series"):
        evaluate(forecast.run, short)
    place, found = rises
    end = found.model("one-to-one").trained_to
    with pytest.raises(DataError, match=f"must go on after {end}, .* end on {end}. Give newer"):
        evaluate(place, {ticker: frame[:end] for ticker, frame in market.items()})


def test_rises_whose_size_is_not_kept_are_refused(
    rises: tuple[Path, Found], market: Any, tmp_path: Path
) -> None:
    shutil.copytree(rises[0] / "model", tmp_path / "model")
    bundle = read_bundle(tmp_path / "model")
    del bundle.config["judged"]
    write_bundle(tmp_path / "model", bundle)
    with pytest.raises(BundleError, match="what is a rise must be kept with a model"):
        evaluate(tmp_path, market)


# ---- the command


def command(*words: Any) -> Any:
    return CliRunner().invoke(app, [str(word) for word in words])


def test_one_command_judges_every_kind(kind: Kind) -> None:
    shown = command("evaluate", kind.run, kind.held)
    assert shown.exit_code == 0, shown.output
    ledger_path().unlink()  # it would say that they were scored before
    judged = evaluate(kind.run, kind.held)
    ledger_path().unlink()
    assert judged.verdict is not None
    assert judged.verdict.sentence in shown.stdout
    assert kind.found.best_baseline in shown.stdout
    printed = json.loads(command("evaluate", kind.run, kind.held, "--json").stdout)
    assert printed == json.loads(judged.to_json())
    known = command("evaluate", kind.run, kind.known, "--with", kind.found.best_baseline)
    assert "of these rows were trained on" in known.stderr


def test_the_command_judges_forecasts_and_prices(
    forecast: Kind, rises: tuple[Path, Found], market: Any, tmp_path: Path
) -> None:
    shown = command("evaluate", forecast.run, forecast.held, "--target", "sold")
    assert shown.exit_code == 0, shown.output
    assert "after 2021-" in shown.stderr
    for ticker, frame in market.items():
        frame.to_csv(tmp_path / f"{ticker}.csv")
    printed = [
        json.loads(command("evaluate", *words, "--json").stdout)["measures"]
        for words in (
            (rises[0], tmp_path),
            (rises[0], "--universe", tmp_path),
            ("--universe", tmp_path, rises[0]),
        )
    ]
    assert printed[0] == printed[1] == printed[2]


WRONG = """
import sys
from typer.testing import CliRunner
from recurra.cli import app
for line in sys.stdin.read().splitlines():
    words = line.split("|")
    done = CliRunner().invoke(app, ["evaluate", *words[1:]])
    said = " ".join(done.stderr.split())
    assert done.exit_code == 2 and words[0] in said, (words, done.exit_code, said, done.exception)
    assert "keras" not in sys.modules, words
"""


def test_what_is_wrong_is_said_before_keras_is_loaded(kind: Kind, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    (empty.mkdir if kind.problem.name == "generation" else empty.touch)()
    odd = write_conllu(tmp_path / "odd.conllu", [["a", "b"]], [["DET", "QQ"]])
    cases = [
        ("a run folder is needed", tmp_path / "absent", kind.held),
        ("--with must name a model", kind.run, kind.held, "--with", "bert"),
        ("absent", kind.run, tmp_path / "absent.txt"),
        ("empty", kind.run, empty),
    ]
    if kind.problem.name == "tagging":
        cases.append(("also has 'QQ'", kind.run, odd))
    lines = "\n".join("|".join(map(str, case)) for case in cases)
    done = subprocess.run(
        [sys.executable, "-c", WRONG], input=lines, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_python_has_it_by_one_name(kind: Kind) -> None:
    assert recurra.evaluate is evaluate
    with pytest.raises(SettingsError, match="--with must name a model"):
        recurra.evaluate(kind.run, kind.held, "bert")
    assert Report.model_validate_json((kind.run / "report.json").read_text("utf-8"))


# ---- new rows beside those of the training


@pytest.fixture(scope="module")
def letters_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any, Any]:
    """A run of texts that are long enough to have near copies."""
    draw = np.random.default_rng(0)
    words = ["".join(draw.choice(list("abcdefghiklmnoprstuvw"), 7)) for _ in range(400)]
    texts = np.array([" ".join(draw.choice(words, 8, replace=False)) for _ in range(160)], object)
    labels = np.array(["ham", "spam"] * 80, object)
    rows = LabelledTexts(texts, labels, "spam", "here", "0" * 64)
    problem = problems.texts(rows, [SequenceClassifier("one-to-one", epochs=1, members=1)])
    place = tmp_path_factory.mktemp("letters") / "run"
    run(problem, place)
    return place, rows, problem.folds[0]


def test_near_copies_of_training_rows_are_said_with_the_figures_of_the_others(
    letters_run: tuple[Path, Any, Any], tmp_path: Path
) -> None:
    place, rows, fold = letters_run
    changed = [text.replace(" ", " and ", 1) for text in rows.texts[fold.known[:12]]]
    given = [*rows.texts[fold.known[:3]], *changed, *rows.texts[fold.held]]
    labels = [*rows.labels[fold.known[:3]], *rows.labels[fold.known[:12]], *rows.labels[fold.held]]
    judged = evaluate(place, write_texts(tmp_path / "new.csv", given, labels))
    assert (judged.rows_seen_in_training, judged.rows_near_training) == (3, 12)
    assert "3 of these rows were trained on" in judged.notes[-1]
    assert "and 12 more are near copies" in judged.notes[-1]
    assert f"Of the {len(fold.held)} other rows: Brier score" in judged.notes[-1]


def test_rows_like_those_of_the_training_have_nothing_said(
    letters_run: tuple[Path, Any, Any], tmp_path: Path
) -> None:
    place, rows, fold = letters_run
    held = write_texts(tmp_path / "held.csv", rows.texts[fold.held], rows.labels[fold.held])
    judged = evaluate(place, held)
    assert (judged.rows_seen_in_training, judged.rows_near_training) == (0, 0)
    assert not any("training" in note for note in judged.notes)


def test_rows_that_were_bound_in_training_are_bound_when_they_are_judged(
    letters_run: tuple[Path, Any, Any], tmp_path: Path
) -> None:
    _, rows, _ = letters_run
    who = np.array([f"w{row // 8}" for row in range(160)])
    frame = pd.DataFrame({"kind": rows.labels, "body": rows.texts, "who": who})
    frame[:120].to_csv(tmp_path / "old.csv", index=False)
    frame[120:].to_csv(tmp_path / "new.csv", index=False)
    frame[120:].drop(columns="who").to_csv(tmp_path / "unbound.csv", index=False)
    several = ["multi-label"], ["--label", "topics"]
    frame.assign(topics=[("a", "b", "a;b")[n % 3] for n in range(160)])[:120].to_csv(
        tmp_path / "topics.csv", index=False
    )
    frame.assign(topics=["a;b", "b"] * 80)[120:].to_csv(tmp_path / "more.csv", index=False)
    small = ["--model", "one-to-one", "--epochs", "1", "--members", "1", "--group", "who"]
    for recipe, label, old, new in (
        ([], ["--label", "kind"], "old", "new"),
        (*several, "topics", "more"),
    ):
        out = tmp_path / f"run-{old}"
        words = ["--text", "body", *label, *small, "--out", str(out)]
        done = CliRunner().invoke(app, ["train", *recipe, str(tmp_path / f"{old}.csv"), *words])
        assert done.exit_code == 0, done.output
        judged = evaluate(out, tmp_path / f"{new}.csv")
        assert {each.pieces for each in judged.measures.values()} == {5}
        assert "rows that share 'who' count as one piece, as in training" in judged.notes
    unbound = evaluate(tmp_path / "run-old", tmp_path / "unbound.csv")
    assert {each.pieces for each in unbound.measures.values()} == {40}
    assert any("'who' bound rows in training and is not there" in note for note in unbound.notes)


def test_other_shares_of_classes_and_other_words_are_said(
    letters_run: tuple[Path, Any, Any], tmp_path: Path
) -> None:
    place, rows, fold = letters_run
    ham = fold.held[rows.labels[fold.held] == "ham"]
    texts = [f"{text} tomorrow" for text in rows.texts[ham]]
    judged = evaluate(place, write_texts(tmp_path / "ham.csv", texts, ["ham"] * len(ham)))
    said = " ".join(judged.notes)
    assert "ham 50.0% and 100.0%" in said
    assert "'tomorrow' (0% and 100%)" in said
