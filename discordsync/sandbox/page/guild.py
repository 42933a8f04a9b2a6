"""The guild's part of the page: the view, filtered by a search, for a template."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from discordsync.sandbox.page.bot import Matches, View, parts

SHOWN_MESSAGES = 20


def show_guild(view: View, matches: Matches) -> dict[str, Any]:
    """Return what of the guild's view matches a search, prepared for the template."""
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
