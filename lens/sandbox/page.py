"""The page at `/`: the services as a person would see them."""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from aiohttp import web
from django.template.loader import render_to_string

from lens.sandbox.pipeline import Handler
from lens.sandbox.sandbox import Sandbox
from lens.sandbox.service import Matches, PageAction

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
        actions = [
            web.post(f"/{name}", self._handler(action))
            for service in self.sandbox.services
            for name, action in service.page_actions.items()
        ]
        return [web.get("/", self.show), web.post("/clock", self.move_clock), *actions]

    async def show(self, request: web.Request) -> web.Response:
        return self._render(request.query.get("q", ""))

    async def move_clock(self, request: web.Request) -> web.Response:
        """Apply a clock button, then show the page again."""
        step = STEPS.get((await read_form(request)).get("step", ""))
        if step is None:
            self.sandbox.clock.reset()
        else:
            self.sandbox.clock.move({"advance_seconds": step.total_seconds()})
        self.sandbox.advance()
        self.sandbox.changed()
        raise web.HTTPSeeOther("/")

    def _handler(self, action: PageAction) -> Handler:
        """Return the handler of a form, which acts and then shows the page or the refusal."""

        async def handle(request: web.Request) -> web.Response:
            form = await read_form(request)
            self.sandbox.advance()
            self.sandbox.changed()
            try:
                fragment = await action(form)
            except ValueError as error:
                return self._render(refusal=str(error))
            raise web.HTTPSeeOther(f"/#{fragment}")

        return handle

    def _render(self, search: str = "", *, refusal: str = "") -> web.Response:
        self.sandbox.advance()
        context = self._context(search) | {"refusal": refusal}
        matches = make_filter(search)
        parts = [
            render_to_string(service.page_template, {**context, **service.page(matches)})
            for service in self.sandbox.services
        ]
        html = render_to_string("sandbox/page.html", context | {"parts": parts})
        # An unpaired surrogate in someone's text must not break the whole page.
        body = html.encode("utf-8", "replace")
        status = 400 if refusal else 200
        return web.Response(body=body, status=status, content_type="text/html", charset="utf-8")

    def _context(self, search: str) -> dict[str, Any]:
        sandbox = self.sandbox
        limits = sandbox.limits.describe()
        return {
            "search": search,
            "now": sandbox.clock.now(),
            "moved": format_offset(sandbox.clock.offset),
            "steps": STEPS,
            "services": sandbox.services,
            "titles": join_names([service.title for service in sandbox.services]),
            "calls": sandbox.journal.latest(SHOWN_CALLS),
            "last": sandbox.journal.last,
            "faults": sandbox.faults.describe(),
            "limits": limits,
            "limited": [each.name for each in sandbox.services if each.name in limits],
            "problem": sandbox.problem,
        }


async def read_form(request: web.Request) -> Mapping[str, str]:
    return {name: str(value) for name, value in (await request.post()).items()}


def join_names(names: Sequence[str]) -> str:
    """Return “A, B and C”."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)


def make_filter(search: str) -> Matches:
    """Return a function that tests whether any of some texts matches the search.

    Words match from their beginning, with dashes as spaces, so that “group 1” finds the channel
    `group-1`. A number matches as a whole, so that it does not find “Group 10”.
    """
    words = simplify(search)
    if not words:
        return lambda *_: True
    ends = r"(?!\d)" if words[-1].isdigit() else ""
    pattern = re.compile(rf"\b{re.escape(words)}{ends}")
    return lambda *texts: any(pattern.search(simplify(text)) for text in texts if text)


def simplify(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text.casefold()).strip()


def format_offset(offset: timedelta) -> str:
    """Return the clock's offset from real time, such as “3 d 2 h ahead”; empty if there is none."""
    seconds = round(abs(offset).total_seconds())
    parts = ((seconds // 86_400, "d"), (seconds // 3600 % 24, "h"), (seconds // 60 % 60, "min"))
    text = " ".join(f"{number} {unit}" for number, unit in parts if number)
    return f"{text} {'ahead' if offset > timedelta() else 'behind'}" if text else ""
