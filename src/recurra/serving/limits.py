"""How much a server takes."""

from dataclasses import dataclass, fields
from math import inf

from recurra.errors import SettingsError

__all__ = ["Limits"]


@dataclass(frozen=True)
class Limits:
    """How much a server takes; beyond it a request is refused.

    Args:
        body: bytes of a request.
        rows: of a request.
        letters: of a text.
        requests: answered at a time.
        seconds: that a request may take.
        sessions: sequences that are read in pieces at a time.
        idle: seconds after which a session that is not used ends.
        rate: requests a second of one client: of a key, where keys are needed, else of an address.
    """

    body: int = 1 << 20
    rows: int = 256
    letters: int = 20_000
    requests: int = 128
    seconds: float = 10.0
    sessions: int = 1000
    idle: float = 600.0
    rate: float = inf

    def __post_init__(self) -> None:
        for field in fields(self):
            if not getattr(self, field.name) > 0:
                raise SettingsError(
                    f"--{field.name} must be above 0, but it is {getattr(self, field.name)}."
                )
