"""The groups' voice channels as meeting venues."""

from collections.abc import Collection

from django.conf import settings

from discordsync.models import DiscordObject
from meetings.registries import Venue


def find_voice_channels(group_ids: Collection[int]) -> dict[int, Venue]:
    channels = DiscordObject.objects.filter(
        group__in=group_ids,
        kind=DiscordObject.Kind.VOICE_CHANNEL,
        outside_id__isnull=False,
        gone_at__isnull=True,
    )
    return {
        channel.group_id: Venue(
            name=f"the voice channel “{channel}” on Discord",
            url=f"https://discord.com/channels/{settings.DISCORD_GUILD_ID}/{channel.outside_id}",
            channel_id=channel.outside_id,
        )
        for channel in channels
        if channel.group_id
    }
