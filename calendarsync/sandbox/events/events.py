"""Write single events: insert, patch, update and delete. All checks come before any change.

A patch merges the body into the event, an update replaces it. Both may name an occurrence that was
never changed; writing it makes it an exception with fields of its own.
"""

import re
import secrets
from dataclasses import dataclass
from typing import Any

from calendarsync.sandbox.errors import (
    already_deleted,
    condition_not_met,
    duplicate,
    invalid,
    not_a_writer,
    not_delegated,
    not_found,
    quota_exceeded,
)
from calendarsync.sandbox.events.attendees import answer_own, guests, merge_attendees
from calendarsync.sandbox.events.emails import send_exception_mails, send_mails
from calendarsync.sandbox.events.fields import Fields, check_body, check_fields, merge, writable
from calendarsync.sandbox.events.instances import find, is_cancelled, is_series
from calendarsync.sandbox.events.render import etag
from calendarsync.sandbox.events.series import rewrite_exceptions, share_version, touch_exceptions
from calendarsync.sandbox.state import Event, State, next_revision, next_serial
from calendarsync.sandbox.times import timestamp

CHOSEN_ID = re.compile(r"[a-v0-9]{5,1024}")
SPLIT_ID = re.compile(r".+_R\d{8}(T\d{6})?")
# A change of one of these increases the event's `sequence`.
SEQUENCED = ("start", "end", "recurrence", "location")


@dataclass(frozen=True)
class Writer:
    """Who writes, and how.

    `call_as_owner`: a person in Google's own pages, who has fewer restrictions.
    """

    send: str = "none"
    conference_version: int = 0
    if_match: str | None = None
    by_hand: bool = False


def insert(state: State, body: Fields, writer: Writer) -> Event:
    """Create an event.

    Raises GoogleError: 400 for a bad event or id, 409 for an id ever used before.
    """
    _check_writer(state, writer)
    check_body(body)
    event_id = _new_id(state, body)
    blank = _blank(state, event_id, body)
    event = {**blank, "fields": _merged(state, writer, blank, writable(body), body)}
    _check_invitations(state, writer, blank, event, body)
    return _store(state, writer, None, event)


def patch(state: State, event_id: str, body: Fields, writer: Writer) -> Event:
    """Merge fields into an event. Raises GoogleError: 404, 412, or 400 if the result is invalid."""
    event = _writable_event(state, event_id, body, writer)
    return _rewrite(state, event, merge(event["fields"], writable(body)), body, writer)


def update(state: State, event_id: str, body: Fields, writer: Writer) -> Event:
    """Replace an event's fields, as `patch` does.

    Fields that are not sent return to their defaults.
    """
    event = _writable_event(state, event_id, body, writer)
    return _rewrite(state, event, writable(body), body, writer)


def delete(state: State, event_id: str, writer: Writer) -> Event:
    """Cancel the event, which stays. Raises GoogleError: 404, 412, or 410 the second time."""
    _check_writer(state, writer)
    event = _existing(state, event_id)
    _check_match(event, writer)
    if is_cancelled(state, event):
        raise already_deleted()
    return _store(state, writer, event, {**event, "status": "cancelled"})


def _writable_event(state: State, event_id: str, body: Fields, writer: Writer) -> Event:
    _check_writer(state, writer)
    check_body(body)
    event = _existing(state, event_id)
    _check_match(event, writer)
    if body.get("id", event_id) != event_id:
        raise invalid("Invalid resource id value.")
    if body.get("sequence", event["sequence"]) < event["sequence"]:
        raise invalid("Invalid sequence value.")
    return event


def _existing(state: State, event_id: str) -> Event:
    event = find(state, event_id)
    if event is None:
        raise not_found()
    return event


def _check_writer(state: State, writer: Writer) -> None:
    if state.settings["access_role"] not in ("owner", "writer") and not writer.by_hand:
        raise not_a_writer()


def _check_match(event: Event, writer: Writer) -> None:
    if writer.if_match not in (None, "*", etag(event)):
        raise condition_not_met()


def _new_id(state: State, body: Fields) -> str:
    chosen = body.get("id")
    if chosen is None:
        return secrets.token_hex(13)
    if not isinstance(chosen, str) or not CHOSEN_ID.fullmatch(chosen):
        raise invalid("Invalid resource id value.")
    if "iCalUID" in body:
        raise invalid("Only one of id and iCalUID can be specified.")
    if chosen in state.events or chosen in state.buried:
        raise duplicate()
    return chosen


def _blank(state: State, event_id: str, body: Fields) -> Event:
    if body.get("status") == "cancelled":
        raise invalid("Invalid value for: status")
    return {
        "id": event_id,
        "serial": 0,
        "rev": 0,
        "status": body.get("status") or "confirmed",
        "created": timestamp(state.now(), seconds=True),
        "updated": "",
        "sequence": 0,
        "iCalUID": body.get("iCalUID") or f"{event_id}@google.com",
        "series": None,
        "original": None,
        "fields": {},
    }


def _rewrite(state: State, event: Event, fields: Fields, body: Fields, writer: Writer) -> Event:
    _check_rules(event, fields, body)
    _check_status(state, event, body)
    merged = _merged(state, writer, event, fields, body)
    after = {**event, "fields": merged, "status": body.get("status") or event["status"]}
    _check_invitations(state, writer, event, after, body)
    return _store(state, writer, event, after, named=set(body))


def _check_rules(event: Event, fields: Fields, body: Fields) -> None:
    """Refuse rules for an occurrence, which has none, and changed rules for a split series."""
    if event["series"] and body.get("recurrence"):
        raise invalid("Invalid value for: recurrence")
    changed = fields.get("recurrence", []) != event["fields"].get("recurrence", [])
    if SPLIT_ID.fullmatch(event["id"]) and changed:
        raise invalid("Invalid recurrence rule.")


def _check_status(state: State, event: Event, body: Fields) -> None:
    """Refuse to restore an occurrence while its series is deleted."""
    series = state.events.get(event["series"]) if event["series"] else None
    if series is not None and series["status"] == "cancelled" and body.get("status"):
        raise invalid("Invalid value for: status")


def _merged(state: State, writer: Writer, event: Event, fields: Fields, body: Fields) -> Fields:
    """Return the fields as they would be stored; raise GoogleError."""
    present = event["fields"]
    checked = check_fields({k: v for k, v in fields.items() if k != "conferenceData"})
    conference = resolve_conference(
        fields.get("conferenceData"),
        present.get("conferenceData"),
        version=writer.conference_version,
        event_id=event["id"],
    )
    if conference:
        checked["conferenceData"] = conference
    attendees = _merged_attendees(state, writer, event, fields, body)
    checked.pop("attendees", None)
    return checked | ({"attendees": attendees} if attendees else {})


def _merged_attendees(
    state: State, writer: Writer, event: Event, fields: Fields, body: Fields
) -> list[dict[str, Any]]:
    present = event["fields"].get("attendees", [])
    if body.get("attendeesOmitted"):
        return answer_own(state, body.get("attendees") or [], present)
    written = fields.get("attendees") or []
    if written is present:
        return list(present)
    return merge_attendees(state, written, present, by_hand=writer.by_hand)


def _check_invitations(
    state: State, writer: Writer, before: Event, after: Event, body: Fields
) -> None:
    if writer.by_hand:
        return
    if body.get("attendees") and not state.settings["delegation"]:
        raise not_delegated()
    quota = state.settings["quota"]
    if quota is not None and _added(state, before, after) + state.invited > quota:
        raise quota_exceeded()


def _added(state: State, before: Event | None, after: Event) -> int:
    had = guests(state, before["fields"].get("attendees", [])) if before else set()
    return len(guests(state, after["fields"].get("attendees", [])) - had)


def _store(
    state: State,
    writer: Writer,
    before: Event | None,
    after: Event,
    named: set[str] | None = None,
) -> Event:
    """Store the event and its consequences. Nothing is refused from here on."""
    state.invited += 0 if writer.by_hand else _added(state, before, after)
    after = {
        **after,
        "serial": after["serial"] or next_serial(state),
        "rev": next_revision(state),
        "updated": timestamp(state.now()),
        "sequence": after["sequence"] + _is_new_version(before, after),
    }
    state.events[after["id"]] = after
    send_mails(state, writer.send, before, after)
    if before is not None and not before["series"]:
        _follow_up(state, writer, before, after, named or set())
    share_version(state, after)
    return after


def _is_new_version(before: Event | None, after: Event) -> bool:
    return before is not None and (
        before["status"] != after["status"]
        or any(before["fields"].get(key) != after["fields"].get(key) for key in SEQUENCED)
    )


def _follow_up(state: State, writer: Writer, before: Event, after: Event, named: set[str]) -> None:
    """Apply the effects of a write to a series to its exceptions."""
    if named and is_series(before):
        rewrite_exceptions(state, before, after, named)
    if before["status"] != after["status"]:
        touch_exceptions(state, after)
        send_exception_mails(state, writer.send, after)


def resolve_conference(
    written: dict[str, Any] | None, present: dict[str, Any] | None, *, version: int, event_id: str
) -> dict[str, Any] | None:
    """Return the conferenceData that the event then contains.

    Google ignores it without `conferenceDataVersion=1`. A `createRequest` is fulfilled at once.
    """
    if version == 0 or written == present:
        return present
    request = (written or {}).get("createRequest")
    if written is None or request is None:
        return written
    if not isinstance(request, dict) or not request.get("requestId"):
        raise invalid("Invalid conference type value.")
    code = event_id[:10].ljust(10, "a")
    return {
        "createRequest": {**request, "status": {"statusCode": "success"}},
        "conferenceId": code,
        "conferenceSolution": {"key": {"type": "hangoutsMeet"}, "name": "Google Meet"},
        "entryPoints": [{"entryPointType": "video", "uri": f"https://meet.google.com/{code}"}],
    }
