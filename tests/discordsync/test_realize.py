"""What a realize request comes to, with anything not ready yet when it was made."""

from __future__ import annotations

from datetime import time, timedelta

import pytest

from cohorts import clock
from cohorts.models import Membership
from cohorts.outbox.models import Message
from cohorts.reconcile.controller import run_once
from cohorts.reconcile.models import GroupSync
from cohorts.reconcile.runs import provider_state
from cohorts.reconcile.services import withdraw_request
from cohorts.services.memberships import end_membership
from discordsync.models import DiscordObject
from tests.discordsync.guild_state import (
    holders_of,
    look_again,
    made_since,
    outside_id,
    trouble,
)
from tests.support.cohort import add_member, join, make_cohort, realize, work
from tests.support.moves import edit_slot
from tests.support.worlds import describe_guild

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_discord")]


def status_of(group):
    group.refresh_from_db()
    return group.status


def is_asked_for(group):
    return GroupSync.objects.get(group=group, provider="discord").realize_requested_at is not None


def pass_an_hour(set_clock, sandbox, hours=1.1):
    later = clock.now() + timedelta(hours=hours)
    set_clock(later)
    sandbox.set_clock(later)
    work("discord")


# -- not ready yet ---------------------------------------------------------------------------------


def test_begun_before_anyone_was_in_the_server_it_continues_automatically(sandbox, set_clock):
    made = make_cohort(groups=1, members=2)
    group = made.groups[0]
    realize(made)
    work("discord")

    assert made_since(sandbox, 0) == {
        "POST channels": 4,
        "POST roles": 1,
        "PUT permissions": 1,
        "POST scheduled-events": 2,
    }
    assert status_of(group) == "preview"
    assert trouble(group) == "no_one_has_access"
    assert is_asked_for(group)

    seen = sandbox.last
    join(sandbox, made.people)
    pass_an_hour(set_clock, sandbox)

    assert made_since(sandbox, seen) == {
        "PUT roles": 2,
        "PUT permissions": 2,  # the facilitator's
        "POST messages": 1,
    }
    assert status_of(group) == "active"
    assert not is_asked_for(group)


def test_a_person_who_joins_the_server_late_gets_access_and_no_one_is_welcomed_again(
    sandbox, set_clock
):
    made = make_cohort(groups=1, members=3)
    join(sandbox, made.people[:2])
    realize(made)
    work("discord")
    late, role = made.people[2], f"role:{made.groups[0].pk}"
    assert status_of(made.groups[0]) == "active"

    join(sandbox, made.people)
    pass_an_hour(set_clock, sandbox)
    assert late.discord_id in holders_of(sandbox, role)

    sandbox.post("revoke", {"member": str(late.discord_id), "role": outside_id(role)})
    pass_an_hour(set_clock, sandbox)
    assert late.discord_id in holders_of(sandbox, role)
    assert Message.objects.filter(kind="welcome").count() == 1
    said = describe_guild(sandbox.get("state"))["messages"]
    assert len(said) == 2  # the welcome, and a line about the person who came late
    assert sum(f"<@{late.discord_id}> has joined" in text for _, text in said) == 1


@pytest.mark.matrix
def test_without_a_slot_the_channels_are_created_and_the_rest_follows(sandbox):
    made = make_cohort(groups=1, members=2)
    group = made.groups[0]
    group.weekday = group.start_time = None
    group.save()
    join(sandbox, made.people)
    realize(made)
    work("discord")

    guild = describe_guild(sandbox.get("state"))
    assert (len(guild["channels"]), len(guild["access"])) == (4, 2)
    assert (guild["events"], guild["messages"]) == ([], [])
    assert trouble(group) == "no_slot"
    assert status_of(group) == "preview"
    assert is_asked_for(group)

    seen = sandbox.last
    weekday = (clock.now() + timedelta(days=2)).weekday()
    edit_slot(group, weekday=weekday, start_time=time(12))
    work("discord")

    assert made_since(sandbox, seen) == {"POST scheduled-events": 2, "POST messages": 1}
    assert status_of(group) == "active"
    assert trouble(group) == ""


@pytest.mark.matrix
def test_a_group_without_members_is_not_made_and_says_so(sandbox):
    made = make_cohort(groups=2, members=0)
    realize(made)
    work("discord")

    assert sandbox.writes() == []
    assert [trouble(group) for group in made.groups] == ["no_members", "no_members"]

    person = add_member(made.groups[0])
    join(sandbox, [person])
    work("discord")

    assert status_of(made.groups[0]) == "active"
    assert status_of(made.groups[1]) == "preview"
    assert not DiscordObject.objects.filter(group=made.groups[1]).exists()


def test_a_group_that_no_one_asked_for_is_reported_and_not_made(sandbox):
    made = make_cohort(groups=2, members=2)
    join(sandbox, made.people)
    look_again()

    assert sandbox.writes() == []
    assert [trouble(group) for group in made.groups] == ["needs_infrastructure"] * 2

    made.groups = made.groups[:1]  # asking for one makes nothing of the other
    realize(made)
    work("discord")
    assert DiscordObject.objects.exclude(group=None).values("group").distinct().count() == 1


@pytest.mark.matrix
def test_a_request_that_is_taken_back_makes_nothing_more(sandbox):
    made = make_cohort(groups=1, members=2)
    join(sandbox, made.people)
    realize(made)
    withdraw_request(made.ids)
    work("discord")
    assert sandbox.writes() == []
    assert trouble(made.groups[0]) == "needs_infrastructure"


# -- interrupted -----------------------------------------------------------------------------------


@pytest.mark.matrix
def test_only_the_missing_piece_is_made(sandbox):
    """The voice channel is refused at first; everything else is set up and stays."""
    made = make_cohort(groups=1, members=2)
    group = made.groups[0]
    join(sandbox, made.people)
    realize(made)
    voice = {"method": "POST", "path": "/guilds/[0-9]+/channels$", "nth": 4}
    sandbox.set_faults({"kind": "error", "status": 400, "code": 50035, **voice})
    work("discord")

    assert trouble(group) == "refused"
    assert status_of(group) == "preview"
    assert is_asked_for(group)

    sandbox.set_faults()
    seen = sandbox.last
    look_again()
    assert made_since(sandbox, seen) == {
        "POST channels": 1,
        "POST scheduled-events": 2,
        "POST messages": 1,
    }
    assert status_of(group) == "active"


def test_every_channel_is_hidden_in_the_very_call_that_makes_it(sandbox):
    made = make_cohort(groups=1, members=2)
    join(sandbox, made.people)
    realize(made)
    work("discord")

    guild_id = sandbox.get("state")["discord"]["guild"]["id"]
    made_channels = [c for c in sandbox.writes() if c["path"].endswith(f"{guild_id}/channels")]
    assert len(made_channels) == 4
    for call in made_channels:
        overwrites = call["body"]["permission_overwrites"]
        assert {"id": guild_id, "type": 0, "allow": "0", "deny": "1024"} in overwrites
        assert overwrites[0]["id"] == sandbox.get("state")["discord"]["bot_id"]


# -- facts that change -----------------------------------------------------------------------------


@pytest.mark.matrix
def test_a_direct_edit_of_a_membership_is_acted_on_at_once(sandbox):
    made = make_cohort(groups=1, members=1)
    person = add_member(make_cohort(groups=1, members=1, name="Autumn").groups[0])
    join(sandbox, [*made.people, person])
    realize(made)
    work("discord")
    assert not provider_state.has_work("discord", clock.now())

    Membership.objects.create(user=person, group=made.groups[0])  # as the admin's form does

    assert provider_state.has_work("discord", clock.now())
    work("discord")
    assert person.discord_id in holders_of(sandbox, f"role:{made.groups[0].pk}")


@pytest.mark.matrix
def test_a_renamed_group_is_renamed_once(sandbox):
    made = make_cohort(groups=1, members=2)
    join(sandbox, made.people)
    realize(made)
    work("discord")
    seen = sandbox.last

    made.refresh().groups[0].name = "Great (Herons)"
    made.groups[0].save()
    work("discord")
    assert made_since(sandbox, seen) == {
        "PATCH roles": 1,
        "PATCH channels": 2,
        "PATCH scheduled-events": 2,
    }
    text = sandbox.get("state")["discord"]["channels"][outside_id(f"text_channel:{made.ids[0]}")]
    assert text["name"] == "great-herons"  # Discord's own spelling of it

    seen = sandbox.last
    look_again()
    assert sandbox.writes(since=seen) == []
    assert trouble(made.groups[0]) == ""


def test_a_facilitator_who_leaves_keeps_nothing(sandbox):
    made = make_cohort(groups=1, members=2)
    join(sandbox, made.people)
    realize(made)
    work("discord")
    leader = made.people[0]

    membership = Membership.objects.get(user=leader)
    end_membership(membership.pk, status="removed", now=clock.now())
    work("discord")

    state = sandbox.get("state")["discord"]
    assert state["members"][str(leader.discord_id)]["roles"] == []
    assert not [c for c in state["channels"].values() if str(leader.discord_id) in c["overwrites"]]


# -- messages --------------------------------------------------------------------------------------


def test_c12_a_message_whose_answer_was_lost_is_found_behind_many_others(sandbox):
    """Also when Discord has forgotten the nonce by then."""
    sandbox.post("discord/settings", {"nonce_minutes": 0})
    made = make_cohort(groups=1, members=1)
    join(sandbox, made.people)
    realize(made)
    sandbox.set_faults({"kind": "drop_after", "method": "POST", "path": "/messages$", "nth": 1})
    while not sandbox.calls(method="POST", fault="drop_after"):
        run_once("discord")
    sandbox.set_faults()
    channel = outside_id(f"text_channel:{made.groups[0].pk}")
    for n in range(210):
        wish = {"kind": "message", "fields": {"channel_id": channel, "content": f"hello {n}"}}
        sandbox.post("create", wish)

    look_again()

    bot = sandbox.get("state")["discord"]["bot_id"]
    messages = sandbox.get("state")["discord"]["messages"][channel].values()
    assert len([m for m in messages if m["author_id"] == bot]) == 1
    assert Message.objects.get(kind="welcome").state == Message.State.SENT
