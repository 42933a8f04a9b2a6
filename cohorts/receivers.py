"""Models' own save and delete announce the groups whose facts they change."""

from __future__ import annotations

from typing import Any

from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from cohorts.models import AccessException, Cohort, Group, Membership, User
from cohorts.signals import announce


@receiver([post_save, post_delete], sender=Group)
def announce_group(instance: Group, **_: Any) -> None:
    announce([instance.pk])


@receiver([post_save, post_delete], sender=Membership)
@receiver([post_save, post_delete], sender=AccessException)
def announce_group_of(instance: Membership | AccessException, **_: Any) -> None:
    announce([instance.group_id])


@receiver(post_save, sender=Cohort)
def announce_groups_of_cohort(instance: Cohort, created: bool, **_: Any) -> None:
    if not created:
        announce(instance.groups.values_list("pk", flat=True))


@receiver(post_save, sender=User)
def announce_groups_of_person(
    instance: User, created: bool, update_fields: frozenset[str] | None = None, **_: Any
) -> None:
    """A changed address or Discord id touches every group the person is or was in."""
    if created or update_fields == frozenset({"last_login"}):
        return
    announce(instance.memberships.values_list("group_id", flat=True))
    announce(instance.access_exceptions.values_list("group_id", flat=True))
