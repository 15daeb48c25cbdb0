"""Check this kit and install it here, without a network: python install.py

It makes the folder .venv, puts the wheels of this kit in it, and asks whether the machine is ready.
설치: 네트워크 없이 이 키트를 확인하고 .venv 폴더에 설치합니다.
"""

import hashlib
import io
import json
import os
import subprocess
import sys
import venv
from pathlib import Path

OLDEST = (3, 11)


def damaged(kit: Path) -> list[str]:
    """Name the files that are not as they were when the kit was made."""
    files = json.loads((kit / "kit.json").read_text("utf-8"))["files"]
    return [
        name
        for name, known in files.items()
        if not (kit / name).is_file()
        or hashlib.sha256((kit / name).read_bytes()).hexdigest() != known["sha256"]
    ]


def own_python(kit: Path) -> Path:
    """Give the Python of the kit."""
    return kit / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def main() -> int:
    """Check, install, ask whether the machine is ready."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a console may have no Korean
    kit = Path(__file__).resolve().parent
    if sys.version_info < OLDEST:
        print(f"Python 3.11 or newer is needed, but this is {sys.version.split()[0]}.")
        print("Python 3.11 이상이 필요합니다.")
        return 2
    wrong = damaged(kit)
    if wrong:
        print(f"The kit must be whole, but {wrong[0]} is damaged or missing. Copy it again.")
        print("키트가 온전하지 않습니다. 다시 복사하세요.")
        return 2
    if not any((kit / "wheels").glob("recurra-*.whl")):
        print("The kit has no wheel of Recurra: put it in wheels, and python wheels/get.py.")
        print("키트에 Recurra의 휠이 없습니다. wheels에 넣고 python wheels/get.py를 실행하세요.")
        return 2
    venv.create(kit / ".venv", with_pip=True)
    python = str(own_python(kit))
    pip = [python, "-m", "pip", "install", "--no-index", "--quiet"]
    wheels = [f"--find-links={kit / 'wheels'}", f"--constraint={kit / 'wheels' / 'pins.txt'}"]
    print(
        "installing, which takes a minute or more / 설치하는 중입니다. 1분 넘게 걸립니다",
        flush=True,
    )
    done = subprocess.call([*pip, *wheels, "recurra", "jupyterlab"])  # noqa: S603
    if done:
        print("A wheel for this machine is missing: python wheels/get.py on one like it.")
        print(
            "이 컴퓨터용 휠이 없습니다. 같은 종류의 컴퓨터에서 python wheels/get.py를 실행하세요."
        )
        return done
    asked = [python, "-m", "recurra", "doctor", "--class", "--kit", str(kit)]
    return subprocess.call(asked)  # noqa: S603


if __name__ == "__main__":
    sys.exit(main())
