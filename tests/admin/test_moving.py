"""Moving meetings in the admin."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils.formats import date_format
from django.utils.timezone import localtime

from cohorts.models import ActivityEntry, Group
from cohorts.services.terms import Term, change_term, preview_term
from guestvisits.services.booking import book_visit
from guestvisits.tasks import update_all
from meetings.meeting_times import MeetingTime
from meetings.models import Meeting, MeetingMove
from meetings.moving.preview import Preview
from tests.admin.reading import messages_of, text_of
from tests.support.academy import Academy

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC).replace(second=0, microsecond=0)


@pytest.fixture
def academy(db: None, now: datetime) -> Academy:
    return Academy(now)


@pytest.fixture
def meeting(academy) -> Meeting:
    return academy.meeting("A", 2)


def address(meeting: Meeting, what: str) -> str:
    return f"/admin/meetings/meeting/{meeting.pk}/move/{what}/"


def hidden(answer) -> dict[str, str]:
    fields = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', answer.content.decode())
    return {name: value for name, value in fields if name != "csrfmiddlewaretoken"}


def test_a_meeting_is_read_and_leads_to_its_moves(staff, meeting):
    page = staff.get(f"/admin/meetings/meeting/{meeting.pk}/change/")
    for what in ("reschedule", "postpone", "cancel"):
        assert address(meeting, what) in page.content.decode()
    assert 'name="starts_at' not in page.content.decode()
    assert "Group A" in text_of(staff.get("/admin/meetings/meeting/"))


def test_a_group_leads_to_one_more_meeting_and_another_slot(staff, meeting):
    page = staff.get(f"/groups/{meeting.group_id}/").content.decode()
    for what in ("add", "slot"):
        path = f"/admin/meetings/meeting/of-group/{meeting.group_id}/{what}/"
        assert path in page
        assert staff.get(path).status_code == 200


def test_what_would_happen_is_shown_then_done_and_logged(staff, olga, academy, meeting, now):
    alice = academy.add_member("Alice", "B")
    home = academy.meeting("B", 2)
    book_visit(alice.pk, home_meeting_id=home.pk, host_meeting_id=meeting.pk, now=now)
    new = meeting.starts_at + 2 * HOUR
    said = {"day": f"{new:%Y-%m-%d}", "time": f"{new:%H:%M}", "minutes": 60}

    shown = staff.post(address(meeting, "reschedule"), said)
    assert "Alice is visiting this group in week 2, from Group B; that visit ends." in text_of(
        shown
    )
    assert not MeetingMove.objects.exists()

    done = staff.post(address(meeting, "reschedule"), hidden(shown), follow=True)
    assert messages_of(done) == [
        "Done. Everyone affected gets a message, and calendars are updated."
    ]
    meeting.refresh_from_db()
    assert meeting.starts_at == new
    assert MeetingMove.objects.get().by == olga
    assert ActivityEntry.objects.get(kind="meetings_moved").about_id == str(meeting.pk)
    page = text_of(staff.get(f"/admin/meetings/meeting/{meeting.pk}/change/"))
    assert f"{date_format(localtime(now), 'DATETIME_FORMAT')} Olga" in page
    assert "moved" in text_of(staff.get("/admin/meetings/meetingmove/"))


def test_each_other_move_is_done_from_its_preview(staff, academy, meeting):
    staff.post(address(meeting, "cancel"), hidden(staff.get(address(meeting, "cancel"))))
    meeting.refresh_from_db()
    assert meeting.is_cancelled
    staff.post(address(meeting, "restore"), hidden(staff.get(address(meeting, "restore"))))
    before = academy.meeting("A", 4).starts_at
    shown = staff.post(address(meeting, "postpone"), {"how": "later"})
    staff.post(address(meeting, "postpone"), hidden(shown))
    assert academy.meeting("A", 4).starts_at == before + timedelta(weeks=1)


def test_times_are_shown_in_the_readers_zone(staff, olga, meeting):
    olga.timezone = "Asia/Tokyo"
    olga.save()
    assert "Asia/Tokyo" in text_of(staff.get(address(meeting, "cancel")))


def test_a_refusal_is_a_sentence_and_changes_nothing(staff, academy, meeting):
    third = academy.meeting("A", 3).starts_at
    said = {"day": f"{third:%Y-%m-%d}", "time": f"{third:%H:%M}", "minutes": 60}
    refused = staff.post(address(meeting, "reschedule"), said)
    assert "would overlap with week 3" in text_of(refused)
    assert not MeetingMove.objects.exists()


def test_what_was_typed_stays_when_the_form_is_changed_or_refused(staff, meeting):
    page, new = address(meeting, "reschedule"), meeting.starts_at + 2 * HOUR
    typed = {"day": f"{new:%Y-%m-%d}", "time": f"{new:%H:%M}", "minutes": 60}
    confirmed = hidden(staff.post(page, typed)) | {"reason": "Storm"}
    changed = staff.post(page, confirmed | {"do": "edit"})
    assert f'value="{new:%H:%M}"' in changed.content.decode()
    assert hidden(changed) == {"reason": "Storm"}
    too_long = staff.post(page, confirmed | {"reason": "Storm" * 50})
    assert "The reason is longer than 200 characters." in text_of(too_long)
    assert hidden(too_long) == {}
    cancel = address(meeting, "cancel")
    staff.post(cancel, hidden(staff.get(cancel)))  # in another tab
    refused = staff.post(page, confirmed)
    assert "Restore it first" in text_of(refused)
    assert hidden(refused) == {"reason": "Storm"}


def test_staff_without_the_permission_may_not(academy, meeting):
    sam = academy.add_person("Sam", is_staff=True)
    client = Client()
    client.force_login(sam)
    assert client.get(address(meeting, "cancel")).status_code == 403
    sam.user_permissions.add(Permission.objects.get(codename="change_meeting"))
    assert client.get(address(meeting, "cancel")).status_code == 200


def test_no_one_else_may_see_or_do_it(academy, meeting):
    client = Client()
    client.force_login(academy.add_facilitator("Bob", "A"))
    assert client.get(address(meeting, "cancel")).status_code == 302
    assert client.get("/admin/meetings/meeting/of-group/1/add/").status_code == 302


def test_an_unknown_move_is_no_page(staff, meeting):
    assert staff.get(address(meeting, "delete")).status_code == 404
    assert staff.get("/admin/meetings/meeting/999999/move/cancel/").status_code == 404


# -- the start and the number of meetings of a running cohort --------------------------------------


def cohort_form(academy: Academy, **changed) -> dict:
    cohort = academy.cohort
    names = ("name", "start_date", "number_of_meetings", "guest_days_before", "guest_days_after")
    names += ("archive_days", "join_reminder_days", "substitute_alarm_hours")
    fields = {name: getattr(cohort, name) for name in names}
    return {"course": cohort.course_id, **fields, **changed}


@pytest.mark.parametrize(
    "changed", [{"number_of_meetings": 2}, {"start_date": "2030-01-07"}, {"number_of_meetings": 6}]
)
def test_c4_the_form_of_a_running_cohort_changes_no_meeting_without_a_preview(
    staff, academy, changed
):
    page = f"/admin/cohorts/cohort/{academy.cohort.pk}/change/"
    before = list(Meeting.objects.order_by("pk").values())
    answer = staff.post(page, cohort_form(academy, **changed))
    assert "previews the consequences" in text_of(answer)
    assert list(Meeting.objects.order_by("pk").values()) == before
    assert not MeetingMove.objects.exists()
    Group.objects.update(status=Group.Status.PREVIEW, set_up_at=None)  # nobody holds an invitation
    assert staff.post(page, cohort_form(academy, **changed)).status_code == 302


def test_c4_a_shorter_cohort_is_shown_and_then_done(staff, academy, now):
    alice = academy.add_member("Alice", "A")
    visit = book_visit(
        alice.pk,
        home_meeting_id=academy.meeting("A", 4).pk,
        host_meeting_id=academy.meeting("B", 4).pk,
        now=now,
    )
    page = f"/admin/meetings/meeting/of-cohort/{academy.cohort.pk}/term/"
    assert page in staff.get(f"/admin/cohorts/cohort/{academy.cohort.pk}/change/").content.decode()
    term = {"start_date": academy.cohort.start_date, "number_of_meetings": 3}
    shown = staff.post(page, term)
    said = text_of(shown)
    for words in ("Group A", "Group B", "Week 4", "is not held", "that visit ends"):
        assert words in said
    assert Meeting.objects.filter(status="cancelled").count() == 0

    academy.add_member("Bob", "B")  # in the meantime: one more person would be notified
    again = staff.post(page, hidden(shown))
    assert "The data has changed since the preview" in text_of(again)
    assert Meeting.objects.filter(status="cancelled").count() == 0
    done = staff.post(page, hidden(again), follow=True)
    assert messages_of(done) == [
        "Done. Everyone affected gets a message, and calendars are updated."
    ]
    cancelled = Meeting.objects.filter(status="cancelled").values_list("number", flat=True)
    assert list(cancelled) == [4, 4, 4]
    update_all()
    visit.refresh_from_db()
    assert visit.end_reason == "host_cancelled"
    entry = ActivityEntry.objects.get(kind="term_changed")
    assert entry.changes["Number of meetings"] == ["4", "3"]


def test_c4_what_is_shown_is_what_is_done(staff, academy, now):
    """Later and longer: each meeting goes exactly where the preview said."""
    start = academy.cohort.start_date + timedelta(weeks=1)
    term = Term(start, 6)
    preview = preview_term(academy.cohort.pk, academy.cohort.name, term, now=now)
    change_term(academy.cohort.pk, term, seen=preview.digest, now=now)
    shown = {
        (group.group.pk, change.number): change.after
        for group in cast("tuple[Preview, ...]", preview.groups)
        for change in group.changes
    }
    held = {
        (row.group_id, row.number): MeetingTime(row.starts_at, row.duration_minutes)
        for row in Meeting.objects.all()
    }
    assert shown == held
    assert len(held) == 18


@pytest.mark.parametrize("lacking", ["change_cohort", "change_meeting"])
def test_c4_the_page_needs_both_permissions(academy, lacking):
    able = {"change_cohort", "change_meeting"} - {lacking}
    sam = academy.add_person("Sam", is_staff=True)
    sam.user_permissions.set(Permission.objects.filter(codename__in=able))
    client = Client()
    client.force_login(sam)
    page = f"/admin/meetings/meeting/of-cohort/{academy.cohort.pk}/term/"
    assert client.get(page).status_code == 403
    term = {"start_date": academy.cohort.start_date, "number_of_meetings": 3, "seen": "x"}
    assert client.post(page, term).status_code == 403
