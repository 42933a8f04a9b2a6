"""Who was there, in the admin: read on the meeting's page, corrected with a name to it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cohorts.models import ActivityEntry, Membership
from meetings.models import Attendance, Meeting
from tests.admin.reading import text_of
from tests.support.academy import Academy

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC).replace(second=0, microsecond=0)


@pytest.fixture
def academy(db: None, now: datetime) -> Academy:
    return Academy(now)


@pytest.fixture
def alice(academy):
    return academy.add_member("Alice", "A")


@pytest.fixture
def held(academy, alice, now) -> Meeting:
    meeting = academy.meeting("A")
    Meeting.objects.filter(pk=meeting.pk).update(starts_at=now - timedelta(hours=3))
    Membership.objects.update(joined_at=now - timedelta(days=9))
    meeting.refresh_from_db()
    return meeting


@pytest.fixture
def found(held, alice) -> Attendance:
    return Attendance.objects.create(
        meeting=held, user=alice, checked_in_at=held.starts_at, rsvp="tentative"
    )


def address(row: Attendance) -> str:
    return f"/admin/meetings/attendance/{row.pk}/change/"


def test_a_meeting_shows_who_was_there_and_leads_to_correcting_it(staff, held, found):
    page = staff.get(f"/admin/meetings/meeting/{held.pk}/change/")
    assert "present" in text_of(page)
    assert address(found) in page.content.decode()


def test_the_page_of_a_meeting_costs_the_same_for_many_people(staff, academy, held, found):
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            staff.get(f"/admin/meetings/meeting/{held.pk}/change/")
        return len(queries)

    cost()  # what a process reads once
    before = cost()
    for number in range(9):
        Attendance.objects.create(meeting=held, user=academy.add_member(f"Member {number}", "A"))
    assert cost() == before


def test_staff_correct_it_and_it_says_who(staff, olga, found):
    answer = staff.post(address(found), {"correction": "absent"}, follow=True)
    assert answer.status_code == 200
    found.refresh_from_db()
    assert (found.presence, found.corrected_by, found.rsvp) == ("absent", olga, "tentative")
    assert ActivityEntry.objects.get().actor == olga.pk
    row = text_of(staff.get("/admin/meetings/attendance/"))
    assert "absent" in row
    assert "Olga" in row


def test_a_person_about_whom_nothing_is_known_is_corrected_too(staff, olga, held, alice):
    form = {"meeting": held.pk, "user": alice.pk, "correction": "present"}
    staff.post("/admin/meetings/attendance/add/", form)
    row = Attendance.objects.get()
    assert (row.user, row.presence, row.corrected_by) == (alice, "present", olga)


def test_bad_input_is_reported_and_changes_nothing(staff, academy, alice, held, found):
    assert "This field is required" in text_of(staff.post(address(found), {"correction": ""}))
    form = {"meeting": academy.meeting("A", 2).pk, "user": alice.pk, "correction": "present"}
    answer = staff.post("/admin/meetings/attendance/add/", form, follow=True)
    assert "Group A, week 2 has not begun yet." in text_of(answer)
    assert Attendance.objects.get().correction == ""


def test_a_refused_correction_keeps_what_was_typed(staff, now, found):
    Meeting.objects.update(starts_at=now - timedelta(days=3))
    page = staff.post(address(found), {"correction": "absent"}, follow=True)
    assert "became final 24 hours after it. Say why you change it." in text_of(page)
    assert '<option value="absent" selected>' in page.content.decode()
    assert page.request["QUERY_STRING"] == "", "an address is kept in the browser's history"
    staff.post(address(found), {"correction": "absent", "correction_reason": "Told me so"})
    found.refresh_from_db()
    assert (found.correction, found.correction_reason) == ("absent", "Told me so")


def test_nothing_else_of_an_attendance_can_be_edited_or_deleted(staff, found):
    page = staff.get(address(found)).content.decode()
    for name in ("rsvp", "checked_in_at", "corrected_by", "is_guest", "meeting", "user"):
        assert f'name="{name}"' not in page
    assert staff.get(f"/admin/meetings/attendance/{found.pk}/delete/").status_code == 403


def test_without_the_permission_it_is_read_only(academy, found):
    reader = academy.add_person("Rita", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_attendance"))
    client = Client()
    client.force_login(reader)
    assert 'name="correction"' not in client.get(address(found)).content.decode()
    assert client.post(address(found), {"correction": "absent"}).status_code == 403
