"""What a saved linear model says of texts is what scikit-learn's would say."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from recurra.baselines.terms import VECTORS
from recurra.baselines.texts import LinearTexts
from recurra.judging.classes import Labelled
from recurra.text.terms import NAIVE_BAYES, TermRegression, terms_of

TEXTS = [
    "Win a PRIZE now, call 0800 123",
    "see you at lunch then",
    "점심 먹고 보자 ㅋㅋ",
    "무료 상담! 지금 전화주세요",
    "a b c d",
    "",
    "İstanbul İSTANBUL straße",
    "one\ttwo\nthree  four",
] * 3


def vectors_of(kind: str) -> Any:
    return TfidfVectorizer(min_df=2, sublinear_tf=True, dtype=np.float32, **VECTORS[kind])


@pytest.mark.parametrize("kind", VECTORS)
@given(text=st.text(max_size=40))
def test_terms_are_counted_as_scikit_learn_counts_them(kind: str, text: str) -> None:
    assert sorted(terms_of(kind, text)) == sorted(vectors_of(kind).build_analyzer()(text))


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("kind", [kind for kind in VECTORS if kind != NAIVE_BAYES])
@given(asked=st.lists(st.one_of(st.sampled_from(TEXTS), st.text("wina prze점심!", max_size=30))))
def test_probabilities_are_scikit_learns(kind: str, classes: int, asked: list[str]) -> None:
    vectors = vectors_of(kind)
    truth = np.arange(len(TEXTS)) % classes
    stock = LogisticRegression(C=10).fit(vectors.fit_transform(TEXTS), truth)
    ours = TermRegression(
        kind, vectors.get_feature_names_out().tolist(), vectors.idf_, stock.coef_, stock.intercept_
    )
    found = ours.probabilities(asked)
    assert found.shape == (len(asked), classes)
    if asked:
        wanted = stock.predict_proba(vectors.transform(asked))
        np.testing.assert_allclose(found, wanted, atol=1e-6)
        alone = np.concatenate([ours.probabilities([text]) for text in asked])
        assert alone.tobytes() == found.tobytes()  # whatever stands beside a text


def test_a_model_read_again_says_the_same_bits(tmp_path: Path) -> None:
    truth = np.arange(len(TEXTS)) % 2
    known = Labelled(np.array(TEXTS, object), truth, ("ham", "spam"), 1, np.arange(len(TEXTS)))
    half = np.arange(len(TEXTS) // 2)
    fitted = LinearTexts("char TF-IDF + LR").fit(known, [(half, half + len(half))])
    fitted.save(tmp_path / "model")
    again = LinearTexts.load(tmp_path / "model")
    for one, other in zip(fitted.say(known.inputs), again.say(known.inputs), strict=True):
        assert one.tobytes() == other.tobytes()
