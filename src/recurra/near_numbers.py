"""Which numeric sequences are near copies of each other, or windows of one series.

::

    overlapping   a·x + b, step by step, wherever the two lie over each other, to a thousandth of
                  their deviation: scaled, moved, cut, shifted, cut into windows
    changed       as overlapping, at 60 % of the steps or more: some were cut off, filled, spoilt
    otherwise     overlapping, once one of the two is run backwards, or every second, third or
                  fourth step of it is taken: sampled less often, or stretched
    by another    overlapping, once the one is its changes from step to step (sums), or both are
    function      (trends), or both are the ranks of their steps (a bent scale)
    near          far nearer than chance brings rows of one class, in data of so many dimensions

What overlaps is found by keys: runs of eight steps, moved and scaled to one size, so that no row is
compared with all. What is near is found among distances between rows that are brought to 64 bins
and to mean 0 and deviation 1, and between the differences of their bins: noise added and other
sampling change both little. One may be turned over, too. How near is near, the data say:

::

    m    = dimensions of the neighbourhoods        log(d_K / d_j), Levina and Bickel's
    p    = 1 - (1 - (d / d_K)^m)^(K - 1)           that the nearest of K lies within d by luck
    near = p · rows · 4 ways to look <= 1 %,  and  d / d_K <= 0.5,  and a correlation of 0.9

d_j is the distance to the j-th neighbour of the same class. So rows that are alike because their
class is, are not near: they are as near as the others. A sequence of fewer than `BITS` bits beyond
a formula of four steps before (a constant, a line, a sine, a step) is near nothing but itself:
such shapes come anew.

Sources: Levina and Bickel, "Maximum likelihood estimation of intrinsic dimension" (2005); Broder,
"On the resemblance and containment of documents" (1997), for keys.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recurra.arrays import Bools, Floats, Floats32, Rows
from recurra.sequences import Ragged

__all__ = [
    "KINDS",
    "MOST_ROWS",
    "NearSequences",
    "find_near_sequences",
    "means_of_bins",
    "nearer_than_luck",
]

KINDS = (
    "copies",
    "scaled or moved copies",
    "parts of each other",
    "overlapping windows",
    "copies with some steps changed",
    "copies run backwards",
    "copies sampled otherwise",
    "copies with a trend",
    "changes or sums of each other",
    "copies on a bent scale",
    "near copies",
)
EQUAL, SCALED, PART, WINDOWS, SPOILT, BACKWARDS, SAMPLED, TREND, CHANGES, BENT, NEAR = KINDS
RUN = 8  # differences that make a key
LOOKS = ((1, 1000), (4, 50))  # steps between their ends, and how finely they are told apart
# every k-th step, and whether backwards
OTHERWISE = ((1, True), (2, False), (3, False), (4, False), (2, True))
EXACT = 1e-3  # of the deviation: what a step may differ by
MOSTLY = 0.6  # of the steps, that agree where some were changed
BITS = 64.0  # that a sequence must hold beyond a formula
ORDER = 4  # steps before, of that formula
SHARE = 0.2  # of the shorter one, that must overlap
KEYS = 2_000_000  # looked at
TRIES = 3  # places at which a pair is laid over each other
BINS, WIDTH = 64, 1024  # of a sequence, and numbers of it in all
MOST_ROWS = 10_000  # that are compared with all others
NEIGHBOURS = 10
NEAREST = 0.5  # of the distance to the last of these: nothing farther is near
ALIKE = 0.9  # the correlation, step by step, of what is near
CHANCE = 0.01
WAYS = 4  # bins and their differences, as they stand and turned over
LARGEST, LARGE = 1 / 5, 50  # a larger share of the rows, and so many, are windows of one series
BLOCKS = 20

Pairs = npt.NDArray[np.int64]  # (pairs, 2)


@dataclass(frozen=True)
class NearSequences:
    """Which sequences are copies, and of what.

    Args:
        exact: (rows,) the first row that is equal, number by number.
        groups: (rows,) the first row of those that must stay together.
        pairs: (pairs, 2) rows that are alike, the first that is equal of each.
        kinds: (pairs,) the place in `KINDS` of each.
        telling: (rows,) whether a row holds so much that its copy is no chance.
        cut: how many rows stand in a chain of windows that is too long to be held together; it is
            cut into blocks of neighbours.
        compared: how many rows were compared with all others; fewer than there are, where there
            are too many.
    """

    exact: Rows
    groups: Rows
    pairs: Pairs
    kinds: Rows
    telling: Bools
    cut: int = 0
    compared: int = 0

    def across(self, held: Bools) -> Bools:
        """Say which rows held are copies of a row that is not, or windows that overlap one.

        Args:
            held: (rows,) as `find_near_sequences` was given it.
        """
        found: Bools = np.any(list(self.kinds_across(held).values()), axis=0)
        return found

    def kinds_across(self, held: Bools) -> dict[str, Bools]:
        """Give for each kind which rows held have such a copy among those that are not."""
        found = {kind: np.zeros(len(held), bool) for kind in KINDS}
        found[EQUAL] = held & self.telling & np.isin(self.exact, self.exact[~held])
        torn = held[self.pairs[:, 0]] != held[self.pairs[:, 1]]
        for pair, kind in zip(self.pairs[torn].tolist(), self.kinds[torn].tolist(), strict=True):
            row = pair[0] if held[pair[0]] else pair[1]
            found[KINDS[kind]][row] = True
        return found

    def sentence(self) -> str:
        """Say how many rows are copies, and of what kind; nothing where there are none."""
        _, sizes = np.unique(self.groups, return_counts=True)
        several, rows = sizes[sizes > 1], len(self.groups)
        if not len(several):
            return ""
        counted = Counter(self.kinds.tolist())
        said = [f"{counted[kind]:,} pairs of {KINDS[kind]}" for kind in sorted(counted)]
        repeated = rows - len(np.unique(self.exact))
        said = [f"{repeated:,} repeat another number by number", *said] if repeated else said
        cut = (
            f"; {self.cut:,} are windows of one long series, which is cut into blocks of "
            "neighbours: windows at their ends still overlap"
            if self.cut
            else ""
        )
        return (
            f"{several.sum():,} of {rows:,} sequences are copies or windows of others, in "
            f"{len(several):,} groups ({', '.join(said)}){cut}"
        )


def find_near_sequences(
    sequences: Ragged, classes: Rows | None = None, held: Bools | None = None
) -> NearSequences:
    """Find the copies among numeric sequences. The same rows give the same answer.

    Args:
        sequences: (rows,) of numbers.
        classes: (rows,) the number of the class of each; None: all are of one.
        held: (rows,) whether a row is held out: each of these is laid over one that is not, if any
            shares a run with it.

    Example:
        >>> walk = np.random.default_rng(0).normal(size=(3, 40)).cumsum(axis=1)
        >>> rows = Ragged.of_numbers([*walk, 2 * walk[0] + 1, walk[1][10:]])
        >>> found = find_near_sequences(rows)
        >>> found.groups.tolist(), [KINDS[kind] for kind in found.kinds]
        ([0, 1, 2, 0, 1], ['scaled or moved copies', 'parts of each other'])
    """
    held = np.zeros(len(sequences), bool) if held is None else held
    classes = np.zeros(len(sequences), np.int64) if classes is None else classes
    exact, sequences = _equal(sequences), _of_size_one(sequences)
    first = np.flatnonzero(exact == np.arange(len(exact)))
    if held.any():  # an equal row on the other side must be there to be found
        first = np.unique(np.concatenate([first, np.flatnonzero(held)]))
    telling = np.zeros(len(exact), bool)
    telling[first] = [_bits(_steps(sequences, row)) >= BITS for row in first.tolist()]
    telling = telling[exact] | telling
    chosen = first[telling[first]]
    chain = _Chain(len(exact))
    for row, other in enumerate(exact.tolist()):
        chain.join(row, other, 0)
    overlapping = list(_overlapping(sequences, chosen, held, chain))
    overlapping += _otherwise(sequences, chosen, held, chain)
    overlapping += _by_function(sequences, chosen, held, chain)
    near = _near(sequences, chosen, classes)
    known = {(one, other) for one, other, _ in overlapping}
    close = [(a, b, KINDS.index(NEAR)) for a, b in near.tolist() if (a, b) not in known]
    for one, other, _ in close:
        chain.join(one, other, None)
    found = np.array([*overlapping, *close], np.int64).reshape(-1, 3)
    groups, cut = _blocks(chain)
    compared = min(len(chosen), MOST_ROWS)
    return NearSequences(exact, groups, found[:, :2], found[:, 2], telling, cut, compared)


def _equal(sequences: Ragged) -> Rows:
    """Give for each row the first that equals it."""
    steps = np.ascontiguousarray(sequences.timesteps())
    known: dict[bytes, int] = {}
    ends = zip(sequences.offsets[:-1].tolist(), sequences.offsets[1:].tolist(), strict=True)
    keys = (known.setdefault(steps[a:b].tobytes(), row) for row, (a, b) in enumerate(ends))
    return np.fromiter(keys, np.int64, len(sequences))


def _of_size_one(sequences: Ragged) -> Ragged:
    """Take powers of two out of each channel: squares do not overflow, and no other bit changes."""
    size = np.abs(sequences.table).max(axis=0, initial=0.0)
    table = np.ldexp(sequences.table.astype(np.float64), -np.frexp(size)[1])
    return Ragged(sequences.codes, sequences.offsets, table)


def _steps(sequences: Ragged, row: int) -> Floats:
    begin, end = sequences.offsets[row : row + 2]
    steps: Floats = sequences.table[sequences.codes[begin:end]].astype(np.float64)
    return steps


# ---- how much a sequence holds


def _bits(steps: Floats) -> float:
    """Give the bits beyond a formula that a sequence holds, or as many as are asked for.

    The lesser of two: how many different moves there are, and how far a step is from what the four
    before it say, both counted in thousandths of the deviation. Moves are counted in two ways, both
    of which say too little of few steps: by their shares, and by how many pairs of them are equal.
    """
    found = 0.0
    for values in steps.T:
        found += _bits_of(values)
        if found >= BITS:
            break
    return found


def _bits_of(values: Floats) -> float:
    scale = float(values.std())
    size = float(np.abs(values).max(initial=0.0))
    rows = len(values) - ORDER
    if rows < 2 * ORDER or scale <= 1e-12 * size:
        return 0.0
    values = (values - values.mean()) / scale
    _, counts = np.unique(np.round(np.diff(values) / EXACT), return_counts=True)
    share = counts / counts.sum()
    equal, pairs = (counts * (counts - 1)).sum() / 2, counts.sum() * (counts.sum() - 1) / 2
    moves = max(float(-(share * np.log2(share)).sum()), float(np.log2((pairs + 1) / (equal + 1))))
    before = np.column_stack([np.ones(rows), *(values[k : k + rows] for k in range(ORDER))])
    said = before @ np.linalg.lstsq(before, values[ORDER:], rcond=1e-10)[0]
    free = max(1, rows - ORDER - 1)  # of few steps a formula of so many numbers explains much
    surprise = float(np.sqrt(((values[ORDER:] - said) ** 2).sum() / free))
    return len(values) * min(moves, float(np.log2(max(1.0, surprise / EXACT))))


# ---- what overlaps


class _Chain:
    """Rows that hang together, each with its place on what they are windows of."""

    def __init__(self, rows: int) -> None:
        self.parent = list(range(rows))
        self.offset = [0] * rows  # of a row, from its parent

    def find(self, row: int) -> tuple[int, int]:
        """Give the root of a row, and its place from it."""
        path = []
        while self.parent[row] != row:
            path.append(row)
            row = self.parent[row]
        place = 0
        for below in reversed(path):
            place += self.offset[below]
            self.parent[below], self.offset[below] = row, place
        return row, place

    def join(self, one: int, other: int, lag: int | None) -> None:
        """Hold two rows together; the other begins `lag` steps after the one, None: unknown."""
        (root, place), (below, its) = self.find(one), self.find(other)
        if root == below:
            return
        gap = place + (lag or 0) - its
        if below < root:
            root, below, gap = below, root, -gap
        self.parent[below], self.offset[below] = root, gap


def _overlapping(
    sequences: Ragged, chosen: Rows, held: Bools, chain: _Chain
) -> Iterator[tuple[int, int, int]]:
    """Give rows that lie over each other, and how: one, other, kind."""
    tried: Counter[tuple[int, int]] = Counter()
    done: set[tuple[int, int]] = set()
    for one, other, lag in _candidates(sequences, chosen, held):
        pair = (one, other)
        across = held[one] != held[other]
        if pair in done or tried[pair] >= TRIES:
            continue
        if not across and chain.find(one)[0] == chain.find(other)[0]:
            continue
        tried[pair] += 1
        kind = _laid_over(_steps(sequences, one), _steps(sequences, other), lag)
        if kind is not None:
            done.add(pair)
            chain.join(one, other, lag)
            yield one, other, KINDS.index(kind)


def _laid_over(one: Floats, other: Floats, lag: int) -> str | None:
    """Say how the other is a copy of the one, if it is, `lag` steps after its beginning."""
    begin, end = max(0, lag), min(len(one), lag + len(other))
    shorter = min(len(one), len(other))
    if end - begin < max(2 * RUN, SHARE * shorter) and end - begin < shorter:
        return None
    left, right = one[begin:end], other[begin - lag : end - lag]
    if len(one) == len(other) and lag == 0 and np.array_equal(left, right):
        return EQUAL
    if not _is_scaled(left, right):
        agree = _agreeing(left, right)
        return SPOILT if agree.mean() >= MOSTLY and _bits(left[agree]) >= BITS else None
    if _bits(left) < BITS:
        return None
    if end - begin == shorter:
        return SCALED if len(one) == len(other) else PART
    return WINDOWS


def _is_scaled(left: Floats, right: Floats) -> bool:
    """Say whether each channel of the one is a·x + b of the other's."""
    centred = left - left.mean(axis=0), right - right.mean(axis=0)
    sizes = [np.sqrt((each**2).mean(axis=0)) for each in centred]
    largest = [np.abs(each).max(axis=0) for each in (left, right)]
    flat = [size <= 1e-12 * most for size, most in zip(sizes, largest, strict=True)]
    if (flat[0] != flat[1]).any() or flat[0].all():
        return False
    x, y = (c[:, ~flat[0]] / s[~flat[0]] for c, s in zip(centred, sizes, strict=True))
    sign = np.sign((x * y).sum(axis=0))
    return bool((np.abs(x - sign * y).mean(axis=0) < EXACT).all())


def _agreeing(left: Floats, right: Floats) -> Bools:
    """Say at which steps each channel of the one is a·x + b of the other's, as most of them say."""
    found = np.ones(len(left), bool)
    for x, y in zip(left.T, right.T, strict=True):
        moved, theirs = np.diff(x), np.diff(y)
        known = np.abs(moved) > 1e-9 * max(float(np.abs(x).max()), 1e-300)
        if not known.any():
            return np.zeros(len(left), bool)
        factor = float(np.median(theirs[known] / moved[known]))
        apart = y - factor * x
        apart -= np.median(apart)
        found &= (np.abs(apart) <= 3 * EXACT * abs(factor) * x.std()) & (factor != 0)
    return found


def _candidates(sequences: Ragged, chosen: Rows, held: Bools) -> Iterator[tuple[int, int, int]]:
    """Give pairs that share a key, and how far apart its places are: one, other, lag."""
    keys, owners, places = _keys(sequences, chosen)
    if not len(keys):
        return
    order = np.lexsort([places, owners, held[owners], keys])  # those that teach stand first
    keys, owners, places = keys[order], owners[order], places[order]
    again = (keys[1:] == keys[:-1]) & (owners[1:] == owners[:-1])  # what swings repeats itself
    kept = np.concatenate([[True], ~again])
    keys, owners, places = keys[kept], owners[kept], places[kept]
    begins = np.concatenate([[True], keys[1:] != keys[:-1]])
    first = np.flatnonzero(begins)[np.cumsum(begins) - 1]
    rest = np.flatnonzero(~begins)
    left = np.concatenate([first[rest], rest - 1])
    right = np.concatenate([rest, rest])
    one, other = owners[left], owners[right]
    lag = places[left] - places[right]
    turned = one > other
    one, other, lag = (
        np.where(turned, other, one),
        np.where(turned, one, other),
        np.where(turned, -lag, lag),
    )
    found = np.unique(np.stack([one, other, lag], axis=1)[one != other], axis=0)
    yield from map(tuple, found.tolist())


Keys = tuple[npt.NDArray[np.uint64], Rows, Rows]  # of runs of steps, the row of each, its place


def _keys(sequences: Ragged, chosen: Rows) -> Keys:
    """Give the keys of runs of steps, in both looks."""
    runs = _Runs(sequences, chosen)
    found = [runs.keys(apart, finely, look=apart) for apart, finely in LOOKS]
    keys, owner, place = map(np.concatenate, zip(*found, strict=True))
    return keys, owner, place


class _Runs:
    """All steps of the rows chosen, from which runs are taken."""

    def __init__(self, sequences: Ragged, chosen: Rows) -> None:
        steps, lengths = sequences.take(chosen).timesteps(), sequences.lengths[chosen]
        self.places = np.arange(len(steps)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        self.owners, self.ends = np.repeat(chosen, lengths), np.repeat(lengths, lengths)
        self.values = steps[:, _most_telling(steps)]

    def keys(self, apart: int, finely: int, backwards: bool = False, look: int = 1) -> Keys:
        """Give the keys of runs of steps so far apart; of one look, equal runs have equal keys."""
        begins = np.flatnonzero(self.places + RUN * apart < self.ends)
        keys, kept = np.zeros(len(begins), np.uint64), np.zeros(len(begins), bool)
        for begin in range(0, len(begins), 1 << 18):
            part = slice(begin, begin + (1 << 18))
            runs = self.values[begins[part, None] + apart * np.arange(RUN + 1)]
            keys[part], kept[part] = _keys_of(runs[:, ::-1] if backwards else runs, finely, look)
        kept &= keys % np.uint64(max(1, len(begins) // KEYS)) == 0
        return keys[kept], self.owners[begins[kept]], self.places[begins[kept]]


def _most_telling(steps: Floats) -> int:
    """Give the channel of most different values."""
    some = steps[:: max(1, len(steps) // 10_000)]
    return int(np.argmax([len(np.unique(some[:, channel])) for channel in range(some.shape[1])]))


def _keys_of(runs: Floats, finely: int, look: int) -> tuple[npt.NDArray[np.uint64], Bools]:
    """Give a number for each run, moved, scaled and turned alike, and whether it has a shape."""
    span = np.ptp(runs, axis=1)
    size = np.abs(runs).max(axis=1)
    moved = span > 1e-9 * size
    runs = (runs - runs.mean(axis=1, keepdims=True)) / np.where(moved, span, 1.0)[:, None]
    bent = np.abs(np.diff(runs, 2, axis=1)).max(axis=1) > 0.02
    lead = runs[np.arange(len(runs)), np.abs(runs).argmax(axis=1)]
    runs = runs * np.sign(np.where(lead == 0, 1.0, lead))[:, None]
    whole = np.round(runs * finely).astype(np.int64) + finely
    keys = np.full(len(runs), 14695981039346656037 + look, np.uint64)
    for column in whole.T:
        keys = (keys ^ column.astype(np.uint64)) * np.uint64(1099511628211)
        keys ^= keys >> np.uint64(29)
    return keys, moved & bent


# ---- what overlaps once one of the two is run backwards, or sampled less often


def _otherwise(
    sequences: Ragged, chosen: Rows, held: Bools, chain: _Chain
) -> list[tuple[int, int, int]]:
    """Give rows that lie over each other, once the steps of one are taken otherwise."""
    runs = _Runs(sequences, chosen)
    plain = runs.keys(1, LOOKS[0][1])
    found: list[tuple[int, int, int]] = []
    for apart, backwards in OTHERWISE:
        theirs = runs.keys(apart, LOOKS[0][1], backwards)

        def lies(
            one: int, other: int, at: int, place: int, by: int = apart, back: bool = backwards
        ) -> bool:
            taken = _steps(sequences, other)[place % by :: by]
            lag = at - place // by
            if back:
                taken, lag = taken[::-1], at - (len(taken) - 1 - place // by - RUN)
            return _laid_over(_steps(sequences, one), taken, lag) is not None

        kind = SAMPLED if apart > 1 else BACKWARDS
        found += _joined(kind, _shared(plain, theirs, held), lies, held, chain)
    return found


def _by_function(
    sequences: Ragged, chosen: Rows, held: Bools, chain: _Chain
) -> list[tuple[int, int, int]]:
    """Give rows that lie over each other, once one is its changes, or both are, or their ranks."""
    changes, ranks = _mapped(sequences, _changes), _mapped(sequences, _ranks)
    finely = LOOKS[0][1]
    keys = {
        name: _Runs(made, chosen).keys(1, finely)
        for name, made in (("plain", sequences), ("changes", changes), ("ranks", ranks))
    }
    found: list[tuple[int, int, int]] = []
    for kind, one_of, other_of, ours, theirs in (
        (TREND, changes, changes, "changes", "changes"),
        (CHANGES, sequences, changes, "plain", "changes"),
        (BENT, ranks, ranks, "ranks", "ranks"),
    ):

        def lies(
            one: int, other: int, at: int, place: int, a: Ragged = one_of, b: Ragged = other_of
        ) -> bool:
            if a is ranks and (at != place or a.lengths[one] != b.lengths[other]):
                return False  # the ranks of a part are others
            return _laid_over(_steps(a, one), _steps(b, other), at - place) in (EQUAL, SCALED, PART)

        found += _joined(kind, _shared(keys[ours], keys[theirs], held), lies, held, chain)
    return found


def _mapped(sequences: Ragged, function: Callable[[Floats], Floats]) -> Ragged:
    return Ragged.of_numbers([function(_steps(sequences, row)) for row in range(len(sequences))])


def _changes(steps: Floats) -> Floats:
    """Give the changes from step to step; of one step, none."""
    changes: Floats = np.diff(steps, axis=0) if len(steps) > 1 else np.zeros_like(steps)
    return changes


def _ranks(steps: Floats) -> Floats:
    """Give the place of each step among all, channel by channel."""
    order = np.argsort(steps, axis=0, kind="stable")
    return np.argsort(order, axis=0, kind="stable").astype(np.float64)


def _joined(
    kind: str,
    places: Iterator[tuple[int, int, int, int]],
    lies: Callable[[int, int, int, int], bool],
    held: Bools,
    chain: _Chain,
) -> list[tuple[int, int, int]]:
    """Hold those together that lie over each other at one of the places where they share a run."""
    found: set[tuple[int, int]] = set()
    tried: Counter[tuple[int, int]] = Counter()
    for one, other, at, place in places:
        pair = (min(one, other), max(one, other))
        same = held[one] == held[other] and chain.find(one)[0] == chain.find(other)[0]
        if same or pair in found or tried[pair] >= TRIES:
            continue
        tried[pair] += 1
        if lies(one, other, at, place):
            found.add(pair)
            chain.join(*pair, None)
    return [(*pair, KINDS.index(kind)) for pair in sorted(found)]


def _shared(plain: Keys, theirs: Keys, held: Bools) -> Iterator[tuple[int, int, int, int]]:
    """Give rows of which one has a key that the other has otherwise, and where: rows, places.

    Each that has it otherwise is laid beside the first that has it plainly: one that teaches, if
    one does.
    """
    keys, owners, places = plain
    order = np.lexsort([places, owners, held[owners], keys])
    keys, owners, places = keys[order], owners[order], places[order]
    if not len(keys):
        return
    first = np.minimum(np.searchsorted(keys, theirs[0]), len(keys) - 1)
    met = (keys[first] == theirs[0]) & (owners[first] != theirs[1])
    pairs = np.stack([owners[first], theirs[1], places[first], theirs[2]], axis=1)[met]
    yield from map(tuple, np.unique(pairs, axis=0).tolist())


# ---- what is near


def _near(sequences: Ragged, chosen: Rows, classes: Rows) -> Pairs:
    """Give the pairs that are nearer than luck brings them, in either of two ways to look."""
    if len(chosen) > MOST_ROWS:
        chosen = np.sort(np.random.default_rng(0).choice(chosen, MOST_ROWS, replace=False))
    if len(chosen) < 3:
        return np.zeros((0, 2), np.int64)
    found = [_nearer_than_luck(seen, classes[chosen]) for seen in _seen(sequences.take(chosen))]
    pairs = chosen[np.unique(np.concatenate(found), axis=0)]
    kept = [_alike(_steps(sequences, one), _steps(sequences, other)) for one, other in pairs]
    alike: Pairs = pairs[np.array(kept, bool)]
    return alike


def _seen(sequences: Ragged) -> Iterator[Floats32]:
    """Give the bins of each sequence, and their differences: mean 0 and length 1."""
    means = means_of_bins(sequences)
    for seen in (means, np.diff(means, axis=1)):
        seen = seen - seen.mean(axis=1, keepdims=True)
        size = seen.std(axis=1, keepdims=True)
        seen = seen / np.where(size > 0, size, 1.0)
        each = np.sqrt(seen.shape[1] * seen.shape[2])
        yield (seen / each).reshape(len(seen), -1).astype(np.float32)


def means_of_bins(sequences: Ragged) -> Floats:
    """Give the means of 64 parts of each sequence, (rows, bins, channels); of many channels fewer.

    They are counted from the mean of all steps, of each channel.

    Example:
        >>> means_of_bins(Ragged.of_numbers([np.arange(128.0)[:, None]]))[0, :3, 0].tolist()
        [-63.0, -61.0, -59.0]
    """
    steps = sequences.timesteps().astype(np.float64)
    channels = steps.shape[1]
    bins = max(8, min(BINS, WIDTH // channels))
    edges = sequences.offsets[:-1, None] + sequences.lengths[:, None] * np.arange(bins + 1) / bins
    places = np.arange(len(steps) + 1)
    means = np.empty((len(sequences), bins, channels))
    for channel in range(channels):
        # sums of numbers far from nought lose digits: their mean is taken off first
        summed = np.append(0.0, np.cumsum(steps[:, channel] - steps[:, channel].mean()))
        means[:, :, channel] = np.diff(np.interp(edges, places, summed), axis=1)
    means /= sequences.lengths[:, None, None] / bins
    return means


def _nearer_than_luck(seen: Floats32, classes: Rows) -> Pairs:
    """Give the pairs of which each, or its opposite, lies within the radius of the other."""
    return nearer_than_luck(seen, classes, turned=True)


def nearer_than_luck(
    seen: Floats32, classes: Rows, neighbours: int = NEIGHBOURS, *, turned: bool = False
) -> Pairs:
    """Give the pairs of rows that lie nearer to each other than luck brings rows of one class.

    Args:
        seen: (rows, numbers).
        classes: (rows,) the number of the class of each.
        neighbours: of each that say how near is near; a third of them may be copies.
        turned: whether rows have length 1, and the opposite of one may be near, too.

    Example:
        >>> rows = np.random.default_rng(0).normal(size=(300, 6)).astype(np.float32)
        >>> rows[7] = rows[3] + 0.001
        >>> nearer_than_luck(rows, np.zeros(300, np.int64)).tolist()
        [[3, 7]]
    """
    radius = np.zeros(len(seen))
    for number in np.unique(classes):
        rows = np.flatnonzero(classes == number)
        radius[rows] = _radius(_neighbours(seen[rows], neighbours), len(seen))
    pairs = [np.zeros((0, 2), np.int64)]
    for begin, distance in _distances(seen):
        if turned:  # from the opposite: all have length 1
            distance = np.minimum(distance, np.sqrt(np.maximum(4 - distance**2, 0)))
        within = distance <= np.minimum(radius[begin : begin + len(distance), None], radius[None])
        left, right = np.nonzero(within)
        left = left + begin
        pairs.append(np.stack([left, right], axis=1)[left < right])
    return np.concatenate(pairs)


def _distances(seen: Floats32) -> Iterator[tuple[int, Floats32]]:
    """Give the distances of a few rows at a time from all."""
    squares = (seen.astype(np.float64) ** 2).sum(axis=1).astype(np.float32)
    few = max(1, (1 << 24) // len(seen))
    for begin in range(0, len(seen), few):
        part = seen[begin : begin + few]
        squared = squares[begin : begin + few, None] + squares[None] - 2 * part @ seen.T
        yield begin, np.sqrt(np.maximum(squared, 0))


def _neighbours(seen: Floats32, most: int) -> Floats32:
    """Give the distances of each row from its nearest, (rows, most or fewer), the nearest first."""
    most = min(most, len(seen) - 1)
    found = np.zeros((len(seen), most), np.float32)
    if most < 1:
        return found
    for begin, distance in _distances(seen):
        distance[np.arange(len(distance)), begin + np.arange(len(distance))] = np.inf
        nearest = np.partition(distance, most - 1, axis=1)[:, :most]
        found[begin : begin + len(distance)] = np.sort(nearest, axis=1)
    return found


def _radius(nearest: Floats32, rows: int) -> Floats:
    """Give how far a copy may be from each row, by the distances of its neighbours."""
    most = nearest.shape[1]
    if most < 4:
        return np.zeros(len(nearest))
    farthest = np.maximum(nearest[:, -1].astype(np.float64), 1e-12)
    outer = nearest[:, max(2, most // 3) - 1 : -1] / farthest[:, None]
    grown = np.maximum(-np.log(np.maximum(outer, 1e-9)).mean(axis=1), 1e-9)
    dimension = float(np.median(1 / grown))
    allowed = CHANCE / (WAYS * rows)
    share = (1 - (1 - allowed) ** (1 / (most - 1))) ** (1 / dimension)
    radius: Floats = min(share, NEAREST) * farthest
    return radius


def _alike(one: Floats, other: Floats) -> bool:
    """Say whether two sequences rise and fall together, or against each other, step by step.

    Bins hide what is quick.
    """
    longer, shorter = (one, other) if len(one) >= len(other) else (other, one)
    places = np.linspace(0, len(shorter) - 1, len(longer))
    known = np.arange(len(shorter))
    found = []
    for x, values in zip(longer.T, shorter.T, strict=True):
        y = np.interp(places, known, values)
        x, y = x - x.mean(), y - y.mean()
        size = float(np.sqrt((x @ x) * (y @ y)))
        found += [float(x @ y) / size] if size > 0 else []
    return bool(found) and abs(float(np.mean(found))) >= ALIKE


# ---- groups


def _blocks(chain: _Chain) -> tuple[Rows, int]:
    """Give the groups; a chain of too many windows is cut into blocks of neighbours."""
    rows = len(chain.parent)
    found = [chain.find(row) for row in range(rows)]
    roots = np.array([root for root, _ in found], np.int64).reshape(-1)
    places = np.array([place for _, place in found], np.int64).reshape(-1)
    groups, cut = roots.copy(), 0
    names, sizes = np.unique(roots, return_counts=True)
    for root in names[(sizes > LARGEST * rows) & (sizes >= LARGE)].tolist():
        mine = np.flatnonzero(roots == root)
        if not places[mine].any():
            continue
        order = mine[np.argsort(places[mine], kind="stable")]
        for block in np.array_split(order, BLOCKS):
            groups[block] = block.min()
        cut += len(mine)
    return groups, cut
