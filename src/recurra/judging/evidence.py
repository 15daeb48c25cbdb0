"""What a figure rests on: which rows are one piece of evidence.

::

    rows that belong together (copies of a message, words of a sentence)     one piece
    steps or days that follow each other                                     a piece each, in blocks

The judges leave out one part of the rows at a time, and see how a measure moves
(`recurra.judging.influence`). A part is a piece or several whole ones, so that there are at most
`PARTS` of them (`STEPS` in time) however many the rows.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recurra.arrays import Rows

__all__ = ["Evidence"]

CELLS = 2_000_000  # of a table of weights or draws that is held at once
PARTS = 300  # an error is then known within 1 / sqrt(2 * 300), 4 %, and Student's t allows for it
STEPS = 1000  # the same of a series, whose parts must be fine enough to show its memory


@dataclass(frozen=True)
class Evidence:
    """Pieces of evidence.

    Args:
        pieces: (rows,) rows of one number are left out together. Where they are of time, the
            numbers are in its order.
        in_time: whether pieces that follow each other are alike; they are then left out in blocks,
            as long as what is judged asks: see `recurra.judging.blocks`.
        seed: of how pieces are mixed into parts.

    Example:
        >>> Evidence(np.array([7, 7, 9])).count
        2
    """

    pieces: Rows
    in_time: bool = False
    seed: int = 0

    @property
    def count(self) -> int:
        """How many pieces there are."""
        return len(np.unique(self.pieces))

    def parts(self) -> Rows:
        """Give each row the number of its part, from 0: whole pieces, mixed or in order of time.

        Example:
            >>> Evidence(np.array([7, 7, 9]), in_time=True).parts().tolist()
            [0, 0, 1]
        """
        place = np.unique(self.pieces, return_inverse=True)[1]
        pieces = int(place.max()) + 1
        number = np.arange(pieces) // -(-pieces // STEPS)
        if not self.in_time:
            number = np.arange(pieces) * min(PARTS, pieces) // pieces
            number = np.random.default_rng(self.seed).permutation(number)
        part: Rows = number[place]
        return part

    def effective(self, rows: npt.NDArray[np.bool_] | None = None) -> float:
        """Give how many pieces of equal size say as much as these, of all rows or of some.

        ``(rows)² / sum of (rows in piece)²``: 30 pieces of one row and one of 30 count as 3.9.

        Source: L. Kish, Survey sampling (1965).

        Example:
            >>> Evidence(np.array([1, 1, 2, 3])).effective()
            2.6666666666666665
        """
        chosen = self.pieces if rows is None else self.pieces[rows]
        sizes = np.unique(chosen, return_counts=True)[1].astype(np.float64)
        return float(sizes.sum() ** 2 / (sizes**2).sum()) if len(sizes) else 0.0
