"""This week's meetings and the cohorts on the Today page."""

from __future__ import annotations

import re
from html import unescape

import pytest

from cohorts.models import Cohort, Group
from lens.desk import views
from meetings.models import Attendance, Meeting
from meetings.rsvps import set_rsvp
from tests.lens.desk.today_page.people import DAY, NOW, person

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("without_providers", "everything_alive"),
]


# -- this week ------------------------------------------------------------------------------------


def test_this_week_is_shown_day_by_day_in_the_readers_zone_with_the_groups_beside_it(
    academy, read_today
):
    set_rsvp(academy.meeting("A").pk, person("Ann0").pk, "attending", now=NOW)
    set_rsvp(academy.meeting("A").pk, person("Ann1").pk, "tentative", now=NOW)
    Attendance.objects.create(
        meeting=academy.meeting("A"), user=person("Bnn0"), rsvp="attending", is_guest=True
    )
    page = read_today()
    days = re.findall(r"<h3>(?:Today, )?(\w+ \d+ \w+)</h3>", page.html)
    assert days == ["Thursday 4 March", "Friday 5 March", "Saturday 6 March"]
    row = page.meeting(academy.meeting("A"))
    assert "13:00" in row
    assert "(Thu 12:00 UTC)" in row
    assert "1 coming, 1 maybe, 2 no answer, 1 guest" in row
    assert "<dt>No answer</dt><dd>Fay A (facilitator), Ann2</dd>" in row
    assert "<dt>Guest</dt><dd>Bnn0</dd>" in row


def test_a_cancelled_meeting_can_be_restored_and_a_past_one_only_opened(
    academy, staff, read_today, set_clock, monkeypatch
):
    cancelled, held = academy.meeting("B"), academy.meeting("A")
    Meeting.objects.filter(pk=cancelled.pk).update(status="cancelled")
    page = read_today()
    assert links(page.meeting(held)) == ["Move", "Cancel", "Find a substitute", "Open"]
    assert links(page.meeting(cancelled)) == ["Restore", "Open"]
    restore = unescape(re.findall(r'href="([^"]+)"', page.meeting(cancelled))[0])
    seen = dict(re.findall(r'name="(seen)" value="([^"]*)"', staff.get(restore).content.decode()))
    assert staff.post(restore, seen).headers["Location"] == "/admin/"
    monkeypatch.setattr(views, "MEETINGS", 1)
    move = re.findall(r'href="([^"]+)"', read_today(page="2").meeting(cancelled))[0]
    assert f'href="/admin/?page=2#m{cancelled.pk}"' in staff.get(unescape(move)).content.decode()
    set_clock(held.ends_at)
    assert links(read_today().meeting(held)) == ["Open"]


def test_meetings_name_their_cohort_where_there_are_several(academy, read_today):
    assert "Autumn" not in read_today().meeting(academy.meeting("B"))
    Cohort.objects.create(
        course=academy.cohort.course, name="Later", start_date=NOW.date(), number_of_meetings=3
    )
    assert "Autumn" in read_today().meeting(academy.meeting("B"))


def test_people_who_look_for_a_substitute_come_back_to_the_meeting(academy, staff, read_today):
    row = read_today().meeting(academy.meeting("B"))
    (page,) = re.findall(r'href="([^"]+/find/[^"]+)"', row)
    done = staff.post(unescape(page), {"away": person("Fay B").pk})
    assert done.headers["Location"] == f"/admin/#m{academy.meeting('B').pk}"


def links(row: str) -> list[str]:
    return re.findall(r"<a [^>]+>([^<]+)</a>", row)


def test_groups_that_are_not_set_up_hold_no_meetings_yet(academy, read_today):
    Group.objects.update(set_up_at=None, status="preview")
    page = read_today()
    assert "Groups that are not set up yet are left out." in page.html
    assert page.sentence == "Everything is fine. No meeting is planned."


# -- the cohorts ----------------------------------------------------------------------------------


def test_the_cohorts_are_listed_with_their_status(academy, read_today, set_clock):
    assert read_today().cohorts == [("Autumn", "Set up, no one has joined", "0 of 12")]
    Cohort.objects.create(
        course=academy.cohort.course,
        name="Winter",
        start_date=(NOW + 90 * DAY).date(),
        number_of_meetings=8,
    )
    assert read_today().cohorts[1] == ("Winter", "Not set up", "")
    autumn = academy.cohort
    autumn.status = Cohort.Status.COMPLETED
    autumn.save()
    assert read_today().cohorts[1] == ("Autumn", "Read-only until 31 March", "")
    set_clock(NOW + 40 * DAY)
    assert read_today().cohorts[1] == ("Autumn", "Removed", "")
