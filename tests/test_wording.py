"""The language of what is said: English as it was, and Korean wherever Recurra speaks."""

import os
import re
import subprocess
import sys
import unicodedata
from collections import Counter
from string import Formatter

import pytest
import sentences
from hypothesis import given
from hypothesis import strategies as st

from recurra.architectures import NETWORKS
from recurra.errors import DataError
from recurra.wording import agreed, console_speaks, language, retold, speak, with_particle, worded
from recurra.wording.agreement import NOUNS_OF_MANY
from recurra.wording.particles import PARTICLES

# how many sentences of a room may lack Korean: none, where a room is finished
LACKING: dict[str, int] = {}


def said(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    env = {key: value for key, value in os.environ.items() if key != "RECURRA_LANG"}
    return subprocess.run(
        [sys.executable, "-m", "recurra", *arguments], capture_output=True, env=env | environment
    )


# particles


@given(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3))
def test_a_particle_follows_the_final_consonant_of_a_syllable(syllable: str) -> None:
    jamo = unicodedata.normalize("NFD", syllable)
    closed = len(jamo) == 3
    assert with_particle(syllable, "을/를") == syllable + ("을" if closed else "를")
    assert with_particle(syllable, "이/가") == syllable + ("이" if closed else "가")
    towards = "으로" if closed and jamo[2] != "\u11af" else "로"
    assert with_particle(syllable, "으로/로") == syllable + towards


@pytest.mark.parametrize(
    ("word", "object_", "towards"),
    [
        ("1", "1을", "1로"),
        ("2", "2를", "2로"),
        ("3", "3을", "3으로"),
        ("0", "0을", "0으로"),
        ("10", "10을", "10으로"),
        ("1,000", "1,000을", "1,000으로"),
        ("0.5", "0.5를", "0.5로"),
        ("1" + "0" * 12, "1" + "0" * 12 + "를", "1" + "0" * 12 + "로"),  # 조
        ("95%", "95%를", "95%로"),
        ("gru", "gru를", "gru로"),
        ("LSTM", "LSTM을", "LSTM으로"),
        ("lstm", "lstm을", "lstm으로"),
        ("F1", "F1을", "F1로"),
        ("URL", "URL을", "URL로"),
        ("spam", "spam을", "spam으로"),
        ("label", "label을", "label로"),
        ("char", "char를", "char로"),
        ("'본문'", "'본문'을", "'본문'으로"),
        ("'a.csv'", "'a.csv'를", "'a.csv'로"),
        ("모델(저장됨)", "모델(저장됨)을", "모델(저장됨)로"),
        ("파일 (2)", "파일 (2)을", "파일 (2)로"),
        ("(2)", "(2)를", "(2)로"),
        ("…", "…을(를)", "…으로(로)"),
    ],
)
def test_digits_letters_and_brackets_are_read_aloud(word: str, object_: str, towards: str) -> None:
    assert with_particle(word, "을/를") == object_
    assert with_particle(word, "으로/로") == towards


# which language


def test_the_language_is_what_is_asked_for_then_what_the_environment_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("RECURRA_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    assert language() == "en"
    monkeypatch.setenv("LANG", "ko_KR.UTF-8")
    assert language() == "ko"
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    assert language() == "en"
    monkeypatch.setenv("RECURRA_LANG", "ko")
    assert language() == "ko"
    with speak("en"):
        assert language() == "en"
    monkeypatch.setenv("RECURRA_LANG", "fr")
    assert language() == "en"


def test_a_sentence_that_was_made_in_english_is_said_in_korean() -> None:
    verdict = (
        "Yes: gru is better than naive and every other rival (MAE 1.5 against 2.5, difference "
        "-1.0 [-1.5, -0.5]). By F1, it loses to naive (+0.06)."
    )
    with speak("ko"):
        assert retold(verdict) == (
            "예: gru가 naive 및 다른 모든 상대보다 낫습니다(MAE 1.5 대 2.5, 차이 -1.0 "
            "[-1.5, -0.5]). F1로 보면, naive에 집니다(+0.06)."
        )
        assert retold("the model must be one of gru, lstm, but 'gur' was given.") == (
            "모델은 gru, lstm 가운데 하나여야 하지만 'gur'가 주어졌습니다."
        )
        assert retold("nobody ever said this") == "nobody ever said this"
        assert worded("the model") == "모델"
    assert retold(verdict) == verdict
    assert worded("{rows:,} rows", rows=1200) == "1,200 rows"


# the catalogue


def fields(sentence: str) -> set[str]:
    return {field for _, field, _, _ in Formatter().parse(sentence) if field is not None}


def wrong_field(field: str, spec: str, conversion: str | None) -> bool:
    python, bar, particle = spec.rpartition("|")
    if particle not in PARTICLES:
        python, bar = spec, ""
    try:
        format(1.5, python)
    except ValueError:
        return True
    return bool(bar and not python) or conversion not in (None, "n", "r", "t") or not field


def test_every_korean_sentence_has_the_fields_of_the_english_one() -> None:
    for english, korean in sentences.catalogue():
        assert korean, english
        assert fields(english) == fields(korean), english


def test_every_field_of_a_korean_sentence_can_be_filled_in() -> None:
    for _, korean in sentences.catalogue():
        for _, field, spec, conversion in Formatter().parse(korean):
            assert field is None or not wrong_field(field, spec or "", conversion), korean


def test_no_sentence_is_twice_in_the_catalogue() -> None:
    forms = Counter(sentences.shape(english) for english, _ in sentences.catalogue())
    assert [form for form, count in forms.items() if count > 1] == []


def test_every_sentence_has_its_korean() -> None:
    lacking = Counter(each.room for each in sentences.missing())
    assert {room: count for room, count in lacking.items() if count > LACKING.get(room, 0)} == {}


def test_the_catalogue_holds_nothing_that_is_never_said() -> None:
    assert sentences.unused() == []


def test_every_sentence_of_the_catalogue_is_recognised_once_it_is_filled_in() -> None:
    with speak("ko"):
        for english, korean in sentences.catalogue():
            filled = "".join(
                words + ("7" if field is not None else "")
                for words, field, _, _ in Formatter().parse(english)
            )
            if sum(map(str.isalpha, filled)) >= 12:
                assert retold(filled) != filled, (english, korean)


# one and many

# what stands after "1" in a sentence and counts nothing: "column 1 holds", "model 1 begins"
NOT_COUNTED = """
    across adds allows always as begins closes comes does ends falls gives goes has holds is its
    joins knows lacks leaves less lies lists looks loses names needs over reaches reads remembers
    repeats requires rises says shows stands starts takes tells this validates was writes
"""
BEFORE_NOUNS = f"{NOT_COUNTED} window among and gave in must of or with"
OF_ONE = "|".join(NOUNS_OF_MANY.values())


def of_one(sentence: str) -> str:
    """Fill all that a sentence counts with 1, and tell it."""
    parts = Formatter().parse(sentence)
    return agreed("".join(words + "1" * (field is not None) for words, field, *_ in parts))


def disagreeing(told: str) -> list[str]:
    begin = r"(?<![\w.,/-])1"
    known = set(NOUNS_OF_MANY.values()) | {"series", *NOT_COUNTED.split()}
    unknown = [each for each in re.findall(rf"{begin} ([a-z]+s)\b", told) if each not in known]
    other = re.findall(rf"{begin} ([a-z]+) (?:{'|'.join(NOUNS_OF_MANY)})\b", told)
    verbs = re.findall(rf"{begin} ((?:{OF_ONE}) (?:are|were|have|do))\b", told)
    return unknown + [each for each in other if each not in BEFORE_NOUNS.split()] + verbs


@pytest.mark.parametrize("room", sorted({each.room for each in sentences.everything()}))
def test_every_sentence_that_counts_agrees_with_one(room: str) -> None:
    told = [of_one(each.sentence) for each in sentences.everything() if each.room == room]
    assert {each: wrong for each in told if (wrong := disagreeing(each))} == {}


def test_a_noun_that_is_not_known_is_found() -> None:
    assert disagreeing(of_one("{n} walruses were read")) == ["walruses"]
    assert disagreeing(of_one("{n} purple rows were read")) == ["purple"]
    assert disagreeing("1 row were read") == ["row were"]
    assert disagreeing(of_one("{n} rows were read of {m} files; {k} classes have none")) == []


@pytest.mark.parametrize(
    ("made", "told"),
    [
        ("1 rows are read", "1 row is read"),
        ("1 copies, 1 classes, 1 days", "1 copy, 1 class, 1 day"),
        (
            "1 series, 21 rows, 0.1 rows, 2,001 rows are",
            "1 series, 21 rows, 0.1 rows, 2,001 rows are",
        ),
        ("1 of 20 rows (5.0 %) have copies", "1 of 20 rows (5.0 %) has copies"),
        ("there are 1 classes", "there is 1 class"),
        ("there are only 1 held rows", "there is only 1 held row"),
        ("1 rows teach, 1 validate, 1 are held out", "1 row teaches, 1 validates, 1 is held out"),
        ("1 steps that are empty at the end", "1 step that is empty at the end"),
        ("1 rows held out are needed", "1 row held out is needed"),
        (
            "row 1 has 3 cells; columns 0 and 1 are words",
            "row 1 has 3 cells; columns 0 and 1 are words",
        ),
    ],
)
def test_what_counts_one_is_told_of_one(made: str, told: str) -> None:
    assert agreed(made) == told
    assert agreed(told) == told


@pytest.mark.parametrize(
    "said", ["'1 rows are'", '"1 days"', "of 1 rows.csv", "~/1 days/a", "a/1 rows"]
)
def test_what_is_somebodys_own_is_not_told_otherwise(said: str) -> None:
    assert agreed(f"the file is {said}") == f"the file is {said}"


def test_english_agrees_wherever_it_is_told_and_korean_is_what_it_was() -> None:
    made = "1 rows without a text or a label left out"
    assert retold(made) == "1 row without a text or a label left out"
    assert worded("{rows:,} rows", rows=1) == "1 row"
    assert str(DataError("1 rows are too few")) == "1 row is too few"
    with speak("ko"):
        assert retold(made) == "텍스트나 레이블이 없는 1행을 뺐습니다"
        assert worded("{rows:,} rows", rows=1) == retold("1 rows")
        assert str(DataError("1 rows are too few")) == "1 rows are too few"


GLOSSARY = sentences.SOURCE.parents[1] / "CONTRIBUTING.md"


WORDS = {word for networks in NETWORKS.values() for word in networks.values()}


@pytest.mark.parametrize("network", sorted(WORDS))
def test_a_network_is_told_layer_by_layer(network: str) -> None:
    with speak("ko"):
        told = retold(network)
    assert set(re.findall("[A-Za-z]+", told)) <= {"SimpleRNN", "LSTM", "GRU", "n", "MiniRocket"}
    assert re.findall(r"\d+", told) == re.findall(r"\d+", network)


def test_the_layers_of_a_network_stand_in_their_order() -> None:
    network = "embedding 64 → GRU 32 in both directions; beside it dense 8; 3 networks averaged"
    with speak("ko"):
        told = retold(network)
    assert told == "임베딩 64 → 양방향 GRU 32; 그 옆에 완전 연결층 8; 신경망 3개의 평균"


def test_what_was_found_is_told_under_its_name() -> None:
    found = (
        "future in training: 3 rows to learn from are as late as rows to validate or to test on."
    )
    with speak("ko"):
        told = retold(found)
        assert told == f"{retold('future in training')}: {retold(found.split(': ')[1])}"
    assert told.startswith("학습에 든 미래: 학습할 행 3개")


def test_findings_of_two_sides_are_told_each_under_its_name() -> None:
    each = "all {} tokens are seen at least 2 times in training rows."
    said = " ".join(
        f"vocabulary from outside training ({side}): {each.format(count)}"
        for side, count in (("source", 41), ("target", 16))
    )
    with speak("ko"):
        assert retold(said) == (
            "학습 밖에서 온 어휘 사전(source): 토큰 41개가 모두 학습 행에 2번 이상 나옵니다. "
            "학습 밖에서 온 어휘 사전(target): 토큰 16개가 모두 학습 행에 2번 이상 나옵니다."
        )
        assert retold('give either {"texts": [...]} or {"sequences": [...]}.').startswith("{")
        assert retold("baseline unigram by class") == "기준 모델 unigram by class"


def test_a_sentence_that_begins_with_a_name_is_still_told_as_a_whole() -> None:
    with speak("ko"):
        assert retold("words: column 1, tags: column 3") == "단어: 1 열, 태그: 3 열"


def test_one_word_is_used_for_one_thing() -> None:
    rows = [
        line.split("|") for line in GLOSSARY.read_text("utf-8").split("| not |")[1].splitlines()
    ]
    wrong = [word.strip() for row in rows[2:] if len(row) == 5 for word in row[3].split(",")]
    assert "누출" in wrong
    used = [(w, korean) for _, korean in sentences.catalogue() for w in wrong if w in korean]
    assert used == []


def test_korean_sentences_are_polite() -> None:
    said = [part for _, korean in sentences.catalogue() for part in re.split(r"[.?!]\s", korean)]
    plain = [part for part in said if re.search(r"(?<!니)다\.$|[해하]요\.?$|세요\.?$", part)]
    assert plain == []


# the command line


def test_a_command_speaks_the_language_that_is_asked_for() -> None:
    wrong = ("train", "spam", "--model", "gur")
    english = said(*wrong, LANG="C.UTF-8")
    korean = said(*wrong, "--lang", "ko", LANG="C.UTF-8", PYTHONIOENCODING="utf-8")
    of_system = said(*wrong, LC_ALL="ko_KR.UTF-8", PYTHONIOENCODING="utf-8")
    assert english.returncode == korean.returncode == of_system.returncode == 2
    assert english.stderr.startswith(b"Error: the model must be one of")
    assert korean.stderr.decode().startswith("오류: 모델은 ")
    assert of_system.stderr == korean.stderr


def test_an_unknown_language_is_refused() -> None:
    asked, set_ = said("look", "x", "--lang=fr"), said("look", "x", RECURRA_LANG="fr")
    assert asked.returncode == set_.returncode == 2
    assert asked.stderr == b"Error: --lang must be one of en, ko, but 'fr' was given.\n"
    assert b"RECURRA_LANG must be one of en, ko" in set_.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_console_without_korean_is_spoken_to_in_english(encoding: str) -> None:
    quiet = said("look", "nothing", LC_ALL="ko_KR", PYTHONIOENCODING=encoding)
    asked = said("look", "nothing", RECURRA_LANG="ko", PYTHONIOENCODING=encoding)
    assert quiet.returncode == asked.returncode == 2
    assert quiet.stderr.startswith(b"Error: ")
    assert asked.stderr.startswith(b"This console has no Korean letters")
    assert asked.stderr.endswith(quiet.stderr)


def test_a_console_of_windows_speaks_korean() -> None:
    found = said("--help", RECURRA_LANG="ko", PYTHONIOENCODING="cp949")
    assert found.returncode == 0
    assert found.stdout.decode("cp949").startswith("사용법: ")


def test_whether_a_console_has_korean_is_known_by_its_encoding() -> None:
    class Stream:
        def __init__(self, encoding: str | None) -> None:
            self.encoding = encoding

    assert console_speaks(Stream("utf-8"), Stream("cp949"), Stream(None))
    assert not console_speaks(Stream("utf-8"), Stream("ascii"))
    assert not console_speaks(Stream("nothing known"))


@pytest.mark.parametrize(
    ("said", "korean"),
    [
        (
            "144 steps, monthly, 1949-01 to 1960-12, a season of 12 steps",
            "144시점, 매월, 1949-01~1960-12, 한 계절이 12시점",
        ),
        (
            "12 series, every weekday, 30 to 40 steps, no season of 5 steps found",
            "시계열 12개, 평일마다, 30~40시점, 5시점의 계절은 찾지 못함",
        ),
        (
            "These held rows were scored 2 times before, by 2 other models or settings (gru): "
            "the best of 3 is so by luck, too. For a figure to publish, judge once on fresh rows.",
            "이 남겨 둔 행은 전에 2번 채점했습니다. 다른 모델 2개나 다른 설정(gru)으로 한 "
            "것입니다. 3개 가운데 가장 좋은 것은 운으로도 그렇게 됩니다. "
            "발표할 수치라면 새 행에서 한 번 판정하십시오.",
        ),
        (
            "Training: best epoch 1 of 3, validation loss was still falling",
            "학습: 최적 에포크 1(3개 가운데), 검증 손실은 아직 감소 중",
        ),
        (
            "no probe of this problem looks at it.",
            "이 문제의 점검 가운데 그것을 보는 것이 없습니다.",
        ),
    ],
)
def test_a_short_sentence_does_not_swallow_the_parts_of_a_longer_one(
    said: str, korean: str
) -> None:
    with speak("ko"):
        assert retold(said) == korean
