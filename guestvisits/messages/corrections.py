"""Messages that withdraw an absence message in the home group, if the visit does not take place.

Sent only if the absence message was sent, or may have been; a pending one is simply dropped.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from cohorts.models import Membership
from cohorts.outbox.models import Message
from cohorts.outbox.registry import MessageObsolete, message_source, notification
from guestvisits.messages.channel_posts import AWAY
from guestvisits.messages.visit_emails import (
    get_visit,
    home_key,
    post_to_home,
    recent_visits,
    visit_context,
)
from guestvisits.models import GuestVisit

STAYS = "member_stays"
End = GuestVisit.End
# Ends after which the person is expected at the home meeting again.
EXPECTED_AGAIN = frozenset(
    {
        End.CANCELLED,
        End.CANCELLED_BY_STAFF,
        End.HOST_MOVED,
        End.HOST_CANCELLED,
        End.HOST_GROUP_ENDED,
    }
)


@message_source("corrections")
def pending_corrections(
    group_ids: frozenset[int] | None, since: datetime, _now: datetime
) -> Iterator[Message]:
    """Yield pending messages about people announced as away who are not. One or two queries."""
    visits = recent_visits(since, group_ids, at="home_meeting").select_related("home_meeting")
    visits = visits.filter(end_reason__in=EXPECTED_AGAIN, home_meeting__starts_at__gt=since)
    found = {home_key(visit, AWAY): visit for visit in visits}
    if found:
        sent = _sent().filter(key__in=found).values_list("key", flat=True)
        yield from (_correction(found[key]) for key in sorted(sent))


def _sent() -> Any:
    return Message.objects.filter(state__in=[Message.State.SENT, Message.State.SENDING])


def _correction(visit: GuestVisit) -> Message:
    assert visit.ended_at is not None
    return post_to_home(visit, STAYS, visit.ended_at)


@notification(STAYS, title="Member is not away after all")
def stays_context(message: Message, _now: datetime) -> dict[str, Any]:
    """Return the template context for the home group. Raises MessageObsolete. Four queries."""
    visit = get_visit(message)
    home = visit.home_meeting
    if not _sent().filter(key=home_key(visit, AWAY)).exists():
        raise MessageObsolete("The group never got a message that the person is away.")
    if home.is_cancelled:
        raise MessageObsolete("The meeting is cancelled, so no one is expected.")
    if GuestVisit.objects.filter(
        user=visit.user_id, home_meeting=home, ended_at__isnull=True
    ).exists():
        raise MessageObsolete("The person is still away because of another visit.")
    member = Membership.objects.filter(user=visit.user_id, group=home.group_id)
    if not member.filter(status=Membership.Status.ACTIVE).exists():
        raise MessageObsolete("The person is no longer in the group.")
    return visit_context(visit)
