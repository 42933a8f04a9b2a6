"""`/meetings/calendar/`: a personal calendar feed, for people who do not receive invitations."""

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from cohorts import clock
from guestvisits.rate_limits import Guesses, seconds_to_wait, too_many
from guestvisits.selectors import led_meetings
from guestvisits.views.signed_in import SignedInRequest, signed_in
from meetings.calendars.feed import read_event, read_events, write_calendar
from meetings.calendars.services import find_feed, find_reader, open_feed, revoke_feed

CONTENT_TYPE = "text/calendar; charset=utf-8"


@signed_in
@require_http_methods(["GET", "POST"])
def my_calendar(request: SignedInRequest) -> HttpResponse:
    """Show the secret address; POST creates a new one, or revokes it."""
    if request.method == "POST":
        if request.POST.get("do") == "revoke":
            revoke_feed(request.user.pk)
            messages.success(request, "The calendar address no longer works.")
        else:
            open_feed(request.user.pk)
            messages.success(request, "Your calendar has a new address.")
        return redirect("my-calendar")
    feed = find_feed(request.user.pk)
    address = f"{settings.SITE_URL}{reverse('feed', args=[feed.token])}" if feed else ""
    context = {"address": address, "webcal": f"webcal://{address.partition('://')[2]}"}
    return render(request, "meetings/calendar.html", context)


@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """Return a person's calendar. The token is the permission; no sign-in is needed."""
    guesses = Guesses()
    seconds = seconds_to_wait(guesses, request)
    if seconds:
        return too_many(request, seconds)
    reader = find_reader(token)
    if reader is None:
        guesses.note_failure()
        raise Http404("There is no such calendar.")
    events = read_events(reader.pk, clock.now(), led=led_meetings(reader.pk))
    response = HttpResponse(write_calendar(events, name="My meetings"), content_type=CONTENT_TYPE)
    response["Cache-Control"] = "private, max-age=300"
    response["X-Robots-Tag"] = "noindex"
    return response


@signed_in
@require_GET
def download(request: SignedInRequest, meeting_id: int) -> HttpResponse:
    """Return one of the person's meetings as a file."""
    led = led_meetings(request.user.pk)
    event = read_event(request.user.pk, meeting_id, clock.now(), led=led)
    if event is None:
        raise Http404("There is no such meeting among yours.")
    response = HttpResponse(
        write_calendar([event], name=str(event["summary"])), content_type=CONTENT_TYPE
    )
    response["Content-Disposition"] = f'attachment; filename="meeting-{meeting_id}.ics"'
    return response
