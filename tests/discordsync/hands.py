"""What someone with the owner's rights may do to a guild by hand, chosen by Hypothesis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

from discordsync.sandbox.permissions import Bit
from tests.discordsync.inprocess import Guild
from tests.discordsync.strategies import PEOPLE

Draw = Callable[[Sequence[Any]], Any]


def delete_channel(guild: Guild, draw: Draw) -> None:
    if channels := list(guild.state["channels"]):
        guild.by_hand("delete", {"kind": "channel", "id": draw(channels)})


def delete_role(guild: Guild, draw: Draw) -> None:
    if roles := _ordinary_roles(guild):
        guild.by_hand("delete", {"kind": "role", "id": draw(roles)})


def delete_event(guild: Guild, draw: Draw) -> None:
    if events := list(guild.state["events"]):
        guild.by_hand("delete", {"kind": "event", "id": draw(events)})


def rename_something(guild: Guild, draw: Draw) -> None:
    things = [("channel", pk) for pk in guild.state["channels"]]
    things += [("role", pk) for pk in _ordinary_roles(guild)]
    things += [("event", pk) for pk in guild.state["events"]]
    if things:
        kind, pk = draw(things)
        guild.by_hand("edit", {"kind": kind, "id": pk, "fields": {"name": "by-hand"}})


def grant_role(guild: Guild, draw: Draw) -> None:
    if roles := _ordinary_roles(guild):
        guild.by_hand("grant", {"member": _somebody(guild, draw), "role": draw(roles)})


def revoke_role(guild: Guild, draw: Draw) -> None:
    if roles := _ordinary_roles(guild):
        guild.by_hand("revoke", {"member": _somebody(guild, draw), "role": draw(roles)})


def give_role_permissions(guild: Guild, draw: Draw) -> None:
    if roles := _ordinary_roles(guild):
        fields = {"permissions": str(int(Bit.MANAGE_MESSAGES | Bit.SEND_MESSAGES))}
        guild.by_hand("edit", {"kind": "role", "id": draw(roles), "fields": fields})


def open_channel(guild: Guild, draw: Draw) -> None:
    """Take off what hides a channel from everyone; the bot's own overwrite stays."""
    if channels := list(guild.state["channels"]):
        overwrites = guild.state["channels"][draw(channels)]["overwrites"]
        overwrites.pop(str(guild.guild_id), None)


def let_somebody_in(guild: Guild, draw: Draw) -> None:
    if channels := list(guild.state["channels"]):
        overwrites = guild.state["channels"][draw(channels)]["overwrites"]
        overwrites[_somebody(guild, draw)] = {"type": 1, "allow": int(Bit.VIEW_CHANNEL), "deny": 0}


def shut_somebody_out(guild: Guild, draw: Draw) -> None:
    if channels := list(guild.state["channels"]):
        overwrites = guild.state["channels"][draw(channels)]["overwrites"]
        overwrites[_somebody(guild, draw)] = {"type": 1, "allow": 0, "deny": int(Bit.VIEW_CHANNEL)}


def move_channel(guild: Guild, draw: Draw) -> None:
    parents = [pk for pk, c in guild.state["channels"].items() if c["type"] == 4]
    children = [pk for pk, c in guild.state["channels"].items() if c["type"] != 4]
    if children:
        fields = {"parent_id": draw([None, *parents])}
        guild.by_hand("edit", {"kind": "channel", "id": draw(children), "fields": fields})


def leave(guild: Guild, draw: Draw) -> None:
    guild.by_hand("leave", {"id": _somebody(guild, draw)})


def hide_channel(guild: Guild, draw: Draw) -> None:
    """The bot itself is shut out: it can neither see nor mend this."""
    if channels := list(guild.state["channels"]):
        overwrites = guild.state["channels"][draw(channels)]["overwrites"]
        overwrites.clear()
        overwrites[str(guild.guild_id)] = {"type": 0, "allow": 0, "deny": int(Bit.VIEW_CHANNEL)}


HANDS = (
    delete_channel,
    delete_role,
    delete_event,
    rename_something,
    grant_role,
    revoke_role,
    give_role_permissions,
    open_channel,
    let_somebody_in,
    shut_somebody_out,
    move_channel,
    leave,
    hide_channel,
)
meddling = st.lists(st.sampled_from(HANDS), min_size=1, max_size=6)


def meddle(guild: Guild, hands: Sequence[Callable[..., None]], data: st.DataObject) -> None:
    for hand in hands:
        hand(guild, lambda choices: data.draw(st.sampled_from(choices)))


def _somebody(guild: Guild, draw: Draw) -> str:
    present = [str(p.discord_id) for p in PEOPLE if str(p.discord_id) in guild.state["members"]]
    return draw(present or [guild.guild.owner_id])


def _ordinary_roles(guild: Guild) -> list[str]:
    special = {str(guild.guild_id), guild.state["bot_role_id"]}
    return [pk for pk in guild.state["roles"] if pk not in special]
