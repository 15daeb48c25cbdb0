"""The settings of an estimator: what they must be, and how they are written down."""

from collections.abc import Mapping
from dataclasses import fields
from numbers import Integral
from typing import Any, get_type_hints

import numpy as np
from pydantic import create_model, model_validator

from recurra.errors import SettingsError
from recurra.stored import Stored

__all__ = ["check_settings", "plain", "settings_type"]

# settings that count something, of whichever estimator has them
COUNTS = {"min_count", "max_vocabulary", "max_length", "epochs", "batch_size", "members", "units"}
COUNTS |= {"horizon", "window", "season", "beam", "patience"}
MOST = 10**9
LATER = {
    "features",
    "patience",
    "truncation",
    "units",
}  # models that were saved before there was such a setting are read


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
        if value is not None and value > MOST:
            raise SettingsError(f"{name} must be at most {MOST:,}, but it is {value}.")
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


class _Settings(Stored, extra="forbid"):
    @model_validator(mode="before")
    @classmethod
    def _pairs(cls, stored: Any) -> Any:
        """Take back what `plain` gave of a dictionary."""
        return {k: dict(v) if _are_pairs(v) else v for k, v in dict(stored).items()}


def _are_pairs(stored: Any) -> bool:
    return isinstance(stored, list) and all(isinstance(each, list) for each in stored)


def settings_type(kind: type) -> type[Stored]:
    """Give the settings of an estimator as a type: its fields, each of which must be there."""
    hints = get_type_hints(kind, include_extras=True)
    named: dict[str, Any] = {
        field.name: (hints[field.name], field.default if field.name in LATER else ...)
        for field in fields(kind)
        if field.init
    }
    return create_model(f"{kind.__name__} settings", __base__=_Settings, **named)
