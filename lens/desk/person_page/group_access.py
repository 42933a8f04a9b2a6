"""What a person should see in each group and service, and what they see, with the reason."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from calendarsync.rsvp.not_invited import find_declined
from cohorts.admin_base.reader_time import show_time
from cohorts.models import AccessException, AccessState, Group, Membership, User
from cohorts.models.archive import was_last_member
from cohorts.reconcile.selectors import GroupInProvider, describe_groups
from cohorts.reconcile.status_text import StatusContext
from guestvisits.models import SubstituteOffer
from guestvisits.selectors import MyVisit
from guestvisits.windows import substitute_window
from lens.desk.person_page.explained_access import (
    CALENDAR,
    AccessLine,
    PlaceFacts,
    explain,
)
from lens.desk.person_page.sections import left_server_at

State = AccessState.State
RECENT = timedelta(days=14)  # a substitute's access ends before that


@dataclass(frozen=True, slots=True)
class AccessGround:
    """Why a person has access to a group, from when on: now, unless it is a visit ahead.

    `ahead_at`: from when on in services that act ahead, None if they are not concerned, as in the
    archive.
    """

    group: Group
    why: str
    begins_at: datetime
    ahead_at: datetime | None


@dataclass(frozen=True, slots=True)
class ServiceAccess:
    """One group in one service, as the page shows it."""

    place: GroupInProvider
    line: AccessLine


@dataclass(frozen=True, slots=True)
class GroupAccess:
    """One group: why the person should see it ("" if they should not), and each service."""

    group: Group
    why: str
    services: tuple[ServiceAccess, ...]


# -- who should see what -------------------------------------------------------------------------


def find_grounds(
    person: User, memberships: Iterable[Membership], visits: Iterable[MyVisit], now: datetime
) -> list[AccessGround]:
    """Return why the person has or will have access, the strongest ground of each group.

    Two queries.  Groups and cohorts of the memberships and visits must be loaded.
    """
    found: dict[int, AccessGround] = {}
    for ground in (
        *_of_memberships(memberships, now),
        *_of_exceptions(person, now),
        *_of_visits(visits, now),
        *_of_substitutions(person, now),
    ):
        found.setdefault(ground.group.pk, ground)
    return list(found.values())


def _of_memberships(rows: Iterable[Membership], now: datetime) -> Iterator[AccessGround]:
    for row in rows:
        group, archive = row.group, row.group.archive
        is_active = row.status == Membership.Status.ACTIVE
        if is_active and not group.has_ended:
            yield AccessGround(group, row.get_role_display(), now, now)
        elif (
            archive is not None
            and archive.is_open(now)
            and was_last_member(row.status, row.left_at, group.ended_at)
        ):
            why = f"Can read until {show_time(archive.ends_at)}"
            yield AccessGround(group, why, archive.begins_at, None)


def _of_exceptions(person: User, now: datetime) -> Iterator[AccessGround]:
    rows = AccessException.objects.filter(user=person, until__gt=now)
    for row in rows.select_related("group__cohort"):
        why = f"Exception until {show_time(row.until)}: {row.reason}"
        yield AccessGround(row.group, why, now, now)


def _of_visits(visits: Iterable[MyVisit], now: datetime) -> Iterator[AccessGround]:
    for mine in visits:
        if mine.visit.is_open and mine.window.ends_at > now:
            meeting = mine.visit.host_meeting
            why = f"Guest in {meeting.label}, until {show_time(mine.window.ends_at)}"
            yield AccessGround(meeting.group, why, mine.window.begins_at, mine.visit.booked_at)


def _of_substitutions(person: User, now: datetime) -> Iterator[AccessGround]:
    offers = SubstituteOffer.objects.filter(
        user=person, answer=SubstituteOffer.Answer.YES, ended_at=None
    ).filter(substitution__meeting__starts_at__gt=now - RECENT)
    for offer in offers.select_related("substitution__meeting__group__cohort"):
        window, meeting = substitute_window(offer), offer.substitution.meeting
        if window.ends_at > now:
            why = f"Leads {meeting.label} as a substitute, until {show_time(window.ends_at)}"
            yield AccessGround(meeting.group, why, window.begins_at, offer.answered_at)


# -- what they see -------------------------------------------------------------------------------


def read_reports(person: User) -> list[AccessState]:
    """Return what the services last reported about the person's present access.  One query."""
    rows = AccessState.objects.filter(user=person).exclude(state=State.ENDED)
    return list(rows.select_related("group__cohort").order_by("group__name", "group", "provider"))


def read_group_access(
    person: User,
    grounds: Iterable[AccessGround],
    reports: Iterable[AccessState],
    context: StatusContext,
) -> list[GroupAccess]:
    """Return each group that the person should see or sees.  Up to three queries."""
    by_group = {ground.group.pk: ground for ground in grounds}
    reported = {(row.group_id, row.provider): row for row in reports}
    groups = {row.group_id: row.group for row in reports}
    groups |= {pk: ground.group for pk, ground in by_group.items()}
    declined = {
        pk for pk, address in find_declined(groups) if address == (person.email or "").lower()
    }
    return [
        _explain_group(person, view.group, view.places, by_group, reported, declined, context.now)
        for view in describe_groups(groups.values(), context)
    ]


def has_reasons(groups: Iterable[GroupAccess]) -> bool:
    """Return whether there is anything to explain, so that the page needs a column for it."""
    lines = (service.line for group in groups for service in group.services)
    return any(line.reason or line.fix or line.page for line in lines)


def _explain_group(
    person: User,
    group: Group,
    places: Iterable[GroupInProvider],
    grounds: Mapping[int, AccessGround],
    reported: Mapping[tuple[int, str], AccessState],
    declined: set[int],
    now: datetime,
) -> GroupAccess:
    ground, services = grounds.get(group.pk), []
    for place in places:
        row = reported.get((group.pk, place.provider.name))
        begins_at = _begins_at(ground, is_ahead=place.provider.ahead)
        if not place.provider.is_configured or (begins_at is None and row is None):
            continue
        facts = PlaceFacts(
            provider=place.provider.name,
            begins_at=begins_at,
            state=row.state if row else "",
            reason=row.reason if row else "",
            status=place.status,
            is_set_up=group.set_up_at is not None,
            has_declined=place.provider.name == CALENDAR and group.pk in declined,
            left_at=left_server_at(person),
        )
        services.append(ServiceAccess(place, explain(person, facts, now)))
    return GroupAccess(group, ground.why if ground else "", tuple(services))


def _begins_at(ground: AccessGround | None, *, is_ahead: bool) -> datetime | None:
    if ground is None:
        return None
    return ground.ahead_at if is_ahead else ground.begins_at
