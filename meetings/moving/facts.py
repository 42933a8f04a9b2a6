"""Queries for the data that `rules` decides on."""

from cohorts.errors import Refusal
from cohorts.models import Group
from meetings.models import PRESENCE, Attendance, Meeting
from meetings.moving.moves import Add, ChangeSlot, Move
from meetings.moving.rules import no_meeting
from meetings.moving.types import MoveFacts
from meetings.selectors import read_rhythms


def group_of(move: Move) -> int:
    """Return the id of the group that a move is about. Raises Refusal("no_meeting")."""
    if isinstance(move, Add | ChangeSlot):
        return move.group_id
    found = Meeting.objects.filter(pk=move.meeting_id).values_list("group", flat=True).first()
    if found is None:
        raise no_meeting()
    return found


def read_facts(group_id: int) -> MoveFacts:
    """Read a group's rhythm, meetings and attendance. Five queries. Raises Refusal("no_group")."""
    group = Group.objects.select_related("cohort__course").filter(pk=group_id).first()
    if group is None:
        raise Refusal("no_group", "There is no such group.")
    rows = list(Meeting.objects.filter(group=group).order_by("number"))
    for row in rows:
        row.group = group
    there = Attendance.objects.alias(was=PRESENCE).filter(was=Attendance.Presence.PRESENT)
    attended = there.filter(meeting__group=group).values_list("meeting", flat=True)
    return MoveFacts(group, read_rhythms([group])[group.pk], rows, frozenset(attended))
