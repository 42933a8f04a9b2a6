"""The page's part for the bot: a visitor can be anyone in the guild."""

import re
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.lens.sandbox.client import Answer, Client
from tests.lens.sandbox.cohort import ADA, GRACE, Service, make_bot
from tests.support.running_sandbox import RunningSandbox

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def page(cohort: RunningSandbox) -> RunningSandbox:
    """A cohort and a bot that registered a command, and then went away."""
    make_bot(cohort)
    # No one answers here, and the page is not to wait for it.
    cohort.post("discord/settings", {"interaction_seconds": 0})
    return cohort


def read(page: RunningSandbox, search: str = "") -> str:
    html = unescape(Client(page.url).get(f"/?q={search}").body)
    begun = html.index('aria-labelledby="bot"')
    return " ".join(html[begun : html.index("</section>", begun)].split())


def send(page: RunningSandbox, **form: str) -> Answer:
    return Client(page.url).call("POST", "/bot", urlencode(form).encode(), FORM)


def newest(page: RunningSandbox) -> dict[str, Any]:
    shown: list[dict[str, Any]] = page.get("interactions")["interactions"]
    return shown[-1]


def test_an_empty_sandbox_says_what_will_be_where(sandbox: RunningSandbox) -> None:
    text = read(sandbox)
    for sentence in ("not connected", "No commands yet", "No one has used the bot yet"):
        assert sentence in text


def test_a_command_is_run_as_a_person_of_choice(page: RunningSandbox) -> None:
    assert "/group meetings" in read(page)
    form = {"command": "group meetings", "user": "grace", "option.week": "2", "option.note": ""}
    answer = send(page, **form)
    assert (answer.status, answer.headers["Location"]) == (303, "/#bot")
    shown = newest(page)
    assert (shown["user"], shown["kind"], shown["name"]) == (GRACE["id"], "command", "group")
    text = read(page)
    assert "<b>grace</b> ran <code>group</code>" in text
    assert "the bot did not respond" in text


def test_what_an_option_may_be_is_asked_for(page: RunningSandbox) -> None:
    page.post("discord/settings", {"interaction_seconds": 60})
    wish = {"user": ADA["id"], "command": "group meetings", "focus": "note"}
    focus = page.post("interactions", {**wish, "options": {"note": "ah"}})["id"]
    answer_with(page, focus, {"type": 8, "data": {"choices": [{"name": "Ahead", "value": "a"}]}})
    page.post("discord/settings", {"interaction_seconds": 0})
    form = {"command": "group meetings", "user": ADA["id"], "option.note": "ah", "focus": "note"}
    assert send(page, **form).status == 303
    assert newest(page)["kind"] == "focus"
    assert "Ahead <code>a</code>" in read(page)


def answer_with(page: RunningSandbox, interaction: str, body: Any) -> None:
    token = page.get("state")["discord"]["interactions"][interaction]["token"]
    Service(page).discord("POST", f"/api/v10/interactions/{interaction}/{token}/callback", body)


def test_a_button_in_a_channel_is_pressed_as_anyone(page: RunningSandbox) -> None:
    messages = page.get("state")["discord"]["messages"]
    question = next(m for held in messages.values() for m in held.values() if m["components"])
    html = Client(page.url).get("/").body
    assert f'name="message_id" value="{question["id"]}"' in html
    assert re.search(r'name="press" value="come">\s*I will come', html)
    assert send(page, user=ADA["id"], press="come", message_id=question["id"]).status == 303
    assert newest(page)["kind"] == "press"
    assert "<b>ada</b> pressed <code>come</code>" in read(page)


def test_an_answer_for_one_person_is_shown_as_such(page: RunningSandbox) -> None:
    page.post("discord/settings", {"interaction_seconds": 60})
    wish = {"user": ADA["id"], "command": "group meetings", "options": {"week": 1}}
    asked = page.post("interactions", wish)["id"]
    button = {"type": 2, "style": 1, "label": "Again", "custom_id": "again"}
    data = {
        "content": "<b>Monday</b>",
        "flags": 64,
        "components": [{"type": 1, "components": [button]}],
    }
    answer_with(page, asked, {"type": 4, "data": data})
    html = Client(page.url).get("/").body
    assert "only ada can see this" in html
    assert "&lt;b&gt;Monday&lt;/b&gt;" in html
    message = newest(page)["messages"][0]["id"]
    page.post("discord/settings", {"interaction_seconds": 0})
    assert send(page, user=ADA["id"], press="again", message_id=message).status == 303


def test_a_form_is_filled_in(page: RunningSandbox) -> None:
    assert "<b>Away</b>" in read(page)
    asked = newest(page)["id"]
    assert send(page, user=ADA["id"], submit=asked, **{"field.why": "Ill"}).status == 303
    assert newest(page)["kind"] == "submit"


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"command": "group meetings", "option.week": "two"}, "“two” is not a number"),
        ({"command": "group meetings"}, "The option week is required"),
        ({"command": "nothing"}, "not available to this person"),
        ({"command": "group meetings", "user": "mallory"}, "No one in the guild is called"),
        ({"press": "come", "message_id": "5"}, "cannot see a message 5"),
    ],
)
def test_what_cannot_be_done_is_reported_on_the_page(
    page: RunningSandbox, form: dict[str, str], sentence: str
) -> None:
    answer = send(page, **{"user": ADA["id"], **form})
    assert answer.status == 400
    assert sentence in unescape(answer.body)


def test_people_are_moved_through_voice_channels(page: RunningSandbox) -> None:
    channels = page.get("state")["discord"]["channels"].values()
    voice = next(channel["id"] for channel in channels if channel["name"] == "Voice 1")
    for channel, there in ((voice, True), ("", False)):
        form = urlencode({"user": ADA["id"], "channel_id": channel}).encode()
        assert Client(page.url).call("POST", "/voice", form, FORM).status == 303
        assert (ADA["id"] in page.get("state")["discord"]["voice"]) is there
        assert ('<span class="chip good">ada</span>' in Client(page.url).get("/").body) is there
    form = urlencode({"user": GRACE["id"], "channel_id": voice}).encode()
    assert Client(page.url).call("POST", "/voice", form, FORM).status == 400


def test_a_search_finds_what_was_used_and_the_person(page: RunningSandbox) -> None:
    assert "<b>ada</b> ran" in read(page, "ada")
    assert "No interaction matches “grace”" in read(page, "grace")
