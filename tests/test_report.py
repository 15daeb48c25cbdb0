"""The report: figures as people read them, tables in a notebook, one JSON object."""

import json

import pytest

from recurra.judging.example import coin_problem
from recurra.judging.report import Estimate, Evaluation, Report, figure
from recurra.judging.run import run


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"),
        (0.0, "0.000"),
        (0.01, "0.010"),
        (0.0099999, "0.01"),
        (-0.00123456, "-0.001235"),
        (999.9994, "999.999"),
        (1000.0, "1000"),
        (-123456.0, "-1.235e+05"),
        (-0.5, "-0.500"),
    ],
)
def test_a_figure_has_three_decimals_or_four_digits(value: float | None, shown: str) -> None:
    assert figure(value) == shown


def test_a_deviation_is_written_as_finely_as_its_mean() -> None:
    assert figure(0.0021, 0.5) == "0.002"
    assert figure(0.0021, 0.005) == "0.0021"
    assert figure(2.5, 2000.0) == "2.5"


def test_an_estimate_shows_its_interval_where_there_is_one() -> None:
    assert str(Estimate(value=0.5, interval=(0.25, 0.75), pieces=9)) == "0.500 [0.250, 0.750]"
    assert str(Estimate(value=0.019, interval=(0.00727, 0.047), pieces=9)) == "0.019 [0.007, 0.047]"
    assert str(Estimate(value=0.5, pieces=9, needed=40)) == "0.500"
    assert str(Estimate(value=None, pieces=0)) == "–"


def judged() -> Report:
    return run(coin_problem(sticky=0.9)).report


def test_a_report_shows_its_verdict_and_every_contender_best_first_in_a_notebook() -> None:
    report = judged()
    report.verdicts[0].sentence = "Yes: <b> & more."
    shown = report._repr_html_()
    assert shown.startswith("<p><b>Yes: &lt;b&gt; &amp; more.</b></p><table><tr><th>contender</th>")
    heads = [f"<th>{measure.name}</th>" for measure in report.measures]
    assert f"<th>contender</th>{''.join(heads)}</tr>" in shown
    ranked = report.ranked()
    first = report.measures[0]
    ordered = [each.measures[first.name].value or 0.0 for each in ranked]
    assert ordered == sorted(ordered, reverse=first.higher_is_better)
    rows = [
        "<tr>"
        + "".join(f"<td>{cell}</td>" for cell in [c.name, *map(str, c.measures.values())])
        + "</tr>"
        for c in ranked
    ]
    assert shown.endswith("".join(rows) + "</table>")


def test_contenders_without_a_figure_come_last() -> None:
    report = judged()
    best = report.ranked()[0]
    best.measures[report.measures[0].name] = Estimate(value=None, pieces=0)
    assert report.ranked()[-1].name == best.name


def test_an_evaluation_shows_its_measures_beside_those_of_its_rivals() -> None:
    report = judged()
    measured = {"F1": Estimate(value=0.5, pieces=4), "accuracy": Estimate(value=0.75, pieces=4)}
    rival = {"F1": Estimate(value=0.25, pieces=4), "accuracy": Estimate(value=None, pieces=4)}
    found = Evaluation(
        problem="p",
        model="net",
        source="here",
        sha256="0",
        rows=4,
        measures=measured,
        rivals={"rule": rival},
        notes=["less <than> all"],
    )
    assert found.table() == (
        ["measure", "net", "rule"],
        [["F1", "0.500", "0.250"], ["accuracy", "0.750", "–"]],
    )
    table = (
        "<table><tr><th>measure</th><th>net</th><th>rule</th></tr>"
        "<tr><td>F1</td><td>0.500</td><td>0.250</td></tr>"
        "<tr><td>accuracy</td><td>0.750</td><td>–</td></tr></table>"
    )
    assert found._repr_html_() == table + "<p>less &lt;than&gt; all</p>"
    found.verdict = report.verdict.model_copy(update={"sentence": "a < b"})
    assert found._repr_html_() == "<p><b>a &lt; b</b></p>" + table + "<p>less &lt;than&gt; all</p>"
    text = found.to_json()
    assert text.endswith("}\n")
    assert json.loads(text)["schema"] == "recurra.evaluation/1"
    assert Evaluation.model_validate_json(text) == found


def test_a_report_is_read_back_as_it_was_written() -> None:
    report = judged()
    text = report.to_json()
    assert text.startswith('{\n  "schema": "recurra.report/2",')
    assert text.endswith("}\n")
    assert Report.model_validate_json(text) == report
