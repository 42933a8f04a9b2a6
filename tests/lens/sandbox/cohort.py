"""A small cohort in the two real services, made by plain calls."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from tests.lens.sandbox.client import Client
from tests.support.running_sandbox import RunningSandbox
from tests.support.sandbox import CALENDAR_ID, GUILD_ID

VIEW = 1 << 10
SEND = 1 << 11
ADA = {"id": "200000000000000001", "username": "ada"}
GRACE = {"id": "200000000000000002", "username": "grace"}
GUILD = f"/api/v10/guilds/{GUILD_ID}"
EVENTS = f"/calendar/v3/calendars/{CALENDAR_ID}/events"
SUNDAY = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Service:
    """Calls as our clients make them; fails on any answer that is an error."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        self.client = Client(sandbox.url)

    def discord(self, method: str, path: str, body: Any = None) -> Any:
        return self._call(method, path, body, "Bot sandbox-test")

    def google(self, method: str, path: str, body: Any = None) -> Any:
        return self._call(method, path, body, "Bearer anything")

    def _call(self, method: str, path: str, body: Any, authorization: str) -> Any:
        answer = self.client.call(method, path, body, {"Authorization": authorization})
        assert answer.status < 300, answer
        return answer.body


def make_cohort(sandbox: RunningSandbox) -> None:
    """Groups 1 and 10, of ada and of grace: channels, a message, an event, a series each."""
    sandbox.set_clock(SUNDAY)
    sandbox.post("members", [ADA, GRACE])
    service = Service(sandbox)
    category = service.discord("POST", f"{GUILD}/channels", {"name": "Autumn", "type": 4})
    bot_id = sandbox.get("state")["discord"]["bot_id"]
    for number, person in ((1, ADA), (10, GRACE)):
        role = service.discord("POST", f"{GUILD}/roles", {"name": f"Group {number}"})
        service.discord("PUT", f"{GUILD}/members/{person['id']}/roles/{role['id']}")
        overwrites = hide_from_others(bot_id, role["id"])
        text, voice = make_channels(service, number, category["id"], overwrites)
        service.discord("POST", f"/api/v10/channels/{text}/messages", welcome(role["id"]))
        service.discord("POST", f"{GUILD}/scheduled-events", make_event(number, voice))
        service.google("POST", f"{EVENTS}?sendUpdates=all", make_series(number, person["username"]))


def make_bot(sandbox: RunningSandbox) -> str:
    """A command, and a message with a button; the id of an interaction that showed a form."""
    service = Service(sandbox)
    state = sandbox.get("state")["discord"]
    application = f"/api/v10/applications/{state['application_id']}"
    service.discord("POST", f"{application}/guilds/{GUILD_ID}/commands", COMMAND)
    channel = next(c["id"] for c in state["channels"].values() if c["name"] == "group-1")
    service.discord("POST", f"/api/v10/channels/{channel}/messages", QUESTION)
    run = {"user": ADA["id"], "command": "group meetings", "options": {"week": 1}}
    interaction: str = sandbox.post("interactions", run)["id"]
    token = sandbox.get("state")["discord"]["interactions"][interaction]["token"]
    service.discord("POST", f"/api/v10/interactions/{interaction}/{token}/callback", FORM)
    return interaction


COMMAND = {
    "name": "group",
    "description": "About my group",
    "options": [
        {
            "type": 1,
            "name": "meetings",
            "description": "Its meetings",
            "options": [
                {"type": 4, "name": "week", "description": "Which week", "required": True},
                {"type": 3, "name": "note", "description": "A note", "autocomplete": True},
            ],
        }
    ],
}
BUTTON = {"type": 2, "style": 1, "label": "I will come", "custom_id": "come"}
QUESTION = {"content": "Will you come?", "components": [{"type": 1, "components": [BUTTON]}]}
FIELD = {"type": 4, "custom_id": "why", "style": 1, "label": "Why?"}
FORM = {
    "type": 9,
    "data": {
        "custom_id": "away",
        "title": "Away",
        "components": [{"type": 1, "components": [FIELD]}],
    },
}


def hide_from_others(bot_id: str, role_id: str) -> list[dict[str, Any]]:
    return [
        {"id": bot_id, "type": 1, "allow": str(VIEW | SEND | 1 << 20), "deny": "0"},
        {"id": str(GUILD_ID), "type": 0, "allow": "0", "deny": str(VIEW)},
        {"id": role_id, "type": 0, "allow": str(VIEW), "deny": "0"},
    ]


def make_channels(
    service: Service, number: int, category_id: str, overwrites: list[dict[str, Any]]
) -> Sequence[str]:
    """The ids of a text and a voice channel."""
    where = {"parent_id": category_id, "permission_overwrites": overwrites}
    return [
        service.discord("POST", f"{GUILD}/channels", {"name": name, "type": kind, **where})["id"]
        for name, kind in ((f"group-{number}", 0), (f"Voice {number}", 2))
    ]


def welcome(role_id: str) -> dict[str, Any]:
    text = f"Welcome <@&{role_id}>, <b>all</b>"
    return {"content": text, "allowed_mentions": {"parse": ["roles"]}}


def make_event(number: int, channel_id: str) -> dict[str, Any]:
    return {
        "name": f"Group {number} - Week 1",
        "privacy_level": 2,
        "entity_type": 2,
        "channel_id": channel_id,
        "scheduled_start_time": "2026-03-04T14:00:00Z",
    }


def make_series(number: int, name: str) -> dict[str, Any]:
    return {
        "id": f"lens0group{number}",
        "summary": f"Group {number}: Autumn",
        "start": {"dateTime": "2026-03-04T15:00:00", "timeZone": "Europe/Berlin"},
        "end": {"dateTime": "2026-03-04T16:00:00", "timeZone": "Europe/Berlin"},
        "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=3"],
        "attendees": [{"email": f"{name}@example.org"}],
    }
