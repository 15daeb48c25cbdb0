"""Memory: a network reads a row step by step; what it holds, what it forgets, what its units do."""

from typing import Annotated, Any

import numpy as np
from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from recurra.bundle import read_facts
from recurra.errors import RecurraError
from recurra.finished import FinishedRun
from recurra.operations.tracing import Held
from recurra.problems.kept import kept_model
from recurra.runtime.memory import Habit, Remembered, remembered, unit_habits
from recurra.runtime.models import SavedClassifier, SavedModel, SavedRegressor, SavedTagger
from recurra.sequences import NumberEncoder
from recurra.serving.questions import Question
from recurra.serving.refusals import RefusedError
from recurra.studio.doors import page, question
from recurra.studio.held import held_texts
from recurra.studio.house import Studio, studio_of
from recurra.studio.view import View
from recurra.wording import worded

__all__ = ["VIEW"]

LOOKED_AT = (SavedClassifier, SavedTagger, SavedRegressor)
KINDS = [each.kind for each in LOOKED_AT]
KEEPING = {"lstm": "f", "gru": "z", "gru_reset_first": "z"}  # the gate that lets the state through
LETTERS, ROWS, STEPS, WAVE = 20_000, 300, 2_000, 16


class Row(Question):
    """One row to be read.

    Args:
        row: a text, or numbers with those of a step on a line.
    """

    row: Annotated[str, Field(max_length=LETTERS)]


class Rows(Question):
    """Rows from which habits of units are read; none: those that the run held out."""

    rows: Annotated[list[Annotated[str, Field(max_length=LETTERS)]], Field(max_length=ROWS)]


def offered(run: FinishedRun) -> str:
    """Say what is done with a run."""
    try:
        kind = read_facts(kept_model(run.folder).folder).estimator
    except (RecurraError, OSError):
        return ""
    return "Watch it remember" if kind in KINDS else ""


async def listed(request: Request) -> Response:
    """List the runs whose memory can be looked at."""
    studio = studio_of(request)
    found = [run for run in await studio.finished() if await studio.aside(offered, run)]
    return studio.page(request, "memory.html.j2", found=found)


async def shown(request: Request) -> Response:
    """Show the view of a run, and of another beside it."""
    studio = studio_of(request)
    run = await studio.run(request.path_params["name"])
    saved = await _model(studio, run)
    beside = request.query_params.get("beside")
    names = [run.folder.name]
    if beside:
        await _model(studio, other := await studio.run(beside))
        names.append(other.folder.name)
    numbers = isinstance(saved.encoder_, NumberEncoder)
    held = [] if numbers else await studio.aside(held_texts, run)
    given = request.query_params.get("row")
    return studio.page(
        request,
        "memory_run.html.j2",
        run=run,
        names=names,
        others=[r.folder.name for r in await studio.finished() if r.folder.name not in names],
        row=_first(saved, held) if given is None else given[:LETTERS],
        held=held,
        numbers=numbers,
    )


def _first(saved: SavedModel, held: list[str]) -> str:
    """Give what stands there at first: a row that was held out, or waves to be dragged."""
    encoder = saved.encoder_
    if not isinstance(encoder, NumberEncoder):
        return held[0] if held else ""
    waves = np.sin(np.arange(WAVE)[:, None] / 2 + np.arange(encoder.features))
    return "\n".join(" ".join(f"{value:.2f}" for value in step) for step in waves)


async def _model(studio: Studio, run: FinishedRun) -> SavedModel:
    standing = await studio.models.standing(run.folder)
    saved = getattr(standing.model.saved, "model", None)
    if not isinstance(saved, LOOKED_AT):
        raise RefusedError(
            404,
            worded("memory is shown of networks that read texts or numbers, and this is another."),
        )
    return saved


def row_of(saved: SavedModel, given: str) -> Any:
    """Give a row as the model reads it.

    Raises:
        RefusedError: it must be numbers, and is none.
    """
    if isinstance(saved.encoder_, NumberEncoder):
        return _numbers(given, saved.encoder_.features)
    return given.split() if isinstance(saved, SavedTagger) else given


def _numbers(given: str, features: int) -> Any:
    try:
        steps = [
            [float(part) for part in line.replace(",", " ").split()]
            for line in given.splitlines()
            if line.strip()
        ]
        array = np.array(steps, float)
    except ValueError:
        array = np.zeros((0, 0))
    if array.ndim != 2 or array.shape[1:] != (features,) or not np.isfinite(array).all():
        raise RefusedError(
            400,
            worded(
                "a row must be lines of {features} numbers each, a line a step, but this is not.",
                features=features,
            ),
        )
    return array[:STEPS]


async def told(request: Request, asked: Row) -> Response:
    """Tell what a network holds of a row."""
    studio = studio_of(request)
    run = await studio.run(request.path_params["name"])
    saved = await _model(studio, run)
    row = row_of(saved, asked.row)
    found = await studio.aside(remembered, saved, row)
    return JSONResponse({"name": run.folder.name, **spoken(found)})


def spoken(found: Remembered) -> dict[str, Any]:
    """Give what is remembered as JSON; states and gates as (steps, units) by their letters."""
    trace = found.trace
    return {
        "steps": found.steps,
        "of": found.of,
        "said": summary(found),
        "answer": trace.answer,
        "moves": trace.moves.tolist(),
        "layers": [
            {
                "name": layer.name,
                "cell": layer.cell,
                "backwards": layer.backwards,
                "moves": np.sqrt((layer.slopes**2).sum(axis=1)).tolist(),
                "reach": np.abs(layer.slopes * layer.values["h"]).sum(axis=0).tolist(),
                "values": {letter: v.round(4).tolist() for letter, v in layer.values.items()},
            }
            for layer in trace.layers
        ],
    }


def summary(found: Remembered) -> str:
    """Say in words what moves the answer still, and how much the gates keep of the first step."""
    moves = found.trace.moves
    most, first = int(moves.argmax()), float(moves[0])
    told = [
        worded(
            "At the end, “{token}” (step {step:,} of {steps:,}) moves the answer most.",
            token=found.steps[most],
            step=most + 1,
            steps=len(found.steps),
        )
    ]
    if most and moves[most] > 0:
        told.append(
            worded(
                "“{token}”, the first, moves it {share:.0%} as far.",
                token=found.steps[0],
                share=first / float(moves[most]),
            )
        )
    kept = [share for layer in found.trace.layers if (share := kept_of_first(layer)) is not None]
    if kept and len(found.steps) > 1:
        told.append(
            worded(
                "Of what stood in its state after the first step, its gates let {share:.2%} "
                "through to the last, the mean of its units.",
                share=kept[0],
            )
        )
    return " ".join(told)


def kept_of_first(layer: Held) -> float | None:
    """Give how much of the state after the first step read the gates keep to the last.

    ::

        LSTM   mean over units of f_2 · … · f_T         GRU   of z_2 · … · z_T
    """
    gate = layer.values.get(KEEPING.get(layer.cell, ""))
    if gate is None:
        return None
    steps = gate[::-1] if layer.backwards else gate
    return float(np.prod(steps[1:], axis=0).mean())


async def habits(request: Request, asked: Rows) -> Response:
    """Tell what each unit does over rows."""
    studio = studio_of(request)
    run = await studio.run(request.path_params["name"])
    saved = await _model(studio, run)
    rows = asked.rows or await studio.aside(held_texts, run)
    if not rows:
        raise RefusedError(
            400,
            worded("the rows that this run held out are not here any more. Give some of your own."),
        )
    read = [row_of(saved, row) for row in rows if row.strip()]
    found = await studio.aside(unit_habits, saved, read)
    return JSONResponse({"rows": len(read), "units": [_habit(each) for each in found]})


def _habit(found: Habit) -> dict[str, Any]:
    return {
        "layer": found.layer,
        "unit": found.unit,
        "follows": list(found.follows),
        "keeps": found.keeps,
        "tokens": found.tokens,
        "on": [
            {"row": on.row, "steps": on.steps, "values": on.values.round(4).tolist()}
            for on in found.on
        ],
    }


VIEW = View(
    "memory",
    "Memory",
    "What does the network remember?",
    [
        page("/memory", listed),
        page("/memory/{name}", shown),
        question("/memory/{name}/row", Row, told),
        question("/memory/{name}/units", Rows, habits),
    ],
    offered,
)
