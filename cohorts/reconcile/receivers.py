"""Requests a sync when the facts of groups change."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from cohorts.reconcile import services
from cohorts.signals import facts_changed, groups_set_up


@receiver(facts_changed)
def sync_changed_groups(group_ids: set[int], **_: Any) -> None:
    services.request_sync(group_ids)


@receiver(groups_set_up)
def sync_groups_set_up(group_ids: set[int], **_: Any) -> None:
    services.request_sync_of_set_up(group_ids)
