"""The command line: parse, call, print. What is heavy is imported when a command needs it.

A module for each kind of work registers its commands with the groups of `app`: a recipe adds
itself to `train` and `compare` by its name, and to `predict` by that name or by its estimator's.
"""

from recurra.cli import (  # noqa: F401 (they register their commands)
    audit,
    bench,
    doctor,
    explain,
    export,
    forecasting,
    gather,
    generation,
    kit,
    ledger,
    look,
    market,
    multi_labels,
    runs,
    score,
    sequences,
    serve,
    states,
    stock_rise,
    streamed,
    studio,
    tagging,
    texts,
    translation,
)
from recurra.cli.app import app, main

__all__ = ["app", "main"]
