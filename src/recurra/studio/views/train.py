"""Train: a file, what it is, what is asked of it, what is wrong in it; watch, stop, go on."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from recurra.auditing.findings import Audit
from recurra.serving.refusals import RefusedError
from recurra.studio.asked import Asked, questions_of
from recurra.studio.doors import action, page
from recurra.studio.files import Kept
from recurra.studio.following import drawn
from recurra.studio.house import Studio, studio_of
from recurra.studio.trainings import Training
from recurra.studio.view import View
from recurra.wording import worded

__all__ = ["VIEW", "audit_told", "brought"]

MOST_COLUMNS = 200  # that a page shows
LOOK = 0.5  # seconds from look to look at a training that is followed
NAME = re.compile(r"[\w][\w .()-]{0,60}")
SAMPLE = ("train", "texts", "spam", "--sample")


async def shown(request: Request) -> Response:
    """Show where a file goes, the files that were brought and the trainings that were begun."""
    studio = studio_of(request)
    trainings = await studio.aside(studio.trainings.all)
    files = await studio.aside(studio.files.all)
    return studio.page(
        request, "train.html.j2", trainings=trainings, files=files, most=studio.room.upload
    )


async def brought(studio: Studio, form: FormData, field: str = "file") -> Kept:
    """Keep the file of a form.

    Raises:
        RefusedError: there is none, it is empty or too large.
    """
    given = form.get(field)
    if not isinstance(given, UploadFile) or not given.filename:
        raise RefusedError(400, worded("a file must be chosen, but none was."))
    if (given.size or 0) > studio.room.upload:
        raise RefusedError(
            413,
            worded(
                "a file must have up to {most:,} bytes, but {name!r} has more. "
                "Take the command line.",
                most=studio.room.upload,
                name=given.filename,
            ),
        )
    return await studio.aside(studio.files.bring, given.filename, given.file)


async def bring(request: Request, form: FormData) -> Response:
    """Keep a file, and show what it is."""
    studio = studio_of(request)
    kept = await brought(studio, form)
    return studio.to(request, "train", "files", kept.id)


async def _seen(request: Request) -> tuple[Kept, dict[str, Any]]:
    studio = studio_of(request)
    kept = studio.files.get(request.path_params["id"])
    return kept, await studio.commands.told("look", str(kept.path))


async def seen(request: Request) -> Response:
    """Show what a file is, in the words of `recurra look`."""
    kept, found = await _seen(request)
    asked = questions_of(found)
    return studio_of(request).page(
        request, "train_file.html.j2", file=kept, seen=found, questions=asked, most=MOST_COLUMNS
    )


async def forget(request: Request, form: FormData) -> Response:
    """Delete a file that was brought."""
    studio = studio_of(request)
    studio.files.delete(studio.files.get(request.path_params["id"]))
    return studio.to(request, "train")


async def _asked(request: Request, given: list[str]) -> tuple[Kept, dict[str, Any], Asked]:
    kept, found = await _seen(request)
    questions, number = questions_of(found), request.path_params["number"]
    if number >= len(questions):
        raise RefusedError(404, worded("this file is not asked so many questions."))
    columns = [column["name"] for column in found["columns"]]
    return kept, found, questions[number].chosen(given, columns)


async def chosen(request: Request) -> Response:
    """Show a question with its columns, what is wrong with the rows, and which models there are."""
    studio = studio_of(request)
    given = request.query_params.getlist("column")
    kept, found, asked = await _asked(request, given)
    audit, unasked = await _audited(studio, asked)
    return studio.page(
        request,
        "train_question.html.j2",
        file=kept,
        asked=asked,
        columns=[column["name"] for column in found["columns"]],
        audit=audit,
        unasked=unasked,
        name=_free_name(studio, kept),
    )


async def _audited(studio: Studio, asked: Asked) -> tuple[Audit | None, str]:
    """Look for leaks; what is in the way of that is told, and is not in the way of training."""
    if asked.audit is None:
        said = "No audit knows rows of this kind yet; the training's own probes look for leaks."
        return None, worded(said)
    try:
        return await audit_told(studio, asked.audit), ""
    except RefusedError as refused:
        return None, refused.sentence


async def audit_told(studio: Studio, words: list[str]) -> Audit:
    """Have a command audit; give what it found.

    Raises:
        RefusedError: it was refused.
    """
    return Audit.model_validate(await studio.commands.told(*words, codes=(0, 1)))


def _free_name(studio: Studio, kept: Kept) -> str:
    stem = re.sub(r"[^\w-]+", "-", kept.name.partition(".")[0]).strip("-") or "run"
    return studio.free_name(stem)


async def begin(request: Request, form: FormData) -> Response:
    """Begin a training."""
    columns = [str(value) for value in form.getlist("column")]
    _, _, asked = await _asked(request, columns)
    words = asked.training(str(form.get("model", "")), str(form.get("epochs", "")).strip())
    return await _begun(request, str(form.get("name", "")).strip(), words)


async def sample(request: Request, form: FormData) -> Response:
    """Begin a training on the embedded sample."""
    studio = studio_of(request)
    return await _begun(request, _free_name(studio, Kept("", Path("sample"))), SAMPLE)


async def _begun(request: Request, name: str, words: Any) -> Response:
    studio = studio_of(request)
    if not NAME.fullmatch(name) or studio.folder(name) is None:
        raise RefusedError(
            400,
            worded(
                "a run's name must be letters, digits, '.', '-' and '_', but it is {name!r}.",
                name=name[:60],
            ),
        )
    training = await studio.aside(studio.trainings.begin, name, words)
    return studio.to(request, "train", "runs", training.name)


def _training(request: Request) -> Training:
    studio, name = studio_of(request), request.path_params["name"]
    if studio.folder(name) is None:
        raise RefusedError(404, worded("there is no such page here."))
    return studio.trainings.get(name)


async def followed(request: Request) -> Response:
    """Show how a training stands."""
    training = _training(request)
    values = _live(training)
    return studio_of(request).page(request, "train_run.html.j2", training=training, **values)


def _live(training: Training) -> dict[str, Any]:
    following = training.following
    curve = following.curve
    return {"following": following, "curve": curve, "drawn": curve and drawn(curve)}


async def events(request: Request) -> Response:
    """Tell how far a training is, whenever it is further."""
    studio, training = studio_of(request), _training(request)
    studio.check_followers()
    stream = _counted(studio, _events(studio, request, training.name))
    return StreamingResponse(stream, media_type="text/event-stream")


async def _counted(studio: Studio, stream: AsyncIterator[str]) -> AsyncIterator[str]:
    studio.followers += 1
    try:
        async for event in stream:
            yield event
    finally:
        studio.followers -= 1


async def _events(studio: Studio, request: Request, name: str) -> AsyncIterator[str]:
    told = -1
    while True:
        training = studio.trainings.get(name)
        values = await studio.aside(_live, training)
        if training.state != "running":
            yield _event("end", training.state)
            return
        if values["following"].lines != told:
            told = values["following"].lines
            live = studio.filled(request, "train_live.html.j2", training=training, **values)
            yield _event("live", live)
        await asyncio.sleep(LOOK)


def _event(name: str, data: str) -> str:
    lines = "".join("data:" + line + "\n" for line in data.splitlines())
    return "event:" + name + "\n" + lines + "\n"


async def stop(request: Request, form: FormData) -> Response:
    """Stop a training, and keep what it has learnt."""
    studio, training = studio_of(request), _training(request)
    studio.trainings.stop(training)
    return studio.to(request, "train", "runs", training.name)


async def resume(request: Request, form: FormData) -> Response:
    """Go on with a training that was stopped."""
    studio, training = studio_of(request), _training(request)
    await studio.aside(studio.trainings.resume, training)
    return studio.to(request, "train", "runs", training.name)


VIEW = View(
    "train",
    "Train",
    "What can be learnt from my file?",
    [
        page("/train", shown),
        action("/train", bring, files=1),
        action("/train/sample", sample),
        page("/train/files/{id}", seen),
        action("/train/files/{id}/delete", forget),
        page("/train/files/{id}/{number:int}", chosen),
        action("/train/files/{id}/{number:int}", begin),
        page("/train/runs/{name}", followed),
        page("/train/runs/{name}/events", events),
        action("/train/runs/{name}/stop", stop),
        action("/train/runs/{name}/resume", resume),
    ],
)
