"""Time and memory of `recurra train streamed` against rows, on texts made here.

A text is some ten words, drawn as Zipf found them in languages. Words of one kind lean to a class;
two others tell it by which of them stands first, which no count of words shows.

    python benchmarks/streaming.py make 1000000 /tmp/texts-1000000
    python benchmarks/streaming.py run /tmp/texts-100000 /tmp/texts-300000 … --out results.json
    python benchmarks/streaming.py plot results.json docs/images/streaming.png

`run` trains on each folder in a process of its own, for one epoch at most of each million rows, and
writes down its processor time and the most memory that it held.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet

SYLLABLES = [first + vowel for first in "bdfgklmnprstvz" for vowel in "aeiou"]
WORDS = 30_000
FIRST, SECOND = "zanu", "mibe"
PIECE = 100_000  # rows made at once, and of a row group
LEANING = 2000  # of the words, from the 100th most frequent on


def words(count: int) -> np.ndarray:
    """Give words of two to four syllables, each once."""
    rng, found = np.random.default_rng(0), {FIRST: None, SECOND: None}
    while len(found) < count + 2:
        found["".join(rng.choice(SYLLABLES, rng.integers(2, 5)))] = None
    return np.array(list(found)[2:], object)


def texts(rows: int, known: np.ndarray, rng: np.random.Generator) -> tuple[list[str], np.ndarray]:
    """Make texts, and whether each is of the class to find."""
    weights = 1 / np.arange(1, len(known) + 1)
    truth, lengths = rng.random(rows) < 0.3, rng.integers(6, 15, rows)
    drawn = rng.choice(len(known), lengths.sum(), p=weights / weights.sum())
    leans = (drawn >= 100) & (drawn < 100 + LEANING) & (rng.random(len(drawn)) < 0.5)
    of_row = np.repeat(truth, lengths)
    drawn[leans] += (drawn[leans] % 2 != of_row[leans]).astype(int)  # even words lean to one class
    made = []
    marked, right, places = rng.random(rows) < 0.7, rng.random(rows) < 0.95, rng.random((rows, 2))
    for row, part in enumerate(np.split(drawn, np.cumsum(lengths)[:-1])):
        said = known[part].tolist()
        if marked[row]:
            pair = (FIRST, SECOND) if truth[row] == right[row] else (SECOND, FIRST)
            one, two = sorted((places[row] * (len(said) + 1)).astype(int))
            said.insert(two, pair[1])
            said.insert(one, pair[0])
        made.append(" ".join(said))
    return made, truth


def make(rows: int, folder: Path) -> None:
    """Write Parquet files of a million rows each, or fewer."""
    folder.mkdir(parents=True, exist_ok=True)
    known, schema = words(WORDS), pa.schema([("text", pa.string()), ("label", pa.string())])
    for number, begin in enumerate(range(0, rows, 10 * PIECE)):
        with pyarrow.parquet.ParquetWriter(folder / f"{number:03d}.parquet", schema) as file:
            for start in range(begin, min(rows, begin + 10 * PIECE), PIECE):
                rng = np.random.default_rng([1, start])
                made, truth = texts(min(PIECE, rows - start), known, rng)
                labels = np.where(truth, "yes", "no").tolist()
                file.write_table(pa.table({"text": made, "label": labels}, schema))


def run(folder: Path, arguments: list[str]) -> dict[str, object]:
    """Train on a folder, and say what it took."""
    rows = sum(pyarrow.parquet.read_metadata(path).num_rows for path in folder.iterdir())
    epochs = max(1, round(rows / (1 << 20)))
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "recurra", "train", "streamed", str(folder), "--out", out]
        command += ["--positive", "yes", "--epochs", str(epochs), "--overwrite", *arguments]
        began = time.monotonic()
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603
        _, status, used = os.wait4(child.pid, 0)
        if status:
            sys.exit(f"{folder}: it ended with {status}")
        report = json.loads((Path(out) / "report.json").read_text())
    contenders = report["contenders"]
    return {
        "rows": rows,
        "epochs": epochs,
        "processor_s": round(used.ru_utime + used.ru_stime),
        "wall_s": round(time.monotonic() - began),
        "most_mib": used.ru_maxrss // 1024,
        "fit_s": {each["name"]: round(each["fit_seconds"], 1) for each in contenders},
        "brier": {each["name"]: each["measures"]["Brier score"]["value"] for each in contenders},
        "answer": report["verdicts"][0]["answer"],
    }


def plot(results: Path, out: Path) -> None:
    """Draw processor time and memory against rows."""
    from matplotlib import pyplot

    found = sorted(json.loads(results.read_text()), key=lambda each: each["rows"])
    rows = [each["rows"] / 1e6 for each in found]
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(8, 3), layout="constrained")
    left.plot(rows, [each["processor_s"] / 60 for each in found], "o-", color="#0b6e99")
    left.set(xlabel="million rows", ylabel="processor minutes", ylim=0, xlim=0)
    right.plot(rows, [each["most_mib"] / 1024 for each in found], "o-", color="#c2410c")
    right.axhline(4, color="#9aa5b1", lw=1)
    right.set(xlabel="million rows", ylabel="most memory, GiB", ylim=(0, 4.2), xlim=0)
    figure.savefig(out, dpi=110)


def main() -> None:
    """Make, run or plot."""
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("what", choices=["make", "run", "plot"])
    asked.add_argument("given", nargs="+")
    asked.add_argument("--out", type=Path)
    known, more = asked.parse_known_args()
    if known.what == "make":
        make(int(known.given[0]), Path(known.given[1]))
    elif known.what == "plot":
        plot(Path(known.given[0]), Path(known.given[1]))
    else:
        found = json.loads(known.out.read_text()) if known.out.exists() else []
        for folder in map(Path, known.given):
            found.append(run(folder, more))
            known.out.write_text(json.dumps(found, indent=1))
            print(json.dumps(found[-1]))


if __name__ == "__main__":
    main()
