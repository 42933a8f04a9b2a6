"""Each page costs the same number of queries in 3 groups and in 60."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cohorts.models import User
from guestvisits.services.booking import book_visit
from tests.support.academy import Academy

pytestmark = pytest.mark.django_db


@pytest.fixture
def cost(now, settings):
    """The queries of each page for one who takes part in one group and facilitates all others."""
    settings.SANDBOX = False  # a clock that can be moved is asked for now and then

    def cost(groups: int) -> dict[str, int]:
        academy, person, leader = build(groups, now)
        places = {"home": academy.meeting("00", 3).pk, "group": academy.groups["01"].pk}
        found = {}
        for address in QUERIES:
            client = Client()
            client.force_login(leader if address.startswith("/groups") else person)
            with CaptureQueriesContext(connection) as captured:
                answer = client.get(address.format(**places))
            assert answer.status_code == 200
            found[address] = len(captured)
        return found

    return cost


def build(groups: int, now: datetime) -> tuple[Academy, User, User]:
    names = [f"{number:02}" for number in range(groups)]
    until = now.date() + timedelta(days=2)
    choosing = {"is_joinable": True, "switching_until": until}
    academy = Academy(now, groups=names, name=f"{groups} groups", **choosing)
    person = academy.add_member(f"Person of {groups}", "00")
    for name in names:
        academy.add_member(f"Member of {groups} {name}", name)
    for week in (1, 2):
        home, host = academy.meeting("00", week), academy.meeting("01", week)
        book_visit(person.pk, home_meeting_id=home.pk, host_meeting_id=host.pk, now=now)
    leader = academy.add_facilitator(f"Leader of {groups}", *names)
    return academy, person, leader


QUERIES = {
    # Three of each: the session, the person, whether "My groups" is shown.
    # meetings, past ones, visits, what is reported, where, whether there is a group to
    # choose, substitutes; four of the set-up
    "/meetings/": 14,
    "/meetings/{home}/alternatives/": 9,
    "/meetings/zone/": 3,
    "/meetings/messages/": 7,  # the person, choices, the direct line, whether they facilitate
    "/meetings/groups/": 7,  # places, groups, who leads them, what is mine
    "/groups/": 12,  # groups, ended ones, meetings, where, a roster's four and substitutes
    "/groups/{group}/": 17,  # three of them: who may see it, and which buttons it has
}


@pytest.mark.parametrize("groups", [3, 60])
def test_every_page_costs_the_same_in_3_groups_and_in_60(cost, groups):
    assert cost(groups) == QUERIES
