"""Read the hand-written list: who is meant, and what is expected of each.

Lines have columns, separated by "|". People are named by where they began:

    Heron           everyone of the group Heron           Heron 1      this one person
    Birds           everyone of the cohort Birds          Birds 12F    these of each of its groups
    not Heron 1     without them

Everyone's name is their group's and a number, or F for the facilitator. {group} in a text is the
group in the reader's name, {count} the number of groups in each cohort, "2x" before it means twice.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.lens.term.term_world import Existing, Rights

NUMBERS = "123F"
OTHERS = ("Olga", "Lena")  # without a group of their own in the name


@dataclass(frozen=True)
class Stage:
    """What happens between two comparisons. `name`: the function that does it.

    emails     people | subject                     everything that came by e-mail
    posts      groups or people | first line        everything that Lens wrote on Discord
    access     people | channels | right            changes; "own" and "cohort" are the person's
    exists     groups or cohorts | channels | days in the calendar | days in Discord: changes
    issues     groups | what staff read is wrong
    texts      person | subject | what their e-mail says, among other things
    """

    name: str
    about: str
    emails: str = ""
    posts: str = ""
    access: str = ""
    exists: str = ""
    issues: str = ""
    texts: str = ""


@dataclass(frozen=True)
class Names:
    """The groups of each cohort, as imported."""

    groups: Mapping[str, tuple[str, ...]]

    def people(self, said: str) -> list[str]:
        """The people that a column means."""
        found: list[str] = []
        for term, is_without in _terms(said):
            people = self._people(term)
            found = [one for one in found if one not in people] if is_without else found + people
        return found

    def _people(self, term: str) -> list[str]:
        if term in OTHERS:
            return [term]
        name, _, numbers = term.partition(" ")
        return [f"{group} {n}" for group in self.expand(name) for n in numbers or NUMBERS]

    def expand(self, name: str) -> tuple[str, ...]:
        """The groups of a cohort, or a group itself."""
        known = {group for groups in self.groups.values() for group in groups}
        assert name in self.groups or name in known, f"“{name}” is no group or cohort"
        return self.groups.get(name, (name,))

    def cohort_of(self, group: str) -> str:
        return next(name for name, groups in self.groups.items() if group in groups)

    @property
    def count(self) -> int:
        """The number of groups, the same in each cohort."""
        return len(next(iter(self.groups.values())))

    # -- the columns -------------------------------------------------------------------------

    def emails(self, said: str) -> Counter[tuple[str, str]]:
        found: Counter[tuple[str, str]] = Counter()
        for who, column in _rows(said):
            times, text = _times(column)
            for person in self.people(who):
                words = text.replace("{group}", person.partition(" ")[0])
                found[person, words.replace("{count}", str(self.count))] += times
        return found

    def posts(self, said: str) -> Counter[tuple[str, str]]:
        """To channels by their group's name; to a person directly by theirs."""
        found: Counter[tuple[str, str]] = Counter()
        for where, column in _rows(said):
            times, text = _times(column)
            for room in self._rooms(where):
                group = room.partition(" ")[0].capitalize()
                words = text.replace("{group}", group).replace("{cohort}", self.cohort_of(group))
                found[room, words] += times
        return found

    def _rooms(self, said: str) -> list[str]:
        rooms: list[str] = []
        for term, is_without in _terms(said):
            people = self.people(term) if " " in term else []
            fresh = people or [group.lower() for group in self.expand(term)]
            rooms = [one for one in rooms if one not in fresh] if is_without else rooms + fresh
        return rooms

    def change_rights(self, before: Rights, said: str) -> Rights:
        after = dict(before)
        for who, where, right in _rows(said):
            for person in self.people(who):
                for room in where.split(","):
                    after[person, self._room(person, room.strip())] = right
        return {key: right for key, right in after.items() if right != "nothing"}

    def _room(self, person: str, room: str) -> str:
        own = person.partition(" ")[0]
        if room == "own":
            return own.lower()
        if room == "cohort":
            return self.cohort_of(own).lower()
        assert room in self.groups or self.expand(room)
        return room.lower()

    def change_existing(self, before: Mapping[str, Existing], said: str) -> dict[str, Existing]:
        after = dict(before)
        for who, *columns in _rows(said):
            is_about_cohorts = who.startswith("the cohort ")
            names = who.replace("the cohort ", "").split(", ")
            for one in names if is_about_cohorts else self._groups(who):
                after[one] = Existing(*columns)
        return after

    def issues(self, said: str) -> dict[str, str]:
        return {group: text for who, text in _rows(said) for group in self._groups(who)}

    def _groups(self, said: str) -> list[str]:
        found: list[str] = []
        for term, is_without in _terms(said):
            groups = self.expand(term)
            found = [g for g in found if g not in groups] if is_without else [*found, *groups]
        return found


def read_texts(said: str) -> Iterator[tuple[str, str, str]]:
    """The person, the subject and the words of each row."""
    yield from ((person, subject, words) for person, subject, words in _rows(said))


def _rows(said: str) -> Iterator[list[str]]:
    for line in said.strip().splitlines():
        if line.strip():
            yield [column.strip() for column in line.split("|")]


def _terms(said: str) -> Iterator[tuple[str, bool]]:
    """The parts of a column, and whether each is to be left out."""
    for term in said.split(","):
        name, count = re.subn(r"^not ", "", term.strip())
        yield name, bool(count)


def _times(text: str) -> tuple[int, str]:
    found = re.match(r"(\d+)x (.*)", text)
    return (int(found[1]), found[2]) if found else (1, text)
