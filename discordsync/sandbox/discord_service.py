"""The Discord service of the sandbox server: routes, dump and load, view, controls."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from aiohttp import web

from discordsync.sandbox import audit, errors, events, guild_routes, interactions, view
from discordsync.sandbox.calls import PREFIX, Route, catch_all, serve
from discordsync.sandbox.channels import channels, overwrites
from discordsync.sandbox.controls import Control, all_controls
from discordsync.sandbox.gateway import Hub, break_gateway, gateway_route, told_addresses
from discordsync.sandbox.guild_state import DEFAULT_GUILD_ID, World
from discordsync.sandbox.interactions import user_actions
from discordsync.sandbox.members import members, roles
from discordsync.sandbox.messages import dms, messages, nonces
from discordsync.sandbox.oauth import avatars, oauth, oauth_page

ROUTES: list[Route] = [
    *guild_routes.ROUTES,
    *channels.ROUTES,
    *overwrites.ROUTES,
    *roles.ROUTES,
    *members.ROUTES,
    *messages.ROUTES,
    *dms.ROUTES,
    *events.ROUTES,
    *audit.ROUTES,
    *interactions.ROUTES,
]


class DiscordSandbox:
    """One guild behind Discord's REST API v10. State is in memory; `now` is the sandbox's clock."""

    name = "discord"

    def __init__(self, *, now: Callable[[], datetime], guild_id: int = DEFAULT_GUILD_ID) -> None:
        self.world = World(now=now, guild_id=guild_id)
        self.hub = Hub(self.world)
        self.controls: dict[str, Control] = {
            **all_controls(self.world),
            "gateway": lambda data: break_gateway(self.hub, data),
        }
        self.shows: dict[str, Callable[[], Any]] = {
            "gateway": self.hub.describe,
            "interactions": lambda: user_actions.show(self.world),
        }

    def routes(self) -> list[web.RouteDef]:
        """Return every endpoint by its absolute path, and a response for unknown paths."""
        known = [*ROUTES, *told_addresses(self.hub)]
        served = [
            web.route(method, PREFIX + path, serve(self.world, handler, advance=self.advance))
            for method, path, handler in known
        ]
        answered = [
            web.route(
                method,
                PREFIX + path,
                serve(self.world, handler, advance=self.advance, anybody=True),
            )
            for method, path, handler in interactions.OPEN_ROUTES
        ]
        as_bot = serve(self.world, guild_routes.get_me, advance=self.advance)
        return [
            *oauth.routes(self.world, PREFIX, as_bot),
            *oauth_page.routes(self.world),
            *avatars.routes(self.world),
            *served,
            *answered,
            web.route("*", "/api/{rest:.*}", catch_all([*known, *interactions.OPEN_ROUTES])),
            gateway_route(self.hub),
        ]

    def owns(self, path: str) -> bool:
        return path.startswith("/api/")

    def dump(self) -> dict[str, Any]:
        return self.world.dump()

    def load(self, data: dict[str, Any]) -> None:
        self.world.load(data)

    def reset(self) -> None:
        self.world.reset()
        self.hub.reset()

    def close_connections(self) -> None:
        """Close the gateway's connections, because the server is about to stop."""
        self.hub.close_connections()

    def advance(self) -> None:
        """End events and forget nonces that are due, by the sandbox's clock."""
        events.expire(self.world)
        nonces.forget_old_nonces(self.world)

    def view(self) -> dict[str, Any]:
        return view.show(self.world) | {"gateway": self.hub.describe()}

    def fault_response(
        self,
        status: int,
        *,
        retry_after: float | None = None,
        code: int | None = None,
        message: str | None = None,
    ) -> web.Response:
        """Return an injected error in Discord's format."""
        return errors.fault_response(status, retry_after=retry_after, code=code, message=message)
