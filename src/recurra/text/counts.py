"""How often things are seen, in a memory that does not grow without end."""

from collections import Counter
from collections.abc import Hashable
from typing import TypeVar

__all__ = ["MOST_KINDS", "Counts"]

MOST_KINDS = 1_000_000  # of tokens or terms that are counted at once, where no memory holds all

Thing = TypeVar("Thing", bound=Hashable)


class Counts(Counter[Thing]):
    """A counter that forgets what is rare when it has become too long.

    ::

        longer than `most`:  the more frequent half stays;  forgotten += the count cut at

    So what was seen more often than `forgotten` is there, and its count is short of the true one by
    no more than that.

    Args:
        most: things counted; None for no limit.

    Attributes:
        forgotten: how often a thing may have been seen that is not counted any more.

    Example:
        >>> counts = Counts(2)
        >>> counts.update("aaabbcd")
        >>> counts.trim()
        >>> dict(counts), counts.forgotten
        ({'a': 3}, 2)
    """

    def __init__(self, most: int | None = None) -> None:
        super().__init__()
        self.most, self.forgotten = most, 0

    def trim(self) -> None:
        """Forget what is rare, where there is too much."""
        if self.most is None or len(self) <= self.most:
            return
        cut = sorted(self.values(), reverse=True)[max(1, self.most // 2)]
        self.forgotten += cut
        for thing in [thing for thing, count in self.items() if count <= cut]:
            del self[thing]
