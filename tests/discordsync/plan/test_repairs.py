"""Which differences of existing objects are repaired, and which are left to staff."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cohorts.reconcile.differences import DriftChoice
from cohorts.reconcile.values import Action, Issue
from discordsync.plan.calls import Call, Item, Owner
from discordsync.plan.diff import Diff
from discordsync.plan.repairs import (
    AddedPermissions,
    find_added,
    remove_stray_overwrites,
    rename,
    restore_category,
    restore_overwrites,
    take_back,
)
from discordsync.state.facts import Record
from discordsync.state.observed import MEMBER, ROLE, ObservedGuild, Overwrite
from discordsync.state.permissions import ADD_REACTIONS, MEMBER_TEXT, SPEAK, VIEW_CHANNEL
from tests.discordsync.paper import (
    ANNE,
    BEN,
    CARL,
    GUILD,
    change,
    compare,
    ended,
    group,
    id_for,
    lose,
    put,
    see,
    want,
)
from tests.discordsync.plan.planning import CATEGORY, TEXT

ROLE_ID = id_for("role:7")


def record(key: str, name: str, returned: str | None = None, /, **chosen: tuple[str, str]) -> Any:
    answered = name if returned is None else returned
    return {key: Record(key, id_for(key), name, answered, decisions=chosen)}


# -- our overwrites ------------------------------------------------------------------------------


def restore(seen: ObservedGuild) -> list[Action]:
    one = group()
    diff = compare(want(one), seen)
    wanted = diff.group_overwrites(one, "text_channel")
    return list(restore_overwrites(diff, Owner.of(one), TEXT, wanted))


def test_overwrites_that_are_as_desired_are_left_alone():
    guild = see(want(group()))
    assert restore(guild) == []
    tolerated = Overwrite(ROLE_ID, ROLE, MEMBER_TEXT | ADD_REACTIONS, 0)
    assert restore(put(guild, TEXT, tolerated)) == []


def test_an_overwrite_that_was_changed_is_restored_with_what_is_tolerated():
    guild = put(see(want(group())), TEXT, Overwrite(ROLE_ID, ROLE, ADD_REACTIONS, 0))
    allow = str(MEMBER_TEXT | ADD_REACTIONS)
    path = "/channels/2007/permissions/1007"
    assert restore(guild) == [
        Action(
            key="restore text_channel:7 1007",
            kind="channels",
            verb="restore",
            target="permissions of the role “Group 7 (Winter)” in “group-7”",
            why="it was changed",
            group_id=7,
            cohort_id=5,
            rank=1,
            repeatable=True,
            payload=Call("PUT", path, {"type": 0, "allow": allow, "deny": "0"}, subject=ROLE_ID),
        )
    ]


def test_each_overwrite_that_is_missing_is_put_back():
    guild = see(want(group())).with_overwrites(id_for(TEXT), {})
    assert [(one.target, one.why) for one in restore(guild)] == [
        ("permissions of the bot in “group-7”", "it is missing"),
        ("permissions of @everyone in “group-7”", "it is missing"),
        ("permissions of the role “Group 7 (Winter)” in “group-7”", "it is missing"),
    ]


# -- overwrites that let people in ---------------------------------------------------------------


def test_an_overwrite_that_lets_someone_in_for_no_reason_is_removed_if_the_guard_agrees():
    one = group()
    guild = put(see(want(one)), TEXT, Overwrite(ANNE, MEMBER, VIEW_CHANNEL, 0))
    assert list(remove_stray_overwrites(compare(want(one), guild), one, TEXT)) == [
        Action(
            key="remove text_channel:7 101",
            kind="channels",
            verb="remove",
            target="permissions of Anne in “group-7”",
            why="no recorded reason",
            group_id=7,
            cohort_id=5,
            rank=0,
            removes="101",
            person="Anne",
            repeatable=True,
            payload=Call("DELETE", "/channels/2007/permissions/101", subject=ANNE),
        )
    ]


@pytest.mark.parametrize(
    ("one", "why", "ends"),
    [
        (group(former={ANNE: "the visit has ended"}), "the visit has ended", True),
        (group(people={ANNE}), "the role already gives access", False),
        (ended(), "the group has ended", True),
    ],
)
def test_an_overwrite_goes_without_the_guard_if_access_has_ended_or_stays(one, why, ends):
    guild = put(see(want(one)), TEXT, Overwrite(ANNE, MEMBER, VIEW_CHANNEL, 0))
    (action,) = remove_stray_overwrites(compare(want(one), guild), one, TEXT)
    assert (action.why, action.removes, action.ends) == (why, None, ends)


def test_every_stray_overwrite_is_removed_and_no_other():
    one = group(people={CARL}, facilitators=frozenset({CARL}))
    strays = [Overwrite(person, MEMBER, VIEW_CHANNEL, 0) for person in (ANNE, BEN)]
    guild = put(see(want(one)), TEXT, *strays)
    removed = remove_stray_overwrites(compare(want(one), guild), one, TEXT)
    assert [action.payload.subject for action in removed] == [ANNE, BEN]


# -- names ---------------------------------------------------------------------------------------


def compare_name(
    key: str, found: str, sent: str, returned: str | None = None, /, **chosen: tuple[str, str]
) -> tuple[Diff, Owner]:
    one = group()
    guild = change(see(want(one)), key, name=found)
    return compare(want(one, records=record(key, sent, returned, **chosen)), guild), Owner.of(one)


def test_a_channels_new_name_in_lens_is_written_in_a_lane_of_its_own():
    diff, owner = compare_name(TEXT, "reds", "reds")
    assert list(rename(diff, owner, TEXT, "blues")) == [
        Action(
            key="edit text_channel:7 name",
            kind="names",
            verb="edit",
            target="the name of “reds” to “blues”",
            why="renamed in Lens",
            group_id=7,
            cohort_id=5,
            rank=41,
            repeatable=True,
            payload=Call("PATCH", "/channels/2007", {"name": "blues"}, TEXT),
        )
    ]


def test_a_roles_new_name_in_lens_is_written_in_the_lane_of_roles():
    diff, owner = compare_name("role:7", "Reds", "Reds")
    (action,) = rename(diff, owner, "role:7", "Blues")
    assert isinstance(action, Action)
    assert (action.kind, action.target) == ("roles", "the name of “Reds” to “Blues”")
    assert action.why == "renamed in Lens"
    assert action.payload == Call("PATCH", "/guilds/1/roles/1007", {"name": "Blues"}, "role:7")


def test_a_new_name_in_lens_wins_over_one_that_was_given_in_discord():
    diff, owner = compare_name(TEXT, "ours", "reds", name=("keep", "ours"))
    (action,) = rename(diff, owner, TEXT, "blues")
    assert isinstance(action, Action)
    assert action.target == "the name of “ours” to “blues”"


@pytest.mark.parametrize(
    ("found", "sent", "returned"),
    [
        ("reds", "reds", "reds"),
        ("Reds!", "reds", "Reds!"),  # Discord rewrote what we sent
        ("ours", "reds", ""),  # what Discord made of it is not known
        ("ours", "", "ours"),  # imported: the name is not ours
    ],
)
def test_a_name_that_is_as_we_gave_it_is_left_alone(found, sent, returned):
    diff, owner = compare_name(TEXT, found, sent, returned)
    assert list(rename(diff, owner, TEXT, "reds")) == []


def test_a_name_that_was_changed_in_discord_is_left_to_staff():
    diff, owner = compare_name(TEXT, "ours", "reds", "reds")
    detail = "“reds” was renamed to “ours”"
    assert list(rename(diff, owner, TEXT, "reds")) == [Issue(7, "renamed", detail)]
    assert list(rename(diff, Owner(5, None, None), TEXT, "reds")) == []


def test_staff_can_take_our_name_again():
    diff, owner = compare_name(TEXT, "ours", "reds", name=(DriftChoice.APPLY, "ours"))
    (action,) = rename(diff, owner, TEXT, "reds")
    assert isinstance(action, Action)
    assert (action.target, action.why) == (
        "the name of “ours” to “reds”",
        "staff chose the name in Lens",
    )
    assert (action.group_id, action.kind) == (7, "names")
    assert action.payload == Call("PATCH", "/channels/2007", {"name": "reds"}, TEXT)


def test_staff_can_keep_the_name_from_discord_until_it_changes_again():
    kept, owner = compare_name(TEXT, "ours", "reds", name=(DriftChoice.KEEP, "ours"))
    assert list(rename(kept, owner, TEXT, "reds")) == []
    changed, owner = compare_name(TEXT, "theirs", "reds", name=(DriftChoice.KEEP, "ours"))
    (issue,) = rename(changed, owner, TEXT, "reds")
    assert isinstance(issue, Issue)


@pytest.mark.parametrize("key", ["role:7", TEXT])
def test_the_name_of_what_is_not_there_is_not_written(key):
    one = group()
    diff = compare(want(one), lose(see(want(one)), key))
    assert list(rename(diff, Owner.of(one), key, "blues")) == []


# -- places --------------------------------------------------------------------------------------


def move(parent: int | None, **chosen: tuple[str, str]) -> tuple[Diff, Owner]:
    one = group()
    guild = change(see(want(one)), TEXT, parent_id=parent)
    wanted = want(one)
    records = {**wanted.records, **record(TEXT, "group-7", **chosen)}
    return compare(replace(wanted, records=records), guild), Owner.of(one)


def restore_place(diff: Diff, owner: Owner) -> list[Item]:
    return list(restore_category(diff, owner, TEXT, CATEGORY))


def test_a_channel_in_its_category_stays_there():
    assert restore_place(*move(id_for(CATEGORY))) == []


def test_a_channel_without_a_category_is_put_into_its_own():
    assert restore_place(*move(None)) == [
        Action(
            key="edit text_channel:7 parent_id",
            kind="channels",
            verb="edit",
            target="“group-7”",
            why="it is not in a category",
            group_id=7,
            cohort_id=5,
            rank=41,
            repeatable=True,
            payload=Call("PATCH", "/channels/2007", {"parent_id": "5051"}, TEXT),
        )
    ]


def test_a_channel_that_was_moved_is_left_to_staff():
    diff, owner = move(77)
    detail = "“group-7” is no longer in “Course 5”"
    assert restore_place(diff, owner) == [Issue(7, "channel_moved", detail)]
    assert restore_place(diff, Owner(5, None, None)) == []


def test_staff_can_move_a_channel_back():
    (action,) = restore_place(*move(77, place=(DriftChoice.APPLY, "77")))
    assert isinstance(action, Action)
    assert (action.kind, action.target) == ("channels", "“group-7”")
    assert (action.why, action.group_id) == ("staff chose its category", 7)
    assert action.payload == Call("PATCH", "/channels/2007", {"parent_id": "5051"}, TEXT)


def test_staff_can_leave_a_channel_where_it_is_until_it_is_moved_again():
    assert restore_place(*move(77, place=(DriftChoice.KEEP, "77"))) == []
    (issue,) = restore_place(*move(78, place=(DriftChoice.KEEP, "77")))
    assert isinstance(issue, Issue)


@pytest.mark.parametrize("key", [TEXT, CATEGORY])
def test_nothing_is_moved_if_the_channel_or_its_category_is_not_there(key):
    diff, owner = move(None)
    diff = replace(diff, observed=lose(diff.observed, key))
    assert restore_place(diff, owner) == []


def test_an_imported_channel_stays_where_it_is():
    diff, owner = move(None)
    records = {**diff.desired.records, **record(TEXT, "")}
    diff = replace(diff, desired=replace(diff.desired, records=records))
    assert restore_place(diff, owner) == []


# -- permissions that people in Discord added ----------------------------------------------------


def added(key: str, *overwrites: Overwrite, **more: Any) -> list[AddedPermissions]:
    wanted = want(group(7), group(8), ended(9))
    wanted = replace(wanted, records={**wanted.records, **more.get("records", {})})
    return list(find_added(compare(wanted, put(see(wanted), key, *overwrites)), key))


@pytest.mark.parametrize("key", [TEXT, "voice_channel:7", "cohort_channel:5", CATEGORY])
def test_nothing_was_added_where_everything_is_as_desired(key):
    assert added(key) == []


@pytest.mark.parametrize("key", [TEXT, "cohort_channel:5"])
def test_what_was_added_for_our_role_is_found_beside_what_we_give(key):
    more = Overwrite(ROLE_ID, ROLE, MEMBER_TEXT | ADD_REACTIONS, SPEAK)
    ours = Overwrite(ROLE_ID, ROLE, MEMBER_TEXT, 0)
    assert added(key, more) == [AddedPermissions(ROLE_ID, ADD_REACTIONS, SPEAK, ours)]


def test_what_was_added_for_everyone_in_a_category_is_found():
    ours = Overwrite(GUILD, ROLE, 0, VIEW_CHANNEL)
    more = replace(ours, allow=ADD_REACTIONS)
    assert added(CATEGORY, more) == [AddedPermissions(GUILD, ADD_REACTIONS, 0, ours)]


@pytest.mark.parametrize("key", [TEXT, "voice_channel:7", "cohort_channel:5", CATEGORY])
def test_another_role_is_found_in_every_channel_and_a_person_in_none(key):
    role, person = (Overwrite(77, kind, VIEW_CHANNEL, 0) for kind in (ROLE, MEMBER))
    assert added(key, role) == [AddedPermissions(77, VIEW_CHANNEL, 0)]
    assert added(key, person) == []


@pytest.mark.parametrize("other", ["role:8", "role:9"])
def test_another_groups_role_belongs_only_where_the_cohort_meets(other):
    overwrite = Overwrite(id_for(other), ROLE, VIEW_CHANNEL, 0)
    for key in (TEXT, "voice_channel:7"):
        assert added(key, overwrite) == [AddedPermissions(id_for(other), VIEW_CHANNEL, 0)]
    assert added(CATEGORY, overwrite) == []


def test_an_imported_channel_came_with_the_roles_that_it_has():
    overwrite = Overwrite(77, ROLE, VIEW_CHANNEL, 0)
    assert added(TEXT, overwrite, records=record(TEXT, "")) == []


@pytest.mark.parametrize("lost", [TEXT, "role:7"])
def test_nothing_was_added_if_the_channel_or_its_own_role_is_not_listed(lost):
    wanted = want(group())
    assert list(find_added(compare(wanted, lose(see(wanted), lost)), TEXT)) == []


def take(overwrite: Overwrite, choice: tuple[str, str]) -> list[Action]:
    """Return what is taken back after staff have chosen about this overwrite."""
    chosen = {f"overwrite:{overwrite.target}": choice}
    wanted = want(group())
    records = {**wanted.records, **record(TEXT, "group-7", **chosen)}
    wanted = replace(wanted, records=records)
    diff = compare(wanted, put(see(wanted), TEXT, overwrite))
    return list(take_back(diff, Owner.of(group()), TEXT))


def test_staff_can_take_back_what_was_added_for_our_role():
    more = Overwrite(ROLE_ID, ROLE, MEMBER_TEXT | ADD_REACTIONS, 0)
    body = {"type": 0, "allow": str(MEMBER_TEXT), "deny": "0"}
    path = "/channels/2007/permissions/1007"
    assert take(more, (DriftChoice.APPLY, f"{ADD_REACTIONS} 0")) == [
        Action(
            key="take back text_channel:7 1007",
            kind="channels",
            verb="take back",
            target="permissions of the role “Group 7 (Winter)” in “group-7”",
            why="staff chose what Lens gives",
            group_id=7,
            cohort_id=5,
            rank=0,
            repeatable=True,
            payload=Call("PUT", path, body, TEXT, subject=ROLE_ID),
        )
    ]


def test_staff_can_take_a_channel_back_from_another_role():
    (action,) = take(Overwrite(77, ROLE, VIEW_CHANNEL, 0), (DriftChoice.APPLY, "1024 0"))
    assert (action.group_id, action.rank) == (7, 0)
    assert action.payload == Call("DELETE", "/channels/2007/permissions/77", None, TEXT, subject=77)


@pytest.mark.parametrize(
    "choice", [(DriftChoice.KEEP, "1024 0"), (DriftChoice.APPLY, "2048 0"), ("", "")]
)
def test_nothing_is_taken_back_that_staff_did_not_choose(choice):
    assert take(Overwrite(77, ROLE, VIEW_CHANNEL, 0), choice) == []
