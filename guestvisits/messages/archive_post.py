"""The post that a group's channel can be read for another week."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from cohorts.models import Group, live_group
from cohorts.models.courses import MAX_ARCHIVE_DAYS
from cohorts.outbox.models import Message
from cohorts.outbox.registry import MessageObsolete, message_source, notification
from cohorts.words import name_day

ARCHIVE_ENDS = "archive_ends"
BEFORE = timedelta(days=7)
LONGEST = timedelta(days=MAX_ARCHIVE_DAYS)  # older archives have ended


@message_source("ends of archives")
def pending_archive_posts(
    group_ids: frozenset[int] | None, since: datetime, now: datetime
) -> Iterator[Message]:
    """Yield the post in each archive that ends within a week.  One query."""
    oldest = since - LONGEST
    ended = Q(ended_at__gt=oldest) | Q(cohort__ended_at__gt=oldest)
    groups = Group.objects.filter(~live_group(), ended, activated_at__isnull=False)
    if group_ids is not None:
        groups = groups.filter(pk__in=group_ids)
    for group in groups.select_related("cohort").order_by("pk"):
        window = group.archive
        if window is None or window.ends_at - BEFORE <= window.begins_at:
            continue  # the letter and the post at the end say it
        if since < window.ends_at and window.ends_at - BEFORE <= now:
            yield Message(
                key=f"{ARCHIVE_ENDS}:{group.pk}:{window.begins_at:%Y%m%dT%H%M%S}",
                kind=ARCHIVE_ENDS,
                channel=Message.Channel.DISCORD_CHANNEL,
                group_id=group.pk,
                user_id=None,
                due_at=window.ends_at - BEFORE,
                cutoff_at=window.ends_at,
                context={},
            )


@notification(ARCHIVE_ENDS, title="Channels close soon")
def archive_ends_context(message: Message, now: datetime) -> dict[str, Any]:
    """Return the template context. Raises MessageObsolete. One query."""
    group = message.group
    assert group is not None  # the source above names one
    window = group.archive
    if window is None or not window.is_open(now):
        raise MessageObsolete("The channel is not an archive.")
    return {"until": name_day(window.ends_at, group.timezone)}
