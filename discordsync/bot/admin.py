"""Admin of the bot: its processes, and who joined or left the server.  `BotReply` is not
registered, because its rows contain tokens."""

from django.contrib import admin

from cohorts.admin_base.base import ReadOnlyAdmin
from discordsync.bot.models import BotHeartbeat, GuildMembership


@admin.register(BotHeartbeat)
class BotHeartbeatAdmin(ReadOnlyAdmin):
    list_display = ["name", "started_at", "last_seen_at", "issue"]


@admin.register(GuildMembership)
class GuildMembershipAdmin(ReadOnlyAdmin):
    list_display = ["user", "joined_at", "left_at"]
    list_select_related = ["user"]
    list_filter = [("left_at", admin.EmptyFieldListFilter)]
    search_fields = ["user__name", "user__nickname", "user__email"]
