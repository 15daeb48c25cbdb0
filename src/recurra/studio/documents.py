"""Pages that were written as one file, shown under a policy that knows no inline styles.

::

    <style>RULES</style>          <link rel="stylesheet" href="…">            RULES
    <p style="RULES">             <p data-s="7">                    :root [data-s="7"] { RULES }

What a page holds beside that is left as it is: the policy lets none of it run. Sentences that the
catalogue knows are told in the language in force; commands and what is marked translate="no" are
not, and of cells, which may hold the user's data, only what stands there letter for letter.
"""

import re
from functools import lru_cache
from html import escape, unescape
from html.parser import HTMLParser
from pathlib import Path

from recurra.wording import language, retold, term

__all__ = ["DOCUMENT", "Apart", "document_of", "taken_apart"]

DOCUMENT = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-same-origin",
    "X-Frame-Options": "SAMEORIGIN",
}
INLINE = re.compile(r'\sstyle="([^"]*)"')
TYPED = {"code", "pre", "kbd"}  # what is typed, in any language
ENDS = (".", "?", ":")  # of sentences
VOID = {"br", "circle", "col", "hr", "img", "input", "link", "meta", "wbr"}  # they hold nothing
PARTS = re.compile(r"((?:^|\s+)·\s*|\s*\n\s*)")  # stand between what is told part by part
SHEET = "{sheet}"  # where the page gets its stylesheet


class Apart(HTMLParser):
    """A page and the styles that were in it.

    Example:
        >>> apart = Apart()
        >>> apart.feed('<style>p { color: red }</style><p style="margin: 0">a &lt; b</p>')
        >>> apart.close()
        >>> "".join(apart.page)
        '<link rel="stylesheet" href="{sheet}"><p data-s="0">a &lt; b</p>'
        >>> "".join(apart.sheet)
        'p { color: red }\\n:root [data-s="0"] { margin: 0 }\\n'
    """

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.page: list[str] = []
        self.sheet: list[str] = []
        self._known: dict[str, int] = {}
        self._within: list[tuple[str, bool]] = []  # tags, and whether what they hold stays
        self._text: list[str] = []
        self._in_style = self._linked = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag, without its style."""
        self._end_text()
        self._in_style = tag == "style"
        if tag not in VOID:
            self._within.append((tag, tag in TYPED or ("translate", "no") in attrs))
        if not self._in_style:
            self.page.append(INLINE.sub(self._named, self.get_starttag_text() or ""))
        elif not self._linked:
            self.page.append(f'<link rel="stylesheet" href="{SHEET}">')
            self._linked = True

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag that is closed at once."""
        self._end_text()
        self.page.append(INLINE.sub(self._named, self.get_starttag_text() or ""))

    def handle_endtag(self, tag: str) -> None:
        """Keep the end of a tag."""
        self._end_text()
        if tag in dict(self._within):
            while self._within.pop()[0] != tag:
                pass
        if tag == "style":
            self._in_style = False
            self.sheet.append("\n")
        else:
            self.page.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        """Keep text, and rules where they belong."""
        (self.sheet if self._in_style else self._text).append(data)

    def handle_entityref(self, name: str) -> None:
        """Keep what is escaped as it is."""
        self._text.append(f"&{name};")

    def handle_charref(self, name: str) -> None:
        """Keep what is escaped as it is."""
        self._text.append(f"&#{name};")

    def handle_decl(self, decl: str) -> None:
        """Keep the kind of the document."""
        self.page.append(f"<!{decl}>")

    def close(self) -> None:
        """Keep what is left."""
        super().close()
        self._end_text()

    def _end_text(self) -> None:
        """Keep text in the language in force, and as it was written where that is the same."""
        written = "".join(self._text)
        self._text.clear()
        plain = unescape(written)
        said = plain.strip()
        told = "".join(map(self._told, PARTS.split(said)))
        if told != said:
            written = escape(plain.replace(said, told, 1), quote=False)
        self.page.append(written)

    def _told(self, said: str) -> str:
        written_so = language() == "en"  # in English a document was told as it was written
        if written_so or any(stays for _, stays in self._within) or PARTS.fullmatch(said):
            return said
        if self._within and self._within[-1][0] == "td" and " " in said and not said.endswith(ENDS):
            return term(said, exact=True)
        return retold(said)

    def _named(self, found: "re.Match[str]") -> str:
        if found[1] not in self._known:
            self._known[found[1]] = len(self._known)
            rules = unescape(found[1])
            self.sheet.append(f':root [data-s="{self._known[found[1]]}"] {{ {rules} }}\n')
        return f' data-s="{self._known[found[1]]}"'


def taken_apart(page: str) -> tuple[str, str]:
    """Give a page without inline styles, and its stylesheet."""
    apart = Apart()
    apart.feed(page)
    apart.close()
    return "".join(apart.page), "".join(apart.sheet)


def document_of(path: Path) -> tuple[str, str]:
    """Give a page that a run keeps, and its stylesheet."""
    stat = path.stat()
    return _document(path, stat.st_mtime_ns, stat.st_size, language())


@lru_cache(maxsize=16)
def _document(path: Path, changed: int, size: int, spoken: str) -> tuple[str, str]:
    page, sheet = taken_apart(path.read_text("utf-8", "replace"))
    return page.replace('<html lang="en">', f'<html lang="{spoken}">', 1), sheet
