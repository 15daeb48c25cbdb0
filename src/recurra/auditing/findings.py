"""What an audit found, in one shape: for the terminal, the page, JSON and a notebook."""

from html import escape
from typing import Literal

from pydantic import Field

from recurra.auditing.behaviour import Behaviour, Check
from recurra.judging.report import Strict
from recurra.wording import retold, term, worded

__all__ = ["Audit", "Curve", "CurvePoint", "Example", "Finding", "Level", "Suspect", "Tell"]

Level = Literal["leak", "note"]
ANSWERS = {
    "yes": "more rows like these would help.",
    "hardly": "more rows like these would hardly help. Look at the labels, and at what is read.",
    "undecided": "whether more rows would help cannot be told from so few.",
}


class Example(Strict):
    """Two rows side by side.

    Args:
        left, right: what they hold, cut where it is long.
        left_row, right_row: where they stand: the side, where there are two, the number of the row
            of data, counted from 0, and the class.
    """

    left: str
    right: str
    left_row: str
    right_row: str


class Finding(Strict):
    """One thing found.

    Args:
        kind: of thing, such as "near copies".
        level: a leak makes figures better than they are; a note is to be known.
        sentence: what was found, in words.
        size: how many rows it is about.
        of: out of how many.
        unit: what is counted: rows, days or files of prices, or percent where it is how well one
            thing tells the class, out of 100.
        examples: two or three.
        advice: what to do.
    """

    kind: str
    level: Level
    sentence: str
    size: int
    of: int
    unit: Literal["rows", "days", "files", "percent"] = "rows"
    examples: list[Example] = Field(default_factory=list)
    advice: str

    @property
    def about(self) -> str:
        """How much it is about, in words."""
        match self.unit:
            case "percent":
                return f"{self.size}% of the class"
            case "files":
                return f"{self.size:,} of {self.of:,} files"
            case "days":
                return f"{self.size:,} of {self.of:,} days"
        return f"{self.size:,} of {self.of:,} rows"


class Tell(Strict):
    """How well one thing alone tells the class.

    Args:
        name: of it, such as "column 'id', its pattern".
        kind: column, id, missing, order, writing or word.
        told: (mean recall of the classes - 1/K) / (1 - 1/K), on rows that did not teach it: 0 is
            nothing, 1 is without fail. Of two classes it is Youden's J.
        p_value: of so much by chance, corrected for all that were tried.
        tried: how many that were.
    """

    name: str
    kind: str
    told: float
    p_value: float
    tried: int


class Suspect(Strict):
    """A row whose label may be wrong.

    Args:
        row: its number in its file, counted from 0.
        side: where there are two.
        label: that it has.
        likely: the class that is likelier.
        of_label, of_likely: the probabilities of both, by a model that did not learn from it.
        text: of it.
        step: where every step has a label: its place in the row, counted from 0.
    """

    row: int
    side: str
    label: str
    likely: str
    of_label: float
    of_likely: float
    text: str
    step: int | None = None


class CurvePoint(Strict):
    """How well a simple model does that learnt from some rows.

    Args:
        rows: that it learnt from.
        score: the mean recall of the classes, on the same rows held out.
    """

    rows: int
    score: float


class Curve(Strict):
    """Whether more rows would help, as far as a simple model tells.

    Args:
        points: from few rows to all.
        gain: of the mean recall, from half of the rows to all.
        low, high: between which it lies, with 95 %.
        helps: yes, hardly, or undecided.
    """

    points: list[CurvePoint]
    gain: float
    low: float
    high: float
    helps: Literal["yes", "hardly", "undecided"]

    @property
    def sentence(self) -> str:
        """The answer in words."""
        half, whole = self.points[-2:]
        gain = f"{self.gain:+.1%} [{self.low:+.1%}, {self.high:+.1%}]"
        return (
            f"From {half.rows:,} to {whole.rows:,} rows a simple model moves from {half.score:.1%} "
            f"to {whole.score:.1%} mean recall ({gain}): {ANSWERS[self.helps]}"
        )


class Audit(Strict):
    """Whether a split is clean, and what a model could know that it should not.

    Args:
        version: of Recurra.
        question: what was asked.
        source, sha256: of the rows.
        rows: how many, of the sides where there are two.
        classes: rows of each.
        findings: leaks first.
        tells: how well each thing alone tells the class, the best first.
        suspects: rows whose label may be wrong, the likeliest first, where labels were asked.
        curve: whether more rows would help, where that was asked.
        checks: how the model of a run behaves, where that was asked.
        notes: what was guessed, left out or looked at in part.
    """

    schema_: Literal["recurra.audit/1"] = Field(default="recurra.audit/1", alias="schema")
    version: str
    question: str
    source: str
    sha256: str
    rows: dict[str, int]
    classes: dict[str, int]
    findings: list[Finding] = Field(default_factory=list)
    tells: list[Tell] = Field(default_factory=list)
    suspects: list[Suspect] = Field(default_factory=list)
    curve: Curve | None = None
    checks: list[Check] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)

    def with_behaviour(self, found: Behaviour) -> "Audit":
        """Give the same with how its model behaves: what that fails is a leak."""
        failed = [
            Finding(
                kind=check.name,
                level="leak",
                sentence=check.sentence,
                size=check.of if check.p_value is not None else round(check.size),  # a test: of all
                of=check.of,
                advice=check.advice,
            )
            for check in found.failed
        ]
        update = {"findings": [*failed, *self.findings], "checks": found.checks}
        return self.model_copy(update=update)

    @property
    def leaks(self) -> list[Finding]:
        """The findings that are leaks."""
        return [finding for finding in self.findings if finding.level == "leak"]

    @property
    def clean(self) -> bool:
        """Whether no leak was found."""
        return not self.leaks

    @property
    def sentence(self) -> str:
        """The answer in words."""
        if self.clean:
            return "No leak was found."
        kinds = ", ".join(dict.fromkeys(finding.kind for finding in self.leaks))
        return f"{len(self.leaks)} leak{'s' if len(self.leaks) > 1 else ''}: {kinds}."

    def to_json(self) -> str:
        """Give it as the text of one JSON object."""
        return self.model_dump_json(by_alias=True, indent=2) + "\n"

    def _repr_html_(self) -> str:
        """Show itself in a notebook: the answer, and every finding."""
        body = "".join(
            f"<tr><td>{term(each.level)}</td><td>{escape(term(each.kind))}</td>"
            f"<td>{escape(retold(each.sentence))} <i>{escape(retold(each.advice))}</i></td></tr>"
            for each in self.findings
        )
        head = f"<tr><th></th><th>{worded('kind')}</th><th>{worded('finding')}</th></tr>"
        return f"<p><b>{escape(retold(self.sentence))}</b></p><table>{head}{body}</table>"
