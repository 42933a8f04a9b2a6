"""One of Discord's reads fails, and what depends on it waits; access goes on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cohorts import clock
from cohorts.models import Membership
from cohorts.outbox.models import Message
from cohorts.reconcile import services, tasks
from cohorts.reconcile.issues import find_issue
from cohorts.services.memberships import end_membership
from discordsync.sandbox.permissions import Bit
from meetings.models import Meeting
from tests.discordsync.by_hand.edits import VIEW, delete, overwrites_of, set_overwrites
from tests.discordsync.guild_state import (
    holders_of,
    look_again,
    made_since,
    mirror_trouble,
    outside_id,
    trouble,
)
from tests.support.cohort import add_member, join, make_cohort, realize, work
from tests.support.spread import in_matrix
from tests.support.worlds import describe_guild

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("only_discord", "no_waiting"),
]
EVENTS, COUNTS = "/scheduled-events$", "/roles/member-counts$"
FAILED, HANGING = {"kind": "error", "status": 500}, {"kind": "hold"}
HISTORY = int(Bit.READ_MESSAGE_HISTORY)
LIMITED = {"kind": "rate_limit", "retry_after": 300}


@pytest.fixture(autouse=True)
def impatient(request, settings):
    """Give up a read soon where one hangs; elsewhere a busy machine may take its time."""
    spec = getattr(request.node, "callspec", None)
    if spec is not None and spec.params.get("fault") is HANGING:
        settings.SYNC = {**settings.SYNC, "confirm_seconds": 1}


def look_again_once():
    """Have one run compare everything, which an answer that is lost ends."""
    services.resync("discord")
    tasks.run_provider("discord")


def leave_and_join(sandbox, made):
    """One person leaves the first group, and another one comes; check that both take effect."""
    gone, come = made.people[1], add_member(made.groups[0])
    sandbox.post("join", {"id": str(come.discord_id), "username": "come"})
    membership = Membership.objects.get(user=gone)
    end_membership(membership.pk, status="dropped", now=clock.now())
    work("discord")
    holders = holders_of(sandbox, f"role:{made.groups[0].pk}")
    assert gone.discord_id not in holders
    assert come.discord_id in holders
    assert mirror_trouble() == ""


@pytest.mark.parametrize("fault", [FAILED, in_matrix(HANGING), LIMITED])
@pytest.mark.parametrize(
    ("path", "issue"), [(EVENTS, "events_unread"), (COUNTS, "members_incomplete")]
)
def test_a_list_that_cannot_be_read_delays_no_access(sandbox, two_groups, fault, path, issue):
    before = describe_guild(sandbox.get("state"))["events"]
    sandbox.set_faults({"method": "GET", "path": path, **fault})
    leave_and_join(sandbox, two_groups)
    assert trouble(two_groups.groups[0]) == issue
    assert find_issue(issue).passes
    assert describe_guild(sandbox.get("state"))["events"] == before

    sandbox.set_faults()
    look_again()
    assert trouble(two_groups.groups[0]) == ""
    assert describe_guild(sandbox.get("state"))["events"] == before


def test_while_events_cannot_be_listed_none_is_created_a_second_time(sandbox, two_groups):
    meeting = Meeting.objects.filter(group=two_groups.groups[0]).earliest("starts_at")
    delete(sandbox, "event", f"event:{meeting.pk}")
    sandbox.set_faults({"kind": "drop_after", "method": "POST", "path": EVENTS})
    seen = sandbox.last
    look_again_once()
    sandbox.set_faults({"method": "GET", "path": EVENTS, **FAILED})
    look_again()
    assert made_since(sandbox, seen) == {"POST scheduled-events": 1}

    sandbox.set_faults()
    look_again()
    assert made_since(sandbox, seen) == {"POST scheduled-events": 1}
    assert trouble(two_groups.groups[0]) == ""


@pytest.mark.parametrize("fault", [FAILED, in_matrix(HANGING)])
def test_an_object_of_which_discord_does_not_say_whether_it_exists_delays_no_one(
    sandbox, two_groups, fault
):
    second = two_groups.groups[1]
    path = f"/channels/{outside_id(f'text_channel:{second.pk}')}$"
    delete(sandbox, "channel", f"text_channel:{second.pk}")
    sandbox.set_faults({"method": "GET", "path": path, **fault})
    leave_and_join(sandbox, two_groups)
    look_again()
    assert trouble(second) == "unconfirmed"

    sandbox.set_faults()
    look_again()
    assert trouble(second) == "missing"


@pytest.mark.parametrize("fault", [FAILED, in_matrix(HANGING)])
def test_a_channel_that_cannot_be_searched_delays_no_one_and_gets_no_message_twice(sandbox, fault):
    made = make_cohort(groups=2, members=3)
    join(sandbox, made.people)
    channel = "/channels/\\d+/messages"
    sandbox.set_faults({"kind": "drop_after", "method": "POST", "path": channel, "nth": 1})
    realize(made)
    look_again_once()
    welcome = Message.objects.get(kind="welcome", state="sending")
    seen = sandbox.last
    path = f"/channels/{outside_id(f'text_channel:{welcome.group_id}')}/messages"
    sandbox.set_faults({"method": "GET", "path": path, **fault})
    work("discord")
    leave_and_join(sandbox, made)
    welcome.refresh_from_db()
    sent = [call["body"]["content"] for call in sandbox.writes(since=seen) if path in call["path"]]
    assert welcome.body not in sent
    assert welcome.state == "sending", "it may have arrived"

    sandbox.set_faults()
    look_again()
    welcome.refresh_from_db()
    assert welcome.state == "sent"
    texts = sandbox.get("state")["discord"]["messages"][path.split("/")[2]].values()
    assert [one["content"] for one in texts].count(welcome.body) == 1


def test_a_channel_whose_history_the_bot_may_not_read_gets_no_message_twice(sandbox, set_clock):
    made = make_cohort(groups=1, members=3)
    join(sandbox, made.people)
    sandbox.set_faults({"kind": "drop_after", "method": "POST", "path": "/messages$", "nth": 1})
    realize(made)
    look_again_once()
    sandbox.set_faults()
    key = f"text_channel:{made.groups[0].pk}"
    bot = {sandbox.get("state")["discord"]["bot_id"]: {"type": 1, "allow": VIEW, "deny": HISTORY}}
    set_overwrites(sandbox, key, overwrites_of(sandbox, key) | bot)
    later = clock.now() + timedelta(minutes=10)  # Discord has forgotten the message's nonce
    set_clock(later)
    sandbox.set_clock(later)
    look_again()
    look_again()
    (welcome,) = Message.objects.filter(kind="welcome")
    texts = sandbox.get("state")["discord"]["messages"][outside_id(key)].values()
    assert [one["content"] for one in texts].count(welcome.body) == 1
    assert welcome.state == "sent"


def test_a_call_that_hangs_each_time_delays_no_one_elses_end_of_access(
    sandbox, two_groups, settings
):
    settings.SYNC = {**settings.SYNC, "run_seconds": 4, "call_seconds": 4}
    first, second = two_groups.groups
    stays, late, other, third = (two_groups.people[n] for n in (0, 1, 2, 4))
    sandbox.set_faults({"kind": "hold", "method": "DELETE", "path": f"/members/{late.discord_id}/"})
    for person in (late, other, third):
        end_membership(Membership.objects.get(user=person).pk, status="dropped", now=clock.now())
    for _ in range(5):  # each is ended by its time
        tasks.run_provider("discord")
        if holders_of(sandbox, f"role:{first.pk}") == {stays.discord_id, late.discord_id}:
            break
    assert holders_of(sandbox, f"role:{first.pk}") == {stays.discord_id, late.discord_id}
    assert third.discord_id not in holders_of(sandbox, f"role:{second.pk}")
    assert mirror_trouble() == ""
