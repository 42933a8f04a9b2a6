"""Messages that withdraw an absence message in the home group, if the visit does not take place.

Sent only if the absence message was sent, or may have been; a pending one is simply dropped.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from cohorts.models import Membership
from cohorts.outbox.models import Message
from cohorts.outbox.registry import MessageObsolete, PendingMessage, message_source, notification
from guestvisits.messages.channel_posts import absence_key
from guestvisits.messages.visit_emails import get_visit, recent_visits
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
) -> Iterator[PendingMessage]:
    """Yield pending messages about people announced as away who are not. One or two queries."""
    visits = recent_visits(since).select_related("home_meeting")
    visits = visits.filter(end_reason__in=EXPECTED_AGAIN, home_meeting__starts_at__gt=since)
    if group_ids is not None:
        visits = visits.filter(home_meeting__group__in=group_ids)
    found = {absence_key(visit): visit for visit in visits}
    if found:
        sent = _sent().filter(key__in=found).values_list("key", flat=True)
        yield from (_correction(found[key]) for key in sorted(sent))


def _sent() -> Any:
    return Message.objects.filter(state__in=[Message.State.SENT, Message.State.SENDING])


def _correction(visit: GuestVisit) -> PendingMessage:
    assert visit.ended_at is not None
    home = visit.home_meeting
    return PendingMessage(
        key=f"{STAYS}:{visit.pk}:{home.pk}",
        kind=STAYS,
        channel=Message.Channel.DISCORD_CHANNEL,
        group_id=home.group_id,
        user_id=None,
        due_at=visit.ended_at,
        cutoff_at=home.starts_at,
        context={"visit": visit.pk, "home_meeting": home.pk},
    )


@notification(STAYS, title="Member is not away after all")
def stays_context(message: Message, _now: datetime) -> dict[str, Any]:
    """Return the template context for the home group. Raises MessageObsolete. Four queries."""
    visit = get_visit(message)
    home = visit.home_meeting
    if not _sent().filter(key=absence_key(visit)).exists():
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
    return {"guest": visit.user, "host_group": visit.host_meeting.group, "home": home}
