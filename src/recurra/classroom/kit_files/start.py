"""Open the notebooks of this kit: python start.py

Further words are a command: python start.py train spam --epochs 3
노트북을 엽니다. 뒤에 적은 단어는 recurra 명령이 됩니다.
"""

import io
import os
import subprocess
import sys
from pathlib import Path


def main(words: list[str]) -> int:
    """Start Jupyter, or a command, with the data of the kit."""
    kit = Path(__file__).resolve().parent
    python = kit / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")  # a console may have no Korean
        print("The kit is not installed yet: python install.py")
        print("아직 설치하지 않았습니다: python install.py")
        return 2
    environment = {**os.environ, "RECURRA_DATA": str(kit / "data")}
    notebooks = ["-m", "jupyterlab", f"--notebook-dir={kit / 'docs'}"]
    asked = ["-m", "recurra", *words] if words else notebooks
    return subprocess.call([str(python), *asked], env=environment)  # noqa: S603


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
