"""API for moving meetings. Without permission (meetings/access.py), they do not exist (404)."""

from dataclasses import replace
from datetime import datetime
from typing import Any, cast

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from cohorts import clock
from cohorts.errors import Refusal
from cohorts.models import Group, User
from guestvisits.api import move_serializers as shapes
from guestvisits.api.errors import RefusalView
from guestvisits.api.serializers import RefusalSerializer, path_id
from meetings.access import MOVE, Act, may
from meetings.models import Meeting, MeetingMove
from meetings.moving import moves
from meetings.moving.forecasts import forecast_mails
from meetings.moving.preview import Preview, preview_move
from meetings.moving.rules import no_meeting
from meetings.moving.services import carry_out
from meetings.moving.wall_time import read_wall_time
from meetings.rhythm import Slot

ANSWERS = {200: shapes.MovedSerializer, 400: RefusalSerializer, 404: RefusalSerializer}


def _describe(summary: str, asked: type[shapes.MoveSerializer], id_name: str) -> Any:
    return extend_schema(
        summary=summary,
        description="Returns who is affected, which visits end, what the guests could visit "
        "instead, and overlaps with other meetings. With `preview`, nothing is changed, and "
        "`mails` says how many e-mails calendars would send.",
        parameters=[path_id(id_name)],
        request=asked,
        responses=ANSWERS,
    )


class _MoveView(RefusalView):
    """Reads the request, builds a move, and previews it or carries it out."""

    asked: type[shapes.MoveSerializer] = shapes.MoveSerializer
    limits = {"POST": "moves"}

    def answer(self, request: Request, move: moves.Move, said: dict[str, Any]) -> Response:
        now = clock.now()
        preview = preview_move(move, now=now, by=request.user.pk)
        mails = forecast_mails(move, now) if said["preview"] else None
        if not said["preview"]:
            seen = said["seen"] or preview.digest
            done = carry_out(move, by=request.user.pk, now=now, seen=seen, reason=said["reason"])
            preview = _with_ids(preview, done)
        context = {"done": not said["preview"], "mails": mails}
        return Response(shapes.MovedSerializer(preview, context=context).data)


def _with_ids(preview: Preview, done: MeetingMove) -> Preview:
    """Return the preview, with the ids of meetings that the move created."""
    known = {change.meeting_id for change in preview.changes if change.meeting_id}
    made = iter(done.changes.exclude(meeting__in=known).values_list("meeting", flat=True))
    changes = (
        change if change.meeting_id else replace(change, meeting_id=next(made))
        for change in preview.changes
    )
    return replace(preview, changes=tuple(changes))


def _find_meeting(request: Request, meeting_id: int) -> Meeting:
    meeting = Meeting.objects.select_related("group").filter(pk=meeting_id).first()
    if meeting is None or not may(cast(User, request.user), MOVE, meeting.group_id):
        raise no_meeting()
    return meeting


def find_group(request: Request, group_id: int, act: Act) -> Group:
    """Return the group if the user may perform the action on it. Raises Refusal("no_group")."""
    group = Group.objects.filter(pk=group_id).first()
    if group is None or not may(cast(User, request.user), act, group_id):
        raise Refusal("no_group", "There is no such group.")
    return group


def _moment(said: datetime, group: Group) -> datetime:
    """Return an aware datetime. Raises Refusal: time_skipped, bad_day."""
    if said.tzinfo is None:
        return read_wall_time(said.date(), said.time(), group.timezone)
    return said


class RescheduleView(_MoveView):
    asked = shapes.TimeSerializer

    @_describe("Move a meeting", shapes.TimeSerializer, "meeting_id")
    def post(self, request: Request, meeting_id: int) -> Response:
        meeting, said = _find_meeting(request, meeting_id), self.checked(self.asked)
        starts_at = _moment(said["starts_at"], meeting.group)
        move = moves.Reschedule(meeting.pk, starts_at, said.get("minutes"))
        return self.answer(request, move, said)


class CancelView(_MoveView):
    @_describe("Cancel a meeting", shapes.MoveSerializer, "meeting_id")
    def post(self, request: Request, meeting_id: int) -> Response:
        meeting, said = _find_meeting(request, meeting_id), self.checked(self.asked)
        return self.answer(request, moves.Cancel(meeting.pk), said)


class RestoreView(_MoveView):
    @_describe(
        "Restore a moved or cancelled meeting to its usual time",
        shapes.MoveSerializer,
        "meeting_id",
    )
    def post(self, request: Request, meeting_id: int) -> Response:
        meeting, said = _find_meeting(request, meeting_id), self.checked(self.asked)
        return self.answer(request, moves.Restore(meeting.pk), said)


class PostponeView(_MoveView):
    asked = shapes.PostponeSerializer

    @_describe("Postpone a meeting", shapes.PostponeSerializer, "meeting_id")
    def post(self, request: Request, meeting_id: int) -> Response:
        meeting, said = _find_meeting(request, meeting_id), self.checked(self.asked)
        move = moves.Postpone if said["later_too"] else moves.PutLast
        return self.answer(request, move(meeting.pk), said)


class AddView(_MoveView):
    asked = shapes.TimeSerializer

    @_describe("Add an extra session", shapes.TimeSerializer, "group_id")
    def post(self, request: Request, group_id: int) -> Response:
        group, said = find_group(request, group_id, MOVE), self.checked(self.asked)
        move = moves.Add(group.pk, _moment(said["starts_at"], group), said.get("minutes"))
        return self.answer(request, move, said)


class SlotView(_MoveView):
    asked = shapes.SlotSerializer

    @_describe("Change the weekly time from a given day", shapes.SlotSerializer, "group_id")
    def post(self, request: Request, group_id: int) -> Response:
        group, said = find_group(request, group_id, MOVE), self.checked(self.asked)
        slot = Slot(said["weekday"], said["start_time"], said["timezone"], said["minutes"])
        return self.answer(request, moves.ChangeSlot(group.pk, said["from_day"], slot), said)
