"""Files with a roster that wait to be imported."""

from django.conf import settings
from django.db import models


class RosterImport(models.Model):
    """A file that staff confirmed, with the digests of what they saw, until it is imported.

    `data` is compressed, and emptied when the import has finished: it names people.  `outcome` says
    to staff what came of it.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        DONE = "done"
        REFUSED = "refused"

    token = models.SlugField()  # of the upload in the session of `asked_by`
    name = models.CharField(max_length=200)
    data = models.BinaryField()
    lines = models.PositiveIntegerField()
    confirmed = models.CharField(max_length=64)
    terms = models.CharField(max_length=64, null=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)  # begun ones, also those that did not end
    begun_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True, db_index=True)
    outcome = models.JSONField(default=list)  # sentences

    def __str__(self) -> str:
        return self.name

    @property
    def is_waiting(self) -> bool:
        return self.state == self.State.WAITING
