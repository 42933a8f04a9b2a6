"""Carry out one planned action with one call to Google.

Only an occurrence that was never changed is read before it is written: listings do not contain it,
so its ETag for If-Match is unknown, and its attendees' answers must be sent back unchanged.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import replace

from calendarsync.inviting import find_aliases, invite_apart
from calendarsync.observe import read
from calendarsync.plan.calls import TOLD, Call, CancelEvent, CreateEvent, EditEvent, ReadExceptions
from calendarsync.rest.client import CalendarClient
from calendarsync.rest.failures import Invalid, Missing, Taken
from calendarsync.state.observed import Invited, Memory, ObservedEvent, read_event
from cohorts.reconcile.errors import LookAgain, Refused
from cohorts.reconcile.values import Outcome


async def carry_out(client: CalendarClient, memory: Memory, call: Call) -> Outcome:
    """Carry out a call and return its outcome.

    The outcome's answer is an `Invited` after a write, an `ObservedEvent` after a cancellation, and
    a `Reading` after a `ReadExceptions`. It is also a `Reading` if Google refused a write because
    the event has changed since it was read (412); then the calendar is read again, because a write
    to one event may also change its series and exceptions. Raises the errors of
    `cohorts.reconcile.errors`.
    """
    try:
        return await _carry_out(client, memory, call)
    except LookAgain as error:
        reading = await read(client, memory)
        return Outcome(note=f"Read again: {error}", answer=reading, done=False)


async def _carry_out(client: CalendarClient, memory: Memory, call: Call) -> Outcome:
    match call:
        case CreateEvent():
            return await _create(client, call)
        case EditEvent():
            return await _edit(client, call)
        case CancelEvent():
            return await _cancel(client, call)
        case ReadExceptions():
            return Outcome(answer=await read(client, memory))


async def _create(client: CalendarClient, call: CreateEvent) -> Outcome:
    try:
        event = await client.insert(call.body(), tell=TOLD)
    except Taken:
        return await _adopt(client, call)
    except Invalid:
        if not call.people:
            raise
        return await _create_apart(client, call)
    return _invited(client, call.people, None, event)


async def _create_apart(client: CalendarClient, call: CreateEvent) -> Outcome:
    """Create an event that Google refused without its people, then invite them in separate calls.

    This shows whether one of the addresses is the reason.
    """
    event = await client.insert(replace(call, people=()).body(), tell=TOLD)
    return await _invite_apart(client, event, EditEvent(event, invite=call.people))


async def _adopt(client: CalendarClient, call: CreateEvent) -> Outcome:
    """Take over the event that has our id, if it carries our mark.

    It was created by a call whose response was lost.
    """
    event = await client.get(call.event_id)
    if event is None or event.face.mark != call.mark:
        raise Refused("The ID is already used by an event that is not ours.", code="id_taken")
    return Outcome(event.id, "It already existed.", Invited(event))


async def _edit(client: CalendarClient, call: EditEvent) -> Outcome:
    event = call.event
    if not event.etag:
        event = await _look_at(client, event)
        if not call.restore and call.is_done(event):
            return Outcome(event.id, "No change was needed.", Invited(event))
    if call.restore:
        event = replace(event, attendees=call.event.attendees)
    try:
        answer = await client.patch(event, call.body(event.attendees), tell=call.tell)
    except Missing as error:
        raise LookAgain(str(error)) from error
    except Invalid:
        if not call.invite:
            raise
        return await _invite_apart(client, event, call)
    outcome = _invited(client, call.invite, event, answer)
    return _keep_own(call, outcome)


async def _invite_apart(client: CalendarClient, event: ObservedEvent, call: EditEvent) -> Outcome:
    answer, refused = await invite_apart(client, event, call)
    outcome = _invited(client, [one for one in call.invite if one not in refused], event, answer)
    note = f"Google does not accept {', '.join(sorted(refused))}." if refused else ""
    return replace(outcome, note=note, answer=replace(outcome.answer, refused=refused))


def _invited(
    client: CalendarClient,
    sent: Collection[str],
    before: ObservedEvent | None,
    answer: ObservedEvent,
) -> Outcome:
    """Return the outcome of a write, with the aliases that Google's response reveals."""
    aliases = find_aliases(sent, before, answer)
    if aliases:
        client.aliases |= aliases
        answer = read_event(json.loads(answer.raw), client.aliases)
    return Outcome(answer.id, answer=Invited(answer, aliases))


def _keep_own(call: EditEvent, outcome: Outcome) -> Outcome:
    """Check that Google kept what was sent. It may put back only the calendar's own account."""
    event = outcome.answer.event
    stays = call.remove & event.belonging
    if not replace(call, remove=call.remove - stays).is_done(event):
        # A retry would never succeed, and would send people an e-mail each time.
        raise Refused("Google saved something other than what was sent.", code="not_kept")
    return replace(outcome, answer=replace(outcome.answer, stays=frozenset(stays)))


async def _look_at(client: CalendarClient, event: ObservedEvent) -> ObservedEvent:
    found = await client.get(event.id)
    if found is None:
        raise Refused(f"Google has no occurrence {event.id}.", code="no_occurrence")
    if found.status != event.status:
        raise LookAgain(f"{event.id} is {found.status}.")
    return found


async def _cancel(client: CalendarClient, call: CancelEvent) -> Outcome:
    try:
        await client.delete(call.event, tell=call.tell)
    except Missing:
        return Outcome(call.event.id, "It was already cancelled.", _cancelled(call.event))
    return Outcome(call.event.id, answer=_cancelled(call.event))


def _cancelled(event: ObservedEvent) -> ObservedEvent:
    """Return the event as cancelled. Google's response to a deletion is empty, without an ETag."""
    return replace(event, status="cancelled", etag="")
