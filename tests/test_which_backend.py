"""`import keras` as a lesson types it: which backend it finds, and what is said where it cannot."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from recurra.extras import how_to_install

ASK = "import keras; print(keras.backend.backend())"


def python(
    code: str, home: Path, *, code_expected: int = 0, **env: str
) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KERAS")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=120,
        env={**kept, "HOME": str(home), **env},
    )
    assert done.returncode == code_expected, done.stderr
    return done


def test_a_plain_import_of_keras_below_recurra_finds_a_backend(tmp_path: Path) -> None:
    (tmp_path / ".keras").mkdir()
    # what Keras writes there itself, also when it then fails
    (tmp_path / ".keras" / "keras.json").write_text('{"backend": "tensorflow"}')
    assert python(f"import recurra; {ASK}", tmp_path).stdout == "jax\n"


@pytest.mark.parametrize("way", ["variable", "file"])
def test_what_the_user_chose_stays(tmp_path: Path, way: str) -> None:
    (tmp_path / "keras.json").write_text(json.dumps({"backend": "numpy"}))
    env = {"KERAS_BACKEND": "numpy"} if way == "variable" else {"KERAS_HOME": str(tmp_path)}
    assert python(f"import recurra; {ASK}", tmp_path, **env).stdout == "numpy\n"


def test_an_empty_variable_is_no_choice(tmp_path: Path) -> None:
    assert python(f"import recurra; {ASK}", tmp_path, KERAS_BACKEND="").stdout == "jax\n"


def test_after_an_import_of_keras_that_failed_the_next_cell_works(tmp_path: Path) -> None:
    code = f"""
import sys
sys.modules["tensorflow"] = None  # as where it is not installed
try:
    import keras
except ModuleNotFoundError as error:
    print(error.name.split(".")[0])
del sys.modules["tensorflow"]
import recurra
{ASK}
"""
    assert python(code, tmp_path).stdout.split() == ["tensorflow", "jax"]


def test_a_keras_that_runs_on_another_backend_is_told_of_with_what_to_do(tmp_path: Path) -> None:
    code = f"""
import os
os.environ["KERAS_BACKEND"] = "numpy"
{ASK}
del os.environ["KERAS_BACKEND"]
import recurra
"""
    said = python(code, tmp_path).stderr
    assert "runs on 'numpy', not on 'jax'" in said
    assert "write `import recurra` above `import keras`" in said
    chosen = python(f"{ASK}; import recurra", tmp_path, KERAS_BACKEND="numpy")
    assert "Keras was imported before" not in chosen.stderr


def test_a_notebook_s_way_to_plot_is_no_fault_of_keras(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "recurra", "doctor", "--json"]
    env = {**os.environ, "MPLBACKEND": "module://nowhere.backend_inline"}
    done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "cannot be imported" not in done.stdout


def test_the_hint_names_the_packages_and_not_recurra() -> None:
    assert how_to_install("markets").startswith("pip install 'exchange-calendars")
    assert "finance-datareader" in how_to_install("markets")
    assert how_to_install("nothing") == "pip install 'recurra[nothing]'"
