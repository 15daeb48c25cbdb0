"""What can go wrong, as one tree.

::

    RecurraError                 the work failed                             exit code 1
    ├── SourceError              a service on the network gave nothing usable
    └── InputError (ValueError)  what was given cannot be used               exit code 2
        ├── DataError            a file, a column, labels, rows
        │   └── LeakError        training would see what the test asks
        ├── SettingsError        an option or an argument
        ├── BundleError          a saved model: damaged, incomplete, newer
        └── RunError             a run folder: occupied, unreadable, another run's

Every message says what must hold, what arrived, and what to do.
"""

from recurra.wording import agreed, language

__all__ = [
    "BundleError",
    "DataError",
    "InputError",
    "LeakError",
    "RecurraError",
    "RunError",
    "SettingsError",
    "SourceError",
]


class RecurraError(Exception):
    """Base of every error that Recurra raises on purpose."""

    exit_code = 1

    def __str__(self) -> str:
        """Give the message: in English it agrees in number, to be told in Korean it stays."""
        said = super().__str__()
        return agreed(said) if language() == "en" else said


class SourceError(RecurraError):
    """A service on the network gave nothing usable; it may do so later."""


class InputError(RecurraError, ValueError):
    """What was given cannot be used; giving something else helps."""

    exit_code = 2


class DataError(InputError):
    """A file, a column, the labels or the rows cannot be used."""


class LeakError(DataError):
    """Training would see what the test asks: the score would be of no worth."""


class SettingsError(InputError):
    """An option or an argument cannot be used."""


class BundleError(InputError):
    """A saved model cannot be used: it is damaged, incomplete, or from a newer version."""


class RunError(InputError):
    """A run folder cannot be used: it is occupied, unreadable, or belongs to another run."""
