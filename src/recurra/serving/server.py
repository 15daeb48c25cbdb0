"""A house with its door to the network: it stops when it is told to, and finishes what it took."""

import gc
import signal
import socket
import sys
from typing import Any

import uvicorn

from recurra.errors import SettingsError
from recurra.serving.app import app_of
from recurra.serving.connections import Bounded
from recurra.serving.house import House
from recurra.serving.logs import log_to, say

__all__ = ["run_server"]

WAITING = 2048  # connections that may wait to be taken
TURN = 0.001  # seconds after which a thread that is asked lets the others go on


def run_server(house: House, host: str, port: int) -> None:
    """Answer until SIGTERM or Ctrl-C; then take no more, finish what was taken, and return.

    Args:
        house: that answers.
        host: the address to listen to.
        port: of it; 0 for any that is free.

    Raises:
        SettingsError: the port is taken, or the address is not of this machine.
    """
    listening = _listening(host, port)
    log_to()
    sys.setswitchinterval(TURN)
    gc.freeze()  # models stay: they need not be looked through again and again
    server = uvicorn.Server(
        uvicorn.Config(
            app_of(house),
            http=Bounded,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=int(house.limits.seconds) + 1,
        )
    )
    for number in (signal.SIGTERM, signal.SIGINT):  # uvicorn raises them again when it is done
        signal.signal(number, _heard)
    address, at = listening.getsockname()[:2]
    place = f"http://{f'[{address}]' if ':' in address else address}:{at}"
    say("started", at=place, models=list(house.shelf), keys=house.keys is not None)
    server.run(sockets=[listening])
    say("stopped")


def _heard(number: int, frame: Any) -> None:
    """Uvicorn has done what there is to do."""


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=WAITING)
    except OSError as error:
        raise SettingsError(
            f"the server must be able to listen to {host}, port {port}, but: {error.strerror}. "
            "Give another: --port 8001"
        ) from None
