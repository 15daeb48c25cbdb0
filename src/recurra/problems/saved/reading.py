"""What saved models of texts share: a row may have several texts, which are read as one."""

from collections.abc import Iterable, Mapping

from recurra.errors import DataError
from recurra.names import listed, quoted
from recurra.text.joining import JOINT, join, parts_of, read_columns

__all__ = ["ReadsTexts"]


class ReadsTexts:
    """A saved model of texts.

    Attributes:
        name: by which tables call it.
        columns: of the table that it was taught, by their roles.
    """

    name: str
    columns: Mapping[str, str]

    def joined(self, row: Mapping[str, str]) -> str:
        """Give the texts of a row, by their columns, as the one that the model reads.

        Raises:
            DataError: they are not those that it was taught.
        """
        taught = read_columns(self.columns)
        if set(row) != set(taught):
            raise DataError(
                f"a row of {self.name} must be of {' and '.join(map(repr, taught)) or 'one text'}, "
                f"but it is of {listed(map(repr, row), 5) or 'nothing'}."
            )
        return join([row[name] for name in taught])

    def check(self, texts: Iterable[str]) -> None:
        """Refuse a text that is not joined of as many as the model was taught.

        Raises:
            DataError: it is not.
        """
        taught = read_columns(self.columns)
        if len(taught) < 2:
            return
        odd = next((text for text in texts if parts_of(text) != len(taught)), None)
        if odd is not None:
            raise DataError(
                f"{self.name} reads {' and '.join(map(repr, taught))}, but {quoted(odd)} came. "
                f"Give a table with these columns, or write {f' {JOINT} '.join(taught)}: one text "
                "after the other."
            )
