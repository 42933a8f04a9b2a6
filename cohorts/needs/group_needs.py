"""Items about groups: too few participants, no weekly time, and people left without a group."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime

from django.db.models import Exists, F, OuterRef

from cohorts.models import Cohort, Group, Membership
from cohorts.needs.addresses import address_of
from cohorts.needs.items import Need, NeedButton, NeedSubject, is_watched
from cohorts.needs.open_cohorts import NAME, OpenCohorts, display_name
from cohorts.words import count, count_people

THIN_GROUP, NO_SLOT, NO_GROUP = "thin_group", "no_slot", "no_group"
Status, Role = Membership.Status, Membership.Role


def subject_of_group(group: Group, note: str = "", button: NeedButton | None = None) -> NeedSubject:
    return NeedSubject(f"group:{group.pk}", group.name, note, button=button)


def today_of(now: datetime) -> date:
    """Return the day in UTC, on which cohorts start."""
    return now.astimezone(UTC).date()


# -- thin groups ---------------------------------------------------------------------------------


def find_thin_groups(facts: OpenCohorts) -> Iterator[Need]:
    for cohort in facts.cohorts.values():
        groups = facts.groups_of.get(cohort.pk, [])
        counts = {group.pk: _count_participants(facts, group.pk) for group in groups}
        thin = [g for g in groups if is_thin(cohort, counts[g.pk], today_of(facts.now))]
        if thin:
            yield _thin(cohort, [(group, counts[group.pk]) for group in thin])


def is_thin(cohort: Cohort, participants: int, today: date) -> bool:
    """Return whether a group of this cohort has too few participants.  Pure."""
    if cohort.smallest_group is None or today < cohort.start_date:
        return False
    return participants < cohort.smallest_group


def _count_participants(facts: OpenCohorts, group_id: int) -> int:
    return sum(not member.is_facilitator for member in facts.members_of.get(group_id, ()))


def _thin(cohort: Cohort, groups: Collection[tuple[Group, int]]) -> Need:
    page = address_of("admin:cohorts_cohort_step", cohort.pk, "merge")
    needed = ("cohorts.change_group", "cohorts.change_membership")
    least = cohort.smallest_group or 0
    return Need(
        THIN_GROUP,
        cohort.pk,
        f"{count(len(groups), 'group')} with fewer than {count(least, 'participant')}",
        tuple(
            subject_of_group(
                group,
                count(number, "participant"),
                NeedButton("Merge into…", page, needed, query=f"source={group.pk}"),
            )
            for group, number in groups
        ),
    )


# -- groups without a weekly time ----------------------------------------------------------------


def find_no_slot(facts: OpenCohorts) -> Iterator[Need]:
    for cohort in facts.cohorts.values():
        if not is_watched(cohort.start_date, today_of(facts.now)):
            continue
        lacking = [g for g in facts.groups_of.get(cohort.pk, []) if not g.has_slot]
        if lacking:
            yield Need(
                NO_SLOT,
                cohort.pk,
                f"{count(len(lacking), 'group')} without a weekly time",
                tuple(subject_of_group(group, button=_slot_button(group)) for group in lacking),
            )


def _slot_button(group: Group) -> NeedButton:
    page = address_of("admin:cohorts_group_change", group.pk)
    return NeedButton("Set weekly time", page, ("cohorts.change_group",))


# -- people whose group ended under them ---------------------------------------------------------


def find_no_group(facts: OpenCohorts) -> Iterator[Need]:
    """Yield participants whose group was cancelled or merged, and who have no other in the cohort.
    One query.

    A completed group has ended as planned, so its people need no other.
    """
    other = Membership.objects.filter(
        user=OuterRef("user"), cohort=OuterRef("cohort"), status=Status.ACTIVE
    )
    rows = Membership.objects.filter(
        ~Exists(other),
        cohort__in=facts.cohorts,
        role=Role.PARTICIPANT,
        status__in=[Status.REMOVED, Status.MOVED],
        group__status__in=[Group.Status.CANCELLED, Group.Status.MERGED],
        left_at=F("group__ended_at"),
        user__is_active=True,
    ).order_by("user__name", "user", "pk")
    found: dict[int, dict[int, NeedSubject]] = defaultdict(dict)
    for cohort_id, group, user_id, *name in rows.values_list(
        "cohort", "group__name", "user", *NAME
    ):
        found[cohort_id][user_id] = _left_behind(user_id, display_name(user_id, *name), group)
    for cohort_id, people in found.items():
        have = "has" if len(people) == 1 else "have"
        yield Need(
            NO_GROUP,
            cohort_id,
            f"{count_people(len(people))} {have} no group: theirs has ended",
            tuple(people.values()),
        )


def _left_behind(user_id: int, name: str, group: str) -> NeedSubject:
    page = address_of("admin:cohorts_membership_add")
    needed = ("cohorts.add_membership",)
    button = NeedButton("Add to a group", page, needed, query=f"user={user_id}")
    return NeedSubject(f"user:{user_id}", name, f"was in {group}", button=button)
