"""Format times for Discord: in the reader's time zone, short enough for a button."""

from datetime import datetime

from django.utils.formats import date_format

from cohorts.models import User
from cohorts.zones import find_zone, known_zone
from meetings.models import Meeting

DAY, TIME = "D j M", "H:i"


def format_start(meeting: Meeting, reader: User) -> str:
    """Return a start such as "Tue 24 Nov, 18:00"."""
    local = _local(meeting.starts_at, reader)
    return f"{date_format(local, DAY)}, {date_format(local, TIME)}"


def format_span(meeting: Meeting, reader: User) -> str:
    """Return a span such as "Tue 24 Nov, 18:00 – 19:00"."""
    first, last = _local(meeting.starts_at, reader), _local(meeting.ends_at, reader)
    until = TIME if first.date() == last.date() else f"{DAY}, {TIME}"
    return f"{format_start(meeting, reader)} – {date_format(last, until)}"


def format_day(moment: datetime, reader: User) -> str:
    return date_format(_local(moment, reader), DAY)


def format_zone(reader: User) -> str:
    return known_zone(reader.timezone).replace("_", " ")


def _local(moment: datetime, reader: User) -> datetime:
    return moment.astimezone(find_zone(reader.timezone))
