"""REST calls to Discord, with discord.py's HTTP client but without the gateway.

discord.py waits for short rate limits and keeps its buckets.  Four things differ here:

- A bucket is used as long as it has calls left (see `Bucket`).
- `check` runs where each request starts, so that a frozen worker that resumes starts none.
- A 5xx ends the call: discord.py would repeat even a POST, and create an object twice.
- Failures are raised as the errors of cohorts.reconcile.errors.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import discord
from discord.http import HTTPClient, Ratelimit, Route
from django.conf import settings

from cohorts.reconcile.errors import CallFailed, Conflict, Outage, RateLimited, Refused, Unclear
from cohorts.reconcile.values import IssueCode

READS = frozenset({"GET", "HEAD"})
PATIENCE = 30  # seconds: discord.py waits for rate limits up to this, its minimum
BAN_PAUSE = 600  # seconds, after a 429 from the proxy in front of Discord

REFUSALS = {
    10004: "wrong_guild",
    50001: "no_access",
    50013: "forbidden",
    30013: "guild_full",
    30005: "guild_full",
    30038: "guild_full",
    50007: "dm_closed",
    50278: "dm_closed",  # no server in common
    40003: "dm_too_fast",
    20026: "quarantined",
}
# Unknown channel, member, message, overwrite, role, user, event.
VANISHED = frozenset({10003, 10007, 10008, 10009, 10011, 10013, 10070})
TWO_FACTOR = 60003
PERSON_PAUSE = 300  # seconds between probes while every call fails until a person acts


Notice = Callable[[str, str, Mapping[str, str]], None]  # method, path and headers of a response


class DiscordClient:
    """The connection of one run.  `request` returns Discord's JSON."""

    def __init__(self, http: HTTPClient, guild_id: int, bot_id: int) -> None:
        self._http = http
        self.guild_id = guild_id
        self.bot_id = bot_id

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
        reason: str | None = None,
    ) -> Any:
        """Make one call and return its JSON.  Raises a CallFailed."""
        extra: dict[str, Any] = {"reason": reason}
        if body is not None:
            extra["json"] = dict(body)
        if params is not None:
            extra["params"] = dict(params)
        try:
            answer = await self._http.request(_route(method, path), **extra)
        except FAILURES as error:
            raise translate(error, writes=method not in READS) from None
        if not isinstance(answer, dict | list) and (answer or method in READS):
            raise unexpected_response(writes=method not in READS)
        return answer


@asynccontextmanager
async def connect(
    check: Callable[[], None], notice: Notice | None = None
) -> AsyncIterator[DiscordClient]:
    """Yield a client. `check` is called before each request, `notice` after each response."""
    Route.BASE = settings.DISCORD_API_BASE
    http = PatientHTTPClient(
        asyncio.get_running_loop(),
        http_trace=_trace(check, notice),
        max_ratelimit_timeout=PATIENCE,
    )
    try:
        try:
            me = await http.static_login(settings.DISCORD_BOT_TOKEN)
        except FAILURES as error:
            raise translate(error, writes=False) from None
        if not isinstance(me, dict):
            raise unexpected_response(writes=False)
        yield DiscordClient(http, settings.DISCORD_GUILD_ID or 0, int(me["id"]))
    finally:
        await http.close()


FAILURES = (discord.DiscordException, aiohttp.ClientError, OSError, ValueError)


def unexpected_response(*, writes: bool) -> CallFailed:
    """Return the error for a response whose content is not what Discord documents."""
    kind = Unclear if writes else Outage
    return kind("The response is not the expected JSON.", code="discord_answer")


def translate(error: Exception, *, writes: bool) -> CallFailed:
    """Return the CallFailed that describes a failed call to its caller."""
    match error:
        case discord.LoginFailure():
            return Outage("Discord does not accept the bot's token.", code="bad_token")
        case discord.RateLimited():
            return RateLimited(error.retry_after, "Discord asked Lens to wait.")
        case discord.HTTPException():
            return _translate_answer(error, writes=writes)
        case aiohttp.ClientConnectorError():
            return Outage("Discord cannot be reached.")  # nothing was sent
        case ValueError():  # no JSON, or half of it
            return unexpected_response(writes=writes)
        case _:
            said = f"The connection to Discord was lost ({type(error).__name__})."
            return Unclear(said) if writes else Outage(said)


def _translate_answer(error: discord.HTTPException, *, writes: bool) -> CallFailed:
    said = f"Discord returned {error.status}: {error.text[:200]}"
    if error.status == 429:
        return _translate_limit(error, said)
    if not error.response.headers.get("Content-Type", "").startswith("application/json"):
        return unexpected_response(writes=writes)  # the page of a proxy
    if error.code in VANISHED:
        return Conflict(said)
    if error.status >= 500:
        return Unclear(said) if writes else Outage(said)
    return _translate_refusal(error, said)


def _translate_refusal(error: discord.HTTPException, said: str) -> CallFailed:
    if error.status == 401:
        return Outage("Discord does not accept the bot's token.", code="bad_token")
    if error.code == TWO_FACTOR:
        return Outage(said, code="two_factor", after=PERSON_PAUSE)
    return Refused(said, code=REFUSALS.get(error.code, IssueCode.REFUSED))


def _translate_limit(error: discord.HTTPException, said: str) -> CallFailed:
    """Return the error of a 429: Discord's own, after several short waits, names Via."""
    headers = error.response.headers
    if "Via" in headers:
        return RateLimited(max(float(headers.get("Retry-After", 0)), PATIENCE), said)
    return Outage("Discord refused the request.", code="banned", after=BAN_PAUSE)


def _trace(check: Callable[[], None], notice: Notice | None) -> aiohttp.TraceConfig:
    trace = aiohttp.TraceConfig()

    async def start(*_: object) -> None:
        check()

    async def end(
        _session: object, _context: object, params: aiohttp.TraceRequestEndParams
    ) -> None:
        if notice:
            notice(params.method, params.url.path, params.response.headers)
        if params.response.status >= 500:
            said = f"Discord returned {params.response.status}."
            raise Outage(said) if params.method in READS else Unclear(said)

    trace.on_request_start.append(start)
    trace.on_request_end.append(end)
    return trace


def _route(method: str, path: str) -> Route:
    """Return discord.py's route, which keeps rate limits per path and major id (guild, channel)."""
    parts = path.strip("/").split("/")
    major = {"guilds": "guild_id", "channels": "channel_id"}.get(parts[0])
    if major is None:
        return Route(method, path)
    ids = {place: part for place, part in enumerate(parts) if part.isdecimal()}
    names = {place: major if place == 1 else f"minor{place}" for place in ids}
    for place, name in names.items():
        parts[place] = f"{{{name}}}"
    return Route(method, f"/{'/'.join(parts)}", **{names[place]: ids[place] for place in ids})


# -- rate limits -----------------------------------------------------------------------------


class Bucket(Ratelimit):
    """A rate-limit bucket that can be used as long as it has calls left.

    discord.py raises RateLimited as soon as a bucket's reset is further away than
    `max_ratelimit_timeout`, even while the bucket has calls left.  Discord's bucket for new roles
    resets after more than a day, so that only one role a day could be created.
    """

    __slots__ = ()

    async def acquire(self) -> None:
        """Take one call.  Raises RateLimited when none is left and the reset is far away."""
        if self.remaining <= 0 or self.is_expired():
            await super().acquire()
            return
        self._last_request = self._loop.time()
        self.remaining -= 1
        self.outgoing += 1

    async def _refresh(self) -> None:
        """Wait for the reset.  An empty bucket whose reset is far away stays empty, so that the
        next call fails here and not at Discord; discord.py would treat it as full."""
        if self._pending_requests or not self._is_reset_far_away():
            await super()._refresh()

    def _is_reset_far_away(self) -> bool:
        longest = self._max_ratelimit_timeout
        return bool(longest and self.expires and self.expires - self._loop.time() > longest)

    def _wake(self, count: int = 1, *, exception: discord.RateLimited | None = None) -> None:
        """Wake waiting calls without the exception, since each checks the bucket again."""
        super()._wake(count)


class PatientHTTPClient(HTTPClient):
    def get_ratelimit(self, key: str) -> Ratelimit:
        if key not in self._buckets:
            self._buckets[key] = Bucket(self.max_ratelimit_timeout)
        return super().get_ratelimit(key)
