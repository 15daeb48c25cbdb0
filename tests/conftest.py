"""Shared by all tests: real data when it is there, and compiled steps kept between processes."""

import atexit
import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

# networks are compiled once for all tests and all the processes they start
CACHE = Path(tempfile.gettempdir()) / f"recurra-tests-{os.getuid()}"
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(CACHE))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
# and soon rather than well: most of the time of these tests would go to making quick what runs for
# a moment; `make test-optimized` compiles as users do. A flag that XLA does not know ends Python.
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
if version("jaxlib").startswith("0.10."):
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_use_fusion_emitters=false")
# tests read English in UTF-8, whatever the machine speaks; those of Korean, and of consoles
# without its letters, ask for what they need
os.environ |= {"RECURRA_LANG": "en", "LANG": "C.UTF-8"}
for said_elsewhere in ("LC_ALL", "LC_CTYPE", "LC_MESSAGES", "PYTHONIOENCODING"):
    os.environ.pop(said_elsewhere, None)
# nothing is kept where the user keeps things; what JAX compiled aside, each test has its own place
os.environ["RECURRA_CACHE"] = tempfile.mkdtemp(prefix="recurra-tests-cache-")
atexit.register(shutil.rmtree, os.environ["RECURRA_CACHE"], ignore_errors=True)

import pytest  # noqa: E402
from hypothesis import HealthCheck, settings  # noqa: E402

# how long an example takes tells how busy the machine is, not whether the code is right
settings.register_profile("any pace", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any pace")


@pytest.fixture(scope="module", autouse=True)
def cache_of_the_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Give what the tests of a file share a cache folder, too, before any of it is made."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECURRA_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module", autouse=True)
def passed_over_by_later_collections() -> Iterator[None]:
    """Look for garbage in what a file leaves behind once, not again with each file after it."""
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test a cache folder of its own: what one test scored counts in no other."""
    monkeypatch.setenv("RECURRA_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real datasets; tests that need it are skipped without it."""
    folder = os.environ.get("RECURRA_DATA")
    if not folder or not (Path(folder) / "sms-spam" / "SMSSpamCollection").exists():
        pytest.skip("real data are absent: set RECURRA_DATA to a folder with sms-spam/")
    return Path(folder)


@pytest.fixture(scope="session")
def messages() -> tuple[list[str], list[str]]:
    """120 short messages whose label a network learns in seconds, no two equal when masked."""
    spam = ["win", "prize", "claim", "free", "cash", "urgent"]
    ham = ["lunch", "home", "meeting", "thanks", "train", "dinner"]
    names = ["ann", "bob", "cho", "dae", "eun", "fred", "gil", "han", "ian", "jun"]
    tails = ["now", "please", "today", "call me", "ok"]
    texts, labels = [], []
    for number, name in enumerate(names):
        for kind, words in (("spam", spam), ("ham", ham)):
            for word in words:
                texts.append(f"{name} {word} {tails[(number + len(word)) % 5]}")
                labels.append(kind)
    return texts, labels


@pytest.fixture(scope="session")
def finished(
    tmp_path_factory: pytest.TempPathFactory, messages: tuple[list[str], list[str]]
) -> Path:
    """A finished run, some of whose texts try to break the page that shows them."""
    import numpy as np

    from recurra.data import LabelledTexts
    from recurra.estimators import SequenceClassifier
    from recurra.problems import texts as ask
    from recurra.running import run

    texts, labels = np.array(messages[0], object), np.array(messages[1], object)
    hostile = '<script>alert(1)</script> & "quotes" {{ 7 * 7 }} 한글 ' + "x" * 400
    texts = np.array([f"{text} {hostile}" for text in texts], object)
    rows = LabelledTexts(texts, labels, "spam", "hostile.csv", "0" * 64, ["a <note>"])
    folder = tmp_path_factory.mktemp("finished") / "run"
    classifier = SequenceClassifier("simple-rnn", epochs=3, members=2, positive="spam")
    run(ask(rows, [classifier], name="hostile"), folder, command="recurra train <hostile>")
    return folder
