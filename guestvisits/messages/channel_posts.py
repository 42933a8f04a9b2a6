"""Messages about a visit to the two groups, each sent once in the group's channel.

    to the host group     who joins, once access has begun
                          that the guest leaves, shortly before access ends
    to the home group     who is away, in the days before its meeting

If a visit ends before its access began, the host group gets no message; nor about a guest who has
declined, unless they change their mind. The farewell is sent a few
minutes early and never delays the end of access, which depends only on dates.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef

from cohorts.outbox.models import Message
from cohorts.outbox.registry import (
    READ_BY_OTHERS,
    MessageObsolete,
    message_source,
    notification,
)
from guestvisits.messages.throttling import (
    last_sent,
    throttle,
    was_booked_again,
    was_sent_just_before,
)
from guestvisits.messages.visit_emails import (
    get_open_visit,
    get_visit,
    post_to_home,
    post_to_host,
    recent_visits,
    visit_context,
    with_windows,
)
from guestvisits.models import GuestVisit
from guestvisits.windows import AccessWindow
from meetings.models import Attendance

JOINS, LEAVES, AWAY = "guest_joins", "guest_leaves", "member_away"
BEFORE_THE_END = timedelta(minutes=5)
FAREWELL_WITHIN = timedelta(days=3)  # covers a weekend: on Monday the group may still wonder

End = GuestVisit.End
# Ends after which the guest stays, or no one is left to read it.
NO_FAREWELL = frozenset({End.BECAME_MEMBER, End.HOST_GROUP_ENDED, End.COHORT_ENDED})


# -- the host group ------------------------------------------------------------------------------


@message_source("posts to host groups")
def pending_host_posts(
    group_ids: frozenset[int] | None, since: datetime, _now: datetime
) -> Iterable[Message]:
    """Return pending greetings and farewells of guests of these groups.

    One query, two if a visit was booked again.
    """
    declined = Attendance.objects.filter(
        meeting=OuterRef("host_meeting"),
        user=OuterRef("user"),
        rsvp=Attendance.Rsvp.NOT_ATTENDING,
    )
    visits = recent_visits(since, group_ids).annotate(has_declined=Exists(declined))
    return throttle(_build_host_posts(visits), visits)


def _build_host_posts(visits: Iterable[GuestVisit]) -> Iterator[Message]:
    for visit, window, same in with_windows(visits):
        if not (visit.ended_early or visit.has_declined):  # type: ignore[attr-defined]
            due_at = max(visit.booked_at, window.begins_at)
            yield post_to_host(visit, JOINS, due_at, visit.host_meeting.ends_at)
        if _needs_farewell(visit, window, same):
            due_at = window.ends_at if visit.ended_early else window.ends_at - BEFORE_THE_END
            yield post_to_host(visit, LEAVES, due_at, window.ends_at + FAREWELL_WITHIN)


def _needs_farewell(visit: GuestVisit, window: AccessWindow, same: Iterable[AccessWindow]) -> bool:
    """Return whether the person's access to the channel ends with this visit.

    `same`: all the person's windows in this group.
    """
    if visit.end_reason in NO_FAREWELL or window.ends_at <= _began_at(visit):
        return False
    return not any(other.holds(window.ends_at) for other in same)


def _began_at(visit: GuestVisit) -> datetime:
    """Return when access began or would have begun.

    Computed from the start that the guest chose, since a moved meeting now has another.
    """
    days = visit.host_meeting.group.cohort.guest_days_before
    return visit.chosen_start - timedelta(days=days)


@notification(JOINS, title="Group expects a guest")
def joins_context(message: Message, _now: datetime) -> dict[str, Any]:
    """Return the template context of the greeting. Raises MessageObsolete. Three queries."""
    visit = get_open_visit(message)
    last = last_sent(visit, JOINS, LEAVES)
    is_news = last is None or last.kind == LEAVES or last.pk == message.pk
    if not is_news and was_sent_just_before(last, visit.booked_at):
        raise MessageObsolete("The group got this message just before the guest booked again.")
    return visit_context(visit)


@notification(LEAVES, title="Guest has left the group")
def leaves_context(message: Message, now: datetime) -> dict[str, Any]:
    """Return the template context of the farewell. Raises MessageObsolete. Four queries."""
    visit = get_visit(message)
    if was_booked_again(visit):  # the group reads of the later booking, perhaps before this
        raise MessageObsolete("The guest has booked this visit again.")
    last = last_sent(visit, JOINS, LEAVES)
    if last is None or (last.kind == LEAVES and last.pk != message.pk):
        raise MessageObsolete("The group never got a message about the visit.")
    return visit_context(visit) | {"was_held": visit.chosen_start <= (visit.ended_at or now)}


# -- the home group ------------------------------------------------------------------------------


@message_source("posts to home groups", order=READ_BY_OTHERS)
def pending_home_posts(
    group_ids: frozenset[int] | None, since: datetime, _now: datetime
) -> Iterator[Message]:
    """Yield pending absence messages of these groups. One query, two if one was rebooked."""
    visits = recent_visits(since, group_ids, at="home_meeting")
    visits = visits.select_related("home_meeting__group__cohort")
    yield from throttle((_absence(visit) for visit in visits if not visit.ended_early), visits)


def _absence(visit: GuestVisit) -> Message:
    """Return the message, due in the days before the meeting in which guests have access."""
    home = visit.home_meeting
    days = timedelta(days=home.group.cohort.guest_days_before)
    return post_to_home(visit, AWAY, max(visit.booked_at, home.starts_at - days))


@notification(AWAY, title="Member is away as a guest elsewhere")
def away_context(message: Message, _now: datetime) -> dict[str, Any]:
    """Return the template context for the home group. Raises MessageObsolete. One query."""
    visit = get_open_visit(message)
    if visit.home_meeting_id != message.context["home_meeting"]:
        raise MessageObsolete("The guest is now in another group.")
    if visit.home_meeting.is_cancelled:
        raise MessageObsolete("The meeting is cancelled, so no one is away.")
    return visit_context(visit)
