"""Substitutions: a meeting that its facilitator can't lead, and the people asked to lead it."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from meetings.models import Meeting


class Substitution(models.Model):
    """One meeting whose facilitator is away, from the request until it is over or not needed.

    The substitute is the person whose offer has the answer yes and has not ended.
    """

    class End(models.TextChoices):
        OVER = "over", "the meeting is over"
        RETURNED = "returned", "the facilitator can lead after all"
        MEETING_MOVED = "meeting_moved", "the meeting was moved"
        MEETING_CANCELLED = "meeting_cancelled", "the meeting was cancelled"
        GROUP_ENDED = "group_ended", "the group has ended"

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="substitutions")
    away = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="substitutions_needed",
        verbose_name="facilitator who is away",
    )
    # The meeting's start when the substitute was requested: a different start now means that the
    # meeting was moved, by any means.
    chosen_start = models.DateTimeField("start when requested", editable=False)
    requested_at = models.DateTimeField(default=timezone.now)
    # The substitute of the same meeting at its earlier time, who is asked before anyone else.
    asked_first = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=20, choices=End, blank=True)

    class Meta:
        ordering = ["-requested_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["meeting"],
                condition=models.Q(ended_at__isnull=True),
                name="substitution_one_open_per_meeting",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True, end_reason="")
                | (models.Q(ended_at__isnull=False) & ~models.Q(end_reason="")),
                name="substitution_end_has_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"Substitute for {self.away} at {self.meeting}"

    @property
    def is_open(self) -> bool:
        return self.ended_at is None


class SubstituteOffer(models.Model):
    """One person asked to lead one meeting, and the answer.

    `ended_at` is set when a yes no longer counts: the substitute withdrew, or the substitution
    ended before its meeting was over.
    """

    class Answer(models.TextChoices):
        NONE = "", "no answer yet"
        YES = "yes", "leads the meeting"
        NO = "no", "can't lead the meeting"

    substitution = models.ForeignKey(Substitution, on_delete=models.CASCADE, related_name="offers")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="substitute_offers"
    )
    offered_at = models.DateTimeField(default=timezone.now)
    answer = models.CharField(max_length=3, choices=Answer, blank=True, default="")
    answered_at = models.DateTimeField(null=True, blank=True)
    named_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="named by staff",
    )
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["substitution", "offered_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["substitution", "user"], name="substitute_offer_once_per_person"
            ),
            models.UniqueConstraint(
                fields=["substitution"],
                condition=models.Q(answer="yes", ended_at__isnull=True),
                name="substitute_one_per_substitution",
            ),
            models.CheckConstraint(
                condition=models.Q(answer="", answered_at__isnull=True)
                | (~models.Q(answer="") & models.Q(answered_at__isnull=False)),
                name="substitute_answer_dated",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True) | models.Q(answer="yes"),
                name="substitute_only_yes_ends",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_answer_display()}"

    @property
    def leads(self) -> bool:
        """Return whether this person is the substitute."""
        return self.answer == self.Answer.YES and self.ended_at is None
