"""What is put back for a group and a cohort, live or ended."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cohorts.reconcile.differences import DriftChoice
from cohorts.reconcile.values import Action, Issue
from discordsync.desired import DesiredGroup, DesiredGuild
from discordsync.plan.calls import Call
from discordsync.state import keys
from discordsync.state.facts import Record
from discordsync.state.observed import MEMBER, ROLE, ObservedGuild, ObservedRole, Overwrite
from discordsync.state.permissions import (
    ALL_NEEDED,
    BOT_CATEGORY,
    BOT_TEXT,
    MEMBER_TEXT,
    MEMBER_VOICE,
    SEND_MESSAGES,
    SPEAK,
    VIEW_CHANNEL,
)
from tests.discordsync.paper import (
    ANNE,
    BOT,
    BOT_ROLE,
    change,
    ended,
    group,
    id_for,
    lose,
    put,
    see,
    want,
)
from tests.discordsync.plan.planning import (
    CATEGORY,
    CHANNEL,
    EMPTY,
    TEXT,
    VOICE,
    in_short,
    plan,
    plan_shared,
    unlike,
    want_new,
)

# -- what is repaired -----------------------------------------------------------------------------


def test_a_role_without_permissions_and_with_its_name_is_put_back():
    wanted = want(group(role_name="Blues"))
    records = {**wanted.records, "role:7": Record("role:7", 1007, "Reds", "Reds")}
    guild = change(see(wanted), "role:7", permissions=SPEAK, name="Reds")
    bare, renamed = plan(replace(wanted, records=records), guild)
    assert bare == Action(
        key="edit role:7 permissions",
        kind="roles",
        verb="edit",
        target="role “Reds”",
        why="permissions were added to it",
        group_id=7,
        cohort_id=5,
        rank=41,
        repeatable=True,
        payload=Call("PATCH", "/guilds/1/roles/1007", {"permissions": "0"}, "role:7"),
    )
    assert isinstance(renamed, Action)
    assert renamed.target == "the name of “Reds” to “Blues”"
    assert renamed.group_id == 7


def test_a_role_that_is_not_below_the_bots_own_is_not_repaired():
    wanted = want(group(role_name="Blues"))
    records = {**wanted.records, "role:7": Record("role:7", 1007, "Reds", "Reds")}
    guild = change(see(wanted), "role:7", permissions=SPEAK, position=50)
    lifted = change(guild, "role:7", position=51)
    for one in (guild, lifted):
        found = in_short(plan(replace(wanted, records=records), one))
        assert found == (
            ["edit role:7 permissions", "edit role:7 name"]
            if one is guild
            else ["(edit role:7 permissions: role_too_low)", "(edit role:7 name: role_too_low)"]
        )


def test_a_role_that_someone_renamed_is_reported_wherever_it_is():
    guild = change(see(want(group())), "role:7", name="Other", position=51)
    detail = "“Group 7 (Winter)” was renamed to “Other”"
    assert plan(want(group()), guild) == [Issue(7, "renamed", detail)]


@pytest.mark.parametrize(
    ("key", "seen", "found"),
    [
        (TEXT, {"name": "other"}, ["7: renamed: “group-7” was renamed to “other”"]),
        (TEXT, {"parent_id": None}, ["edit text_channel:7 parent_id"]),
        (VOICE, {"name": "other"}, ["7: renamed: “Group 7 voice” was renamed to “other”"]),
        (VOICE, {"parent_id": None}, ["edit voice_channel:7 parent_id"]),
    ],
)
def test_the_name_and_place_of_a_groups_channel_are_compared(key, seen, found):
    wanted = want(group())
    assert in_short(plan(wanted, change(see(wanted), key, **seen))) == found


@pytest.mark.parametrize(("key", "kind"), [(TEXT, "text_name"), (VOICE, "voice_name")])
def test_a_groups_new_name_is_written(key, kind):
    wanted = want(group())
    guild = see(wanted)
    renamed = replace(wanted, groups={7: group(**{kind: "new"})})
    (action,) = plan(renamed, guild)
    assert isinstance(action, Action)
    assert action.payload.body == {"name": "new"}
    assert action.key == f"edit {key} name"
    assert (action.group_id, action.cohort_id) == (7, 5)


@pytest.mark.parametrize(("key", "bits"), [(TEXT, MEMBER_TEXT), (VOICE, MEMBER_VOICE)])
def test_the_overwrites_of_a_groups_channel_are_restored_and_strangers_removed(key, bits):
    wanted = want(group())
    guild = put(
        unlike(see(wanted), key),
        key,
        Overwrite(ANNE, MEMBER, VIEW_CHANNEL, 0),
        Overwrite(id_for("role:7"), ROLE, 0, 0),
    )
    removed, closed, opened = plan(wanted, guild)
    assert in_short([removed, closed]) == [f"remove {key} 101", f"restore {key} 1"]
    assert isinstance(opened, Action)
    assert opened.payload.body["allow"] == str(bits)
    assert opened.group_id == 7


OTHER = 77


def with_added(guild: ObservedGuild, key: str) -> ObservedGuild:
    """Return the guild in which staff let another role into a channel."""
    guild = guild.with_role(ObservedRole(OTHER, "Other", 0, 1))
    return put(guild, key, Overwrite(OTHER, ROLE, VIEW_CHANNEL, 0))


def decide_to_remove(wanted: DesiredGuild, key: str) -> DesiredGuild:
    """Return the desired state with the decision to take back what `with_added` added."""
    chosen = {keys.overwrite(OTHER): (DriftChoice.APPLY, f"{VIEW_CHANNEL} 0")}
    record = replace(wanted.records[key], decisions=chosen)
    return replace(wanted, records={**wanted.records, key: record})


@pytest.mark.parametrize("key", [TEXT, VOICE, CHANNEL, CATEGORY])
def test_what_staff_decided_to_take_back_is_taken_back(key):
    wanted = want(group())
    guild = with_added(see(wanted), key)
    planned = plan if key in {TEXT, VOICE} else plan_shared
    assert planned(wanted, guild) == []
    (action,) = planned(decide_to_remove(wanted, key), guild)
    assert isinstance(action, Action)
    assert action.key == f"take back {key} {OTHER}"
    assert action.group_id == (7 if planned is plan else None)


@pytest.mark.parametrize(
    ("key", "seen", "found"),
    [
        (CHANNEL, {"name": "other"}, ["7: renamed: “winter-5” was renamed to “other”"]),
        (CHANNEL, {"parent_id": None}, ["edit cohort_channel:5 parent_id"]),
        (CATEGORY, {"name": "other"}, ["7: renamed: “Course 5” was renamed to “other”"]),
    ],
)
def test_the_name_and_place_of_what_a_cohort_shares_are_compared(key, seen, found):
    wanted = want(group(7), group(8))
    guild = change(see(wanted), key, **seen)
    assert in_short(plan_shared(wanted, guild)) == found
    if "name" in seen:  # the first group alone reports it
        assert plan_shared(wanted, guild, due={8}) == []


@pytest.mark.parametrize(("key", "bot"), [(CHANNEL, BOT_TEXT), (CATEGORY, BOT_CATEGORY)])
def test_what_a_cohort_shares_is_hidden_again(key, bot):
    wanted = want(group())
    guild = put(unlike(see(wanted), key), key, Overwrite(BOT, MEMBER, 0, 0))
    own, everyone = plan_shared(wanted, guild)
    assert isinstance(own, Action)
    assert isinstance(everyone, Action)
    assert in_short([own, everyone]) == [f"restore {key} 2", f"restore {key} 1"]
    assert own.payload.body["allow"] == str(bot)
    assert (everyone.group_id, everyone.cohort_id) == (None, 5)


def test_a_category_that_no_group_needs_any_more_is_compared_too():
    wanted = want(group())
    second = Record("category:5:2", 5052, "Course 5 (2)", "Course 5 (2)")
    guild = see(wanted)
    guild = guild.with_channel(replace(guild.channels[id_for(CATEGORY)], id=5052, name="other"))
    found = plan_shared(replace(wanted, records={**wanted.records, second.key: second}), guild)
    assert in_short(found) == ["7: renamed: “Course 5 (2)” was renamed to “other”"]


# -- the cohort's channel -------------------------------------------------------------------------


def test_the_cohorts_channel_is_opened_to_a_group_with_what_is_tolerated():
    wanted = want(group())
    role = id_for("role:7")
    held = {pk: o for pk, o in see(wanted).channels[4005].overwrites.items() if pk != role}
    (action,) = plan(wanted, see(wanted).with_overwrites(4005, held))
    assert isinstance(action, Action)
    body = {"type": ROLE, "allow": str(MEMBER_TEXT), "deny": "0"}
    assert action.payload == Call("PUT", "/channels/4005/permissions/1007", body, subject=role)
    changed = Overwrite(role, ROLE, SPEAK, 0)
    (action,) = plan(wanted, put(see(wanted), CHANNEL, changed))
    assert isinstance(action, Action)
    assert action.payload.body["allow"] == str(MEMBER_TEXT | SPEAK)


@pytest.mark.parametrize("lost", [CHANNEL, "role:7"])
def test_the_cohorts_channel_is_not_opened_if_it_or_the_role_is_gone(lost):
    wanted = want(group())
    guild = lose(see(wanted), lost, gone=frozenset({id_for(lost)}))
    guild = put(guild, CHANNEL, Overwrite(1007, ROLE, 0, 0)) if lost != CHANNEL else guild
    assert "open cohort_channel:5 role:7" not in in_short(plan(wanted, guild, may_create={7}))


# -- groups that have ended -----------------------------------------------------------------------


def archive(**facts: Any) -> DesiredGroup:
    return ended(is_archive=True, removable=False, **facts)


@pytest.mark.parametrize("one", [ended(), archive()])
def test_an_ended_group_gets_nothing_new_and_lacks_nothing(one):
    assert plan(want(one), may_create={7}) == []
    assert plan(want_new(one), EMPTY, may_create={7}) == []


@pytest.mark.parametrize("key", [TEXT, VOICE, CHANNEL])
def test_the_role_of_an_archive_can_only_read(key):
    wanted = want(archive())
    write = Overwrite(id_for("role:7"), ROLE, MEMBER_TEXT, 0)
    (action,) = plan(wanted, put(see(wanted), key, write))
    assert isinstance(action, Action)
    assert action.key == f"restore {key} 1007"
    assert action.group_id == 7
    assert int(action.payload.body["deny"]) & SEND_MESSAGES


def test_the_channels_of_an_ended_group_stay_hidden_but_not_the_cohorts():
    wanted = want(ended())
    guild = unlike(unlike(unlike(see(wanted), TEXT), VOICE), CHANNEL)
    found = in_short(plan(wanted, guild))
    assert found == ["restore text_channel:7 1", "restore voice_channel:7 1"]


def test_strangers_are_removed_from_an_ended_groups_channels_too():
    wanted = want(ended())
    guild = put(see(wanted), TEXT, Overwrite(ANNE, MEMBER, VIEW_CHANNEL, 0))
    assert in_short(plan(wanted, guild)) == ["remove text_channel:7 101"]


def test_an_archive_keeps_a_bare_role_and_says_if_it_cannot_be_closed():
    wanted = want(archive())
    guild = change(see(wanted), "role:7", permissions=SPEAK)
    assert in_short(plan(wanted, guild)) == ["edit role:7 permissions"]
    assert plan(want(ended()), guild) == []
    too_high = change(guild, "role:7", position=51)
    assert in_short(plan(wanted, too_high)) == ["(edit role:7 permissions: role_too_low)"]

    plain = see(wanted)
    plain = plain.with_role(replace(plain.roles[BOT_ROLE], permissions=ALL_NEEDED))
    missing = "Add Reactions, Create Public Threads, Create Private Threads, "
    detail = f"missing: {missing}Send Messages in Threads"
    assert plan(wanted, plain)[-1] == Issue(7, "archive_open", detail)
    assert not [item for item in plan(want(ended()), plain) if isinstance(item, Issue)]
    assert plan(wanted, lose(plain, "role:7")) == []
