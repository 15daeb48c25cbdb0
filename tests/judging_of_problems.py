"""What holds of every problem: no fit sees what is held out."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from recurra.judging.problem import Problem
from recurra.judging.run import run

__all__ = ["Changed", "held_rows_teach_nothing", "learnt"]

Changed = Literal["nothing", "held", "known"]
FILES = ("config.json", "encoder.json", "weights.safetensors")


def learnt(problem: Problem, folder: Path) -> dict[str, bytes]:
    """Run a problem; give every byte that each contender learnt, on each fold."""
    found = run(problem)
    taught: dict[str, bytes] = {}
    for (name, fold, repeat), outcome in found.outcomes.items():
        place = folder / f"{name}-{fold}-{repeat}".replace(" ", "-")
        assert outcome.model is not None
        outcome.model.save(place, "")
        files = {file: (place / file).read_bytes() for file in FILES}
        taught |= {f"{name}, fold {fold}, {file}": content for file, content in files.items()}
    return taught


def held_rows_teach_nothing(make: Callable[[Changed], Problem], folder: Path) -> None:
    """Change all that is held out, and nothing learnt moves; change one known row, and some does.

    Args:
        make: gives the problem as it is, or with every held target and input changed, or with one
            known row changed; of one fold, for what is held by one is known to another.
        folder: to write models to.
    """
    before = learnt(make("nothing"), folder / "nothing")
    after = learnt(make("held"), folder / "held")
    moved = [name for name in before if after[name] != before[name]]
    assert moved == [], f"held rows taught {moved}"
    other = learnt(make("known"), folder / "known")
    names = {name.split(",")[0] for name in before if other[name] != before[name]}
    everyone = {name.split(",")[0] for name in before}
    assert names, f"no known row teaches any of {everyone}: this test could not fail"
