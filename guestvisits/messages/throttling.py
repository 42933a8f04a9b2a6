"""Throttling of messages when a person books and cancels the same visit repeatedly.

Few messages are sent, and the last one is always true:

    what happens within minutes            what is sent
    -------------------------------------  ---------------------------------------------------------
    booked, cancelled                      both at once
    … booked again                         10 minutes after the last message about a booking
    … booked and cancelled again           nothing: the last message still applies
    … cancelled, after the rebooking       10 minutes after the last message about an end
      was reported

Messages about a visit are dropped once the visit is booked again, so at most one is pending at any
time. "The same visit" means the same person and the same host meeting.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.db.models.functions import Coalesce

from cohorts.outbox.models import Message
from guestvisits.models import GuestVisit

INTERVAL = timedelta(minutes=10)
ENDS = ("visit_cancelled", "visit_broken")


def throttle(pending: Iterable[Message], visits: Iterable[GuestVisit]) -> list[Message]:
    """Return the messages, each due at least 10 minutes after the last one of its kind.

    One query if a visit was booked again, else none.
    """
    others = _other_bookings(visits)
    same = [(one, _equivalent_keys(one, others[one.context["visit"]])) for one in pending]
    keys = {key for _, each in same for key in each}
    free_at = {sent.key: time_sent(sent) + INTERVAL for sent in _sent(keys)} if keys else {}
    for one, each in same:
        one.due_at = max([one.due_at, *(free_at[key] for key in each & free_at.keys())])
    return [one for one, _ in same]


def was_booked_again(visit: GuestVisit) -> bool:
    """Return whether a later booking of the same visit exists. One query."""
    return _bookings(visit).filter(pk__gt=visit.pk).exists()


def last_sent(visit: GuestVisit, *kinds: str) -> Message | None:
    """Return the last message of these kinds that was sent about the same visit. Two queries."""
    bookings = _bookings(visit).values_list("pk", flat=True)
    return _sent({f"{kind}:{pk}" for pk in bookings for kind in kinds}).last()


def was_sent_just_before(message: Message | None, since: datetime) -> bool:
    """Return whether a message was sent so shortly before `since` that it covers a change then."""
    return message is not None and since < time_sent(message) + INTERVAL


def time_sent(message: Message) -> datetime:
    """Return when a message was sent, or may have been."""
    return message.sent_at or message.tried_at or message.created_at


def _other_bookings(visits: Iterable[GuestVisit]) -> dict[int, set[int]]:
    """Return, by visit id, the ids of the other bookings of the same visit."""
    found: dict[tuple[int, int], set[int]] = defaultdict(set)
    for visit in visits:
        found[visit.user_id, visit.host_meeting_id].add(visit.pk)
    return {pk: pks - {pk} for pks in found.values() for pk in pks}


def _equivalent_keys(one: Message, others: set[int]) -> set[str]:
    """Return the keys of the equivalent messages about the visit's other bookings."""
    _, _, *rest = one.key.split(":")
    kinds = ENDS if one.kind in ENDS else (one.kind,)
    return {":".join([kind, str(pk), *rest]) for kind in kinds for pk in others}


def _bookings(visit: GuestVisit) -> QuerySet[GuestVisit]:
    return GuestVisit.objects.filter(user=visit.user_id, host_meeting=visit.host_meeting_id)


def _sent(keys: Iterable[str]) -> QuerySet[Message]:
    """Return messages that were sent, or may have been, oldest first."""
    sent = [Message.State.SENT, Message.State.SENDING]
    rows = Message.objects.filter(key__in=keys, state__in=sent)
    return rows.order_by(Coalesce("sent_at", "tried_at"), "pk")
