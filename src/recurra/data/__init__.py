"""From files and names to labelled rows: readers, the catalogue, the embedded sample."""

from recurra.data.catalogue import CATALOGUE, Entry, locate
from recurra.data.conllu import TaggedSentences, read_conllu
from recurra.data.corpora import CORPORA, Corpus, locate_corpus, read_classes, read_pairs
from recurra.data.labelled import LabelledTexts, label_texts
from recurra.data.readers import Table, read_table
from recurra.data.reviews import read_imdb, read_nsmc

__all__ = [
    "CATALOGUE",
    "CORPORA",
    "Corpus",
    "Entry",
    "LabelledTexts",
    "Table",
    "TaggedSentences",
    "label_texts",
    "locate",
    "locate_corpus",
    "read_classes",
    "read_conllu",
    "read_imdb",
    "read_nsmc",
    "read_pairs",
    "read_table",
]
