"""`recurra search`."""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Annotated

import typer

from recurra.architectures import described
from recurra.cli.app import (
    Data,
    Encoding,
    Label,
    Positive,
    Sample,
    Text,
    Training,
    app,
    run_problem,
    with_options,
)
from recurra.cli.texts import Group, Test, name_of, read_rows
from recurra.errors import SettingsError
from recurra.extras import how_to_install
from recurra.names import TEXTS, some_of


@dataclass(frozen=True, kw_only=True)
class Searching(Training):
    """The options of a search."""

    trials: Annotated[int, typer.Option(min=1, help="The most settings that are tried.")] = 30
    minutes: Annotated[
        float | None, typer.Option(help="After which nothing more is tried [no limit].")
    ] = None
    models: Annotated[
        str, typer.Option(help="Architectures to try, separated by commas; all, unless given.")
    ] = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.minutes is not None and not self.minutes > 0:
            raise SettingsError(f"--minutes must be above 0, but it is {self.minutes}.")
        if find_spec("optuna") is None:
            raise SettingsError(
                f"search needs Optuna, which is not installed: {how_to_install('search')}"
            )

    def _artefacts(self) -> tuple[str, ...]:
        from recurra.runs import SEARCHED

        return SEARCHED


@app.command(epilog=described("texts"))
@with_options
def search(
    source: Annotated[str, typer.Argument(help="spam, sentiment, sentiment-ko, or a file.")],
    text: Text = None,
    label: Label = None,
    positive: Positive = None,
    encoding: Encoding = None,
    test: Test = None,
    group: Group = None,
    data: Data = None,
    sample: Sample = False,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="The most epochs of a trial and of the winner [30].")
    ] = None,
    *,
    how: Searching,
) -> None:
    """Look for settings of a classifier of texts within the training rows; judge the best once."""
    models = some_of(how.models, TEXTS, "the model")
    rows = read_rows(source, data, sample, text, label, positive, encoding, group, test=test)
    name = name_of(source, sample)
    place = how.place(f"search-{name}")
    from recurra.problems.named import PROTOCOLS, classifier_of, split_named

    split = split_named(rows, source, "default", sample=sample, seed=how.seed)
    from recurra.problems.text_classes import texts
    from recurra.searching.texts import search_texts
    from recurra.searching.trials import Budget

    classifier = classifier_of(
        source, sample=sample, epochs=epochs, random_state=how.seed, **how.settings()
    )
    problem = texts(
        rows, [classifier], name=name, protocol=PROTOCOLS["default"], seed=how.seed, split=split
    )
    budget = Budget(how.trials, how.minutes)
    run_problem(problem, place, how, choose=search_texts(models, budget))
