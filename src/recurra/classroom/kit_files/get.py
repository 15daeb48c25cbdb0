"""Bring the packages of this kit, once, with a network: python wheels/get.py

For machines of another kind, say which: python wheels/get.py --platform win_amd64
--python-version 3.12. Each file is written down in kit.json with its SHA-256.
꾸러미 받기: 네트워크가 있는 곳에서 한 번 실행합니다.
"""

import hashlib
import json
import subprocess
import sys
from pathlib import Path


def main(words: list[str]) -> int:
    """Download, and write down what came."""
    wheels = Path(__file__).resolve().parent
    pip = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check"]
    what = ["--only-binary=:all:", "--dest", str(wheels), "--constraint", str(wheels / "pins.txt")]
    needed = ["--requirement", str(wheels / "needed.txt")]
    done = subprocess.call([*pip, *what, *needed, *words])  # noqa: S603
    if done == 0:
        write_down(wheels)
    return done


def write_down(wheels: Path) -> None:
    """Add the wheels to kit.json."""
    manifest = wheels.parent / "kit.json"
    kit = json.loads(manifest.read_text("utf-8"))
    for path in sorted(wheels.glob("*.whl")):
        content = path.read_bytes()
        known = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        kit["files"][f"wheels/{path.name}"] = known
    manifest.write_text(json.dumps(kit, ensure_ascii=False, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
