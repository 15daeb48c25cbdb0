"""Running and comparing: the documented loop is what happens, told by contenders that listen."""

import json
import pickle
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import recurra.judging.run as mechanism
from recurra.errors import RunError, SettingsError
from recurra.judging.evidence import Evidence
from recurra.judging.example import coin_problem
from recurra.judging.measures import Measure, ratio_of
from recurra.judging.problem import Contender, Fold, Problem, all_held, folds_of
from recurra.judging.report import DataInfo, MemberInfo, ModelInfo, Report, TrainingInfo
from recurra.judging.run import Found, Outcome, compare, evaluate, run, units_of
from recurra.judging.splits import group_folds
from recurra.listeners import NOBODY

ROWS = 20
Call = tuple[str, str, Any]  # who, what, and with which rows


@dataclass
class Asked:
    """The inputs of rows; a target has no place here."""

    rows: list[int]


@dataclass
class Known:
    rows: list[int]
    targets: list[float]


CALLS: list[Call] = []


@dataclass
class Fake:
    """Says each target with an error of its own; what it is given is written down."""

    name: str
    error: float
    loss: float = 1.0
    fails_at: int = -1
    seed: int = -1
    rows: int = 0
    parameters: int | None = None
    validation_loss: float = field(default=0.0, init=False)

    def fit(self, known: Known, sides: Any, *, listener: Any, checkpoints: Path | None) -> "Fake":
        CALLS.append((self.name, "fit", (self.seed, known.rows, checkpoints)))
        if self.fails_at in known.rows:
            raise ZeroDivisionError("nothing to divide by")
        self.rows, self.validation_loss = len(known.rows), self.loss
        return self

    def say(self, asked: Asked) -> np.ndarray:
        assert vars(asked).keys() == {"rows"}
        CALLS.append((self.name, "say", asked.rows))
        return np.array(asked.rows) + self.error * (1 + self.seed / 1e5)

    def save(self, folder: Path, card: str, **facts: Any) -> None:
        """Not asked for here."""

    def describe(self) -> ModelInfo:
        return ModelInfo(architecture=self.name, members=1, vocabulary=0, parameters=7, layers=[])

    def training(self) -> TrainingInfo:
        once = MemberInfo(epochs_run=1, best_epoch=1)
        return TrainingInfo(seconds=0.0, curve="at once", members=[once], curves=[[]])


@dataclass(frozen=True)
class Make:
    name: str
    error: float
    loss: float = 1.0
    fails_at: int = -1

    def __call__(self, seed: int) -> Fake:
        made = Fake(self.name, self.error, self.loss, self.fails_at, seed)
        made.parameters = 7 if self.name.startswith("net") else None
        return made


@dataclass
class Numbers(Problem):
    """The target of row i is i; the statistics are (squared error, 1)."""

    def known(self, rows: np.ndarray) -> Known:
        return Known(rows.tolist(), rows.astype(float).tolist())

    def asked(self, rows: np.ndarray) -> Asked:
        return Asked(rows.tolist())

    def count(self, rows: np.ndarray, said: np.ndarray) -> np.ndarray:
        return np.stack([(said - rows) ** 2, np.ones(len(rows))], axis=1)

    def evidence(self, rows: np.ndarray) -> Evidence:
        return Evidence(rows // 2)

    def whole(self) -> Fold:
        return Fold(np.arange(ROWS), np.zeros(0, np.int64), [])


def halves(known: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    places = np.arange(len(known))
    return [(places[::2], places[1::2])]


def problem(
    *makes: Make, folds: int = 1, source: str = "here", kept: Sequence[Fold] = ()
) -> Numbers:
    CALLS.clear()
    makes = makes or (Make("net", 0.1), Make("zero", 5.0))
    known = np.arange(ROWS - 6)
    one = [Fold(known, np.arange(ROWS - 6, ROWS), halves(known))]
    several = folds_of(group_folds(np.arange(ROWS) // 2, max(folds, 2)), halves)
    return Numbers(
        name="numbers",
        data=DataInfo(source=source, sha256=source, rows=ROWS, groups=ROWS // 2),
        split="in folds",
        folds=kept or (several if folds > 1 else one),
        contenders=[Contender(m.name, m, baseline=not m.name.startswith("net")) for m in makes],
        measures=[
            Measure("MSE", ratio_of(0, 1), higher_is_better=False, share=False, positive=True)
        ],
        seed=3,
        facts=[source],
    )


def calls(what: str, who: str) -> list[Any]:
    return [content for name, kind, content in CALLS if (name, kind) == (who, what)]


# ---- the documented loop


@pytest.mark.parametrize("folds", [1, 4])
@pytest.mark.parametrize("work", [run, compare])
def test_each_contender_is_fitted_on_the_rows_known_and_asked_the_rows_held(
    work: Callable[..., Any], folds: int
) -> None:
    made = problem(folds=folds)
    work(made)
    expected: list[Call] = []
    for fold in made.folds:
        for contender in made.contenders:
            expected.append((contender.name, "fit", (3, fold.known.tolist(), None)))
            expected.append((contender.name, "say", fold.held.tolist()))
    assert expected == CALLS
    assert not set(made.folds[0].known) & set(made.folds[0].held)


def test_a_measure_is_of_all_held_rows_and_deviates_over_the_folds() -> None:
    made = problem(Make("net", 0.0), Make("zero", 2.0), folds=4)
    held = np.concatenate([fold.held for fold in made.folds])
    assert sorted(held.tolist()) == list(range(ROWS))
    found = compare(made).contender("zero")
    assert found.measures["MSE"].value == pytest.approx((2.0 * (1 + 3e-5)) ** 2)
    assert found.measures["MSE"].deviation == pytest.approx(0.0, abs=1e-9)
    uneven = problem(Make("net", 0.0), Make("zero", 2.0), folds=4)
    uneven.count = lambda rows, said: np.stack([rows.astype(float), np.ones(len(rows))], 1)  # type: ignore[method-assign]
    each = [fold.held.mean() for fold in uneven.folds]
    estimate = compare(uneven).contender("zero").measures["MSE"]
    assert estimate.value == pytest.approx(np.arange(ROWS).mean())
    assert estimate.deviation == pytest.approx(np.std(each, ddof=1))


def test_what_is_measured_in_no_fold_deviates_by_nothing() -> None:
    made = problem(folds=2)
    made.measures = [Measure("none", ratio_of(0, 0)), Measure("half", ratio_of(1, 0))]
    made.count = lambda rows, said: np.zeros((len(rows), 2))  # type: ignore[method-assign]
    assert (
        mechanism._estimate(
            made.measures[1], Found(made, _outcomes(made)), "net", made.evidence(np.arange(ROWS))
        ).deviation
        is None
    )


def _outcomes(made: Problem) -> dict[tuple[str, int, int], Outcome]:
    listener = mechanism.Listener()
    return {
        (u.contender.name, u.fold, u.repeat): mechanism._fit_and_ask(made, u, listener, None)
        for u in units_of(made, 1)
    }


# ---- repeats, and all rows in the end


def test_repeats_train_networks_anew_from_other_seeds_and_baselines_once() -> None:
    found = run(problem(), repeats=3)
    assert [seed for seed, _, _ in calls("fit", "net")] == [3, 1003, 2003]
    assert [seed for seed, _, _ in calls("fit", "zero")] == [3]
    assert [len(found.repeated(name)) for name in ("net", "zero")] == [3, 1]
    errors = [(0.1 * (1 + seed / 1e5)) ** 2 for seed in (3, 1003, 2003)]
    assert found.report.contender("net").measures["MSE"].value == pytest.approx(np.mean(errors))
    assert found.report.verdict.seeds == 3
    assert "what 3 trainings from different seeds change" in found.report.notes[0]
    assert "another seed would train another network" in run(problem()).report.notes[0]
    with pytest.raises(SettingsError, match="repeats must be at least 1"):
        run(problem(), repeats=0)


def test_each_repeat_has_checkpoints_of_its_own_and_a_baseline_none(tmp_path: Path) -> None:
    run(problem(), repeats=2, fit_all=True, checkpoints=tmp_path)
    places = [place for _, _, place in calls("fit", "net")]
    assert places == [
        tmp_path / n for n in ("fold-1-net-0", "fold-1-net-1", "all-rows-fold-1-net-0")
    ]
    assert [place for _, _, place in calls("fit", "zero")] == [None]


def test_fitting_on_all_rows_comes_last_and_changes_no_figure() -> None:
    judged = run(problem())
    assert judged.final is None
    assert judged.report.training is not None
    assert judged.report.training.fitted_on == "the rows judged with"
    found = run(problem(), fit_all=True)
    assert found.final is not None
    assert calls("fit", "net")[-1] == (3, list(range(ROWS)), None)
    assert CALLS[-1][:2] == ("net", "fit")  # and is asked nothing after that
    assert found.report.training is not None
    assert found.report.training.fitted_on == "all rows"
    for one, other in zip(judged.report.contenders, found.report.contenders, strict=True):
        assert one.measures == other.measures
    assert judged.report.verdicts == found.report.verdicts


# ---- several networks


def test_the_network_kept_is_that_of_the_lowest_validation_loss_and_not_of_the_best_figure() -> (
    None
):
    makes = [Make("net a", 0.1, loss=0.9), Make("net b", 3.0, loss=0.2), Make("zero", 5.0)]
    found = run(problem(*makes), fit_all=True)
    assert found.report.ranked()[0].name == "net a"
    assert found.chosen == "net b"
    assert found.report.verdict.model == "net b"
    assert found.report.model is not None
    assert found.report.model.architecture == "net b"
    assert calls("fit", "net b")[-1][1] == list(range(ROWS))
    assert len(calls("fit", "net a")) == 1
    assert [verdict.model for verdict in found.report.verdicts] == ["net a", "net b"]
    assert found.report.verdict.corrected_for == (2, 1)


def test_two_contenders_of_one_name_are_refused_before_anything_is_fitted() -> None:
    for twice in ("net a", "net-a"):
        with pytest.raises(SettingsError, match="a name of its own"):
            run(problem(Make("net a", 0.1), Make(twice, 0.2), Make("zero", 5.0)))
    assert CALLS == []


def test_a_contender_that_fails_says_which_and_where() -> None:
    makes = (Make("net", 0.1), Make("zero", 1.0, fails_at=0))
    for work in (run, compare):
        with pytest.raises(ZeroDivisionError) as raised:
            work(problem(*makes, folds=2))
        assert raised.value.__notes__ in ([f"in fold {k} of 2: baseline zero"] for k in (1, 2))


def test_listeners_hear_every_fit_by_its_name() -> None:
    heard: list[str] = []

    class Ear(mechanism.Listener):
        def stage(self, text: str) -> None:
            heard.append(text)

    run(problem(), repeats=2, fit_all=True, listener=Ear())
    assert heard == [
        "training net",
        "training net, seed 2",
        "baseline zero",
        "verdict and leaks",
        "net on all rows",
    ]


# ---- the report


@pytest.mark.parametrize("folds", [1, 4])
@pytest.mark.parametrize("repeats", [1, 2])
def test_a_report_is_the_same_after_a_way_through_json(folds: int, repeats: int) -> None:
    for report in (
        run(problem(folds=folds), repeats=repeats).report,
        compare(problem(folds=folds), repeats=repeats),
        run(coin_problem(60)).report,
    ):
        text = report.to_json()
        assert Report.model_validate_json(text) == report
        assert Report.model_validate_json(text).to_json() == text
        assert "NaN" not in text
        assert "Infinity" not in text
    with pytest.raises(ValueError, match="Extra inputs"):
        Report.model_validate_json(text.replace('"problem"', '"more": 1, "problem"', 1))


def test_the_contender_that_must_be_beaten_is_the_best_of_its_kind() -> None:
    found = run(problem(Make("net", 0.1), Make("far", 5.0), Make("near", 1.0), Make("mid", 2.0)))
    assert found.best_baseline == "near"
    assert [each.name for each in found.report.ranked()] == ["net", "near", "mid", "far"]


def test_saved_models_are_judged_on_all_rows_given_and_nothing_is_fitted() -> None:
    made = replace(problem(), folds=all_held(ROWS), contenders=())
    net, rival = (Fake(name, error, seed=0) for name, error in (("net", 1.0), ("base", 2.0)))
    judged = evaluate(made, {"net": net, "base": rival})
    assert (judged.model, judged.rows) == ("net", ROWS)
    assert judged.measures["MSE"].value == pytest.approx(1.0)
    assert judged.rivals["base"]["MSE"].value == pytest.approx(4.0)
    assert judged.verdict is not None
    assert (judged.verdict.model, judged.verdict.rival) == ("net", "base")
    assert judged.verdict.difference == pytest.approx(-3.0)
    assert [(who, what) for who, what, _ in CALLS] == [("net", "say"), ("base", "say")]
    assert evaluate(made, {"net": net}).verdict is None


# ---- resuming, and elsewhere


def figures(report: Report) -> Any:
    return [(each.name, each.measures, each.rows) for each in report.contenders], report.verdicts


def test_a_stopped_comparison_goes_on_and_fits_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = compare(problem(folds=4), repeats=2, checkpoints=tmp_path / "whole")
    written = mechanism.write_atomically

    def stopping(path: Path, content: bytes) -> None:
        if path.name == "fold-2-net-1.json":
            raise KeyboardInterrupt
        written(path, content)

    made, place = problem(folds=4), tmp_path / "stopped"
    monkeypatch.setattr(mechanism, "write_atomically", stopping)
    with pytest.raises(KeyboardInterrupt):
        compare(made, repeats=2, checkpoints=place)
    monkeypatch.undo()
    before = len([call for call in CALLS if call[1] == "fit"])
    again = compare(made, repeats=2, checkpoints=place)
    after = len([call for call in CALLS if call[1] == "fit"])
    assert (before, after - before) == (5, 8)  # the fit whose result was lost is done again
    assert figures(again) == figures(whole) == figures(compare(problem(folds=4), repeats=2))
    assert len(list(place.iterdir())) == 12


@pytest.mark.parametrize("what", ["source", "folds", "seed", "a turn of the sides", "facts"])
def test_a_comparison_does_not_go_on_with_other_rows_or_settings(tmp_path: Path, what: str) -> None:
    compare(problem(folds=2), checkpoints=tmp_path)
    other = problem(folds=2, source="there" if what == "source" else "here")
    if what == "seed":
        other.seed = 4
    elif what == "facts":
        other.facts = ["here", "and more"]
    elif what == "folds":
        other.folds = other.folds[::-1]
    elif what == "a turn of the sides":
        other.folds = [Fold(f.known, f.held, [f.sides[0][::-1]]) for f in other.folds]
    with pytest.raises(RunError, match="can only be resumed with the data and settings"):
        compare(other, checkpoints=tmp_path)


def test_what_differs_between_two_problems_has_a_name() -> None:
    def differing(**changed: Any) -> set[str]:
        one, other = problem(folds=2), problem(folds=2)
        one.facts = [{"model": "gru", "epochs": 3}, "a row"]
        other.facts = one.facts
        for name, value in changed.items():
            setattr(other, name, value)
        facts, others = mechanism.facts_of(one), mechanism.facts_of(other)
        return {name for name in {**facts, **others} if facts.get(name) != others.get(name)}

    gru = {"model": "gru", "epochs": 3}
    assert differing() == set()
    assert differing(seed=9) == {"seed"}
    assert differing(folds=problem(folds=3).folds) == {"split"}
    assert differing(contenders=problem().contenders[:1]) == {"contenders"}
    assert differing(facts=[gru | {"epochs": 5}, "a row"]) == {"epochs"}
    assert differing(facts=[gru, "another row"]) == {"rows"}
    two = differing(facts=[gru, gru | {"model": "lstm"}, "a row"])
    assert {"model of lstm", "epochs of lstm"} < two


def test_settings_that_are_fields_have_names_too() -> None:
    @dataclass
    class Settings:
        window: int = 10

    made = problem(folds=2)
    made.facts = [Settings()]
    assert mechanism.facts_of(made)["window"] == "10"


class ThroughPickle:
    """An executor that hands everything on as bytes, as to another process; from the last on."""

    def each(
        self, function: Any, shared: Any, items: Mapping[str, Any], **watched: Any
    ) -> Generator[tuple[str, Any], None, None]:
        for name in reversed(items):
            sent = pickle.loads(pickle.dumps((function, shared, items[name])))
            found = sent[0](*sent[1:], NOBODY, None)
            yield name, pickle.loads(pickle.dumps(found))


def test_units_may_be_done_elsewhere_and_in_another_order(tmp_path: Path) -> None:
    for made in (lambda: problem(folds=2), coin_problem):
        here = compare(made(), checkpoints=tmp_path / made().name)
        elsewhere = compare(made(), executor=ThroughPickle())
        assert figures(elsewhere) == figures(here)


def test_a_kept_result_is_json_that_names_what_it_is_of(tmp_path: Path) -> None:
    compare(problem(folds=2), checkpoints=tmp_path)
    kept = json.loads((tmp_path / "fold-1-net-0.json").read_text())
    assert kept["fingerprint"] == mechanism.fingerprint(problem(folds=2))
    assert kept["rows"] == len(problem(folds=2).folds[0].known)
    assert kept["model"] is kept["said"] is None


# ---- the example


def test_the_example_finds_a_sticky_coin_and_believes_no_fair_one() -> None:
    answers = [run(coin_problem(seed=seed)).report.verdict.answer for seed in range(5)]
    assert "yes" not in answers
    assert run(coin_problem(sticky=0.85)).report.verdict.answer == "yes"


def test_what_was_chosen_in_each_fold_is_fitted_in_that_fold() -> None:
    made: list[int] = []
    coin = coin_problem()
    network = coin.contenders[0]

    def maker(number: int) -> Callable[[int], Any]:
        def make(seed: int) -> Any:
            made.append(number)
            return network.make(seed)

        return make

    # settings of another fold have seen what this one holds out
    coin.contenders = [Contender("searched", network.make, in_folds=[maker(0), maker(1)])]
    coin.folds = [coin.folds[0]] * 2
    units = units_of(coin, 1)
    for unit in units:
        mechanism._fit_and_ask(coin, unit, NOBODY, None)
    assert made == [unit.fold for unit in units] == [0, 1]
