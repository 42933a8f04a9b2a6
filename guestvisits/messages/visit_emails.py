"""The visits that messages are about, the messages themselves, and what all of them say."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from cohorts.outbox.models import Message
from cohorts.outbox.registry import MessageObsolete
from guestvisits.models import GuestVisit
from guestvisits.windows import AccessWindow, window_of, with_dates

# Longer than any message about the end of a visit may still be sent.
RECENT = timedelta(days=7)


def recent_visits(
    since: datetime, group_ids: frozenset[int] | None, *, at: str = "host_meeting"
) -> QuerySet[GuestVisit]:
    """Return visits open or recently ended at a time, with what decides which messages are due.

    Those `at` a meeting of these groups, the home meeting or the host meeting; None: all.

    What messages mention is read when they are sent: five sources read these visits each minute and
    in each run, and a join of ten tables takes time to build and to plan.
    """
    lately = Q(ended_at__isnull=True) | Q(ended_at__gt=since - RECENT)
    visits = with_dates(GuestVisit.objects.filter(lately))
    if group_ids is not None:
        visits = visits.filter(**{f"{at}__group__in": group_ids})
    return visits.order_by("pk")


def with_windows(
    visits: Iterable[GuestVisit],
) -> Iterator[tuple[GuestVisit, AccessWindow, list[AccessWindow]]]:
    """Yield each visit with its window, and with all windows that its guest has in the group."""
    windows = [(visit, window_of(visit)) for visit in visits]
    same: dict[tuple[int, int], list[AccessWindow]] = defaultdict(list)
    for _, window in windows:
        same[window.user_id, window.group_id].append(window)
    for visit, window in windows:
        yield visit, window, same[window.user_id, window.group_id]


def email_guest(visit: GuestVisit, kind: str, due_at: datetime, cutoff_at: datetime) -> Message:
    """Return a pending e-mail to the guest about their visit."""
    return Message(
        key=f"{kind}:{visit.pk}",
        kind=kind,
        channel=Message.Channel.EMAIL,
        group_id=visit.host_meeting.group_id,
        user_id=visit.user_id,
        due_at=due_at,
        cutoff_at=cutoff_at,
        context={"visit": visit.pk},
    )


def post_to_host(visit: GuestVisit, kind: str, due_at: datetime, cutoff_at: datetime) -> Message:
    """Return a pending post about a visit in the host group's channel."""
    message = email_guest(visit, kind, due_at, cutoff_at)
    message.channel, message.user_id = Message.Channel.DISCORD_CHANNEL, None
    return message


def post_to_home(visit: GuestVisit, kind: str, due_at: datetime) -> Message:
    """Return a pending post in the home group's channel, which is not sent once its meeting has
    begun. If the guest changes groups, the key is another one, so the new group gets it too."""
    home = visit.home_meeting
    message = post_to_host(visit, kind, due_at, home.starts_at)
    message.key, message.group_id = home_key(visit, kind), home.group_id
    message.context |= {"home_meeting": home.pk}
    return message


def home_key(visit: GuestVisit, kind: str) -> str:
    return f"{kind}:{visit.pk}:{visit.home_meeting_id}"


def visit_context(visit: GuestVisit) -> dict[str, Any]:
    """Return what templates of messages about a visit name."""
    host, home = visit.host_meeting, visit.home_meeting
    return {
        "guest": visit.user,
        "host": host,
        "host_group": host.group,
        "home": home,
        "home_group": home.group,
    }


def get_visit(message: Message) -> GuestVisit:
    """Return the visit that a message is about. Raises MessageObsolete if it no longer exists."""
    visit = _with_related(GuestVisit.objects.filter(pk=message.context["visit"])).first()
    if visit is None:
        raise MessageObsolete("The visit no longer exists.")
    return visit


def get_open_visit(message: Message) -> GuestVisit:
    """Return the visit that a message is about. Raises MessageObsolete if it has ended."""
    visit = get_visit(message)
    if not visit.is_open:
        raise MessageObsolete(f"The visit has ended: {visit.get_end_reason_display()}.")
    return visit


def _with_related(visits: QuerySet[GuestVisit]) -> QuerySet[GuestVisit]:
    return visits.select_related(
        "user", "host_meeting__group__cohort__course", "home_meeting__group__cohort__course"
    )
