"""Generation: train a network that writes lines, and let it write."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recurra.architectures import described
from recurra.cli.answering import Written, answers
from recurra.cli.app import (
    Alone,
    Comparing,
    Encoding,
    Epochs,
    Json,
    Run,
    Sample,
    Seed,
    Training,
    With,
    compare,
    evaluate,
    evaluate_run,
    one_source,
    predict,
    print_json,
    run_comparison,
    run_problem,
    say_notes,
    searched,
    train,
    with_options,
)
from recurra.names import WRITERS, one_of

if TYPE_CHECKING:
    from recurra.data import Lines

__all__: list[str] = []


Source = Annotated[
    str, typer.Argument(help="names, a text file of lines, or a folder of CLASS.txt.")
]
Model = Annotated[str, typer.Option(help=f"{', '.join(WRITERS)}.")]
Level = Annotated[str, typer.Option(help="characters or words.")]
Units = Annotated[int, typer.Option(min=1, help="Of the cell.")]

KeepNear = Annotated[
    bool, typer.Option("--keep-near", help="Let near copies of a line stand on both sides.")
]


@searched("generation", WRITERS)
@train.command("generation", epilog=described("generation"))
@with_options
def train_generation(
    source: Source = "names",
    test: Annotated[
        str | None, typer.Option(help="A file or folder like it, to test on [a tenth].")
    ] = None,
    encoding: Encoding = None,
    sample: Sample = False,
    model: Model = "lstm",
    level: Level = "characters",
    units: Units = 128,
    epochs: Epochs = 40,
    batch_size: Annotated[int, typer.Option(min=1, help="Lines a step.")] = 64,
    keep_near: KeepNear = False,
    *,
    how: Training,
) -> None:
    """Train a network that writes lines, of a class if they have classes; judge it by n-grams."""
    one_of(model, WRITERS, "the model")
    lines = _lines(source, sample, level, encoding, test)
    place = how.place(_name(source, sample))
    from recurra.problems.splitting import split_lines

    split = split_lines(lines, near=not keep_near, seed=how.seed)
    from recurra.problems.lines import generation

    problem = generation(
        lines,
        models=[model],
        seed=how.seed,
        split=split,
        level=level,
        units=units,
        epochs=epochs,
        batch_size=batch_size,
        **how.settings(),
    )
    run_problem(problem, place, how)


@compare.command("generation", epilog=described("generation"))
@with_options
def compare_generation(
    source: Source = "names",
    encoding: Encoding = None,
    sample: Sample = False,
    level: Level = "characters",
    units: Units = 128,
    keep_near: KeepNear = False,
    *,
    how: Comparing,
) -> None:
    """Compare networks that write by how surprised they are by lines held out."""
    models = how.names(WRITERS)
    lines = _lines(source, sample, level, encoding)
    place = how.place(_name(source, sample))
    from recurra.problems.splitting import split_lines

    split = split_lines(lines, near=not keep_near, folds=how.folds, seed=how.seed)
    from recurra.problems.lines import generation

    problem = generation(
        lines,
        models=models,
        folds=how.folds,
        seed=how.seed,
        split=split,
        level=level,
        units=units,
        **how.settings(),
    )
    run_comparison(problem, place, how)


def _lines(
    source: str, sample: bool, level: str, encoding: str | None, test: str | None = None
) -> "Lines":
    """Read the lines asked for, and say what was guessed; the level is checked before."""
    from recurra.data import open_lines
    from recurra.text.levels import level_named

    level_named(level)
    one_source(sample, test)
    lines = open_lines(source, sample=sample, encoding=encoding)
    if test is not None:
        from recurra.data.classed_lines import with_test_lines

        lines = with_test_lines(lines, open_lines(test, encoding=encoding))
    return say_notes(lines)


def _name(source: str, sample: bool) -> str:
    return "generation-sample" if sample else f"generation-{Path(source).stem}"


@predict.command("SequenceGenerator")
def generate(
    run: Run,
    label: Annotated[str | None, typer.Option("--class", help="Of what kind.")] = None,
    n: Annotated[int, typer.Option("--n", min=1, help="How many lines.")] = 10,
    start: Annotated[str, typer.Option(help="How each line begins.")] = "",
    temperature: Annotated[
        float, typer.Option(min=0.0, help="Below 1 likelier, above 1 stranger, 0 the likeliest.")
    ] = 1.0,
    top_k: Annotated[
        int | None, typer.Option(min=1, help="Draw among so many of the likeliest.")
    ] = None,
    seed: Seed = 0,
    with_: With = None,
    out: Written = None,
    as_json: Json = False,
) -> None:
    """Write lines with a saved model."""
    from recurra.problems.kept import kept_model

    kept_model(run, with_)
    from recurra.problems.saved.lines import saved_writer

    name, model = saved_writer(run, with_)
    lines = model.generate(
        n, label=label, seed=start, temperature=temperature, top_k=top_k, random_state=seed
    )
    if as_json:
        print_json({"model": name, "class": label, "lines": lines})
    if out is not None:
        with answers(["line"], out, as_json) as write:
            for line in lines:
                write([line])
    elif not as_json:
        sys.stdout.writelines(f"{line}\n" for line in lines)


@evaluate.command("SequenceGenerator")
def evaluate_lines(
    run: Run,
    source: Annotated[Path, typer.Argument(help="A text file of lines, or a folder of CLASS.txt.")],
    encoding: Encoding = None,
    with_: Alone = None,
    as_json: Json = False,
) -> None:
    """Judge a saved writer by how surprised it is by new lines; say if it has seen any of them."""
    evaluate_run(run, source, with_, as_json, encoding=encoding)
