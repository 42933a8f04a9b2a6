"""What Discord offers for `verify_services`."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from django.conf import settings

from cohorts.reconcile.verify.experiments import Verification
from discordsync.verify import guild_probes, message_probes
from discordsync.verify.scratch_guild import VerifiedGuild, remove

UNTRIED = {
    "it would use up the server's limits.": ("A-D02", "A-D39"),
    "it could lock the bot out of a channel.": ("A-D05",),
    "it needs a second account.": ("A-D07", "A-D12", "A-D22", "A-D43"),
    "it would send people direct messages.": ("A-D14", "A-D15"),
    "only a person in a browser can sign in.": ("A-D18", "A-D19", "A-D20", "A-D21", "A-D23"),
    "only the bot's connection shows it, and a second one would disturb it.": (
        *("A-D24", "A-D25", "A-D26", "A-D27", "A-D28", "A-D29", "A-D30", "A-D31"),
        "A-D42",
    ),
    "it needs an event outside voice channels, which Lens never creates.": ("A-D41",),
    "only a person can use the bot.": ("A-D33", "A-D34", "A-D35", "A-D36"),
    "Lens does not use it.": ("A-D37",),
    "the bot does not have the permission View Audit Log.": ("A-D40",),
}


@asynccontextmanager
async def connect_noticing(check: Callable[[], None]) -> AsyncIterator[VerifiedGuild]:
    """Yield a connection that keeps the headers of answers."""
    from discordsync.rest.client import connect

    headers: dict[tuple[str, str], Mapping[str, str]] = {}
    root = urlsplit(settings.DISCORD_API_BASE).path

    def notice(method: str, path: str, answered: Mapping[str, str]) -> None:
        headers[method, path.removeprefix(root)] = answered

    async with connect(check, notice) as client:
        yield VerifiedGuild(client, headers)


DISCORD_VERIFICATION = Verification(
    name="discord",
    experiments=(*guild_probes.EXPERIMENTS, *message_probes.EXPERIMENTS),
    slow=message_probes.SLOW,
    untried=UNTRIED,
    connect=connect_noticing,
    remove=remove,
)
