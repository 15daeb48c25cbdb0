"""The folder of a run: unfinished and resumable, or finished and whole; never half-made.

::

    runs/spam/
    ├── checkpoints/      while training: all that is needed to go on
    ├── model/            the bundle; baseline/ in it is the best baseline
    ├── history.csv       the curve of each member
    ├── predictions.csv   held rows: id, truth, what every contender said
    ├── split.csv         which side each row stood on
    ├── report.html
    └── report.json       written last: a run that has it is finished
"""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

from recurra.bundle import is_bundle
from recurra.errors import RunError

__all__ = ["COMPARED", "TRAINED", "RunFolder"]

TRAINED = ("model", "history.csv", "predictions.csv", "split.csv", "report.html", "report.json")
COMPARED = ("compare.html", "compare.json")
STAGING = ".finishing"
CHECKPOINTS = {
    TRAINED: re.compile(r"(fold-\d+|all-rows-fold-\d+)-[^/]*$"),
    COMPARED: re.compile(r"\.?fold-.*\.json(\.\d+\.partial)?$"),
}


class RunFolder:
    """A place for one run.

    Args:
        path: the folder; it need not be there yet.
        artefacts: what a finished run leaves there; the last one marks it as finished.
    """

    def __init__(self, path: Path, artefacts: tuple[str, ...] = TRAINED) -> None:
        self.path, self.artefacts = path, artefacts
        self.checkpoints = path / "checkpoints"

    @property
    def finished(self) -> bool:
        """Whether a finished run is here."""
        return (self.path / self.artefacts[-1]).exists()

    def begin(self, *, resume: bool = False, overwrite: bool = False) -> None:
        """Make sure that a run may start (or go on) here. What is finished stays until the end.

        A run killed before its first checkpoint left nothing: to resume it is to start it.

        Raises:
            RunError: something is here that must not be lost, or there is nothing to resume.
        """
        if resume and overwrite:
            raise RunError("--resume goes on with a run, --overwrite discards it: give only one.")
        if self.path.exists() and not self.path.is_dir():
            raise RunError(f"a run needs a folder, but {self.path} is a file. Give another --out.")
        unfinished = self.checkpoints.exists() and any(self.checkpoints.iterdir())
        if self._holds_others():
            raise RunError(
                f"a run needs a folder of its own, but {self.path} holds other files. "
                "Give another --out."
            )
        if resume and self.finished and not unfinished:
            raise RunError(f"{self.path} holds a finished run: there is nothing to resume.")
        if overwrite:
            shutil.rmtree(self.checkpoints, ignore_errors=True)
        elif unfinished and not resume:
            raise RunError(
                f"{self.path} holds an unfinished run. Go on with --resume, start over with "
                "--overwrite, or give another --out."
            )
        elif self.finished and not resume:
            raise RunError(
                f"{self.path} holds a finished run. Give another --out, or replace it with "
                "--overwrite."
            )

    def _holds_others(self) -> bool:
        """Say whether anything is here that a run did not write, and so must not take away."""
        ours = {*self.artefacts, "checkpoints", STAGING, ".DS_Store"}
        here = list(self.path.iterdir()) if self.path.exists() else []
        kept = list(self.checkpoints.iterdir()) if self.checkpoints.is_dir() else []
        model = self.path / "model"
        return (
            any(path.name not in ours for path in here)
            or any(not CHECKPOINTS[self.artefacts].match(path.name) for path in kept)
            or (model.exists() and not is_bundle(model))
        )

    def finish(self, write: Callable[[Path], None]) -> None:
        """Let `write` fill a folder, then move what it made into place, the mark last."""
        staging = self.path / STAGING
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True)
        try:
            write(staging)
            (self.path / self.artefacts[-1]).unlink(missing_ok=True)
            for name in self.artefacts:
                place = self.path / name
                if place.is_dir():
                    shutil.rmtree(place)
                (staging / name).replace(place)
            if self.checkpoints.exists():  # gone at once: half of them would not resume
                self.checkpoints.replace(staging / "checkpoints")
        finally:
            shutil.rmtree(staging, ignore_errors=True)
