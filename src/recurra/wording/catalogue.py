"""The catalogue: English sentences with places for values, and what they are in Korean.

A place of an English sentence is a field of `str.format`. In a Korean one it may say more:

::

    {rows:,}          as Python writes it
    {name:을/를}       with the particle that goes with it
    {rows:,|은/는}     both
    {reason!t}        the value is itself a sentence, or a list of such: it is told in Korean, too
    {s!n}             nothing: an ending that Korean has none for
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any, NamedTuple

from recurra.wording.agreement import agreed
from recurra.wording.languages import language
from recurra.wording.networks import is_network, network_told
from recurra.wording.particles import PARTICLES, with_particle

__all__ = ["Sentence", "retold", "sentences", "term", "worded"]

LEAST = 4  # letters that do not change, by which a whole sentence is recognised
LEAST_OF_NAME = 16  # by which a name with fields is
LEAST_OF_END = 2  # by which what is put to its end is
_FORMATTER = Formatter()
_BETWEEN = ("\n", ". ", "; ")  # sentences of a text
_WITHIN = ("; ", ": ", ", ")  # parts of a sentence
_MOST_PARTS = 24


class Sentence(NamedTuple):
    """An English sentence and the Korean one.

    Args:
        english: with fields.
        korean: with the same fields, in its own order.
        words: what stands before, between and after the fields of the English one.
        fields: their names.
        letters: how many letters do not change.
    """

    english: str
    korean: str
    words: tuple[str, ...]
    fields: tuple[str, ...]
    letters: int


def worded(sentence: str, /, **values: Any) -> str:
    """Say a sentence in the language in force.

    Args:
        sentence: in English, in the form of `str.format`.
        values: what its fields are filled with.

    Example:
        >>> worded("{rows:,} rows", rows=1200), worded("{rows:,} rows", rows=1)
        ('1,200 rows', '1 row')
    """
    if language() == "ko":
        known = _by_english().get(sentence)
        if known is not None:
            return _filled(known.korean, values)
        return term(sentence.format(**values))
    return agreed(sentence.format(**values))


def retold(said: str) -> str:
    """Say in the language in force what was made in English; what is not known stays as it is.

    A text of several sentences is told sentence by sentence, a network in words layer by layer.
    English is made of many, "1 rows", and is told of one.
    """
    return _told(said, LEAST, _BETWEEN) if language() == "ko" else agreed(said)


def term(name: str, *, exact: bool = False) -> str:
    """Say a name or a heading of ours in the language in force: a measure, a kind, a column.

    Args:
        name: none of the user's: "test" would be told as the side of a split.
        exact: take only what stands in the catalogue letter for letter, and has several words: for
            cells that may hold anything.
    """
    if language() != "ko":
        return name
    if exact:
        known = _by_english().get(name) if " " in name else None
        return name if known is None or known.fields else _filled(known.korean, {})
    return _told(name, 0, _WITHIN)


def _told(said: str, least: int, separators: tuple[str, ...]) -> str:
    if is_network(said) and said not in _by_english():
        return network_told(said, worded)
    findings = said.split(". ")
    if len(findings) > 1 and all(map(_is_under_a_name, findings)):
        ended = [f"{each}." for each in findings[:-1]] + findings[-1:]
        return " ".join(_told(each, least, separators) for each in ended)
    found = _recognised(said, least)
    name, colon, rest = said.partition(": ")
    named = _name(name)[1] if colon else None
    if named is not None:  # what was found, under its name
        under = f"{named}: {_told(rest, least, separators)}"
        less = found is None or _more_is_under_a_name(said, least)
        if less or _latin(under) < _latin(found or said):
            return under
    if found is not None:
        return _of_known_parts(said, found, separators)
    for separator in separators:
        if separator in said:
            parts = said.split(separator)
            return separator.join(_in_parts(parts, separator, least, separators))
    return said


def _name(said: str) -> tuple[int, str | None]:
    """Read a text as the name of what is found: one of ours, or one of several words of ours.

    No name has a comma: that is the beginning of a sentence.
    """
    if said in _by_english():
        return _by_english()[said].letters, term(said)
    return (0, None) if ", " in said else _whole(said, LEAST_OF_NAME)


def _is_under_a_name(said: str) -> bool:
    name, colon, _ = said.partition(": ")
    return bool(colon) and _name(name)[1] is not None


def _more_is_under_a_name(said: str, least: int) -> bool:
    """Say whether more of a text is known as what is found under a name than as a whole."""
    name, colon, rest = said.partition(": ")
    letters, named = _name(name) if colon else (0, None)
    least = max(least, LEAST)  # "of" alone is no more
    return named is not None and _best(said, least)[0] < letters + _best(rest, least)[0]


def _of_known_parts(said: str, found: str, separators: tuple[str, ...]) -> str:
    """Tell a text part by part where all parts are known and more of it is told so.

    "{first} to {last}" is all of "weekly, 2020 to 2021, a season of 52 steps", too.
    """
    for separator in (*separators, ", "):
        parts = [_recognised(part, 0) for part in said.split(separator)]
        if len(parts) > 1 and None not in parts:
            told = separator.join(filter(None, parts))
            if _latin(told) < _latin(found):
                return told
    return found


def _latin(said: str) -> int:
    return sum(letter.isascii() and letter.isalpha() for letter in said)


def _in_parts(
    parts: list[str], separator: str, least: int, separators: tuple[str, ...]
) -> list[str]:
    """Tell the longest run of parts that is a known sentence, then what follows it."""
    told, begin = [], 0
    stop = separator.rstrip() if separator == ". " else ""
    while begin < len(parts):
        for end in range(min(len(parts), begin + _MOST_PARTS), begin, -1):
            whole = separator.join(parts[begin:end]) + (stop if end < len(parts) else "")
            found = _recognised(whole, least)
            if found is not None and not (end == begin + 1 and _more_is_under_a_name(whole, least)):
                break
        else:
            finer = separators[separators.index(separator) + 1 :]
            end, found = begin + 1, _told(parts[begin], least, finer)
        told.append(found.removesuffix(stop) if end < len(parts) else found)
        begin = end
    return told


def _recognised(said: str, least: int) -> str | None:
    """Give the Korean of a text that is a known sentence, or one with known ends put to it."""
    return _best(said, least)[1]


def _best(said: str, least: int) -> tuple[int, str | None]:
    """Read a text as the sentence, or as the parts, with most letters that are known.

    Returns:
        How many letters those are, and the Korean; None where nothing is known.
    """
    letters, found = _whole(said, least)
    for sentence in _tails():
        place = said.find(sentence.words[0], 1)
        values = None if place < 1 else _values(sentence, said[place:])
        if values is None:
            continue
        known, head = _best(said[:place], least)
        if known + sentence.letters > letters and (head is not None or least == 0):
            told = (said[:place] if head is None else head) + _filled(sentence.korean, values)
            if found is None or _latin(told) <= _latin(found):
                letters, found = known + sentence.letters, told
    return letters, found


def _whole(said: str, least: int) -> tuple[int, str | None]:
    for known, stop in ((said, ""), (said.removesuffix("."), ".")):  # a note may be a sentence
        plain = _whole_ones().get(known)
        if plain is not None:
            return plain.letters, _filled(plain.korean, {}).removesuffix(stop) + stop
    for anchor, sentence in _by_letters():
        if sentence.letters < least:
            break
        if anchor in said:
            values = _values(sentence, said)
            if values is not None:
                return sentence.letters, _filled(sentence.korean, values)
    return 0, None


def _values(sentence: Sentence, said: str) -> dict[str, str] | None:
    """Give what stands in the fields, if this is the sentence: each as short as it can be."""
    if not sentence.fields:
        return {} if said == sentence.words[0] else None
    first, *between, last = sentence.words
    end = len(said) - len(last)
    if not (said.startswith(first) and said.endswith(last) and len(first) <= end):
        return None
    place, found = len(first), []
    for number, words in enumerate(between):
        then = next((each for each in between[number + 1 :] if each.strip()), "")
        here = _place(said, words, then, place, end)
        if here < 0:
            return None
        found.append(said[place:here])
        place = here + len(words)
    found.append(said[place:end])
    values: dict[str, str] = {}
    for field, value in zip(sentence.fields, found, strict=True):
        if values.setdefault(field, value) != value:
            return None
    return values


def _place(said: str, words: str, then: str, begin: int, end: int) -> int:
    """Find words, of which other words follow; -1 where they are not there.

    A single space is the last one before what follows: names have spaces, figures have none. Where
    nothing stands between two fields, the second is a known end, such as " and every other rival".
    """
    if words.strip():
        return said.find(words, begin, end)
    until = said.find(then, begin + len(words), end) if then else end
    until = until if until >= 0 else end
    if words:
        return said.rfind(words, begin, until)
    part = said[begin:until]
    places = (_end_in(each, part) for each in _tails() if each.words[0] in part)
    return begin + min(places, default=len(part))


def _end_in(end: Sentence, said: str) -> int:
    place = said.find(end.words[0], 1)
    known = place > 0 and _values(end, said[place:]) is not None
    return place if known else len(said)


def _filled(korean: str, values: Mapping[str, Any]) -> str:
    """Fill in a Korean sentence."""
    parts = []
    for words, field, spec, conversion in _FORMATTER.parse(korean):
        parts.append(words)
        if field is not None:
            parts.append(_said(values[field], spec or "", conversion))
    return "".join(parts)


def _said(value: Any, spec: str, conversion: str | None) -> str:
    if conversion == "n":
        return ""
    python, _, particle = spec.rpartition("|")
    if particle not in PARTICLES:
        python, particle = spec, ""
    if conversion == "t":
        value = _told(str(value), 0, (*_BETWEEN[:2], *_WITHIN))
    elif conversion == "r":
        value = repr(value)
    said = str(value) if isinstance(value, str) else format(value, python)
    return with_particle(said, particle) if particle else said


@cache
def sentences() -> tuple[Sentence, ...]:
    """Give all sentences of the catalogue."""
    text = Path(__file__).with_name("ko.po").read_text("utf-8")
    return tuple(_sentence(english, korean) for english, korean in _pairs(text) if english)


def _sentence(english: str, korean: str) -> Sentence:
    words, fields = [""], []
    for plain, field, _, _ in _FORMATTER.parse(english):
        words[-1] += plain
        if field is not None:
            fields.append(field)
            words.append("")
    letters = sum(each.isalpha() for part in words for each in part)
    return Sentence(english, korean, tuple(words), tuple(fields), letters)


@cache
def _by_english() -> dict[str, Sentence]:
    return {each.english: each for each in sentences()}


@cache
def _whole_ones() -> dict[str, Sentence]:
    """Give the sentences without fields, as they are said: braces are not doubled."""
    return {each.words[0]: each for each in sentences() if not each.fields and each.letters}


@cache
def _by_letters() -> tuple[tuple[str, Sentence], ...]:
    """Give the sentences with fields, most letters first, each with its longest words."""
    open_ = [each for each in sentences() if each.fields and each.letters]
    open_.sort(key=lambda each: (-each.letters, each.english))
    return tuple((max(each.words, key=len), each) for each in open_)


@cache
def _tails() -> tuple[Sentence, ...]:
    """Give what is put to the end of other sentences: it begins with a space or a mark."""
    begun = (each for each in sentences() if each.letters >= LEAST_OF_END)
    return tuple(each for each in begun if each.words[0][:1] in {" ", ",", ";", ":", "."})


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """Read gettext's format: an English sentence and the Korean one, each over several lines."""
    said = {"msgid": "", "msgstr": ""}
    now = "msgid"
    for line in text.splitlines():
        keyword, _, rest = line.partition(" ")
        if keyword == "msgid":
            yield said["msgid"], said["msgstr"]
            said = {"msgid": "", "msgstr": ""}
        if keyword in said:
            now, line = keyword, rest
        if line.startswith('"'):
            said[now] += json.loads(line)
    yield said["msgid"], said["msgstr"]
