"""The settings of an estimator: what they must be, and how they are written down."""

from collections.abc import Mapping
from numbers import Integral
from typing import Any

import numpy as np

from recurra.errors import SettingsError

__all__ = ["check_settings", "plain"]

# settings that count something, of whichever estimator has them
COUNTS = {"min_count", "max_vocabulary", "max_length", "epochs", "batch_size", "members", "units"}
COUNTS |= {"horizon", "window", "season", "beam"}


def check_settings(settings: Mapping[str, Any]) -> None:
    """Refuse settings that no network can be trained with.

    Args:
        settings: by name; those of all estimators, and any of `COUNTS`.

    Raises:
        SettingsError: one of them cannot be used.
    """
    rate, seed, share = (settings[n] for n in ("learning_rate", "random_state", "validation_split"))
    for name in sorted(COUNTS & set(settings)):
        value = settings[name]
        if value is not None and value < 1:
            raise SettingsError(f"{name} must be at least 1, but it is {value}.")
    if rate is not None and not rate > 0:
        raise SettingsError(f"learning_rate must be above 0, but it is {rate}.")
    if not isinstance(seed, Integral) or seed < 0:
        raise SettingsError(
            f"random_state must be a whole number from 0 up, but it is {seed!r}: "
            "a result that cannot be had again cannot be checked."
        )
    if not 0 < share < 1:
        raise SettingsError(
            "validation_split must be a share between 0 and 1 (0.2 holds out a fifth), but it "
            f"is {share}."
        )


def plain(value: Any) -> Any:
    """Give what JSON can hold: NumPy's numbers as Python's, a dictionary as pairs."""
    if isinstance(value, dict):
        return [[plain(key), plain(item)] for key, item in value.items()]
    return value.item() if isinstance(value, np.generic) else value
