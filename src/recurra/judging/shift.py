"""What is kept of the rows a model was fitted on, and how new rows differ from them beyond luck.

::

    near      a row whose near keys agree with those of one row known in 3 of 24 or more
    classes   χ² of the counts of classes, known beside new
    traits    two samples, Kolmogorov and Smirnov, of each number that a row has (its length, …)
    words     χ² of the rows that hold a word, known beside new, for each word tried

Copies count once. Something is said only where luck would do so much with a probability below 1 %,
corrected within each of the last three kinds for all that were tried (Bonferroni), and where it is
large: so of 100 files of rows like those known at most 3 are said to differ. No text is kept: keys
of near copies and of words are hashes.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from recurra.arrays import Array, Bools, Floats, Rows
from recurra.text.near import near_any
from recurra.text.normalise import content_key

__all__ = ["KnownRows", "Look"]

MOST_NEAR, MOST_VALUES, MOST_WORDS = 100_000, 2_000, 500  # rows, values and words that are kept
CHANCE = 0.01
GAP, TIMES = 0.05, 1.5  # a share that differs by so much, or so many times
FAR = 0.1  # of distributions, and of the shares of rows that hold a word
SHOWN = 3

Keys = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class Look:
    """What rows look like.

    Args:
        pieces: (rows,) rows of one number are copies of each other, and count once.
        truth: (rows,) the number of the class.
        names: of the classes.
        traits: numbers that each row has, by name; (rows,) each.
        words: the words of each row; empty: there are none to be asked.
        near: (rows, 24) keys that near copies share some of, empty where rows have none.
        keyed: (rows,) whether a row is long enough for such keys.
    """

    pieces: Rows
    truth: Rows
    names: tuple[str, ...]
    traits: Mapping[str, Floats]
    words: Sequence[frozenset[str]] = ()
    near: Keys = field(default_factory=lambda: np.zeros((0, 0), np.uint32))
    keyed: Bools = field(default_factory=lambda: np.zeros(0, bool))

    @property
    def once(self) -> Rows:
        """The first row of each piece."""
        return np.sort(np.unique(self.pieces, return_index=True)[1])


@dataclass(frozen=True)
class KnownRows:
    """What is kept of rows known.

    Args:
        rows: how many there were; copies count once.
        classes: rows of each class, by name.
        traits: some of the values of each number that a row has.
        words: for the words in most rows, by their hash, how many rows hold them.
        near: near keys of some rows, or of all.
        near_of: how many rows have such keys.
    """

    rows: int = 0
    classes: Mapping[str, int] = field(default_factory=dict)
    traits: Mapping[str, Floats] = field(default_factory=dict)
    words: Mapping[int, int] = field(default_factory=dict)
    near: Keys = field(default_factory=lambda: np.zeros((0, 0), np.uint32))
    near_of: int = 0

    @classmethod
    def of(cls, look: Look | None, seed: int = 0) -> Self:
        """Take what is kept of rows."""
        if look is None:
            return cls()
        draw, once = np.random.default_rng(seed), look.once
        counts = np.bincount(look.truth[once], minlength=len(look.names)).tolist()
        keyed = np.flatnonzero(look.keyed)
        return cls(
            rows=len(once),
            classes=dict(zip(map(str, look.names), counts, strict=True)),
            traits={
                name: draw.permutation(values[once])[:MOST_VALUES].astype(float)
                for name, values in look.traits.items()
            },
            words=dict(sorted(_holding(look).items(), key=_most_first)[:MOST_WORDS]),
            near=look.near[np.sort(draw.permutation(keyed)[:MOST_NEAR])],
            near_of=len(keyed),
        )

    # ---- on the disk

    def save(self, path: Path) -> None:
        """Write it: arrays in safetensors, the rest as JSON within."""
        arrays: dict[str, Array] = {
            "near": self.near,
            "word keys": np.array(list(self.words), np.int64),
            "word rows": np.array(list(self.words.values()), np.int64),
        }
        arrays |= {f"trait {n}": values for n, values in enumerate(self.traits.values())}
        about = {
            "rows": self.rows,
            "classes": dict(self.classes),
            "traits": list(self.traits),
            "near_of": self.near_of,
        }
        path.write_bytes(save(arrays, {"about": json.dumps(about)}))

    @classmethod
    def load(cls, path: Path) -> Self | None:
        """Read it; None where it is not there, or cannot be read."""
        try:
            with safe_open(path, "numpy") as file:
                about = json.loads(file.metadata()["about"])
                keys, rows = file.get_tensor("word keys"), file.get_tensor("word rows")
                return cls(
                    rows=int(about["rows"]),
                    classes={str(k): int(v) for k, v in about["classes"].items()},
                    traits={
                        str(name): file.get_tensor(f"trait {n}")
                        for n, name in enumerate(about["traits"])
                    },
                    words=dict(zip(keys.tolist(), rows.tolist(), strict=True)),
                    near=file.get_tensor("near"),
                    near_of=int(about["near_of"]),
                )
        except (OSError, SafetensorError, ValueError, KeyError, TypeError, AttributeError):
            return None

    # ---- new rows beside it

    def near_copies(self, look: Look) -> Bools:
        """Say which rows are near copies of a row known: (rows,)."""
        found = np.zeros(len(look.truth), bool)
        if self.near.size and look.keyed.any():
            found[look.keyed] = near_any(self.near, look.near[look.keyed])
        return found

    def differences(self, look: Look) -> list[str]:
        """Say how rows differ from those known, beyond luck."""
        if not self.rows:
            return []
        return [*self._classes(look), *self._traits(look), *self._words(look)]

    def _classes(self, look: Look) -> list[str]:
        from scipy.stats import chi2_contingency  # slow to import, and runs keep these rows too

        counts = np.bincount(look.truth[look.once], minlength=len(look.names))
        known = np.array([self.classes.get(str(name), 0) for name in look.names])
        table = np.stack([known, counts])
        table = table[:, table.sum(axis=0) > 0]
        if table.shape[1] < 2 or not counts.sum() or chi2_contingency(table).pvalue >= CHANCE:
            return []
        before, now = known / max(1, known.sum()), counts / counts.sum()
        ratio = np.maximum(before, now) / np.maximum(np.minimum(before, now), 1e-9)
        large = (np.abs(before - now) >= GAP) | ((ratio >= TIMES) & (known + counts >= 20))
        if not large.any():
            return []
        which = np.argsort(-np.abs(before - now) * large, kind="stable")[:SHOWN]
        said = "; ".join(f"{look.names[k]} {before[k]:.1%} and {now[k]:.1%}" for k in which)
        return [
            f"The classes have other shares than in training (there and here: {said}), and not by "
            "luck: accuracy, precision and PR-AUC move with that, and so does the best threshold."
        ]

    def _traits(self, look: Look) -> list[str]:
        from scipy.stats import ks_2samp

        once, found = look.once, []
        shared = [name for name in self.traits if name in look.traits]
        for name in shared:
            known, new = self.traits[name], look.traits[name][once]
            test = ks_2samp(known, new)
            if test.pvalue * len(shared) < CHANCE and test.statistic >= FAR:
                found.append((float(test.statistic), name, np.median(known), np.median(new)))
        said = [
            f"{name} (median {a:.4g} there, {b:.4g} here; {d:.0%} apart)"
            for d, name, a, b in sorted(found, reverse=True)[:SHOWN]
        ]
        return [f"The rows are otherwise than in training, beyond luck: {'; '.join(said)}."] * bool(
            said
        )

    def _words(self, look: Look) -> list[str]:
        from scipy.stats import chi2_contingency

        if not self.words or not look.words:
            return []
        once = look.once
        names = {content_key(word): word for row in once.tolist() for word in look.words[row]}
        here = _holding(look)
        least, tried = min(self.words.values()), len(self.words.keys() | here.keys())
        found = []
        for key in here | dict(self.words):
            # of a word that was not kept it is known that no more rows held it than of the rarest
            before = self.words.get(key, least if len(self.words) >= MOST_WORDS else 0)
            gap = here[key] / len(once) - before / self.rows
            if abs(gap) >= FAR and (gap > 0 or key in self.words):
                table = [[before, self.rows - before], [here[key], len(once) - here[key]]]
                if chi2_contingency(np.array(table)).pvalue * tried < CHANCE:
                    found.append((abs(gap), names.get(key, ""), before, here[key]))
        found.sort(key=lambda each: (-each[0], each[1]))
        said = [
            f"{word!r} ({before / self.rows:.0%} and {now / len(once):.0%})"
            for _, word, before, now in found
            if word
        ]
        missing = sum(not word for _, word, _, _ in found)
        said = [*said[:SHOWN], *([f"{missing} that are not here at all"] if missing else [])]
        return [
            "Words stand in other shares of the rows than in training, beyond luck (there and "
            f"here): {', '.join(said)}."
        ] * bool(said)


def _most_first(held: tuple[int, int]) -> tuple[int, int]:
    """Order words by the rows that hold them; of equally many by hash, and so always alike."""
    key, count = held
    return -count, key


def _holding(look: Look) -> Counter[int]:
    """Count for each word, by its hash, the rows that hold it; copies count once."""
    if not look.words:
        return Counter()
    words: Counter[str] = Counter()
    for row in look.once.tolist():
        words.update(look.words[row])
    return Counter({content_key(word): count for word, count in words.items()})
