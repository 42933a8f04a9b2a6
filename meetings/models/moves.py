"""History of moves of meetings: who did what, and when. Messages are based on it."""

from django.conf import settings
from django.db import models

from cohorts.models import CohortStep, Group
from meetings.models.meetings import Meeting


class MeetingMove(models.Model):
    """One operation on one or more meetings of a group."""

    class Kind(models.TextChoices):
        RESCHEDULE = "reschedule", "moved"
        CANCEL = "cancel", "cancelled"
        RESTORE = "restore", "restored"
        POSTPONE = "postpone", "postponed by a week, with all later ones"
        PUT_LAST = "put_last", "moved to the end"
        ADD = "add", "added"
        SLOT = "slot", "moved to a new weekly time"
        BREAK = "break", "changed by a break"
        UNBREAK = "unbreak", "changed back, because a break was undone"
        FOLLOWED = "followed", "updated from the cohort or group"

    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="meeting_moves")
    kind = models.CharField(max_length=10, choices=Kind)
    at = models.DateTimeField(db_index=True)
    # Null if the meetings followed a change of the group or cohort.
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    reason = models.CharField(max_length=200, blank=True)
    # The change of the whole cohort that this belongs to; its letter then tells people of it.
    step = models.ForeignKey(
        CohortStep, on_delete=models.SET_NULL, null=True, editable=False, related_name="moves"
    )

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.group}: {self.get_kind_display()}"


class MeetingChange(models.Model):
    """The start and length of one meeting before and after a move.

    A null start means that the meeting was not to be held.
    """

    move = models.ForeignKey(MeetingMove, on_delete=models.CASCADE, related_name="changes")
    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="changes")
    start_before = models.DateTimeField(null=True)
    minutes_before = models.PositiveSmallIntegerField(null=True)
    start_after = models.DateTimeField(null=True)
    minutes_after = models.PositiveSmallIntegerField(null=True)

    class Meta:
        ordering = ["move", "meeting"]
        constraints = [
            models.UniqueConstraint(fields=["move", "meeting"], name="meeting_once_in_move"),
        ]

    def __str__(self) -> str:
        return f"{self.meeting}: {self.move.get_kind_display()}"


def was_moved_late() -> models.Exists:
    """Return, for a query of meetings, whether each was moved after it should have begun."""
    late = {"start_before__lte": models.F("move__at"), "start_after__isnull": False}
    return models.Exists(MeetingChange.objects.filter(meeting=models.OuterRef("pk"), **late))
