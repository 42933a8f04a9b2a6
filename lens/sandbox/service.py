"""The interface of a service that the sandbox server mounts."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from aiohttp import web

Control = Callable[[Any], Any]


class Service(Protocol):
    """One external service, held in memory.

    Its handlers do not await between reading and writing, so that a call has its whole effect or
    none.
    """

    @property
    def name(self) -> str:
        """The service's short name in the journal, in faults and in the control endpoints."""

    @property
    def controls(self) -> Mapping[str, Control]:
        """What a person could do by hand, by name. Each raises ValueError with a sentence."""

    @property
    def shows(self) -> Mapping[str, Callable[[], Any]]:
        """Functions that return data in addition to the state, by name."""

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

    def view(self) -> dict[str, Any]:
        """Return the contents as a person would see them, for the page."""

    def fault_response(
        self,
        status: int,
        *,
        retry_after: float | None = None,
        code: Any = None,
        message: str | None = None,
    ) -> web.Response:
        """Return an error with this status in the service's own form."""
