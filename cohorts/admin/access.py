"""Admin for access exceptions and for the access states that providers report."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from cohorts import clock
from cohorts.admin_base.base import ReadOnlyAdmin
from cohorts.admin_base.links import LinkingAdmin
from cohorts.models import AccessException, AccessState, User


class AccessExceptionForm(forms.ModelForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "until" in self.fields:  # Django names neither of its two inputs
            date, time = self.fields["until"].widget.widgets
            date.attrs["aria-label"], time.attrs["aria-label"] = "Until: date", "Until: time"

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or {}
        until = cleaned.get("until")
        if self.instance.pk is None and until and until <= clock.now():
            self.add_error("until", "This time has passed. Choose a time in the future.")
        return cleaned


@admin.register(AccessException)
class AccessExceptionAdmin(LinkingAdmin):
    form = AccessExceptionForm
    list_display = ["user", "group", "reason", "until", "created_by"]
    list_filter = ["group__cohort"]
    list_select_related = ["user", "group", "created_by"]
    search_fields = ["user__name", "user__email", "reason"]
    autocomplete_fields = ["user", "group"]
    readonly_fields = ["created_at", "created_by"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fixed = ["created_at", "created_by"]
        return [*fixed, "user", "group"] if obj else fixed

    def save_model(
        self, request: HttpRequest, obj: AccessException, form: Any, change: bool
    ) -> None:
        if not change and isinstance(request.user, User):
            obj.created_by = request.user
        super().save_model(request, obj, form, change)


@admin.register(AccessState)
class AccessStateAdmin(ReadOnlyAdmin):
    list_display = ["user", "group", "provider", "state", "reason", "changed_at"]
    list_filter = ["provider", "state", "group__cohort"]
    list_select_related = ["user", "group"]
    search_fields = ["user__name", "user__email", "group__name"]
    ordering = ["-changed_at"]
