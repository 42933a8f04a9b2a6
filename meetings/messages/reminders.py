"""Reminders: a day and an hour before a meeting, to whoever comes, and in the group's channel.

Nothing is planned ahead.  Each look asks which meetings are so close now and who comes to them:

    the meeting was moved           another start is another key: the reminder of the old time is no
                                    longer true, that of the new one is owed when it is due
    it was cancelled; somebody      no longer true
    declined, visits elsewhere
    or left
    somebody joined, books a        owed from then on, while it is not too late
    visit or comes after all
    nobody could send it in time    never sent: an hour's reminder is no use at the start
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse

from cohorts.messages.models import Message
from cohorts.messages.owed import NoLongerTrue, Owed
from cohorts.models import AccessState, User, active_group
from meetings.messages.active import check_active
from meetings.models import Meeting
from meetings.selectors import expected_at, is_guest_at
from meetings.venues import find_venues

REMINDER = "reminder"


@dataclass(frozen=True, slots=True)
class Time:
    """A reminder is owed from `ahead` of the start, and never sent later than `until` ahead."""

    name: str
    ahead: timedelta
    until: timedelta


TIMES = (
    Time("day", ahead=timedelta(hours=24), until=timedelta(hours=12)),
    Time("hour", ahead=timedelta(hours=1), until=timedelta(minutes=15)),
)


def owe_reminders(group_ids: frozenset[int] | None, now: datetime) -> Iterator[Owed]:
    """Three queries, whatever the number of meetings."""
    meetings = _meetings_soon(group_ids, now)
    expected = expected_at(meetings)
    for meeting in meetings:
        for time in TIMES:
            if time.until < meeting.starts_at - now <= time.ahead:
                yield _to_channel(meeting, time)
                for person in expected[meeting.pk]:
                    yield _to_person(meeting, time, person)


def _meetings_soon(group_ids: frozenset[int] | None, now: datetime) -> list[Meeting]:
    meetings = Meeting.objects.filter(
        active_group("group__"),
        status=Meeting.Status.SCHEDULED,
        starts_at__gt=now + min(time.until for time in TIMES),
        starts_at__lte=now + max(time.ahead for time in TIMES),
    )
    if group_ids is not None:
        meetings = meetings.filter(group__in=group_ids)
    return list(meetings)


def _to_person(meeting: Meeting, time: Time, person: User) -> Owed:
    return _owe(meeting, time, Message.Channel.EMAIL, person.pk, str(person.pk))


def _to_channel(meeting: Meeting, time: Time) -> Owed:
    return _owe(meeting, time, Message.Channel.DISCORD_CHANNEL, None, "channel")


def _owe(meeting: Meeting, time: Time, channel: str, user_id: int | None, to: str) -> Owed:
    start = int(meeting.starts_at.timestamp())
    return Owed(
        key=f"{REMINDER}:{time.name}:{meeting.pk}:{start}:{to}",
        kind=REMINDER,
        channel=channel,
        group_id=meeting.group_id,
        user_id=user_id,
        due_at=meeting.starts_at - time.ahead,
        cutoff_at=meeting.starts_at - time.until,
        context={"meeting": meeting.pk, "start": start},
    )


# -- in words ------------------------------------------------------------------------------------


def reminder_context(message: Message, _now: datetime) -> dict[str, Any]:
    """What the templates need.  Raises NoLongerTrue."""
    meeting = _meeting_of(message)
    people = expected_at([meeting])[meeting.pk]
    if message.user_id is not None and message.user_id not in {person.pk for person in people}:
        raise NoLongerTrue("The person does not come to this meeting.")
    is_guest = message.user_id is not None and is_guest_at(message.user_id, meeting)
    return {
        "meeting": meeting,
        "venue": find_venues([meeting.group_id]).get(meeting.group_id),
        "is_guest": is_guest,
        "cannot_url": _cannot_url(meeting, is_guest),
        "people": _mentionable(people) if message.user_id is None else (),
    }


def _meeting_of(message: Message) -> Meeting:
    """The meeting as it was when this reminder became owed.  Raises NoLongerTrue."""
    meetings = Meeting.objects.select_related("group__cohort__course")
    meeting = meetings.filter(pk=message.context["meeting"]).first()
    if meeting is None or meeting.is_cancelled:
        raise NoLongerTrue("The meeting is cancelled.")
    if int(meeting.starts_at.timestamp()) != message.context["start"]:
        raise NoLongerTrue("The meeting was moved to another time.")
    check_active(meeting.group)
    return meeting


def _cannot_url(meeting: Meeting, is_guest: bool) -> str:
    """Where to say "I can't attend": a guest cancels the visit among their own meetings."""
    page = reverse("my-meetings") if is_guest else reverse("alternatives", args=[meeting.pk])
    return f"{settings.SITE_URL}{page}"


def _mentionable(people: Collection[User]) -> list[User]:
    """Those who want to be, and are in the server: anybody else would be shown as a number."""
    absent = set(
        AccessState.objects.filter(user__in=people, state=AccessState.State.NOT_THERE).values_list(
            "user_id", flat=True
        )
    )
    return [
        person
        for person in people
        if person.discord_id and person.wants_discord and person.pk not in absent
    ]
