"""Signal receivers: update visits and substitutions when groups or people change."""

from typing import Any

from django.db import connection, transaction
from django.dispatch import receiver

from cohorts import clock
from cohorts.signals import (
    announce,
    group_changed,
    groups_set_up,
    meetings_changed,
    members_changed,
    people_changed,
)
from guestvisits.models import GuestVisit, SubstituteOffer
from guestvisits.services.updating import update_visits
from guestvisits.substitutes.services import update_substitutions
from guestvisits.windows import RECENTLY


class _UpdateAfterCommit:
    """Updates visits and substitutions once per transaction, after commit.

    Within the transaction, a person who changes groups is briefly in none and would lose the visit.
    If the process crashes before the callback, the periodic task catches up within a minute.
    """

    def __init__(self) -> None:
        self.group_ids: set[int] = set()
        self.__qualname__ = type(self).__qualname__  # Django logs it if the callback fails

    def __call__(self) -> None:
        now = clock.now()
        update_visits(self.group_ids, now=now)
        update_substitutions(self.group_ids, now=now)


@receiver([group_changed, groups_set_up, members_changed, meetings_changed])
def update_visits_after_commit(group_ids: set[int], **_: Any) -> None:
    """Update the visits that these changes can end. A visit's own changes end no other visit."""
    update = _find_registered()
    if update is None:
        update = _UpdateAfterCommit()
        transaction.on_commit(update, robust=True)
    update.group_ids |= group_ids


def _find_registered() -> _UpdateAfterCommit | None:
    """Return the callback that this transaction has registered already, if any."""
    entries: list[Any] = connection.run_on_commit
    callbacks = (callback for _, callback, _ in entries)
    return next((found for found in callbacks if isinstance(found, _UpdateAfterCommit)), None)


@receiver(people_changed)
def announce_groups_visited(user_ids: set[int], **_: Any) -> None:
    """Announce the groups that the people visit or lead for someone too: providers need the new
    address, and the visits and substitutions of a closed account end."""
    visits = GuestVisit.objects.filter(user__in=user_ids, ended_at__isnull=True)
    announce(visits.values_list("host_meeting__group", flat=True), members_changed)
    led = SubstituteOffer.objects.filter(
        user__in=user_ids,
        answer=SubstituteOffer.Answer.YES,
        substitution__meeting__starts_at__gt=clock.now() - RECENTLY,
    )
    announce(led.values_list("substitution__meeting__group", flat=True), members_changed)
