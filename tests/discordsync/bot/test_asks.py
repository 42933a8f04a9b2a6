"""Asks, answers and their JSON: pure."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discordsync.bot.handlers import HANDLERS
from discordsync.bot.replies.bot_answer import BotAnswer, Button, ButtonStyle
from discordsync.bot.replies.rendering import render, render_buttons
from discordsync.bot.replies.requests import BotRequest, from_row, read_custom_id

WORDS = st.text(string.ascii_lowercase + "-", min_size=1, max_size=12)
ARGUMENTS = st.integers(0, 2**63 - 1) | WORDS


@given(st.sampled_from(sorted(HANDLERS)), st.lists(ARGUMENTS, max_size=3).map(tuple))
def test_an_ask_comes_back_from_a_button_and_from_a_row(verb, args):
    ask = BotRequest(verb, args)
    assert from_row(ask.as_row()) == ask
    assert read_custom_id(ask.custom_id) == ask
    assert len(ask.custom_id) <= 100


@pytest.mark.parametrize(
    "custom_id",
    [
        "",
        "lens",
        "lens:",
        "other:book:1",
        "lens:Book:1",
        "lens:book:1:",
        "lens:book:ä",
        "lens:book: 1",
        "lens:book:" + "1" * 200,
    ],
)
def test_what_is_not_ours_is_no_ask(custom_id):
    assert read_custom_id(custom_id) is None


def test_a_number_that_no_database_holds_fits_no_verb():
    ask = read_custom_id("lens:cancel:" + "9" * 30)
    assert ask is not None
    assert not HANDLERS["cancel"].fits(ask.args)


def test_an_answer_pings_no_one_and_fits():
    body = render(BotAnswer("@everyone " + "x" * 3000))
    assert body["allowed_mentions"] == {"parse": []}
    assert len(body["content"]) <= 2000
    assert body["components"] == []


def test_buttons_are_in_rows_of_five_and_long_labels_are_cut():
    buttons = [Button("x" * 100, BotRequest("cancel", (n,))) for n in range(30)]
    rows = render_buttons(buttons)
    assert [len(row["components"]) for row in rows] == [5, 5, 5, 5, 5]
    ids = [button["custom_id"] for row in rows for button in row["components"]]
    assert len(set(ids)) == 25
    assert {len(button["label"]) for row in rows for button in row["components"]} == {80}


def test_a_button_is_an_ask_or_an_address():
    (row,) = render_buttons(
        [
            Button("Book", BotRequest("book", (1, 2)), style=ButtonStyle.MAIN),
            Button("Page", url="http://a/b"),
        ]
    )
    assert row["components"] == [
        {"type": 2, "style": 1, "label": "Book", "custom_id": "lens:book:1:2"},
        {"type": 2, "style": 5, "label": "Page", "url": "http://a/b"},
    ]
