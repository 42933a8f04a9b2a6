"""API for the people at a meeting and their presence. Permissions: meetings/access.py."""

from typing import cast

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cohorts import clock
from cohorts.models import User
from guestvisits.api.errors import RefusalView
from guestvisits.api.serializers import RefusalSerializer, path_id
from guestvisits.pages.expected_people import read_rosters
from guestvisits.substitutes.selectors import find_led
from meetings.access import CORRECT, SEE_PEOPLE, Act, may
from meetings.attendance.corrections import correct_presence
from meetings.models import Attendance, Meeting
from meetings.moving.rules import no_meeting

OF_MEETING = path_id("meeting_id")
OF_PERSON = path_id("user_id")


class PersonSerializer(serializers.Serializer):
    user_id = serializers.IntegerField()
    name = serializers.CharField()
    role = serializers.CharField(
        help_text="`participant`, `facilitator`, `guest` or `former member`."
    )
    home_group = serializers.CharField(
        source="home", help_text="A guest's own group; otherwise empty."
    )
    rsvp = serializers.CharField(
        help_text="`pending`, `attending`, `not_attending` or `tentative`."
    )
    presence = serializers.CharField(
        help_text="`present`, `absent` or `unknown`. `unknown` does not mean absent."
    )
    seen_at = serializers.DateTimeField(
        allow_null=True,
        help_text="When the person was first seen in the voice channel; null if corrected.",
    )
    noted_by = serializers.CharField(
        help_text="The person who corrected the presence; otherwise empty."
    )


class PeopleSerializer(serializers.Serializer):
    meeting_id = serializers.IntegerField()
    people = PersonSerializer(many=True)


class PresenceSerializer(serializers.Serializer):
    presence = serializers.ChoiceField(
        choices=Attendance.Correction.choices,
        help_text="`excused`: the person was not there, and the absence is excused.",
    )
    reason = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=200,
        help_text="Required from 24 hours after the meeting, when attendance is final.",
    )


class PeopleView(RefusalView):
    @extend_schema(
        summary="List the people at a meeting",
        description="Members and guests, with their RSVP and whether they were present.",
        parameters=[OF_MEETING],
        responses={200: PeopleSerializer, 404: RefusalSerializer},
    )
    def get(self, request: Request, meeting_id: int) -> Response:
        meeting = _find_meeting(request, meeting_id, SEE_PEOPLE)
        people = read_rosters([meeting])[meeting.pk]
        return Response(PeopleSerializer({"meeting_id": meeting.pk, "people": people}).data)


class PersonView(RefusalView):
    @extend_schema(
        summary="Correct whether a person was present",
        description="Possible once the meeting has begun. Overrides what the bot detected.",
        parameters=[OF_MEETING, OF_PERSON],
        request=PresenceSerializer,
        responses={200: PersonSerializer, 400: RefusalSerializer, 404: RefusalSerializer},
    )
    def put(self, request: Request, meeting_id: int, user_id: int) -> Response:
        meeting = _find_meeting(request, meeting_id, CORRECT)
        said = self.checked(PresenceSerializer)
        correct_presence(meeting.pk, user_id, **said, by=self.person_id, now=clock.now())
        lines = {line.user_id: line for line in read_rosters([meeting])[meeting.pk]}
        return Response(PersonSerializer(lines[user_id]).data)


def _find_meeting(request: Request, meeting_id: int, act: Act) -> Meeting:
    meeting = Meeting.objects.select_related("group").filter(pk=meeting_id).first()
    user = cast(User, request.user)
    if meeting is None or not (
        may(user, act, meeting.group_id) or find_led(user.pk, meeting.pk, clock.now())
    ):
        raise no_meeting()
    return meeting
