"""Where the units of a piece of work are done: here, in processes of this machine, on a cluster.

::

    for name, found in executor.each(function, shared, items, folder=…, listener=…, logs=…):
        found = function(shared, items[name], listener, folder / name)     as each ends

Units know nothing of each other. `shared` is sent once to each worker, an item once a unit, and
what is found comes back. A unit whose worker dies, or that fails, is done once more; one that fails
twice is given as `Failed`, and the others go on. Whatever ends the loop ends all that was begun.

Sums of floating-point numbers depend on how many threads share them. So every worker cuts its work
for as many threads as this process would (`recurra.executing.workers.threads`), and finds the same
to the bit, on as few processors as it may have.
"""

import re
import socket
from importlib.util import find_spec

from recurra.errors import SettingsError
from recurra.executing.units import Executor, Failed, Function, Here, failures
from recurra.extras import how_to_install

__all__ = ["Executor", "Failed", "Function", "Here", "executor_named", "failures"]

WAYS = "processes:N, ray or ray://HOST:PORT"
MOST = 1024  # processes of one machine
PATIENCE = 5.0  # seconds that the head of a cluster has to answer


def executor_named(name: str | None) -> Executor:
    """Give an executor by its name; nothing is begun yet, and nothing heavy is loaded.

    Args:
        name: "processes:4", "ray" (the cluster of this machine, else one is begun for the time of
            the work) or "ray://head:10001"; None: this process.

    Raises:
        SettingsError: it is none of these, what it needs is not installed, or nothing answers.

    Example:
        >>> executor_named("processes:2")
        Processes(count=2)
    """
    if name is None:
        return Here()
    processes = re.fullmatch(r"processes:(\d{1,9})", name)
    if processes:
        return _processes(int(processes[1]))
    cluster = re.fullmatch(r"ray(://([^/:\s]+):(\d{1,5}))?", name)
    if not cluster:
        raise SettingsError(f"--on must be {WAYS}, but it is {name!r}.")
    _need("ray")
    if cluster[1]:
        _need("grpc")
        _reach(cluster[2], int(cluster[3]))
    from recurra.executing.cluster import Cluster

    return Cluster(name if cluster[1] else None)


def _processes(count: int) -> Executor:
    from recurra.executing.processes import Processes

    if not 1 <= count <= MOST:
        raise SettingsError(f"--on processes:N needs an N from 1 to {MOST:,}, but it is {count:,}.")
    return Processes(count)


def _need(module: str) -> None:
    if find_spec(module) is None:
        raise SettingsError(
            f"--on ray needs Ray, but {module} is not installed: {how_to_install('cluster')}"
        )


def _reach(host: str, port: int) -> None:
    try:
        socket.create_connection((host, port), PATIENCE).close()
    except (OSError, OverflowError, UnicodeError) as error:
        raise SettingsError(
            f"a Ray cluster must answer at --on ray://{host}:{port}, but none does ({error}). On "
            "its head, `ray start --head` opens the port 10001; or leave out --on."
        ) from None
