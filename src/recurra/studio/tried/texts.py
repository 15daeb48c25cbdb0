"""Texts that are tried: labels of them, tags of their words, translations, lines that are begun."""

from typing import Any

import numpy as np

from recurra.answers.classes import Effect, without_each
from recurra.finished import FinishedRun
from recurra.problems.kept import Kept
from recurra.problems.saved.lines import KINDS as WRITERS
from recurra.problems.saved.multi_labels import KINDS as LABELLERS
from recurra.problems.saved.tags import KINDS as TAGGERS
from recurra.problems.saved.translations import KINDS as TRANSLATORS
from recurra.serving.refusals import RefusedError
from recurra.studio.tried.row import Row, Tried
from recurra.text.joining import JOINT, blank, text_columns
from recurra.wording import worded

__all__ = ["Labels", "Lines", "Tags", "Translation", "speaking"]

WORDS = 400  # of a text whose parts are asked
NAMED, FAINT = 6, 0.005  # tokens in a sentence, and what moves a score too little to be named
WRITTEN = 8  # lines


def speaking(name: str, effects: list[Effect]) -> str:
    """Say in words which tokens speak most for a class, and which against it.

    Example:
        >>> falls = [("win", 0.3), ("a", -0.02), ("now", 0.1), ("lunch", -0.2)]
        >>> speaking("spam", [Effect(token, fall, None, None) for token, fall in falls])
        'What speaks most for spam: “win”, “now”. Against it: “lunch”.'
    """
    strong = max((abs(effect.fall) for effect in effects), default=0.0)
    ranked = sorted(effects, key=lambda effect: -abs(effect.fall))[:NAMED]
    named = [
        [effect.token for effect in ranked if sign * effect.fall >= max(strong / 4, FAINT)]
        for sign in (1, -1)
    ]
    quoted = [", ".join(f"“{token}”" for token in dict.fromkeys(tokens)) for tokens in named]
    told = [
        worded("What speaks most for {name}: {tokens}.", name=name, tokens=quoted[0])
        if quoted[0]
        else worded("No word by itself speaks much for {name}.", name=name),
        worded("Against it: {tokens}.", tokens=quoted[1]) if quoted[1] else "",
    ]
    return " ".join(each for each in told if each)


def checked_words(text: str) -> str:
    """Refuse a text of nothing, or of too many words to ask about each.

    Raises:
        RefusedError: it is such a one.
    """
    if blank(text):
        raise RefusedError(400, worded("Type something."))
    if len(text.split()) > WORDS:
        raise RefusedError(
            413,
            worded("parts are told of texts of up to {most} words. Try a part.", most=WORDS),
        )
    return text


class Labels(Tried):
    """Labels of a text, none or several."""

    def __init__(self, kept: Kept, run: FinishedRun) -> None:
        super().__init__(kept, run)
        self.model = kept.open(LABELLERS, "say labels of texts")
        self.names = [str(name) for name in self.model.classes_]
        fields = text_columns(kept.facts.columns)
        self.fields = tuple(fields) if len(fields) > 1 else ()

    def told(self, asked: Row) -> dict[str, Any]:
        """Tell the probability of each label."""
        (shares,) = self.model.predict_proba(np.array([checked_words(asked.row)], object))
        said = [n for n, p in zip(self.names, shares, strict=True) if p >= self.model.threshold_]
        return {
            "said": self._sentence(said),
            "shares": dict(zip(self.names, shares.tolist(), strict=True)),
        }

    def parts(self, asked: Row) -> dict[str, Any]:
        """Tell what each token does to the likeliest label."""
        text = checked_words(asked.row)
        written = self.model.encoder_.written(text)
        shares = self.model.predict_proba(np.array([text, *without_each(text, written)], object))
        top = int(shares[0].argmax())
        falls = (shares[0, top] - shares[1:, top]).tolist()
        effects = [
            Effect(token, fall, None, None) for token, fall in zip(written, falls, strict=True)
        ]
        return {
            "why": speaking(self.names[top], effects),
            "words": [
                {"word": each.token, "fall": each.fall} for each in effects if each.token != JOINT
            ],
        }

    def _sentence(self, said: list[str]) -> str:
        if not said:
            return worded(
                "It says none of its labels: none reaches {threshold:.3f}.",
                threshold=self.model.threshold_,
            )
        return worded(
            "It says {labels}: from {threshold:.3f} on a label is said, each by itself.",
            labels=", ".join(said),
            threshold=self.model.threshold_,
        )


class Tags(Tried):
    """A tag for every word."""

    def __init__(self, kept: Kept, run: FinishedRun) -> None:
        super().__init__(kept, run)
        self.model = kept.open(TAGGERS, "tag words")

    def told(self, asked: Row) -> dict[str, Any]:
        """Tell the tag of each word, and how probable it is."""
        words, names = checked_words(asked.row).split(), [str(n) for n in self.model.classes_]
        (shares,) = self.model.predict_proba([words])
        (tags,) = self.model.say([words])
        sure = [float(row[names.index(str(tag))]) for row, tag in zip(shares, tags, strict=True)]
        least = int(np.argmin(sure))
        return {
            "said": worded(
                "It tags {count:,} words. It is least sure of “{word}”: {tag}, with {share:.3f}.",
                count=len(words),
                word=words[least],
                tag=str(tags[least]),
                share=sure[least],
            ),
            "words": [
                {"word": word, "said": str(tag), "share": share, "others": _others(names, row)}
                for word, tag, share, row in zip(words, tags, sure, shares, strict=True)
            ],
        }


def _others(names: list[str], shares: Any) -> str:
    """Give the three most probable tags of a word, as they are read."""
    order = np.argsort(-shares, kind="stable")[:3]
    return ", ".join(f"{names[n]} {shares[n]:.3f}" for n in order)


class Translation(Tried):
    """Another sentence for one."""

    def __init__(self, kept: Kept, run: FinishedRun) -> None:
        super().__init__(kept, run)
        self.model = kept.open(TRANSLATORS, "translate")

    def told(self, asked: Row) -> dict[str, Any]:
        """Tell the translation, and how probable it is."""
        found, log = self.model.search(checked_words(asked.row))
        return {
            "said": worded(
                "Of all that it could write it finds this probable: {share:.3g}.",
                share=float(np.exp(log)),
            ),
            "lines": [found],
        }


class Lines(Tried):
    """Lines that go on from a beginning."""

    writes = True

    def __init__(self, kept: Kept, run: FinishedRun) -> None:
        super().__init__(kept, run)
        self.model = kept.open(WRITERS, "write lines")
        known = [str(name) for name in self.model.classes_]
        self.classes = tuple(known) if len(known) > 1 else ()

    @property
    def title(self) -> str:
        """What is typed, in words."""
        return worded("How the lines begin; nothing: it begins by itself")

    def told(self, asked: Row) -> dict[str, Any]:
        """Tell some lines; the same is written of the same."""
        label = (asked.label or self.classes[0]) if self.classes else None
        how = {"label": label, "seed": asked.row, "temperature": asked.temperature}
        lines = self.model.generate(WRITTEN, **how)
        bits = -self.model.log_probabilities(lines, [label] * len(lines)) / np.log(2)
        counts = self.model.token_counts(lines)
        return {
            "said": worded(
                "It writes {count} lines; each of their letters or words takes it {bits:.2f} bits "
                "on average.",
                count=len(lines),
                bits=float(bits.sum() / counts.sum()),
            ),
            "lines": lines,
        }
