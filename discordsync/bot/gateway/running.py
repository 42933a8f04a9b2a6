"""Run the bot: connect, reconnect, shut down."""

import asyncio
import contextlib
import logging
import signal
import time

import aiohttp
import discord
from discord.http import Route
from django.conf import settings

from cohorts.reconcile.workers.this_worker import make_name
from discordsync.bot.gateway import heartbeats
from discordsync.bot.gateway.gateway_client import Bot
from discordsync.bot.gateway.threads import in_thread
from discordsync.issues import ISSUES

logger = logging.getLogger(__name__)

# Seconds between two attempts while Discord is down.  discord.py's own backoff grows to 17 minutes.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
GRACE = 5.0  # seconds for answers in progress at shutdown
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Gateway close codes that no retry can fix: the token, the privileged intents.
FATAL_CLOSE_CODES = {4004: "bad_token", 4014: "no_member_list"}


class BotCannotRun(Exception):
    """The bot needs a person to fix something; `code` is one of discordsync.issues."""

    def __init__(self, code: str) -> None:
        text = ISSUES[code]
        super().__init__(f"{text.sentence} {text.fix}")
        self.code = code


async def run() -> None:
    """Run until SIGINT, SIGTERM or SIGHUP; a second signal kills it.  Raises BotCannotRun."""
    stop = _make_stop_event()
    name = make_name()
    pause = FIRST_PAUSE
    while not stop.is_set():
        began = time.monotonic()
        try:
            await _run_client(name, stop)
        except BotCannotRun as error:
            await in_thread(heartbeats.record_issue, name, error.code)
            raise
        except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as error:
            logger.warning(
                "The connection to Discord was lost (%s); the bot reconnects", type(error).__name__
            )
        pause = FIRST_PAUSE if time.monotonic() - began > LONGEST_PAUSE else pause
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause)
        pause = min(pause * 2, LONGEST_PAUSE)
    await in_thread(heartbeats.delete, name)


def _make_stop_event() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop_once() -> None:
        stop.set()
        for number in STOP_SIGNALS:  # the second one has the default effect
            loop.remove_signal_handler(number)

    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, stop_once)
    return stop


async def _run_client(name: str, stop: asyncio.Event) -> None:
    """Run one client from login to its end.  Raises the error that ended it."""
    Route.BASE = settings.DISCORD_API_BASE
    bot = Bot(name)
    # discord.py resumes a session that reconnects at once; otherwise we start a new client.
    running = asyncio.create_task(bot.start(settings.DISCORD_BOT_TOKEN, reconnect=False))
    ending = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({running, ending}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
    except discord.LoginFailure:
        raise BotCannotRun("bad_token") from None
    except discord.ConnectionClosed as error:
        if error.code in FATAL_CLOSE_CODES:
            raise BotCannotRun(FATAL_CLOSE_CODES[error.code]) from None
        raise
    finally:
        ending.cancel()
        await bot.finish(GRACE)
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await running
