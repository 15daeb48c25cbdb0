"""The rooms of the house: who may import whom, and what stays unloaded until it is used."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import recurra

SOURCE = Path(recurra.__file__).parent

# a module may import those of a lower floor, and those beside it in its own package
FLOORS = [
    {"wording"},
    {"arrays", "errors", "extras", "files", "listeners", "shown", "which_backend"},
    {"cells", "spans", "stored", "stores"},
    {"names", "notebook", "plots"},
    {"architectures", "backend", "sequences", "smoothing", "bundle", "places"},
    {"executing"},
    {"text", "runs", "keras_private"},
    {"judging"},
    {"kernels", "groups", "ledger", "near_numbers", "rocket"},
    {"layers", "timewise", "data"},
    {"subwords", "resting"},
    {"models", "markets", "optimizers", "operations"},
    {"answers", "auditing"},
    {"training", "baselines", "plans"},
    {"estimators"},
    {"runtime"},
    {"inside", "problems", "pages"},
    {"finished", "scoring", "exporting", "looking"},
    {
        "bench",
        "terminal",
        "doctor",
        "running",
        "evaluating",
        "behaving",
        "serving",
        "searching",
        "shards",
    },
    {"classroom", "studio"},
    {"cli", ""},
    {"__main__"},
]
NO_NETWORK, NO_PAGE = {"keras", "jax"}, {"matplotlib", "jinja2"}
FORBIDDEN = {
    "judging": NO_NETWORK | NO_PAGE,
    "baselines": NO_NETWORK | NO_PAGE,
    "auditing": NO_NETWORK | NO_PAGE,
    "data": NO_NETWORK | NO_PAGE,
    "text": NO_NETWORK | NO_PAGE,
    "operations": NO_NETWORK | NO_PAGE | {"sklearn", "pandas"},
    "rocket": NO_NETWORK | NO_PAGE | {"sklearn", "pandas"},
    "answers": NO_NETWORK | NO_PAGE | {"sklearn"},
    "runtime": NO_NETWORK | NO_PAGE | {"sklearn"},
    "exporting": NO_NETWORK | NO_PAGE | {"sklearn"},
    "serving": NO_NETWORK | NO_PAGE | {"sklearn", "pandas"},
    "studio": {"keras", "jax", "matplotlib", "sklearn", "pandas"},
    "pages": NO_NETWORK,
    "problems": {"keras", "jax", "jinja2"},
}


def room(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return "" if parts == ("__init__",) else parts[0]


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def floor_of(name: str) -> int:
    return next(number for number, rooms in enumerate(FLOORS) if name in rooms)


def wrong_imports(path: Path, modules: set[str]) -> set[str]:
    here = room(path)
    ours = {m.split(".")[1] if "." in m else "" for m in modules if m.split(".")[0] == "recurra"}
    upward = {other for other in ours - {here} if floor_of(other) >= floor_of(here)}
    outside = {m.split(".")[0] for m in modules} & FORBIDDEN.get(here, set())
    return upward | outside


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda p: str(p.name))
def test_dependencies_run_one_way(path: Path) -> None:
    assert wrong_imports(path, imported(path)) == set()


def test_the_import_test_sees_a_wrong_import() -> None:
    assert wrong_imports(SOURCE / "text" / "x.py", {"recurra.estimators"}) == {"estimators"}
    assert wrong_imports(SOURCE / "judging" / "x.py", {"keras"}) == {"keras"}
    assert wrong_imports(SOURCE / "judging" / "x.py", {"recurra.baselines"}) == {"baselines"}
    assert wrong_imports(SOURCE / "pages" / "x.py", {"recurra.problems"}) == {"problems"}


def classes_in(folder: str) -> set[str]:
    trees = [ast.parse(path.read_text("utf-8")) for path in (SOURCE / folder).rglob("*.py")]
    return {
        node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)
    }


def test_what_a_run_is_asked_by_has_another_name_than_what_answers() -> None:
    asked, saved = classes_in("problems/saved"), classes_in("runtime")
    assert {"AskedTagger", "SavedTagger"} <= asked | saved
    assert asked & saved == set()


PRIVATE = re.compile(r"keras\.src|\._flatten_layers|\.__class__ =|\._momentums|\._velocities")


def longest_of(paths: list[Path]) -> tuple[int, str]:
    """Give how many lines the longest function has, from its first to its last, and its name."""
    found = [
        (node.end_lineno - node.lineno + 1, f"{path.name}: {node.name}")
        for path in paths
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef) and node.end_lineno
    ]
    return max(found)


def test_no_function_of_a_problem_has_fifty_lines(tmp_path: Path) -> None:
    """What is declared reads at one look; documentation counts, too."""
    lines, name = longest_of(sorted((SOURCE / "problems").rglob("*.py")))
    assert lines < 50, name
    (tmp_path / "long.py").write_text("def f():\n" + "    x = 1\n" * 49)
    assert longest_of([tmp_path / "long.py"]) == (50, "long.py: f")


def test_what_keras_does_not_promise_is_touched_in_one_file() -> None:
    touching = {p.name for p in SOURCE.rglob("*.py") if PRIVATE.search(p.read_text("utf-8"))}
    assert touching == {"keras_private.py"}


def loaded_after(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(' '.join(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


HEAVY = {"keras", "jax", "sklearn", "pandas", "matplotlib", "starlette", "uvicorn"}


def test_importing_recurra_loads_nothing_heavy() -> None:
    assert loaded_after("import recurra") & HEAVY == set()


def test_the_command_line_loads_nothing_heavy_before_a_command_runs() -> None:
    assert loaded_after("import recurra.cli") & HEAVY == set()


def test_an_audit_needs_no_network() -> None:
    audited = "import recurra; recurra.audit('spam', sample=True)"
    assert loaded_after(audited) & {"keras", "jax", "matplotlib"} == set()


def test_a_saved_model_answers_without_keras(finished: Path) -> None:
    asked = f"from recurra import runtime; runtime.load({str(finished / 'model')!r}).predict(['a'])"
    assert loaded_after(asked) & (HEAVY | {"scipy", "pyarrow"}) == set()


def test_the_command_that_answers_a_text_loads_nothing_heavy(finished: Path) -> None:
    command = ["predict", str(finished), "win a prize"]
    asked = f"from recurra.cli import app; app({command!r}, standalone_mode=False)"
    assert loaded_after(asked) & (HEAVY | {"scipy", "pyarrow"}) == set()


def test_the_light_import_test_sees_a_heavy_import() -> None:
    assert {"keras", "jax"} <= loaded_after("import recurra; recurra.SequenceClassifier")


def test_everything_named_in_all_is_there() -> None:
    for name in recurra.__all__:
        assert getattr(recurra, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        recurra.nothing  # noqa: B018


def test_jax_is_the_backend_unless_the_user_chose_one(tmp_path: Path) -> None:
    code = (
        "import recurra.backend as b, recurra.which_backend as w\n"
        "print(b.keras.backend.backend(), w.chosen_backend())"
    )

    def backend(**env: str) -> list[str]:
        env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), **env}
        run = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env
        )
        return run.stdout.split()

    assert backend() == ["jax", "jax"]
    assert backend(KERAS_BACKEND="numpy") == ["numpy", "numpy"]
    (tmp_path / ".keras").mkdir(exist_ok=True)
    (tmp_path / ".keras" / "keras.json").write_text('{"backend": "numpy"}')
    assert backend() == ["numpy", "numpy"]
