"""Erasing a person: objects outside first, then every table; figures stay."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from logging.config import DictConfigurator
from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import Client

from cohorts.activity.recording import record
from cohorts.errors import Refusal
from cohorts.models import ErasureRequest, FormerAddress, Membership, RefusedSignIn, User
from cohorts.services.memberships import end_membership
from lens.personal_data.erasure import (
    approve_erasure,
    complete_erasures,
    left_outside,
    withdraw_erasure,
)
from meetings.models import Attendance, CalendarFeed
from tests.guestvisits.effects.world import World

pytestmark = pytest.mark.django_db(transaction=True)
NAME = "Zerubabel"
ADDRESSES = ("zerubabel@example.org", "before.zerubabel@example.org")


@pytest.fixture
def log(settings: Any) -> Iterator[StringIO]:
    """Everything that is logged, as it is written with LOG_LEVEL=DEBUG."""
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    line = dict(settings.LOGGING["formatters"]["line"])
    handler.setFormatter(DictConfigurator(settings.LOGGING).configure_formatter(line))
    loggers = [logging.getLogger(), logging.getLogger("django-q")]
    levels = [one.level for one in loggers]
    for one in loggers:
        one.setLevel(logging.DEBUG)
    loggers[0].addHandler(handler)
    yield stream
    loggers[0].removeHandler(handler)
    for one, level in zip(loggers, levels, strict=True):
        one.setLevel(level)


@pytest.fixture
def person(log: StringIO, world: World) -> User:
    """Was a member of group A and a guest of group B, and has left."""
    person = world.add(NAME, "A")
    FormerAddress.objects.create(user=person, email=ADDRESSES[1])
    RefusedSignIn.objects.create(  # with an account that no one else has
        code=RefusedSignIn.Code.AMBIGUOUS, discord_id=4321, email=ADDRESSES[1]
    )
    CalendarFeed.objects.create(user=person)
    world.work()
    world.book(NAME, "B", 1)
    world.work()
    world.pass_time(days=5)  # access for the visit has begun; its first meeting is over
    world.minute()
    assert any(NAME in text for text in world.said("B")), "it names the guest"
    membership = Membership.objects.get(user=person)
    why = f"{NAME} asked for it"
    end_membership(membership.pk, status=Membership.Status.DROPPED, now=world.now, why=why)
    record("changed", by=person, cohort=membership.cohort, changes={"To": ["", f"also {NAME}"]})
    LogEntry.objects.create(
        user=person,
        content_type=ContentType.objects.get_for_model(User),
        object_id=str(person.pk),
        object_repr=NAME,
        action_flag=CHANGE,
    )
    world.pass_time(days=10)
    world.minute(2)
    return User.objects.get(pk=person.pk)


@pytest.fixture
def superuser(world: World) -> User:
    return User.objects.create_superuser("root@example.org", "a long password", name="Root")


def find_in_database(*texts: str) -> list[str]:
    """Return the columns of all tables that contain one of these texts."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns "
            "WHERE table_schema = 'public'"
        )
        for table, column in cursor.fetchall():
            for text in texts:
                cursor.execute(
                    f'SELECT count(*) FROM "{table}" WHERE "{column}"::text ILIKE %s', [f"%{text}%"]
                )
                if cursor.fetchone()[0]:
                    found.append(f"{table}.{column}: {text}")
    return found


def test_nothing_names_the_person_once_discord_was_reached(
    world: World, person: User, superuser: User, log: StringIO
) -> None:
    discord_id, texts = str(person.discord_id), (NAME, *ADDRESSES, str(person.discord_id))
    attended = Attendance.objects.filter(user=person).count()
    browser = Client()
    browser.force_login(superuser)
    page = browser.get(f"/admin/people/{person.pk}/erase/")
    assert "Not possible yet" not in page.content.decode()
    world.sandbox.set_faults({"kind": "unreachable", "service": "discord"})
    approve_erasure(person.pk, by=superuser.pk, now=world.now)
    world.minute(2)
    assert not complete_erasures(world.now), "the objects outside come first"
    assert User.objects.get(pk=person.pk).name == NAME
    world.sandbox.set_faults()
    world.pass_time(hours=1)
    world.minute(3)
    assert world.troubles() == []
    assert list(left_outside(person)) == []
    assert complete_erasures(world.now) == 1

    assert find_in_database(*texts) == []
    lines = log.getvalue().splitlines()
    assert {"DEBUG", "INFO"} <= {line.split()[2] for line in lines if len(line.split()) > 2}
    assert [line for line in lines for text in texts if text.lower() in line.lower()] == []
    state = world.sandbox.get("state")
    guild = state["discord"]
    # The account is the person's own, and stays in the server with its name.
    for objects in (guild["channels"], guild["roles"], guild["messages"], guild["events"]):
        assert not any(text in json.dumps(objects) for text in texts)
    assert guild["members"][discord_id]["roles"] == []
    assert not any(text in json.dumps(state["google"]["events"]) for text in texts)
    assert Attendance.objects.filter(user=person).count() == attended
    assert Membership.objects.filter(user=person).exists()
    assert str(User.objects.get(pk=person.pk)) == f"Person {person.pk}"
    assert ErasureRequest.objects.get(user=person).state == ErasureRequest.State.DONE

    before = len(world.sandbox.writes())
    world.hour()
    assert len(world.sandbox.writes()) == before, "a second comparison writes nothing"


def test_no_one_who_still_takes_part_is_erased(world: World, superuser: User) -> None:
    ada = world.person("Ada")
    with pytest.raises(Refusal, match="still in Group A"):
        approve_erasure(ada.pk, by=superuser.pk, now=world.now)
    with pytest.raises(Refusal, match="is staff"):
        approve_erasure(superuser.pk, by=superuser.pk, now=world.now)
    assert User.objects.get(pk=ada.pk).is_active


def test_a_learner_reads_their_data_and_asks_to_erase_it(world: World, superuser: User) -> None:
    ada = world.person("Ada")
    browser = Client()
    browser.force_login(ada)
    page = browser.get("/my-data/").content.decode()
    assert "ada@example.org" in page.lower()
    assert "Group A" in page
    assert "Bea" not in page
    answer = browser.get("/my-data/file/")
    assert answer["Content-Type"].startswith("application/json")
    held = json.loads(answer.content)
    assert held["Memberships"][0]["Group"] == "Group A"
    assert held["Account"][0]["Discord ID"] == ada.discord_id

    browser.post("/my-data/", {"do": "ask"})
    browser.post("/my-data/", {"do": "ask"})
    assert ErasureRequest.objects.get(user=ada).state == ErasureRequest.State.ASKED
    assert "You have asked" in browser.get("/my-data/").content.decode()
    browser.post("/my-data/", {"do": "withdraw"})
    assert not ErasureRequest.objects.exists()


def test_what_has_begun_cannot_be_withdrawn(world: World, superuser: User) -> None:
    person = world.person("Ada")
    membership = Membership.objects.get(user=person)
    end_membership(membership.pk, status=Membership.Status.DROPPED, now=world.now)
    approve_erasure(person.pk, by=superuser.pk, now=world.now - timedelta(minutes=1))
    with pytest.raises(Refusal, match="cannot be undone"):
        withdraw_erasure(person.pk)
    with pytest.raises(Refusal, match="begun already"):
        approve_erasure(person.pk, by=superuser.pk, now=world.now)
    assert not User.objects.get(pk=person.pk).is_active
