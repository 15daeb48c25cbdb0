"""A studio with its door to the network."""

import secrets
import webbrowser
from collections.abc import Callable
from pathlib import Path

from threadpoolctl import threadpool_limits

from recurra.errors import SettingsError
from recurra.serving.keys import Keys, is_loopback
from recurra.serving.listening import answer, listening_at
from recurra.studio.app import app_of
from recurra.studio.house import Studio
from recurra.studio.limits import Room

__all__ = ["run_studio"]

MERCY = 3  # seconds in which what was begun may end


def run_studio(
    runs: Path, host: str, port: int, *, opened: bool, told: Callable[[str], None]
) -> None:
    """Show the studio until SIGTERM or Ctrl-C.

    Args:
        runs: the folder of run folders.
        host: the address to listen to; of others than this machine's own, a token is asked for.
        port: of it; 0 for any that is free.
        opened: whether a browser is told to open the page.
        told: is told the address.

    Raises:
        SettingsError: the port is taken, the address is not of this machine, or the folder is
            none.
    """
    if runs.exists() and not runs.is_dir():
        raise SettingsError(f"--runs must be a folder, but {runs} is a file.")
    socket = listening_at(host, port)
    token = None if is_loopback(host) else secrets.token_urlsafe(24)
    name = f"[{host}]" if ":" in host else host
    hosts = None if token else tuple(dict.fromkeys([name, "localhost", "127.0.0.1", "[::1]"]))
    studio = Studio(runs, Room(), None if token is None else Keys([token]), hosts)
    place = f"http://{name}:{socket.getsockname()[1]}/" + (f"?token={token}" if token else "")
    told(place)
    if opened:
        webbrowser.open(place)
    with threadpool_limits(1):  # many are answered at once: threads of one product only wait
        answer(app_of(studio), socket, MERCY)
