"""Rate-limit buckets that can be used as long as they have calls left.

discord.py raises RateLimited as soon as a bucket's reset is further away than
`max_ratelimit_timeout`, even while the bucket has calls left.  Discord's bucket for new roles
resets after more than a day, so that only one role a day could be created.
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
        next call fails here and not at Discord; discord.py would treat it as full."""
        if self._pending_requests or not self._is_reset_far_away():
            await super()._refresh()

    def _is_reset_far_away(self) -> bool:
        longest = self._max_ratelimit_timeout
        return bool(longest and self.expires and self.expires - self._loop.time() > longest)

    def _wake(self, count: int = 1, *, exception: RateLimited | None = None) -> None:
        """Wake waiting calls without the exception, since each checks the bucket again."""
        super()._wake(count)


class PatientHTTPClient(HTTPClient):
    def get_ratelimit(self, key: str) -> Ratelimit:
        if key not in self._buckets:
            self._buckets[key] = Bucket(self.max_ratelimit_timeout)
        return super().get_ratelimit(key)
