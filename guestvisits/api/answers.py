"""Whether I come to one of my meetings."""

from __future__ import annotations

from typing import Any, cast

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cohorts import clock
from guestvisits.api.errors import RefusingView
from guestvisits.api.serializers import RefusalSerializer
from meetings.answers import ANSWERS, give_answer


class GivenAnswerSerializer(serializers.Serializer):
    rsvp = serializers.ChoiceField(choices=[(each.value, each.label) for each in ANSWERS])


class AnswerSerializer(serializers.Serializer):
    meeting_id = serializers.IntegerField()
    rsvp = serializers.CharField()
    rsvp_at = serializers.DateTimeField()
    is_guest = serializers.BooleanField()


class AnswerView(RefusingView):
    @extend_schema(
        summary="Say whether I come",
        description="For a meeting of my group or one that I visit, until it begins. A visit that "
        "I decline stands until I cancel it; while it stands, I can only be away at home.",
        parameters=[OpenApiParameter("meeting_id", int, OpenApiParameter.PATH)],
        request=GivenAnswerSerializer,
        responses={200: AnswerSerializer, 400: RefusalSerializer, 404: RefusalSerializer},
    )
    def post(self, request: Request, meeting_id: int) -> Response:
        asked = GivenAnswerSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        said = cast(dict[str, Any], asked.validated_data)["rsvp"]
        given = give_answer(meeting_id, cast(int, request.user.pk), said, now=clock.now())
        return Response(AnswerSerializer(given).data)
