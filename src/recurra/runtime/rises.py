"""A saved model of rises, without Keras or JAX. Its prices are pandas' frames."""

from recurra.answers.rises import RiseAnswers
from recurra.bundle import Bundle
from recurra.operations.kinds import Shape
from recurra.runtime.models import SavedNetwork

__all__ = ["SavedRiser"]


class SavedRiser(RiseAnswers, SavedNetwork):
    """A saved `SequenceRiser`."""

    kind = "SequenceRiser"

    def _restore(self, bundle: Bundle) -> None:
        self.model = str(self.settings.get("model"))
        super()._restore(bundle)

    @property
    def threshold(self) -> float:
        """The probability from which a row is called a rise."""
        return float(self.threshold_)

    @property
    def trained_to(self) -> str:
        """The last day of the rows it was fitted on."""
        return self.trained_to_

    @property
    def window(self) -> int:
        """How many days it sees."""
        return self.window_

    def _told(self) -> Shape:
        return Shape(1, steps=False)

    def _read(self) -> tuple[int, int]:
        return len(self.names_) + 2, 0
