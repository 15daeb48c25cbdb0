"""What can be tried of each kind of network: a row is typed or dragged, and is answered.

::

    tried_of(run)  →  Tried: what is typed  →  told(row), at every key;  parts(row), at rest

    said, why   sentences
    shares      {name: probability}              bars
    words       [{word, said, share, fall}]      words with tags, or with what each of them does
    ahead       {forecast, lower, upper}         a line that goes on
    strips      [{name, edges, values}]          colours under a line, a stretch each
    lines       texts that were written

Networks that tell classes of texts have a page of their own (`views/trying.py`).
"""

from importlib import import_module

from recurra.errors import BundleError
from recurra.finished import FinishedRun
from recurra.problems.kept import Kept, kept_model
from recurra.studio.tried.row import Row, Tried, numbers_of

__all__ = ["TEXTS", "Row", "Tried", "kind_of", "numbers_of", "tried_of"]

TEXTS = "texts"  # the page that they have of their own
KINDS = {
    "SequenceLabeller": "texts:Labels",
    "SequenceTranslator": "texts:Translation",
    "SequenceGenerator": "texts:Lines",
    "SequenceRegressor": "numbers:Quantity",
    "SequenceForecaster": "numbers:Forecast",
    "SequenceRiser": "prices:Rise",
}


def kind_of(kept: Kept) -> str:
    """Give how a model is tried; "" where it is not.

    Returns:
        "texts", or the class of a module here.
    """
    numbers = bool(kept.facts.channels)
    if kept.kind == "SequenceClassifier":
        return "numbers:Classes" if numbers else TEXTS
    if kept.kind == "SequenceTagger":
        return (
            "numbers:States" if kept.facts.normal is not None else "" if numbers else "texts:Tags"
        )
    if kept.kind == "SequenceForecaster" and numbers:
        return ""  # columns beside a series are not typed
    return KINDS.get(kept.kind, "")


def tried_of(run: FinishedRun) -> Tried:
    """Open the model of a run to be tried.

    Raises:
        BundleError: it is damaged, or of a kind that is not tried here.
    """
    kept = kept_model(run.folder)
    kind = kind_of(kept)
    if kind in ("", TEXTS):
        raise BundleError(f"{kept.folder} holds a {kept.what}, which is not tried by rows.")
    module, name = kind.split(":")
    found: Tried = getattr(import_module(f"recurra.studio.tried.{module}"), name)(kept, run)
    return found
