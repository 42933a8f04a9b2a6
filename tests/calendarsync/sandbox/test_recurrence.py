"""Occurrences of series, against arithmetic on wall clocks that shares no code with them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from calendarsync.sandbox.events.recurrence import stamps
from tests.calendarsync.sandbox.google import STAMPS, Google, weekly

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe",
         "Pacific/Apia", "America/Sao_Paulo", "Africa/Casablanca"]  # fmt: skip
zones = st.sampled_from(ZONES)
walls = st.datetimes(
    datetime.fromisoformat("2024-01-01"), datetime.fromisoformat("2028-12-31")
).map(lambda wall: wall.replace(second=0, microsecond=0))


def fields_of(wall: datetime, zone: str, *lines: str) -> dict[str, Any]:
    moment = wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    start = {"dateTime": moment.isoformat().replace("+00:00", "Z"), "timeZone": zone}
    return {"start": start, "recurrence": list(lines)}


def stamp_of(wall: datetime, zone: str) -> str:
    return wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def exists(wall: datetime, zone: str) -> bool:
    """Whether clocks of that zone show this time at all."""
    tz = ZoneInfo(zone)
    return wall.replace(tzinfo=tz).astimezone(UTC).astimezone(tz).replace(tzinfo=None) == wall


@given(wall=walls, zone=zones, count=st.integers(1, 60), interval=st.integers(1, 4))
def test_a_weekly_series_keeps_its_wall_time(
    wall: datetime, zone: str, count: int, interval: int
) -> None:
    assume(exists(wall, zone))
    rule = f"RRULE:FREQ=WEEKLY;INTERVAL={interval};COUNT={count}"
    expected = [stamp_of(wall + timedelta(weeks=n * interval), zone) for n in range(count)]
    assert list(stamps(fields_of(wall, zone, rule))) == expected


@given(wall=walls, zone=zones, days=st.integers(0, 200), late=st.integers(-60, 60))
def test_until_is_a_moment_and_includes_what_starts_at_it(
    wall: datetime, zone: str, days: int, late: int
) -> None:
    assume(exists(wall, zone))
    until = wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) + timedelta(days=days, minutes=late)
    rule = f"RRULE:FREQ=DAILY;UNTIL={until:%Y%m%dT%H%M%SZ}"
    last = until.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    expected = [
        stamp_of(wall + timedelta(days=n), zone)
        for n in range(days + 3)
        if wall + timedelta(days=n) <= last
    ]
    assert list(stamps(fields_of(wall, zone, rule))) == expected


@given(
    wall=walls,
    zone=zones,
    days=st.sets(st.integers(0, 6), min_size=1),
    skipped=st.sets(st.integers(0, 19), max_size=6),
)
def test_a_series_on_several_days_leaves_out_what_is_excluded(
    wall: datetime, zone: str, days: set[int], skipped: set[int]
) -> None:
    assume(exists(wall, zone))
    days |= {wall.weekday()}
    named = ",".join(["MO", "TU", "WE", "TH", "FR", "SA", "SU"][day] for day in sorted(days))
    meant = [
        wall + timedelta(days=n) for n in range(200) if (wall + timedelta(days=n)).weekday() in days
    ][:20]
    out = [f"EXDATE;TZID={zone}:{meant[n]:%Y%m%dT%H%M%S}" for n in sorted(skipped)]
    rule = f"RRULE:FREQ=WEEKLY;COUNT=20;BYDAY={named}"
    kept = [stamp_of(one, zone) for n, one in enumerate(meant) if n not in skipped]
    assert list(stamps(fields_of(wall, zone, rule, *out))) == kept


@given(day=st.dates(date(2024, 1, 1), date(2028, 1, 1)), count=st.integers(1, 20))
def test_all_day_series_repeat_by_day(day: date, count: int) -> None:
    fields = {"start": {"date": day.isoformat()},
              "recurrence": [f"RRULE:FREQ=WEEKLY;COUNT={count}"]}  # fmt: skip
    assert list(stamps(fields)) == [f"{day + timedelta(weeks=n):%Y%m%d}" for n in range(count)]


def test_an_endless_series_is_expanded_only_so_far() -> None:
    fields = fields_of(datetime.fromisoformat("2026-01-01T09:00"), "UTC", "RRULE:FREQ=DAILY")
    assert len(stamps(fields)) == 730


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(wall=walls, zone=zones, minutes=st.integers(0, 300), calendar_zone=zones)
def test_instances_over_http_start_at_the_wall_time_and_last_as_long(
    google: Google, wall: datetime, zone: str, minutes: int, calendar_zone: str
) -> None:
    assume(exists(wall, zone))
    google.reset()
    google.settings(time_zone=calendar_zone)
    tz = ZoneInfo(zone)
    start = wall.replace(tzinfo=tz)
    length = timedelta(minutes=minutes)
    end = (start.astimezone(UTC) + length).astimezone(tz)
    times = {
        side: {"dateTime": moment.isoformat(), "timeZone": zone}
        for side, moment in (("start", start), ("end", end))
    }
    google.insert(weekly(**times, count=30))
    shown = google.instances("series1")
    starts = [datetime.fromisoformat(one["start"]["dateTime"]) for one in shown]
    ends = [datetime.fromisoformat(one["end"]["dateTime"]) for one in shown]
    assert [f"{start.astimezone(UTC):%Y%m%dT%H%M%SZ}" for start in starts] == [
        stamp_of(wall + timedelta(weeks=n), zone) for n in range(30)
    ]
    assert {end - start for start, end in zip(starts, ends, strict=True)} == {length}
    shown_in = ZoneInfo(calendar_zone)
    assert [start.utcoffset() for start in starts] == [
        start.astimezone(shown_in).utcoffset() for start in starts
    ]


def test_the_end_of_summer_time_moves_the_moment_and_not_the_clock(google: Google) -> None:
    google.insert(weekly())
    assert [one["id"].removeprefix("series1_") for one in google.instances("series1")] == STAMPS
    google.settings(time_zone="Europe/Berlin")
    assert [one["start"]["dateTime"] for one in google.instances("series1")] == [
        "2026-10-07T15:00:00+02:00",
        "2026-10-14T15:00:00+02:00",
        "2026-10-21T15:00:00+02:00",
        "2026-10-28T15:00:00+01:00",
    ]
