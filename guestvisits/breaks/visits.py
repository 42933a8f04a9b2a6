"""Visits when meetings of several groups move at once: a visit stays if the change moves both its
home and its host meeting; otherwise `guestvisits.lifecycle` applies. Undoing a break opens the
visits again that it had ended."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef

from cohorts.models import Membership
from cohorts.signals import announced_together
from cohorts.words import name_when, one_line
from guestvisits.models import GuestVisit
from guestvisits.services.booking import expect_guest
from meetings.moving.types import Change


@dataclass(frozen=True, slots=True)
class VisitEffect:
    """What the changes do to one visit, with a line for staff and a sentence for the guest's
    letter. `new_start` is None if the visit ends. `meeting_id`: the host's meeting."""

    visit_id: int
    meeting_id: int
    user_id: int
    line: str
    sentence: str
    new_start: datetime | None


def find_visits(changes: Sequence[Change]) -> Iterator[VisitEffect]:
    """Yield the effects on open visits to the changed meetings. One query."""
    by_meeting = {change.meeting_id: change for change in changes if change.meeting_id}
    visits = GuestVisit.objects.filter(ended_at__isnull=True, host_meeting__in=by_meeting)
    for visit in visits.select_related("user", "host_meeting__group").order_by("pk"):
        host, home = by_meeting[visit.host_meeting_id], by_meeting.get(visit.home_meeting_id)
        if host.before and host.after and host.before.starts_at == host.after.starts_at:
            continue  # only its length changes
        stays = host.after is not None and home is not None and home.after is not None
        yield _describe(visit, host, stays=stays)


def _describe(visit: GuestVisit, host: Change, *, stays: bool) -> VisitEffect:
    where = f"{one_line(visit.host_meeting.group.name)}, {host.label}"
    if stays and host.after:
        when = name_when(host.after.starts_at, visit.user.timezone)
        return VisitEffect(
            visit.pk,
            visit.host_meeting_id,
            visit.user_id,
            f"{visit.user.display_name}'s visit to {where}, moves with it.",
            f"Your visit to {where}, is now on {when}.",
            host.after.starts_at,
        )
    return VisitEffect(
        visit.pk,
        visit.host_meeting_id,
        visit.user_id,
        f"{visit.user.display_name}'s visit to {where}, ends.",
        f"Your visit to {where}, has ended, because that meeting "
        f"{'was moved' if host.after else 'was cancelled'}.",
        None,
    )


def keep_visits(effects: Iterable[VisitEffect]) -> None:
    """Write the new starts of visits that stay. The caller holds the locks of their groups."""
    starts = {effect.visit_id: effect.new_start for effect in effects if effect.new_start}
    with announced_together():
        for visit in GuestVisit.objects.filter(pk__in=starts, ended_at__isnull=True):
            visit.chosen_start = starts[visit.pk]
            visit.save(update_fields=["chosen_start"])


def find_ended_visits(changes: Sequence[Change], since: datetime) -> Iterator[VisitEffect]:
    """Yield the visits to the changed meetings that ended with them since then, if their guests
    have no other visit in place of that meeting now. One query."""
    after = {one.meeting_id: one for one in changes if one.meeting_id and one.after}
    active = Membership.objects.filter(user=OuterRef("user"), status=Membership.Status.ACTIVE)
    again = GuestVisit.objects.filter(
        user=OuterRef("user"), home_meeting=OuterRef("home_meeting"), ended_at__isnull=True
    )
    visits = GuestVisit.objects.filter(
        Exists(active.filter(group=OuterRef("home_meeting__group"))),
        ~Exists(active.filter(group=OuterRef("host_meeting__group"))),
        ~Exists(again),
        end_reason__in=[GuestVisit.End.HOST_CANCELLED, GuestVisit.End.HOST_MOVED],
        ended_at__gte=since,
        host_meeting__in=after,
        user__is_active=True,
    ).select_related("user", "host_meeting__group")
    latest = {(one.user_id, one.home_meeting_id): one for one in visits.order_by("pk")}
    for visit in sorted(latest.values(), key=lambda one: one.pk):
        change = after[visit.host_meeting_id]
        if change.after and change.after.starts_at == visit.chosen_start:
            where = f"{one_line(visit.host_meeting.group.name)}, {change.label}"
            when = name_when(visit.chosen_start, visit.user.timezone)
            yield VisitEffect(
                visit.pk,
                visit.host_meeting_id,
                visit.user_id,
                f"{visit.user.display_name}'s visit to {where}, is on again.",
                f"Your visit to {where}, is on again: {when}.",
                visit.chosen_start,
            )


def reopen_visits(visit_ids: Collection[int], now: datetime) -> None:
    """Open ended visits again. The caller holds the locks of their groups."""
    with announced_together():
        visits = GuestVisit.objects.filter(pk__in=visit_ids, ended_at__isnull=False)
        for visit in visits.select_related("host_meeting__group", "home_meeting__group"):
            visit.ended_at, visit.end_reason = None, ""
            visit.save(update_fields=["ended_at", "end_reason"])
            expect_guest(visit, now)
