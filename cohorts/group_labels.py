"""How a group is named where staff choose one: "Heron — Winter 2027, Tue 18:00 (Berlin), 2 of 6
places free".

Everything comes from one query: `with_places`.
"""

from django.db.models import Count, Q, QuerySet

from cohorts.models import Group, Membership
from cohorts.words import count
from cohorts.zones import city_of, known_zone


def with_places(groups: QuerySet[Group]) -> QuerySet[Group]:
    """Load with each group what `label_group` reads: its cohort, and the count of participants."""
    taken = Count(
        "memberships",
        filter=Q(
            memberships__status=Membership.Status.ACTIVE,
            memberships__role=Membership.Role.PARTICIPANT,
        ),
    )
    return groups.select_related("cohort").annotate(participant_count=taken)


def label_group(group: Group) -> str:
    """Return the label of a group that was read by `with_places`."""
    taken: int = group.participant_count  # type: ignore[attr-defined]
    return f"{group} — {group.cohort}, {name_slot(group)}, {name_places(group.size, taken)}"


def name_slot(group: Group) -> str:
    """Return the weekly time on the group's clock: "Tue 18:00 (Berlin)"."""
    if not group.has_slot:
        return "no weekly time"
    city = city_of(known_zone(group.timezone))
    return f"{group.get_weekday_display()[:3]} {group.start_time:%H:%M} ({city})"


def name_places(size: int | None, taken: int) -> str:
    """Return "2 of 6 places free"; without a limit, how many participants there are."""
    if size is None:
        return count(taken, "participant")
    return f"{max(size - taken, 0)} of {count(size, 'place')} free"
