"""The page at `/`: the guild and the calendar as a person would see them."""

from datetime import timedelta
from typing import Any

from aiohttp import web
from django.template.loader import render_to_string

from lens.sandbox.page_view import show_calendar, show_guild, tell_offset
from lens.sandbox.sandbox import Sandbox

SHOWN_CALLS = 30
STEPS = {
    "1 hour": timedelta(hours=1),
    "1 day": timedelta(days=1),
    "1 week": timedelta(weeks=1),
}


class Page:
    """Rendered on the server, of one piece, without a script or anything from elsewhere."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/", self.show), web.post("/clock", self.move_clock)]

    async def show(self, request: web.Request) -> web.Response:
        self.sandbox.advance()
        html = render_to_string("sandbox/page.html", self._context(request.query.get("q", "")))
        # Half a character that somebody wrote must not cost the whole page.
        body = html.encode("utf-8", "replace")
        return web.Response(body=body, content_type="text/html", charset="utf-8")

    async def move_clock(self, request: web.Request) -> web.Response:
        """Follow a button of the page, then show the page again."""
        form = await request.post()
        step = STEPS.get(str(form.get("step")))
        if step is None:
            self.sandbox.clock.reset()
        else:
            self.sandbox.clock.move({"advance_seconds": step.total_seconds()})
        self.sandbox.advance()
        self.sandbox.changed()
        raise web.HTTPSeeOther("/")

    def _context(self, search: str) -> dict[str, Any]:
        sandbox = self.sandbox
        views = {world.name: world.view() for world in sandbox.worlds}
        limits = sandbox.limits.describe()
        return {
            "search": search,
            "now": sandbox.clock.now(),
            "moved": tell_offset(sandbox.clock.offset),
            "steps": STEPS,
            "guild": show_guild(views["discord"], search),
            "calendar": show_calendar(views["google"], search),
            "calls": sandbox.journal.latest(SHOWN_CALLS),
            "last": sandbox.journal.last,
            "faults": sandbox.faults.describe(),
            "limits": limits,
            "limited": [name for name in views if name in limits],
            "trouble": sandbox.trouble,
        }
