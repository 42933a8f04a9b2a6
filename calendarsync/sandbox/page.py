"""The calendar as a person would see it, and what of it the sandbox's page shows."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from calendarsync.sandbox.events.instances import exceptions, is_cancelled, is_series, occurrences
from calendarsync.sandbox.events.render import render
from calendarsync.sandbox.state import Event, State
from calendarsync.sandbox.times import instant

MOST_COMING = 12
SHOWN_MAILS = 50

View = Mapping[str, Any]
Matches = Callable[..., bool]


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


def show_calendar(view: View, matches: Matches) -> dict[str, Any]:
    """Return what of the view matches a search, prepared for the template."""
    (calendar,) = view["calendars"]
    events = [
        show_meeting(event) | {"instances": [show_meeting(one) for one in event["instances"]]}
        for event in calendar["events"]
        if matches(event["title"], *name_guests(event))
    ]
    mails = [mail for mail in view["mails"] if matches(mail["to"], mail["title"])]
    return {
        "name": calendar["summary"],
        "id": calendar["id"],
        "time_zone": calendar["time_zone"],
        "series": [event for event in events if event["recurrence"]],
        "single": [event for event in events if not event["recurrence"]],
        "mails": [
            mail | {"at": datetime.fromisoformat(mail["at"])} for mail in mails[:SHOWN_MAILS]
        ],
        "mails_count": len(mails),
    }


def name_guests(event: View) -> list[str]:
    return [text for guest in event["guests"] for text in (guest["email"], guest["name"])]


def show_meeting(event: View) -> dict[str, Any]:
    return {**event, "when": format_period(event["start"], event["end"])}


def format_period(start: View | None, end: View | None) -> str:
    """Return the time in its own zone: “Wed 25 Nov 2026, 15:00 to 16:00 (Europe/Berlin)”."""
    if not start:
        return ""
    if "date" in start:
        return format_day(date.fromisoformat(start["date"]))
    zone = start.get("timeZone")
    begins = read_instant(start, zone)
    text = f"{format_day(begins)}, {begins:%H:%M}"
    if end and "dateTime" in end:
        text += f" to {read_instant(end, zone):%H:%M}"
    return f"{text} ({zone or 'UTC' + begins.strftime('%z')})"


def read_instant(time: View, zone: str | None) -> datetime:
    instant = datetime.fromisoformat(time["dateTime"])
    return instant.astimezone(ZoneInfo(zone)) if zone and instant.tzinfo else instant


def format_day(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b %Y}"
