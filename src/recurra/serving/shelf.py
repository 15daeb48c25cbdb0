"""The models that are served, by name; one that changed on disk takes the place of the old one.

::

    a second passes → its files differ → it is opened beside the old model
        it opens          → new requests get it; the old model answers those that came before
        its files are bad → the old model answers on, and log and `ready` say so
        anything else     → the same, and it is tried again after another second
"""

import asyncio
import json
import logging
import re
from collections.abc import Iterable
from concurrent.futures import Executor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from recurra.errors import BundleError, RecurraError, SettingsError
from recurra.problems.kept import Kept, kept_model
from recurra.serving.batches import Queue
from recurra.serving.logs import say
from recurra.serving.meters import Meters
from recurra.serving.models import Model, opened_model
from recurra.wording import retold

__all__ = ["Served", "Standing", "named_runs", "watched"]

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
Files = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class Standing:
    """A model as it stands: a request keeps to one from its beginning to its end.

    Args:
        model: that answers.
        queue: before it.
        sha256: of its manifest.
        verdict: of its run, in words; None where that is not kept.
    """

    model: Model
    queue: Queue
    sha256: str
    verdict: str | None

    async def said(self, rows: list[Any]) -> list[Any]:
        """Give what the model says of each row."""
        return await self.queue.said(rows)


class Served:
    """A model by its name.

    Args:
        name: in addresses.
        run: a run folder, or a model folder.
        threads: in which models are asked.
        meters: are told of batches and reloads.

    Attributes:
        now: the model as it stands.
        remark: why the newest on disk is not served, None where it is.

    Raises:
        BundleError: there is no model, it is damaged, or of a kind that is not served.
    """

    def __init__(self, name: str, run: Path, threads: Executor, meters: Meters) -> None:
        self.name, self.run, self._threads, self._meters = name, run, threads, meters
        kept = kept_model(run)
        self._files = _files(kept)
        self._bad: Files | None = None  # files that were refused: they are not opened again
        self.now = self._opened(kept)
        self.remark: str | None = None

    def facts(self) -> dict[str, Any]:
        """Say what it is, and, in the language in force, what its run found."""
        model, now = self.now.model, self.now
        facts = {"name": self.name, **model.facts(), "sha256": now.sha256}
        said = {"verdict": now.verdict, "remark": self.remark}
        return facts | {key: sentence and retold(sentence) for key, sentence in said.items()}

    def look(self) -> None:
        """Take up what is new on disk; whatever is wrong with it, the old model answers on."""
        try:
            self._take_up()
        except Exception as error:
            self._keep_old(error)

    def _take_up(self) -> None:
        try:
            kept = kept_model(self.run)
            files = _files(kept)
        except (RecurraError, OSError):
            return  # between the old and the new there may be none
        if files == self._files:
            self._bad = self.remark = None
        if files in (self._files, self._bad):
            return
        try:
            found = self._opened(kept)
            self._check_same_kind(found.model)
        except BundleError as error:
            if not isinstance(error.__context__, OSError):  # all was read: only other files help
                self._bad = files
            raise
        self._files, self._bad = files, None
        self.now, self.remark = found, None
        self._noted("reloaded", logging.INFO)

    def _keep_old(self, error: Exception) -> None:
        own = isinstance(error, RecurraError)
        remark = str(error) if own else f"{type(error).__name__}: {error}".rstrip(": ")
        if remark != self.remark:  # what is tried again each second is said once
            self.remark = remark
            self._noted("kept the old", logging.ERROR)

    def _noted(self, outcome: str, level: int) -> None:
        self._meters.reloads.labels(self.name, outcome).inc()
        remark = {} if self.remark is None else {"remark": self.remark}
        say(outcome, level, model=self.name, sha256=self.now.sha256, **remark)

    def _check_same_kind(self, new: Model) -> None:
        old = self.now.model
        if (old.reads, old.says) != (new.reads, new.says):
            raise BundleError(
                f"{self.name} must go on to read {old.reads} and say {old.says}, but the new model "
                f"reads {new.reads} and says {new.says}. Serve it by another name."
            )

    def _opened(self, kept: Kept) -> Standing:
        model = opened_model(kept)
        noted = self._meters.rows.labels(self.name).observe
        queue = Queue(model.say, self._threads, noted)
        digest = sha256((kept.folder / "manifest.json").read_bytes()).hexdigest()
        return Standing(model, queue, digest, _verdict(kept))


def _files(kept: Kept) -> Files:
    """Give what tells the files of a model, and the report of its run, from changed ones."""
    report = _report(kept)
    paths = [*sorted(kept.folder.iterdir()), *([report] if report else [])]
    found = ((path.name, path.stat()) for path in paths if path.is_file())
    return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in found)


def _report(kept: Kept) -> Path | None:
    """Give where the run of a model has its report; None for a model that is in no run."""
    place = kept.folder.resolve()
    network = place.parent if place.name == "baseline" else place
    return network.with_name("report.json") if network.name == "model" else None


def _verdict(kept: Kept) -> str | None:
    """Read what the run found of a network, or of the baseline beside it."""
    report = _report(kept)
    if report is None:
        return None
    try:
        verdicts = json.loads(report.read_bytes())["verdicts"]
        about = [v["sentence"] for v in verdicts if kept.name in (v["model"], v["rival"])]
        return str(about[0])
    except (OSError, ValueError, LookupError, TypeError):
        return None


async def watched(shelf: Iterable[Served], threads: Executor, every: float = 1.0) -> None:
    """Look again and again whether models changed, without end."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(every)
        for served in shelf:
            await loop.run_in_executor(threads, served.look)


def named_runs(given: Iterable[str]) -> dict[str, Path]:
    """Read RUN or NAME=RUN; a run is called by its folder unless it is named.

    Raises:
        SettingsError: two have one name, or a name does not fit into an address.

    Example:
        >>> named_runs(["runs/spam", "gestures=runs/sequences"])
        {'spam': PosixPath('runs/spam'), 'gestures': PosixPath('runs/sequences')}
    """
    runs: dict[str, Path] = {}
    for each in given:
        name, sign, place = each.partition("=")
        path = Path(place if sign and not Path(each).exists() else each)
        name = name if path == Path(place) and sign else path.resolve().name
        if sign and not place and path == Path(place):
            raise SettingsError(f"a run folder is needed behind {each!r}. Name it: NAME=RUN")
        if not NAME.fullmatch(name):
            raise SettingsError(
                f"a model's name must be letters, digits, '.', '-' and '_', but it is {name!r}. "
                "Name it: NAME=RUN"
            )
        if name in runs:
            raise SettingsError(f"two models are called {name!r}. Name one of them: NAME=RUN")
        runs[name] = path
    return runs
