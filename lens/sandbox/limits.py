"""Rate limits like those of the services. They are off until they are requested."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from lens.sandbox.bodies import inner_methods
from lens.sandbox.journal import Call
from lens.sandbox.limit_rules import Rule, Window, parse_pair, parse_rule
from lens.sandbox.service import Service

LIMITS_KEYS = {"global", "rules", "refused"}
REFUSALS = frozenset({401, 403, 429})
VERSION_PREFIX = re.compile(r"^/api(/v\d+)?(?=/)")


@dataclass(slots=True)
class Verdict:
    """The result of the limits for a call: headers for its answer, and perhaps a refusal."""

    headers: Mapping[str, str] = field(default_factory=dict)
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

    def check(self, call: Call, service: Service) -> Verdict:
        """Count a call in its windows, or refuse it: by the ban, the global limit or a rule.

        A batch counts as many calls as it has parts.
        """
        cost = len(inner_methods(call.raw_body, call.content_type or "")) or 1
        if self.refused and not self.refused.left():
            return Verdict(refusal=service.limit_response("ban", self.refused.resets_after()))
        if self.everything:
            if self.everything.left() < cost:
                after = self.everything.resets_after()
                return Verdict(refusal=service.limit_response("global", after))
            self.everything.take(cost)
        found = self.find(call)
        full = [window for _, window in found if window.left() < cost]
        for _, window in [] if full else found:
            window.take(cost)
        verdict = Verdict(announce(found, service))
        if full:
            after = max(window.resets_after() for window in full)
            verdict.refusal = service.limit_response("rule", after)
        return verdict

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

    def __init__(self, services: Sequence[Service]) -> None:
        self._known = {service.name: service.known_limits for service in services}
        self.reset()

    def reset(self) -> None:
        self.scale = 1.0
        self.refused_calls: dict[str, int] = {}
        self._services: dict[str, ServiceLimits] = {}

    def set(self, body: Any) -> None:
        """Apply `{service: true or limits, …, "scale": 0.01}`; services not named have none.

        `true` means the known limits, and `scale` multiplies every window. Raises ValueError with
        a sentence.
        """
        if not isinstance(body, dict) or (unknown := set(body) - {*self._known, "scale"}):
            extra = f", not {', '.join(sorted(unknown))}" if isinstance(body, dict) else ""
            raise ValueError(
                f"Limits can be set for {' and '.join(self._known)}, with a “scale”{extra}."
            )
        scale = body.get("scale", 1.0)
        if isinstance(scale, bool) or not isinstance(scale, int | float) or scale <= 0:
            raise ValueError(f"“scale” must be a number above 0; it is {scale!r}.")
        services = {
            name: ServiceLimits(known if body[name] is True else body[name], scale)
            for name, known in self._known.items()
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
        return limits.check(call, service) if limits else Verdict()

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


def announce(found: list[tuple[Rule, Window]], service: Service) -> Mapping[str, str]:
    """Return the headers with a window's state, for the first announced rule only."""
    for rule, window in found:
        if rule.announced:
            return service.limit_headers(
                rule.name, rule.limit, window.left(), window.resets_after()
            )
    return {}
