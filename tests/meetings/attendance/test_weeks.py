"""What counts for people who came from another group of the cohort."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetings.attendance.weeks import ELSEWHERE, list_presences
from meetings.models import Meeting

JOINED = datetime(2027, 2, 1, tzinfo=UTC)
DAY = timedelta(days=1)
PRESENCES = ("present", ELSEWHERE, "absent", "unknown")

Weeks = list[tuple[int | None, int, str]]  # number, days after joining, presence


def count(own: Weeks, earlier: Weeks) -> list[str]:
    presence: dict[int, str] = {}

    def meetings(weeks: Weeks) -> list[Meeting]:
        found = []
        for number, days, was in weeks:
            meeting = Meeting(pk=len(presence) + 1, number=number, starts_at=JOINED + days * DAY)
            presence[meeting.pk] = was
            found.append(meeting)
        return found

    mine, before = meetings(own), meetings(earlier)
    return list(list_presences(mine, before, JOINED, lambda meeting: presence[meeting.pk]))


@pytest.mark.parametrize(
    ("own", "earlier", "expected"),
    [
        ([(1, -7, "unknown")], [(1, -8, "present")], ["present"]),  # both held it
        ([(1, -7, "unknown")], [(1, -8, "absent")], ["absent"]),
        ([(1, 2, "unknown")], [(1, -1, "present")], ["present"]),  # on both sides of the merge
        ([(1, 2, "present")], [(1, -1, "absent")], ["present"]),
        ([(1, 2, "absent")], [(1, -1, "unknown")], ["absent"]),
        ([(1, -7, "unknown")], [], []),  # only the new group held it, before they joined
        ([(1, -7, ELSEWHERE)], [], [ELSEWHERE]),
        ([], [(1, -7, "absent")], []),  # only the earlier group held it
        ([], [(1, -7, "present")], ["present"]),
        ([], [(None, -7, "unknown")], []),
        ([], [(None, -7, "present")], ["present"]),
        ([(None, -3, "unknown"), (None, 3, "unknown")], [], ["unknown"]),
        ([], [(1, -9, "absent"), (1, -7, "present")], ["present"]),  # two earlier groups
    ],
)
def test_each_week_counts_as_the_table_says(
    own: Weeks, earlier: Weeks, expected: list[str]
) -> None:
    assert count(own, earlier) == expected


days = st.integers(-40, 40)
weeks = st.lists(
    st.tuples(st.integers(1, 6), days, st.sampled_from(PRESENCES)), unique_by=lambda one: one[0]
)


@given(weeks, weeks)
def test_a_week_counts_once_and_attending_it_is_never_lost(own: Weeks, earlier: Weeks) -> None:
    found = count(own, earlier)
    attended = {n for n, _, was in (*own, *earlier) if was in {"present", ELSEWHERE}}
    assert sum(was in {"present", ELSEWHERE} for was in found) == len(attended)
    assert len(found) <= len({n for n, *_ in (*own, *earlier)})
