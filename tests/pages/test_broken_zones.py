"""A time zone that plain SQL has broken: pages and letters go on in UTC, staff are told whose."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from cohorts.errors import Refusal
from cohorts.messages.templatetags.message_tags import in_zone
from cohorts.models import Group, User
from discordsync.bot.learners import my_meetings
from meetings.models import EarlierSlot, Meeting
from meetings.moving import moves
from meetings.moving.services import carry_out
from meetings.services import repair_meetings

pytestmark = pytest.mark.django_db

BROKEN = "Mars/Phobos"


@pytest.fixture
def broken(academy) -> Group:
    """Group A, its member Alice and its facilitator Bob."""
    academy.add_member("Alice", "A")
    academy.add_facilitator("Bob", "A")
    academy.add_person("Sam", is_staff=True, is_superuser=True)
    User.objects.update(timezone=BROKEN)
    Group.objects.filter(pk=academy.groups["A"].pk).update(timezone=BROKEN)
    return academy.groups["A"]


def read(name: str, address: str, **said: str) -> str:
    client = Client()
    client.force_login(User.objects.get(name=name))
    answer = client.post(address, said) if said else client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


def put_last(meeting: Meeting) -> str:
    with pytest.raises(Refusal) as refused:
        carry_out(moves.PutLast(meeting.pk), by=None, now=meeting.starts_at - timedelta(days=1))
    return refused.value.sentence


def test_c25_pages_and_letters_of_a_broken_zone_are_in_utc(broken, academy, now):
    meeting = academy.meeting("A")
    page = read("Alice", "/meetings/")
    assert "Times are shown in <strong>UTC</strong>" in page
    for part in ("zone", "set-up", f"{meeting.pk}/alternatives"):
        read("Alice", f"/meetings/{part}/")
    read("Bob", f"/groups/{broken.pk}/")
    there = f"/groups/{broken.pk}/meetings/{meeting.pk}"
    read("Bob", f"{there}/cancel/")
    day = (meeting.starts_at + timedelta(days=1)).date().isoformat()
    assert "does not exist" in put_last(meeting)
    shown = read("Bob", f"{there}/reschedule/", day=day, time="10:00", minutes="60")
    assert "Who is told" in shown
    assert in_zone(meeting.starts_at, BROKEN).endswith("(UTC)")
    assert "UTC" in my_meetings(User.objects.get(name="Alice"), now).text


def test_c25_meetings_stay_until_the_zone_is_put_right_and_others_go_on(broken, academy, now):
    before = list(Meeting.objects.order_by("pk").values_list("pk", "starts_at"))
    assert repair_meetings(now) == set()
    academy.cohort.number_of_meetings = 5
    academy.cohort.save()
    counts = {g.name: g.meetings.count() for g in Group.objects.all()}
    assert counts == {"Group A": 4, "Group B": 5, "Group C": 5}
    kept = dict(Meeting.objects.values_list("pk", "starts_at"))
    assert all(kept[pk] == starts_at for pk, starts_at in before)
    assert not EarlierSlot.objects.exists()


def test_c25_the_first_page_names_the_person_and_the_group(broken):
    page = read("Sam", "/admin/")
    section = page.split('id="broken-zones"')[1].split("</section>")[0]
    for name in ("Alice", "Bob", "Group A", BROKEN):
        assert name in section
    Group.objects.update(timezone="UTC")
    User.objects.update(timezone="Europe/Berlin")
    assert "broken-zones" not in read("Sam", "/admin/")
