"""A command of Recurra in a process of its own, which may have no more memory than it is lent.

python -m recurra.studio.child BYTES WORD …
"""

import runpy
import sys

__all__ = ["main"]


def main() -> None:
    """Run a command."""
    most, *words = sys.argv[1:]
    try:
        import resource
    except ImportError:  # where there is none, memory is not bounded
        pass
    else:
        if int(most):
            resource.setrlimit(resource.RLIMIT_AS, (int(most), int(most)))
    sys.argv = ["recurra", *words]
    runpy.run_module("recurra", run_name="__main__")


if __name__ == "__main__":
    main()
