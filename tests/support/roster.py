"""Rosters for tests: one line that is right, and what a test says of others."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from cohorts.roster.file.columns import COLUMNS

RIGHT = {
    "course": "Course",
    "cohort": "Winter",
    "start_date": "2027-01-11",
    "number_of_meetings": "4",
    "group": "Alpha",
    "slot": "Wednesday 15:00",
    "timezone": "Europe/Berlin",
    "name": "Alice",
    "email": "p1@example.org",
    "discord_id": "100000000000000101",
    "role": "",
}


def make_line(name: str = "Alice", number: int = 1, **cells: str) -> dict[str, str]:
    """A person's line; the e-mail and the Discord id follow from the number."""
    person = {
        "name": name,
        "email": f"p{number}@example.org",
        "discord_id": str(100000000000000100 + number),
    }
    return RIGHT | person | cells


def make_file(
    *lines: dict[str, str], columns: Iterable[str] = COLUMNS, delimiter: str = ","
) -> str:
    """Line 1 is the header; the first of `lines` is line 2."""
    text = io.StringIO()
    writer = csv.DictWriter(
        text, list(columns), delimiter=delimiter, extrasaction="ignore", lineterminator="\n"
    )
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def make_academy(groups: int, people: int, *, first: int = 1, **cells: str) -> str:
    """A cohort of many groups, the first of each group its facilitator."""
    return make_file(
        *(
            make_line(
                f"Person {first + group * people + person}",
                first + group * people + person,
                group=f"Group {group:02}",
                role="facilitator" if person == 0 else "participant",
                **cells,
            )
            for group in range(groups)
            for person in range(people)
        )
    )
