"""What is asked of prices; it imports nothing heavy, so that a wrong setting is told at once."""

from dataclasses import dataclass

from recurra.errors import SettingsError
from recurra.names import RISERS, one_of

__all__ = ["RiseSettings"]


@dataclass(frozen=True)
class RiseSettings:
    """What is asked of the prices, and how the answer is judged.

    Args:
        rise: a row is positive from this rise of the close on, as a share.
        fall: a row is negative up to this change, and rows between are left out; None: every row
            that is not positive is negative.
        window: days seen, the last one D-1.
        models: the networks tried, names of `RISERS`; the verdict is corrected for their number.
        units: of each network.
        epochs: the most.
        batch_size: rows a step.
        learning_rate: of Adam.
        patience: epochs without a lower validation loss, after which a network stops.
        folds: refits of the walk-forward; 1 with fixed dates.
        validate_from: first day of validation, with `test_from`; None walks forward.
        test_from: first day of the test.
        holdings: the k of precision at k, and most tickers held at once in the simulation.
        cost: of buying or selling, as a share of what is traded.
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
    patience: int = 3
    folds: int = 3
    validate_from: str | None = None
    test_from: str | None = None
    holdings: int = 5
    cost: float = 0.0015
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.rise < 1:
            raise SettingsError(f"the rise must lie between 0 % and 100 %, but it is {self.rise}.")
        if self.fall is not None and not self.fall < self.rise:
            raise SettingsError(f"the fall {self.fall} must be below the rise {self.rise}.")
        if min(self.window, self.folds, self.epochs, self.holdings) < 1:
            raise SettingsError("window, folds, epochs and holdings must be at least 1.")
        for name in self.models or ("",):
            one_of(name, RISERS, "the model")
        if (self.validate_from is None) != (self.test_from is None):
            raise SettingsError("give the first day of validation and of the test, or neither.")

    @property
    def asked(self) -> str:
        """The rise in words, such as 5 %."""
        return f"{100 * self.rise:.4g} %"
