"""What is asked of prices: how much is a rise, what is tried, how it is judged."""

from dataclasses import dataclass

from recurra.errors import SettingsError
from recurra.rises.networks import NETWORKS

__all__ = ["RiseSettings"]


@dataclass(frozen=True)
class RiseSettings:
    """What is asked of the prices, and how the answer is judged.

    Args:
        rise: a row is positive from this rise of the close on, as a share.
        fall: a row is negative up to this change, and rows between are left out; None: every row
            that is not positive is negative.
        window: days seen, the last one D-1.
        models: the networks tried, names of `NETWORKS`; the verdict is corrected for their number.
        units: of each network.
        epochs: the most.
        batch_size: rows a step.
        learning_rate: of Adam.
        folds: refits of the walk-forward; 1 with fixed dates.
        validate_from: first day of validation, with `test_from`; None walks forward.
        test_from: first day of the test.
        holdings: most tickers held at once in the simulation of trading.
        cost: of buying or selling, as a share of what is traded.
        repeats: draws behind the intervals.
        seed: of everything that is drawn.
    """

    rise: float = 0.05
    fall: float | None = None
    window: int = 10
    models: tuple[str, ...] = ("gru",)
    units: int = 32
    epochs: int = 15
    batch_size: int = 512
    learning_rate: float = 2e-3
    folds: int = 3
    validate_from: str | None = None
    test_from: str | None = None
    holdings: int = 5
    cost: float = 0.0015
    repeats: int = 300
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.rise < 1:
            raise SettingsError(f"the rise must lie between 0 % and 100 %, but it is {self.rise}.")
        if self.fall is not None and not self.fall < self.rise:
            raise SettingsError(f"the fall {self.fall} must be below the rise {self.rise}.")
        if self.window < 1 or self.folds < 1 or self.epochs < 1:
            raise SettingsError("window, folds and epochs must be at least 1.")
        wrong = [name for name in self.models if name not in NETWORKS]
        if wrong or not self.models:
            raise SettingsError(
                f"a network must be one of {', '.join(NETWORKS)}, but {wrong or 'none'} came."
            )
        if (self.validate_from is None) != (self.test_from is None):
            raise SettingsError("give the first day of validation and of the test, or neither.")
