"""What upper layers offer to lower ones: each name once, in an order that imports do not change."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from cohorts.outbox.registry import message_sources, notification, notifications, topics
from cohorts.reconcile.provider import providers
from cohorts.registries import Registry
from guestvisits.set_up_status import set_up_lines
from tests.support.in_memory import LinkProvider


def find_nothing() -> None: ...


def find_something() -> None: ...


def find_more() -> None: ...


def test_a_name_that_is_registered_twice_is_refused():
    registry = Registry("test finders")
    registry.register(find_nothing)
    with pytest.raises(ImproperlyConfigured, match="find_nothing” is registered twice as one of"):
        registry.register(find_nothing)
    assert list(registry.values()) == [find_nothing]


def test_a_registry_is_sorted_by_order_and_then_by_name():
    registry = Registry("test finders")
    for item in (find_something, find_nothing):
        registry.register(item)
    registry.register(find_more, order=1)
    assert list(registry.values()) == [find_more, find_nothing, find_something]


def test_to_register_decorates():
    registry = Registry("test finders")
    registered = registry.register(find_more)
    assert registered is registry[f"{__name__}.find_more"] is find_more


def test_discord_comes_before_the_calendar_and_an_app_from_elsewhere_after_both(registered):
    registered.add(providers, LinkProvider())
    assert list(providers) == ["discord", "calendar", "links"]


def test_a_second_provider_with_the_same_name_is_refused(registered):
    registered.add(providers, LinkProvider())
    with pytest.raises(ImproperlyConfigured, match="“links” is registered twice as one of"):
        providers.register(LinkProvider())


def test_the_set_up_page_shows_its_own_lines_then_discord_then_the_calendar():
    assert list(set_up_lines) == [
        "guestvisits.set_up_status.find_lines",
        "discordsync.set_up.find_lines",
        "calendarsync.set_up.find_lines",
    ]


def test_sources_whose_messages_others_read_are_called_first():
    """Arrivals read the welcomes that are stored, and corrections the posts to home groups."""
    assert list(message_sources) == [
        "posts to home groups",
        "welcomes",
        "arrivals",
        "assignments",
        "cohort steps",
        "corrections",
        "departures",
        "ends of archives",
        "guest access",
        "join reminders",
        "meeting changes",
        "nudges",
        "posts to host groups",
        "questions about substitutes",
        "realize reports",
        "reminders",
        "stopped cohort steps",
        "substitutes",
        "visits",
    ]


def test_topics_are_shown_in_their_order():
    assert list(topics) == ["reminders", "changes", "visits", "groups", "letters", "substitutes"]
    assert topics["groups"].kinds == ("group_assigned", "member_joined", "member_left")


def test_a_second_notification_with_the_same_name_is_refused():
    context_of = notifications["reminder"].context_of
    with pytest.raises(ImproperlyConfigured, match="“reminder” is registered twice as one of the"):
        notification("reminder", title="Meeting reminder")(context_of)
