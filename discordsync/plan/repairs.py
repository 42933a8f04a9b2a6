"""Compare existing objects: repair some differences and report others.  Pure; see plan.py.

overwrites that differ                            restored
bits that staff added to our overwrites           tolerated, except for those in OURS_ALONE
an overwrite that lets someone in for no reason   removed (Diff.stray_overwrites)
a name that has changed in the facts              written
a name that was changed in Discord                reported, until staff decide (drift.py)
a channel without a category                      moved into its own, once that exists
a channel moved into another category             reported, until staff decide
"""

from __future__ import annotations

from collections.abc import Iterator

from cohorts.reconcile.differences import DriftChoice
from cohorts.reconcile.values import Action, Issue
from discordsync.plan import calls
from discordsync.plan.actions import Item, Owner, edit
from discordsync.plan.diff import Diff
from discordsync.state import keys, permissions
from discordsync.state.desired_state import DesiredGroup
from discordsync.state.observed import ObservedChannel, Overwrite

# In the channels lane both come before anything new, and removing access before giving it.
REMOVING, RESTORING = 0, 1


def restore_overwrites(
    diff: Diff, owner: Owner, key: str, wanted: list[Overwrite]
) -> Iterator[Action]:
    channel = _channel(diff, key)
    for overwrite in wanted:
        held = channel.overwrites.get(overwrite.target)
        if not permissions.is_met(held, overwrite):
            restored = permissions.restore(held, overwrite, diff.observed.bot_permissions)
            call = calls.put_overwrite(channel.id, restored)
            why = "it was changed" if held else "it is missing"
            yield overwrite_action(diff, owner, channel, key, call, "restore", why, rank=RESTORING)


def remove_stray_overwrites(diff: Diff, group: DesiredGroup, key: str) -> Iterator[Action]:
    """Remove stray overwrites.

    The removal guard applies unless the access has ended on a date or the role gives it anyway.
    """
    for stray in diff.stray_overwrites(group, key):
        channel, person = _channel(diff, key), stray.target
        ended = group.why_ended(person)
        stays = person in diff.entitled(group, key)
        why = ended or ("the role already gives access" if stays else "no recorded reason")
        yield overwrite_action(
            diff,
            Owner.of(group),
            channel,
            key,
            calls.delete_overwrite(channel.id, person),
            "remove",
            why,
            rank=REMOVING,
            removes=None if ended or stays else str(person),
            ends=bool(ended),
        )


def overwrite_action(
    diff: Diff,
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
        target=f"permissions of {diff.target_name(call.subject)} in “{channel.name}”",
        why=why,
        group_id=owner.group_id,
        cohort_id=owner.cohort_id,
        rank=rank,
        removes=removes,
        ends=ends,
        repeatable=call.method == "PUT",  # deleting an overwrite twice fails
        payload=call,
    )


def rename(diff: Diff, owner: Owner, key: str, name: str) -> Iterator[Item]:
    (sent, answered), found = diff.names_of(key), diff.role(key) or diff.channel(key)
    if found is None or not sent:
        return
    if sent != name:
        yield _write_name(diff, owner, key, name, found.name, "renamed in Lens")
    elif answered and found.name != answered:
        decided = diff.decision(key, keys.NAME, found.name)
        if decided == DriftChoice.APPLY:
            yield _write_name(diff, owner, key, name, found.name, "staff chose the name in Lens")
        elif not decided and owner.reporter:
            detail = f"“{answered}” was renamed to “{found.name}”"
            yield Issue(owner.reporter.id, "renamed", detail)


def _write_name(diff: Diff, owner: Owner, key: str, name: str, before: str, why: str) -> Action:
    outside_id, guild = diff.id_of(key) or 0, diff.observed.guild_id
    target = f"the name of “{before}” to “{name}”"
    if keys.kind_of(key) == "role":
        return edit(owner, calls.rename_role(guild, outside_id, key, name), "roles", target, why)
    # Discord allows two renames in 10 minutes: a separate lane keeps other calls from waiting.
    return edit(owner, calls.rename_channel(outside_id, key, name), "names", target, why)


def restore_category(diff: Diff, owner: Owner, key: str, category: str) -> Iterator[Item]:
    channel, parent = diff.channel(key), diff.channel(category)
    is_imported = not any(diff.names_of(key))
    if channel is None or parent is None or is_imported:
        return
    call = calls.put_into(channel.id, key, parent.id)
    if channel.parent_id is None:
        yield edit(owner, call, "channels", f"“{channel.name}”", "it is not in a category")
    elif channel.parent_id != parent.id:
        decided = diff.decision(key, keys.PLACE, str(channel.parent_id))
        if decided == DriftChoice.APPLY:
            yield edit(owner, call, "channels", f"“{channel.name}”", "staff chose its category")
        elif not decided and owner.reporter:
            detail = f"“{channel.name}” is no longer in “{parent.name}”"
            yield Issue(owner.reporter.id, "channel_moved", detail)


def _channel(diff: Diff, key: str) -> ObservedChannel:
    channel = diff.channel(key)
    assert channel is not None
    return channel
