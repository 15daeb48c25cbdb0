"""What the recipes of tags and forecasts share: means over rows judged, the run folder written."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from recurra.evaluation.report import Estimate, LayerInfo, MemberInfo, ModelInfo, TrainingInfo
from recurra.evaluation.sums import decide_by_sums, estimate
from recurra.evaluation.verdict import Verdict
from recurra.evaluation.written import WrittenReport, render_written
from recurra.models import layer_table

__all__ = ["decide_by_mean", "describe_network", "mean_of", "ratio", "training_of", "write_judged"]

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


def ratio(sums: Floats) -> Floats:
    """Give the first sum over the second: a mean, where the second counts."""
    means: Floats = sums[..., 0] / sums[..., 1]
    return means


def _counted(values: Floats) -> Floats:
    return np.stack([values, np.ones(len(values))], axis=1).astype(float)


def mean_of(values: Floats, groups: Rows, seed: int = 0) -> Estimate:
    """Give the mean of one number a row with its 95 % interval, groups of rows drawn whole."""
    return estimate(ratio, _counted(values), groups, seed)


def decide_by_mean(
    model: Floats, baselines: Mapping[str, Floats], groups: Rows, **said: Any
) -> Verdict:
    """Compare a model with the best baseline by the mean of one number a row."""
    sums = {name: _counted(values) for name, values in baselines.items()}
    return decide_by_sums(ratio, _counted(model), sums, groups, **said)


def describe_network(estimator: Any) -> ModelInfo:
    """Describe the network of a fitted estimator."""
    layers = [LayerInfo(**vars(layer)) for layer in layer_table(estimator.build())]
    return ModelInfo(
        architecture=estimator.model,
        members=len(estimator.weights_),
        vocabulary=len(getattr(estimator.encoder_, "vocabulary", ())),
        parameters=sum(layer.parameters for layer in layers),
        layers=layers,
    )


def training_of(estimator: Any, seconds: float) -> TrainingInfo:
    """Say how training went."""
    histories = estimator.histories_
    return TrainingInfo(
        epochs_run=len(histories[0].rows),
        best_epoch=histories[0].best_epoch,
        seconds=round(seconds, 2),
        curve=histories[0].sentence(),
        members=[MemberInfo(epochs_run=len(h.rows), best_epoch=h.best_epoch) for h in histories],
    )


def write_judged(
    place: Path,
    report: WrittenReport,
    estimator: Any,
    predictions: pd.DataFrame,
    side: npt.NDArray[np.object_],
    **facts: Any,
) -> None:
    """Write every file of a finished run into a folder; `side` names the side of every row."""
    measures = ", ".join(f"{name} {value}" for name, value in report.test.items())
    card = (
        f"# {report.model.architecture}, trained by Recurra: {report.recipe}\n\n"
        f"Trained on {report.data.source} (SHA-256 {report.data.sha256}).\n\n"
        f"- Network: {report.model.parameters:,} parameters, {report.training.curve}.\n"
        f"- Test ({report.split.kind}): {measures}.\n- Verdict: {report.verdict.sentence}\n"
    )
    estimator.save(place / "model", card, recipe=report.recipe, **facts)
    curves = [
        {"member": member, **row}
        for member, history in enumerate(estimator.histories_, start=1)
        for row in history.rows
    ]
    pd.DataFrame(curves).to_csv(place / "history.csv", index=False)
    predictions.to_csv(place / "predictions.csv", index=False)
    pd.DataFrame({"id": np.arange(len(side)), "side": side}).to_csv(
        place / "split.csv", index=False
    )
    page = render_written(report, estimator.histories_[0].rows)
    (place / "report.html").write_text(page, "utf-8")
    (place / "report.json").write_text(report.to_json(), "utf-8")
