"""`recurra serve`."""

import os
from importlib.util import find_spec
from math import inf
from pathlib import Path
from typing import Annotated

import typer

from recurra.cli.app import app
from recurra.errors import SettingsError
from recurra.extras import how_to_install

NEEDED = ("starlette", "uvicorn", "httptools", "prometheus_client")


@app.command()
def serve(
    runs: Annotated[
        list[str], typer.Argument(help="RUN or NAME=RUN: run folders, or model folders in them.")
    ],
    host: Annotated[str, typer.Option(help="The address to listen to.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of it; 0: any that is free.")] = 8000,
    key_file: Annotated[
        Path | None, typer.Option(help="A file of keys, one a line; others are not answered.")
    ] = None,
    body: Annotated[int, typer.Option(min=1, help="The most bytes of a request.")] = 1 << 20,
    rows: Annotated[int, typer.Option(min=1, help="The most rows of a request.")] = 256,
    letters: Annotated[int, typer.Option(min=1, help="The most letters of a text.")] = 20_000,
    requests: Annotated[int, typer.Option(min=1, help="The most requests at a time.")] = 128,
    seconds: Annotated[float, typer.Option(help="The longest that a request may take.")] = 10.0,
    sessions: Annotated[
        int, typer.Option(min=1, help="The most sequences read in pieces at a time.")
    ] = 1000,
    idle: Annotated[float, typer.Option(help="Seconds after which an unused one ends.")] = 600.0,
    rate: Annotated[
        float | None,
        typer.Option(
            min=0.001, help="Requests a second of one client: a key, else an address [any]."
        ),
    ] = None,
) -> None:
    """Answer over HTTP with saved models: texts, sequences, words to tag, series to forecast.

    The plain door is POST /v1/models/NAME/predict; GET /openapi.json says what else there is.
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise SettingsError(
            f"serve needs {', '.join(missing)}, which this Python does not have: "
            f"{how_to_install('serve')}"
        )
    os.environ.setdefault("RECURRA_SPIN", "0")  # processors that look out for work answer nobody
    from recurra.serving.keys import Keys, check_host
    from recurra.serving.limits import Limits
    from recurra.serving.shelf import named_runs

    keys = None if key_file is None else Keys.read(key_file)
    check_host(host, keys)
    each = inf if rate is None else rate
    limits = Limits(body, rows, letters, requests, seconds, sessions, idle, each)
    named = named_runs(runs)
    from recurra.serving.house import House
    from recurra.serving.server import run_server

    run_server(House(named, limits, keys), host, port)
