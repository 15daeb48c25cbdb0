"""What a user would type next, for the end of a page: with what was typed before."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from recurra.auditing import Audit
    from recurra.judging.problem import Problem

__all__ = ["audited", "compared", "counterpart", "trained"]

# of this run alone, whatever the next command is
OWN = {"out", "resume", "overwrite", "as_json", "show", "fit_all", "model", "models", "html"}
SAVED = {  # the command that asks what a recipe saves, where it does not bear its name
    "texts": "SequenceClassifier",
    "streamed": "SequenceClassifier",
    "tagging": "SequenceTagger",
    "forecasting": "SequenceForecaster",
    "generation": "SequenceGenerator",
    "translation": "SequenceTranslator",
}
TYPED = ("train", "compare", "audit")
Commands = list[tuple[str, list[str]]]
Options = list[list[str]]  # each a flag, with its value where it has one


def trained(app: typer.Typer, problem: "Problem", run: Path) -> Commands:
    """Give the commands that ask the model of a run, and the one that compares others with it."""
    found = []
    for what, (group, *words) in problem.commands(str(run)):
        _, options = _typed(app, group)
        more = [each for each in options if each[0] not in (*words, "--sample")]
        named = words[:1] if ["--universe"] in [each[:1] for each in more] else words
        found.append((what, [group, *named, *_flat(more)]))
    return found + counterpart(app, "compare", "compare it with other networks, on several folds")


def audited(app: typer.Typer, found: "Audit", source: str, test: Path | None) -> Commands:
    """Give the commands for rows that were audited: of a run, of prices, or of any others."""
    from recurra.problems.kept import holds_model

    what = "train on it, once what leaks is mended" if found.leaks else "train on it"
    if holds_model(source):
        return [("judge its model on new rows", ["evaluate", source, "NEW.csv"])]
    if "tickers" not in found.rows:
        return [] if test else counterpart(app, "train", what)
    if Path(source).is_dir():
        return [(what, ["train", "stock-rise", "--universe", source])]
    share = [Path(source).stem, "--source", str(Path(source).parent)]
    train = (what, ["train", "stock-rise", *share])
    return [("check these prices", ["market", "check", *share]), train]


def compared(app: typer.Typer, best: str) -> Commands:
    """Give the command that trains the best network of a comparison, to be used."""
    return counterpart(app, "train", f"train {best}, to use it", "--model", best)


def counterpart(app: typer.Typer, group: str, what: str, *more: str) -> Commands:
    """Give the command of another group that takes the same rows, nothing where there is none."""
    given, options = _typed(app, group)
    return [(what, [group, *given, *_flat(options), *more])] if given else []


def _flat(options: Options) -> list[str]:
    return [word for each in options for word in each]


def _typed(app: typer.Typer, group: str) -> tuple[list[str], Options]:
    """Give the words that were typed, and of the options those that another group takes, too."""
    groups: Any = typer.main.get_command(app)
    before, *words = sys.argv[1:] or [""]
    if before not in TYPED:
        return [], []
    recipes = getattr(groups.commands[before], "commands", {})
    recipe = words.pop(0) if words and words[0] in recipes else "texts"
    theirs = getattr(groups.commands[group], "commands", {})
    other = theirs.get(recipe) or theirs.get(SAVED.get(recipe, recipe))
    given, options = _apart(words, recipes.get(recipe, groups.commands[before]))
    if theirs and other is None:  # it has no such command
        return [], []
    known = {flag: each.name for each in other.params for flag in each.opts} if other else {}
    return [recipe, *given], [each for each in options if known.get(each[0], "out") not in OWN]


def _apart(words: Sequence[str], command: Any) -> tuple[list[str], Options]:
    """Tell what was given from options with their values."""
    flags = [each for each in command.params if getattr(each, "is_flag", False)]
    alone = {flag for each in flags for flag in (*each.opts, *each.secondary_opts)}
    given: list[str] = []
    options: Options = []
    rest = iter(words)
    for word in rest:
        flag, sign, value = word.partition("=")
        if not word.startswith("--"):
            given.append(word)
        elif sign:
            options.append([flag, value])
        else:
            options.append([flag] if flag in alone else [flag, next(rest, "")])
    return given, options
