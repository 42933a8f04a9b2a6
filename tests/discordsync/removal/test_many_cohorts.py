"""Cohorts one after the other through one Discord server, which holds 250 roles and 500 channels.

Each is realized, meets, ends, can be read for a while, and is removed by approval as soon as the
next one needs the room. The sandbox refuses whatever exceeds Discord's limits, as Discord does.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from cohorts.models import Cohort, CohortStep, Group, Installation, User
from cohorts.reconcile.models import GroupSync, ProviderState
from cohorts.steps.registry import step_kinds
from cohorts.steps.services import ask_for_step
from cohorts.steps.tasks import carry_out_due
from discordsync.models import DiscordObject
from meetings.models import Meeting
from tests.discordsync.removal.test_removal import LIST, read_form
from tests.support.clock import SetClock
from tests.support.cohort import MadeCohort, make_cohort, realize, work
from tests.support.passing_time import PassingTime
from tests.support.running_sandbox import RunningSandbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_discord")]

NOW = datetime(2027, 1, 4, 12, tzinfo=UTC)  # a Monday; a year of ten terms has clock changes
ROLES, CHANNELS, EVENTS = 250, 500, 100
WEEKS, MEMBERS = 3, 2
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SLICES = 60  # passes; each ends after 45 seconds
SCALE = 0.005  # the windows of all limits are 200 times shorter than the real ones


@dataclass
class Server(PassingTime):
    """One server. `gone`: how many of the cohorts, the oldest first, were removed."""

    staff: Client
    has_limits: bool = False
    terms: list[MadeCohort] = field(default_factory=list)
    gone: int = 0

    # -- one cohort ------------------------------------------------------------------------------

    def add_term(self, groups: int) -> MadeCohort:
        if self.has_limits:
            # The sandbox counts in real time: the months since the last term must end its windows,
            # above all that of 250 new roles in 48 hours.
            self.sandbox.set_limits(discord=True, scale=SCALE)
        made = make_cohort(
            groups=groups, members=MEMBERS, meetings=WEEKS, name=f"Term {len(self.terms)}"
        )
        for person in made.people:
            self.sandbox.post("join", {"id": str(person.discord_id), "username": f"p{person.pk}"})
        self.terms.append(made)
        return made

    def realize(self, made: MadeCohort) -> None:
        realize(made)
        work("discord", slices=SLICES)

    def meet(self, made: MadeCohort) -> None:
        """All meetings are held."""
        for week in range(1, WEEKS + 1):
            last = Meeting.objects.filter(group__in=made.ids, number=week).latest("starts_at")
            self.move_clock(last.ends_at + HOUR)
            self.compare()

    def end(self, made: MadeCohort) -> None:
        self.move_clock(self.now + DAY)
        params = {"groups": [], "status": Cohort.Status.COMPLETED.value}
        wanted = CohortStep(cohort=made.cohort, kind="end", params=params)
        seen = step_kinds["end"].preview(wanted, self.now).digest
        step = ask_for_step("end", made.cohort.pk, params, seen=seen, by=None, now=self.now)
        self.move_clock(step.due_at)
        assert carry_out_due(self.now) == 1
        work("discord", slices=SLICES)

    def remove_oldest(self) -> None:
        """Staff review what is left of the oldest cohort, and approve all of it."""
        made = self.terms[self.gone]
        archive = Group.objects.get(pk=made.ids[0]).archive
        if archive and archive.ends_at > self.now:
            self.move_clock(archive.ends_at)
            self.compare()
        review = self.staff.post(LIST, {"cohort": made.cohort.pk})
        work("discord", slices=SLICES)
        page, form = read_form(self.staff, review["Location"])
        own = DiscordObject.objects.filter(cohort=made.cohort) | DiscordObject.objects.filter(
            group__in=made.ids
        )
        left = set(own.exclude(kind="event").values_list("key", flat=True))
        assert {key.removeprefix("object-") for key in form} == left, "nothing of another cohort"
        assert set(form.values()) == {"remove"}, page
        self.staff.post(review["Location"], form)
        work("discord", slices=SLICES)
        assert not own.exclude(kind="event").exists()
        self.gone += 1

    def compare(self) -> None:
        """Everything is compared, as within an hour, whatever was announced."""
        GroupSync.objects.filter(next_at__isnull=False).update(next_at=self.now)
        work("discord", slices=SLICES)

    # -- what exists -----------------------------------------------------------------------------

    def counts(self) -> tuple[int, int, int]:
        """Roles, channels and scheduled events, by the sandbox's own lists."""
        guild = self.sandbox.get("state")["discord"]
        ahead = [event for event in guild["events"].values() if event["status"] in (1, 2)]
        return len(guild["roles"]), len(guild["channels"]), len(ahead)

    def assert_within_limits(self) -> None:
        roles, channels, events = self.counts()
        assert roles <= ROLES
        assert channels <= CHANNELS
        assert events <= EVENTS

    def assert_fine(self) -> None:
        issues = GroupSync.objects.exclude(issue="").values_list("group", "issue")
        assert not list(issues)
        assert not ProviderState.objects.exclude(issue="").exists()
        self.assert_within_limits()

    def shapes(self, since: int) -> Counter[str]:
        """What was written since a call, by method and path without ids."""
        return Counter(_shape(call) for call in self.sandbox.writes(since))

    def refusals(self, since: int) -> list[Any]:
        return [
            (call["path"], call["response"])
            for call in self.sandbox.calls(since)
            if call["status"] and call["status"] >= 400 and call["status"] != 429
        ]


def _shape(call: dict[str, Any]) -> str:
    return f"{call['method']} {re.sub(r'/[0-9]{15,}', '/…', call['path'])}"


@pytest.fixture
def server(sandbox: RunningSandbox, set_clock: SetClock) -> Server:
    set_clock(NOW)
    sandbox.set_clock(NOW)
    Installation.objects.ensure(NOW)
    staff = Client()
    person = User.objects.create_superuser("root@example.org", "a long password", name="Root")
    staff.force_login(person)
    return Server(sandbox, set_clock, staff)


def describe(server: Server, made: MadeCohort) -> Counter[tuple[Any, ...]]:
    """The objects of a cohort as people see them, without its name and dates."""
    guild = server.sandbox.get("state")["discord"]
    own = {str(person.discord_id): "member" for person in made.people}
    roles = {
        pk: role["name"] for pk, role in guild["roles"].items() if made.cohort.name in role["name"]
    }
    ids = {
        str(row.outside_id)
        for row in DiscordObject.objects.filter(cohort=made.cohort)
        | DiscordObject.objects.filter(group__in=made.ids)
    }
    found: Counter[tuple[Any, ...]] = Counter()
    for pk in ids & guild["channels"].keys():
        channel = guild["channels"][pk]
        rights = Counter(
            ("role" if target in roles else own.get(target, "other"), o["allow"], o["deny"])
            for target, o in channel["overwrites"].items()
        )
        said = len(guild["messages"].get(pk, {}))
        found["channel", channel["type"], frozenset(rights.items()), said] += 1
    for member in own:
        found["member", len(roles.keys() & guild["members"][member]["roles"])] += 1
    found["roles", len(roles)] += 1
    found["events", len(ids & guild["events"].keys())] += 1
    return found


def run_terms(server: Server, *, terms: int, groups: int, room: int) -> list[float]:
    """Run `terms` cohorts of which `room` fit at the same time; return the CPU seconds per write
    that each took to realize."""
    costs, first = [], None
    for n in range(terms):
        if n - server.gone == room:
            server.remove_oldest()
            server.assert_fine()
        made = server.add_term(groups)
        seen, began = server.sandbox.last, time.thread_time()
        server.realize(made)
        took = time.thread_time() - began
        costs.append(took / len(server.sandbox.writes(seen)))
        assert {group.status for group in made.refresh().groups} == {"active"}
        realized = server.shapes(seen), describe(server, made)
        first = first or realized
        assert realized == first, f"term {n} is realized like the first"
        server.assert_fine()
        server.meet(made)
        server.assert_fine()
        server.end(made)
        server.assert_fine()
        assert server.counts()[2] == 0
        assert server.refusals(seen) == []
    while server.gone < terms:
        server.remove_oldest()
    server.assert_fine()
    return costs


def fill(server: Server, *, groups: int, room: int) -> None:
    """Others have filled the server, so that no more than `room` cohorts fit."""
    roles, _, _ = server.counts()
    for n in range(ROLES - roles - groups * room):
        server.sandbox.post("create", {"kind": "role", "fields": {"name": f"theirs {n}"}})


@pytest.mark.matrix
def test_three_cohorts_pass_through_a_server_with_room_for_two(server: Server) -> None:
    fill(server, groups=3, room=2)
    before = server.counts()
    run_terms(server, terms=3, groups=3, room=2)
    assert server.counts() == before


@pytest.mark.matrix
@pytest.mark.timeout(3600)
def test_ten_cohorts_of_forty_groups_pass_through_one_server(server: Server, capsys) -> None:
    """240 roles and 498 channels are the most that there is room for: six cohorts at once."""
    server.has_limits = True
    before = server.counts()
    costs = run_terms(server, terms=10, groups=40, room=6)
    assert server.counts() == before
    with capsys.disabled():
        print("\nCPU per write:", ", ".join(f"{cost * 1000:.1f} ms" for cost in costs))  # noqa: T201
