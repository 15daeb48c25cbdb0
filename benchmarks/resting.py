"""Does a network that begins at rest judge messages better than one that begins at zero?

That `simple-rnn`, `lstm` and `gru` begin at rest was chosen on rows that were reported on. So the
choice is made again within every fold: both are trained on the training rows, and the one with the
lower loss on validation rows, which are training rows too, is asked about the rows held out. No
row that a figure is of has a part in the choice that the figure is of.

    RECURRA_DATA=FOLDER python benchmarks/resting.py
    RECURRA_DATA=FOLDER python benchmarks/resting.py --source sentiment-ko --rows 6000
"""

import argparse
import dataclasses
import json
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np

from recurra import SequenceClassifier
from recurra.cells import USUAL
from recurra.data import open_texts
from recurra.judging.problem import Contender, Sides
from recurra.judging.run import compare
from recurra.layers import layer_of
from recurra.models import ARCHITECTURES, CELLS, Architecture, recurrent
from recurra.problems.networks import ClassifierNetwork
from recurra.problems.text_classes import TextProblem, texts

ZERO = "{} from zero"
FITTED: dict[tuple[Any, ...], ClassifierNetwork] = {}  # both are fitted once a fold, and judged
CHOSEN: list[bool] = []  # of every fold, whether to begin at rest was chosen

for called, cell in zip(CELLS, USUAL.values(), strict=True):
    ARCHITECTURES[ZERO.format(called)] = Architecture(
        recurrent(partial(layer_of(cell), 32, name=cell.name))
    )


class Once(ClassifierNetwork):
    """A network that is not trained again where it was trained on the same rows before."""

    def fit(self, known: Any, sides: Sides, **watched: Any) -> Self:
        """Train it, or take what was trained."""
        key = (self.estimator.model, self.seed, *known.inputs)
        if key not in FITTED:
            FITTED[key] = super().fit(known, sides, **watched)
        vars(self).update(vars(FITTED[key]))
        return self


class Chosen(Once):
    """Of both beginnings, the one whose validation loss is lower."""

    def fit(self, known: Any, sides: Sides, **watched: Any) -> Self:
        """Train both on the training rows; validation rows choose."""
        at_zero = SequenceClassifier(ZERO.format(self.estimator.model))
        rest = Once(self.estimator, self.seed).fit(known, sides, **watched)
        zero = Once(at_zero, self.seed).fit(known, sides, **watched)
        CHOSEN.append(rest.validation_loss <= zero.validation_loss)
        vars(self).update(vars(rest if CHOSEN[-1] else zero))
        return self


def contenders(model: str) -> list[Contender]:
    """Give the network at rest and the one chosen, beside the one that begins at zero."""
    rest, zero = SequenceClassifier(model), SequenceClassifier(ZERO.format(model))
    return [
        Contender("at rest", partial(Once, rest)),
        Contender("chosen within the fold", partial(Chosen, rest)),
        Contender("from zero", partial(Once, zero), baseline=True),
    ]


def asked(problem: TextProblem, model: str) -> list[dict[str, Any]]:
    """Judge one cell: a line a contender, each beside the network that begins at zero."""
    CHOSEN.clear()
    report = compare(dataclasses.replace(problem, contenders=contenders(model)))
    verdicts = {verdict.model: verdict for verdict in report.verdicts}
    rows = []
    for found in report.contenders:
        verdict = verdicts.get(found.name)
        rows.append(
            {
                "cell": model,
                "contender": found.name,
                **{name: found.measures[name].value for name in ("Brier score", "log loss", "F1")},
                "answer": verdict and verdict.answer,
                "difference": verdict and verdict.difference,
                "interval": verdict and verdict.interval,
                "F1 beside": verdict and [(b.measure, b.answer) for b in verdict.beside],
                "chose rest": dict(Counter(CHOSEN)),
            }
        )
    return rows


def main() -> None:
    """Judge each cell; a cell whose lines are in the file already is not judged again."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", default="spam", help="whose texts")
    parser.add_argument("--rows", type=int, help="so many drawn; without: all")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--file", type=Path, default=Path("resting.jsonl"))
    options = parser.parse_args()
    done = options.file.read_text() if options.file.exists() else ""
    source = open_texts(options.source)
    if options.rows:
        rng = np.random.default_rng(options.seed)
        source = source.take(np.sort(rng.choice(len(source.texts), options.rows, replace=False)))
    problem = texts(source, folds=options.folds, seed=options.seed)
    for model in CELLS:
        if f'"cell": "{model}"' in done:
            continue
        lines = asked(problem, model)
        FITTED.clear()
        with options.file.open("a") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)
        print(*lines, sep="\n", flush=True)


if __name__ == "__main__":
    main()
