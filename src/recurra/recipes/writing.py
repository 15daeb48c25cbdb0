"""What the recipes of networks that write share: looking for leaks."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from recurra.evaluation import leaks
from recurra.evaluation.splits import Split
from recurra.text import Vocabulary

__all__ = ["probes"]

Rows = npt.NDArray[np.int64]


def probes(
    groups: Rows,
    split: Split,
    known: Sequence[tuple[str, Vocabulary, Sequence[Sequence[str]]]],
    min_count: int,
) -> list[leaks.Probe]:
    """Look for rows on two sides, and for tokens that training rows alone would not have taught.

    Args:
        groups: (rows,) equal numbers mark rows that are nearly the same.
        split: the sides.
        known: for each vocabulary its name, itself, and the tokens of every training row.
        min_count: how often a token had to be seen to be known.
    """
    both = np.isin(groups[split.test], groups[split.fitted_on])
    between = np.isin(groups[split.validation], groups[split.train])
    found = [
        leaks.Probe(
            probe="rows in both sides",
            passed=not (both.any() or between.any()),
            detail=f"{both.sum():,} of {len(both):,} test rows have a near duplicate in training "
            f"or validation, and {between.sum():,} of {len(between):,} validation rows in "
            "training.",
        )
    ]
    for name, vocabulary, documents in known:
        probe = leaks.vocabulary(vocabulary.tokens[2:], min_count, [documents])
        found.append(probe.model_copy(update={"probe": f"{probe.probe}{name}"}))
    return found
