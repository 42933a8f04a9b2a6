"""Admin for attendance. Staff may correct presence; RSVPs are personal, so they are read-only."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from cohorts import clock
from cohorts.admin_base.base import ChangesForm, RefusalAdmin
from meetings.attendance.corrections import correct_presence
from meetings.models import Attendance

# The fields of an attendance that are shown in lists and inlines.
TOLD = ["rsvp", "rsvp_at", "is_guest", "presence", "checked_in_at", "corrected_by", "corrected_at"]


class ReadOnlyInline(admin.TabularInline):
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class AttendanceInline(ReadOnlyInline):
    model = Attendance
    fields = ["user", *TOLD]
    readonly_fields = ["presence"]
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Attendance]:
        rows = super().get_queryset(request)
        return rows.select_related("user", "corrected_by", "meeting__group")


class CorrectionForm(ChangesForm):
    """A form for corrections. The value is required: a correction cannot be withdrawn."""

    class Meta:
        model = Attendance
        fields = ["meeting", "user", "correction", "correction_reason"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "correction" in self.fields:
            self.fields["correction"].required = True


@admin.register(Attendance)
class AttendanceAdmin(RefusalAdmin):
    form = CorrectionForm
    list_display = ["user", "meeting", "presence", "is_guest", "rsvp", "corrected_by"]
    list_filter = ["correction", "not_seen", "is_guest", "rsvp", "meeting__group__cohort"]
    list_select_related = ["user", "meeting__group", "corrected_by"]
    search_fields = ["user__name", "user__email", "meeting__group__name"]
    ordering = ["-meeting__starts_at", "user__name"]
    autocomplete_fields = ["meeting", "user"]
    fields = ["meeting", "user", "correction", "correction_reason", *TOLD]

    def get_readonly_fields(self, request: HttpRequest, obj: Attendance | None = None) -> list[str]:
        return TOLD if obj is None else ["meeting", "user", *TOLD]

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def save_model(
        self, request: HttpRequest, obj: Attendance, form: forms.ModelForm, change: bool
    ) -> None:
        """Record the correction. Raises Refusal."""
        if not form.changed_data:
            return
        assert request.user.pk  # admin_view requires a signed-in user
        saved = correct_presence(
            obj.meeting_id,
            obj.user_id,
            presence=obj.correction,
            by=request.user.pk,
            now=clock.now(),
            reason=obj.correction_reason,
        )
        obj.pk = saved.pk
