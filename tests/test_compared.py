from recurra.evaluation.compared import Compared, Comparison, render_comparison


def test_the_page_ranks_models_and_names_what_is_a_sample() -> None:
    def model(name: str, f1: float, baseline: bool) -> Compared:
        measures = dict.fromkeys(("f1", "accuracy", "pr_auc", "precision", "recall"), f1)
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
        source="embedded sample",
        sha256="0" * 64,
        rows=1000,
        classes={"ham": 800, "spam": 200},
        positive="spam",
        folds=5,
        seed=0,
        models=[
            model("majority", 0.0, True),
            model("<gru>", 0.8, False),
            model("lstm", 0.9, False),
        ],
    )
    page = render_comparison(comparison)
    assert page.index("lstm</td>") < page.index("&lt;gru&gt;</td>") < page.index("majority</td>")
    assert "embedded sample</span>" in page
    assert "<gru>" not in page
    assert page.count("<svg") == 1
