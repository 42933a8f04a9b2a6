"""Signal receivers that announce the groups whose facts a saved or deleted model changes."""

from typing import Any

from django.db.models.signals import post_delete, post_save, pre_save
from django.dispatch import receiver

from cohorts import clock
from cohorts.models import AccessException, Cohort, Course, Group, Membership, User, live_group
from cohorts.services.account_emails import record_change_warnings
from cohorts.signals import (
    address_changed,
    announce,
    announce_people,
    facts_changed,
    group_changed,
    members_changed,
    people_changed,
)

BEFORE = "_account_before"  # attribute on the User between pre_save and post_save


@receiver([post_save, post_delete], sender=Group)
def announce_group(instance: Group, **_: Any) -> None:
    announce([instance.pk], group_changed)


@receiver([post_save, post_delete], sender=Membership)
def announce_group_of_membership(instance: Membership, **_: Any) -> None:
    announce([instance.group_id], members_changed)


@receiver([post_save, post_delete], sender=AccessException)
def announce_group_of_exception(instance: AccessException, **_: Any) -> None:
    announce([instance.group_id])


@receiver(post_save, sender=Cohort)
def announce_groups_of_cohort(instance: Cohort, created: bool, **_: Any) -> None:
    if not created:
        announce(instance.groups.values_list("pk", flat=True), group_changed)


@receiver(post_save, sender=Course)
def announce_groups_of_course(instance: Course, created: bool, **_: Any) -> None:
    """Their events and categories have the course's name."""
    if not created:
        live = Group.objects.filter(live_group(), cohort__course=instance)
        announce(live.values_list("pk", flat=True))


@receiver(post_save, sender=User)
def announce_person(
    instance: User, created: bool, update_fields: frozenset[str] | None = None, **_: Any
) -> None:
    if not created and update_fields != frozenset({"last_login"}):
        announce_people({instance.pk})


@receiver(people_changed)
def announce_groups_of_people(user_ids: set[int], **_: Any) -> None:
    """Announce every group that they are or were in: their address or Discord id may differ."""
    for model, signal in ((Membership, members_changed), (AccessException, facts_changed)):
        rows = model._default_manager.filter(user__in=user_ids).order_by()
        announce(rows.values_list("group_id", flat=True).distinct(), signal)


@receiver(pre_save, sender=User)
def remember_account(instance: User, update_fields: frozenset[str] | None = None, **_: Any) -> None:
    """Remember the account's old values for the receiver below.

    Costs one query; a save that touches neither field costs none.
    """
    touched = update_fields is None or {"email", "discord_id"} & update_fields
    if instance.pk and touched:
        before = User.objects.filter(pk=instance.pk).only("email", "discord_id", "last_login")
        vars(instance)[BEFORE] = next(iter(before), None)


@receiver(post_save, sender=User)
def email_old_address(instance: User, **_: Any) -> None:
    before = vars(instance).pop(BEFORE, None)
    if before:
        record_change_warnings([(before, instance)], now=clock.now())
        if before.email != instance.email:
            address_changed.send(sender=User, user_id=instance.pk)
