"""Serializers for moving meetings. Times in responses are ISO 8601 with an offset."""

from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from cohorts.models import Group
from guestvisits.api.serializer_fields import (
    BooleanField,
    CharField,
    IntegerField,
    NumberedChoiceField,
    WeekField,
)
from meetings.moving.clashes import Clash


class MinutesField(IntegerField):
    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=5, max_value=1440, **options)


class MomentField(serializers.DateTimeField):
    """A datetime with an offset, or, if it has none, naive wall time in the group's zone."""

    def enforce_timezone(self, value: datetime) -> datetime:
        return value if value.tzinfo is None else super().enforce_timezone(value)


# -- requests ------------------------------------------------------------------------------------


class MoveSerializer(serializers.Serializer):
    preview = BooleanField(default=False, help_text="Return a preview and change nothing.")
    seen = CharField(
        default="",
        allow_blank=True,
        max_length=64,
        help_text="The `digest` of a preview. If the preview has changed since, the request is "
        "refused as `facts_changed`.",
    )
    reason = CharField(
        default="",
        allow_blank=True,
        max_length=200,
        help_text="Optional. People read it in their message.",
    )


class PostponeSerializer(MoveSerializer):
    later_too = BooleanField(
        help_text="True: postpone this meeting and all later ones by a week. False: move only "
        "this one to the end."
    )


class TimeSerializer(MoveSerializer):
    starts_at = MomentField(
        help_text="ISO 8601. Without an offset it is wall time in the group's zone."
    )
    minutes = MinutesField(required=False, help_text="Unchanged if left out.")


class SlotSerializer(MoveSerializer):
    from_day = serializers.DateField()
    weekday = NumberedChoiceField(choices=Group.Weekday.choices, help_text="0 is Monday.")
    start_time = serializers.TimeField(help_text="Wall time in the zone.")
    timezone = CharField(
        min_length=1, max_length=64, trim_whitespace=False, help_text="An IANA zone."
    )
    minutes = MinutesField()


# -- responses -----------------------------------------------------------------------------------


class SpanSerializer(serializers.Serializer):
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()


class ChangeSerializer(serializers.Serializer):
    meeting_id = serializers.IntegerField(
        allow_null=True, help_text="Null for a meeting that does not exist yet."
    )
    meeting_number = WeekField(source="number")
    before = SpanSerializer(allow_null=True, help_text="Null if it was not going to take place.")
    after = SpanSerializer(allow_null=True, help_text="Null if it will not take place.")


class AffectedSerializer(serializers.Serializer):
    name = serializers.CharField()
    role = serializers.CharField(help_text="`participant`, `facilitator`, `guest` or `substitute`.")


class OptionSerializer(SpanSerializer):
    group_name = serializers.CharField(source="group")
    meeting_number = WeekField(source="number")


class ConsequenceSerializer(serializers.Serializer):
    name = serializers.CharField()
    sentence = serializers.CharField()
    options = OptionSerializer(
        many=True,
        allow_null=True,
        help_text="Meetings that the guest could then visit; null if no visit ends.",
    )


class ClashSerializer(serializers.Serializer):
    """An overlap. The other meeting is null if the reader may not know which one it is."""

    name = serializers.CharField()
    meeting_number = WeekField(source="number")
    with_group_name = serializers.SerializerMethodField()
    with_meeting_number = serializers.SerializerMethodField()
    starts_at = serializers.DateTimeField(source="other.starts_at")
    ends_at = serializers.DateTimeField(source="other.ends_at")
    is_guest = serializers.SerializerMethodField()

    def get_with_group_name(self, clash: Clash) -> str | None:
        return clash.other.group.name if clash.is_named else None

    def get_with_meeting_number(self, clash: Clash) -> int | None:
        return clash.other.number if clash.is_named else None

    def get_is_guest(self, clash: Clash) -> bool | None:
        return clash.is_guest if clash.is_named else None


class MailsSerializer(serializers.Serializer):
    """How many e-mails a calendar would send."""

    sender = serializers.CharField()
    invitations = serializers.IntegerField()
    updates = serializers.IntegerField()
    cancellations = serializers.IntegerField()
    total = serializers.IntegerField()
    at_most = serializers.BooleanField(help_text="True if the calendar may leave some out.")


class MovedSerializer(serializers.Serializer):
    done = serializers.SerializerMethodField(help_text="False for a preview.")
    group_id = serializers.IntegerField(source="group.pk")
    changes = ChangeSerializer(many=True)
    notes = serializers.ListField(
        child=serializers.CharField(), help_text="Effects that you might not expect."
    )
    affected = AffectedSerializer(many=True)
    visits = ConsequenceSerializer(many=True, source="consequences")
    clashes = ClashSerializer(many=True)
    mails = serializers.SerializerMethodField(
        help_text="Of a preview, one for each calendar; otherwise null."
    )
    digest = serializers.CharField()

    @extend_schema_field(MailsSerializer(many=True, allow_null=True))
    def get_mails(self, _preview: Any) -> Any:
        mails = self.context["mails"]
        return None if mails is None else MailsSerializer(mails, many=True).data

    @extend_schema_field(bool)
    def get_done(self, _preview: Any) -> bool:
        return bool(self.context["done"])
