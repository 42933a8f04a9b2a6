"""The tab Calendar: weeks and groups, with what is unusual in words."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from cohorts.models import Group, User
from cohorts.steps.tasks import carry_out_due
from meetings.models import Meeting
from meetings.moving.moves import Add, Cancel, Reschedule
from meetings.moving.services import carry_out
from meetings.rsvps import set_rsvp
from tests.lens.desk.cohort_page.conftest import ReadTab
from tests.lens.desk.cohort_page.test_header import ask
from tests.support.academy import Academy

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("without_providers", "everything_alive"),
]
DAY = timedelta(days=1)


def cell(page: str, meeting: Meeting) -> str:
    """The text of one meeting."""
    found = page.partition(f"/admin/meetings/meeting/{meeting.pk}/change/")[2]
    return re.sub(r"<[^>]+>", "", found.partition(">")[2].partition("</div>")[0])


def test_each_meeting_shows_its_time_and_what_is_unusual_in_words(
    read_tab: ReadTab, academy: Academy, now: datetime
):
    usual, moved, off = (academy.meeting("A", number) for number in (1, 2, 3))
    carry_out(Reschedule(moved.pk, moved.starts_at + DAY), by=None, now=now)
    carry_out(Cancel(off.pk), by=None, now=now)
    carry_out(Add(academy.groups["A"].pk, moved.starts_at + 2 * DAY), by=None, now=now)
    page = read_tab("calendar/", html=True)
    assert "moved" not in cell(page, usual)
    assert cell(page, moved).endswith("moved")
    assert cell(page, off).endswith("cancelled")
    assert '<th scope="col">Extra</th>' in page
    assert 'data-label="Extra"' in page
    here = usual.starts_at.astimezone(ZoneInfo("Europe/Berlin"))
    assert f"{here:%a} {here.day} {here:%b}, {here:%H:%M}" in cell(page, usual)
    assert f"({usual.starts_at:%a %H:%M})" in cell(page, usual), "the group's own time, UTC"


def test_answers_are_counted(read_tab: ReadTab, academy: Academy, now: datetime):
    meeting = academy.meeting("A")
    for name, rsvp in (("Ann", "attending"), ("Fay", "attending"), ("Ned", "not_attending")):
        set_rsvp(meeting.pk, User.objects.get(name=name).pk, rsvp, now=now)
    assert "2 coming, 1 away" in cell(read_tab("calendar/", html=True), meeting)


@pytest.mark.parametrize(("drop", "said"), [(True, "are dropped"), (False, "are pushed back")])
def test_breaks_are_listed_and_dropped_meetings_marked(
    read_tab: ReadTab, academy: Academy, now: datetime, drop: bool, said: str
):
    meeting = academy.meeting("A", 2)
    day = meeting.starts_at.date().isoformat()
    step = ask(academy, "break", {"first": day, "last": day, "drop": drop, "also": []}, now)
    carry_out_due(step.due_at)
    page = read_tab("calendar/", html=True)
    assert said in page
    assert ("dropped for a break" in cell(page, meeting)) is drop


def test_a_group_that_ended_is_marked(read_tab: ReadTab, academy: Academy):
    Group.objects.filter(name="Group C").update(status="cancelled")
    assert "Group C ended" in read_tab("calendar/")
