"""What every command shares: the groups, the options, errors turned into exit codes."""

import inspect
import json
import os
import shlex
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import wraps
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol, TypeVar, get_type_hints

import typer
from typer.core import TyperGroup

from recurra.architectures import NETWORKS, described
from recurra.cli.speaking import in_words, speaking, translate_help
from recurra.errors import BundleError, RecurraError, SettingsError
from recurra.extras import how_to_install
from recurra.files import as_written, sheet_of
from recurra.names import near, some_of
from recurra.places import keep_compiled
from recurra.shown import shown
from recurra.wording import retold

if TYPE_CHECKING:
    from recurra.executing import Executor
    from recurra.judging.problem import Problem
    from recurra.judging.report import Report
    from recurra.judging.run import Found
    from recurra.listeners import Listener
    from recurra.running import Choose

__all__ = [
    "Alone",
    "Comparing",
    "Data",
    "Encoding",
    "Epochs",
    "Json",
    "Label",
    "On",
    "Out",
    "Overwrite",
    "Positive",
    "Resume",
    "Run",
    "Running",
    "Sample",
    "Seed",
    "Text",
    "Training",
    "With",
    "app",
    "command_line",
    "compare",
    "evaluate",
    "evaluate_run",
    "main",
    "one_source",
    "predict",
    "print_json",
    "read_input",
    "run_comparison",
    "run_problem",
    "say_empty",
    "say_notes",
    "searched",
    "separated",
    "train",
    "with_options",
]

INTERRUPTED = 130
SEARCHES = "Look for settings within the training rows; judge the best once, as `train` would."


class _WithNotes(Protocol):
    @property
    def notes(self) -> Sequence[str]: ...


Noted = TypeVar("Noted", bound=_WithNotes)


class _Commands(TyperGroup):
    """Turns errors into one line and an exit code: 2 input, 1 failed work, 130 Ctrl-C."""

    def main(self, args: Sequence[str] | None = None, *others: Any, **settings: Any) -> Any:
        with shown(), speaking(sys.argv[1:] if args is None else args) as spoken:
            translate_help(self)
            return super().main(spoken, *others, **settings)

    def make_context(self, *arguments: Any, **settings: Any) -> Any:
        with in_words():
            return super().make_context(*arguments, **settings)

    def invoke(self, ctx: Any) -> Any:
        try:
            with in_words():
                return super().invoke(ctx)
        except RecurraError as error:
            code, message = error.exit_code, str(error)
        except KeyboardInterrupt:
            code, message = (
                INTERRUPTED,
                "interrupted. The same command goes on, a training or comparison with --resume.",
            )
        except MemoryError:
            code, message = 1, "there is not enough memory. Use fewer rows or a smaller vocabulary."
        except OSError as error:
            if isinstance(error, BrokenPipeError):
                raise
            code, message = 1, f"{error.strerror or error}: {error.filename or ''}".rstrip(": ")
        from recurra.terminal import fail

        fail(message)
        raise typer.Exit(code)


def _as_written(argument: str) -> str:
    """Give a name that is typed as the disk spells it; what names nothing there stays as it is."""
    if argument.isascii():
        return argument
    flag, sign, value = argument.partition("=") if argument.startswith("--") else ("", "", argument)
    try:
        found = as_written(Path(value))
    except (OSError, ValueError):  # no path at all: a long text, a NUL
        return argument
    return argument if found == Path(value) else f"{flag}{sign}{found}"


# options that say what a file holds: then nothing is to be found
NAMING = {"--help", "--text", "--label", "--target", "--id", "--time", "--group", "--tags"}
NAMING |= {"--features", "--channels", "--test", "--encoding", "--positive", "--protocol"}


class _ByRecipe(TyperGroup):
    """`train NAME …`, `compare NAME …`: a recipe of that name, else texts of a dataset or file."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        if not {"--help", *self.commands} & set(args[:1]):
            self._refuse_misspelt(args)
            args = [*self._reading(ctx, args), *args[1:]]
        return super().parse_args(ctx, args)

    def _reading(self, ctx: Any, args: list[str]) -> list[str]:
        """Give the recipe and its source: of a file of which nothing is said, what fits it."""
        said = {arg.partition("=")[0] for arg in args[1:]}
        if not args or said & NAMING or not sheet_of(Path(args[0]))[0].is_file():
            return ["texts", *args[:1]]
        if _is_texts(args[0]):
            return ["texts", args[0]]
        from recurra.looking import the_reading

        found = the_reading(args[0])
        if not found:
            return ["texts", args[0]]
        from recurra.terminal import note

        command = shlex.join(["recurra", ctx.info_name, *found])
        note(f"the one question that fits is asked: {command}")
        return found

    def _refuse_misspelt(self, args: list[str]) -> None:
        name = next(iter(args), "")
        meant = "" if Path(name).exists() or Path(name).suffix else near(name, self.commands)
        if meant:
            raise SettingsError(
                f"a recipe, a dataset or a file must be named, but {name!r} is none.{meant}"
            )


def _is_texts(source: str) -> bool:
    """Say whether a source is a dataset by its name, or a file of texts with a class each."""
    from recurra.data.opening import is_named, open_texts

    try:
        return is_named(source) or bool(len(open_texts(source).texts))
    except RecurraError:
        return False


class _ByModel(TyperGroup):
    """`predict RUN …`, `evaluate RUN …`: the command of its recipe, else of its estimator."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        if not {"--help", *self.commands} & set(args[:1]):
            args = [self._command(args), *args]
        return super().parse_args(ctx, args)

    def _command(self, args: list[str]) -> str:
        words = [arg for arg in args if not arg.startswith("-")]
        if not words:
            raise SettingsError("a run must be named: recurra predict RUN …")
        from recurra.problems.kept import holds_model, kept_model

        run = next(filter(holds_model, words), words[0])
        facts = kept_model(run).facts
        names = [facts.recipe, facts.estimator]
        known = next((name for name in names if name in self.commands), None)
        if known is None:
            raise BundleError(
                f"a saved model must be of a kind that this version knows, but {run} holds a "
                f"{facts.estimator}. Upgrade: pip install --upgrade recurra"
            )
        return known


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _say_version(asked: bool) -> None:
    if asked:
        typer.echo(f"recurra {version('recurra')}")
        raise typer.Exit


@app.callback()
def _whole(
    say_version: Annotated[
        bool,
        typer.Option("--version", callback=_say_version, is_eager=True, help="Say the version."),
    ] = False,
    lang: Annotated[
        str | None,
        typer.Option(help="What is spoken: en or ko; of every command [RECURRA_LANG, LANG]."),
    ] = None,
) -> None:
    """Learn from sequences with recurrent networks: train, judge honestly, explain, use."""


train = typer.Typer(
    cls=_ByRecipe,
    rich_markup_mode=None,
    help="Train a model, judge it beside baselines, and write a run folder.\n\n"
    "`recurra train FILE` and `recurra train spam` classify texts: that is `train texts`. Of a "
    "file that is no texts of a class each, the one question that fits is asked; several are "
    "listed.",
)
predict = typer.Typer(
    cls=_ByModel,
    rich_markup_mode=None,
    help="Use a saved model: `recurra predict RUN …`. What follows depends on the model: "
    "`recurra predict RUN --help`.",
)
evaluate = typer.Typer(
    cls=_ByModel,
    rich_markup_mode=None,
    help="Judge a saved model on new labelled rows: `recurra evaluate RUN …`. What follows depends "
    "on the model: `recurra evaluate RUN --help`.",
)
compare = typer.Typer(
    cls=_ByRecipe,
    rich_markup_mode=None,
    help="Fit several models on the same folds, beside the baselines, and say which are better.\n\n"
    "`recurra compare FILE` and `recurra compare spam` compare classifiers of texts: that is "
    "`compare texts`.",
)
search = typer.Typer(
    cls=_ByRecipe,
    rich_markup_mode=None,
    help="Look for settings of a network within the training rows, and judge the best once, beside "
    "the default and the baselines.\n\n"
    "`recurra search FILE` and `recurra search spam` search for a classifier of texts: that is "
    "`search texts`.",
)
app.add_typer(train, name="train")
app.add_typer(search, name="search")
app.add_typer(compare, name="compare")
app.add_typer(predict, name="predict")
app.add_typer(evaluate, name="evaluate")

Text = Annotated[
    list[str] | None,
    typer.Option(help="The text column; give several, such as title and body, one after another."),
]
Label = Annotated[str | None, typer.Option(help="The label column.")]
Positive = Annotated[str | None, typer.Option(help="The label to find, such as spam.")]
Encoding = Annotated[
    str | None,
    typer.Option(help="Of the file, such as utf-8, utf-16, cp949 or latin-1 [recognised]."),
]
Data = Annotated[Path | None, typer.Option(help="The file of a named dataset.")]
Sample = Annotated[bool, typer.Option("--sample", help="Use the embedded sample instead.")]
Seed = Annotated[
    int, typer.Option(min=0, help="Of split, weights and order; the same gives the same.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with an interrupted run.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is in the folder.")]
On = Annotated[
    str | None,
    typer.Option(help="Who works: processes:N, ray or ray://HOST:PORT [this process]."),
]
Epochs = Annotated[int, typer.Option(min=1, help="The most epochs; the best one is kept.")]
MostEpochs = Annotated[
    int | None, typer.Option(min=1, help="The most epochs [those of the recipe].")
]
Out = Annotated[Path | None, typer.Option(help="The run folder [runs/NAME].")]
With = Annotated[
    str | None,
    typer.Option("--with", help="Ask what is saved beside the network: the best baseline."),
]
Alone = Annotated[
    str | None, typer.Option("--with", help="Judge the baseline that is saved beside the network.")
]
Run = Annotated[Path, typer.Argument(help="A run folder, or the model folder in it.")]


@dataclass(frozen=True, kw_only=True)
class Running:
    """The options of every command that fills a run folder."""

    seed: Seed = 0
    repeats: Annotated[
        int, typer.Option(min=1, help="Train each network so many times, from a seed each.")
    ] = 1
    out: Out = None
    resume: Resume = False
    overwrite: Overwrite = False
    as_json: Json = False
    learning_rate: Annotated[float | None, typer.Option(help="Of Adam [as suits the model].")] = (
        None
    )
    patience: Annotated[
        int | None,
        typer.Option(min=1, help="Epochs without a better one before it stops [as suits]."),
    ] = None
    on: On = None

    def __post_init__(self) -> None:
        self.executor()
        if self.learning_rate is not None and not self.learning_rate > 0:
            raise SettingsError(f"--learning-rate must be above 0, but it is {self.learning_rate}.")

    def executor(self) -> "Executor":
        """Give who does the fits.

        Raises:
            SettingsError: nobody has that name, or nobody answers.
        """
        from recurra.executing import executor_named

        return executor_named(self.on)

    def place(self, name: str) -> Path:
        """Give the run folder, --out, else runs/NAME; one that is taken is told at once."""
        from recurra.runs import RunFolder

        folder = RunFolder(self.out or Path("runs") / name, self._artefacts())
        folder.check(resume=self.resume, overwrite=self.overwrite)
        return folder.path

    def _artefacts(self) -> tuple[str, ...]:
        from recurra.runs import TRAINED

        return TRAINED

    def settings(self) -> dict[str, Any]:
        """Give what an estimator is told beside its architecture."""
        return {"learning_rate": self.learning_rate, "patience": self.patience}


@dataclass(frozen=True, kw_only=True)
class Training(Running):
    """The options of every command that trains a model to be used."""

    fit_all: Annotated[
        bool,
        typer.Option("--fit-all", help="After judging, fit the network that is saved on all rows."),
    ] = False

    def choose(self) -> "Choose | None":
        """Give who chooses the settings that are judged; None: they are those given."""
        return None


@dataclass(frozen=True, kw_only=True)
class Comparing(Running):
    """The options of every comparison."""

    models: Annotated[
        str, typer.Option(help="Architectures, separated by commas; all, unless given.")
    ] = ""
    folds: Annotated[int, typer.Option(min=2, help="How many folds.")] = 5
    epochs: MostEpochs = None
    nested: Annotated[
        bool,
        typer.Option("--nested", help="Search settings inside each fold, and judge the search."),
    ] = False
    trials: Annotated[
        int | None, typer.Option(min=1, help="Of --nested, the most tried in a fold [30].")
    ] = None
    out: Annotated[Path | None, typer.Option(help="The folder [runs/compare-NAME].")] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.nested:
            _need_optuna("--nested")
        elif self.trials is not None:
            raise SettingsError("--trials is of a search in each fold: give --nested with it.")

    def names(self, known: Iterable[str]) -> list[str]:
        """Give the architectures asked for, else all that are known.

        Raises:
            SettingsError: one of them is not known.
        """
        return some_of(self.models, known, "the model")

    def place(self, name: str) -> Path:
        """Give the folder, --out, else runs/compare-NAME; one that is taken is told at once."""
        return super().place(f"compare-{name}")

    def _artefacts(self) -> tuple[str, ...]:
        from recurra.runs import COMPARED, SEARCHED_FOLDS

        return SEARCHED_FOLDS if self.nested else COMPARED

    def choose(self) -> "Choose | None":
        """Give who chooses settings in each fold; None: they are those given."""
        if not self.nested:
            return None
        from recurra.searching.networks import SearchInFolds
        from recurra.searching.trials import Budget

        return SearchInFolds(Budget(self.trials or Budget.trials))

    def settings(self) -> dict[str, Any]:
        """Give what an estimator is told beside its architecture."""
        return {"epochs": self.epochs, **super().settings()}


@dataclass(frozen=True, kw_only=True)
class Searching(Training):
    """The options of a search, which are those of a training and a budget."""

    trials: Annotated[int, typer.Option(min=1, help="The most settings that are tried.")] = 30
    minutes: Annotated[
        float | None, typer.Option(help="After which nothing more is tried [no limit].")
    ] = None
    models: Annotated[
        str, typer.Option(help="Architectures to try, separated by commas; all, unless given.")
    ] = ""
    out: Annotated[Path | None, typer.Option(help="The run folder [runs/search-NAME].")] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.minutes is not None and not self.minutes > 0:
            raise SettingsError(f"--minutes must be above 0, but it is {self.minutes}.")
        _need_optuna("search")

    def place(self, name: str) -> Path:
        """Give the run folder, --out, else runs/search-NAME; one that is taken is told at once."""
        return super().place(f"search-{name}")

    def _artefacts(self) -> tuple[str, ...]:
        from recurra.runs import SEARCHED

        return SEARCHED

    def choose(self) -> "Choose":
        """Give who chooses the settings that are judged."""
        from recurra.searching.networks import Search
        from recurra.searching.trials import Budget

        return Search(Budget(self.trials, self.minutes), separated(self.models))


def _need_optuna(what: str) -> None:
    if find_spec("optuna") is None:
        raise SettingsError(
            f"{what} needs Optuna, which is not installed: {how_to_install('search')}"
        )


def separated(given: str) -> tuple[str, ...]:
    """Give the names in what was typed with commas between."""
    return tuple(filter(None, map(str.strip, given.split(","))))


def with_options(
    command: Callable[..., None], kind: type[Running] | None = None
) -> Callable[..., None]:
    """Let a command take the fields of `Training` or `Comparing` as options, handed over as `how`.

    A field is declared once and is an option of every command with such an argument.

    Args:
        command: whose last argument is `how`.
        kind: what is handed over; None: what the command says.
    """
    hints = get_type_hints(command, include_extras=True)
    hints.pop("return", None)
    said = hints.pop("how")
    kind = kind or said
    given = get_type_hints(kind, include_extras=True)
    own = inspect.get_annotations(kind)  # what is of this command comes first in its help
    own_first = sorted(fields(kind), key=lambda field: field.name not in own)
    defaults = {field.name: field.default for field in own_first}

    @wraps(command)
    def expanded(**arguments: Any) -> None:
        how = kind(**{name: arguments.pop(name) for name in defaults})
        command(**arguments, how=how)

    parameters = [p for p in inspect.signature(command).parameters.values() if p.name != "how"]
    parameters = [p.replace(annotation=hints[p.name]) for p in parameters]
    parameters += [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=given[name]
        )
        for name, default in defaults.items()
    ]
    expanded.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    expanded.__annotations__ = {p.name: p.annotation for p in parameters}
    return expanded


def searched(name: str, known: Iterable[str]) -> Callable[[Callable[..., None]], Any]:
    """Make a search of a command that trains: with its options, and those of `Searching`.

    Args:
        name: of the command.
        known: the architectures that may be tried.
    """

    def register(trains: Callable[..., None]) -> Callable[..., None]:
        searches = with_options(inspect.unwrap(trains), Searching)

        @wraps(searches)
        def checked(**arguments: Any) -> None:
            some_of(arguments["models"], known, "the model")
            searches(**arguments)

        networks = described(name) if name in NETWORKS else None
        search.command(name, help=SEARCHES, epilog=networks)(checked)
        return trains

    return register


def run_problem(
    problem: "Problem",
    place: Path,
    how: Running,
    listeners: "Sequence[Listener]" = (),
) -> "Found":
    """Run a problem in a folder with its progress in view; show its report, or print it as JSON."""
    from recurra.cli.following import trained
    from recurra.cli.progress import progress_listeners
    from recurra.running import run
    from recurra.terminal import note, show_report, watching

    with watching(quiet=how.as_json) as watch:
        found = run(
            problem,
            place,
            resume=how.resume,
            overwrite=how.overwrite,
            repeats=how.repeats,
            fit_all=isinstance(how, Training) and how.fit_all,
            executor=how.executor(),
            choose=how.choose() if isinstance(how, Training) else None,
            listeners=[watch, *progress_listeners(), *listeners],
            command=command_line(),
            commands=trained(app, problem, place),
        )
    if how.as_json:
        sys.stdout.write(found.report.to_json())
    else:
        show_report(found.report, place)
        note(f"report: {place / 'report.html'}")
    return found


def run_comparison(problem: "Problem", place: Path, how: Comparing) -> None:
    """Compare the contenders of a problem on its folds, in a folder, and show it."""
    from recurra.cli.following import compared
    from recurra.cli.progress import progress_listeners
    from recurra.running import compare
    from recurra.terminal import note, show_report, watching

    with watching(quiet=how.as_json) as watch:
        report = compare(
            problem,
            place,
            resume=how.resume,
            overwrite=how.overwrite,
            repeats=how.repeats,
            executor=how.executor(),
            choose=how.choose(),
            listeners=[watch, *progress_listeners()],
            command=command_line(),
            commands=lambda report: compared(app, _best_network(report)),
        )
    if how.as_json:
        sys.stdout.write(report.to_json())
    else:
        show_report(report)
        note(f"written: {place / 'compare.html'} and compare.json")


def _best_network(report: "Report") -> str:
    return next(each.name for each in report.ranked() if not each.baseline)


def evaluate_run(run: Path, rows: Any, with_: str | None, as_json: bool, **how: Any) -> None:
    """Judge a saved model on new rows, and show it, or print it as JSON."""
    from recurra.evaluating import evaluate
    from recurra.terminal import show_evaluation

    said = {name: each for name, each in how.items() if each is not None}
    found = evaluate(run, rows, with_, **said)
    if as_json:
        sys.stdout.write(found.to_json())
    else:
        show_evaluation(found)


def command_line() -> str:
    """Give the command that runs, for the report."""
    return shlex.join(["recurra", *sys.argv[1:]])


def say_notes(read: Noted) -> Noted:
    """Say what was guessed or left out when something was read; give it back."""
    from recurra.terminal import note

    for said in read.notes:
        note(said)
    return read


def read_input(encoding: str | None = None) -> Iterator[str]:
    """Give the lines of standard input; that bytes of it are no text is said once.

    Raises:
        SettingsError: it is a keyboard: nobody meant to type a file.
    """
    if sys.stdin is None or sys.stdin.isatty():
        raise SettingsError("nothing to read: give texts, or lines on standard input.")
    from recurra.data.readers import known_encoding

    name = known_encoding(encoding) or "utf-8"
    codec = name.replace("utf-8", "utf-8-sig")
    errors = "replace" if codec == "utf-16" else "surrogateescape"
    stream = os.fdopen(  # a lone carriage return ends no line, as in a file
        sys.stdin.fileno(), encoding=codec, errors=errors, newline="\n", closefd=False
    )
    return _texts_of(stream, name)


def _texts_of(lines: Iterable[str], encoding: str) -> Iterator[str]:
    """Give lines without their ends, and � where bytes are not of the encoding."""
    told = False
    for number, line in enumerate(lines, start=1):
        text = line.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        if text != line and not told:
            told = True
            say(
                f"line {number:,} of the input is no {encoding} text: � stands where its bytes are "
                "not. Give --encoding, such as cp949."
            )
        yield text.rstrip("\r\n")


def say(text: str) -> None:
    """Say something beside the result; where no terminal is, nothing that colours it is loaded."""
    if sys.stderr.isatty():
        from recurra.terminal import note

        note(text)
    else:
        sys.stderr.write(f"{retold(text)}\n")


def say_empty(empty: int, count: int) -> None:
    """Say how many texts there was nothing to say of."""
    from recurra.terminal import note

    if empty:
        note(f"{empty:,} of {count:,} texts are empty: of those nothing is said.")


def one_source(sample: bool, *others: Any) -> None:
    """Refuse --sample beside another source.

    Raises:
        SettingsError: both are given.
    """
    if sample and any(others):
        raise SettingsError("--sample goes without a file: give one source.")


def print_json(content: Any) -> None:
    """Print one JSON object."""
    sys.stdout.write(json.dumps(content, ensure_ascii=False, indent=2) + "\n")


def main() -> None:
    """Run the command line."""
    signal.signal(signal.SIGINT, _interrupt)
    keep_compiled()
    _forget_notebook_plots()
    app()


def _forget_notebook_plots() -> None:
    """Leave out where a notebook plots: `!recurra` is handed it, and may lack that package."""
    place = os.environ.get("MPLBACKEND", "")
    if place.startswith("module://"):
        del os.environ["MPLBACKEND"]


def _interrupt(number: int, frame: Any) -> None:
    from recurra.terminal import interrupted

    interrupted.set()
    raise KeyboardInterrupt
