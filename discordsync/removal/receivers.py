"""Give kept objects back to groups that are reopened, and end approvals of removals."""

from typing import Any

from django.dispatch import receiver

from cohorts.signals import groups_reopened
from discordsync.removal.services import take_back


@receiver(groups_reopened)
def take_back_kept_objects(group_ids: set[int], **_: Any) -> None:
    take_back(group_ids)
