"""What is planned again after one call, and what is left as it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from cohorts.reconcile.values import Action, Issue, Plan, Policy
from discordsync.desired import DesiredGuild, DesiredScheduledEvent
from discordsync.plan.calls import Call
from discordsync.plan.plan import plan
from discordsync.plan.replan import find_concerned, replan
from discordsync.state.facts import DirectMessageFacts, Hidden, MessageFacts
from discordsync.state.observed import ObservedGuild
from tests.discordsync.paper import (
    ANNE,
    BEN,
    CARL,
    NOW,
    approve,
    ended,
    group,
    id_for,
    lose,
    see,
    want,
)

DAY = timedelta(days=1)
NOTE = MessageFacts(1, "note", "Hello", "nonce")


def done(kind: str, verb: str, group_id: int | None = 7, subject: int = ANNE) -> Action:
    call = Call("PUT", "/", subject=subject)
    return Action("key", kind, verb, "target", "why", group_id=group_id, payload=call)


def write_to(pk: int, person: int) -> tuple[DirectMessageFacts, ...]:
    return (DirectMessageFacts(replace(NOTE, id=pk), person, channel_id=9),)


GROUPS = want(group(7), group(8, role_name="Group 7 (Winter)"), group(9))


# -- which groups --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "groups"),
    [
        (done("channels", "create"), {7}),
        (done("channels", "open"), {7}),
        (done("channels", "restore"), {7}),
        (done("channels", "remove"), {7}),
        (done("channels", "take back"), {7}),
        (done("access", "grant"), {7}),
        (done("events", "create"), {7}),
        (done("events", "edit"), {7}),
        (done("messages", "send"), {7}),
        (done("messages", "delete"), {7}),
        (done("events", "delete"), set()),
        (done("channels", "delete"), set()),
        (done("channels", "create", group_id=None), set()),
        (done("roles", "edit"), set()),
        (done("names", "edit"), set()),
    ],
)
def test_a_call_concerns_its_own_group_or_it_is_not_known_which(action, groups):
    assert find_concerned(action, GROUPS, {ANNE: frozenset({9})}) == groups


def test_a_new_role_concerns_all_groups_whose_role_has_its_name():
    assert find_concerned(done("roles", "create"), GROUPS, {}) == {7, 8}


def test_a_revocation_concerns_the_groups_that_the_same_person_enters():
    granting = {ANNE: frozenset({8, 9}), BEN: frozenset({11})}
    assert find_concerned(done("access", "revoke"), GROUPS, granting) == {7, 8, 9}
    assert find_concerned(done("access", "revoke", subject=CARL), GROUPS, granting) == {7}


def test_a_direct_message_concerns_all_groups_with_direct_messages():
    wanted = want(group(7), group(8, direct_messages=write_to(1, ANNE)), group(9))
    assert find_concerned(done("directs", "send"), wanted, {}) == {8}


# -- planning again ------------------------------------------------------------------------------


def plan_again(
    action: Action,
    wanted: DesiredGuild,
    guild: ObservedGuild,
    later: ObservedGuild | None = None,
    *,
    due: frozenset[int] | None = None,
) -> tuple[Plan, Plan | None]:
    """Return the whole plan, and the part that follows when the action has been carried out."""
    policy = Policy(frozenset(wanted.groups) if due is None else due, frozenset(wanted.groups))
    whole = plan(wanted, guild, policy)
    return whole, replan(whole, action, wanted, later or guild, policy)


def keys_of(part: Plan | None) -> list[str]:
    assert part is not None
    return [action.key for action in part.actions]


def test_a_part_contains_what_is_left_for_its_groups_alone():
    wanted = want(group(7, {ANNE, BEN}), group(8, {CARL}))
    guild = see(wanted)
    for person in (ANNE, BEN, CARL):
        guild = guild.with_member(person, frozenset())
    later = guild.with_member(ANNE, frozenset({id_for("role:7")}))
    whole, part = plan_again(done("access", "grant"), wanted, guild, later)
    assert keys_of(whole) == ["grant 7 101", "grant 7 102", "grant 8 103"]
    assert keys_of(part) == ["grant 7 102"]
    assert part is not None
    assert part.groups == {7}


def test_everything_is_planned_again_if_the_outcome_can_concern_all():
    wanted = want(group(7))
    _, part = plan_again(done("names", "edit"), wanted, see(wanted))
    assert part is None


def test_everything_is_planned_again_while_removals_make_room():
    wanted = want(group(7), ended(8), approvals=approve("role:8"))
    _, part = plan_again(done("access", "grant"), wanted, see(wanted))
    assert part is None


def test_groups_that_are_not_due_are_not_planned():
    wanted = want(group(7, {ANNE}), group(8, {ANNE}, role_name="Group 7 (Winter)"))
    guild = see(wanted).with_member(ANNE, frozenset())
    _, part = plan_again(done("roles", "create"), wanted, guild, due=frozenset({8}))
    assert keys_of(part) == ["grant 8 101"]


def test_the_group_goes_on_reporting_what_is_wrong_with_shared_objects():
    wanted = want(group(7), group(8))
    lost = id_for("cohort_channel:5")
    guild = lose(see(wanted), "cohort_channel:5", gone=frozenset({lost}))
    _, part = plan_again(done("access", "grant"), wanted, guild)
    assert part is not None
    detail = f"the cohort channel (Discord ID {lost})"
    assert part.issues == (Issue(7, "missing", detail),)


def test_direct_messages_are_planned_again_with_their_own_groups():
    wanted = want(
        group(7, direct_messages=write_to(1, ANNE)),
        group(8, direct_messages=write_to(2, BEN)),
    )
    whole, part = plan_again(done("access", "grant"), wanted, see(wanted))
    assert keys_of(whole) == ["send 1", "send 2"]
    assert keys_of(part) == ["send 1"]
    _, part = plan_again(done("directs", "send"), wanted, see(wanted).with_sent(1))
    assert keys_of(part) == ["send 2"]


def test_a_grant_waits_only_for_revocations_that_are_still_to_come():
    wanted = want(group(7), group(8), group(9, {ANNE}))
    old = frozenset({id_for("role:7"), id_for("role:8")})
    guild = see(wanted).with_member(ANNE, old)
    later = guild.with_member(ANNE, frozenset({id_for("role:8")}))
    _, part = plan_again(done("access", "revoke"), wanted, guild, later)
    assert keys_of(part) == ["grant 9 101"]
    assert part is not None
    assert part.actions[0].after == {"revoke 8 101"}


def test_events_for_which_there_is_room_are_planned_again_for_their_group():
    reds, blues = (
        DesiredScheduledEvent(f"event:{pk}", pk, "Week 1", "", NOW + DAY, NOW + 2 * DAY)
        for pk in (7, 8)
    )
    wanted = want(group(7), group(8), events=(reds, blues))
    whole, part = plan_again(done("access", "grant"), wanted, see(wanted))
    assert keys_of(whole) == ["create event:7", "create event:8"]
    assert keys_of(part) == ["create event:7"]


def test_a_cohort_without_room_stays_withheld():
    full = Hidden(is_known=True, counts={"roles": 250})
    wanted = want(group(7, {ANNE}), hidden=full)
    wanted = replace(wanted, records={k: r for k, r in wanted.records.items() if k != "role:7"})
    guild = lose(see(wanted), "role:7")
    whole, part = plan_again(done("channels", "restore"), wanted, guild)
    assert part is not None
    reasons = [(held.action.key, held.reason) for held in part.withheld]
    assert reasons == [("create role:7", "guild_full")]
    assert part.withheld == whole.withheld
