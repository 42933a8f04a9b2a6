"""API: the signed-in person's message preferences."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cohorts import clock
from cohorts.outbox.models import MessageChoice
from cohorts.outbox.routing.preferences import choose, read_choices
from guestvisits.api.errors import RefusalView
from guestvisits.api.serializer_fields import BooleanField
from guestvisits.api.serializers import RefusalSerializer


class TopicSerializer(serializers.Serializer):
    name = serializers.CharField(source="topic.name")
    title = serializers.CharField(source="topic.title")
    kinds = serializers.ListField(child=serializers.CharField(), source="topic.kinds")
    way = serializers.CharField(
        source="chosen",
        help_text="Where messages about this topic are sent: `email`, `discord_dm` or `off`.",
    )
    ways = serializers.ListField(
        child=serializers.CharField(), source="options", help_text="The allowed values of `way`."
    )


class ChoicesSerializer(serializers.Serializer):
    topics = TopicSerializer(many=True)
    wants_email = serializers.BooleanField()
    wants_discord = serializers.BooleanField()
    direct_line = serializers.CharField(
        source="dm_status.value",
        help_text="Whether the bot can send direct messages: `open`, `waits`, `closed`, or "
        "`never` if "
        "the person has never used the bot.",
    )


class TopicChoiceSerializer(serializers.Serializer):
    topics = serializers.DictField(
        child=serializers.ChoiceField(choices=MessageChoice.Route.choices), required=False
    )
    wants_email = BooleanField(required=False)
    wants_discord = BooleanField(required=False)


class ChoicesView(RefusalView):
    @extend_schema(
        summary="Get my message preferences",
        description="Direct messages on Discord are only available to people who have used the "
        "bot.",
        responses=ChoicesSerializer,
    )
    def get(self, request: Request) -> Response:
        return Response(ChoicesSerializer(read_choices(self.person_id, clock.now())).data)

    @extend_schema(
        summary="Change my message preferences",
        description="Preferences that are left out do not change.",
        request=TopicChoiceSerializer,
        responses={200: ChoicesSerializer, 400: RefusalSerializer},
    )
    def patch(self, request: Request) -> Response:
        wish = self.checked(TopicChoiceSerializer)
        chosen = choose(self.person_id, wish.pop("topics", {}), **wish, now=clock.now())
        return Response(ChoicesSerializer(chosen).data)
