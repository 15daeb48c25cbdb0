"""One file an application: what is asked, of which rows, beside which baselines.

A file is named by what is asked for (`tags`), the function in it by the work (`tagging`): so
`problems.tagging` is always the function. A problem only declares; `recurra.judging.run` fits and
judges. From Python::

    from recurra import problems, run
    run(problems.spam(sample=True))         what `recurra train spam --sample` finds
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recurra.problems.forecasts import forecasting as forecasting
    from recurra.problems.lines import generation as generation
    from recurra.problems.multi_labels import multi_label as multi_label
    from recurra.problems.named import sentiment as sentiment
    from recurra.problems.named import sentiment_ko as sentiment_ko
    from recurra.problems.named import spam as spam
    from recurra.problems.sequence_classes import sequences as sequences
    from recurra.problems.sequence_quantities import quantities as quantities
    from recurra.problems.step_states import states as states
    from recurra.problems.stock_rises import stock_rise as stock_rise
    from recurra.problems.tags import tagging as tagging
    from recurra.problems.text_classes import texts as texts
    from recurra.problems.translations import translation as translation

_HOMES = {
    "spam": "recurra.problems.named",
    "sentiment": "recurra.problems.named",
    "sentiment_ko": "recurra.problems.named",
    "texts": "recurra.problems.text_classes",
    "multi_label": "recurra.problems.multi_labels",
    "tagging": "recurra.problems.tags",
    "forecasting": "recurra.problems.forecasts",
    "generation": "recurra.problems.lines",
    "translation": "recurra.problems.translations",
    "sequences": "recurra.problems.sequence_classes",
    "quantities": "recurra.problems.sequence_quantities",
    "states": "recurra.problems.step_states",
    "stock_rise": "recurra.problems.stock_rises",
}
__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'recurra.problems' has no attribute {name!r}")
