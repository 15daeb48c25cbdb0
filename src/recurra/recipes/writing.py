"""What the recipes of networks that write share: describing, probing, the run folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from recurra.evaluation import leaks
from recurra.evaluation.page import Curve
from recurra.evaluation.report import LayerInfo, MemberInfo, ModelInfo, SplitInfo, TrainingInfo
from recurra.evaluation.splits import Split
from recurra.evaluation.written import WrittenReport, render_written
from recurra.text import Vocabulary
from recurra.training import History

__all__ = ["describe", "probes", "split_info", "training_info", "write_run"]

Rows = npt.NDArray[np.int64]


def describe(estimator: Any, vocabulary: int) -> ModelInfo:
    """Describe the network of an estimator that was fitted."""
    layers = []
    for layer in estimator.build().layers:
        first = layer.output[0] if isinstance(layer.output, list) else layer.output
        layers.append(
            LayerInfo(
                name=layer.name,
                kind=type(layer).__name__,
                output_shape=tuple(first.shape),
                parameters=layer.count_params(),
            )
        )
    return ModelInfo(
        architecture=estimator.model,
        members=1,
        vocabulary=vocabulary,
        parameters=sum(layer.parameters for layer in layers),
        layers=layers,
    )


def training_info(history: History, seconds: float) -> TrainingInfo:
    """Say how training went."""
    member = MemberInfo(epochs_run=len(history.rows), best_epoch=history.best_epoch)
    return TrainingInfo(
        epochs_run=member.epochs_run,
        best_epoch=member.best_epoch,
        seconds=round(seconds, 2),
        curve=history.sentence(),
        members=[member],
    )


def split_info(split: Split, kind: str, seed: int) -> SplitInfo:
    """Say how rows were split."""
    sizes = {"train": len(split.train), "validation": len(split.validation)}
    return SplitInfo(kind=kind, seed=seed, test=len(split.test), **sizes)


def probes(
    groups: Rows,
    split: Split,
    known: Sequence[tuple[str, Vocabulary, Sequence[Sequence[str]]]],
    min_count: int,
) -> list[leaks.Probe]:
    """Look for rows on two sides, and for tokens that training rows alone would not have taught.

    Args:
        groups: (rows,) equal numbers mark rows that are nearly the same.
        split: the sides.
        known: for each vocabulary its name, itself, and the tokens of every training row.
        min_count: how often a token had to be seen to be known.
    """
    both = np.isin(groups[split.test], groups[split.fitted_on])
    between = np.isin(groups[split.validation], groups[split.train])
    found = [
        leaks.Probe(
            probe="rows in both sides",
            passed=not (both.any() or between.any()),
            detail=f"{both.sum():,} of {len(both):,} test rows have a near duplicate in training "
            f"or validation, and {between.sum():,} of {len(between):,} validation rows in "
            "training.",
        )
    ]
    for name, vocabulary, documents in known:
        probe = leaks.vocabulary(vocabulary.tokens[2:], min_count, [documents])
        found.append(probe.model_copy(update={"probe": f"{probe.probe}{name}"}))
    return found


def write_run(
    place: Path,
    report: WrittenReport,
    estimator: Any,
    predictions: pd.DataFrame,
    split: Split,
    groups: Rows,
) -> None:
    """Write every file of a finished run into a folder."""
    curve: Curve = estimator.history_.rows
    estimator.save(place / "model", _card(report))
    pd.DataFrame(curve).to_csv(place / "history.csv", index=False)
    predictions.to_csv(place / "predictions.csv", index=False)
    side = np.full(len(groups), "train", object)
    side[split.validation], side[split.test] = "validation", "test"
    pd.DataFrame({"id": np.arange(len(side)), "side": side, "group": groups}).to_csv(
        place / "split.csv", index=False
    )
    (place / "report.html").write_text(render_written(report, curve), "utf-8")
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
        f"- Leak probes: {'failed: ' + ', '.join(failed) if failed else 'all passed'}.\n\n"
        "What it writes is likely, not true: it may repeat lines it was trained on.\n"
    )
