"""What the command line shows: tables on standard output, notes and progress on standard error."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table

from recurra.listeners import History, Listener, Progress

if TYPE_CHECKING:  # a note about a wrong file need not wait for Keras
    from pathlib import Path

    import pandas as pd

    from recurra.judging.report import Estimate, ModelInfo, Probe, Report
    from recurra.markets.checks import PriceCheck

__all__ = [
    "Watch",
    "note",
    "out",
    "show_bench",
    "show_check",
    "show_estimates",
    "show_explanation",
    "show_frame",
    "show_layers",
    "show_report",
    "watching",
]

out = Console(highlight=False)
interrupted = threading.Event()
err = Console(stderr=True, highlight=False)
STYLE = {
    "yes": "bold green",
    "no": "bold red",
    "undecided": "bold yellow",
    "too few": "bold yellow",
}


def note(text: str) -> None:
    """Say something beside the result."""
    err.print(escape(text), style="dim", soft_wrap=True)


class Watch(Listener):
    """Progress of one command: what it is doing, and the epochs of a training."""

    def __init__(self, bar: Bar | None) -> None:
        self.bar = bar
        self.task = None if bar is None else bar.add_task("starting", total=None)
        self.text = ""

    def stage(self, text: str) -> None:
        """Say what begins now."""
        self.text = text
        if self.bar is None or self.task is None:
            note(text)
        else:
            self.bar.update(self.task, description=text, total=None, completed=0)

    def progress(self, member: int, progress: Progress) -> None:
        """Move the bar; without one, say how an epoch ended."""
        if interrupted.is_set():  # Keras swallows a KeyboardInterrupt that comes between batches
            raise KeyboardInterrupt
        text = f"{self.text}, network {member}, epoch {progress.epoch}{_losses(progress.history)}"
        if self.bar is not None and self.task is not None:
            done = progress.epoch - 1 + progress.done
            self.bar.update(self.task, description=text, total=progress.epochs, completed=done)
        elif progress.ended:
            note(text)


def _losses(history: History) -> str:
    if not history.rows:
        return ""
    row, best = history.rows[-1], history.best_epoch
    return f", validation loss {row['validation_loss']:.4f} (best epoch {best})"


@contextmanager
def watching(quiet: bool = False) -> Iterator[Watch]:
    """Show progress on standard error: a bar on a terminal, else a line a stage and an epoch."""
    if quiet or not err.is_terminal:
        yield Watch(None)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TimeElapsedColumn(),
    )
    with Bar(*columns, console=err, transient=True) as bar:
        yield Watch(bar)


def show_layers(model: "ModelInfo") -> None:
    """Print the layer table, on standard error: it comes before the result."""
    table = Table(
        title=f"{model.architecture}, vocabulary {model.vocabulary:,}",
        box=SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for name in ("layer", "kind", "output shape"):
        table.add_column(name)
    table.add_column("parameters", justify="right")
    for layer in model.layers:
        shape = ", ".join("any" if size is None else str(size) for size in layer.output_shape)
        table.add_row(layer.name, layer.kind, f"({shape})", f"{layer.parameters:,}")
    members = f" × {model.members} members" if model.members > 1 else ""
    table.caption = f"{model.parameters:,} parameters{members}"
    err.print(table)


def show_report(report: "Report", folder: "Path | None" = None) -> None:
    """Print a report: every contender beside the others, the leaks, the verdict, what to do.

    Args:
        report: of a run or a comparison.
        folder: of the run, for the command to go on with.
    """
    from recurra.judging.report import figure

    sample = " (embedded sample)" if report.data.source.startswith("embedded sample") else ""
    folds = f" in {report.split.folds} folds" if report.split.folds > 1 else ""
    table = Table(
        title=f"{report.problem}{sample}: {report.split.test:,} held rows{folds}, 95 % intervals",
        box=SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    table.add_column("contender", no_wrap=True)
    first, *others = [measure.name for measure in report.measures]
    for name in (first, *others, "fit s"):
        table.add_column(name, justify="right", no_wrap=True)
    for each in report.ranked():
        found = each.measures[first]
        cells = [figure(found.value)]
        if found.interval is not None:
            cells[0] += f" \\[{figure(found.interval[0])}, {figure(found.interval[1])}]"
        cells += [figure(each.measures[name].value) for name in others]
        style = "" if each.baseline else "bold"
        table.add_row(escape(each.name), *cells, f"{each.fit_seconds:.1f}", style=style)
    _print_whole(table)
    _show_remarks(report)
    _show_probes(report.probes)
    if report.answer:
        found_one = any(verdict.answer == "yes" for verdict in report.edge)
        out.print(
            escape(report.answer), style=STYLE["yes" if found_one else "undecided"], soft_wrap=True
        )
    for verdict in report.verdicts:
        out.print(escape(verdict.sentence), style=STYLE[verdict.answer], soft_wrap=True)
    if folder is not None and report.verdict.answer == "no":
        asked = f'recurra predict {folder} --with "{report.verdict.rival}"'
        out.print(f"To use it: {escape(asked)}", soft_wrap=True)


def _show_remarks(report: "Report") -> None:
    for each in report.contenders:
        for remark in each.remarks if not each.baseline else []:
            out.print(f"{escape(each.name)}: {escape(remark)}", soft_wrap=True)
    if report.training is not None:
        training = report.training
        out.print(f"{training.curve}; {training.seconds:.0f} s of training")
    for said in report.notes:
        out.print(escape(said), style="dim", soft_wrap=True)


def _show_probes(probes: "list[Probe]") -> None:
    for probe in probes:
        mark = "[green]passed[/]" if probe.passed else "[bold red]LEAK[/]  "
        out.print(f"{mark} {escape(probe.name)}: [dim]{escape(probe.detail)}[/]", soft_wrap=True)


def show_estimates(title: str, estimates: "dict[str, Estimate]") -> None:
    """Print measures with their intervals, a row each."""
    table = Table(title=title, box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("measure", no_wrap=True)
    table.add_column("value, 95 % interval", justify="right", no_wrap=True)
    for name, estimate in estimates.items():
        needed = "" if estimate.needed is None else f" (an interval needs {estimate.needed:,} rows)"
        table.add_row(name, escape(f"{estimate}{needed}"))
    _print_whole(table)


def show_bench(results: list[dict[str, Any]]) -> None:
    """Print times, a row a case and work: medians, and the ratio with its range over the turns."""
    rivals = [name for name in results[0]["works"]["train"]["milliseconds"] if name != "sgemm"]
    table = Table(
        title="milliseconds, median", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0)
    )
    for name in ("case", "work"):
        table.add_column(name, no_wrap=True)
    for name in (*rivals, "× best peer", "of sgemm"):
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


def show_explanation(tokens: list[tuple[str, float]]) -> None:
    """Print the tokens that move a score most."""
    strongest = sorted(tokens, key=lambda pair: -abs(pair[1]))[:8]
    out.print("   " + escape("  ".join(f"{token} {effect:+.3f}" for token, effect in strongest)))


def show_attributions(title: str, rows: list[tuple[str, float, float]]) -> None:
    """Print each token with what it does to the score, by occlusion and integrated gradients."""
    table = Table(title=title, box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("token")
    for name in ("occlusion", "integrated gradients"):
        table.add_column(name, justify="right", no_wrap=True)
    strongest = max((abs(effect) for row in rows for effect in row[1:]), default=0.0)
    for token, *effects in rows:
        shown = [
            f"[{'bold' if abs(effect) > strongest / 3 else 'default'}]{effect:+.3f}[/]"
            for effect in effects
        ]
        table.add_row(escape(token), *shown)
    out.print(table)


def show_frame(frame: "pd.DataFrame", title: str) -> None:
    """Print rows of a table: numbers to the right, days as dates, what is unknown as a dash."""
    table = Table(title=title, box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    numbers = set(frame.select_dtypes("number"))
    for name in frame.columns:
        table.add_column(str(name), justify="right" if name in numbers else "left")
    columns = [_cells(frame[name]) for name in frame.columns]
    for row in zip(*columns, strict=True):
        table.add_row(*map(escape, row))
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
    Console(width=max(out.width, 160), highlight=False).print(table)


def show_check(found: "PriceCheck") -> None:
    """Print what is wrong with prices: a row a rule, faults first."""
    title = f"{found.ticker}: {found.days:,} days, {found.first} to {found.last}"
    table = Table(title=title, box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for name in ("", "rule"):
        table.add_column(name, no_wrap=True)
    table.add_column("days", justify="right", no_wrap=True)
    for name in ("first", "last"):
        table.add_column(name, no_wrap=True)
    table.add_column("the last one")
    table.add_column("what was done")
    for flag in sorted(found.flags, key=lambda flag: flag.level):
        table.add_row(
            "[bold red]fault[/]" if flag.level == "fault" else "[dim]note[/]",
            flag.rule,
            f"{flag.count:,}",
            str(flag.first or "–"),
            str(flag.last or "–"),
            escape(flag.findings[-1].detail),
            flag.findings[-1].action,
        )
    if found.flags:
        _print_whole(table)
    else:
        out.print(escape(f"{title}: nothing found"), soft_wrap=True)
    note(f"from {found.source}; by {found.calendar}")


def fail(message: str) -> None:
    """Print one error line."""
    err.print(f"[bold red]Error:[/] {escape(message)}", soft_wrap=True)
