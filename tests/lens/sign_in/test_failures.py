"""Each way in which Discord, the network or someone's hand can spoil it: a page, never a 500."""

import logging
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from django.test import Client

from cohorts.models import User
from tests.lens.sign_in.conftest import ADA

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tell", "ada")]


def text_of(answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def check_page(answer, heading: str) -> None:
    """The page says what happened, and has a way on; no one is signed in or tied."""
    assert (answer.status_code, heading in text_of(answer)) == (403, True), text_of(answer)
    assert "Try again with Discord" in text_of(answer)
    assert 'href="/sign-in/"' in answer.content.decode()
    assert not answer.wsgi_request.user.is_authenticated
    assert not User.objects.filter(discord_id__isnull=False).exists()
    assert "no-store" in answer.headers["Cache-Control"]


def test_saying_no_at_discord(walk):
    check_page(walk.sign_in(decision="deny"), "You cancelled on Discord")
    walk.sign_in()
    assert walk.name == "Ada"


@pytest.mark.parametrize(
    "query", ["", "?code=abc", "?state=", "?code=abc&state=unknown", "?error=access_denied"]
)
def test_coming_back_without_the_state_of_this_browser(query, sandbox):
    answer = Client().get(f"/sign-in/discord/callback/{query}")
    check_page(answer, "This sign-in has expired")
    assert sandbox.calls() == []  # no one's code is tried


def test_the_state_of_another_browser_is_none(walk, sandbox):
    """Otherwise someone could be signed in as another without knowing."""
    back = walk.choose(walk.begin(), ADA)
    check_page(Client().get(back), "This sign-in has expired")
    assert sandbox.calls() == []


def test_a_state_is_good_once(walk, sandbox):
    back = walk.choose(walk.begin(), ADA)
    walk.come_back(back)
    assert walk.name == "Ada"
    again = walk.come_back(back)
    assert again.status_code == 403
    assert "You are signed in as Ada" in text_of(again)
    assert walk.name == "Ada"
    assert len(sandbox.calls(path="/api/v10/oauth2/token")) == 1


def test_a_code_that_discord_does_not_take(walk):
    back = re.sub(r"code=[^&]+", "code=forged", walk.choose(walk.begin(), ADA))
    check_page(walk.come_back(back), "Discord did not confirm your identity")


def test_an_error_that_discord_sends_along(walk):
    back = walk.choose(walk.begin(), ADA, "deny").replace("access_denied", "server_error")
    check_page(walk.come_back(back), "Discord did not confirm your identity")


def test_a_token_that_discord_does_not_take(walk, sandbox):
    sandbox.set_faults({"kind": "error", "status": 401, "path": "/users/@me$"})
    check_page(walk.sign_in(), "Discord did not confirm your identity")


@pytest.mark.parametrize("path", ["/oauth2/token$", "/users/@me$"])
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "unreachable"},
        {"kind": "drop"},
        {"kind": "error", "status": 500},
        {"kind": "error", "status": 503},
        {"kind": "rate_limit", "retry_after": 5},
    ],
)
def test_discord_is_down(walk, sandbox, path, fault):
    sandbox.set_faults({**fault, "path": path})
    check_page(walk.sign_in(), "Discord is not responding")
    sandbox.set_faults()
    walk.sign_in()
    assert walk.name == "Ada"


def test_discord_takes_too_long(walk, sandbox, settings):
    settings.SOCIALACCOUNT_REQUESTS_TIMEOUT = 0.2
    sandbox.set_faults({"kind": "hold", "path": "/oauth2/token$"})
    check_page(walk.sign_in(), "Discord is not responding")


def test_our_own_secret_is_wrong_and_the_operator_is_notified(walk, settings, caplog):
    settings.DISCORD_CLIENT_SECRET = "mistyped-secret"
    with caplog.at_level(logging.INFO):
        answer = walk.sign_in()
    check_page(answer, "Sign-in with Discord is unavailable")
    [told] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert "misconfigured (status 401)" in told.getMessage()
    assert "mistyped-secret" not in caplog.text


def test_no_secret_of_a_sign_in_is_logged_or_shown(walk, caplog, sandbox, settings):
    back = walk.choose(walk.begin(), ADA)
    code = re.search(r"code=([^&]+)", back).group(1)
    sandbox.set_faults({"kind": "error", "status": 400, "path": "/oauth2/token$"})
    with caplog.at_level(logging.DEBUG):
        answer = walk.come_back(back)
    for text in (caplog.text.replace(back, ""), answer.content.decode()):
        assert code not in text
        assert settings.DISCORD_CLIENT_SECRET not in text


NONSENSE = [
    b"",
    b"not json",
    b"[]",
    b'"access_token"',
    b'{"access_token": null}',
    b"{}",
    b'{"id": "x"}',
    b"\xff\xfe",
]


@pytest.fixture
def nonsense(settings):
    """A Discord that answers everything with the same bytes."""
    said = {"body": b"", "type": "application/json"}

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(200)
            if said["type"]:
                self.send_header("Content-Type", said["type"])
            self.send_header("Content-Length", str(len(said["body"])))
            self.end_headers()
            self.wfile.write(said["body"])

        do_GET = do_POST = answer  # noqa: N815 - its names

        def log_message(self, *args) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    settings.DISCORD_API_BASE = f"http://127.0.0.1:{server.server_port}/api/v10"
    yield said
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("body", "kind"),
    [(body, "application/json") for body in NONSENSE] + [(b"<html>", "text/html"), (b"{}", "")],
)
def test_an_answer_that_makes_no_sense(nonsense, body, kind):
    nonsense.update(body=body, type=kind)
    client = Client()
    address = client.post("/sign-in/discord/").headers["Location"]
    state = re.search(r"state=([^&]+)", address).group(1)
    answer = client.get(f"/sign-in/discord/callback/?code=abc&state={state}")
    check_page(answer, "Discord did not confirm your identity")


@pytest.mark.parametrize("which", [0, 1])
def test_two_windows_of_one_browser_may_begin_and_either_may_end(walk, which):
    begun = [walk.begin(), walk.begin()]
    walk.come_back(walk.choose(begun[which], ADA))
    assert walk.name == "Ada"
