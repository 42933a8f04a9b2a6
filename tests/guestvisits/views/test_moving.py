"""Moving meetings on the facilitator's page: ask, show what would happen, do it."""

from __future__ import annotations

import html
import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.shortcuts import resolve_url
from django.test import Client
from django.utils.html import strip_tags

from cohorts.models import Group, Membership
from guestvisits.models import GuestVisit
from guestvisits.services.booking import book_visit
from meetings.messages.changes import pending_changes
from meetings.models import Attendance, Meeting, MeetingMove
from tests.support.moves import cancel_meeting

pytestmark = pytest.mark.django_db

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)


@pytest.fixture
def bob(academy):
    return academy.add_facilitator("Bob", "B", timezone="Europe/Lisbon")


@pytest.fixture
def client(bob) -> Client:
    client = Client()
    client.force_login(bob)
    return client


@pytest.fixture
def meeting(academy) -> Meeting:
    return academy.meeting("B", 2)


def address(meeting: Meeting, what: str) -> str:
    return f"/groups/{meeting.group_id}/meetings/{meeting.pk}/{what}/"


def text(answer) -> str:
    main = answer.content.decode().split("<main", 1)[1]
    return html.unescape(re.sub(r"\s+", " ", strip_tags(main)))


def hidden(answer) -> dict[str, str]:
    """What the button that confirms would post."""
    fields = re.findall(
        r'<input type="hidden" name="([^"]+)" value="([^"]*)"', answer.content.decode()
    )
    return {name: value for name, value in fields if name != "csrfmiddlewaretoken"}


def time_fields(moment, minutes: int = 60) -> dict[str, object]:
    return {"day": f"{moment:%Y-%m-%d}", "time": f"{moment:%H:%M}", "minutes": minutes}


def do(client, path: str, said: dict[str, object] | None = None):
    """Fill in, look, confirm."""
    shown = client.post(path, said) if said else client.get(path)
    assert shown.status_code == 200, text(shown)
    return client.post(path, hidden(shown))


def test_the_page_of_the_group_leads_to_each_move(client, meeting):
    page = client.get(f"/groups/{meeting.group_id}/").content.decode()
    for what in ("reschedule", "postpone", "cancel"):
        assert address(meeting, what) in page
        assert client.get(address(meeting, what)).status_code == 200
    for what in ("add", "slot"):
        assert f"/groups/{meeting.group_id}/{what}/" in page
        assert client.get(f"/groups/{meeting.group_id}/{what}/").status_code == 200
    cancel_meeting(meeting.pk, now=meeting.starts_at - HOUR)
    page = client.get(f"/groups/{meeting.group_id}/").content.decode()
    assert address(meeting, "restore") in page
    assert address(meeting, "cancel") not in page


def test_what_would_happen_is_shown_before_anything_is_changed(client, academy, meeting, now):
    alice = academy.add_member("Alice", "A")
    home = academy.meeting("A", 2)
    book_visit(alice.pk, home_meeting_id=home.pk, host_meeting_id=meeting.pk, now=now)
    other = academy.meeting("C", 2)
    academy.add_facilitator("Carol", "B", "C")

    shown = client.post(address(meeting, "reschedule"), time_fields(other.starts_at))
    page = text(shown)
    assert "Week 2 from" in page
    assert "Alice is visiting this group in week 2, from Group A; that visit ends." in page
    assert "They could then join: Group B:" in page
    assert "Carol has another meeting at the same time as week 2" in page
    assert "week 2 of Group C" not in page, "which one it is does not concern Bob"
    assert "Bob (facilitator), Carol (facilitator), Alice (guest)" in page
    meeting.refresh_from_db()
    assert meeting.starts_at != other.starts_at
    assert GuestVisit.objects.get().is_open
    assert not MeetingMove.objects.exists()


def test_a_confirmed_move_is_done_and_says_who_did_it(client, bob, meeting):
    new = meeting.starts_at + 3 * HOUR
    shown = client.post(address(meeting, "reschedule"), time_fields(new, 90))
    assert "Reason, if people should read one" in text(shown)
    done = client.post(address(meeting, "reschedule"), {**hidden(shown), "reason": "Away"})
    assert done.url == f"/groups/{meeting.group_id}/"
    meeting.refresh_from_db()
    assert (meeting.starts_at, meeting.duration_minutes) == (new, 90)
    assert (MeetingMove.objects.get().by, MeetingMove.objects.get().reason) == (bob, "Away")
    assert "Everyone affected gets a message" in text(client.get(done.url))


def test_times_are_wall_time_in_the_groups_zone(client, academy, meeting):
    Group.objects.filter(pk=meeting.group_id).update(timezone="Europe/Berlin")
    local = (meeting.starts_at + 26 * HOUR).astimezone(BERLIN)
    form = text(client.get(address(meeting, "reschedule")))
    assert "Time zone: Europe/Berlin." in form
    shown = client.post(address(meeting, "reschedule"), time_fields(local))
    assert "Europe/Lisbon" in text(shown)  # Bob's own, and the group's behind it
    assert f"{local:%H:%M} –" in text(shown)
    do(client, address(meeting, "reschedule"), time_fields(local))
    meeting.refresh_from_db()
    assert meeting.starts_at == local


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("cancel", None),
        ("postpone", {"how": "later"}),
        ("postpone", {"how": "last"}),
    ],
)
def test_each_move_of_a_meeting_can_be_done(client, meeting, what, said):
    before = {row.number: row.starts_at for row in meeting.group.meetings.all()}
    do(client, address(meeting, what), said)
    after = {row.number: row for row in meeting.group.meetings.all()}
    assert after[2].is_cancelled == (what == "cancel")
    week = timedelta(weeks=1)
    if said == {"how": "later"}:
        assert [after[n].starts_at - before[n] for n in (1, 2, 3, 4)] == [0 * week] + [week] * 3
    if said == {"how": "last"}:
        assert after[2].starts_at == before[4] + week
        assert after[3].starts_at == before[3]


def test_a_cancelled_meeting_can_be_held_after_all(client, meeting):
    cancel_meeting(meeting.pk, now=meeting.starts_at - HOUR)
    do(client, address(meeting, "restore"))
    meeting.refresh_from_db()
    assert not meeting.is_cancelled


def test_a_meeting_can_be_added_and_the_slot_changed(client, meeting):
    group = meeting.group
    extra = meeting.starts_at + 26 * HOUR
    do(client, f"/groups/{group.pk}/add/", time_fields(extra))
    assert group.meetings.count() == 5
    weekday = (group.weekday + 1) % 7
    slot = {
        "from_day": f"{meeting.starts_at - timedelta(days=6):%Y-%m-%d}",
        "weekday": weekday,
        "time": f"{meeting.starts_at - 3 * HOUR:%H:%M}",  # five hours from the extra session
        "zone": "UTC",
        "minutes": 45,
    }
    do(client, f"/groups/{group.pk}/slot/", slot)
    meeting.refresh_from_db()
    assert (meeting.starts_at.weekday(), meeting.duration_minutes) == (weekday, 45)


def test_what_has_changed_since_is_shown_again_and_not_done(client, academy, meeting):
    shown = client.get(address(meeting, "cancel"))
    academy.add_member("Dave", "B")
    again = client.post(address(meeting, "cancel"), hidden(shown))
    assert "The data has changed since the preview." in text(again)
    assert "Dave" in text(again)
    meeting.refresh_from_db()
    assert not meeting.is_cancelled
    client.post(address(meeting, "cancel"), hidden(again))
    meeting.refresh_from_db()
    assert meeting.is_cancelled


def test_a_refusal_is_a_sentence_on_the_page(client, academy, meeting):
    third = academy.meeting("B", 3)
    refused = client.post(address(meeting, "reschedule"), time_fields(third.starts_at))
    assert refused.status_code == 400
    assert "Week 2 would overlap with week 3 of the same group" in text(refused)
    begun = text(client.get(address(meeting, "restore")))
    assert "Nothing would change" in begun


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"day": "0001-01-01", "time": "10:00", "minutes": 60},
        {"day": "9999-12-31", "time": "23:59", "minutes": 60},
        {"day": "2027-13-45", "time": "99:99", "minutes": "x"},
        {"day": "2027-01-01", "time": "10:00", "minutes": 99999999999999999999},
    ],
)
def test_no_input_is_a_failure(client, meeting, said):
    for path in (address(meeting, "reschedule"), f"/groups/{meeting.group_id}/add/"):
        assert client.post(path, {**said, "seen": "0"}).status_code == 400
    slot = {"weekday": 9, "time": said.get("time", ""), "zone": "Nowhere", "minutes": 60}
    path = f"/groups/{meeting.group_id}/slot/"
    assert client.post(path, {**slot, "from_day": said.get("day", "")}).status_code == 400


def test_what_was_filled_in_is_still_there_when_something_of_it_is_wrong(client, meeting):
    said = {"day": "2027-13-45", "time": "10:45", "minutes": 75}
    page = client.post(address(meeting, "reschedule"), said).content.decode()
    assert [f'value="{value}"' in page for value in said.values()] == [True, True, True]

    slot = {"from_day": "2027-02-30", "weekday": 3, "time": "10:45", "zone": "Asia/Tokyo"}
    page = client.post(
        f"/groups/{meeting.group_id}/slot/", {**slot, "minutes": 75}
    ).content.decode()
    for kept in ('value="2027-02-30"', 'value="10:45"', 'value="75"'):
        assert kept in page
    assert re.findall(r'<option value="([^"]+)" selected>', page) == ["3", "Asia/Tokyo"]


def test_the_slot_cannot_be_changed_from_a_day_of_no_calendar(client, meeting):
    for day in ("0001-01-01", "9999-12-31"):
        slot = {"from_day": day, "weekday": 0, "time": "10:00", "zone": "UTC", "minutes": 60}
        refused = client.post(f"/groups/{meeting.group_id}/slot/", slot)
        assert refused.status_code == 400


@pytest.mark.parametrize("who", ["Carol", "Dave", "Eve"])
def test_for_anyone_else_there_is_no_such_page(academy, meeting, who):
    """A participant of the group, another group's facilitator, an unknown person."""
    academy.add_member("Carol", "B")
    academy.add_facilitator("Dave", "A")
    academy.add_person("Eve")
    client = Client()
    client.force_login(meeting.group.memberships.model.user.get_queryset().get(name=who))
    own = academy.meeting("A", 2)
    paths = [
        address(meeting, "cancel"),
        f"/groups/{meeting.group_id}/add/",
        f"/groups/{own.group_id}/meetings/{meeting.pk}/cancel/",  # of another group than named
        f"/groups/{meeting.group_id}/meetings/999999/cancel/",
        "/groups/999999/add/",
    ]
    answers = [client.get(path) for path in paths] + [client.post(paths[0], {"seen": "x"})]
    assert {answer.status_code for answer in answers} == {404}
    assert len({text(answer) for answer in answers}) == 1
    meeting.refresh_from_db()
    assert not meeting.is_cancelled


def test_staff_may_move_any_groups_meetings(academy, meeting):
    client = Client()
    client.force_login(academy.add_person("Sam", is_staff=True, is_superuser=True))
    do(client, address(meeting, "cancel"))
    meeting.refresh_from_db()
    assert meeting.is_cancelled


def test_without_signing_in_one_is_asked_to(meeting):
    answer = Client().get(address(meeting, "cancel"))
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, resolve_url("login"))


def test_unknown_moves_are_no_pages(client, meeting):
    assert client.get(address(meeting, "delete")).status_code == 404
    assert client.get(f"/groups/{meeting.group_id}/delete/").status_code == 404


# -- a meeting that was not held -----------------------------------------------------------------


def began(meeting: Meeting, now: datetime, ago: timedelta) -> None:
    start = now - ago
    Meeting.objects.filter(pk=meeting.pk).update(starts_at=start, rhythm_starts_at=start)


@pytest.mark.parametrize("what", ["reschedule", "put-last"])
def test_c23_a_meeting_that_was_not_held_is_shown_moved_and_announced(
    client, academy, meeting, now, what
):
    alice = academy.add_member("Alice", "B")
    Group.objects.update(set_up_at=now - timedelta(days=30), activated_at=now - timedelta(days=30))
    Membership.objects.filter(user=alice).update(joined_at=now - timedelta(days=30))
    began(meeting, now, timedelta(days=6))
    group_page = client.get(f"/groups/{meeting.group_id}/").content.decode()
    assert address(meeting, what) in group_page
    day = (now + timedelta(days=1)).date().isoformat()
    said = {"day": day, "time": "09:00", "minutes": 60} if what == "reschedule" else {}
    shown = client.post(address(meeting, what), said)
    seen = re.search(r'name="seen" value="(\w+)"', shown.content.decode())[1]
    assert "Alice" in shown.content.decode()
    assert client.post(address(meeting, what), {**said, "seen": seen}).status_code == 302
    meeting.refresh_from_db()
    assert meeting.starts_at > now
    due = {
        (pending.user_id, pending.kind)
        for pending in pending_changes(None, now, now + timedelta(minutes=5))
    }
    assert (alice.pk, "meeting_moved") in due


@pytest.mark.parametrize(
    ("ago", "was_there"), [(timedelta(days=6), True), (timedelta(days=7, minutes=1), False)]
)
def test_c23_a_meeting_that_was_held_or_is_long_over_stays_where_it_was(
    client, academy, meeting, now, ago, was_there
):
    alice = academy.add_member("Alice", "B")
    began(meeting, now, ago)
    if was_there:
        Attendance.objects.create(meeting=meeting, user=alice, checked_in_at=now - ago)
    put_last = address(meeting, "put-last")
    assert put_last not in client.get(f"/groups/{meeting.group_id}/").content.decode()
    assert "has begun, so it can no longer be moved" in client.get(put_last).content.decode()
