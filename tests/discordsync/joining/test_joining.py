"""People learn how to join, whether or not anyone is in the server yet, until they have joined."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from cohorts.models import AccessState, Group, Membership, User
from cohorts.outbox.models import Message, MessageChoice
from cohorts.reconcile.controller import run_once
from cohorts.reconcile.models import GroupSync, ProviderState
from cohorts.reconcile.services import resync
from cohorts.services.memberships import add_member
from discordsync.services import record_use
from meetings.models import Meeting
from tests.discordsync.joining.conftest import NOW
from tests.guestvisits.effects.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("mail_server")]

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def term(world: World) -> World:
    """The first meetings are on 28, 29 and 30 March at 12:00 UTC. Nobody joins the server."""
    cohort = world.academy.cohort
    cohort.start_date = date(2027, 3, 28)
    cohort.save()
    for place, group in enumerate(world.academy.groups.values()):
        group.refresh_from_db()
        group.weekday = (6 + place) % 7
        group.save()
    world.add("Ada", "A", joins=False, timezone="Europe/Berlin")
    world.add("Bob", "A", joins=False, timezone="America/New_York", discord_id=None)
    world.academy.add_facilitator("Fay", "A", "B", discord_id=900000000000000001)
    world.add("Ben", "B", joins=False, timezone="Europe/Berlin")
    return world


def emails(kind: str, *names: str) -> list[tuple[str, str]]:
    rows = Message.objects.filter(kind=kind, user__isnull=False).order_by("due_at", "user__name")
    if names:
        rows = rows.filter(user__name__in=names)
    return [(str(row.user), row.state) for row in rows]


def reminded(name: str, zone: str = "Europe/Berlin") -> list[str]:
    rows = Message.objects.filter(kind="join_reminder", user__name=name, state="sent")
    return [f"{row.due_at.astimezone(ZoneInfo(zone)):%d %b %H:%M}" for row in rows.order_by("pk")]


def live_until(
    world: World, moment, step: timedelta = 12 * HOUR, *, idle_until: datetime = NOW
) -> None:
    """Time passes; the server is read and messages are collected at each step.

    No worker runs before `idle_until`: nothing that the test is about is due so early.
    """
    world.move_clock(max(world.now, idle_until))
    while world.now < moment:
        world.move_clock(min(world.now + step, moment))
        resync("discord")
        run_once("discord")
        world.minute()


def signed_in(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(name=name))
    return client


def test_a_cohort_with_nobody_in_the_server_is_usable_at_once_and_reminded_until_it_has_joined(
    term, mail_server
):
    term.realize()
    term.minute(2)
    groups = Group.objects.exclude(memberships=None)
    assert {(group.status, group.is_set_up) for group in groups} == {("preview", True)}
    assert not term.group("C").is_set_up  # has no members

    # One message each, at once, by e-mail; Fay leads two groups.
    names = ["Ada", "Ben", "Bob", "Fay"]
    assert sorted(emails("group_assigned")) == [(name, "sent") for name in names]
    assert term.sandbox.get("state")["discord"]["dms"] == {}
    fays = Message.objects.get(kind="group_assigned", user__name="Fay")
    assert fays.subject == "You're in Group A, Group B: 2 steps before your first meeting"
    assert "Join our Discord server: https://discord.gg/ours" in fays.body
    bobs = Message.objects.get(kind="group_assigned", user__name="Bob")
    assert "1. Sign in with Discord: " in bobs.body
    assert "2. Check your set-up: " in bobs.body
    term.minute()
    assert len(emails("group_assigned")) == 4

    # Pages, the API and visits work.
    first, other = term.meeting("A"), term.meeting("B")
    client = signed_in("Ada")
    assert "Week 1" in client.get("/meetings/").content.decode()
    assert "Week 1" in client.get(f"/groups/{first.group_id}/").content.decode()
    term.book("Ada", "B", 1)
    assert other.visits_here.get().user.name == "Ada"
    page = signed_in("Fay").get(f"/groups/{first.group_id}/").content.decode()
    assert "Bob" in page

    # The request for an RSVP comes 48 hours after the invitation, and reminders at nine on people's
    # own clocks.
    live_until(term, NOW + 50 * HOUR, idle_until=NOW + 40 * HOUR)
    assert ("Bob", "sent") in emails("nudge")
    live_until(term, first.starts_at - 4 * DAY, DAY, idle_until=first.starts_at - 8 * DAY)
    assert reminded("Ada") == ["21 Mar 09:00"]
    assert reminded("Bob", "America/New_York") == ["21 Mar 09:00"]
    assert reminded("Ben") == ["22 Mar 09:00"]

    # Ada joins: no reminder after that.
    term.join(term.person("Ada"))
    live_until(term, first.starts_at - 23 * HOUR, DAY)
    assert reminded("Ada") == ["21 Mar 09:00"]
    assert reminded("Bob", "America/New_York") == ["21 Mar 09:00", "25 Mar 09:00"]
    assert term.group("A").status == "active"

    # The reminder of the meeting carries what is left to do.
    day_before = Message.objects.get(kind="reminder", user__name="Bob", key__contains=":day:")
    assert "You have not joined the Discord server yet: 2 steps" in day_before.body
    live_until(term, first.starts_at + DAY, DAY)
    assert len(reminded("Bob")) == 2


@pytest.mark.matrix
def test_no_reminder_while_the_server_could_not_be_read_and_it_follows_once_it_is(term):
    term.realize()
    term.minute(2)  # the e-mails
    due = term.meeting("A").starts_at.replace(hour=8) - 7 * DAY  # 09:00 in Berlin
    live_until(term, due - 3 * HOUR, idle_until=due - DAY)
    term.sandbox.set_faults({"kind": "error", "status": 503, "service": "discord"})
    for _ in range(3):
        term.pass_time(hours=2)
        term.minute()
    assert ProviderState.objects.get(provider="discord").issue
    assert emails("join_reminder", "Ada") == []
    term.sandbox.set_faults()
    term.hour()
    term.minute()
    assert reminded("Ada") == ["21 Mar 09:00"]


@pytest.mark.matrix
def test_people_without_an_address_and_those_who_opted_out_are_left_to_staff(term):
    User.objects.filter(name="Bob").update(email=None)
    MessageChoice.objects.create(user=term.person("Ben"), topic="reminders", route="off")
    User.objects.filter(name="Fay").update(wants_email=False)
    term.realize()
    term.minute(2)  # the e-mails
    first = term.meeting("A").starts_at
    live_until(term, first - 6 * DAY, DAY, idle_until=first - 8 * DAY)
    assert emails("join_reminder") == [("Ada", "sent")]


@pytest.mark.matrix
def test_a_late_joiner_gets_one_reminder_after_two_days(term):
    term.realize()
    first = term.meeting("A").starts_at
    live_until(term, first + DAY, idle_until=first)
    late = User.objects.create_user("lea@example.org", name="Lea", timezone="Europe/Berlin")
    add_member(term.group("A").pk, late.pk, now=term.now)
    term.minute()
    assert emails("member_joined", "Lea") == [("Lea", "sent")]
    live_until(term, first + 7 * DAY, step=DAY)
    assert reminded("Lea") == ["01 Apr 09:00"]  # added on Monday 29 March at 14:00


@pytest.mark.matrix
def test_a_realize_that_is_under_way_is_waited_for_but_not_for_long(term):
    """Fay leads A and B, and B cannot be set up yet."""
    term.academy.groups["B"].refresh_from_db()
    Group.objects.filter(name="Group B").update(weekday=None, start_time=None)
    Meeting.objects.filter(group__name="Group B").delete()
    term.realize()
    term.minute(2)
    assert ("Ada", "sent") in emails("group_assigned")
    assert emails("group_assigned", "Fay") == []
    term.pass_time(minutes=25)
    term.minute()
    assert emails("group_assigned", "Fay") == []
    term.pass_time(minutes=5)
    term.minute()
    fays = Message.objects.get(kind="group_assigned", user__name="Fay")
    assert fays.context["groups"] == [term.group("A").pk]
    group = term.group("B")
    group.weekday, group.start_time = 0, term.group("A").start_time
    group.save()
    term.minute(2)
    assert [
        m.context["groups"]
        for m in Message.objects.filter(user__name="Fay")
        .filter(kind="group_assigned")
        .order_by("pk")
    ] == [[term.group("A").pk], [group.pk]]


def test_a_group_stays_set_up_when_it_is_not_ready_any_more_and_ends_with_its_cohort(term):
    term.realize()
    term.minute()
    group = term.group("A")
    assert GroupSync.objects.filter(group=group, set_up_at=None).count() == 0
    GroupSync.objects.update(ready_at=None)
    assert term.group("A").is_set_up
    cohort = term.academy.cohort
    cohort.refresh_from_db()
    cohort.status = "completed"
    cohort.save()
    assert not term.group("A").is_set_up


@pytest.mark.matrix
def test_sixty_people_get_emails_and_no_direct_message(sandbox, only_discord, set_clock, world):
    """Everyone wants everything directly and has used the bot; nobody is in the server now."""
    group = world.group("A")
    people = User.objects.bulk_create(
        User(
            email=f"person{n}@example.org",
            name=f"Person {n}",
            discord_id=300000000000000000 + n,
        )
        for n in range(60)
    )
    Membership.objects.bulk_create(
        Membership(user=person, group=group, cohort=group.cohort, joined_at=NOW)
        for person in people
    )
    for person in people[:30]:
        record_use(person.discord_id, now=NOW)
        MessageChoice.objects.create(user=person, topic="groups", route="discord_dm")
    world.realize()
    world.minute(3)
    assert set(emails("group_assigned")) == {(person.name, "sent") for person in people}
    assert AccessState.objects.filter(state="not_joined").count() == 60
    assert sandbox.calls(path="/api/v10/users/@me/channels") == []
