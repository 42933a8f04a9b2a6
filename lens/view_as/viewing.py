"""Whom a member of staff views: stored in their own session, for 30 minutes.

The viewed person's own sessions, sign-ins and settings are not touched.
"""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.middleware.csrf import get_token

from cohorts.activity.recording import record
from cohorts.errors import Refusal
from cohorts.models import User
from cohorts.web.access import staff_may

log = logging.getLogger(__name__)

VIEW_AS = ("cohorts.view_user", "cohorts.viewas_user")
VIEWED_AS = "viewed_as"  # the kind of activity
MINUTES = 30
_KEY = "view_as"  # in the session: the person's id, and when it began in seconds since 1970


@dataclass(frozen=True, slots=True)
class Viewing:
    """The person whose pages are shown. `csrf_token` is for the forms that staff can use there."""

    person: User
    csrf_token: str


def may_view_as(viewer: User, person: User) -> bool:
    """Return whether the viewer may see the person's pages now."""
    return staff_may(viewer, *VIEW_AS) and not find_obstacle(person)


def find_obstacle(person: User) -> str:
    """Return why nobody may view this person's pages, "" if they may.

    Staff cannot be viewed: their pages show what the viewer may have no right to.
    """
    if person.is_privileged:
        return f"{person.display_name} is staff. Only the pages of other people can be viewed."
    if not person.is_active:
        return f"The account of {person.display_name} is closed, so there is nothing to view."
    return ""


def start_viewing(request: HttpRequest, viewer: User, person: User) -> None:
    """Begin to view as the person. A repeated request changes and records nothing.

    Raises Refusal: not_viewable.
    """
    if obstacle := find_obstacle(person):
        raise Refusal("not_viewable", obstacle)
    kept = request.session.get(_KEY, {})
    if kept.get("person") == person.pk and not is_over(kept, now=time.time()):
        return
    record(VIEWED_AS, by=viewer, person=person)
    request.session[_KEY] = {"person": person.pk, "since": time.time()}
    log.info("View as: person %s views as person %s", viewer.pk, person.pk)


def stop_viewing(request: HttpRequest) -> None:
    request.session.pop(_KEY, None)


def is_viewing(request: HttpRequest) -> bool:
    """Return whether the session views as someone, also if that is over."""
    return _KEY in request.session


def find_viewing(request: HttpRequest) -> Viewing | None:
    """Return whom the session views; None if that is over or may no longer be."""
    kept = request.session[_KEY]
    if is_over(kept, now=time.time()):
        return None
    person = User.objects.filter(pk=kept["person"]).first()
    if person is None or not isinstance(request.user, User):
        return None
    return Viewing(person, get_token(request)) if may_view_as(request.user, person) else None


def is_over(kept: Mapping[str, Any], *, now: float) -> bool:
    return not 0 <= now - kept["since"] < MINUTES * 60
