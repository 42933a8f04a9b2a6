"""What people answer in Google Calendar, and what Lens knows of it."""

from __future__ import annotations

from datetime import timedelta

from cohorts.models import User
from meetings.models import Attendance
from tests.calendarsync.seen import SeenCalendar
from tests.support.academy import Academy

MINUTE = timedelta(minutes=1)


def person(name: str) -> User:
    return User.objects.get(name=name)


def listen(calendar: SeenCalendar, minutes: int = 4) -> None:
    """Some minutes pass, in which nothing is due but to read what people answered."""
    calendar.move_clock(calendar.now + minutes * MINUTE)
    calendar.work()


def answers(name: str) -> dict[int, str]:
    """By week what is known here."""
    rows = Attendance.objects.filter(user__name=name).order_by("meeting__number")
    return dict(rows.values_list("meeting__number", "rsvp"))


def everybody_answers(calendar: SeenCalendar, academy: Academy) -> None:
    """Both members of group A, to the series and otherwise to one meeting each."""
    group = academy.groups["A"]
    calendar.respond(person("Ada"), "accepted", group)
    calendar.respond(person("Alan"), "tentative", group)
    calendar.respond(person("Ada"), "declined", group, academy.meeting("A", 2))
    calendar.respond(person("Alan"), "accepted", group, academy.meeting("A", 3))
    listen(calendar)
    calendar.forget_mails()
