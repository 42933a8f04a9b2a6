"""Extra sessions are of no week; what follows from facts leaves its time to what people placed."""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.test import Client

from cohorts.models import Cohort
from guestvisits.models import GuestVisit
from meetings.models import Meeting, MeetingMove, SkippedWeek
from meetings.moving import moves
from meetings.moving.services import carry_out
from meetings.services import repair_meetings

pytestmark = pytest.mark.django_db

WEEK = timedelta(weeks=1)


def lengthen(academy, number: int, now: datetime) -> None:
    academy.cohort.number_of_meetings = number
    academy.cohort.save()
    assert repair_meetings(now) == set()


def starts(academy, group: str) -> dict[int | None, datetime]:
    return dict(academy.groups[group].meetings.values_list("number", "starts_at"))


@pytest.mark.parametrize("longer", [5, 6])
def test_c3_a_longer_cohort_leaves_its_time_to_the_meeting_that_was_put_last(academy, now, longer):
    last = academy.meeting("A", 4).starts_at
    carry_out(moves.PutLast(academy.meeting("A", 2).pk), by=None, now=now)
    lengthen(academy, longer, now)
    held = starts(academy, "A")
    assert held[2] == last + WEEK
    assert held[5] == last + 2 * WEEK
    assert len(set(held.values())) == longer
    assert SkippedWeek.objects.filter(group=academy.groups["A"]).count() == 1
    assert starts(academy, "B")[5] == academy.meeting("B", 4).starts_at + WEEK


def test_c3_a_longer_cohort_leaves_its_time_to_an_extra_session(academy, now):
    last = academy.meeting("A", 4).starts_at
    carry_out(moves.Add(academy.groups["A"].pk, last + WEEK), by=None, now=now)
    lengthen(academy, 5, now)
    assert starts(academy, "A")[5] == last + 2 * WEEK
    assert starts(academy, "A")[None] == last + WEEK


def test_c3_an_extra_session_takes_no_weeks_number_and_is_nobodys_same_week(academy, now):
    alice = academy.add_member("Alice", "B")
    at = academy.meeting("A", 2).starts_at + timedelta(hours=3)
    added = carry_out(moves.Add(academy.groups["A"].pk, at), by=None, now=now)
    extra = added.changes.get().meeting
    lengthen(academy, 5, now)
    assert academy.meeting("A", 5).starts_at == academy.meeting("A", 4).starts_at + WEEK
    client = Client()
    client.force_login(alice)
    for number in (2, 5):
        home = academy.meeting("B", number)
        options = client.get(f"/api/guest-visits/options?meeting_id={home.pk}").json()
        offered = [one["meeting_id"] for one in options["alternatives"] + options["not_open"]]
        assert sorted(offered) == sorted(
            [academy.meeting("A", number).pk, academy.meeting("C", number).pk]
        )
        said = {"home_meeting_id": home.pk, "host_meeting_id": extra.pk}
        answer = client.post("/api/guest-visits", said, content_type="application/json")
        assert answer.json()["code"] == "extra_session"
    assert not GuestVisit.objects.exists()


def test_c3_an_extra_session_of_ones_own_is_named_and_has_no_other_groups_meeting(academy, now):
    alice, bob = academy.add_member("Alice", "A"), academy.add_facilitator("Bob", "A")
    group = academy.groups["A"].pk
    at = (now + timedelta(days=2)).isoformat()
    client = Client()
    client.force_login(bob)
    said = {"starts_at": at, "minutes": 45}
    added = client.post(f"/api/groups/{group}/meetings", said, content_type="application/json")
    (change,) = added.json()["changes"]
    extra = Meeting.objects.get(pk=change["meeting_id"])
    assert (change["meeting_number"], extra.number) == (None, None)
    assert "Extra session" in client.get(f"/groups/{group}/").content.decode()
    client.force_login(alice)
    assert "Extra session" in client.get("/meetings/").content.decode()
    mine = client.get("/api/users/me/meetings").json()["meetings"]
    assert [one["meeting_number"] for one in mine] == [None, 1, 2, 3, 4]
    options = client.get(f"/api/guest-visits/options?meeting_id={extra.pk}").json()
    assert (options["refusal"]["code"], options["alternatives"]) == ("extra_session", [])
    page = client.get(f"/meetings/{extra.pk}/alternatives/").content.decode()
    assert "no other group has a meeting in its place" in page


def test_c3_extra_sessions_that_had_a_number_lose_it_and_weeks_keep_theirs(academy, now):
    at = academy.meeting("A", 4).starts_at + timedelta(days=1)
    extra = carry_out(moves.Add(academy.groups["A"].pk, at), by=None, now=now).changes.get().meeting
    Meeting.objects.filter(pk=extra.pk).update(number=5)
    carry_out(moves.PutLast(academy.meeting("A", 2).pk), by=None, now=now)
    migration = import_module("meetings.migrations.0004_extra_sessions")
    migration.unnumber(apps, None)
    extra.refresh_from_db()
    assert extra.number is None
    assert sorted(n for n in starts(academy, "A") if n) == [1, 2, 3, 4]
    migration.number_again(apps, None)
    extra.refresh_from_db()
    assert extra.number == 5
    assert MeetingMove.objects.count() == 2
    assert Cohort.objects.get().number_of_meetings == 4
