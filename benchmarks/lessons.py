"""Measure the tasks of the page to learn from, in Chromium: `python benchmarks/lessons.py`.

For each task and cell: how many of ten seeds learn it, and the seconds of one lesson. Another
number of seeds, and tasks by name, may follow: `python benchmarks/lessons.py 3 echo`.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from html import unescape
from pathlib import Path

from recurra.studio.learn import bundled

MODULES = ("cells.js", "training.js", "tasks.js", "drawing.js", "lessons.js")
MEASURE = """
const found = [];
const wanted = WANTED;
const tasks = wanted.length ? wanted : Object.keys(TASKS);
const pairs = tasks.flatMap((task) => Object.keys(SHOWN).map((name) => [task, name]));
for (const [task, name] of pairs) for (let seed = 1; seed <= SEEDS; seed++) {
  const began = performance.now();
  let last;
  for (const each of lesson(task, name, seed)) last = each.right === null ? last : each;
  found.push([task, name, seed, last.step, last.right, (performance.now() - began) / 1000]);
}
document.querySelector("pre").textContent = JSON.stringify(found);
"""


def measured(seeds: int, tasks: list[str]) -> list[tuple[str, str, int, int, float, float]]:
    """Give task, cell, seed, steps, share of held rows wholly right, seconds."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        raise SystemExit("this needs Chromium")
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        code = bundled(*MODULES) + MEASURE.replace("SEEDS", str(seeds)).replace(
            "WANTED", json.dumps(tasks)
        )
        page.write_text(f'<meta charset="utf-8"><pre></pre><script type="module">{code}</script>')
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", "--timeout=3600000"]
        run = subprocess.run(  # noqa: S603
            [browser, *flags, f"--user-data-dir={folder}/profile", page.as_uri()],
            capture_output=True,
            text=True,
            check=True,
        )
    found = re.search("<pre>(.*?)</pre>", run.stdout, re.DOTALL)
    assert found is not None
    rows: list[tuple[str, str, int, int, float, float]] = json.loads(unescape(found[1]))
    return rows


def main() -> None:
    """Print a table."""
    rows = measured(int(sys.argv[1]) if len(sys.argv) > 1 else 10, sys.argv[2:])
    print("| task | cell | learnt | right in the worst seed | steps, median | seconds, median |")
    print("|---|---|---|---|---|---|")
    for task, cell in dict.fromkeys((row[0], row[1]) for row in rows):
        own = [row for row in rows if row[:2] == [task, cell]]
        learnt = sum(row[4] >= 0.99 for row in own)
        steps, seconds = (sorted(row[n] for row in own)[len(own) // 2] for n in (3, 5))
        worst = min(row[4] for row in own)
        print(f"| {task} | {cell} | {learnt}/{len(own)} | {worst:.2f} | {steps} | {seconds:.1f} |")


if __name__ == "__main__":
    main()
