"""Serializers of the API. Times are ISO 8601 with an offset."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from cohorts.validators import LARGEST_ID
from guestvisits.api.serializer_fields import IdField, WeekField
from guestvisits.services.alternatives import Alternative


class ReasonSerializer(serializers.Serializer):
    code = serializers.CharField(help_text="For programs, such as `already_visiting`.")
    sentence = serializers.CharField(help_text="For people.")


class RefusalSerializer(ReasonSerializer):
    """Every response with a status of 400 or more."""

    detail = serializers.CharField(help_text="The same as `sentence`.")


ID_SCHEMA = {"type": "integer", "format": "int64", "minimum": 1, "maximum": LARGEST_ID}


def path_id(name: str, **more: Any) -> OpenApiParameter:
    """Describe an id in a URL for the OpenAPI schema."""
    return OpenApiParameter(name, ID_SCHEMA, OpenApiParameter.PATH, **more)


# -- requests ------------------------------------------------------------------------------------


class OptionsQuerySerializer(serializers.Serializer):
    meeting_id = serializers.IntegerField(
        min_value=1, max_value=LARGEST_ID, help_text="The meeting that you can't attend."
    )


class BookingSerializer(serializers.Serializer):
    home_meeting_id = IdField(help_text="The meeting that you can't attend.")
    host_meeting_id = IdField(help_text="The meeting of another group to visit in its place.")
    host_scheduled_at = serializers.DateTimeField(
        required=False,
        source="shown_start",
        help_text="The host meeting's start as you know it. If the meeting has been moved since, "
        "the booking is refused as `meeting_moved`.",
    )


# -- responses -----------------------------------------------------------------------------------


class OfMeetingSerializer(serializers.Serializer):
    # No docstring: it would describe each response that begins with these in the schema.
    meeting_id = serializers.IntegerField(source="meeting.pk")
    meeting_number: serializers.IntegerField = WeekField(source="meeting.number")
    scheduled_at = serializers.DateTimeField(source="meeting.starts_at")
    ends_at = serializers.DateTimeField(source="meeting.ends_at")
    group_id = serializers.IntegerField(source="meeting.group_id")
    group_name = serializers.CharField(source="meeting.group.name")


class MyMeetingSerializer(OfMeetingSerializer):
    role = serializers.CharField(help_text="`participant` or `facilitator`.")
    rsvp = serializers.CharField(
        help_text="`pending`, `attending`, `not_attending` or `tentative`."
    )


class MakeUpSerializer(OfMeetingSerializer):
    meeting_number = serializers.IntegerField(source="meeting.number")  # a make-up has a week
    presence = serializers.CharField(help_text="`absent` or `unknown`.")


class MyMeetingsSerializer(serializers.Serializer):
    meetings = MyMeetingSerializer(many=True)
    make_ups = MakeUpSerializer(
        many=True,
        help_text="Past meetings that I have not attended, as far as is known, and can still "
        "make up, "
        "latest first. `/api/guest-visits/options` lists the groups to visit.",
    )


class OverlapSerializer(serializers.Serializer):
    meeting_id = serializers.IntegerField(source="pk")
    meeting_number = serializers.IntegerField(source="number", allow_null=True)
    group_name = serializers.CharField(source="group.name")


class AlternativeSerializer(OfMeetingSerializer):
    facilitator_name = serializers.SerializerMethodField(
        help_text="All facilitators, separated by commas; null if there are none."
    )
    seats_left = serializers.IntegerField(
        allow_null=True, help_text="Free guest seats; null if they are not limited."
    )

    overlaps = OverlapSerializer(
        many=True,
        help_text="My other meetings and visits at the same time. They do not prevent booking.",
    )

    def get_facilitator_name(self, option: Alternative) -> str | None:
        return ", ".join(option.facilitators) or None


class NotOpenSerializer(AlternativeSerializer):
    refusal = ReasonSerializer()


class AlternativesSerializer(serializers.Serializer):
    alternatives = AlternativeSerializer(many=True, source="open")
    not_open = NotOpenSerializer(many=True, help_text="Meetings of the week that cannot be booked.")
    refusal = ReasonSerializer(
        allow_null=True, help_text="Why you cannot visit any group this week; null if you can."
    )


class BookedSerializer(serializers.Serializer):
    success = serializers.BooleanField(default=True)
    host_meeting_id = serializers.IntegerField()
    host_group_id = serializers.IntegerField(source="host_meeting.group_id")
    host_scheduled_at = serializers.DateTimeField(source="host_meeting.starts_at")
    home_group_id = serializers.IntegerField(source="home_meeting.group_id")


class CancelledSerializer(serializers.Serializer):
    success = serializers.BooleanField(default=True)
    host_group_id = serializers.IntegerField(source="host_meeting.group_id")
    home_group_id = serializers.IntegerField(source="home_meeting.group_id")


class MyVisitSerializer(serializers.Serializer):
    attendance_id = serializers.IntegerField(allow_null=True)
    meeting_id = serializers.IntegerField(source="visit.host_meeting_id")
    meeting_number = WeekField(source="visit.host_meeting.number")
    scheduled_at = serializers.DateTimeField(source="visit.host_meeting.starts_at")
    group_id = serializers.IntegerField(source="visit.host_meeting.group_id")
    group_name = serializers.CharField(source="visit.host_meeting.group.name")
    home_meeting_id = serializers.IntegerField(source="visit.home_meeting_id")
    is_past = serializers.BooleanField()
    can_cancel = serializers.BooleanField()


class MyVisitsSerializer(serializers.Serializer):
    visits = MyVisitSerializer(many=True)
