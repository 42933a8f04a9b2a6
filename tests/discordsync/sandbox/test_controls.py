"""The control door's work: people come and go, someone edits by hand, settings change."""

from typing import Any

import pytest

from discordsync.sandbox.permissions import LEAST_PRIVILEGED
from tests.discordsync.sandbox.server import ADA, BEN, CLEO, GUILD, PEOPLE, Server


def names(guild: Server) -> set[str]:
    held = guild.state
    return {held["users"][person]["username"] for person in held["members"]}


def test_members_replaces_who_is_in_the_guild(guild: Server) -> None:
    dora = {"id": "200000000000000004", "username": "dora"}
    assert guild.control("members", [PEOPLE[0], dora]) == {"members": 4}
    assert names(guild) == {"Lens", "owner", "ada", "dora"}


def test_who_stays_keeps_roles_and_joining_date(guild: Server) -> None:
    role = guild.make("role", name="Group 1")
    guild.control("grant", {"member": ADA, "role": role})
    before = guild.state["members"][ADA]
    guild.pass_time(days=1)
    guild.control("members", [{"id": ADA, "username": "ada lovelace"}])
    assert guild.state["members"][ADA] == before
    assert guild.state["users"][ADA]["username"] == "ada lovelace"


def test_who_comes_back_has_no_roles(guild: Server) -> None:
    role = guild.make("role", name="Group 1")
    guild.control("grant", {"member": ADA, "role": role})
    guild.control("leave", {"id": ADA})
    guild.control("join", PEOPLE[0])
    assert guild.state["members"][ADA]["roles"] == []


@pytest.mark.parametrize(
    "people",
    [
        "ada",
        [{"id": "x", "username": "ada"}],
        [{"id": ADA}],
        [{"id": ADA, "username": ""}],
        [{"id": ADA, "username": "ada", "dm_closed": "yes"}],
        [PEOPLE[0], 5],
    ],
)
def test_a_list_of_people_with_a_fault_changes_no_one(guild: Server, people: Any) -> None:
    before = guild.state
    with pytest.raises(ValueError, match=r".+"):
        guild.control("members", people)
    assert guild.state == before


def test_bot_and_owner_stay_and_the_bot_comes_once(guild: Server) -> None:
    for person in (guild.bot, guild.state["guild"]["owner_id"]):
        with pytest.raises(ValueError, match="cannot be removed"):
            guild.control("leave", {"id": person})
    with pytest.raises(ValueError, match="already"):
        guild.control("join", {"id": guild.bot, "username": "again"})


def test_work_by_hand_needs_no_permission_of_the_bots(guild: Server) -> None:
    guild.set(bot_permissions=0, everyone_permissions=0, two_factor=True)
    role = guild.make("role", name="Group 1")
    category = guild.make("channel", name="Cohort", type=4)
    channel = guild.make("channel", name="Group (1)", parent_id=category)
    guild.control("edit", {"kind": "channel", "id": channel, "fields": {"name": "General"}})
    guild.control("edit", {"kind": "role", "id": role, "fields": {"permissions": "8"}})
    guild.control("grant", {"member": ADA, "role": role})
    guild.control("grant", {"member": BEN, "role": role})
    guild.control("revoke", {"member": BEN, "role": role})
    guild.control("delete", {"kind": "channel", "id": category})
    held = guild.state
    assert held["channels"][channel]["name"] == "general"
    assert held["channels"][channel]["parent_id"] is None
    assert held["members"][ADA]["roles"] == [role]
    assert held["members"][BEN]["roles"] == []


def test_messages_and_events_are_deleted_by_hand(guild: Server) -> None:
    voice = guild.make("channel", name="Voice", type=2)
    message = guild.make("message", channel_id=voice, content="hi")
    event = guild.make(
        "event",
        name="Week 1",
        channel_id=voice,
        privacy_level=2,
        entity_type=2,
        scheduled_start_time="2026-03-09T09:00:00Z",
    )
    moved = {"scheduled_start_time": "2026-03-10T09:00:00Z"}
    guild.control("edit", {"kind": "event", "id": event, "fields": moved})
    assert guild.state["events"][event]["start"] == "2026-03-10T09:00:00+00:00"
    guild.control("delete", {"kind": "message", "id": message})
    guild.control("delete", {"kind": "event", "id": event})
    assert guild.state["messages"][voice] == {}
    assert guild.state["events"] == {}


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("delete", {"kind": "channel", "id": CLEO}, "Unknown Channel"),
        ("delete", {"kind": "message", "id": CLEO}, "no message"),
        ("delete", {"kind": "server", "id": CLEO}, "`kind` must be one of channel, role"),
        ("delete", [], "`kind` must be one of"),
        ("delete", {"kind": "role"}, "id: This field is required"),
        ("edit", {"kind": "role", "id": CLEO, "fields": {}}, "Unknown Role"),
        ("edit", {"kind": "role", "id": CLEO}, "`fields` must be an object"),
        ("create", {"kind": "channel", "fields": {}}, "name: This field is required"),
        ("create", {"kind": "message", "fields": {"content": "x"}}, "channel_id"),
        ("grant", {"member": ADA, "role": CLEO}, "Unknown Role"),
        ("grant", {"member": ADA}, "role: This field is required"),
        ("leave", {"id": "5"}, "Unknown User"),
        ("settings", {"colour": "red"}, "There is no setting colour"),
        ("settings", {"members_intent": 1}, "members_intent: Must be either true or false"),
        ("settings", {"bot_role_position": 9}, "bot_role_position: int value"),
        ("settings", {"dm_limit": {"channels": 1}}, "dm_limit.minutes"),
        ("settings", "all", "dictionaries"),
    ],
)
def test_what_cannot_be_done_is_explained_in_a_sentence(
    guild: Server, name: str, data: Any, sentence: str
) -> None:
    before = guild.state
    with pytest.raises(ValueError, match=sentence):
        guild.control(name, data)
    assert {**guild.state, "last_id": None} == {**before, "last_id": None}


def test_settings_are_answered_whole_and_changed_together_or_not_at_all(guild: Server) -> None:
    shown = guild.control("settings", {})
    assert shown["bot_permissions"] == LEAST_PRIVILEGED
    assert shown["bot_role_position"] == 1
    with pytest.raises(ValueError, match="two_factor"):
        guild.control("settings", {"bot_permissions": 0, "two_factor": "perhaps"})
    assert guild.control("settings", {}) == shown


def test_the_bots_role_can_be_moved_among_the_others(guild: Server) -> None:
    low, high = guild.make("role", name="low"), guild.make("role", name="high")
    guild.set(bot_role_position=2)
    placed = {role["name"]: role["position"] for role in guild.state["roles"].values()}
    assert placed == {"@everyone": 0, "high": 1, "Lens": 2, "low": 3}
    path = f"/guilds/{GUILD}/roles"
    assert guild.call("PATCH", f"{path}/{high}", {"name": "a"}).status == 200
    assert guild.call("PATCH", f"{path}/{low}", {"name": "b"}).error == (403, 50013)
