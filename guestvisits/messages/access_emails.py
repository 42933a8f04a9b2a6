"""E-mails to the guest when access to the host group's channels begins and ends.

access_begun    when access begins, unless the visit was booked later than that: then the
                booking e-mail has said so
access_ended    when access ends on schedule; visits that end early have their own e-mail

Visits to one group whose windows overlap are one access, which begins and ends once.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from cohorts.outbox.models import Message
from cohorts.outbox.registry import MessageObsolete, message_source, notification
from guestvisits.messages.visit_emails import (
    RECENT,
    email_guest,
    get_open_visit,
    get_visit,
    recent_visits,
    with_windows,
)
from guestvisits.models import GuestVisit
from guestvisits.windows import window_of
from meetings.registries import find_venues

BEGUN, ENDED = "access_begun", "access_ended"
SENT_WITHIN = timedelta(days=2)


@message_source("guest access")
def pending_access_emails(
    group_ids: frozenset[int] | None, since: datetime, _now: datetime
) -> Iterator[Message]:
    """Yield the pending messages about access. One query."""
    for visit, window, same in with_windows(recent_visits(since, group_ids)):
        if visit.ended_early:
            continue
        # What began before was recorded then, or goes on from a visit that is not read any more.
        is_recent = window.begins_at > since - RECENT
        is_new = not any(other.begins_at < window.begins_at <= other.ends_at for other in same)
        if is_recent and is_new and visit.booked_at < window.begins_at:
            yield email_guest(visit, BEGUN, window.begins_at, visit.host_meeting.starts_at)
        if not any(other.holds(window.ends_at) for other in same):
            yield email_guest(visit, ENDED, window.ends_at, window.ends_at + SENT_WITHIN)


@notification(BEGUN, topic="visits", title="Guest's access has begun")
def begun_context(message: Message, now: datetime) -> dict[str, Any]:
    """Return the template context. Raises MessageObsolete. Two queries."""
    visit = get_open_visit(message)
    window = window_of(visit)
    if now < window.begins_at:
        raise MessageObsolete("The meeting was moved, so access begins later.")
    return _base_context(visit) | {"until": window.ends_at}


@notification(ENDED, topic="visits", title="Guest's access has ended")
def ended_context(message: Message, now: datetime) -> dict[str, Any]:
    """Return the template context. Raises MessageObsolete. Two queries."""
    visit = get_visit(message)
    if visit.ended_early:
        raise MessageObsolete("The visit ended early, and the guest got a message about that.")
    if now < window_of(visit).ends_at:
        raise MessageObsolete("The meeting was moved, so access ends later.")
    return _base_context(visit)


def _base_context(visit: GuestVisit) -> dict[str, Any]:
    host = visit.host_meeting
    return {
        "host": host,
        "host_group": host.group,
        "venue": find_venues([host.group_id]).get(host.group_id),
    }
