"""The rate limits of each service, as far as they are known.

Discord documents 50 requests a second for a bot and the ban for too many refused requests. It
publishes no numbers per route and forbids relying on any. The numbers below were observed, so that
clients have something to obey. Google documents its quotas per minute.
"""

from typing import Any

DISCORD: dict[str, Any] = {
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

GOOGLE: dict[str, Any] = {"global": [600, 60], "rules": []}

DEFAULTS = {"discord": DISCORD, "google": GOOGLE}
