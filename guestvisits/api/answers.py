"""API: my RSVP for a meeting, and the RSVP figures of a group that I facilitate."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cohorts import clock
from guestvisits.api.errors import RefusalView
from guestvisits.api.moving import AddView, find_group
from guestvisits.api.serializer_fields import WeekField
from guestvisits.api.serializers import RefusalSerializer, path_id
from meetings.access import SEE_FIGURES
from meetings.attendance.statistics import count_guests, read_attendance_stats
from meetings.rsvps import ANSWERS, set_rsvp


class GivenAnswerSerializer(serializers.Serializer):
    rsvp = serializers.ChoiceField(choices=[(each.value, each.label) for each in ANSWERS])


class AnswerSerializer(serializers.Serializer):
    meeting_id = serializers.IntegerField()
    rsvp = serializers.CharField()
    rsvp_at = serializers.DateTimeField()
    is_guest = serializers.BooleanField()


class AnswerView(RefusalView):
    @extend_schema(
        summary="Answer whether I will attend",
        description="For a meeting of my group or one that I visit, until it begins. A visit "
        "that I decline stays booked until I cancel it. Until then, the only answer "
        "that I can give to "
        "the meeting of my own group is `not_attending`.",
        parameters=[path_id("meeting_id")],
        request=GivenAnswerSerializer,
        responses={200: AnswerSerializer, 400: RefusalSerializer, 404: RefusalSerializer},
    )
    def post(self, request: Request, meeting_id: int) -> Response:
        said = self.checked(GivenAnswerSerializer)["rsvp"]
        given = set_rsvp(meeting_id, self.person_id, said, now=clock.now())
        return Response(AnswerSerializer(given).data)


class FiguresSerializer(serializers.Serializer):
    """The members' RSVPs. Guests are counted separately."""

    meeting_id = serializers.IntegerField(source="meeting.pk")
    meeting_number = WeekField(source="meeting.number")
    scheduled_at = serializers.DateTimeField(source="meeting.starts_at")
    ends_at = serializers.DateTimeField(source="meeting.ends_at")
    is_cancelled = serializers.BooleanField(source="meeting.is_cancelled")
    members = serializers.IntegerField(source="stats.members")
    attending = serializers.IntegerField(source="stats.attending")
    tentative = serializers.IntegerField(source="stats.tentative")
    not_attending = serializers.IntegerField(source="stats.not_attending")
    no_answer = serializers.IntegerField(source="stats.pending")
    guests = serializers.IntegerField(
        help_text="Guests who have not declined. Members are not included."
    )


class GroupMeetingsSerializer(serializers.Serializer):
    meetings = FiguresSerializer(many=True)


class GroupMeetingsView(AddView):
    """GET lists a group's meetings; POST adds one (see `moving`)."""

    @extend_schema(
        summary="List a group's meetings with RSVP figures",
        description="All meetings, including past and cancelled ones, earliest first. Available "
        "to the group's facilitators, and to staff with permission to view meetings.",
        parameters=[path_id("group_id")],
        responses={200: GroupMeetingsSerializer, 404: RefusalSerializer},
    )
    def get(self, request: Request, group_id: int) -> Response:
        group = find_group(request, group_id, SEE_FIGURES)
        meetings = list(group.meetings.order_by("starts_at", "number"))
        ids = [meeting.pk for meeting in meetings]
        figures, guests = read_attendance_stats(ids), count_guests(ids)
        rows = [
            {"meeting": each, "stats": figures[each.pk], "guests": guests[each.pk]}
            for each in meetings
        ]
        return Response(GroupMeetingsSerializer({"meetings": rows}).data)
