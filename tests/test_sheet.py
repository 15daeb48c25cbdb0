"""The info sheet: filled from what was measured, and "not checked" where nothing looked."""

import ast
from pathlib import Path

import recurra
from recurra.judging.example import coin_problem
from recurra.judging.report import Probe, Report
from recurra.judging.sheet import LOOKED_AT, sheet_of
from recurra.running import compare, run

SOURCE = Path(recurra.__file__).parent


def answers(report: Report) -> dict[str, str]:
    return {line.item: line.answer for line in report.sheet}


def test_a_run_of_texts_answers_what_it_measured(finished: Path) -> None:
    report = Report.model_validate_json((finished / "report.json").read_text("utf-8"))
    found = answers(report)
    assert {item: found[item] for item in ("L1.1", "L1.2", "L1.3", "L1.4", "use")} == {
        "L1.1": "yes", "L1.2": "yes", "L1.3": "yes", "L1.4": "yes", "use": "yes"
    }  # fmt: skip
    assert found["L3.1"] == found["L3.2"] == found["L3.3"] == "not checked"
    assert found["seeds"] == "no"
    page = (finished / "report.html").read_text("utf-8")
    assert "Info sheet" in page
    assert "not checked" in page


def test_a_probe_that_fails_is_a_no() -> None:
    report = run(coin_problem()).report
    assert answers(report)["L1.4"] == "not checked"
    report.probes = [Probe(name="rows in both sides", passed=False, size=3, detail="3 are.")]
    (line,) = [each for each in sheet_of(report) if each.item == "L1.4"]
    assert (line.answer, line.detail) == ("no", "rows in both sides: 3 are.")


def test_several_trainings_and_other_settings_are_said() -> None:
    found = answers(run(coin_problem(), repeats=2).report)
    assert (found["seeds"], found["use"]) == ("yes", "yes")
    assert answers(compare(coin_problem()))["use"] == "yes", "the same settings choose nothing"


def test_a_comparison_says_that_it_ran_no_probes() -> None:
    (line,) = [each for each in compare(coin_problem()).sheet if each.item == "L1.4"]
    assert line.answer == "not checked"
    assert "a comparison runs no probes" in line.detail


def names_of_probes(path: Path) -> set[str]:
    """Give the names of all probes for leaks that a module makes."""
    tree, constants, found = ast.parse(path.read_text("utf-8")), {}, set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for targets in node.targets:
                pairs = zip(
                    getattr(targets, "elts", [targets]),
                    getattr(node.value, "elts", [node.value]),
                    strict=False,
                )
                constants |= {
                    t.id: v.value
                    for t, v in pairs
                    if isinstance(t, ast.Name) and isinstance(v, ast.Constant)
                }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Probe":
            given = {word.arg: word.value for word in node.keywords}
            name = given["name"]
            if not (isinstance(given.get("leak"), ast.Constant) and given["leak"].value is False):  # type: ignore[union-attr]
                found.add(name.value if isinstance(name, ast.Constant) else constants[name.id])  # type: ignore[attr-defined]
    return found


def test_every_probe_for_a_leak_has_its_place_on_the_sheet() -> None:
    paths = [*SOURCE.glob("problems/*.py"), *SOURCE.glob("judging/*.py")]
    names = set().union(*map(names_of_probes, paths))
    assert len(names) >= 8
    homeless = {name for name in names if not any(name.startswith(known) for known in LOOKED_AT)}
    assert homeless == set(), "add it to LOOKED_AT of judging/sheet.py"
