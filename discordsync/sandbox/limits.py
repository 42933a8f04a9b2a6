"""Discord's rate limits: the numbers, as far as they are known, the headers and the refusals.

Discord documents 50 requests a second for a bot and the ban for too many refused requests. It
publishes no numbers per route and forbids relying on any. The numbers below were observed, so that
clients have something to obey.
"""

import hashlib
import math
import time
from typing import Any

from aiohttp import web

from discordsync.sandbox.errors import respond

KNOWN_LIMITS: dict[str, Any] = {
    "global": [50, 1],
    "refused": [10_000, 600],
    "rules": [
        # Not announced in headers: a client only learns of it when it is refused.
        {
            "name": "name or topic changes of one channel",
            "method": "PATCH",
            "path": r"^/channels/(\d+)$",
            "body": ["name", "topic"],
            "limit": 2,
            "window": 600,
            "announced": False,
        },
        {
            "name": "new roles in 2 days",
            "method": "POST",
            "path": r"^/guilds/(\d+)/roles$",
            "limit": 250,
            "window": 172_800,
        },
        {
            "name": "changes of one channel",
            "method": "PATCH",
            "path": r"^/channels/(\d+)$",
            "limit": 10,
            "window": 15,
        },
        {
            "name": "roles of members",
            "path": r"^/guilds/(\d+)/members/\d+/roles/",
            "limit": 10,
            "window": 10,
        },
        {
            "name": "new channels",
            "method": "POST",
            "path": r"^/guilds/(\d+)/channels$",
            "limit": 10,
            "window": 10,
        },
        {
            "name": "scheduled events",
            "path": r"^/guilds/(\d+)/scheduled-events",
            "limit": 5,
            "window": 60,
        },
        {
            "name": "messages in one channel",
            "method": "POST",
            "path": r"^/channels/(\d+)/messages$",
            "limit": 5,
            "window": 5,
        },
        {
            "name": "reading",
            "method": "GET",
            "path": r"^/(?:guilds|channels)/(\d+)",
            "limit": 50,
            "window": 10,
        },
    ],
}


def limit_headers(rule: str, limit: int, left: int, resets_after: float) -> dict[str, str]:
    """Return the headers with the state of a route's bucket."""
    return {
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(left),
        "X-RateLimit-Reset": f"{time.time() + resets_after:.3f}",
        "X-RateLimit-Reset-After": f"{resets_after:.3f}",
        "X-RateLimit-Bucket": hashlib.sha256(rule.encode()).hexdigest()[:32],
    }


def limit_response(limit: str, retry_after: float) -> web.Response:
    """Return the refusal of a route or of all calls; for "ban" that of the proxy before Discord."""
    if limit == "ban":
        return web.Response(
            status=429,
            body=b"error code: 1015",
            content_type="text/plain",
            headers={"Retry-After": str(max(1, math.ceil(retry_after)))},
        )
    everywhere = limit == "global"
    # Rounded up, so that a client that waits exactly this long finds the window open.
    wait = math.ceil(retry_after * 1000) / 1000
    headers = {
        "Retry-After": str(max(1, math.ceil(wait))),
        # Without Via, a client considers a 429 a ban and gives up at once.
        "Via": "1.1 google",
        "X-RateLimit-Scope": "global" if everywhere else "user",
    }
    if everywhere:
        headers["X-RateLimit-Global"] = "true"
    body = {"message": "You are being rate limited.", "retry_after": wait, "global": everywhere}
    return respond(429, body, headers)
