"""Carry out the actions of plan/direct_messages.py.  A refusal is a result here and fails no group.

Discord's answer                         what it means                     what is done
---------------------------------------  --------------------------------  ----------------------
50007, 50278 (no server in common)       this person accepts none          channel closed, e-mail
40003 (too fast), 20026 (flagged)        the bot is regarded as spam       all disabled, e-mail
any other refusal of a channel           the same, if there are several    channel closed, e-mail
any other refusal of a message           this one cannot be sent           e-mail
404 to a message                         the channel is gone               id forgotten, e-mail
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING

from cohorts.outbox import rerouting
from cohorts.outbox import services as outbox
from cohorts.outbox.health import parts
from cohorts.reconcile.errors import CallFailed, Conflict, Refused
from cohorts.reconcile.values import Action, Outcome
from discordsync.delivery import dm_channels
from discordsync.plan.calls import Call
from discordsync.state.observed import ObservedGuild

if TYPE_CHECKING:
    from discordsync.rest.client import DiscordClient

LANE = "directs"
NUISANCE = frozenset({"dm_too_fast", "quarantined"})
CLOSED = "The person does not accept direct messages from the bot, so it goes by e-mail."
NOT_TAKEN = "Discord did not accept the direct message, so it goes by e-mail."


class DmFailure(Enum):
    CLOSED = "closed"
    NUISANCE = "nuisance"
    NOT_OPENED = "not opened"
    NOT_TAKEN = "not taken"
    CHANNEL_GONE = "channel gone"


async def apply(client: DiscordClient, action: Action) -> Outcome:
    """Make one call.  Raises CallFailed if its result is unclear or Discord serves no one."""
    call: Call = action.payload
    try:
        answer = await client.request(call.method, call.path, body=call.body)
    except (Refused, Conflict) as error:
        return Outcome(note=error.detail, answer=judge(error, opens=action.verb == "open"))
    return Outcome(outside_id=str(answer["id"]), answer=answer)


def judge(error: CallFailed, *, opens: bool) -> DmFailure:
    """Return what a refusal means, by the table above.  Pure."""
    if error.code in NUISANCE:
        return DmFailure.NUISANCE
    if error.code == "dm_closed":
        return DmFailure.CLOSED
    if opens:
        return DmFailure.NOT_OPENED
    return DmFailure.CHANNEL_GONE if isinstance(error, Conflict) else DmFailure.NOT_TAKEN


def record(action: Action, outcome: Outcome, *, now: datetime) -> None:
    call: Call = action.payload
    if isinstance(outcome.answer, DmFailure):
        _record_refusal(action, outcome.answer, outcome.note, now)
    elif action.verb == "open":
        dm_channels.record_opened(call.to, int(outcome.outside_id))
    else:
        outbox.mark_sent(call.subject, outside_id=outcome.outside_id, now=now)
        parts.record_success(dm_channels.CHANNEL)


def _record_refusal(action: Action, verdict: DmFailure, response: str, now: datetime) -> None:
    call: Call = action.payload
    if action.verb == "send":  # first: this one is in flight, others are pending
        why = CLOSED if verdict is DmFailure.CLOSED else f"{NOT_TAKEN} {response}"
        rerouting.fall_back_to_email([call.subject], why=why, now=now, refused=True)
    match verdict:
        case DmFailure.NUISANCE:
            dm_channels.close_all(response=response, now=now)
        case DmFailure.CLOSED:
            dm_channels.close(call.to, why=CLOSED, now=now)
        case DmFailure.NOT_OPENED:
            dm_channels.record_refusal(call.to, why=f"{NOT_TAKEN} {response}", now=now)
        case DmFailure.CHANNEL_GONE:
            dm_channels.forget_channel(call.to)


def absorb(observed: ObservedGuild, action: Action, outcome: Outcome) -> ObservedGuild:
    call: Call = action.payload
    if isinstance(outcome.answer, DmFailure):
        return _absorb_refusal(observed, call, outcome.answer)
    if action.verb == "open":
        return observed.with_dm_channel(call.to, int(outcome.outside_id))
    return observed.with_sent(call.subject)


def _absorb_refusal(observed: ObservedGuild, call: Call, verdict: DmFailure) -> ObservedGuild:
    match verdict:
        case DmFailure.NUISANCE:
            return replace(observed, dms_disabled=True)
        case DmFailure.CLOSED:
            return observed.with_dm_closed(call.to)
        case DmFailure.NOT_OPENED:
            observed = observed.with_dm_closed(call.to)
            refused = observed.dm_refused | {call.to}
            return replace(
                observed, dm_refused=refused, dms_disabled=len(refused) >= dm_channels.REFUSALS
            )
        case _:
            return observed.with_sent(call.subject)
