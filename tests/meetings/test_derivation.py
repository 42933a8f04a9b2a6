"""Properties of the decision what becomes of a group's meetings."""

from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cohorts.models import Cohort, Group
from meetings.derivation import diff_meetings
from meetings.models import Meeting
from meetings.rhythm import Rhythm
from meetings.selectors import slot_of

NOW = datetime(2027, 1, 18, 12, tzinfo=UTC)

moments = st.integers(-1000, 2000).map(lambda hours: NOW + timedelta(hours=hours))


@st.composite
def groups(draw) -> Group:
    has_slot = draw(st.booleans())
    cohort = Cohort(
        start_date=date(2027, 1, 4),
        number_of_meetings=draw(st.integers(1, 6)),
        first_known_at=NOW,
    )
    return Group(
        cohort=cohort,
        set_up_at=draw(st.sampled_from([None, NOW])),
        weekday=draw(st.integers(0, 6)) if has_slot else None,
        start_time=time(draw(st.integers(0, 23)), 30) if has_slot else None,
        timezone=draw(st.sampled_from(["UTC", "Europe/Berlin"])),
        duration_minutes=draw(st.sampled_from([60, 90])),
    )


@st.composite
def rows_of(draw, group: Group) -> list[Meeting]:
    """Rows in every state, from any source."""
    numbers = draw(st.sets(st.integers(1, 8)))
    rows = []
    for number in sorted(numbers):
        starts_at = draw(moments)
        rows.append(
            Meeting(
                group=group,
                number=number,
                starts_at=starts_at,
                duration_minutes=60,
                status=draw(st.sampled_from(Meeting.Status.values)),
                rhythm_starts_at=draw(st.none() | st.just(starts_at) | moments),
                touched_at=draw(st.none() | moments),
            )
        )
    return rows


@st.composite
def cases(draw) -> tuple[Group, list[Meeting]]:
    group = draw(groups())
    return group, draw(rows_of(group))


def rhythm_of(group: Group) -> Rhythm:
    cohort = group.cohort
    return Rhythm(cohort.start_date, cohort.number_of_meetings, slot_of(group))


def carry_out(group: Group, rows: list[Meeting]) -> list[Meeting]:
    rewrite = diff_meetings(group, rhythm_of(group), rows, NOW)
    gone = {row.number for row in rewrite.delete}
    return [row for row in rows if row.number not in gone] + rewrite.create


@given(cases())
def test_once_written_nothing_is_left_to_write(case):
    group, rows = case
    rows = carry_out(group, rows)
    assert not diff_meetings(group, rhythm_of(group), rows, NOW)


@given(cases())
def test_what_has_begun_is_not_touched_once_the_group_is_set_up(case):
    group, rows = case
    group.set_up_at = NOW
    begun = [row for row in rows if row.starts_at <= NOW]
    rewrite = diff_meetings(group, rhythm_of(group), rows, NOW)
    assert not [row for row in rewrite.update if any(row is other for other in begun)]
    assert not rewrite.delete


@given(cases())
def test_what_a_person_moved_or_cancelled_keeps_its_time_and_state(case):
    group, rows = case
    for row in rows:
        row.touched_at, row.rhythm_starts_at = NOW, row.starts_at - timedelta(days=1)
    held = [row for row in rows if row.number <= group.cohort.number_of_meetings]
    before = [(row.starts_at, row.status) for row in held]
    if group.has_slot:
        diff_meetings(group, rhythm_of(group), rows, NOW)
        assert [(row.starts_at, row.status) for row in held] == before


@given(groups())
def test_a_group_with_a_slot_gets_one_row_a_number(group):
    numbers = [row.number for row in carry_out(group, [])]
    count = group.cohort.number_of_meetings if group.has_slot else 0
    assert numbers == list(range(1, count + 1))
