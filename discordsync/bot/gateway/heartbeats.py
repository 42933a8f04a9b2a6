"""Heartbeats of the bot, in the database's time, as for workers."""

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now

from cohorts.reconcile.status_text import Level, SyncStatus, describe_issue
from cohorts.reconcile.workers.health_checks import HealthCheck
from discordsync.bot.models import BotHeartbeat

EVERY = 20.0  # seconds
CONNECTED_WITHIN = timedelta(seconds=90)
KEEP = timedelta(days=7)


def record_heartbeat(name: str) -> None:
    """Record that the bot is connected to the gateway now."""
    BotHeartbeat.objects.update_or_create(name=name, defaults={"last_seen_at": Now(), "issue": ""})


def record_issue(name: str, issue: str) -> None:
    """Record why the bot cannot connect; `issue` is a code of discordsync.issues."""
    BotHeartbeat.objects.update_or_create(name=name, defaults={"issue": issue})


def record_commands_issue(name: str, issue: str) -> None:
    """Record why Discord refuses its commands: "" or a code of discordsync.issues."""
    BotHeartbeat.objects.update_or_create(name=name, defaults={"commands_issue": issue})


def delete(name: str) -> None:
    """Delete the row of a bot that ended normally.  One that failed keeps it, for staff to read."""
    BotHeartbeat.objects.filter(name=name, issue="").delete()


def delete_old() -> None:
    BotHeartbeat.objects.filter(started_at__lt=Now() - KEEP).exclude(
        last_seen_at__gte=Now() - KEEP
    ).delete()


def is_bot_connected() -> bool:
    """Return whether a bot was connected within 90 seconds."""
    return BotHeartbeat.objects.filter(last_seen_at__gte=Now() - CONNECTED_WITHIN).exists()


def find_commands_issue() -> str:
    """Return why no one can use the connected bots' commands, or ""."""
    connected = BotHeartbeat.objects.filter(last_seen_at__gte=Now() - CONNECTED_WITHIN)
    return choose_commands_issue(connected.values_list("commands_issue", flat=True))


def choose_commands_issue(codes: Iterable[str]) -> str:
    """Return "" if one bot's commands can be used."""
    found = set(codes)
    return "" if "" in found else min(found, default="")


def describe_bot() -> HealthCheck | None:
    """Return the bot's status for the staff start page; None if Discord is off.  One query."""
    if not (settings.DISCORD_BOT_TOKEN and settings.DISCORD_GUILD_ID):
        return None
    recent = Q(last_seen_at__gte=Now() - CONNECTED_WITHIN)
    newest = list(
        BotHeartbeat.objects.annotate(connected=recent).order_by("-connected", "-started_at")[:10]
    )
    last_seen_at = max((row.last_seen_at for row in newest if row.last_seen_at), default=None)
    connected = [row for row in newest if row.connected]
    if connected:
        code = choose_commands_issue(row.commands_issue for row in connected)
        status = describe_issue(code) if code else SyncStatus(Level.FINE, "Listening.")
    else:
        status = describe_issue((newest and newest[0].issue) or "bot_silent")
    return HealthCheck("Discord bot", status, last_seen_at)
