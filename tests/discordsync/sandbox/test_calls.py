"""What holds for every call: signing in, paths, bodies, reasons."""

import pytest

from tests.discordsync.sandbox.server import ADA, GUILD, Server


@pytest.mark.parametrize(
    "authorization", ["", "Bot secret", "Bearer sandbox-test", "sandbox-test", "Bot"]
)
def test_a_token_that_is_no_sandbox_token_is_refused(guild: Server, authorization: str) -> None:
    reply = guild.call("GET", "/users/@me", headers={"Authorization": authorization})
    assert (reply.status, reply.body) == (401, {"message": "401: Unauthorized", "code": 0})


@pytest.mark.parametrize("token", ["sandbox", "sandbox-local", "sandbox.a.b"])
def test_any_token_that_begins_with_sandbox_is_taken(guild: Server, token: str) -> None:
    reply = guild.call("GET", "/users/@me", headers={"Authorization": f"Bot {token}"})
    assert reply.status == 200


def test_another_guild_is_unknown_and_what_is_below_it_out_of_reach(guild: Server) -> None:
    assert guild.call("GET", "/guilds/100000000000000009").error == (404, 10004)
    assert guild.call("GET", "/guilds/100000000000000009/channels").error == (403, 50001)


def test_an_id_that_is_no_snowflake_is_a_form_error(guild: Server) -> None:
    reply = guild.call("GET", "/channels/general")
    assert reply.error == (400, 50035)
    assert reply.body["errors"]["channel_id"]["_errors"][0]["code"] == "NUMBER_TYPE_COERCE"


def test_unknown_paths_and_wrong_methods_are_distinguished(guild: Server) -> None:
    assert guild.call("GET", "/nonsense").error == (404, 0)
    assert guild.call("PUT", "/users/@me").error == (405, 0)
    assert guild.call("GET", "/nonsense", headers={"Authorization": "Bot x"}).status == 401


@pytest.mark.parametrize("raw", [b"{", b"\xff", b'{"name": 1' + b"0" * 5000 + b"}"])
def test_a_body_that_is_no_json_is_refused(guild: Server, raw: bytes) -> None:
    assert guild.call("POST", f"/guilds/{GUILD}/roles", raw=raw).error == (400, 50109)


def test_a_body_that_is_no_record_is_refused(guild: Server) -> None:
    assert guild.call("POST", f"/guilds/{GUILD}/roles", [1]).error == (400, 50035)


def test_a_body_of_another_type_is_refused(guild: Server) -> None:
    reply = guild.call(
        "POST", f"/guilds/{GUILD}/roles", raw=b"name=x", headers={"Content-Type": "text/plain"}
    )
    assert reply.body["errors"]["_errors"][0]["code"] == "CONTENT_TYPE_INVALID"


def test_json_carries_no_charset_and_an_empty_answer_no_type(guild: Server) -> None:
    role = guild.make("role", name="Group 1")
    assert guild.call("GET", "/users/@me").headers["content-type"] == "application/json"
    reply = guild.call("PUT", f"/guilds/{GUILD}/members/{ADA}/roles/{role}")
    assert reply.status == 204
    assert "json" not in reply.headers.get("content-type", "")


def test_a_reason_longer_than_512_characters_is_refused(guild: Server) -> None:
    reply = guild.call("POST", f"/guilds/{GUILD}/roles", {"name": "x"}, reason="é" * 513)
    assert reply.error == (400, 50035)
    assert len(guild.state["roles"]) == 2


def test_all_that_is_wrong_with_a_body_is_reported_at_once(guild: Server) -> None:
    body = {"type": 99, "topic": "t" * 1025, "permission_overwrites": [{"id": "1"}, {"id": "x"}]}
    errors = guild.call("POST", f"/guilds/{GUILD}/channels", body).body["errors"]
    assert errors["name"]["_errors"][0]["code"] == "BASE_TYPE_REQUIRED"
    assert errors["type"]["_errors"][0]["code"] == "BASE_TYPE_CHOICES"
    assert errors["topic"]["_errors"][0]["code"] == "BASE_TYPE_MAX_LENGTH"
    at_second = errors["permission_overwrites"]["1"]["id"]
    assert at_second["_errors"][0]["code"] == "NUMBER_TYPE_COERCE"


@pytest.mark.parametrize("limit", ["0", "1001", "many"])
def test_a_limit_out_of_range_is_a_form_error(guild: Server, limit: str) -> None:
    reply = guild.call("GET", f"/guilds/{GUILD}/members", query={"limit": limit})
    assert reply.error == (400, 50035)
