"""Record a person's answer to an invitation: to a whole series, or to one occurrence."""

from calendarsync.sandbox.events.attendees import ANSWERS, by_address, with_answer
from calendarsync.sandbox.events.instances import (
    exceptions,
    find,
    instance_id,
    is_cancelled,
    is_series,
)
from calendarsync.sandbox.events.recurrence import stamps, start_of
from calendarsync.sandbox.events.series import share_version
from calendarsync.sandbox.state import Event, State, next_revision, next_serial
from calendarsync.sandbox.times import instant, read_instant, timestamp


def respond(
    state: State,
    event_id: str,
    address: str,
    answer: str,
    *,
    original_start: str | None = None,
    comment: str | None = None,
) -> Event:
    """Store the answer. Answering one occurrence makes an exception with a full attendee list.

    Raises ValueError for an unknown event, occurrence, person or answer.
    """
    if answer not in ANSWERS:
        raise ValueError(f"The answer must be one of {', '.join(sorted(ANSWERS))}.")
    event = _invitation(state, event_id, original_start)
    attendees = event["fields"].get("attendees", [])
    if address not in by_address(attendees):
        raise ValueError(f"{address} is not invited to {event['id']}.")
    answered = _answered(event, address, answer, comment)
    stored = {
        **answered,
        "serial": event["serial"] if event["id"] in state.events else next_serial(state),
        "rev": next_revision(state),
        "updated": timestamp(state.now()),
    }
    state.events[stored["id"]] = stored
    _spread(state, stored, address, answer)
    share_version(state, stored)
    return stored


def _invitation(state: State, event_id: str, original_start: str | None) -> Event:
    event = find(state, event_id)
    if event is not None and original_start is not None:
        event = find(state, occurrence_id(event, original_start))
    if event is None or is_cancelled(state, event):
        raise ValueError(f"There is no event {event_id}.")
    return event


def occurrence_id(series: Event, original_start: str) -> str:
    """Return the id of the occurrence that starts then; raise ValueError if there is none."""
    start = series["fields"]["start"]
    for stamp in stamps(series["fields"]) if is_series(series) else ():
        when = start_of(stamp, start)
        if when.get("date") == original_start or (
            "dateTime" in when and instant(when) == _read(original_start)
        ):
            return instance_id(series["id"], stamp)
    raise ValueError(f"{series['id']} has no occurrence at {original_start}.")


def _read(text: str) -> object:
    try:
        return read_instant(text)
    except Exception as error:
        raise ValueError(f"“{text}” is not a time with a UTC offset.") from error


def _answered(event: Event, address: str, answer: str, comment: str | None) -> Event:
    attendees = with_answer(event["fields"]["attendees"], address, answer, comment)
    return {**event, "fields": {**event["fields"], "attendees": attendees}}


def _spread(state: State, series: Event, address: str, answer: str) -> None:
    """Copy an answer to the series to its exceptions, as the setting `exceptions` says."""
    mode = state.settings["exceptions"]
    if mode == "left_alone" or not is_series(series):
        return
    for event in exceptions(state, series["id"]):
        entry = by_address(event["fields"].get("attendees", [])).get(address)
        if entry and (mode == "overwritten" or entry["responseStatus"] == "needsAction"):
            changed = _answered(event, address, answer, None)
            state.events[event["id"]] = {
                **changed, "rev": series["rev"], "updated": series["updated"],
            }  # fmt: skip
