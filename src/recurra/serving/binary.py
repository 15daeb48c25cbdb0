"""Tensors as bytes behind the JSON, as clients of KServe and Triton send them by default.

::

    BYTES         of each text its length in 4 bytes, then its UTF-8
    FP32, FP64    the numbers, row by row

All little-endian. A header says how many bytes the JSON has.
"""

import struct
from typing import Any

import numpy as np

from recurra.serving.questions import Infer, NumberTensor, Output, TextTensor
from recurra.serving.refusals import RefusedError

__all__ = ["HEADER", "asked_as_bytes", "bytes_of", "cut", "filled"]

HEADER = "Inference-Header-Content-Length"
NUMBERS = {"FP32": "<f4", "FP64": "<f8"}
LENGTH = struct.Struct("<I")


def cut(body: bytes, header: str | None) -> tuple[bytes, bytes]:
    """Cut a body into its JSON and the bytes behind it.

    Raises:
        RefusedError: the header is no number of bytes of this body.
    """
    if header is None:
        return body, b""
    if not (header.isascii() and header.isdigit() and int(header[:20]) <= len(body)):
        raise RefusedError(
            400,
            f"{HEADER} must be how many of the body's {len(body):,} bytes are JSON, but it is "
            f"{header[:60]!r}.",
        )
    return body[: int(header)], body[int(header) :]


def filled(tensor: TextTensor | NumberTensor, behind: bytes) -> TextTensor | NumberTensor:
    """Give a tensor with its data, which may be the bytes behind the JSON.

    Raises:
        RefusedError: there are no data, or others than it says.
    """
    size = tensor.parameters.binary_data_size if tensor.parameters else None
    if (size is None) == (tensor.data is None):
        raise RefusedError(400, "a tensor must have either data or parameters.binary_data_size.")
    if (size or 0) != len(behind):
        raise RefusedError(
            400,
            f"as many bytes must follow the JSON as its tensor has, {size or 0:,}, but there are "
            f"{len(behind):,}.",
        )
    if size is None:
        return tensor
    read = _texts if isinstance(tensor, TextTensor) else _numbers
    return tensor.model_copy(update={"data": read(tensor.datatype, behind)})


def _texts(_: str, content: bytes) -> list[str]:
    texts, at = [], 0
    while at < len(content):
        end = at + LENGTH.size
        if end <= len(content):
            end += LENGTH.unpack_from(content, at)[0]
        if end > len(content):
            raise RefusedError(400, "each text must have its length in 4 bytes, then its bytes.")
        try:
            texts.append(content[at + LENGTH.size : end].decode())
        except UnicodeDecodeError:
            raise RefusedError(400, f"texts must be UTF-8, but text {len(texts)} is not.") from None
        at = end
    return texts


def _numbers(datatype: str, content: bytes) -> list[float]:
    kind = np.dtype(NUMBERS[datatype])
    if len(content) % kind.itemsize:
        raise RefusedError(
            400,
            f"{datatype} must have {kind.itemsize} bytes a number, but there are "
            f"{len(content):,} bytes.",
        )
    numbers = np.frombuffer(content, kind)
    if not np.isfinite(numbers).all():
        raise RefusedError(400, "every number must be finite.")
    found: list[float] = numbers.tolist()
    return found


def asked_as_bytes(asked: Infer, name: str) -> bool:
    """Say whether an output is wanted as bytes: as it says itself, or else as all are."""
    of_all = asked.parameters and asked.parameters.binary_data_output
    output = next((each for each in asked.outputs or [] if each.name == name), Output(name=name))
    own = output.parameters and output.parameters.binary_data
    return bool(of_all if own is None else own)


def bytes_of(datatype: str, array: Any) -> bytes:
    """Give a tensor's values as bytes."""
    if datatype in NUMBERS:
        return np.ascontiguousarray(array, NUMBERS[datatype]).tobytes()
    texts = [str(text).encode() for text in np.ravel(array)]
    return b"".join(LENGTH.pack(len(text)) + text for text in texts)
