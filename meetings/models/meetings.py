"""Meetings and attendance."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

from cohorts.models import Group
from meetings.rhythm import MeetingFacts, name_anchor, name_meeting


class MeetingQuerySet(models.QuerySet["Meeting"]):
    def facts_by_group(self) -> dict[int, list[MeetingFacts]]:
        """Return what providers need of these meetings, by group and in their order. One query."""
        found: dict[int, list[MeetingFacts]] = defaultdict(list)
        columns = ("pk", "number", "starts_at", "duration_minutes", "status", "rhythm_starts_at")
        for group_id, pk, number, starts_at, minutes, status, at in self.values_list(
            "group_id", *columns
        ):
            is_cancelled = status == Meeting.Status.CANCELLED
            found[group_id].append(MeetingFacts(pk, number, starts_at, minutes, is_cancelled, at))
        return found


class Meeting(models.Model):
    """One dated meeting of a group. Never deleted after preview, and never renumbered.

    "Same week" means the same cohort and the same number. An extra session has no number and
    belongs to no week.
    """

    class Status(models.TextChoices):
        SCHEDULED = "scheduled"
        CANCELLED = "cancelled"

    class Held(models.TextChoices):
        """Answers to "Was this held?"."""

        HERE = "here", "Yes, in our voice channel"
        ELSEWHERE = "elsewhere", "Yes, somewhere else"
        NO = "no", "No"

    group = models.ForeignKey(Group, on_delete=models.PROTECT, related_name="meetings")
    number = models.PositiveSmallIntegerField(null=True, blank=True)
    starts_at = models.DateTimeField()
    duration_minutes = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=12, choices=Status, default=Status.SCHEDULED)
    # The meeting's place in the weekly rhythm, even if it was moved; null outside the rhythm. The
    # calendar identifies the occurrence by it.
    rhythm_starts_at = models.DateTimeField("usual start", null=True, blank=True)
    # Set when a person moves or cancels this meeting: later slot changes then do not affect it.
    touched_at = models.DateTimeField("moved individually at", null=True, blank=True)
    # Asked when almost no one was seen. Use `held_answer`: a move makes the answer void.
    was_held = models.CharField(
        "was it held?", max_length=9, choices=Held, blank=True, default="", db_default=""
    )
    was_held_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="answered by",
    )
    was_held_at = models.DateTimeField("answered at", null=True, blank=True)

    objects = MeetingQuerySet.as_manager()

    class Meta:
        ordering = ["group", "number"]
        constraints = [
            models.UniqueConstraint(fields=["group", "number"], name="meeting_number_in_group"),
            models.CheckConstraint(
                condition=models.Q(number__gte=1), name="meeting_number_from_one"
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=["scheduled", "cancelled"]), name="meeting_status"
            ),
            models.CheckConstraint(
                condition=models.Q(duration_minutes__range=(5, 1440)), name="meeting_duration"
            ),
            models.CheckConstraint(
                condition=models.Q(was_held="", was_held_at__isnull=True)
                | models.Q(was_held__in=["here", "elsewhere", "no"], was_held_at__isnull=False),
                name="meeting_was_held_dated",
            ),
        ]
        indexes = [models.Index(fields=["starts_at"], name="meeting_starts_at")]

    def __str__(self) -> str:
        return f"{self.group}, {self.title.lower()}"

    @property
    def title(self) -> str:
        """Return "Week 3" or "Extra session", for headings and lists."""
        return f"Week {self.number}" if self.number else "Extra session"

    @property
    def label(self) -> str:
        return name_meeting(self.number)

    @property
    def anchor(self) -> str:
        return name_anchor(self.pk, self.number)

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(minutes=self.duration_minutes)

    @property
    def is_cancelled(self) -> bool:
        return self.status == self.Status.CANCELLED

    @property
    def held_answer(self) -> str:
        """Return a value of `Held`, or ""."""
        return current_answer(self.was_held, self.was_held_at, self.starts_at)


def current_answer(answer: str, answered_at: datetime | None, starts_at: datetime) -> str:
    """Return the answer to "Was this held?", "" if it was given before the meeting's start and so
    about another date."""
    return answer if answered_at is not None and answered_at >= starts_at else ""


class Attendance(models.Model):
    """One person at one meeting: their RSVP, and whether they were there.

    Detected presence and a person's correction are separate fields, so that later detection never
    overwrites a correction.
    """

    class Rsvp(models.TextChoices):
        PENDING = "pending"
        ATTENDING = "attending"
        NOT_ATTENDING = "not_attending", "Not attending"
        TENTATIVE = "tentative"

    class Presence(models.TextChoices):
        PRESENT = "present"
        ABSENT = "absent"
        UNKNOWN = "unknown"

    class Correction(models.TextChoices):
        """What people may enter: a value of `Presence`, or that an absence is excused."""

        PRESENT = "present", "Was there"
        ABSENT = "absent", "Was not there"
        EXCUSED = "excused", "Excused"
        UNKNOWN = "unknown", "Not known"

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="attendances")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="attendances"
    )
    rsvp = models.CharField("RSVP", max_length=15, choices=Rsvp, default=Rsvp.PENDING)
    rsvp_at = models.DateTimeField("answered at", null=True, blank=True)
    # Detected from voice sessions (meetings.attendance.presence): when the person was first there,
    # or that they cannot have been. Neither is set while nothing is known.
    checked_in_at = models.DateTimeField("first seen at", null=True, blank=True)
    not_seen = models.BooleanField(default=False)
    # Entered by a facilitator or staff; overrides what was detected. Empty without a correction.
    correction = models.CharField(max_length=7, choices=Correction, blank=True)
    corrected_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    corrected_at = models.DateTimeField(null=True, blank=True)
    correction_reason = models.CharField(
        "reason", max_length=200, blank=True, default="", db_default=""
    )
    is_guest = models.BooleanField("guest", default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["meeting", "user"]
        constraints = [
            models.UniqueConstraint(fields=["meeting", "user"], name="attendance_once"),
            models.CheckConstraint(
                condition=models.Q(rsvp__in=["pending", "attending", "not_attending", "tentative"]),
                name="attendance_rsvp",
            ),
            models.CheckConstraint(
                condition=models.Q(not_seen=False) | models.Q(checked_in_at__isnull=True),
                name="attendance_one_finding",
            ),
            models.CheckConstraint(
                condition=models.Q(correction="", corrected_at__isnull=True)
                | models.Q(
                    correction__in=["present", "absent", "unknown", "excused"],
                    corrected_at__isnull=False,
                ),
                name="attendance_correction_dated",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} at {self.meeting}"

    @property
    def is_corrected(self) -> bool:
        """Return whether a person said what holds: a correction before the meeting's start was
        about another date. Load the row with its meeting."""
        return self.corrected_at is not None and self.corrected_at >= self.meeting.starts_at

    @property
    def presence(self) -> str:
        """Return a value of `Presence`: the correction if one holds, else what was detected."""
        if self.is_corrected:
            return presence_of(self.correction)
        if self.checked_in_at:
            return self.Presence.PRESENT
        return self.Presence.ABSENT if self.not_seen else self.Presence.UNKNOWN


def write_attendances(rows: Iterable[Attendance], fields: Collection[str]) -> None:
    """Write these fields of attendances, which may exist already; their others stay. The caller
    holds the locks of the meetings' groups."""
    Attendance.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["meeting", "user"], update_fields=fields
    )


def presence_of(correction: str) -> str:
    """Return the presence that a correction means: excused people were not there."""
    excused = correction == Attendance.Correction.EXCUSED
    return Attendance.Presence.ABSENT if excused else correction


# The same as `Attendance.is_corrected` and `Attendance.presence`, for queries.
IS_CORRECTED = models.Q(corrected_at__gte=models.F("meeting__starts_at"))
PRESENCE = models.Case(
    models.When(
        IS_CORRECTED,
        correction=Attendance.Correction.EXCUSED,
        then=models.Value(Attendance.Presence.ABSENT),
    ),
    models.When(IS_CORRECTED, then=models.F("correction")),
    models.When(checked_in_at__isnull=False, then=models.Value(Attendance.Presence.PRESENT)),
    models.When(not_seen=True, then=models.Value(Attendance.Presence.ABSENT)),
    default=models.Value(Attendance.Presence.UNKNOWN),
    output_field=models.CharField(),
)
