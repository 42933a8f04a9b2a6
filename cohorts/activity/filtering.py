"""Which entries are about a cohort, a group, a person, or another object."""

from django.db.models import Model, Q, QuerySet

from cohorts.models import ActivityEntry, ActivitySubject, Cohort, Group, User


def find_entries_about(row: Model) -> QuerySet[ActivityEntry]:
    """Return the entries about one object, latest first: for people and groups, all that concern
    them. Not evaluated yet."""
    if isinstance(row, User):
        about = of_person(row.pk)
    elif isinstance(row, Group):
        about = of_group(row.pk)
    elif isinstance(row, Cohort):
        about = of_cohort(row.pk)
    else:
        about = Q(about_type=row._meta.label_lower, about_id=str(row.pk))
    return ActivityEntry.objects.filter(about)


def of_person(pk: int) -> Q:
    """Return the condition of entries that concern a person."""
    return Q(person=pk) | Q(pk__in=ActivitySubject.objects.filter(person=pk).values("entry"))


def of_group(pk: int) -> Q:
    bulk = ActivitySubject.objects.filter(group=pk).values("entry")
    return Q(group=pk) | Q(other_group=pk) | Q(pk__in=bulk)


def of_cohort(pk: int) -> Q:
    """Bulk acts, such as an import, may concern several cohorts; their groups then name these."""
    groups = Group.objects.filter(cohort=pk).values("pk")
    bulk = ActivitySubject.objects.filter(group__in=groups).values("entry")
    return Q(cohort=pk) | Q(pk__in=bulk)
