"""Other people's text on Discord are shown as they are and read as nothing else."""

import re

from hypothesis import example, given
from hypothesis import strategies as st

from discordsync.delivery import discord_text

# What Discord would read as more than words, once backslashes are taken at their word.
PINGS = re.compile(r"@(everyone|here)|<[@#:a/t]|<id:|://")
MARKUP = set("*_~`|[]()#>")


def read_as_discord(text: str) -> tuple[str, set[str]]:
    """What a reader sees, and the markup that is left standing unescaped."""
    seen, live, at = "", set(), 0
    while at < len(text):
        character = text[at]
        if character == "\\" and at + 1 < len(text):
            at += 1
            character = text[at]
        elif character in MARKUP:
            live.add(character)
        seen += character
        at += 1
    return seen.replace(discord_text.NO_WIDTH, ""), live


hostile = st.text(
    alphabet=st.one_of(
        st.sampled_from("@<>&#:!/\\`*_~|[]()-+1.\u202e\u200b\u2066\u200d\n\r\t 😀é"),
        st.characters(),
    ),
    max_size=200,
) | st.sampled_from(
    ["@everyone", "@here", "<@&1>", "<@200000000000000001>", "[x](https://evil.example)"]
)


@given(hostile)
@example("@everyone and <@&123456789012345678>")
@example("\u202egnp.exe")
@example("1. first\n> quoted\n# loud")
@example("\\@here\\`")
def test_hostile_text_is_shown_and_nothing_else(words):
    text = discord_text.escape(words)
    seen, live = read_as_discord(text)
    expected = discord_text.shorten(discord_text.clean(words), 80)
    assert seen == expected
    assert live == set()
    assert not PINGS.search(text)
    assert discord_text.mentioned(text) == ()
    assert "\n" not in text
    assert not text.startswith(("-", "+", "#", ">"))


@given(hostile, hostile)
def test_two_names_side_by_side_ping_no_one_either(first, second):
    text = discord_text.escape(first) + discord_text.escape(second)
    assert not re.search(r"@(everyone|here)|<@[&!]?\d", text)


@given(st.text(max_size=300), st.integers(min_value=1, max_value=100))
def test_shortened_text_keeps_to_its_length(words, length):
    assert discord_text.count(discord_text.shorten(words, length)) <= length


@given(st.lists(hostile, max_size=60))
def test_a_long_message_is_cut_where_nothing_breaks(names):
    lines = "\n".join(
        f"- {discord_text.mention(7 * 10**16)} {discord_text.escape(n)}" for n in names
    )
    text = discord_text.fit(lines)
    assert discord_text.count(text) <= discord_text.LIMIT
    assert set(discord_text.mentioned(text)) <= {7 * 10**16}
    assert text.count("<") == text.count("<@7") + text.count(f"<{discord_text.NO_WIDTH}")


def test_a_message_is_cut_between_lines():
    text = discord_text.fit("\n".join(["a" * 999, "b" * 999, "c" * 999]))
    assert text == "a" * 999 + "\n…"


def test_an_emoji_counts_as_two_characters():
    assert discord_text.count("😀") == 2
    assert discord_text.shorten("😀" * 10, 5) == "😀😀…"


def test_letters_that_join_stay_together():
    assert discord_text.escape("می\u200cخواهم 👩\u200d🚀") == "می\u200cخواهم 👩\u200d🚀"


def test_a_mention_pings_exactly_the_people_it_names():
    text = f"{discord_text.mention(200000000000000001)} {discord_text.escape('<@3>')}"
    assert discord_text.mentioned(text) == (200000000000000001,)
