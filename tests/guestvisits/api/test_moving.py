"""Moving meetings through the API: the same refusals, nothing revealed about others' meetings."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from cohorts.models import Group, Membership, User
from guestvisits.services.booking import book_visit
from meetings.models import Meeting, MeetingMove
from tests.support.academy import Academy

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def bob(academy):
    return academy.add_facilitator("Bob", "A")


@pytest.fixture
def client(bob) -> Client:
    return client_of(bob)


@pytest.fixture
def meeting(academy) -> Meeting:
    return academy.meeting("A", 2)


def client_of(person) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(person)
    return client


def post(client: Client, path: str, body: object = None):
    return client.post(f"/api/{path}", json.dumps(body or {}), content_type="application/json")


def move(client: Client, meeting: Meeting, what: str, **body: object):
    return post(client, f"meetings/{meeting.pk}/{what}", body)


def iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def test_a_preview_says_what_would_happen_and_changes_nothing(client, academy, meeting, now):
    alice = academy.add_member("Alice", "B")
    home = academy.meeting("B", 2)
    book_visit(alice.pk, home_meeting_id=home.pk, host_meeting_id=meeting.pk, now=now)
    answer = move(client, meeting, "cancel", preview=True)
    assert answer.status_code == 200
    said = answer.json()
    digest = said.pop("digest")
    other = academy.meeting("C", 2)
    assert said == {
        "done": False,
        "group_id": meeting.group_id,
        "changes": [
            {
                "meeting_id": meeting.pk,
                "meeting_number": 2,
                "before": {"starts_at": iso(meeting.starts_at), "ends_at": iso(meeting.ends_at)},
                "after": None,
            }
        ],
        "mails": [],
        "notes": [],
        "affected": [
            {"name": "Bob", "role": "facilitator"},
            {"name": "Alice", "role": "guest"},
        ],
        "visits": [
            {
                "name": "Alice",
                "sentence": "is visiting this group in week 2, from Group B; that visit ends.",
                "options": [
                    {
                        "group_name": "Group C",
                        "meeting_number": 2,
                        "starts_at": iso(other.starts_at),
                        "ends_at": iso(other.ends_at),
                    }
                ],
            }
        ],
        "clashes": [],
    }
    assert not MeetingMove.objects.exists()
    assert move(client, meeting, "cancel", seen=digest).json()["done"]


@pytest.fixture
def elsewhere(academy, now) -> Meeting:
    """The meeting of another course at which Alice, a learner of group A, is a day after hers."""
    other = Academy(now, groups="XY", course="Secret course", name="Other cohort")
    alice = academy.add_member("Alice", "A")
    Membership.objects.create(user=alice, group=other.groups["Y"])
    return other.meeting("Y", 2)


@pytest.mark.parametrize("who", ["facilitator", "staff", "facilitator of both"])
def test_a16_a_facilitator_is_not_shown_in_which_other_course_a_learner_is(
    academy, bob, meeting, elsewhere, who
):
    if who == "facilitator of both":
        Membership.objects.create(user=bob, group=elsewhere.group, role="facilitator")
    person = bob if who != "staff" else User.objects.create_superuser("o@example.org", name="O")
    client, start = client_of(person), elsewhere.starts_at
    clashes = move(client, meeting, "reschedule", starts_at=iso(start), preview=True).json()[
        "clashes"
    ]
    [clash] = [clash for clash in clashes if clash["name"] == "Alice"]
    local = start.astimezone(ZoneInfo(meeting.group.timezone))
    form = {"day": f"{local:%Y-%m-%d}", "time": f"{local:%H:%M}", "minutes": 60}
    page = client.post(f"/groups/{meeting.group_id}/meetings/{meeting.pk}/reschedule/", form)
    shown = page.content.decode()
    assert (clash["starts_at"], clash["meeting_number"]) == (iso(start), 2)
    if who == "facilitator":
        hidden = ("with_group_name", "with_meeting_number", "is_guest")
        assert [clash[name] for name in hidden] == [None, None, None]
        assert "has another meeting" in shown
        assert "Group Y" not in shown
    else:
        assert (clash["with_group_name"], clash["with_meeting_number"]) == ("Group Y", 2)
        assert "week 2 of Group Y" in shown


def test_a_meeting_is_rescheduled(client, bob, meeting):
    new = meeting.starts_at + 3 * HOUR
    answer = move(client, meeting, "reschedule", starts_at=iso(new), minutes=90)
    assert answer.json()["done"]
    assert answer.json()["changes"][0]["after"]["starts_at"] == iso(new)
    meeting.refresh_from_db()
    assert (meeting.starts_at, meeting.duration_minutes) == (new, 90)
    assert MeetingMove.objects.get().by == bob


def test_without_an_offset_a_time_is_wall_time_in_the_groups_zone(client, meeting):
    Group.objects.filter(pk=meeting.group_id).update(timezone="Asia/Tokyo")
    local = (meeting.starts_at + 5 * HOUR).astimezone(ZoneInfo("Asia/Tokyo"))
    move(client, meeting, "reschedule", starts_at=local.replace(tzinfo=None).isoformat())
    meeting.refresh_from_db()
    assert meeting.starts_at == local


def test_meetings_are_cancelled_restored_postponed_and_added(client, academy, meeting):
    assert move(client, meeting, "cancel", reason="Ill").json()["done"]
    assert MeetingMove.objects.get().reason == "Ill"
    assert move(client, meeting, "cancel", reason="x" * 201).status_code == 400
    assert move(client, meeting, "restore").json()["done"]
    before = academy.meeting("A", 4).starts_at
    assert len(move(client, meeting, "postpone", later_too=True).json()["changes"]) == 3
    assert academy.meeting("A", 4).starts_at == before + timedelta(weeks=1)
    assert move(client, meeting, "postpone", later_too=False).json()["done"]
    assert academy.meeting("A", 2).starts_at == before + timedelta(weeks=2)
    extra = iso(before + timedelta(weeks=3))
    added = post(client, f"groups/{meeting.group_id}/meetings", {"starts_at": extra}).json()
    (change,) = added["changes"]
    assert (change["meeting_number"], change["before"]) == (None, None)
    assert change["meeting_id"] == academy.meeting("A", None).pk


def test_a_slot_is_changed_from_a_day_on(client, academy, meeting):
    slot = {
        "from_day": f"{meeting.starts_at:%Y-%m-%d}",
        "weekday": meeting.starts_at.weekday(),
        "start_time": "20:30",
        "timezone": "UTC",
        "minutes": 45,
    }
    answer = post(client, f"groups/{meeting.group_id}/slot", slot)
    assert [change["meeting_number"] for change in answer.json()["changes"]] == [2, 3, 4]
    assert academy.meeting("A", 2).starts_at.hour == 20


@pytest.mark.parametrize(
    ("what", "body", "code"),
    [
        ("reschedule", {"starts_at": "2001-01-01T10:00:00Z"}, "start_past"),
        ("reschedule", {"starts_at": "9999-12-31T23:59:59-12:00"}, "bad_input"),
        ("reschedule", {"starts_at": "9999-12-31T10:00:00"}, "bad_day"),
        ("reschedule", {"starts_at": "0001-01-01T00:00:00"}, "bad_day"),
        ("reschedule", {"starts_at": "soon"}, "bad_input"),
        ("reschedule", {}, "bad_input"),
        ("reschedule", {"starts_at": "2027-01-01T10:00:00Z", "minutes": 1}, "bad_input"),
        ("restore", {}, "same_time"),
        ("postpone", {}, "bad_input"),
        ("cancel", {"seen": "something else"}, "facts_changed"),
        ("cancel", {"seen": "x" * 500}, "bad_input"),
        ("cancel", {"preview": "perhaps"}, "bad_input"),
        ("cancel", {"preview": 1}, "bad_input"),
        ("cancel", {"seen": 5}, "bad_input"),
        ("postpone", {"later_too": "yes"}, "bad_input"),
        ("reschedule", {"starts_at": "2027-01-01T10:00:00Z", "minutes": "60"}, "bad_input"),
    ],
)
def test_a_refusal_has_a_name_and_a_sentence(client, meeting, what, body, code):
    answer = move(client, meeting, what, **body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert answer.json()["sentence"]
    assert not MeetingMove.objects.exists()


@pytest.mark.parametrize("body", ["[]", '"x"', "null", "{", b"\xff"])
def test_what_is_no_object_is_no_failure(client, meeting, body):
    for path in (f"meetings/{meeting.pk}/cancel", f"groups/{meeting.group_id}/slot"):
        answer = client.post(f"/api/{path}", body, content_type="application/json")
        assert answer.status_code == 400


@pytest.mark.parametrize("who", ["participant", "facilitator of another group", "stranger"])
def test_others_learn_nothing_not_even_that_a_meeting_exists(academy, meeting, who):
    people = {
        "participant": academy.add_member("Carol", "A"),
        "facilitator of another group": academy.add_facilitator("Dave", "B"),
        "stranger": academy.add_person("Eve"),
    }
    client = client_of(people[who])
    there = [move(client, meeting, what) for what in ("reschedule", "cancel", "postpone")]
    nowhere = [post(client, f"meetings/999999/{w}") for w in ("reschedule", "cancel", "postpone")]
    assert [a.status_code for a in there] == [404] * 3
    assert [a.content for a in there] == [a.content for a in nowhere]
    for what in ("meetings", "slot"):
        known = post(client, f"groups/{meeting.group_id}/{what}")
        unknown = post(client, f"groups/999999/{what}")
        assert (known.status_code, known.content) == (404, unknown.content)
    meeting.refresh_from_db()
    assert not meeting.is_cancelled


def test_staff_may_and_no_one_without_signing_in(academy, meeting):
    assert move(Client(), meeting, "cancel").status_code == 403
    sam = client_of(academy.add_person("Sam", is_staff=True, is_superuser=True))
    assert move(sam, meeting, "cancel").json()["done"]


def test_a_post_from_another_page_is_refused(bob, meeting):
    client = Client(enforce_csrf_checks=True)
    client.force_login(bob)
    assert move(client, meeting, "cancel").status_code == 403


def test_the_api_describes_each_move(client, meeting):
    schema = client.get("/api/schema/", HTTP_ACCEPT="application/json").json()
    paths = schema["paths"]
    for path, field in [
        ("/api/meetings/{meeting_id}/reschedule", "starts_at"),
        ("/api/meetings/{meeting_id}/cancel", "preview"),
        ("/api/meetings/{meeting_id}/restore", "seen"),
        ("/api/meetings/{meeting_id}/postpone", "later_too"),
        ("/api/groups/{group_id}/meetings", "minutes"),
        ("/api/groups/{group_id}/slot", "from_day"),
    ]:
        described = paths[path]["post"]
        assert set(described["responses"]) >= {"200", "400", "403", "404", "415", "429"}
        asked = described["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        assert field in schema["components"]["schemas"][asked.rsplit("/", 1)[1]]["properties"]
