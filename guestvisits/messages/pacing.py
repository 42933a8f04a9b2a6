"""Booking and cancelling the same visit again and again: few messages, and the last one is true.

    what happens within minutes            what is sent
    -------------------------------------  ---------------------------------------------------------
    booked, cancelled                      both at once
    … booked again                         10 minutes after the last message about a booking
    … booked and cancelled again           nothing: the last message says so already
    … cancelled, after it was said that    10 minutes after the last message about an end
      it was booked again

A message about a visit is dropped once the visit was booked again, so at any time there is at most
one that waits.  "The same visit" is one of the same person to the same meeting.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.db.models.functions import Coalesce

from cohorts.messages.models import Message
from cohorts.messages.owed import Owed
from guestvisits.models import GuestVisit

PACE = timedelta(minutes=10)
ENDS = ("visit_cancelled", "visit_broken")


def pace(owed: Iterable[Owed], visits: Iterable[GuestVisit]) -> list[Owed]:
    """Return messages about these visits, each due 10 minutes after the last one of its kind at the
    earliest.  One query where somebody has booked a visit again, else none."""
    others = _others(visits)
    same = [(one, _same(one, others[one.context["visit"]])) for one in owed]
    keys = {key for _, each in same for key in each}
    free_at = {said.key: said_at(said) + PACE for said in _said(keys)} if keys else {}
    return [
        replace(one, due_at=max([one.due_at, *(free_at[key] for key in each & free_at.keys())]))
        for one, each in same
    ]


def was_booked_again(visit: GuestVisit) -> bool:
    """Return whether a later booking of the same visit exists.  One query."""
    return _bookings(visit).filter(pk__gt=visit.pk).exists()


def last_said(visit: GuestVisit, *kinds: str) -> Message | None:
    """Return the last message of these kinds that was sent about the same visit.  Two queries."""
    bookings = _bookings(visit).values_list("pk", flat=True)
    return _said({f"{kind}:{pk}" for pk in bookings for kind in kinds}).last()


def was_said_just_before(message: Message | None, since: datetime) -> bool:
    """Return whether a message went out so shortly before a fact that it holds for it as well."""
    return message is not None and since < said_at(message) + PACE


def said_at(message: Message) -> datetime:
    """Return when a message was sent, or perhaps was."""
    return message.sent_at or message.tried_at or message.created_at


def _others(visits: Iterable[GuestVisit]) -> dict[int, set[int]]:
    """For each visit, all bookings of the same one but itself."""
    found: dict[tuple[int, int], set[int]] = defaultdict(set)
    for visit in visits:
        found[visit.user_id, visit.host_meeting_id].add(visit.pk)
    return {pk: pks - {pk} for pks in found.values() for pk in pks}


def _same(one: Owed, others: set[int]) -> set[str]:
    """The keys of the messages that say the same of the visit's other bookings."""
    _, _, *rest = one.key.split(":")
    kinds = ENDS if one.kind in ENDS else (one.kind,)
    return {":".join([kind, str(pk), *rest]) for kind in kinds for pk in others}


def _bookings(visit: GuestVisit) -> QuerySet[GuestVisit]:
    return GuestVisit.objects.filter(user=visit.user_id, host_meeting=visit.host_meeting_id)


def _said(keys: Iterable[str]) -> QuerySet[Message]:
    """What was sent, or perhaps was, the last at the end."""
    said = [Message.State.SENT, Message.State.SENDING]
    rows = Message.objects.filter(key__in=keys, state__in=said)
    return rows.order_by(Coalesce("sent_at", "tried_at"), "pk")
