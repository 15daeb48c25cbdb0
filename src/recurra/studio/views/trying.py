"""Try: a row is answered as it is typed or dragged, with what moved it; what a threshold costs."""

import random
from functools import partial
from typing import Annotated, Any, NamedTuple

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from recurra.errors import RecurraError
from recurra.finished import FinishedRun
from recurra.problems.kept import kept_model
from recurra.runtime.models import SavedClassifier
from recurra.serving.questions import Question
from recurra.serving.refusals import RefusedError
from recurra.studio.doors import page, question
from recurra.studio.held import costs_of, held_rows
from recurra.studio.house import Studio, studio_of
from recurra.studio.tried import TEXTS, Row, Tried, kind_of, tried_of
from recurra.studio.tried.row import LETTERS, opened_with
from recurra.studio.tried.texts import checked_words, speaking
from recurra.studio.view import View
from recurra.text import TextEncoder
from recurra.text.beside import after_cells, cells_of
from recurra.text.joining import JOINT, feature_columns, join, read_columns
from recurra.wording import worded

__all__ = ["VIEW", "orders_of"]

SHUFFLES = 20  # of the words of a text


class Typed(Question):
    """A text as it stands."""

    text: Annotated[str, Field(max_length=LETTERS)]


class Orders(NamedTuple):
    """A text with its words in other orders.

    Args:
        swapped: with each two neighbours swapped.
        shuffled: with all shuffled, by fixed seeds.
    """

    swapped: list[str]
    shuffled: list[str]


def orders_of(text: str, beside: int = 0) -> Orders:
    """Give a text with its words in other orders; of several texts each by itself.

    Args:
        text: as it is read.
        beside: how many cells stand before it.

    Example:
        >>> orders_of("not bad at all").swapped
        ['bad not at all', 'not at bad all', 'not bad all at']
        >>> orders_of("9 ␞ a b ␞ c d", beside=1).swapped
        ['9 ␞ b a ␞ c d', '9 ␞ a b ␞ d c']
    """
    cells = cells_of(text, beside)
    parts = [part.split() for part in after_cells(text, beside).split(JOINT)]

    def joined(changed: list[list[str]]) -> str:
        return join([*cells, *(" ".join(words) for words in changed)])

    swapped = []
    for place, words in enumerate(parts):
        for n in range(len(words) - 1):
            other = [*words[:n], words[n + 1], words[n], *words[n + 2 :]]
            swapped.append(joined([*parts[:place], other, *parts[place + 1 :]]))
    shuffled = []
    for seed in range(SHUFFLES if swapped else 0):
        draw, others = random.Random(seed), [list(words) for words in parts]  # noqa: S311
        for words in others:
            draw.shuffle(words)  # the same orders each time
        shuffled.append(joined(others))
    return Orders(swapped, shuffled)


def offered(run: FinishedRun) -> str:
    """Say what is done with a run."""
    try:
        return "Try it" if kind_of(kept_model(run.folder)) else ""
    except (RecurraError, OSError):  # what cannot be opened is not offered
        return ""


async def listed(request: Request) -> Response:
    """List the runs that can be tried."""
    studio = studio_of(request)
    found = [run for run in await studio.finished() if await studio.aside(offered, run)]
    return studio.page(request, "try.html.j2", found=found)


async def _texts(studio: Studio, run: FinishedRun) -> Any:
    """Give the standing model of a run, and the saved network in it, if it tells classes of texts.

    Raises:
        RefusedError: it does not.
    """
    standing = await studio.models.standing(run.folder)
    saved = getattr(standing.model.saved, "model", None)
    if not isinstance(saved, SavedClassifier) or not isinstance(saved.encoder_, TextEncoder):
        raise RefusedError(404, worded("texts are tried of networks that tell classes of them."))
    return standing, saved


async def _tried(studio: Studio, run: FinishedRun) -> Tried:
    return await studio.models.opened(run.folder, partial(tried_of, run))


async def shown(request: Request) -> Response:
    """Show the view of a run."""
    studio = studio_of(request)
    run = await studio.run(request.path_params["name"])
    kept = await studio.aside(kept_model, run.folder)
    if kind_of(kept) != TEXTS:
        return await _shown_row(request, studio, run)
    _, saved = await _texts(studio, run)
    held = await studio.aside(held_rows, run)
    read = read_columns(kept.facts.columns)
    return studio.page(
        request,
        "try_run.html.j2",
        run=run,
        text=opened_with(request.query_params.get("text"), held),
        held=[each.row for each in held],
        fields=read if len(read) > 1 else [],
        beside=len(feature_columns(kept.facts.columns)),
        of=str(saved.positive_class) if saved.threshold is not None else None,
        threshold=saved.threshold,
        costs=await studio.aside(costs_of, run),
    )


async def _shown_row(request: Request, studio: Studio, run: FinishedRun) -> Response:
    tried = await _tried(studio, run)
    held = await studio.aside(tried.held)
    return studio.page(
        request,
        "try_row.html.j2",
        run=run,
        tried=tried,
        held=held,
        row=opened_with(request.query_params.get("row"), held),
    )


async def row_told(request: Request, asked: Row) -> Response:
    """Answer a row as it is typed."""
    studio = studio_of(request)
    tried = await _tried(studio, await studio.run(request.path_params["name"]))
    return JSONResponse(await studio.aside(tried.told, asked))


async def row_parts(request: Request, asked: Row) -> Response:
    """Tell what moved the answer."""
    studio = studio_of(request)
    tried = await _tried(studio, await studio.run(request.path_params["name"]))
    return JSONResponse(await studio.aside(tried.parts, asked))


async def told(request: Request, asked: Typed) -> Response:
    """Answer a text as it is typed."""
    studio = studio_of(request)
    run = await studio.run(request.path_params["name"])
    standing, saved = await _texts(studio, run)
    standing.model.saved.check([asked.text])
    (found,) = await standing.said([asked.text])
    (answer,) = standing.model.told([asked.text], [found])
    shares = [float(share) for share in found[0]]
    names = list(standing.model.saved.names)
    said = "" if answer["label"] is None else _sentence(saved, answer)
    return JSONResponse({**answer, "shares": dict(zip(names, shares, strict=True)), "said": said})


def _sentence(saved: SavedClassifier, answer: dict[str, Any]) -> str:
    if saved.threshold is None:
        return worded(
            "It says {label}: of {count:,} classes the most probable one.",
            label=answer["label"],
            count=len(saved.names),
        )
    return worded(
        "It says {label}: the probability of {name} is {score:.3f}, and from {threshold:.3f} on it "
        "says {name}.",
        label=answer["label"],
        name=saved.positive_class,
        score=answer["score"],
        threshold=saved.threshold,
    )


async def why(request: Request, asked: Typed) -> Response:
    """Tell what each token does, and whether the order of words matters."""
    studio = studio_of(request)
    run = await studio.run(request.path_params["name"])
    standing, saved = await _texts(studio, run)
    standing.model.saved.check([asked.text])
    return JSONResponse(await studio.aside(_why, saved, asked.text))


def _why(saved: SavedClassifier, text: str) -> dict[str, Any]:
    checked_words(text)
    beside = saved.encoder_.beside
    orders = orders_of(text, beside)
    texts = [text, *orders.swapped, *orders.shuffled]
    shares = saved.predict_proba(texts)
    column = saved.positive_index if saved.threshold is not None else int(shares[0].argmax())
    scores, first = shares[:, column].tolist(), 1 + len(orders.swapped)
    cells = saved.cell_effects(text)
    tokens = [effect for effect in saved.effects(text) if effect.token != JOINT]
    name = str(saved.classes_[column])
    return {
        "of": name,
        "score": scores[0],
        "said": speaking(name, [*cells, *tokens]),
        "cells": [effect._asdict() for effect in cells],
        "tokens": [effect._asdict() for effect in tokens],
        "swapped": scores[1:first],
        "shuffled": scores[first:],
        "words": after_cells(text, beside).replace(JOINT, " ").split(),
    }


VIEW = View(
    "try",
    "Try",
    "Is this message spam, and why?",
    [
        page("/try", listed),
        page("/try/{name}", shown),
        question("/try/{name}/say", Typed, told),
        question("/try/{name}/why", Typed, why),
        question("/try/{name}/row", Row, row_told),
        question("/try/{name}/parts", Row, row_parts),
    ],
    offered,
)
