"""Read-only admin for meetings. Changes go through moves, which preview every consequence."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path

from cohorts.admin_base.base import ReadOnlyAdmin
from cohorts.admin_base.reader_time import show_both, show_time
from meetings.admin.attendances import AttendanceInline, ReadOnlyInline
from meetings.admin.move_pages import move_group, move_meeting
from meetings.admin.terms import change_term_view
from meetings.attendance.statistics import count_guests, describe, read_attendance_stats
from meetings.models import Meeting, MeetingChange, MeetingMove


class ChangeInline(ReadOnlyInline):
    model = MeetingChange
    fields = [
        "start_before",
        "start_after",
        "minutes_before",
        "minutes_after",
        "at",
        "by",
        "reason",
    ]
    readonly_fields = ["at", "by", "reason"]
    verbose_name_plural = "changes"

    def get_queryset(self, request: HttpRequest) -> QuerySet[MeetingChange]:
        return super().get_queryset(request).select_related("move__by")

    @admin.display
    def at(self, change: MeetingChange) -> str:
        return show_time(change.move.at)

    @admin.display
    def reason(self, change: MeetingChange) -> str:
        return change.move.reason

    @admin.display
    def by(self, change: MeetingChange) -> str:
        return str(change.move.by or "automatic")


@admin.register(Meeting)
class MeetingAdmin(ReadOnlyAdmin):
    list_display = [
        "group",
        "week",
        "start",
        "duration_minutes",
        "status",
        "was_moved",
        "who_comes",
    ]
    list_filter = ["status", "group__cohort", "starts_at"]
    list_select_related = ["group"]
    search_fields = ["group__name", "group__cohort__name"]
    ordering = ["-starts_at"]
    export_times = ["start"]
    fields = [
        "group",
        "week",
        "start",
        "duration_minutes",
        "status",
        "rhythm_starts_at",
        "touched_at",
        "who_comes",
    ]
    readonly_fields = ["week", "start", "who_comes"]
    inlines = [AttendanceInline, ChangeInline]

    @admin.display(ordering="number")
    def week(self, meeting: Meeting) -> str:
        return meeting.title

    @admin.display(description="starts at", ordering="starts_at")
    def start(self, meeting: Meeting) -> str:
        return show_both(meeting.starts_at, meeting.group.timezone)

    @admin.display(boolean=True, description="moved individually")
    def was_moved(self, meeting: Meeting) -> bool:
        return meeting.touched_at is not None

    @admin.display(description="RSVPs")
    def who_comes(self, meeting: Meeting) -> str:
        if hasattr(meeting, "answers"):
            return str(meeting.answers)
        return describe(
            read_attendance_stats([meeting.pk])[meeting.pk], count_guests([meeting.pk])[meeting.pk]
        )

    def complete_rows(self, rows: list[Any]) -> None:
        """Attach the attendance figures, with a constant number of queries."""
        ids = [meeting.pk for meeting in rows]
        figures, guests = read_attendance_stats(ids), count_guests(ids)
        for meeting in rows:
            meeting.answers = describe(figures[meeting.pk], guests[meeting.pk])

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/move/<slug:what>/", view(move_meeting), name="meetings_meeting_move"),
            path("of-cohort/<int:pk>/term/", view(change_term_view), name="meetings_cohort_term"),
            path("of-group/<int:pk>/<slug:what>/", view(move_group), name="meetings_group_move"),
            *super().get_urls(),
        ]


@admin.register(MeetingMove)
class MeetingMoveAdmin(ReadOnlyAdmin):
    list_display = ["group", "kind", "at", "by", "reason"]
    list_filter = ["kind", "group__cohort"]
    list_select_related = ["group", "by"]
    search_fields = ["group__name", "by__name", "by__email"]
