"""Reminders one day and one hour before a meeting, to the people expected, to whoever leads it for
the group's facilitator, and to the group's channel.

Nothing is scheduled ahead. Each pass finds the meetings that are close and the people expected:

    the meeting was moved           the start is part of the key: the reminder for the old time is
                                    dropped, the one for the new time becomes due at its own time
    the meeting was cancelled, or   the reminder is dropped
    the person declined, visits
    another group or left
    the person joined, booked a     a reminder is due from then on, unless it is too late
    visit or accepted after all
    it could not be sent in time    never sent: an hour's reminder is useless at the start
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from django.conf import settings

from cohorts.models import AccessState, Membership, User, set_up_group
from cohorts.outbox.models import Message
from cohorts.outbox.registry import (
    MessageObsolete,
    Topic,
    message_source,
    notification,
    topics,
)
from cohorts.outbox.rendering.links import page_url
from meetings.messages.active import check_set_up
from meetings.models import Attendance, Meeting
from meetings.registries import JoinStep, find_join_steps, find_leaders, find_venues
from meetings.selectors import expected_at, is_guest_at

REMINDER = "reminder"
DAY = "day"

topics.register(
    Topic(
        "reminders",
        "Reminders",
        "24 hours and 1 hour before each meeting, once if you have not answered, and before your "
        "first meeting if you have not joined the Discord server.",
        may_be_off=True,
    ),
    order=10,
)


@dataclass(frozen=True, slots=True)
class ReminderTime:
    """A reminder, due `ahead` of the start. It is not sent later than `until` before the start."""

    name: str
    ahead: timedelta
    until: timedelta


TIMES = (
    ReminderTime(DAY, ahead=timedelta(hours=24), until=timedelta(hours=12)),
    ReminderTime("hour", ahead=timedelta(hours=1), until=timedelta(minutes=15)),
)
LONGEST = max(time.until for time in TIMES)


@message_source("reminders")
def pending_reminders(
    group_ids: frozenset[int] | None, since: datetime, now: datetime
) -> Iterator[Message]:
    """Yield the pending reminders. Four queries for any number of meetings.

    Two more if some were missed: those are of no concern to a group that was set up, a member who
    joined, or a guest who booked, after the cutoff.
    """
    meetings = _meetings_soon(group_ids, since, now)
    if not meetings:
        return
    people = _expected_and_leading(meetings)
    since_when = _expected_since([one for one in meetings if one.starts_at <= now + LONGEST])
    for meeting in meetings:
        for time in TIMES:
            if not since + time.until < meeting.starts_at <= now + time.ahead:
                continue
            cutoff = meeting.starts_at - time.until
            if cutoff <= now and (meeting.group.set_up_at or cutoff) > cutoff:
                continue
            if meeting.group.activated_at:  # before, nobody sees the channel
                yield _build_message(meeting, time, None)
            for person in people[meeting.pk]:
                if cutoff > now or since_when.get((meeting.pk, person.pk), cutoff) <= cutoff:
                    yield _build_message(meeting, time, person)


def _expected_and_leading(meetings: Collection[Meeting]) -> dict[int, list[User]]:
    """Return everyone who comes to these meetings, by meeting id."""
    expected = expected_at(meetings)
    for meeting_id, leading in find_leaders([meeting.pk for meeting in meetings]).items():
        known = {person.pk for person in expected[meeting_id]}
        expected[meeting_id] += [one.person for one in leading if one.person.pk not in known]
    return expected


def _expected_since(missed: Collection[Meeting]) -> dict[tuple[int, int], datetime]:
    """Return when members joined and guests booked or answered, by meeting and person."""
    if not missed:
        return {}
    members = Membership.objects.filter(group__meetings__in=missed, status=Membership.Status.ACTIVE)
    guests = Attendance.objects.filter(meeting__in=missed, is_guest=True)
    rows = chain(
        members.values_list("group__meetings", "user", "joined_at"),
        guests.values_list("meeting", "user", "rsvp_at"),
    )
    return {(meeting, user): since for meeting, user, since in rows if since}


def _meetings_soon(
    group_ids: frozenset[int] | None, since: datetime, now: datetime
) -> list[Meeting]:
    meetings = Meeting.objects.filter(
        set_up_group("group__"),
        status=Meeting.Status.SCHEDULED,
        starts_at__gt=since + min(time.until for time in TIMES),
        starts_at__lte=now + max(time.ahead for time in TIMES),
    )
    if group_ids is not None:
        meetings = meetings.filter(group__in=group_ids)
    return list(meetings.select_related("group"))


def _build_message(meeting: Meeting, time: ReminderTime, person: User | None) -> Message:
    """Return the reminder of a person, or the post in the group's channel."""
    start = int(meeting.starts_at.timestamp())
    return Message(
        key=f"{REMINDER}:{time.name}:{meeting.pk}:{start}:{person.pk if person else 'channel'}",
        kind=REMINDER,
        channel=Message.Channel.EMAIL if person else Message.Channel.DISCORD_CHANNEL,
        group_id=meeting.group_id,
        user_id=person.pk if person else None,
        due_at=meeting.starts_at - time.ahead,
        cutoff_at=meeting.starts_at - time.until,
        context={"meeting": meeting.pk, "start": start, "time": time.name},
    )


# -- message text --------------------------------------------------------------------------------


@notification(REMINDER, topic="reminders", title="Meeting reminder")
def reminder_context(message: Message, now: datetime) -> dict[str, Any]:
    meeting = _meeting_of(message)
    people = _expected_and_leading([meeting])[meeting.pk]
    pages = {one.person.pk: one.page for one in find_leaders([meeting.pk]).get(meeting.pk, ())}
    page = pages.get(message.user_id or 0, "")
    if message.user_id is not None and message.user_id not in {person.pk for person in people}:
        raise MessageObsolete("The person is not expected at this meeting.")
    is_guest = message.user_id is not None and is_guest_at(message.user_id, meeting)
    return {
        "meeting": meeting,
        "venue": find_venues([meeting.group_id]).get(meeting.group_id),
        "is_guest": is_guest,
        "leads": bool(page),
        "cannot_url": f"{settings.SITE_URL}{page}" if page else _cannot_url(meeting, is_guest),
        "people": _mentionable(people) if message.user_id is None else (),
        "steps": _steps(message, now),
    }


def _steps(message: Message, now: datetime) -> tuple[JoinStep, ...]:
    """Return what the recipient still has to do to join, in the reminder a day ahead."""
    if message.user is None or message.context.get("time") != DAY:
        return ()
    return find_join_steps(message.user, now)


def _meeting_of(message: Message) -> Meeting:
    """Return the meeting, if it still has this start. Raises MessageObsolete."""
    meetings = Meeting.objects.select_related("group__cohort__course")
    meeting = meetings.filter(pk=message.context["meeting"]).first()
    if meeting is None or meeting.is_cancelled:
        raise MessageObsolete("The meeting is cancelled.")
    if int(meeting.starts_at.timestamp()) != message.context["start"]:
        raise MessageObsolete("The meeting was moved to another time.")
    check_set_up(meeting.group)
    return meeting


def _cannot_url(meeting: Meeting, is_guest: bool) -> str:
    """Return the page for "I can't attend". Guests cancel their visit on their own page."""
    return page_url("my-meetings") if is_guest else page_url("alternatives", meeting.pk)


def _mentionable(people: Collection[User]) -> list[User]:
    """Return the people who want to be mentioned and are in the server.

    Discord would show a mention of anyone else as a number.
    """
    absent = set(
        AccessState.objects.filter(user__in=people, state=AccessState.State.NOT_JOINED).values_list(
            "user_id", flat=True
        )
    )
    return [
        person
        for person in people
        if person.discord_id and person.wants_discord and person.pk not in absent
    ]
