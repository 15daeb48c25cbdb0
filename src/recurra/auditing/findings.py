"""What an audit found, in one shape: for the terminal, the page, JSON and a notebook."""

from html import escape
from typing import Literal

from pydantic import Field

from recurra.judging.report import Strict
from recurra.wording import retold, term, worded

__all__ = ["Audit", "Example", "Finding", "Level", "Suspect", "Tell"]

Level = Literal["leak", "note"]


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
        examples: two or three.
        advice: what to do.
    """

    kind: str
    level: Level
    sentence: str
    size: int
    of: int
    examples: list[Example] = Field(default_factory=list)
    advice: str


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
    """

    row: int
    side: str
    label: str
    likely: str
    of_label: float
    of_likely: float
    text: str


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
    notes: list[str] = Field(default_factory=list)

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
