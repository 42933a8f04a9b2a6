"""State: kept whole by dump and load, begun again by reset, faults in Discord's form."""

import json
from datetime import UTC, datetime

import pytest

from discordsync.sandbox import DiscordSandbox
from discordsync.sandbox.channels.channels import text_channel_name
from discordsync.sandbox.snowflakes import born_at, is_plausible, next_snowflake
from tests.discordsync.sandbox.server import ADA, GUILD, Server


def fill(guild: Server) -> None:
    voice = guild.make("channel", name="Voice", type=2)
    guild.control("grant", {"member": ADA, "role": guild.make("role", name="Group 1")})
    message = {"content": "hi", "nonce": "1", "enforce_nonce": True}
    guild.call("POST", f"/channels/{voice}/messages", message)
    guild.call("POST", "/users/@me/channels", {"recipient_id": ADA})
    guild.call("PUT", f"/channels/{voice}/permissions/{ADA}", {"type": 1, "allow": "1024"})


def test_a_dump_is_json_and_loading_it_changes_nothing(guild: Server) -> None:
    fill(guild)
    kept = json.loads(json.dumps(guild.state))
    other = DiscordSandbox(now=guild.clock.now)
    other.load(kept)
    assert other.dump() == guild.state
    assert other.view() == guild.on_server(guild.sandbox.view)
    assert other.guild.guild_id == GUILD


def test_a_dump_is_a_copy(guild: Server) -> None:
    guild.state["members"].clear()
    assert ADA in guild.state["members"]


def test_controls_work_on_what_was_loaded(guild: Server) -> None:
    other = DiscordSandbox(now=guild.clock.now)
    other.load(guild.state)
    other.controls["leave"]({"id": ADA})
    assert ADA not in other.dump()["members"]
    assert ADA in guild.state["members"]


def test_a_dump_from_before_a_setting_existed_gets_its_default(guild: Server) -> None:
    kept = guild.state
    del kept["settings"]["dm_limit"]
    other = DiscordSandbox(now=guild.clock.now)
    other.load(kept)
    assert other.dump() == guild.state


def test_reset_leaves_a_guild_with_its_owner_and_the_bot(guild: Server) -> None:
    fill(guild)
    guild.on_server(guild.sandbox.reset)
    held = guild.state
    assert len(held["members"]) == 2
    assert {role["name"] for role in held["roles"].values()} == {"@everyone", "Lens"}
    assert not any(held[kind] for kind in ("channels", "dms", "messages", "events", "audit"))


def test_a_reset_begins_with_default_settings(guild: Server) -> None:
    guild.set(members_intent=False)
    guild.on_server(guild.sandbox.reset)
    assert guild.control("settings", {})["members_intent"] is True


@pytest.mark.parametrize(
    ("path", "owned"),
    [
        ("/api/v10/users/@me", True),
        ("/api/v10/nonsense", True),
        ("/calendar/v3/calendars/x/events", False),
        ("/_sandbox/state", False),
        ("/", False),
    ],
)
def test_it_owns_discords_paths_and_no_others(guild: Server, path: str, owned: bool) -> None:
    assert guild.sandbox.owns(path) is owned


def test_an_injected_rate_limit_is_reported_as_discord_reports_it(guild: Server) -> None:
    response = guild.sandbox.fault_response(429, retry_after=2.5)
    assert json.loads(response.body) == {
        "message": "You are being rate limited.",
        "code": 0,
        "retry_after": 2.5,
        "global": False,
    }
    assert response.headers["Via"]
    assert float(response.headers["Retry-After"]) == 2.5
    assert response.headers["X-RateLimit-Remaining"] == "0"
    assert response.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("status", "code", "message", "body"),
    [
        (500, None, None, {"message": "500: Internal Server Error", "code": 0}),
        (403, None, None, {"message": "Missing Permissions", "code": 50013}),
        (404, 10003, "Unknown Channel", {"message": "Unknown Channel", "code": 10003}),
        (418, None, None, {"message": "418: Error", "code": 0}),
    ],
)
def test_other_injected_faults_carry_a_message_and_a_code(
    guild: Server, status: int, code: int | None, message: str | None, body: dict[str, object]
) -> None:
    response = guild.sandbox.fault_response(status, code=code, message=message)
    assert response.status == status
    assert json.loads(response.body) == body


def test_snowflakes_rise_even_within_a_millisecond_and_show_their_age() -> None:
    made = ["0"]
    for _ in range(5000):
        made.append(next_snowflake(made[-1]))
    assert sorted(set(made), key=int) == made
    assert abs((born_at(made[1]) - datetime.now(UTC)).total_seconds()) < 5


def test_a_snowflake_of_the_future_or_before_discord_is_not_plausible() -> None:
    assert is_plausible(next_snowflake("0"))
    assert not is_plausible("4194303")
    assert not is_plausible(str(int(next_snowflake("0")) * 2))


@pytest.mark.parametrize(
    ("sent", "written"),
    [("A  B", "a-b"), ("-x-", "x"), ("a - b", "a-b"), ("***", ""), ("ÄÖ 5", "äö-5")],
)
def test_a_text_channels_name_is_lower_case_with_dashes(sent: str, written: str) -> None:
    assert text_channel_name(sent) == written


def test_a_dump_from_before_there_were_commands_and_voices_is_loaded(guild: Server) -> None:
    older = guild.state
    for name in ("commands", "commands_made", "interactions", "voice"):
        del older[name]
    for name in ("gateway_open", "interaction_seconds"):
        del older["settings"][name]
    guild.on_server(lambda: guild.sandbox.load(older))
    held = guild.state
    assert (held["commands"], held["voice"], held["interactions"]) == ({}, {}, {})
    assert held["settings"]["gateway_open"] is True
    assert set(held["members"]) == set(older["members"])
