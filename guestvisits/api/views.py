"""API views for the signed-in person. No one can act for anyone else here."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from cohorts import clock
from cohorts.errors import Refusal
from guestvisits.api import serializers as shapes
from guestvisits.api.errors import RefusalView
from guestvisits.selectors import list_visits
from guestvisits.services.alternatives import find_alternatives, find_make_ups
from guestvisits.services.booking import book_visit
from guestvisits.services.cancelling import cancel_visit
from meetings.selectors import past_meetings, upcoming_meetings

REFUSED = {400: shapes.RefusalSerializer}


class MyMeetingsView(RefusalView):
    @extend_schema(
        summary="My upcoming meetings",
        description="Meetings of my groups that have not begun, earliest first, without "
        "cancelled ones. `make_ups` lists past meetings that can still be made up.",
        responses=shapes.MyMeetingsSerializer,
    )
    def get(self, request: Request) -> Response:
        person, now = self.person_id, clock.now()
        meetings = [
            mine
            for mine in upcoming_meetings(person, now)
            if mine.meeting.starts_at > now and not mine.meeting.is_cancelled
        ]
        make_ups = find_make_ups(person, past_meetings(person, now), now)
        found = {"meetings": meetings, "make_ups": make_ups}
        return Response(shapes.MyMeetingsSerializer(found).data)


class OptionsView(RefusalView):
    @extend_schema(
        summary="List meetings that I could visit instead",
        description="Meetings of the cohort's other groups in the same week. Those that cannot be "
        "booked are in `not_open`, with the reason. Empty for a meeting that does not exist or "
        "belongs to a group of which I was never a member.",
        parameters=[
            OpenApiParameter(
                "meeting_id", shapes.ID_SCHEMA, required=True, description="A meeting of my group."
            )
        ],
        responses={200: shapes.AlternativesSerializer, 400: shapes.RefusalSerializer},
    )
    def get(self, request: Request) -> Response:
        asked = self.checked(shapes.OptionsQuerySerializer, request.query_params)
        try:
            found: Any = find_alternatives(self.person_id, asked["meeting_id"], clock.now())
        except Refusal as refusal:
            found = {"open": (), "not_open": (), "refusal": refusal}
        return Response(shapes.AlternativesSerializer(found).data)


class VisitsView(RefusalView):
    not_found = frozenset()  # refusals of bookings are never a 404
    limits = {"POST": "visits"}

    @extend_schema(
        summary="My guest visits",
        description="Future and past visits, latest meeting first. Visits that were cancelled or "
        "ended early are left out.",
        responses=shapes.MyVisitsSerializer,
    )
    def get(self, request: Request) -> Response:
        visits = [
            mine for mine in list_visits(self.person_id, clock.now()) if not mine.visit.ended_early
        ]
        return Response(shapes.MyVisitsSerializer({"visits": visits}).data)

    @extend_schema(
        summary="Visit another group's meeting",
        description="Books the visit and marks me as away from my own group. A refusal is a 400 "
        "with "
        "`code` and `sentence`, even for a meeting that does not exist or is not mine.",
        request=shapes.BookingSerializer,
        responses={200: shapes.BookedSerializer, **REFUSED},
    )
    def post(self, request: Request) -> Response:
        asked = self.checked(shapes.BookingSerializer)
        visit = book_visit(self.person_id, **asked, now=clock.now())
        return Response(shapes.BookedSerializer(visit).data)


class VisitView(RefusalView):
    not_found = frozenset()  # nor are refusals of cancellations
    limits = {"DELETE": "visits"}

    @extend_schema(
        summary="Cancel a visit",
        parameters=[shapes.path_id("host_meeting_id")],
        description="Possible until the host meeting begins. My RSVP in my own group becomes "
        "pending again.",
        responses={200: shapes.CancelledSerializer, **REFUSED},
    )
    def delete(self, request: Request, host_meeting_id: int) -> Response:
        visit = cancel_visit(self.person_id, host_meeting_id=host_meeting_id, now=clock.now())
        return Response(shapes.CancelledSerializer(visit).data)
