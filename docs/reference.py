"""Write docs/cli.md from the commands' own help."""

import subprocess
import sys
from pathlib import Path

COMMANDS = ("train", "evaluate", "compare", "predict", "demo", "doctor")
PAGE = Path(__file__).with_name("cli.md")


def help_of(*command: str) -> str:
    """Give the help text of a command, at a width of 80."""
    run = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "recurra.cli", *command, "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={"COLUMNS": "80", "TERMINAL_WIDTH": "80", "PATH": "/usr/bin:/bin"},
    )
    return run.stdout.replace("python -m recurra.cli", "recurra").strip()


def page() -> str:
    """Give the whole page."""
    parts = ["# Every command\n", f"```\n{help_of()}\n```\n"]
    parts += [f"## recurra {name}\n\n```\n{help_of(name)}\n```\n" for name in COMMANDS]
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
