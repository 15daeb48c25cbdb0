"""What a text was before a program wrote it in another way."""

import base64
import binascii
import html
import re
from urllib.parse import unquote_plus

from recurra.text.keystrokes import syllables

__all__ = ["decoded"]

_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,200}>")
_OF_LINKS = re.compile(r"%[0-9A-Fa-f]{2}")
_ESCAPED = re.compile(r"\\u([0-9A-Fa-f]{4})")
_OF_MAIL = re.compile(r"=\r?\n|=[0-9A-F]{2}")
_OF_BYTES = re.compile(r"(?:\\x[0-9a-fA-F]{2})+")
_PRINTED = re.compile(r"b(['\"])(.*)\1", re.DOTALL)  # as Python writes bytes
_SYLLABLE = re.compile("[\uac00-\ud7a3]")
_HANGUL = re.compile("[\u3131-\u3163\uac00-\ud7a3]")
_LETTERS = re.compile("[\u3131-\u3163\uffa1-\uffdc]")  # of Hangul, which stand alone
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4}){6,}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_TWO_SCRIPTS = re.compile(r"[a-zA-Z][\u0370-\u04ff]|[\u0370-\u04ff][a-zA-Z]")
_LOOK_ALIKE = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501\u03bf\u03b1\u03c1\u03bd"
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0406\u0408\u0405"
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7",
    "aeopcyxijsdoapvABEKMHOPCTYXIJSABEZHIKMNOPTYX",
)
ROUNDS = 2
SEVERAL = 3  # signs of links or mail: one may be meant


def decoded(text: str) -> str:
    """Give what HTML, links, base64, escapes, bytes, mail, mojibake and other letters stand for.

    Example:
        >>> decoded("Caf\\u00c3\\u00a9 &amp; Bar<br>")
        'Café & Bar '
        >>> decoded("see%20you%20at%20home"), decoded("c2VlIHlvdSBhdCBob21lIGF0IG5pbmU=")
        ('see you at home', 'see you at home at nine')
        >>> decoded("fr\\u0435\\u0435 \\\\u0041"), decoded("\\u00be\\u00c8\\u00b3\\u00e7")
        ('free A', '안녕')
    """
    text = html.unescape(text) if "&" in text else text
    text = _TAG.sub(" ", text) if "<" in text else text
    if "%" in text and " " not in text and len(_OF_LINKS.findall(text)) >= SEVERAL:
        text = unquote_plus(text)
    if "\\u" in text:
        text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    if "\\x" in text:
        text = _of_bytes(text)
    if "=" in text and len(_OF_MAIL.findall(text)) >= SEVERAL:
        text = _of_mail(text)
    if " " not in text and _BASE64.fullmatch(text):
        text = _of_base64(text)
    if text.isascii():
        return text
    text = _read_again(text)
    if len(_LETTERS.findall(text)) > len(text) / 2:
        text = _of_letters(text)
    return text.translate(_LOOK_ALIKE) if _TWO_SCRIPTS.search(text) else text


def _of_letters(text: str) -> str:
    """Give the syllables that letters make one by one, if nearly all of these make some."""
    made = syllables(text)
    few = len(_LETTERS.findall(made)) < len(_SYLLABLE.findall(made))
    return made if few else text


def _of_bytes(text: str) -> str:
    """Give what bytes hold that were written as Python prints them."""
    printed = _PRINTED.fullmatch(text)
    text = printed[2] if printed else text
    try:
        return _OF_BYTES.sub(
            lambda found: bytes.fromhex(found[0].replace("\\x", "")).decode(), text
        )
    except UnicodeError:
        return text


def _of_mail(text: str) -> str:
    try:
        return binascii.a2b_qp(text.encode()).decode()
    except UnicodeError:
        return text


def _of_base64(text: str) -> str:
    """Give what base64 holds, if that is text in words."""
    try:
        read = base64.b64decode(text).decode()
    except UnicodeError:
        return text
    words = " " in read or not read.isascii()
    return read if words and read.isprintable() else text


def _read_again(text: str) -> str:
    """Give what a text was before its bytes were read in other encodings.

    Each of two encodings is undone in each of two rounds: a text may be read wrongly four times.
    """
    for _ in range(ROUNDS):
        before = text
        for codec in ("latin-1", "cp1252"):
            text = _in_unicode(text, codec)
        if text == before:
            return text
    return text


def _in_unicode(text: str, codec: str) -> str:
    """Give UTF-8, or Korean as Windows writes it, that was read in another encoding."""
    try:
        written = text.encode(codec)
    except UnicodeError:
        return text
    try:
        return written.decode("utf-8")
    except UnicodeError:
        return _korean(written) or text


def _korean(written: bytes) -> str:
    """Give what bytes are in Korean, "" where most of what is no ASCII would be no Hangul."""
    try:
        read = written.decode("cp949")
    except UnicodeError:
        return ""
    others = sum(not letter.isascii() for letter in read)
    hangul = len(_HANGUL.findall(read))
    return read if hangul > max(1, others / 2) else ""
