"""Noun phrases of a treebank as a chunking file in the form of CoNLL-2000.

The rule: every noun (UPOS NOUN, PROPN) or pronoun (PRON) is the head of a phrase. Into it go, next
to each other on its left, those of its dependents that are `det`, `amod`, `nummod`, `compound`,
`flat`, `nmod:poss` or `goeswith`, each with all that hangs on it; and on its right those that are
`flat`, `compound`, `goeswith` or `fixed`. A phrase within another is part of it. The phrases are
written as BIO tags of the kind NP, after the word and its part of speech::

    python benchmarks/chunks.py $RECURRA_DATA/ud-ewt/en_ewt-ud-train.conllu.gz train.txt
    python benchmarks/chunks.py $RECURRA_DATA/ud-ewt/en_ewt-ud-test.conllu test.txt
    recurra train tagging train.txt --test test.txt
"""

import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from recurra.data.contents import read_contents

HEADS = {"NOUN", "PROPN", "PRON"}
LEFT = {"det", "amod", "nummod", "compound", "flat", "nmod:poss", "goeswith"}
RIGHT = {"flat", "compound", "goeswith", "fixed"}


@dataclass(frozen=True)
class Word:
    """A word of a treebank: its form, universal tag, the place of its head (-1: none), relation."""

    form: str
    tag: str
    head: int
    relation: str


def sentences(path: Path) -> Iterator[list[Word]]:
    """Give the sentences of a CoNLL-U file."""
    words: list[Word] = []
    for line in [*read_contents(path).data.decode("utf-8").split("\n"), ""]:
        cells = line.split("\t")
        if len(cells) == 10 and cells[0].isdigit():
            words.append(Word(cells[1], cells[3], int(cells[6]) - 1, cells[7]))
        elif not line.strip() and words:
            yield words
            words = []


def phrases(words: list[Word]) -> list[tuple[int, int]]:
    """Give the first and the last place of each noun phrase that lies in no other."""
    below = defaultdict(list)
    for place, word in enumerate(words):
        below[word.head].append(place)

    def all_below(place: int) -> set[int]:
        return {place}.union(*(all_below(child) for child in below[place]))

    found = []
    for place, word in enumerate(words):
        if word.tag not in HEADS:
            continue
        inside = {place}
        for child in below[place]:
            relation = words[child].relation
            base = relation.partition(":")[0]
            allowed = LEFT if child < place else RIGHT
            if relation in allowed or base in allowed - {"nmod"}:
                inside |= all_below(child)
        first = last = place
        while first - 1 in inside:
            first -= 1
        while last + 1 in inside:
            last += 1
        found.append((first, last))
    return _outermost(found)


def _outermost(found: list[tuple[int, int]]) -> list[tuple[int, int]]:
    kept: list[tuple[int, int]] = []
    for first, last in sorted(found, key=lambda span: (span[0], -span[1])):
        if not kept or first > kept[-1][1]:
            kept.append((first, last))
    return kept


def tags(words: list[Word]) -> list[str]:
    """Give a BIO tag for each word."""
    said = ["O"] * len(words)
    for first, last in phrases(words):
        said[first : last + 1] = ["B-NP"] + ["I-NP"] * (last - first)
    return said


def main(source: str, target: str) -> None:
    """Write the chunking file of a treebank."""
    lines = []
    for words in sentences(Path(source)):
        for word, tag in zip(words, tags(words), strict=True):
            lines.append(f"{word.form.replace(' ', '_')} {word.tag} {tag}")
        lines.append("")
    Path(target).write_text("\n".join(lines), "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:3])
