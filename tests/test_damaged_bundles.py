"""Saved models whose content is wrong, with checksums that are right: refused, or answered.

`RECURRA_FUZZ` says how many changes at random are tried, of all kinds together
(`make fuzz-bundles`: 1,000).
"""

import os
import random
import resource
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bundles_at_random import ALL, NETWORKS, Files, changed, files_of, with_arrays, with_json, write
from typer.testing import CliRunner

from recurra import SequenceClassifier, runtime
from recurra.cli import app
from recurra.errors import BundleError, RecurraError

TRIED = int(os.environ.get("RECURRA_FUZZ", "60"))
LONGEST = 30.0  # seconds to open and ask one, on a machine that does much else
MOST_MEMORY = 1 << 31  # bytes beside what the process has


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Give a kind's model, its files, and what it says; fitted when first asked for."""
    known: dict[str, tuple[type, Files, list[Any]]] = {}

    def give(name: str) -> tuple[type, Files, list[Any]]:
        if name not in known:
            folder = tmp_path_factory.mktemp("bundles") / "model"
            model = ALL[name].fit()
            model.save(folder)
            again = type(model).load(folder)
            said = flat(ALL[name].ask(model))
            assert said == flat(ALL[name].ask(again))
            known[name] = type(model), files_of(folder), said
        return known[name]

    return give


def flat(said: Any) -> list[Any]:
    """Give all that was said, one thing after the other."""
    if isinstance(said, np.ndarray):
        said = said.tolist()
    if isinstance(said, list | tuple):
        return [each for part in said for each in flat(part)]
    return [said]


@contextmanager
def little_memory() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MOST_MEMORY, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def opened_and_asked(name: str, cls: Any, folder: Path) -> tuple[str, list[Any]]:
    """Say whether it was refused, and how; else what it answers."""
    try:
        model = cls.load(folder)
    except BundleError as error:
        return str(error), []
    try:
        return "", flat(ALL[name].ask(model))
    except RecurraError as error:  # another model that has another question: of longer series, say
        return str(error), []


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is limited on Linux only")
@pytest.mark.parametrize("turn", range(TRIED))
def test_a_model_changed_at_random_is_refused_in_one_line_or_gives_finite_answers(
    turn: int, saved: Any, tmp_path: Path
) -> None:
    rng = random.Random(turn)
    name = sorted(ALL)[turn % len(ALL)]
    cls, files, unchanged = saved(name)
    what, files = changed(files, rng)
    write(tmp_path / "model", files)
    begun = time.perf_counter()
    with little_memory(), warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        refused, said = opened_and_asked(name, cls, tmp_path / "model")
    assert time.perf_counter() - begun < LONGEST, f"{name}, {what}"
    assert "\n" not in refused
    assert len(refused) < 1500
    wrong = [each for each in said if not isinstance(each, str) and not np.isfinite(each)]
    assert not wrong, f"{name}, {what}"
    print(f"{name}; {what}; {refused or ('the same' if said == unchanged else 'another model')}")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is limited on Linux only")
@pytest.mark.parametrize("turn", range(TRIED))
def test_a_network_changed_at_random_is_refused_or_answers_without_keras_too(
    turn: int, saved: Any, tmp_path: Path
) -> None:
    rng = random.Random(turn)
    name = sorted(NETWORKS)[turn % len(NETWORKS)]
    _, files, unchanged = saved(name)
    what, files = changed(files, rng)
    write(tmp_path / "model", files)
    begun = time.perf_counter()
    with little_memory(), warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        refused, said = opened_and_asked(name, runtime, tmp_path / "model")
    assert time.perf_counter() - begun < LONGEST, f"{name}, {what}"
    assert "\n" not in refused
    assert len(refused) < 1500
    wrong = [each for each in said if not isinstance(each, str) and not np.isfinite(each)]
    assert not wrong, f"{name}, {what}"
    print(f"{name}; {what}; {refused or ('the same' if close(said, unchanged) else 'another')}")


def close(said: list[Any], other: list[Any]) -> bool:
    """Say whether two answers are the same, but for rounding."""
    pairs = list(zip(said, other, strict=False))
    texts = [(a, b) for a, b in pairs if isinstance(a, str) or isinstance(b, str)]
    numbers = [(a, b) for a, b in pairs if (a, b) not in texts]
    alike = all(a == b for a, b in texts) and len(said) == len(other)
    return alike and bool(np.allclose(*np.array(numbers, float).reshape(-1, 2).T, atol=1e-5))


@pytest.mark.parametrize("name", NETWORKS)
def test_a_saved_network_answers_as_its_estimator(name: str, saved: Any, tmp_path: Path) -> None:
    _, files, said = saved(name)
    write(tmp_path / "model", files)
    refused, found = opened_and_asked(name, runtime, tmp_path / "model")
    assert not refused
    assert close(found, said)


WRONG_JSON: dict[str, tuple[str, Any]] = {
    "a setting is not there": ("config.json", lambda c: c["settings"].pop("model")),
    "a setting that nobody knows": ("config.json", lambda c: c["settings"].update(more=1)),
    "a setting of another type": ("config.json", lambda c: c["settings"].update(epochs="many")),
    "a count that is none": ("config.json", lambda c: c["settings"].update(epochs=1.0)),
    "a share that is none": ("config.json", lambda c: c["settings"].update(validation_split=2)),
    "no members": ("config.json", lambda c: c.update(members=0)),
    "too many members": ("config.json", lambda c: c.update(members=900)),
    "members that are a number of another type": ("config.json", lambda c: c.update(members=True)),
    "no encoder": ("encoder.json", lambda c: c.clear()),
}


@pytest.mark.parametrize("change", WRONG_JSON)
@pytest.mark.parametrize("name", NETWORKS)
def test_settings_and_encoders_that_no_network_has_are_refused(
    name: str, change: str, saved: Any, tmp_path: Path
) -> None:
    cls, files, _ = saved(name)
    file, edit = WRONG_JSON[change]
    write(tmp_path / "model", with_json(files, file, edit))
    with pytest.raises(BundleError, match="a saved model must hold what this version reads"):
        cls.load(tmp_path / "model")


def first(arrays: dict[str, Any]) -> str:
    return next(name for name in sorted(arrays) if arrays[name].ndim and arrays[name].size > 1)


def put(value: Any) -> Any:
    def edit(arrays: dict[str, Any]) -> None:
        name = first(arrays)
        arrays[name] = np.array(arrays[name])
        arrays[name].flat[0] = value

    return edit


def as_type(dtype: str) -> Any:
    return lambda arrays: arrays.update({first(arrays): arrays[first(arrays)].astype(dtype)})


WRONG_ARRAYS: dict[str, tuple[Any, str]] = {
    "not a number": (put(np.nan), "must be from .* to .*, but it holds nan"),
    "infinite": (put(np.inf), "must be from .* to .*, but it holds inf"),
    "too large": (put(3e38), r"must be from .* to .*, but it holds 3e\+38"),
    "of 16 bits": (as_type("float16"), "must be of float32.*, but it is of float16"),
    "whole": (as_type("int32"), "must be of float32.*, but it is of int32"),
    "gone": (lambda a: a.pop(first(a)), "must have the shape .*, but it is not there"),
    "one too many": (lambda a: a.update(more=np.ones(2)), "there must be no other array"),
    "cut": (lambda a: a.update({first(a): a[first(a)][:-1]}), "must have the shape .*, but it has"),
}


@pytest.mark.parametrize("change", WRONG_ARRAYS)
@pytest.mark.parametrize("name", [*NETWORKS, "linear", "linear tags", "volatility"])
def test_arrays_that_no_training_gives_are_refused_by_name(
    name: str, change: str, saved: Any, tmp_path: Path
) -> None:
    cls, files, _ = saved(name)
    edit, words = WRONG_ARRAYS[change]
    write(tmp_path / "model", with_arrays(files, edit))
    with pytest.raises(BundleError, match=f"weights.safetensors does not: .*{words}"):
        cls.load(tmp_path / "model")


CLASSES = ["classifier of two", "classifier of three, with spelling", "tagger", "generator"]


@pytest.mark.parametrize("classes", [lambda c: c[::-1], lambda c: [*c[:-1], c[0]], lambda c: c[:1]])
@pytest.mark.parametrize("name", [*CLASSES, "linear tags", "counts"])
def test_classes_in_another_order_twice_or_of_another_number_are_refused(
    name: str, classes: Any, saved: Any, tmp_path: Path
) -> None:
    cls, files, _ = saved(name)

    def edit(config: Any) -> None:
        config["classes"] = classes(config["classes"])

    write(tmp_path / "model", with_json(files, "config.json", edit))
    if name == "counts" and len(classes([1, 2])) == 1:
        pytest.skip("counts within one class are another model")
    with pytest.raises(BundleError):
        cls.load(tmp_path / "model")


@pytest.mark.parametrize("threshold", [float("nan"), float("inf"), -0.1, 2, True, "0.5", None])
@pytest.mark.parametrize("name", ["classifier of two", "riser", "words", "volatility"])
def test_a_threshold_must_be_a_share(name: str, threshold: Any, saved: Any, tmp_path: Path) -> None:
    cls, files, _ = saved(name)
    wrong = with_json(files, "config.json", lambda config: config.update(threshold=threshold))
    write(tmp_path / "model", wrong)
    with pytest.raises(BundleError):
        cls.load(tmp_path / "model")


SIZES = [("generator", "units"), ("translator", "units"), ("riser", "units")]
SIZES += [("forecaster", "horizon"), ("naive", "horizon"), ("linear", "window")]


@pytest.mark.parametrize(("name", "size"), SIZES)
def test_a_size_that_is_only_said_takes_no_memory(
    name: str, size: str, saved: Any, tmp_path: Path
) -> None:
    cls, files, _ = saved(name)
    write(
        tmp_path / "model",
        with_json(files, "config.json", lambda c: c["settings"].update({size: 10**8})),
    )
    with little_memory(), pytest.raises(BundleError):
        cls.load(tmp_path / "model")


@pytest.mark.parametrize("names", [["a", "a"], ["\ud800", "\ud800"], ["a", 1], "ab", None])
@pytest.mark.parametrize("name", ["classifier of two", "tagger", "words", "linear tags"])
def test_a_vocabulary_holds_distinct_texts(
    name: str, names: Any, saved: Any, tmp_path: Path
) -> None:
    cls, files, _ = saved(name)

    def edit(encoder: Any) -> None:
        for key in ("vocabulary", "features"):
            if isinstance(encoder.get(key), dict):
                encoder[key]["tokens"] = names
            elif key in encoder:
                encoder[key] = names

    write(tmp_path / "model", with_json(files, "encoder.json", edit))
    with pytest.raises(BundleError, match=r"encoder\.json does not"):
        cls.load(tmp_path / "model")


def test_trees_that_walk_in_a_circle_are_refused(saved: Any, tmp_path: Path) -> None:
    cls, files, _ = saved("gradient boosting")
    write(tmp_path / "model", with_arrays(files, lambda a: a.update(leaf=~a["leaf"] & a["leaf"])))
    with pytest.raises(BundleError, match="a child must come after its parent"):
        cls.load(tmp_path / "model")


@pytest.mark.parametrize("file", ["config.json", "encoder.json", "weights.safetensors"])
@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"null", b"[" * 100_000, b"\xff", b'{"a": NaN}', b'{"a": ' + b"9" * 5000],
)
def test_a_file_of_another_kind_is_named(
    file: str, content: bytes, saved: Any, tmp_path: Path
) -> None:
    cls, files, _ = saved("classifier of two")
    write(tmp_path / "model", {**files, file: content})
    with pytest.raises(BundleError, match=f"{file} does not"):
        cls.load(tmp_path / "model")


def test_a_model_of_another_kind_is_named(saved: Any, tmp_path: Path) -> None:
    _, files, _ = saved("constant")
    write(tmp_path / "model", files)
    for name in ("classifier of two", "words"):
        with pytest.raises(BundleError, match="was saved by Constant"):
            saved(name)[0].load(tmp_path / "model")


def test_half_an_emoji_in_a_text_is_a_token_like_others_and_the_model_opens(tmp_path: Path) -> None:
    model = SequenceClassifier("gru", epochs=1, min_count=1, tokenizer="char")
    model.fit(["cut \ud83d", "whole"] * 12, ["a", "b"] * 12, groups=range(24))
    model.save(tmp_path / "model")
    again = SequenceClassifier.load(tmp_path / "model")
    assert "\ud83d" in again.encoder_.vocabulary
    asked = ["\ud83d", "cut", ""]
    assert again.predict_proba(asked).tolist() == model.predict_proba(asked).tolist()


# ---- the command line

HOSTILE: dict[str, Any] = {
    "a list": b"[]",
    "nested": b"[" * 100_000,
    "digits": b'{"settings": ' + b"9" * 5000 + b"}",
    "half a pair": b'{"estimator": "\\ud800", "recipe": 3}',
    "no kind": b'{"settings": {}}',
    "another kind": b'{"estimator": "NaiveAhead", "settings": {}}',
    "an unknown kind": b'{"estimator": "\\u001b[2J[/red]"}',
    "a network without a name": b'{"estimator": "SequenceClassifier", "settings": []}',
}


@pytest.mark.parametrize("config", HOSTILE)
def test_a_command_says_what_is_wrong_in_one_line_and_ends_with_2(
    config: str, saved: Any, tmp_path: Path
) -> None:
    _, files, _ = saved("classifier of two")
    write(tmp_path / "model", {**files, "config.json": HOSTILE[config]})
    for arguments in (["predict", str(tmp_path), "a text"], ["explain", str(tmp_path), "a text"]):
        found = CliRunner().invoke(app, arguments)
        assert found.exit_code == 2, found.output
        assert found.output.startswith("Error: ")
        assert "\x1b" not in found.output
        assert found.output.count("\n") == 1


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(saved: Any, tmp_path: Path) -> None:
    cls, files, _ = saved("classifier of two")
    write(tmp_path / "model", files)
    (tmp_path / "model" / "encoder.json").unlink()
    os.mkfifo(tmp_path / "model" / "encoder.json")
    with pytest.raises(BundleError, match="cannot be read \\(it is not a file\\)"):
        cls.load(tmp_path / "model")


def test_a_file_of_more_bytes_than_any_model_has_is_not_read(saved: Any, tmp_path: Path) -> None:
    cls, files, _ = saved("classifier of two")
    write(tmp_path / "model", files)
    with (tmp_path / "model" / "weights.safetensors").open("r+b") as file:
        file.truncate(1 << 40)  # a hole: it takes no room
    with little_memory(), pytest.raises(BundleError, match="bytes are too many"):
        cls.load(tmp_path / "model")


def test_json_of_more_values_than_any_model_has_is_not_parsed(saved: Any, tmp_path: Path) -> None:
    cls, files, _ = saved("classifier of two")
    many = b'{"a": [' + b"[]," * 6_000_000 + b"[]]}"
    write(tmp_path / "model", {**files, "encoder.json": many})
    with little_memory(), pytest.raises(BundleError, match="it must hold up to 10,000,000 values"):
        cls.load(tmp_path / "model")
