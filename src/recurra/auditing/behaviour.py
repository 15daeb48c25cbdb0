"""How anything that is fitted and asked behaves: does it know what it must not?

::

    repeatable     asked twice, it answers the same
    order, batch   the answer to a row is the same in another order, among others, alone
    later rows     of rows in time, what comes later moves no earlier answer
    later steps    of answers to each step, what comes later moves no earlier one
    refit          rows held out are changed: a fit on the rows known stays the same
    placebo        labels are shuffled: whoever is right about those of rows held out has seen them
    trained on     it is surer of the test than of fresh rows

The last two are tests, each exact with an error of 1 %: shuffled labels of held rows are as
probable in any order, and so are the losses of test and fresh rows within a class, where neither
was learnt from. All others are properties: what is changed may move nothing.

Sources: Ojala and Garriga, "Permutation tests for studying classifier performance" (2010); Shokri
et al., "Membership inference attacks" (2017), for what a model's losses tell; Phipson and Smyth,
"Permutation p-values should never be zero" (2010).
"""

from collections.abc import Callable, Iterator
from functools import cached_property
from html import escape
from importlib.metadata import version
from typing import Any, Literal

import numpy as np
from pydantic import Field

from recurra.arrays import Array, Bools, Floats, Rows
from recurra.auditing.asking import (
    Answers,
    changed,
    differ,
    fit_of,
    labels_of,
    parts_of,
    rows_in,
    say_of,
    taken,
)
from recurra.errors import DataError, SettingsError
from recurra.judging.report import Strict
from recurra.sequences import Ragged
from recurra.wording import retold, term, worded

__all__ = ["Behaviour", "Check", "audit_model"]

CHANCE, DRAWS, PART = 0.01, 1_999, 100
MOST_TESTED = 5_000  # rows of a side, drawn where there are more
MOST_ALONE, CUTS = 32, 5  # rows that are asked alone; places where later rows are changed
FEWEST = 8  # rows of a side, or fresh ones, that a test is made with
Fit = Callable[[Any, Array, Rows], Any]


class Check(Strict):
    """One thing that was looked at.

    Args:
        name: of it.
        result: passed; failed, where it knows what it must not; or not checked.
        sentence: what was found, or why it was not checked.
        size: how many answers moved, or how much more is known than by luck.
        of: out of how many.
        p_value: of a test.
        advice: what to do.
    """

    name: str
    result: Literal["passed", "failed", "not checked"]
    sentence: str
    size: float = 0.0
    of: int = 0
    p_value: float | None = None
    advice: str = ""


class Behaviour(Strict):
    """How something that is fitted and asked behaves.

    Args:
        version: of Recurra.
        model: what was asked.
        rows: how many rows it was asked.
        checks: all that was looked at, and what was not.
    """

    schema_: Literal["recurra.behaviour/1"] = Field(default="recurra.behaviour/1", alias="schema")
    version: str
    model: str
    rows: int
    checks: list[Check]

    @property
    def failed(self) -> list[Check]:
        """What it knows and must not."""
        return [check for check in self.checks if check.result == "failed"]

    @property
    def clean(self) -> bool:
        """Whether nothing failed."""
        return not self.failed

    @property
    def sentence(self) -> str:
        """The answer in words."""
        names = [check.name for check in self.failed]
        left = sum(check.result == "not checked" for check in self.checks)
        said = (
            f"It fails: {', '.join(names)}."
            if names
            else "Nothing was found that it must not know."
        )
        return said + (f" {left} of {len(self.checks)} were not checked." if left else "")

    def to_json(self) -> str:
        """Give it as the text of one JSON object."""
        return self.model_dump_json(by_alias=True, indent=2) + "\n"

    def __str__(self) -> str:
        rows = [
            f"{term(c.result):<11} {term(c.name)}: {retold(c.sentence)} {retold(c.advice)}".rstrip()
            for c in self.checks
        ]
        return "\n".join([*rows, retold(self.sentence)])

    def _repr_html_(self) -> str:
        """Show itself in a notebook."""
        body = "".join(
            f"<tr><td>{term(c.result)}</td><td>{escape(term(c.name))}</td>"
            f"<td>{escape(retold(c.sentence))} <i>{escape(retold(c.advice))}</i></td></tr>"
            for c in self.checks
        )
        head = f"<tr><th></th><th>{worded('check')}</th><th>{worded('found')}</th></tr>"
        return f"<p><b>{escape(retold(self.sentence))}</b></p><table>{head}{body}</table>"


def audit_model(
    model: Any,
    inputs: Any,
    targets: Any = None,
    *,
    known: Any = None,
    fit: Fit | None = None,
    fresh: tuple[Any, Any] | None = None,
    in_time: bool = False,
    lag: int = 0,
    by_step: bool = False,
    shuffles: int = 10,
    seed: int = 0,
) -> Behaviour:
    """Look whether something that is fitted and asked knows what it must not.

    Args:
        model: fitted: what has `predict` (and perhaps `predict_proba`), or a function from rows to
            answers. None: what `fit` gives is asked.
        inputs: rows: an array, a frame, a list, sequences.
        targets: (rows,) classes or numbers; without them nothing is fitted.
        known: rows that may be learnt from, as numbers or as a mask; all others are held out. None:
            all rows are a test that the model has not seen.
        fit: from all inputs, all targets and the numbers of the rows known to a fitted model: your
            own code, with whatever it does before and after. None: a copy of `model` is fitted on
            the rows known, if it has `fit`.
        fresh: inputs and targets of the same source that surely nobody has learnt from.
        in_time: whether rows follow each other in time: later ones may then move no earlier answer.
        lag: the answer to row t may use rows up to t - lag: 1 where nothing that comes after the
            day before may count.
        by_step: whether a row is a sequence with an answer to each step, which may use no later
            one.
        shuffles: how many times labels are shuffled, each with a fit.
        seed: of what is drawn.

    Raises:
        DataError: there are no rows, or another number of targets or answers.
        SettingsError: the model cannot be asked, or rows known are no rows.

    Example:
        >>> rows = np.arange(40.0).reshape(20, 2)
        >>> audit_model(lambda x: x.sum(axis=1), rows).clean
        True
        >>> whole = audit_model(lambda x: (x - x.mean(axis=0)).sum(axis=1), rows)
        >>> [check.name for check in whole.failed]
        ['order and batch']
    """
    if not rows_in(inputs):
        raise DataError("there must be rows to ask, but there is none.")
    if model is None and (fit is None or targets is None or known is None):
        raise SettingsError("without a model there must be `fit`, `targets` and `known`.")
    audited = _Audited(model, inputs, targets, known, fit, seed)
    checks = [_repeatable(audited)]
    if checks[0].result == "passed":
        checks += [_order_and_batch(audited), _later_rows(audited, in_time, lag)]
        checks.append(_later_steps(audited, by_step))
    checks += [_refit(audited), _placebo(audited, shuffles), _trained_on(audited, fresh)]
    name = "a fit" if model is None else getattr(model, "__name__", type(model).__name__)
    return Behaviour(
        version=version("recurra"), model=str(name), rows=rows_in(inputs), checks=checks
    )


class _Audited:
    """What is audited: who is asked, and what of."""

    def __init__(
        self, model: Any, inputs: Any, targets: Any, known: Any, fit: Fit | None, seed: int
    ) -> None:
        self.inputs, self.seed, self.rows = inputs, seed, rows_in(inputs)
        self.targets = None if targets is None else np.asarray(targets)
        if self.targets is not None and len(self.targets) != self.rows:
            raise DataError(
                f"there must be a target to each row, but {self.rows:,} rows have "
                f"{len(self.targets):,}."
            )
        self.known = None if known is None else _numbers(known, self.rows)
        self.own_fit = fit is not None
        self.fit = fit or (None if model is None else fit_of(model))
        self.given = model

    @cached_property
    def model(self) -> Any:
        """What is asked: as it was given, or else fitted on the rows known."""
        if self.given is not None:
            return self.given
        assert self.fit is not None
        assert self.targets is not None
        assert self.known is not None
        return self.fit(self.inputs, self.targets, self.known)

    @property
    def held(self) -> Rows:
        """The rows that are a test."""
        every = np.arange(self.rows)
        return every if self.known is None else np.setdiff1d(every, self.known)

    @cached_property
    def answers(self) -> Answers:
        """What is said of all rows."""
        return say_of(self.model)(self.inputs)

    def say(self, rows: Rows) -> Answers | None:
        """Ask of some rows alone; None where it cannot answer so few."""
        try:
            return say_of(self.model)(taken(self.inputs, rows))
        except Exception:  # whatever a function of the user's raises
            return None


def _numbers(known: Any, rows: int) -> Rows:
    given = np.asarray(known)
    numbers = np.flatnonzero(given) if given.dtype == bool else np.unique(given.astype(np.int64))
    wrong = len(given) != rows if given.dtype == bool else not np.isin(numbers, range(rows)).all()
    if wrong or not 0 < len(numbers) < rows:
        raise SettingsError(
            f"the rows known must be some of the {rows:,}, by number or as a mask, and not all, "
            f"but {len(numbers):,} are given."
        )
    return numbers


def _moved(name: str, moved: Bools, by: Floats, what: str, advice: str) -> Check:
    """Say how many answers moved, or that none did."""
    if not moved.any():
        return Check(name=name, result="passed", sentence=f"No answer moves {what}.", of=len(moved))
    most = f", by up to {by[moved].max():.3g}" if np.isfinite(by[moved]).all() else ""
    return Check(
        name=name,
        result="failed",
        sentence=f"{moved.sum():,} of {len(moved):,} answers move {what}{most}.",
        size=float(moved.sum()),
        of=len(moved),
        advice=advice,
    )


def _not_checked(name: str, why: str) -> Check:
    return Check(name=name, result="not checked", sentence=why)


# ---- properties of what was fitted


def _repeatable(audited: _Audited) -> Check:
    moved, by = differ(audited.answers, say_of(audited.model)(audited.inputs))
    advice = "Draw nothing when it is asked, or from a fixed seed."
    return _moved("repeatable", moved, by, "when the same is asked again", advice)


def _order_and_batch(audited: _Audited) -> Check:
    every = np.arange(audited.rows)
    draw = np.random.default_rng(audited.seed)
    mixed = draw.permutation(every)
    parts = [mixed, every[::-1], *np.array_split(mixed, 2)]
    parts += [every[row : row + 1] for row in np.sort(mixed[:MOST_ALONE])]
    moved, by = np.zeros(audited.rows, bool), np.zeros(audited.rows)
    said = [(part, audited.say(part)) for part in parts if len(part)]
    for part, other in said:
        if other is not None:
            _note(moved, by, part, audited.answers, other)
    if all(other is None for _, other in said):
        return _not_checked("order and batch", "It could not be asked of some of the rows.")
    return _moved(
        "order and batch",
        moved,
        by,
        "with the order of rows, or with those that are asked beside",
        "Let each row be answered by itself: what is taken of all rows (a mean, a scale, a rank, a "
        "vocabulary) is to be taken of the training rows, and kept.",
    )


def _later_rows(audited: _Audited, in_time: bool, lag: int) -> Check:
    name = "later rows"
    if not in_time:
        return _not_checked(name, "Rows are not said to be in time: in_time=True.")
    moved, by = np.zeros(audited.rows, bool), np.zeros(audited.rows)
    cuts = np.unique(np.linspace(1, audited.rows - 1, CUTS + 2).astype(int)[1:-1])
    for cut in cuts.tolist():
        later = np.arange(cut, audited.rows)
        before = np.arange(min(audited.rows, cut + lag))
        other = say_of(audited.model)(changed(audited.inputs, later, audited.seed))
        _note(moved, by, before, audited.answers, other[before])
        begun = audited.say(np.arange(cut))
        if begun is not None:
            _note(moved, by, np.arange(cut), audited.answers, begun)
    least = f"row t - {lag} on, of row t" if lag else "later rows"
    return _moved(
        name,
        moved,
        by,
        f"when {least} are changed or not there",
        "Use what was known then: no centred window, no filling from behind, no scale of the whole "
        f"series{', nothing of the day itself' if lag else ''}.",
    )


def _note(moved: Bools, by: Floats, rows: Rows, answers: Answers, other: Answers) -> None:
    here, far = differ(answers[rows], other)
    moved[rows] |= here
    by[rows] = np.maximum(by[rows], far)


def _later_steps(audited: _Audited, by_step: bool) -> Check:
    name = "later steps"
    if not by_step:
        return _not_checked(name, "Answers are not said to be to steps: by_step=True.")
    whole = [np.asarray(each) for each in audited.answers]
    lengths = np.array([len(each) for each in whole])
    rows = np.flatnonzero(lengths > 1)[:MOST_ALONE]
    if not len(rows):
        return _not_checked(name, "No row has two steps with an answer each.")
    moved, by = np.zeros(len(rows), bool), np.zeros(len(rows))
    for place, row in enumerate(rows.tolist()):
        cut = int(lengths[row]) // 2
        begun = _begun(taken(audited.inputs, np.array([row])), cut)
        other = np.asarray(say_of(audited.model)(begun)[0])[:cut]
        here, far = differ(whole[row][:cut], other)
        moved[place], by[place] = here.any(), far.max(initial=0.0)
    return _moved(
        name,
        moved,
        by,
        "at their first half when the second is not there",
        "Read forwards only, if it is to answer while steps come; a bidirectional network reads "
        "the whole.",
    )


def _begun(row: Any, cut: int) -> Any:
    """Give the first steps of one sequence."""
    if isinstance(row, np.ndarray) and row.dtype != object:
        return row[:, :cut]
    if isinstance(row, Ragged):
        return Ragged.of_numbers([parts_of(row)[0][:cut]])
    return [row[0][:cut]]


# ---- properties of the fit


def _why_not_fitted(audited: _Audited) -> str:
    if audited.fit is None:
        return "It has no `fit`: give one."
    if audited.targets is None or audited.known is None:
        return "Targets, and the rows known, are needed: targets=, known=."
    return ""


def _refit(audited: _Audited) -> Check:
    name, why = "refit", _why_not_fitted(audited)
    if not why and not audited.own_fit:
        why = (
            "It was given the rows known alone. To see what your own code does with the others, "
            "give it as fit=, a function of all rows."
        )
    if why:
        return _not_checked(name, why)
    fit, targets, known, held = audited.fit, audited.targets, audited.known, audited.held
    assert fit is not None
    assert targets is not None
    assert known is not None
    asked = [say_of(fit(audited.inputs, targets, known))(audited.inputs) for _ in range(2)]
    if differ(*asked)[0].any():
        return _not_checked(name, "Two fits on the same rows answer otherwise: fix their seed.")
    moved, by = np.zeros(audited.rows, bool), np.zeros(audited.rows)
    others = [
        (audited.inputs, _other_targets(targets, held, audited.seed)),
        (changed(audited.inputs, held, audited.seed), targets),
    ]
    for inputs, labels in others:
        again = say_of(fit(inputs, labels, known))(audited.inputs)
        _note(moved, by, np.arange(audited.rows), asked[0], again)
    return _moved(
        name,
        moved,
        by,
        "when rows held out are changed before the fit",
        "Fit everything on the rows known: vocabulary, scale, selection of columns, filling of "
        "gaps, threshold, number of epochs.",
    )


def _other_targets(targets: Array, rows: Rows, seed: int) -> Array:
    other = targets.copy()
    if targets.dtype.kind == "f":
        other[rows] = other[rows] * 2 + np.nanstd(targets) + 1
        return other
    classes, numbers = np.unique(targets, return_inverse=True)
    counts = np.bincount(numbers[rows], minlength=len(classes))
    other[rows] = classes[counts.argmin()]  # so that what counts them is moved, too
    return other


# ---- tests


def _placebo(audited: _Audited, shuffles: int) -> Check:
    name, why = "placebo", _why_not_fitted(audited)
    held = _some(audited.held, audited.seed)
    if not why and len(held) < FEWEST:
        why = f"{FEWEST} rows held out are needed, but there are {len(held)}."
    if why:
        return _not_checked(name, why)
    assert audited.fit is not None
    assert audited.targets is not None
    assert audited.known is not None
    draw = np.random.default_rng(audited.seed)
    told, by_luck = 0.0, np.zeros(DRAWS)
    for _ in range(shuffles):
        shuffled = draw.permutation(audited.targets)
        model = audited.fit(audited.inputs, shuffled, audited.known)
        said = labels_of(model)(taken(audited.inputs, held))
        fits, truth = _comparable(said, shuffled[held])
        told += float(fits(truth).mean()) / shuffles
        luck = [fits(orders).mean(axis=1) for orders in _orders(truth, draw)]
        by_luck += np.concatenate(luck) / shuffles
    p_value = float(((by_luck >= told - 1e-12).sum() + 1) / (DRAWS + 1))
    mean, failed = float(by_luck.mean()), p_value < CHANCE
    return Check(
        name=name,
        result="failed" if failed else "passed",
        sentence=(
            f"Of {shuffles} fits with shuffled labels, the answers to rows held out fit those "
            f"labels to {told:.1%}, by luck to {mean:.1%} (p = {p_value:.2g})."
        ),
        size=told - mean,
        of=len(held),
        p_value=p_value,
        advice="The labels of rows held out reach the fit." if failed else "",
    )


def _some(rows: Rows, seed: int) -> Rows:
    if len(rows) <= MOST_TESTED:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, MOST_TESTED, replace=False))


def _comparable(said: Answers, truth: Array) -> tuple[Callable[[Array], Floats], Array]:
    """Give how well answers fit targets in any order, from 0 to 1 each, and those targets.

    Classes are right or not. Numbers, and scores of classes, are compared by their ranks.
    """
    names, codes = np.unique(truth, return_inverse=True)
    if said.ndim > 1:
        many = said.reshape(len(said), -1)
        said = names[np.minimum(many.argmax(axis=1), len(names) - 1)]
        said = many[:, -1] if many.shape[1] <= 2 else said
    if truth.dtype.kind == "f" or (said.dtype.kind == "f" and not np.isin(said, names).all()):
        ranks, target = (
            _ranks(each) for each in (said, truth if truth.dtype.kind == "f" else codes)
        )
        return (lambda order: 1 - np.abs(ranks - order)), target
    place = {name: number for number, name in enumerate(map(str, names))}
    decided = np.array([place.get(str(each), -1) for each in said])
    return (lambda order: (decided == order).astype(float)), codes


def _orders(values: Array, draw: np.random.Generator) -> Iterator[Array]:
    """Give the values in `DRAWS` orders drawn, some at a time: (orders, values)."""
    for begin in range(0, DRAWS, PART):
        yield draw.permuted(np.tile(values, (min(PART, DRAWS - begin), 1)), axis=1)


def _ranks(values: Array) -> Floats:
    from scipy.stats import rankdata

    found: Floats = (rankdata(values) - 1) / max(1, len(values) - 1)
    return found


def _trained_on(audited: _Audited, fresh: tuple[Any, Any] | None) -> Check:
    name = "trained on the test"
    if audited.targets is None or fresh is None:
        why = "Targets and fresh rows are needed, of the same source: targets=, fresh=."
        return _not_checked(name, why)
    ours, theirs = _some(audited.held, audited.seed), _some(np.arange(rows_in(fresh[0])), 1)
    here, there = len(ours), len(theirs)
    if min(here, there) < FEWEST:
        return _not_checked(name, f"{FEWEST} rows of each are needed: {here} and {there} are here.")
    truth = [audited.targets[ours], np.asarray(fresh[1])[theirs]]
    rows = [taken(audited.inputs, ours), taken(fresh[0], theirs)]
    losses = [_losses(audited.model, *pair) for pair in zip(rows, truth, strict=True)]
    draw = np.random.default_rng(audited.seed)
    surer, p_value = _surer(np.concatenate(losses), np.concatenate(truth), here, draw)
    failed = p_value < CHANCE
    return Check(
        name=name,
        result="failed" if failed else "passed",
        sentence=(
            f"Its mean loss is {losses[0].mean():.3g} on {here:,} test rows and "
            f"{losses[1].mean():.3g} on {there:,} fresh ones: {surer:.3g} less, class by "
            f"class (p = {p_value:.2g}; of models that saw neither, 1 % are called so)."
        ),
        size=surer,
        of=here,
        p_value=p_value,
        advice="It has seen these rows, or their copies: judge it on others." if failed else "",
    )


def _losses(model: Any, inputs: Any, truth: Array) -> Floats:
    """(rows,) log loss where there are probabilities; else whether wrong, or the squared error."""
    classes = getattr(model, "classes_", None)
    if classes is not None and hasattr(model, "predict_proba"):
        found = say_of(model)(inputs)
        place = {name: number for number, name in enumerate(map(str, classes))}
        of_truth = [found[row, place[name]] for row, name in enumerate(map(str, truth))]
        log_loss: Floats = -np.log(np.clip(np.array(of_truth, float), 1e-6, 1.0))
        return log_loss
    said = labels_of(model)(inputs)
    if truth.dtype.kind == "f":
        squared: Floats = (said.reshape(len(truth), -1)[:, 0].astype(float) - truth) ** 2
        return squared
    wrong: Floats = (said.astype(str) != truth.astype(str)).astype(float)
    return wrong


def _surer(
    losses: Floats, of_class: Array, here: int, draw: np.random.Generator
) -> tuple[float, float]:
    """Give how much less the loss is here, and how probable so much is by luck.

    Rows are exchanged within a class; numbers are all of one class.
    """
    ours = np.arange(len(losses)) < here
    groups = [np.ones(len(losses), bool)]
    if of_class.dtype.kind != "f":
        groups = [of_class == name for name in np.unique(of_class)]
    groups = [rows for rows in groups if ours[rows].any() and (~ours[rows]).any()]
    gained, by_luck = 0.0, np.zeros(DRAWS)
    for rows in groups:
        values, count = losses[rows], int(ours[rows].sum())
        drawn = [orders[:, :count].sum(axis=1) for orders in _orders(values, draw)]
        sums = np.concatenate([[values[ours[rows]].sum()], *drawn])
        gain = (values.sum() - sums) / (len(values) - count) - sums / count
        gained += float(gain[0]) * count / here
        by_luck += gain[1:] * count / here
    p_value = float(((by_luck >= gained - 1e-12).sum() + 1) / (DRAWS + 1))
    return gained, p_value if groups else 1.0
