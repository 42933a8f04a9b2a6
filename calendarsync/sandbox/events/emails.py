"""Record the e-mails that Google would have sent about a write."""

from calendarsync.sandbox.events.attendees import guests
from calendarsync.sandbox.events.instances import exceptions
from calendarsync.sandbox.state import Event, State
from calendarsync.sandbox.times import timestamp

# What guests can see of an event. A change of other fields does not concern them.
VISIBLE = ("start", "end", "recurrence", "summary", "description", "location", "conferenceData")


def send_mails(state: State, send: str, before: Event | None, after: Event) -> None:
    """Record the e-mails about a write that changed an event from `before` to `after`.

    `send` is sendUpdates: "all", "externalOnly" or "none". With the setting `mails` as "everybody",
    Google sends e-mail to the whole list about any write, else only to the people "concerned".
    """
    had = guests(state, _attendees(before)) if before and _is_on(before) else set()
    has = guests(state, _attendees(after)) if _is_on(after) else set()
    updated = had & has if _mails_everyone(state, before, after) else set()
    for kind, addresses in (
        ("invitation", has - had),
        ("update", updated),
        ("cancellation", had - has),
    ):
        _send(state, send, kind, addresses, after["id"])


def send_exception_mails(state: State, send: str, series: Event) -> None:
    """Record e-mails to people invited to single occurrences of a deleted or restored series."""
    mailed = guests(state, _attendees(series))
    kind = "invitation" if _is_on(series) else "cancellation"
    for event in filter(_is_on, exceptions(state, series["id"])):
        _send(state, send, kind, guests(state, _attendees(event)) - mailed, event["id"])


def _is_on(event: Event) -> bool:
    return bool(event["status"] != "cancelled")


def _attendees(event: Event) -> list[dict]:
    return list(event["fields"].get("attendees", []))


def _mails_everyone(state: State, before: Event | None, after: Event) -> bool:
    if before is None or state.settings["mails"] == "everybody":
        return True
    return any(before["fields"].get(key) != after["fields"].get(key) for key in VISIBLE)


def _send(state: State, send: str, kind: str, addresses: set[str], event_id: str) -> None:
    at = timestamp(state.now())
    for address in sorted(addresses):
        if send == "all" or (send == "externalOnly" and not _uses_google(state, address)):
            state.mails.append({"to": address, "kind": kind, "event": event_id, "at": at})


def _uses_google(state: State, address: str) -> bool:
    own = state.calendar_id.partition("@")[2]
    return address.partition("@")[2] in {own, *state.settings["google_domains"]}
