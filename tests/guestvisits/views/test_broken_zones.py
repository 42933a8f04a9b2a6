"""A time zone that plain SQL has broken: pages and e-mails go on in UTC, staff see whose."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from cohorts.errors import Refusal
from cohorts.models import Group, User
from cohorts.outbox.templatetags.message_tags import in_zone
from discordsync.bot.replies.learners import my_meetings
from meetings.models import EarlierSlot, Meeting
from meetings.moving import moves
from meetings.moving.services import carry_out
from meetings.rhythm import Slot
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


def test_c25_pages_and_emails_of_a_broken_zone_are_in_utc(broken, academy, now):
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
    assert "Who gets a message" in shown
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


def starts_of(group: Group) -> dict[int, datetime]:
    return dict(group.meetings.values_list("number", "starts_at"))


def change_slot(group: Group, now: datetime) -> dict[int, datetime]:
    """From the day before week 3 on, and to Tokyo; returns when it met before."""
    group.timezone = "Asia/Tokyo"
    group.save()
    before = starts_of(group)
    Group.objects.filter(pk=group.pk).update(timezone=BROKEN)
    slot = Slot(before[3].weekday(), time(20, 30), "Asia/Tokyo", 45)
    day = before[3].date() - timedelta(days=1)
    carry_out(moves.ChangeSlot(group.pk, day, slot), by=None, now=now)
    return before


def test_c25_a_new_slot_moves_no_meeting_before_its_day_though_the_earlier_zone_is_broken(
    academy, now
):
    group = academy.groups["A"]
    before = change_slot(group, now)
    assert EarlierSlot.objects.get().timezone == BROKEN
    after = starts_of(group)
    assert (after[1], after[2]) == (before[1], before[2])
    assert {after[n].time() for n in (3, 4)} == {time(11, 30)}
    assert repair_meetings(now) == set()
    academy.cohort.number_of_meetings = 5
    academy.cohort.save()
    assert starts_of(group) == after | {5: after[4] + timedelta(weeks=1)}


def test_c25_an_earlier_slot_whose_zone_breaks_later_moves_no_meeting(academy, now):
    group = academy.groups["A"]
    change_slot(group, now)
    EarlierSlot.objects.update(timezone="Asia/Tokyo")
    repair_meetings(now)
    before = starts_of(group)
    EarlierSlot.objects.update(timezone=BROKEN)
    assert repair_meetings(now) == set()
    assert starts_of(group) == before


def test_c25_weeks_of_a_broken_zone_are_not_postponed(academy, now):
    group = academy.groups["A"]
    change_slot(group, now)
    with pytest.raises(Refusal) as refused:
        carry_out(moves.Postpone(academy.meeting("A", 2).pk), by=None, now=now)
    assert f"the time zone {BROKEN}, which does not exist" in refused.value.sentence
    carry_out(moves.Postpone(academy.meeting("A", 3).pk), by=None, now=now)

    week_2 = academy.meeting("A", 2).starts_at
    slot = Slot(week_2.weekday(), time(21), "Asia/Tokyo", 45)
    today = now.astimezone(ZoneInfo("Asia/Tokyo")).date()
    carry_out(moves.ChangeSlot(group.pk, today, slot), by=None, now=now)
    carry_out(moves.Postpone(academy.meeting("A", 2).pk), by=None, now=now)
    assert academy.meeting("A", 2).starts_at > week_2 + timedelta(days=3)


def test_c25_operations_names_the_person_and_the_group(broken):
    page = read("Sam", "/admin/operations/")
    section = page.split('id="broken-zones"')[1].split("</section>")[0]
    for name in ("Alice", "Bob", "Group A", BROKEN):
        assert name in section
    Group.objects.update(timezone="UTC")
    User.objects.update(timezone="Europe/Berlin")
    assert "broken-zones" not in read("Sam", "/admin/operations/")
