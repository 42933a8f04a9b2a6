"""What someone deletes in Discord is reported, and recreated on request of staff."""

from __future__ import annotations

import pytest

from cohorts import clock
from cohorts.models import Membership
from cohorts.reconcile.services import recreate, request_realize
from tests.discordsync.by_hand.edits import check_nothing_more, delete
from tests.discordsync.guild_state import (
    detail,
    look_again,
    made_since,
    mirror_trouble,
    outside_id,
    trouble,
)
from tests.support.cohort import work
from tests.support.worlds import describe_guild

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_discord")]


def press_realize_in_vain(sandbox, group):
    """Realizing once more makes nothing of what was recorded."""
    seen = sandbox.last
    request_realize([group.pk], by=None, now=clock.now())
    look_again()
    assert sandbox.writes(since=seen) == []


def remake(sandbox, *groups):
    seen = sandbox.last
    recreate([group.pk for group in groups], "discord", by=None, now=clock.now())
    work("discord")
    return made_since(sandbox, seen)


def test_a_deleted_text_channel_is_reported_and_recreated_alone(sandbox, made, first, before):
    delete(sandbox, "channel", f"text_channel:{first.pk}")
    look_again()

    assert trouble(first) == "missing"
    assert "text channel" in detail(first)
    assert trouble(made.groups[1]) == ""
    press_realize_in_vain(sandbox, first)

    assert remake(sandbox, first) == {"POST channels": 1}
    assert trouble(first) == ""
    after = describe_guild(sandbox.get("state"))
    assert {**after, "messages": []} == {**before, "messages": []}
    assert len(after["messages"]) == 1  # the other group's: no one is welcomed twice
    check_nothing_more(sandbox)


@pytest.mark.matrix
def test_b4_an_event_recreated_in_the_pass_that_missed_it_keeps_its_record(sandbox, first, before):
    meeting = first.meetings.order_by("starts_at").first()
    delete(sandbox, "event", f"event:{meeting.pk}")
    delete(sandbox, "channel", f"text_channel:{first.pk}")
    look_again()
    assert trouble(first) == "missing"
    event = outside_id(f"event:{meeting.pk}")

    assert remake(sandbox, first) == {"POST channels": 1}

    assert outside_id(f"event:{meeting.pk}") == event
    assert (trouble(first), mirror_trouble()) == ("", "")
    after = describe_guild(sandbox.get("state"))
    assert {**after, "messages": []} == {**before, "messages": []}
    check_nothing_more(sandbox)


@pytest.mark.matrix
def test_a_deleted_voice_channel_takes_its_events_along_and_both_come_back(sandbox, first, before):
    delete(sandbox, "channel", f"voice_channel:{first.pk}")
    look_again()

    assert trouble(first) == "missing"
    press_realize_in_vain(sandbox, first)
    assert remake(sandbox, first) == {"POST channels": 1, "POST scheduled-events": 2}
    after = describe_guild(sandbox.get("state"))
    assert {**after, "messages": []} == {**before, "messages": []}
    check_nothing_more(sandbox)


def test_a_deleted_role_is_recreated_and_gives_the_same_access(sandbox, first, before):
    delete(sandbox, "role", f"role:{first.pk}")
    look_again()

    assert trouble(first) == "missing"
    press_realize_in_vain(sandbox, first)
    assert remake(sandbox, first) == {"POST roles": 1, "PUT permissions": 3, "PUT roles": 3}
    assert describe_guild(sandbox.get("state")) == before
    check_nothing_more(sandbox)


def test_a_deleted_category_is_recreated_and_its_channels_return(sandbox, made, before):
    delete(sandbox, "channel", f"category:{made.cohort.pk}:1")
    look_again()

    assert [trouble(group) for group in made.groups] == ["missing", "missing"]
    press_realize_in_vain(sandbox, made.groups[0])
    assert remake(sandbox, made.groups[0]) == {"POST channels": 1, "PATCH channels": 3}
    look_again()
    assert describe_guild(sandbox.get("state")) == before
    assert [trouble(group) for group in made.groups] == ["", ""]
    check_nothing_more(sandbox)


@pytest.mark.matrix
def test_a_deleted_cohort_channel_is_recreated_and_opened_to_every_group(sandbox, made, before):
    delete(sandbox, "channel", f"cohort_channel:{made.cohort.pk}")
    look_again()

    assert [trouble(group) for group in made.groups] == ["missing", "missing"]
    press_realize_in_vain(sandbox, made.groups[0])
    assert remake(sandbox, *made.groups)["POST channels"] == 1
    look_again()
    assert describe_guild(sandbox.get("state")) == before
    check_nothing_more(sandbox)


@pytest.mark.matrix
def test_a_group_that_is_asked_for_waits_for_a_cohort_channel_that_is_gone(sandbox, made):
    delete(sandbox, "channel", f"cohort_channel:{made.cohort.pk}")
    group = made.cohort.groups.create(name="Group 3")
    Membership.objects.create(user=made.people[0], group=group, role="facilitator")
    seen = sandbox.last

    request_realize([group.pk], by=None, now=clock.now())
    look_again()

    assert trouble(group) == "missing"
    paths = [call["path"] for call in sandbox.calls(since=seen)]
    assert not [path for path in paths if "/channels/0" in path]
    assert made_since(sandbox, seen) == {"POST roles": 1, "POST channels": 2, "PUT roles": 1}


@pytest.mark.matrix
def test_everything_deleted_at_once_is_recreated_once(sandbox, made, first, before):
    for key in ("text_channel", "voice_channel"):
        delete(sandbox, "channel", f"{key}:{first.pk}")
    delete(sandbox, "role", f"role:{first.pk}")
    look_again()
    assert trouble(first) == "missing"

    remade = remake(sandbox, first)

    assert remade["POST channels"] == 2
    assert remade["POST roles"] == 1
    after = describe_guild(sandbox.get("state"))
    assert {**after, "messages": []} == {**before, "messages": []}
    check_nothing_more(sandbox)


@pytest.mark.matrix
def test_recreating_creates_nothing_where_nothing_is_gone(sandbox, first):
    assert remake(sandbox, first) == {}
    assert trouble(first) == ""


@pytest.mark.matrix
def test_a_deleted_message_is_not_said_again(sandbox, first):
    said = sandbox.get("state")["discord"]["messages"][outside_id(f"text_channel:{first.pk}")]
    sandbox.post("delete", {"kind": "message", "id": next(iter(said))})
    check_nothing_more(sandbox)
