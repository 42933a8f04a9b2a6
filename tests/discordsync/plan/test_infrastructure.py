"""What is created for a group and a cohort, in which order, and what is only reported."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cohorts.reconcile.values import Action, Issue
from discordsync.plan.calls import Call
from discordsync.state.facts import Hidden, Record
from discordsync.state.observed import MEMBER, ROLE
from discordsync.state.permissions import (
    BOT_CATEGORY,
    BOT_TEXT,
    BOT_VOICE,
    MEMBER_TEXT,
    VIEW_CHANNEL,
)
from tests.discordsync.paper import (
    ANNE,
    BOT,
    GUILD,
    ended,
    group,
    id_for,
    lose,
    see,
    want,
)
from tests.discordsync.plan.planning import (
    CATEGORY,
    CHANNEL,
    EMPTY,
    KNOWN,
    TEXT,
    VOICE,
    in_short,
    plan,
    plan_shared,
    want_new,
)


def on_paper(*overwrites: tuple[int, int, int, int]) -> list[dict[str, object]]:
    return [
        {"id": str(target), "type": kind, "allow": str(allow), "deny": str(deny)}
        for target, kind, allow, deny in overwrites
    ]


CLOSED = (GUILD, ROLE, 0, VIEW_CHANNEL)

# -- what is created ------------------------------------------------------------------------------


def test_nothing_is_done_while_everything_is_as_desired():
    wanted = want(group(7, {ANNE}), group(8, facilitators=frozenset({ANNE})))
    assert plan(wanted, may_create={7, 8}) == []
    assert plan(wanted, of=8, may_create={7, 8}) == []
    assert plan_shared(wanted, may_create={7, 8}) == []


def test_a_group_gets_a_role_and_two_channels_and_sees_the_cohorts_channel():
    role = Action(
        key="create role:7",
        kind="roles",
        verb="create",
        target="role “Group 7 (Winter)”",
        why="realize was requested",
        group_id=7,
        cohort_id=5,
        rank=38,
        creates=True,
        payload=Call(
            "POST",
            "/guilds/1/roles",
            {"name": "Group 7 (Winter)", "permissions": "0", "hoist": False, "mentionable": False},
            "role:7",
        ),
    )
    needs = frozenset({"create category:5:1", "create role:7"})
    text = replace(
        role,
        key="create text_channel:7",
        kind="channels",
        target="text channel “group-7”",
        needs=needs,
        payload=Call(
            "POST",
            "/guilds/1/channels",
            {
                "name": "group-7",
                "type": 0,
                "permission_overwrites": on_paper((BOT, MEMBER, BOT_TEXT, 0), CLOSED),
                "parent_id": "None",
                "topic": "Group 7. [lens tests text_channel:7]",
            },
            TEXT,
        ),
    )
    voice = replace(
        text,
        key="create voice_channel:7",
        target="voice channel “Group 7 voice”",
        rank=39,
        payload=Call(
            "POST",
            "/guilds/1/channels",
            {
                "name": "Group 7 voice",
                "type": 2,
                "permission_overwrites": on_paper((BOT, MEMBER, BOT_VOICE, 0), CLOSED),
                "parent_id": "None",
            },
            VOICE,
        ),
    )
    opened = replace(
        text,
        key="open cohort_channel:5 role:7",
        verb="open",
        target="the cohort's channel to “Group 7”",
        why="every group of the cohort can see it",
        needs=frozenset({"create cohort_channel:5", "create role:7"}),
        rank=40,
        creates=False,
        repeatable=True,
        payload=Call(
            "PUT",
            "/channels/0/permissions/0",
            {"type": ROLE, "allow": str(MEMBER_TEXT), "deny": "0"},
        ),
    )
    assert plan(want_new(group()), EMPTY, may_create={7}) == [role, text, voice, opened]


def test_a_cohort_gets_a_category_and_a_channel():
    category = Action(
        key="create category:5:1",
        kind="channels",
        verb="create",
        target="category “Course 5”",
        why="realize was requested",
        cohort_id=5,
        creates=True,
        payload=Call(
            "POST",
            "/guilds/1/channels",
            {
                "name": "Course 5",
                "type": 4,
                "permission_overwrites": on_paper((BOT, MEMBER, BOT_CATEGORY, 0), CLOSED),
            },
            CATEGORY,
        ),
    )
    channel = replace(
        category,
        key="create cohort_channel:5",
        target="channel “winter-5” of the cohort",
        needs=frozenset({"create category:5:1"}),
        rank=1,
        payload=Call(
            "POST",
            "/guilds/1/channels",
            {
                "name": "winter-5",
                "type": 0,
                "permission_overwrites": on_paper((BOT, MEMBER, BOT_TEXT, 0), CLOSED),
                "parent_id": "None",
                "topic": "For everyone in Course 5. [lens tests cohort_channel:5]",
            },
            CHANNEL,
        ),
    )
    assert plan_shared(want_new(group()), EMPTY, may_create={7}) == [category, channel]


def test_what_a_group_lacks_is_created_inside_what_exists():
    wanted = want(group(facilitators=frozenset({ANNE})))
    guild = lose(lose(see(wanted), TEXT), CHANNEL)
    left = {key: one for key, one in wanted.records.items() if key not in {TEXT, CHANNEL}}
    wanted = replace(wanted, records=left)
    text, opened = plan(wanted, guild, may_create={7})
    assert isinstance(text, Action)
    assert text.payload.body["parent_id"] == str(id_for(CATEGORY))
    assert [int(one["id"]) for one in text.payload.body["permission_overwrites"]] == [
        *(BOT, GUILD),
        *(id_for("role:7"), ANNE),
    ]
    assert isinstance(opened, Action)
    assert opened.payload.subject == id_for("role:7")
    (channel,) = plan_shared(wanted, guild, may_create={7})
    assert isinstance(channel, Action)
    assert channel.payload.body["parent_id"] == str(id_for(CATEGORY))


def test_existing_objects_of_the_same_name_are_noted():
    wanted = want_new(group())
    guild = see(want(group(8, role_name="Group 7 (Winter)")))
    role = plan(wanted, guild, may_create={7})[0]
    assert isinstance(role, Action)
    assert role.payload.names == (id_for("role:8"),)
    category, channel = plan_shared(wanted, guild, may_create={7})
    assert isinstance(category, Action)
    assert category.payload.names == (id_for(CATEGORY),)
    assert isinstance(channel, Action)
    assert channel.payload.names == ()


def test_what_no_one_requested_is_shown_and_withheld():
    new = want_new(group())
    assert in_short(plan(new, EMPTY)) == [
        "(create role:7: needs_infrastructure)",
        "(create text_channel:7: needs_infrastructure)",
        "(create voice_channel:7: needs_infrastructure)",
    ]
    assert plan_shared(new, EMPTY) == []


def test_nothing_is_created_for_a_group_without_members():
    new = want_new(group(has_members=False))
    assert in_short(plan(new, EMPTY, may_create={7})) == ["7: no_members: "]
    assert plan_shared(new, EMPTY, may_create={7}) == []


@pytest.mark.parametrize("lost", [CATEGORY, "role:7"])
def test_a_channel_is_created_only_if_its_parents_are_sure(lost):
    record = Record(lost, id_for(lost), "Lost", "Lost")
    wanted = want_new(group(), records={lost: record})
    guild = replace(EMPTY, gone=frozenset({id_for(lost)}))
    found = in_short(plan(wanted, guild, may_create={7}))
    assert found == (
        ["create role:7"] if lost == CATEGORY else ["7: missing: the role (Discord ID 1007)"]
    )
    shown = in_short(plan(wanted, guild))
    assert shown[-2:] == [
        "(create text_channel:7: needs_infrastructure)",
        "(create voice_channel:7: needs_infrastructure)",
    ]


# -- in which order -------------------------------------------------------------------------------


def test_groups_start_one_after_the_other_while_the_guild_may_turn_out_to_be_full():
    wanted = want_new(group(9, position=1), group(8, position=2), group(7, position=3))
    wanted = replace(wanted, hidden=Hidden())
    first = plan(wanted, EMPTY, of=9, may_create={7, 8, 9})[0]
    assert isinstance(first, Action)
    assert first.behind == {"create category:5:1", "create cohort_channel:5"}
    last = plan(wanted, EMPTY, of=7, may_create={7, 8, 9})[0]
    assert isinstance(last, Action)
    assert last.behind == {
        "create category:5:1",
        "create text_channel:8",
        "create voice_channel:8",
    }
    known = plan(replace(wanted, hidden=KNOWN), EMPTY, of=7, may_create={7, 8, 9})[0]
    assert isinstance(known, Action)
    assert known.behind == frozenset()


def test_each_needed_category_is_created_and_the_first_one_for_the_cohorts_channel():
    second = group(category="category:5:2")
    assert in_short(plan_shared(want_new(second), EMPTY, may_create={7})) == [
        "create category:5:1",
        "create category:5:2",
        "create cohort_channel:5",
    ]


# -- what is only reported ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fate", "code"), [("gone", "missing"), ("unconfirmed", "unconfirmed"), ("", "no_access")]
)
@pytest.mark.parametrize(
    ("key", "what"),
    [
        ("role:7", "role"),
        (TEXT, "text channel"),
        (VOICE, "voice channel"),
        (CATEGORY, "category"),
        (CHANNEL, "cohort channel"),
    ],
)
def test_a_recorded_object_that_is_not_listed_is_reported_and_not_created(key, what, fate, code):
    wanted = want(group(7), group(8), ended(9))
    known = {fate: frozenset({id_for(key)})} if fate else {}
    guild = lose(see(wanted), key, **known)
    planned = plan if key.endswith(":7") else plan_shared
    found = planned(wanted, guild, may_create={7, 8})
    detail = f"the {what} (Discord ID {id_for(key)})"
    expected = [7] if planned is plan else [7, 8]
    assert found == [Issue(pk, code, detail) for pk in expected]
    if planned is plan_shared:
        assert planned(wanted, guild, due={8}) == [Issue(8, code, detail)]


def test_what_a_cohort_shares_is_reported_to_its_own_groups_alone():
    other = replace(group(9), cohort_id=6, category="category:6:1")
    wanted = want(group(7), other)
    guild = lose(see(wanted), CATEGORY)
    assert {item.group_id for item in plan_shared(wanted, guild)} == {7}
