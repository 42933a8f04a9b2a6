"""The errors of Google Calendar, in its own JSON form."""

from typing import Any, Self


class GoogleError(Exception):
    """An error response: `status`, and one entry of `error.errors`."""

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        *,
        domain: str = "global",
        location: str | None = None,
        location_type: str = "parameter",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.domain = domain
        self.location = location
        self.location_type = location_type

    def body(self) -> dict[str, Any]:
        """Return `{"error": {"code", "message", "errors": [{"domain", "reason", "message"}]}}`."""
        entry = {"domain": self.domain, "reason": self.reason, "message": self.message}
        if self.location:
            entry |= {"locationType": self.location_type, "location": self.location}
        return {"error": {"code": self.status, "message": self.message, "errors": [entry]}}

    @classmethod
    def of_status(cls, status: int) -> Self:
        """Return the usual error of a status, for injected faults."""
        domain, reason, message = USUAL.get(status, ("global", "backendError", "Backend Error"))
        return cls(status, reason, message, domain=domain)


USUAL = {
    400: ("global", "badRequest", "Bad Request"),
    401: ("global", "authError", "Invalid Credentials"),
    403: ("usageLimits", "rateLimitExceeded", "Rate Limit Exceeded"),
    404: ("global", "notFound", "Not Found"),
    409: ("global", "conflict", "Conflict"),
    410: ("global", "deleted", "Resource has been deleted"),
    412: ("global", "conditionNotMet", "Precondition Failed"),
    429: ("usageLimits", "rateLimitExceeded", "Rate Limit Exceeded"),
}


def invalid(message: str, *, location: str | None = None) -> GoogleError:
    return GoogleError(400, "invalid", message, location=location)


def required(message: str) -> GoogleError:
    return GoogleError(400, "required", message)


def bad_request(message: str = "Bad Request") -> GoogleError:
    return GoogleError(400, "badRequest", message)


def unknown_name(name: str, place: str) -> GoogleError:
    return bad_request(f'Invalid JSON payload received. Unknown name "{name}": {place}')


def time_range_empty(location: str | None = None) -> GoogleError:
    message = "The specified time range is empty."
    return GoogleError(400, "timeRangeEmpty", message, domain="calendar", location=location)


def not_signed_in() -> GoogleError:
    return GoogleError(
        401, "required", "Login Required", location="Authorization", location_type="header"
    )


def wrong_credentials() -> GoogleError:
    return GoogleError(
        401, "authError", "Invalid Credentials", location="Authorization", location_type="header"
    )


def not_delegated() -> GoogleError:
    message = (
        "Service accounts cannot invite attendees without Domain-Wide Delegation of Authority."
    )
    return GoogleError(403, "forbiddenForServiceAccounts", message, domain="calendar")


def not_a_writer() -> GoogleError:
    message = "You need to have writer access to this calendar."
    return GoogleError(403, "requiredAccessLevel", message, domain="calendar")


def quota_exceeded() -> GoogleError:
    return GoogleError(
        403, "quotaExceeded", "Calendar usage limits exceeded.", domain="usageLimits"
    )


def not_found() -> GoogleError:
    return GoogleError(404, "notFound", "Not Found")


def method_not_allowed() -> GoogleError:
    return GoogleError(405, "httpMethodNotAllowed", "Method Not Allowed")


def duplicate() -> GoogleError:
    return GoogleError(409, "duplicate", "The requested identifier already exists.")


def already_deleted() -> GoogleError:
    return GoogleError(410, "deleted", "Resource has been deleted")


def full_sync_required() -> GoogleError:
    message = "Sync token is no longer valid, a full sync is required."
    return GoogleError(410, "fullSyncRequired", message, domain="calendar", location="syncToken")


def updated_min_too_long_ago() -> GoogleError:
    message = "The requested minimum modification time lies too far in the past."
    return GoogleError(
        410, "updatedMinTooLongAgo", message, domain="calendar", location="updatedMin"
    )


def condition_not_met() -> GoogleError:
    return GoogleError(
        412, "conditionNotMet", "Precondition Failed", location="If-Match", location_type="header"
    )
