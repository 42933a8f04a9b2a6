"""Compare existing objects: repair some differences and report others.  Pure; see plan.py.

overwrites that differ                            restored
bits that staff added to our overwrites           tolerated, except for those in OURS_ALONE
an overwrite that lets someone in for no reason   removed (Diff.stray_overwrites)
an ended group's role that the bot cannot manage  its overwrites are removed after the archive
a name that has changed in the facts              written
a name that was changed in Discord                reported, until staff decide (drift.py)
a channel without a category                      moved into its own, once that exists
a channel moved into another category             reported, until staff decide
permissions that staff added or denied            reported, until staff decide whether they stay
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from cohorts.reconcile.differences import DriftChoice
from cohorts.reconcile.values import Action, Issue
from discordsync.desired import DesiredGroup
from discordsync.plan import calls
from discordsync.plan.calls import Item, Owner, edit
from discordsync.plan.diff import Diff
from discordsync.state import keys, permissions
from discordsync.state.observed import ROLE, ObservedChannel, Overwrite

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


def remove_roles_overwrites(diff: Diff, group: DesiredGroup) -> Iterator[Action]:
    """Close the channels to a role after its archive, if the bot can take it from no one."""
    role = diff.role(keys.role(group.id))
    if role is None or not group.removable or diff.can_manage(role):
        return
    for key in (*keys.channels_of(group.id), keys.cohort_channel(group.cohort_id)):
        channel = diff.channel(key)
        if channel is not None and role.id in channel.overwrites:
            call = calls.delete_overwrite(channel.id, role.id)
            why = "the archive has ended, and the bot cannot take the role from anyone"
            owner = Owner.of(group)
            yield overwrite_action(
                diff, owner, channel, key, call, "remove", why, rank=REMOVING, ends=True
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
        person=diff.target_name(call.subject) if removes else "",
        ends=ends,
        repeatable=True,
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
        call = calls.edit_role(guild, outside_id, key, name=name)
        return edit(owner, call, "roles", target, why)
    # Discord allows two renames in 10 minutes: a separate lane keeps other calls from waiting.
    return edit(owner, calls.edit_channel(outside_id, key, name=name), "names", target, why)


def restore_category(diff: Diff, owner: Owner, key: str, category: str) -> Iterator[Item]:
    channel, parent = diff.channel(key), diff.channel(category)
    is_imported = not any(diff.names_of(key))
    if channel is None or parent is None or is_imported:
        return
    call = calls.edit_channel(channel.id, key, parent_id=str(parent.id))
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


# -- permissions that were added -------------------------------------------------------------------

NOTHING = (0, 0)


@dataclass(frozen=True, slots=True)
class AddedPermissions:
    """What was added for one role.  `wanted` is our own overwrite for it, if there is one."""

    target: int
    allow: int
    deny: int
    wanted: Overwrite | None = None

    @property
    def value(self) -> str:
        return f"{self.allow} {self.deny}"


def find_added(diff: Diff, key: str) -> Iterator[AddedPermissions]:
    """Yield what was added in one channel or category of a live group or cohort."""
    channel = diff.channel(key)
    if channel is None:
        return
    ours = {one.target: one for one in _wanted(diff, key) if one.type == ROLE}
    for held in channel.overwrites.values():
        if held.type != ROLE:
            continue
        wanted = ours.get(held.target)
        if wanted is not None:
            bits = permissions.added_bits(held, wanted)
        else:
            bits = (held.allow, held.deny) if _is_foreign(diff, key, held.target) else NOTHING
        if bits != NOTHING:
            yield AddedPermissions(held.target, *bits, wanted)


def _wanted(diff: Diff, key: str) -> list[Overwrite]:
    match keys.kind_of(key):
        case "category":
            return diff.hidden_from_everyone(permissions.BOT_CATEGORY)
        case "cohort_channel":
            groups = diff.live_groups(keys.number_of(key))
            roles = [diff.role(keys.role(group.id)) for group in groups]
            member = permissions.MEMBER_TEXT
            opened = [Overwrite(role.id, ROLE, member, 0) for role in roles if role]
            return [*diff.hidden_from_everyone(permissions.BOT_TEXT), *opened]
        case kind:
            return diff.group_overwrites(diff.desired.groups[keys.number_of(key)], kind)


def _is_foreign(diff: Diff, key: str, role_id: int) -> bool:
    """Return whether a role does not belong in a channel.  An imported one came with what it has.

    A group's own channel is for its own role; what is shared is also for the roles of ended groups.
    """
    if not any(diff.names_of(key)):
        return False
    if keys.kind_of(key) in {"text_channel", "voice_channel"}:
        return role_id != diff.id_of(keys.role(keys.number_of(key)))
    return all(
        record.outside_id != role_id
        for record in diff.desired.records.values()
        if keys.kind_of(record.key) == "role"
    )


def take_back(diff: Diff, owner: Owner, key: str) -> Iterator[Action]:
    """Yield the removal of what staff decided to take back."""
    channel = diff.channel(key)
    for added in find_added(diff, key):
        part = keys.overwrite(added.target)
        if channel and diff.decision(key, part, added.value) == DriftChoice.APPLY:
            call = (
                calls.put_overwrite(channel.id, added.wanted)
                if added.wanted
                else calls.delete_overwrite(channel.id, added.target)
            )
            yield overwrite_action(
                diff,
                owner,
                channel,
                key,
                replace(call, key=key),
                "take back",
                "staff chose what Lens gives",
                rank=REMOVING,
            )
