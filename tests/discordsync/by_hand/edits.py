"""What someone does in Discord by hand, and what is seen there."""

from __future__ import annotations

from discordsync.sandbox.permissions import Bit
from tests.discordsync.guild_state import (
    look_again,
    outside_id,
)

VIEW = int(Bit.VIEW_CHANNEL)


def delete(sandbox, kind, key):
    sandbox.post("delete", {"kind": kind, "id": outside_id(key)})


def edit(sandbox, kind, key, **fields):
    sandbox.post("edit", {"kind": kind, "id": outside_id(key), "fields": fields})


def guild_of(sandbox):
    """The guild's id is also @everyone's."""
    return sandbox.get("state")["discord"]["guild"]["id"]


def overwrites_of(sandbox, key):
    return sandbox.get("state")["discord"]["channels"][outside_id(key)]["overwrites"]


def set_overwrites(sandbox, key, overwrites):
    told = [{"id": pk, **held} for pk, held in overwrites.items()]
    for one in told:
        one["allow"], one["deny"] = str(one["allow"]), str(one["deny"])
    edit(sandbox, "channel", key, permission_overwrites=told)


def check_nothing_more(sandbox):
    seen = sandbox.last
    look_again()
    assert sandbox.writes(since=seen) == []
