"""The page's data: the guild as a person would see it."""

from discordsync.sandbox.permissions import Bit
from tests.discordsync.sandbox.server import ADA, GUILD, Server


def test_the_view_names_channels_people_roles_messages_and_events(guild: Server) -> None:
    role = guild.make("role", name="Group 1")
    guild.control("grant", {"member": ADA, "role": role})
    view = str(int(Bit.VIEW_CHANNEL))
    hidden = [
        {"id": GUILD, "type": 0, "deny": view},
        {"id": role, "type": 0, "allow": view},
    ]
    category = guild.make("channel", name="Cohort", type=4, permission_overwrites=hidden)
    text = guild.make("channel", name="group-1", parent_id=category, topic="a topic")
    voice = guild.make("channel", name="Voice", type=2, parent_id=category)
    guild.make("channel", name="general")
    guild.make("message", channel_id=text, content=f"Hello <@{ADA}>")
    guild.make(
        "event",
        name="Week 1",
        channel_id=voice,
        privacy_level=2,
        entity_type=2,
        scheduled_start_time="2026-03-09T09:00:00Z",
    )
    shown = guild.on_server(guild.sandbox.view)

    loose, cohort = shown["categories"]
    assert (loose["name"], [c["name"] for c in loose["channels"]]) == (None, ["general"])
    assert loose["channels"][0]["seen_by"] == ["ada", "ben", "cleo", "Lens", "owner"]
    assert (cohort["name"], cohort["seen_by"]) == ("Cohort", ["ada", "owner"])
    assert [(c["kind"], c["name"], c["topic"]) for c in cohort["channels"]] == [
        ("text", "group-1", "a topic"),
        ("voice", "Voice", None),
    ]
    assert cohort["channels"][0]["seen_by"] == ["ada", "owner"]
    assert cohort["channels"][0]["overwrites"] == [
        {"who": "@everyone", "allow": [], "deny": ["VIEW_CHANNEL"]},
        {"who": "Group 1", "allow": ["VIEW_CHANNEL"], "deny": []},
    ]
    assert [(r["name"], r["people"]) for r in shown["roles"]] == [
        ("Lens", ["Lens"]),
        ("Group 1", ["ada"]),
        ("@everyone", []),
    ]
    people = {person["name"]: person["roles"] for person in shown["people"]}
    assert people["ada"] == ["Group 1"]
    message = shown["messages"][0]
    assert (message["where"], message["author"], message["text"]) == (
        "group-1",
        "owner",
        f"Hello <@{ADA}>",
    )
    assert message["pinged"] == ["ada"]
    assert [(e["name"], e["channel"], e["status"]) for e in shown["events"]] == [
        ("Week 1", "Voice", "scheduled")
    ]


def test_the_view_shows_what_each_person_may_in_each_channel_they_see(guild: Server) -> None:
    closed = [{"id": ADA, "type": 1, "deny": str(int(Bit.SEND_MESSAGES))}]
    guild.make("channel", name="general", permission_overwrites=closed)
    access = {entry["name"]: entry for entry in guild.on_server(guild.sandbox.view)["access"]}
    assert access["ada"]["channels"][0]["may"] == ["VIEW_CHANNEL", "CONNECT", "SPEAK"]
    assert "SEND_MESSAGES" in access["ben"]["channels"][0]["may"]
