"""The home group is notified when someone who was announced as away is not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cohorts.outbox.models import Message
from cohorts.outbox.registry import message_sources
from guestvisits.services.cancelling import cancel_visit
from guestvisits.services.updating import update_all_visits
from tests.support.moves import cancel_meeting

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _home_channel_alone(registered) -> None:
    registered.only(
        message_sources,
        "posts to home groups",
        "corrections",
    )


def cancel(visit, now):
    cancel_visit(visit.user_id, host_meeting_id=visit.host_meeting_id, now=now)


def send_all() -> None:
    Message.objects.filter(state="pending").update(state="sent")


@pytest.mark.parametrize("by_whom", ["guest", "host"])
def test_c15_a_visit_that_does_not_take_place_is_corrected_in_the_home_channel(
    academy, book, new_kinds, read, now, by_whom
):
    visit = book()
    assert new_kinds(now) == ["member_away"]
    send_all()
    if by_whom == "guest":
        cancel(visit, now + MINUTE)
    else:
        cancel_meeting(visit.host_meeting_id, now=now + MINUTE)
        update_all_visits(now + MINUTE)

    assert new_kinds(now + MINUTE) == ["member_stays"]
    home = academy.meeting("A")
    message = Message.objects.get(kind="member_stays")
    assert (message.group_id, message.cutoff_at) == (home.group_id, home.starts_at)
    assert read("member_stays", now + MINUTE).text == (
        "**Ada** is not away after all: the visit to **Group B** does not take place. "
        f"See you at our meeting on <t:{int(home.starts_at.timestamp())}:F>."
    )
    assert new_kinds(now + 2 * MINUTE) == []


def test_c15_nothing_is_corrected_that_was_not_said(academy, book, new_kinds, now):
    visit = book()
    new_kinds(now)
    cancel(visit, now + MINUTE)
    assert new_kinds(now + MINUTE) == []
    assert not Message.objects.filter(kind="member_stays").exists()


def test_c15_who_books_another_visit_of_that_week_is_away_all_the_same(
    academy, book, new_kinds, now
):
    visit = book()
    new_kinds(now)
    send_all()
    cancel(visit, now + MINUTE)
    book(host="C")
    assert new_kinds(now + MINUTE) == ["member_away"]
    assert Message.objects.get(kind="member_stays").state == "dropped"
