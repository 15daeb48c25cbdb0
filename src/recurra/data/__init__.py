"""From files and names to labelled rows: readers, the catalogue, the embedded sample."""

from recurra.data.catalogue import CATALOGUE, Entry, locate
from recurra.data.labelled import LabelledTexts, label_texts
from recurra.data.readers import Table, read_table

__all__ = ["CATALOGUE", "Entry", "LabelledTexts", "Table", "label_texts", "locate", "read_table"]
