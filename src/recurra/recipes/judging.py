"""What the recipes share: means over rows judged, what a network is, the run folder written."""

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

__all__ = [
    "curves_of",
    "decide_by_mean",
    "describe_network",
    "mean_of",
    "ratio",
    "side_of",
    "training_of",
    "write_judged",
]

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


def describe_network(estimator: Any, vocabulary: int = 0) -> ModelInfo:
    """Describe the network of an estimator that is about to train, or has."""
    layers = [LayerInfo(**vars(layer)) for layer in layer_table(estimator.build())]
    return ModelInfo(
        architecture=estimator.model,
        members=len(estimator.sides_),
        vocabulary=vocabulary,
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


def curves_of(estimator: Any) -> pd.DataFrame:
    """Give the curve of each member, a row an epoch."""
    return pd.DataFrame(
        [
            {"member": member, **row}
            for member, history in enumerate(estimator.histories_, start=1)
            for row in history.rows
        ]
    )


def side_of(rows: int, validation: Rows, test: Rows) -> npt.NDArray[np.object_]:
    """Give the name of the side that each row stood on."""
    side = np.full(rows, "train", object)
    side[validation], side[test] = "validation", "test"
    return side


def write_judged(
    place: Path,
    report: WrittenReport,
    estimator: Any,
    predictions: pd.DataFrame,
    split: Mapping[str, npt.NDArray[Any]],
) -> None:
    """Write every file of a finished run into a folder; `split` has the columns of split.csv."""
    estimator.save(place / "model", _card(report), recipe=report.recipe)
    curves_of(estimator).to_csv(place / "history.csv", index=False)
    predictions.to_csv(place / "predictions.csv", index=False)
    sides = pd.DataFrame(split)
    sides.insert(0, "id", np.arange(len(sides)))
    sides.to_csv(place / "split.csv", index=False)
    page = render_written(report, estimator.histories_[0].rows)
    (place / "report.html").write_text(page, "utf-8")
    (place / "report.json").write_text(report.to_json(), "utf-8")


def _card(report: WrittenReport) -> str:
    measures = ", ".join(f"{name} {value}" for name, value in report.test.items())
    failed = [probe.probe for probe in report.leaks if not probe.passed]
    notes = "".join(f"- {note}\n" for note in report.notes)
    return (
        f"# {report.model.architecture}, trained by Recurra: {report.recipe}\n\n"
        f"Trained on {report.data.source} ({report.data.rows:,} rows; SHA-256 "
        f"{report.data.sha256}).\n\n"
        f"- Network: {report.model.parameters:,} parameters, {report.training.curve}.\n"
        f"- Test, {report.split.test:,} rows ({report.split.kind}): {measures}.\n"
        f"- Verdict: {report.verdict.sentence}\n{notes}"
        f"- Leak probes: {'failed: ' + ', '.join(failed) if failed else 'all passed'}.\n"
    )
