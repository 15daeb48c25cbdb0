"""What a run found: report.json with every model tried, and report.html."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from recurra.evaluation.days import Contest
from recurra.evaluation.page import INK, MODEL, environment, svg
from recurra.evaluation.report import (
    AnyReport,
    BaselineResult,
    Estimate,
    LayerInfo,
    MemberInfo,
    ModelInfo,
    TestResult,
    TrainingInfo,
)
from recurra.markets.checks import Flag, PriceCheck
from recurra.models import layer_table
from recurra.rises.model import RiseModel
from recurra.rises.walking import Walked

__all__ = ["RiseReport", "card_of", "describe_network", "rise_page", "training_of"]


class RiseReport(AnyReport):
    """The report of a run: what every report says, and every model tried.

    `edge` asks whether anything tried beats the best rule that knows no direction; `networks`
    asks whether a network beats the best baseline of all, and is the verdict. `accuracies` are
    those at 0.5, `calibration` holds (mean score, share that rose, rows) of the best models, and
    `checks` what is wrong with the prices of each ticker, with the latest findings of each rule.
    """

    schema_: Literal["recurra.rise/1"] = Field(default="recurra.rise/1", alias="schema")
    test: TestResult
    baselines: list[BaselineResult]
    settings: dict[str, Any]
    base_rate: float
    measures: dict[str, dict[str, float]]
    accuracies: dict[str, Estimate]
    calibration: dict[str, list[tuple[float, float, int]]]
    edge: Contest
    networks: Contest
    simulation: dict[str, Any]
    checks: list[PriceCheck]
    answer: str

    def found(self) -> dict[str, list[tuple[str, Flag]]]:
        """Give what each rule found: (ticker, flag), the rules with most faults first."""
        rules: dict[str, list[tuple[str, Flag]]] = defaultdict(list)
        for check in self.checks:
            for flag in check.flags:
                rules[flag.rule].append((check.ticker, flag))

        def weight(rule: str) -> tuple[bool, int]:
            levels = {flag.level for _, flag in rules[rule]}
            return "fault" not in levels, -sum(flag.count for _, flag in rules[rule])

        return {rule: rules[rule] for rule in sorted(rules, key=weight)}


def describe_network(model: RiseModel) -> ModelInfo:
    """Describe the network of a model."""
    layers = [LayerInfo(**vars(layer)) for layer in layer_table(model.network())]
    return ModelInfo(
        architecture=model.name,
        members=1,
        vocabulary=0,
        parameters=sum(layer.parameters for layer in layers),
        layers=layers,
    )


def training_of(networks: Mapping[str, Walked], chosen: str) -> TrainingInfo:
    """Say how the training of one network went, and how long that of all took."""
    histories = networks[chosen].histories
    return TrainingInfo(
        epochs_run=len(histories[-1].rows),
        best_epoch=histories[-1].best_epoch,
        seconds=round(sum(network.seconds for network in networks.values()), 2),
        curve=histories[-1].sentence(),
        members=[MemberInfo(epochs_run=len(h.rows), best_epoch=h.best_epoch) for h in histories],
    )


def card_of(report: RiseReport) -> str:
    """Give the card of the saved model."""
    return (
        f"# stock-rise: {report.model.architecture}\n\n{report.answer}\n\n"
        f"Trained on {report.data.source}. No advice to buy or sell anything.\n"
    )


def rise_page(report: RiseReport) -> str:
    """Give report.html."""

    def calibration(axes: Any) -> None:
        points = report.calibration.values()
        most = max(max(mean, share) for tenths in points for mean, share, _ in tenths)
        axes.plot([0, most], [0, most], color=INK, linewidth=0.8, linestyle=":")
        for name, tenths in report.calibration.items():
            mean, share, _ = zip(*tenths, strict=True)
            axes.plot(mean, share, marker="o", markersize=3, linewidth=1, label=name)
        axes.set(xlabel="mean score", ylabel="share that rose")
        axes.legend(frameon=False)

    def worth(axes: Any) -> None:
        axes.plot(report.simulation["worth"], color=MODEL, linewidth=1)
        axes.axhline(1.0, color=INK, linewidth=0.8, linestyle=":")
        axes.set(xlabel="test day", ylabel="worth of 1 at the start")

    plots = {"calibration": svg(calibration), "worth": svg(worth)}
    page = environment().get_template("rise.html.j2")
    return page.render(report=report, found=report.found(), plots=plots)
