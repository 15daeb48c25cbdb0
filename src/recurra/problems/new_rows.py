"""New rows for saved models: read as those of the training, and refused where they cannot be asked.

Nothing heavy is imported: what is wrong with a file is told before Keras is. Each kind of model has
a reader here, and a home: the module whose `asked_again(asked, rows)` declares the problem that the
rows pose, and whose `KINDS` open the models.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from recurra.arrays import Rows
from recurra.data import (
    Columns,
    LabelledTexts,
    Lines,
    Pairs,
    Series,
    TagColumns,
    TaggedSentences,
    open_lines,
    open_pairs,
    open_texts,
    read_series,
    read_tagged,
)
from recurra.data.beside import Covariates
from recurra.data.labelled import Taught
from recurra.data.multi_labels import LabelColumns, MultiLabelled, read_multi_labels
from recurra.data.sequences import LabelledSequences, Layout, read_sequences
from recurra.data.states import LabelledSteps, StepColumns, read_steps
from recurra.data.tagged import ANY_COLUMNS
from recurra.errors import BundleError, DataError, SettingsError
from recurra.markets.opening import Opened, open_prices
from recurra.markets.prices import Prices
from recurra.problems.kept import Asked, Kept, classes_of
from recurra.stored import Count, Share, Stored
from recurra.text.joining import columns_of

__all__ = [
    "NEW_ROWS",
    "NewRows",
    "Steps",
    "beside_taught",
    "columns_taught",
    "last_known",
    "new_rows_of",
    "origins_after",
    "read_series_of",
    "same_channels",
    "taught_columns",
]


@dataclass(frozen=True)
class NewRows:
    """How new rows are read and asked.

    Args:
        read: from the models and what was given, to the rows.
        home: the module of the problem.
    """

    read: Callable[..., Any]
    home: str


def new_rows_of(asked: Asked) -> NewRows:
    """Find how new rows are put to models: by the recipe of their run, else by their kind.

    Raises:
        BundleError: the models are of a kind that is not judged.
    """
    names = (str(asked.network.facts.recipe), asked.network.kind)
    found = next((NEW_ROWS[name] for name in names if name in NEW_ROWS), None)
    if found is None:
        raise BundleError(
            f"a model of {', '.join(NEW_ROWS)} can be judged on new rows, but "
            f"{asked.network.folder} holds a {asked.network.what}. Give another run."
        )
    return found


def _texts(
    asked: Asked,
    given: LabelledTexts | str | Path,
    mapped: Mapping[str, str] | None = None,
    **columns: Any,
) -> LabelledTexts:
    if isinstance(given, LabelledTexts):
        return given
    names, positive = classes_of(asked.network)
    named = None if positive is None else names[positive]
    taught = Taught(names, named, asked.network.facts.columns, mapped or {})
    return open_texts(str(given), columns=Columns(taught=taught, **columns))


def _multi_labels(
    asked: Asked,
    given: MultiLabelled | str | Path,
    labels: Sequence[str] = (),
    **how: Any,
) -> MultiLabelled:
    if isinstance(given, MultiLabelled):
        rows = given
        _refuse_unknown("labels", rows.names, asked.network, rows.source, "rows")
        return rows
    network = asked.network
    columns = LabelColumns(
        labels=labels, names=network.classes, taught=dict(network.facts.columns), **how
    )
    return read_multi_labels(given, columns)


def _sentences(
    asked: Asked,
    given: TaggedSentences | str | Path,
    columns: TagColumns = ANY_COLUMNS,
    encoding: str | None = None,
) -> TaggedSentences:
    if isinstance(given, TaggedSentences):
        rows = given
    else:
        rows = read_tagged(given, taught_columns(asked.network, columns), encoding=encoding)
    tags = (tag for row in rows.tags for tag in row)
    _refuse_unknown("tags", tags, asked.network, rows.source, "sentences")
    return rows


def taught_columns(network: Kept, columns: TagColumns) -> TagColumns:
    """Give the columns of new sentences: those named, else those that were named in training."""
    taught = network.facts.columns
    return TagColumns(
        columns.tokens or taught.get("tokens"),
        columns.tags or (taught.get("tags") if columns.tagged else None),
        columns.sentence or taught.get("sentence"),
        columns.tagged,
    )


def _lines(asked: Asked, given: Lines | str | Path, encoding: str | None = None) -> Lines:
    rows = given if isinstance(given, Lines) else open_lines(str(given), encoding=encoding)
    known, there = asked.network.classes, bool(np.any(rows.classes != ""))
    if there != any(known):
        of = f"the classes {', '.join(known)}" if any(known) else "no class"
        way = "a folder of CLASS.txt" if any(known) else "one file of lines"
        raise DataError(
            f"lines must be of {of}, as those that {asked.network.name} was trained on, but those "
            f"of {rows.source} have {'some' if there else 'none'}. Give {way}."
        )
    _refuse_unknown("classes", map(str, rows.classes), asked.network, rows.source, "lines")
    return rows


def _refuse_unknown(what: str, given: Iterable[str], network: Kept, source: str, rows: str) -> None:
    known = network.classes
    unknown = sorted(set(given) - set(known))
    if unknown:
        more = ", …" if len(unknown) > 5 else ""
        raise DataError(
            f"the {what} must be those that {network.name} knows, {', '.join(known)}, but {source} "
            f"also has {', '.join(map(repr, unknown[:5]))}{more}. Rename them, or leave those "
            f"{rows} out."
        )


def _pairs(asked: Asked, given: Pairs | str | Path, encoding: str | None = None) -> Pairs:
    return given if isinstance(given, Pairs) else open_pairs(str(given), encoding=encoding)


def _sequences(
    asked: Asked, given: Any, layout: Layout | None = None, encoding: str | None = None
) -> LabelledSequences:
    rows = _of_same_channels(asked, given, layout, encoding)
    if rows.labels is None:
        raise DataError(f"sequences must have a class to be judged by, but {rows.source} has none.")
    _refuse_unknown("classes", rows.labels.tolist(), asked.network, rows.source, "sequences")
    return rows


def _quantities(
    asked: Asked, given: Any, layout: Layout | None = None, encoding: str | None = None
) -> LabelledSequences:
    rows = _of_same_channels(asked, given, layout, encoding)
    if rows.targets is None:
        raise DataError(
            f"sequences must have a number each to be judged by, but {rows.source} has classes."
        )
    return rows


def _of_same_channels(
    asked: Asked, given: Any, layout: Layout | None, encoding: str | None
) -> LabelledSequences:
    """Read sequences, or take those given; their channels must be those of training."""
    if isinstance(given, LabelledSequences):
        rows = given
    else:
        layout = replace(layout or Layout(), taught=columns_taught(asked.network))
        rows = read_sequences(Path(given), layout, encoding=encoding)
    same_channels(rows, asked.network.facts.channels)
    return rows


def columns_taught(network: Kept) -> dict[str, Any]:
    """Give what the columns of sequences or logs were called in training, and the channels.

    Where a row was a sequence, every column beside those is a step: no channels are named.
    """
    facts = network.facts
    if not facts.columns:
        return {}
    steps = "id" in facts.columns or facts.recipe == "states"
    return {**facts.columns, **({"channels": list(facts.channels)} if steps else {})}


def same_channels(rows: LabelledSequences | LabelledSteps, channels: Sequence[str]) -> None:
    """Refuse sequences with another number of channels than a model was trained on.

    Raises:
        DataError: there are more, or fewer.
    """
    if len(rows.channels) != len(channels):
        raise DataError(
            f"a step must have {len(channels)} channels, as in training "
            f"({', '.join(channels[:8])}), but {rows.source} has {len(rows.channels)}."
        )


def _steps(
    asked: Asked, given: Any, columns: StepColumns | None = None, encoding: str | None = None
) -> LabelledSteps:
    if isinstance(given, LabelledSteps):
        rows = given
    else:
        columns = replace(columns or StepColumns(), taught=columns_taught(asked.network))
        rows = read_steps(Path(given), columns, encoding=encoding)
    same_channels(rows, asked.network.facts.channels)
    _refuse_unknown("states", rows.names, asked.network, rows.source, "steps")
    return rows


# ---- series


class Steps(Stored):
    """How a saved forecaster reads a series: what it was fitted with."""

    horizon: Count
    window: Count
    season: Count
    level: Share = 0.9

    @property
    def before(self) -> int:
        """How many steps stand before an origin."""
        return max(self.window, self.season)


def _series(asked: Asked, given: Series | str | Path, **how: Any) -> Series:
    series = given if isinstance(given, Series) else read_series_of(asked.network, given, **how)
    origins_after(asked, series)
    return series


def read_series_of(
    model: Kept,
    path: str | Path,
    target: str | None = None,
    log: bool | None = None,
    *,
    time: str | None = None,
    group: str | None = None,
    zone: str | None = None,
    encoding: str | None = None,
) -> Series:
    """Read a series as a model was taught it, with the columns beside it.

    Args:
        model: that forecasts.
        path: of a table.
        target: the column; None: of the name it was fitted on.
        log: whether its logarithm is taken; None: as it was fitted.
        time: the column that is time; None: of the name it was fitted on.
        group: the column that tells series apart; None: of the name it was fitted on.
        zone: the place whose clock the times are of; None: as it was fitted.
        encoding: of the file, None to recognise it.

    Raises:
        DataError: the column cannot be used.
        SettingsError: the model was taught the other of numbers and logarithms.
    """
    taught = model.facts.log
    if None not in (log, taught) and log != taught:
        said, asked = ("logarithms", "not") if taught else ("no logarithms", "them")
        raise SettingsError(
            f"a series must be read as in training, but {model.name} was taught {said} and "
            f"is asked for {asked}. Leave out --log and --no-log."
        )
    taken = bool(log if log is not None else taught)
    column = target or model.facts.target
    given = {"time": time, "group": group, "zone": zone}
    columns = {**model.facts.columns, **{role: name for role, name in given.items() if name}}
    return read_series(
        path,
        column,
        log=taken,
        time=columns.get("time"),
        group=columns.get("group"),
        zone=columns.get("zone"),
        beside=beside_taught(model),
        encoding=encoding,
    )


def beside_taught(model: Kept) -> Covariates:
    """Give the columns beside a series that a model was taught."""
    columns = model.facts.columns
    known, past = columns_of("known", columns), columns_of("past", columns)
    return Covariates(known, past, model.facts.channels)


def origins_after(asked: Asked, series: Series) -> Rows:
    """Give the origins whose targets all come after what the models were fitted on.

    Where times do not tell, all origins with a window before and a horizon ahead.

    Raises:
        DataError: there is none.
    """
    steps = asked.network.settings(Steps)
    horizon, first = steps.horizon, steps.before
    end = last_known(asked, series)
    parts = []
    for start, stop in pairwise(series.bounds.tolist()):
        begin = start + first
        if end is not None and series.times is not None:
            times = series.times[start:stop]
            later = np.searchsorted(times, np.datetime64(end), side="right")
            begin = max(begin, start + int(later))
        parts.append(np.arange(begin, stop - horizon + 1))
    origins = series.judged(np.concatenate(parts), horizon)
    if not len(origins):
        after = f" after {end}, up to which it was fitted" if end else ""
        raise DataError(
            f"{asked.model.name} reads {steps.before} steps and "
            f"forecasts {horizon}{after}, but of the {len(series):,} steps of {series.source} none "
            "has so many before it and ahead. Give a longer series."
        )
    return origins


def last_known(asked: Asked, series: Series) -> str | None:
    """Give the time up to which the models were fitted; None where times do not tell."""
    return None if series.times is None else asked.trained_to


# ---- prices


def _prices(
    asked: Asked,
    given: Opened | Mapping[str, Any] | Iterable[Any] | str | Path | None,
    **opened: Any,
) -> Opened:
    found = _opened(given, opened)
    end, newest = asked.trained_to, max(str(each.frame.index[-1].date()) for each in found.prices)
    if end is not None and newest <= end:
        raise DataError(
            f"prices must go on after {end}, up to which {asked.model.name} was fitted, but those "
            f"of {found.source} end on {newest}. Give newer ones."
        )
    return found


def _opened(given: Any, opened: Mapping[str, Any]) -> Opened:
    if isinstance(given, Opened):
        return given
    if isinstance(given, Mapping):
        prices = [Prices(ticker, frame, "given", None, None) for ticker, frame in given.items()]
        return Opened(prices, "prices given")
    tickers: list[Any] = [str(given)] if isinstance(given, str | Path) else list(given or [])
    if tickers and isinstance(tickers[0], Prices):
        return Opened(tickers, "prices given")
    if len(tickers) == 1 and Path(tickers[0]).is_dir():
        return open_prices(universe=tickers[0], **opened)
    return open_prices(tickers, **opened)


NEW_ROWS: Mapping[str, NewRows] = {
    "states": NewRows(_steps, "recurra.problems.step_states"),
    "multi-label": NewRows(_multi_labels, "recurra.problems.multi_labels"),
    "quantities": NewRows(_quantities, "recurra.problems.sequence_quantities"),
    "sequences": NewRows(_sequences, "recurra.problems.sequence_classes"),
    "SequenceClassifier": NewRows(_texts, "recurra.problems.text_classes"),
    "SequenceTagger": NewRows(_sentences, "recurra.problems.tags"),
    "SequenceGenerator": NewRows(_lines, "recurra.problems.lines"),
    "SequenceTranslator": NewRows(_pairs, "recurra.problems.translations"),
    "SequenceForecaster": NewRows(_series, "recurra.problems.forecasts"),
    "SequenceRiser": NewRows(_prices, "recurra.problems.stock_rises"),
    "RiseModel": NewRows(_prices, "recurra.problems.stock_rises"),
}
