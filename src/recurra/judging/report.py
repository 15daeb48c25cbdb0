"""What was found, in the one versioned shape of report.json, whatever the problem."""

from html import escape
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from recurra.wording import retold, term, worded

__all__ = [
    "Answer",
    "Beside",
    "Calibration",
    "ContenderResult",
    "DataInfo",
    "Estimate",
    "Evaluation",
    "Exhibit",
    "LayerInfo",
    "MeasureInfo",
    "MemberInfo",
    "ModelInfo",
    "Probe",
    "Report",
    "SheetLine",
    "Sheeted",
    "SplitInfo",
    "TestUse",
    "TrainingInfo",
    "Verdict",
    "figure",
]

Answer = Literal["yes", "no", "undecided", "too few"]
Sheeted = Literal["yes", "no", "not checked"]


def figure(value: float | None, mean: float | None = None) -> str:
    """Write a number with three decimals, or four digits where those would say too little.

    Args:
        value: the number; None for one that is not there.
        mean: of what it is the deviation, or an end of the interval: written as finely as that
            is. None for a number that stands by itself.

    Example:
        >>> figure(0.98765), figure(0.0), figure(0.000123456), figure(123456.7), figure(None)
        ('0.988', '0.000', '0.0001235', '1.235e+05', '–')
        >>> figure(0.0021, 0.98765)
        '0.002'
    """
    if value is None:
        return "–"
    size = abs(value if mean is None else mean)
    return f"{value:.3f}" if size == 0 or 0.01 <= size < 1000 else f"{value:.4g}"


class Strict(BaseModel):
    """A part of a report: nothing unknown in it."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class Estimate(Strict):
    """A measure with its 95 % interval.

    Args:
        value: of the rows judged; None where there is nothing to measure.
        interval: None where the evidence is too little for one.
        pieces: how many independent pieces of evidence it rests on.
        needed: where there is no interval, about how many rows like these would give one.
        deviation: the standard deviation over the folds, where there are several.
    """

    value: float | None
    interval: tuple[float, float] | None = None
    pieces: int
    needed: int | None = None
    deviation: float | None = None

    def __str__(self) -> str:
        if self.value is None:
            return "–"
        if self.interval is None:
            return figure(self.value)
        low, high = (figure(end, self.value) for end in self.interval)
        return f"{figure(self.value)} [{low}, {high}]"


class Calibration(Strict):
    """Whether scores mean what they say: the expected calibration error, beside chance.

    A perfectly calibrated model has an error above 0, too. `by_chance` is what one with these very
    scores would stay below in 95 % of cases.
    """

    error: float
    by_chance: float
    calibrated: bool
    parts: list[tuple[float, float, int]]


class MeasureInfo(Strict):
    """A measure of the problem."""

    name: str
    higher_is_better: bool


class ContenderResult(Strict):
    """A network or a baseline, and how good what it said of the held rows is.

    Args:
        rows: how many rows it was fitted on.
        network: its layers in words: a name alone is of another network in another problem.
        threshold: of two classes, the score from which it says positive, where it has one.
        remarks: what must be said of it, such as that it calls every row one class.
    """

    name: str
    baseline: bool
    rows: int
    parameters: int | None = None
    network: str = ""
    threshold: float | None = None
    fit_seconds: float
    predict_seconds: float
    measures: dict[str, Estimate]
    calibration: Calibration | None = None
    remarks: list[str] = Field(default_factory=list)


class Beside(Strict):
    """The comparison by another measure, for the same model."""

    measure: str
    answer: Answer
    rival: str
    difference: float | None
    interval: tuple[float, float] | None


class Verdict(Strict):
    """Whether a model is better than every rival, by the measure it rests on.

    Args:
        model: which.
        measure: what it rests on.
        answer: yes, no, undecided; or "too few" pieces of evidence to say.
        rival: the one that is hardest to beat; or the best of those that beat it.
        difference: of the model less the rival, in units of the measure.
        interval: of the difference, 95 %, corrected.
        corrected_for: (models tried, rivals): the more, the more luck must be ruled out.
        pieces: independent pieces of evidence.
        needed: rows that would be needed, where there are too few.
        seeds: trainings from different seeds that the interval includes; 1: it includes none.
        beside: the same question by other measures.
        sentence: all that in words.
    """

    model: str
    measure: str
    answer: Answer
    rival: str
    difference: float
    interval: tuple[float, float] | None
    p_value: float | None = None
    corrected_for: tuple[int, int]
    pieces: int
    needed: int | None = None
    seeds: int = 1
    beside: list[Beside] = Field(default_factory=list)
    sentence: str


class Probe(Strict):
    """What one probe found.

    Args:
        name: of it.
        passed: False where there is a leak, or a promise that is not kept.
        size: how much of it.
        detail: what was found, in words.
        leak: whether it looks for a leak; False: for what was promised.
    """

    name: str
    passed: bool
    size: int
    detail: str
    leak: bool = True

    @property
    def result(self) -> str:
        """The result in a word."""
        if self.passed:
            return "passed"
        return "LEAK" if self.leak else "failed"


class Exhibit(Strict):
    """A table to look at: a title, column names, rows, and a word about them."""

    title: str
    columns: list[str]
    rows: list[list[str]]
    note: str = ""


class DataInfo(Strict):
    """Where the rows come from. `groups`: rows that belong together count once."""

    source: str
    sha256: str
    rows: int
    classes: dict[str, int] = Field(default_factory=dict)
    positive: str | None = None
    groups: int
    notes: list[str] = Field(default_factory=list)


class SplitInfo(Strict):
    """How the rows were split, and how many stand on each side (of the last fold)."""

    kind: str
    seed: int
    folds: int
    train: int
    validation: int
    test: int
    purged: int = 0


class LayerInfo(Strict):
    """A row of the layer table."""

    name: str
    kind: str
    output_shape: tuple[int | None, ...]
    parameters: int


class ModelInfo(Strict):
    """The network that is saved. `parameters`, `trainable` ones and `layers` are of one member."""

    architecture: str
    members: int
    vocabulary: int
    parameters: int
    layers: list[LayerInfo]
    trainable: int | None = None


class MemberInfo(Strict):
    """The training of one member."""

    epochs_run: int
    best_epoch: int


class TrainingInfo(Strict):
    """How training went: `curve` in words, `curves` a row an epoch for each member.

    `trained_to` is the last day of the rows fitted on, where rows have days.
    """

    seconds: float
    curve: str
    members: list[MemberInfo]
    curves: list[list[dict[str, float]]]
    fitted_on: Literal["the rows judged with", "all rows"] = "the rows judged with"
    trained_to: str | None = None

    @property
    def validated(self) -> bool:
        """Whether the epoch that is kept was chosen on rows that validate; else it is the last."""
        return all("validation_loss" in row for curve in self.curves for row in curve)

    @property
    def rows_in_words(self) -> str:
        """The rows that the saved network was fitted on."""
        return self.fitted_on + (f", up to {self.trained_to}" if self.trained_to else "")


class TestUse(Strict):
    """How often the rows held were scored before, as far as the ledger of this machine knows.

    Args:
        rows: how many different ones.
        times: they, or most of them, were scored before.
        others: models that were scored then by other settings than now.
        models: their names.
        same_rows: whether each time all of them were, and no others.
        first: when that was, in UTC.
        unwritten: why it could not be written down that they were scored now; "" where it was.
        unread: lines of the ledger that could not be read.
        said: all that in words, and what it does to the claim; nothing where they were not scored.
    """

    __test__ = False  # no test of pytest's

    rows: int
    times: int
    others: int = 0
    models: list[str] = Field(default_factory=list)
    same_rows: bool = True
    first: str | None = None
    unwritten: str = ""
    unread: int = 0
    said: list[str] = Field(default_factory=list)


class SheetLine(Strict):
    """A line of the info sheet.

    Args:
        item: the kind of leak, by its number in the list of Kapoor and Narayanan, or what else is
            asked.
        question: that is asked of the run; yes is as it should be.
        answer: from what was measured.
        detail: what was; or how to look.
    """

    item: str
    question: str
    answer: Sheeted
    detail: str


class Report(Strict):
    """What a run or a comparison found.

    `answer` and `edge` are of the one question more that a problem may ask before the verdicts.
    """

    schema_: Literal["recurra.report/2"] = Field(default="recurra.report/2", alias="schema")
    version: str
    created: str
    command: str
    problem: str
    data: DataInfo
    split: SplitInfo
    measures: list[MeasureInfo]
    contenders: list[ContenderResult]
    answer: str = ""
    edge: list[Verdict] = Field(default_factory=list)
    verdicts: list[Verdict]
    probes: list[Probe] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
    exhibits: list[Exhibit] = Field(default_factory=list)
    test_use: TestUse | None = None
    sheet: list[SheetLine] = Field(default_factory=list)
    model: ModelInfo | None = None
    training: TrainingInfo | None = None

    @property
    def verdict(self) -> Verdict:
        """The verdict of the network that is saved, or of the first."""
        name = self.verdicts[0].model if self.model is None else self.model.architecture
        return next(verdict for verdict in self.verdicts if verdict.model == name)

    def contender(self, name: str) -> ContenderResult:
        """Give the contender of a name."""
        return next(each for each in self.contenders if each.name == name)

    def ranked(self) -> list[ContenderResult]:
        """Give the contenders, the best by the first measure first."""
        first = self.measures[0]
        sign = -1 if first.higher_is_better else 1

        def place(each: ContenderResult) -> float:
            value = each.measures[first.name].value
            return float("inf") if value is None else sign * value

        return sorted(self.contenders, key=place)

    def to_json(self) -> str:
        """Give the text of report.json."""
        return self.model_dump_json(by_alias=True, indent=2) + "\n"

    def _repr_html_(self) -> str:
        """Show itself in a notebook: the verdict, and every contender."""
        names = [measure.name for measure in self.measures]
        rows = [[c.name, *(str(c.measures[name]) for name in names)] for c in self.ranked()]
        said = "".join(f"<p><b>{escape(retold(v.sentence))}</b></p>" for v in self.verdicts)
        return f"{said}{_html_table([worded('contender'), *map(term, names)], rows)}"


class Evaluation(Strict):
    """What a saved model is worth on new rows.

    Args:
        model: the one that is judged.
        rows: how many rows it was asked.
        rows_seen_in_training: how many of them it was fitted on; None where that is not known.
        rows_near_training: how many more are near copies of such rows; None likewise.
        measures: of the model, by name.
        rivals: the same of what it must beat, where that is saved beside it.
        verdict: between them, on these rows alone.
        test_use: how often these rows were scored before.
        notes: what else must be known of the rows, and of what was said.
    """

    schema_: Literal["recurra.evaluation/1"] = Field(default="recurra.evaluation/1", alias="schema")
    problem: str
    model: str
    source: str
    sha256: str
    rows: int
    rows_seen_in_training: int | None = None
    rows_near_training: int | None = None
    measures: dict[str, Estimate]
    rivals: dict[str, dict[str, Estimate]] = Field(default_factory=dict)
    verdict: Verdict | None = None
    test_use: TestUse | None = None
    notes: list[str] = Field(default_factory=list)

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Give column names and rows: each measure of the model, then of its rivals."""
        all_of_them = {self.model: self.measures, **self.rivals}
        rows = [
            [name, *(str(each[name]) for each in all_of_them.values())] for name in self.measures
        ]
        return ["measure", *all_of_them], rows

    def to_json(self) -> str:
        """Give it as one JSON object."""
        return self.model_dump_json(by_alias=True, indent=2) + "\n"

    def _repr_html_(self) -> str:
        """Show itself in a notebook."""
        verdict = "" if self.verdict is None else escape(retold(self.verdict.sentence))
        said = f"<p><b>{verdict}</b></p>" if verdict else ""
        notes = "".join(f"<p>{escape(retold(note))}</p>" for note in self.notes)
        (measure, *models), rows = self.table()
        rows = [[term(name), *found] for name, *found in rows]
        return f"{said}{_html_table([term(measure), *models], rows)}{notes}"


def _html_table(columns: list[str], rows: list[list[str]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"
