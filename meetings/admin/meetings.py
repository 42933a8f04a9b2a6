"""Meetings, to be read.  Whatever changes one goes through a move, with all that follows shown."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path

from cohorts.admin.base import ReadOnlyAdmin
from meetings.admin.attendances import AttendanceInline, ReadOnlyInline
from meetings.admin.moving import move_group, move_meeting
from meetings.models import Meeting, MeetingChange, MeetingMove


class ChangeInline(ReadOnlyInline):
    model = MeetingChange
    fields = ["start_before", "start_after", "minutes_before", "minutes_after", "at", "by"]
    readonly_fields = ["at", "by"]
    verbose_name_plural = "what was done to it"

    def get_queryset(self, request: HttpRequest) -> QuerySet[MeetingChange]:
        return super().get_queryset(request).select_related("move__by")

    @admin.display
    def at(self, change: MeetingChange) -> Any:
        return change.move.at

    @admin.display
    def by(self, change: MeetingChange) -> str:
        return str(change.move.by or "nobody: it followed")


@admin.register(Meeting)
class MeetingAdmin(ReadOnlyAdmin):
    list_display = ["group", "number", "starts_at", "duration_minutes", "status", "was_moved"]
    list_filter = ["status", "group__cohort", "starts_at"]
    list_select_related = ["group"]
    search_fields = ["group__name", "group__cohort__name"]
    ordering = ["-starts_at"]
    fields = [
        "group",
        "number",
        "starts_at",
        "duration_minutes",
        "status",
        "rhythm_starts_at",
        "touched_at",
    ]
    inlines = [AttendanceInline, ChangeInline]

    @admin.display(boolean=True, description="moved by hand")
    def was_moved(self, meeting: Meeting) -> bool:
        return meeting.touched_at is not None

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/move/<slug:what>/", view(move_meeting), name="meetings_meeting_move"),
            path("of-group/<int:pk>/<slug:what>/", view(move_group), name="meetings_group_move"),
            *super().get_urls(),
        ]


@admin.register(MeetingMove)
class MeetingMoveAdmin(ReadOnlyAdmin):
    list_display = ["group", "kind", "at", "by"]
    list_filter = ["kind", "group__cohort"]
    list_select_related = ["group", "by"]
    search_fields = ["group__name", "by__name", "by__email"]
