"""Whether a split is clean, for any model: nothing is trained, and Keras is not needed."""

from recurra.auditing.audit import (
    audit,
    audit_numbers,
    audit_run,
    audit_texts,
    rows_of,
    rows_of_run,
)
from recurra.auditing.behaviour import Behaviour, Check, audit_model
from recurra.auditing.findings import Audit, Curve, Example, Finding, Suspect, Tell

__all__ = [
    "Audit",
    "Behaviour",
    "Check",
    "Curve",
    "Example",
    "Finding",
    "Suspect",
    "Tell",
    "audit",
    "audit_model",
    "audit_numbers",
    "audit_run",
    "audit_texts",
    "rows_of",
    "rows_of_run",
]
