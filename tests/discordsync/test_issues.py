"""What Discord refuses, reported with its numbers, and what continues beside it."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.utils import timezone

from cohorts import clock
from cohorts.models import AccessState, Membership
from cohorts.reconcile import services, tasks
from cohorts.reconcile.issues import find_issue
from cohorts.reconcile.models import ProviderState, SyncAction
from cohorts.services.memberships import end_membership
from discordsync.bot.models import BotHeartbeat
from discordsync.sandbox.permissions import EVERYONE, LEAST_PRIVILEGED, Bit
from discordsync.services import record_hidden_channels
from discordsync.state.permissions import NEEDED
from tests.discordsync.guild_state import (
    detail,
    holders_of,
    look_again,
    made_since,
    mirror_trouble,
    outside_id,
    trouble,
)
from tests.support.cohort import add_member, join, make_cohort, realize, work
from tests.support.worlds import describe_guild

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_discord")]


# `make test` takes the one that people's access needs, and one of the others.
SAMPLE = {"Manage Roles", "Manage Channels"}
EACH_PERMISSION = [
    pytest.param(name, marks=() if name in SAMPLE else pytest.mark.matrix) for name in NEEDED
]


@pytest.fixture
def made(sandbox):
    made = make_cohort(groups=2, members=3)
    join(sandbox, made.people)
    return made


@pytest.fixture
def standing(two_groups):
    return two_groups


def grow(sandbox, made):
    """Someone joins, someone leaves, a group gets another name, a third group is asked for."""
    late = add_member(made.groups[0])
    sandbox.post("join", {"id": str(late.discord_id), "username": "late"})
    gone = Membership.objects.get(user=made.people[1])
    end_membership(gone.pk, status="dropped", now=clock.now())
    made.groups[1].name = "Herons"
    made.groups[1].save()
    group = made.cohort.groups.create(name="Group 3", weekday=2, start_time="12:00")
    leader = add_member(group, facilitator=True)
    sandbox.post("join", {"id": str(leader.discord_id), "username": "leader"})
    made.groups.append(group)
    realize(made)
    return late


def sweep_some():
    for _ in range(4):
        tasks.sweep()
        tasks.run_provider("discord")


def refused_since(sandbox, seen):
    return [c for c in sandbox.calls(since=seen) if c["status"] in {401, 403}]


# -- permissions -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EACH_PERMISSION)
def test_without_a_permission_no_call_is_refused_and_the_rest_goes_on(
    sandbox, standing, caplog, name
):
    bit = NEEDED[name]
    sandbox.post(
        "discord/settings",
        {"bot_permissions": LEAST_PRIVILEGED & ~bit, "everyone_permissions": EVERYONE & ~bit},
    )
    late = grow(sandbox, standing)
    seen = sandbox.last
    with caplog.at_level(logging.WARNING):
        work("discord")
        sweep_some()

    assert refused_since(sandbox, seen) == []
    assert trouble(standing.groups[2]) == "missing_permissions"
    assert name in detail(standing.groups[2])
    assert not [record for record in caplog.records if record.exc_info]
    gets_in = late.discord_id in holders_of(sandbox, f"role:{standing.ids[0]}")
    assert gets_in == (name != "Manage Roles")  # people's access needs only that one

    sandbox.post(
        "discord/settings",
        {"bot_permissions": LEAST_PRIVILEGED, "everyone_permissions": EVERYONE},
    )
    look_again()
    assert {trouble(group) for group in standing.groups} == {""}
    assert standing.refresh().groups[2].status == "active"
    assert late.discord_id in holders_of(sandbox, f"role:{standing.ids[0]}")


@pytest.mark.matrix
def test_two_factor_sign_in_is_reported_once_and_not_hammered(sandbox, made, caplog):
    sandbox.post("discord/settings", {"two_factor": True})
    realize(made)
    with caplog.at_level(logging.WARNING):
        work_until_it_waits()
        seen = sandbox.last
        sweep_some()

    assert mirror_trouble() == "two_factor"
    assert "two-factor" in find_issue("two_factor").fix
    assert sandbox.last == seen
    assert len(refused_since(sandbox, 0)) <= 2  # one in each lane that had begun
    assert not [record for record in caplog.records if record.exc_info]

    sandbox.post("discord/settings", {"two_factor": False})
    services.resume("discord")
    work("discord")
    assert {group.status for group in made.refresh().groups} == {"active"}
    assert len(describe_guild(sandbox.get("state"))["channels"]) == 6


def work_until_it_waits():
    for _ in range(3):
        tasks.run_provider("discord")


@pytest.mark.matrix
def test_a_role_above_the_bot_holds_up_only_its_own_people(sandbox, standing):
    role = sandbox.get("state")["discord"]["roles"][outside_id(f"role:{standing.ids[0]}")]
    sandbox.post("discord/settings", {"bot_role_position": role["position"]})
    people = [add_member(group) for group in standing.groups]
    for person in people:
        sandbox.post("join", {"id": str(person.discord_id), "username": "late"})
    seen = sandbox.last
    work("discord")

    assert refused_since(sandbox, seen) == []
    low = [trouble(group) for group in standing.groups]
    assert "role_too_low" in low
    for person, group, code in zip(people, standing.groups, low, strict=True):
        state = AccessState.objects.get(user=person, group=group)
        assert state.state == ("withheld" if code else "granted")
        assert state.reason == (find_issue(code).sentence if code else "")


@pytest.mark.matrix
def test_c14_a_bot_that_was_invited_before_goes_on_without_the_new_permission(sandbox, made):
    sandbox.post("discord/settings", {"bot_permissions": sum(NEEDED.values())})
    realize(made)
    (run,) = services.request_plan(made.ids, as_if_requested=False)
    work("discord")

    assert {group.status for group in made.refresh().groups} == {"active"}
    assert not sandbox.calls(status=403)
    run.refresh_from_db()
    (check,) = [c for c in run.summary["checks"] if c["what"] == "Optional permissions"]
    assert not check["ok"]
    assert "Pin Messages" in check["detail"]

    sandbox.post("discord/settings", {"bot_permissions": LEAST_PRIVILEGED})
    seen = sandbox.last
    look_again()
    assert made_since(sandbox, seen) == {"PUT permissions": 2}  # one facilitator in each group


# -- room ------------------------------------------------------------------------------------------


def fill(sandbox, kind, count):
    for n in range(count):
        fields = {"name": f"other {n}", **({"type": 2} if kind == "channel" else {})}
        sandbox.post("create", {"kind": kind, "fields": fields})


def test_a_cohort_without_room_gets_the_numbers_and_a_smaller_one_is_created(sandbox):
    fill(sandbox, "channel", 500 - 8)
    large = make_cohort(groups=4, members=1)
    small = make_cohort(groups=3, members=1, name="Autumn")
    join(sandbox, [*large.people, *small.people])
    realize(large)
    realize(small)
    work("discord")

    assert {trouble(group) for group in large.groups} == {"guild_full"}
    told = "492 of 500 channels exist, 10 would be added"
    assert {detail(group) for group in large.groups} == {told}
    assert {group.status for group in small.refresh().groups} == {"active"}
    channels = sandbox.get("state")["discord"]["channels"]
    assert len(channels) == 500
    assert not [c for c in channels.values() if "Spring" in c["name"]]  # nothing half-done


def hide(sandbox, count, kind=2):
    """Channels that the bot cannot see; returns the id of the last one."""
    everyone = sandbox.get("state")["discord"]["guild"]["id"]
    hidden = [{"id": everyone, "type": 0, "allow": "0", "deny": str(int(Bit.VIEW_CHANNEL))}]
    for n in range(count):
        fields = {"name": f"secret {n}", "type": kind, "permission_overwrites": hidden}
        made = sandbox.post("create", {"kind": "channel", "fields": fields})
    return made["id"]


def test_b14_a_cohort_that_hidden_channels_leave_no_room_for_is_not_begun(sandbox):
    hide(sandbox, 486)
    BotHeartbeat.objects.create(name="bot", last_seen_at=timezone.now())
    record_hidden_channels([(2, None)] * 486)
    made = make_cohort(groups=8, members=1)
    join(sandbox, made.people)
    realize(made)
    (run,) = services.request_plan(made.ids, as_if_requested=True)
    work("discord")

    assert sandbox.writes(service="discord") == []
    told = "486 of 500 channels exist (486 of them hidden from the bot), 18 would be added"
    assert {detail(group) for group in made.groups} == {told}
    assert "hidden from the bot" in find_issue("guild_full").fix
    run.refresh_from_db()
    (channels,) = [b for b in run.summary["budget"] if b["what"] == "channels"]
    assert (channels["used"], channels["limit"]) == (486, 500)


@pytest.mark.matrix
def test_b14_without_the_gateways_count_a_refusal_ends_it_between_two_groups(sandbox):
    hide(sandbox, 486)
    made = make_cohort(groups=8, members=1)
    join(sandbox, made.people)
    realize(made)
    work("discord")

    statuses = [group.status for group in made.refresh().groups]
    assert statuses == ["active"] * 6 + ["preview"] * 2
    state = sandbox.get("state")["discord"]
    names = {item["name"] for kind in ("roles", "channels") for item in state[kind].values()}
    assert "Group 7 (Spring)" in names  # a bare role: it opens nothing
    assert not names & {"group-7", "Group 7 voice", "Group 8 (Spring)", "group-8"}
    assert {trouble(group) for group in made.groups[6:]} == {"guild_full"}
    assert "486 of them hidden" in detail(made.groups[7])
    seen = sandbox.last
    look_again()
    assert [c for c in sandbox.calls(seen) if c["method"] == "POST"] == []


@pytest.mark.matrix
def test_b14_events_in_hidden_channels_count_after_a_refusal(sandbox, made):
    voice = hide(sandbox, 1)
    start = clock.now() + timedelta(days=1)
    for n in range(98):
        fields = {
            "name": f"secret {n}",
            "channel_id": voice,
            "entity_type": 2,
            "privacy_level": 2,
            "scheduled_start_time": start.isoformat(),
        }
        sandbox.post("create", {"kind": "event", "fields": fields})
    realize(made)
    work("discord")

    refused = sandbox.calls(method="POST", status=400)
    assert len(refused) == 1
    assert {group.status for group in made.refresh().groups} == {"active"}
    seen = sandbox.last
    look_again()
    assert [c for c in sandbox.calls(seen) if c["method"] == "POST"] == []


@pytest.mark.matrix
def test_roles_are_counted_before_the_first_call(sandbox, made):
    fill(sandbox, "role", 250 - 3)
    realize(made)
    work("discord")

    assert sandbox.writes() == []
    assert detail(made.groups[0]) == "249 of 250 roles exist, 2 would be added"


@pytest.mark.matrix
def test_a_category_that_others_have_filled_is_counted_too(sandbox, standing):
    category = outside_id(f"category:{standing.cohort.pk}:1")
    for n in range(44):
        fields = {"name": f"other {n}", "type": 2, "parent_id": category}
        sandbox.post("create", {"kind": "channel", "fields": fields})
    group = standing.cohort.groups.create(name="Group 3", weekday=2, start_time="12:00")
    join(sandbox, [*standing.people, add_member(group)])
    standing.groups = [group]
    seen = sandbox.last
    realize(standing)
    work("discord")

    assert sandbox.writes(since=seen) == []
    assert trouble(group) == "guild_full"
    assert "has 49 of 50 channels, 2 would be added" in detail(group)


# -- a member list that is not whole ---------------------------------------------------------------


@pytest.mark.parametrize("keep", [pytest.param(0, marks=pytest.mark.matrix), 0.5])
def test_a_member_list_that_is_cut_off_takes_no_one_out(sandbox, standing, keep):
    before = describe_guild(sandbox.get("state"))
    seen = sandbox.last
    sandbox.set_faults({"kind": "truncate", "keep": keep, "path": "/members$", "method": "GET"})
    look_again()

    assert sandbox.writes(since=seen) == []
    assert trouble(standing.groups[1]) == "members_incomplete"
    assert describe_guild(sandbox.get("state")) == before
    assert not find_issue("members_incomplete").needs_person

    sandbox.set_faults()
    look_again()
    assert {trouble(group) for group in standing.groups} == {""}
    assert sandbox.writes(since=seen) == []
    states = AccessState.objects.filter(group__in=standing.groups)
    assert set(states.values_list("state", flat=True)) == {"granted"}


# -- slow lanes ------------------------------------------------------------------------------------


@pytest.mark.matrix
def test_names_that_have_to_wait_hold_up_no_channel(sandbox, standing):
    """Discord takes two new names in ten minutes, and says so only when it refuses."""
    sandbox.set_faults(
        {"kind": "rate_limit", "retry_after": 400, "method": "PATCH", "path": "/channels/"}
    )
    late = grow(sandbox, standing)
    seen = sandbox.last
    work("discord")

    assert standing.refresh().groups[2].status == "active"
    assert late.discord_id in holders_of(sandbox, f"role:{standing.ids[0]}")
    assert trouble(standing.groups[1]) == "rate_limited"
    assert trouble(standing.groups[2]) == ""
    parked = ProviderState.objects.get(provider="discord").parked
    assert set(parked) == {"names"}
    assert made_since(sandbox, seen)["PATCH channels"] == 0
    assert not SyncAction.objects.filter(outcome="failed").exists()
