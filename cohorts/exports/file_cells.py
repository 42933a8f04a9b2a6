"""The cells of a file for a spreadsheet: as people read them, and none of them a formula.  Pure.

A spreadsheet evaluates a text that begins with one of FORMULA, which can send what is in the file
elsewhere. An apostrophe before it makes it a text. Where Excel expects semicolons between cells, it
splits our cells at those in them, and at their line breaks, so a sign behind one begins a formula
too. XLSX files store texts as texts, but lose that once someone saves them as CSV, so both formats
get the apostrophe.
"""

import math
import re
from datetime import date, datetime, time, tzinfo
from html import unescape
from typing import Any

from django.utils.html import strip_tags

# Excel evaluates the wide signs, too, where it runs in Japanese.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
INNER_FORMULA = re.compile(r"""([;\t\r\n][\s"]*)(?=[=+\-@＝＋－＠])""")
LONGEST_TEXT = 32_767  # that a cell of a spreadsheet holds
MOST_EXACT = 10**15  # a spreadsheet rounds longer numbers, such as the ids of Discord
BLOCK = re.compile(r"</?(br|div|li|p)\b[^>]*>", re.IGNORECASE)

FileCell = str | int | float | date


def neutralize(text: str) -> str:
    """Return the text so that a spreadsheet does not take it for a formula."""
    begins = text.startswith(FORMULA) or text.lstrip().startswith(FORMULA)
    safe = INNER_FORMULA.sub(r"\1'", text)
    return f"'{safe}" if begins else safe


def make_cell(value: Any, zone: tzinfo) -> FileCell:
    """Return a value as a cell: moments on the clock of the zone, numbers as numbers, else text."""
    if isinstance(value, datetime):
        return value.astimezone(zone).replace(tzinfo=None, second=0, microsecond=0)
    if isinstance(value, date):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and _is_exact(value):
        return value
    text = neutralize(_read_text(value))
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"


def _is_exact(number: float) -> bool:
    return math.isfinite(number) and abs(number) < MOST_EXACT


def _read_text(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "", True: "Yes", False: "No"}[value]
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(map(str, value))
    return read_html(value) if hasattr(value, "__html__") else str(value)


def read_html(html: str) -> str:
    """Return the text of a piece of HTML in one line, its blocks separated by semicolons."""
    separated = BLOCK.sub("\0", html.replace("\0", ""))
    lines = (" ".join(line.split()) for line in unescape(strip_tags(separated)).split("\0"))
    return "; ".join(filter(None, lines))
