"""The record of what is ours in the calendar, and copies of what Google last said of it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.timezone import now

from cohorts.models import Group
from meetings.models import Meeting


class CalendarSeries(models.Model):
    """One recurring series of a group: made by us, or pointed at by staff.

    The row is committed before the call that makes the series (`made_at` empty) and completed
    afterwards.  A series that is gone is not made again by itself; when staff have it made anew,
    `gone_at` closes this row and the next has a new generation, since a deleted id stays used.
    """

    group = models.ForeignKey(Group, on_delete=models.PROTECT, related_name="calendar_series")
    generation = models.PositiveIntegerField(default=1)
    event_id = models.CharField("Google's id", max_length=255, unique=True)
    # What it was made with.  The start, zone and rule of a series never change; all empty until
    # the series was seen, where staff pointed at it, and for good when its rhythm is none of ours.
    first_day = models.DateField(null=True, blank=True, editable=False)
    wall_time = models.TimeField(null=True, blank=True, editable=False)
    timezone = models.CharField("time zone", max_length=64, blank=True, editable=False)
    duration_minutes = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)
    weeks = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)
    # The original start of the last occurrence: with it the series becomes history.
    last_starts_at = models.DateTimeField(null=True, blank=True, editable=False, db_index=True)
    intended_at = models.DateTimeField(default=now, editable=False)
    made_at = models.DateTimeField(null=True, blank=True, editable=False)
    gone_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "series"
        verbose_name_plural = "series"
        ordering = ["group", "-generation"]
        constraints = [
            models.UniqueConstraint(
                fields=["group", "generation"], name="calendar_series_generation"
            )
        ]

    def __str__(self) -> str:
        return f"series of {self.group}"


class CalendarInstance(models.Model):
    """Where a meeting is in its group's series.

    Only remembered: the id follows from the series and the meeting's place in the rhythm.
    """

    meeting = models.OneToOneField(
        Meeting, on_delete=models.CASCADE, related_name="calendar_instance"
    )
    series = models.ForeignKey(CalendarSeries, on_delete=models.CASCADE, related_name="instances")
    instance_id = models.CharField("Google's id", max_length=300, unique=True)

    class Meta:
        verbose_name = "occurrence"

    def __str__(self) -> str:
        return str(self.meeting)


class CalendarEvent(models.Model):
    """One event outside a series: of a meeting that has no place in it, or of one guest (`user`).

    Committed before the call that makes it, like a series.
    """

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="calendar_events")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="calendar_events",
    )
    generation = models.PositiveIntegerField(default=1)
    event_id = models.CharField("Google's id", max_length=255, unique=True)
    intended_at = models.DateTimeField(default=now)
    made_at = models.DateTimeField(null=True, blank=True)
    gone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "single event"
        ordering = ["meeting", "-generation"]

    def __str__(self) -> str:
        return f"{self.user} at {self.meeting}" if self.user else str(self.meeting)


class CalendarCopy(models.Model):
    """What Google last said of one event of ours, as of the stored sync token.

    An incremental listing tells only what changed, so the rest must be held.  Written together
    with the token (MirrorState.cursor), in one transaction.  People's answers are read from here.
    """

    event_id = models.CharField("Google's id", max_length=300, unique=True)
    # The series or single event that it belongs to: its id without what Google appended.
    base_id = models.CharField(max_length=255, db_index=True)
    original_start = models.DateTimeField(null=True)  # of an occurrence
    status = models.CharField(max_length=20)
    body = models.JSONField()  # Google's own, whole
    read_at = models.DateTimeField(default=now)

    class Meta:
        verbose_name = "copy of an event"
        verbose_name_plural = "copies of events"

    def __str__(self) -> str:
        return self.event_id


class CalendarAddress(models.Model):
    """What Google has made of a person's address.  It holds as long as the person has `email`."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="calendar_address"
    )
    email = models.CharField("address", max_length=254)  # in lower case
    # The address in the answer to an invitation, where it is another: an alias, say.
    known_as = models.CharField("listed by Google as", max_length=254, blank=True)
    refused_at = models.DateTimeField("refused by Google", null=True, blank=True)
    # The calendar's own account: taken off a list, it was on it again in the answer.
    stays_at = models.DateTimeField("put back by Google", null=True, blank=True)

    class Meta:
        verbose_name = "address in Google Calendar"
        verbose_name_plural = "addresses in Google Calendar"
        ordering = ["email"]

    def __str__(self) -> str:
        return self.email


class HeardAnswer(models.Model):
    """What Google last said of one person's answer for one meeting, in our words; "" for none.

    Kept beside what was decided here (meetings.models.Attendance): only a change counts, as the
    tables in calendarsync.hearing say.  Written together with the copies that it follows from.
    """

    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="heard_answers")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="heard_answers"
    )
    own = models.CharField("for this meeting", max_length=15, blank=True)
    series = models.CharField("for the series", max_length=15, blank=True)
    copied = models.BooleanField("a copy of the series'", default=False)  # hearing.is_copied
    heard_at = models.DateTimeField()

    class Meta:
        verbose_name = "answer heard"
        verbose_name_plural = "answers heard"
        ordering = ["meeting", "user"]
        constraints = [
            models.UniqueConstraint(fields=["meeting", "user"], name="heard_answer_once")
        ]

    def __str__(self) -> str:
        return f"{self.user} on {self.meeting}: {self.own or self.series or 'no answer'}"
