"""Rate limits like those of the two services. They are off until they are requested."""

import hashlib
import json
import math
import re
import time
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from lens.sandbox.bodies import inner_methods
from lens.sandbox.journal import Call
from lens.sandbox.limits.known_limits import DEFAULTS
from lens.sandbox.limits.windows import Rule, Window, parse_pair, parse_rule
from lens.sandbox.service import Service

LIMITS_KEYS = {"global", "rules", "refused"}
REFUSALS = frozenset({401, 403, 429})
VERSION_PREFIX = re.compile(r"^/api(/v\d+)?(?=/)")


@dataclass(slots=True)
class Verdict:
    """The result of the limits for a call: headers for its answer, or a refusal."""

    headers: dict[str, str] = field(default_factory=dict)
    refusal: web.Response | None = None


class ServiceLimits:
    """One service's rules and its open windows."""

    def __init__(self, data: Any, scale: float) -> None:
        if not isinstance(data, dict) or set(data) - LIMITS_KEYS:
            raise ValueError(
                f"A service's limits can have {', '.join(sorted(LIMITS_KEYS))}, not {data}."
            )
        if not isinstance(data.get("rules", []), list):
            raise ValueError(f"“rules” must be a list; it is {data['rules']}.")
        self.everything = parse_window(data.get("global"), "global", scale)
        self.refused = parse_window(data.get("refused"), "refused", scale)
        self.rules = [parse_rule(rule, scale) for rule in data.get("rules", [])]
        self._windows: dict[tuple[Any, ...], Window] = {}

    def find(self, call: Call) -> list[tuple[Rule, Window]]:
        """Return the rules that apply to a call, each with the window that counts it."""
        path = VERSION_PREFIX.sub("", call.path)
        keyed = [(rule, key) for rule in self.rules if (key := rule.key(call, path))]
        return [(rule, self._window(rule, key)) for rule, key in keyed]

    def _window(self, rule: Rule, key: tuple[Any, ...]) -> Window:
        return self._windows.setdefault(key, Window(rule.limit, rule.window, rule.spent))

    def describe(self) -> dict[str, Any]:
        rules = [
            {"name": r.name, "limit": r.limit, "window": r.window, "announced": r.announced}
            for r in self.rules
        ]
        shown: dict[str, Any] = {"rules": rules}
        for name, window in (("global", self.everything), ("refused", self.refused)):
            shown[name] = [window.limit, window.seconds] if window else None
        return shown


class Limits:
    """The limits of all services. Windows use real time, because clients really wait."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.scale = 1.0
        self.refused_calls: dict[str, int] = {}
        self._services: dict[str, ServiceLimits] = {}

    def set(self, body: Any) -> None:
        """Apply `{"discord": true or rules, "google": …, "scale": 0.01}`.

        Services not named are off.

        `scale` multiplies every window. Raises ValueError with a sentence.
        """
        if not isinstance(body, dict) or (unknown := set(body) - {*DEFAULTS, "scale"}):
            extra = f", not {', '.join(sorted(unknown))}" if isinstance(body, dict) else ""
            raise ValueError(
                f"Limits can be set for {' and '.join(DEFAULTS)}, with a “scale”{extra}."
            )
        scale = body.get("scale", 1.0)
        if isinstance(scale, bool) or not isinstance(scale, int | float) or scale <= 0:
            raise ValueError(f"“scale” must be a number above 0; it is {scale!r}.")
        services = {
            name: ServiceLimits(default if body[name] is True else body[name], scale)
            for name, default in DEFAULTS.items()
            if body.get(name)
        }
        self.scale, self._services = float(scale), services

    def describe(self) -> dict[str, Any]:
        return {
            "scale": self.scale,
            "refused_calls": self.refused_calls,
            **{name: limits.describe() for name, limits in self._services.items()},
        }

    def check(self, call: Call, service: Service) -> Verdict:
        """Count a call in its windows. The verdict refuses it if one of them is full."""
        limits = self._services.get(service.name)
        if limits is None:
            return Verdict()
        check = check_discord if service.name == "discord" else check_google
        return check(limits, call, service)

    def note_answer(self, call: Call) -> None:
        """Count refusing answers. After too many of them, the service refuses all calls."""
        if call.status not in REFUSALS:
            return
        self.refused_calls[call.service] = self.refused_calls.get(call.service, 0) + 1
        limits = self._services.get(call.service)
        if limits and limits.refused:
            limits.refused.take()


def parse_window(data: Any, what: str, scale: float) -> Window | None:
    if data is None:
        return None
    limit, seconds = parse_pair(data, what)
    return Window(limit, seconds * scale)


def check_discord(limits: ServiceLimits, call: Call, service: Service) -> Verdict:
    """Apply ban, global limit and route buckets, in the order in which a request meets them."""
    del service  # unused: the ban and the buckets' headers are not part of a service's API
    if limits.refused and not limits.refused.left():
        return Verdict(refusal=banned(limits.refused.resets_after()))
    if limits.everything:
        if not limits.everything.left():
            return Verdict(refusal=refuse_globally(limits.everything.resets_after()))
        limits.everything.take()
    found = limits.find(call)
    full = [window for _, window in found if not window.left()]
    if not full:
        for _, window in found:
            window.take()
    headers = announce(found)
    if full:
        return Verdict(refusal=refuse_route(max(w.resets_after() for w in full), headers))
    return Verdict(headers=headers)


def check_google(limits: ServiceLimits, call: Call, service: Service) -> Verdict:
    """Apply the quotas. A batch counts as many calls as it has parts."""
    cost = len(inner_methods(call.raw_body, call.content_type or "")) or 1
    windows = [window for _, window in limits.find(call)]
    if limits.everything:
        windows.append(limits.everything)
    if any(window.left() < cost for window in windows):
        refusal = service.fault_response(
            403, code="rateLimitExceeded", message="Rate Limit Exceeded"
        )
        return Verdict(refusal=refusal)
    for window in windows:
        window.take(cost)
    return Verdict()


def announce(found: list[tuple[Rule, Window]]) -> dict[str, str]:
    """Return the headers with a bucket's state, for the first announced rule only."""
    for rule, window in found:
        if rule.announced:
            after = window.resets_after()
            return {
                "X-RateLimit-Limit": str(rule.limit),
                "X-RateLimit-Remaining": str(window.left()),
                "X-RateLimit-Reset": f"{time.time() + after:.3f}",
                "X-RateLimit-Reset-After": f"{after:.3f}",
                "X-RateLimit-Bucket": hashlib.sha256(rule.name.encode()).hexdigest()[:32],
            }
    return {}


def refuse_route(after: float, headers: dict[str, str]) -> web.Response:
    return too_many(after, headers | {"X-RateLimit-Scope": "user"}, everywhere=False)


def refuse_globally(after: float) -> web.Response:
    headers = {"X-RateLimit-Global": "true", "X-RateLimit-Scope": "global"}
    return too_many(after, headers, everywhere=True)


def too_many(after: float, headers: dict[str, str], *, everywhere: bool) -> web.Response:
    """Return Discord's refusal. Without Via, a client considers it a ban and gives up at once."""
    # Rounded up, so that a client that waits exactly this long finds the window open.
    wait = math.ceil(after * 1000) / 1000
    body = {"message": "You are being rate limited.", "retry_after": wait, "global": everywhere}
    return web.Response(
        status=429,
        body=json.dumps(body).encode(),
        content_type="application/json",
        headers=headers | {"Retry-After": str(max(1, math.ceil(wait))), "Via": "1.1 google"},
    )


def banned(after: float) -> web.Response:
    """Return the answer of the proxy in front of Discord after too many refused requests."""
    return web.Response(
        status=429,
        body=b"error code: 1015",
        content_type="text/plain",
        headers={"Retry-After": str(max(1, math.ceil(after)))},
    )
