"""Which way a message goes: each line of the table, and what people chose, read from rows."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts.messages import routing
from cohorts.messages.lines import Line
from cohorts.messages.models import MessageChoice
from cohorts.messages.routing import Ask, Reader, Way, choose_way, find_ways
from cohorts.models import User
from discordsync.models import DirectLine

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
BY_MAIL, DIRECTLY = Way("email"), Way("discord_dm")
FULL, UNSUBSCRIBED, NO_ADDRESS = Reader(), Reader(wants_email=False), Reader(has_address=False)


@pytest.mark.parametrize(
    ("choice", "line", "reader", "way"),
    [
        ("off", Line.OPEN, FULL, Way(why=routing.UNWANTED_KIND)),
        ("discord_dm", Line.OPEN, FULL, DIRECTLY),
        ("discord_dm", Line.OPEN, UNSUBSCRIBED, DIRECTLY),
        ("discord_dm", Line.WAITS, FULL, BY_MAIL),
        ("discord_dm", Line.WAITS, UNSUBSCRIBED, DIRECTLY),
        ("discord_dm", Line.WAITS, NO_ADDRESS, DIRECTLY),
        ("discord_dm", Line.CLOSED, FULL, BY_MAIL),
        ("discord_dm", Line.NEVER, FULL, BY_MAIL),
        ("email", Line.OPEN, FULL, BY_MAIL),
        ("email", Line.OPEN, NO_ADDRESS, DIRECTLY),
        ("email", Line.OPEN, UNSUBSCRIBED, Way(why=routing.UNWANTED)),
        ("discord_dm", Line.CLOSED, UNSUBSCRIBED, Way(why=routing.UNWANTED_NO_LINE)),
        ("email", Line.NEVER, NO_ADDRESS, BY_MAIL),
        ("discord_dm", Line.NEVER, NO_ADDRESS, BY_MAIL),
        ("discord_dm", Line.OPEN, Reader(is_active=False), Way(why=routing.CLOSED_ACCOUNT)),
    ],
)
def test_the_table(choice, line, reader, way):
    assert choose_way(choice, line, reader) == way


@given(
    choice=st.sampled_from(MessageChoice.Way.values),
    line=st.sampled_from(Line),
    reader=st.builds(Reader, st.booleans(), st.booleans(), st.booleans()),
)
def test_nobody_gets_what_they_do_not_want_and_a_message_has_one_way_or_a_reason(
    choice, line, reader
):
    way = choose_way(choice, line, reader)
    assert bool(way.channel) != bool(way.why)
    if way == DIRECTLY:
        assert line in {Line.OPEN, Line.WAITS}
    if way == BY_MAIL:
        assert reader.wants_email or not reader.has_address
    if choice == "off" or not reader.is_active:
        assert not way.channel


@pytest.fixture
def people(db) -> list[User]:
    """Five who have used the bot and want reminders directly."""
    people = [
        User.objects.create_user(f"p{n}@example.org", name=f"P{n}", discord_id=10**17 + n)
        for n in range(5)
    ]
    for person in people:
        MessageChoice.objects.create(user=person, topic="reminders", way="discord_dm")
        DirectLine.objects.create(discord_id=person.discord_id, used_at=NOW)
    return people


def test_the_choice_is_by_topic(people):
    alice = people[0]
    asks = [Ask(alice.pk, kind) for kind in ("reminder", "nudge", "meeting_moved", "unknown")]
    ways = find_ways(asks, NOW)
    assert [ways[ask].channel for ask in asks] == ["discord_dm", "discord_dm", "email", "email"]


def test_a_kind_without_words_for_it_never_goes_directly(people):
    MessageChoice.objects.update(topic="groups")
    ask = Ask(people[0].pk, "group_assigned")
    assert find_ways([ask], NOW)[ask] == BY_MAIL


def test_a_message_that_fell_back_stays_with_email(people):
    ask = Ask(people[0].pk, "reminder", direct=False)
    assert find_ways([ask], NOW)[ask] == BY_MAIL


def test_reading_costs_the_same_for_one_and_for_five(people, django_assert_max_num_queries):
    for asks in ([Ask(people[0].pk, "reminder")], [Ask(p.pk, "reminder") for p in people]):
        with django_assert_max_num_queries(10):
            assert set(find_ways(asks, NOW).values()) == {DIRECTLY}
