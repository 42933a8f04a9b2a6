"""Admin for refused Discord sign-ins.  Staff delete a row once they have dealt with it."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from cohorts.admin_base.base import ReadOnlyAdmin
from cohorts.models import RefusedSignIn


@admin.register(RefusedSignIn)
class RefusedSignInAdmin(ReadOnlyAdmin):
    list_display = ["discord_name", "discord_id", "email", "code", "user", "last_at"]
    list_filter = ["code"]
    list_select_related = ["user"]
    search_fields = ["discord_name", "discord_id__exact", "email", "user__name", "user__email"]
    fields = [
        "code",
        "remedy",
        "user",
        "email",
        "discord_name",
        "discord_id",
        "first_at",
        "last_at",
    ]
    readonly_fields = ["remedy"]

    @admin.display(description="what to do")
    def remedy(self, row: RefusedSignIn) -> str:
        return row.remedy

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return admin.ModelAdmin.has_delete_permission(self, request, obj)
