"""Carry out one planned action with one call to Google.

Only an occurrence that was never changed is read before it is written: listings do not contain it,
so its ETag for If-Match is unknown, and its attendees' answers must be sent back unchanged.
"""

import re
from collections.abc import Collection
from dataclasses import replace

from calendarsync.observe import read_again
from calendarsync.plan.calls import (
    NOTIFY_ALL,
    NOTIFY_NONE,
    Call,
    CancelEvent,
    CreateEvent,
    EditEvent,
    ReadExceptions,
)
from calendarsync.rest.client import CalendarClient
from calendarsync.rest.failures import Invalid, Missing, Taken
from calendarsync.state.observed import ObservedEvent, WriteResult
from calendarsync.state.run_observation import RunObservation
from cohorts.reconcile.errors import Conflict, Refused
from cohorts.reconcile.values import Action, Outcome

MAX_CALLS = 24  # for one list; the remaining addresses are tried again later
PLAIN = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+", re.ASCII)


async def apply(client: CalendarClient, action: Action) -> Outcome:
    """Make the call of an action and return its outcome.

    The outcome's answer is a `WriteResult` after a write, an `ObservedEvent` after a cancellation,
    and a `Reading` after a `ReadExceptions`. It is also a `Reading` if Google refused a write
    because the event has changed or gone since it was read; then the calendar is read again,
    because a write to one event may also change its series and exceptions. Raises the errors of
    `cohorts.reconcile.errors`.
    """
    call: Call = action.payload
    try:
        return await _apply(client, call)
    except (Conflict, Missing) as error:
        if isinstance(call, EditEvent | CancelEvent):
            reading = await read_again(client, call.event.id)
        else:
            reading = await client.list()
        return Outcome(note=f"Read again: {error}", answer=reading, done=False)


def absorb(observed: RunObservation, action: Action, outcome: Outcome) -> RunObservation:
    """Return the observation updated by a write's outcome."""
    assert action.group_id is not None, "all our actions are for a group"
    if isinstance(outcome.answer, WriteResult):
        return observed.with_result(action.group_id, outcome.answer)
    return observed.with_written(action.group_id, outcome.answer)


async def _apply(client: CalendarClient, call: Call) -> Outcome:
    match call:
        case CreateEvent():
            return await _create(client, call)
        case EditEvent():
            return await _edit(client, call)
        case CancelEvent():
            return await _cancel(client, call)
        case ReadExceptions():
            return Outcome(answer=await client.list())


async def _create(client: CalendarClient, call: CreateEvent) -> Outcome:
    try:
        event = await client.insert(call.body(), notify=NOTIFY_ALL)
    except Taken:
        return await _adopt(client, call)
    except Invalid:
        if not call.people:
            raise
        return await _create_separately(client, call)
    return _invited(client, call.people, None, event)


async def _create_separately(client: CalendarClient, call: CreateEvent) -> Outcome:
    """Create an event that Google refused without its people, then invite them in separate calls.

    This shows whether one of the addresses is the reason.
    """
    event = await client.insert(replace(call, people=()).body(), notify=NOTIFY_ALL)
    return await _invite_separately(client, event, EditEvent(event, invite=call.people))


async def _adopt(client: CalendarClient, call: CreateEvent) -> Outcome:
    """Take over the event that has our id, if it carries our mark.

    It was created by a call whose response was lost.
    """
    event = await client.get(call.event_id)
    if event is None or event.details.mark != call.mark:
        raise Refused("The ID is already used by an event that is not ours.", code="id_taken")
    return Outcome(event.id, "It already existed.", WriteResult(event))


async def _edit(client: CalendarClient, call: EditEvent) -> Outcome:
    event = call.event
    if not event.etag:
        event = await _fetch(client, event)
        if not call.restore and call.is_done(event):
            return Outcome(event.id, "No change was needed.", WriteResult(event))
    if call.restore:
        event = replace(event, attendees=call.event.attendees)
    try:
        answer = await client.patch(event, call.body(event.attendees), notify=call.notify)
    except Invalid:
        if not call.invite:
            raise
        return await _invite_separately(client, event, call)
    outcome = _invited(client, call.invite, event, answer)
    return _check_kept(call, outcome)


async def _invite_separately(
    client: CalendarClient, event: ObservedEvent, call: EditEvent
) -> Outcome:
    answer, refused = await invite_separately(client, event, call)
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
        answer = answer.with_aliases(client.aliases)
    return Outcome(answer.id, answer=WriteResult(answer, aliases))


def _check_kept(call: EditEvent, outcome: Outcome) -> Outcome:
    """Check that Google kept what was sent. It may put back only the calendar's own account."""
    event = outcome.answer.event
    stays = call.remove & event.belonging
    if not replace(call, remove=call.remove - stays).is_done(event):
        # A retry would never succeed, and would send people an e-mail each time.
        raise Refused("Google saved something other than what was sent.", code="not_kept")
    return replace(outcome, answer=replace(outcome.answer, stays=frozenset(stays)))


async def _fetch(client: CalendarClient, event: ObservedEvent) -> ObservedEvent:
    found = await client.get(event.id)
    if found is None:
        raise Refused(f"Google has no occurrence {event.id}.", code="no_occurrence")
    if found.status != event.status:
        raise Conflict(f"{event.id} is {found.status}.")
    return found


async def _cancel(client: CalendarClient, call: CancelEvent) -> Outcome:
    note = ""
    try:
        await client.delete(call.event, notify=call.notify)
    except Missing:
        note = "It was already cancelled."
    return Outcome(call.event.id, note, call.result())


# -- inviting people in separate calls -------------------------------------------------------
#
# For one bad address Google refuses the whole list and does not say which one is bad (400). Google
# may also list an address under another one.


async def invite_separately(
    client: CalendarClient, event: ObservedEvent, call: EditEvent
) -> tuple[ObservedEvent, frozenset[str]]:
    """Invite everyone whose address Google accepts; return the event and the addresses it refuses.

    Raises `Invalid` if the list is also refused without the new addresses.
    """
    before, refused = event, set()
    rest = replace(call, invite=())
    if body := rest.body(event.attendees):
        event = await client.patch(event, body, notify=call.notify)
    parts = _parts(call.invite) or [call.invite]
    for _ in range(MAX_CALLS):
        if not parts:
            break
        part = parts.pop()
        body = EditEvent(event, invite=part).body(event.attendees)
        try:
            event = await client.patch(event, body, notify=call.notify)
        except Invalid:
            parts += _parts(part)
            refused |= set(part) if len(part) == 1 else set()
    if event is before:
        unchanged = {"attendees": [one.body() for one in event.attendees]}
        event = await client.patch(event, unchanged, notify=NOTIFY_NONE)
    return event, frozenset(refused)


def _parts(addresses: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Split addresses in two, with the part that is more likely to be accepted last.

    That part is tried first, so that fewer writes, and so fewer e-mails, find the refused
    addresses.
    """
    if len(addresses) == 1:
        return []
    odd = tuple(one for one in addresses if not PLAIN.fullmatch(one))
    plain = tuple(one for one in addresses if one not in odd)
    if odd and plain:
        return [odd, plain]
    half = len(addresses) // 2
    return [addresses[half:], addresses[:half]]


def find_aliases(
    sent: Collection[str], before: ObservedEvent | None, answer: ObservedEvent
) -> dict[str, str]:
    """Return {Google's address: ours} of invitations that came back under another address.

    The list was written on condition that no one had changed it, so its new entries result from
    what was sent. Google keeps the order of a list.
    """
    had = before.people if before else frozenset()
    missing = [address for address in sent if address not in answer.people]
    fresh = [one.address for one in answer.attendees if not one.belongs]
    fresh = [address for address in fresh if address not in had and address not in sent]
    found = {new: old for new in fresh for old in missing if _mailbox(new) == _mailbox(old)}
    missing = [address for address in missing if address not in found.values()]
    fresh = [address for address in fresh if address not in found]
    in_order = zip(fresh, missing, strict=True) if len(fresh) == len(missing) else ()
    return found | dict(in_order)


def _mailbox(address: str) -> str:
    """Return the mailbox of an address. Gmail ignores dots and everything after a plus."""
    name, _, domain = address.partition("@")
    if domain not in ("gmail.com", "googlemail.com"):
        return address
    return f"{name.partition('+')[0].replace('.', '')}@gmail.com"
