"""What another tool says of files that hold a leak, and of their twins that hold none.

    PYTHONPATH=SITE python benchmarks/leak_peers.py leakcheck-ml FOLDER

FOLDER is written by `leak_table.py`, which starts this in the environment of each tool. A tool is
called as the first example of its documentation does: a training and a test table, and the name of
the target; deepchecks is told which column is the index and which the time, as it asks for.
"""

import contextlib
import importlib.metadata
import io
import json
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

Said = tuple[str, str, bool]  # the check, the column, whether it fails: a warning does not


def leakcheck(train: pd.DataFrame, test: pd.DataFrame) -> Iterator[Said]:
    """Ask leakcheck: what fails ends its command with 1."""
    from leakcheck.checks import run_all

    for each in run_all(train, test, target="label"):
        if each.status != "pass":
            details = each.details if isinstance(each.details, dict) else {}
            column = details.get("column") or details.get("columns") or named(each.message)
            yield each.check, str(column), each.status == "fail"


def dataleaks(train: pd.DataFrame, test: pd.DataFrame) -> Iterator[Said]:
    """Ask dataleaks: high and critical findings fail."""
    from dataleaks import DataLeaks

    for each in DataLeaks(train, target="label", test=test).run().findings:
        columns = ", ".join(map(str, each.affected_columns))
        yield each.detector, columns, each.severity.lower() in ("high", "critical")


def leaklens(train: pd.DataFrame, test: pd.DataFrame) -> Iterator[Said]:
    """Ask leaklens: critical issues say "do not train"."""
    from leaklens import LeakLens

    for each in LeakLens(train, test, target="label").run().issues:
        if each.severity.value != "info":
            yield each.title, str(each.column), each.severity.value == "critical"


def deepchecks(train: pd.DataFrame, test: pd.DataFrame) -> Iterator[Said]:
    """Ask deepchecks: its suite for a split, and what another asks of one table and its target."""
    setattr(np, "Inf", np.inf)  # noqa: B010  # a name that NumPy 2 has dropped
    from deepchecks.core import ConditionCategory
    from deepchecks.tabular import Dataset
    from deepchecks.tabular.checks import FeatureLabelCorrelation, IdentifierLabelCorrelation
    from deepchecks.tabular.suites import train_test_validation

    roles = {"index_name": ("id", "no"), "datetime_name": ("day",)}
    chosen = {
        role: next((c for c in train.columns if c in names), None) for role, names in roles.items()
    }
    if chosen["datetime_name"]:
        train, test = (f.assign(day=pd.to_datetime(f["day"])) for f in (train, test))
    words = [
        c for c in train.select_dtypes("object").columns if c not in ("label", *chosen.values())
    ]
    sides = [Dataset(f, label="label", cat_features=words, **chosen) for f in (train, test)]
    results = list(train_test_validation().run(*sides, with_display=False).results)
    single = [FeatureLabelCorrelation().add_condition_feature_pps_less_than()]
    if chosen["index_name"] or chosen["datetime_name"]:
        single.append(IdentifierLabelCorrelation().add_condition_pps_less_or_equal())
    results += [check.run(sides[0], with_display=False) for check in single]
    for result in results:
        for condition in getattr(result, "conditions_results", None) or []:
            if not condition.is_pass() and condition.category != ConditionCategory.ERROR:
                fails = condition.category == ConditionCategory.FAIL
                columns = [name for name in named(condition.details).split(", ") if name in train]
                yield result.check.name(), ", ".join(columns), fails


def named(message: str) -> str:
    """Give the columns that a message names in quotes."""
    import re

    return ", ".join(sorted(set(re.findall(r"'([^']+)'", message))))


TOOLS: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Iterator[Said]]] = {
    "leakcheck-ml": leakcheck,
    "dataleaks": dataleaks,
    "leaklens": leaklens,
    "deepchecks": deepchecks,
}


def asked(tool: str, folder: Path, twin: str) -> list[Said]:
    """Ask a tool of one pair of files; what it prints is left out."""
    train, test = (pd.read_csv(folder / f"{twin}-{side}.csv") for side in ("train", "test"))
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return sorted(set(TOOLS[tool](train, test)))


def main() -> None:
    """Ask of every case in the folder; write what was said beside the files."""
    warnings.filterwarnings("ignore")
    tool, folder = sys.argv[1], Path(sys.argv[2])
    said: dict[str, dict[str, list[Said]]] = {}
    for case in sorted(path for path in folder.iterdir() if path.is_dir()):
        try:
            said[case.name] = {twin: asked(tool, case, twin) for twin in ("leak", "twin")}
        except Exception as problem:  # whatever it raises is what it says
            said[case.name] = {"error": [(type(problem).__name__, str(problem)[:200], False)]}
        version = importlib.metadata.version(tool)
        whole = {"tool": tool, "version": version, "said": said}
        (folder / f"{tool}.json").write_text(json.dumps(whole, indent=1), "utf-8")


if __name__ == "__main__":
    main()
