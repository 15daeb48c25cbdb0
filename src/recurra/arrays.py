"""Names for the arrays that most of the package speaks of."""

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Array", "Bools", "Codes", "Dates", "Floats", "Floats32", "Rows", "Texts"]

Array = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int32]  # rows of a table, such as a vocabulary
Dates = npt.NDArray[np.datetime64]
Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]  # what a network reads and is made of
Rows = npt.NDArray[np.int64]  # numbers of rows, or of the group of each row
Texts = npt.NDArray[np.object_]
