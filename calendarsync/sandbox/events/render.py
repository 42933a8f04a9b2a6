"""Render events as Google does: without defaults, with times in the calendar's own zone."""

from base64 import urlsafe_b64encode
from typing import Any

from calendarsync.sandbox.events.instances import is_cancelled, status
from calendarsync.sandbox.events.recurrence import start_of
from calendarsync.sandbox.state import Event, State
from calendarsync.sandbox.times import localize

# Who creates the events of a secondary calendar.
USER = "owner@sandbox.example"


def etag_of(revision: int) -> str:
    return f'"{3_300_000_000_000_000 + 2 * revision}"'


def etag(event: Event) -> str:
    return etag_of(event["rev"])


def render(
    state: State,
    event: Event,
    *,
    zone_name: str | None = None,
    max_attendees: int | None = None,
    details: bool = True,
) -> dict[str, Any]:
    """Return one event as an answer.

    A cancelled occurrence, and with `details=False` any cancelled event, has only its identifiers;
    with other values of the setting `cancelled` even fewer, or all.
    """
    zone_name = zone_name or state.settings["time_zone"]
    shape = state.settings["cancelled"] if is_cancelled(state, event) else ""
    if shape == "bare":
        return _without(state, _bare(_name(state, event, zone_name)))
    if shape in ("named", "detailed") and (event["series"] or not details):
        return _without(state, _name(state, event, zone_name))
    answer = {**_name(state, event, zone_name), **_about(state, event)}
    answer |= {key: value for key, value in event["fields"].items() if key != "attendees"}
    answer |= {side: localize(event["fields"][side], zone_name) for side in ("start", "end")}
    answer.setdefault("reminders", {"useDefault": True})
    return _without(state, answer | _attendees(event, max_attendees))


def _without(state: State, answer: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in answer.items() if key not in state.settings["left_out"]}


def _bare(answer: dict[str, Any]) -> dict[str, Any]:
    """Return what Google was observed to return for a cancelled occurrence that its rule lost."""
    return {key: answer[key] for key in ("etag", "id", "status")}


def _name(state: State, event: Event, zone_name: str) -> dict[str, Any]:
    name = {
        "kind": "calendar#event",
        "etag": etag(event),
        "id": event["id"],
        "status": status(state, event),
    }
    if event["series"]:
        start = start_of(event["original"], _series_start(state, event))
        own_zone = event["fields"]["start"].get("timeZone")
        start |= {"timeZone": own_zone} if own_zone else {}
        name |= {
            "recurringEventId": event["series"],
            "originalStartTime": localize(start, zone_name),
        }
    return name


def _series_start(state: State, event: Event) -> dict[str, str]:
    series = state.events.get(event["series"])
    return dict((series or event)["fields"]["start"])


def _about(state: State, event: Event) -> dict[str, Any]:
    token = urlsafe_b64encode(f"{event['id']} {state.calendar_id}".encode()).decode().rstrip("=")
    return {
        "htmlLink": f"https://www.google.com/calendar/event?eid={token}",
        "created": event["created"],
        "updated": event["updated"],
        **_people_behind(state),
        "iCalUID": event["iCalUID"],
        "sequence": event["sequence"],
        "eventType": "default",
    }


def _people_behind(state: State) -> dict[str, Any]:
    """Return creator and organizer. A secondary calendar organizes what its user creates."""
    calendar = {"email": state.calendar_id, "self": True}
    if not state.calendar_id.endswith("@group.calendar.google.com"):
        return {"creator": calendar, "organizer": dict(calendar)}
    named = {**calendar, "displayName": state.settings["summary"]}
    return {"creator": {"email": USER}, "organizer": named}


def _attendees(event: Event, most: int | None) -> dict[str, Any]:
    attendees = event["fields"].get("attendees", [])
    if most is None or len(attendees) <= most:
        return {"attendees": attendees} if attendees else {}
    own = [one for one in attendees if one.get("self")]
    return {"attendees": own, "attendeesOmitted": True} if own else {"attendeesOmitted": True}


def render_ghost(state: State, ghost: dict[str, Any], zone_name: str | None) -> dict[str, Any]:
    """Return an occurrence that its series' rule no longer has, for clients that knew it.

    One that was cancelled before has only three fields, as recorded.
    """
    zone_name = zone_name or state.settings["time_zone"]
    answer = {
        "kind": "calendar#event",
        "etag": etag_of(ghost["rev"]),
        "id": ghost["id"],
        "status": "cancelled",
        "recurringEventId": ghost["series"],
        "originalStartTime": localize(ghost["start"], zone_name),
    }
    is_bare = state.settings["cancelled"] == "bare" or ghost.get("was_cancelled")
    return _without(state, _bare(answer) if is_bare else answer)
