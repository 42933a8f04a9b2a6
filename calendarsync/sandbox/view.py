"""The calendar as a person would see it, for the sandbox's page."""

from typing import Any

from calendarsync.sandbox.events.instances import exceptions, is_cancelled, is_series, occurrences
from calendarsync.sandbox.events.render import render
from calendarsync.sandbox.state import Event, State
from calendarsync.sandbox.times import instant

MOST_COMING = 12


def view(state: State) -> dict[str, Any]:
    """Return the calendar, e-mails and settings:

    {"calendars": [{…, "events": [{…, "guests", "instances"}]}], "mails", "settings"}
    """
    shown = [event for event in state.events.values() if event["series"] is None]
    calendar = {
        "id": state.calendar_id,
        "summary": state.settings["summary"],
        "time_zone": state.settings["time_zone"],
        "events": [_seen(state, event) for event in shown],
    }
    return {
        "calendars": [calendar],
        "mails": [_mail(state, mail) for mail in reversed(state.mails)],
        "settings": dict(state.settings),
    }


def _seen(state: State, event: Event) -> dict[str, Any]:
    return {
        **_about(state, event),
        "recurrence": event["fields"].get("recurrence", []),
        "instances": _coming(state, event) if is_series(event) else [],
    }


def _about(state: State, event: Event) -> dict[str, Any]:
    answer = render(state, event)
    fields = event["fields"]
    return {
        "id": event["id"],
        "title": fields.get("summary", "(No title)"),
        "status": answer["status"],
        "start": answer.get("start", answer.get("originalStartTime")),
        "end": answer.get("end"),
        "location": fields.get("location", ""),
        "guests": [
            {
                "email": one["email"],
                "name": one.get("displayName", ""),
                "answer": one["responseStatus"],
            }
            for one in fields.get("attendees", [])
        ],
    }


def _coming(state: State, series: Event) -> list[dict[str, Any]]:
    """Return the occurrences that have not ended, and whether each differs from the series."""
    changed = {event["id"] for event in exceptions(state, series["id"])}
    now, calendar_zone = state.now(), state.settings["time_zone"]
    coming = [
        event
        for event in occurrences(state, series)
        if instant(event["fields"]["end"], calendar_zone) > now
    ]
    return [
        {**_about(state, event), "exception": event["id"] in changed,
         "cancelled": is_cancelled(state, event)}
        for event in coming[:MOST_COMING]
    ]  # fmt: skip


def _mail(state: State, mail: dict[str, str]) -> dict[str, str]:
    event = state.events.get(mail["event"])
    return {**mail, "title": event["fields"].get("summary", "") if event else ""}
