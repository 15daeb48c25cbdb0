"""Shared by all tests: real data when it is there, and compiled steps kept between processes."""

import os
import tempfile
from pathlib import Path

# networks are compiled once for all tests and all the processes they start
CACHE = Path(tempfile.gettempdir()) / f"recurra-tests-{os.getuid()}"
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(CACHE))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")

import pytest  # noqa: E402


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
