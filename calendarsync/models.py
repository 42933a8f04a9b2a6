"""Records of our events in Google Calendar, and copies of Google's latest data about them."""

from django.conf import settings
from django.db import models
from django.utils.timezone import now

from cohorts.models import Group
from meetings.models import Meeting


class CalendarSeries(models.Model):
    """One recurring series of a group, made by us or entered by staff.

    The row is committed before the call that makes the series (`made_at` is empty) and completed
    afterwards. A series that is gone is not recreated automatically. When staff recreate it,
    `gone_at` closes this row and the next one has a new generation, because a deleted id cannot be
    used again. A series that is restored from the calendar's trash opens its row again.
    """

    group = models.ForeignKey(Group, on_delete=models.PROTECT, related_name="calendar_series")
    generation = models.PositiveIntegerField(default=1)
    event_id = models.CharField("Google ID", max_length=255, unique=True)
    # What it was made with. The start, zone and rule of a series never change. For a series that
    # staff entered, these are empty until it is observed, and stay empty if its rhythm is not one
    # that we make.
    first_day = models.DateField(null=True, blank=True, editable=False)
    wall_time = models.TimeField("local time", null=True, blank=True, editable=False)
    timezone = models.CharField("time zone", max_length=64, blank=True, editable=False)
    duration_minutes = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)
    weeks = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)
    # The original start of the last occurrence, from which on the series is history. Later if
    # someone made it longer in Google Calendar, and empty if it may then go on for ever.
    last_starts_at = models.DateTimeField(
        "last meeting starts at", null=True, blank=True, editable=False, db_index=True
    )
    intended_at = models.DateTimeField("creation started at", default=now, editable=False)
    made_at = models.DateTimeField("created at", null=True, blank=True, editable=False)
    gone_at = models.DateTimeField("deleted at", null=True, blank=True, editable=False)

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
    """The occurrence of a meeting in its group's series: for version 0.1.0, which writes this table
    during an upgrade. Nothing reads it: the id follows from the series and the place in the rhythm.
    """

    meeting = models.OneToOneField(
        Meeting, on_delete=models.CASCADE, related_name="calendar_instance"
    )
    series = models.ForeignKey(CalendarSeries, on_delete=models.CASCADE, related_name="instances")
    instance_id = models.CharField("Google ID", max_length=300, unique=True)

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
    event_id = models.CharField("Google ID", max_length=255, unique=True)
    intended_at = models.DateTimeField("creation started at", default=now)
    made_at = models.DateTimeField("created at", null=True, blank=True)
    gone_at = models.DateTimeField("deleted at", null=True, blank=True)

    class Meta:
        verbose_name = "single event"
        ordering = ["meeting", "-generation"]

    def __str__(self) -> str:
        return f"{self.user} at {self.meeting}" if self.user else str(self.meeting)


class CalendarCopy(models.Model):
    """Google's latest data about one of our events, as of the stored sync token or later.

    An incremental listing returns only changes, so the rest must be stored. Written before the
    token (`ProviderState.cursor`). People's answers are read from here.
    """

    event_id = models.CharField("Google ID", max_length=300, unique=True)
    # The series or single event that it belongs to: its id without what Google appended, or for a
    # later part of a series that has another id (`state.later_parts`) the id of that series.
    base_id = models.CharField(
        "Google ID of the series or single event", max_length=255, db_index=True
    )
    original_start = models.DateTimeField(null=True)  # of an occurrence
    status = models.CharField(max_length=20)
    body = models.JSONField()  # Google's complete JSON
    read_at = models.DateTimeField(default=now)

    class Meta:
        verbose_name = "copy of an event"
        verbose_name_plural = "copies of events"

    def __str__(self) -> str:
        return self.event_id


class CalendarAddress(models.Model):
    """What Google's responses have shown about an address. Valid while the person has `email`."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="calendar_address"
    )
    email = models.CharField("address", max_length=254)  # in lower case
    # The address in the response to an invitation, if it differs: for example an alias.
    listed_as = models.CharField("listed by Google as", max_length=254, blank=True)
    refused_at = models.DateTimeField("refused by Google", null=True, blank=True)
    # The calendar's own account: the response still listed it after it was removed.
    restored_at = models.DateTimeField("restored by Google", null=True, blank=True)

    class Meta:
        verbose_name = "address in Google Calendar"
        verbose_name_plural = "addresses in Google Calendar"
        ordering = ["email"]

    def __str__(self) -> str:
        return self.email


class ObservedRsvp(models.Model):
    """One person's latest answer to one meeting in Google, in our terms; "" for no answer.

    Stored separately from the RSVP in Lens (`meetings.models.Attendance`), because only a change
    counts (see the tables in `calendarsync.rsvp.merge`). Written together with the copies that it
    follows from.
    """

    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="observed_rsvps")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="observed_rsvps"
    )
    own = models.CharField("for this meeting", max_length=15, blank=True)
    series = models.CharField("for the series", max_length=15, blank=True)
    copied = models.BooleanField("copied from the series", default=False)  # see merge.is_copied
    observed_at = models.DateTimeField("read at")

    class Meta:
        verbose_name = "RSVP in Google Calendar"
        verbose_name_plural = "RSVPs in Google Calendar"
        ordering = ["meeting", "user"]
        constraints = [
            models.UniqueConstraint(fields=["meeting", "user"], name="observed_rsvp_once")
        ]

    def __str__(self) -> str:
        return f"{self.user} for {self.meeting}: {self.own or self.series or 'no answer'}"
