"""Admin for groups, with a page to end a group."""

from datetime import time
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse

from cohorts.admin_base.base import ChangesForm, ProtectedAdmin, ZoneSelect
from cohorts.errors import Refusal
from cohorts.group_labels import label_group, with_places
from cohorts.models import Group
from cohorts.services.groups import SLOT_FIELDS, check_slot_may_change


class GroupForm(ChangesForm):
    """Group form that refuses to change the slot of a group that is set up or has ended."""

    def clean_start_time(self) -> time | None:
        """Return the time without seconds, which no page shows."""
        typed: time | None = self.cleaned_data["start_time"]
        return typed and typed.replace(second=0, microsecond=0)

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        changed = [name for name in SLOT_FIELDS if name in self.changed_data]
        if self.instance.pk and changed:
            try:
                check_slot_may_change(self.instance)
            except Refusal as refusal:
                self.add_error(changed[0], refusal.sentence)
        return cleaned


@admin.register(Group)
class GroupAdmin(ProtectedAdmin):
    form = GroupForm
    list_display = ["name", "cohort", "slot", "status", "participants"]
    list_filter = ["status", "cohort"]
    list_select_related = ["cohort"]
    search_fields = ["name", "cohort__name"]
    ordering = ["-pk"]  # autocomplete pages need an order
    autocomplete_fields = ["cohort"]
    fieldsets = [
        (None, {"fields": ["cohort", "name", "size"]}),
        (
            "Weekly time",
            {
                "fields": ["weekday", "start_time", "timezone", "duration_minutes"],
                "description": "Leave weekday and time empty until they are known.",
            },
        ),
        ("Status", {"fields": ["status", "set_up_at", "activated_at", "ended_at"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        return with_places(super().get_queryset(request))

    def label_choice(self, group: Group) -> str:
        """Return the text of a choice, where another form chooses a group."""
        return label_group(group)

    def get_readonly_fields(self, request: HttpRequest, obj: Group | None = None) -> list[str]:
        fixed = ["status", "set_up_at", "activated_at", "ended_at"]
        return [*fixed, "cohort"] if obj else fixed

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name == "timezone":
            kwargs["widget"] = ZoneSelect
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @admin.display(description="slot", ordering="weekday")
    def slot(self, group: Group) -> str:
        if not group.has_slot:
            return "not set"
        return f"{group.get_weekday_display()} {group.start_time:%H:%M} ({group.timezone})"

    @admin.display(ordering="participant_count")
    def participants(self, group: Any) -> str:
        limit = f" of {group.size}" if group.size else ""
        return f"{group.participant_count}{limit}"

    # -- ending a group ----------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        end = self.admin_site.admin_view(self.end_view)
        return [path("<int:pk>/end/", end, name="cohorts_group_end"), *super().get_urls()]

    def end_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Redirect to the page that ends groups, with this one ticked."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        group = get_object_or_404(Group, pk=pk)
        page = reverse("admin:cohorts_cohort_step", args=[group.cohort_id, "end"])
        return redirect(f"{page}?groups={pk}")
