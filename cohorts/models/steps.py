"""Steps: changes of a whole cohort that staff confirm and a worker carries out."""

from datetime import datetime

from django.conf import settings
from django.db import models

from cohorts.models.archive import archive_window
from cohorts.models.courses import Cohort


class CohortStep(models.Model):
    """One change that staff asked for, such as a break; see `cohorts.steps`.

    `params` holds ids and plain values, never names or addresses of people.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        DONE = "done"
        UNDONE = "undone"
        STOPPED = "stopped"

    cohort = models.ForeignKey(Cohort, on_delete=models.CASCADE, related_name="steps")
    kind = models.CharField(max_length=20)
    params = models.JSONField(default=dict)
    reason = models.CharField(max_length=200, blank=True)
    letter = models.TextField(blank=True)  # as edited by staff; empty: the default
    digest = models.CharField(max_length=32)  # of the preview that was confirmed
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField(db_index=True)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    finished_at = models.DateTimeField(null=True)
    # Begun ones, also those that did not end.
    attempts = models.PositiveIntegerField(default=0, db_default=0)
    failing_since = models.DateTimeField(null=True)  # because of an error in Lens
    stopped_why = models.TextField(blank=True)
    record = models.JSONField(default=dict)  # what taking it back needs
    # What each person and each group's channel reads, by id: values of the letter's placeholders,
    # and the text of the post.
    letters = models.JSONField(default=dict)
    posts = models.JSONField(default=dict)

    class Meta:
        ordering = ["-asked_at", "-pk"]
        indexes = [models.Index(fields=["state", "finished_at"], name="step_state")]

    def __str__(self) -> str:
        return f"{self.cohort}: {self.kind}"

    @property
    def is_failing(self) -> bool:
        """Whether this is due, but an error in Lens prevents it; it is tried again each minute."""
        return self.state == self.State.WAITING and self.failing_since is not None

    def archive_ends_at(self, now: datetime) -> datetime | None:
        """Return when people can no longer read the channels of groups that this step ends, or
        None without an archive.

        As of the confirmation, so that a letter promises what was shown: access ends no earlier.
        """
        window = archive_window([self.asked_at or now], self.cohort.archive_days)
        return window.ends_at if window and self.cohort.archive_days else None
