"""The list of faults: which calls each one affects, and how often it has."""

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from lens.sandbox.bodies import would_write
from lens.sandbox.faults.kinds import KINDS, Kind, Phase
from lens.sandbox.journal import Call
from lens.sandbox.limit_rules import names_any
from lens.sandbox.service import Service

MATCH_KEYS = {"service", "method", "path", "body", "wrote"}
COUNT_KEYS = {"nth", "every", "times"}


@dataclass(slots=True)
class Fault:
    """One fault, for the calls that it matches.

    `matched` counts the calls that match, `hits` those that were affected.
    """

    kind: Kind
    given: dict[str, Any]
    path: re.Pattern[str]
    method: re.Pattern[str]
    matched: int = 0
    hits: int = 0
    cleared: asyncio.Event = field(default_factory=asyncio.Event)

    def hit(self, call: Call) -> bool:
        """Return whether this call is affected, and count it in either case."""
        if not self._matches(call):
            return False
        self.matched += 1
        if not self._due():
            return False
        self.hits += 1
        return True

    def _matches(self, call: Call) -> bool:
        given = self.given
        return (
            given.get("service") in (None, call.service)
            and bool(self.method.fullmatch(call.method))
            and bool(self.path.search(call.path))
            and ("body" not in given or names_all(call.body, given["body"]))
            and given.get("wrote") in (None, self._writes(call))
        )

    def _writes(self, call: Call) -> bool:
        """Return whether the call changed something; before the effect, whether it asks to."""
        if self.kind.phase is Phase.AFTER:
            return call.wrote
        return would_write(call.method, call.raw_body, call.content_type or "")

    def _due(self) -> bool:
        given = self.given
        return (
            self.matched == given.get("nth", self.matched)
            and self.matched % given.get("every", 1) == 0
            and self.hits < given.get("times", self.hits + 1)
        )

    def describe(self) -> dict[str, Any]:
        return {**self.given, "matched": self.matched, "hits": self.hits}


class Faults:
    """The active faults. In each phase, the first one that produces an answer wins."""

    def __init__(self, services: Sequence[Service]) -> None:
        self._services = services
        self._faults: list[Fault] = []

    def replace(self, body: Any) -> None:
        """Replace the list, and release the calls that the old one holds.

        Raises ValueError with a sentence; then the old list stays.
        """
        if not isinstance(body, list):
            raise ValueError("Send a list of faults. An empty list clears them.")
        faults = [parse_fault(data, number) for number, data in enumerate(body, start=1)]
        for number, fault in enumerate(faults, start=1):
            self._check_names(fault.given, number)
        for old in self._faults:
            old.cleared.set()
        self._faults = faults

    def _check_names(self, given: dict[str, Any], number: int) -> None:
        service, control = given.get("service"), given.get("control")
        candidates = [each for each in self._services if service in (None, each.name)]
        if not candidates:
            names = " or ".join(f"“{each.name}”" for each in self._services)
            raise ValueError(f"Fault {number}: “service” must be {names}; it is {service!r}.")
        if control is not None and not any(control in each.controls for each in candidates):
            raise ValueError(f"Fault {number}: there is no control “{control}”.")

    def hitting(self, call: Call, phase: Phase) -> Iterator[Fault]:
        """Yield the faults of a phase that affect this call.

        Each is counted when it is requested.
        """
        return (f for f in list(self._faults) if f.kind.phase is phase and f.hit(call))

    def describe(self) -> list[dict[str, Any]]:
        return [fault.describe() for fault in self._faults]


def names_all(body: Any, keys: list[str]) -> bool:
    return isinstance(body, dict) and all(names_any(body, [key]) for key in keys)


def parse_fault(data: Any, number: int) -> Fault:
    """Read a fault from JSON; raise ValueError with a sentence that names its position."""
    try:
        return _parse(data)
    except ValueError as error:
        raise ValueError(f"Fault {number}: {error}") from None


def _parse(data: Any) -> Fault:
    if not isinstance(data, dict):
        raise ValueError("it must be an object.")
    kind = KINDS.get(data.get("kind", ""))
    if kind is None:
        raise ValueError(f"“kind” must be one of {', '.join(KINDS)}.")
    allowed = MATCH_KEYS | COUNT_KEYS | kind.needs | kind.may | {"kind"}
    if unknown := set(data) - allowed:
        raise ValueError(f"{name_keys(unknown)} not allowed here. Allowed: {name_keys(allowed)}.")
    if missing := kind.needs - set(data):
        raise ValueError(f"“{data['kind']}” needs {name_keys(missing)}.")
    for key, value in data.items():
        if key in CHECKS and not CHECKS[key][0](value):
            raise ValueError(f"“{key}” must be {CHECKS[key][1]}; it is {value!r}.")
    path = compile_pattern("path", data.get("path", ""))
    method = compile_pattern("method", data.get("method", ".*"))
    return Fault(kind=kind, given=data, path=path, method=method)


def name_keys(keys: set[str] | frozenset[str]) -> str:
    return ", ".join(f"“{key}”" for key in sorted(keys))


def compile_pattern(key: str, text: str) -> re.Pattern[str]:
    try:
        return re.compile(text, re.IGNORECASE if key == "method" else 0)
    except re.error as error:
        raise ValueError(f"“{key}” is not a regular expression: {error}.") from None


def is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def is_seconds(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def is_text(value: Any) -> bool:
    return isinstance(value, str)


CHECKS = {
    "service": (is_text, "a text"),
    "method": (is_text, "a text"),
    "path": (is_text, "a text"),
    "body": (lambda v: isinstance(v, list) and all(map(is_text, v)), "a list of names"),
    "wrote": (lambda v: isinstance(v, bool), "true or false"),
    "nth": (is_count, "a number from 1"),
    "every": (is_count, "a number from 1"),
    "times": (is_count, "a number from 1"),
    "status": (lambda v: is_count(v) and 400 <= v <= 599, "a status from 400 to 599"),
    "retry_after": (is_seconds, "a number of seconds"),
    "message": (is_text, "a text"),
    "seconds": (is_seconds, "a number of seconds"),
    "control": (is_text, "the name of a control"),
    "form": (lambda v: v in ("html", "cut"), "“html” or “cut”"),
    "keep": (lambda v: is_seconds(v) and v < 1, "a fraction from 0 to below 1"),
}
