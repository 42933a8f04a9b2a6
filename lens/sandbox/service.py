"""The interface of a service that the sandbox server mounts."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal, Protocol

from aiohttp import web

Control = Callable[[Any], Any]
# Acts on a form of the page and returns the page's fragment to show; raises ValueError with a
# sentence.
PageAction = Callable[[Mapping[str, str]], Awaitable[str]]
# Tests whether any of some texts matches the page's search.
Matches = Callable[..., bool]
# What refuses a call: too many refused calls before, the limit of all calls, or a rule.
Limit = Literal["ban", "global", "rule"]


class Service(Protocol):
    """One external service, held in memory.

    Its handlers do not await between reading and writing, so that a call has its whole effect or
    none.
    """

    @property
    def name(self) -> str:
        """The service's short name in the journal, in faults and in the control endpoints."""

    @property
    def title(self) -> str:
        """The service's name for people."""

    @property
    def identity(self) -> Mapping[str, str]:
        """What the service represents, such as {"account": its id}, for the state file."""

    @property
    def api_root(self) -> str:
        """The path under which the API is served."""

    @property
    def controls(self) -> Mapping[str, Control]:
        """What a person could do by hand, by name. Each raises ValueError with a sentence."""

    @property
    def shows(self) -> Mapping[str, Callable[[], Any]]:
        """Functions that return data in addition to the state, by name."""

    @property
    def known_limits(self) -> Mapping[str, Any]:
        """The known rate limits, as a POST to the control endpoint `limits` would set them."""

    def routes(self) -> Sequence[web.RouteDef]:
        """Return the endpoints, with absolute paths."""

    def owns(self, path: str) -> bool:
        """Return whether calls to this path belong to this service, even to unknown endpoints."""

    def advance(self) -> None:
        """Update everything that depends on time, by the clock that the service was given."""

    def dump(self) -> dict[str, Any]:
        """Return all state as JSON values; `load(dump())` changes nothing."""

    def load(self, data: dict[str, Any]) -> None:
        """Replace all state with a dump."""

    def reset(self) -> None:
        """Return to the initial, empty state."""

    def close_connections(self) -> None:
        """Close open connections, because the server is about to stop."""

    @property
    def page_template(self) -> str:
        """The template of this service's sections of the page."""

    @property
    def page_actions(self) -> Mapping[str, PageAction]:
        """The forms on the page, by the path that they are sent to."""

    def page(self, matches: Matches) -> Mapping[str, Any]:
        """Return the template's context: what a person would see and what matches the search."""

    def fault_response(
        self,
        status: int,
        *,
        retry_after: float | None = None,
        code: Any = None,
        message: str | None = None,
    ) -> web.Response:
        """Return an error with this status in the service's own form."""

    def limit_response(self, limit: Limit, retry_after: float) -> web.Response:
        """Return the refusal of a call that exceeds a rate limit, in the service's own form."""

    def limit_headers(
        self, rule: str, limit: int, left: int, resets_after: float
    ) -> Mapping[str, str]:
        """Return the headers that announce the state of a rule's window, if the service does so."""
