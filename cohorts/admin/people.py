"""Admin for people, for permission groups and for refused sign-ins.

Most learners have an unusable password.

A person who can change a staff account could sign in as it, and a person who can grant permissions
could grant them to themselves.  So only superusers may change

    fields                                       of
    -------------------------------------------  ----------------------------
    staff flags, groups, permissions             anyone
    address, Discord id, password, active        staff, including themselves
    the permissions of a permission group        -

and delete a staff account.
"""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse

from cohorts.admin_base.base import ChangesForm, ProtectedAdmin, ReadOnlyAdmin, ZoneSelect
from cohorts.models import RefusedSignIn, User

RIGHTS = ("is_staff", "is_superuser", "groups", "user_permissions")
ACCOUNT = ("email", "discord_id", "is_active")


def may_change_account(request: HttpRequest, person: User | None) -> bool:
    """Return whether the user may change this person's address, Discord id and password."""
    return bool(request.user.is_superuser) or person is None or not person.is_privileged


class PersonAddForm(AdminUserCreationForm):
    class Meta:
        model = User
        fields = ["email", "name"]


class PersonChangeForm(ChangesForm, UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"
        widgets = {"timezone": ZoneSelect}


@admin.register(User)
class UserAdmin(ProtectedAdmin, DjangoUserAdmin):
    form = PersonChangeForm
    add_form = PersonAddForm
    list_display = ["name", "nickname", "email", "discord_id", "discord_name", "is_staff"]
    list_filter = [
        "is_staff",
        "is_superuser",
        "is_active",
        ("discord_id", admin.EmptyFieldListFilter),
    ]
    search_fields = ["email", "name", "nickname", "discord_name", "discord_id__exact"]
    search_help_text = "Name, nickname, e-mail, Discord name or Discord ID"
    ordering = ["name", "pk"]
    fieldsets = [
        (None, {"fields": ["name", "nickname", "email", "password"]}),
        ("Discord", {"fields": ["discord_id", "discord_name"]}),
        ("Preferences", {"fields": ["timezone", "wants_email", "wants_discord"]}),
        (
            "Permissions",
            {
                "fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"],
                "classes": ["collapse"],
            },
        ),
        ("Dates", {"fields": ["last_login", "date_joined"], "classes": ["collapse"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["email", "name", "discord_id", "timezone"]}),
        ("Password", {"fields": ["usable_password", "password1", "password2"]}),
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        fixed = ["last_login", "date_joined"]
        if not request.user.is_superuser:
            fixed += RIGHTS
        if not may_change_account(request, obj):
            fixed += ACCOUNT
        return fixed

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Hide the password field from users who may not set the password."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or self._may_set_password(request, obj):
            return fieldsets
        return [
            (title, {**each, "fields": [name for name in each["fields"] if name != "password"]})
            for title, each in fieldsets
        ]

    def _may_set_password(self, request: HttpRequest, person: User | None) -> bool:
        return self.has_change_permission(request, person) and may_change_account(request, person)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Django's page also needs the permission to change people."""
        return super().has_add_permission(request) and self.has_change_permission(request)

    def user_change_password(
        self,
        request: HttpRequest,
        id: str,  # noqa: A002 - Django's name
        form_url: str = "",
    ) -> HttpResponse:
        if not self._may_set_password(request, self.get_object(request, unquote(id))):
            raise PermissionDenied
        return super().user_change_password(request, id, form_url)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return may_change_account(request, obj) and super().has_delete_permission(request, obj)

    def get_deleted_objects(self, objs: Iterable[User], request: HttpRequest) -> Any:
        """Report staff accounts in a bulk deletion as objects that may not be deleted."""
        found, counts, lacking, protected = super().get_deleted_objects(objs, request)
        if not all(may_change_account(request, person) for person in objs):
            lacking = {*lacking, "staff account"}
        return found, counts, lacking, protected


admin.site.unregister(Group)


@admin.register(Group)
class PermissionGroupAdmin(ProtectedAdmin, DjangoGroupAdmin):
    """Permission groups, which only superusers may change."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)


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
