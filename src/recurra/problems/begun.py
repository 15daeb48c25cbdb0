"""Problems of classes whose network may begin as a linear model, or be weighed with one."""

from dataclasses import dataclass

import numpy as np

from recurra.arrays import Floats
from recurra.estimators import SequenceClassifier
from recurra.judging import leaks
from recurra.judging.classes import ClassProblem
from recurra.judging.decide import decide
from recurra.judging.measures import class_statistics, values
from recurra.judging.report import Exhibit, Probe, Verdict
from recurra.judging.run import Found

__all__ = ["BegunProblem"]


@dataclass
class BegunProblem(ClassProblem):
    """Rows to classes; what a network adds to the linear model that it goes with is shown."""

    def own_starts(self, classifier: SequenceClassifier) -> list[Probe]:
        """Look for rows that taught where they begin: they, or a copy of theirs."""
        if classifier.start_ is None or self.pieces is None:
            return []
        known = self.folds[-1].known
        return [leaks.own_start(self.pieces[known], classifier.start_folds_)]

    def added(self, found: Found) -> list[Exhibit]:
        """Show what a network adds to the linear model as which it begins, alone."""
        last = len(self.folds) - 1
        classifier, held = found.model(found.chosen).estimator, self.folds[last].held
        if classifier.start_ is None:
            return []
        kind, named = ", ".join(classifier.start_.kinds), self._rows().take(held)
        order = [list(map(str, named.names)).index(str(each)) for each in classifier.classes_]
        shares = np.empty((len(held), len(order)))
        shares[:, order] = classifier.start_shares(named.inputs)
        alone = class_statistics(shares, shares.argmax(axis=1), named.truth)
        whole = found.outcomes[found.chosen, last, 0].statistics
        evidence, both = self.evidence(held), {found.chosen: [whole]}
        told = [
            decide([measure], both, {f"{kind} alone": [alone]}, evidence)[found.chosen]
            for measure in self.measures
            if measure.name in (self.measures[0].name, "accuracy")
        ]
        return [
            Exhibit(
                title="What the network adds",
                columns=["measure", f"{kind} alone", "with the network", "difference"],
                rows=[self._added_row(verdict, alone, whole) for verdict in told],
                note=self._note(told[0], classifier),
            )
        ]

    def _added_row(self, verdict: Verdict, alone: Floats, whole: Floats) -> list[str]:
        measure = next(each for each in self.measures if each.name == verdict.measure)
        before, after = (values(measure, each) for each in (alone, whole))
        ends = "" if verdict.interval is None else " [{:+.4f}, {:+.4f}]".format(*verdict.interval)
        return [verdict.measure, f"{before:.4f}", f"{after:.4f}", f"{after - before:+.4f}{ends}"]

    def _note(self, verdict: Verdict, classifier: SequenceClassifier) -> str:
        """Say what a network adds; what several models say together is saved in it alone."""
        kinds = classifier.start_.kinds if classifier.start_ else []
        told = self._advice(verdict, ", ".join(kinds), classifier.learns_alone)
        if len(kinds) == 1 or verdict.answer == "yes":
            return told
        return f"{told} What they say without it is `start_shares` of the saved model, in Python."

    @staticmethod
    def _advice(verdict: Verdict, kind: str, alone: bool) -> str:
        """Say what follows from what a network adds."""
        begins = f"The network begins as {kind}."
        if alone:
            begins = f"The network learned alone, and was weighed with {kind}."
        if verdict.answer == "yes":
            return f"{begins} What it learned of the order makes it better."
        if verdict.answer == "no":
            return f"{begins} What it learned makes it worse: use {kind} alone."
        if verdict.answer == "too few":
            return f"{begins} These rows are too few to say what it adds."
        return f"{begins} That it adds anything cannot be shown on these rows: {kind} alone may do."
