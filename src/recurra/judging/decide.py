"""Is a model better than every rival? Yes, no, undecided, or too few to say: one rule for all.

For each model `j` and each rival `r` the gain `g_jr` is the fall of the loss, or the rise of the
measure. How far chance reaches, by the jackknife over pieces and the variance between trainings
where there are several (`recurra.judging.intervals.reach`), puts it on the normal scale::

    g_jr = reach_jr(probability of more than z_jr)
    Z_jr   what z_jr would be by chance alone, as correlated as the pieces make them

    yes   when for every rival  z_jr > 97.5 % quantile of max_j Z_jr           (models tried)
    no    when for some rival  -z_jr > 97.5 % quantile of max_jr -Z_jr         (models and rivals)

Both at 2.5 %, so that one false answer of either kind among all models has a chance of 5 %. To
lead it must beat every rival, so that which rival is the best need not be guessed from the rows; to
lose to one of several must be more than the bad luck of the worst of so many.

Source: J. Romano, M. Wolf, Stepwise multiple testing as formalized data snooping, Econometrica 73
(2005); H. White, A reality check for data snooping, Econometrica 68 (2000).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from recurra.arrays import Bools, Floats, Rows
from recurra.judging.evidence import Evidence
from recurra.judging.influence import Spread, influences, spread_of
from recurra.judging.intervals import (
    FEWEST_BLOCKS,
    FEWEST_UNBOUNDED,
    needed_rows,
    reach,
    seed_variance,
    too_few_blocks,
)
from recurra.judging.measures import NOTHING, Measure, values
from recurra.judging.report import Answer, Beside, Verdict

__all__ = ["Contest", "contest", "decide"]

Repeats = Sequence[Floats]
SIDE = 0.025
PLACES = np.linspace(0.0, 6.0, 121)  # on the normal scale
FINEST = 1e-5  # of what is compared: a finer difference is of no use, and its digits are none
DRAWS = 2**14  # of chance, evenly spread (Sobol's points), so that quantiles are true to a percent


@dataclass(frozen=True)
class Contest:
    """What chance can do to every model against every rival, arrays (models, rivals).

    Args:
        gain: above 0 the model is better, in units of the measure.
        error: standard error of the gain.
        low: lower end of the interval that "yes" asks about.
        high: upper end of the interval that "no" asks about.
        p_value: of "no better", corrected.
        pieces: independent pieces it rests on: parts of the rows, or blocks of time.
        enough: whether those are enough to tell anything from.
    """

    gain: Floats
    error: Floats
    low: Floats
    high: Floats
    p_value: Floats
    pieces: Rows
    enough: Bools


def contest(
    measure: Measure,
    models: Mapping[str, Repeats],
    rivals: Mapping[str, Repeats],
    evidence: Evidence,
) -> Contest:
    """Measure every model against every rival, with the same pieces left out."""
    everything = [*models.values(), *rivals.values()]
    found = [np.array([values(measure, s) for s in repeats]) for repeats in everything]
    moved = np.stack([influences(measure, repeats, evidence) for repeats in everything], axis=1)
    sign, m = 1.0 if measure.higher_is_better else -1.0, len(models)
    gain, pairs = _gains(sign * np.array([each.mean() for each in found]), sign * moved, m)
    spread = spread_of(pairs.reshape(len(pairs), -1), evidence)
    of_rows, freedom = _not_sure(spread, gain)
    of_seeds = [seed_variance(each) for each in found]
    variances = np.array([each for each, _ in of_seeds])
    error = np.sqrt(of_rows**2 + variances[:m, None] + variances[m:])
    chance = _chance(spread.correlation, of_rows, of_seeds, error, evidence.seed)
    best_of_models = chance.max(axis=1)  # (draws, rivals)
    worst_of_all = (-chance).max(axis=(1, 2))  # (draws,)
    yes = np.quantile(best_of_models, 1 - SIDE, axis=0)
    no = np.quantile(worst_of_all, 1 - SIDE)
    low, high, p_value = np.empty((3, *gain.shape))
    for j, r in np.ndindex(gain.shape):
        rows = float(of_rows[j, r]) ** 2, float(freedom[j, r])
        far = reach(special.ndtr(-PLACES), rows, of_seeds[j], of_seeds[m + r])
        low[j, r] = gain[j, r] - np.interp(yes[r], PLACES, far)
        high[j, r] = gain[j, r] + np.interp(no, PLACES, far)
        z = np.sign(gain[j, r]) * np.interp(np.abs(gain[j, r]), far, PLACES)
        p_value[j, r] = ((best_of_models[:, r] >= z).sum() + 1) / (DRAWS + 1)
    pieces = spread.pieces.reshape(gain.shape)
    enough = pieces >= (FEWEST_BLOCKS if evidence.in_time else 0)
    return Contest(gain, error, low, high, p_value, pieces, enough)


def _gains(mean: Floats, moved: Floats, m: int) -> tuple[Floats, Floats]:
    """Give the gains of the first m over the others, and what they owe to each part.

    Both are nothing where they are no more than roundings.

    Args:
        mean: (contenders,) how good each is.
        moved: (parts, contenders) what that owes to each part.
        m: how many of them are models.

    Returns:
        (models, rivals) and (parts, models, rivals).
    """
    nothing = NOTHING * (np.abs(mean[:m, None]) + np.abs(mean[m:]))
    pairs = moved[:, :m, None] - moved[:, None, m:]
    pairs = np.where(np.abs(pairs).max(axis=0) <= nothing, 0.0, pairs)
    gain = mean[:m, None] - mean[m:]
    return np.where((np.abs(gain) <= nothing) & ~pairs.any(axis=0), 0.0, gain), pairs


def _not_sure(spread: Spread, gain: Floats) -> tuple[Floats, Floats]:
    """Give errors, and their degrees of freedom, that a gain the same in all pieces has, too.

    As if in one more piece there were no gain: the error is then the gain, divided by the pieces.
    """
    error, freedom = spread.error.reshape(gain.shape), spread.freedom.reshape(gain.shape)
    least = np.abs(gain) / spread.pieces.reshape(gain.shape)
    return np.maximum(error, least), np.where(error < least, 2.0, freedom)


def _chance(
    correlation: Floats,
    of_rows: Floats,
    of_seeds: Sequence[tuple[float, float]],
    error: Floats,
    seed: int,
) -> Floats:
    """Draw what chance alone does to all gains, in their errors, (draws, models, rivals)."""
    m, rivals = error.shape
    spreads, axes = np.linalg.eigh(correlation)
    root = (axes * np.sqrt(np.maximum(spreads, 0.0))) @ axes.T  # the one that roundings do not turn
    points = stats.qmc.Sobol(len(root) + m + rivals, rng=np.random.default_rng(seed)).random(DRAWS)
    normal = special.ndtri(np.clip(points, 1e-9, 1 - 1e-9))
    rows = normal[:, : len(root)] @ root.T
    seeds = normal[:, len(root) :] * np.sqrt([each for each, _ in of_seeds])
    drawn = rows.reshape(DRAWS, m, rivals) * of_rows
    drawn += seeds[:, :m, None] - seeds[:, None, m:]
    standard: Floats = np.divide(drawn, error, out=np.zeros_like(drawn), where=error > 0)
    return standard


def decide(
    measures: Sequence[Measure],
    models: Mapping[str, Repeats],
    rivals: Mapping[str, Repeats],
    evidence: Evidence,
    beside: Sequence[str] = (),
) -> dict[str, Verdict]:
    """Say of each model whether it is better than every rival.

    Args:
        measures: the first decides.
        models: for each network the statistics (rows, k) of the same rows, of each training.
        rivals: the same of what they must beat.
        evidence: the pieces that the rows are.
        beside: the names of measures by which the same is asked; the sentence says what they say.

    Returns:
        A verdict for each model, by name.
    """
    first, *others = measures
    main = _answers(first, models, rivals, evidence)
    also = {
        other.name: _answers(other, models, rivals, evidence)
        for other in others
        if other.name in beside
    }
    verdicts = {}
    for name, found in main.items():
        asides = [
            Beside(
                measure=measure,
                answer=each[name].answer,
                rival=each[name].rival,
                difference=each[name].difference,
                interval=each[name].interval,
            )
            for measure, each in also.items()
        ]
        verdict = found.model_copy(update={"beside": asides})
        verdict.sentence += "".join(_said_beside(verdict, aside) for aside in asides)
        verdicts[name] = verdict
    return verdicts


def _answers(
    measure: Measure,
    models: Mapping[str, Repeats],
    rivals: Mapping[str, Repeats],
    evidence: Evidence,
) -> dict[str, Verdict]:
    statistics = next(iter(models.values()))[0]
    found = contest(measure, models, rivals, evidence)
    lacking = needed_rows(measure, statistics, evidence)
    sign = 1.0 if measure.higher_is_better else -1.0
    named, answers = list(rivals), {}
    for j, (name, repeats) in enumerate(models.items()):
        r = _hardest(found, j)
        needed = lacking
        if needed is None:
            needed = too_few_blocks(len(statistics), int(found.pieces[j, r]), evidence)
        ends = sorted((sign * float(found.low[j, r]), sign * float(found.high[j, r])))
        answer = _answer(found, j, needed)
        said = answer != "too few"
        verdict = Verdict(
            model=name,
            measure=measure.name,
            answer=answer,
            rival=named[r],
            difference=sign * float(np.nan_to_num(found.gain[j, r])) + 0.0,
            interval=(ends[0], ends[1]) if said and found.error[j, r] > 0 else None,
            p_value=float(found.p_value[j].max()) if said else None,
            corrected_for=(len(models), len(rivals)),
            pieces=int(found.pieces[j, r]) if evidence.in_time else evidence.count,
            needed=needed,
            seeds=len(repeats),
            sentence="",
        )
        ours, theirs = (
            float(np.mean([values(measure, s) for s in each]))
            for each in (repeats, rivals[named[r]])
        )
        sentence = _sentence(verdict, ours, theirs, evidence)
        answers[name] = verdict.model_copy(update={"sentence": sentence})
    return answers


def _answer(found: Contest, j: int, needed: int | None) -> Answer:
    if needed is not None or not np.isfinite(found.error[j]).all():
        return "too few"
    if (found.low[j] > 0).all():
        return "yes"
    return "no" if (found.enough[j] & (found.high[j] < 0)).any() else "undecided"


def _hardest(found: Contest, j: int) -> int:
    """Give the rival that the answer is about: the best of those that decide it.

    Those are the ones that the model loses to, else those in the way of a "yes", else those that
    too few blocks of time tell of, else all.
    """
    enough = found.enough[j]
    lost, led = enough & (found.high[j] < 0), enough & (found.low[j] > 0)
    for in_question in (lost, enough & ~led, ~enough):
        if in_question.any():
            return int(np.argmin(np.where(in_question, found.gain[j], np.inf)))
    return int(np.argmin(found.gain[j]))


def _lack(verdict: Verdict, evidence: Evidence) -> str:
    """Say what there is too little of, where there is."""
    if evidence.in_time:
        return f"the steps held out are {verdict.pieces:,} independent blocks"
    if evidence.effective() < FEWEST_UNBOUNDED:
        return f"the rows held out are {verdict.pieces:,} independent pieces of evidence"
    return "the rows held out are nearly all of one kind"


def _sentence(verdict: Verdict, ours: float, theirs: float, evidence: Evidence) -> str:
    name, rival = verdict.model, verdict.rival
    if not np.isfinite(ours + theirs):
        return f"Too few to say: {verdict.measure} cannot be measured on these rows."
    finest = FINEST * max(abs(ours), abs(theirs))
    step = max(_step(verdict.difference, verdict.interval), finest)
    if verdict.answer in ("undecided", "too few") and step <= finest:
        return _same(verdict, theirs, evidence)
    figures = f"{verdict.measure} {_figure(ours, step)} against {_figure(theirs, step)}"
    if verdict.interval is not None:
        low, high = (_figure(end, step, "+") for end in verdict.interval)
        figures += f", difference {_figure(verdict.difference, step, '+')} [{low}, {high}]"
    if verdict.answer == "yes":
        others = " and every other rival" if verdict.corrected_for[1] > 1 else ""
        return f"Yes: {name} is better than {rival}{others} ({figures})."
    if verdict.answer == "no":
        return f"No: {name} loses to {rival} ({figures}); use {rival}."
    if verdict.answer == "too few":
        lack, needed = _lack(verdict, evidence), _needed(verdict, evidence)
        return (
            f"Too few to say: {name} has {figures}, {rival} being its hardest rival; {lack}, "
            f"and about {needed} would be needed."
        )
    return f"Undecided: {name} and {rival} cannot be told apart ({figures})."


def _same(verdict: Verdict, value: float, evidence: Evidence) -> str:
    """Say that a model is no better and no worse: it may add nothing to what it begins from."""
    name, rival = verdict.model, verdict.rival
    measure, figure = verdict.measure, _figure(value, 0.0)
    if verdict.answer == "undecided":
        return f"Undecided: {name} does as {rival} does on the rows held out ({measure} {figure})."
    lack, needed = _lack(verdict, evidence), _needed(verdict, evidence)
    return (
        f"Too few to say: {name} does as {rival} does, its hardest rival ({measure} {figure}); "
        f"{lack}, and about {needed} would be needed."
    )


def _needed(verdict: Verdict, evidence: Evidence) -> str:
    """Say how many rows like these would be enough."""
    return f"{verdict.needed:,} steps" if evidence.in_time else f"{verdict.needed:,} rows"


def _step(difference: float, interval: tuple[float, float] | None) -> float:
    """Give what a figure must show: half the width of its interval, or the difference."""
    return abs(difference) if interval is None else (interval[1] - interval[0]) / 2


def _figure(number: float, step: float, sign: str = "") -> str:
    """Write a number so that a step shows two digits, whatever the unit.

    Example:
        >>> _figure(0.08654, 0.013), _figure(-1234.5, 210.0, "+"), _figure(3.2e-30, 1.1e-31)
        ('0.087', '-1,234', '3.20e-30')
    """
    if step == 0 or not np.isfinite(step):
        return f"{number:{sign}.4g}" if number else "0"
    decimals = 1 - int(np.floor(np.log10(step)))
    if -4 <= decimals <= 7:
        return f"{number:{sign},.{max(0, decimals)}f}"
    if number == 0:
        return "0"
    digits = decimals + int(np.floor(np.log10(abs(number))))
    return f"{number:{sign}.{min(max(0, digits), 15)}e}"


def _said_beside(verdict: Verdict, aside: Beside) -> str:
    """Say what another measure says, where it differs."""
    if aside.answer in (verdict.answer, "too few") or aside.difference is None:
        return ""
    if aside.answer == "undecided" and aside.difference == 0 and aside.interval is None:
        return f" By {aside.measure}, it and {aside.rival} are equal."
    said = {
        "yes": f"it is better than {aside.rival}",
        "no": f"it loses to {aside.rival}",
        "undecided": f"it and {aside.rival} cannot be told apart",
    }[aside.answer]
    step = _step(aside.difference, aside.interval)
    return f" By {aside.measure}, {said} ({_figure(aside.difference, step, '+')})."
