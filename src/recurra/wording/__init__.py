"""What is said to people, in their language: English sentences, and one catalogue of Korean ones.

::

    worded("{rows:,} rows were read", rows=12)    a sentence that is shown at once
    retold("12 rows were read")                   one that was made, or stored, in English
    term("recall")                                a name or a heading of ours

English is what sentences are made in, kept in and compared by: errors, `report.json`, notes. Where
they are shown, they are said in the language in force. A sentence made in English is recognised by
the words that do not change, and what stands between them is put into the Korean one. So that these
words do not change, English is made of many, "1 rows are empty", and agrees once it is told.
"""

from recurra.wording.agreement import agreed
from recurra.wording.catalogue import retold, sentences, term, worded
from recurra.wording.languages import LANGUAGES, accepted, console_speaks, language, speak
from recurra.wording.particles import with_particle

__all__ = [
    "LANGUAGES",
    "accepted",
    "agreed",
    "console_speaks",
    "language",
    "retold",
    "sentences",
    "speak",
    "term",
    "with_particle",
    "worded",
]
