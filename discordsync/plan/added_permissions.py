"""Find permissions that people in Discord gave to roles in our channels, or denied them.  Pure.

Lens tolerates them (`permissions.added_bits`), and staff decide whether they stay.  Overwrites of
single people are left out: `Diff.stray_overwrites` says which of those are removed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from cohorts.reconcile.differences import DriftChoice
from cohorts.reconcile.values import Action
from discordsync.plan import calls
from discordsync.plan.actions import Owner
from discordsync.plan.diff import Diff
from discordsync.plan.repairs import REMOVING, overwrite_action
from discordsync.state import keys, permissions
from discordsync.state.observed import ROLE, Overwrite

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
