"""Texts read many at once are read as each would be by itself."""

import string

from hypothesis import example, given
from hypothesis import strategies as st

from recurra.text.joining import JOINT, blank
from recurra.text.normalise import compose, duplicate_key
from recurra.text.plain import keys_and_plains, plain

ascii_texts = st.text(string.printable + "\x00\x1c\x1f\x7f", max_size=60)
html_texts = st.lists(
    st.sampled_from(["<br", "<BR", "/>", ">", "<b", "</p", " ", "\x1c", "\v", "\t", "a1", "<", "7"])
).map("".join)
any_texts = (
    st.text(max_size=40)
    | ascii_texts
    | html_texts
    | st.text("가나 ㅋ1a.<&=%\u00e9\u3164", max_size=20)
)


@given(st.lists(any_texts, max_size=12))
@example(["Win £100 now", "a b", "", " ", "a\nb c", "1 2\t3", "a_b 12x", "see%20you at"])
@example(["a <br /> b", "1<b>2 c", "a <br", "/> b", "a <i", "7> b", f"a <b{'c' * 201}> d"])
@example(["A &amp; b", "a \\\\u0041"])
def test_texts_read_together_are_read_as_each_by_itself(texts: list[str]) -> None:
    keys, plains = keys_and_plains(texts)
    assert keys == [duplicate_key(text) for text in texts]
    assert plains == [plain(text) for text in texts]


def test_more_texts_than_are_read_at_once_stay_in_their_order() -> None:
    texts = [f"row {'x' * (number % 7)} of {number}" for number in range(5_000)]
    texts[4_500] = "한글 문장 하나"
    keys, plains = keys_and_plains(texts)
    assert plains == [plain(text) for text in texts]
    assert keys == [duplicate_key(text) for text in texts]


@given(any_texts)
@example("\u3164")
@example("<br> ")
@example(f"{JOINT} \u200b")
def test_a_text_is_blank_where_nothing_is_seen_of_it(text: str) -> None:
    assert blank(text) == (not compose(text).replace(JOINT, "").strip())
