"""Clean and shorten text that users entered."""

import unicodedata

ELLIPSIS = "…"
JOINERS = "\u200c\u200d"  # needed in Persian words and emoji; they do not change the direction


def clean(text: str) -> str:
    """Return the text as one line without control characters and direction marks."""
    return " ".join("".join(map(_clean_character, text)).split())


def _clean_character(character: str) -> str:
    category = unicodedata.category(character)
    if category in {"Cc", "Zl", "Zp"}:
        return " "
    if category in {"Cf", "Cs", "Co", "Cn"} and character not in JOINERS:
        return ""
    return character


def count(text: str) -> int:
    """Count characters in UTF-16 units, the strictest count: an emoji is two."""
    return len(text.encode("utf-16-le")) // 2


def shorten(text: str, length: int) -> str:
    """Cut the text to at most `length` characters, with an ellipsis if anything was cut."""
    if count(text) <= length:
        return text
    room = length - len(ELLIPSIS)
    kept = text.encode("utf-16-le")[: room * 2].decode("utf-16-le", errors="ignore")
    return kept.rstrip() + ELLIPSIS
