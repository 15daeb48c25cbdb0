"""How many copies of short Korean texts are found, each kind written in another way?

    RECURRA_DATA=FOLDER python benchmarks/korean_copies.py

Of 4,000 different opinions of NSMC, 15 to 60 letters each, 300 are written once more; said are how
many stand with their own, and how many with another.
"""

import base64
import json
import os
import sys
import unicodedata
import urllib.parse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from recurra.text.keystrokes import keystrokes
from recurra.text.near import find_copies

KEYS = dict(
    zip(
        "ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔㅁㄴㅇㄹㅎㅗㅓㅏㅣㅋㅌㅊㅍㅠㅜㅡㅃㅉㄸㄲㅆㅒㅖ",
        "qwertyuiopasdfghjklzxcvbnmQWERTOP",
        strict=True,
    )
)
NARROW = {
    chr(int(found.split()[1], 16)): chr(number)
    for number in range(0xFFA1, 0xFFDD)
    if (found := unicodedata.decomposition(chr(number)))
}
FIRST = "g kk n d tt r m b pp s ss  j jj ch k t p h"
VOWELS = "a ae ya yae eo e yeo ye o wa wae oe yo u wo we wi yu eu ui i"
LAST = "k k k n n n t l k m l l l p l m p p t t ng t t k t p t"
SPOKEN = {  # the letters of a syllable, romanised one by one
    begin + place: written
    for begin, each in ((0x1100, FIRST), (0x1161, VOWELS), (0x11A8, LAST))
    for place, written in enumerate(each.split(" "))
}


def read_as(codec: str, other: str, times: int = 1) -> Callable[[str], str]:
    """Write in one encoding and read in another, as often."""

    def change(text: str) -> str:
        for _ in range(times):
            text = text.encode(codec, "ignore").decode(other)
        return text

    return change


def moved_on(text: str) -> str:
    """Write the next first letter in each syllable."""
    apart = unicodedata.normalize("NFD", text)
    moved = (
        chr(0x1100 + (ord(c) - 0x1100 + 1) % 19) if 0x1100 <= ord(c) < 0x1113 else c for c in apart
    )
    return unicodedata.normalize("NFC", "".join(moved))


WAYS: dict[str, Callable[[str], str]] = {
    "letters one by one": keystrokes,
    "narrow letters": lambda text: "".join(NARROW.get(c, c) for c in keystrokes(text)),
    "letters apart": lambda text: unicodedata.normalize("NFD", text),
    "full width": lambda t: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in t),
    "unseen signs between": "\u200b".join,
    "as in a link": urllib.parse.quote,
    "entities": lambda text: "".join(f"&#{ord(c)};" for c in text),
    "escapes": json.dumps,
    "CP949 read as Latin-1": read_as("cp949", "latin-1"),
    "UTF-8 read as Latin-1": read_as("utf-8", "latin-1"),
    "UTF-8 read as Latin-1 twice": read_as("utf-8", "latin-1", 2),
    "bytes as Python prints them": lambda text: str(text.encode()),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "typed on an English keyboard": lambda text: "".join(KEYS.get(c, c) for c in keystrokes(text)),
    "backwards": lambda text: text[::-1],
    "each word backwards": lambda text: " ".join(word[::-1] for word in text.split(" ")),
    "each first letter moved on": moved_on,
    "in Latin letters": lambda text: unicodedata.normalize("NFD", text).translate(SPOKEN),
}


def opinions(count: int) -> list[str]:
    """Give different opinions that are near no other, long enough to be near one."""
    path = Path(os.environ["RECURRA_DATA"], "nsmc", "ratings_train.txt.gz")
    read = pd.read_csv(path, sep="\t", quoting=3, keep_default_na=False, nrows=60_000)
    texts = read["document"].astype(str)
    texts = texts[texts.str.len().between(15, 60) & texts.str.contains("[가-힣]")].drop_duplicates()
    drawn = np.random.default_rng(0).permutation(texts.to_numpy(object))[:7_000]
    found = find_copies(drawn)
    sizes = np.bincount(found.groups, minlength=len(drawn))[found.groups]
    return [str(text) for text in drawn[(sizes == 1) & found.long][:count]]


def main() -> None:
    """Ask of each way."""
    texts, asked = opinions(4_000), 300
    for name, way in WAYS.items():
        groups = find_copies([*texts, *map(way, texts[:asked])]).groups
        mine = groups[len(texts) :] == groups[:asked]
        other = ~mine & (groups[len(texts) :] < len(texts))
        sys.stdout.write(f"{name}: {mine.sum()} of {asked}, {other.sum()} with another\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
