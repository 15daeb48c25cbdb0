"""What there is to ask, for OpenAPI."""

from importlib.metadata import version
from typing import Any

from pydantic.json_schema import models_json_schema

from recurra.serving.binary import HEADER
from recurra.serving.house import House
from recurra.serving.questions import Explain, Infer, Predict, Stream

__all__ = ["described"]

QUESTIONS = (Predict, Explain, Stream, Infer)
REFUSALS = {
    "400": "The question cannot be answered.",
    "401": "A key is needed.",
    "404": "There is no such model or session.",
    "408": "The body did not arrive in time.",
    "413": "It is too much.",
    "415": "The body is not plain JSON.",
    "429": "As many sessions are open as may be, or one client asks too often.",
    "500": "The server failed. Its log says where.",
    "503": "As many requests are being answered as may be, or the answer took too long.",
}
BYTES = "application/octet-stream"  # JSON, and values behind it
Operation = dict[str, Any]


def described(house: House) -> dict[str, Any]:
    """Give the description of a server."""
    _, schemas = models_json_schema(
        [(kind, "validation") for kind in QUESTIONS], ref_template="#/components/schemas/{model}"
    )
    secured: Operation = {} if house.keys is None else {"security": [{"key": []}]}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Recurra", "version": version("recurra")},
        **secured,
        "paths": _paths(list(house.shelf)),
        "components": {
            "schemas": {**schemas["$defs"], "Refusal": _refusal()},
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _refusal() -> dict[str, Any]:
    error = {"type": "string", "examples": ["the model must be spam, but it is 'spma'."]}
    return {"type": "object", "required": ["error"], "properties": {"error": error}}


def _paths(names: list[str]) -> dict[str, Any]:
    plain, tensors = "/v1/models/{name}", "/v2/models/{name}"
    about = {"parameters": [_path_parameter("name", names)]}
    in_version = {"parameters": [*about["parameters"], _path_parameter("version", ["1"])]}
    paths: dict[str, Any] = {
        "/v1/models": {"get": _operation("Which models there are, and what their runs found.")},
        f"{plain}/predict": about | {"post": _operation("Answer rows.", Predict)},
        f"{plain}/explain": about
        | {"post": _operation("Answer a text, and say what its tokens did.", Explain)},
        f"{plain}/stream": about
        | {"post": _operation("Read the next steps of a sequence.", Stream)},
    }
    infer = _or_bytes(_operation("Answer a tensor.", Infer))
    for place, parameters in ((tensors, about), (f"{tensors}/versions/{{version}}", in_version)):
        paths |= {
            place: parameters | {"get": _operation("What a model reads and answers.")},
            f"{place}/ready": parameters | {"get": _operation("Whether a model answers.")},
            f"{place}/infer": parameters | {"post": infer},
        }
    return paths | {
        "/v2": {"get": _operation("Which server this is.")},
        "/v2/health/live": {"get": _operation("Whether the process runs.")},
        "/v2/health/ready": {"get": _operation("Whether models answer.")},
        "/openapi.json": {"get": _operation("This description.")},
        "/metrics": {"get": _operation("Counters for Prometheus.", answers="text/plain")},
    }


def _path_parameter(name: str, values: list[str]) -> dict[str, Any]:
    schema = {"type": "string", "enum": values}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _or_bytes(operation: Operation) -> Operation:
    """Say that values may come and go as bytes behind the JSON, whose length a header tells."""
    length: dict[str, Any] = {"schema": {"type": "integer", "minimum": 0}}
    operation["parameters"] = [{"name": HEADER, "in": "header", "required": False, **length}]
    operation["requestBody"]["content"][BYTES] = {}
    operation["responses"]["200"] |= {"headers": {HEADER: length}}
    operation["responses"]["200"]["content"][BYTES] = {}
    return operation


def _operation(
    summary: str, question: type[Any] | None = None, answers: str = "application/json"
) -> Operation:
    refusal = {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}}
    refused = {status: {"description": why, "content": refusal} for status, why in REFUSALS.items()}
    done = {"description": "The answer.", "content": {answers: {}}}
    operation: Operation = {"summary": summary, "responses": {"200": done, **refused}}
    if question is not None:
        schema = {"$ref": f"#/components/schemas/{question.__name__}"}
        content = {"application/json": {"schema": schema}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation
