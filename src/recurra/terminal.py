"""What the command line shows: tables on standard output, notes and progress on standard error."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

if TYPE_CHECKING:  # a note about a wrong file need not wait for Keras
    import pandas as pd

    from recurra.evaluation.compared import Comparison
    from recurra.evaluation.leaks import Probe
    from recurra.evaluation.report import ModelInfo, Report, TestResult
    from recurra.evaluation.written import WrittenReport
    from recurra.markets.checks import PriceCheck
    from recurra.rises import RiseReport
    from recurra.training import History, Step

__all__ = [
    "Watch",
    "note",
    "out",
    "show_bench",
    "show_check",
    "show_comparison",
    "show_explanation",
    "show_frame",
    "show_layers",
    "show_report",
    "show_result",
    "show_rise",
    "show_written",
    "watching",
]

out = Console(highlight=False)
interrupted = threading.Event()
err = Console(stderr=True, highlight=False)
STYLE = {"yes": "bold green", "no": "bold red", "undecided": "bold yellow"}


def note(text: str) -> None:
    """Say something beside the result."""
    err.print(escape(text), style="dim", soft_wrap=True)


class Watch:
    """Progress of one command: what it is doing, and the epochs of a training."""

    def __init__(self, progress: Progress | None) -> None:
        self.progress = progress
        self.task = None if progress is None else progress.add_task("starting", total=None)
        self.text = ""

    def stage(self, text: str) -> None:
        """Say what begins now."""
        self.text = text
        if self.progress is None or self.task is None:
            note(text)
        else:
            self.progress.update(self.task, description=text, total=None, completed=0)

    def training(self, member: int, step: "Step") -> None:
        """Take a step of a training."""
        if interrupted.is_set():  # Keras swallows a KeyboardInterrupt that comes between batches
            raise KeyboardInterrupt
        text = f"{self.text}, network {member}, epoch {step.epoch}{_losses(step.history)}"
        if self.progress is not None and self.task is not None:
            done = step.epoch - 1 + step.done
            self.progress.update(self.task, description=text, total=step.epochs, completed=done)
        elif step.done == 1.0 and len(step.history.rows) == step.epoch:
            note(text)


def _losses(history: "History") -> str:
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
    with Progress(*columns, console=err, transient=True) as progress:
        yield Watch(progress)


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


def show_result(rows: Iterable[tuple[str, "TestResult"]], title: str) -> None:
    """Print models with their measures."""
    table = Table(title=title, box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("model", no_wrap=True)
    for name in ("F1", "precision", "recall", "accuracy", "PR-AUC"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, test in rows:
        low, high = test.f1.interval
        table.add_row(
            name,
            f"{test.f1.value:.3f} [{low:.3f}, {high:.3f}]".replace("[", "\\["),
            *(
                f"{getattr(test, measure).value:.3f}"
                for measure in ("precision", "recall", "accuracy", "pr_auc")
            ),
        )
    out.print(table)


def show_report(report: "Report") -> None:
    """Print a report: the models side by side, the leaks, the verdict."""
    sample = " (embedded sample)" if report.data.source == "embedded sample" else ""
    rows = [(report.model.architecture, report.test)]
    rows += [(baseline.name, baseline.test) for baseline in report.baselines]
    show_result(rows, f"{report.recipe}{sample}: {report.split.test:,} test rows, 95 % intervals")
    out.print(f"{report.training.curve}; {report.training.seconds:.0f} s of training")
    _show_probes(report.leaks)
    style = STYLE[report.verdict.better_than_best_baseline]
    out.print(escape(report.verdict.sentence), style=style, soft_wrap=True)


def _show_probes(probes: "list[Probe]") -> None:
    for probe in probes:
        mark = "[green]passed[/]" if probe.passed else "[bold red]LEAK[/]  "
        out.print(f"{mark} {probe.probe}: [dim]{escape(probe.detail)}[/]", soft_wrap=True)


def show_written(report: "WrittenReport") -> None:
    """Print what a network that writes was found to be: beside its baselines, and some of it."""
    sample = " (embedded sample)" if report.data.source == "embedded sample" else ""
    table = Table(
        title=f"{report.recipe}{sample}: {report.split.test:,} test rows, 95 % intervals",
        box=SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    table.add_column("model", no_wrap=True)
    for name in report.test:
        table.add_column(name, justify="right", no_wrap=True)
    rows = [(report.model.architecture, report.test)]
    for name, test in rows + [(baseline.name, baseline.test) for baseline in report.baselines]:
        table.add_row(name, *(escape(str(estimate)) for estimate in test.values()))
    out.print(table)
    for exhibit in report.exhibits:
        for row in exhibit.rows[:5]:
            out.print("  " + " | ".join(row), style="dim", soft_wrap=True, markup=False)
    out.print(f"{report.training.curve}; {report.training.seconds:.0f} s of training")
    for said in report.notes:
        out.print(escape(said), soft_wrap=True)
    _show_probes(report.leaks)
    style = STYLE[report.verdict.better_than_best_baseline]
    out.print(escape(report.verdict.sentence), style=style, soft_wrap=True)


def show_rise(report: "RiseReport") -> None:
    """Print every model tried, what holding gained, what was found in the prices, the answer."""
    always = next(iter(report.measures.values()))["accuracy_of_base_rate"]
    sample = " (embedded sample)" if report.data.source.startswith("embedded sample") else ""
    table = Table(
        title=f"stock-rise{sample}: {report.split.test:,} test rows, {report.base_rate:.2%} rise; "
        f"always saying the same has an accuracy of {always:.4f}",
        box=SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    top = f"precision_at_{report.settings['holdings']}"
    names = {"pr_auc": "PR-AUC", "roc_auc": "ROC-AUC", "brier_skill": "Brier skill"}
    names |= {top: top.replace("_", " "), "ece": "ECE", "accuracy": "accuracy"}
    table.add_column("model", no_wrap=True)
    for name in (*names.values(), "p, corrected"):
        table.add_column(name, justify="right", no_wrap=True)
    for model, values in report.measures.items():
        p = report.edge.adjusted.get(model)
        shown = [f"{values[name]:.4f}" for name in names]
        table.add_row(model, *shown, "" if p is None else f"{p:.3f}")
    _print_whole(table)
    traded = report.simulation
    out.print(
        f"Simulated holding of the {report.settings['holdings']} highest scores: "
        f"{traded['total']:+.1%} after costs, largest fall {traded['drawdown']:.1%}; "
        f"all tickers {traded['all_tickers_total']:+.1%}. A simulation, no advice.",
        soft_wrap=True,
    )
    for rule, found in report.found().items():
        days, level = sum(flag.count for _, flag in found), found[0][1].level
        out.print(f"{level}: {rule}, {days:,} days in {len(found):,} tickers", soft_wrap=True)
    _show_probes(report.leaks)
    style = STYLE[report.edge.better]
    out.print(escape(report.answer), style=style, soft_wrap=True)


def show_comparison(comparison: "Comparison") -> None:
    """Print models over folds: mean ± standard deviation, time, verdict."""
    from recurra.evaluation.compared import figure

    sample = " (embedded sample)" if comparison.source.startswith("embedded sample") else ""
    table = Table(
        title=f"{comparison.recipe}{sample}: {comparison.folds} folds of {comparison.rows:,} rows, "
        "mean ± sd",
        box=SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    table.add_column("model", no_wrap=True)
    first, *others = comparison.measures
    for name in ("parameters", first, *others, "fit s", "predict s"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in comparison.ranked():
        table.add_row(
            row.name,
            "" if row.parameters is None else f"{row.parameters:,}",
            f"{figure(row.mean[first])} ± {figure(row.deviation[first], row.mean[first])}",
            *(figure(row.mean[name]) for name in others),
            f"{row.fit_seconds:.1f}",
            f"{row.predict_seconds:.2f}",
        )
    _print_whole(table)
    for row in comparison.models:
        if row.verdict:
            style = STYLE[row.verdict.better_than_best_baseline]
            out.print(escape(row.verdict.sentence), style=style, soft_wrap=True)


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
            str(flag.first),
            str(flag.last),
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
