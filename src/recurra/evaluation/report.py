"""What a run found, in the versioned shape of report.json."""

from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from recurra.evaluation.leaks import Probe
from recurra.evaluation.metrics import (
    MEASURES,
    Measures,
    interval,
    measure,
    reflected_interval,
)
from recurra.evaluation.verdict import Verdict

__all__ = [
    "AnyReport",
    "BaselineResult",
    "DataInfo",
    "Estimate",
    "LayerInfo",
    "MemberInfo",
    "ModelInfo",
    "Report",
    "SplitInfo",
    "TestResult",
    "TrainingInfo",
    "judge",
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class Estimate(_Strict):
    """A measure with its 95 % interval."""

    value: float
    interval: tuple[float, float]

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.interval[0]:.3f}, {self.interval[1]:.3f}]"


class TestResult(_Strict):
    """The eight measures on the test rows, and the threshold behind four of them."""

    __test__ = False  # not a test, whatever pytest thinks of the name

    accuracy: Estimate
    precision: Estimate
    recall: Estimate
    f1: Estimate
    pr_auc: Estimate
    roc_auc: Estimate
    brier: Estimate
    ece: Estimate
    threshold: float


class DataInfo(_Strict):
    """Where the rows come from. `duplicates_grouped` counts rows that repeat an earlier one."""

    source: str
    sha256: str
    rows: int
    classes: dict[str, int]
    positive: str
    duplicates_grouped: int
    notes: list[str]


class SplitInfo(_Strict):
    """How the rows were split, and how many stand on each side."""

    kind: str
    seed: int
    train: int
    validation: int
    test: int
    purged: int = 0


class LayerInfo(_Strict):
    """A row of the layer table."""

    name: str
    kind: str
    output_shape: tuple[int | None, ...]
    parameters: int


class ModelInfo(_Strict):
    """The network. `parameters` and `layers` are of one member."""

    architecture: str
    members: int
    vocabulary: int
    parameters: int
    layers: list[LayerInfo]


class MemberInfo(_Strict):
    """The training of one member."""

    epochs_run: int
    best_epoch: int


class TrainingInfo(_Strict):
    """How training went. `epochs_run` and `best_epoch` are of the first member."""

    epochs_run: int
    best_epoch: int
    seconds: float
    curve: str
    members: list[MemberInfo]


class BaselineResult(_Strict):
    """A baseline, the number of rows it was fitted on, and its measures."""

    name: str
    rows: int
    test: TestResult


class AnyReport(_Strict):
    """What every report says, whatever its measures are; `schema` names its shape."""

    schema_: str = Field(alias="schema")
    recipe: str
    data: DataInfo
    split: SplitInfo
    model: ModelInfo
    training: TrainingInfo
    leaks: list[Probe]
    verdict: Verdict

    def to_json(self) -> str:
        """Give the text of report.json."""
        return self.model_dump_json(by_alias=True, indent=2) + "\n"


class Report(AnyReport):
    """What a run found about telling two classes apart."""

    schema_: Literal["recurra.report/1"] = Field(default="recurra.report/1", alias="schema")
    test: TestResult
    baselines: list[BaselineResult]


class _Draws(Protocol):
    """A bootstrap: of groups of rows, or of days in blocks."""

    def draws(self, measures: Measures) -> dict[str, npt.NDArray[np.float64]]:
        """Give each measure in each draw."""


def judge(
    truth: npt.NDArray[np.bool_],
    scores: npt.NDArray[np.float64],
    threshold: float,
    bootstrap: _Draws,
) -> TestResult:
    """Measure scores on test rows. A network and a baseline are judged by this same function."""
    values = measure(truth, scores, threshold)
    draws = bootstrap.draws(Measures(truth, scores, threshold))
    intervals = {name: interval(draws[name]) for name in MEASURES}
    intervals["ece"] = reflected_interval(values["ece"], draws["ece"])
    estimates = {name: Estimate(value=values[name], interval=intervals[name]) for name in MEASURES}
    return TestResult(**estimates, threshold=threshold)
