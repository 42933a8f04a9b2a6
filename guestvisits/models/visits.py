"""Guest visits: a person attends a host meeting in place of a home meeting."""

from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from cohorts.signals import announce
from meetings.models import Meeting


class GuestVisit(models.Model):
    """A visit, from booking to end. An open visit has a guest attendance at the host meeting."""

    class End(models.TextChoices):
        CANCELLED = "cancelled", "cancelled by the guest"
        CANCELLED_BY_STAFF = "cancelled_by_staff", "cancelled by staff"
        OVER = "over", "the visit is over"
        HOST_MOVED = "host_moved", "the host meeting was moved"
        HOST_CANCELLED = "host_cancelled", "the host meeting was cancelled"
        HOST_GROUP_ENDED = "host_group_ended", "the host group has ended"
        COHORT_ENDED = "cohort_ended", "the cohort has ended"
        HOME_GROUP_ENDED = "home_group_ended", "the guest's own group has ended"
        LEFT = "left", "the guest left the home group"
        BECAME_MEMBER = "became_member", "the guest became a member of the host group"
        DEACTIVATED = "deactivated", "the guest's account was closed"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="guest_visits"
    )
    home_meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="visits_away")
    host_meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="visits_here")
    # The host meeting's start when the guest booked: a different start now means that the meeting
    # was moved, by any means.
    chosen_start = models.DateTimeField("start when booked", editable=False)
    booked_at = models.DateTimeField(default=timezone.now)
    booked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    # Codes of the rules that staff overruled when booking, and the reason.
    overruled = models.CharField("overruled rules", max_length=200, blank=True)
    overruled_why = models.CharField("reason for overruling", max_length=300, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=20, choices=End, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # The reason that staff gave for ending it against a rule.
    ended_why = models.CharField("staff's reason for ending", max_length=300, blank=True)

    class Meta:
        ordering = ["-booked_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "home_meeting"],
                condition=models.Q(ended_at__isnull=True),
                name="visit_one_open_per_home_meeting",
            ),
            models.UniqueConstraint(
                fields=["user", "host_meeting"],
                condition=models.Q(ended_at__isnull=True),
                name="visit_one_open_per_host_meeting",
            ),
            models.CheckConstraint(
                condition=~models.Q(home_meeting=models.F("host_meeting")),
                name="visit_to_another_meeting",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True, end_reason="")
                | (models.Q(ended_at__isnull=False) & ~models.Q(end_reason="")),
                name="visit_end_has_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} at {self.host_meeting}"

    @transaction.atomic(savepoint=False)  # what the announcement causes is committed with it
    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the visit, and announce both groups: their providers may be out of sync now."""
        if self.chosen_start is None:
            self.chosen_start = self.host_meeting.starts_at
        super().save(*args, **kwargs)
        announce([self.home_meeting.group_id, self.host_meeting.group_id])

    @property
    def is_open(self) -> bool:
        return self.ended_at is None

    @property
    def ended_early(self) -> bool:
        return not self.is_open and self.end_reason != self.End.OVER

    @property
    def was_made(self) -> bool:
        """Return whether the meeting was held before the visit ended: only access ended early then.
        Load the visit with its host meeting."""
        meeting = self.host_meeting
        has_begun = self.ended_at is not None and meeting.starts_at <= self.ended_at
        return has_begun and not meeting.is_cancelled
