"""First answers and what follows them: in time, once, of the right kind, rightly seen."""

from typing import Any

import pytest

from tests.discordsync.sandbox.interactions.playing import (
    HIDDEN,
    Bot,
    People,
    button,
    menu,
    row,
)
from tests.discordsync.sandbox.server import ADA, BEN, Server

TEXT = {"content": "hello"}
FIELD = {"type": 4, "custom_id": "why", "style": 1, "label": "Why?", "max_length": 20}
FORM = {"custom_id": "form", "title": "Away", "components": [row(FIELD)]}


@pytest.fixture
def asked(bot: Bot, people: People) -> str:
    """Ada has run /echo."""
    return people.run("echo", text="hi")


def test_an_answer_is_in_the_channel(bot: Bot, people: People, channel: str, asked: str) -> None:
    assert people.sees(asked)["state"] == "waiting"
    assert bot.answer(asked, 4, TEXT).status == 204
    assert people.sees(asked)["state"] == "answered"
    (message,) = bot.guild.call("GET", f"/channels/{channel}/messages").body
    assert message["content"] == "hello"
    assert (message["type"], message["application_id"]) == (20, bot.guild.bot)
    assert message["interaction_metadata"]["user"]["id"] == ADA


def test_a_hidden_answer_is_in_no_channel(
    bot: Bot, people: People, channel: str, asked: str
) -> None:
    bot.answer(asked, 4, {**TEXT, "flags": HIDDEN})
    assert bot.guild.call("GET", f"/channels/{channel}/messages").body == []
    (message,) = people.sees(asked)["messages"]
    assert (message["content"], message["ephemeral"]) == ("hello", True)
    path = f"/channels/{channel}/messages/{message['id']}"
    assert bot.guild.call("GET", path).error == (404, 10008)
    assert bot.follow(asked, "GET", message="@original").body["flags"] == HIDDEN


def test_it_is_answered_once(bot: Bot, people: People, asked: str) -> None:
    bot.answer(asked, 4, TEXT)
    assert bot.answer(asked, 4, {"content": "again"}).error == (400, 40060)
    assert people.texts(asked) == ["hello"]


def test_after_three_seconds_it_is_too_late(bot: Bot, people: People, asked: str) -> None:
    bot.guild.pass_time(seconds=3.5)
    assert people.sees(asked)["state"] == "failed"
    assert bot.answer(asked, 5).error == (404, 10062)
    assert people.texts(asked) == []


def test_a_longer_patience_can_be_set(bot: Bot, asked: str) -> None:
    bot.guild.set(interaction_seconds=60)
    bot.guild.pass_time(seconds=59)
    assert bot.answer(asked, 4, TEXT).status == 204


def test_no_one_answers_without_the_token(bot: Bot, asked: str) -> None:
    body = {"type": 4, "data": TEXT}
    wrong = bot.guild.call("POST", f"/interactions/{asked}/wrong/callback", body)
    assert wrong.error == (404, 10062)
    other = bot.guild.call("POST", f"/interactions/{BEN}/{bot.token(asked)}/callback", body)
    assert other.error == (404, 10062)


def test_what_takes_longer_is_deferred(bot: Bot, people: People, asked: str) -> None:
    bot.answer(asked, 5, {"flags": HIDDEN})
    (message,) = people.sees(asked)["messages"]
    assert people.sees(asked)["state"] == "thinking"
    assert (message["loading"], message["ephemeral"]) == (True, True)
    bot.guild.pass_time(minutes=14)
    assert bot.follow(asked, "PATCH", TEXT, message="@original").body["content"] == "hello"
    (message,) = people.sees(asked)["messages"]
    assert (message["loading"], message["ephemeral"]) == (False, True)
    assert people.sees(asked)["state"] == "answered"


def test_a_deferred_answer_that_never_comes_has_failed(
    bot: Bot, people: People, asked: str
) -> None:
    bot.answer(asked, 5)
    bot.guild.pass_time(minutes=15, seconds=1)
    assert people.sees(asked)["state"] == "failed"
    assert bot.follow(asked, "PATCH", TEXT, message="@original").error == (401, 50027)
    assert bot.follow(asked, body=TEXT).error == (401, 50027)


def test_a_follow_up_takes_the_place_of_what_is_awaited(
    bot: Bot, people: People, asked: str
) -> None:
    bot.answer(asked, 5, {"flags": HIDDEN})
    first = bot.follow(asked, body=TEXT).body
    second = bot.follow(asked, body={"content": "more", "flags": HIDDEN}).body
    assert first["id"] == bot.follow(asked, "GET", message="@original").body["id"]
    assert second["id"] != first["id"]
    assert people.texts(asked) == ["hello", "more"]


def test_messages_are_read_changed_and_deleted_by_the_token(
    bot: Bot, people: People, asked: str
) -> None:
    bot.answer(asked, 4, TEXT)
    more = bot.follow(asked, body={"content": "more"}).body["id"]
    assert bot.follow(asked, "GET", message=more).body["content"] == "more"
    bot.follow(asked, "PATCH", {"content": "changed"}, message=more)
    assert people.texts(asked) == ["hello", "changed"]
    assert bot.follow(asked, "DELETE", message="@original").status == 204
    assert people.texts(asked) == ["changed"]
    assert bot.follow(asked, "GET", message="@original").error == (404, 10008)


def test_a_hidden_message_is_deleted_too(bot: Bot, people: People, asked: str) -> None:
    bot.answer(asked, 4, {**TEXT, "flags": HIDDEN})
    assert bot.follow(asked, "DELETE", message="@original").status == 204
    assert people.texts(asked) == []


def test_nothing_follows_before_the_first_answer(bot: Bot, asked: str) -> None:
    assert bot.follow(asked, body=TEXT).error == (404, 10015)
    assert bot.follow(asked, "GET", message="@original").error == (404, 10015)


def test_a_token_reaches_its_own_messages_only(
    bot: Bot, people: People, channel: str, asked: str
) -> None:
    foreign = bot.guild.make("message", channel_id=channel, content="from the owner")
    bot.answer(asked, 4, TEXT)
    assert bot.follow(asked, "PATCH", TEXT, message=foreign).error == (404, 10008)
    assert bot.follow(people.run("echo", text="hi"), "GET", message=foreign).status == 404


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        (4, {"response_message_loading": False, "response_message_ephemeral": True}),
        (5, {"response_message_loading": True, "response_message_ephemeral": True}),
    ],
)
def test_a_bot_may_ask_what_became_of_its_answer(
    bot: Bot, asked: str, kind: int, shown: dict[str, bool]
) -> None:
    told = bot.answer(asked, kind, {**TEXT, "flags": HIDDEN}, with_response="true")
    assert told.status == 200
    assert {name: told.body["interaction"][name] for name in shown} == shown
    assert ("resource" in told.body) == (kind == 4)


@pytest.mark.parametrize("kind", [1, 6, 7, 8, 12, "four"])
def test_a_command_takes_no_such_answer(bot: Bot, asked: str, kind: Any) -> None:
    refused = bot.answer(asked, kind, TEXT)
    assert refused.error == (400, 50035)
    assert "type" in refused.body["errors"]
    assert bot.answer(asked, 4, TEXT).status == 204


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({}, (400, 50006)),
        ({"content": ""}, (400, 50006)),
        ({"content": "x" * 2001}, (400, 50035)),
        ([], (400, 50035)),
        ({**TEXT, "components": [row()]}, (400, 50035)),
        ({**TEXT, "embeds": [{"title": "x"}]}, (501, 0)),
        ({"flags": 1 << 15, "components": []}, (501, 0)),
    ],
)
def test_an_answer_that_is_no_message_is_refused_and_can_be_mended(
    bot: Bot, people: People, asked: str, data: Any, told: tuple[int, int]
) -> None:
    assert bot.answer(asked, 4, data).error == told
    assert bot.answer(asked, 4, TEXT).status == 204
    assert people.texts(asked) == ["hello"]


# Buttons and menus


@pytest.fixture
def question(bot: Bot, people: People, asked: str) -> str:
    """The id of a message in the channel, with a button and a menu."""
    parts = [row(button()), row(menu("a", "b", max_values=2))]
    bot.answer(asked, 4, {**TEXT, "components": parts})
    return str(people.sees(asked)["messages"][0]["id"])


def test_a_pressed_message_is_changed(
    bot: Bot, people: People, channel: str, question: str
) -> None:
    pressed = people.press(question)
    assert bot.answer(pressed, 7, {"content": "done", "components": []}).status == 204
    (message,) = bot.guild.call("GET", f"/channels/{channel}/messages").body
    assert (message["content"], message["components"]) == ("done", [])
    with pytest.raises(ValueError, match="has no button or menu"):
        people.press(question)


def test_a_pressed_message_is_changed_later(bot: Bot, people: People, question: str) -> None:
    pressed = people.press(question, user=BEN)
    bot.answer(pressed, 6)
    assert people.texts(pressed) == ["hello"]
    bot.follow(pressed, "PATCH", {"content": "done"}, message="@original")
    assert people.texts(pressed) == ["done"]
    bot.follow(pressed, body={"content": "only for you", "flags": HIDDEN})
    assert people.texts(pressed) == ["done", "only for you"]


def test_a_press_is_answered_with_a_message_of_its_own(
    bot: Bot, people: People, question: str
) -> None:
    pressed = people.press(question)
    bot.answer(pressed, 4, {"content": "thanks", "flags": HIDDEN})
    (message,) = people.sees(pressed)["messages"]
    assert message["content"] == "thanks"
    shown = bot.follow(pressed, "GET", message="@original").body
    assert shown["interaction_metadata"]["interacted_message_id"] == question


def test_a_hidden_button_is_pressed_by_its_own_person_only(
    bot: Bot, people: People, asked: str
) -> None:
    bot.answer(asked, 4, {**TEXT, "flags": HIDDEN, "components": [row(button())]})
    message = people.sees(asked)["messages"][0]["id"]
    with pytest.raises(ValueError, match="cannot see a message"):
        people.press(message, user=BEN)
    pressed = people.press(message)
    bot.answer(pressed, 7, {"content": "done", "components": []})
    assert people.texts(asked) == ["done"]


def test_choices_of_a_menu_are_sent(bot: Bot, people: People, question: str) -> None:
    chosen = people.press(question, "menu", values=["a", "b"])
    data = bot.payload(chosen)["data"]
    assert (data["component_type"], data["values"]) == (3, ["a", "b"])
    for values in (["c"], [], ["a", "b", "c"]):
        with pytest.raises(ValueError, match="does not accept"):
            people.press(question, "menu", values=values)


def test_buttons_work_in_direct_messages(bot: Bot, people: People) -> None:
    dm = bot.guild.call("POST", "/users/@me/channels", {"recipient_id": ADA}).body["id"]
    body = {**TEXT, "components": [row(button())]}
    message = bot.guild.call("POST", f"/channels/{dm}/messages", body).body["id"]
    pressed = people.press(message)
    payload = bot.payload(pressed)
    assert (payload["context"], payload["user"]["id"]) == (1, ADA)
    assert "member" not in payload
    assert "guild_id" not in payload
    bot.answer(pressed, 7, {"content": "thanks", "components": []})
    assert people.texts(pressed) == ["thanks"]
    with pytest.raises(ValueError, match="cannot see a message"):
        people.press(message, user=BEN)


# Autocompletion


def test_choices_are_offered_while_someone_types(bot: Bot, people: People) -> None:
    focus = people.play(user=ADA, command="echo", focus="text", options={"text": "au"})
    (option,) = bot.payload(focus)["data"]["options"]
    assert option == {"name": "text", "type": 3, "value": "au", "focused": True}
    choices = [{"name": "Autumn", "value": "autumn"}]
    assert bot.answer(focus, 8, {"choices": choices}).status == 204
    assert people.sees(focus)["choices"] == choices


@pytest.mark.parametrize(
    ("kind", "choices"),
    [
        (8, [{"name": "x", "value": "x"}] * 26),
        (8, [{"name": "x" * 101, "value": "x"}]),
        (8, [{"name": "x", "value": "x" * 101}]),
        (8, [{"name": "x", "value": 5}]),
        (8, [{"value": "x"}]),
        (4, []),
        (5, []),
    ],
)
def test_choices_that_break_a_rule_are_refused(
    bot: Bot, people: People, kind: int, choices: list[Any]
) -> None:
    focus = people.play(user=ADA, command="echo", focus="text", options={})
    assert bot.answer(focus, kind, {"choices": choices}).error == (400, 50035)


# Forms


def test_a_form_is_shown_filled_in_and_answered(bot: Bot, people: People, asked: str) -> None:
    assert bot.answer(asked, 9, FORM).status == 204
    assert people.sees(asked)["modal"]["title"] == "Away"
    filled = people.play(user=ADA, submit=asked, values={"why": "Ill"})
    data = bot.payload(filled)["data"]
    assert data["custom_id"] == "form"
    assert data["components"][0]["components"][0]["value"] == "Ill"
    assert bot.answer(filled, 7, TEXT).error == (400, 50035)
    assert bot.answer(filled, 4, TEXT).status == 204


def test_a_form_from_a_button_may_change_its_message(
    bot: Bot, people: People, question: str
) -> None:
    pressed = people.press(question)
    bot.answer(pressed, 9, FORM)
    filled = people.play(user=ADA, submit=pressed, values={"why": "Ill"})
    assert bot.answer(filled, 7, {"content": "noted", "components": []}).status == 204
    assert people.texts(filled) == ["noted"]
    assert bot.answer(people.run("echo", text="x"), 9, FORM).status == 204


@pytest.mark.parametrize(
    ("values", "sentence"),
    [({}, "required"), ({"why": "x" * 21}, "characters"), ({"what": "x"}, "no field")],
)
def test_a_form_is_filled_in_as_it_asks(
    bot: Bot, people: People, asked: str, values: dict[str, str], sentence: str
) -> None:
    bot.answer(asked, 9, FORM)
    with pytest.raises(ValueError, match=sentence):
        people.play(user=ADA, submit=asked, values=values)
    with pytest.raises(ValueError, match="did not show this person a form"):
        people.play(user=BEN, submit=asked, values={"why": "Ill"})


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "x" * 46},
        {"title": ""},
        {"custom_id": "x" * 101},
        {"components": []},
        {"components": [row(FIELD)] * 6},
        {"components": [row(FIELD), row(FIELD)]},
        {"components": [row({**FIELD, "label": "x" * 46})]},
        {"components": [row(button())]},
    ],
)
def test_a_form_that_breaks_a_rule_is_refused(
    bot: Bot, asked: str, changes: dict[str, Any]
) -> None:
    assert bot.answer(asked, 9, {**FORM, **changes}).error == (400, 50035)


# Once more


def test_the_same_interaction_is_sent_twice(bot: Bot, people: People, asked: str) -> None:
    before = bot.payload(asked)
    assert people.play(again=asked) == asked
    assert bot.payload(asked) == before
    assert people.sees(asked)["sent"] == 2
    bot.answer(asked, 4, TEXT)
    assert bot.answer(asked, 4, TEXT).error == (400, 40060)


def test_what_became_of_it_survives_a_restart(
    guild: Server, bot: Bot, people: People, asked: str
) -> None:
    bot.answer(asked, 5, {"flags": HIDDEN})
    saved = guild.state
    guild.on_server(guild.sandbox.reset)
    guild.on_server(lambda: guild.sandbox.load(saved))
    assert bot.follow(asked, "PATCH", TEXT, message="@original").status == 200
    assert people.texts(asked) == ["hello"]


def test_a_deleted_channel_takes_no_answer(
    bot: Bot, people: People, channel: str, asked: str
) -> None:
    bot.guild.control("delete", {"kind": "channel", "id": channel})
    assert bot.answer(asked, 4, TEXT).error == (404, 10003)
    assert people.texts(asked) == []
