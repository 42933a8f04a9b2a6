"""The fields that a client may write to an event: their types and defaults, and merging a patch."""

import re
from typing import Any

from calendarsync.sandbox.errors import (
    GoogleError,
    invalid,
    required,
    time_range_empty,
    unknown_name,
)
from calendarsync.sandbox.events.recurrence import check_recurrence
from calendarsync.sandbox.times import check_when, length

Fields = dict[str, Any]

# A field with its default value is left out of Google's answers, and of what is stored.
DEFAULTS: dict[str, Any] = {
    "summary": "",
    "description": "",
    "location": "",
    "colorId": "",
    "transparency": "opaque",
    "visibility": "default",
    "anyoneCanAddSelf": False,
    "guestsCanInviteOthers": True,
    "guestsCanModify": False,
    "guestsCanSeeOtherGuests": True,
    "endTimeUnspecified": False,
    "privateCopy": False,
    "attachments": [],
    "attendees": [],
    "recurrence": [],
}
NESTED = {"start", "end", "extendedProperties", "reminders", "source", "conferenceData"}
WRITABLE = set(DEFAULTS) | NESTED
# Clients that read, change and write send these back; Google ignores them.
READ_ONLY = {
    "attendeesOmitted", "birthdayProperties", "created", "creator", "etag", "eventLabelId",
    "eventType", "focusTimeProperties", "gadget", "hangoutLink", "htmlLink", "iCalUID", "id",
    "kind", "locked", "organizer", "originalStartTime", "outOfOfficeProperties",
    "recurringEventId", "sequence", "status", "updated", "workingLocationProperties",
}  # fmt: skip
CHOICES = {
    "transparency": {"opaque", "transparent"},
    "visibility": {"default", "public", "private", "confidential"},
}
STATUSES = {"confirmed", "tentative", "cancelled"}
LONGEST_KEY, LONGEST_VALUE, LARGEST_PROPERTIES = 44, 1024, 32 * 1024
MOST_OVERRIDES, LATEST_REMINDER = 5, 40320


def check_body(body: Fields) -> None:
    """Check the types of all fields that were sent. `null` clears a field in a patch."""
    for name, value in body.items():
        if name not in WRITABLE | READ_ONLY:
            raise unknown_name(name, "Cannot find field.")
        if value is not None:
            _check_type(name, value)


def _check_type(name: str, value: Any) -> None:
    wanted = type(DEFAULTS[name]) if name in DEFAULTS else dict if name in NESTED else None
    if wanted and type(value) is not wanted:
        raise invalid(f"Invalid value for: {name}")
    if name in CHOICES and value not in CHOICES[name]:
        raise invalid(f"Invalid value for: {value} is not a valid value")
    if name == "status" and value not in STATUSES:
        raise invalid(f"Invalid value for: {value} is not a valid value")
    if name == "sequence" and type(value) is not int:
        raise invalid("Invalid value for: sequence")


def writable(body: Fields) -> Fields:
    return {key: value for key, value in body.items() if key in WRITABLE}


def merge(kept: Fields, patch: Fields) -> Fields:
    """Return the patched fields: objects are merged, lists replaced, `null` removes a field."""
    merged = dict(kept)
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            under = merged.get(key)
            merged[key] = merge(under if isinstance(under, dict) else {}, value)
        else:
            merged[key] = value
    return merged


def check_fields(fields: Fields) -> Fields:
    """Return the fields as they would be stored, except the attendees (see `merge_attendees`)."""
    checked = {key: value for key, value in fields.items() if value is not None}
    checked |= _check_times(checked)
    if "recurrence" in checked:
        checked["recurrence"] = check_recurrence(checked["recurrence"], checked["start"])
    for name, check in NESTED_CHECKS.items():
        if name in checked:
            checked[name] = check(checked[name])
    return {key: value for key, value in checked.items() if not _is_default(key, value)}


def _is_default(key: str, value: Any) -> bool:
    return value in ({}, None) or (key in DEFAULTS and value == DEFAULTS[key])


def _check_times(fields: Fields) -> Fields:
    for side in ("start", "end"):
        if side not in fields:
            raise required(f"Missing {side} time.")
    recurring = bool(fields.get("recurrence"))
    start = check_when("start", fields["start"], recurring=recurring)
    end = check_when("end", fields["end"], recurring=recurring)
    seconds = length(start, end).total_seconds()
    if seconds < 0 or ("date" in start and not seconds):
        raise time_range_empty()
    return {"start": start, "end": end}


def _check_properties(properties: Fields) -> Fields:
    if not set(properties) <= {"private", "shared"}:
        raise invalid("Invalid value for: extendedProperties")
    for side in properties.values():
        if not isinstance(side, dict):
            raise invalid("Invalid value for: extendedProperties")
        for key, value in side.items():
            if not isinstance(value, str) or len(key) > LONGEST_KEY or len(value) > LONGEST_VALUE:
                raise invalid("Invalid extended property.")
    if sum(len(k) + len(v) for side in properties.values() for k, v in side.items()) > (
        LARGEST_PROPERTIES
    ):
        raise invalid("Extended properties are too large.")
    return {side: values for side, values in properties.items() if values}


def _check_reminders(reminders: Fields) -> Fields:
    use_default, overrides = reminders.get("useDefault", False), reminders.get("overrides") or []
    if not set(reminders) <= {"useDefault", "overrides"} or not isinstance(overrides, list):
        raise invalid("Invalid value for: reminders")
    if use_default and overrides:
        message = "Cannot specify both default reminders and overrides at the same time."
        raise GoogleError(
            400, "cannotUseDefaultRemindersAndSpecifyOverride", message, domain="calendar"
        )
    if len(overrides) > MOST_OVERRIDES or not all(_is_reminder(one) for one in overrides):
        raise invalid("Invalid value for: reminders")
    kept = {"useDefault": bool(use_default)}
    return {**kept, "overrides": overrides} if overrides else kept


def _is_reminder(one: Any) -> bool:
    return (
        isinstance(one, dict)
        and one.get("method") in ("email", "popup")
        and type(one.get("minutes")) is int
        and 0 <= one["minutes"] <= LATEST_REMINDER
    )


def _check_source(source: Fields) -> Fields:
    known = set(source) <= {"title", "url"} and all(isinstance(v, str) for v in source.values())
    if not known or not re.match(r"https?://", source.get("url", "")):
        raise invalid("Invalid value for: source")
    return source


NESTED_CHECKS = {
    "extendedProperties": _check_properties,
    "reminders": _check_reminders,
    "source": _check_source,
}
