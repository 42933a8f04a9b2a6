"""Today's items about the services: each is caused in Discord or Google, found, resolved, gone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client

from cohorts.models import Group, Installation, User
from cohorts.outbox.models import Message
from cohorts.reconcile.models import GroupSync, ProviderState, WorkerHeartbeat
from cohorts.services.groups import end_group
from discordsync.bot.gateway.guild_changes import record_join, record_leave
from discordsync.bot.models import BotHeartbeat
from meetings.models import Meeting
from tests.guestvisits.effects.world import World
from tests.lens.desk.conftest import OpenedPage, ReadToday, follow
from tests.support.academy import Academy
from tests.support.clock import SetClock
from tests.support.kept_worlds import BuildOnce
from tests.support.running_sandbox import RunningSandbox

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)  # a Monday
DAY = timedelta(days=1)


@pytest.fixture
def two_groups(
    db: None, sandbox: RunningSandbox, set_clock: SetClock, build_once: BuildOnce, settings: Any
) -> World:
    """Groups A and B meet on Thursday and Friday; each has Fay and three others, all set up."""
    settings.DISCORD_INVITE_URL = "https://discord.gg/ours"
    Installation.objects.ensure(NOW)
    set_clock(NOW)
    sandbox.set_clock(NOW)

    def build() -> Academy:
        world = World(sandbox, set_clock, Academy(NOW, groups="AB", meetings=3))
        Group.objects.update(status=Group.Status.PREVIEW, set_up_at=None)
        for group in "AB":
            for n in range(3):
                world.add(f"{group}nn{n}", group)
            fay = world.academy.add_facilitator(
                f"Fay {group}", group, discord_id=300000000000000000 + ord(group)
            )
            world.join(fay)
        world.realize()
        assert world.troubles() == []
        return world.academy

    return World(sandbox, set_clock, build_once("two groups for the Today page", build))


@pytest.fixture
def world(two_groups: World, everything_alive: None) -> World:
    """Heartbeats, whose times differ in each test, come last: the groups are built once."""
    return two_groups


@pytest.fixture
def ready(world: World, read_today: ReadToday) -> World:
    """The world, in which nothing needs staff."""
    assert read_today().items == []
    return world


def test_a_cohort_that_starts_soon_is_set_up(ready, staff, read_today, set_clock):
    GroupSync.objects.update(realize_requested_at=None)
    Group.objects.filter(name="Group A").update(set_up_at=None, status="preview")
    page = read_today()
    assert page.items == ["not_set_up"]
    assert page.sentences == ["1 group is not set up, and the cohort starts on 4 March"]

    plan = follow(staff, page.item("not_set_up"), "Realize")
    assert plan.url == f"/admin/sync/cohorts/{ready.academy.cohort.pk}/realize/"
    ready.realize()
    assert read_today().items == []


def leave(world: World, name: str) -> None:
    """A person leaves the server; a worker notices it."""
    world.sandbox.post("leave", {"id": str(world.person(name).discord_id)})
    world.hour()


def test_people_who_have_not_joined_are_reminded(ready, staff, read_today):
    ready.add("Newcomer", "A", joins=False)
    ready.minute()
    page = read_today()
    assert page.items == ["not_joined"]
    assert page.sentences == ["1 person has not joined the Discord server"]
    assert "not reminded yet" in page.item("not_joined")

    letter = follow(staff, page.item("not_joined"), "Remind 1 person…")
    assert "Remind 1 person" in letter.html
    person = ready.person("Newcomer")
    staff.post(letter.url, {"user": person.pk, "confirmed": "1"})
    assert Message.objects.filter(kind="join_reminder", user=person).count() == 1
    assert "reminded <time" in read_today().item("not_joined")

    ready.join(person)
    ready.hour()
    assert read_today().items == []


def test_someone_whose_first_meeting_is_far_away_has_time_to_join(ready, read_today):
    ready.add("Newcomer", "B", joins=False)
    ready.minute()
    assert read_today().items == ["not_joined"]
    Meeting.objects.filter(group=ready.group("B")).update(starts_at=NOW + 9 * DAY)
    assert read_today().items == []


@pytest.mark.matrix
def test_people_who_left_the_server_are_named_after_an_hour(ready, staff, read_today):
    account = ready.person("Ann0").discord_id
    record_join(account, NOW - DAY)
    leave(ready, "Ann0")
    record_leave(account)
    ready.minute()
    assert read_today().items == [], "for less than an hour"
    for _ in range(2):
        ready.pass_time(minutes=40)
        ready.minute()
    page = read_today()
    assert page.items == ["left_server"]
    assert "Ann0" in page.item("left_server")

    letter = follow(staff, page.item("left_server"), "Remind 1 person…")
    assert "Ann0" in letter.html
    ready.join(ready.person("Ann0"))
    record_join(account, ready.now)
    ready.hour()
    assert read_today().items == []


def carry_out(staff: Client, page: OpenedPage) -> None:
    """Send the page with what is chosen on it."""
    chosen = re.findall(r'<input type="radio" name="([^"]+)" value="([^"]+)" checked>', page.html)
    seen = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]+)">', page.html)
    fields = {unescape(name): value for name, value in [*seen, *chosen]}
    assert staff.post(page.url, fields).status_code == 302


def test_what_was_deleted_in_discord_is_recreated(ready, staff, read_today):
    guild = ready.sandbox.get("state")["discord"]
    (channel,) = (pk for pk, one in guild["channels"].items() if one["name"] == "group-a")
    ready.sandbox.post("delete", {"kind": "channel", "id": channel})
    ready.hour()
    page = read_today()
    assert page.items == ["deleted_outside"]

    choices = follow(staff, page.item("deleted_outside"), "Recreate or forget")
    assert "Creates a new, empty channel: 4 people in the server get access." in choices.html
    carry_out(staff, choices)
    ready.work()
    assert read_today().items == []
    guild = ready.sandbox.get("state")["discord"]
    assert [one for one in guild["channels"].values() if one["name"] == "group-a"]


def test_a_series_deleted_in_google_is_recreated(ready, staff, read_today):
    ready.calendar.do("delete_event", event=ready.calendar.series_id(ready.group("A")))
    ready.hour()
    page = read_today()
    assert page.items == ["deleted_outside"]
    carry_out(staff, follow(staff, page.item("deleted_outside"), "Recreate or forget"))
    ready.work()
    assert read_today().items == []


@pytest.mark.matrix
def test_a_renamed_channel_is_harmless_and_kept(ready, staff, read_today):
    guild = ready.sandbox.get("state")["discord"]
    (channel,) = (pk for pk, one in guild["channels"].items() if one["name"] == "group-a")
    ready.sandbox.post("edit", {"kind": "channel", "id": channel, "fields": {"name": "ours"}})
    ready.hour()
    page = read_today()
    assert page.items == []
    assert page.sentence.startswith("Everything is fine.")
    assert "1 harmless change" in page.html
    assert "Text channel “group-a”: ours" in page.item("renamed")

    follow(staff, page.item("renamed"), "Keep as is")
    assert "harmless" not in read_today().html
    ready.hour()
    assert "harmless" not in read_today().html


@pytest.mark.matrix
def test_people_whom_google_refuses_are_named_until_their_address_is_corrected(
    ready, staff, read_today
):
    ready.calendar.behave(refuses=["odd@closed.example"])
    User.objects.filter(name="Ann0").update(email="odd@closed.example")
    ready.person("Ann0").save()
    ready.minute(2)
    page = read_today()
    assert page.items == ["not_invited"]
    assert "does not accept the e-mail address" in page.item("not_invited")

    form = follow(staff, page.item("not_invited"), "Open person")
    assert form.url == f"/admin/people/{ready.person('Ann0').pk}/"
    person = ready.person("Ann0")
    person.email = "ann@example.org"
    person.save()
    ready.minute(2)
    assert read_today().items == []


@pytest.mark.matrix
def test_people_who_declined_the_whole_series_are_named(ready, read_today):
    ann = ready.person("Ann0")
    ready.calendar.respond(ann, "declined", ready.group("A"), ready.meeting("A"))
    ready.hour()
    assert "not_invited" not in read_today().items, "one meeting only"

    ready.calendar.respond(ann, "declined", ready.group("A"))
    ready.hour()
    assert "not_invited" in read_today().items
    assert "declined all meetings" in read_today().item("not_invited")

    ready.calendar.respond(ann, "accepted", ready.group("A"))
    ready.hour()
    assert "not_invited" not in read_today().items


def test_a_removal_is_due_once_the_archive_has_ended(ready, staff, read_today):
    for group in "AB":
        end_group(ready.group(group).pk, status=Group.Status.COMPLETED, now=ready.now)
    ready.work()
    assert read_today().items == []
    ready.pass_time(days=31)
    ready.minute()
    page = read_today()
    assert page.items == ["removal_due"]
    assert ("Autumn", "Over, not ended") not in page.cohorts

    follow(staff, page.item("removal_due"), "Review removal")
    ready.work()
    review = staff.post(
        "/admin/discordsync/discordobject/removals/", {"cohort": ready.academy.cohort.pk}
    )
    ready.work()
    html = staff.get(review["Location"]).content.decode()
    chosen = dict(re.findall(r'name="(object-[^"]+)" value="(\w+)" checked', html))
    staff.post(review["Location"], chosen)
    ready.minute(3)
    assert read_today().items == []


# -- silence -------------------------------------------------------------------------------------


def test_a_silent_worker_hides_what_follows_from_it(ready, read_today):
    ready.add("Newcomer", "A", joins=False)
    ready.minute()
    assert read_today().items == ["not_joined"]
    WorkerHeartbeat.objects.update(last_seen_at=datetime.now(UTC) - timedelta(seconds=91))
    page = read_today()
    assert page.items == ["silent"]
    assert "no worker has responded for 90 seconds" in page.item("silent")

    ready.minute()
    assert read_today().items == ["not_joined"]


def test_an_integration_is_silent_after_five_minutes_and_hides_its_own(ready, read_today):
    ready.add("Newcomer", "A", joins=False)
    ready.minute()
    ready.sandbox.set_faults({"kind": "unreachable", "service": "discord"})
    ready.hour()
    assert read_today().items == ["not_joined"]
    ready.pass_time(minutes=4)
    ready.minute()
    page = read_today()
    assert page.items == ["silent"]
    assert "Discord" in page.item("silent")
    assert ProviderState.objects.get(provider="calendar").issue == ""

    ready.sandbox.set_faults()
    ready.minute(2)
    assert read_today().items == ["not_joined"]


def test_a_bot_that_is_silent_is_named_and_hides_nothing(ready, read_today):
    ready.add("Newcomer", "A", joins=False)
    ready.minute()
    BotHeartbeat.objects.update(last_seen_at=datetime.now(UTC) - timedelta(seconds=91))
    page = read_today()
    assert page.items == ["silent", "not_joined"]
    assert "The bot is not running." in page.item("silent")
