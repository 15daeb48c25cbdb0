"""Learn from sequences with recurrent networks: train, judge honestly, explain, save and use.

Nothing heavy is imported until it is used: `import recurra` loads neither Keras nor JAX. It only
says which backend a later `import keras` takes: Keras' own default, TensorFlow, may not be there.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from recurra.errors import (
    BundleError,
    DataError,
    InputError,
    RecurraError,
    RunError,
    SettingsError,
)
from recurra.which_backend import choose_backend

if TYPE_CHECKING:
    from recurra.auditing import audit, audit_model
    from recurra.estimators import (
        SequenceClassifier,
        SequenceForecaster,
        SequenceGenerator,
        SequenceRegressor,
        SequenceTagger,
        SequenceTranslator,
    )
    from recurra.evaluating import evaluate
    from recurra.layers import accelerate
    from recurra.plots import use_korean_font
    from recurra.running import compare, run
    from recurra.text import TextEncoder, Vocabulary

__version__: str  # looked up when it is asked for
__all__ = [
    "BundleError",
    "DataError",
    "InputError",
    "RecurraError",
    "RunError",
    "SequenceClassifier",
    "SequenceForecaster",
    "SequenceGenerator",
    "SequenceRegressor",
    "SequenceTagger",
    "SequenceTranslator",
    "SettingsError",
    "TextEncoder",
    "Vocabulary",
    "accelerate",
    "audit",
    "audit_model",
    "compare",
    "evaluate",
    "run",
    "use_korean_font",
]

_LAZY = {
    "SequenceClassifier": "recurra.estimators",
    "SequenceForecaster": "recurra.estimators",
    "SequenceGenerator": "recurra.estimators",
    "SequenceRegressor": "recurra.estimators",
    "SequenceTagger": "recurra.estimators",
    "SequenceTranslator": "recurra.estimators",
    "TextEncoder": "recurra.text",
    "Vocabulary": "recurra.text",
    "accelerate": "recurra.layers",
    "audit": "recurra.auditing",
    "audit_model": "recurra.auditing",
    "compare": "recurra.running",
    "evaluate": "recurra.evaluating",
    "run": "recurra.running",
    "use_korean_font": "recurra.plots",
}


choose_backend()


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("recurra")
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'recurra' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
