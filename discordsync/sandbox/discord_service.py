"""The Discord service of the sandbox server: routes, dump and load, view, controls."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from aiohttp import web

from discordsync.sandbox import audit, errors, events, guild_routes, interactions, limits
from discordsync.sandbox.calls import PREFIX, Route, catch_all, serve
from discordsync.sandbox.channels import channels, overwrites
from discordsync.sandbox.controls import Control, all_controls
from discordsync.sandbox.gateway import Hub, address_routes, break_gateway, gateway_route
from discordsync.sandbox.guild import DEFAULT_GUILD_ID, Guild
from discordsync.sandbox.interactions import user_actions
from discordsync.sandbox.members import members, roles
from discordsync.sandbox.messages import dms, messages, nonces
from discordsync.sandbox.oauth import avatars, oauth, oauth_page
from discordsync.sandbox.page import bot, view
from discordsync.sandbox.page.bot import Form, Matches
from discordsync.sandbox.page.guild import show_guild

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
    title = "Discord"
    api_root = PREFIX
    page_template = "sandbox/discord/page.html"
    known_limits = limits.KNOWN_LIMITS
    limit_headers = staticmethod(limits.limit_headers)
    limit_response = staticmethod(limits.limit_response)
    fault_response = staticmethod(errors.fault_response)

    def __init__(self, *, now: Callable[[], datetime], guild_id: int = DEFAULT_GUILD_ID) -> None:
        self.identity = {"guild": str(guild_id)}
        self.guild = Guild(now=now, guild_id=guild_id)
        self.hub = Hub(self.guild)
        self.controls: dict[str, Control] = {
            **all_controls(self.guild),
            "gateway": lambda data: break_gateway(self.hub, data),
        }
        self.page_actions = {"bot": self.use_bot, "voice": self.enter_voice}
        self.shows: dict[str, Callable[[], Any]] = {
            "gateway": self.hub.describe,
            "interactions": lambda: user_actions.show(self.guild),
        }

    def routes(self) -> list[web.RouteDef]:
        """Return every endpoint by its absolute path, and a response for unknown paths."""
        known = [*ROUTES, *address_routes(self.hub)]
        served = [
            web.route(method, PREFIX + path, serve(self.guild, handler, advance=self.advance))
            for method, path, handler in known
        ]
        answered = [
            web.route(
                method,
                PREFIX + path,
                serve(self.guild, handler, advance=self.advance, public=True),
            )
            for method, path, handler in interactions.OPEN_ROUTES
        ]
        as_bot = serve(self.guild, guild_routes.get_me, advance=self.advance)
        return [
            *oauth.routes(self.guild, PREFIX, as_bot),
            *oauth_page.routes(self.guild),
            *avatars.routes(self.guild),
            *served,
            *answered,
            web.route("*", "/api/{rest:.*}", catch_all([*known, *interactions.OPEN_ROUTES])),
            gateway_route(self.hub),
        ]

    def owns(self, path: str) -> bool:
        return path.startswith("/api/")

    def dump(self) -> dict[str, Any]:
        return self.guild.dump()

    def load(self, data: dict[str, Any]) -> None:
        self.guild.load(data)

    def reset(self) -> None:
        self.guild.reset()
        self.hub.reset()

    def close_connections(self) -> None:
        """Close the gateway's connections, because the server is about to stop."""
        self.hub.close_connections()

    def advance(self) -> None:
        """End events and forget nonces that are due, by the sandbox's clock."""
        events.expire(self.guild)
        nonces.expire_nonces(self.guild)

    def view(self) -> dict[str, Any]:
        return view.show(self.guild) | {"gateway": self.hub.describe()}

    def page(self, matches: Matches) -> dict[str, Any]:
        shown = self.view()
        return {"guild": show_guild(shown, matches), "bot": bot.show_bot(shown, matches)}

    async def use_bot(self, form: Form) -> str:
        """Act as a person as a form requests, and wait a moment for the bot's response."""
        interaction = self.controls["interactions"](bot.read_action(form, self.view()))
        await bot.wait_for_response(self.shows["interactions"], interaction["id"])
        return "bot"

    async def enter_voice(self, form: Form) -> str:
        user_id = bot.read_person(form, self.view()["people"])
        self.controls["voice"]({"user": user_id, "channel_id": form.get("channel_id") or None})
        return "bot"
