"""What a step of a log and those before it are like."""

import numpy as np
import pandas as pd

from recurra.arrays import Floats

__all__ = ["LAST", "SPANS", "rolling_features"]

LAST, SPANS = 8, (8, 32, 128)  # values as they are, and steps that statistics are of


def rolling_features(steps: Floats) -> Floats:
    """Give what a step and those before it are like, (steps, channels × 20)."""
    frame = pd.DataFrame(steps)
    parts = [frame.shift(back).bfill().to_numpy() for back in range(LAST)]
    for span in SPANS:
        rolling = frame.rolling(span, min_periods=1)
        parts += [rolling.mean().to_numpy(), rolling.std().fillna(0.0).to_numpy()]
        parts += [rolling.min().to_numpy(), rolling.max().to_numpy()]
    return np.column_stack(parts)
