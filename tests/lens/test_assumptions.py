"""docs/assumptions.md: each line has its number, how it is known, and a test that exists."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache

import pytest

from cohorts.reconcile.verify.experiments import verifications
from tests.lens.flips.flip_list import FLIPS
from tests.support.processes import ROOT

TEXT = (ROOT / "docs" / "assumptions.md").read_text(encoding="utf-8")
PARTS = "DGM"
KNOWN_FROM = ("document", "unofficial", "RFC", "recording", "experiment", "report", "none", "no ")
LINES = re.findall(r"^- \*\*A-(\w\d\d)\*\* \S", TEXT, re.MULTILINE)
ROWS = {
    number: [column.strip() for column in columns.split(" | ")]
    for number, columns in re.findall(r"^\| A-(\w\d\d) \| (.*) \|$", TEXT, re.MULTILINE)
}
FLIPPED, NOT_REFUSED = "*flipped*", "*not refused*"
each_row = pytest.mark.parametrize("number", ROWS)


def shown_by(number: str) -> list[str]:
    return ROWS[number][2].split("<br>")


def test_every_item_is_numbered_once_and_no_number_is_left_out() -> None:
    items = re.findall(r"^- (?!\*\*(?:known|the other|shown|probe))", TEXT, re.MULTILINE)
    assert len(items) == len(LINES)
    for part in PARTS:
        numbers = sorted(int(one[1:]) for one in LINES if one[0] == part)
        assert numbers == list(range(1, len(numbers) + 1))


def test_every_line_is_in_the_tables_once() -> None:
    named = re.findall(r"^\| A-(\w\d\d) ", TEXT, re.MULTILINE)
    assert sorted(named) == sorted(LINES) == sorted(ROWS)


@each_row
def test_a_line_says_how_it_is_known_and_what_the_other_reading_is(number: str) -> None:
    known_from, other, *_ = ROWS[number]
    assert any(word in known_from for word in KNOWN_FROM)
    assert other


@each_row
def test_every_named_test_exists(number: str) -> None:
    assert shown_by(number)
    for test in shown_by(number):
        if test not in (FLIPPED, NOT_REFUSED):
            path, _, name = test.strip("`").partition("::")
            assert name in names_in(path), f"{path} has no {name}"


def test_the_lines_marked_as_flipped_are_those_that_the_list_flips() -> None:
    marked = {number for number in ROWS if FLIPPED in shown_by(number)}
    assert marked == {flip.number for flip in FLIPS}


def test_the_tests_that_the_page_explains_exist() -> None:
    introduction = TEXT.partition("## ")[0]
    explained = re.findall(r"`(\S+\.py)::(\w+)`", introduction)
    assert len(explained) == 2
    assert all(name in names_in(path) for path, name in explained)


def test_each_line_names_the_probes_that_try_it_on_the_real_service() -> None:
    probes = defaultdict(set)
    for one in verifications.values():
        tried = [probe for each in one.experiments for probe in each.probes]
        for probe in (*tried, *(slow.probe for slow in one.slow)):
            probes[probe.assumption.removeprefix("A-")].add(probe.name)
    named = {number: set(re.findall(r"`(\w+)`", row[3])) for number, row in ROWS.items()}
    assert named == {number: probes[number] for number in ROWS}


@cache
def names_in(path: str) -> frozenset[str]:
    """Return the test functions in a file below `tests/`."""
    text = (ROOT / "tests" / path).read_text(encoding="utf-8")
    return frozenset(re.findall(r"^(?:async )?def (test_\w+)\(", text, re.MULTILINE))
