import json
import unicodedata
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurra.bundle import restoring
from recurra.errors import BundleError, SettingsError
from recurra.text import TRUNCATIONS, TextEncoder, Vocabulary, duplicate_key, tokenizer_named
from recurra.text.encoder import (
    CAPITAL,
    CAPITALS,
    PIECES_PER_TOKEN,
    pieces_of,
    spelling_of,
    truncate,
)
from recurra.text.levels import cut_lines
from recurra.text.normalise import mask_digits, normalise, squeeze
from recurra.text.tokenizers import (
    as_written,
    characters,
    check_tokenizer_version,
    jamo,
    kiwi,
    lecture_words,
    syllables,
    words,
)

PIECES_READ = st.sampled_from([None, "spelling", "pairs", "triples"])
documents = st.lists(st.lists(st.text(min_size=1, max_size=4), max_size=6), max_size=12)


def test_words_keep_signs_apart_and_mask_digits() -> None:
    assert words("Win £100, don't wait!!") == ["win", "£", "000", ",", "don't", "wait", "!", "!"]


def test_words_work_for_korean_in_both_unicode_forms() -> None:
    text = "무료 상담 010-1234, 지금!"
    assert words(text) == ["무료", "상담", "000", "-", "0000", ",", "지금", "!"]
    assert words(unicodedata.normalize("NFD", text)) == words(text)


def test_characters_are_korean_syllables_with_spacing_squeezed() -> None:
    assert characters(" 가나  다 ") == ["가", "나", " ", "다"]


def test_lecture_words_filter_punctuation_but_not_the_apostrophe() -> None:
    assert lecture_words("Don't! (call)\tNOW\n£5") == ["don't", "call", "now", "£5"]


def test_an_unknown_tokenizer_is_named_with_those_that_exist() -> None:
    with pytest.raises(
        SettingsError, match="word, cased-word, char, syllable, jamo, kiwi, lecture-word, but 'bpe'"
    ):
        tokenizer_named("bpe")


@pytest.mark.parametrize(
    ("former", "name"),
    [("words", "word"), ("cased-words", "cased-word"), ("characters", "char")],
)
def test_names_of_earlier_versions_still_work(former: str, name: str) -> None:
    assert tokenizer_named(former) is tokenizer_named(name)
    assert TextEncoder.fit(["a"], tokenizer=former).tokenizer == name


def test_hangul_letters_that_stand_alone_are_not_made_syllables() -> None:
    assert unicodedata.normalize("NFKC", "ㅋㅋㅠㅠ") != "ㅋㅋㅠㅠ"  # what must not happen
    assert normalise("ㅋㅋㅠㅠ ﾊﾟ ㈜") == "ㅋㅋㅠㅠ パ (주)"


def test_line_breaks_of_html_are_spaces() -> None:
    assert words("end.<br /><br/>New<BR>line") == ["end", ".", "new", "line"]


@given(st.text(alphabet="ㅋㅠ하a! 1", max_size=30))
def test_squeezing_leaves_at_most_three_and_loses_no_order(text: str) -> None:
    squeezed = squeeze(text)
    assert not any(sign * 4 in squeezed for sign in "ㅋㅠ하a!")
    assert squeeze(squeezed) == squeezed
    assert squeezed.count("1") == text.count("1")


def test_jamo_by_hand() -> None:
    assert jamo("값 ㅋa") == ["\u1100", "\u1161", "\u11b9", " ", "ㅋ", "a"]


@given(st.text(alphabet="가각힣값하ㅋㅠab !", max_size=30))
def test_jamo_compose_to_the_characters_again(text: str) -> None:
    assert unicodedata.normalize("NFC", "".join(jamo(text))) == "".join(characters(text))


def test_every_tokenizer_reads_decomposed_hangul_as_composed() -> None:
    text = "재미있다 정말"
    for tokenize in (words, characters, syllables, jamo):
        assert tokenize(unicodedata.normalize("NFD", text)) == tokenize(text)


def test_syllables_split_hangul_alone() -> None:
    assert syllables("OK, 재밌다ㅋㅋㅋㅋ v2") == [
        *["ok", ",", "재", "밌", "다", "ㅋ", "ㅋ", "ㅋ", "v", "0"]
    ]


def test_kiwi_finds_morphemes() -> None:
    pytest.importorskip("kiwipiepy", reason="the korean extra is absent")
    assert kiwi("영화가 재미있었다") == ["영화", "가", "재미있", "었", "다"]


def test_kiwi_absent_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr("recurra.text.tokenizers.version", absent)
    with pytest.raises(SettingsError, match="pip install 'kiwipiepy"):
        tokenizer_named("kiwi")


def test_a_model_of_an_analyser_that_is_absent_says_to_install_that_and_not_to_train_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(name: str) -> str:
        raise PackageNotFoundError(name)

    stored = TextEncoder.fit(["안녕"]).to_json()
    stored |= {"tokenizer": "kiwi", "tokenizer_version": "kiwipiepy 0.1, kiwipiepy_model 0.2"}
    monkeypatch.setattr("recurra.text.tokenizers.version", absent)
    said = r"here is none\. Install that: pip install kiwipiepy==0\.1 kiwipiepy_model==0\.2$"
    with pytest.raises(BundleError, match=said), restoring(tmp_path):
        TextEncoder.from_json(stored)
    with (
        pytest.raises(BundleError, match=r"pip install 'kiwipiepy>=[0-9.]+'$"),
        restoring(tmp_path),
    ):
        TextEncoder.from_json(stored | {"tokenizer_version": None})


def test_a_model_is_not_read_with_another_analyser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recurra.text.tokenizers.version", lambda name: "9.9")
    check_tokenizer_version("kiwi", "kiwipiepy 9.9, kiwipiepy_model 9.9")
    check_tokenizer_version("word", None)
    with pytest.raises(BundleError, match=r"pip install kiwipiepy==0.1 kiwipiepy_model==0.2$"):
        check_tokenizer_version("kiwi", "kiwipiepy 0.1, kiwipiepy_model 0.2")


@given(st.lists(st.text(max_size=2), max_size=20), st.integers(1, 12))
def test_truncation_keeps_the_ends_it_names(tokens: list[str], length: int) -> None:
    head, tail, both = (truncate(tokens, length, how) for how in TRUNCATIONS)
    assert head == tokens[:length]
    assert tail == tokens[-length:]
    assert len(both) == min(length, len(tokens))
    if len(tokens) > length:
        assert both == tokens[: length // 2] + tokens[-(length - length // 2) :]


def test_an_unknown_truncation_is_refused() -> None:
    with pytest.raises(SettingsError, match="head, tail, both, but 'middle'"):
        TextEncoder.fit(["a"], truncation="middle")


def test_pairs_tell_not_good_from_good() -> None:
    encoder = TextEncoder.fit(["not good", "not good"], pieces="pairs")
    assert encoder.pieces is not None
    assert encoder.pieces.tokens == ("not good",)
    ids = encoder.encode(["not good", "good not"]).pad(np.array([0, 1]), 2)
    pair = len(encoder.vocabulary)
    assert ids[..., 1].tolist() == [[0, pair], [0, 0]]
    assert pieces_of(["not", "good"], "pairs") == [[], ["not good"]]


def test_triples_tell_what_pairs_do_not() -> None:
    texts = ["not a good one", "a good one", "not a good one", "a good one"]
    encoder = TextEncoder.fit(texts, pieces="triples")
    assert encoder.pieces is not None
    assert encoder.pieces.tokens == ("a good", "a good one", "good one", "not a", "not a good")
    ids = encoder.encode(["not a good", "a good", "A Good One"]).pad(np.arange(3), 3)
    known = len(encoder.vocabulary)
    a_good, a_good_one, good_one, not_a, not_a_good = range(known, known + 5)
    assert ids[0, :, 1:].tolist() == [[0, 0], [not_a, 0], [a_good, not_a_good]]
    assert ids[1, :, 1:].tolist() == [[0, 0], [a_good, 0], [0, 0]]
    assert ids[2, :, 1:].tolist() == [[0, 0], [a_good, 0], [good_one, a_good_one]]


@given(st.text())
def test_a_duplicate_key_ignores_case_spacing_and_digits(text: str) -> None:
    changed = f"  {text} ".replace("1", "23").replace(" ", "\t ")
    assert duplicate_key(changed) == duplicate_key(text)


def test_duplicate_keys_of_different_texts_differ() -> None:
    assert duplicate_key("call me") != duplicate_key("call us")


@given(documents)
def test_vocabulary_indices_do_not_depend_on_the_order_of_rows(rows: list[list[str]]) -> None:
    assert Vocabulary.fit(rows) == Vocabulary.fit(rows[::-1])


@given(documents, st.integers(1, 3))
def test_a_vocabulary_knows_just_the_tokens_seen_often_enough(
    rows: list[list[str]], min_count: int
) -> None:
    vocabulary = Vocabulary.fit(rows, min_count=min_count)
    flat = [token for row in rows for token in row]
    assert set(vocabulary.tokens) == {t for t in flat if flat.count(t) >= min_count}


@given(documents, st.booleans())
def test_a_vocabulary_survives_json(rows: list[list[str]], unknown: bool) -> None:
    vocabulary = Vocabulary.fit(rows, unknown=unknown)
    again = Vocabulary.from_json(json.loads(json.dumps(vocabulary.to_json())))
    assert again == vocabulary
    for row in rows:
        assert again.encode(row) == vocabulary.encode(row)


def test_unknown_tokens_get_index_1_or_are_dropped() -> None:
    assert Vocabulary(["a"]).encode(["z", "a"]) == [1, 2]
    assert Vocabulary(["a"], unknown=False).encode(["z", "a"]) == [1]


def test_max_size_keeps_the_most_frequent() -> None:
    rows = [["a", "b", "b", "c", "c", "c"]]
    assert Vocabulary.fit(rows, max_size=2).tokens == ("c", "b")


def test_a_token_twice_is_refused() -> None:
    with pytest.raises(SettingsError, match="distinct"):
        Vocabulary(["a", "a"])


def encoded(encoder: TextEncoder, text: str) -> list[int]:
    ragged = encoder.encode([text])
    return ragged.pad(np.array([0]), int(ragged.lengths[0]))[0, :, 0].tolist()


def test_a_text_is_cut_after_its_first_max_length_tokens() -> None:
    encoder = TextEncoder.fit(["a b c d e"], min_count=1, max_length=3)
    assert encoder.tokens("e d c b a") == ["e", "d", "c"]
    assert len(encoded(encoder, "e d c b a")) == 3


def test_without_an_unknown_index_unknown_words_are_dropped_before_the_cut() -> None:
    encoder = TextEncoder.fit(["a b"], min_count=1, max_length=2, unknown=False)
    assert encoded(encoder, "z a z b") == encoded(encoder, "a b")


def test_an_empty_text_is_an_empty_sequence() -> None:
    encoder = TextEncoder.fit(["a"], min_count=1)
    assert encoder.encode(["", "a"]).lengths.tolist() == [0, 1]


def test_pieces_tell_of_a_word_never_seen() -> None:
    encoder = TextEncoder.fit(["winner winners"] * 2, pieces="spelling")
    row = encoder.encode(["winnerz"]).pad(np.array([0]), 1)[0, 0]
    assert row[0] == 1  # the word is unknown
    assert encoder.pieces is not None
    first = len(encoder.vocabulary)
    known = {encoder.pieces.tokens[i - first] for i in row[1:] if i}
    assert {"<w", "wi", "<wi"} <= known
    assert not {"rz", "erz"} & known


def test_case_is_a_piece_and_not_another_word() -> None:
    encoder = TextEncoder.fit(["WIN Win win"], tokenizer="cased-word", pieces="spelling")
    assert encoder.vocabulary.tokens == ("win",)
    assert [spelling_of(word)[0] for word in ("WIN", "Win", "win", "I")] == [
        "capitals",
        "capital",
        "<w",
        "capital",
    ]


@given(st.text(min_size=1, max_size=40))
def test_pieces_are_runs_of_the_marked_token(token: str) -> None:
    pieces = spelling_of(token)
    assert len(pieces) <= PIECES_PER_TOKEN
    assert all(piece in f"<{token.lower()}>" or piece in (CAPITALS, CAPITAL) for piece in pieces)


@given(
    st.lists(st.text(max_size=30), min_size=1, max_size=6),
    PIECES_READ,
    st.sampled_from(TRUNCATIONS),
)
def test_an_encoder_survives_json(texts: list[str], pieces: str | None, truncation: str) -> None:
    encoder = TextEncoder.fit(
        texts, min_count=1, pieces=pieces, truncation=truncation, max_length=5
    )
    again = TextEncoder.from_json(json.loads(json.dumps(encoder.to_json())))
    ours, theirs = encoder.encode(texts), again.encode(texts)
    for a, b in zip(
        (ours.codes, ours.offsets, ours.table),
        (theirs.codes, theirs.offsets, theirs.table),
        strict=True,
    ):
        np.testing.assert_array_equal(a, b)


@given(st.lists(st.lists(st.integers(1, 5), max_size=7), min_size=1, max_size=6), st.data())
def test_ragged_take_and_pad_give_back_the_sequences(rows: list[list[int]], data: object) -> None:
    from recurra.sequences import Ragged

    offsets = np.cumsum([0, *map(len, rows)])
    codes = np.array([c for row in rows for c in row], np.int32)
    ragged = Ragged(codes, offsets, np.arange(6, dtype=np.int32)[:, None])
    chosen = data.draw(st.lists(st.integers(0, len(rows) - 1), min_size=1))  # type: ignore[attr-defined]
    taken = ragged.take(np.array(chosen))
    padded = taken.pad(np.arange(len(chosen)), 7)[..., 0]
    assert padded.tolist() == [rows[i] + [0] * (7 - len(rows[i])) for i in chosen]


@pytest.mark.parametrize("name", ["word", "cased-word", "char", "syllable", "jamo", "lecture-word"])
@given(st.text(max_size=40))
def test_a_token_as_written_is_the_token_but_for_digits_and_capitals(name: str, text: str) -> None:
    tokens = tokenizer_named(name)(text)
    written = as_written(name, text)
    assert [mask_digits(sign).lower() for sign in written] == [
        mask_digits(token).lower() for token in tokens
    ]


def test_an_explanation_has_the_digits_and_capitals_of_the_text() -> None:
    text = "WIN $500 in 24h, 무료 1588"
    assert as_written("word", text) == ["WIN", "$", "500", "in", "24", "h", ",", "무료", "1588"]
    assert "".join(as_written("char", "ab 12")) == "ab 12"
    encoder = TextEncoder.fit(
        ["a 100 b 200"], tokenizer="word", min_count=1, max_length=3, truncation="both"
    )
    assert encoder.written("A 345 c B 678") == ["A", "B", "678"]
    assert encoder.tokens("A 345 c B 678") == ["a", "b", "000"]


def test_texts_that_are_cut_are_counted() -> None:
    encoder = TextEncoder.fit(["a b c"], min_count=1, max_length=2, truncation="tail")
    assert encoder.cut(["a b", "a b c", "", "c b a d"]) == 2
    assert encoder.part_read == "the last 2 tokens"
    assert cut_lines(["abc", "ab"], "characters", 3) == []
    assert cut_lines(["a b c", "ab"], "words", 2, "sentences")[0].startswith("1 of 2 sentences")
