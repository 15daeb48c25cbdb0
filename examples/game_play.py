"""Game play: what is seen at each step to the action at each step, by watching a player.

Many to many, step by step. The game is drawn here: a corridor on a grid. At its entrance a sign
says left or right; then there is only corridor, of a length that differs; at the fork one must
turn as the sign said. Who sees only the present step cannot know. The network imitates a scripted
player.

    python examples/game_play.py [--quick]
"""

import sys

import numpy as np

from recurra.backend import keras
from recurra.layers import GRU

FORWARD, LEFT, RIGHT = range(3)
SEEN = 4  # sign says left, sign says right, corridor goes on, fork
LONGEST = 12


class Game:
    """One game: `look` gives what is seen, `act` plays a step; it is won or lost at its end."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.sign = int(rng.integers(LEFT, RIGHT + 1))
        self.length = int(rng.integers(4, LONGEST))
        self.place, self.over, self.won = 0, False, False

    def look(self) -> np.ndarray:
        """Give what is seen, (4,)."""
        at_fork = self.place == self.length
        seen = np.array([0, 0, not at_fork, at_fork], "float32")
        if self.place == 0:
            seen[self.sign - LEFT] = 1
        return seen

    def act(self, action: int) -> None:
        """Walk on, or turn: turning ends the game, and so does walking into the fork's wall."""
        at_fork = self.place == self.length
        self.over = at_fork or action != FORWARD
        self.won = at_fork and action == self.sign
        self.place += 1


def watch(games: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Let the scripted player, who remembers the sign, play: what was seen, done, and when."""
    rng = np.random.default_rng(seed)
    seen = np.zeros((games, LONGEST, SEEN), "float32")
    done, there = np.zeros((games, LONGEST), np.int32), np.zeros((games, LONGEST), "float32")
    for number in range(games):
        game = Game(rng)
        while not game.over:
            step = game.place
            seen[number, step], there[number, step] = game.look(), 1
            done[number, step] = game.sign if step == game.length else FORWARD
            game.act(int(done[number, step]))
    return seen, done, there


def play(model: keras.Model, games: int, seed: int) -> float:
    """Let a network play, all games side by side; give the share it wins."""
    rng = np.random.default_rng(seed)
    tables = [Game(rng) for _ in range(games)]
    seen = np.zeros((games, LONGEST, SEEN), "float32")
    for step in range(LONGEST):
        for number, game in enumerate(tables):
            if not game.over:
                seen[number, step] = game.look()
        actions = model.predict(seen, games, verbose=0)[:, step].argmax(1)
        for game, action in zip(tables, actions, strict=True):
            if not game.over:
                game.act(int(action))
    return float(np.mean([game.won for game in tables]))


def imitate(memory: bool, games: int, epochs: int) -> keras.Model:
    """Train a network with or without memory on games of the scripted player."""
    keras.utils.set_random_seed(0)
    layers = keras.layers
    hidden = GRU(24, return_sequences=True) if memory else layers.Dense(24, activation="relu")
    model = keras.Sequential(
        [keras.Input((LONGEST, SEEN)), hidden, layers.Dense(3, activation="softmax")]
    )
    model.compile(keras.optimizers.Adam(1e-2), "sparse_categorical_crossentropy")
    seen, done, there = watch(games, seed=1)
    model.fit(seen, done, sample_weight=there, batch_size=32, epochs=epochs, verbose=0)
    return model


def main(quick: bool = False) -> tuple[float, float]:
    """Train both, give the share of new games that each wins."""
    size = (400, 12) if quick else (1000, 20)
    ours, theirs = (play(imitate(memory, *size), 300, seed=2) for memory in (True, False))
    print("games won, of 300 new ones")
    print(f"GRU, remembers              {ours:.3f}")
    print(f"dense, sees one step alone  {theirs:.3f}")
    return ours, theirs


if __name__ == "__main__":
    main("--quick" in sys.argv)
