"""People.  A staff member sets a password or leaves it unusable, as for most learners."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm

from cohorts.admin.base import KeepingAdmin, ZoneSelect
from cohorts.models import User


class PersonAddForm(AdminUserCreationForm):
    class Meta:
        model = User
        fields = ["email", "name"]


class PersonForm(UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"
        widgets = {"timezone": ZoneSelect}


@admin.register(User)
class UserAdmin(KeepingAdmin, DjangoUserAdmin):
    form = PersonForm
    add_form = PersonAddForm
    list_display = ["name", "nickname", "email", "discord_id", "discord_name", "is_staff"]
    list_filter = [
        "is_staff",
        "is_superuser",
        "is_active",
        ("discord_id", admin.EmptyFieldListFilter),
    ]
    search_fields = ["email", "name", "nickname", "discord_name", "discord_id__exact"]
    search_help_text = "Name, nickname, e-mail in any case, Discord name or Discord id"
    ordering = ["name", "pk"]
    readonly_fields = ["last_login", "date_joined"]
    fieldsets = [
        (None, {"fields": ["name", "nickname", "email", "password"]}),
        ("Discord", {"fields": ["discord_id", "discord_name"]}),
        ("Choices", {"fields": ["timezone", "wants_email", "wants_discord"]}),
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
