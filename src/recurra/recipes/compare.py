"""Several models and the baselines on the same folds, judged on all rows when each was held out."""

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from recurra.data import LabelledTexts
from recurra.errors import RunError
from recurra.estimators import SequenceClassifier, group_duplicates
from recurra.evaluation.baselines import TEXT_BASELINES, fit_text_baseline
from recurra.evaluation.compared import SHOWN, Compared, Comparison, render_comparison
from recurra.evaluation.metrics import Bootstrap, measure
from recurra.evaluation.splits import stratified_group_folds
from recurra.evaluation.verdict import decide
from recurra.runs import RunFolder
from recurra.training import write_atomically

__all__ = ["compare_texts"]


def compare_texts(
    rows: LabelledTexts,
    classifiers: Sequence[SequenceClassifier],
    folder: RunFolder,
    *,
    folds: int,
    seed: int = 0,
    stage: Callable[[str], None] = lambda text: None,
) -> Comparison:
    """Train every model on every fold; each result is kept, so an interrupted run goes on."""
    if rows.published_test is not None:  # choosing among models must not touch the test rows
        rows = rows.take(np.flatnonzero(~rows.published_test))
    groups = group_duplicates(rows.texts)
    fold_of = stratified_group_folds(rows.truth, groups, folds, seed)
    fits = {name: _fit_baseline(name, seed) for name in TEXT_BASELINES}
    fits |= {classifier.model: _fit_network(classifier) for classifier in classifiers}
    settings = [classifier.get_params() for classifier in classifiers]
    key = hashlib.sha256(json.dumps([folds, seed, settings], default=str).encode())
    for row in zip(rows.texts, rows.labels, strict=True):
        key.update(repr(row).encode("utf-8", "surrogatepass"))
    fingerprint = key.hexdigest()
    done: dict[str, list[dict[str, Any]]] = {name: [] for name in fits}
    for fold in range(folds):
        held_out = fold_of == fold
        for name, fit in fits.items():
            stage(f"fold {fold + 1} of {folds}: {name}")
            path = folder.checkpoints / f"fold-{fold + 1}-{name.replace(' ', '-')}.json"
            if path.exists():
                result = json.loads(path.read_text("utf-8"))
                if result["fingerprint"] != fingerprint:
                    raise RunError(
                        f"a comparison can only be resumed with the data and settings it began "
                        f"with, but {path} was written with others. Start over with --overwrite."
                    )
            else:
                result = _one(fit, rows, groups, held_out) | {"fingerprint": fingerprint}
                write_atomically(path, json.dumps(result).encode())
            done[name].append(result)
    comparison = Comparison(
        source=rows.source,
        sha256=rows.sha256,
        rows=len(rows.texts),
        classes=rows.classes,
        positive=rows.positive,
        folds=folds,
        seed=seed,
        models=_summarise(done, rows.truth, groups, fold_of, seed),
    )
    folder.finish(lambda place: _write(place, comparison))
    return comparison


def _write(place: Path, comparison: Comparison) -> None:
    text = comparison.model_dump_json(by_alias=True, indent=2) + "\n"
    (place / "compare.html").write_text(render_comparison(comparison), "utf-8")
    (place / "compare.json").write_text(text, "utf-8")


Texts = npt.NDArray[np.object_]
Fitted = tuple[Callable[[Texts], npt.NDArray[np.float64]], float, int | None]


def _fit_baseline(name: str, seed: int) -> Callable[..., Fitted]:
    def fit(texts: Texts, rows: LabelledTexts, groups: Any) -> Fitted:
        fitted = fit_text_baseline(name, texts, rows.truth, groups, seed)
        return fitted.positive_scores, fitted.threshold, None

    return fit


def _fit_network(classifier: SequenceClassifier) -> Callable[..., Fitted]:
    def fit(texts: Texts, rows: LabelledTexts, groups: Any) -> Fitted:
        classifier.fit(texts, rows.labels, groups=groups)
        parameters = sum(value.size for value in classifier.weights_[0].values())
        return classifier.positive_scores, classifier.threshold_, parameters

    return fit


def _one(
    fit: Callable[..., Fitted], rows: LabelledTexts, groups: Any, held_out: npt.NDArray[np.bool_]
) -> dict[str, Any]:
    kept, test = np.flatnonzero(~held_out), np.flatnonzero(held_out)
    began = time.perf_counter()
    scores_of, threshold, parameters = fit(rows.texts[kept], rows.take(kept), groups[kept])
    fitted = time.perf_counter()
    scores = scores_of(rows.texts[test])
    return {
        "scores": scores.tolist(),
        "threshold": threshold,
        "parameters": parameters,
        "fit_seconds": fitted - began,
        "predict_seconds": time.perf_counter() - fitted,
    }


def _summarise(
    done: dict[str, list[dict[str, Any]]],
    truth: npt.NDArray[np.bool_],
    groups: Any,
    fold_of: npt.NDArray[np.int64],
    seed: int,
) -> list[Compared]:
    order = np.concatenate([np.flatnonzero(fold_of == f) for f in range(fold_of.max() + 1)])
    # thresholds differ by fold, so the verdict pools decisions, each by its own fold's threshold
    pooled = {
        name: (np.concatenate([_decisions(r["scores"], r["threshold"]) for r in results]), 0.5)
        for name, results in done.items()
    }
    bootstrap = Bootstrap(truth[order], groups[order], seed=seed)
    rivals = {name: pooled[name] for name in TEXT_BASELINES}
    compared = []
    for name, results in done.items():
        per_fold = [
            measure(truth[fold_of == f], np.asarray(r["scores"]), r["threshold"])
            for f, r in enumerate(results)
        ]
        values = {m: np.array([fold[m] for fold in per_fold]) for m in SHOWN}
        baseline = name in TEXT_BASELINES
        compared.append(
            Compared(
                name=name,
                baseline=baseline,
                parameters=results[0]["parameters"],
                mean={m: float(v.mean()) for m, v in values.items()},
                deviation={m: float(v.std(ddof=1)) for m, v in values.items()},
                fit_seconds=float(np.mean([r["fit_seconds"] for r in results])),
                predict_seconds=float(np.mean([r["predict_seconds"] for r in results])),
                verdict=None
                if baseline
                else decide(truth[order], pooled[name], rivals, bootstrap, name),
            )
        )
    return compared


def _decisions(scores: list[float], threshold: float) -> npt.NDArray[np.float64]:
    return (np.asarray(scores) >= threshold).astype(float)
