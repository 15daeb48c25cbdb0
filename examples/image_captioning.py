"""Image captioning: a picture to words.

One to many. The data are drawn here: two shapes in a picture of 16 × 16 pixels, and the caption
says which stands left of which: "a red square left of a blue cross". A convolution reads the
picture; its answer is the first state of a GRU, which writes the words one by one.

    python examples/image_captioning.py [--quick]
"""

import sys

import numpy as np
from sklearn.neighbors import NearestNeighbors

from recurra.backend import keras
from recurra.layers import GRU

SIZE = 16
COLOURS = {"red": (1, 0, 0), "green": (0, 1, 0), "blue": (0, 0, 1)}
SHAPES = {
    "square": np.ones((4, 4)),
    "cross": np.array([[0, 1, 1, 0], [1, 1, 1, 1], [1, 1, 1, 1], [0, 1, 1, 0]]),
    "bar": np.array([[0, 0, 0, 0], [1, 1, 1, 1], [1, 1, 1, 1], [0, 0, 0, 0]]),
}
WORDS = ["", "<begin>", "<end>", "a", "left", "of", *COLOURS, *SHAPES]
LENGTH = 9  # a COLOUR SHAPE left of a COLOUR SHAPE <end>


def draw_scenes(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Give pictures (count, 16, 16, 3) and captions (count, 9) as numbers of words."""
    rng = np.random.default_rng(seed)
    pictures = rng.normal(0, 0.1, (count, SIZE, SIZE, 3)).astype("float32")
    captions = np.zeros((count, LENGTH), np.int32)
    for picture, caption in zip(pictures, captions, strict=True):
        said = []
        for left in (0, SIZE // 2):  # the left half, then the right
            colour, shape = rng.choice(list(COLOURS)), rng.choice(list(SHAPES))
            row, column = rng.integers(0, SIZE - 4), left + rng.integers(0, SIZE // 2 - 4)
            picture[row : row + 4, column : column + 4] += (
                SHAPES[shape][..., None] * COLOURS[colour]
            )
            said.append(f"a {colour} {shape}")
        words = f"{said[0]} left of {said[1]} <end>".split()
        caption[:] = [WORDS.index(word) for word in words]
    return pictures, captions


def build() -> keras.Model:
    """Give the network: a picture and the words so far to the next word at every step."""
    layers = keras.layers
    picture, words = keras.Input((SIZE, SIZE, 3)), keras.Input((None,), dtype="int32")
    x = layers.Conv2D(32, 4, strides=2, activation="relu")(picture)
    x = layers.Conv2D(32, 3, strides=2, activation="relu")(x)
    state = layers.Dense(96, activation="tanh")(layers.Flatten()(x))
    y = layers.Embedding(len(WORDS), 16)(words)
    y = GRU(96, return_sequences=True)(y, initial_state=state)
    return keras.Model([picture, words], layers.Dense(len(WORDS))(y))


def describe(model: keras.Model, pictures: np.ndarray) -> np.ndarray:
    """Write captions: the likeliest word, then the likeliest after it, and so on."""
    written = np.full((len(pictures), LENGTH + 1), 1, np.int32)
    for step in range(LENGTH):
        logits = model.predict([pictures, written[:, :LENGTH]], 250, verbose=0)
        written[:, step + 1] = logits[:, step].argmax(1)
    return written[:, 1:]


def main(quick: bool = False) -> tuple[float, float]:
    """Train by teacher forcing, give the share of captions that are right in every word."""
    keras.utils.set_random_seed(0)
    (x, y), (test_x, test_y) = draw_scenes(1500 if quick else 4000, 1), draw_scenes(250, 2)
    begun = np.concatenate([np.ones((len(y), 1), np.int32), y[:, :-1]], axis=1)
    model = build()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(3e-3), loss)
    model.fit([x, begun], y, batch_size=64, epochs=20 if quick else 25, verbose=0)
    captions = describe(model, test_x)
    ours = float((captions == test_y).all(1).mean())

    nearest = NearestNeighbors(n_neighbors=1).fit(x.reshape(len(x), -1))
    found = nearest.kneighbors(test_x.reshape(len(test_x), -1), return_distance=False)
    copied = y[found[:, 0]]
    theirs = float((copied == test_y).all(1).mean())
    print("captions right in every word, of 250 scenes drawn for the test")
    print(f"convolution, GRU that writes  {ours:.3f}")
    print(f"caption of the most alike     {theirs:.3f}")
    print("for example:", " ".join(WORDS[word] for word in captions[0][:-1]))
    return ours, theirs


if __name__ == "__main__":
    main("--quick" in sys.argv)
