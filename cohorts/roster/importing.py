"""Preview and import a roster.  An import applies its whole plan under lock, or nothing."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import copy
from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, connection, transaction
from django.db.models import Model

from cohorts.activity.recording import Act, one_act
from cohorts.errors import Refusal
from cohorts.models import Cohort, Course, Group, Membership, User
from cohorts.roster.changes import (
    ChangedCohort,
    ChangedGroup,
    ChangedPerson,
    FieldChange,
    Joining,
    NewCohort,
    NewGroup,
    NewPerson,
    RoleChange,
)
from cohorts.roster.facts import load_facts
from cohorts.roster.file.rows import CohortKey, GroupKey, RosterRow, fold, parse
from cohorts.roster.file.slots import USUAL_MINUTES, RosterSlot
from cohorts.roster.planning import plan
from cohorts.roster.problems import Problem
from cohorts.roster.roster_plan import RosterPlan
from cohorts.services.account_emails import record_change_warnings
from cohorts.services.locks import lock_groups, lock_people
from cohorts.services.memberships import END_FIELDS, moved_to, set_end
from cohorts.services.terms import Term, TermPreview, digest_of, preview_term
from cohorts.signals import (
    announce,
    announce_people,
    announced_together,
    group_changed,
    members_changed,
)

SHOWN_EDITS = 20  # of cohorts and groups, in the entry of one import
BATCH = 1000  # rows in one statement that changes them
ANY_TERMS = "any"  # all changes of running cohorts are confirmed


class RosterRefused(Refusal):
    """The file has errors; `problems` lists them by line."""

    def __init__(self, problems: Collection[Problem]) -> None:
        number = "one problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__("bad_roster", f"The file has {number}. Nothing was changed.")
        self.problems = tuple(problems)


def preview_roster(data: bytes) -> RosterPlan:
    """Return what this file would change now, or its problems.  Writes and locks nothing."""
    roster = parse(data)
    return plan(roster, load_facts(roster.lines))


def preview_terms(due: RosterPlan, *, now: datetime, by: int | None = None) -> list[TermPreview]:
    """Return what would change for the meetings of running cohorts."""
    return [
        preview_term(
            each.id, each.name, Term(each.start_date, each.number_of_meetings), now=now, by=by
        )
        for each in due.running
    ]


def import_roster(
    data: bytes, *, now: datetime, confirmed: str | None = None, terms: str | None = None
) -> RosterPlan:
    """Import the whole file and return what was changed.

    `confirmed` is the digest of the plan that the user confirmed, and `terms` the digest of the
    previews for running cohorts, or ANY_TERMS; without it no running cohort's meetings change.
    Raises RosterRefused, and Refusal("facts_changed") if the plan differs from the confirmed one.
    """
    roster = parse(data)
    try:
        with transaction.atomic():
            _lock(roster.lines)
            due = plan(roster, load_facts(roster.lines))
            _check(due, confirmed)
            _check_terms(due, terms, now)
            with one_act("roster_imported") as act, announced_together():
                act.reason = due.summary()
                _carry_out(due, now, act)
            if due.changes:
                transaction.on_commit(analyze_tables)
    except IntegrityError as error:
        # Two concurrent imports may create the same rows: there is no row yet that both could lock.
        raise _facts_changed() from error
    return due


def named_cohorts(data: bytes) -> list[Cohort]:
    """Return the existing cohorts that this file names, with their courses."""
    ids = [cohort.pk for cohort in load_facts(parse(data).lines).cohorts]
    return list(Cohort.objects.select_related("course").filter(pk__in=ids))


def _lock(lines: Collection[RosterRow]) -> None:
    """Lock the groups and people that the file names, so that they do not change until the
    commit."""
    facts = load_facts(lines)
    lock_groups(group.pk for group in facts.groups)
    lock_people(person.pk for person in facts.people)


def _check(due: RosterPlan, confirmed: str | None) -> None:
    if due.problems:
        raise RosterRefused(due.problems)
    if confirmed is not None and due.digest != confirmed:
        raise _facts_changed()


def _check_terms(due: RosterPlan, terms: str | None, now: datetime) -> None:
    if not due.running:
        return
    if terms is None:
        raise RosterRefused([_unconfirmed(each) for each in due.running])
    if terms not in {ANY_TERMS, digest_of(preview_terms(due, now=now))}:
        raise _facts_changed()


def _unconfirmed(change: ChangedCohort) -> Problem:
    sentence = (
        f"{change.name} is running: people in {', '.join(change.set_up)} have invitations. "
        "Confirm in the preview how their meetings change before you change the "
        f"{change.edits[0].title}."
    )
    return Problem(change.line, change.edits[0].field, sentence)


def _facts_changed() -> Refusal:
    return Refusal(
        "facts_changed",
        "This cohort was changed by someone else. Nothing was imported. Check the preview and "
        "try again.",
    )


def _carry_out(due: RosterPlan, now: datetime, act: Act) -> None:
    """Create and change rows in bulk, except cohorts and groups, whose signals say what they cause.

    Bulk statements send no signals, so people and the groups of memberships are announced here.
    """
    courses = _make_courses(due)
    cohorts = _write_cohorts(due, courses, now)
    groups = _write_groups(due, cohorts)
    people = _write_people(due, now)
    members = _write_memberships(due, cohorts, groups, people, now)
    changed_groups = [each for each in due.groups if isinstance(each, ChangedGroup)]
    changed_cohorts = [each for each in due.cohorts if isinstance(each, ChangedCohort)]
    group_ids = [*groups.values(), *(each.id for each in changed_groups), *members.values()]
    changed_people = [each.id for each in due.people if isinstance(each, ChangedPerson)]
    act.concern(groups=group_ids, people=[*people.values(), *changed_people, *members])
    act.changes = _describe_edits([*changed_cohorts, *changed_groups])
    act.cohort_id = _find_cohort(group_ids, [*cohorts.values(), *(c.id for c in changed_cohorts)])


def _describe_edits(
    changed: Collection[ChangedCohort | ChangedGroup],
) -> dict[str, Iterable[object]]:
    found: dict[str, Iterable[object]] = {
        f"{each.name}: {edit.title}": [edit.before, edit.after]
        for each in changed
        for edit in each.edits
    }
    return dict(list(found.items())[:SHOWN_EDITS])


def _find_cohort(group_ids: Sequence[int], cohort_ids: Collection[int]) -> int | None:
    """Return the cohort that was imported; the first of several, whose groups name the others."""
    if cohort_ids:
        return next(iter(cohort_ids))
    return Group.objects.filter(pk__in=group_ids[:1]).values_list("cohort", flat=True).first()


def _make_courses(due: RosterPlan) -> dict[str, int]:
    rows = Course.objects.bulk_create([Course(name=each.name) for each in due.courses])
    return {fold(row.name): row.pk for row in rows}


def _write_cohorts(
    due: RosterPlan, courses: Mapping[str, int], now: datetime
) -> dict[CohortKey, int]:
    """Save changed cohorts and return the ids of the new ones."""
    _save_edits(Cohort, [each for each in due.cohorts if isinstance(each, ChangedCohort)])
    new = [each for each in due.cohorts if isinstance(each, NewCohort)]
    rows = Cohort.objects.bulk_create(
        Cohort(
            course_id=each.course_id or courses[each.key[0]],
            name=each.name,
            start_date=each.start_date,
            number_of_meetings=each.number_of_meetings,
            first_known_at=now,
        )
        for each in new
    )
    return {each.key: row.pk for each, row in zip(new, rows, strict=True)}


def _write_groups(due: RosterPlan, cohorts: Mapping[CohortKey, int]) -> dict[GroupKey, int]:
    """Save changed groups and return the ids of the new ones."""
    _save_edits(Group, [each for each in due.groups if isinstance(each, ChangedGroup)])
    new = [each for each in due.groups if isinstance(each, NewGroup)]
    rows = [
        Group(
            cohort_id=each.cohort_id or cohorts[each.key[:2]],
            name=each.name,
            timezone=each.timezone,
        )
        for each in new
    ]
    for row, each in zip(rows, new, strict=True):
        _set_slot(row, each.slot)
    Group.objects.bulk_create(rows)
    announce((row.pk for row in rows), group_changed)
    return {each.key: row.pk for each, row in zip(new, rows, strict=True)}


def _write_people(due: RosterPlan, now: datetime) -> dict[str, int]:
    """Save changed people and return the ids of the new ones."""
    _change_people([each for each in due.people if isinstance(each, ChangedPerson)], now)
    rows = User.objects.bulk_create(
        User(
            email=each.email,
            name=each.name,
            discord_id=each.discord_id,
            timezone=each.timezone,
            password=make_password(None),
        )
        for each in due.people
        if isinstance(each, NewPerson)
    )
    return {str(row.email): row.pk for row in rows}


def _change_people(changes: Collection[ChangedPerson], now: datetime) -> None:
    """Save changed names and Discord ids, and warn people whose account they concern."""
    edits = {each.id: each.edits for each in changes}
    people = list(User.objects.filter(pk__in=edits).order_by("pk"))
    before = [copy(person) for person in people]
    for person in people:
        for edit in edits[person.pk]:
            _set_field(person, edit)
    record_change_warnings(zip(before, people, strict=True), now=now)
    _update(people, "name", "discord_id")
    announce_people(set(edits))


def _update(rows: Sequence[Model], *fields: str) -> None:
    """Write columns of many rows, in statements of up to BATCH rows."""
    if rows:
        type(rows[0])._base_manager.bulk_update(rows, fields, batch_size=BATCH)


def _write_memberships(
    due: RosterPlan,
    cohorts: Mapping[CohortKey, int],
    groups: Mapping[GroupKey, int],
    people: Mapping[str, int],
    now: datetime,
) -> dict[int, int]:
    """Write memberships in an order in which no one is a participant of two groups of a cohort.

    Return the groups of the people who join, leave or change roles, by person.
    """
    role_changes = [each for each in due.memberships if isinstance(each, RoleChange)]
    changed = [
        *_save_roles(each for each in role_changes if each.role == Membership.Role.FACILITATOR),
        *_end_left(due, now),
        *_save_roles(each for each in role_changes if each.role == Membership.Role.PARTICIPANT),
    ]
    rows = Membership.objects.bulk_create(
        Membership(
            user_id=each.user_id or people[each.email],
            group_id=each.group_id or groups[each.group_key],
            cohort_id=each.cohort_id or cohorts[each.group_key[:2]],
            role=each.role,
            joined_at=now,
        )
        for each in due.memberships
        if isinstance(each, Joining)
    )
    announce((row.group_id for row in (*changed, *rows)), members_changed)
    return {row.user_id: row.group_id for row in (*changed, *rows)}


def _save_roles(changes: Iterable[RoleChange]) -> list[Membership]:
    roles = {each.membership_id: each.role for each in changes}
    found = list(Membership.objects.filter(pk__in=roles).order_by("pk"))
    for membership in found:
        membership.role = roles[membership.pk]
    _update(found, "role")
    return found


def _end_left(due: RosterPlan, now: datetime) -> list[Membership]:
    to = {each.leaving.membership_id: each.group for each in due.memberships if each.leaving}
    found = list(Membership.objects.filter(pk__in=to).order_by("pk"))
    for membership in found:
        set_end(membership, Membership.Status.MOVED, now, moved_to(to[membership.pk]))
    _update(found, *END_FIELDS)
    return found


def _save_edits(
    model: type[Cohort | Group], changes: Iterable[ChangedCohort | ChangedGroup]
) -> None:
    edits = {each.id: each.edits for each in changes}
    for row in model._base_manager.filter(pk__in=edits).order_by("pk"):
        fields = [name for edit in edits[row.pk] for name in _set_field(row, edit)]
        row.save(update_fields=fields)


def _set_field(row: Model, edit: FieldChange) -> list[str]:
    """Set one value and return the names of the fields that hold it."""
    if isinstance(row, Group) and edit.field == "slot":
        return _set_slot(row, edit.after)
    setattr(row, edit.field, edit.after)
    return [edit.field]


def _set_slot(group: Group, slot: RosterSlot | None) -> list[str]:
    group.weekday = slot.weekday if slot else None
    group.start_time = slot.start_time if slot else None
    group.duration_minutes = slot.duration_minutes if slot else USUAL_MINUTES
    return ["weekday", "start_time", "duration_minutes"]


def analyze_tables() -> None:
    """Run ANALYZE on the tables of people and groups, and on all tables that refer to groups.

    Until autovacuum runs about a minute later, PostgreSQL assumes that the tables are empty: a
    query planned in between joins 320 people row by row and seems to hang.

    Only on PostgreSQL; other databases do not need it. Call it on commit: rows of a transaction
    that is rolled back would distort the statistics.
    """
    if connection.vendor != "postgresql":
        return
    tables = {model._meta.db_table for model in (Course, Cohort, Group, User)}
    tables |= {one.related_model._meta.db_table for one in Group._meta.related_objects}
    names = ", ".join(connection.ops.quote_name(table) for table in sorted(tables))
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {names}")
