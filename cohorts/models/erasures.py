"""Requests to erase what is held about a person."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone


class ErasureRequest(models.Model):
    """A person's data are to be erased, or were.

    The person may ask; a superuser approves, which closes the account.  From then on providers
    remove the person from the objects that we made, also from past ones.  Once nothing is left
    there, the rows are emptied, and this one remains as the record of it.
    """

    class State(models.TextChoices):
        ASKED = "asked", "requested"
        APPROVED = "approved", "being erased"
        DONE = "done", "erased"

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="erasure",
        verbose_name="person",
    )
    state = models.CharField(max_length=8, choices=State, default=State.ASKED)
    asked_at = models.DateTimeField("requested at", default=timezone.now)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    approved_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField("erased at", null=True)

    class Meta:
        ordering = ["-asked_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_state_display()}"
