"""Which entries are shown: of a cohort, a group, a person, who did what, and when."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Model, Q, QuerySet

from cohorts.models import ActivityEntry, ActivitySubject, Cohort, Group, User


@dataclass(frozen=True, slots=True)
class ActivityFilter:
    """None, "" and False leave everything in. `people_only` leaves out what Lens did by itself."""

    cohort: int | None = None
    group: int | None = None
    person: int | None = None
    who: int | None = None
    kind: str = ""
    since: datetime | None = None
    until: datetime | None = None
    people_only: bool = False


def find_entries(wanted: ActivityFilter) -> QuerySet[ActivityEntry]:
    """Return the entries, latest first.  Not evaluated yet."""
    rows = ActivityEntry.objects.all()
    if wanted.cohort is not None:
        rows = rows.filter(_of_cohort(wanted.cohort))
    if wanted.group is not None:
        rows = rows.filter(_of_group(wanted.group))
    if wanted.person is not None:
        rows = rows.filter(of_person(wanted.person))
    exact = {
        "actor": wanted.who,
        "kind": wanted.kind or None,
        "at__gte": wanted.since,
        "at__lt": wanted.until,
        "actor__isnull": False if wanted.people_only else None,
    }
    return rows.filter(**{name: value for name, value in exact.items() if value is not None})


def find_entries_about(row: Model) -> QuerySet[ActivityEntry]:
    """Return the entries about one object, latest first: for people and groups, all that concern
    them."""
    if isinstance(row, User):
        return find_entries(ActivityFilter(person=row.pk))
    if isinstance(row, Group):
        return find_entries(ActivityFilter(group=row.pk))
    if isinstance(row, Cohort):
        return find_entries(ActivityFilter(cohort=row.pk))
    return ActivityEntry.objects.filter(about_type=row._meta.label_lower, about_id=str(row.pk))


def of_person(pk: int) -> Q:
    """Return the condition of entries that concern a person."""
    return Q(person=pk) | Q(pk__in=ActivitySubject.objects.filter(person=pk).values("entry"))


def _of_group(pk: int) -> Q:
    bulk = ActivitySubject.objects.filter(group=pk).values("entry")
    return Q(group=pk) | Q(other_group=pk) | Q(pk__in=bulk)


def _of_cohort(pk: int) -> Q:
    """Bulk acts, such as an import, may concern several cohorts; their groups then name these."""
    groups = Group.objects.filter(cohort=pk).values("pk")
    bulk = ActivitySubject.objects.filter(group__in=groups).values("entry")
    return Q(cohort=pk) | Q(pk__in=bulk)
