"""The REST calls of our actions: method, path and body, as Discord documents them; and helpers that
name and order actions, and withhold those that no one requested.  Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cohorts.reconcile.values import Action, Issue, IssueCode, Withheld
from discordsync.desired import DesiredGroup, DesiredScheduledEvent
from discordsync.plan.diff import Diff
from discordsync.state import keys
from discordsync.state.facts import DirectMessageFacts, MessageFacts, SentPost
from discordsync.state.observed import CATEGORY, TEXT, Overwrite

GUILD_ONLY = 2  # privacy level of an event: seen by members of the guild
VOICE_EVENT = 2


@dataclass(frozen=True, slots=True)
class Call:
    """One request.  `key` names the object of ours that it creates or changes, if any."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    key: str = ""
    subject: int = 0  # the person or message that it is about
    to: int = 0  # of a direct message: the person
    names: tuple[int, ...] = field(default=())  # same-named objects that exist before a create
    last_message: int | None = None  # a channel is deleted only while this is its last one


def create_channel(
    guild_id: int,
    key: str,
    kind: int,
    name: str,
    overwrites: Iterable[Overwrite],
    *,
    parent_id: int | None = None,
    topic: str = "",
    names: Iterable[int] = (),
) -> Call:
    """Create the channel and its overwrites in one call, so that it is never publicly visible."""
    body: dict[str, Any] = {
        "name": name,
        "type": kind,
        "permission_overwrites": [write_overwrite(o) for o in overwrites],
    }
    if kind != CATEGORY:
        body["parent_id"] = str(parent_id)
    if kind == TEXT:
        body["topic"] = topic
    return Call("POST", f"/guilds/{guild_id}/channels", body, key, names=tuple(names))


def create_role(guild_id: int, key: str, name: str, names: Iterable[int]) -> Call:
    """Create a role without permissions: it only opens its group's channels, by overwrites."""
    body = {"name": name, "permissions": "0", "hoist": False, "mentionable": False}
    return Call("POST", f"/guilds/{guild_id}/roles", body, key, names=tuple(names))


def edit_role(guild_id: int, role_id: int, key: str, **changes: str) -> Call:
    return Call("PATCH", f"/guilds/{guild_id}/roles/{role_id}", changes, key)


def edit_channel(channel_id: int, key: str, **changes: str) -> Call:
    """Edit a channel.  Moved into another category, it keeps its permissions: they are its own."""
    return Call("PATCH", f"/channels/{channel_id}", changes, key)


def put_overwrite(channel_id: int, overwrite: Overwrite) -> Call:
    body = write_overwrite(overwrite)
    del body["id"]
    path = f"/channels/{channel_id}/permissions/{overwrite.target}"
    return Call("PUT", path, body, subject=overwrite.target)


def delete_overwrite(channel_id: int, target: int) -> Call:
    return Call("DELETE", f"/channels/{channel_id}/permissions/{target}", subject=target)


def grant(guild_id: int, person: int, role_id: int) -> Call:
    return Call("PUT", f"/guilds/{guild_id}/members/{person}/roles/{role_id}", subject=person)


def revoke(guild_id: int, person: int, role_id: int) -> Call:
    return Call("DELETE", f"/guilds/{guild_id}/members/{person}/roles/{role_id}", subject=person)


def create_event(guild_id: int, event: DesiredScheduledEvent, channel_id: int) -> Call:
    body = {**event_fields(event, channel_id), "privacy_level": GUILD_ONLY}
    body["entity_type"] = VOICE_EVENT
    return Call("POST", f"/guilds/{guild_id}/scheduled-events", body, event.key)


def edit_event(guild_id: int, event_id: int, key: str, changes: Mapping[str, Any]) -> Call:
    return Call("PATCH", f"/guilds/{guild_id}/scheduled-events/{event_id}", changes, key)


def delete_channel(channel_id: int, key: str, last_message: int) -> Call:
    path = f"/channels/{channel_id}"
    return Call("DELETE", path, None, key, subject=channel_id, last_message=last_message)


def delete_role(guild_id: int, role_id: int, key: str) -> Call:
    return Call("DELETE", f"/guilds/{guild_id}/roles/{role_id}", None, key, subject=role_id)


def delete_message(post: SentPost) -> Call:
    path = f"/channels/{post.channel_id}/messages/{post.outside_id}"
    return Call("DELETE", path, subject=post.message_id)


def delete_event(guild_id: int, event_id: int, key: str) -> Call:
    path = f"/guilds/{guild_id}/scheduled-events/{event_id}"
    return Call("DELETE", path, None, key, subject=event_id)


def event_fields(event: DesiredScheduledEvent, channel_id: int | None) -> dict[str, Any]:
    return {
        "name": event.name,
        "description": event.description,
        "channel_id": str(channel_id),
        "scheduled_start_time": event.starts_at.isoformat(),
        "scheduled_end_time": event.ends_at.isoformat(),
    }


def send_message(channel_id: int, message: MessageFacts) -> Call:
    """Send a message.  The nonce makes Discord answer a repeated call with the existing message."""
    body: dict[str, Any] = {
        "content": message.text,
        "nonce": message.nonce,
        "enforce_nonce": True,
        "allowed_mentions": {"parse": [], "users": [str(pk) for pk in message.people[:100]]},
    }
    if message.components:
        body["components"] = list(message.components)
    return Call("POST", f"/channels/{channel_id}/messages", body, subject=message.id)


def send_direct(channel_id: int, direct: DirectMessageFacts) -> Call:
    """Send a direct message, or edit the one whose place it takes; repeating an edit is harmless.

    `to` is the person, because a refusal concerns them.
    """
    if channel_id and direct.message.edits:
        path = f"/channels/{channel_id}/messages/{direct.message.edits}"
        body = {
            "content": direct.message.text,
            "components": list(direct.message.components),
            "allowed_mentions": {"parse": []},
        }
        return Call("PATCH", path, body, subject=direct.message.id, to=direct.person)
    return replace(send_message(channel_id, direct.message), to=direct.person)


def open_dm_channel(person: int) -> Call:
    """Open a direct-message channel.  Discord answers a repeated call with the existing one."""
    body = {"recipient_id": str(person)}
    return Call("POST", "/users/@me/channels", body, subject=person, to=person)


def write_overwrite(overwrite: Overwrite) -> dict[str, Any]:
    return {
        "id": str(overwrite.target),
        "type": overwrite.type,
        "allow": str(overwrite.allow),
        "deny": str(overwrite.deny),
    }


def describe_changes(call: Call) -> dict[str, str]:
    """Return what a call changes, as a mapping of subjects to values.

    member <person> <role>           given | taken
    overwrite <channel> <target>     <allowed bits> <denied bits> | "" when it is removed
    name <id>                        the new name
    parent <channel>                 the new category
    permissions <role>               the new bits
    """
    body = call.body or {}
    match call.method, call.path.strip("/").split("/"):
        case ("PUT" | "DELETE") as method, ["guilds", _, "members", person, "roles", role]:
            return {f"member {person} {role}": "given" if method == "PUT" else "taken"}
        case "PUT", ["channels", channel, "permissions", target]:
            return {f"overwrite {channel} {target}": f"{body['allow']} {body['deny']}"}
        case "DELETE", ["channels", channel, "permissions", target]:
            return {f"overwrite {channel} {target}": ""}
        case "PATCH", ["channels", pk] | ["guilds", _, "roles", pk]:
            words = {"name": "name", "parent_id": "parent", "permissions": "permissions"}
            return {f"{words[key]} {pk}": str(value) for key, value in body.items()}
    return {}


# -- actions ---------------------------------------------------------------------------------------

Item = Action | Withheld | Issue


@dataclass(frozen=True, slots=True)
class Owner:
    """The owner of an object: one group, or a cohort (`group` is None).

    `reporter` is the group that reports minor issues with the object.
    """

    cohort_id: int
    group: DesiredGroup | None
    reporter: DesiredGroup | None

    @classmethod
    def of(cls, group: DesiredGroup) -> Owner:
        return cls(group.cohort_id, group, group)

    @property
    def group_id(self) -> int | None:
        return self.group.id if self.group else None


def rank(group: DesiredGroup, step: int) -> int:
    """Return a rank that finishes the first group long before the last one is created."""
    return 10 + 4 * group.position + step


def create(
    owner: Owner,
    call: Call,
    kind: str,
    target: str,
    *,
    needs: frozenset[str] = frozenset(),
    step: int = 0,
) -> Action:
    return Action(
        key=keys.to_create(call.key),
        kind=kind,
        verb="create",
        target=target,
        why="realize was requested",
        group_id=owner.group_id,
        cohort_id=owner.cohort_id,
        needs=needs,
        rank=rank(owner.group, step) if owner.group else step,
        creates=True,
        payload=call,
    )


def if_requested(diff: Diff, group: DesiredGroup, action: Action) -> Item:
    """Withhold the creation of infrastructure unless it was requested for the group."""
    return action if diff.may_create(group.id) else Withheld(action, IssueCode.NOT_REALIZED)


def edit(owner: Owner, call: Call, kind: str, target: str, why: str) -> Action:
    return Action(
        key=f"edit {call.key} {' '.join(sorted(call.body or ()))}",
        kind=kind,
        verb="edit",
        target=target,
        why=why,
        group_id=owner.group_id,
        cohort_id=owner.cohort_id,
        rank=rank(owner.group, 3) if owner.group else 3,
        repeatable=True,
        payload=call,
    )
