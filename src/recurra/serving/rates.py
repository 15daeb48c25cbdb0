"""How often one client may ask.

::

    due = max(due, now)                    when the client's last request would have been due
    due - now > 1 - 1 / rate               it is too early: refused
    due = due + 1 / rate                   it is taken

A client may so ask for a second's worth at once, and then as often as `rate` says.

Source: the generic cell rate algorithm of ITU-T I.371.
"""

from collections import OrderedDict

__all__ = ["Rates"]

MOST_CLIENTS = 10_000  # remembered; whoever asked longest ago is forgotten first


class Rates:
    """When each client may ask again.

    Args:
        rate: requests a second of one client.

    Example:
        >>> rates = Rates(2)
        >>> [rates.early("ann", now=0.0) for _ in range(3)], rates.early("bob", now=0.0)
        ([0.0, 0.0, 0.5], 0.0)
        >>> rates.early("ann", now=0.5)
        0.0
    """

    def __init__(self, rate: float) -> None:
        self._each = 1 / rate
        self._slack = max(0.0, 1 - self._each)
        self._due: OrderedDict[str | bytes, float] = OrderedDict()

    def early(self, client: str | bytes, now: float) -> float:
        """Take a request, or give by how many seconds it comes too early.

        Args:
            client: who asks, by an address or the digest of a key.
            now: in seconds, of a clock that never goes back.
        """
        due = max(self._due.get(client, now), now)
        early = due - now - self._slack
        if early > 1e-9:
            return early
        self._due[client] = due + self._each
        self._due.move_to_end(client)
        if len(self._due) > MOST_CLIENTS:
            self._due.popitem(last=False)
        return 0.0
