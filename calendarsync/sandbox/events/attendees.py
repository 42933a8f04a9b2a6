"""Check, store and change lists of attendees."""

import re
from typing import Any

from calendarsync.sandbox.errors import invalid
from calendarsync.sandbox.state import State

Attendee = dict[str, Any]

MOST_ATTENDEES = 200
ANSWERS = {"needsAction", "declined", "tentative", "accepted"}
ADDRESS = re.compile(r"[^@\s<>(),;:\"\[\]]+@[^@\s<>(),;:\"\[\]]+\.[^@\s.<>(),;:\"\[\]]+")
TEXTS = ("displayName", "comment")
FLAGS = ("optional", "resource")
KNOWN = {
    "email", "responseStatus", "additionalGuests", "id", "organizer", "self", "asyncOperation",
    *TEXTS, *FLAGS,
}  # fmt: skip


def merge_attendees(
    state: State, written: Any, present: list[Attendee], *, by_hand: bool
) -> list[Attendee]:
    """Return the list that Google would store for the one written, given the present list.

    Addresses are stored in lower case, and aliases are replaced. An entry without an answer gets
    `needsAction`. An answer that differs from the present one is reset, because only its owner may
    give it, unless the setting `set_responses` is "honoured". Raises GoogleError.
    """
    _check_list(state, written)
    before = by_address(present)
    trusted = by_hand or state.settings["set_responses"] == "honoured"
    merged = [_merge_one(state, one, before, trusted) for one in written]
    if len(by_address(merged)) < len(merged):
        raise invalid("Duplicate attendee email.")
    return _with_organizer(state, merged)


def by_address(attendees: list[Attendee]) -> dict[str, Attendee]:
    return {one["email"]: one for one in attendees}


def _check_list(state: State, written: Any) -> None:
    if not isinstance(written, list):
        raise invalid("Invalid value for: attendees")
    if len(written) > MOST_ATTENDEES:
        raise invalid("The maximum number of attendees per event has been exceeded.")
    for one in written:
        _check_one(one)
        if one["email"].strip().lower() in state.settings["refuses"]:
            raise invalid("Invalid attendee email.")


def _check_one(one: Any) -> None:
    if not isinstance(one, dict) or not set(one) <= KNOWN:
        raise invalid("Invalid value for: attendees")
    address = one.get("email")
    if not isinstance(address, str) or not ADDRESS.fullmatch(address.strip()):
        raise invalid("Invalid attendee email.")
    if one.get("responseStatus") not in (None, *ANSWERS):
        raise invalid(f"Invalid value for: {one['responseStatus']} is not a valid value")
    if not all(isinstance(one.get(key, ""), str) for key in TEXTS) or not all(
        isinstance(one.get(key, False), bool) for key in FLAGS
    ):
        raise invalid("Invalid value for: attendees")
    if type(one.get("additionalGuests", 0)) is not int:
        raise invalid("Invalid value for: additionalGuests")


def _merge_one(state: State, one: Attendee, before: dict[str, Attendee], trusted: bool) -> Attendee:
    address = one["email"].strip().lower()
    address = state.settings["aliases"].get(address, address)
    mine = address == state.calendar_id.lower()
    answer = one.get("responseStatus") or "needsAction"
    if answer != before.get(address, {}).get("responseStatus") and not (trusted or mine):
        answer = "needsAction"
    kept: Attendee = {"email": address}
    kept |= {key: one[key] for key in ("displayName", "comment") if one.get(key)}
    kept |= {key: True for key in FLAGS if one.get(key)}
    if one.get("additionalGuests"):
        kept["additionalGuests"] = one["additionalGuests"]
    if mine:
        kept |= {"organizer": True, "self": True}
    return {**kept, "responseStatus": answer}


def _with_organizer(state: State, merged: list[Attendee]) -> list[Attendee]:
    mine = state.calendar_id.lower()
    if not state.settings["organizer_attends"] or not merged or mine in by_address(merged):
        return merged
    entry = {"email": mine, "organizer": True, "self": True, "responseStatus": "accepted"}
    return [*merged, entry]


def answer_own(state: State, written: Any, present: list[Attendee]) -> list[Attendee]:
    """Return the list after a write with `attendeesOmitted`.

    Only the calendar's own entry can change.
    """
    _check_list(state, written)
    mine = state.calendar_id.lower()
    own = [one for one in written if one["email"].strip().lower() == mine]
    entries = by_address(present)
    for one in own:
        entries[mine] = _merge_one(state, one, entries, trusted=True)
    return list(entries.values())


def with_answer(
    attendees: list[Attendee], address: str, answer: str, comment: str | None
) -> list[Attendee]:
    """Return the list after one person answered."""
    changed: Attendee = {"responseStatus": answer}
    if comment is not None:
        changed["comment"] = comment
    return [{**one, **changed} if one["email"] == address else one for one in attendees]


def guests(state: State, attendees: list[Attendee]) -> set[str]:
    """Return the addresses that Google sends e-mail to: all except the organizer's."""
    return {one["email"] for one in attendees} - {state.calendar_id.lower()}


def inherit(
    mode: str, own: list[Attendee], before: list[Attendee], after: list[Attendee]
) -> list[Attendee]:
    """Return the attendees of an exception after its series changed from `before` to `after`.

    left_alone    the exception keeps its list
    overwritten   it gets the series' list, including answers
    merged        people added or removed there are added or removed; other entries stay
    """
    if mode == "left_alone":
        return own
    if mode == "overwritten":
        return after
    had, has = by_address(before), by_address(after)
    kept = [one for one in own if one["email"] in has or one["email"] not in had]
    present = by_address(kept)
    added = [one for one in after if one["email"] not in had and one["email"] not in present]
    return kept + added
