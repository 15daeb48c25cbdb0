"""What a regressor tells, from the outputs of its networks."""

from typing import Any

import numpy as np

from recurra.answers.model import FittedModel
from recurra.arrays import Floats
from recurra.bundle import Bundle
from recurra.errors import DataError
from recurra.stored import Number, Positive, Stored

__all__ = ["QuantityAnswers"]


class _Learnt(Stored):
    target_mean: list[Number]
    target_scale: list[Positive]
    flat: bool


class QuantityAnswers(FittedModel):
    """Quantities in the units of the targets.

    Attributes:
        target_mean_, target_scale_: (k,) of the training rows.
    """

    target_mean_: Floats
    target_scale_: Floats
    _flat: bool

    def predict(self, X: Any) -> Floats:
        """Give the quantities: (rows,), or (rows, k) where `y` had k columns."""
        return self._answer(self._outputs(self._encode(X)))

    def say(self, asked: Any) -> Floats:
        """Give the quantities of rows."""
        return self.predict(asked)

    def _answer(self, outputs: Floats) -> Floats:
        outputs = outputs.reshape(-1, len(self.target_mean_))
        quantities: Floats = outputs * self.target_scale_ + self.target_mean_
        return quantities[:, 0] if self._flat else quantities

    def _learnt(self) -> dict[str, Any]:
        return {
            "target_mean": self.target_mean_.tolist(),
            "target_scale": self.target_scale_.tolist(),
            "flat": self._flat,
        }

    def _restore(self, bundle: Bundle) -> None:
        super()._restore(bundle)
        learnt = bundle.config_as(_Learnt.model_validate)
        self.target_mean_ = np.asarray(learnt.target_mean, float)
        self.target_scale_ = np.asarray(learnt.target_scale, float)
        self._flat = learnt.flat
        targets, scales = len(self.target_mean_), len(self.target_scale_)
        if targets != scales or (self._flat and targets != 1):
            raise DataError(
                f"there must be a scale for each mean of the targets, and one target where they "
                f"are flat, but there are {targets} means and {scales} scales."
            )
