"""Discord's OAuth2: who may have a code, what it gives, and for how long."""

import base64
import json
from http.client import HTTPConnection
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from discordsync.sandbox import DiscordSandbox
from discordsync.sandbox.oauth.oauth_page import STRANGER
from tests.discordsync.sandbox.server import ADA, Reply, Server

CLIENT = "100000000000000002"
BACK = "http://127.0.0.1:8000/sign-in/discord/callback/"
ASKED = {
    "client_id": CLIENT,
    "redirect_uri": BACK,
    "response_type": "code",
    "scope": "identify email",
    "state": "of this browser",
}


def ask(guild: Server, method: str, target: str, form: dict[str, str] | None = None, **headers):
    """(status, text, Location) of a request to any address of the sandbox."""
    connection = HTTPConnection("127.0.0.1", guild.port, timeout=10)
    sent = {"Content-Type": "application/x-www-form-urlencoded"} if form is not None else {}
    try:
        body = urlencode(form) if form is not None else None
        connection.request(method, target, body=body, headers={**sent, **headers})
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), answer.getheader("Location")
    finally:
        connection.close()


def decide(guild: Server, decision: str = "allow", user: str = ADA, **asked: str):
    """What the address that one is sent back to receives."""
    form = {**ASKED, "decision": decision, "user_id": user, **asked}
    status, text, location = ask(guild, "POST", "/oauth2/authorize", form)
    assert status == 302, text
    assert location.startswith(asked.get("redirect_uri", BACK))
    return dict(parse_qsl(urlsplit(location).query))


def spend(guild: Server, code: str, door: str = "/api/oauth2/token", **changed: str) -> Reply:
    form = {
        "client_id": CLIENT,
        "client_secret": "sandbox-secret",
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": BACK,
        **changed,
    }
    status, text, _ = ask(guild, "POST", door, form)
    return Reply(status, json.loads(text), {})


def whoami(guild: Server, token: str) -> Reply:
    return guild.call("GET", "/users/@me", headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def ada(guild: Server) -> dict[str, Any]:
    """Ada's account with an address that Discord has verified."""
    return guild.control(
        "account",
        {"id": ADA, "email": "ada@example.org", "verified": True, "global_name": "Ada L."},
    )


def test_the_page_lets_one_choose_who_one_is(guild: Server, ada):
    status, text, _ = ask(guild, "GET", f"/oauth2/authorize?{urlencode(ASKED)}")
    assert status == 200
    assert "Ada L. <small>ada@example.org</small>" in text
    assert "stranger <small>stranger@example.net; not in the server</small>" in text
    assert "Lens" not in text.split("<form")[1]  # a bot is no one who signs in
    assert f'name="state" value="{ASKED["state"]}"' in text


def test_a_name_on_the_page_is_text_and_no_page_of_its_own(guild: Server):
    guild.control("account", {"id": ADA, "global_name": "<script>alert(1)</script>"})
    _, text, _ = ask(guild, "GET", f"/oauth2/authorize?{urlencode({**ASKED, 'state': '<b>'})}")
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    assert 'value="&lt;b&gt;"' in text


@pytest.mark.parametrize("door", ["/api/oauth2/token", "/api/v10/oauth2/token"])
def test_a_code_becomes_a_token_and_the_token_shows_who_it_is(guild: Server, ada, door):
    told = decide(guild)
    assert told["state"] == ASKED["state"]
    given = spend(guild, told["code"], door)
    assert given.status == 200
    assert given.body["token_type"] == "Bearer"
    assert given.body["expires_in"] == 604_800
    assert given.body["scope"].split() == ["email", "identify"]
    me = whoami(guild, given.body["access_token"])
    assert me.status == 200
    assert (me.body["id"], me.body["username"], me.body["global_name"]) == (ADA, "ada", "Ada L.")
    assert (me.body["email"], me.body["verified"]) == ("ada@example.org", True)


def test_the_client_may_prove_itself_by_the_header_too(guild: Server, ada):
    form = {
        "grant_type": "authorization_code",
        "code": decide(guild)["code"],
        "redirect_uri": BACK,
    }
    basic = base64.b64encode(f"{CLIENT}:sandbox-secret".encode()).decode()
    status, text, _ = ask(guild, "POST", "/api/oauth2/token", form, Authorization=f"Basic {basic}")
    assert (status, json.loads(text)["token_type"]) == (200, "Bearer")


def test_without_the_scope_the_address_is_left_out(guild: Server, ada):
    token = spend(guild, decide(guild, scope="identify")["code"]).body["access_token"]
    assert not {"email", "verified"} & whoami(guild, token).body.keys()


def test_the_bot_still_gets_its_own_user(guild: Server):
    assert guild.call("GET", "/users/@me").body["id"] == guild.bot


def test_a_code_is_good_once_and_what_it_gave_ends_when_it_is_used_again(guild: Server, ada):
    code = decide(guild)["code"]
    token = spend(guild, code).body["access_token"]
    again = spend(guild, code)
    assert (again.status, again.body["error"]) == (400, "invalid_grant")
    assert whoami(guild, token).error == (401, 0)


@pytest.mark.parametrize(
    ("changed", "status", "error"),
    [
        ({"code": "never given"}, 400, "invalid_grant"),
        ({"redirect_uri": BACK + "?"}, 400, "invalid_grant"),
        ({"client_id": "100000000000000003"}, 400, "invalid_grant"),
        ({"client_id": "lens"}, 401, "invalid_client"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_secret": ""}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
def test_a_mismatch_is_refused_in_oauths_form(guild: Server, ada, changed, status, error):
    code = decide(guild)["code"]
    refused = spend(guild, **{"code": code, **changed})
    assert (refused.status, refused.body["error"]) == (status, error)
    assert spend(guild, code).status == 200  # the code is not lost by it


# The example of RFC 7636, appendix B.
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_a15_a_code_of_a_challenge_needs_its_verifier_and_one_without_takes_none(
    guild: Server, ada
):
    asked = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    code = decide(guild, **asked)["code"]
    for wrong in ({}, {"code_verifier": VERIFIER[:-1]}):
        assert spend(guild, code, **wrong).body["error"] == "invalid_grant"
    assert spend(guild, code, code_verifier=VERIFIER).status == 200
    plain = decide(guild)["code"]
    assert spend(guild, plain, code_verifier=VERIFIER).body["error"] == "invalid_grant"


def test_a_code_ends_after_a_minute_or_so(guild: Server, ada):
    code = decide(guild)["code"]
    guild.pass_time(seconds=101)
    assert spend(guild, code).body["error"] == "invalid_grant"


def test_the_token_door_takes_forms_only(guild: Server):
    refused = guild.call("POST", "/oauth2/token", {"grant_type": "authorization_code"})
    assert refused.error == (400, 50035)


def test_a_token_ends_by_its_time_and_is_renewed_by_the_other(guild: Server, ada):
    first = spend(guild, decide(guild)["code"]).body
    guild.pass_time(days=7)
    assert whoami(guild, first["access_token"]).status == 401
    second = spend(guild, "", grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert whoami(guild, second.body["access_token"]).status == 200
    again = spend(guild, "", grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert (again.status, again.body["error"]) == (400, "invalid_grant")


def test_a_token_that_is_revoked_says_nothing_any_more(guild: Server, ada):
    given = spend(guild, decide(guild)["code"]).body
    other = spend(
        guild,
        "",
        "/api/oauth2/token/revoke",
        token=given["access_token"],
        client_id="100000000000000003",
    )
    assert (other.status, whoami(guild, given["access_token"]).status) == (200, 200)
    assert spend(guild, "", "/api/oauth2/token/revoke", token=given["refresh_token"]).body == {}
    assert whoami(guild, given["access_token"]).status == 401


def test_a_person_who_declines_is_sent_back_with_that(guild: Server, ada):
    assert decide(guild, "deny") == {
        "error": "access_denied",
        "error_description": "The resource owner or authorization server denied the request",
        "state": ASKED["state"],
    }
    assert guild.state["oauth"]["codes"] == {}


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": "lens"},
        {"redirect_uri": "https://evil.example/"},
        {"redirect_uri": "http://127.0.0.1.evil.example/"},
        {"redirect_uri": ""},
        {"response_type": "token"},
        {"scope": ""},
        {"scope": "identify everything"},
        {"prompt": "always"},
        {"code_challenge": "a" * 43},
        {"code_challenge": "a" * 43, "code_challenge_method": "plain"},
        {"code_challenge": "short", "code_challenge_method": "S256"},
        {"code_challenge_method": "S256"},
    ],
)
def test_an_invalid_request_is_reported_here_and_redirects_no_one(guild: Server, changed):
    asked = {**ASKED, **changed}
    for method, target, form in (
        ("GET", f"/oauth2/authorize?{urlencode(asked)}", None),
        ("POST", "/oauth2/authorize", {**asked, "decision": "allow", "user_id": ADA}),
    ):
        status, text, location = ask(guild, method, target, form)
        assert (status, location) == (400, None)
        assert "Invalid request" in text
        assert "evil" not in text


def test_only_registered_addresses_are_sent_to_where_there_are_any(guild: Server, ada):
    guild.set(redirect_uris=["https://lens.example.org/callback/"])
    assert ask(guild, "GET", f"/oauth2/authorize?{urlencode(ASKED)}")[0] == 400
    assert "code" in decide(guild, redirect_uri="https://lens.example.org/callback/")


def test_an_account_outside_the_guild_is_no_member(guild: Server):
    token = spend(guild, decide(guild, user=STRANGER["id"])["code"]).body["access_token"]
    assert whoami(guild, token).body["email"] == STRANGER["email"]
    assert STRANGER["id"] not in guild.state["members"]


@pytest.mark.parametrize("user", ["", "200000000000000077", "the bot"])
def test_no_one_can_sign_in_as_an_unknown_account(guild: Server, user):
    form = {**ASKED, "decision": "allow", "user_id": guild.bot if user == "the bot" else user}
    assert ask(guild, "POST", "/oauth2/authorize", form)[0] == 400


def test_members_named_again_keep_their_addresses(guild: Server, ada):
    guild.control("members", [{"id": ADA, "username": "ada", "dm_closed": True}])
    assert guild.state["users"][ADA]["email"] == "ada@example.org"
    assert guild.state["users"][ADA]["dm_closed"] is True
    guild.control("join", {"id": ADA, "username": "ada", "email": "new@example.org"})
    assert guild.state["users"][ADA]["email"] == "new@example.org"


def test_what_was_granted_outlives_a_restart_and_an_older_dump_has_none(guild: Server, ada):
    token = spend(guild, decide(guild)["code"]).body["access_token"]
    held = guild.state
    guild.on_server(lambda: guild.sandbox.load(held))
    assert whoami(guild, token).status == 200
    older = {name: value for name, value in held.items() if name != "oauth"}
    other = DiscordSandbox(now=guild.clock.now)
    other.load(older)
    assert other.dump()["oauth"] == {"codes": {}, "grants": {}}


def test_an_address_with_a_query_keeps_it(guild: Server, ada):
    told = decide(guild, redirect_uri=BACK + "?a=1")
    assert (told["a"], "code" in told) == ("1", True)


def test_a_picture_is_served_as_long_as_it_is_the_persons(guild: Server):
    picture = "a1b2c3d4e5f60718293a4b5c6d7e8f90"
    guild.control("account", {"id": ADA, "avatar": picture})
    assert ask_for_picture(guild, f"/avatars/{ADA}/{picture}.png").startswith(b"\x89PNG")
    for other in (f"/avatars/{ADA}/{'0' * 32}.png", f"/avatars/7/{picture}.png", "/avatars/7/x"):
        assert ask_for_picture(guild, other) == b""


def ask_for_picture(guild: Server, target: str) -> bytes:
    connection = HTTPConnection("127.0.0.1", guild.port, timeout=10)
    try:
        connection.request("GET", target)
        answer = connection.getresponse()
        body = answer.read()
        return body if answer.status == 200 else b""
    finally:
        connection.close()
