"""Apply the effects of a write to a series to its occurrences and their exceptions.

    exception of …            series patched                  series' start, rule or zone changed
    an occurrence that stays  all fields except times and     the same; its id and original start
                              attendees are the series' again  follow the n-th occurrence
    one that no longer exists –                               it is removed and leaves a ghost
    a cancelled occurrence    stays cancelled                 stays cancelled, follows the same way

A patch that names `start` or `end` also resets the times of exceptions. The setting `exceptions`
decides about their attendees.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from calendarsync.sandbox.events.attendees import inherit
from calendarsync.sandbox.events.instances import (
    exceptions,
    instance_id,
    is_series,
    occurrence,
    whole_id,
)
from calendarsync.sandbox.events.recurrence import stamps, start_of
from calendarsync.sandbox.state import Event, State

# What an exception takes from its occurrence in addition to the fields.
FOLLOWS = ("id", "original", "updated", "rev")


def rewrite_exceptions(state: State, before: Event, after: Event, named: Iterable[str]) -> None:
    """Update the exceptions of a series that changed from `before` to `after`."""
    moves = _moves(before, after)
    kept = () if {"start", "end"} & set(named) else ("start", "end")
    old = exceptions(state, before["id"])
    for event in old:
        del state.events[event["id"]]
    for event in old:
        stamp = moves.get(event["original"])
        if stamp is not None:
            moved = _rewritten(event, occurrence(after, stamp), kept)
            moved["fields"].pop("attendees", None)
            moved["fields"] |= _attendees(state, event, before, after)
            state.events[moved["id"]] = moved
    _leave_ghosts(state, before, after, {event["original"]: event["status"] for event in old})


def _moves(before: Event, after: Event) -> dict[str, str]:
    """Return {old stamp: new stamp} of the occurrences that still exist."""
    if not is_series(after):
        return {}
    now = stamps(after["fields"])
    if before["fields"]["start"] == after["fields"]["start"]:
        return {stamp: stamp for stamp in now}
    # A moved start moves every occurrence: the n-th remains the n-th.
    were = stamps(before["fields"], exdates=False)
    pairs = zip(were, stamps(after["fields"], exdates=False), strict=False)
    return {old: new for old, new in pairs if new in now}


def _rewritten(own: Event, fresh: Event, kept: Iterable[str]) -> Event:
    """Return the exception with the series' new fields, except those in `kept`."""
    fields = fresh["fields"] | {key: own["fields"][key] for key in kept}
    return {**own, "fields": fields} | {key: fresh[key] for key in FOLLOWS}


def _attendees(state: State, own: Event, before: Event, after: Event) -> dict[str, Any]:
    lists = [event["fields"].get("attendees", []) for event in (own, before, after)]
    attendees = inherit(state.settings["exceptions"], *lists)
    return {"attendees": attendees} if attendees else {}


def _leave_ghosts(
    state: State, before: Event, after: Event, were_exceptions: Mapping[str, str]
) -> None:
    """Leave a ghost of each occurrence that the rule lost. `were_exceptions`: stamp -> status."""
    now = set(stamps(after["fields"])) if is_series(after) else set()
    for stamp in now:
        _raise_ghost(state, after, stamp)
    for stamp in set(stamps(before["fields"])) | set(were_exceptions):
        if stamp not in now:
            ghost_id = instance_id(before["id"], stamp)
            state.ghosts[ghost_id] = {
                "id": ghost_id,
                "series": before["id"],
                "start": start_of(stamp, before["fields"]["start"]),
                "was_exception": stamp in were_exceptions,
                "was_cancelled": were_exceptions.get(stamp) == "cancelled",
                "rev": after["rev"],
            }


def _raise_ghost(state: State, series: Event, stamp: str) -> None:
    """Restore an occurrence that the rule has again, if it was an exception.

    Clients are sent it once more.
    """
    ghost = state.ghosts.pop(instance_id(series["id"], stamp), None)
    if ghost and ghost["was_exception"] and ghost["id"] not in state.events:
        state.events[ghost["id"]] = occurrence(series, stamp)


def touch_exceptions(state: State, series: Event) -> None:
    """Mark the exceptions of a series that was deleted or restored as changed."""
    for event in exceptions(state, series["id"]):
        state.events[event["id"]] = {
            **event,
            "updated": series["updated"],
            "rev": series["rev"],
        }


def share_version(state: State, event: Event) -> None:
    """Give the event's whole family the same `etag` and `updated`, unless the setting is "own".

    The family is the series, its exceptions and the parts split off. Google did so in recordings of
    2025; before, only the written event changed.
    """
    if state.settings["etags"] == "own":
        return
    for other in list(state.events.values()):
        if _family(other) == _family(event):
            version = {"rev": event["rev"], "updated": event["updated"]}
            state.events[other["id"]] = {**other, **version}


def _family(event: Event) -> str:
    return whole_id(event["series"] or event["id"])
