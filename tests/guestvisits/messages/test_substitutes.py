"""Who is told what about a substitute, and what staff can do when no one is found."""

from datetime import timedelta

import pytest
from django.test import Client

from cohorts.models import User
from cohorts.outbox.collecting import collect
from cohorts.outbox.models import Message
from cohorts.outbox.registry import MessageObsolete
from cohorts.outbox.rendering.render import render
from discordsync.delivery.waiting_messages import message_components
from guestvisits.models import GuestVisit, SubstituteOffer
from guestvisits.substitutes.services import answer_offer, request_substitute
from meetings.rsvps import set_rsvp
from tests.guestvisits.substitutes.conftest import SubstituteWorld

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(known_since_long, now) -> SubstituteWorld:
    return SubstituteWorld(now.replace(hour=12))


@pytest.fixture
def known_since_long(db, now) -> None:
    from cohorts.models import Installation

    Installation.objects.ensure(now)
    Installation.objects.update(
        first_started_at=now - timedelta(days=9), quiet_before=now - timedelta(days=9)
    )


def sent_to(person: User) -> list[str]:
    rows = Message.objects.filter(user=person, kind__startswith="substitute")
    return list(rows.order_by("pk").values_list("kind", flat=True))


def collected(world: SubstituteWorld, now) -> None:
    world.academy.cohort.__class__.objects.update(first_known_at=world.now - timedelta(days=9))
    collect(None, now=now)
    Message.objects.filter(state="pending").update(state="sent", sent_at=now, body="Sent.")


def test_the_offer_has_the_words_and_the_buttons_and_the_others_are_told(world):
    world.academy.add_member("Lea", "A")
    request_substitute(world.meeting.pk, world.fay.pk, now=world.now)
    world.academy.cohort.__class__.objects.update(first_known_at=world.now - timedelta(days=9))
    collect(None, now=world.now)
    first, second = world.helpers[:2]
    offer = SubstituteOffer.objects.get(user=first)
    email = render(Message.objects.get(user=first, kind="substitute_offer"), world.now)
    assert email.subject.startswith("Can you lead Group A on ")
    assert "Week 1, 60 minutes, 1 person expected. Fay is away." in email.text
    assert "The first yes gets it." in email.text
    [row] = message_components.get("substitute_offer")({"offer": offer.pk})
    assert [button["label"] for button in row["components"]] == ["I'll lead", "I can't"]
    collected(world, world.now)
    answer_offer(offer.pk, first.pk, leads=True, now=world.now)
    collected(world, world.now)
    assert sent_to(first) == ["substitute_offer", "substitute_leads"]
    assert sent_to(second) == ["substitute_offer", "substitute_closed"]
    about_it = Message.objects.filter(user=second, kind__startswith="substitute")
    asked, closed = about_it.order_by("pk")
    assert closed.context["edits"] == asked.key, "on Discord the question itself is edited"
    assert sent_to(world.fay) == ["substitute_found"]


@pytest.mark.matrix
def test_people_who_were_told_are_asked_again_once_if_the_substitute_withdraws(world):
    request_substitute(world.meeting.pk, world.fay.pk, now=world.now)
    collected(world, world.now)
    first, second, third = world.helpers[:3]
    offers = {each.user_id: each.pk for each in SubstituteOffer.objects.all()}
    answer_offer(offers[first.pk], first.pk, leads=True, now=world.now)
    answer_offer(offers[third.pk], third.pk, leads=False, now=world.now)
    collected(world, world.now + timedelta(minutes=1))
    later = world.now + timedelta(hours=1)
    answer_offer(offers[first.pk], first.pk, leads=False, now=later)
    collected(world, later)
    assert sent_to(second) == ["substitute_offer", "substitute_closed", "substitute_offer"]
    assert sent_to(third) == ["substitute_offer"]
    answer_offer(offers[second.pk], second.pk, leads=True, now=later)
    collected(world, later)
    assert sent_to(second)[-1] == "substitute_leads"


@pytest.mark.matrix
def test_a_yes_that_is_taken_back_at_once_tells_the_others_nothing(world):
    request_substitute(world.meeting.pk, world.fay.pk, now=world.now)
    collected(world, world.now)
    first, second, third = world.helpers[:3]
    offers = {each.user_id: each.pk for each in SubstituteOffer.objects.all()}
    answer_offer(offers[first.pk], first.pk, leads=True, now=world.now)
    collect(None, now=world.now)
    answer_offer(offers[first.pk], first.pk, leads=False, now=world.now)
    for message in Message.objects.filter(kind="substitute_closed"):
        with pytest.raises(MessageObsolete):
            render(message, world.now)
    Message.objects.filter(kind="substitute_closed").update(state="dropped")
    assert sent_to(second) == ["substitute_offer", "substitute_closed"], "and no second offer"
    later = world.now + timedelta(minutes=5)
    answer_offer(offers[third.pk], third.pk, leads=True, now=later)
    collect(None, now=later)
    [told] = Message.objects.filter(user=second, kind="substitute_closed", state="pending")
    assert render(told, later).text


@pytest.mark.matrix
def test_a_decline_is_asked_about_though_no_one_is_in_the_server_yet(world):
    type(world.academy.groups["A"]).objects.update(status="preview")
    set_rsvp(world.meeting.pk, world.fay.pk, "not_attending", now=world.now)
    collected(world, world.now + timedelta(minutes=10))
    assert sent_to(world.fay) == ["substitute_question"]


def test_a_decline_only_asks_and_an_alarm_comes_with_a_way_out(world):
    lea = world.academy.add_member("Lea", "A")
    boss = world.academy.add_person("Boss", is_staff=True, is_superuser=True)
    set_rsvp(world.meeting.pk, world.fay.pk, "not_attending", now=world.now)
    later = world.now + timedelta(minutes=10)
    collected(world, later)
    assert sent_to(world.fay) == ["substitute_question"]
    assert not SubstituteOffer.objects.exists()
    found = request_substitute(world.meeting.pk, world.fay.pk, now=later)
    collected(world, world.before(hours=12, seconds=1))
    assert sent_to(boss) == []
    collected(world, world.before(hours=12))
    assert sent_to(boss) == ["substitute_missing"]
    staff = Client()
    staff.force_login(boss)
    page = f"/admin/guestvisits/substitution/{found.pk}/"
    assert "Name someone" in staff.get(f"{page}change/").content.decode()
    host = world.academy.meeting("B")
    staff.post(f"{page}join/", {"host": host.pk})
    assert GuestVisit.objects.get(user=lea).host_meeting == host
    staff.post(f"{page}name/", {"person": world.helpers[3].pk})
    assert found.offers.get(answer="yes").user == world.helpers[3]
    collected(world, world.before(hours=11))
    assert "substitute_leads" in sent_to(world.helpers[3])


def test_the_substitute_is_reminded_as_the_one_who_leads_and_the_facilitator_is_not(world):
    request_substitute(world.meeting.pk, world.fay.pk, now=world.now)
    collected(world, world.now)
    first = world.helpers[0]
    offers = {each.user_id: each.pk for each in SubstituteOffer.objects.all()}
    answer_offer(offers[first.pk], first.pk, leads=True, now=world.now)
    for hours in (24, 1):
        collect(None, now=world.before(hours=hours))
    reminders = Message.objects.filter(kind="reminder", group=world.meeting.group)
    people = reminders.filter(user__isnull=False).values_list("user__name", flat=True)
    assert [*people] == [first.name] * 2
    email = render(reminders.get(user=first, context__time="hour"), world.before(hours=1))
    substitution = SubstituteOffer.objects.get(user=first).substitution_id
    assert "Group A meets, and you lead it, for week 1:" in email.text
    assert "Can't lead it? Say so here, and someone else is asked:\nhttp" in email.text
    assert f"/substitutes/{substitution}/" in email.text

    answer_offer(offers[first.pk], first.pk, leads=False, now=world.before(hours=0.9))
    with pytest.raises(MessageObsolete):
        render(reminders.get(user=first, context__time="hour"), world.before(hours=0.8))
