"""`--wait` shows progress until it is done, and its exit status says how it went."""

import io

import pytest
from django.core.management import call_command

from cohorts.models import Group
from cohorts.outbox.models import Message
from cohorts.reconcile.workers import heartbeats
from tests.support.cohort import join, make_cohort

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("only_discord", "no_waiting"),
]


def test_it_ends_with_0_when_every_group_is_ready(call, sandbox, working):
    made = make_cohort(groups=3, members=2)
    join(sandbox, made.people)

    said = call("realize_cohort", "spring", "--wait")

    assert said.status == 0, said
    assert "Realizing 3 groups of Spring." in said.out
    assert "] 3 of 3 groups" in said.out
    assert "Group 3: in sync" in said.out
    assert {group.status for group in made.refresh().groups} == {"active"}


def test_it_waits_for_the_welcome_that_follows(call, sandbox, working):
    made = make_cohort(groups=1)
    join(sandbox, made.people)

    call("realize_cohort", "Spring", "--wait")

    assert len(sandbox.writes(method="POST", service="discord")) == 8
    said = [c["body"]["content"] for c in sandbox.writes() if c["path"].endswith("/messages")]
    assert len(said) == 1


@pytest.mark.matrix
def test_it_realizes_the_groups_that_were_named_and_no_other(call, sandbox, working):
    made = make_cohort(groups=3)
    join(sandbox, made.people)
    chosen = made.groups[1:]

    said = call("realize_cohort", "Spring", "--group", *[g.pk for g in chosen], "--wait")

    assert said.status == 0, said
    statuses = [group.status for group in made.refresh().groups]
    assert statuses == ["preview", "active", "active"]


@pytest.mark.matrix
def test_people_who_have_not_joined_yet_are_reported_and_are_no_failure(call, sandbox, working):
    made = make_cohort(groups=1)

    said = call("realize_cohort", "Spring", "--wait")

    assert said.status == 0, said
    assert "Group 1: Discord: Set up. No one from this group has joined the Discord" in said.out
    assert made.refresh().groups[0].status == Group.Status.PREVIEW


def test_it_ends_with_1_and_names_the_group_and_the_fix_when_something_failed(
    call, sandbox, working
):
    made = make_cohort(groups=2)
    join(sandbox, made.people)
    sandbox.set_faults(
        {
            "kind": "error",
            "status": 403,
            "code": 50013,
            "method": "POST",
            "path": "/roles$",
            "nth": 1,
        }
    )

    said = call("realize_cohort", "Spring", "--wait")

    assert said.status == 1
    assert said.refusal == "1 of 2 groups out of sync."
    assert "failed: create role “Group 1 (Spring)”" in said.out
    assert "Group 1: Discord: Discord does not allow the bot to do this (code 50013)." in said.out
    assert "Drag the bot's role above" in said.out
    assert "Group 2: in sync" in said.out


@pytest.mark.matrix
def test_a_group_without_members_is_not_made_and_says_so(call, sandbox, working):
    made = make_cohort(groups=2)
    join(sandbox, made.people)
    made.groups[1].memberships.all().delete()

    said = call("realize_cohort", "Spring", "--wait")

    assert said.status == 1
    assert "Group 2: Discord: The group has no members, so nothing is created for it." in said.out


@pytest.mark.matrix
def test_a_wrong_token_ends_the_waiting_with_the_fix(call, sandbox, working, settings):
    settings.DISCORD_BOT_TOKEN = "wrong"
    make_cohort(groups=1)

    said = call("realize_cohort", "Spring", "--wait")

    assert said.status == 1
    assert "Discord does not accept the bot's token." in said.refusal
    assert said.refusal.endswith("The request is saved and continues once this is resolved.")


def test_it_ends_with_2_when_no_worker_is_running(call, sandbox):
    make_cohort(groups=1)

    said = call("realize_cohort", "Spring", "--wait", grace=0.0)

    assert said.status == 2
    assert "manage.py worker" in said.refusal
    assert "no worker is running" in said.out


def test_without_waiting_it_says_that_no_worker_is_running(call, sandbox):
    make_cohort(groups=1)

    said = call("realize_cohort", "Spring")

    assert said.status == 0
    assert "No worker has responded for 90 seconds." in said.err
    assert "/admin/sync/cohorts/" in said.out


def test_without_waiting_a_running_worker_is_not_mentioned(call, sandbox):
    make_cohort(groups=1)
    heartbeats.record_heartbeat("somebody")

    assert call("realize_cohort", "Spring").err == ""


@pytest.mark.matrix
def test_resync_makes_nothing_that_no_one_asked_for(call, sandbox, working):
    made = make_cohort(groups=2)
    join(sandbox, made.people)

    said = call("resync", "--all", "--wait")

    assert said.status == 0, said
    assert "Group 1: Discord: not set up yet" in said.out
    assert sandbox.writes() == []


def test_resync_brings_back_in_sync_what_was_edited_outside(call, sandbox, working):
    made = make_cohort(groups=1, members=3)
    join(sandbox, made.people[:2])
    call("realize_cohort", "Spring", "--wait")
    join(sandbox, made.people)

    said = call("resync", "--group", made.groups[0].pk, "--wait")

    assert said.status == 0, said
    grants = [c for c in sandbox.writes(method="PUT") if "/members/" in c["path"]]
    assert str(made.people[2].discord_id) in {c["path"].split("/")[-3] for c in grants}


@pytest.mark.matrix
def test_c16_resync_waits_for_the_decision_about_people_it_let_in(call, sandbox, working):
    """Their role makes it due, once the group is finished: nothing was due before."""
    made = make_cohort(groups=2, members=3)
    join(sandbox, made.people[:2] + made.people[3:])
    call("realize_cohort", "Spring", "--wait")
    join(sandbox, made.people)
    seen = sandbox.last

    said = call("resync", "--cohort", "Spring", "--wait")

    assert said.status == 0, said
    late = made.people[2]
    posts = sandbox.writes(method="POST", since=seen)
    words = [c["body"]["content"] for c in posts if c["path"].endswith("/messages")]
    assert len(words) == 1
    assert f"<@{late.discord_id}>" in words[0]
    word = Message.objects.get(kind="member_joined", channel="discord_channel")
    assert word.state == "sent"
    assert word.context == {"person": late.pk, "membership": late.memberships.get().pk}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_one_line_is_drawn_again_and_again(sandbox, working):
    made = make_cohort(groups=2)
    join(sandbox, made.people)
    screen = Terminal()

    call_command("realize_cohort", "Spring", "--wait", stdout=screen)

    drawn = screen.getvalue().split("\r\x1b[K")
    assert any(line.startswith("[........................] 0 of 2 groups") for line in drawn)
    assert any(line.startswith("[########################] 2 of 2 groups") for line in drawn)
    assert not any("\n" in line for line in drawn if line.startswith("["))
    assert drawn[-1].startswith("Group 1: in sync\nGroup 2: in sync\n")
