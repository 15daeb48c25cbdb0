"""The decision: exact thresholds, corrections, ties, units, and how often equals are told apart."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from recurra.judging.decide import Contest, contest, decide
from recurra.judging.evidence import Evidence
from recurra.judging.measures import Measure, class_measures, class_statistics, mean_of

LOSS = Measure("loss", mean_of(0), False, False, losses=lambda rows: rows[:, 0])
GAIN = Measure("gain", mean_of(0), True, False, losses=lambda rows: rows[:, 0])
TWO = {measure.name: measure for measure in class_measures(2, positive=1)}
ROWS = 200


def noise(seed: int, mean: float = 0.0, rows: int = ROWS) -> list[np.ndarray]:
    """Losses whose mean and deviation are exactly so."""
    drawn = np.random.default_rng(seed).normal(size=rows)
    return [((drawn - drawn.mean()) / drawn.std() + mean)[:, None]]


ZERO = [np.zeros((ROWS, 1))]
ALONE = Evidence(np.arange(ROWS))


def answer(measure: Measure, model: list[np.ndarray], **rivals: list[np.ndarray]) -> str:
    return decide([measure], {"model": model}, rivals, ALONE)["model"].answer


def test_one_model_and_one_rival_are_decided_at_two_and_a_half_percent_a_side() -> None:
    error = 1 / np.sqrt(ROWS - 1)
    edge = stats.t.ppf(0.975, ROWS - 1) * error
    assert answer(GAIN, noise(0, 1.05 * edge), rival=ZERO) == "yes"
    assert answer(GAIN, noise(0, 0.95 * edge), rival=ZERO) == "undecided"
    assert answer(GAIN, noise(0, -0.95 * edge), rival=ZERO) == "undecided"
    assert answer(GAIN, noise(0, -1.05 * edge), rival=ZERO) == "no"


def reaches(found: Contest) -> tuple[np.ndarray, np.ndarray]:
    """How many errors lie between a gain and the ends that "yes" and "no" ask about."""
    return (found.gain - found.low) / found.error, (found.high - found.gain) / found.error


def student(share: float) -> float:
    return float(stats.t.ppf(share, ROWS - 1))


def test_to_try_seven_models_asks_more_of_each() -> None:
    models = {f"m{number}": noise(number) for number in range(7)}
    yes, no = reaches(contest(GAIN, models, {"rival": ZERO}, ALONE))
    expected = student(0.975 ** (1 / 7))  # of seven that have nothing in common
    assert yes == pytest.approx(expected, rel=0.05)
    assert no == pytest.approx(expected, rel=0.05)


def test_to_lose_to_one_of_five_rivals_is_more_than_the_bad_luck_of_the_worst() -> None:
    rivals = {f"r{number}": noise(number) for number in range(5)}
    yes, no = reaches(contest(GAIN, {"model": ZERO}, rivals, ALONE))
    assert yes == pytest.approx(student(0.975), rel=0.05)  # every rival must be beaten anyhow
    assert no == pytest.approx(student(0.975 ** (1 / 5)), rel=0.05)


def test_the_same_model_seven_times_is_one_model() -> None:
    models = {f"m{number}": noise(0) for number in range(7)}
    yes, _ = reaches(contest(GAIN, models, {"rival": ZERO}, ALONE))
    assert yes == pytest.approx(student(0.975), rel=0.05)


def test_a_model_must_beat_every_rival_and_not_the_worst() -> None:
    model, bad, good = noise(0), noise(1, 3.0), noise(2, -1.0)
    verdict = decide([LOSS], {"model": model}, {"bad": bad, "good": good}, ALONE)["model"]
    assert (verdict.answer, verdict.rival) == ("no", "good")
    assert verdict.sentence.startswith("No: model loses to good (loss 0.0")
    assert verdict.sentence.endswith("use good.")
    equal = decide([LOSS], {"model": model}, {"bad": bad, "equal": noise(3)}, ALONE)["model"]
    assert (equal.answer, equal.rival) == ("undecided", "equal")
    lead = decide([LOSS], {"model": model}, {"bad": bad, "worse": noise(4, 1)}, ALONE)["model"]
    assert (lead.answer, lead.rival) == ("yes", "worse")
    assert "better than worse and every other rival" in lead.sentence


def test_a_verdict_tells_the_loss_as_a_loss() -> None:
    verdict = decide([LOSS], {"model": noise(0, -2.0)}, {"rival": ZERO}, ALONE)["model"]
    assert verdict.difference == pytest.approx(-2.0)
    assert verdict.interval is not None
    low, high = verdict.interval
    assert low < -2 < high < 0
    assert verdict.p_value is not None
    assert verdict.p_value < 0.001
    assert verdict.corrected_for == (1, 1)
    assert verdict.sentence == (
        "Yes: model is better than rival (loss -2.00 against 0.00, difference -2.00 "
        f"[{low:+.2f}, {high:+.2f}])."
    )


def test_the_p_value_is_the_level_at_which_yes_would_begin() -> None:
    edge = student(0.99) / np.sqrt(ROWS - 1)
    verdict = decide([GAIN], {"model": noise(0, edge)}, {"rival": ZERO}, ALONE)["model"]
    assert verdict.p_value == pytest.approx(0.01, rel=0.2)
    models = {f"m{number}": noise(number, edge if number == 0 else 0) for number in range(7)}
    among = decide([GAIN], models, {"rival": ZERO}, ALONE)["m0"]
    assert among.p_value == pytest.approx(1 - 0.99**7, rel=0.2)


def test_copies_of_rows_decide_nothing() -> None:
    model = noise(0, 0.1)
    alone = contest(GAIN, {"model": model}, {"rival": ZERO}, ALONE)
    copied = contest(
        GAIN,
        {"model": [np.repeat(model[0], 4, axis=0)]},
        {"rival": [np.zeros((4 * ROWS, 1))]},
        Evidence(np.repeat(np.arange(ROWS), 4)),
    )
    assert copied.error == pytest.approx(alone.error)
    assert copied.low == pytest.approx(alone.low)


def test_contenders_that_say_the_same_are_undecided_in_every_measure() -> None:
    rng = np.random.default_rng(0)
    truth, p = rng.integers(0, 2, ROWS), rng.random(ROWS)
    rows = class_statistics(np.column_stack([1 - p, p]), (p > 0.5).astype(int), truth)
    for measure in TWO.values():
        found = contest(measure, {"model": [rows]}, {"rival": [rows.copy()]}, ALONE)
        assert (found.gain, found.error) == (0, 0)
        verdict = decide([measure], {"model": [rows]}, {"rival": [rows]}, ALONE)["model"]
        assert (verdict.answer, verdict.difference) == ("undecided", 0)
        assert verdict.p_value == 1
    # nor do roundings tell them apart
    nudged = rows.copy()
    nudged[:, :2] *= 1 + 1e-15
    found = decide([TWO["Brier score"]], {"model": [nudged]}, {"rival": [rows]}, ALONE)
    assert (found["model"].answer, found["model"].difference) == ("undecided", 0)


def test_a_gain_that_is_the_same_everywhere_is_found_and_has_an_interval() -> None:
    for pieces in (40, 200):
        verdict = decide(
            [GAIN],
            {"model": [np.ones((pieces, 1))]},
            {"rival": [np.zeros((pieces, 1))]},
            Evidence(np.arange(pieces)),
        )["model"]
        assert verdict.answer == "yes"
        assert verdict.interval is not None
        # as if one more piece had shown no gain: two degrees of freedom, as of one part that tells
        low = 1 - stats.t.ppf(0.975, 2) / pieces
        assert verdict.interval == pytest.approx((low, 2 - low), rel=0.01)


def test_too_few_pieces_or_positives_give_no_answer_but_the_rows_needed() -> None:
    few = decide(
        [GAIN], {"m": noise(0, 9.0, 10)}, {"r": [np.zeros((10, 1))]}, Evidence(np.arange(10))
    )["m"]
    assert (few.answer, few.interval, few.p_value, few.needed) == ("too few", None, None, 40)
    assert few.sentence.startswith("Too few to say: m has gain 9.0 against 0.0, r being its")
    assert "10 independent pieces of evidence, and about 40 rows would be needed." in few.sentence
    truth = (np.arange(400) < 10).astype(int)
    p = np.where(truth, 0.9, 0.1)
    good, bad = (
        class_statistics(np.column_stack([1 - s, s]), (s > 0.5).astype(int), truth)
        for s in (p, 1 - p)
    )
    rare = decide([TWO["Brier score"]], {"m": [good]}, {"r": [bad]}, Evidence(np.arange(400)))["m"]
    assert (rare.answer, rare.needed) == ("too few", 800)
    assert "nearly all of one kind, and about 800 rows would be needed." in rare.sentence


def test_what_cannot_be_measured_is_not_decided() -> None:
    model = noise(0)
    broken = [np.where(np.arange(ROWS)[:, None] == 3, np.nan, model[0])]
    verdicts = decide([GAIN], {"m": broken, "fine": noise(1, 5.0)}, {"r": ZERO}, ALONE)
    assert verdicts["m"].answer == "too few"
    assert "cannot be measured" in verdicts["m"].sentence
    assert verdicts["fine"].answer == "yes"


def test_steps_that_remember_decide_less_than_their_number_says() -> None:
    slow = np.convolve(np.random.default_rng(4).normal(size=1400), 0.9 ** np.arange(80))[200:1200]
    slow = (slow - slow.mean()) / slow.std() + 0.2
    models, rivals = {"m": [slow[:, None]]}, {"r": [np.zeros((1000, 1))]}
    alone = decide([GAIN], models, rivals, Evidence(np.arange(1000)))["m"]
    in_time = decide([GAIN], models, rivals, Evidence(np.arange(1000), in_time=True))["m"]
    assert (alone.answer, in_time.answer) == ("yes", "undecided")
    assert in_time.pieces < 50 < alone.pieces
    short = Evidence(np.arange(100), in_time=True)
    few = decide([GAIN], {"m": [slow[:100, None]]}, {"r": [np.zeros((100, 1))]}, short)["m"]
    assert few.answer == "too few"
    assert f"{few.pieces} independent blocks, and about {few.needed:,} steps would" in few.sentence


def test_each_pair_has_blocks_as_long_as_it_remembers() -> None:
    slow = np.convolve(np.random.default_rng(4).normal(size=800), 0.9 ** np.arange(80))[:800]
    fast = np.random.default_rng(5).normal(size=800)
    evidence, zero = Evidence(np.arange(800), in_time=True), {"r": [np.zeros((800, 1))]}
    (of_slow,), (of_fast,) = contest(
        GAIN, {"a": [slow[:, None]], "b": [fast[:, None]]}, zero, evidence
    ).pieces.tolist()
    assert contest(GAIN, {"a": [slow[:, None]]}, zero, evidence).pieces.tolist() == [[of_slow]]
    assert contest(GAIN, {"b": [fast[:, None]]}, zero, evidence).pieces.tolist() == [[of_fast]]
    assert of_slow < of_fast


def test_a_rival_that_too_few_blocks_tell_of_keeps_no_other_from_deciding() -> None:
    steps = np.arange(400)
    drift = (steps - 200) / 100  # it never comes back: no number of its blocks is enough
    noise_of = np.random.default_rng(6).normal(size=400)
    evidence = Evidence(steps, in_time=True)
    model = {"m": [noise_of[:, None]]}
    worse = {"drifting": [drift[:, None]], "better": [(noise_of + 1)[:, None]]}
    lost = decide([GAIN], model, worse, evidence)["m"]
    assert (lost.answer, lost.rival) == ("no", "better")
    led = {"drifting": [drift[:, None]], "worse": [(noise_of - 1)[:, None]]}
    few = decide([GAIN], model, led, evidence)["m"]
    assert (few.answer, few.rival) == ("too few", "drifting")
    assert few.needed is not None


def test_rivals_that_never_differ_have_no_interval() -> None:
    same = decide([GAIN], {"m": noise(0)}, {"r": noise(0)}, ALONE)["m"]
    assert (same.answer, same.difference, same.interval) == ("undecided", 0.0, None)
    assert same.sentence.startswith("Undecided: m does as r does on the rows held out (gain ")
    nearly = decide(
        [GAIN], {"m": noise(0, 5.0)}, {"r": [noise(0, 5.0)[0] + 1e-8 * noise(1)[0]]}, ALONE
    )
    assert nearly["m"].sentence == "Undecided: m does as r does on the rows held out (gain 5)."


def test_too_few_rows_in_which_two_do_the_same_are_said_with_one_figure_and_their_unit() -> None:
    rows, few = [np.full((12, 1), 1.145573)], Evidence(np.arange(12))
    assert decide([LOSS], {"m": rows}, {"r": rows}, few)["m"].sentence == (
        "Too few to say: m does as r does, its hardest rival (loss 1.146); the rows held out are "
        "12 independent pieces of evidence, and about 40 rows would be needed."
    )
    slow = [np.repeat([1.0, 2.0, 1.5], 20)[:, None]]
    steps = decide([LOSS], {"m": slow}, {"r": [slow[0] * 1.1]}, Evidence(np.arange(60), True))
    assert steps["m"].answer == "too few"
    assert f" blocks, and about {steps['m'].needed} steps would be needed." in steps["m"].sentence


def test_what_too_few_blocks_show_is_no_loss() -> None:
    steps = np.arange(400)
    drift = 2.5 + (steps - 200) / 100  # above throughout, but of a memory without an end
    rng = np.random.default_rng(6)
    model, equal = rng.normal(size=(2, 400, 1))
    evidence = Evidence(steps, in_time=True)
    rivals = {"drifting": [drift[:, None]], "equal": [equal]}
    found = contest(GAIN, {"m": [model]}, rivals, evidence)
    assert found.high[0, 0] < 0
    assert found.enough.tolist() == [[False, True]]
    verdict = decide([GAIN], {"m": [model]}, rivals, evidence)["m"]
    assert (verdict.answer, verdict.rival) == ("undecided", "equal")


@pytest.mark.parametrize(
    ("gains", "answer_and_rival"),
    [
        ((-2.0, -1.0, -3.0), ("yes", "b")),  # beats all: the best of them
        ((1.0, 2.0, -1.0), ("no", "b")),  # loses to two: the one to use is the better
        ((0.02, -0.03, -2.0), ("undecided", "a")),  # two are in the way: the better of them
        ((2.0, 0.02, -2.0), ("no", "a")),  # and not the one that cannot be told apart
    ],
)
def test_the_rival_named_is_the_best_of_those_that_decide(
    gains: tuple[float, ...], answer_and_rival: tuple[str, str]
) -> None:
    rivals = {
        name: noise(seed, gain)
        for seed, (name, gain) in enumerate(zip("abc", gains, strict=True), start=1)
    }
    verdict = decide([GAIN], {"m": noise(0)}, rivals, ALONE)["m"]
    assert (verdict.answer, verdict.rival) == answer_and_rival


def test_trainings_that_differ_widen_a_verdict_and_are_counted() -> None:
    one = noise(0, 0.3)
    three = [one[0] + shift for shift in (-0.25, 0.0, 0.25)]
    assert answer(GAIN, one, rival=ZERO) == "yes"
    verdict = decide([GAIN], {"model": three}, {"rival": ZERO}, ALONE)["model"]
    assert (verdict.answer, verdict.seeds) == ("undecided", 3)
    assert verdict.difference == pytest.approx(0.3)
    low = 0.3 - np.sqrt(
        stats.t.ppf(0.975, ROWS - 1) ** 2 / (ROWS - 1) + stats.t.ppf(0.975, 2) ** 2 * 0.0625 / 3
    )
    assert verdict.interval is not None
    assert verdict.interval[0] == pytest.approx(low, rel=0.05)
    of_rival = decide([GAIN], {"model": one}, {"rival": [-each for each in three]}, ALONE)
    assert of_rival["model"].interval is not None
    assert np.ptp(of_rival["model"].interval) > 0.9 * np.ptp(verdict.interval)


def test_another_measure_is_said_beside_where_it_differs() -> None:
    truth = np.arange(ROWS) % 2
    sure, unsure = (
        class_statistics(np.column_stack([1 - p, p]), (p > 0.5).astype(int), truth)
        for p in (np.where(truth, 0.99, 0.01), np.where(truth, 0.51, 0.49))
    )
    measures = [TWO["Brier score"], TWO["accuracy"], TWO["log loss"]]
    verdict = decide(measures, {"m": [sure]}, {"r": [unsure]}, ALONE, ["accuracy"])["m"]
    assert verdict.answer == "yes"
    assert [aside.measure for aside in verdict.beside] == ["accuracy"]
    assert verdict.sentence.endswith(" By accuracy, it and r are equal.")


@settings(max_examples=40)
@given(st.floats(-30, 150), st.integers(0, 9999), st.booleans())
def test_a_verdict_in_another_unit_is_the_same_verdict(
    power: float, seed: int, in_time: bool
) -> None:
    rng, unit = np.random.default_rng(seed), 10.0**power
    rows = [rng.normal(size=(60, 1)) + rng.choice([0, 0.5, 2]) for _ in range(4)]
    rivals = {"r": [rows[2]], "q": [rows[3]]}
    evidence = Evidence(np.arange(60), in_time)
    found = decide([LOSS], {"m": [rows[0], rows[1]]}, rivals, evidence)["m"]
    scaled = {name: [each * unit for each in said] for name, said in rivals.items()}
    other = decide([LOSS], {"m": [rows[0] * unit, rows[1] * unit]}, scaled, evidence)["m"]
    assert (other.answer, other.rival, other.needed) == (found.answer, found.rival, found.needed)
    assert other.difference == pytest.approx(found.difference * unit)
    if found.interval is not None:
        assert other.interval == pytest.approx([end * unit for end in found.interval])
        assert other.p_value == pytest.approx(found.p_value, abs=1e-3)


@settings(max_examples=40)
@given(st.floats(-100, 100), st.integers(0, 999))
def test_a_verdict_from_another_zero_is_the_same_verdict(zero: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    model, rival = rng.normal(size=(50, 1)) + rng.choice([0, 0.5, 2]), rng.normal(size=(50, 1))
    evidence = Evidence(np.arange(50))
    found = contest(LOSS, {"m": [model]}, {"r": [rival]}, evidence)
    moved = contest(LOSS, {"m": [model + zero]}, {"r": [rival + zero]}, evidence)
    assert moved.low == pytest.approx(found.low, abs=1e-9)
    assert moved.high == pytest.approx(found.high, abs=1e-9)


@pytest.mark.parametrize(("unit", "shown"), [
    (1.0, "loss 0.00 against 1.00, difference -1.00 ["),
    (1e-30, "loss 0 against 1.00e-30, difference -1.00e-30 ["),
    (1e4, "loss 0 against 10,000, difference -10,000 ["),
    (1e20, "loss 0 against 1.00e+20, difference -1.00e+20 ["),
])  # fmt: skip
def test_a_sentence_has_the_digits_that_its_interval_bears(unit: float, shown: str) -> None:
    model, rival = [np.zeros((ROWS, 1))], [noise(0, 1.0)[0] * unit]
    verdict = decide([LOSS], {"m": model}, {"r": rival}, ALONE)["m"]
    assert shown in verdict.sentence


def equals(rng: np.random.Generator, count: int, rows: int) -> list[list[np.ndarray]]:
    """Contenders equally good, whose scores have much in common."""
    truth, common = rng.random(rows) < 0.3, rng.normal(size=rows)
    said = []
    for _ in range(count):
        scores = 0.8 * common + 0.6 * rng.normal(size=rows) + 1.5 * truth
        p = 1 / (1 + np.exp(1.9 - 1.5 * scores))
        said.append([class_statistics(np.column_stack([1 - p, p]), (p > 0.4).astype(int), truth)])
    return said


@pytest.mark.parametrize("name", ["Brier score", "F1"])
def test_seven_networks_and_three_rivals_that_are_equal_are_rarely_told_apart(name: str) -> None:
    rng, false = np.random.default_rng(11), 0
    for _ in range(60):
        said = equals(rng, 10, 150)
        models = {f"m{number}": each for number, each in enumerate(said[:7])}
        rivals = {f"r{number}": each for number, each in enumerate(said[7:])}
        verdicts = decide([TWO[name]], models, rivals, Evidence(np.arange(150)))
        false += any(verdict.answer in ("yes", "no") for verdict in verdicts.values())
    assert false <= 8  # 3 expected


def test_a_model_that_is_better_is_found() -> None:
    rng, found = np.random.default_rng(12), 0
    for _ in range(30):
        truth = rng.random(800) < 0.3
        rows = []
        for apart in (2.2, 1.5):
            p = 1 / (
                1 + np.exp(apart**2 / 2 + 0.85 - apart * (rng.normal(size=800) + apart * truth))
            )
            rows.append(class_statistics(np.column_stack([1 - p, p]), (p > 0.5).astype(int), truth))
        verdict = decide([TWO["Brier score"]], {"m": rows[:1]}, {"r": rows[1:]},
                         Evidence(np.arange(800)))["m"]  # fmt: skip
        found += verdict.answer == "yes"
    assert found >= 27


def test_many_rows_and_contenders_take_seconds() -> None:
    rng, began = np.random.default_rng(0), time.perf_counter()
    said = equals(rng, 8, 50_000)
    evidence = Evidence(np.arange(50_000))
    models = {f"m{number}": each for number, each in enumerate(said[:5])}
    rivals = {f"r{number}": each for number, each in enumerate(said[5:])}
    verdicts = decide([TWO["Brier score"]], models, rivals, evidence)
    assert {verdict.answer for verdict in verdicts.values()} <= {"undecided", "yes", "no"}
    assert time.perf_counter() - began < 20


def test_small_differences_of_great_numbers_are_no_roundings() -> None:
    model, rival = [noise(0, -2.0)[0] * 1e-3 + 1e5], [np.full((ROWS, 1), 1e5)]
    verdict = decide([LOSS], {"m": model}, {"r": rival}, ALONE)["m"]
    assert verdict.answer == "yes"
    assert verdict.difference == pytest.approx(-2e-3, rel=1e-6)


def test_figures_that_differ_by_next_to_nothing_show_no_row_of_digits() -> None:
    draw = np.random.default_rng(0)
    losses = draw.random((400, 1)) + 1.0
    closer = losses + 1e-10 * draw.normal(size=(400, 1))
    measure = Measure("MAE", mean_of(0), higher_is_better=False, losses=lambda rows: rows[:, 0])
    evidence = Evidence(np.arange(400))
    verdict = decide([measure], {"ours": [closer]}, {"theirs": [losses]}, evidence)["ours"]
    assert verdict.answer == "undecided"
    first = verdict.sentence.split("MAE ")[1].split(" against")[0]
    assert len(first) <= len("1.500000")
    assert "e-" not in verdict.sentence
