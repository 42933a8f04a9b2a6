"""Record who did what. Call it in the transaction of the change, so that both exist or neither.

A service that calls other services wraps them in `one_act`: what they record is added to its own
entry, so that each act has one.

Who acts is known from the context, for services that are not told: the middleware sets the person
of a web or API request, the bot's handlers the person who used a command. Tasks and receivers that
carry out rules act for Lens itself, which is None.

Values of changes are stored as JSON, with people and groups by id, and shown to people:

    a person, group or cohort    {"person": 7}, {"group": 3}, {"cohort": 1}
    a moment                     {"at": "2027-01-11T18:00:00+00:00"}, shown in the reader's zone
    anything else                its text; "" for nothing
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse

from cohorts import clock
from cohorts.activity.registry import activity_kinds
from cohorts.models import ActivityEntry, ActivitySubject, Cohort, Course, Group, User

Id = Model | int | None
Changes = Mapping[str, Iterable[Any]]

# Objects whose text is kept, because they can be deleted and their text names no one.
_NAMELESS = (Course, Cohort, Group)
_BY_ID = {User: "person", Group: "group", Cohort: "cohort"}
LONGEST_TEXT = 500


@dataclass(slots=True)
class Act:
    """What is being done. It may be completed until its block ends.

    `people` and `groups`: ids, in the order in which they were added.
    """

    kind: str
    by: User | int | None = None
    cohort_id: int | None = None
    about: Model | None = None
    changes: Changes = field(default_factory=dict)
    reason: str = ""
    people: dict[int, None] = field(default_factory=dict)
    groups: dict[int, None] = field(default_factory=dict)

    def concern(
        self, *, cohort: Id = None, groups: Iterable[Id] = (), people: Iterable[Id] = ()
    ) -> None:
        """Add what the act concerns."""
        for group in groups:
            if (group_id := _id(group)) is not None:
                self.groups[group_id] = None
            if self.cohort_id is None and isinstance(group, Group):
                self.cohort_id = group.cohort_id
        self.people |= {pk: None for person in people if (pk := _id(person)) is not None}
        self.cohort_id = self.cohort_id or _id(cohort)


_written: ContextVar[int] = ContextVar("entries_written", default=0)
_outer: ContextVar[Act | None] = ContextVar("outer_act", default=None)


def record(
    kind: str,
    *,
    by: User | int | None = None,
    cohort: Id = None,
    group: Id = None,
    person: Id = None,
    about: Model | None = None,
    changes: Changes | None = None,
    reason: str = "",
    groups: Iterable[Id] = (),
    people: Iterable[Id] = (),
) -> None:
    """Write one entry, or add to the act that this is a part of.

    `by`: who did it, if not the person of the current request. `group` comes first of several, such
    as the one that was left. The cohort follows from a group that is passed as an object. One query
    for up to two groups and one person, one more for any number.
    """
    with one_act(kind, by=by, cohort=cohort, about=about, changes=changes, reason=reason) as act:
        act.concern(groups=[group, *groups], people=[person, *people])


def record_each(kind: str, groups: Iterable[Group]) -> None:
    """Write one entry for each of these groups, or add them to the act that this is a part of. One
    query for any number."""
    _check_kind(kind)
    _finish(*(Act(kind, cohort_id=one.cohort_id, groups={one.pk: None}) for one in groups))


@contextmanager
def one_act(
    kind: str,
    *,
    by: User | int | None = None,
    cohort: Id = None,
    about: Model | None = None,
    changes: Changes | None = None,
    reason: str = "",
) -> Iterator[Act]:
    """Write one entry for everything that is recorded in the block; none if the block raises."""
    _check_kind(kind)
    act = Act(kind, by, about=about, changes=dict(changes or {}), reason=reason)
    act.concern(cohort=cohort)
    token = _outer.set(act)
    try:
        yield act
    finally:
        _outer.reset(token)
    _finish(act)


def _finish(*acts: Act) -> None:
    outer = _outer.get()
    if outer is None:
        _write(acts)
        return
    for act in acts:
        outer.concern(cohort=act.cohort_id, groups=act.groups, people=act.people)


def _write(acts: Iterable[Act]) -> None:
    entries, subjects = [], []
    for act in acts:
        [group, other, *groups] = [*act.groups, None, None]
        [person, *people] = [*act.people, None]
        entry = _entry(act, group=group, other_group=other, person=person)
        entries.append(entry)
        subjects += [ActivitySubject(entry=entry, group=pk) for pk in groups if pk]
        subjects += [ActivitySubject(entry=entry, person=pk) for pk in people if pk]
    ActivityEntry.objects.bulk_create(entries)
    ActivitySubject.objects.bulk_create(subjects)
    _written.set(count_written() + sum(entry.actor is not None for entry in entries))


def _entry(act: Act, **concerns: int | None) -> ActivityEntry:
    return ActivityEntry(
        at=clock.now(),
        actor=current_actor() if act.by is None else _id(act.by),
        kind=act.kind,
        cohort=act.cohort_id,
        about_type=act.about._meta.label_lower if act.about else "",
        about_id=str(act.about.pk) if act.about else "",
        about=str(act.about)[:200] if isinstance(act.about, _NAMELESS) else "",
        changes={label: encode(list(values)) for label, values in act.changes.items()},
        reason=act.reason.strip(),
        **concerns,
    )


def count_written() -> int:
    """Return how many acts of people were recorded in this context."""
    return _written.get()


def _check_kind(kind: str) -> None:
    if kind not in activity_kinds:
        raise LookupError(f"“{kind}” is no registered kind of activity.")


def _id(named: Id) -> int | None:
    return named.pk if isinstance(named, Model) else named


# -- who acts ------------------------------------------------------------------------------------

FindActor = Callable[[], int | None]


def _lens() -> int | None:
    return None


_find_actor: ContextVar[FindActor] = ContextVar("find_actor", default=_lens)


def current_actor() -> int | None:
    """Return the id of the person who acts, None for Lens itself."""
    return _find_actor.get()()


def acting_as(user_id: int | None) -> AbstractContextManager[None]:
    """Record what happens in the block as acts of this person; None stands for Lens itself."""
    return _acting(lambda: user_id)


@contextmanager
def _acting(find: FindActor) -> Iterator[None]:
    token = _find_actor.set(find)
    try:
        yield
    finally:
        _find_actor.reset(token)


class ActingMiddleware:
    """Lets services record who made the request.

    The person is looked up only when something is recorded: the API signs people in after the
    middleware, and most requests record nothing.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with _acting(lambda: request.user.pk):
            return self.get_response(request)


# -- values of changes ---------------------------------------------------------------------------


def encode(value: Any) -> Any:
    """Return a value as it is stored."""
    if type(value) in _BY_ID:
        return {_BY_ID[type(value)]: value.pk}
    if isinstance(value, datetime):
        return {"at": value.isoformat()}
    if isinstance(value, dict):
        return value
    if isinstance(value, list | tuple | set | frozenset | QuerySet):
        return [encode(one) for one in value]
    return _text_of(value)[:LONGEST_TEXT]


def _text_of(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def groups_by_id(ids: Iterable[int]) -> list[dict[str, int]]:
    """Return groups as values of a change."""
    return [{"group": pk} for pk in dict.fromkeys(ids)]
