"""The cells of exported files, with texts that no one thought of."""

from __future__ import annotations

import csv
import io
import re
import string
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils.safestring import mark_safe
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from cohorts.exports.file_cells import LONGEST_TEXT, make_cell, neutralize
from cohorts.exports.file_formats import FORMATS

SIGNS = "=+-@\t\r\n ＝＋－＠"
# Anything that PostgreSQL stores, often something that a spreadsheet would evaluate.
PARTS = st.builds(
    str.__add__,
    st.text(SIGNS, max_size=3),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20),
)
TEXTS = st.one_of(
    PARTS,
    st.builds(lambda *parts: "".join(parts), PARTS, st.text(f'{SIGNS};"', max_size=4), PARTS),
)


def write(kind: str, *rows: list[Any]) -> io.BytesIO:
    file = io.BytesIO()
    cells = [[make_cell(value, UTC) for value in row] for row in rows]
    assert FORMATS[kind].write(file, ["Title"] * len(rows[0]), cells) == len(rows)
    file.seek(0)
    return file


def is_formula(text: str) -> bool:
    """Return whether a spreadsheet evaluates the text, or what it makes of it where semicolons
    separate cells."""
    inner = (part.lstrip(string.whitespace + '"') for part in re.split(r"[;\t\r\n]", text)[1:])
    return begins_formula(text) or any(map(begins_formula, inner))


def begins_formula(text: str) -> bool:
    return text.lstrip().startswith(tuple("=+-@＝＋－＠")) or text.startswith(("\t", "\r", "\n"))


def without_apostrophes(text: str) -> str:
    """Return the text without the apostrophes that stand before a sign of a formula."""
    return re.sub("'+(?=[=+@＝＋－＠-])", "", text.removeprefix("'"))


@given(TEXTS)
def test_no_text_of_a_csv_file_is_a_formula_and_each_can_be_read(text: str) -> None:
    file = write("csv", [text, 1])
    assert file.getvalue().startswith(b"\xef\xbb\xbf"), "Excel reads it as UTF-8"
    rows = list(csv.reader(io.StringIO(file.getvalue().decode("utf-8-sig"), newline="")))
    assert len(rows) == 2
    assert not is_formula(rows[1][0])
    assert without_apostrophes(rows[1][0]) == without_apostrophes(text)


@given(TEXTS)
def test_no_text_of_a_workbook_is_a_formula(text: str) -> None:
    sheet = load_workbook(write("xlsx", [text, 1])).active
    cell = sheet["A2"]
    assert cell.data_type in ("s", "n"), "a text, or empty"
    assert not is_formula(cell.value or "")
    if text.isprintable() and "_x" not in text.lower():
        assert without_apostrophes(cell.value or "") == without_apostrophes(text)
    assert sheet["B2"].value == 1


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t1", "\r1", "  =1", "\u00a0=1"])
def test_an_apostrophe_makes_a_formula_a_text(text: str) -> None:
    assert neutralize(text) == f"'{text}"


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("x;=1", "x;'=1"),
        ("\t=1", "'\t'=1"),
        ("\r=1", "'\r'=1"),
        ("x; \t@A1;-2", "x; \t'@A1;'-2"),
        ('x;"=1;', "x;\"'=1;"),
        ("x\r\n＝1", "x\r\n'＝1"),
        ("=1;=2", "'=1;'=2"),
    ],
)
def test_what_a_list_separator_would_make_a_cell_is_a_text_too(text: str, safe: str) -> None:
    assert neutralize(text) == safe


@pytest.mark.parametrize(
    "text", ["Ann-Marie", "", "a; b-c", "1=1", "week 1", "a@example.org", "'=1"]
)
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert neutralize(text) == text


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (True, "Yes"),
        (False, "No"),
        (-3, -3),
        (2.5, 2.5),
        (float("inf"), "inf"),
        (200000000000000001, "200000000000000001"),
        (time(18), "18:00"),
        (date(2027, 1, 5), date(2027, 1, 5)),
        (datetime(2027, 1, 5, 18, 30, 9, tzinfo=UTC), datetime.fromisoformat("2027-01-06 00:15")),
        (["Ann", "Bob"], "Ann, Bob"),
        ("Tom & <b>", "Tom & <b>"),
        (
            mark_safe("<a href='/x/'>Tom &amp; Co</a><div>=1</div><p>\n two </p>"),
            "Tom & Co; '=1; two",
        ),
        (mark_safe("<b>=1</b>"), "'=1"),
    ],
)
def test_values_are_written_as_people_read_them(value: Any, cell: Any) -> None:
    made = make_cell(value, ZoneInfo("Asia/Kathmandu"))
    assert (made, type(made)) == (cell, type(cell))


def test_a_text_that_is_too_long_for_a_cell_is_cut() -> None:
    assert len(make_cell("a" * 40_000, UTC)) == LONGEST_TEXT
    sheet = load_workbook(write("xlsx", ["=" * 40_000])).active
    assert sheet["A2"].value.endswith("…")


def test_dates_are_dates_in_a_workbook_and_sortable_text_in_a_csv_file() -> None:
    moment, day = datetime(2027, 1, 5, 18, 30, tzinfo=UTC), date(2027, 1, 5)
    sheet = load_workbook(write("xlsx", [moment, day])).active
    assert sheet["A2"].value == moment.replace(tzinfo=None)
    assert (sheet["A2"].number_format, sheet["B2"].number_format) == (
        "ddd d mmm yyyy, hh:mm",
        "ddd d mmm yyyy",
    )
    text = write("csv", [moment, day, 4]).getvalue().decode("utf-8-sig")
    assert text.splitlines()[1] == '"2027-01-05 18:30","2027-01-05",4'
