"""`recurra train streamed`: labelled texts that no memory holds."""

from typing import Annotated, Any

import typer

from recurra.architectures import described
from recurra.cli.app import (
    Encoding,
    Label,
    Positive,
    Running,
    Text,
    run_problem,
    say_notes,
    train,
    with_options,
)
from recurra.cli.texts import check_names
from recurra.names import LABELLERS, one_of
from recurra.stores import place_of

MOST_WORDS = 50_000


@train.command("streamed", epilog=described("texts"))
@with_options
def train_streamed(
    source: Annotated[
        str, typer.Argument(help="A file, a folder of files, or a pattern: 'logs/*.parquet'.")
    ],
    text: Text = None,
    label: Label = None,
    positive: Positive = None,
    encoding: Encoding = None,
    model: Annotated[str, typer.Option(help="The architecture by name.")] = "gru",
    tokenizer: Annotated[
        str | None, typer.Option(help="word, cased-word, char, syllable, jamo or kiwi.")
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(min=1, help="The most epochs, of a million rows each [30, or three passes]."),
    ] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Rows a step [256].")] = None,
    members: Annotated[int | None, typer.Option(min=1, help="Networks averaged [1].")] = None,
    max_length: Annotated[int, typer.Option(min=1, help="Tokens read of a text.")] = 256,
    truncation: Annotated[
        str, typer.Option(help="Which of a longer text: head, tail or both.")
    ] = "head",
    max_vocabulary: Annotated[int, typer.Option(min=1, help="The most tokens known.")] = MOST_WORDS,
    balanced: Annotated[
        bool, typer.Option("--balanced", help="Weigh rows of the rarer class more.")
    ] = False,
    *,
    how: Running,
) -> None:
    """Train on labelled texts of any number, read in passes: memory does not grow with the rows."""
    one_of(model, LABELLERS, "the model")
    check_names([], tokenizer, truncation)
    name = _name_of(place_of(source))
    place = how.place(name)
    from recurra.data.passes import open_shards
    from recurra.problems.setting_aside import split_stream
    from recurra.terminal import counting

    shards = say_notes(open_shards(source, text=text or (), label=label, encoding=encoding))
    with counting(quiet=how.as_json) as watch:
        split = split_stream(
            shards, model=model, tokenizer=tokenizer, positive=positive, seed=how.seed, watch=watch
        )
    from recurra.estimators import SequenceClassifier
    from recurra.problems.streams import streamed_texts

    settings = {name: value for name, value in how.settings().items() if value is not None}
    classifier = SequenceClassifier(
        model=model,
        tokenizer=tokenizer,
        epochs=epochs,
        batch_size=batch_size,
        members=members,
        max_length=max_length,
        truncation=truncation,
        max_vocabulary=max_vocabulary,
        class_weight="balanced" if balanced else None,
        random_state=how.seed,
        **settings,
    )
    problem = streamed_texts(split, classifier, name=name, seed=how.seed)
    run_problem(problem, place, how)


def _name_of(source: Any) -> str:
    """Give the name of the run folder of files: theirs, or that of their folder."""
    return str(source.stem if source.exists() else source.parent.resolve().name)
