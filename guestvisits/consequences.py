"""Effects of moved meetings on visits, and the guests' remaining options.

Nothing is changed here. Once the move is carried out,
`guestvisits.lifecycle` applies the same rules.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from django.db.models import QuerySet

from guestvisits.facts import VisitOption, read_visit_options
from guestvisits.models import GuestVisit
from guestvisits.rules import BookingFacts, find_refusal
from meetings.moving.preview import Consequence, Option
from meetings.moving.types import Change


def find_consequences(changes: Sequence[Change], now: datetime) -> Iterator[Consequence]:
    """Yield visits to changed meetings, which end, and visits in place of them, which stay."""
    by_meeting = {change.meeting_id: change for change in changes if change.meeting_id}
    for visit in _open_visits(host_meeting__in=by_meeting):
        change = by_meeting[visit.host_meeting_id]
        if change.after is None or change.after.starts_at != visit.chosen_start:
            yield _broken(visit, change, now)
    for visit in _open_visits(home_meeting__in=by_meeting):
        yield Consequence(
            visit.user.display_name,
            f"is visiting {visit.host_meeting.group} in {visit.host_meeting.label}; "
            "that visit does not change.",
        )


def _open_visits(**which: object) -> QuerySet[GuestVisit]:
    visits = GuestVisit.objects.filter(ended_at__isnull=True, **which)
    return visits.select_related("user", "host_meeting__group", "home_meeting__group").order_by(
        "host_meeting__number", "user__name", "pk"
    )


def _broken(visit: GuestVisit, change: Change, now: datetime) -> Consequence:
    return Consequence(
        visit.user.display_name,
        f"is visiting this group in {change.label}, from {visit.home_meeting.group}; "
        "that visit ends.",
        tuple(_find_options(visit, change, now)),
    )


def _find_options(visit: GuestVisit, change: Change, now: datetime) -> Iterator[Option]:
    """Yield what the guest can book after the move, which may include the moved meeting itself."""
    _, choices = read_visit_options(visit.user_id, home_meeting_id=visit.home_meeting_id, now=now)
    for choice in choices:
        facts = _as_if_ended(visit, choice, change)
        if find_refusal(facts, now) is None:
            yield Option(
                choice.host.group.name,
                choice.host.number,
                facts.host.starts_at,
                facts.host.ends_at,
            )


def _as_if_ended(visit: GuestVisit, choice: VisitOption, change: Change) -> BookingFacts:
    """Return the facts for a new booking, as if the move was done and this visit had ended."""
    facts = replace(
        choice.facts, is_visiting=False, has_visited=False, visits=choice.facts.visits - 1
    )
    if choice.host.pk != visit.host_meeting_id:
        return facts
    host = replace(facts.host, is_cancelled=change.after is None)
    if change.after:
        host = replace(host, starts_at=change.after.starts_at, ends_at=change.after.ends_at)
    return replace(facts, host=host, guests=facts.guests - 1)
