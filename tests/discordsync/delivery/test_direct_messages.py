"""Direct messages as they arrive: to people who used the bot and want them, by one route."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cohorts import clock
from cohorts.outbox import rerouting, services, tasks
from cohorts.outbox.health import parts
from cohorts.outbox.models import Message, MessageChoice, OutboxPart
from cohorts.outbox.routing.dm_channels import DmStatus, find_dm_status
from cohorts.reconcile.models import GroupSync
from discordsync.models import DmChannel
from discordsync.services import record_use
from tests.discordsync.guild_state import look_again
from tests.support.cohort import join, make_cohort, realize
from tests.support.spread import in_matrix

pytestmark = pytest.mark.django_db


def test_a_realize_opens_no_direct_line(world):
    assert world.opened() == 0


def test_a_person_who_wants_it_gets_it_directly_and_by_no_other_route(world):
    alice, bob = world.people[:2]
    world.want_directly(alice)
    world.add_notes(alice, bob)
    world.work()
    world.work()
    assert world.direct_messages() == {alice.discord_id: ["Hello"]}
    assert (world.emails_to(alice), world.emails_to(bob)) == (0, 1)
    assert {world.note_to(one).state for one in (alice, bob)} == {"sent"}
    assert DmChannel.objects.get().channel_id


@pytest.mark.matrix
def test_the_second_message_goes_through_the_same_line(world):
    alice = world.people[0]
    world.want_directly(alice)
    world.add_notes(alice)
    world.work()
    world.add_notes(alice, said="And another")
    world.work()
    assert world.direct_messages()[alice.discord_id] == ["Hello", "And another"]
    assert world.opened() == 1


def test_a_message_that_replaces_an_earlier_one_edits_it_and_goes_by_email_where_that_did(world):
    alice, bob = world.people[:2]
    world.want_directly(alice)
    first = world.add_notes(alice, bob)
    world.work()
    for one in first:
        world.add_notes(one.user, said="Over", edits=one.key)
    world.work()
    assert world.direct_messages() == {alice.discord_id: ["Over"]}
    assert (world.emails_to(alice), world.emails_to(bob)) == (0, 2)
    states = {world.note_to(one, "Over").state for one in (alice, bob)}
    assert states == {"sent"}
    seen = world.sandbox.last
    look_again()
    assert world.sandbox.writes(since=seen) == []


@pytest.mark.matrix
def test_a_message_that_can_no_longer_be_edited_goes_by_email(world):
    alice = world.people[0]
    world.want_directly(alice)
    (first,) = world.add_notes(alice)
    world.work()
    Message.objects.filter(pk=first.pk).update(outside_id="1")
    world.add_notes(alice, said="Over", edits=first.key)
    world.work()
    assert world.direct_messages() == {alice.discord_id: ["Hello"]}
    assert world.emails_to(alice) == 1


@pytest.mark.matrix
def test_an_edit_whose_answer_was_lost_is_made_once_more_and_changes_nothing(world, set_clock):
    alice = world.people[0]
    world.want_directly(alice)
    (first,) = world.add_notes(alice)
    world.work()
    (over,) = world.add_notes(alice, said="Over", edits=first.key)
    world.work()
    Message.objects.filter(pk=over.pk).update(state="sending", sent_at=None, outside_id="")
    look_again()
    assert world.note_to(alice, "Over").state == "sent"
    assert world.direct_messages() == {alice.discord_id: ["Over"]}


def test_in_sync_no_dm_channel_is_requested(world):
    world.want_directly(world.people[0])
    world.add_notes(world.people[0])
    world.work()
    seen = world.sandbox.last
    look_again()
    assert world.sandbox.writes(since=seen) == []
    assert not [call for call in world.sandbox.calls(since=seen) if "users/@me/ch" in call["path"]]


@pytest.mark.parametrize(
    "who", ["never used the bot", in_matrix("wants nothing on Discord"), in_matrix("is away")]
)
def test_no_one_else_gets_a_direct_message(world, set_clock, who):
    alice = world.people[0]
    world.want_directly(alice, used=who != "never used the bot")
    if who == "wants nothing on Discord":
        type(alice).objects.filter(pk=alice.pk).update(wants_discord=False)
    if who == "is away":
        join(world.sandbox, world.people[1:])
    world.add_notes(alice)
    world.work()
    if who == "is away":
        assert world.emails_to(alice) == 0
        set_clock(clock.now() + timedelta(minutes=21))
        world.work()
    assert world.opened() == 0
    assert world.emails_to(alice) == 1


@pytest.mark.matrix
def test_another_choice_counts_also_for_what_waits_already(world):
    alice, bob = world.people[:2]
    world.want_directly(alice, bob)
    world.add_notes(alice, bob)
    MessageChoice.objects.filter(user=alice).update(route="email")
    MessageChoice.objects.filter(user=bob).update(route="off")
    world.work()
    assert world.direct_messages() == {}
    assert (world.emails_to(alice), world.emails_to(bob)) == (1, 0)
    assert world.note_to(bob).not_sent_reason == "The person turned off messages of this type."


@pytest.mark.matrix
def test_a_waiting_email_is_sent_directly_once_that_is_chosen(world):
    alice = world.people[0]
    world.add_notes(alice)
    world.want_directly(alice)
    world.work()
    world.work()
    assert world.direct_messages() == {alice.discord_id: ["Hello"]}
    assert world.emails_to(alice) == 0


@pytest.mark.matrix
def test_what_is_being_sent_directly_does_not_come_by_email_too(world, set_clock):
    """The minute's look finds it late at the very moment at which a worker begins to send it."""
    alice = world.people[0]
    world.want_directly(alice)
    (note,) = world.add_notes(alice)
    now = clock.now()
    assert services.begin(note.pk, body="Hello", channel="discord_dm", now=now)
    assert rerouting.fall_back_to_email([note.pk], why="Too slow.", now=now) == 0
    assert not rerouting.reroute(note.pk, to="email", now=now)
    set_clock(now + timedelta(minutes=21))
    tasks.collect_all()
    assert world.note_to(alice).channel == "discord_dm"


# -- refusals ------------------------------------------------------------------------------------


def close_messages_of(world, person) -> None:
    people = [
        {"id": str(p.discord_id), "username": f"p{p.pk}", "dm_closed": p == person}
        for p in world.people
    ]
    world.sandbox.post("members", people)


def test_a_closed_door_closes_the_line_and_the_email_comes_at_once(world):
    alice = world.people[0]
    world.want_directly(alice)
    close_messages_of(world, alice)
    world.add_notes(alice)
    world.work()

    assert world.emails_to(alice) == 1
    assert world.note_to(alice).channel == "email"
    line = DmChannel.objects.get()
    assert line.refused_at
    assert "does not accept direct messages" in line.refused_reason
    assert find_dm_status(alice.pk, clock.now()) is DmStatus.CLOSED
    sync = GroupSync.objects.get(provider="discord")
    assert (sync.issue, sync.failures) == ("", 0)  # it is no failure of the group


@pytest.mark.matrix
def test_a_closed_line_is_left_alone_until_the_person_uses_the_bot_again(world):
    alice = world.people[0]
    world.want_directly(alice)
    close_messages_of(world, alice)
    world.add_notes(alice)
    world.work()
    seen = world.sandbox.last
    world.add_notes(alice, said="Another")
    world.work()
    assert world.sandbox.writes(since=seen, service="discord") == []
    assert world.emails_to(alice) == 2

    join(world.sandbox, world.people)
    record_use(alice.discord_id, now=clock.now())
    world.add_notes(alice, said="A third")
    world.work()
    assert world.direct_messages()[alice.discord_id] == ["A third"]


@pytest.mark.parametrize("code", [in_matrix(40003), 20026])
@pytest.mark.parametrize("path", [in_matrix("/users/@me/channels$"), "/messages$"])
def test_an_answer_that_smells_of_quarantine_shuts_all_of_them(world, code, path):
    alice, bob = world.people[:2]
    world.want_directly(alice, bob)
    world.add_notes(alice, bob)
    world.sandbox.set_faults(
        {"kind": "error", "status": 403, "code": code, "path": path, "method": "POST", "nth": 1}
    )
    world.work()

    assert (world.emails_to(alice), world.emails_to(bob)) == (1, 1)
    assert world.direct_messages() in ({}, {alice.discord_id: []})
    part = OutboxPart.objects.get(name="discord_dm")
    assert part.closed_at
    assert "flagged the bot for spam" in part.issue

    seen = world.sandbox.last
    world.add_notes(alice, said="Another")
    world.work()
    assert world.opened(since=seen) == 0
    assert world.emails_to(alice) == 2

    parts.reopen("discord_dm")
    world.add_notes(bob, said="Another")
    world.work()
    assert world.direct_messages()[bob.discord_id] == ["Another"]


@pytest.mark.matrix
def test_discord_s_own_limit_on_new_lines_shuts_all_of_them_and_nobody_misses_a_message(world):
    alice, bob = world.people[:2]
    world.sandbox.post("discord/settings", {"dm_limit": {"channels": 1, "minutes": 10}})
    world.want_directly(alice, bob)
    world.add_notes(alice, bob)
    world.work()
    assert list(world.direct_messages().values()) == [["Hello"]]
    assert world.emails_to(alice) + world.emails_to(bob) == 1
    assert parts.is_closed("discord_dm")


@pytest.mark.matrix
def test_several_refused_lines_are_about_us_and_shut_all(world, settings):
    settings.DM_LIMITS = {"new_an_hour": 10, "new_a_day": 10}
    world.want_directly(*world.people)
    world.add_notes(*world.people)
    world.sandbox.set_faults(
        {"kind": "error", "status": 403, "code": 0, "path": "/users/@me/channels$"}
    )
    world.work()
    assert world.opened() == 3
    assert parts.is_closed("discord_dm")
    assert sorted(world.mail_server.recipients) == sorted(p.email for p in world.people)


# -- a few at a time -----------------------------------------------------------------------------


@pytest.mark.matrix
def test_few_new_lines_an_hour_the_others_get_emails(world):
    world.want_directly(*world.people)
    world.add_notes(*world.people)
    world.work()
    world.work()
    assert len(world.direct_messages()) == world.opened() == 3
    emails = world.mail_server.recipients
    direct = {p.email for p in world.people if p.discord_id in world.direct_messages()}
    assert sorted([*emails, *direct]) == sorted(p.email for p in world.people)


@pytest.mark.matrix
def test_an_hour_later_there_is_room_again_until_the_day_is_full(world, settings, set_clock):
    settings.DM_LIMITS = {"new_an_hour": 1, "new_a_day": 2}
    world.want_directly(*world.people)
    for hour in range(4):
        set_clock(clock.now() + timedelta(hours=1, minutes=1))
        world.add_notes(*world.people, said=f"Note {hour}")
        world.work()
        world.work()
    assert world.opened() == 2
    waiting = Message.objects.filter(kind="note").exclude(state="sent")
    assert not waiting.exists()


@pytest.mark.matrix
def test_a_person_who_wants_no_email_waits_for_their_turn(world, settings, set_clock):
    settings.DM_LIMITS = {"new_an_hour": 0, "new_a_day": 2}
    alice = world.people[0]
    world.want_directly(alice)
    type(alice).objects.filter(pk=alice.pk).update(wants_email=False)
    world.add_notes(alice)
    world.work()
    assert world.note_to(alice).state == "pending"
    settings.DM_LIMITS = {"new_an_hour": 1, "new_a_day": 2}
    look_again()
    assert world.direct_messages() == {alice.discord_id: ["Hello"]}


@pytest.mark.matrix
def test_nothing_new_is_opened_within_an_hour_of_a_realize(world):
    alice, bob = world.people[:2]
    world.want_directly(alice, bob)
    world.add_notes(bob)
    world.work()
    realize(make_cohort(groups=1, members=1, name="Summer"))
    world.add_notes(alice)
    world.add_notes(bob, said="Another")
    world.work()
    assert world.opened() == 1
    assert world.emails_to(alice) == 1
    assert world.direct_messages()[bob.discord_id] == [
        "Hello",
        "Another",
    ]  # this channel existed before


# -- cut off -------------------------------------------------------------------------------------

OPENING, SENDING = "/users/@me/channels$", "/messages$"
FAULTS = {
    "cut off before": {"kind": "drop"},
    "answer lost": {"kind": "drop_after"},
    "error": {"kind": "error", "status": 500},
    "error after its effect": {"kind": "error_after", "status": 500},
    "told to wait": {"kind": "rate_limit", "retry_after": 0.05},
}
SAMPLE = [(SENDING, "answer lost"), (SENDING, "cut off before"), (OPENING, "answer lost")]
ALL = [(path, fault) for path in (OPENING, SENDING) for fault in FAULTS]


def check_sent_once(world, path, fault):
    alice = world.people[0]
    world.want_directly(alice)
    world.add_notes(alice)
    world.sandbox.set_faults({**FAULTS[fault], "path": path, "method": "POST", "nth": 1})
    world.work()
    for _ in range(3):
        Message.objects.filter(state="pending").update(next_try_at=clock.now())
        look_again()
    assert world.direct_messages() == {alice.discord_id: ["Hello"]}
    assert world.note_to(alice).state == "sent"
    assert world.emails_to(alice) == 0


@pytest.mark.parametrize(("path", "fault"), SAMPLE)
def test_a_call_that_is_cut_off_is_sent_once(world, path, fault):
    check_sent_once(world, path, fault)


@pytest.mark.matrix
@pytest.mark.parametrize(("path", "fault"), sorted(set(ALL) - set(SAMPLE)))
def test_with_any_answer_lost_it_is_sent_once(world, path, fault):
    check_sent_once(world, path, fault)
