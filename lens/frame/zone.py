"""Staff pages show times in the reader's time zone."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from cohorts.models import User
from cohorts.zones import find_zone

STAFF_PAGES = "/admin/"


class StaffZoneMiddleware:
    """Activates the time zone of the signed-in person for the pages below /admin/.

    Forms there read and show times in it too. It is the innermost middleware that knows the person.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path.startswith(STAFF_PAGES) or not isinstance(request.user, User):
            return self.get_response(request)
        with timezone.override(find_zone(request.user.timezone)):
            return self.get_response(request)
