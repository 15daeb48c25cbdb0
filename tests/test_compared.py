import pytest

from recurra.evaluation.compared import Compared, Comparison, render_comparison


@pytest.mark.parametrize("higher", [True, False])
def test_the_page_ranks_models_and_names_what_is_a_sample(higher: bool) -> None:
    def model(name: str, value: float, baseline: bool) -> Compared:
        measures = {"quality": value, "other": 0.5}
        return Compared(
            name=name,
            baseline=baseline,
            parameters=None if baseline else 4013,
            mean=measures,
            deviation=dict.fromkeys(measures, 0.01),
            fit_seconds=2.0,
            predict_seconds=0.1,
            verdict=None,
        )

    comparison = Comparison(
        recipe="tagging",
        source="embedded sample",
        sha256="0" * 64,
        rows=1000,
        notes=["a <note>"],
        kind="sentences in folds",
        folds=5,
        seed=0,
        measures=["quality", "other"],
        higher_is_better=higher,
        models=[
            model("middle", 0.5, True),
            model("<gru>", 0.8 if higher else 0.2, False),
            model("lstm", 0.1 if higher else 0.9, False),
        ],
    )
    page = render_comparison(comparison)
    assert page.index("&lt;gru&gt;</td>") < page.index("middle</td>") < page.index("lstm</td>")
    assert "embedded sample</span>" in page
    assert "<gru>" not in page
    assert f"({'higher' if higher else 'lower'} is better)" in page
    assert page.count("<svg") == 1
