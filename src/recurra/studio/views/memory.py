"""Memory: a network reads a row step by step; what it holds, what it forgets, what its units do."""

from functools import partial
from typing import Annotated, Any

import numpy as np
from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from recurra.errors import RecurraError
from recurra.finished import FinishedRun
from recurra.operations.tracing import Held
from recurra.problems.kept import kept_model
from recurra.runtime.memory import Habit, Remembered
from recurra.serving.questions import Question
from recurra.serving.refusals import RefusedError
from recurra.studio.doors import page, question
from recurra.studio.house import Studio, studio_of
from recurra.studio.tried.row import LETTERS, opened_with
from recurra.studio.view import View
from recurra.studio.watched import Watched, is_watched, watched_of
from recurra.wording import worded

__all__ = ["VIEW"]

KEEPING = {"lstm": "f", "gru": "z", "gru_reset_first": "z"}  # the gate that lets the state through
ROWS = 300


class Row(Question):
    """One row to be read.

    Args:
        row: a text, or numbers with those of a step on a line.
        label: the class of a line that is begun.
    """

    row: Annotated[str, Field(max_length=LETTERS)]
    label: Annotated[str, Field(max_length=200)] | None = None


class Rows(Question):
    """Rows from which habits of units are read; none: those that the run held out."""

    rows: Annotated[list[Annotated[str, Field(max_length=LETTERS)]], Field(max_length=ROWS)]


def offered(run: FinishedRun) -> str:
    """Say what is done with a run."""
    try:
        return "Watch it remember" if is_watched(kept_model(run.folder)) else ""
    except (RecurraError, OSError):
        return ""


async def listed(request: Request) -> Response:
    """List the runs whose memory can be looked at."""
    studio = studio_of(request)
    runs = await studio.finished()
    found = [run for run in runs if await studio.aside(offered, run)]
    translate = [run for run in runs if run.report.problem.startswith("translation")]
    return studio.page(request, "memory.html.j2", found=found, translate=translate)


async def shown(request: Request) -> Response:
    """Show the view of a run, and of another beside it."""
    studio = studio_of(request)
    run = await studio.run(request.path_params["name"])
    watched = await _watched(studio, run)
    beside = request.query_params.get("beside")
    names = [run.folder.name]
    if beside:
        other = await studio.run(beside)
        await _watched(studio, other)
        names.append(other.folder.name)
    held = await studio.aside(watched.held)
    return studio.page(
        request,
        "memory_run.html.j2",
        run=run,
        names=names,
        others=[r.folder.name for r in await studio.finished() if r.folder.name not in names],
        row=opened_with(request.query_params.get("row"), held),
        held=held,
        watched=watched,
        label=request.query_params.get("label"),
    )


async def _watched(studio: Studio, run: FinishedRun) -> Watched:
    return await studio.models.opened(run.folder, partial(watched_of, run))


async def told(request: Request, asked: Row) -> Response:
    """Tell what a network holds of a row."""
    studio = studio_of(request)
    run = await studio.run(request.path_params["name"])
    watched = await _watched(studio, run)
    found = await studio.aside(watched.remembered, asked.row, asked.label)
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
    watched = await _watched(studio, run)
    rows = asked.rows or [each.row for each in await studio.aside(watched.held_only)]
    if not rows:
        raise RefusedError(
            400,
            worded("the rows that this run held out are not here any more. Give some of your own."),
        )
    read = [row for row in rows if row.strip()]
    found = await studio.aside(watched.habits, read)
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
