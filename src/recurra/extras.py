"""How to install what only some work needs, wherever Recurra itself came from."""

import re
from importlib.metadata import PackageNotFoundError, requires

__all__ = ["how_to_install"]


def how_to_install(extra: str) -> str:
    """Give the command that brings the packages of an extra, by their own names.

    `pip install 'recurra[extra]'` looks for Recurra itself in an index, and fails where it came
    from a checkout or a file.

    Args:
        extra: such as "markets".

    Example:
        >>> how_to_install("onnx")
        "pip install 'onnx>=1.17'"
    """
    try:
        declared = requires("recurra") or []
    except PackageNotFoundError:
        declared = []
    found = [re.fullmatch(rf"([^;]+?)\s*; extra == [\"']{extra}[\"']", line) for line in declared]
    packages = " ".join(f"'{each[1]}'" for each in found if each)
    return f"pip install {packages}" if packages else f"pip install 'recurra[{extra}]'"
