"""State detection: raise an alarm when a machine's sensor changes its behaviour.

Many to one over a sliding window. The data are drawn here: a sensor whose values come one a minute
with the same mean and the same spread in both states; only how a value follows the one before it
changes when the machine is faulty. Each value alone says nothing: memory is needed.

    python examples/state_detection.py [--quick]
"""

import sys

import numpy as np
from sklearn.linear_model import LogisticRegression

from recurra.backend import keras
from recurra.layers import GRU

MINUTES_A_DAY = 1440
WINDOW = 32
FAULT = 60  # minutes that a fault lasts
SUSTAINED = 3  # minutes that a score must hold to be an alarm
MOST_FALSE_ALARMS = 2.0  # a day, on the validation stream


def draw_stream(days: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Give values and states: x_t = φ x_{t-1} + √(1 - φ²) noise, φ 0.7, in a fault -0.2."""
    rng = np.random.default_rng(seed)
    minutes = int(days * MINUTES_A_DAY)
    state = np.zeros(minutes, bool)
    for start in range(200, minutes - FAULT, 300):
        begin = start + int(rng.integers(0, 150))
        state[begin : begin + FAULT] = True
    values = np.zeros(minutes)
    for t in range(1, minutes):
        phi = -0.2 if state[t] else 0.7
        values[t] = phi * values[t - 1] + np.sqrt(1 - phi**2) * rng.normal()
    return values.astype("float32"), state


def windows(values: np.ndarray) -> np.ndarray:
    """Give the window that ends at each minute from the first whole one on, (minutes, 32)."""
    return np.lib.stride_tricks.sliding_window_view(values, WINDOW)


def alarms(scores: np.ndarray, state: np.ndarray, threshold: float) -> tuple[float, float]:
    """Give the mean delay in minutes and the false alarms a day.

    An alarm is raised when the score has reached the threshold for three minutes. A fault that is
    never noticed counts with its whole length. For an hour after a fault nothing is counted: the
    window still holds it.
    """
    held = np.lib.stride_tricks.sliding_window_view(scores, SUSTAINED).min(1)
    reached = np.concatenate([np.zeros(SUSTAINED - 1, bool), held >= threshold])
    raised = reached & ~np.concatenate([[False], reached[:-1]])
    starts = np.flatnonzero(state & ~np.concatenate([[False], state[:-1]]))
    delays, quiet = [], ~state
    for start in starts:
        noticed = np.flatnonzero(reached[start : start + FAULT])
        delays.append(noticed[0] if len(noticed) else FAULT)
        quiet[start : start + 2 * FAULT] = False
    return float(np.mean(delays)), raised[quiet].sum() / quiet.sum() * MINUTES_A_DAY


def threshold_for(scores: np.ndarray, state: np.ndarray) -> float:
    """Give the lowest threshold with few enough false alarms on the validation stream."""
    levels = np.quantile(scores, np.linspace(0.5, 1, 300))
    return float(
        next(
            t for t in levels if alarms(scores, state, t)[1] <= MOST_FALSE_ALARMS or t == levels[-1]
        )
    )


def main(quick: bool = False) -> tuple[float, float]:
    """Train, choose thresholds on validation, give minus the delays of model and baseline."""
    keras.utils.set_random_seed(0)
    days = 4 if quick else 12
    (train, train_state), (check, check_state), (test, test_state) = (
        draw_stream(d, seed) for seed, d in enumerate((days, days, days / 2))
    )
    x, y = windows(train)[..., None], train_state[WINDOW - 1 :].astype("float32")
    model = keras.Sequential(
        [keras.Input((WINDOW, 1)), GRU(16), keras.layers.Dense(1, activation="sigmoid")]
    )
    model.compile(keras.optimizers.Adam(5e-3), "binary_crossentropy")
    model.fit(x, y, batch_size=128, epochs=6 if quick else 10, verbose=0)

    def moments(values: np.ndarray) -> np.ndarray:
        seen = windows(values)
        return np.stack([seen[:, -1], seen.mean(1), seen.std(1)], axis=1)

    linear = LogisticRegression(class_weight="balanced").fit(moments(train), y)
    scorers = {
        "GRU over 32 minutes": lambda v: model.predict(windows(v)[..., None], 512, verbose=0)[:, 0],
        "mean and spread of 32 minutes": lambda v: linear.predict_proba(moments(v))[:, 1],
    }
    delays = []
    print(f"{'':32} delay, minutes   false alarms a day   ({days / 2:.0f} days drawn for the test)")
    for name, score in scorers.items():
        threshold = threshold_for(score(check), check_state[WINDOW - 1 :])
        delay, false = alarms(score(test), test_state[WINDOW - 1 :], threshold)
        print(f"{name:32} {delay:14.1f} {false:20.1f}")
        delays.append(delay)
    return -delays[0], -delays[1]


if __name__ == "__main__":
    main("--quick" in sys.argv)
