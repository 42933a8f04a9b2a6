"""What may be removed of groups that have ended, in which order, and what stays."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cohorts.reconcile.values import Action, Removable, Withheld
from discordsync.plan.calls import Call
from discordsync.plan.diff import Diff
from discordsync.plan.removals import count_removable, find_removable, plan_removals
from discordsync.state.facts import Approval, Hidden, Record
from discordsync.state.observed import ObservedGuild, id_at
from tests.discordsync.paper import (
    NOW,
    approve,
    change,
    compare,
    ended,
    group,
    id_for,
    lose,
    of_cohort,
    see,
    want,
)

OWN_7 = ("voice_channel:7", "text_channel:7", "role:7")
OWN_8 = ("voice_channel:8", "text_channel:8", "role:8")
SHARED = ("cohort_channel:5", "category:5:1")
ALL = (*OWN_7, *OWN_8, *SHARED)
IN_ORDER = [
    "voice_channel:7",
    "voice_channel:8",
    "text_channel:7",
    "text_channel:8",
    "cohort_channel:5",
    "role:7",
    "role:8",
    "category:5:1",
]
BOTH = (ended(7), ended(8))


def plan(diff: Diff) -> tuple[dict[str, Action], dict[str, str]]:
    """Return the removals by object, and why others are withheld."""
    items = list(plan_removals(diff))
    actions = {item.key[7:]: item for item in items if isinstance(item, Action)}
    withheld = {item.action.key[7:]: item.reason for item in items if isinstance(item, Withheld)}
    return actions, withheld


def plan_cohort(seen: ObservedGuild | None = None, **more: Any) -> tuple[list[str], dict[str, str]]:
    """Plan for two ended groups of which everything is approved to be removed."""
    actions, withheld = plan(compare(want(*BOTH, approvals=approve(*ALL), **more), seen))
    return list(actions), withheld


# -- what is removed -----------------------------------------------------------------------------


def test_nothing_is_removed_without_an_approval():
    assert plan(compare(want(*BOTH))) == ({}, {})
    actions, _ = plan(compare(want(*BOTH, approvals=approve("text_channel:8"))))
    assert list(actions) == ["text_channel:8"]


def test_all_that_is_approved_is_removed_channels_first_and_categories_last():
    actions, withheld = plan(compare(want(*BOTH, approvals=approve(*ALL))))
    assert list(actions) == IN_ORDER
    assert withheld == {}
    ranks = {key.partition(":")[0]: action.rank for key, action in actions.items()}
    assert ranks == {
        "voice_channel": 1000,
        "text_channel": 1001,
        "cohort_channel": 1002,
        "role": 1003,
        "category": 1004,
    }


def test_each_removal_waits_for_what_it_would_orphan():
    actions, _ = plan(compare(want(*BOTH, approvals=approve(*ALL))))
    channels_7 = {"remove voice_channel:7", "remove text_channel:7"}
    channels_8 = {"remove voice_channel:8", "remove text_channel:8"}
    cohort = {"remove cohort_channel:5"}
    roles = {"remove role:7", "remove role:8"}
    assert actions["voice_channel:7"].needs == frozenset()
    assert actions["text_channel:8"].needs == {"remove voice_channel:8"}
    assert actions["cohort_channel:5"].needs == channels_7 | channels_8
    assert actions["role:7"].needs == channels_7 | cohort
    assert actions["role:8"].needs == channels_8 | cohort
    assert actions["category:5:1"].needs == channels_7 | channels_8 | cohort | roles


def test_removals_in_one_cohort_do_not_wait_for_another():
    other = of_cohort(6, ended(9))
    approvals = approve("voice_channel:7", "text_channel:9", "cohort_channel:6", "category:6:1")
    actions, _ = plan(compare(want(ended(7), other, approvals=approvals)))
    assert list(actions) == ["voice_channel:7", "text_channel:9", "cohort_channel:6"]
    assert actions["cohort_channel:6"].needs == {"remove text_channel:9"}


def test_a_channel_is_deleted_only_while_its_last_message_is_the_approved_one():
    guild = change(see(want(ended())), "text_channel:7", last_message_id=88)
    approvals = approve("text_channel:7", last_message_id=88)
    actions, _ = plan(compare(want(ended(), approvals=approvals), guild))
    assert actions == {
        "text_channel:7": Action(
            key="remove text_channel:7",
            kind="channels",
            verb="delete",
            target="the text channel “group-7”",
            why="its removal was approved",
            group_id=7,
            cohort_id=5,
            rank=1001,
            payload=Call(
                "DELETE", "/channels/2007", None, "text_channel:7", subject=2007, last_message=88
            ),
        )
    }


def test_a_role_is_deleted_in_the_lane_of_roles():
    actions, _ = plan(compare(want(ended(), approvals=approve("role:7"))))
    assert actions == {
        "role:7": Action(
            key="remove role:7",
            kind="roles",
            verb="delete",
            target="the role “Group 7 (Winter)”",
            why="its removal was approved",
            group_id=7,
            cohort_id=5,
            rank=1003,
            payload=Call("DELETE", "/guilds/1/roles/1007", None, "role:7", subject=1007),
        )
    }


def test_what_a_cohort_shares_is_removed_for_no_single_group():
    actions, _ = plan(compare(want(*BOTH, approvals=approve("cohort_channel:5"))))
    action = actions["cohort_channel:5"]
    assert (action.group_id, action.cohort_id) == (None, 5)
    assert action.target == "the cohort channel “winter-5”"
    assert action.payload == Call(
        "DELETE", "/channels/4005", None, "cohort_channel:5", subject=4005, last_message=0
    )


# -- what stays ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "one",
    [group(), ended(is_archive=True, removable=False)],
    ids=["a live group", "an archive that people still read"],
)
def test_nothing_of_a_group_in_use_is_removed_even_if_it_was_approved(one):
    assert plan(compare(want(one, approvals=approve(*OWN_7, *SHARED)))) == ({}, {})


def test_what_a_cohort_shares_stays_while_one_of_its_groups_is_in_use():
    actions, withheld = plan(compare(want(ended(7), group(8), approvals=approve(*ALL))))
    assert (set(actions), withheld) == (set(OWN_7), {})


def test_another_cohorts_group_in_use_keeps_nothing():
    other = of_cohort(6, group(9))
    actions, _ = plan(compare(want(*BOTH, other, approvals=approve(*ALL))))
    assert list(actions) == IN_ORDER


def test_an_approval_that_is_too_old_removes_nothing():
    late = {key: replace(one, is_valid=False) for key, one in approve(*ALL).items()}
    mixed = late | approve("role:8")
    actions, withheld = plan(compare(want(*BOTH, approvals=mixed)))
    assert (list(actions), withheld) == (["role:8"], {})


@pytest.mark.parametrize("gone", [True, False])
def test_what_is_not_there_is_not_removed_again(gone):
    ids = frozenset({id_for("text_channel:7")}) if gone else frozenset()
    guild = lose(see(want(*BOTH)), "text_channel:7", gone=ids)
    removed, withheld = plan_cohort(guild)
    assert removed == [key for key in IN_ORDER if key != "text_channel:7"]
    assert withheld == {}


def test_an_approval_of_another_object_removes_nothing():
    approvals = approve(*ALL) | {"role:7": Approval(55), "text_channel:7": Approval(55)}
    actions, withheld = plan(compare(want(*BOTH, approvals=approvals)))
    assert "role:7" not in actions
    assert withheld == {
        "role:7": "removal_void",
        "text_channel:7": "removal_void",
        "category:5:1": "category_in_use",
    }


def test_a_channel_with_a_new_message_stays_and_so_does_its_category():
    guild = change(see(want(*BOTH)), "text_channel:8", last_message_id=99)
    removed, withheld = plan_cohort(guild)
    assert withheld == {"text_channel:8": "removal_void", "category:5:1": "category_in_use"}
    assert removed == [key for key in IN_ORDER if key not in withheld]


def test_a_category_stays_while_it_contains_a_channel_that_nobody_approved():
    approved = set(ALL) - {"voice_channel:8"}
    actions, withheld = plan(compare(want(*BOTH, approvals=approve(*approved))))
    assert set(actions) == approved - {"category:5:1"}
    assert withheld == {"category:5:1": "category_in_use"}


def test_a_category_stays_while_it_contains_channels_that_the_bot_cannot_see():
    removed, withheld = plan_cohort(hidden=Hidden(by_category={id_for("category:5:1"): 1}))
    assert withheld == {"category:5:1": "category_in_use"}
    assert removed == IN_ORDER[:-1]
    removed, withheld = plan_cohort(hidden=Hidden(by_category={4321: 1}))
    assert (removed, withheld) == (IN_ORDER, {})


def test_a_channel_that_was_moved_out_does_not_keep_a_category():
    guild = change(see(want(*BOTH)), "voice_channel:8", parent_id=None)
    actions, withheld = plan(
        compare(want(*BOTH, approvals=approve(*set(ALL) - {"voice_channel:8"})), guild)
    )
    assert "category:5:1" in actions
    assert withheld == {}


def test_a_role_that_is_not_below_the_bots_own_stays():
    guild = change(see(want(*BOTH)), "role:7", position=51)
    removed, withheld = plan_cohort(guild)
    assert withheld == {"role:7": "role_too_low"}
    assert removed == [key for key in IN_ORDER if key != "role:7"]


# -- whose turn it is ----------------------------------------------------------------------------


def test_only_what_belongs_to_due_groups_and_their_cohorts_is_removed():
    other = of_cohort(6, ended(9))
    approvals = approve(*ALL, "role:9", "cohort_channel:6")
    diff = compare(want(*BOTH, other, approvals=approvals), due={8})
    actions, withheld = plan(diff)
    assert list(actions) == ["voice_channel:8", "text_channel:8", "cohort_channel:5", "role:8"]
    assert withheld == {"category:5:1": "category_in_use"}


# -- what staff choose from ----------------------------------------------------------------------


def test_staff_choose_among_everything_that_may_be_there_in_the_order_of_removal():
    found = find_removable(compare(want(*BOTH)))
    assert [one.key for one in found] == IN_ORDER
    assert {one.group_id for one in found if one.key in SHARED} == {None}
    assert {one.group_id for one in found if one.key in OWN_8} == {8}


def test_cohorts_follow_one_another():
    other = of_cohort(4, ended(9))
    found = find_removable(compare(want(ended(7), other)))
    assert [one.key for one in found] == [
        *("voice_channel:9", "text_channel:9", "cohort_channel:4", "role:9", "category:4:1"),
        *("voice_channel:7", "text_channel:7", "cohort_channel:5", "role:7", "category:5:1"),
    ]


def test_staff_are_not_asked_about_what_is_known_to_be_gone():
    wanted = want(ended())
    wanted = replace(wanted, records={**wanted.records, "role:7": Record("role:7", None)})
    guild = lose(see(wanted), "text_channel:7", gone=frozenset({id_for("text_channel:7")}))
    found = find_removable(compare(wanted, guild))
    assert [one.key for one in found] == ["voice_channel:7", "cohort_channel:5", "category:5:1"]


def test_staff_see_how_old_a_channel_and_its_last_message_are():
    made = id_at(NOW)
    record = Record("text_channel:7", made, "group-7", "group-7")
    last = id_at(NOW.replace(hour=13))
    guild = see(want(ended()))
    channel = replace(guild.channels[id_for("text_channel:7")], id=made, name="Talk")
    guild = guild.with_channel(replace(channel, last_message_id=last))
    (found,) = find_removable(compare(want(ended(), records={record.key: record}), guild))
    assert found == Removable(
        key="text_channel:7",
        group_id=7,
        cohort_id=5,
        kind="text channel",
        name="Talk",
        outside_id=str(made),
        made_at="2027-01-11T12:00:00+00:00",
        last_message_id=str(last),
        last_message_at="2027-01-11T13:00:00+00:00",
        adopted=False,
        is_listed=True,
    )


@pytest.mark.parametrize(
    ("record", "name", "adopted"),
    [
        (Record("role:7", 1007, "Sent", "Returned"), "Returned", False),
        (Record("role:7", 1007, "Sent"), "Sent", False),
        (Record("role:7", 1007), "", True),
    ],
)
def test_what_is_no_longer_listed_has_the_name_that_is_recorded(record, name, adopted):
    guild = lose(see(want(ended())), "role:7")
    (found,) = find_removable(compare(want(ended(), records={"role:7": record}), guild))
    assert (found.name, found.adopted, found.is_listed) == (name, adopted, False)
    assert (found.last_message_id, found.last_message_at) == ("", "")


def test_a_role_and_an_empty_channel_have_no_last_message():
    found = {one.key: one for one in find_removable(compare(want(ended())))}
    for key in ("role:7", "text_channel:7"):
        assert (found[key].last_message_id, found[key].last_message_at) == ("", "")
        assert found[key].is_listed


def test_what_would_make_room_is_counted_by_limit():
    wanted = want(*BOTH, of_cohort(6, group(9)))
    diff = compare(wanted, lose(see(wanted), "voice_channel:8"))
    counts = {kind: count_removable(diff, kind) for kind in ("roles", "categories", "channels")}
    assert counts == {"roles": 2, "categories": 1, "channels": 5}, "categories are channels"
