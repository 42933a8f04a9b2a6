"""The page at `/`: the guild and the calendar as a person would see them."""

from datetime import timedelta
from typing import Any

from aiohttp import web
from django.template.loader import render_to_string

from lens.sandbox.page.bot import read_form, read_person, read_wish, settle, show_bot
from lens.sandbox.page.context import format_offset, make_filter, show_calendar, show_guild
from lens.sandbox.sandbox import Sandbox
from lens.sandbox.service import Service

SHOWN_CALLS = 30
STEPS = {
    "1 hour": timedelta(hours=1),
    "1 day": timedelta(days=1),
    "1 week": timedelta(weeks=1),
}


class Page:
    """One page, rendered on the server, without scripts or external resources."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self.show),
            web.post("/clock", self.move_clock),
            web.post("/bot", self.use_bot),
            web.post("/voice", self.enter_voice),
        ]

    async def show(self, request: web.Request) -> web.Response:
        return self._render(request.query.get("q", ""))

    def _render(self, search: str = "", *, refusal: str = "") -> web.Response:
        self.sandbox.advance()
        context = self._context(search) | {"refusal": refusal}
        html = render_to_string("sandbox/page.html", context)
        # An unpaired surrogate in someone's text must not break the whole page.
        body = html.encode("utf-8", "replace")
        status = 400 if refusal else 200
        return web.Response(body=body, status=status, content_type="text/html", charset="utf-8")

    async def move_clock(self, request: web.Request) -> web.Response:
        """Apply a clock button, then show the page again."""
        form = await request.post()
        step = STEPS.get(str(form.get("step")))
        if step is None:
            self.sandbox.clock.reset()
        else:
            self.sandbox.clock.move({"advance_seconds": step.total_seconds()})
        self.sandbox.advance()
        self.sandbox.changed()
        raise web.HTTPSeeOther("/")

    async def use_bot(self, request: web.Request) -> web.Response:
        """Act as a person as a form requests, then show the page with the bot's answer."""
        form, discord = await read_form(request), self._world("discord")
        try:
            begun = self._control("interactions", read_wish(form, discord.view()))
        except ValueError as error:
            return self._render(refusal=str(error))
        await settle(discord.shows["interactions"], begun["id"])
        raise web.HTTPSeeOther("/#bot")

    async def enter_voice(self, request: web.Request) -> web.Response:
        form = await read_form(request)
        try:
            user_id = read_person(form, self._world("discord").view()["people"])
            channel_id = form.get("channel_id") or None
            self._control("voice", {"user": user_id, "channel_id": channel_id})
        except ValueError as error:
            return self._render(refusal=str(error))
        raise web.HTTPSeeOther("/#bot")

    def _control(self, name: str, wish: Any) -> Any:
        """Use one of Discord's controls; raise ValueError with a sentence."""
        self.sandbox.advance()
        result = self._world("discord").controls[name](wish)
        self.sandbox.changed()
        return result

    def _world(self, name: str) -> Service:
        return next(service for service in self.sandbox.services if service.name == name)

    def _context(self, search: str) -> dict[str, Any]:
        sandbox = self.sandbox
        views = {service.name: service.view() for service in sandbox.services}
        limits = sandbox.limits.describe()
        return {
            "search": search,
            "now": sandbox.clock.now(),
            "moved": format_offset(sandbox.clock.offset),
            "steps": STEPS,
            "guild": show_guild(views["discord"], search),
            "bot": show_bot(views["discord"], make_filter(search)),
            "calendar": show_calendar(views["google"], search),
            "calls": sandbox.journal.latest(SHOWN_CALLS),
            "last": sandbox.journal.last,
            "faults": sandbox.faults.describe(),
            "limits": limits,
            "limited": [name for name in views if name in limits],
            "trouble": sandbox.problem,
        }
