"""Courses, cohorts (runs of a course) and the groups of a cohort."""

from collections.abc import Iterable
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from cohorts import clock
from cohorts.models.archive import ArchiveWindow, archive_window
from cohorts.validators import check_country, check_days, check_zone, read_days

MAX_MEETINGS = 60
MAX_ARCHIVE_DAYS = 365


class Course(models.Model):
    name = models.CharField(max_length=100, unique=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Cohort(models.Model):
    """One run of a course, identified by course and name."""

    class Status(models.TextChoices):
        OPEN = "open"
        COMPLETED = "completed"
        CANCELLED = "cancelled"

    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="cohorts")
    name = models.CharField(max_length=100)
    start_date = models.DateField(
        help_text=(
            "The first week begins on this day. Each group first meets on its weekday in that week."
        )
    )
    number_of_meetings = models.PositiveSmallIntegerField(
        validators=[MinValueValidator(1), MaxValueValidator(MAX_MEETINGS)]
    )
    meetings_per_group = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_MEETINGS)],
        help_text="Most meetings per group, including extra sessions. Leave empty for 60.",
    )
    status = models.CharField(max_length=12, choices=Status, default=Status.OPEN)
    # A cohort may be imported halfway through: no messages are sent for events before this moment.
    first_known_at = models.DateTimeField(default=clock.now, editable=False)
    # Meetings after this moment were not held.  NULL while the cohort is open, and if plain SQL
    # ended it.
    ended_at = models.DateTimeField(null=True, blank=True, editable=False)

    country = models.CharField(
        "country or region",
        max_length=10,
        blank=True,
        validators=[check_country],
        help_text=(
            "Its public holidays that fall on meetings are shown. An ISO code such as DE, or DE-BE "
            "with a region."
        ),
    )

    # Guest visits.  NULL means that the rule does not apply.
    guest_seats = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Guests per meeting. Leave empty for no limit."
    )
    booking_cutoff_hours = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text=(
            "Booking closes this many hours before the meeting. Leave empty to close at its start."
        ),
    )
    visits_per_person = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Visits per person. Leave empty for no limit."
    )
    guest_days_before = models.PositiveSmallIntegerField(
        default=6, help_text="A guest's access begins this many days before the meeting."
    )
    guest_days_after = models.PositiveSmallIntegerField(
        default=3, help_text="A guest's access ends this many days after the meeting."
    )
    substitute_alarm_hours = models.PositiveSmallIntegerField(
        default=12,
        help_text=(
            "Staff are alarmed if no one leads a meeting this many hours before it. The "
            "facilitator can't lead it and no substitute was found."
        ),
    )
    archive_days = models.PositiveSmallIntegerField(
        default=30,
        validators=[MaxValueValidator(MAX_ARCHIVE_DAYS)],
        help_text=(
            "People who were in a group at its end can read its channels for this many days. "
            "Enter 0 to end their access at once."
        ),
    )

    end_after_days = models.PositiveSmallIntegerField(
        "end automatically",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(365)],
        help_text=(
            "The cohort ends this many days after its last meeting. Leave empty to end it yourself."
        ),
    )

    allowed_absences = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text=(
            "People who were absent from more meetings do not complete the course; excused "
            "absences count. Leave empty if completing does not depend on attendance."
        ),
    )

    # Choosing a group.
    is_joinable = models.BooleanField(
        "learners choose their group",
        default=False,
        help_text="Learners whose group was cancelled or merged may join another one by "
        "themselves.",
    )
    switching_until = models.DateField(
        null=True,
        blank=True,
        help_text="Until the end of this day (UTC) learners who have a group may switch to "
        "another one as well. Leave empty to allow no switching.",
    )

    smallest_group = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        default=3,
        db_default=3,
        help_text=(
            "From the start on, groups with fewer participants are shown on the Today page. Leave "
            "empty to show none."
        ),
    )

    join_reminder_days = models.CharField(
        max_length=40,
        default="7, 3, 1",
        blank=True,
        validators=[check_days],
        help_text=(
            "People who have not joined the Discord server are reminded this many days before "
            "their first meeting. Leave empty for no reminders."
        ),
    )

    class Meta:
        ordering = ["-start_date", "name"]
        constraints = [
            models.UniqueConstraint(fields=["course", "name"], name="cohort_name_in_course"),
            models.CheckConstraint(
                condition=models.Q(number_of_meetings__range=(1, 60)),
                name="cohort_number_of_meetings",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=["open", "completed", "cancelled"]),
                name="cohort_status",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        if self.has_ended != (self.ended_at is not None):
            self.ended_at = clock.now() if self.has_ended else None
            update_fields = None if update_fields is None else {*update_fields, "ended_at"}
        super().save(*args, update_fields=update_fields, **kwargs)

    @property
    def has_ended(self) -> bool:
        return self.status != self.Status.OPEN

    @property
    def join_days(self) -> tuple[int, ...]:
        return read_days(self.join_reminder_days)


class Group(models.Model):
    """A small group with one weekly slot: weekday, wall time, IANA zone and duration."""

    class Status(models.TextChoices):
        PREVIEW = "preview"
        ACTIVE = "active"
        COMPLETED = "completed"
        MERGED = "merged"
        CANCELLED = "cancelled"

    ENDED = frozenset({Status.COMPLETED, Status.MERGED, Status.CANCELLED})

    class Weekday(models.IntegerChoices):
        MONDAY = 0
        TUESDAY = 1
        WEDNESDAY = 2
        THURSDAY = 3
        FRIDAY = 4
        SATURDAY = 5
        SUNDAY = 6

    cohort = models.ForeignKey(Cohort, on_delete=models.PROTECT, related_name="groups")
    name = models.CharField(max_length=80)
    weekday = models.PositiveSmallIntegerField(choices=Weekday, null=True, blank=True)
    start_time = models.TimeField("start time", null=True, blank=True)
    timezone = models.CharField("time zone", max_length=64, default="UTC", validators=[check_zone])
    duration_minutes = models.PositiveSmallIntegerField(
        "duration in minutes",
        default=60,
        validators=[MinValueValidator(5), MaxValueValidator(1440)],
    )
    status = models.CharField(max_length=12, choices=Status, default=Status.PREVIEW)
    size = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Most participants. Leave empty for no limit."
    )
    # When its channels and calendar series first existed, whether or not anyone had access to them.
    set_up_at = models.DateTimeField(null=True, blank=True, editable=False)
    activated_at = models.DateTimeField(null=True, blank=True, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True, editable=False)
    # From the first removal of its objects outside on, the group cannot be reopened.
    removal_began_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["cohort", "name"]
        constraints = [
            models.UniqueConstraint(fields=["cohort", "name"], name="group_name_in_cohort"),
            models.CheckConstraint(
                condition=models.Q(weekday__isnull=True, start_time__isnull=True)
                # The NULL checks are needed on both sides: SQL accepts a check that evaluates to
                # NULL.
                | models.Q(weekday__isnull=False, weekday__range=(0, 6), start_time__isnull=False),
                name="group_slot_whole",
                violation_error_message="Enter both a weekday and a time, or neither.",
            ),
            models.CheckConstraint(
                condition=models.Q(duration_minutes__range=(5, 1440)), name="group_duration"
            ),
            models.CheckConstraint(
                condition=models.Q(
                    status__in=["preview", "active", "completed", "merged", "cancelled"]
                ),
                name="group_status",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        if self.status == self.Status.ACTIVE and self.set_up_at is None:
            self.set_up_at = self.activated_at or clock.now()
            update_fields = None if update_fields is None else {*update_fields, "set_up_at"}
        super().save(*args, update_fields=update_fields, **kwargs)

    @property
    def has_slot(self) -> bool:
        return self.weekday is not None and self.start_time is not None

    @property
    def has_ended(self) -> bool:
        """Return whether the group or its cohort has ended.  Load the group with its cohort."""
        return self.status in self.ENDED or self.cohort.has_ended

    @property
    def is_active(self) -> bool:
        """Return whether the group is set up and someone has access to its channels, and neither it
        nor its cohort has ended."""
        return self.status == self.Status.ACTIVE and not self.cohort.has_ended

    @property
    def archive(self) -> ArchiveWindow | None:
        """Return when its last members can read its channels; None unless it has ended.  Load the
        group with its cohort."""
        if not self.has_ended:
            return None
        ends = [self.ended_at] if self.status in self.ENDED else []
        ends += [self.cohort.ended_at] if self.cohort.has_ended else []
        return archive_window(ends, self.cohort.archive_days)

    @property
    def is_set_up(self) -> bool:
        """Return whether the group meets: its channels and series exist, and neither it nor its
        cohort has ended."""
        return self.set_up_at is not None and not self.has_ended


def active_group(path: str = "") -> Q:
    """Return `Group.is_active` as a filter; `path` is the lookup to the group, such as
    "group__"."""
    return Q(**{f"{path}status": Group.Status.ACTIVE, f"{path}cohort__status": Cohort.Status.OPEN})


def set_up_group(path: str = "") -> Q:
    """Return `Group.is_set_up` as a filter."""
    return Q(**{f"{path}set_up_at__isnull": False}) & live_group(path)


def live_group(path: str = "") -> Q:
    """Return `not Group.has_ended` as a filter: groups that are set up or will be."""
    is_open = Q(**{f"{path}cohort__status": Cohort.Status.OPEN})
    return is_open & ~Q(**{f"{path}status__in": Group.ENDED})
