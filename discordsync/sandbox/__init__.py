"""A local replacement for Discord: one guild, served through Discord's own REST API."""

from discordsync.sandbox.discord_service import DiscordSandbox

__all__ = ["DiscordSandbox"]
