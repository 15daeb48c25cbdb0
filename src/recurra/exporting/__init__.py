"""Saved networks in the files of others: ONNX and Keras.

Example:
    >>> from recurra.exporting import to_keras, to_onnx
    >>> to_onnx  # doctest: +ELLIPSIS
    <function to_onnx at ...>
"""

from recurra.exporting.saved import exportable, to_keras, to_onnx

__all__ = ["exportable", "to_keras", "to_onnx"]
