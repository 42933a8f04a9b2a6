"""What a person's page costs, without and with a long history."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from cohorts import clock
from cohorts.models import AccessState, Cohort, Group, Membership, User
from cohorts.outbox.models import Message
from tests.lens.desk.test_costs import read_page
from tests.support.academy import Academy

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("everything_alive")]

MOST_QUERIES, MOST_BYTES = 20, 150_000


def open_page(client: Client, person: User) -> tuple[int, str]:
    return read_page(client, f"/admin/people/{person.pk}/")


def add_history(person: User, academy: Academy) -> None:
    """50 memberships that ended, 10 that did not, each with its access, and 500 messages."""
    now = clock.now()
    groups = Group.objects.bulk_create(
        Group(cohort=academy.cohort, name=f"Species {n}", status="active", set_up_at=now)
        for n in range(60)
    )
    Membership.objects.bulk_create(
        Membership(
            user=person,
            group=group,
            cohort=academy.cohort,
            role="facilitator",
            status="active" if n < 10 else "moved",
            left_at=None if n < 10 else now,
            left_why="" if n < 10 else "The time did not work any more.",
        )
        for n, group in enumerate(groups)
    )
    AccessState.objects.bulk_create(
        AccessState(
            user=person,
            group=group,
            provider=provider,
            state="not_joined" if n < 10 else "ended",
        )
        for n, group in enumerate(groups)
        for provider in ("discord", "calendar")
    )
    Message.objects.bulk_create(
        Message(
            key=f"message {n}",
            kind="reminder",
            channel="email",
            user=person,
            state="sent" if n % 2 else "pending",
            due_at=now - timedelta(hours=n),
            cutoff_at=now,
            subject="A reminder",
            body="We meet tomorrow. " * 400,
        )
        for n in range(500)
    )


def test_the_page_takes_at_most_20_queries_and_150_kb_with_any_history(manager):
    academy = Academy(clock.now().replace(minute=0, second=0, microsecond=0))
    Cohort.objects.update(first_known_at=clock.now() - timedelta(days=90))
    person = academy.add_member("Ana", "A", discord_id=200000000000000001)
    AccessState.objects.create(user=person, group=academy.groups["A"], provider="discord")
    open_page(manager, person)
    few, _ = open_page(manager, person)
    add_history(person, academy)
    many, page = open_page(manager, person)
    assert "30 more</a>" in page
    assert few == many <= MOST_QUERIES
    assert len(page.encode()) < MOST_BYTES
