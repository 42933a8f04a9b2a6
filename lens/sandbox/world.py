"""What the server asks of a world that it mounts."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from aiohttp import web

Control = Callable[[Any], Any]


class World(Protocol):
    """One outside service, held in memory.

    Its handlers do their work without awaiting between reading and writing, so that a call
    happens wholly or not at all.
    """

    @property
    def name(self) -> str:
        """The service's short name in the journal, in faults and in the control door."""

    @property
    def controls(self) -> Mapping[str, Control]:
        """What a person could do by hand, by name. Each raises ValueError with a sentence."""

    @property
    def shows(self) -> Mapping[str, Callable[[], Any]]:
        """What can be looked at beside the state, by name."""

    def routes(self) -> Sequence[web.RouteDef]:
        """The endpoints it serves, with absolute paths."""

    def owns(self, path: str) -> bool:
        """Whether a call to this path is a call to this world, known endpoint or not."""

    def advance(self) -> None:
        """Let what depends on time live and die by the clock that the world was given."""

    def dump(self) -> dict[str, Any]:
        """Everything it holds, as JSON can say it; `load(dump())` changes nothing."""

    def load(self, data: dict[str, Any]) -> None:
        """Hold what a dump says, and nothing else."""

    def reset(self) -> None:
        """Begin anew."""

    def let_go(self) -> None:
        """End what it holds open, since the server is about to stop."""

    def view(self) -> dict[str, Any]:
        """What it holds as a person would see it, for the page."""

    def fault_response(
        self,
        status: int,
        *,
        retry_after: float | None = None,
        code: Any = None,
        message: str | None = None,
    ) -> web.Response:
        """An error of this status as the maker would word it."""
