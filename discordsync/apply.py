"""Carry out one action by one call, and update the observed state by its outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cohorts.reconcile.errors import Conflict, Refused
from cohorts.reconcile.values import Action, Outcome
from discordsync.delivery import direct_messages
from discordsync.plan.calls import Call
from discordsync.state.observed import (
    ObservedGuild,
    Overwrite,
    read_channel,
    read_event,
    read_role,
)

if TYPE_CHECKING:
    from discordsync.rest.client import DiscordClient

REASON_LENGTH = 400  # Discord accepts 512, percent-encoded


async def apply(client: DiscordClient, action: Action) -> Outcome:
    if action.kind == direct_messages.LANE:
        return await direct_messages.apply(client, action)
    call: Call = action.payload
    if call.last_message is not None:
        await _check_silent(client, call)
    reason = None if action.verb == "send" else f"Lens: {action.why}"[:REASON_LENGTH]
    try:
        answer = await client.request(call.method, call.path, body=call.body, reason=reason)
    except Conflict as error:
        if call.method != "DELETE" or action.kind in {"access", "events"}:
            raise
        return Outcome(note=f"It was deleted already: {error}")
    outside_id = str(answer["id"]) if isinstance(answer, dict) and "id" in answer else ""
    return Outcome(outside_id=outside_id, answer=answer)


async def _check_silent(client: DiscordClient, call: Call) -> None:
    """Raise Refused if someone has written in the channel since its removal was approved."""
    try:
        channel = read_channel(await client.request("GET", f"/channels/{call.subject}"))
    except Conflict:
        return  # it is gone; deleting it says so
    if channel.last_message_id != call.last_message:
        raise Refused("There are newer messages in the channel.", code="removal_void")


def absorb(observed: ObservedGuild, action: Action, outcome: Outcome) -> ObservedGuild:
    """Return the observed state updated by this call's outcome."""
    call: Call = action.payload
    match action.kind, action.verb:
        case "messages", _:
            return observed.with_sent(call.subject)
        case kind, "delete":
            return observed.without(kind, call.subject)
        case "access", verb:
            return _absorb_access(observed, call, granted=verb == "grant")
        case "roles", "create":
            observed = observed.with_new_role(read_role(outcome.answer))
        case "roles", _:
            observed = observed.with_role(read_role(outcome.answer))
        case "events", _:
            observed = observed.with_event(read_event(outcome.answer))
        case ("names", _) | ("channels", "create" | "edit"):
            observed = observed.with_channel(read_channel(outcome.answer))
        case "channels", _:
            return _absorb_overwrite(observed, call)
        case direct_messages.LANE, _:
            return direct_messages.absorb(observed, action, outcome)
    if call.key and outcome.outside_id:
        observed = observed.with_created(call.key, int(outcome.outside_id))
    if call.key and "name" in (call.body or {}):
        sent, answered = str((call.body or {})["name"]), outcome.answer["name"]
        observed = observed.with_given_name(call.key, sent, answered)
    return observed


def _absorb_access(observed: ObservedGuild, call: Call, *, granted: bool) -> ObservedGuild:
    role_id = int(call.path.rpartition("/")[2])
    held = observed.members.get(call.subject, frozenset())
    return observed.with_member(call.subject, held | {role_id} if granted else held - {role_id})


def _absorb_overwrite(observed: ObservedGuild, call: Call) -> ObservedGuild:
    channel = observed.channels[int(call.path.split("/")[2])]
    overwrites = {k: v for k, v in channel.overwrites.items() if k != call.subject}
    if call.body is not None:
        overwrites[call.subject] = Overwrite(
            call.subject, call.body["type"], int(call.body["allow"]), int(call.body["deny"])
        )
    return observed.with_overwrites(channel.id, overwrites)
