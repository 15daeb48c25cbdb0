"""The Open Inference Protocol, version 2: what KServe's and Triton's clients speak over HTTP."""

from importlib.metadata import version
from math import prod
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from recurra.serving.binary import HEADER, asked_as_bytes, bytes_of, cut, filled
from recurra.serving.house import House
from recurra.serving.limits import Limits
from recurra.serving.models import Model, Tensor, check_rows
from recurra.serving.questions import Infer, NumberTensor, Predict, TextTensor, question_in
from recurra.serving.refusals import RefusedError
from recurra.serving.written import json_of, json_with_sentences
from recurra.wording import retold

__all__ = ["OpenInference"]

VERSION = "1"  # a name is one model
EXTENSIONS = ["binary_tensor_data"]


class OpenInference:
    """The doors under /v2.

    Args:
        house: where the models are.
    """

    def __init__(self, house: House) -> None:
        self._house = house

    async def server(self, request: Request) -> Response:
        """Say which server this is."""
        return json_of({"name": "recurra", "version": version("recurra"), "extensions": EXTENSIONS})

    async def live(self, request: Request) -> Response:
        """Say that the process runs."""
        return json_of({"live": True})

    async def ready(self, request: Request) -> Response:
        """Say that models answer, and which of them are not the newest on disk."""
        outdated = [name for name, served in self._house.shelf.items() if served.remark]
        return json_of({"ready": True, "outdated": outdated})  # why, only whoever has a key is told

    async def model_ready(self, request: Request) -> Response:
        """Say that a model answers."""
        served = self._house.served(request)
        self._check_version(request)
        remark = served.remark and retold(served.remark)
        return json_with_sentences({"name": served.name, "ready": True, "remark": remark})

    async def model(self, request: Request) -> Response:
        """Say which tensors a model reads and answers."""
        served = self._house.served(request)
        self._check_version(request)
        model = served.now.model
        return json_of(
            {
                "name": served.name,
                "versions": [VERSION],
                "platform": f"recurra_{model.kept.kind}",
                "inputs": [_described(model.inputs)],
                "outputs": [_described(tensor) for tensor in model.outputs],
            }
        )

    async def infer(self, request: Request) -> Response:
        """Answer a tensor."""
        served = self._house.served(request)
        self._check_version(request)
        now = served.now
        head, behind = cut(await self._house.body(request), request.headers.get(HEADER))
        asked = question_in(head, Infer)
        wanted = _wanted(asked, now.model)
        limits = self._house.limits
        rows = now.model.rows(_rows_of(filled(asked.inputs[0], behind), now.model, limits), limits)
        said = await now.said(rows)
        found = zip(now.model.outputs, now.model.tensors(said), strict=True)
        about: dict[str, Any] = {"model_name": served.name, "model_version": VERSION}
        about |= {} if asked.id is None else {"id": asked.id}
        return _answer(about, asked, [(*of, array) for of, array in found if of[0] in wanted])

    def _check_version(self, request: Request) -> None:
        given = request.path_params.get("version", VERSION)
        if given != VERSION:
            raise RefusedError(404, f"the version must be {VERSION}, but it is {given[:60]!r}.")


def _answer(about: dict[str, Any], asked: Infer, found: list[Any]) -> Response:
    """Write outputs into JSON, and behind it those that are wanted as bytes."""
    outputs, behind = [], []
    for name, datatype, _, array in found:
        output = {"name": name, "datatype": datatype, "shape": list(array.shape)}
        if asked_as_bytes(asked, name):
            behind.append(bytes_of(datatype, array))
            output["parameters"] = {"binary_data_size": len(behind[-1])}
        else:
            output["data"] = array.ravel().tolist()
        outputs.append(output)
    answer = json_of(about | {"outputs": outputs})
    if not behind:
        return answer
    length = {HEADER: str(len(answer.body))}
    return Response(
        b"".join([answer.body, *behind]), headers=length, media_type="application/octet-stream"
    )


def _described(tensor: Tensor) -> dict[str, Any]:
    return dict(zip(("name", "datatype", "shape"), tensor, strict=True))


def _wanted(asked: Infer, model: Model) -> set[str]:
    there = [name for name, _, _ in model.outputs]
    wanted = {output.name for output in asked.outputs or []} or set(there)
    if not wanted <= set(there):
        raise RefusedError(400, f"an output must be one of {', '.join(there)}.")
    return wanted


def _rows_of(given: TextTensor | NumberTensor, model: Model, limits: Limits) -> Predict:
    """Read a tensor as rows.

    Raises:
        RefusedError: it is another than the model reads, not of its shape, or too much.
    """
    name, _, shape = model.inputs
    numbers = isinstance(given, NumberTensor)
    if given.name != name or numbers != (model.reads == "sequences"):
        raise RefusedError(
            400,
            f"the input must be {_described(model.inputs)}, but it is called {given.name[:60]!r} "
            f"and has {given.datatype}.",
        )
    check_rows(given.shape[0], model.reads, limits)
    data = _flat(given.data or [])
    if prod(given.shape) != len(data):
        raise RefusedError(
            400, f"data must fill the shape {given.shape}, but there are {len(data):,} values."
        )
    if numbers:
        return Predict.model_construct(sequences=_sequences(data, given.shape, shape[-1]))
    if given.shape[1:] not in ([], [1]):
        raise RefusedError(
            400, f"texts must have the shape [rows] or [rows, 1], not {given.shape}."
        )
    return Predict.model_construct(texts=data)


def _sequences(data: list[float], shape: list[int], features: int) -> list[Any]:
    """Give rows of (timesteps, features); the last axis may be left out where it is 1."""
    if len(shape) == 2 and features == 1:
        shape = [*shape, 1]
    if len(shape) != 3:
        raise RefusedError(400, f"numbers must have the shape [rows, timesteps, {features}].")
    return list(np.array(data, float).reshape(shape))


def _flat(data: list[Any]) -> list[Any]:
    """Give the values of nested lists."""
    while data and isinstance(data[0], list):
        data = [value for part in data for value in part]
    return data
