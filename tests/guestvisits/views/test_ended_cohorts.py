"""A cohort that was completed or cancelled ends everything that the end of a group ends."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.db import transaction
from django.test import Client
from icalendar import Calendar

from calendarsync.rsvp.recording import find_expected
from cohorts.errors import Refusal
from cohorts.models import Cohort, Group, Membership, User
from cohorts.reconcile.services import request_realize
from cohorts.services.groups import end_group
from cohorts.services.memberships import add_member
from discordsync.bot.replies.learners import cannot_attend, my_meetings
from discordsync.delivery.assignments import pending_assignments
from discordsync.delivery.welcome import pending_welcomes
from guestvisits.admin.forms import ChoosePersonForm, HomeForm
from guestvisits.admin.moving_members import find_offers
from guestvisits.models import GuestVisit
from guestvisits.set_up_status import _read_context
from meetings.attendance.detection import VoiceObservation, record_presence
from meetings.attendance.presence import Span
from meetings.calendars.services import open_feed
from meetings.messages.changes import pending_changes
from meetings.messages.reminders import pending_reminders
from meetings.messages.rsvp_requests import pending_rsvp_requests
from meetings.models import Attendance, Meeting
from meetings.moving.moves import Cancel
from meetings.moving.services import carry_out
from meetings.selectors import past_meetings
from meetings.services import update_meetings
from tests.support.academy import Academy

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@dataclass
class World:
    """Alice is a member of group A, which Bob facilitates; group B can be visited."""

    academy: Academy
    now: datetime
    alice: User
    bob: User

    @property
    def home(self) -> Meeting:
        return self.academy.meeting("A")

    def get(self, person: User, address: str) -> str:
        client = Client()
        client.force_login(person)
        return client.get(address).content.decode()

    def post(self, person: User, address: str, said: dict[str, object]) -> int:
        client = Client()
        client.force_login(person)
        return client.post(address, said, content_type="application/json").status_code

    def feed_ahead(self) -> list[object]:
        answer = Client().get(f"/calendar/{open_feed(self.alice.pk).token}.ics")
        return Calendar.from_ical(answer.content).walk("VEVENT")

    def book(self) -> bool:
        host = self.academy.meeting("B")
        self.post(
            self.alice,
            "/api/guest-visits",
            {"home_meeting_id": self.home.pk, "host_meeting_id": host.pk},
        )
        return GuestVisit.objects.exists()

    def move(self, person: User) -> bool:
        later = (self.home.starts_at + timedelta(hours=1)).isoformat()
        said = {"starts_at": later, "preview": True}
        return self.post(person, f"/api/meetings/{self.home.pk}/reschedule", said) == 200

    def is_moved_by_facts(self) -> bool:
        Cohort.objects.update(number_of_meetings=6)
        update_meetings([self.academy.groups["A"].pk], now=self.now)
        return Meeting.objects.filter(group__name="Group A").count() == 6

    def takes_members(self) -> bool:
        carol = self.academy.add_person("Carol")
        try:
            return bool(add_member(self.academy.groups["A"].pk, carol.pk, now=self.now))
        except Refusal:
            return False

    def owes_changes(self) -> bool:
        return bool(list(pending_changes(None, self.now, self.now + timedelta(minutes=1))))


def choices_of(form: Any, field: str) -> Any:
    return form.fields[field].queryset


PROBES: dict[str, Callable[[World], object]] = {
    "the page of my meetings": lambda w: 'id="meeting-' in w.get(w.alice, "/meetings/"),
    "my meetings in the API": lambda w: "meeting_id" in w.get(w.alice, "/api/users/me/meetings"),
    "the feed": lambda w: w.feed_ahead(),
    "where else one could go": lambda w: (
        "Group B"
        in w.get(w.alice, f"/api/guest-visits/options?meeting_id={w.home.pk}").split('"not_open"')[
            0
        ]
    ),
    "booking": lambda w: w.book(),
    "answering": lambda w: (
        w.post(w.alice, f"/api/meetings/{w.home.pk}/answer", {"rsvp": "tentative"}) == 200
    ),
    "answers from a calendar": lambda w: find_expected([w.home.pk], w.now),
    "the facilitator's groups": lambda w: "Next: week 1" in w.get(w.bob, "/groups/"),
    "moving on the facilitator's page": lambda w: (
        ">Move</a>" in w.get(w.bob, f"/groups/{w.academy.groups['A'].pk}/")
    ),
    "moving by the facilitator": lambda w: w.move(w.bob),
    "following changed facts": lambda w: w.is_moved_by_facts(),
    "new members": lambda w: w.takes_members(),
    "moving members there": lambda w: find_offers(
        list(Membership.objects.filter(user=w.alice)), w.now
    ),
    "visits booked by staff": lambda w: w.alice in choices_of(ChoosePersonForm(), "person"),
    "meetings chosen by staff": lambda w: choices_of(
        HomeForm(person=w.alice, now=w.now), "home"
    ).exists(),
    "realizing": lambda w: request_realize([w.academy.groups["A"].pk], by=None, now=w.now),
    "the set-up page": lambda w: _read_context(w.alice).groups,
    "the bot's list": lambda w: "Your next meetings" in my_meetings(w.alice, w.now).text,
    "the bot's offer": lambda w: "you can join" in cannot_attend(w.alice, w.now).text,
    "reminders": lambda w: list(
        pending_reminders(None, *[w.home.starts_at - timedelta(minutes=40)] * 2)
    ),
    "nudges": lambda w: list(
        pending_rsvp_requests(None, w.now, w.now + 2 * DAY + timedelta(hours=1))
    ),
    "e-mails about moves": lambda w: w.owes_changes(),
    "e-mails to new members": lambda w: list(pending_assignments(None, w.now, w.now)),
    "welcomes": lambda w: list(pending_welcomes(None, w.now, w.now)),
}


@pytest.fixture
def world(academy: Academy, now: datetime) -> World:
    Group.objects.update(set_up_at=now, activated_at=now)
    bob = academy.add_facilitator("Bob", "A")
    world = World(academy, now, academy.add_member("Alice", "A"), bob)
    carry_out(Cancel(academy.meeting("A", 3).pk), by=None, now=now)
    return world


def find_acts(world: World) -> set[str]:
    """Return the probes that find their group acting; each finds the same rows."""
    found = set()
    for name, probe in PROBES.items():
        with transaction.atomic():
            if probe(world):
                found.add(name)
            transaction.set_rollback(True)
    return found


def test_c2_the_groups_of_a_cohort_act_while_it_is_open_and_not_once_it_has_ended(world):
    assert find_acts(world) == PROBES.keys()
    world.academy.cohort.status = Cohort.Status.CANCELLED
    world.academy.cohort.save()
    assert find_acts(world) == set()


def test_c2_the_page_says_that_the_group_has_ended(world):
    Cohort.objects.update(status=Cohort.Status.COMPLETED)
    assert "Group A has ended." in world.get(world.alice, "/meetings/")


def test_c2_no_one_is_missing_at_a_meeting_after_the_end_of_the_cohort(world):
    cohort, first = world.academy.cohort, world.home
    cohort.status = Cohort.Status.COMPLETED
    cohort.save()
    over = first.ends_at + timedelta(minutes=1)
    silence = VoiceObservation(observed=[Span(world.now, over)], identified={world.alice.pk})
    record_presence([first], {first.group_id: silence}, now=over)
    assert not Attendance.objects.exists()
    assert past_meetings(world.alice.pk, over) == []


def test_c2_a_cohort_that_is_opened_again_goes_on(world):
    cohort = world.academy.cohort
    for status in (Cohort.Status.CANCELLED, Cohort.Status.OPEN):
        cohort.status = status
        cohort.save(update_fields=["status"])
    cohort.refresh_from_db()
    assert cohort.ended_at is None
    assert world.feed_ahead()


def test_c2_a_group_of_an_ended_cohort_can_still_be_ended_itself(world):
    Cohort.objects.update(status=Cohort.Status.COMPLETED)
    group = end_group(world.academy.groups["A"].pk, status="completed", now=world.now)
    assert group.ended_at == world.now


# They end or begin a group, or read and write its own status.
OF_THE_GROUP_ITSELF = {
    "cohorts/models/courses.py",
    "cohorts/needs/group_needs.py",
    "cohorts/roster/plan_courses.py",
    "cohorts/services/provider_reports.py",
    "cohorts/services/groups.py",
    "cohorts/services/memberships.py",
    "guestvisits/ending/end_steps.py",
    "lens/desk/cohort_page/groups_tab.py",  # says which of the two has ended
}


def test_c2_only_the_models_filter_on_the_status_of_a_group():
    """A filter on the status of the group alone forgets its cohort's."""
    alone = re.compile(r"Group\.(ENDED|Status\.ACTIVE)|group__status|cohort__status")
    root = Path(project.BASE_DIR)
    found = {
        str(path.relative_to(root))
        for app in ("cohorts", "meetings", "guestvisits", "discordsync", "calendarsync", "lens")
        for path in (root / app).rglob("*.py")
        if "migrations" not in path.parts and alone.search(path.read_text())
    }
    assert found == OF_THE_GROUP_ITSELF
