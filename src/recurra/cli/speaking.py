"""The language of a command: `--lang`, and in Korean what Typer says in English of itself."""

import os
import re
import sys
import textwrap
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from rich.cells import cell_len
from typer.core import TyperGroup

from recurra.wording import LANGUAGES, console_speaks, language, retold, term, worded

__all__ = ["SpokenHelp", "in_words", "speaking", "translate_help"]

# what Typer says, in its own words: told in ours
_TYPERS = (
    "Show this message and exit.",
    "Missing command.",
    "Missing argument {name}.",
    "Missing option {name}.",
    "No such command {name}.",
    "No such command {name}. Did you mean {other}?",
    "No such option: {name}",
    "No such option: {name} Did you mean {other}?",
    "No such option: {name} (Possible options: {others})",
    "Option {name} requires an argument.",
    "Option {name} does not take a value.",
    "Got unexpected extra argument(s) ({names})",
    "Invalid value for {name}: {reason}",
    "Input should be a valid integer, unable to parse string as an integer",
    "Input should be a valid number, unable to parse string as a number",
    "Input should be greater than or equal to {least}",
    "Input should be less than or equal to {most}",
    "Input should be greater than {least}",
    "Input should be less than {most}",
    "{value} is not one of {choices}.",
    "Try '{command}' for help.",
    "Aborted!",
    "Options",
    "Arguments",
    "Commands",
    "Networks:",
    "default:",
    "required",
)


def _asked(arguments: Sequence[str]) -> tuple[list[str], str | None]:
    """Take `--lang` out of the arguments, wherever it stands before a `--`."""
    rest, asked, words = [], None, iter(arguments)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word == "--lang":
            asked = next(words, "")
        elif word.startswith("--lang="):
            asked = word.removeprefix("--lang=")
        else:
            rest.append(word)
    return rest, asked


@contextmanager
def speaking(arguments: Sequence[str]) -> Iterator[list[str]]:
    """Speak the language that is asked for, by whatever a command says; give the other arguments.

    The environment says it to threads and processes. A console without Korean letters is spoken to
    in English, and told so if Korean was asked for by name.
    """
    rest, asked = _asked(arguments)
    before = os.environ.get("RECURRA_LANG")
    for name, given in (("--lang", asked), ("RECURRA_LANG", before or None)):
        if given is not None and given not in LANGUAGES:
            _refuse(f"{name} must be one of {', '.join(LANGUAGES)}, but {given!r} was given.")
    os.environ["RECURRA_LANG"] = asked or language()
    if not console_speaks(sys.stdout, sys.stderr) and language() == "ko":
        os.environ["RECURRA_LANG"] = "en"
        if asked or before:
            sys.stderr.write(
                "This console has no Korean letters, so English is spoken: "
                "set PYTHONIOENCODING=utf-8 where it can show them.\n"
            )
    try:
        yield rest
    finally:
        del os.environ["RECURRA_LANG"]
        if before is not None:
            os.environ["RECURRA_LANG"] = before


def _refuse(message: str) -> None:
    from recurra.terminal import fail

    fail(message)
    sys.exit(2)


def translate_help(command: Any) -> None:
    """Say the help of a command, of its options and of the commands in it in Korean."""
    if language() == "en":
        return
    command.help = command.help and retold(command.help)
    command.context_class.formatter_class = SpokenHelp
    for parameter in command.params:
        parameter.help = getattr(parameter, "help", None) and retold(parameter.help)
    for each in getattr(command, "commands", {}).values():
        translate_help(each)


@contextmanager
def in_words() -> Iterator[None]:
    """Let what Typer says of wrong options be said in Korean."""
    try:
        yield
    except Exception as error:
        if language() == "ko" and hasattr(error, "format_message") and hasattr(error, "show"):
            error.show = partial(_show, error)
        raise


def _show(error: Any) -> None:
    message, context = error.format_message(), getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        sys.stderr.write(f"{message}\n")
        return
    if context is not None:
        asked = f"{context.command_path} {context.help_option_names[0]}"
        hint = worded("Try '{command}' for help.", command=asked)
        sys.stderr.write(f"{context.get_usage()}\n{hint}\n\n")
    sys.stderr.write(f"{worded('Error:')} {retold(message)}\n")


class SpokenHelp(TyperGroup.context_class.formatter_class):  # type: ignore[misc,name-defined]
    """Writes help in the language in force; Korean letters are two columns wide."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the line of use."""
        super().write_usage(prog, args, prefix or f"{worded('Usage:')} ")

    def write_heading(self, heading: str) -> None:
        """Write a heading."""
        super().write_heading(worded(heading))

    def write_text(self, text: str) -> None:
        """Write paragraphs."""
        if language() == "en":
            super().write_text(text)
            return
        width = self.width - self.current_indent
        paragraphs = [_paragraph(part, width) for part in text.split("\n\n")]
        indent = " " * self.current_indent
        self.write("\n\n".join(textwrap.indent(part, indent) for part in paragraphs) + "\n")

    def write_dl(
        self, rows: Sequence[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        """Write names with what they are."""
        if language() == "en":
            super().write_dl(rows, col_max, col_spacing)
            return
        first = min(max((cell_len(name) for name, _ in rows), default=0), col_max) + col_spacing
        place = " " * (first + self.current_indent)
        for name, said in rows:
            begin = " " * self.current_indent + name
            short = cell_len(name) <= first - col_spacing
            begin += " " * (first - cell_len(name)) if short else f"\n{place}"
            text = _wrapped(_extras(said), max(self.width - first - 2, 10))
            self.write((begin + text.replace("\n", f"\n{place}")).rstrip() + "\n")


def _paragraph(text: str, width: int) -> str:
    r"""Fill a paragraph; one that begins with \b is a list of names, a line each."""
    if not text.startswith("\b"):
        return _wrapped(text, width)
    head, *lines = text.splitlines()[1:]
    rows = [re.split(r"(?<=\S)( +)", line.strip(), maxsplit=1) for line in lines]
    told = [f"  {name}{gap}{term(said)}" for name, gap, said in rows]
    return "\n".join([term(head), *told])


def _extras(said: str) -> str:
    """Say what Typer adds in brackets."""
    said = retold(said)
    said = re.sub(r"\[default: ", f"[{worded('default:')} ", said)
    return re.sub(r"(\[|; )required\]", lambda found: f"{found[1]}{worded('required')}]", said)


def _wrapped(text: str, width: int) -> str:
    """Break a text into lines of so many columns, at spaces."""
    lines = [""]
    for word in unicodedata.normalize("NFC", text).split():
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if cell_len(longer) > width and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = longer
    return "\n".join(lines)
