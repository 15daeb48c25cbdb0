"""What the command line shows: tables on standard output, notes and progress on standard error."""

import os
import re
import shlex
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from statistics import median
from typing import IO, TYPE_CHECKING, Any

from rich.box import HEAVY_HEAD, SIMPLE_HEAD
from rich.console import Console
from rich.progress import (
    BarColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from recurra.listeners import History, Listener, Progress
from recurra.shown import Shown, visible
from recurra.wording import retold, term, worded

if TYPE_CHECKING:  # a note about a wrong file need not wait for Keras
    from pathlib import Path

    import pandas as pd

    from recurra.auditing.findings import Audit, Curve, Finding
    from recurra.finished import FinishedRun
    from recurra.judging.report import Evaluation, ModelInfo, Probe, Report
    from recurra.looking import Look
    from recurra.markets.checks import PriceCheck

__all__ = [
    "Watch",
    "counting",
    "note",
    "out",
    "show_audit",
    "show_bench",
    "show_bench_runtime",
    "show_check",
    "show_columns",
    "show_evaluation",
    "show_explanation",
    "show_frame",
    "show_layers",
    "show_look",
    "show_report",
    "show_runs",
    "watching",
]


class Terminal(Console):
    """A console on which data say nothing but themselves: no markup, no control characters.

    What colours it is a style. It writes beneath the streams that show control characters, for its
    own are no data.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(highlight=False, markup=False, emoji=False, **settings)

    @property  # type: ignore[misc]  # rich never sets it, and neither do we
    def file(self) -> IO[str]:
        """Where it writes."""
        stream: Any = super().file
        return stream.beneath if isinstance(stream, Shown) else stream

    def render_str(self, text: str, **settings: Any) -> Text:
        """Take a text as it is."""
        return super().render_str(visible(text), **settings)

    def render(self, renderable: Any, options: Any = None) -> Iterator[Segment]:
        """Show what came another way than as a text, too."""
        for segment in super().render(renderable, options):
            plain = segment.control is None
            yield segment._replace(text=visible(segment.text)) if plain else segment


out = Terminal()
interrupted = threading.Event()
err = Terminal(stderr=True)
MOST_COLUMNS = 200  # of a table, that are shown
STYLE = {
    "yes": "bold green",
    "no": "bold red",
    "undecided": "bold yellow",
    "too few": "bold yellow",
}


def note(text: str) -> None:
    """Say something beside the result."""
    err.print(retold(text), style="dim", soft_wrap=True)


class Watch(Listener):
    """Progress of one command: what it is doing, and the epochs of a training."""

    def __init__(self, bar: Bar | None) -> None:
        self.bar = bar
        self.task = None if bar is None else bar.add_task(worded("starting"), total=None)
        self.text = ""
        self.lines: dict[str, Any] = {}  # of units done at once, what the bar calls each
        self.running: dict[str, str] = {}
        self.ended = 0

    def note(self, text: str) -> None:
        """Say what is to be known beside the result."""
        note(text)

    def stage(self, text: str) -> None:
        """Say what begins now."""
        self.text = text
        if self.bar is None or self.task is None:
            note(text)
        else:
            self.bar.update(self.task, description=retold(text), total=None, completed=0)

    def progress(self, member: int, progress: Progress) -> None:
        """Move the bar; without one, say how an epoch ended."""
        if interrupted.is_set():  # Keras swallows a KeyboardInterrupt that comes between batches
            raise KeyboardInterrupt
        text = f"{self.text}, network {member}, epoch {progress.epoch}{_losses(progress.history)}"
        if self.bar is not None and self.task is not None:
            done = progress.epoch - 1 + progress.done
            said = retold(text)
            self.bar.update(self.task, description=said, total=progress.epochs, completed=done)
        elif progress.ended:
            note(text)

    def together(self, ended: int, count: int, running: Mapping[str, str]) -> None:
        """Show how many units have ended, and a line for each at work; without a bar, say which."""
        if interrupted.is_set():
            raise KeyboardInterrupt
        text = f"{ended:,} of {count:,} have ended"
        before, self.running = self.running, dict(running)
        if self.bar is None or self.task is None:
            gone = ", ".join(before[name] for name in before.keys() - running.keys())
            if ended > self.ended:
                note(f"{text}: {gone}")
            self.ended = ended
            return
        self.bar.update(self.task, description=retold(text), total=count, completed=ended)
        for name in self.lines.keys() - running.keys():
            self.bar.remove_task(self.lines.pop(name))
        for name, said in running.items():
            if name not in self.lines:
                self.lines[name] = self.bar.add_task("", total=None)
            self.bar.update(self.lines[name], description=f"  {retold(said)[-100:]}")


def _losses(history: History) -> str:
    if not history.rows:
        return ""
    row, best = history.rows[-1], history.best_epoch
    if not history.validated:
        return f", loss {row['loss']:.4f}"
    return f", validation loss {row['validation_loss']:.4f} (best epoch {best})"


@contextmanager
def watching(quiet: bool = False) -> Iterator[Watch]:
    """Show progress on standard error: a bar on a terminal, else a line a stage and an epoch.

    A notebook lends `!recurra` a terminal, but keeps each frame of a bar as a line.
    """
    if quiet or not err.is_terminal or "JPY_PARENT_PID" in os.environ:
        yield Watch(None)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TimeElapsedColumn(),
    )
    with Bar(*columns, console=err, transient=True) as bar:
        yield Watch(bar)


@contextmanager
def counting(quiet: bool = False) -> Iterator[Callable[[float | None, int], None]]:
    """Show how far a file was read: a bar with rows a second and the time left, or a line each ten.

    Yields:
        To be told what share of the file was read, and how many rows.
    """
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    began = said = time.monotonic()
    shown = err.is_terminal and not quiet and "JPY_PARENT_PID" not in os.environ
    with Bar(*columns, console=err, transient=True, disable=not shown) as bar:
        task = bar.add_task(worded("reading"), total=1.0)

        def watch(share: float | None, rows: int) -> None:
            nonlocal said
            now = time.monotonic()
            text = f"{rows:,} rows, {rows / max(now - began, 1e-9):,.0f} a second"
            bar.update(task, description=retold(text), completed=share or 0.0)
            if not shown and not quiet and now - said >= 10:
                said = now
                note(text if share is None else f"{text}, {share:.0%} of the file")

        yield watch


def show_layers(model: "ModelInfo", *, typed: bool = False) -> None:
    """Print the layers as Keras' `summary()` does, on standard error: they come before the result.

    Args:
        model: the network.
        typed: show the names that Keras gives to layers typed without names, as lessons do.
    """
    table = Table(
        title='Model: "sequential"' if typed else retold(f"Model: {model.architecture}"),
        title_justify="left",
        box=HEAVY_HEAD,
        show_lines=True,
        min_width=75,
    )
    table.add_column(worded("Layer (type)"), overflow="fold")
    table.add_column(worded("Output Shape"), overflow="fold")
    table.add_column(worded("Param #"), justify="right", overflow="fold")
    kinds = [layer.kind.removeprefix("Resting") for layer in model.layers]
    names = _names_by_kind(kinds) if typed else [layer.name for layer in model.layers]
    for name, kind, layer in zip(names, kinds, model.layers, strict=True):
        shape = ", ".join(map(str, layer.output_shape))
        table.add_row(f"{name} ({kind})", f"({shape})", f"{layer.parameters:,}")
    err.print(table)
    fixed = model.parameters - model.trainable if model.trainable is not None else 0
    sizes = {"Total": model.parameters, "Trainable": model.parameters - fixed}
    for what, count in (sizes | {"Non-trainable": fixed}).items():
        err.print(retold(f" {what} params: {count:,} ({_kilobytes(4 * count)})"))
    if model.vocabulary:
        note(f" vocabulary: {model.vocabulary:,}")
    if model.members > 1:
        note(f" networks like this one, averaged: {model.members}")
    for kind in sorted({layer.kind for layer in model.layers} - set(kinds)):
        note(
            f" {kind.removeprefix('Resting')} begins where padding in front would leave it, "
            f"with the same weights ({kind})"
        )


def _names_by_kind(kinds: Sequence[str]) -> list[str]:
    """Give the names that Keras makes of kinds: dense, then dense_1."""
    names: list[str] = []
    for number, kind in enumerate(kinds):
        name = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=.)(?=[A-Z][a-z])", "_", kind).lower()
        before = kinds[:number].count(kind)
        names.append(f"{name}_{before}" if before else name)
    return names


def _kilobytes(size: int) -> str:
    """Write a size as Keras does."""
    value, units = float(size), ["B", "KB", "MB", "GB"]
    while value >= 1024 and len(units) > 1:
        value, units = value / 1024, units[1:]
    return f"{value:.2f} {units[0]}"


def show_report(report: "Report", folder: "Path | None" = None) -> None:
    """Print a report: every contender beside the others, the leaks, the verdict, what to do.

    Args:
        report: of a run or a comparison.
        folder: of the run, for the command to go on with.
    """
    from recurra.judging.report import figure

    sample = " (embedded sample)" if report.data.source.startswith("embedded sample") else ""
    folds = f" in {report.split.folds} folds" if report.split.folds > 1 else ""
    held = report.split.test
    table = Table(
        title=retold(f"{report.problem}{sample}: {held:,} held rows{folds}, 95 % intervals"),
        box=SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    table.add_column(worded("contender"), no_wrap=True)
    first, *others = [measure.name for measure in report.measures]
    for name in (first, *others, "fit s"):
        table.add_column(term(name), justify="right", no_wrap=True)
    for each in report.ranked():
        found = each.measures[first]
        cells = [str(found), *(figure(each.measures[name].value) for name in others)]
        style = "" if each.baseline else "bold"
        table.add_row(each.name, *cells, f"{each.fit_seconds:.1f}", style=style)
    _print_whole(table)
    _show_remarks(report)
    _show_probes(report.probes)
    if report.answer:
        found_one = any(verdict.answer == "yes" for verdict in report.edge)
        out.print(
            retold(report.answer), style=STYLE["yes" if found_one else "undecided"], soft_wrap=True
        )
    for verdict in report.verdicts:
        out.print(retold(verdict.sentence), style=STYLE[verdict.answer], soft_wrap=True)
    for said in [] if report.test_use is None else report.test_use.said:
        out.print(retold(said), style=STYLE["undecided"], soft_wrap=True)
    if folder is not None and report.verdict.answer == "no":
        asked = f'recurra predict {shlex.quote(str(folder))} --with "{report.verdict.rival}"'
        out.print(retold(f"To use it: {asked}"), soft_wrap=True)


def _show_remarks(report: "Report") -> None:
    for each in report.contenders:
        if each.network:
            out.print(f"{each.name}: {retold(each.network)}", style="dim", soft_wrap=True)
        for remark in each.remarks if not each.baseline else []:
            out.print(f"{each.name}: {retold(remark)}", soft_wrap=True)
    if report.training is not None:
        training = report.training
        out.print(retold(f"{training.curve}; {training.seconds:.0f} s of training"))
    for said in report.notes:
        out.print(retold(said), style="dim", soft_wrap=True)


def _show_probes(probes: "list[Probe]") -> None:
    for probe in probes:
        out.print(
            f"{term(probe.result):<6}", style="green" if probe.passed else "bold red", end=" "
        )
        out.print(f"{term(probe.name)}: ", end="", soft_wrap=True)
        out.print(retold(probe.detail), style="dim", soft_wrap=True)


def show_audit(found: "Audit") -> None:
    """Print an audit: what tells the class, every finding with its examples, the answer."""
    for said in found.notes:
        note(said)
    told = [tell for tell in found.tells if tell.p_value < 0.05]
    if told:
        table = Table(
            title=worded("How well each alone tells the class: 0 % nothing, 100 % without fail"),
            box=SIMPLE_HEAD,
            pad_edge=False,
            padding=(0, 1, 0, 0),
        )
        table.add_column(worded("alone"))
        for name in (worded("tells"), worded("by chance"), worded("tried")):
            table.add_column(name, justify="right", no_wrap=True)
        for tell in told[:12]:
            chance = "< 0.001" if tell.p_value < 1e-3 else f"{tell.p_value:.3f}"
            table.add_row(term(tell.name), f"{tell.told:.0%}", chance, f"{tell.tried:,}")
        _print_whole(table)
    for finding in found.findings:
        _show_finding(finding)
    for check in found.checks:
        said = f"{term(check.result):<11} {term(check.name)}: {retold(check.sentence)}"
        out.print(said, soft_wrap=True)
    if found.curve is not None:
        _show_curve(found.curve)
    out.print(retold(found.question), style="dim")
    out.print(retold(found.sentence), style=STYLE["yes" if found.clean else "no"], soft_wrap=True)


def _show_curve(curve: "Curve") -> None:
    """Print whether more rows would help."""
    table = Table(title=worded("Would more rows help?"), box=SIMPLE_HEAD, pad_edge=False)
    for name in (worded("rows learnt from"), worded("mean recall")):
        table.add_column(name, justify="right", no_wrap=True)
    for point in curve.points:
        table.add_row(f"{point.rows:,}", f"{point.score:.1%}")
    _print_whole(table)
    out.print(retold(curve.sentence), soft_wrap=True)


def _show_finding(finding: "Finding") -> None:
    leak = finding.level == "leak"
    out.print(
        worded("LEAK") if leak else worded("note"), style="bold red" if leak else "yellow", end=" "
    )
    out.print(f"{term(finding.kind)}: {retold(finding.sentence)}", soft_wrap=True)
    for example in finding.examples:
        for where, row in (
            (example.left_row, example.left),
            (example.right_row, example.right),
        ):
            out.print(f"       {term(where)}:", style="dim", end=" ", soft_wrap=True)
            out.print(" ".join(row.split())[:140], soft_wrap=True)
        out.print()
    out.print(f"     → {retold(finding.advice)}", soft_wrap=True)


def show_runs(runs: Sequence["FinishedRun"]) -> None:
    """Print finished runs, a row each."""
    rows = [
        (
            run.folder.name,
            run.report.problem,
            run.kept,
            f"{term(run.report.measures[0].name)} {run.figure}",
            term(run.report.verdicts[0].answer),
            run.report.created[:16].replace("T", " "),
            f"{run.bytes / 1e6:,.1f}",
        )
        for run in runs
    ]
    names = (worded("run"), worded("problem"), worded("network"), worded("figure"))
    show_columns([*names, worded("better?"), worded("made"), "MB"], rows)


def show_columns(names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table of plain cells."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for name in names:
        table.add_column(name, no_wrap=True)
    for cells in rows:
        table.add_row(*cells)
    _print_whole(table)


def show_look(found: "Look") -> None:
    """Print the columns of a file, and what can be asked of it."""
    if found.rows is not None:
        out.print(retold(f"{found.source}: {found.rows:,} rows"), soft_wrap=True)
        rows = [
            (c.name, term(c.kind), f"{c.distinct:,}", f"{c.missing:,}", ", ".join(c.examples))
            for c in found.columns[:MOST_COLUMNS]
        ]
        names = (worded("column"), worded("holds"), worded("different"), worded("empty"))
        show_columns([*names, worded("such as")], rows)
        if len(found.columns) > len(rows):
            left = len(found.columns) - len(rows)
            out.print(worded("and {left:,} more columns: --json names them all", left=left))
    if not found.questions:
        out.print(worded("No question that Recurra asks fits this file."))
    for question in found.questions:
        asked, of = retold(question.asks), retold(question.rows)
        out.print(f"{asked}  ({of})", style="bold", soft_wrap=True)
        out.print(f"  {question.command}", soft_wrap=True)


def show_evaluation(found: "Evaluation") -> None:
    """Print what a saved model is worth on new rows, beside what it must beat, and the verdict."""
    table = Table(
        title=retold(f"{found.model}: {found.rows:,} rows of {found.source}, 95 % intervals"),
        box=SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    first, *names = found.table()[0]
    table.add_column(term(first), no_wrap=True)
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    for measure, *cells in found.table()[1]:
        table.add_row(term(measure), *cells)
    _print_whole(table)
    needed = max((each.needed or 0 for each in found.measures.values()), default=0)
    if needed:
        said = f"No interval where the rows are too few: about {needed:,} would give each one."
        out.print(retold(said))
    if found.verdict is not None:
        style = STYLE[found.verdict.answer]
        out.print(retold(found.verdict.sentence), style=style, soft_wrap=True)
    for said in found.notes:
        note(said)


def show_bench(results: list[dict[str, Any]]) -> None:
    """Print times, a row a case and work: medians, and the ratio with its range over the turns."""
    rivals = [name for name in results[0]["works"]["train"]["milliseconds"] if name != "sgemm"]
    table = Table(
        title=worded("milliseconds, median"), box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0)
    )
    for name in (worded("case"), worded("work")):
        table.add_column(name, no_wrap=True)
    for name in (*rivals, worded("× best peer"), worded("of sgemm")):
        table.add_column(name, justify="right", no_wrap=True)
    for result in results:
        for work, found in result["works"].items():
            ratio = found["ratio"]
            table.add_row(
                result["case"],
                work,
                *(f"{median(found['milliseconds'][name]['wall']):.2f}" for name in rivals),
                f"{ratio['median']:.2f} ({ratio['low']:.2f}–{ratio['high']:.2f})",
                f"{found['sgemm_share']:.0%}",
            )
    out.print(table)


def show_bench_runtime(results: list[dict[str, Any]]) -> None:
    """Print times, a row a case: medians, and the ratio with its range over the turns."""
    rivals = list(results[0]["milliseconds"])
    table = Table(
        title=worded("milliseconds, median"), box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0)
    )
    table.add_column(worded("case"), no_wrap=True)
    for name in (*rivals, worded("× best peer")):
        table.add_column(name, justify="right", no_wrap=True)
    for result in results:
        ratio = result["ratio"]
        table.add_row(
            result["case"],
            *(f"{median(result['milliseconds'][name]):.3f}" for name in rivals),
            f"{ratio['median']:.2f} ({ratio['low']:.2f}–{ratio['high']:.2f})",
        )
    out.print(table)


def show_explanation(tokens: list[tuple[str, float]]) -> None:
    """Print the tokens that move a score most."""
    strongest = sorted(tokens, key=lambda pair: -abs(pair[1]))[:8]
    of = f"  (the strongest {len(strongest)} of {len(tokens)})" if len(tokens) > 8 else ""
    effects = "  ".join(f"{token} {effect:+.3f}" for token, effect in strongest)
    out.print(f"   {effects}{retold(of)}")


def show_attributions(
    title: str, tokens: Sequence[str], effects: Mapping[str, Sequence[float]]
) -> None:
    """Print each token with what it does, a column a way to tell; the strongest are bold."""
    table = Table(title=title, box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(worded("token"))
    for name in effects:
        table.add_column(name, justify="right", no_wrap=True)
    columns = [_bold_where_strong(found) for found in effects.values()]
    for token, *shown in zip(tokens, *columns, strict=True):
        table.add_row(token, *shown)
    out.print(table)


def show_stretches(
    title: str,
    stretches: Sequence[tuple[str, int, int, float]],
    channels: Mapping[str, float],
    score: float,
    baseline: float | None = None,
) -> None:
    """Print the stretches of a sequence that moved an answer most, and what whole channels do.

    Of integrated gradients, `baseline` is the answer to all channels at their means.
    """
    table = Table(title=title, box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for name in ("channel", "steps", "falls by" if baseline is None else "adds"):
        table.add_column(term(name), justify="left" if name == "channel" else "right", no_wrap=True)
    for channel, first, last, effect in stretches:
        table.add_row(channel, f"{first}–{last}", f"{effect:+.4g}")
    strongest = sorted(channels.items(), key=lambda each: -abs(each[1]))[:8]
    for channel, effect in strongest:
        table.add_row(channel, worded("all"), f"{effect:+.4g}")
    out.print(table)
    if baseline is None:
        note("each stretch takes the mean of training in turn: the answer falls by that much")
        return
    note(
        f"with every channel at its mean of training the answer is {baseline:.4g}; all steps "
        f"together add {score - baseline:+.4g}"
    )


def _bold_where_strong(effects: Sequence[float]) -> list[Text]:
    strongest = max(map(abs, effects), default=0.0)
    return [
        Text(f"{effect:+.3f}", style="bold" if abs(effect) > strongest / 3 else "")
        for effect in effects
    ]


def show_frame(frame: "pd.DataFrame", title: str) -> None:
    """Print rows of a table: numbers to the right, days as dates, what is unknown as a dash."""
    table = Table(title=retold(title), box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    numbers = set(frame.select_dtypes("number"))
    for name in frame.columns:
        table.add_column(term(str(name)), justify="right" if name in numbers else "left")
    columns = [_cells(frame[name]) for name in frame.columns]
    for row in zip(*columns, strict=True):
        table.add_row(*row)
    _print_whole(table)


def _cells(column: "pd.Series") -> list[str]:
    """Write a column: all numbers of it with as many decimals as their size asks for."""
    known = column.dropna()
    if column.dtype.kind not in "iuf":
        return ["–" if value != value else _plain(value) for value in column]  # NaN is not itself
    whole = bool((known == known.round()).all())
    decimals = 0 if whole else 2 if known.abs().max() >= 10 else 4
    return ["–" if value != value else f"{value:,.{decimals}f}" for value in column]


def _plain(value: Any) -> str:
    return str(value.date()) if hasattr(value, "date") else str(value)


def _print_whole(table: Table) -> None:
    """Print a table as wide as it is: a narrow terminal wraps its lines, a pipe gets all."""
    Terminal(width=max(out.width, 160)).print(table)


def show_check(found: "PriceCheck") -> None:
    """Print what is wrong with prices: a row a rule, faults first."""
    title = f"{found.ticker}: {found.days:,} days, {found.first} to {found.last}"
    table = Table(title=retold(title), box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for name in ("", worded("rule")):
        table.add_column(name, no_wrap=True)
    table.add_column(worded("days"), justify="right", no_wrap=True)
    for name in (worded("first"), worded("last")):
        table.add_column(name, no_wrap=True)
    table.add_column(worded("the last one"))
    table.add_column(worded("what was done"))
    for flag in sorted(found.flags, key=lambda flag: flag.level):
        table.add_row(
            Text(term(flag.level), style="bold red" if flag.level == "fault" else "dim"),
            term(flag.rule),
            f"{flag.count:,}",
            str(flag.first or "–"),
            str(flag.last or "–"),
            term(flag.findings[-1].detail),
            term(flag.findings[-1].action),
        )
    if found.flags:
        _print_whole(table)
    else:
        out.print(retold(f"{title}: nothing found"), soft_wrap=True)
    note(f"from {found.source}; by {found.calendar}")


def fail(message: str) -> None:
    """Print one error line."""
    err.print(worded("Error:"), style="bold red", end=" ")
    err.print(retold(message), soft_wrap=True)
