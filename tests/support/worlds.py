"""What stands outside, without ids and times of making, so that two runs can be compared.

`describe_guild` takes the sandbox's state and returns plain sorted values: equal when a person who
looks at the server would see no difference.
"""

from __future__ import annotations

import re
from typing import Any


def describe_guild(state: dict[str, Any]) -> dict[str, Any]:
    world = state["discord"]
    names = _names(world)
    return {
        "channels": sorted(_channel(c, names) for c in world["channels"].values()),
        "roles": sorted((r["name"], r["permissions"]) for r in world["roles"].values()),
        "access": sorted(
            (pk, names[role])
            for pk, m in world["members"].items()
            for role in m["roles"]
            if not world["users"][pk]["bot"]
        ),
        "events": sorted(
            (e["name"], e["start"], e["end"], names[e["channel_id"]], e["status"])
            for e in world["events"].values()
        ),
        "messages": sorted(
            (names[channel], _read(said["content"], names))
            for channel, history in world["messages"].items()
            for said in history.values()
        ),
    }


def _names(world: dict[str, Any]) -> dict[str, str]:
    """Something readable for each id; people keep theirs, which tests choose."""
    names = {pk: pk for pk in world["users"]}
    names |= {pk: "the bot" for pk, user in world["users"].items() if user["bot"]}
    names |= {pk: role["name"] for pk, role in world["roles"].items()}
    return names | {pk: channel["name"] for pk, channel in world["channels"].items()}


def _read(text: str, names: dict[str, str]) -> str:
    """A message as Discord shows it: a channel's id is a name to whoever reads it."""
    return re.sub(r"<#(\d+)>", lambda found: f"#{names.get(found[1], '?')}", text)


def _channel(channel: dict[str, Any], names: dict[str, str]) -> tuple[Any, ...]:
    overwrites = sorted(
        (names.get(target, target), o["allow"], o["deny"])
        for target, o in channel["overwrites"].items()
    )
    return (channel["type"], channel["name"], names.get(channel["parent_id"], ""), overwrites)
