"""Skipped weeks and earlier slots, which shape a group's weekly rhythm (see `meetings.rhythm`)."""

from django.db import models
from django.utils import timezone

from cohorts.models import Group
from cohorts.validators import check_zone


class SkippedWeek(models.Model):
    """A week without a meeting: all later meetings of the group are a week later."""

    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="skipped_weeks")
    day = models.DateField(help_text="Any day of the week, counted from the cohort's start date.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["group", "day"]
        constraints = [
            models.UniqueConstraint(fields=["group", "day"], name="skipped_week_once"),
        ]

    def __str__(self) -> str:
        return f"{self.group}, the week of {self.day}"


class EarlierSlot(models.Model):
    """A slot that the group had until a date. Its current slot is stored on the group."""

    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="earlier_slots")
    until = models.DateField(help_text="From this day on, the next slot applies.")
    weekday = models.PositiveSmallIntegerField(choices=Group.Weekday)
    start_time = models.TimeField()
    timezone = models.CharField("time zone", max_length=64, validators=[check_zone])
    duration_minutes = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["group", "until"]
        constraints = [
            models.UniqueConstraint(fields=["group", "until"], name="earlier_slot_once"),
            models.CheckConstraint(
                condition=models.Q(weekday__range=(0, 6)), name="earlier_slot_weekday"
            ),
            models.CheckConstraint(
                condition=models.Q(duration_minutes__range=(5, 1440)), name="earlier_slot_duration"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.group}, until {self.until}"
