"""The API: its fields, its refusals, and what it costs."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cohorts.models import Membership
from cohorts.services.memberships import end_membership
from guestvisits.models import GuestVisit
from guestvisits.services.booking import book_visit
from meetings.models import Attendance, Meeting
from tests.guestvisits.api.asking import MINE, VISITS, book, iso, options, post
from tests.support.academy import Academy
from tests.support.moves import cancel_meeting

pytestmark = pytest.mark.django_db


def test_a16_someone_removed_from_a_group_reads_no_times_of_others(client, academy, alice, now):
    """Nor after moving to another group, by a meeting of the one that was left."""
    home, never = academy.meeting("A").pk, academy.meeting("B").pk
    assert client.get(options(home)).json()["alternatives"]
    end_membership(alice.memberships.get().pk, status=Membership.Status.REMOVED, why="", now=now)
    asked = [client.get(options(pk)) for pk in (home, never, 10**9)]
    assert asked[0].status_code == asked[2].status_code
    assert asked[0].content == asked[1].content == asked[2].content
    assert "Group" not in asked[0].content.decode()
    assert client.get(f"/meetings/{home}/alternatives/").status_code == 404
    assert "Group" not in book(client, academy).content.decode()
    other = Academy(now, name="Later")
    Membership.objects.create(user=alice, group=other.groups["A"])
    assert client.get(options(home)).content == asked[2].content


# -- what it says ---------------------------------------------------------------------------------


def test_my_upcoming_meetings(client, academy, now):
    cancel_meeting(academy.meeting("A", 2).pk, now=now)
    answer = client.get(MINE)
    assert answer.status_code == 200
    first = academy.meeting("A")
    meetings = answer.json()["meetings"]
    assert [each["meeting_number"] for each in meetings] == [1, 3, 4]
    assert meetings[0] == {
        "meeting_id": first.pk,
        "meeting_number": 1,
        "scheduled_at": iso(first.starts_at),
        "ends_at": iso(first.ends_at),
        "group_id": first.group_id,
        "group_name": "Group A",
        "role": "participant",
        "rsvp": "pending",
    }


def test_alternatives_and_what_is_not_open(client, academy, now):
    academy.add_facilitator("Bob", "B")
    academy.add_facilitator("Zoe", "B")
    cancel_meeting(academy.meeting("C").pk, now=now)
    body = client.get(options(academy.meeting("A").pk)).json()
    host, cancelled = academy.meeting("B"), academy.meeting("C")
    assert body == {
        "alternatives": [
            {
                "meeting_id": host.pk,
                "meeting_number": 1,
                "scheduled_at": iso(host.starts_at),
                "ends_at": iso(host.ends_at),
                "group_id": host.group_id,
                "group_name": "Group B",
                "facilitator_name": "Bob, Zoe",
                "seats_left": None,
                "overlaps": [],
            }
        ],
        "not_open": [
            {
                "meeting_id": cancelled.pk,
                "meeting_number": 1,
                "scheduled_at": iso(cancelled.starts_at),
                "ends_at": iso(cancelled.ends_at),
                "group_id": cancelled.group_id,
                "group_name": "Group C",
                "facilitator_name": None,
                "seats_left": None,
                "overlaps": [],
                "refusal": {
                    "code": "meeting_cancelled",
                    "sentence": "This meeting is cancelled.",
                },
            }
        ],
        "refusal": None,
    }


def test_c21_there_are_no_alternatives_to_a_meeting_that_does_not_exist_or_is_another_persons(
    client, academy
):
    answers = [client.get(options(pk)) for pk in (10**9, academy.meeting("B").pk)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    assert answers[0].json()["alternatives"] == answers[0].json()["not_open"] == []
    assert answers[0].json()["refusal"]["code"] == "no_meeting"


@pytest.mark.parametrize(
    ("host", "week", "phrase"),
    [
        ("A", 2, "own group"),
        ("B", 2, "same meeting number"),
        ("B", 1, "already started"),
        ("elsewhere", 1, "same cohort"),
    ],
)
def test_c21_refusals_of_booking_hold_the_phrases_that_clients_match(
    client, academy, alice, now, host, week, phrase
):
    other = Academy(now, name="Winter")
    Membership.objects.create(user=alice, group=other.groups["A"])
    meeting = other.meeting("B") if host == "elsewhere" else academy.meeting(host, week)
    if phrase == "already started":
        Meeting.objects.filter(pk=meeting.pk).update(starts_at=now - timedelta(minutes=5))
    ids = {"home_meeting_id": academy.meeting("A").pk, "host_meeting_id": meeting.pk}
    answer = post(client, ids)
    assert answer.status_code == 400
    assert phrase in answer.json()["detail"]


def test_c21_too_late_to_cancel_says_that_the_meeting_has_already_started(client, academy, now):
    book(client, academy)
    host = academy.meeting("B").pk
    Meeting.objects.filter(pk=host).update(starts_at=now - timedelta(minutes=5))
    answer = client.delete(f"{VISITS}/{host}")
    assert answer.status_code == 400
    assert "already started" in answer.json()["detail"]


def test_booking(client, academy):
    answer = book(client, academy)
    host = academy.meeting("B")
    assert answer.status_code == 200
    assert answer.json() == {
        "success": True,
        "host_meeting_id": host.pk,
        "host_group_id": host.group_id,
        "host_scheduled_at": iso(host.starts_at),
        "home_group_id": academy.groups["A"].pk,
    }


def test_c10_a_booking_for_another_time_than_was_shown_is_refused_with_the_new_time(
    client, academy
):
    home, host = academy.meeting("A"), academy.meeting("B")
    shown = host.starts_at
    ids = {"home_meeting_id": home.pk, "host_meeting_id": host.pk}
    Meeting.objects.filter(pk=host.pk).update(starts_at=shown + timedelta(hours=2))
    answer = post(client, ids | {"host_scheduled_at": iso(shown)})
    assert (answer.status_code, answer.json()["code"]) == (400, "meeting_moved")
    assert f"{shown + timedelta(hours=2):%H:%M} (UTC)" in answer.json()["detail"]
    assert not GuestVisit.objects.exists()
    moved = iso(shown + timedelta(hours=2))
    assert post(client, ids | {"host_scheduled_at": moved}).status_code == 200


def test_a_refused_booking_is_a_400_with_its_name_and_sentence(client, academy):
    book(client, academy)
    answer = book(client, academy, "C")
    assert answer.status_code == 400
    sentence = "You are already visiting another group this week. Cancel that visit first."
    assert answer.json() == {
        "code": "already_visiting",
        "sentence": sentence,
        "detail": sentence,
    }


def test_my_visits(client, academy, alice, now):
    book(client, academy)
    host, home = academy.meeting("B"), academy.meeting("A")
    attendance = Attendance.objects.get(meeting=host, user=alice)
    assert client.get(VISITS).json() == {
        "visits": [
            {
                "attendance_id": attendance.pk,
                "meeting_id": host.pk,
                "meeting_number": 1,
                "scheduled_at": iso(host.starts_at),
                "group_id": host.group_id,
                "group_name": "Group B",
                "home_meeting_id": home.pk,
                "is_past": False,
                "can_cancel": True,
            }
        ]
    }


def test_a_past_visit_cannot_be_cancelled_and_stays_listed(client, academy):
    book(client, academy)
    Meeting.objects.filter(pk=academy.meeting("B").pk).update(
        starts_at=academy.now - timedelta(minutes=5)
    )
    [visit] = client.get(VISITS).json()["visits"]
    assert (visit["is_past"], visit["can_cancel"]) == (True, False)
    answer = client.delete(f"{VISITS}/{visit['meeting_id']}")
    assert answer.status_code == 400
    assert answer.json()["code"] == "meeting_begun"


def test_a_visit_stays_listed_with_any_answer_for_it(client, academy, alice):
    # In the system that came before, a pulled answer made it vanish and booking impossible.
    book(client, academy)
    for rsvp in ("pending", "not_attending", "tentative"):
        Attendance.objects.filter(user=alice).update(rsvp=rsvp)
        assert len(client.get(VISITS).json()["visits"]) == 1


def test_cancelling(client, academy):
    book(client, academy)
    host = academy.meeting("B")
    answer = client.delete(f"{VISITS}/{host.pk}")
    assert answer.status_code == 200
    assert answer.json() == {
        "success": True,
        "host_group_id": host.group_id,
        "home_group_id": academy.groups["A"].pk,
    }
    assert client.get(VISITS).json() == {"visits": []}
    again = client.delete(f"{VISITS}/{host.pk}")
    assert again.status_code == 400
    assert again.json()["code"] == "no_visit"


# -- what it costs --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "queries"),
    [(MINE, 4), (VISITS, 3), (f"{VISITS}/options?meeting_id={{home}}", 8)],
)
def test_each_answer_costs_the_same_queries_in_3_groups_and_in_60(now, url, queries, settings):
    """Two of them are the session and the person."""
    settings.SANDBOX = False  # a clock that can be moved is asked for now and then
    for groups in (3, 60):
        names = [f"{number:02}" for number in range(groups)]
        academy = Academy(now, groups=names, name=f"{groups} groups")
        person = academy.add_member(f"Guest of {groups}", "00")
        for name in names[1:]:
            academy.add_facilitator(f"Facilitator of {groups} {name}", name)
        for week in (1, 2):
            home, host = academy.meeting("00", week), academy.meeting("01", week)
            book_visit(person.pk, home_meeting_id=home.pk, host_meeting_id=host.pk, now=now)
        client = Client()
        client.force_login(person)
        asked = url.format(home=academy.meeting("00", 3).pk)
        with CaptureQueriesContext(connection) as captured:
            answer = client.get(asked)
        assert answer.status_code == 200
        assert len(captured) == queries


# -- its description ------------------------------------------------------------------------------


def test_every_address_is_described(client):
    answer = client.get("/api/schema/", headers={"accept": "application/json"})
    paths = answer.json()["paths"]
    assert {(path, method) for path, methods in paths.items() for method in methods} == {
        ("/api/users/me/meetings", "get"),
        ("/api/users/me/messages", "get"),
        ("/api/users/me/messages", "patch"),
        ("/api/guest-visits", "get"),
        ("/api/guest-visits", "post"),
        ("/api/guest-visits/options", "get"),
        ("/api/guest-visits/{host_meeting_id}", "delete"),
        ("/api/meetings/{meeting_id}/answer", "post"),
        ("/api/meetings/{meeting_id}/people", "get"),
        ("/api/meetings/{meeting_id}/people/{user_id}", "put"),
        ("/api/meetings/{meeting_id}/reschedule", "post"),
        ("/api/meetings/{meeting_id}/cancel", "post"),
        ("/api/meetings/{meeting_id}/restore", "post"),
        ("/api/meetings/{meeting_id}/postpone", "post"),
        ("/api/groups/{group_id}/meetings", "get"),
        ("/api/groups/{group_id}/meetings", "post"),
        ("/api/groups/{group_id}/slot", "post"),
        ("/api/groups/joinable", "get"),
        ("/api/groups/joinable", "post"),
        ("/api/meetings/{meeting_id}/substitute", "post"),
        ("/api/substitutes", "get"),
        ("/api/substitutes/{substitution_id}", "post"),
    }


def test_the_page_to_try_it_out_needs_nothing_from_elsewhere(client):
    page = client.get("/api/docs/").content.decode()
    assert "swagger-ui" in page
    assert "//cdn" not in page
    assert client.get("/api/", follow=True).redirect_chain[-1][0] == "/api/docs/"
