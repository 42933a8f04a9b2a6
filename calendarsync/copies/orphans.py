"""Events with our mark that have no record: naming them, and adopting them once staff approve."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.utils.timezone import now as real_now

from calendarsync.copies.completing import complete_series
from calendarsync.models import CalendarCopy, CalendarEvent, CalendarSeries
from calendarsync.selectors import PROVIDER
from calendarsync.state import ids
from calendarsync.state.observed import ObservedEvent, read_event
from cohorts.models import Group, User
from cohorts.reconcile.models import ProviderState
from cohorts.reconcile.services import record_adopted
from cohorts.reconcile.values import Orphans
from meetings.models import Meeting


def take_orphans() -> Orphans:
    """Return the orphans that staff must decide on, or adopt all if they have approved it."""
    state = ProviderState.objects.of(PROVIDER).first()
    events = _find_orphans()
    if state and state.adopt_orphans:
        adopt_orphans(events)
        return Orphans()
    known = {pk for pk, _ in state.not_adopted} if state else set()
    found = [event for event in events if event.id not in known]
    marks = [mark for event in found if (mark := ids.read_id(event.id))]
    groups = frozenset(mark.group_id for mark in marks)
    names = tuple(sorted(event.details.summary for event in found))
    return Orphans(names, groups, unrecorded=len(groups))


def _find_orphans() -> list[ObservedEvent]:
    """Return the existing series and single events that no record or intent explains. A query."""
    series = CalendarSeries.objects.filter(event_id=OuterRef("event_id"))
    events = CalendarEvent.objects.filter(event_id=OuterRef("event_id"))
    whole = CalendarCopy.objects.filter(event_id=F("base_id")).exclude(status="cancelled")
    rows = whole.filter(~Exists(series), ~Exists(events)).order_by("pk")
    return [read_event(body) for body in rows.values_list("body", flat=True)]


@transaction.atomic
def adopt_orphans(orphans: Iterable[ObservedEvent]) -> None:
    """Record orphans by what their mark says.

    The approval is valid once: staff are asked again about later orphans. An event that cannot be
    recorded is stored with the reason, and staff are not asked about it again.
    """
    lacking = {}
    for event in orphans:
        if why := _adopt(event, ids.read_id(event.id)):
            lacking[event.id] = f"“{event.details.summary}” was not taken over: {why}"
    record_adopted(PROVIDER, lacking)


def _adopt(event: ObservedEvent, mark: ids.Mark | None) -> str:
    """Record one event; return a sentence with the reason if that is not possible."""
    if mark is None:
        return "its Lens mark cannot be read."
    if mark.meeting_id is not None:
        return _adopt_single(event, mark, mark.meeting_id)
    if not Group.objects.filter(pk=mark.group_id).exists():
        return f"its group (number {mark.group_id}) is not in this database."
    row, is_new = CalendarSeries.objects.get_or_create(
        group_id=mark.group_id, generation=mark.generation, defaults={"event_id": event.id}
    )
    if not is_new:
        return f"{row.group} already has a recorded series of the same generation."
    complete_series(event)
    return ""


def _adopt_single(event: ObservedEvent, mark: ids.Mark, meeting_id: int) -> str:
    if not Meeting.objects.filter(pk=meeting_id).exists():
        return f"its meeting (number {meeting_id}) is not in this database."
    if mark.person_id and not User.objects.filter(pk=mark.person_id).exists():
        return f"its guest (number {mark.person_id}) is not in this database."
    CalendarEvent.objects.create(
        meeting_id=meeting_id,
        user_id=mark.person_id,
        generation=mark.generation,
        event_id=event.id,
        made_at=real_now(),
    )
    return ""
