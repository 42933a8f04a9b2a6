"""Row locks for groups and people, always taken in the same order."""

from collections.abc import Iterable

from django.db import OperationalError, connection
from django.db.models import QuerySet, prefetch_related_objects
from psycopg.errors import LockNotAvailable

from cohorts.errors import Refusal
from cohorts.models import Group, User


def lock_groups(group_ids: Iterable[int]) -> dict[int, Group]:
    """Lock these groups in id order until the transaction ends; return them by id, with their
    cohorts.  Raises Refusal("no_group").
    """
    ids = set(group_ids)
    groups = {group.pk: group for group in lock_found(Group.objects.filter(pk__in=ids))}
    if len(groups) < len(ids):
        raise Refusal("no_group", "This group no longer exists.")
    # Not joined to the groups: a query that waits for a lock returns the locked rows as they are
    # then, and the joined ones as they were before.
    prefetch_related_objects(list(groups.values()), "cohort")
    return groups


def lock_found(groups: QuerySet[Group]) -> list[Group]:
    """Lock the groups that a query finds, in id order.  One query.

    Uses FOR NO KEY UPDATE: an insert that refers to a group holds a key share lock on it, and two
    such transactions that then lock the whole row would deadlock.
    """
    return list(groups.select_for_update(no_key=True, of=("self",)).order_by("pk"))


def lock_people(user_ids: Iterable[int], *fields: str) -> dict[int, User]:
    """Lock these people in id order, after the groups; return them by id, with only these `fields`
    if some are named.

    Two groups of one cohort may add the same person at the same moment, which the group locks do
    not prevent.  Raises Refusal("no_person").
    """
    ids = set(user_ids)
    rows = (
        User.objects.select_for_update(no_key=True).filter(pk__in=ids).only(*fields).order_by("pk")
    )
    people = {person.pk: person for person in rows}
    if len(people) < len(ids):
        raise Refusal("no_person", "This person no longer exists.")
    return people


def wait_for_locks(milliseconds: int) -> None:
    """Make each statement of this transaction fail if it waits longer for a lock."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = {milliseconds:d}")


def is_lock_timeout(error: OperationalError) -> bool:
    return isinstance(error.__cause__, LockNotAvailable)
