"""From bytes to text: which encoding it is, and what of that had to be guessed."""

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from recurra.data.contents import Contents
from recurra.data.workbooks import WORKBOOKS, text_of_workbook
from recurra.errors import DataError
from recurra.names import one_of, quoted

__all__ = ["ENCODINGS", "Decoded", "codec_of", "decode", "known_encoding"]

ENCODINGS: tuple[str, ...] = ("utf-8", "utf-16", "cp949", "latin-1")  # the usual ones
ENCODINGS += ("cp932", "euc_jp", "gb18030", "big5", "cp1250", "cp1251", "cp1253", "cp1254")
ENCODINGS += ("cp1255", "cp1256", "cp874")
# Python's names of what those read as well: cp949 is euc-kr and more
ALIASES = {
    "utf-8-sig": "utf-8",
    "utf-16-le": "utf-16",
    "utf-16-be": "utf-16",
    "euc_kr": "cp949",
    "iso8859-1": "latin-1",
    "cp1252": "latin-1",
    "ascii": "utf-8",
    "shift_jis": "cp932",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "tis-620": "cp874",
}
RARE = 20  # bytes of text to each NUL at least, where it is text with a NUL in it
# how files begin that are no text: what each is, and what to do
BEGINNINGS = {
    b"SQLite format 3\0": (
        "an SQLite database",
        "Save one table of it as CSV: sqlite3 has -header -csv.",
    ),
    b"BZh91AY&SY": ("packed by bzip2", "Unpack it, or pack it with gzip."),
    b"\xfd7zXZ\0": ("packed by xz", "Unpack it, or pack it with gzip."),
    b"\x28\xb5\x2f\xfd": ("packed by Zstandard", "Unpack it, or pack it with gzip."),
    b"7z\xbc\xaf\x27\x1c": ("a 7z archive", "Unpack it, and name the file in it."),
    b"Rar!\x1a": ("a RAR archive", "Unpack it, and name the file in it."),
    b"%PDF-": ("a PDF document", "Copy its table into a CSV file."),
    b"\x89HDF\r\n": ("an HDF5 file", "Save what is to be learnt from as CSV, Parquet or .npz."),
    b"\x80\x04\x95": ("a pickle of Python", "Save what it holds as CSV, Parquet or .npz."),
    b"\x89PNG": ("a picture", "Take features first, a row a step."),
    b"\xff\xd8\xff": ("a picture", "Take features first, a row a step."),
}
TAR = slice(257, 262)  # where an archive of tar says that it is one
MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",  # before utf-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# what other libraries' guesses are taken from; Latin alphabets are too much alike to be told apart
FOREIGN = ("cp1251", "cp1253", "cp1255", "cp1256", "cp874", "gb18030", "big5", "cp1252")
START = 1 << 20
SAMPLE = 1 << 16
HIGH = re.compile(rb"[\x80-\xff]")
HANGUL_PAIR = re.compile(rb"[\xb0-\xc8][\xa1-\xfe]")
LONE_LETTER_PAIR = re.compile(rb"\xa4[\xa1-\xfe]")  # ㅋㅋ and ㅠㅠ
OLD_LETTER_PAIR = re.compile(rb"\xa4[\xd4-\xfe]")  # in euc_jp る and ん; nobody's Korean
CHINESE_PAIR = re.compile(rb"[\xa1-\xa3\xb0-\xd7][\xa1-\xfe]")  # the frequent ones, and 。，
LONG_SIGN = re.compile(rb"[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")  # of UTF-8
CLEAR_SIGNS = 4  # of a line that is UTF-8 as a whole: by chance other encodings hold none such
UNCLEAR_LINES = 0.02  # of lines beyond ASCII, at most, that are UTF-8 as a whole by chance
KANA = re.compile("[ぁ-ヿ]")
CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
WORD = re.compile(r"[^\W\d_]*[^\x00-\x7f]+[^\W\d_]*")


@dataclass
class Decoded:
    """A file as text.

    Args:
        text: without a byte order mark.
        encoding: one of `ENCODINGS`, or utf-32.
        notes: what was guessed.
    """

    text: str
    encoding: str
    notes: list[str] = field(default_factory=list)


def known_encoding(name: str | None) -> str | None:
    """Give the name of `ENCODINGS` that is meant; None stays None.

    Raises:
        SettingsError: the encoding is unknown.

    Example:
        >>> known_encoding("EUC-KR"), known_encoding("UTF8")
        ('cp949', 'utf-8')
    """
    if name is None:
        return None
    try:
        codec = codecs.lookup(name).name
    except (LookupError, ValueError):  # ValueError: a NUL in it
        codec = name
    known = ALIASES.get(codec, codec)
    return one_of(known, ENCODINGS, "the encoding")


def decode(contents: Contents, encoding: str | None = None) -> Decoded:
    """Decode a file whole. An encoding that is not given is recognised, and said if not UTF-8.

    What says it, in this order: a byte order mark; zeros in every second byte (UTF-16); bytes that
    are UTF-8; bytes that pair to Hangul (cp949), however few they are; Japanese kana; what
    charset-normalizer finds of Cyrillic, Greek, Hebrew, Arabic, Thai and Chinese; else latin-1.

    Args:
        contents: the file.
        encoding: its name, None to recognise it.

    Raises:
        DataError: the bytes are no text, or none of that encoding.
        SettingsError: the encoding is unknown.
    """
    given = known_encoding(encoding)
    data, path = contents.data, contents.path
    if data.startswith(WORKBOOKS):
        text, sheet = text_of_workbook(data, path)
        return Decoded(text, "utf-8", [f"sheet {quoted(sheet)} of the workbook"])
    found = given or _recognised(data, path)
    try:
        text = _decoded(data, found)
    except UnicodeError as error:
        raise _undecodable(contents, found, error) from None
    return Decoded(text.lstrip("\ufeff"), found, _said(text, found, guessed=given is None))


def _said(text: str, encoding: str, *, guessed: bool) -> list[str]:
    if encoding == "utf-8":
        return []
    said = [f"read as {encoding}"]
    if guessed and not encoding.startswith("utf-"):
        words = (word[0] for word in islice(WORD.finditer(text), 200))
        word = max(words, key=lambda word: min(len(word), 6), default="")
        said.append(f"a word in it is then {word[:20]!r}: if that is wrong, give --encoding")
    return said


def _recognised(data: bytes, path: Path) -> str:
    """Tell the encoding from the bytes, or that they are no text."""
    for mark, name in MARKS.items():
        if data.startswith(mark):
            return name
    nul = data.find(0, 0, START) >= 0
    if nul and _order_of(data):
        return "utf-16"
    if nul or data.startswith(tuple(BEGINNINGS)) or len(CONTROLS.findall(data[:4096])) > 40:
        raise _binary(data, path)
    if _decodes(data, "utf-8"):
        return "utf-8"
    _refuse_nearly_utf_8(data, path)
    _refuse_two_encodings(data, path)
    if _is_korean(data):
        return "cp949"
    for name in ("cp932", "euc_jp"):
        if _is_japanese(data, name):
            return name
    found = _foreign(data)
    if found == "latin-1":
        _refuse_nearly_korean(data, path)
    return found


def _refuse_nearly_utf_8(data: bytes, path: Path) -> None:
    """Refuse UTF-8 with a few broken bytes: as another encoding, all of it would be lost."""
    text = data.decode("utf-8", "replace")
    wrong, foreign = text.count("\ufffd"), len(text) - len(text.encode("ascii", "ignore"))
    if wrong * 20 < foreign:
        line = text.count("\n", 0, text.find("\ufffd")) + 1
        raise DataError(
            f"the file must be whole UTF-8 text, but {path} has a few broken bytes, the first in "
            f"line {line:,}. Mend them, or insist: --encoding latin-1"
        )


def _refuse_two_encodings(data: bytes, path: Path) -> None:
    """Refuse a file of which some lines are UTF-8 and others are not: as one, some are garbage.

    A line that is UTF-8 as a whole, with several signs of three bytes or more, is that by chance
    in no other encoding; of lines with fewer such signs, few are.
    """
    first: dict[bool, int] = {}  # the first line that is UTF-8, and the first that is not
    clear, unclear, beyond = False, 0, 0
    for number, line in _lines_beyond_ascii(data):
        signs = len(LONG_SIGN.findall(line))
        signs = signs if signs and _decodes(line, "utf-8") else 0
        first.setdefault(signs > 0, number)
        clear, unclear, beyond = clear or signs >= CLEAR_SIGNS, unclear + (signs > 0), beyond + 1
    if len(first) == 2 and (clear or unclear > UNCLEAR_LINES * beyond):
        raise DataError(
            f"all lines of a file must be in one encoding, but in {path} line {first[True]:,} is "
            f"UTF-8 and line {first[False]:,} is not. Save all of it as UTF-8, or insist: "
            "--encoding latin-1"
        )


def _lines_beyond_ascii(data: bytes) -> Iterator[tuple[int, bytes]]:
    lines = enumerate(io.BytesIO(data), start=1)
    return ((number, line) for number, line in lines if not line.isascii())


def _refuse_nearly_korean(data: bytes, path: Path) -> None:
    """Refuse cp949 with a few broken bytes, as UTF-8 is refused."""
    if _pairs_to_hangul(data):
        lines = _lines_beyond_ascii(data)
        line = next((n for n, line in lines if not _decodes(line, "cp949")), 1)
        raise DataError(
            f"the file must be whole cp949 text, but {path} has broken bytes, the first in line "
            f"{line:,}. Mend them, or insist: --encoding latin-1"
        )


def _is_korean(data: bytes) -> bool:
    """Say whether it is cp949: bytes that pair to Hangul, with nothing between."""
    return _pairs_to_hangul(data, alone=True) and _decodes(data, "cp949")


def _pairs_to_hangul(data: bytes, *, alone: bool = False) -> bool:
    """Say whether nearly all bytes beyond ASCII pair to the common syllables.

    Letters with accents seldom stand in pairs, and Chinese pairs reach far beyond those bytes.

    Args:
        data: some text.
        alone: whether letters that stand alone (ㅋㅋ) are enough.
    """
    letters = len(LONE_LETTER_PAIR.findall(data))
    if len(OLD_LETTER_PAIR.findall(data)) * 20 > letters:
        return False
    high = len(HIGH.findall(data)) - 2 * letters
    pairs = 2 * len(HANGUL_PAIR.findall(data))
    return (pairs >= 0.8 * high and pairs > 0) or (alone and high <= 0)


def _is_japanese(data: bytes, encoding: str) -> bool:
    if not _decodes(data, encoding):
        return False
    text = data[:START].decode(encoding, "ignore")
    foreign = sum(letter > "\x7f" for letter in text)
    return len(KANA.findall(text)) > 0.2 * foreign


def _foreign(data: bytes) -> str:
    """Ask charset-normalizer about the lines that are not ASCII alone."""
    import charset_normalizer

    lines = [line for line in data[:START].split(b"\n") if HIGH.search(line)]
    sample = b"\n".join(lines)[:SAMPLE]
    best = charset_normalizer.from_bytes(sample, cp_isolation=list(FOREIGN)).best()
    # without letters that are frequent in some language, its first answer is no evidence
    found = best.encoding if best is not None and best.coherence >= 0.1 else ""
    paired = 2 * len(CHINESE_PAIR.findall(data)) >= 0.9 * len(HIGH.findall(data))
    if not found and paired:
        found = "gb18030"
    return found if found in FOREIGN[:-1] and _decodes(data, found) else "latin-1"


def _order_of(data: bytes) -> str | None:
    """Tell in which order UTF-16 without a mark has its bytes, None if it is none."""
    if data.count(0) * RARE < len(data) and _decodes(data.replace(b"\0", b""), "utf-8"):
        return None  # a text with a NUL in it
    start = data[: START & ~1]
    even, odd = start[::2].count(0), start[1::2].count(0)
    order = "utf-16-le" if odd > even else "utf-16-be"
    if min(even, odd) * 100 > max(even, odd) or not _decodes(data, order):
        return None
    text = data[:4096].decode(order, "ignore")
    return None if sum(letter < " " and letter not in "\t\r\n\f" for letter in text) else order


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeError:
        return False
    return True


def codec_of(data: bytes, encoding: str) -> tuple[str, str]:
    """Give Python's codec for an encoding, and what is done with bytes that it has not.

    "latin-1" files are mostly cp1252, which agrees on all printable signs.

    Args:
        data: the file, or how it begins: UTF-16 without a mark is told by its zeros.
        encoding: as `Decoded` names it.

    Raises:
        UnicodeError: it is said to be UTF-16, and is not.
    """
    if encoding == "latin-1":
        return "cp1252", "recurra-latin-1"
    if encoding == "utf-16" and not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        order = _order_of(data)
        if order is None:
            raise UnicodeError("no byte order mark, and no zeros that tell the order")
        return order, "strict"
    return encoding, "strict"


def _decoded(data: bytes, encoding: str) -> str:
    return data.decode(*codec_of(data, encoding))


def _byte_as_latin_1(error: UnicodeError) -> tuple[str, int]:
    """Decode one of the five bytes that cp1252 leaves undefined."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("recurra-latin-1", _byte_as_latin_1)


def _binary(data: bytes, path: Path) -> DataError:
    known = next((said for mark, said in BEGINNINGS.items() if data.startswith(mark)), None)
    if data[TAR] == b"ustar":
        known = ("a tar archive", "Unpack it, and name the file in it.")
    if known is not None:
        what, do = known
        return DataError(
            f"a data file must be text (CSV, TSV, JSON), Parquet or Feather, but {path} is "
            f"{what}. {do}"
        )
    zeros = data.count(0)
    if 0 < zeros * RARE < len(data) and not CONTROLS.search(data.replace(b"\0", b"")):
        line = data[: data.index(0)].count(b"\n") + 1
        return DataError(
            f"a text must hold no NUL, a byte of 0, but {path} holds {zeros:,}, the first in line "
            f"{line:,}. Take them out, or write the file anew."
        )
    return DataError(
        f"a data file must be text (CSV, TSV, JSON), Parquet or Feather, but {path} is binary. If "
        f"it is text, say in which encoding: --encoding {'|'.join(ENCODINGS[:4])}"
    )


def _undecodable(contents: Contents, encoding: str, error: UnicodeError) -> DataError:
    where = str(contents.path)
    if isinstance(error, UnicodeDecodeError):
        wide = encoding.startswith(("utf-16", "utf-32"))
        line = contents.data.count(b"\n", 0, error.start) + 1
        where = f"byte {error.start} of {where}" if wide else f"line {line:,} of {where}"
    return DataError(
        f"the file must be {encoding} text, but {where} is not. "
        f"Give the right one: --encoding {'|'.join(ENCODINGS)}"
    )
