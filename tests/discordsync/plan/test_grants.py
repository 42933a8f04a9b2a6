"""Who gets a group's role and who loses it, and in which order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cohorts.reconcile.values import Action, Issue, Withheld
from discordsync.desired import DesiredGroup
from discordsync.plan.calls import Call, Item
from discordsync.plan.diff import Diff
from discordsync.plan.grants import (
    find_access,
    find_people,
    find_removals,
    plan_access,
    revoke_before_granting,
)
from discordsync.state.facts import MessageFacts
from discordsync.state.observed import MEMBER, ROLE, ObservedGuild, Overwrite
from discordsync.state.permissions import MEMBER_TEXT
from tests.discordsync.paper import (
    ANNE,
    BEN,
    BOT,
    CARL,
    DORA,
    change,
    compare,
    ended,
    group,
    id_for,
    lose,
    of_cohort,
    put,
    see,
    want,
)

ROLE_ID = id_for("role:7")
NO_REASON = "no membership, visit or exception gives access"


def hold(guild: ObservedGuild, person: int, *roles: str) -> ObservedGuild:
    return guild.with_member(person, frozenset(id_for(role) for role in roles))


def plan(one: DesiredGroup, *holders: int, **more: Any) -> list[Item]:
    """Return what is planned if exactly these people hold the group's role."""
    guild = see(want(one))
    for person in guild.members.keys() - {BOT}:
        guild = hold(guild, person, *(["role:7"] if person in holders else []))
    return list(plan_access(compare(want(one), guild, **more), one))


def keys_of(items: list[Item]) -> list[str]:
    return [item.key for item in items if isinstance(item, Action)]


# -- getting and losing it -----------------------------------------------------------------------


def test_nothing_is_done_while_everyone_has_what_they_should():
    assert plan(group(people={ANNE, BEN}), ANNE, BEN) == []


def test_a_person_without_the_role_gets_it():
    assert plan(group(people={ANNE})) == [
        Action(
            key="grant 7 101",
            kind="access",
            verb="grant",
            target="“Group 7” to Anne",
            why="access as a member, as a guest or by an exception",
            group_id=7,
            cohort_id=5,
            needs=frozenset({"create role:7"}),
            rank=2,
            repeatable=True,
            payload=Call("PUT", "/guilds/1/members/101/roles/1007", subject=101),
        )
    ]


def test_a_person_with_the_role_for_no_reason_loses_it_if_the_guard_agrees():
    assert plan(group(), ANNE) == [
        Action(
            key="revoke 7 101",
            kind="access",
            verb="revoke",
            target="“Group 7” from Anne",
            why=NO_REASON,
            group_id=7,
            cohort_id=5,
            rank=0,
            removes="101",
            person="Anne",
            ends=False,
            repeatable=True,
            payload=Call("DELETE", "/guilds/1/members/101/roles/1007", subject=101),
        )
    ]


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (group(former={ANNE: "the visit has ended"}), "the visit has ended"),
        (ended(), "the group has ended"),
    ],
)
def test_access_that_ended_on_a_date_is_taken_without_asking_the_guard(one, why):
    (action,) = plan(one, ANNE)
    assert isinstance(action, Action)
    assert (action.key, action.why) == ("revoke 7 101", why)
    assert (action.removes, action.ends) == (None, True)


def test_losses_come_before_gains_and_people_are_in_order():
    planned = plan(group(people={DORA, CARL}), BEN, ANNE)
    assert keys_of(planned) == ["revoke 7 101", "revoke 7 102", "grant 7 103", "grant 7 104"]


def test_people_outside_the_server_wait_until_they_join():
    one = group(people={ANNE, BEN})
    guild = see(want(one))
    guild = replace(guild, members={BOT: guild.members[BOT], BEN: frozenset()})
    assert keys_of(list(plan_access(compare(want(one), guild), one))) == ["grant 7 102"]


def test_groups_that_are_not_active_yet_come_after_active_ones():
    one = group(people={ANNE}, active=False)
    assert [item.rank for item in plan(one, BEN) if isinstance(item, Action)] == [1, 3]


def test_a_farewell_is_sent_before_people_lose_the_channel():
    farewell = tuple(MessageFacts(pk, "farewell", "Goodbye", str(pk)) for pk in (3, 4))
    revoke, grant = plan(group(people={ANNE}, messages=farewell), BEN)
    assert isinstance(revoke, Action)
    assert isinstance(grant, Action)
    assert revoke.after == {"send 3", "send 4"}
    assert grant.after == frozenset()


# -- when it cannot be done ----------------------------------------------------------------------


def test_a_role_that_is_not_below_the_bots_own_changes_for_no_one():
    one = group(people={ANNE})
    guild = change(hold(hold(see(want(one)), BEN, "role:7"), ANNE), "role:7", position=51)
    planned = list(plan_access(compare(want(one), guild), one))
    assert [(i.action.key, i.reason) for i in planned if isinstance(i, Withheld)] == [
        ("revoke 7 102", "role_too_low"),
        ("grant 7 101", "role_too_low"),
    ]
    assert keys_of(planned) == []


def test_a_list_of_members_that_is_incomplete_is_reported_beside_the_changes():
    one = group(people={ANNE})
    guild = hold(see(want(one), incomplete=frozenset({ROLE_ID})), ANNE)
    planned = list(plan_access(compare(want(one), guild), one))
    assert keys_of(planned) == ["grant 7 101"]
    assert planned[1:] == [Issue(7, "members_incomplete")]


def test_people_get_a_role_that_is_about_to_be_created():
    one = group(people={BEN, ANNE})
    wanted = want(one, records={})
    guild = lose(see(want(one)), "role:7")
    diff = compare(wanted, guild, may_create={7})
    planned = list(plan_access(diff, one))
    assert keys_of(planned) == ["grant 7 101", "grant 7 102"]
    assert isinstance(planned[0], Action)
    assert planned[0].target == "“Group 7” to Anne"
    assert planned[0].needs == {"create role:7"}
    assert planned[0].payload == Call("PUT", "/guilds/1/members/101/roles/0", subject=101)


@pytest.mark.parametrize("is_recorded", [True, False])
def test_no_one_gets_a_role_that_will_not_be_created(is_recorded):
    one = group(people={ANNE})
    guild = lose(see(want(one)), "role:7")
    wanted = want(one) if is_recorded else want(one, records={})
    asked = {7} if is_recorded else set()  # a deleted role is not created again by itself
    assert list(plan_access(compare(wanted, guild, may_create=asked), one)) == []


def test_an_archive_opens_only_once_its_channels_can_only_be_read():
    one = ended(people={ANNE}, is_archive=True)
    guild = hold(hold(see(want(one)), BEN, "role:7"), ANNE)
    assert keys_of(list(plan_access(compare(want(one), guild), one))) == [
        "revoke 7 102",
        "grant 7 101",
    ]
    open_to_write = put(guild, "text_channel:7", Overwrite(ROLE_ID, ROLE, MEMBER_TEXT, 0))
    assert keys_of(list(plan_access(compare(want(one), open_to_write), one))) == ["revoke 7 102"]


def test_a_live_group_does_not_wait_for_its_channels_to_be_read_only():
    one = group(people={ANNE})
    guild = put(hold(see(want(one)), ANNE), "text_channel:7", Overwrite(ROLE_ID, ROLE, 0, 0))
    assert keys_of(list(plan_access(compare(want(one), guild), one))) == ["grant 7 101"]


# -- moving between groups -----------------------------------------------------------------------


def moving() -> Diff:
    """Anne moves from group 7 and from group 8 to group 9; Ben leaves group 7, Carl comes."""
    wanted = want(group(7, {CARL}), group(8), group(9, {ANNE}))
    guild = hold(hold(see(wanted), ANNE, "role:7", "role:8"), BEN, "role:7")
    return compare(wanted, hold(guild, CARL))


def plan_all(diff: Diff) -> list[Action]:
    groups = diff.desired.groups.values()
    items = [item for one in groups for item in plan_access(diff, one)]
    return [item for item in items if isinstance(item, Action)]


def test_who_gains_and_who_loses_is_known_by_group():
    actions = plan_all(moving())
    assert find_access(actions, "revoke") == {ANNE: {7, 8}, BEN: {7}}
    assert find_access(actions, "grant") == {ANNE: {9}, CARL: {7}}


def test_only_access_counts_as_access():
    actions = [replace(one, kind="channels") for one in plan_all(moving())]
    assert find_access(actions, "revoke") == {}


def test_a_person_leaves_every_old_group_before_entering_the_new_one():
    actions = plan_all(moving())
    revoking = find_access(actions, "revoke")
    ordered = {one.key: one for one in revoke_before_granting(actions, revoking)}
    assert list(ordered) == [one.key for one in actions]
    assert ordered["grant 9 101"].after == {"revoke 7 101", "revoke 8 101"}
    others = [one for one in ordered.values() if one.key != "grant 9 101"]
    assert all(one in actions for one in others), "who loses nothing waits for nothing"


# -- for the removal guard -----------------------------------------------------------------------


def test_the_guard_counts_everyone_with_access_and_everyone_who_should_have_it():
    wanted = want(group(7, {ANNE}), of_cohort(6, group(8)))
    guild = hold(hold(see(wanted), ANNE), BEN, "role:8")
    guild = put(guild, "text_channel:8", Overwrite(CARL, MEMBER, MEMBER_TEXT, 0))
    assert find_people(compare(wanted, guild, due={7})) == {ANNE, BEN, CARL}


def test_the_guard_is_told_of_every_loss_without_a_date_also_in_groups_that_are_not_due():
    wanted = want(
        group(7, {ANNE}, former={BEN: "the visit has ended"}),
        of_cohort(6, group(8)),
        ended(9),
    )
    guild = hold(see(wanted), BEN, "role:7", "role:9")
    guild = hold(guild, CARL, "role:7")
    guild = put(guild, "text_channel:8", Overwrite(DORA, MEMBER, MEMBER_TEXT, 0))
    removals = find_removals(compare(wanted, guild, due={7}))
    assert removals == {(7, "103"), (8, "104")}
