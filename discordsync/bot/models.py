"""The bot's rows: whether it is heard, what it still has to answer, who came and went."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone


class BotHeartbeat(models.Model):
    """One process of the bot.  Heard as long as it is connected to Discord's gateway."""

    name = models.CharField(primary_key=True, max_length=120)  # host, process id, a random part
    started_at = models.DateTimeField(default=timezone.now)
    heard_at = models.DateTimeField(null=True, blank=True)
    # Why it is not connected: a code of discordsync.troubles, or "".
    trouble = models.CharField(max_length=40, blank=True)
    # Why Discord does not take its commands, while everything else works: such a code, or "".
    commands_trouble = models.CharField(max_length=40, blank=True)

    class Meta:
        verbose_name = "process of the bot"
        verbose_name_plural = "processes of the bot"
        ordering = ["-started_at"]

    def __str__(self) -> str:
        return self.name


class BotReply(models.Model):
    """An answer that the bot still owes.  Deleted once nothing more is to be shown.

    The token lets anybody write this one answer, for 15 minutes; it is shown nowhere.
    """

    interaction_id = models.BigIntegerField(primary_key=True)  # so that twice the same is once
    application_id = models.BigIntegerField()
    token = models.CharField(max_length=400)
    channel_id = models.BigIntegerField(null=True)
    # Who asked: Discord's id, the name there, whether an administrator of the server.
    discord_id = models.BigIntegerField()
    called = models.CharField(max_length=80)
    is_admin = models.BooleanField(default=False)
    ask = models.JSONField()  # [verb, argument, …]
    asked_at = models.DateTimeField(default=timezone.now)
    # Nobody else takes it up before; all times here are real.
    look_at = models.DateTimeField(db_index=True)
    shown = models.CharField(max_length=64, blank=True)  # a digest of what stands there

    class Meta:
        verbose_name = "reply owed"
        verbose_name_plural = "replies owed"
        ordering = ["asked_at"]

    def __str__(self) -> str:
        return f"{self.ask[0]} for {self.called}"


class GuildStay(models.Model):
    """Since when somebody of ours has been in the server, or when they left it, as the bot saw it.

    Nothing depends on it: who is there is what a mirror's own look finds.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="guild_stay"
    )
    joined_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "stay in the server"
        verbose_name_plural = "stays in the server"
        ordering = ["-joined_at"]

    def __str__(self) -> str:
        return f"{self.user}, since {self.joined_at:%Y-%m-%d}"
