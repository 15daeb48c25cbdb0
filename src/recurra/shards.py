"""Many files scored at once by one saved model: a folder in, a folder out.

::

    events/            scored/
    ├── 00.parquet  →  ├── 00.parquet      each is what `recurra score` makes of it alone
    └── 01.parquet  →  └── 01.parquet      in constant memory, by whichever worker is free

A file that is scored is not scored again, and one that was begun is gone on with: after a kill the
same command ends in the same files.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from recurra.data.pieces import files_of
from recurra.errors import DataError, RunError, SettingsError
from recurra.executing import Executor, Failed, failures
from recurra.files import hold, write_atomically
from recurra.listeners import Listener
from recurra.problems.kept import kept_model
from recurra.scoring import ENDINGS, Scored, score
from recurra.stores import Stored, near, place_of, placed

__all__ = ["are_many", "score_all"]

STARTED, LOCK = ".started.json", ".recurra.lock"


@dataclass(frozen=True)
class _Shard:
    """A file, and where what is said of it goes: paths, or of a store."""

    source: Any
    out: Any


def are_many(source: Any) -> bool:
    """Say whether a source names several files: a folder, or a pattern such as `logs/*.parquet`."""
    return source.is_dir() or (not source.exists() and any(c in source.name for c in "*?["))


def score_all(
    run: str | Path,
    source: Any,
    out: Any,
    *,
    executor: Executor,
    listener: Listener,
    overwrite: bool = False,
    **how: Any,
) -> Scored:
    """Score every file of a folder or pattern, each as `recurra.scoring.score` does.

    Args:
        run: a run folder, or the model folder in it.
        source: the folder, or a pattern of the files in one; of this machine, or an address.
        out: a folder, or an address of one; each file there has the name of the one that was read.
        executor: who scores.
        listener: is told how it goes.
        overwrite: whether files there may be replaced.
        how: as `recurra.scoring.score` takes it.

    Raises:
        DataError: there are no such files, or two would be written to one.
        RunError: files are there already, or another process is writing there.
        RecurraError: files could not be scored; all others are.
    """
    source, out = place_of(source), place_of(out)
    shards = _shards(source, out)
    with _alone(out):
        _begin(out, shards, _facts(run, shards, how), overwrite)
        named = {shard.out.name: shard for shard in shards.values()}
        done: dict[str, Scored] = {}
        failed: dict[str, Failed] = {}
        with closing(executor.each(_score, (run, how), named, listener=listener)) as ended:
            for name, found in ended:
                into: dict[str, Any] = failed if isinstance(found, Failed) else done
                into[name] = found
        if failed:
            raise failures(failed, len(named), None, "the same command")
        (out / STARTED).unlink()
    notes = dict.fromkeys(note for each in done.values() for note in each.notes)
    rows, refused, kept = (
        sum(getattr(each, name) for each in done.values()) for name in ("rows", "refused", "kept")
    )
    return Scored(rows, refused, kept, list(notes))


def _shards(source: Any, out: Any) -> dict[str, _Shard]:
    shards: dict[str, _Shard] = {}
    files = files_of(source)
    for path in files:
        name = path.name.removesuffix(".gz")
        if Path(name).suffix.lower() not in ENDINGS:
            raise DataError(
                f"each file must end in one of {', '.join(ENDINGS)} (or that and .gz), but "
                f"{path} does not. Name those to score by a pattern, such as '*.parquet'."
            )
        if name in shards:
            raise DataError(f"{path} and {shards[name].source} would both become {out / name}.")
        shards[name] = _Shard(path, out / name)
    if out.resolve() in {path.resolve().parent for path in files}:
        raise SettingsError(f"--out must be another folder than the one that is read: {out}.")
    return shards


@contextmanager
def _alone(out: Any) -> Iterator[None]:
    """Have a folder for oneself; in a store nobody can tell whether another writes there."""
    if isinstance(out, Stored):
        yield
        return
    if out.exists() and not out.is_dir():
        raise RunError(f"of many files --out must be a folder, but {out} is a file.")
    try:
        with hold(out / LOCK):
            yield
    except BlockingIOError:
        raise RunError(f"another process is writing {out}. Wait for it, or name another.") from None


def _facts(run: str | Path, shards: Mapping[str, _Shard], how: Mapping[str, Any]) -> dict[str, Any]:
    """Give what must be the same for work to be gone on with."""
    manifest = (kept_model(run).folder / "manifest.json").read_text("utf-8")
    told = {name: value for name, value in how.items() if value is not None}
    given = {name: str(value) for name, value in told.items() if value or name == "header"}
    about = {name: shard.source.stat() for name, shard in shards.items()}
    return {
        "version": version("recurra"),
        "model": json.loads(manifest),
        "how": given,
        "files": {name: [each.st_size, each.st_mtime_ns] for name, each in about.items()},
    }


def _begin(
    out: Any, shards: Mapping[str, _Shard], facts: Mapping[str, Any], overwrite: bool
) -> None:
    """Go on with the same work, or begin anew where nothing is in the way.

    A file that has changed since is scored anew, and no other.
    """
    started = out / STARTED
    before = json.loads(started.read_bytes()) if started.exists() else {}
    same = {**before, "files": None} == {**facts, "files": None}
    known = before.get("files", {}) if same else {}
    there = [shard.out for shard in shards.values() if shard.out.exists()]
    if (there or before) and not same and not overwrite:
        raise RunError(
            f"{there[0] if there else started} is there already, of other work. Give --overwrite, "
            "or another --out."
        )
    for path in there:
        if known.get(path.name) != facts["files"][path.name]:
            path.unlink()
    with placed(started) as file:
        write_atomically(file, json.dumps(facts, indent=1, sort_keys=True).encode())


# ---- a unit


def _score(
    shared: tuple[Any, Mapping[str, Any]], shard: _Shard, listener: Listener, place: Path | None
) -> Scored:
    """Score one file, unless it is scored."""
    run, how = shared
    name = shard.source.name
    listener.stage(name)
    if shard.out.exists():
        rows = _rows_in(shard.out)
        return Scored(rows, 0, rows, [])

    def watch(share: float | None, rows: int) -> None:
        far = "" if share is None else f", {share:.0%}"
        listener.stage(f"{name}: {rows:,} rows{far}")

    with near(shard.source) as source, placed(shard.out) as out:
        return score(run, source, out, watch=watch, overwrite=True, **how)


def _rows_in(path: Any) -> int:
    if path.suffix.lower() == ".parquet":
        import pyarrow.parquet

        with path.open("rb") as file:
            return int(pyarrow.parquet.ParquetFile(file).metadata.num_rows)
    return 0  # a text table is not read anew only to count
