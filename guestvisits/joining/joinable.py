"""The groups that a person could join: when they meet, how full they are, who leads them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet

from cohorts.errors import Refusal
from cohorts.group_labels import label_group, with_places
from cohorts.models import Cohort, Group, Membership
from cohorts.selectors import facilitators_of
from cohorts.zones import find_zone
from guestvisits.joining.join_rules import JoiningFacts, find_joining_refusal, is_switching_open
from meetings.models import Meeting
from meetings.rhythm import DAYS_OF_WEEK, instant

BEST_SIZES = (3, 4)  # members; the academy's experience
PARTICIPANT, ACTIVE = Membership.Role.PARTICIPANT, Membership.Status.ACTIVE


@dataclass(frozen=True, slots=True)
class GroupChoice:
    """One group as a choice.  Its cohort is loaded.

    `starts_at` and `ends_at` are the next place of its weekly slot, None without a slot; `members`
    counts participants; `seats_left` is None without a limit.
    """

    group: Group
    starts_at: datetime | None
    ends_at: datetime | None
    facilitators: tuple[str, ...]
    members: int
    seats_left: int | None
    has_meetings: bool

    @property
    def label(self) -> str:
        """Return the group's name for staff, with its cohort, weekly time and places."""
        return label_group(self.group)

    @property
    def is_best_size(self) -> bool:
        return self.members in BEST_SIZES


@dataclass(frozen=True, slots=True)
class Joinable:
    """One group for one person.  `is_own`: it is theirs; `refusal`: why they cannot join it."""

    choice: GroupChoice
    is_own: bool
    refusal: Refusal | None


@dataclass(frozen=True, slots=True)
class JoinableCohort:
    """A cohort whose groups a person can choose from.  `own` is their group there, or None."""

    cohort: Cohort
    own: Group | None
    membership_id: int | None
    groups: tuple[Joinable, ...]

    @property
    def shown(self) -> tuple[Joinable, ...]:
        """Return their own group and those that they can join."""
        return tuple(each for each in self.groups if each.is_own or each.refusal is None)


# -- groups as choices ---------------------------------------------------------------------------


def read_choices(groups: QuerySet[Group], now: datetime) -> list[GroupChoice]:
    """Return these groups as choices, sorted by name.  Two queries."""
    ahead = Meeting.objects.filter(
        group=OuterRef("pk"), status=Meeting.Status.SCHEDULED, starts_at__gt=now
    )
    rows = list(
        with_places(groups).annotate(has_meetings=Exists(ahead)).order_by("cohort", "name", "pk")
    )
    facilitators = facilitators_of([group.pk for group in rows])
    return [_choice(group, facilitators.get(group.pk, ()), now) for group in rows]


def _choice(group: Group, facilitators: Iterable[object], now: datetime) -> GroupChoice:
    members: int = group.participant_count  # type: ignore[attr-defined]
    starts_at = next_place(group, now)
    return GroupChoice(
        group=group,
        starts_at=starts_at,
        ends_at=starts_at and starts_at + timedelta(minutes=group.duration_minutes),
        facilitators=tuple(str(person) for person in facilitators),
        members=members,
        seats_left=None if group.size is None else max(group.size - members, 0),
        has_meetings=group.has_meetings,  # type: ignore[attr-defined]
    )


def next_place(group: Group, now: datetime) -> datetime | None:
    """Return the next time of the weekly slot, in UTC, whether or not a meeting is held then."""
    if group.weekday is None or group.start_time is None:
        return None
    today = now.astimezone(find_zone(group.timezone)).date()
    day = today + timedelta(days=(group.weekday - today.weekday()) % DAYS_OF_WEEK)
    start = instant(day, group.start_time, group.timezone)
    if start > now:
        return start
    return instant(day + timedelta(days=DAYS_OF_WEEK), group.start_time, group.timezone)


# -- for one person ------------------------------------------------------------------------------


def find_joinable(user_id: int, now: datetime) -> list[JoinableCohort]:
    """Return the cohorts in which this person may choose a group now.  Four queries at most.

    Someone with a group may choose until `switching_until`; someone without one, always.
    """
    found = read_joinable(user_id, now)
    return [each for each in found if each.own is None or _may_switch(each.cohort, now)]


def read_joinable(user_id: int, now: datetime) -> list[JoinableCohort]:
    """Return the cohorts that the person belongs to and that let people join by themselves."""
    places = find_places(user_id)
    cohorts = {place.cohort_id for place in places}
    if not cohorts:
        return []
    choices = read_choices(Group.objects.filter(cohort__in=cohorts), now)
    mine = Membership.objects.filter(user=user_id, status=ACTIVE, cohort__in=cohorts)
    own = set(mine.values_list("group", flat=True))
    return [_joinable(place, choices, own, now) for place in places]


def may_choose_group(user_id: int, now: datetime) -> bool:
    """Return whether to offer the page.  One query."""
    return any(
        place.status != ACTIVE or _may_switch(place.group.cohort, now)
        for place in find_places(user_id)
    )


def find_places(user_id: int) -> list[Membership]:
    """Return the person's place in each open cohort that lets people join: an active membership,
    or the one that ended when their group was cancelled or merged.  One query.

    People who dropped out, were removed, or completed a group belong to its cohort no longer.
    """
    rows = Membership.objects.filter(
        user=user_id, role=PARTICIPANT, group__cohort__is_joinable=True
    )
    latest: dict[int, Membership] = {}
    for row in rows.select_related("group__cohort").order_by("joined_at", "pk"):
        if row.group.cohort.has_ended:
            continue
        known = latest.get(row.cohort_id)
        if known is None or known.status != ACTIVE:
            latest[row.cohort_id] = row
    removed = Membership.Status.REMOVED
    return [
        row
        for row in latest.values()
        if row.status == ACTIVE or (row.status == removed and row.left_at == row.group.ended_at)
    ]


def _joinable(
    place: Membership, choices: Iterable[GroupChoice], mine: set[int], now: datetime
) -> JoinableCohort:
    cohort = place.group.cohort
    own = place.group if place.status == ACTIVE else None
    return JoinableCohort(
        cohort=cohort,
        own=own,
        membership_id=place.pk if own else None,
        groups=tuple(
            Joinable(
                choice,
                is_own=choice.group == own,
                refusal=find_joining_refusal(_facts(choice, own, mine, now)),
            )
            for choice in choices
            if choice.group.cohort_id == cohort.pk
        ),
    )


def _facts(choice: GroupChoice, own: Group | None, mine: set[int], now: datetime) -> JoiningFacts:
    group = choice.group
    return JoiningFacts(
        group=group.name,
        is_offered=group.cohort.is_joinable,
        switching_until=group.cohort.switching_until,
        today=now.astimezone(UTC).date(),
        has_group=own is not None,
        is_member=group.pk in mine,
        has_ended=group.has_ended,
        has_meetings=choice.has_meetings,
        seats_left=choice.seats_left,
    )


def _may_switch(cohort: Cohort, now: datetime) -> bool:
    return is_switching_open(cohort.switching_until, now.astimezone(UTC).date())
