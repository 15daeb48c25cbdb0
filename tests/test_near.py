"""Near copies of texts are found whatever was done to them, and different texts are left apart."""

import base64
import codecs
import html
import re
import unicodedata
import urllib.parse
from pathlib import Path

import numpy as np
import pytest

from recurra.text.decoding import decoded
from recurra.text.keystrokes import keystrokes
from recurra.text.near import CONTAINED, SHORTEST, connected, find_copies, group_near
from recurra.text.plain import plain
from recurra.text.rewritten import in_other_letters

SYLLABLES = re.findall("..", "katorimesulopanevidohagezoultaeronisthelba")


def written(count: int, words: int = 14, seed: int = 0) -> list[str]:
    """Texts of made-up words, a few of them common; no two are near."""
    rng = np.random.default_rng(seed)
    vocabulary = ["".join(rng.choice(SYLLABLES, rng.integers(1, 4))) for _ in range(3000)]
    odds = 1 / np.arange(1, 3001)
    chosen = rng.choice(3000, (count, words), p=odds / odds.sum())
    return [" ".join(vocabulary[i] for i in row) + "." for row in chosen]


def other_word(text: str, place: int) -> str:
    words = text.split()
    return " ".join([*words[:place], "blub", *words[place + 1 :]])


BEGIN = "Here is what somebody has written to us on a day in spring, word by word:"
END = "This is all of it, and it was left as it had been written."
CHANGES = {
    "one word is changed": lambda text: other_word(text, 5),
    "the first word is changed": lambda text: other_word(text, 0),
    "one word is left out": lambda text: " ".join(text.split()[:4] + text.split()[5:]),
    "the full stop became an exclamation mark": lambda text: text[:-1] + "!",
    "signs stand between all words": lambda text: text.replace(" ", ", "),
    "it is cut to two thirds": lambda text: text[: len(text) * 2 // 3],
    "the beginning is cut off": lambda text: text[len(text) // 3 :],
    "something was put before it": lambda text: "FWD: " + text,
    "something was put behind it": lambda text: text + " Sent from my telephone",
    "capitals": str.upper,
    "typing errors": lambda text: text[:20] + text[21:40] + "x" + text[40:],
    "HTML": lambda text: "<p>" + html.escape(text) + "</p><br>",
    "the second half stands first": lambda text: " ".join(text.split()[11:] + text.split()[:11]),
    "its words stand in order of the alphabet": lambda text: " ".join(sorted(text.split())),
    "it stands within a longer one": lambda text: f"{BEGIN} {text} {END}",
    "it is quoted as in mail": lambda text: "> " + text.replace(" ", "\n> ", 3),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "as in a link": urllib.parse.quote_plus,
    "letters of another script": lambda text: text.translate(
        str.maketrans("aeo", "\u0430\u0435\u043e")
    ),
    "full width": lambda text: "".join(chr(ord(c) + 0xFEE0) if c.isalpha() else c for c in text),
}


@pytest.mark.parametrize("change", CHANGES)
def test_near_copies_are_found(change: str) -> None:
    texts = written(300, words=22)
    groups = group_near([*texts, *map(CHANGES[change], texts)])
    assert groups.tolist() == [*range(300), *range(300)]


def test_different_texts_are_near_nothing() -> None:
    assert group_near(written(3000)).tolist() == list(range(3000))


def test_what_many_say_is_said_anew_and_what_one_says_is_copied() -> None:
    rng = np.random.default_rng(0)
    sayings = [
        "what a good film to see again",
        "what a fine film to see again",
        "i saw a film here",
    ]
    begins = rng.choice(sayings, 900).tolist()
    long = [f"{one} {other}" for one, other in zip(begins, written(900), strict=True)]
    asked = [*sayings[:2], "gekaon ulhalo zomeri vidota", "gekaon ulhalo zomeri vidot"]
    assert group_near([*long, *asked])[900:].tolist() == [900, 901, 902, 902]
    assert group_near(asked).tolist() == [0, 0, 2, 2]  # nobody else says it


def test_a_phrase_within_long_texts_does_not_bind_them() -> None:
    phrase = "this is one of the best of all that there have been in these years so far"
    pairs = zip(written(200), written(200, seed=1), strict=True)
    texts = [f"{one} {phrase} {other}" for one, other in pairs]
    assert group_near(texts).tolist() == list(range(200))


def test_one_word_in_a_text_of_six_is_found_for_certain() -> None:
    texts = [text for text in written(4000, words=6) if len(plain(text)) >= 30]
    texts = [text for text in texts if len(set(text.split())) == 6]  # what repeats itself says less
    changed = [other_word(text, i % 6).replace("blub", "ka") for i, text in enumerate(texts)]
    found = find_copies([*texts, *changed])
    together = found.groups[: len(texts)] == found.groups[len(texts) :]
    from rapidfuzz.distance import Levenshtein

    near = [
        Levenshtein.normalized_similarity(plain(a), plain(b)) >= 0.8
        for a, b in zip(texts, changed, strict=True)
    ]
    assert np.mean(near) > 0.5
    assert together[np.array(near)].all()


def test_mojibake_and_letters_taken_apart_are_read_as_what_they_were() -> None:
    text = "Die Brücke über den Fluß, schön gemütlich"
    assert plain(text.encode().decode("latin-1")) == plain(text)
    assert plain("정말 재미있게 봤습니다") == plain("정말 재미있게 봤습니다")


def test_a_mark_is_part_of_its_letter() -> None:
    assert plain("कि") != plain("का")  # the vowel is a mark


@pytest.mark.parametrize("letters", [1, 5, SHORTEST - 2])
def test_a_short_text_is_near_nothing_but_itself(letters: int) -> None:
    short = "abcdefghijklmnopqrstuvwxyz"[:letters]
    assert group_near([short, short + "q", short.upper() + "!"]).tolist() == [0, 1, 0]


def test_a_phrase_is_no_copy_of_every_text_that_begins_with_it() -> None:
    phrase = "and what a lovely film it was"
    assert len(plain(phrase)) < CONTAINED
    assert len(set(group_near([phrase, *(f"{phrase} {text}" for text in written(5))]))) == 6


def test_texts_without_letters_are_told_apart_by_their_signs() -> None:
    assert group_near(["👍", "👎", "👍", "...", ""]).tolist() == [0, 1, 0, 3, 4]


def test_each_kind_of_copy_is_told() -> None:
    text = "win a prize of 100 pounds tonight, call now"
    found = find_copies([text, text, text.replace("100", "2500"), text[:-3] + "soon", "ok"])
    assert found.exact.tolist() == [0, 0, 2, 3, 4]
    assert found.masked.tolist() == [0, 0, 0, 3, 4]
    assert found.groups.tolist() == [0, 0, 0, 0, 4]
    assert found.pairs.tolist() == [[0, 3]]
    assert 0.8 < found.similarity[0] < 1
    assert found.sentence().startswith("4 of 5 rows are copies of others, in 1 groups (1 repeat")


def test_copies_that_hang_together_are_one_group() -> None:
    chain = [written(1)[0]]
    for place in range(6):
        chain.append(other_word(chain[-1], place).replace("blub", f"{SYLLABLES[place]}blub"))
    assert group_near(chain).tolist() == [0] * 7


def test_a_form_that_many_fill_in_is_no_copy_and_is_said() -> None:
    begin = "Dear customer, your parcel is on its way and will be with you soon, to be left at "
    forms = [begin + text[:14] for text in written(400)]
    found = find_copies([*written(600, seed=1), *forms])
    assert len(np.unique(found.groups)) > 900
    (family,) = found.families
    assert (family.rows, family.example) == (400, 600)
    assert "400 rows fill in one form" in str(family)


def test_many_copies_of_few_texts_are_no_form() -> None:
    texts = [other_word(text, i) for text in written(5) for i in range(14)]
    assert len(np.unique(group_near(texts))) == 5


def test_rows_held_out_that_touch_the_others_are_told() -> None:
    text, other = written(2)
    found = find_copies([text, other, other_word(text, 3), text])
    assert (
        found.touching(np.array([True, True, False, False])).tolist() == [True, False] + [False] * 2
    )


@pytest.mark.parametrize("texts", [[], ["one"], ["", ""]])
def test_nothing_and_little_are_no_trouble(texts: list[str]) -> None:
    assert group_near(texts).tolist() == [0] * len(texts)


def test_the_same_texts_give_the_same_groups_in_any_order() -> None:
    texts = [*written(200), *(other_word(text, 2) for text in written(200))]
    order = np.random.default_rng(0).permutation(len(texts))
    groups = group_near(texts)
    turned = group_near([texts[i] for i in order])
    assert (turned[:, None] == turned).tolist() == (groups[order, None] == groups[order]).tolist()


def test_the_copies_of_real_messages_are_counted(real_data: Path) -> None:
    lines = (real_data / "sms-spam" / "SMSSpamCollection").read_text("utf-8").split("\n")[:-1]
    found = find_copies([line.split("\t", 1)[1] for line in lines])
    distinct = [len(np.unique(kind)) for kind in (found.exact, found.masked, found.groups)]
    assert [len(lines) - kinds for kinds in distinct] == [403, 442, 663]


def test_what_hangs_together_is_called_by_its_first_row_in_whatever_order_pairs_come() -> None:
    rows = 500
    chain = np.random.default_rng(0).permutation(rows)
    pairs = np.stack([chain[:-1], chain[1:]], axis=1)
    assert connected(pairs, rows).tolist() == [0] * rows
    apart = np.array([[4, 2], [3, 1], [2, 2]])
    assert connected(apart, 6).tolist() == [0, 1, 2, 1, 2, 5]
    assert connected(pairs[:0], 3).tolist() == [0, 1, 2]
    assert connected(pairs[:0], 0).tolist() == []


LEET = str.maketrans("aeiost", "431057")
LETTER_BY_LETTER = {
    "digits for letters": lambda text: text.translate(LEET),
    "letters moved on": lambda text: codecs.encode(text, "rot13"),
    "backwards": lambda text: text[::-1],
    "each word backwards": lambda text: " ".join(word[::-1] for word in text.split(" ")),
    "an alphabet of its own": lambda text: text.translate(
        str.maketrans("abcdefghijklmnopqrstuvwxyz", "αβγδεζηθικλμνξοπρστυφχψωϊϋ")
    ),
}


@pytest.mark.parametrize("change", LETTER_BY_LETTER)
def test_copies_in_other_letters_are_found(change: str) -> None:
    texts = written(60)
    groups = group_near([*texts, *(LETTER_BY_LETTER[change](text) for text in texts)])
    assert groups[60:].tolist() == list(range(60))


KOREAN = [
    "마지막 장면에서 울었다 배우들 연기가 정말 좋았던 영화",
    "왜 이렇게 평점이 낮은지 모르겠다 꽤 괜찮은데",
    "극장에서다시보고싶은작품입니다 음악도최고였어요",
    "원작을 읽고 봤는데 없는 이야기가 많아 실망했습니다",
    "예고편이 전부였던 영화 시간이 아깝습니다 진짜",
    "아이들과 함께 보기 좋은 따뜻한 이야기예요 추천합니다",
]
KEYS = dict(
    zip(
        "ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔㅁㄴㅇㄹㅎㅗㅓㅏㅣㅋㅌㅊㅍㅠㅜㅡㅃㅉㄸㄲㅆㅒㅖ",
        "qwertyuiopasdfghjklzxcvbnmQWERTOP",
        strict=True,
    )
)
KOREAN_WRITTEN = {
    "letters one by one": keystrokes,
    "letters apart": lambda text: unicodedata.normalize("NFD", text),
    "typed on an English keyboard": lambda text: "".join(KEYS.get(c, c) for c in keystrokes(text)),
    "Windows' Korean read as Latin": lambda text: text.encode("cp949").decode("latin-1"),
    "UTF-8 read as Latin twice": lambda text: in_latin(in_latin(text)),
    "bytes as Python prints them": lambda text: str(text.encode()),
    "backwards": lambda text: text[::-1],
}


def in_latin(text: str) -> str:
    return text.encode().decode("latin-1")


@pytest.mark.parametrize("change", KOREAN_WRITTEN)
def test_korean_that_a_program_or_a_keyboard_wrote_otherwise_is_found(change: str) -> None:
    others = [KOREAN_WRITTEN[change](text) for text in KOREAN]
    assert not set(others) & set(KOREAN)
    groups = group_near([*KOREAN, *others])
    assert groups.tolist() == [*range(len(KOREAN))] * 2


@pytest.mark.parametrize(
    "text", ["Ñandú: ça va à Köln, où êtes-vous?", "¡Qué año! ÀÉÎ õäö üß", "° ±5 °C"]
)
def test_latin_letters_are_not_read_as_korean(text: str) -> None:
    assert decoded(text) == text


def test_texts_with_words_as_long_are_no_copies() -> None:
    rng = np.random.default_rng(0)
    words = ["".join(rng.choice(list("aeiourstnl"), 5)) for _ in range(900)]
    texts = [" ".join(rng.choice(words, 12)) for _ in range(400)]
    pairs, _ = in_other_letters(texts)
    assert len(pairs) == 0
