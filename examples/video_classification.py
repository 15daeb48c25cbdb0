"""Video classification: frames to one label, which way a shape moves.

Many to one. The data are drawn here: 8 frames of 12 × 12 pixels, a square that moves left, right,
up or down, and noise. A frame alone tells nothing, and all frames without
their order tell only the axis.

    python examples/video_classification.py [--quick]
"""

import sys

import numpy as np
from sklearn.linear_model import LogisticRegression

from recurra.backend import keras
from recurra.layers import GRU

FRAMES, SIZE, SQUARE = 8, 12, 3
WAYS = {"left": (0, -1), "right": (0, 1), "up": (-1, 0), "down": (1, 0)}


def draw_videos(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Give videos (count, frames, size, size, 1) and the number of each one's way."""
    rng = np.random.default_rng(seed)
    videos = rng.normal(0, 0.2, (count, FRAMES, SIZE, SIZE, 1)).astype("float32")
    labels = rng.integers(0, len(WAYS), count)
    for video, label in zip(videos, labels, strict=True):
        place = rng.integers(0, SIZE, 2)
        for frame in video:
            rows, columns = ((place[:, None] + np.arange(SQUARE)) % SIZE).tolist()
            frame[np.ix_(rows, columns)] += 1
            place = place + list(WAYS.values())[label]
    return videos, labels


def main(quick: bool = False) -> tuple[float, float]:
    """Train, give the accuracy of model and baseline on videos drawn anew."""
    keras.utils.set_random_seed(0)
    (x, y), (test_x, test_y) = draw_videos(800 if quick else 3000, 1), draw_videos(500, 2)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((FRAMES, SIZE, SIZE, 1)),
            layers.TimeDistributed(layers.Conv2D(8, 3, strides=2, activation="relu")),
            layers.TimeDistributed(layers.Flatten()),
            GRU(48),
            layers.Dense(len(WAYS), activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(4e-3), "sparse_categorical_crossentropy")
    model.fit(x, y, batch_size=32, epochs=12 if quick else 15, verbose=0)
    ours = float((model.predict(test_x, 250, verbose=0).argmax(1) == test_y).mean())

    unordered = LogisticRegression(max_iter=300).fit(x.mean(1).reshape(len(x), -1), y)
    theirs = unordered.score(test_x.mean(1).reshape(len(test_x), -1), test_y)
    print("accuracy on 500 videos drawn for the test (chance: 0.25)")
    print(f"convolution in each frame, GRU over frames  {ours:.3f}")
    print(f"mean of the frames, logistic regression     {theirs:.3f}")
    return ours, float(theirs)


if __name__ == "__main__":
    main("--quick" in sys.argv)
