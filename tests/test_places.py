"""Where things are kept between runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from recurra.places import cache_folder

CODE = (
    "from recurra.places import keep_compiled; keep_compiled()\n"
    "import jax, jax.numpy as jnp\n"
    "print(jax.config.jax_compilation_cache_dir)\n"
    "jax.jit(lambda x: jnp.linalg.svd(x @ x)[1])(jnp.ones((3, 3))).block_until_ready()"
)


def run(**variables: str) -> str:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("JAX_")}
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        env={**kept, "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0", **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_what_was_compiled_is_kept_in_the_cache_and_used_again(tmp_path: Path) -> None:
    place = Path(run(RECURRA_CACHE=str(tmp_path)))
    assert place.parent == tmp_path / "compiled"
    entries = {f.name for f in place.iterdir() if f.name.endswith("-cache")}
    assert entries
    for entry in place.iterdir():  # as a killed process leaves them
        if entry.name.endswith("-cache"):
            entry.write_bytes(entry.read_bytes()[:10])
    run(RECURRA_CACHE=str(tmp_path))
    assert {f.name for f in place.iterdir() if f.name.endswith("-cache")} == entries


def test_a_place_the_user_gave_jax_is_kept(tmp_path: Path) -> None:
    mine = str(tmp_path / "mine")
    assert run(RECURRA_CACHE=str(tmp_path), JAX_COMPILATION_CACHE_DIR=mine) == mine
    assert not (tmp_path / "compiled").exists()


def test_the_cache_is_where_the_user_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECURRA_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
