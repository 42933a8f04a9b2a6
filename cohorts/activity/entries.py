"""Read entries for pages: names are looked up now, so that an erased person has none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, QuerySet

from cohorts.activity.registry import title_of_kind
from cohorts.models import ActivityEntry, ActivitySubject, Cohort, ErasureRequest, Group, User
from cohorts.registries import Registry
from cohorts.web.access import staff_may

LENS, ERASED, GONE = "Lens", "an erased person", "a deleted person"
SOMEONE = "a person"  # for staff who may not view people; they read no text either
SHOWN_PEOPLE = SHOWN_GROUPS = 8
ON_PAGE = 50


@dataclass(frozen=True, slots=True)
class EntryLink:
    """The page of what an entry is about; `undo`: that page still offers to undo it."""

    text: str
    url: str = ""
    undo: bool = False


FindLinks = Callable[[Collection[ActivityEntry], User], Mapping[int, EntryLink]]

# What entries are about, by the entry's id. With a constant number of queries.
entry_links: Registry[FindLinks] = Registry("links of activity entries")


@dataclass(frozen=True, slots=True)
class NamedRow:
    """A person, group or cohort; `id` is None where there is no page to link to."""

    name: str
    id: int | None


@dataclass(frozen=True, slots=True)
class ShownValue:
    """A value in words, or a moment, which is shown in the reader's zone and in `zone`."""

    text: str = ""
    moment: datetime | None = None
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class ShownChange:
    label: str
    before: ShownValue
    after: ShownValue


@dataclass(frozen=True, slots=True)
class ShownEntry:
    """An entry as people read it. `more`, `more_groups`: how many are not named."""

    at: datetime
    who: NamedRow
    title: str
    people: tuple[NamedRow, ...]
    more: int
    groups: tuple[NamedRow, ...]
    more_groups: int
    cohort: NamedRow | None
    about: EntryLink | None
    changes: tuple[ShownChange, ...]
    reason: str


def read_entries(entries: Collection[ActivityEntry], viewer: User) -> list[ShownEntry]:
    """Return the entries of a page. A constant number of queries."""
    if not entries:
        return []
    names = _read_names(entries, viewer)
    links: dict[int, EntryLink] = {}
    for find in entry_links.values():
        links |= find(entries, viewer)
    return [_show(entry, names, links.get(entry.pk)) for entry in entries]


def read_page(found: QuerySet[ActivityEntry], number: str | None, viewer: User) -> dict[str, Any]:
    """Return one page of the entries, as templates of lists show it."""
    page = Paginator(found, ON_PAGE).get_page(number)
    return {"page": page, "entries": read_entries(list(page), viewer)}


def _show(entry: ActivityEntry, names: _Names, link: EntryLink | None) -> ShownEntry:
    people = names.people_of(entry)
    concerned = names.groups_of(entry)
    groups = tuple(names.group(pk) for pk in concerned[:SHOWN_GROUPS])
    cohort = names.cohort(entry.cohort) if entry.cohort else None
    shown = [row.name for row in (*groups, cohort) if row]
    return ShownEntry(
        at=entry.at,
        who=NamedRow(LENS, None) if entry.actor is None else names.person(entry.actor),
        title=title_of_kind(entry.kind),
        people=tuple(names.person(pk) for pk in people[:SHOWN_PEOPLE]),
        more=max(len(people) - SHOWN_PEOPLE, 0),
        groups=groups,
        more_groups=max(len(concerned) - SHOWN_GROUPS, 0),
        cohort=cohort,
        about=link or _name_object(entry, shown),
        changes=tuple(names.changes_of(entry)),
        reason=entry.reason if names.may_name else "",
    )


def _name_object(entry: ActivityEntry, shown: Collection[str]) -> EntryLink | None:
    """Return what an entry is about, if neither its people nor its groups say so."""
    if entry.about and entry.about not in shown:
        return EntryLink(entry.about)
    if entry.person or entry.group or not entry.about_type:
        return None
    try:
        return EntryLink(str(apps.get_model(entry.about_type)._meta.verbose_name).capitalize())
    except LookupError:
        return None


# -- names ---------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Names:
    people: Mapping[int, Any]  # with `is_erased`
    groups: Mapping[int, Group]
    cohorts: Mapping[int, Cohort]
    subjects: Mapping[int, list[int]]
    subject_groups: Mapping[int, list[int]]
    may_name: bool

    def people_of(self, entry: ActivityEntry) -> list[int]:
        first = [] if entry.person is None else [entry.person]
        return [*first, *self.subjects.get(entry.pk, ())]

    def groups_of(self, entry: ActivityEntry) -> list[int]:
        first = [pk for pk in (entry.group, entry.other_group) if pk]
        return [*first, *self.subject_groups.get(entry.pk, ())]

    def person(self, pk: int) -> NamedRow:
        if not self.may_name:
            return NamedRow(SOMEONE, None)
        found = self.people.get(pk)
        if found is None:
            return NamedRow(GONE, None)
        return NamedRow(ERASED, None) if found.is_erased else NamedRow(found.display_name, pk)

    def group(self, pk: int) -> NamedRow:
        found = self.groups.get(pk)
        return NamedRow(str(found), pk) if found else NamedRow("a deleted group", None)

    def cohort(self, pk: int) -> NamedRow:
        found = self.cohorts.get(pk)
        return NamedRow(str(found), pk) if found else NamedRow("a deleted cohort", None)

    def changes_of(self, entry: ActivityEntry) -> Iterator[ShownChange]:
        group = self.groups.get(entry.group or 0)
        zone = group.timezone if group else "UTC"
        for label, (before, after) in entry.changes.items():
            if self.may_name or (is_nameless(before) and is_nameless(after)):
                yield ShownChange(label, self.value(before, zone), self.value(after, zone))

    def value(self, stored: Any, zone: str) -> ShownValue:
        match stored:
            case {"at": text}:
                return ShownValue(moment=datetime.fromisoformat(text), zone=zone)
            case list():
                return ShownValue(", ".join(map(self.text, stored)))
        return ShownValue(self.text(stored))

    def text(self, stored: Any) -> str:
        match stored:
            case {"person": pk}:
                return self.person(pk).name
            case {"group": pk}:
                return self.group(pk).name
            case {"cohort": pk}:
                return self.cohort(pk).name
        return str(stored)


def is_nameless(stored: Any) -> bool:
    """Return whether a value names no one as it is stored: only texts may."""
    match stored:
        case "" | {"at": _} | {"person": _} | {"group": _} | {"cohort": _}:
            return True
        case list():
            return all(map(is_nameless, stored))
    return False


def _read_names(entries: Collection[ActivityEntry], viewer: User) -> _Names:
    """Read everyone and everything that these entries name.  Four queries."""
    subjects: dict[int, list[int]] = defaultdict(list)
    subject_groups: dict[int, list[int]] = defaultdict(list)
    for row in ActivitySubject.objects.filter(entry__in=entries).order_by("pk"):
        if row.person:
            subjects[row.entry_id].append(row.person)
        if row.group:
            subject_groups[row.entry_id].append(row.group)
    ids = _ids_in(entries)
    ids["group"] |= {pk for groups in subject_groups.values() for pk in groups[:SHOWN_GROUPS]}
    ids["person"] |= {pk for people in subjects.values() for pk in people[:SHOWN_PEOPLE]}
    done = ErasureRequest.objects.filter(state=ErasureRequest.State.DONE, user=OuterRef("pk"))
    return _Names(
        User.objects.annotate(is_erased=Exists(done)).in_bulk(ids["person"]),
        Group.objects.in_bulk(ids["group"]),
        Cohort.objects.in_bulk(ids["cohort"]),
        subjects,
        subject_groups,
        may_name=staff_may(viewer, "cohorts.view_user"),
    )


def _ids_in(entries: Iterable[ActivityEntry]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {"person": set(), "group": set(), "cohort": set()}
    for entry in entries:
        found["person"] |= {pk for pk in (entry.person, entry.actor) if pk}
        found["group"] |= {pk for pk in (entry.group, entry.other_group) if pk}
        found["cohort"] |= {pk for pk in (entry.cohort,) if pk}
        for values in entry.changes.values():
            _collect(values, found)
    return found


def _collect(stored: Any, found: dict[str, set[int]]) -> None:
    """Add the ids in a stored value."""
    if isinstance(stored, list):
        for one in stored:
            _collect(one, found)
    elif isinstance(stored, dict):
        for name, pk in stored.items():
            if name in found:
                found[name].add(pk)
