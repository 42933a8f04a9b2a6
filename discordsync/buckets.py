"""Rate-limit buckets that are used as long as calls are left in them.

discord.py raises RateLimited as soon as a bucket's reset is further away than
`max_ratelimit_timeout`, also while the bucket has calls left.  Discord's bucket for new roles is
reset after more than a day, so that one role a day could be made.
"""

from __future__ import annotations

from discord.errors import RateLimited
from discord.http import HTTPClient, Ratelimit


class Bucket(Ratelimit):
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
        next call is refused here and not by Discord; discord.py would take it for a full one."""
        if self._pending_requests or not self._is_reset_far_away():
            await super()._refresh()

    def _is_reset_far_away(self) -> bool:
        longest = self._max_ratelimit_timeout
        return bool(longest and self.expires and self.expires - self._loop.time() > longest)

    def _wake(self, count: int = 1, *, exception: RateLimited | None = None) -> None:
        """Calls that wait look at the bucket again themselves; nobody would read the exception."""
        super()._wake(count)


class PatientHTTPClient(HTTPClient):
    def get_ratelimit(self, key: str) -> Ratelimit:
        if key not in self._buckets:
            self._buckets[key] = Bucket(self.max_ratelimit_timeout)
        return super().get_ratelimit(key)
