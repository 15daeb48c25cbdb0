"""Who may ask: keys of a file, and addresses that need them."""

import hmac
import ipaddress
from hashlib import sha256
from pathlib import Path

from recurra.errors import SettingsError

__all__ = ["Keys", "check_host", "digest", "is_loopback"]

SHORTEST = 16  # letters: no one finds such a key by trying


class Keys:
    """The keys that are accepted; only their digests are kept.

    Args:
        keys: of letters, digits and signs.

    Example:
        >>> keys = Keys(["a-long-enough-key"])
        >>> keys.know("Bearer a-long-enough-key"), keys.know("Bearer a-long-enough-kex")
        (True, False)
    """

    def __init__(self, keys: list[str]) -> None:
        self._digests = [digest(f"Bearer {key}") for key in keys]

    @classmethod
    def read(cls, path: Path) -> "Keys":
        """Read a file of keys: one a line; lines that begin with # are not read.

        Raises:
            SettingsError: it holds none, or one that is too short.
        """
        try:
            lines = [line.strip() for line in path.read_text("ascii").splitlines()]
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is not ASCII"
            raise SettingsError(f"--key-file must be a file of keys, but {path}: {why}.") from None
        keys = [line for line in lines if line and not line.startswith("#")]
        if not keys or min(map(len, keys)) < SHORTEST:
            raise SettingsError(
                f"--key-file must hold a key a line, of {SHORTEST} letters or more, but {path} "
                f"{'holds a shorter one' if keys else 'holds none'}. Make one: openssl rand -hex 32"
            )
        return cls(keys)

    def know(self, authorization: str) -> bool:
        """Say whether a header is `Bearer KEY` of one of them; how long that takes tells nothing.

        All are compared, whichever it is.
        """
        given = digest(authorization)
        return sum([hmac.compare_digest(given, known) for known in self._digests]) > 0


def digest(text: str) -> bytes:
    """Give that by which a header is known without being kept."""
    return sha256(text.encode("utf-8", "surrogatepass")).digest()


def check_host(host: str, keys: Keys | None) -> None:
    """Refuse to listen to other machines without keys.

    Raises:
        SettingsError: the host is not of this machine alone, and there are no keys.
    """
    if keys is None and not is_loopback(host):
        raise SettingsError(
            f"whoever reaches {host} could ask: it needs --key-file FILE, with a key a line. "
            "Make one (openssl rand -hex 32), or listen to this machine alone: --host 127.0.0.1"
        )


def is_loopback(host: str) -> bool:
    """Say whether only this machine reaches an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
