"""A term from sign-up to archive, over HTTP: three cohorts, nobody in the server at first.

After each act the world is compared with a list that was written by hand (`term_list.py`): who got
which e-mail, what was posted in which channel, who sees what, and what exists.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import time
from typing import Any

import pytest
from django.test import Client

from cohorts.models import Installation, User
from tests.lens.term.handwritten import Names, Stage, read_texts
from tests.lens.term.staff_pages import Page
from tests.lens.term.term_acts import Learner, Staff, address_of, when
from tests.lens.term.term_list import TERM
from tests.lens.term.term_world import Existing, Rights, TermWorld

NAMED = {
    "Birds": ("Heron", "Wren", "Owl"),
    "Beasts": ("Fox", "Hare", "Lynx"),
    "Trees": ("Ash", "Elm", "Oak"),
    "Stones": ("Onyx", "Opal", "Agate"),
}
MORE = {
    "Birds": ("Crane", "Finch", "Robin", "Stork", "Swift"),
    "Beasts": ("Badger", "Beaver", "Marten", "Otter", "Weasel"),
    "Trees": ("Alder", "Birch", "Cedar", "Maple", "Rowan"),
    "Stones": ("Flint", "Garnet", "Jade", "Quartz", "Ruby"),
}
SLOTS = {  # weekday, first day, number of meetings
    "Birds": ("Tuesday", "2027-01-12", "4"),
    "Beasts": ("Wednesday", "2027-01-13", "4"),
    "Trees": ("Thursday", "2027-01-14", "4"),
    "Stones": ("Tuesday", "2027-03-30", "2"),
}
PLACES = ("1", "2", "3", "F")
WEEK_OFF = ("2027-01-18", "2027-01-24")
MOST_ROLES = 250

# When something is due: reminders to join at 09:00, to meet 24 hours and 1 hour before.
MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = range(7)
MORNING, HOUR_BEFORE, DAY_BEFORE = time(9, 1), time(17, 2), time(18, 2)
MEETINGS = {
    MONDAY: (DAY_BEFORE,),
    TUESDAY: (HOUR_BEFORE, DAY_BEFORE),
    WEDNESDAY: (HOUR_BEFORE, DAY_BEFORE),
    THURSDAY: (HOUR_BEFORE,),
}
BOTH = {day: (MORNING, *MEETINGS.get(day, ())) for day in range(7)}


@dataclass
class Term:
    """The acts, in the order of the list."""

    world: TermWorld
    staff: Staff
    names: Names
    order: tuple[str, ...]  # of the groups in the roster
    learners: dict[str, Learner] = field(default_factory=dict)
    undoable: Page | None = None  # the step that will be taken back

    def learner(self, name: str) -> Learner:
        if name not in self.learners:
            self.learners[name] = Learner(self.world, name)
        return self.learners[name]

    def roster(self, *cohorts: str) -> list[dict[str, str]]:
        """A line for each person of these cohorts."""
        groups = [group for group in self.order if self.names.cohort_of(group) in cohorts]
        return [self.line(f"{group} {n}", group) for group in groups for n in PLACES]

    def line(self, name: str, group: str) -> dict[str, str]:
        cohort = self.names.cohort_of(group)
        weekday, first, number = SLOTS[cohort]
        return {
            "course": "Safety",
            "cohort": cohort,
            "start_date": first,
            "number_of_meetings": number,
            "group": group,
            "slot": f"{weekday} 18:00",
            "timezone": "Europe/Berlin",
            "name": name,
            "email": address_of(name),
            "discord_id": "",
            "role": "facilitator" if name.endswith("F") else "participant",
        }

    def let_join(self, said: str) -> None:
        for name in self.names.people(said):
            self.learner(name).sign_in()
            self.learner(name).join_server()

    # -- the acts ----------------------------------------------------------------------------

    def realize(self) -> None:
        self.staff.import_roster(self.roster("Birds", "Beasts", "Trees"))
        for cohort in ("Birds", "Beasts", "Trees"):
            self.staff.realize(cohort)
        self.world.minute(2)

    def join(self) -> None:
        self.world.wait_until(when(5, 1, 10))
        self.let_join("Birds 12F, Beasts 12F, Trees 12F")
        self.learner("Heron 1").answer("Heron", 1, "attending")
        self.learner("Heron 2").answer("Heron", 1, "not_attending")
        self.world.minute(2)

    def late_starters(self) -> None:
        self.world.wait_until(when(8, 1, 12))
        self.let_join("Beasts 3")
        self.world.minute(2)

    def birds_break(self) -> None:
        self.world.wait_until(when(8, 1, 15))
        self.staff.skip("Birds", *WEEK_OFF, how="push", reason="ski week")
        self.world.pass_time(minutes=10)
        self.world.minute(2)

    def beasts_break_undone_in_time(self) -> None:
        self.world.wait_until(when(8, 1, 16))
        step = self.staff.skip("Beasts", *WEEK_OFF, how="push", reason="")
        self.world.pass_time(minutes=5)
        self.staff.undo(step)
        self.world.pass_time(minutes=10)
        self.world.minute(2)

    def trees_break(self) -> None:
        self.world.wait_until(when(8, 1, 17))
        self.undoable = self.staff.skip("Trees", *WEEK_OFF, how="push", reason="")
        self.world.pass_time(minutes=10)
        self.world.minute(2)

    def trees_break_undone(self) -> None:
        self.world.wait_until(when(8, 1, 18))
        self.staff.take_back(self.undoable)
        self.world.minute(2)

    def third_ones(self) -> None:
        self.world.wait_until(when(12, 1, 10))
        self.let_join("Birds 3, Trees 3, not Ash 3")
        self.world.minute(2)

    def first_week(self) -> None:
        self.world.wait_until(when(13, 1, 10))
        self.learner("Owl F").mark_present("Owl", 1, "Owl 1")
        self.learner("Heron F").mark_present("Heron", 1, "Heron 1")
        self.world.wait_until(when(15, 1, 12))

    def someone_drops_out(self) -> None:
        self.world.wait_until(when(18, 1, 10))
        self.staff.end_membership("Oak 2", "Oak", "dropped")
        self.world.minute(2)

    def someone_comes_late(self) -> None:
        self.world.wait_until(when(20, 1, 11))
        self.staff.add_person("Lena", "Fox")
        self.world.minute(2)

    def a_group_ends(self) -> None:
        self.world.wait_until(when(21, 1, 12))
        self.staff.end("Beasts", "Lynx", status="cancelled", reason="Too few people.")
        self.world.pass_time(minutes=10)
        self.world.minute(2)

    def someone_chooses_a_group(self) -> None:
        self.world.wait_until(when(22, 1, 12))
        self.staff.change_cohort("Beasts", is_joinable="on")
        self.staff.change_cohort("Trees", end_after_days="4")
        self.learner("Lynx 1").join_group("Fox")
        self.world.minute(2)

    def the_late_one_joins(self) -> None:
        self.world.wait_until(when(24, 1, 12))
        self.let_join("Lena")
        self.world.minute(2)
        self.world.ticks = MEETINGS  # everyone who will join has joined

    def visits(self) -> None:
        self.world.wait_until(when(27, 1, 20))
        self.learner("Owl 1").visit("Heron", 3, home="Owl")
        self.learner("Heron 2").visit("Owl", 3, home="Heron")
        self.learner("Heron 3").visit("Wren", 3, home="Heron")
        self.world.minute(2)

    def merge(self) -> None:
        self.world.wait_until(when(28, 1, 11))
        self.staff.merge("Birds", "Heron", "Wren")
        self.world.pass_time(minutes=10)
        self.world.minute(2)

    def substitute(self) -> None:
        self.world.wait_until(when(29, 1, 11))
        self.learner("Owl F").cannot_lead("Owl", 3)
        self.world.minute(2)
        self.learner("Hare F").lead_instead()
        self.world.minute(2)

    def third_week(self) -> None:
        self.world.wait_until(when(3, 2, 12))

    def beasts_end(self) -> None:
        self.world.wait_until(when(6, 2, 12))
        self.world.wait_until(when(8, 2, 12))
        self.staff.end("Beasts")
        self.world.pass_time(minutes=10)
        self.world.minute(2)

    def birds_end(self) -> None:
        self.world.wait_until(when(10, 2, 20))
        self.undoable = self.staff.end("Birds")
        self.world.pass_time(minutes=10)
        self.world.minute(2)

    def reopen(self) -> None:
        self.world.wait_until(when(12, 2, 12))
        self.staff.take_back(self.undoable)
        self.world.minute(2)

    def end_again(self) -> None:
        self.world.wait_until(when(15, 2, 12))
        self.staff.end("Birds")
        self.world.pass_time(minutes=10)
        self.world.minute(2)
        self.world.ticks = {SATURDAY: (MORNING,), WEDNESDAY: (MORNING,)}

    def archives_end(self) -> None:
        self.world.wait_until(when(16, 3, 12))

    def full_server(self) -> None:
        self.world.wait_until(when(16, 3, 13))
        for number in range(MOST_ROLES - len(self.world.guild["roles"])):
            self.world.sandbox.post("create", {"kind": "role", "fields": {"name": f"x{number}"}})
        self.staff.import_roster([*self.roster("Stones"), self.line("Owl 1", "Onyx")])
        self.staff.realize("Stones")
        self.world.minute(2)

    def removal(self) -> None:
        self.world.wait_until(when(16, 3, 14))
        for cohort in ("Beasts", "Trees"):
            assert self.staff.remove_all(cohort) == 3 * self.names.count + 2
            self.world.minute(2)
        self.world.work_at(when(16, 3, 16))
        self.world.minute(2)

    def last_removal(self) -> None:
        self.world.wait_until(when(18, 3, 17))
        assert self.staff.remove_all("Birds") == 3 * self.names.count + 2
        self.world.minute(2)


@pytest.fixture
def world(sandbox, set_clock) -> TermWorld:
    begin = when(4, 1, 13)
    set_clock(begin)
    sandbox.set_clock(begin)
    Installation.objects.ensure(begin)
    Installation.objects.update(first_started_at=begin, quiet_before=begin)
    return TermWorld(sandbox, set_clock, BOTH)


def begin_term(world: TermWorld, more: Mapping[str, tuple[str, ...]] = MORE) -> Term:
    """`more`: groups that the list does not name singly."""
    groups = {name: (*few, *more.get(name, ())) for name, few in NAMED.items()}
    order = [group for each in (NAMED, more) for names in each.values() for group in names]
    olga = User.objects.create_superuser("olga@example.org", None, name="Olga")
    client = Client()
    client.force_login(olga)
    return Term(world, Staff(world, client), Names(groups), tuple(order))


def live_through(term: Term, stages: Iterable[Stage]) -> list[str]:
    """Do each act, and compare what there is with the list; the differences, in words."""
    rights: Rights = {}
    existing: dict[str, Existing] = {}
    found: list[str] = []
    for stage in stages:
        getattr(term, stage.name)()
        rights = term.names.change_rights(rights, stage.access)
        existing = term.names.change_existing(existing, stage.exists)
        different = [
            *compare("e-mail", term.names.emails(stage.emails), term.world.take_emails()),
            *compare("post", term.names.posts(stage.posts), term.world.take_posts()),
            *compare("access", rights, term.world.read_rights()),
            *compare("exists", existing, term.world.read_existing()),
            *compare("issue", term.names.issues(stage.issues), term.world.issues()),
            *missing_texts(stage, term.world.texts),
        ]
        found += [stage.about, *different] if different else []
    return found


def compare(what: str, listed: Mapping[Any, Any], seen: Mapping[Any, Any]) -> Iterator[str]:
    """Name each difference, and both sides of it."""
    for key in sorted({*listed, *seen}, key=str):
        if listed.get(key) != seen.get(key):
            yield f"  {what} {key}: listed {listed.get(key)}, seen {seen.get(key)}"


def missing_texts(stage: Stage, texts: Mapping[tuple[str, str], str]) -> Iterator[str]:
    for person, subject, words in read_texts(stage.texts):
        text = " ".join(texts.get((person, subject), "").split())
        if words not in text:
            yield f"  the e-mail “{subject}” to {person} does not say “{words}”: {text}"


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(3600)
@pytest.mark.matrix
def test_a_term_from_sign_up_to_archive_is_as_the_list_says(world):
    different = live_through(begin_term(world), TERM)
    assert not different, "\n".join(different)
