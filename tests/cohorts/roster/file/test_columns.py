"""Columns are found under their common names; what is unclear is explained."""

import pytest

from cohorts.roster.file.columns import COLUMNS, OTHER_NAMES, column_of, read_header
from cohorts.roster.file.rows import parse
from tests.support.roster import make_file, make_line


def header_with(**renamed: str) -> list[str]:
    return [renamed.get(column, column) for column in COLUMNS]


def without(*absent: str) -> list[str]:
    return [column for column in COLUMNS if column not in absent]


@pytest.mark.parametrize(
    ("cell", "column"),
    [
        ("E-Mail", "email"),
        ("email address", "email"),
        ("Full name", "name"),
        ("Name of group", "group"),
        ("Start time", "slot"),
        ("Time-Zone", "timezone"),
        (" DISCORD ID ", "discord_id"),
        ("Number of Meetings:", "number_of_meetings"),
        ("Notes", ""),
        ("", ""),
    ],
)
def test_a_column_is_known_under_its_common_names(cell, column):
    assert column_of(cell) == column


def test_no_name_means_two_columns():
    names = [name for names in OTHER_NAMES.values() for name in names]
    assert len({name.lower() for name in names}) == len(names)
    assert all(column_of(name) == column for column in COLUMNS for name in OTHER_NAMES[column])
    assert all(column_of(column) == column for column in COLUMNS)


def test_a_file_with_other_names_reads_the_same_and_says_how_it_was_read():
    expected = parse(make_file(make_line("Alice"), delimiter=";").encode())
    _, line = make_file(make_line("Alice"), delimiter=";").splitlines()
    renamed = ";".join(header_with(email="E-Mail", group="Name of group", slot="Start time"))
    roster = parse(f"{renamed}\n{line}\n".encode())
    assert (roster.lines, roster.problems) == (expected.lines, ())
    assert roster.notes == (
        "Columns with other names: “Name of group” as group, “Start time” as slot and “E-Mail” as "
        "email.",
    )


@pytest.mark.parametrize(
    ("cells", "problems"),
    [
        (
            [*COLUMNS, "E-mail address"],
            [("email", "“email” and “E-mail address” both mean this column. Keep one of them.")],
        ),
        (
            [*without("start_date", "slot"), "Start"],
            [
                (
                    "",
                    "“Start” could be start_date or slot, and both are missing. Rename it to the "
                    "one that it is, and add the other.",
                )
            ],
        ),
        (
            [*without("slot"), "Start"],
            [("slot", "This column is missing. If it is “Start”, rename that column to slot.")],
        ),
        (
            [*without("email"), "emial"],
            [("email", "This column is missing. If it is “emial”, rename that column to email.")],
        ),
        (
            [*without("name"), "First name", "Surname"],
            [
                (
                    "name",
                    "This column is missing. Put “First name” and “Surname” together into one "
                    "column, name.",
                )
            ],
        ),
        (
            [*without("slot"), "Day", "Time"],
            [
                (
                    "slot",
                    "This column is missing. Put “Day” and “Time” together into one column, slot.",
                )
            ],
        ),
        ([*without("role"), "Notes"], [("role", "This column is missing.")]),
    ],
)
def test_a_column_that_is_missing_doubled_or_unclear_is_explained(cells, problems):
    assert list(read_header(cells).problems) == problems


def test_an_unclear_name_is_ignored_if_nothing_is_missing():
    header = read_header([*COLUMNS, "Start"])
    assert header.problems == ()
    assert header.notes == ("The column “Start” is not a roster column and was ignored.",)
