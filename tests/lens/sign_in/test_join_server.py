"""“Join the server”: the way of a browser over HTTP, and each answer of Discord."""

import logging
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from cohorts.models import AccessState
from cohorts.reconcile.controller import run_once
from cohorts.reconcile.services import create_missing_rows, request_sync
from discordsync.joining.states import note_adding
from tests.support.academy import Academy
from tests.support.sandbox import GUILD_ID

ADA, BEN = 200000000000000001, 200000000000000002
SET_UP = "/meetings/set-up/"


@pytest.fixture
def ada(walk, tell, ada):
    ada.discord_id = ADA
    ada.save()
    for number, name in ((ADA, "ada"), (BEN, "ben")):
        walk.sandbox.post("account", {"id": str(number), "username": name})
    walk.client.force_login(ada)
    return ada


@pytest.fixture
def members(sandbox):
    return lambda: sandbox.get("state")["discord"]["members"]


def begin(walk) -> str:
    answer = walk.client.post("/sign-in/discord/join/")
    assert answer.status_code == 302
    return answer.headers["Location"]


def press(walk, user: int = ADA, decision: str = "allow") -> str:
    """Press the button, decide at Discord, come back; the text of the page that follows."""
    back = walk.choose(begin(walk), user, decision)
    return walk.client.get(back, follow=True).content.decode().replace("&#x27;", "'")


def test_it_is_offered_only_if_the_bot_may_create_invites(walk, ada, sandbox):
    """As the last observation showed; the check of the set-up says what is missing."""
    academy = Academy(datetime.now(UTC).replace(second=0, microsecond=0), groups="A")
    academy.groups["A"].memberships.create(user=ada)
    create_missing_rows([academy.groups["A"].pk])
    for bits, offered in ((1 << 10, False), (1 << 10 | 1, True), (1 << 3, True)):
        sandbox.post("discord/settings", {"bot_permissions": bits, "everyone_permissions": 0})
        request_sync([academy.groups["A"].pk])
        run_once("discord")
        assert ("/sign-in/discord/join/" in walk.client.get(SET_UP).content.decode()) is offered
        expected = 302 if offered else 404
        assert walk.client.post("/sign-in/discord/join/").status_code == expected


def test_d8_whoever_consents_is_in_the_server_without_roles_and_no_token_is_kept(
    walk, ada, members, caplog
):
    note_adding(may=True)
    caplog.set_level(logging.DEBUG)
    address = begin(walk)
    [scope] = parse_qs(urlsplit(address).query)["scope"]
    assert sorted(scope.split()) == ["guilds.join", "identify"]  # in any order
    page = walk.client.get(walk.choose(address, ADA), follow=True).content.decode()
    assert "You have joined the server." in page
    assert members()[str(ADA)]["roles"] == []
    assert walk.name == "Ada"  # still signed in
    grants = walk.sandbox.get("state")["discord"]["oauth"]["grants"].values()
    tokens = [grant["access"] for grant in grants]
    assert tokens
    assert not any(token in caplog.text for token in tokens)
    assert not any(token in str(dict(walk.client.session)) for token in tokens)
    assert "You are in the server already." in press(walk)


def test_the_token_of_another_account_adds_no_one(walk, ada, members):
    note_adding(may=True)
    assert "another Discord account than the one we know" in press(walk, BEN)
    assert members().keys().isdisjoint({str(ADA), str(BEN)})
    assert walk.name == "Ada"


def test_who_cancels_at_discord_joins_nothing(walk, ada, members):
    note_adding(may=True)
    page = press(walk, decision="deny")
    assert "Discord did not confirm that you want to join. Try again." in page
    assert "Check my set-up" in page
    assert "sign in with a password" not in page
    assert str(ADA) not in members()


def test_who_comes_back_while_discord_is_down_is_told_so_where_they_pressed(walk, ada, sandbox):
    note_adding(may=True)
    address = begin(walk)
    back = walk.choose(address, ADA)
    sandbox.set_faults({"kind": "error", "path": "/oauth2/token", "status": 503})
    page = walk.client.get(back, follow=True).content.decode()
    assert "Discord is not responding. Try again in a minute." in page
    assert "Check my set-up" in page


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"banned": [str(ADA)]}, "You are banned from the server."),
        ({"in_too_many_guilds": [str(ADA)]}, "Your Discord account is in too many servers."),
        (
            {"bot_permissions": 1 << 10, "everyone_permissions": 0},
            "Use the invitation link instead.",
        ),
        ({"two_factor": True}, "You have joined the server."),
    ],
    ids=str,
)
def test_each_answer_of_discord_has_its_sentence(walk, ada, sandbox, changed, sentence):
    note_adding(may=True)
    sandbox.post("discord/settings", changed)
    assert sentence in press(walk)


def test_d9_who_has_to_accept_the_rules_is_shown_as_such(walk, ada, sandbox, members):
    note_adding(may=True)
    sandbox.post("discord/settings", {"membership_screening": True})
    assert "Accept its rules in Discord" in press(walk)
    assert members()[str(ADA)]["pending"] is True


def test_someone_without_an_account_or_signed_out_is_not_sent_to_discord(walk, ada):
    note_adding(may=True)
    ada.discord_id = None
    ada.save()
    walk.client.force_login(ada)
    assert walk.client.post("/sign-in/discord/join/").status_code == 404
    walk.client.logout()
    assert walk.client.post("/sign-in/discord/join/").headers["Location"].startswith("/sign-in/")
    assert walk.client.get("/sign-in/discord/join/").status_code == 302


def test_the_sandbox_refuses_a_token_as_discord_does(walk, ada, sandbox):
    """Unknown, of another person, without the scope: 50025; without Create Invite: 50013."""
    note_adding(may=True)
    walk.choose(walk.begin(), ADA)
    press(walk, BEN)
    grants = sandbox.get("state")["discord"]["oauth"]["grants"].values()
    of_ben = next(one["access"] for one in grants if one["user_id"] == str(BEN))
    url = f"{sandbox.discord_api_base}/guilds/{GUILD_ID}/members/{ADA}"
    bot = {"Authorization": "Bot sandbox"}

    def put(body):
        answer = requests.put(url, json=body, headers=bot, timeout=10)
        return answer.status_code, answer.json()["code"]

    assert put({"access_token": "nothing"}) == (403, 50025)
    assert put({"access_token": of_ben}) == (403, 50025)
    assert put({}) == (400, 50035)
    assert put({"access_token": of_ben, "roles": ["1"]}) == (404, 10011)
    sandbox.post("discord/settings", {"bot_permissions": 1 << 10, "everyone_permissions": 0})
    assert put({"access_token": of_ben}) == (403, 50013)
    assert not AccessState.objects.exists()
