"""A house with its door to the network: it stops when it is told to, and finishes what it took."""

from threadpoolctl import threadpool_limits

from recurra.serving.app import app_of
from recurra.serving.house import House
from recurra.serving.listening import answer, listening_at
from recurra.serving.logs import log_to, say

__all__ = ["run_server"]


def run_server(house: House, host: str, port: int) -> None:
    """Answer until SIGTERM or Ctrl-C; then take no more, finish what was taken, and return.

    Args:
        house: that answers.
        host: the address to listen to.
        port: of it; 0 for any that is free.

    Raises:
        SettingsError: the port is taken, or the address is not of this machine.
    """
    listening = listening_at(host, port)
    log_to()
    address, at = listening.getsockname()[:2]
    place = f"http://{f'[{address}]' if ':' in address else address}:{at}"
    say("started", at=place, models=list(house.shelf), keys=house.keys is not None)
    with threadpool_limits(1):  # requests share the processors; products of so few rows do not
        answer(app_of(house), listening, int(house.limits.seconds) + 1)
    say("stopped")
