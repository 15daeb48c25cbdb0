"""The plain door: what `recurra predict --json` says, over HTTP."""

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from recurra.errors import InputError
from recurra.serving.house import House
from recurra.serving.models import check_steps, checked_text
from recurra.serving.questions import Explain, Predict, Stream
from recurra.serving.shelf import Served
from recurra.serving.written import json_of, json_with_sentences

__all__ = ["Plain"]


class Plain:
    """The doors under /v1.

    Args:
        house: where the models are.
    """

    def __init__(self, house: House) -> None:
        self._house = house

    async def models(self, request: Request) -> Response:
        """Say which models there are, and what their runs found."""
        models = [served.facts() for served in self._house.shelf.values()]
        return json_with_sentences({"models": models})

    async def predict(self, request: Request) -> Response:
        """Answer rows."""
        now = self._house.served(request).now
        asked = await self._house.question(request, Predict)
        rows = now.model.rows(asked, self._house.limits)
        said = await now.said(rows)
        return json_of({"model": now.model.kept.name, "predictions": now.model.told(rows, said)})

    async def explain(self, request: Request) -> Response:
        """Answer a text, and say what each of its tokens did."""
        model = self._house.served(request).now.model
        asked = await self._house.question(request, Explain)
        read = model.row if model.reads == "texts" else checked_text
        text = read(asked.text, self._house.limits)

        def explained() -> dict[str, Any]:
            tokens = model.explain(text)
            return {**model.told([text], model.say([text]))[0], "tokens": tokens}

        return json_of({"model": model.kept.name, **await self._house.in_thread(explained)})

    async def stream(self, request: Request) -> Response:
        """Read the next steps of a sequence, and answer after each."""
        served = self._house.served(request)
        asked = await self._house.question(request, Stream)
        check_steps(asked.steps, self._house.limits)
        name = asked.session or self._begun(served)
        sessions = self._house.sessions
        session = sessions.get(name, served.name)
        async with session.turn:
            sessions.get(name, served.name)  # it may have ended meanwhile
            try:
                answers = await self._house.in_thread(session.push, asked.steps)
            except asyncio.CancelledError:  # the piece took too long, and is still being read
                sessions.end(name)
                raise
            except InputError:
                if not asked.session:  # nobody was told of it
                    sessions.end(name)
                raise
        if asked.end:
            sessions.end(name)
        return json_of({"session": None if asked.end else name, "answers": answers})

    def _begun(self, served: Served) -> str:
        self._house.sessions.check_room()
        return self._house.sessions.begin(served.name, served.now.model.stream())
