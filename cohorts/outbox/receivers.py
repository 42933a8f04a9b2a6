"""Sends rejected e-mails again when a person's address has changed."""

from typing import Any

from django.dispatch import receiver

from cohorts import clock
from cohorts.outbox.services import retry_rejected
from cohorts.signals import address_changed


@receiver(address_changed)
def retry_at_new_address(user_id: int, **_: Any) -> None:
    retry_rejected(user_id, now=clock.now())
