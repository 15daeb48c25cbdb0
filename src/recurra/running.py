"""Run a problem, write what was found, ask it again: what the command line does, for Python.

::

    runs/spam/
    ├── model/            the network that is kept
    │   └── baseline/     the best baseline, asked like it
    ├── history.csv       the curve of each member
    ├── predictions.csv   held rows: id, truth, what every contender said
    ├── split.csv         which side each row stood on
    ├── training_rows.safetensors    what new rows are held to: hashes and counts
    ├── report.html
    ├── report.json
    └── search.db         of a search: what was tried, for Optuna
"""

import shutil
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from recurra.executing import Executor, Here
from recurra.judging import run as judging
from recurra.judging.problem import Problem
from recurra.judging.report import Report
from recurra.judging.run import Found
from recurra.judging.sheet import sheet_of
from recurra.judging.shift import KnownRows
from recurra.ledger import record, row_keys
from recurra.listeners import Listener, Listeners
from recurra.pages.report import render_report
from recurra.runs import COMPARED, SEARCHED, SEARCHED_FOLDS, TRAINED, TRIALS, RunFolder

__all__ = ["compare", "run"]

Choose = Callable[[Any, RunFolder, Executor, Listener], Problem]
Commands = Sequence[tuple[str, Sequence[str]]]  # what each is for, and its words


def run(
    problem: Problem,
    out: str | Path | None = None,
    *,
    resume: bool = False,
    overwrite: bool = False,
    repeats: int = 1,
    fit_all: bool | None = None,
    executor: Executor | None = None,
    choose: Choose | None = None,
    listeners: Sequence[Listener] = (),
    command: str = "",
    commands: Commands | None = None,
) -> Found:
    """Fit every contender of a problem, judge it on the held rows, and write the run folder.

    Args:
        problem: what is asked, such as `problems.spam(sample=True)`.
        out: the run folder; None writes nothing.
        resume: whether to go on with an unfinished run that is there.
        overwrite: whether to discard an unfinished run, and in the end to replace a finished one.
        repeats: how many times each network is trained, from a seed each.
        fit_all: whether the network that is saved is fitted anew on all rows after judging; None:
            as the problem has it.
        executor: who fits, as `recurra.executing.executor_named` gives it; None: this process.
        choose: who chooses settings within the training rows before the judging, as
            `recurra.searching` does; what was tried is kept in the folder, which must be given.
        listeners: who watches.
        command: that asked for it, for the report.
        commands: that may be typed next, for the page; None: those that ask its model.

    Returns:
        What was found: `.report`, and the fitted models by `.model(name)`.

    Raises:
        RunError: the folder is occupied, or the run in it is of other data or settings.
    """
    listener = Listeners(listeners)
    artefacts = TRAINED if choose is None else SEARCHED
    with _begun(out, artefacts, problem, resume, overwrite, listener) as folder:
        if choose is not None and folder is not None:
            problem = choose(problem, folder, executor or Here(), listener)
        found = judging.run(
            problem,
            repeats=repeats,
            fit_all=fit_all,
            executor=executor,
            checkpoints=None if folder is None else folder.checkpoints,
            logs=None if folder is None else folder.logs,
            listener=listener,
            command=command,
        )
        _write_down("train", problem, found.report)
        if folder is not None:
            following = problem.commands(str(folder.path)) if commands is None else commands
            folder.finish(lambda place: _write_run(place, found, following, folder.checkpoints))
    return found


def compare(
    problem: Problem,
    out: str | Path | None = None,
    *,
    resume: bool = False,
    overwrite: bool = False,
    repeats: int = 1,
    executor: Executor | None = None,
    choose: Choose | None = None,
    listeners: Sequence[Listener] = (),
    command: str = "",
    commands: Callable[[Report], Commands] = lambda report: (),
) -> Report:
    """Fit and judge every contender on every fold; what is finished is kept, and gone on from.

    What is given is as in `run`; `commands` gives from the report those that may be typed next.
    """
    listener = Listeners(listeners)
    artefacts = COMPARED if choose is None else SEARCHED_FOLDS
    with _begun(out, artefacts, problem, resume, overwrite, listener) as folder:
        if choose is not None and folder is not None:
            problem = choose(problem, folder, executor or Here(), listener)
        report = judging.compare(
            problem,
            repeats=repeats,
            executor=executor,
            checkpoints=None if folder is None else folder.checkpoints,
            logs=None if folder is None else folder.logs,
            listener=listener,
            command=command,
        )
        _write_down("compare", problem, report)
        if folder is not None:
            page = render_report(report, commands=commands(report), chosen=problem.choice)
            trials = folder.checkpoints / TRIALS if choose else None
            folder.finish(lambda place: _write_comparison(place, report, page, trials))
    return report


def _write_down(work: str, problem: Problem, report: Report) -> None:
    """Write down that the rows held were scored, say how often they were, and fill the sheet."""
    held = np.concatenate([fold.held for fold in problem.folds])
    keys = row_keys(problem.keys(), held, problem.data.sha256)
    models = [each.name for each in report.contenders if not each.baseline]
    settings = judging.facts_of(problem)
    report.test_use = record(
        work, problem.name, problem.data.source, keys, models, settings, report.verdict
    )
    report.sheet = sheet_of(report, problem.unmeasured)


def _begun(
    out: str | Path | None,
    artefacts: tuple[str, ...],
    problem: Problem,
    resume: bool,
    overwrite: bool,
    listener: Listener,
) -> AbstractContextManager[RunFolder | None]:
    if out is None:
        return nullcontext()
    folder = RunFolder(Path(out), artefacts)
    facts = judging.facts_of(problem)
    return folder.begun(facts, resume=resume, overwrite=overwrite, listener=listener)


def _write_run(place: Path, found: Found, commands: Commands, checkpoints: Path) -> None:
    report, chosen, best = found.report, found.chosen, found.best_baseline
    facts = {"problem": report.problem, "recipe": report.problem, "baseline": best}
    facts["fitted_on"] = "" if report.training is None else report.training.fitted_on
    more = found.problem.saved_facts
    (found.final or found.model(chosen)).save(
        place / "model", card_of(report), **facts, **more(found, chosen)
    )
    beside = {"problem": report.problem, "name": best, **more(found, best)}
    found.model(best).save(place / "model" / "baseline", "", **beside)
    _curves(found).to_csv(place / "history.csv", index=False)
    pd.DataFrame(dict(found.problem.predictions(found))).to_csv(
        place / "predictions.csv", index=False
    )
    members = 1 if report.model is None else report.model.members
    sides_of(found.problem, members).to_csv(place / "split.csv", index=False)
    if found.problem.choice is not None:
        shutil.copyfile(checkpoints / TRIALS, place / TRIALS)
    rows_kept(found).save(place / "training_rows.safetensors")
    (place / "report.html").write_text(
        render_report(report, found, commands, found.problem.choice), "utf-8"
    )
    (place / "report.json").write_text(report.to_json(), "utf-8")


def rows_kept(found: Found) -> KnownRows:
    """Give what is kept of the rows that the saved network was fitted on."""
    fold = found.problem.folds[-1]
    rows = fold.known if found.final is None else found.problem.whole().known
    return KnownRows.of(found.problem.look(rows), found.problem.seed)


def _write_comparison(place: Path, report: Report, page: str, trials: Path | None) -> None:
    if trials is not None:
        shutil.copyfile(trials, place / TRIALS)
    (place / "compare.html").write_text(page, "utf-8")
    (place / "compare.json").write_text(report.to_json(), "utf-8")


def _curves(found: Found) -> pd.DataFrame:
    """Give the curve of every member of every network, a row an epoch."""
    rows: list[dict[str, Any]] = []
    for (name, fold, repeat), outcome in found.outcomes.items():
        if outcome.parameters is None or outcome.model is None:
            continue
        curves = outcome.model.training().curves  # type: ignore[attr-defined]
        for member, curve in enumerate(curves, start=1):
            where = {"network": name, "fold": fold + 1, "seed": repeat + 1, "member": member}
            rows += [where | row for row in curve]
    return pd.DataFrame(rows)


def sides_of(problem: Problem, turns: int = 1) -> pd.DataFrame:
    """Give the side of every row, in every fold.

    Args:
        problem: whose rows they are.
        turns: how many of the turns the network that is kept took, one a member.
    """
    given = {**problem.split_columns(), **problem.keys()}
    columns = {name: np.asarray(column) for name, column in given.items()}
    rows = max(map(len, columns.values()), default=problem.data.rows)
    parts = []
    for number, fold in enumerate(problem.folds, start=1):
        side = np.full(rows, "left out", object)
        for train, _ in fold.sides:  # rows known that no turn takes are purged: "left out"
            side[fold.known[train]] = "train"
        taken = fold.sides[:turns]
        for turn, (_, validation) in enumerate(taken, start=1):
            name = "validation" if len(taken) == 1 else f"validation {turn}"
            side[fold.known[validation]] = name
        side[fold.held] = "test"
        part = {"id": np.arange(rows), **columns, "side": side}
        parts.append(pd.DataFrame(part if len(problem.folds) == 1 else part | {"fold": number}))
    return pd.concat(parts)


def card_of(report: Report) -> str:
    """Write the model card."""
    assert report.model is not None
    assert report.training is not None
    result = report.contender(report.verdict.model)
    measures = ", ".join(f"{name} {value}" for name, value in result.measures.items())
    failed = [probe.name for probe in report.probes if not probe.passed]
    finds = f"Finds **{report.data.positive}**. " if report.data.positive else ""
    return (
        f"# {report.model.architecture}, trained by Recurra {report.version}: {report.problem}\n\n"
        f"{finds}Trained on {report.data.source} ({report.data.rows:,} rows; SHA-256 "
        f"{report.data.sha256}), fitted on {report.training.rows_in_words}.\n\n"
        f"- Network: {result.network}; {report.model.parameters:,} parameters, "
        f"{report.model.members} member(s), {report.training.curve}.\n"
        f"- Held out, {report.split.test:,} rows ({report.split.kind}): {measures}.\n"
        f"- Verdict: {report.answer} {report.verdict.sentence}\n"
        f"- Leak probes: {'failed: ' + ', '.join(failed) if failed else 'all passed'}.\n\n"
        "It says what rows like these were; of other kinds of rows it may be wrong.\n"
    )
