"""API for substitutes: my requests and offers, "I can't lead", answers, and returning."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cohorts import clock
from guestvisits.api.errors import RefusalView
from guestvisits.api.serializers import RefusalSerializer, path_id
from guestvisits.substitutes.selectors import find_status, my_substitutions
from guestvisits.substitutes.services import (
    answer_offer,
    no_substitution,
    request_substitute,
    return_to_lead,
)

ANSWERS = ("lead", "cannot", "return")


class SubstitutionSerializer(serializers.Serializer):
    substitution_id = serializers.IntegerField(source="substitution.pk")
    meeting_id = serializers.IntegerField(source="meeting.pk")
    group = serializers.CharField(source="meeting.group.name")
    starts_at = serializers.DateTimeField(source="meeting.starts_at")
    away = serializers.CharField(source="substitution.away.display_name")
    substitute = serializers.SerializerMethodField(
        help_text="Who leads the meeting; empty while no one does."
    )
    is_away = serializers.BooleanField(help_text="Whether I am the facilitator who is away.")
    leads = serializers.BooleanField(help_text="Whether I lead the meeting as the substitute.")
    may_answer = serializers.BooleanField(help_text="Whether I may still say that I lead it.")
    is_open = serializers.BooleanField(source="substitution.is_open")

    def get_substitute(self, status: Any) -> str:
        return status.substitute.display_name if status.substitute else ""


class SubstituteAnswerSerializer(serializers.Serializer):
    answer = serializers.ChoiceField(
        choices=ANSWERS,
        help_text="`lead` and `cannot` for people who were asked; `return` for the facilitator.",
    )


class SubstitutionsView(RefusalView):
    @extend_schema(
        summary="Meetings that need a substitute and concern me",
        description="My own requests, meetings that I lead as a substitute, and open offers.",
        responses=SubstitutionSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        found = my_substitutions(self.person_id, clock.now())
        return Response(SubstitutionSerializer(found, many=True).data)


class AskSubstituteView(RefusalView):
    limits = {"POST": "moves"}

    @extend_schema(
        summary="I can't lead this meeting: look for a substitute",
        parameters=[path_id("meeting_id")],
        request=None,
        responses={200: SubstitutionSerializer, 400: RefusalSerializer, 404: RefusalSerializer},
    )
    def post(self, request: Request, meeting_id: int) -> Response:
        made = request_substitute(meeting_id, self.person_id, now=clock.now())
        return _show(self.person_id, made.pk)


class AnswerSubstituteView(RefusalView):
    limits = {"POST": "moves"}

    @extend_schema(
        summary="Answer: I lead it, I can't, or I can lead after all",
        parameters=[path_id("substitution_id")],
        request=SubstituteAnswerSerializer,
        responses={200: SubstitutionSerializer, 400: RefusalSerializer, 404: RefusalSerializer},
    )
    def post(self, request: Request, substitution_id: int) -> Response:
        answer = self.checked(SubstituteAnswerSerializer)["answer"]
        user_id, now = self.person_id, clock.now()
        status = find_status(user_id, substitution_id, now)
        if status is None:
            raise no_substitution()
        if answer == "return":
            return_to_lead(substitution_id, user_id, now=now)
        elif status.offer is None:
            raise no_substitution()
        else:
            answer_offer(status.offer.pk, user_id, leads=answer == "lead", now=now)
        return _show(user_id, substitution_id)


def _show(user_id: int, substitution_id: int) -> Response:
    status = find_status(user_id, substitution_id, clock.now())
    if status is None:  # another facilitator of the group has asked already
        raise no_substitution()
    return Response(SubstitutionSerializer(status).data)
