"""Compare existing objects: repair some differences and report others.  Pure; see plan.py.

overwrites that differ                            restored
bits that staff added to our overwrites           tolerated, except for those in OURS_ALONE
an overwrite that lets someone in for no reason   removed (Look.strays)
a name that has changed in the facts              written
a name that was changed in Discord                reported
a channel without a category                      moved into its own, once that exists
a channel moved into another category             reported
"""

from __future__ import annotations

from collections.abc import Iterator

from cohorts.reconcile.values import Action, Issue
from discordsync.plan import calls
from discordsync.plan.actions import Item, Owner, edit
from discordsync.plan.diff import Diff
from discordsync.state import keys, permissions
from discordsync.state.desired import DesiredGroup
from discordsync.state.observed import ObservedChannel, Overwrite

# In the channels lane both come before anything new, and removing access before giving it.
TAKING, GIVING = 0, 1


def put_back(look: Diff, owner: Owner, key: str, wanted: list[Overwrite]) -> Iterator[Action]:
    channel = _channel(look, key)
    for overwrite in wanted:
        held = channel.overwrites.get(overwrite.target)
        if not permissions.is_met(held, overwrite):
            restored = permissions.restore(held, overwrite, look.observed.bot_permissions)
            call = calls.put_overwrite(channel.id, restored)
            why = "it was changed" if held else "it is missing"
            yield _permit(look, owner, channel, key, call, "restore", why, rank=GIVING)


def take_off(look: Diff, group: DesiredGroup, key: str) -> Iterator[Action]:
    """Remove stray overwrites.

    The removal guard applies unless the access has ended on a date or the role gives it anyway.
    """
    for stray in look.strays(group, key):
        channel, person = _channel(look, key), stray.target
        ended = group.why_ended(person)
        stays = person in look.entitled(group, key)
        why = ended or ("the role already gives access" if stays else "no recorded reason")
        yield _permit(
            look,
            Owner.of(group),
            channel,
            key,
            calls.delete_overwrite(channel.id, person),
            "remove",
            why,
            rank=TAKING,
            removes=None if ended or stays else str(person),
            ends=bool(ended),
        )


def _permit(
    look: Diff,
    owner: Owner,
    channel: ObservedChannel,
    key: str,
    call: calls.Call,
    verb: str,
    why: str,
    *,
    rank: int,
    removes: str | None = None,
    ends: bool = False,
) -> Action:
    return Action(
        key=f"{verb} {key} {call.subject}",
        kind="channels",  # no lane of its own: two calls would edit one channel at once
        verb=verb,
        target=f"permissions of {look.target_name(call.subject)} in “{channel.name}”",
        why=why,
        group_id=owner.group_id,
        cohort_id=owner.cohort_id,
        rank=rank,
        removes=removes,
        ends=ends,
        repeatable=call.method == "PUT",  # deleting an overwrite twice fails
        payload=call,
    )


def rename(look: Diff, owner: Owner, key: str, name: str) -> Iterator[Item]:
    (sent, answered), standing = look.names_of(key), look.role(key) or look.channel(key)
    if standing is None or not sent:
        return
    if sent != name:
        yield _write_name(look, owner, key, name, standing.name)
    elif answered and standing.name != answered and owner.teller:
        yield Issue(owner.teller.id, "renamed", f"“{answered}” was renamed to “{standing.name}”")


def _write_name(look: Diff, owner: Owner, key: str, name: str, before: str) -> Action:
    outside_id, guild, why = look.id_of(key) or 0, look.observed.guild_id, "renamed in Lens"
    target = f"the name of “{before}” to “{name}”"
    if keys.kind_of(key) == "role":
        return edit(owner, calls.rename_role(guild, outside_id, key, name), "roles", target, why)
    # Discord allows two renames in 10 minutes: a separate lane keeps other calls from waiting.
    return edit(owner, calls.rename_channel(outside_id, key, name), "names", target, why)


def bring_home(look: Diff, owner: Owner, key: str, category: str) -> Iterator[Item]:
    channel, home = look.channel(key), look.channel(category)
    has_own_place = not any(look.names_of(key))
    if channel is None or home is None or has_own_place:
        return
    if channel.parent_id is None:
        call = calls.put_into(channel.id, key, home.id)
        yield edit(owner, call, "channels", f"“{channel.name}”", "it is not in a category")
    elif channel.parent_id != home.id and owner.teller:
        detail = f"“{channel.name}” is no longer in “{home.name}”"
        yield Issue(owner.teller.id, "moved", detail)


def _channel(look: Diff, key: str) -> ObservedChannel:
    channel = look.channel(key)
    assert channel is not None
    return channel
