"""Answer calendars.get, calendarList.get and calendarList.list, for the only calendar."""

from typing import Any

from calendarsync.sandbox.errors import full_sync_required, not_found
from calendarsync.sandbox.events.render import etag_of
from calendarsync.sandbox.requests.query import Query
from calendarsync.sandbox.settings import ROLES
from calendarsync.sandbox.state import State

CONFERENCES = {"allowedConferenceSolutionTypes": ["hangoutsMeet"]}


def check_calendar(state: State, calendar_id: str) -> None:
    """Raise the 404 that Google also returns for a calendar that the caller may not see."""
    if calendar_id != "primary" and calendar_id.lower() != state.calendar_id.lower():
        raise not_found()


def get_calendar(state: State) -> dict[str, Any]:
    return {
        "kind": "calendar#calendar",
        "etag": etag_of(0),
        "id": state.calendar_id,
        "summary": state.settings["summary"],
        "timeZone": state.settings["time_zone"],
        "conferenceProperties": CONFERENCES,
    }


def get_entry(state: State) -> dict[str, Any]:
    return {
        **get_calendar(state),
        "kind": "calendar#calendarListEntry",
        "colorId": "14",
        "backgroundColor": "#9fe1e7",
        "foregroundColor": "#000000",
        "selected": True,
        "accessRole": state.settings["access_role"],
        "defaultReminders": [],
    }


def list_entries(state: State, query: Query) -> dict[str, Any]:
    if "syncToken" in query:
        # This list never changes, so no sync token was ever returned for it.
        raise full_sync_required()
    least = query.get("minAccessRole", ROLES[0])
    shown = ROLES.index(state.settings["access_role"]) >= ROLES.index(least)
    return {
        "kind": "calendar#calendarList",
        "etag": etag_of(0),
        "items": [get_entry(state)] if shown else [],
    }
