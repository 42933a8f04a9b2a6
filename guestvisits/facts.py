"""Queries for the data that `rules` and `lifecycle` decide on.

The number of queries does not depend on the number of groups or visits.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery

from cohorts.errors import Refusal
from cohorts.models import Cohort, Membership
from cohorts.selectors import group_by
from guestvisits.lifecycle import VisitFacts
from guestvisits.models import GuestVisit
from guestvisits.rules import BookingFacts, CohortSettings, VisitMeeting
from guestvisits.windows import window_of, with_dates
from meetings.models import PRESENCE, Attendance, Meeting

HOST_FIELDS = ("host_meeting__number", "host_meeting__starts_at", "host_meeting__group__cohort")

Role = Membership.Role
Status = Membership.Status


@dataclass(frozen=True, slots=True)
class VisitOption:
    """A pair of meetings, with groups and cohort loaded, and the facts that decide on a visit.

    `replaced`: ids of the open visits in place of the same home meeting, or to the same host
    meeting in place of one of another group of the person.
    """

    home: Meeting
    host: Meeting
    facts: BookingFacts
    replaced: tuple[int, ...] = ()


# -- before a booking ----------------------------------------------------------------------------


def read_visit_option(
    user_id: int, *, home_meeting_id: int, host_meeting_id: int, now: datetime
) -> VisitOption:
    """Return the facts for one booking. Four queries, none with a join that counts: most of a
    booking's time is spent in building queries. That also depends on the number of columns, and
    on what they are sorted by.

    Raises Refusal("no_meeting") if either meeting does not exist or must stay hidden from the
    person: the home meeting's group or the host meeting's cohort is one to which they never
    belonged or from which they were removed.
    """
    guest = _Guest(user_id, now)
    meetings = Meeting.objects.select_related("group__cohort").order_by()
    found = meetings.in_bulk([home_meeting_id, host_meeting_id])
    home, host = found.get(home_meeting_id), found.get(host_meeting_id)
    if home is None or home.group_id not in guest.group_ids:
        raise no_meeting()
    if host is None or host.group.cohort_id not in guest.cohort_ids:
        raise no_meeting()
    guests = guest.read_visits_and_count_guests(home, host)
    return guest.choice(home, host, guests=guests)


def read_visit_options(
    user_id: int, *, home_meeting_id: int, now: datetime
) -> tuple[Meeting, list[VisitOption]]:
    """Return the home meeting and the other groups' meetings of that week, sorted by start.

    Four queries. Raises Refusal("no_meeting"), as above.
    """
    guest = _Guest(user_id, now)
    homes = guest.read_homes([home_meeting_id])
    if not homes:
        raise no_meeting()
    home = homes[0]
    hosts = (
        _host_meetings()
        .filter(group__cohort=home.group.cohort_id, number=home.number, number__isnull=False)
        .exclude(group=home.group_id)
        .order_by("starts_at", "group__name")
    )
    return home, [guest.choice(home, host, guests=_guests(host)) for host in hosts]


def read_visit_options_ahead(
    user_id: int, *, home_meeting_ids: Collection[int], now: datetime
) -> list[VisitOption]:
    """Return, for each of these home meetings, the meetings of its week that have not begun.

    Four queries for any number. Home meetings of groups that are not the person's are left out.
    """
    guest = _Guest(user_id, now)
    homes = guest.read_homes(home_meeting_ids)
    hosts = _host_meetings().filter(
        group__cohort__in={home.group.cohort_id for home in homes},
        number__in={home.number for home in homes if home.number is not None},
        starts_at__gt=now,
    )
    of_week = group_by(hosts, _week_of)
    return [
        guest.choice(home, host, guests=_guests(host))
        for home in homes
        for host in of_week[_week_of(home)]
        if host.group_id != home.group_id
    ]


def no_meeting() -> Refusal:
    """Return the refusal for a meeting that does not exist or that the person must not know of."""
    return Refusal("no_meeting", "There is no such meeting in your cohort.")


class _Guest:
    """The data about one person, of whose visits those that were ended early do not count.

    `presence` is theirs at home meetings and at those that they visited, by the meeting's id.
    """

    def __init__(self, user_id: int, now: datetime) -> None:
        self.user_id, self.now = user_id, now
        # People who were removed see no more of the cohort than people who never belonged to it.
        kept = Membership.objects.filter(user=user_id).exclude(
            status__in=[Status.REMOVED, Status.MOVED]
        )
        self.memberships = list(kept.order_by())  # their usual order joins three tables
        self.cohort_ids = {membership.cohort_id for membership in self.memberships}
        self.group_ids = {membership.group_id for membership in self.memberships}
        self.visits: list[GuestVisit] = []
        self.presence: dict[int, str] = {}

    def read_homes(self, meeting_ids: Collection[int]) -> list[Meeting]:
        """Return those of these meetings that are of the person's groups; read their visits in the
        same cohorts. Two queries."""
        seen = Attendance.objects.filter(user=self.user_id).order_by().annotate(was=PRESENCE)
        at_home, at_host = (
            Subquery(seen.filter(meeting=OuterRef(meeting)).values("was"))
            for meeting in ("pk", "host_meeting")
        )
        homes: list[Meeting] = list(
            Meeting.objects.filter(pk__in=meeting_ids, group__in=self.group_ids)
            .select_related("group__cohort")
            .annotate(presence=at_home)
        )
        cohort_ids = {home.group.cohort_id for home in homes}
        self.visits = list(
            _kept_visits()
            .filter(user=self.user_id, host_meeting__group__cohort__in=cohort_ids)
            .annotate(presence=at_host)
        )
        self.presence = {visit.host_meeting_id: visit.presence for visit in self.visits}  # type: ignore[attr-defined]
        self.presence |= {home.pk: home.presence for home in homes}  # type: ignore[attr-defined]
        return homes

    def read_visits_and_count_guests(self, home: Meeting, host: Meeting) -> int:
        """Read the person's visits in the home meeting's cohort; return how many guests the host
        meeting has. Two queries, of which the first finds both."""
        among = _kept_visits().filter(Q(user=self.user_id) | Q(host_meeting=host.pk)).order_by()
        among = among.only("user", "home_meeting", "ended_at", *HOST_FIELDS)
        self.visits = [
            visit
            for visit in among
            if visit.user_id == self.user_id
            and visit.host_meeting.group.cohort_id == home.group.cohort_id
        ]
        hosts = {visit.host_meeting_id for visit in self.visits}
        seen = Attendance.objects.filter(user=self.user_id, meeting__in={home.pk, *hosts})
        self.presence = dict(seen.order_by().values_list("meeting", PRESENCE))
        return sum(visit.host_meeting_id == host.pk and visit.is_open for visit in among)

    def _visits_of_week(self, home: Meeting, *, begun: bool) -> list[GuestVisit]:
        """Return the person's visits in the home meeting's week, except missed ones."""
        return [
            visit
            for visit in self.visits
            if _week_of(visit.host_meeting) == _week_of(home)
            and (visit.host_meeting.starts_at <= self.now) == begun
            and self.presence.get(visit.host_meeting_id) != Attendance.Presence.ABSENT
        ]

    def choice(self, home: Meeting, host: Meeting, *, guests: int) -> VisitOption:
        home_roles = self._active_roles(home.group_id)
        cohort = home.group.cohort
        visits = [one for one in self.visits if one.host_meeting.group.cohort_id == cohort.pk]
        return VisitOption(
            home,
            host,
            BookingFacts(
                home=_meeting_facts(home),
                host=_meeting_facts(host),
                is_participant=Role.PARTICIPANT in home_roles,
                is_facilitator=Role.FACILITATOR in home_roles,
                is_host_member=bool(self._active_roles(host.group_id)),
                was_at_home_meeting=self.presence.get(home.pk) == Attendance.Presence.PRESENT,
                is_visiting=bool(self._visits_of_week(home, begun=False)),
                has_visited=bool(self._visits_of_week(home, begun=True)),
                guests=guests,
                visits=len(visits),
                settings=_settings_of(cohort),
            ),
            tuple(
                one.pk
                for one in visits
                if one.is_open
                and (one.home_meeting_id == home.pk or one.host_meeting_id == host.pk)
            ),
        )

    def _active_roles(self, group_id: int) -> set[str]:
        return {
            membership.role
            for membership in self.memberships
            if membership.group_id == group_id and membership.status == Status.ACTIVE
        }


def _week_of(meeting: Meeting) -> tuple[int, int | None]:
    """Return the cohort and the meeting number."""
    return meeting.group.cohort_id, meeting.number


def _host_meetings() -> QuerySet[Meeting]:
    return Meeting.objects.select_related("group__cohort").annotate(
        guests=Count("visits_here", filter=Q(visits_here__ended_at__isnull=True))
    )


def _guests(host: Meeting) -> int:
    return host.guests  # type: ignore[attr-defined]


def _kept_visits() -> QuerySet[GuestVisit]:
    """Return the visits that were not ended early, with the host meeting and its group."""
    kept = Q(ended_at__isnull=True) | Q(end_reason=GuestVisit.End.OVER)
    return GuestVisit.objects.filter(kept).select_related("host_meeting__group")


def _meeting_facts(meeting: Meeting) -> VisitMeeting:
    return VisitMeeting(
        meeting_id=meeting.pk,
        group_id=meeting.group_id,
        cohort_id=meeting.group.cohort_id,
        number=meeting.number,
        starts_at=meeting.starts_at,
        ends_at=meeting.ends_at,
        is_cancelled=meeting.is_cancelled,
        group_is_set_up=meeting.group.is_set_up,
    )


def _settings_of(cohort: Cohort) -> CohortSettings:
    return CohortSettings(
        guest_seats=cohort.guest_seats,
        booking_cutoff_hours=cohort.booking_cutoff_hours,
        visits_per_person=cohort.visits_per_person,
    )


# -- after a booking -----------------------------------------------------------------------------


def read_open_visits(
    group_ids: Collection[int] | None = None,
) -> list[tuple[GuestVisit, VisitFacts]]:
    """Return the open visits from and to these groups, and of their members, with the facts.

    None selects all visits. Two queries.
    """
    visits = with_dates(GuestVisit.objects.filter(ended_at__isnull=True))
    visits = visits.select_related("user", "home_meeting__group__cohort")
    if group_ids is not None:
        members = Membership.objects.filter(group__in=group_ids, status=Status.ACTIVE)
        visits = visits.filter(
            Q(home_meeting__group__in=group_ids)
            | Q(host_meeting__group__in=group_ids)
            | Q(user__in=members.values("user"))
        )
    rows = list(visits.order_by("pk"))
    memberships = _memberships_of(rows)
    return [(visit, _visit_facts(visit, memberships[visit.user_id])) for visit in rows]


def _memberships_of(visits: Iterable[GuestVisit]) -> dict[int, list[Membership]]:
    """Return memberships by user id, latest first, so that a later membership takes precedence."""
    people = {visit.user_id for visit in visits}
    rows = Membership.objects.filter(user__in=people).order_by("-joined_at", "-pk")
    return group_by(rows if people else (), lambda row: row.user_id)


def _visit_facts(visit: GuestVisit, memberships: list[Membership]) -> VisitFacts:
    host, home_group_id = visit.host_meeting, visit.home_meeting.group_id
    of_cohort = [row for row in memberships if row.cohort_id == host.group.cohort_id]
    active = [row for row in of_cohort if row.status == Status.ACTIVE]
    return VisitFacts(
        home_group_id=home_group_id,
        home_group_has_ended=visit.home_meeting.group.has_ended,
        window_ends_at=window_of(visit).ends_at,
        chosen_start=visit.chosen_start,
        host_starts_at=host.starts_at,
        host_is_cancelled=host.is_cancelled,
        host_group_has_ended=host.group.has_ended,
        cohort_has_ended=host.group.cohort.has_ended,
        guest_is_active=visit.user.is_active,
        is_host_member=any(row.group_id == host.group_id for row in active),
        home_group_ids=tuple(
            row.group_id
            for row in active
            if row.group_id == home_group_id or row.role == Role.PARTICIPANT
        ),
        has_completed_home=any(
            row.group_id == home_group_id and row.status == Status.COMPLETED for row in of_cohort
        ),
    )
