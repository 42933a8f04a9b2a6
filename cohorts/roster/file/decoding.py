"""Turn the bytes of a file into text.

UTF-8 is what the import asks for.  Excel also writes UTF-16 (“Unicode text”), which its mark gives
away, and Windows-1252 (“CSV”), which nothing gives away but that it is not UTF-8.
"""

import codecs
import unicodedata
from dataclasses import dataclass

MAX_BYTES = 2_000_000
LOST = "\N{REPLACEMENT CHARACTER}"

_SAVE_AS = "Save it as “CSV UTF-8 (comma delimited)”."
_WORKBOOK = f"This is a spreadsheet workbook, not a CSV file. {_SAVE_AS}"
_WORKBOOK_MARKS = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_UTF_16_MARKS = codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE

LATIN = range(0xA0, 0x250)
PUNCTUATION = range(0x2010, 0x2027)  # dashes, quotation marks, the ellipsis


@dataclass(frozen=True, slots=True)
class Decoded:
    """`refused` says why there is no text; `encoding` is empty if it was UTF-8."""

    text: str = ""
    refused: str = ""
    encoding: str = ""


def decode(data: bytes) -> Decoded:
    """Return the text of a file.  Bytes that no encoding explains become LOST."""
    if len(data) > MAX_BYTES:
        return Decoded(refused=f"The file is larger than {MAX_BYTES // 1_000_000} MB. Split it.")
    if data.startswith(_WORKBOOK_MARKS):
        return Decoded(refused=_WORKBOOK)
    if data.startswith(_UTF_16_MARKS):
        return _decode_utf_16(data)
    if b"\0" in data:
        sentence = f"The file contains null bytes, so it is not UTF-8 text. {_SAVE_AS}"
        return Decoded(refused=sentence)
    return _decode_8_bits(data)


def _decode_utf_16(data: bytes) -> Decoded:
    try:
        text = data.decode("utf-16")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        return Decoded(refused=f"The file begins as UTF-16 but contains something else. {_SAVE_AS}")
    return Decoded(_compose(text), encoding="UTF-16")


def _decode_8_bits(data: bytes) -> Decoded:
    text = data.decode("utf-8-sig", errors="replace")
    if LOST in text and not (data.startswith(codecs.BOM_UTF8) or _is_mostly_utf_8(text)):
        try:
            return Decoded(_compose(data.decode("cp1252")), encoding="Windows-1252")
        except UnicodeDecodeError:
            pass  # it has bytes that mean nothing there either
    return Decoded(_compose(text))


def _is_mostly_utf_8(text: str) -> bool:
    """Return whether this was UTF-8, of which a few bytes are damaged.

    Letters of another encoding form a valid UTF-8 sequence only by accident.
    """
    lost = text.count(LOST)
    return sum(not letter.isascii() for letter in text) - lost >= lost


def _compose(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def repair(text: str) -> str:
    """Return “Jürgen” for “JÃ¼rgen”: UTF-8 that another program read as Windows-1252.

    Any other text is returned unchanged.
    """
    if text.isascii():
        return text
    try:
        meant = text.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return text
    plausible = all(
        letter.isascii() or ord(letter) in LATIN or ord(letter) in PUNCTUATION for letter in meant
    )
    return meant if plausible else text
