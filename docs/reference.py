"""Write docs/cli.md from the commands' own help."""

from collections.abc import Iterator
from pathlib import Path

import typer
from typer.testing import CliRunner

from recurra.cli import app

PAGE = Path(__file__).with_name("cli.md")


def commands(group: typer.core.TyperGroup, *above: str) -> Iterator[tuple[str, ...]]:
    """Give every command by its words, those of groups within groups too."""
    for name, command in group.commands.items():
        yield (*above, name)
        if isinstance(command, typer.core.TyperGroup):
            yield from commands(command, *above, name)


def help_of(*command: str) -> str:
    """Give the help text of a command, at a width of 80."""
    english = {"RECURRA_LANG": "en"}
    said = CliRunner(env=english).invoke(
        app, [*command, "--help"], prog_name="recurra", terminal_width=78
    )
    return said.stdout.strip()


def page() -> str:
    """Give the whole page."""
    parts = ["# Every command\n", f"```\n{help_of()}\n```\n"]
    parts += [
        f"## recurra {' '.join(words)}\n\n```\n{help_of(*words)}\n```\n"
        for words in commands(typer.main.get_command(app))
    ]
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
