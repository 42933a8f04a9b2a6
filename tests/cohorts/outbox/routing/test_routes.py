"""Which way a message goes: each line of the table, and what people chose, read from rows."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts.models import User
from cohorts.outbox.models import MessageChoice
from cohorts.outbox.routing import routes
from cohorts.outbox.routing.dm_channels import DmStatus
from cohorts.outbox.routing.routes import (
    DeliveryRequest,
    DeliveryRoute,
    choose_route,
    find_routes,
)
from discordsync.models import DmChannel

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
BY_MAIL, DIRECTLY = DeliveryRoute("email"), DeliveryRoute("discord_dm")
FULL, UNSUBSCRIBED, NO_ADDRESS = (
    User(email="ada@example.org"),
    User(email="ada@example.org", wants_email=False),
    User(),
)


@pytest.mark.parametrize(
    ("choice", "line", "reader", "way"),
    [
        ("off", DmStatus.OPEN, FULL, DeliveryRoute(why=routes.UNWANTED_KIND)),
        ("discord_dm", DmStatus.OPEN, FULL, DIRECTLY),
        ("discord_dm", DmStatus.OPEN, UNSUBSCRIBED, DIRECTLY),
        ("discord_dm", DmStatus.WAITS, FULL, BY_MAIL),
        ("discord_dm", DmStatus.WAITS, UNSUBSCRIBED, DIRECTLY),
        ("discord_dm", DmStatus.WAITS, NO_ADDRESS, DIRECTLY),
        ("discord_dm", DmStatus.CLOSED, FULL, BY_MAIL),
        ("discord_dm", DmStatus.NEVER, FULL, BY_MAIL),
        ("email", DmStatus.OPEN, FULL, BY_MAIL),
        ("email", DmStatus.OPEN, NO_ADDRESS, DIRECTLY),
        ("email", DmStatus.OPEN, UNSUBSCRIBED, DeliveryRoute(why=routes.UNWANTED)),
        ("discord_dm", DmStatus.CLOSED, UNSUBSCRIBED, DeliveryRoute(why=routes.UNWANTED_NO_DM)),
        ("email", DmStatus.NEVER, NO_ADDRESS, BY_MAIL),
        ("discord_dm", DmStatus.NEVER, NO_ADDRESS, BY_MAIL),
        (
            "discord_dm",
            DmStatus.OPEN,
            User(email="ada@example.org", is_active=False),
            DeliveryRoute(why=routes.CLOSED_ACCOUNT),
        ),
    ],
)
def test_the_table(choice, line, reader, way):
    assert choose_route(choice, line, reader) == way


@given(
    choice=st.sampled_from(MessageChoice.Route.values),
    line=st.sampled_from(DmStatus),
    reader=st.builds(
        User,
        email=st.sampled_from(["ada@example.org", None]),
        is_active=st.booleans(),
        wants_email=st.booleans(),
    ),
)
def test_no_one_gets_what_they_do_not_want_and_a_message_has_one_route_or_a_reason(
    choice, line, reader
):
    way = choose_route(choice, line, reader)
    assert bool(way.channel) != bool(way.why)
    if way == DIRECTLY:
        assert line in {DmStatus.OPEN, DmStatus.WAITS}
    if way == BY_MAIL:
        assert reader.wants_email or not reader.email
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
        MessageChoice.objects.create(user=person, topic="reminders", route="discord_dm")
        DmChannel.objects.create(discord_id=person.discord_id, last_used_at=NOW)
    return people


def test_the_choice_is_by_topic(people):
    alice = people[0]
    asks = [
        DeliveryRequest(alice.pk, kind)
        for kind in ("reminder", "nudge", "meeting_moved", "unknown")
    ]
    ways = find_routes(asks, NOW)
    assert [ways[ask].channel for ask in asks] == ["discord_dm", "discord_dm", "email", "email"]


def test_a_kind_without_a_template_for_it_is_never_sent_directly(people):
    MessageChoice.objects.update(topic="groups")
    ask = DeliveryRequest(people[0].pk, "group_assigned")
    assert find_routes([ask], NOW)[ask] == BY_MAIL


def test_a_message_that_fell_back_stays_with_email(people):
    ask = DeliveryRequest(people[0].pk, "reminder", direct=False)
    assert find_routes([ask], NOW)[ask] == BY_MAIL


def test_reading_costs_the_same_for_one_and_for_five(people, django_assert_max_num_queries):
    for asks in (
        [DeliveryRequest(people[0].pk, "reminder")],
        [DeliveryRequest(p.pk, "reminder") for p in people],
    ):
        with django_assert_max_num_queries(10):
            assert set(find_routes(asks, NOW).values()) == {DIRECTLY}
