"""A local stand-in for Discord: one guild, served over Discord's own REST API."""

from discordsync.sandbox.sandbox import DiscordSandbox

__all__ = ["DiscordSandbox"]
