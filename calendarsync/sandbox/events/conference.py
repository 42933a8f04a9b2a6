"""Store conferenceData, which Google ignores without `conferenceDataVersion=1`."""

from typing import Any

from calendarsync.sandbox.errors import invalid

Conference = dict[str, Any]


def resolve_conference(
    written: Conference | None, present: Conference | None, *, version: int, event_id: str
) -> Conference | None:
    """Return what the event then contains. A `createRequest` is fulfilled at once."""
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
