"""An app with its door to the network: it stops when it is told to, and finishes what it took."""

import errno
import gc
import signal
import socket
import sys
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from recurra.errors import SettingsError
from recurra.serving.connections import Bounded

__all__ = ["answer", "listening_at"]

WAITING = 2048  # connections that may wait to be taken
TURN = 0.001  # seconds after which a thread that is asked lets the others go on


def answer(app: ASGIApp, listening: socket.socket, mercy: int) -> None:
    """Answer at a socket with an app, until SIGTERM or Ctrl-C.

    Args:
        app: that answers.
        listening: where.
        mercy: seconds in which what was taken then may end.
    """
    sys.setswitchinterval(TURN)
    gc.freeze()  # models stay: they need not be looked through again and again
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            http=Bounded,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=mercy,
        )
    )
    for number in (signal.SIGTERM, signal.SIGINT):  # uvicorn raises them again when it is done
        signal.signal(number, _heard)
    server.run(sockets=[listening])


def _heard(number: int, frame: Any) -> None:
    """Uvicorn has done what there is to do."""


def listening_at(host: str, port: int) -> socket.socket:
    """Give a socket that listens.

    Raises:
        SettingsError: the port is taken, or the address is not of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=WAITING)
    except OSError as error:
        why = f"the server must be able to listen to {host}, port {port}, but: {error.strerror}."
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            raise SettingsError(f"{why} Give another: --port {port % 65535 + 1}") from None
        raise SettingsError(f"{why} Give an address of this machine: --host 127.0.0.1") from None
