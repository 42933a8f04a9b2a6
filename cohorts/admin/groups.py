"""Admin for groups, with a page to end a group."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse

from cohorts import clock
from cohorts.admin.base import ProtectedAdmin, ZoneSelect, confirmation_page
from cohorts.errors import Refusal
from cohorts.models import Group, Membership
from cohorts.selectors import members_of
from cohorts.services.groups import SLOT_FIELDS, check_slot_may_change, end_group


class GroupForm(forms.ModelForm):
    """Group form that refuses to change the slot of a group that is set up or has ended."""

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        changed = [name for name in SLOT_FIELDS if name in self.changed_data]
        if self.instance.pk and changed:
            try:
                check_slot_may_change(self.instance)
            except Refusal as refusal:
                self.add_error(changed[0], refusal.sentence)
        return cleaned


class EndGroupForm(forms.Form):
    status = forms.ChoiceField(
        label="Reason",
        choices=[(s.value, s.label) for s in Group.Status if s in Group.ENDED],
        widget=forms.RadioSelect,
    )


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
        active = Q(
            memberships__status=Membership.Status.ACTIVE,
            memberships__role=Membership.Role.PARTICIPANT,
        )
        counted = Count("memberships", filter=active)
        return super().get_queryset(request).annotate(participant_count=counted)

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
        return (
            f"{group.participant_count} of {group.size}"
            if group.size
            else (str(group.participant_count))
        )

    # -- ending a group ----------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        end = self.admin_site.admin_view(self.end_view)
        return [path("<int:pk>/end/", end, name="cohorts_group_end"), *super().get_urls()]

    def end_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask how the group ends, then end it; its members lose their access."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        group = get_object_or_404(Group.objects.select_related("cohort"), pk=pk)
        back = reverse("admin:cohorts_group_change", args=[pk])
        form = EndGroupForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            return self._end(request, group, form.cleaned_data["status"], back)
        people = members_of([pk]).count()
        return confirmation_page(
            request,
            self.admin_site,
            title=f"End {group}?",
            sentences=[
                f"{people} active memberships of {group} ({group.cohort}) end with it, and so "
                "does everyone's access to its channels and meetings. You cannot undo this."
            ],
            form=form,
            button=f"End {group}",
            back=back,
            danger=True,
        )

    def _end(self, request: HttpRequest, group: Group, status: str, back: str) -> HttpResponse:
        try:
            end_group(group.pk, status=status, now=clock.now())
        except Refusal as refusal:
            messages.error(request, refusal.sentence)
        else:
            self.log_change(request, group, f"Ended: {status}.")
            messages.success(request, f"{group} has ended. Its members are losing access now.")
        return redirect(back)
