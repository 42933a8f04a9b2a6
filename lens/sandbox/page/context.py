"""Prepare what the page shows from the services' views, as plain data for its templates."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from lens.sandbox.page.bot import parts

View = Mapping[str, Any]
Matches = Callable[..., bool]

SHOWN_MESSAGES = 20
SHOWN_MAILS = 50


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


def show_guild(view: View, search: str) -> dict[str, Any]:
    matches = make_filter(search)
    names = name_mentions(view)
    messages = gather_messages(view["messages"], names)
    categories = [show_category(category, messages, matches) for category in view["categories"]]
    return {
        "name": view["guild"]["name"],
        "members": view["guild"]["members"],
        "categories": [category for category in categories if category["channels"]],
        "roles": [r for r in view["roles"] if matches(r["name"], *r["people"])],
        "people": [p for p in view["people"] if matches(p["name"], *p["roles"])],
        "events": [show_event(e) for e in view["events"] if matches(e["name"], e["channel"])],
        "direct_messages": [
            show_message(m, names)
            for m in view["direct_messages"]
            if matches(m["where"], m["text"])
        ],
    }


def name_mentions(view: View) -> dict[str, str]:
    """Return {text of a mention: name} for roles and people."""
    roles = {f"<@&{role['id']}>": f"@{role['name']}" for role in view["roles"]}
    people = {f"<@{person['id']}>": f"@{person['name']}" for person in view["people"]}
    return roles | people


def gather_messages(messages: Iterable[View], names: View) -> dict[str, list[View]]:
    """Return the newest messages of each channel by its id, oldest first."""
    held: dict[str, list[View]] = {}
    for message in messages:
        held.setdefault(message["channel_id"], []).append(message)
    return {
        channel_id: [show_message(message, names) for message in all_there[-SHOWN_MESSAGES:]]
        for channel_id, all_there in held.items()
    }


def show_category(
    category: View, messages: Mapping[str, list[View]], matches: Matches
) -> dict[str, Any]:
    """Return a category with all its channels if it matches, else with those that match."""
    whole = matches(category["name"])
    channels = [
        {**channel, "messages": messages.get(channel["id"], [])}
        for channel in category["channels"]
        if whole or matches(channel["name"], channel["topic"], *channel["seen_by"])
    ]
    return {"name": category["name"], "channels": channels}


def show_message(message: View, names: View) -> dict[str, Any]:
    text = re.sub(r"<@&?\d+>", lambda found: names.get(found[0], found[0]), message["text"])
    return {
        **message,
        "text": text,
        "at": datetime.fromisoformat(message["at"]),
        "buttons": list(parts(message["components"])),
    }


def show_event(event: View) -> dict[str, Any]:
    return {**event, "start": datetime.fromisoformat(event["start"])}


def show_calendar(view: View, search: str) -> dict[str, Any]:
    matches = make_filter(search)
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


def format_offset(offset: timedelta) -> str:
    """Return the clock's offset from real time, such as “3 d 2 h ahead”; empty if there is none."""
    seconds = round(abs(offset).total_seconds())
    parts = ((seconds // 86_400, "d"), (seconds // 3600 % 24, "h"), (seconds // 60 % 60, "min"))
    text = " ".join(f"{number} {unit}" for number, unit in parts if number)
    return f"{text} {'ahead' if offset > timedelta() else 'behind'}" if text else ""
