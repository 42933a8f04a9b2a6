"""The instants at which a group meets."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetings.rhythm import Rhythm, Slot, SlotUntil, first_day, instant, later_by_weeks

MONDAY, WEDNESDAY, SUNDAY = 0, 2, 6

weekdays = st.integers(0, 6)
start_dates = st.dates(date(2020, 1, 1), date(2040, 1, 1))
wall_times = st.times(timezones=st.none()).map(lambda t: t.replace(second=0, microsecond=0))
# Half hours, half-hour clock changes, both hemispheres, and a zone that once skipped a whole day.
zones = st.sampled_from(
    [
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "America/Santiago",
        "Asia/Kolkata",
        "Australia/Lord_Howe",
        "Pacific/Apia",
    ]
)


def rhythm_starts(
    start_date: date, *, weekday: int, start_time: time, zone: str, count: int
) -> list[datetime]:
    rhythm = Rhythm(start_date, count, Slot(weekday, start_time, zone, 60))
    return [place.starts_at for place in rhythm.numbered().values()]


def test_the_first_meeting_is_the_first_such_weekday_on_or_after_the_start_date():
    monday = date(2027, 1, 11)
    assert first_day(monday, MONDAY) == monday
    assert first_day(monday, WEDNESDAY) == date(2027, 1, 13)
    assert first_day(date(2027, 1, 12), MONDAY) == date(2027, 1, 18)


def test_a_slot_across_midnight_begins_on_its_first_day():
    starts = rhythm_starts(
        date(2027, 1, 11), weekday=SUNDAY, start_time=time(23, 30), zone="Asia/Tokyo", count=1
    )
    assert starts == [datetime(2027, 1, 17, 14, 30, tzinfo=UTC)]


def test_half_past_two_in_the_afternoon_is_not_two():
    starts = rhythm_starts(
        date(2027, 1, 11), weekday=MONDAY, start_time=time(14, 30), zone="UTC", count=2
    )
    assert starts == [
        datetime(2027, 1, 11, 14, 30, tzinfo=UTC),
        datetime(2027, 1, 18, 14, 30, tzinfo=UTC),
    ]


def test_a_clock_change_moves_the_instant_and_nobodys_local_time():
    starts = rhythm_starts(
        date(2027, 3, 22), weekday=MONDAY, start_time=time(18), zone="Europe/Berlin", count=2
    )
    assert [start.hour for start in starts] == [17, 16]
    assert [start.astimezone(ZoneInfo("Europe/Berlin")).hour for start in starts] == [18, 18]


def test_a_time_that_the_clock_skips_is_the_moment_shown_an_hour_later():
    skipped = instant(date(2027, 3, 28), time(2, 30), "Europe/Berlin")
    assert skipped.astimezone(ZoneInfo("Europe/Berlin")).time() == time(3, 30)


def test_a_time_that_shows_twice_is_the_first_of_the_two():
    twice = instant(date(2027, 10, 31), time(2, 30), "Europe/Berlin")
    assert twice == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    assert instant(date(2027, 10, 31), time(2, 30, fold=1), "Europe/Berlin") == twice


def is_skipped(moment: datetime, wall_time: time) -> bool:
    return moment.replace(fold=0).time() != wall_time


@given(start_dates, weekdays, wall_times, zones, st.integers(1, 60))
def test_every_meeting_shows_the_same_weekday_and_wall_time(
    start_date, weekday, wall_time, zone, count
):
    starts = rhythm_starts(
        start_date, weekday=weekday, start_time=wall_time, zone=zone, count=count
    )
    assert len(starts) == count
    first = first_day(start_date, weekday)
    for week, start in enumerate(starts):
        local = start.astimezone(ZoneInfo(zone))
        day = first + timedelta(weeks=week)
        if is_skipped(local, wall_time):
            # The clock never shows it that day: what is held comes after it, by the gap's length.
            assert local.replace(tzinfo=None) > datetime.combine(day, wall_time)
        else:
            assert (local.date(), local.weekday()) == (day, weekday)


@given(start_dates, weekdays, wall_times, zones, st.integers(1, 60))
def test_meetings_are_a_week_apart_give_or_take_a_clock_change(
    start_date, weekday, wall_time, zone, count
):
    starts = rhythm_starts(
        start_date, weekday=weekday, start_time=wall_time, zone=zone, count=count
    )
    for earlier, later in pairwise(starts):
        assert abs(later - earlier - timedelta(weeks=1)) <= timedelta(hours=1)


@given(start_dates, weekdays)
def test_the_first_day_is_less_than_a_week_after_the_start_date(start_date, weekday):
    day = first_day(start_date, weekday)
    assert day.weekday() == weekday
    assert timedelta(0) <= day - start_date < timedelta(weeks=1)


@pytest.mark.parametrize("zone", ["Europe/Atlantis", "Nowhere"])
def test_an_unknown_zone_is_read_as_utc(zone):
    """For those who look on; whatever writes meetings leaves such a group's where they are."""
    assert instant(date(2027, 1, 11), time(12), zone) == datetime(2027, 1, 11, 12, tzinfo=UTC)


# -- weeks without a meeting, and slots that were changed ------------------------------------------

WEDNESDAYS = Slot(WEDNESDAY, time(15), "UTC", 60)
FRIDAYS = Slot(4, time(10), "UTC", 90)
MONDAYS = Slot(MONDAY, time(9), "UTC", 60)


def january(rhythm: Rhythm) -> list[int]:
    """The days of January 2027 (32 is 1 February) of all numbers."""
    last_day = date(2026, 12, 31)
    return [(place.starts_at.date() - last_day).days for place in rhythm.numbered().values()]


def make_rhythm(**fields) -> Rhythm:
    return Rhythm(**{"start_date": date(2027, 1, 11), "count": 4, "slot": WEDNESDAYS} | fields)


def test_a_skipped_week_moves_every_later_number_on_by_a_week():
    assert january(make_rhythm()) == [13, 20, 27, 34]
    assert january(make_rhythm(skipped=frozenset({date(2027, 1, 20)}))) == [13, 27, 34, 41]


def test_any_day_of_the_week_names_it():
    for day in range(18, 25):
        assert january(make_rhythm(skipped=frozenset({date(2027, 1, day)}))) == [13, 27, 34, 41]


@pytest.mark.parametrize(
    ("slot", "until", "days"),
    [
        (FRIDAYS, 18, [13, 22, 29, 36]),  # a Monday: both days are ahead of it
        (FRIDAYS, 20, [13, 22, 29, 36]),  # that Wednesday itself
        (FRIDAYS, 21, [13, 20, 29, 36]),  # a Thursday: this week's Wednesday is before it
        (MONDAYS, 18, [13, 18, 25, 32]),
        (MONDAYS, 19, [13, 20, 25, 32]),  # a Tuesday: that week's Monday would be before it
        (MONDAYS, 1, [11, 18, 25, 32]),  # before the first meeting
        (MONDAYS, 60, [13, 20, 27, 34]),  # after the last
    ],
)
def test_a_changed_slot_holds_from_the_first_week_that_the_change_does_not_cut(slot, until, days):
    day = date(2026, 12, 31) + timedelta(days=until)
    assert january(make_rhythm(slot=slot, earlier=(SlotUntil(day, WEDNESDAYS),))) == days


def test_each_place_has_the_length_of_its_own_slot():
    changed = make_rhythm(slot=FRIDAYS, earlier=(SlotUntil(date(2027, 1, 25), WEDNESDAYS),))
    assert [place.minutes for place in changed.numbered().values()] == [60, 60, 90, 90]


def test_a_slot_can_be_changed_again_and_again():
    rhythm = make_rhythm(
        slot=MONDAYS,
        earlier=(
            SlotUntil(date(2027, 1, 18), WEDNESDAYS),
            SlotUntil(date(2027, 2, 1), FRIDAYS),
        ),
    )
    assert january(rhythm) == [13, 22, 29, 32]


slots = st.builds(Slot, weekdays, wall_times, zones, st.just(60))


@st.composite
def rhythms(draw) -> Rhythm:
    start_date = draw(start_dates)
    days = st.integers(-10, 200).map(lambda n: start_date + timedelta(days=n))
    untils = sorted(draw(st.sets(days, max_size=3)))
    return Rhythm(
        start_date,
        draw(st.integers(1, 20)),
        draw(slots),
        tuple(SlotUntil(until, draw(slots)) for until in untils),
        frozenset(draw(st.sets(days, max_size=4))),
    )


@given(rhythms())
def test_there_is_one_meeting_a_week_and_none_in_a_skipped_one(rhythm):
    def week_of(day: date) -> int:
        return (day - rhythm.start_date).days // 7

    used = []
    for place in rhythm.numbered().values():
        slots_used = [rhythm.slot, *(each.slot for each in rhythm.earlier)]
        # The day is a slot's own, or the next where the clock skips the time around midnight.
        days = {
            day
            for slot in slots_used
            for day in [place.starts_at.astimezone(ZoneInfo(slot.zone)).date()]
            for day in [day, day - timedelta(days=1)]
            if day.weekday() == slot.weekday
            and instant(day, slot.start_time, slot.zone) == place.starts_at
        }
        used.append({week_of(day) for day in days})
    skipped = {week_of(day) for day in rhythm.skipped}
    expected = [week for week in range(300) if week not in skipped][: rhythm.count]
    assert all(week in weeks for week, weeks in zip(expected, used, strict=True))


@given(start_dates, wall_times, zones, st.integers(1, 30))
def test_some_weeks_later_the_clock_shows_the_same(day, wall_time, zone, weeks):
    moment = instant(day, wall_time, zone)
    shown = moment.astimezone(ZoneInfo(zone))
    later = later_by_weeks(moment, weeks, zone).astimezone(ZoneInfo(zone))
    assert later.date() - shown.date() in {timedelta(weeks=weeks), timedelta(weeks=weeks, days=1)}
    if not is_skipped(later, shown.time()):
        assert later.replace(fold=0).time() == shown.replace(fold=0).time()
