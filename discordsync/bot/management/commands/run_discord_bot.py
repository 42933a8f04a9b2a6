"""`manage.py run_discord_bot`: run the bot on Discord's gateway."""

import asyncio
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from discordsync.bot.gateway.running import BotCannotRun, run


class Command(BaseCommand):
    help = (
        "Run the Discord bot: it responds to commands and buttons, and notices changes in Discord "
        "at once. One process is enough. Without it, changes are noticed once an hour."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if not (settings.DISCORD_BOT_TOKEN and settings.DISCORD_GUILD_ID):
            raise CommandError(
                "Discord is not configured. Set DISCORD_BOT_TOKEN and DISCORD_GUILD_ID "
                "(docs/operations.md)."
            )
        try:
            asyncio.run(run())
        except BotCannotRun as error:
            raise CommandError(str(error)) from None
