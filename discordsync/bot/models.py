"""The bot's tables: its heartbeat, its pending answers, and who joined or left the server."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class BotHeartbeat(models.Model):
    """One process of the bot, with the time at which it was last connected to the gateway."""

    name = models.CharField(primary_key=True, max_length=120)  # host, process id, a random part
    started_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField("last seen", null=True, blank=True)
    # Why it is not connected: a code of discordsync.issues, or "".
    issue = models.CharField("problem", max_length=40, blank=True)
    # Why Discord refuses its commands while everything else works: such a code, or "".
    commands_issue = models.CharField("problem with commands", max_length=40, blank=True)

    class Meta:
        verbose_name = "bot process"
        verbose_name_plural = "bot processes"
        ordering = ["-started_at"]

    def __str__(self) -> str:
        return self.name


class BotReply(models.Model):
    """A pending answer of the bot.  Deleted once nothing is left to show.

    Anyone with the token can write this one answer for 15 minutes, so it is never shown.
    """

    interaction_id = models.BigIntegerField(primary_key=True)  # deduplicates repeated events
    application_id = models.BigIntegerField()
    token = models.CharField(max_length=400)
    channel_id = models.BigIntegerField(null=True)
    # The asker: Discord's id, the name there, and whether an administrator of the server.
    discord_id = models.BigIntegerField()
    asker_name = models.CharField(max_length=80)
    is_admin = models.BooleanField(default=False)
    request = models.JSONField()  # [verb, argument, …]
    requested_at = models.DateTimeField(default=timezone.now)
    # No other process takes it before this time.  All times here are real.
    next_at = models.DateTimeField(db_index=True)
    shown_digest = models.CharField(max_length=64, blank=True)  # a digest of the text shown now

    class Meta:
        verbose_name = "pending reply"
        verbose_name_plural = "pending replies"
        ordering = ["requested_at"]

    def __str__(self) -> str:
        return f"{self.request[0]} for {self.asker_name}"


class GuildMembership(models.Model):
    """When a person in our database joined or left the server, as the bot saw it.

    Shown to staff only.  A provider's own observation decides who is in the server.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="guild_membership"
    )
    joined_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "server membership"
        verbose_name_plural = "server memberships"
        ordering = ["-joined_at"]

    def __str__(self) -> str:
        return f"{self.user}, since {self.joined_at:%Y-%m-%d}"
