"""What every command shares: the groups, the options, errors turned into exit codes."""

import io
import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from recurra.errors import BundleError, RecurraError

if TYPE_CHECKING:
    from recurra.runs import RunFolder

__all__ = [
    "Data",
    "Encoding",
    "Epochs",
    "Json",
    "Label",
    "Out",
    "Overwrite",
    "Positive",
    "Resume",
    "Run",
    "Sample",
    "Seed",
    "Text",
    "app",
    "begin",
    "main",
    "model_folder",
    "predict",
    "print_json",
    "run_recipe",
    "train",
]

INTERRUPTED = 130


class _Commands(TyperGroup):
    """Turns errors into one line and an exit code: 2 input, 1 failed work, 130 Ctrl-C."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except RecurraError as error:
            code, message = error.exit_code, str(error)
        except KeyboardInterrupt:
            code, message = (
                INTERRUPTED,
                "interrupted. A training or comparison goes on with --resume.",
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


class _ByRecipe(TyperGroup):
    """`train NAME …`: a recipe of that name, else the text classifier on a dataset or file."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        if not {"--help", *self.commands} & set(args[:1]):
            args = ["texts", *args]
        return super().parse_args(ctx, args)


class _ByModel(TyperGroup):
    """`predict RUN …`: the command of that run's recipe, else of its estimator."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        if not {"--help", *self.commands} & set(args[:1]):
            args = [self._command(args), *args]
        return super().parse_args(ctx, args)

    def _command(self, args: list[str]) -> str:
        run = next((Path(arg) for arg in args if Path(arg).is_dir()), None)
        try:
            config = json.loads((model_folder(run or Path()) / "config.json").read_bytes())
            names = [str(config.get("recipe")), str(config["estimator"])]
        except (OSError, ValueError, KeyError):  # the command will say what is wrong with it
            names = ["SequenceClassifier"]
        known = next((name for name in names if name in self.commands), "")
        if not known:
            raise BundleError(
                f"a saved model must be of a kind that this version knows, but {run} holds a "
                f"{names[-1]}. Upgrade: pip install --upgrade recurra"
            )
        return known


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Learn from sequences with recurrent networks: train, judge honestly, explain, use.",
)
train = typer.Typer(
    cls=_ByRecipe,
    rich_markup_mode=None,
    help="Train a model, judge it beside baselines, and write a run folder.\n\n"
    "`recurra train FILE` and `recurra train spam` classify texts: that is `train texts`.",
)
predict = typer.Typer(
    cls=_ByModel,
    rich_markup_mode=None,
    help="Use a saved model: `recurra predict RUN …`. What follows depends on the model: "
    "`recurra predict RUN --help`.",
)
app.add_typer(train, name="train")
app.add_typer(predict, name="predict")

Text = Annotated[str | None, typer.Option(help="The text column.")]
Label = Annotated[str | None, typer.Option(help="The label column.")]
Positive = Annotated[str | None, typer.Option(help="The label to find, such as spam.")]
Encoding = Annotated[str | None, typer.Option(help="utf-8, utf-16, cp949 or latin-1.")]
Data = Annotated[Path | None, typer.Option(help="The file of a named dataset.")]
Sample = Annotated[bool, typer.Option("--sample", help="Use the embedded sample instead.")]
Seed = Annotated[
    int, typer.Option(min=0, help="Of split, weights and order; the same gives the same.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with an interrupted run.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is in the folder.")]
Epochs = Annotated[int, typer.Option(min=1, help="The most epochs; the best one is kept.")]
Out = Annotated[Path | None, typer.Option(help="The run folder [runs/NAME].")]
Run = Annotated[Path, typer.Argument(help="A run folder, or the model folder in it.")]


def begin(
    path: Path,
    artefacts: tuple[str, ...] | None = None,
    *,
    resume: bool = False,
    overwrite: bool = False,
) -> "RunFolder":
    """Give a run folder that may be written to."""
    from recurra.runs import TRAINED, RunFolder

    folder = RunFolder(path, artefacts or TRAINED)
    folder.begin(resume=resume, overwrite=overwrite)
    return folder


def run_recipe(
    recipe: "Callable[..., Any]",
    /,
    *given: Any,
    folder: "RunFolder",
    show: "Callable[[Any], None]",
    as_json: bool,
    **options: Any,
) -> None:
    """Run a recipe with its progress in view; show its report, or print it as JSON."""
    from recurra.terminal import note, watching

    with watching(quiet=as_json) as watch:
        report = recipe(*given, folder, stage=watch.stage, notify=watch.training, **options)
    if as_json:
        print_json(json.loads(report.to_json()))
        return
    show(report)
    note(f"report: {folder.path / 'report.html'}")


def model_folder(run: Path) -> Path:
    """Give the folder of the saved model: a run folder's, or the folder itself."""
    return run / "model" if (run / "model").is_dir() else run


def print_json(content: Any) -> None:
    """Print one JSON object."""
    sys.stdout.write(json.dumps(content, ensure_ascii=False, indent=2) + "\n")


def main() -> None:
    """Run the command line."""
    signal.signal(signal.SIGINT, _interrupt)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a console may not know every sign
    app()


def _interrupt(number: int, frame: Any) -> None:
    from recurra.terminal import interrupted

    interrupted.set()
    raise KeyboardInterrupt
