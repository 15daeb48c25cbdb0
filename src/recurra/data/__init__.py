"""From files and names to labelled rows: readers, the catalogue, the embedded sample."""

from recurra.data.catalogue import (
    CATALOGUE,
    CORPORA,
    Corpus,
    Entry,
    locate,
    locate_corpus,
)
from recurra.data.classed_lines import Lines, open_lines
from recurra.data.corpora import read_classes, read_pairs
from recurra.data.labelled import LabelledTexts, label_texts
from recurra.data.opening import Columns, open_texts
from recurra.data.pairs import Pairs, open_pairs
from recurra.data.readers import Table, read_table
from recurra.data.reviews import read_imdb, read_nsmc
from recurra.data.sentences import open_sentences, sample_sentences
from recurra.data.sequences import (
    LabelledSequences,
    Layout,
    label_sequences,
    read_sequences,
    sample_sequences,
    sequences_of_frame,
    with_test,
)
from recurra.data.series import Series, read_series, sample_series
from recurra.data.states import LabelledSteps, StepColumns, read_steps, sample_steps
from recurra.data.tagged import TagColumns, TaggedSentences, read_tagged

__all__ = [
    "CATALOGUE",
    "CORPORA",
    "Columns",
    "Corpus",
    "Entry",
    "LabelledSequences",
    "LabelledSteps",
    "LabelledTexts",
    "Layout",
    "Lines",
    "Pairs",
    "Series",
    "StepColumns",
    "Table",
    "TagColumns",
    "TaggedSentences",
    "label_sequences",
    "label_texts",
    "locate",
    "locate_corpus",
    "open_lines",
    "open_pairs",
    "open_sentences",
    "open_texts",
    "read_classes",
    "read_imdb",
    "read_nsmc",
    "read_pairs",
    "read_sequences",
    "read_series",
    "read_steps",
    "read_table",
    "read_tagged",
    "sample_sentences",
    "sample_sequences",
    "sample_series",
    "sample_steps",
    "sequences_of_frame",
    "with_test",
]
