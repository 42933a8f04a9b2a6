"""Booking and cancelling the same visit again and again: few messages, and the last one is true."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from cohorts.models import User
from cohorts.outbox.collecting import collect
from cohorts.outbox.models import UNSENT, Message
from cohorts.outbox.registry import MessageObsolete, message_sources
from cohorts.outbox.rendering.render import get_content
from cohorts.outbox.services import mark_dropped, mark_sent
from guestvisits.models import GuestVisit
from guestvisits.services.booking import book_visit
from guestvisits.services.cancelling import cancel_visit

pytestmark = pytest.mark.django_db

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
EMAILS = "visits"
TO_HOSTS = "posts to host groups"


@dataclass
class Guest:
    """Ada, who changes her mind, and an outbox that sends at once all that is due."""

    user_id: int
    home_id: int
    host_id: int
    sent: list[tuple[str, datetime]] = field(default_factory=list)

    def toggle(self, now: datetime) -> None:
        if self.is_visiting():
            cancel_visit(self.user_id, host_meeting_id=self.host_id, now=now)
        else:
            ids = {"home_meeting_id": self.home_id, "host_meeting_id": self.host_id}
            book_visit(self.user_id, **ids, now=now)

    def is_visiting(self) -> bool:
        return GuestVisit.objects.filter(user=self.user_id, ended_at__isnull=True).exists()

    def send(self, now: datetime) -> None:
        collect(None, now=now)
        for message in Message.objects.filter(state__in=UNSENT, next_try_at__lte=now):
            try:
                get_content(message, now)
            except MessageObsolete as error:
                mark_dropped(message.pk, why=error.why)
            else:
                mark_sent(message.pk, now=now)
                self.sent.append((message.kind, now))

    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.sent]


@pytest.fixture
def guest(academy) -> Guest:
    ada = User.objects.get(name="Ada").pk
    return Guest(ada, academy.meeting("A").pk, academy.meeting("B").pk)


@pytest.fixture(params=[(EMAILS, "visit_booked", "visit_cancelled")], ids=["e-mails"])
def kinds(request, registered) -> tuple[str, str]:
    source, begin, end = request.param
    registered.only(message_sources, source)
    return begin, end


both = pytest.mark.parametrize(
    "kinds",
    [
        (EMAILS, "visit_booked", "visit_cancelled"),
        pytest.param((TO_HOSTS, "guest_joins", "guest_leaves"), marks=pytest.mark.matrix),
    ],
    indirect=True,
    ids=["e-mails", "in the host's channel"],
)


@both
def test_a11_sixty_changes_of_mind_send_one_pair_and_later_nothing(guest, kinds, now):
    for step in range(60):
        guest.toggle(now + step * SECOND / 3)
        guest.send(now + step * SECOND / 3)
    guest.send(now + 11 * MINUTE)
    assert guest.kinds() == list(kinds)


@both
def test_a11_a_guest_who_books_in_the_end_is_notified_ten_minutes_later(guest, kinds, now):
    begin, end = kinds
    for step in range(5):
        guest.toggle(now + step * SECOND)
        guest.send(now + step * SECOND)
    guest.send(now + 10 * MINUTE - SECOND)
    assert guest.kinds() == [begin, end]
    guest.send(now + 10 * MINUTE)
    assert guest.kinds() == [begin, end, begin]


def test_a11_what_waits_to_be_sent_gives_way_to_what_holds_in_the_end(guest, kinds, now):
    """The mail server is away while the guest changes her mind."""
    for step in range(3):
        guest.toggle(now + step * SECOND)
        collect(None, now=now + step * SECOND)
    guest.send(now + 5 * MINUTE)
    assert guest.kinds() == ["visit_booked"]


@pytest.mark.parametrize("kinds", [(TO_HOSTS, "guest_joins", "guest_leaves")], indirect=True)
def test_a_farewell_that_waited_is_dropped_once_the_guest_has_booked_again(guest, kinds, now):
    """The group reads of the second booking before the farewell to the first was sent."""
    for step in range(3):
        guest.toggle(now + step * SECOND)
        if step:
            collect(None, now=now + step * SECOND)
    mark_sent(Message.objects.get(kind="guest_joins").pk, now=now + 3 * SECOND)
    guest.send(now + 4 * SECOND)
    assert guest.kinds() == []
    assert Message.objects.get(kind="guest_leaves").state == Message.State.DROPPED
    guest.toggle(now + 5 * SECOND)
    guest.send(now + 5 * SECOND)
    assert guest.kinds() == ["guest_leaves"]


@both
@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.matrix)])
def test_a11_never_two_of_a_kind_in_ten_minutes_and_the_last_one_is_true(guest, kinds, now, seed):
    chance = random.Random(seed)
    moment = now
    for _ in range(25):
        moment += chance.choice([5 * SECOND, MINUTE, 4 * MINUTE, 11 * MINUTE])
        guest.toggle(moment)
        if chance.random() < 0.7:
            guest.send(moment + SECOND)
    for minutes in (5, 11, 22):
        guest.send(moment + minutes * MINUTE)
    for kind in kinds:
        times = [at for each, at in guest.sent if each == kind]
        assert all(b - a >= 10 * MINUTE for a, b in pairwise(times))
    assert guest.kinds()[-1] == kinds[0 if guest.is_visiting() else 1]
