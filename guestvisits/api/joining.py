"""API: the groups that I can join, and joining one."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cohorts import clock
from guestvisits.api.errors import RefusalView
from guestvisits.api.serializer_fields import IdField
from guestvisits.api.serializers import RefusalSerializer
from guestvisits.joining.joinable import find_joinable
from guestvisits.joining.services import join_or_switch


class JoinableGroupSerializer(serializers.Serializer):
    group_id = serializers.IntegerField(source="choice.group.pk")
    group_name = serializers.CharField(source="choice.group.name")
    cohort_id = serializers.IntegerField(source="choice.group.cohort_id")
    cohort_name = serializers.CharField(source="choice.group.cohort.name")
    next_slot_starts_at = serializers.DateTimeField(
        source="choice.starts_at",
        allow_null=True,
        help_text="The next time of the weekly slot. Null if the group has none yet.",
    )
    next_slot_ends_at = serializers.DateTimeField(source="choice.ends_at", allow_null=True)
    timezone = serializers.CharField(
        source="choice.group.timezone", help_text="The zone whose local time the slot keeps."
    )
    facilitators = serializers.ListField(
        source="choice.facilitators", child=serializers.CharField()
    )
    member_count = serializers.IntegerField(source="choice.members")
    seats_left = serializers.IntegerField(
        source="choice.seats_left", allow_null=True, help_text="Null without a limit."
    )
    is_best_size = serializers.BooleanField(
        source="choice.is_best_size", help_text="The group has 3 or 4 members."
    )
    is_current = serializers.BooleanField(source="is_own", help_text="I am in this group.")


class JoinableGroupsSerializer(serializers.Serializer):
    groups = JoinableGroupSerializer(many=True)


class JoiningSerializer(serializers.Serializer):
    group_id = IdField(help_text="The group to join. If I have another one, I leave it.")


class JoinedGroupSerializer(serializers.Serializer):
    success = serializers.BooleanField(default=True)
    group_id = serializers.IntegerField()


class JoinableView(RefusalView):
    limits = {"POST": "visits"}

    @extend_schema(
        summary="List groups that I could join or switch to",
        description="Groups of my cohorts that are neither full nor over, and my own. Empty "
        "unless staff allow learners of the cohort to choose their group.",
        responses=JoinableGroupsSerializer,
    )
    def get(self, request: Request) -> Response:
        offered = find_joinable(self.person_id, clock.now())
        groups = [group for cohort in offered for group in cohort.shown]
        return Response(JoinableGroupsSerializer({"groups": groups}).data)

    @extend_schema(
        summary="Join a group, or switch to it",
        description="Access and invitations follow as if staff had moved me. A group of another "
        "cohort is a 404.",
        request=JoiningSerializer,
        responses={200: JoinedGroupSerializer, 400: RefusalSerializer, 404: RefusalSerializer},
    )
    def post(self, request: Request) -> Response:
        group_id = self.checked(JoiningSerializer)["group_id"]
        made = join_or_switch(self.person_id, group_id, now=clock.now())
        return Response(JoinedGroupSerializer(made).data)
