"""Try: a text is answered as it is typed, each token's part, and what the threshold costs."""

import random
from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from recurra.answers.classes import Effect
from recurra.finished import FinishedRun
from recurra.problems.kept import kept_model
from recurra.runtime.models import SavedClassifier
from recurra.serving.questions import Question
from recurra.serving.refusals import RefusedError
from recurra.studio.doors import page, question
from recurra.studio.held import costs_of, held_texts
from recurra.studio.house import Studio, studio_of
from recurra.studio.view import View
from recurra.text import TextEncoder
from recurra.wording import worded

__all__ = ["VIEW", "orders_of"]

LETTERS = 20_000
SHUFFLES = 20  # of the words of a text
WORDS = 400  # of a text whose parts are asked
NAMED, FAINT = 6, 0.005  # tokens in a sentence, and what moves a score too little to be named


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


def orders_of(text: str) -> Orders:
    """Give a text with its words in other orders.

    Example:
        >>> orders_of("not bad at all").swapped
        ['bad not at all', 'not at bad all', 'not bad all at']
    """
    words = text.split()
    swapped = [
        " ".join([*words[:n], words[n + 1], words[n], *words[n + 2 :]])
        for n in range(len(words) - 1)
    ]
    shuffled = []
    for seed in range(SHUFFLES if len(words) > 1 else 0):
        other = list(words)
        random.Random(seed).shuffle(other)  # noqa: S311 - the same orders each time
        shuffled.append(" ".join(other))
    return Orders(swapped, shuffled)


def offered(run: FinishedRun) -> str:
    """Say what is done with a run."""
    try:
        kept = kept_model(run.folder)
    except Exception:  # what cannot be opened is not offered
        return ""
    texts = kept.kind == SavedClassifier.kind and not kept.facts.channels
    return "Try it" if texts else ""


async def listed(request: Request) -> Response:
    """List the runs that can be tried."""
    studio = studio_of(request)
    found = [run for run in await studio.finished() if await studio.aside(offered, run)]
    return studio.page(request, "try.html.j2", found=found)


async def _texts(studio: Studio, run: FinishedRun) -> Any:
    """Give the standing model of a run, and the saved network in it, if it reads one text."""
    standing = await studio.models.standing(run.folder)
    saved = getattr(standing.model.saved, "model", None)
    if not isinstance(saved, SavedClassifier) or not isinstance(saved.encoder_, TextEncoder):
        raise RefusedError(404, worded("texts are tried of networks that tell classes of them."))
    return standing, saved


async def shown(request: Request) -> Response:
    """Show the view of a run."""
    studio = studio_of(request)
    run = await studio.run(request.path_params["name"])
    _, saved = await _texts(studio, run)
    held = await studio.aside(held_texts, run)
    text = request.query_params.get("text")
    return studio.page(
        request,
        "try_run.html.j2",
        run=run,
        text=(held[0] if held else "") if text is None else text[:LETTERS],
        held=held,
        of=str(saved.positive_class) if saved.threshold is not None else None,
        threshold=saved.threshold,
        costs=await studio.aside(costs_of, run),
    )


async def told(request: Request, asked: Typed) -> Response:
    """Answer a text as it is typed."""
    studio = studio_of(request)
    run = await studio.run(request.path_params["name"])
    standing, saved = await _texts(studio, run)
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
    _, saved = await _texts(studio, run)
    return JSONResponse(await studio.aside(_why, saved, asked.text))


def _why(saved: SavedClassifier, text: str) -> dict[str, Any]:
    if len(text.split()) > WORDS:
        raise RefusedError(
            413,
            worded("parts are told of texts of up to {most} words. Try a part.", most=WORDS),
        )
    orders = orders_of(text)
    texts = [text, *orders.swapped, *orders.shuffled]
    shares = saved.predict_proba(texts)
    column = saved._positive_index() if saved.threshold is not None else int(shares[0].argmax())
    scores = shares[:, column].tolist()
    first = 1 + len(orders.swapped)
    effects = saved.effects(text)
    return {
        "of": str(saved.classes_[column]),
        "score": scores[0],
        "said": speaking(str(saved.classes_[column]), effects),
        "tokens": [effect._asdict() for effect in effects],
        "swapped": scores[1:first],
        "shuffled": scores[first:],
        "words": text.split(),
    }


def speaking(name: str, effects: Sequence[Effect]) -> str:
    """Say in words which tokens speak most for a class, and which against it.

    Example:
        >>> falls = [("win", 0.3), ("a", -0.02), ("now", 0.1), ("lunch", -0.2)]
        >>> speaking("spam", [Effect(token, fall, None, None) for token, fall in falls])
        'What speaks most for spam: “win”, “now”. Against it: “lunch”.'
    """
    strong = max((abs(effect.fall) for effect in effects), default=0.0)
    ranked = sorted(effects, key=lambda effect: -abs(effect.fall))[:NAMED]
    named = [
        [effect.token for effect in ranked if sign * effect.fall >= max(strong / 4, FAINT)]
        for sign in (1, -1)
    ]
    quoted = [", ".join(f"“{token}”" for token in dict.fromkeys(tokens)) for tokens in named]
    told = [
        worded("What speaks most for {name}: {tokens}.", name=name, tokens=quoted[0])
        if quoted[0]
        else worded("No word by itself speaks much for {name}.", name=name),
        worded("Against it: {tokens}.", tokens=quoted[1]) if quoted[1] else "",
    ]
    return " ".join(each for each in told if each)


VIEW = View(
    "try",
    "Try",
    "Is this message spam, and why?",
    [
        page("/try", listed),
        page("/try/{name}", shown),
        question("/try/{name}/say", Typed, told),
        question("/try/{name}/why", Typed, why),
    ],
    offered,
)
