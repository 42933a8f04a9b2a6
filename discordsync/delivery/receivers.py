"""Sync Discord when messages that it delivers are pending."""

from typing import Any

from django.dispatch import receiver

from cohorts.outbox.nudges import messages_pending
from cohorts.reconcile import services
from discordsync.delivery.channels import CHANNELS


@receiver(messages_pending)
def sync_groups(group_ids: dict[str, set[int]], **_: Any) -> None:
    """Request a sync of the groups with such messages, and of no other provider."""
    found = set().union(*(group_ids.get(channel.name, set()) for channel in CHANNELS))
    if found:
        services.request_sync(found, providers=["discord"])
