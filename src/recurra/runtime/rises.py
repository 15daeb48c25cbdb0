"""A saved model of rises, without Keras or JAX. Its prices are pandas' frames."""

from recurra.answers.rises import RiseAnswers
from recurra.bundle import Bundle
from recurra.runtime.models import SavedNetwork
from recurra.runtime.operations import Shape

__all__ = ["SavedRiser"]


class SavedRiser(RiseAnswers, SavedNetwork):
    """A saved `SequenceRiser`."""

    kind = "SequenceRiser"

    def _restore(self, bundle: Bundle) -> None:
        self.model = str(self.settings.get("model"))
        super()._restore(bundle)

    def _told(self) -> Shape:
        return Shape(1, steps=False)

    def _read(self) -> tuple[int, int]:
        return len(self.names_) + 2, 0
