"""Queries about our objects in Discord."""

from collections.abc import Callable, Collection
from datetime import datetime

from django.conf import settings
from django.db.models import QuerySet

from cohorts.models import Group, live_group
from cohorts.registries import Registry
from discordsync.models import DiscordObject
from meetings.registries import Venue

PROVIDER = "discord"
INFRASTRUCTURE = [
    DiscordObject.Kind.VOICE_CHANNEL,
    DiscordObject.Kind.TEXT_CHANNEL,
    DiscordObject.Kind.COHORT_CHANNEL,
    DiscordObject.Kind.ROLE,
    DiscordObject.Kind.CATEGORY,
]


def is_removable(group: Group, now: datetime) -> bool:
    """Return whether a group has ended and no one may read its channels any more."""
    return group.has_ended and not (group.archive and group.archive.is_open(now))


def recorded_infrastructure() -> QuerySet[DiscordObject]:
    """Return the records of everything that a removal can be about."""
    return DiscordObject.objects.filter(
        kind__in=INFRASTRUCTURE,
        outside_id__isnull=False,
        gone_at__isnull=True,
        released_at__isnull=True,
    )


def groups_with_remains(now: datetime) -> list[Group]:
    """Return the groups whose objects may be removed and still exist, by cohort."""
    groups = Group.objects.filter(discord_objects__in=recorded_infrastructure()).distinct()
    rows = groups.select_related("cohort__course").order_by("cohort", "pk")
    return [group for group in rows if is_removable(group, now)]


def groups_of(row: DiscordObject) -> list[int]:
    """Return the group of an object, or all groups that share it."""
    if row.group_id:
        return [row.group_id]
    return list(Group.objects.filter(cohort=row.cohort_id).values_list("pk", flat=True))


def live_groups_of(row: DiscordObject) -> list[int]:
    """Return the group of an object, or the live groups that share it."""
    if row.group_id:
        return [row.group_id]
    groups = Group.objects.filter(live_group(), cohort=row.cohort_id)
    return list(groups.values_list("pk", flat=True))


# -- the groups' channels --------------------------------------------------------------------------


def existing_channels(kind: str) -> QuerySet[DiscordObject]:
    """Return the groups' text or voice channels that, as far as we know, exist."""
    return DiscordObject.objects.filter(
        kind=kind, group__isnull=False, outside_id__isnull=False, gone_at__isnull=True
    )


def url_of(channel: DiscordObject) -> str:
    return f"https://discord.com/channels/{settings.DISCORD_GUILD_ID}/{channel.outside_id}"


def find_voice_channels(group_ids: Collection[int]) -> dict[int, Venue]:
    """Return the groups' voice channels as meeting venues, by group id."""
    channels = existing_channels(DiscordObject.Kind.VOICE_CHANNEL).filter(group__in=group_ids)
    return {
        channel.group_id: Venue(
            name=f"the voice channel “{channel}” on Discord",
            url=url_of(channel),
            channel_id=channel.outside_id,
        )
        for channel in channels
        if channel.group_id
    }


# -- the bot, without which the provider works too -------------------------------------------------

bot_checks: Registry[Callable[[], bool]] = Registry("checks whether a bot is connected")


def is_bot_connected() -> bool:
    return any(check() for check in bot_checks.values())
