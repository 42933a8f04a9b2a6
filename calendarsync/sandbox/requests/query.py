"""Check and convert the query parameters of each method."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from calendarsync.sandbox.errors import bad_request, invalid, unknown_name
from calendarsync.sandbox.times import read_instant, zone

Query = dict[str, Any]
Parsers = dict[str, Callable[[str, str], Any]]


def _boolean(name: str, text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise invalid(f"Invalid boolean value: '{text}'.", location=name)
    return text.lower() == "true"


def _number(name: str, text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 9 or int(text) < 1:
        raise invalid(f"Invalid value '{text}'.", location=name)
    return int(text)


def _version(name: str, text: str) -> int:
    if text not in ("0", "1"):
        raise invalid(f"Invalid value '{text}'.", location=name)
    return int(text)


def _text(name: str, text: str) -> str:  # noqa: ARG001 - one shape for all
    return text


def _instant(name: str, text: str) -> str:  # noqa: ARG001
    read_instant(text)
    return text


def _zone(name: str, text: str) -> str:
    try:
        zone(text)
    except ValueError:
        raise invalid(f"Invalid time zone '{text}'.", location=name) from None
    return text


def _choice(*choices: str) -> Callable[[str, str], str]:
    def choose(name: str, text: str) -> str:
        if text not in choices:
            raise invalid(f"Invalid value '{text}'.", location=name)
        return text

    return choose


COMMON: Parsers = {
    "alt": _choice("json"),
    "fields": _text,
    "key": _text,
    "oauth_token": _text,
    "prettyPrint": _boolean,
    "quotaUser": _text,
    "userIp": _text,
}
READ: Parsers = {"alwaysIncludeEmail": _boolean, "maxAttendees": _number, "timeZone": _zone}
SEND: Parsers = {
    "sendNotifications": _boolean,
    "sendUpdates": _choice("all", "externalOnly", "none"),
}
WRITE: Parsers = SEND | {
    "conferenceDataVersion": _version,
    "eventLabelVersion": _version,
    "maxAttendees": _number,
    "supportsAttachments": _boolean,
}
PAGES: Parsers = {"maxResults": _number, "pageToken": _text}
RANGE: Parsers = {"showDeleted": _boolean, "timeMax": _instant, "timeMin": _instant}
TYPES = ("birthday", "default", "focusTime", "fromGmail", "outOfOffice", "workingLocation")
REPEATED: Parsers = {
    "eventTypes": _choice(*TYPES),
    "privateExtendedProperty": _text,
    "sharedExtendedProperty": _text,
}
PARAMETERS: dict[str, Parsers] = {
    "events.insert": WRITE,
    "events.get": READ,
    "events.patch": WRITE | {"alwaysIncludeEmail": _boolean},
    "events.update": WRITE | {"alwaysIncludeEmail": _boolean},
    "events.delete": SEND,
    "events.instances": READ | PAGES | RANGE | {"originalStart": _text},
    "events.list": READ
    | PAGES
    | RANGE
    | REPEATED
    | {
        "iCalUID": _text,
        "orderBy": _choice("startTime", "updated"),
        "q": _text,
        "showHiddenInvitations": _boolean,
        "singleEvents": _boolean,
        "syncToken": _text,
        "updatedMin": _instant,
    },
    "calendars.get": {},
    "calendarList.get": {},
    "calendarList.list": PAGES
    | {
        "minAccessRole": _choice(
            "freeBusyReader", "owner", "reader", "writer", "writerWithoutPrivateAccess"
        ),
        "showDeleted": _boolean,
        "showHidden": _boolean,
        "showOwnOrganizationOnly": _boolean,
        "syncToken": _text,
    },
}


def read_query(method: str, given: Mapping[str, Sequence[str]]) -> Query:
    """Return converted values by name, lists for repeated ones. Unknown names raise GoogleError."""
    known = COMMON | PARAMETERS[method]
    query: Query = {}
    for name, texts in given.items():
        if name not in known:
            raise unknown_name(name, "Cannot bind query parameter.")
        values = [known[name](name, text) for text in texts]
        if len(values) > 1 and name not in REPEATED:
            raise bad_request(f"Repeated parameter: {name}")
        query[name] = values if name in REPEATED else values[0]
    return query


def send_updates(query: Query) -> str:
    """Return `sendUpdates`, or the equivalent of the older `sendNotifications`."""
    older = "all" if query.get("sendNotifications") else "none"
    return str(query.get("sendUpdates", older))
