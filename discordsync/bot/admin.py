"""The bot as staff see it: whether it is heard, and who came and went.  Replies owed hold tokens
and are shown nowhere."""

from __future__ import annotations

from django.contrib import admin

from cohorts.admin.base import ReadOnlyAdmin
from discordsync.bot.models import BotHeartbeat, GuildStay


@admin.register(BotHeartbeat)
class BotHeartbeatAdmin(ReadOnlyAdmin):
    list_display = ["name", "started_at", "heard_at", "trouble"]


@admin.register(GuildStay)
class GuildStayAdmin(ReadOnlyAdmin):
    list_display = ["user", "joined_at", "left_at"]
    list_select_related = ["user"]
    list_filter = [("left_at", admin.EmptyFieldListFilter)]
    search_fields = ["user__name", "user__nickname", "user__email"]
