"""A folder with all that a class needs without a network, and the check that it is whole.

::

    kit/
    ├── install.py        checks the kit, installs it into .venv, asks whether the machine is ready
    ├── start.py          opens the notebooks, or runs a command, on the data here
    ├── data/             named data sets, embedded samples, and prices where they were asked for
    ├── docs/             the documents; the chapters of docs/lecture as notebooks
    ├── wheels/           needed.txt, pins.txt, get.py, and the wheels that it brought
    └── kit.json          every file with its SHA-256; every data set with its licence
"""

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, distribution, version
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from recurra.data.catalogue import CATALOGUE, files_of, locate
from recurra.errors import DataError, RunError, SettingsError, SourceError
from recurra.extras import how_to_install
from recurra.files import bring_to_disk, write_atomically
from recurra.markets.choose import chosen_source
from recurra.names import one_of

__all__ = ["FREE", "Kit", "check_kit", "get_wheels", "make_kit", "read_kit"]

SCHEMA = "recurra.kit/1"
FREE = ("spam", "sentiment-ko")  # whose licences let a class have them
NEEDED = ("recurra", "jupyterlab")
MANIFEST = "kit.json"
FILES = {"install.py": "", "start.py": "", "README.md": "", "README.ko.md": "", "get.py": "wheels"}
NOT_OURS = "prices as the source gave them: whether you may hand them on is between you and it"
Kit = dict[str, Any]


def make_kit(
    folder: str | Path,
    *,
    data: Sequence[str] = FREE,
    tickers: Sequence[str] = (),
    source: str | None = None,
    wheels: Sequence[Path] = (),
    offline: bool = False,
    overwrite: bool = False,
) -> Kit:
    """Fill a folder with what a class needs offline; it is there as a whole or not at all.

    Args:
        folder: which; it must be empty, or a kit and `overwrite`.
        data: names of data sets of the catalogue.
        tickers: whose prices go in, too.
        source: of prices, as `chosen_source` takes it.
        wheels: files to be put beside those that get.py will bring, such as Recurra's own.
        offline: whether the network stays unused: then the data must be here.
        overwrite: whether a kit that is there is replaced.

    Returns:
        What kit.json says.

    Raises:
        RunError: the folder holds something else.
        SettingsError: a name is none, or a wheel is no wheel.
        DataError: data are not to be had.
    """
    place = Path(folder)
    _refuse_occupied(place, overwrite)
    names = [one_of(name, CATALOGUE, "the data set") for name in data]
    _refuse_other_files(wheels)
    docs = _documents()
    for name in names:
        locate(name, download=not offline)
    writing = place.with_name(f".{place.name}.unfinished")
    shutil.rmtree(writing, ignore_errors=True)
    try:
        (writing / "wheels").mkdir(parents=True)
        _put_files(writing)
        _put_documents(docs, writing / "docs")
        sets = {name: _put_data(name, writing / "data") for name in names}
        _put_samples(writing / "data" / "samples")
        if tickers:
            sets["prices"] = _put_prices(tickers, source, offline, writing / "data" / "prices")
        _put_requirements(writing / "wheels")
        for wheel in wheels:
            shutil.copyfile(wheel, writing / "wheels" / wheel.name)
        kit = _manifest(writing, sets)
        write_atomically(writing / MANIFEST, _as_json(kit))
        bring_to_disk(writing, all_in_it=True)
        shutil.rmtree(place, ignore_errors=True)
        writing.replace(place)
    except BaseException:
        shutil.rmtree(writing, ignore_errors=True)
        raise
    return kit


def read_kit(folder: str | Path) -> Kit:
    """Give what the kit.json of a kit says.

    Raises:
        DataError: there is none, or it is damaged.
    """
    path = Path(folder) / MANIFEST
    try:
        kit = json.loads(path.read_bytes())
        whole = kit["schema"] == SCHEMA and isinstance(kit["files"], dict)
    except FileNotFoundError:
        raise DataError(
            f"a kit is a folder with {MANIFEST}, but {folder} has none. Make one: recurra kit make "
            "FOLDER"
        ) from None
    except (OSError, ValueError, LookupError, TypeError):
        whole = False
    if not whole:
        raise DataError(f"{path} must say what the kit holds, but it is damaged. Copy it again.")
    return dict(kit)


def check_kit(folder: str | Path) -> dict[str, str]:
    """Give the files that are not as they were when a kit was made, and what is wrong with each.

    Raises:
        DataError: it is no kit.
    """
    wrong = {}
    for name, known in read_kit(folder)["files"].items():
        path = Path(folder) / name
        if not path.is_file():
            wrong[name] = "missing"
        elif path.stat().st_size != known["bytes"] or _sha256(path) != known["sha256"]:
            wrong[name] = "changed or damaged"
    return wrong


def get_wheels(folder: str | Path) -> None:
    """Bring the packages of a kit, as its own wheels/get.py does.

    Raises:
        SourceError: pip could not.
    """
    done = subprocess.run(  # noqa: S603
        [sys.executable, str(Path(folder) / "wheels" / "get.py")],
        stdout=sys.stderr,
        check=False,
    )
    if done.returncode:
        raise SourceError(
            f"the packages must come from an index, but pip could not bring them. The kit in "
            f"{folder} is whole but for them: python {folder}/wheels/get.py goes on."
        )


def _refuse_occupied(place: Path, overwrite: bool) -> None:
    if not place.exists() or (place.is_dir() and not any(place.iterdir())):
        return
    if not (place / MANIFEST).is_file():
        raise RunError(
            f"a kit needs a folder of its own, but {place} holds other things. Give another."
        )
    if not overwrite:
        raise RunError(f"{place} holds a kit. Replace it with --overwrite, or give another folder.")


def _refuse_other_files(wheels: Sequence[Path]) -> None:
    for wheel in wheels:
        if wheel.suffix != ".whl" or not wheel.is_file():
            raise SettingsError(f"--wheel must be a .whl file that is there, but it is {wheel}.")


def _documents() -> Path:
    """Give the documents: within the package, or in the checkout that it is read from."""
    package = Path(__file__).parents[1]
    for place in (package / "docs", package.parents[1] / "docs"):
        if (place / "lecture").is_dir():
            return place
    raise DataError(
        "the chapters of the lecture must be here, but this installation of Recurra is without its "
        "documents. Install it from its wheel or its sources."
    )


def _put_files(writing: Path) -> None:
    own = files("recurra.classroom") / "kit_files"
    for name, below in FILES.items():
        (writing / below / name).write_bytes((own / name).read_bytes())


def _put_documents(docs: Path, place: Path) -> None:
    try:
        import jupytext
    except ModuleNotFoundError:
        raise SettingsError(
            f"notebooks are made by jupytext, which is not here: {how_to_install('class')}"
        ) from None
    shutil.copytree(docs, place, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    for page in sorted((place / "lecture").glob("[1-9]*.md")):
        notebook = jupytext.read(page)
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook.metadata["kernelspec"] = kernel
        for number, cell in enumerate(notebook.cells):
            cell["id"] = f"cell-{number}"  # the same chapter is the same bytes
        jupytext.write(notebook, page.with_suffix(".ipynb"))


def _put_data(name: str, place: Path) -> dict[str, Any]:
    entry = CATALOGUE[name]
    for relative, path in files_of(name):
        target = place / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    return {"title": entry.title, "licence": entry.licence}


def _put_samples(place: Path) -> None:
    with as_file(files("recurra.data") / "samples") as samples:
        shutil.copytree(samples, place)


def _put_prices(
    tickers: Sequence[str], source: str | None, offline: bool, place: Path
) -> dict[str, Any]:
    asked = chosen_source(source, offline=offline)
    place.mkdir(parents=True)
    for ticker in tickers:
        found = asked.prices(ticker)
        frame = found.frame.rename_axis("date").reset_index()
        frame.to_csv(place / f"{found.ticker.replace('/', '-')}.csv", index=False)
    return {"title": f"daily prices of {', '.join(tickers)}", "licence": NOT_OURS}


def _put_requirements(place: Path) -> None:
    """Write what is needed, and the versions that are installed here of that and what it needs."""
    pins = dict(sorted(_installed(NEEDED)))
    own = pins.pop("recurra", version("recurra"))
    needed = [name for name in NEEDED if name != "recurra"]
    needed += sorted(_needed_of("recurra"))
    (place / "needed.txt").write_text("\n".join(needed) + "\n", "utf-8")
    lines = [f"recurra=={own}", *(f"{name}=={each}" for name, each in pins.items())]
    (place / "pins.txt").write_text("\n".join(lines) + "\n", "utf-8")


def _needed_of(name: str) -> list[str]:
    """Give what a package needs on a machine like this, as it declares it."""
    declared = map(Requirement, distribution(name).requires or [])
    return [
        str(each).partition(";")[0].strip()
        for each in declared
        if each.marker is None or each.marker.evaluate({"extra": ""})
    ]


def _installed(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Give the packages that these need, at any depth, with the versions installed here."""
    seen: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        if name in seen:
            continue
        seen.add(name)
        try:
            yield name, version(name)
            waiting += [Requirement(each).name for each in _needed_of(name)]
        except PackageNotFoundError:  # pip finds a version when it brings the wheels
            continue


def _manifest(writing: Path, sets: dict[str, dict[str, Any]]) -> Kit:
    paths = sorted(path for path in writing.rglob("*") if path.is_file())
    return {
        "schema": SCHEMA,
        "version": version("recurra"),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "data": sets,
        "files": {
            path.relative_to(writing).as_posix(): {
                "bytes": path.stat().st_size,
                "sha256": _sha256(path),
            }
            for path in paths
        },
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _as_json(kit: Kit) -> bytes:
    return (json.dumps(kit, ensure_ascii=False, indent=2) + "\n").encode()
