"""A small saved model of every kind, and ways to change one: used by `test_damaged_bundles`.

A change is made with the checksums written anew, as whoever changes a model on purpose would.
"""

import copy
import hashlib
import json
import random
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors.numpy import load, save

from recurra import (
    SequenceClassifier,
    SequenceForecaster,
    SequenceGenerator,
    SequenceRegressor,
    SequenceTagger,
    SequenceTranslator,
)
from recurra.baselines.classes import Constant
from recurra.baselines.forecasting import KnownSeries, LinearAhead, NaiveAhead
from recurra.baselines.memories import MostFrequent, NearestSentence, Translated
from recurra.baselines.ngrams import Classed, LineCounts, Reading
from recurra.baselines.rises import KINDS, RiseBaseline
from recurra.baselines.sequences import LinearSequences, NearestSequence
from recurra.baselines.tagging import FrequentTags, KnownSentences, LinearTags
from recurra.baselines.texts import LinearTexts
from recurra.bundle import FILES, MANIFEST, NETWORK, _manifest
from recurra.estimators import SequenceRiser
from recurra.judging.classes import Labelled
from recurra.markets.rows import rows_of
from recurra.markets.simulator import simulate
from recurra.sequences import Ragged

Files = dict[str, bytes]
TEXTS = ["win cash now", "see you at home", "prize for you", "home at last"] * 6
GROUPS = {"groups": np.arange(24)}  # repeated rows are meant here
NUMBERS = list(np.random.default_rng(0).normal(size=(24, 5, 2)))
SERIES = np.sin(np.arange(80.0)) + np.arange(80) / 40
WORDS, TAGS = (
    [text.split() for text in TEXTS],
    [["A", "B", "C", "D"][: len(t.split())] for t in TEXTS],
)


class Kind(NamedTuple):
    """A kind of saved model.

    Args:
        fit: gives one.
        ask: what it says of a few rows, whichever model it is.
    """

    fit: Callable[[], Any]
    ask: Callable[[Any], Any]


def labelled(classes: int) -> Labelled:
    truth = np.arange(24) % classes
    positive = 1 if classes == 2 else None
    return Labelled(
        np.array(TEXTS, object), truth, ("a", "b", "c")[:classes], positive, np.arange(24)
    )


@cache
def rises() -> Any:
    rows = rows_of(simulate(3, 260))
    return rows.take(np.isfinite(rows.change))


def moving() -> Labelled:
    truth = np.arange(24) % 3
    return Labelled(Ragged.of_numbers(NUMBERS), truth, ("a", "b", "c"), None, np.arange(24))


def risen() -> Labelled:
    truth = (rises().change > 0.01).astype(int)
    return Labelled(rises(), truth, ("no rise", "rise"), 1, np.arange(len(truth)))


def thirds(known: Labelled) -> list[Any]:
    rows = np.arange(len(known.truth))
    return [(rows[rows % 3 > 0], rows[rows % 3 == 0])]


def baseline(make: Callable[[], Any], known: Callable[[], Any]) -> Callable[[], Any]:
    return lambda: make().fit(known(), thirds(known()))


def said(rows: Any) -> Callable[[Any], Any]:
    return lambda model: list(model.say(rows))


ASKED = ["win a prize", "home", "", "무엇 now now"]
FEW = np.arange(4)
KNOWN = KnownSeries(SERIES, np.arange(8, 70), {"target": "close", "log": False})
PAIRS = Translated(np.array(TEXTS, object), np.array(TEXTS[::-1], object))
LINES = Classed(np.array(TEXTS, object), np.array(["x", "y"] * 12, object))
SENTENCES = KnownSentences(WORDS, TAGS, np.arange(24))
HALVES = [(np.arange(12), np.arange(12, 24))]

NETWORKS: dict[str, Kind] = {
    "classifier of two": Kind(
        lambda: SequenceClassifier("gru", epochs=1, min_count=1, members=2, positive="a").fit(
            TEXTS, ["a", "b"] * 12, **GROUPS
        ),
        lambda model: [model.predict(ASKED), model.predict_proba(ASKED), model.explain("win now")],
    ),
    "classifier of three, with spelling": Kind(
        lambda: SequenceClassifier("subword-bi-gru", epochs=1, min_count=1, members=1).fit(
            TEXTS, [0, 1, 2] * 8, **GROUPS
        ),
        lambda model: [model.predict(ASKED), model.predict_proba(ASKED)],
    ),
    "classifier that begins as a linear model": Kind(
        lambda: SequenceClassifier("ngram-bi-gru", epochs=1, min_count=1, members=1).fit(
            TEXTS, ["a", "b"] * 12, **GROUPS
        ),
        lambda model: [model.predict(ASKED), model.predict_proba(ASKED)],
    ),
    "classifier of numbers": Kind(
        lambda: SequenceClassifier("bi-lstm", epochs=1, class_weight={0: 1.0, 1: 2.0}).fit(
            NUMBERS, [0, 1] * 12, **GROUPS
        ),
        lambda model: [model.predict(NUMBERS[:3]), model.predict_proba(NUMBERS[:3])],
    ),
    "regressor": Kind(
        lambda: SequenceRegressor("conv1d", epochs=1).fit(NUMBERS, np.arange(24.0), **GROUPS),
        lambda model: model.predict(NUMBERS[:3]),
    ),
    "regressor of two": Kind(
        lambda: SequenceRegressor("simple-rnn", epochs=1, min_count=1).fit(
            TEXTS, np.arange(48.0).reshape(24, 2), **GROUPS
        ),
        lambda model: model.predict(ASKED),
    ),
    "tagger": Kind(
        lambda: SequenceTagger("gru", epochs=1, min_count=1).fit(WORDS, TAGS, **GROUPS),
        lambda model: [model.predict(WORDS[:3]), model.predict_proba(WORDS[:3])],
    ),
    "forecaster": Kind(
        lambda: SequenceForecaster("gru", epochs=1, horizon=3, window=6).fit(SERIES),
        lambda model: model.predict_interval([SERIES[:20], SERIES[:7]]),
    ),
    "generator": Kind(
        lambda: SequenceGenerator("lstm", epochs=1, units=8, max_length=12).fit(
            TEXTS, ["x", "y"] * 12, **GROUPS
        ),
        lambda model: [
            model.generate(2, label=model.classes_[0]),
            model.log_probabilities(ASKED, [model.classes_[0]] * 4),
        ],
    ),
    "translator": Kind(
        lambda: SequenceTranslator("gru", epochs=1, units=8, max_length=12, beam=2).fit(
            TEXTS, TEXTS[::-1], **GROUPS
        ),
        lambda model: [model.search(text) for text in ASKED],
    ),
    "riser": Kind(
        lambda: SequenceRiser("gru", units=4, epochs=1).fit(rises(), rises().change > 0.01),
        lambda model: model.scores(rises().take(FEW)),
    ),
}
BASELINES: dict[str, Kind] = {
    "constant": Kind(
        baseline(lambda: Constant("base rate"), lambda: labelled(3)), said(np.array(ASKED, object))
    ),
    "words": Kind(
        baseline(lambda: LinearTexts("word TF-IDF + LR"), lambda: labelled(2)),
        said(np.array(ASKED, object)),
    ),
    "characters": Kind(
        baseline(lambda: LinearTexts("char TF-IDF + LR"), lambda: labelled(3)),
        said(np.array(ASKED, object)),
    ),
    "frequent tags": Kind(lambda: FrequentTags().fit(SENTENCES, []), said(WORDS[:3])),
    "linear tags": Kind(lambda: LinearTags(0).fit(SENTENCES, []), said(WORDS[:3])),
    "naive": Kind(lambda: NaiveAhead(3, 4).fit(KNOWN, []), lambda m: m.say(SERIES[None]).middle),
    "linear": Kind(
        lambda: LinearAhead(3, 8).fit(KNOWN, HALVES), lambda m: m.say(SERIES[None]).middle
    ),
    "nearest": Kind(lambda: NearestSentence().fit(PAIRS, []), said(np.array(ASKED, object))),
    "most frequent": Kind(lambda: MostFrequent().fit(PAIRS, []), said(np.array(ASKED, object))),
    "counts": Kind(
        lambda: LineCounts(3, True, Reading("words", 1, 12)).fit(LINES, HALVES),
        lambda m: [
            m.say(Classed(np.array(ASKED, object), np.array([m.classes[0]] * 4, object))),
            m.generate(2, label=m.classes[0]),
        ],
    ),
    **{
        kind: Kind(
            baseline(lambda kind=kind: LinearSequences(kind), moving),  # type: ignore[misc]
            said(Ragged.of_numbers(NUMBERS[:3])),
        )
        for kind in ("statistics + LR", "MiniRocket + LR")
    },
    "nearest neighbour": Kind(baseline(NearestSequence, moving), said(Ragged.of_numbers(NUMBERS))),
    **{
        kind: Kind(
            baseline(lambda kind=kind: RiseBaseline(kind), risen),  # type: ignore[misc]
            lambda model: [model.say(rises().take(FEW)).probabilities, model.say(rises()).called],
        )
        for kind in KINDS
    },
}
ALL = NETWORKS | BASELINES


def files_of(folder: Path) -> Files:
    there = [name for name in (*FILES, NETWORK) if (folder / name).exists()]
    return {name: (folder / name).read_bytes() for name in there}


def write(folder: Path, files: Files) -> None:
    """Write a bundle with the checksums that its files have."""
    folder.mkdir(exist_ok=True)
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    for name, content in {**files, MANIFEST: _manifest(sums)}.items():
        (folder / name).write_bytes(content)


def with_json(files: Files, name: str, change: Callable[[Any], Any]) -> Files:
    """Give the files with another content of a JSON file."""
    content = json.loads(files[name])
    change(content)
    return {**files, name: json.dumps(content).encode()}


def with_arrays(files: Files, change: Callable[[dict[str, Any]], Any]) -> Files:
    """Give the files with other arrays."""
    arrays = dict(load(files["weights.safetensors"]))
    change(arrays)
    packed = save({name: np.ascontiguousarray(array) for name, array in arrays.items()})
    return {**files, "weights.safetensors": packed}


# ---- changes at random

DEEP = "@@deep@@"
VALUES: list[Any] = [
    None, True, "x", "", "\x1b[2J", "\ud800", DEEP, "z" * 1_000_000, -1, 0, 1, 3, 10**9, 10**30,
    -0.5, 1.5, 1e308, 1e-300, float("nan"), float("inf"), [], {}, [1], ["a", "a"], {"a": 1},
    [[[[]]]], "gru", "lstm", "numbers", "words", "characters", "both",
]  # fmt: skip


def places(content: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Give where values stand in JSON; of a long list the first and the last."""
    keys: list[Any] = []
    if isinstance(content, dict):
        keys = list(content)[:40]
    elif isinstance(content, list):
        keys = sorted({0, 1, len(content) - 1} & set(range(len(content))))
    found = [(*at, key) for key in keys]
    return found + [place for key in keys for place in places(content[key], (*at, key))]


def change_json(content: Any, rng: random.Random) -> str:
    *way, last = rng.choice(places(content))
    inner = content
    for key in way:
        inner = inner[key]
    what = rng.choice(["drop", "value", "value", "value", "order", "twice", "other", "near"])
    value = inner[last]
    if what == "drop":
        del inner[last]
    elif what == "order" and isinstance(value, list):
        inner[last] = value[::-1]
    elif what == "twice" and isinstance(value, list) and value:
        value.append(value[0])
    elif what == "near" and isinstance(value, int | float):
        inner[last] = rng.choice([value + 1, -value, value * 2, float(value), str(value)])
    elif what == "other":
        *way, key = rng.choice(places(content))
        for step in way:
            content = content[step]
        inner[last] = copy.deepcopy(content[key])
    else:
        what, inner[last] = "value", rng.choice(VALUES)
    return f"{what} at {[*way, last]}: {str(inner[last] if what == 'value' else '')[:40]!r}"


def change_arrays(arrays: dict[str, Any], rng: random.Random) -> str:
    if not arrays:
        arrays["more"] = np.zeros(2, np.float32)
        return "more"
    name, other = rng.choice(list(arrays)), rng.choice(list(arrays))
    array = np.array(arrays[name])
    spot = rng.randrange(array.size) if array.size else 0
    what = rng.choice(
        ["value", "value", "dtype", "turn", "flat", "drop", "more", "swap", "cut", "roll"]
    )
    if what == "value" and array.size:
        value = rng.choice([np.nan, np.inf, -np.inf, 3e38, -3e38, 1e300, 1e5, -1, 0, 10**12])
        with np.errstate(all="ignore"):
            array.flat[spot] = np.array(value).astype(array.dtype)
        arrays[name], what = array, f"value {value}"
    elif what == "dtype":
        what = rng.choice(["float16", "float32", "float64", "int32", "int64", "bool", "uint8"])
        with np.errstate(all="ignore"):
            arrays[name] = array.astype(what)
    elif what == "turn":
        arrays[name] = array.T
    elif what == "flat":
        arrays[name] = array.ravel()
    elif what == "drop":
        del arrays[name]
    elif what == "more":
        arrays[f"{name}/more"] = array
    elif what == "swap":
        arrays[name], arrays[other] = arrays[other], arrays[name]
    elif what == "cut":
        arrays[name] = array[:-1]
    else:
        arrays[name] = np.roll(array, 1)
    return f"{what} of {name}"


def change_bytes(content: bytes, rng: random.Random) -> tuple[str, bytes]:
    spot = rng.randrange(len(content)) if content else 0
    what = rng.choice(["cut", "flip", "empty", "nested", "list", "digits", "binary", "head"])
    return what, {
        "cut": content[:spot],
        "flip": content[:spot] + bytes([rng.randrange(256)]) + content[spot + 1 :],
        "empty": b"",
        "nested": b"[" * 100_000,
        "list": rng.choice([b"[]", b"null", b"3", b'"x"']),
        "digits": b'{"settings": ' + b"9" * 5000 + b"}",
        "binary": content[:spot] + b"\xff\xfe\x00" + content[spot:],
        "head": content[: min(spot, 200)] + content[min(spot, 200) + 1 :],
    }[what]


def changed(files: Files, rng: random.Random) -> tuple[str, Files]:
    """Change one thing, at random; give what was done, and the files."""
    names = ["config.json", "config.json", "encoder.json", "weights.safetensors"]
    names += [NETWORK, NETWORK] if NETWORK in files else []
    name = rng.choice(names)
    how = rng.choice(["content", "content", "content", "bytes"])
    if how == "bytes":
        what, content = change_bytes(files[name], rng)
        return f"{name}: {what}", {**files, name: content}
    if name == "weights.safetensors":
        did: list[str] = []
        files = with_arrays(files, lambda arrays: did.append(change_arrays(arrays, rng)))
        return f"{name}: {did[0]}", files
    content = json.loads(files[name])
    if not content:
        return f"{name}: a list", {**files, name: b"[]"}
    what = change_json(content, rng)
    deep = "[" * 50_000 + "]" * 50_000
    return f"{name}: {what}", {
        **files,
        name: json.dumps(content).replace(f'"{DEEP}"', deep).encode(),
    }
