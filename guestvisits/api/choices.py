"""API: the signed-in person's message preferences."""

from __future__ import annotations

from typing import Any, cast

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cohorts import clock
from cohorts.messages.choices import choose, read_choices
from cohorts.messages.models import MessageChoice
from guestvisits.api.errors import RefusingView
from guestvisits.api.fields import BooleanField
from guestvisits.api.serializers import RefusalSerializer


class TopicSerializer(serializers.Serializer):
    name = serializers.CharField(source="topic.name")
    title = serializers.CharField(source="topic.title")
    kinds = serializers.ListField(child=serializers.CharField(), source="topic.kinds")
    way = serializers.CharField(help_text="`email`, `discord_dm` or `off`.")
    ways = serializers.ListField(child=serializers.CharField(), help_text="What may be chosen.")


class ChoicesSerializer(serializers.Serializer):
    topics = TopicSerializer(many=True)
    wants_email = serializers.BooleanField()
    wants_discord = serializers.BooleanField()
    direct_line = serializers.CharField(
        source="line.value", help_text="`open`, `waits`, `closed` or `never` (used the bot)."
    )


class WishSerializer(serializers.Serializer):
    topics = serializers.DictField(
        child=serializers.ChoiceField(choices=MessageChoice.Way.choices), required=False
    )
    wants_email = BooleanField(required=False)
    wants_discord = BooleanField(required=False)


class ChoicesView(RefusingView):
    @extend_schema(
        summary="Which messages come which way",
        description="Directly on Discord only for whoever has used the bot there.",
        responses=ChoicesSerializer,
    )
    def get(self, request: Request) -> Response:
        return Response(ChoicesSerializer(read_choices(_person(request), clock.now())).data)

    @extend_schema(
        summary="Choose which messages come which way",
        description="What is not named stays as it is.",
        request=WishSerializer,
        responses={200: ChoicesSerializer, 400: RefusalSerializer},
    )
    def patch(self, request: Request) -> Response:
        serializer = WishSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        wish = cast(dict[str, Any], serializer.validated_data)
        chosen = choose(_person(request), wish.pop("topics", {}), **wish, now=clock.now())
        return Response(ChoicesSerializer(chosen).data)


def _person(request: Request) -> int:
    return cast(int, request.user.pk)
