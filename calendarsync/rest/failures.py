"""Translate the client's errors into `cohorts.reconcile.errors`, by what has to be done."""

import http.client
import json
from typing import Any

import httplib2
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError, TransportError
from googleapiclient.errors import HttpError

from cohorts.reconcile.errors import CallFailed, Conflict, Outage, RateLimited, Refused, Unclear

BRIEF_WAIT = 10.0  # seconds, if Google asks to slow down and names no time
QUOTA_WAIT = 900.0  # seconds; the quota of invitations is restored within hours

SLOW_DOWN = {"rateLimitExceeded", "userRateLimitExceeded"}
USED_UP = {"quotaExceeded", "dailyLimitExceeded"}
FORBIDDEN = {
    "forbiddenForServiceAccounts": "no_delegation",
    "requiredAccessLevel": "calendar_read_only",
    "forbidden": "calendar_read_only",
    "insufficientPermissions": "scope_missing",
    "accessNotConfigured": "api_off",
}
# Errors that occur before a request can have been sent.
NOT_SENT = (ConnectionRefusedError, httplib2.ServerNotFoundError)
NO_ANSWER = (OSError, httplib2.HttpLib2Error, http.client.HTTPException, TransportError, ValueError)


class Taken(Exception):
    """409: an event with this id already exists."""


class Missing(Exception):
    """404 or 410 about one event: Google says that it does not exist."""


class Expired(Outage):
    """410 about a sync token: everything must be listed again."""


class Invalid(Refused):
    """400: Google rejects the whole event and does not say which part is invalid."""


def unexpected_response(detail: str, *, writes: bool = False) -> CallFailed:
    """Return the error for a response whose content is not what Google documents."""
    kind = Unclear if writes else Outage
    return kind(detail, code="google_answer")


def translate(error: Exception, *, writes: bool, event: bool) -> Exception:
    """Return the error to raise.

    `event`: the call named one event, so a 404 is about that event.
    """
    if isinstance(error, HttpError):
        is_json = error.resp.get("content-type", "").startswith("application/json")
        if error.status_code < 500 and not is_json:
            # The page of a proxy: its 404 does not say that an event is gone.
            return unexpected_response("The response is not JSON.", writes=writes)
        return _from_answer(error, writes=writes, event=event)
    if isinstance(error, GoogleAuthError) and not isinstance(error, TransportError):
        return _from_sign_in(error)
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
        return unexpected_response("The response is not JSON.", writes=writes)
    if isinstance(error, NO_ANSWER):
        said = f"{type(error).__name__}: {error}"[:300]
        return Unclear(said) if writes and not isinstance(error, NOT_SENT) else Outage(said)
    return error


def _from_answer(error: HttpError, *, writes: bool, event: bool) -> Exception:
    detail = f"{error.status_code} {error.reason}"
    match error.status_code:
        case 401:
            found: Exception = Outage(detail, code="credentials_refused")
        case 403:
            found = _from_refusal(error, detail)
        case 404 | 410 if event:
            found = Missing(detail)
        case 404:
            found = Outage(detail, code="no_calendar")
        case 409 if not event:
            found = Taken(detail)
        case 410:
            found = Expired(detail, code="google_answer")
        case 409 | 412:
            found = Conflict(detail)
        case 429:
            found = RateLimited(_retry_after(error) or BRIEF_WAIT, detail)
        case _:
            found = _from_other_status(error, detail, writes=writes)
    return found


def _from_other_status(error: HttpError, detail: str, *, writes: bool) -> CallFailed:
    """Return the error for other statuses.

    After a 5xx, a write may or may not have had its effect.
    """
    if error.status_code >= 500:
        after = _retry_after(error)
        return Unclear(detail, after=after) if writes else Outage(detail, after=after)
    return Invalid(detail) if error.status_code == 400 else Refused(detail)


def _from_refusal(error: HttpError, detail: str) -> CallFailed:
    reason = _reason(error)
    if reason in SLOW_DOWN:
        return RateLimited(_retry_after(error) or BRIEF_WAIT, detail)
    if reason in USED_UP:
        return Outage(detail, code="quota", after=_retry_after(error) or QUOTA_WAIT)
    if reason in FORBIDDEN:
        return Outage(detail, code=FORBIDDEN[reason])
    return Refused(f"{detail} ({reason})")


def _from_sign_in(error: GoogleAuthError) -> Outage:
    said = str(error)[:300]
    if isinstance(error, DefaultCredentialsError):
        return Outage("No credentials were found.", code="no_credentials")
    if "unauthorized_client" in said or "access_denied" in said:
        return Outage(said, code="no_delegation")
    return Outage(said, code="credentials_refused")


def _reason(error: HttpError) -> str:
    details: Any = error.error_details
    first = details[0] if isinstance(details, list) and details else {}
    return str(first.get("reason", "")) if isinstance(first, dict) else ""


def _retry_after(error: HttpError) -> float:
    text = str(error.resp.get("retry-after", ""))
    return float(text) if text.replace(".", "", 1).isdecimal() else 0.0
