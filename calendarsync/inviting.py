"""Invite people in separate calls, because Google may refuse an address or list it under another.

For one bad address Google refuses the whole list and does not say which one is bad (400).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from calendarsync.plan.calls import UNTOLD, EditEvent
from calendarsync.rest.client import CalendarClient
from calendarsync.rest.failures import Invalid
from calendarsync.state.observed import ObservedEvent

MOST_CALLS = 24  # for one list; the remaining addresses are tried again later
PLAIN = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+", re.ASCII)


async def invite_apart(
    client: CalendarClient, event: ObservedEvent, call: EditEvent
) -> tuple[ObservedEvent, frozenset[str]]:
    """Invite everyone whose address Google accepts; return the event and the addresses it refuses.

    Raises `Invalid` if the list is also refused without the new addresses.
    """
    before, refused = event, set()
    rest = replace(call, invite=())
    if body := rest.body(event.attendees):
        event = await client.patch(event, body, tell=call.tell)
    parts = _parts(call.invite) or [call.invite]
    for _ in range(MOST_CALLS):
        if not parts:
            break
        part = parts.pop()
        try:
            event = await _invite(client, event, part, call.tell)
        except Invalid:
            parts += _parts(part)
            refused |= set(part) if len(part) == 1 else set()
    if event is before:
        unchanged = {"attendees": [one.body() for one in event.attendees]}
        event = await client.patch(event, unchanged, tell=UNTOLD)
    return event, frozenset(refused)


async def _invite(
    client: CalendarClient, event: ObservedEvent, part: tuple[str, ...], tell: str
) -> ObservedEvent:
    body = EditEvent(event, invite=part).body(event.attendees)
    return await client.patch(event, body, tell=tell)


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
    return found | (_in_order(fresh, missing) if len(fresh) == len(missing) else {})


def _in_order(fresh: Sequence[str], missing: Sequence[str]) -> dict[str, str]:
    return dict(zip(fresh, missing, strict=True))


def _mailbox(address: str) -> str:
    """Return the mailbox of an address. Gmail ignores dots and everything after a plus."""
    name, _, domain = address.partition("@")
    if domain not in ("gmail.com", "googlemail.com"):
        return address
    return f"{name.partition('+')[0].replace('.', '')}@gmail.com"
