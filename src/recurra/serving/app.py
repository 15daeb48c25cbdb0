"""The application: doors by address, behind one guard."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router

from recurra.serving.description import described
from recurra.serving.guard import Guard
from recurra.serving.house import House
from recurra.serving.open_inference import OpenInference
from recurra.serving.plain import Plain
from recurra.serving.shelf import watched
from recurra.serving.written import json_of

__all__ = ["app_of"]


def app_of(house: House) -> Guard:
    """Give the application of a house: what a server runs."""
    return Guard(Router(_routes(house), redirect_slashes=False, lifespan=_watching(house)), house)


def _watching(house: House) -> Any:
    @asynccontextmanager
    async def watching(app: Any) -> AsyncIterator[None]:
        watch = asyncio.create_task(watched(house.shelf.values(), house.watching))
        yield
        watch.cancel()
        with suppress(asyncio.CancelledError):
            await watch
        for threads in (house.threads, house.aside, house.watching):
            threads.shutdown()

    return watching


def _routes(house: House) -> list[Route]:
    plain, tensors = Plain(house), OpenInference(house)

    async def metrics(request: Request) -> Response:
        return Response(house.meters.written(), media_type="text/plain; version=0.0.4")

    async def openapi(request: Request) -> Response:
        return json_of(described(house))

    model = "/v2/models/{name}"
    return [
        Route("/v1/models/{name}/predict", plain.predict, methods=["POST"]),
        Route("/v1/models/{name}/explain", plain.explain, methods=["POST"]),
        Route("/v1/models/{name}/stream", plain.stream, methods=["POST"]),
        Route("/v1/models", plain.models),
        *(
            Route(f"{model}{of_version}{end}", door, methods=methods)
            for of_version in ("", "/versions/{version}")
            for end, door, methods in (
                ("/infer", tensors.infer, ["POST"]),
                ("/ready", tensors.model_ready, ["GET"]),
                ("", tensors.model, ["GET"]),
            )
        ),
        Route("/v2/health/live", tensors.live),
        Route("/v2/health/ready", tensors.ready),
        Route("/v2", tensors.server),
        Route("/metrics", metrics),
        Route("/openapi.json", openapi),
    ]
