from discordsync.admin import discord_objects  # noqa: F401
