"""The activity as a file: each entry with what the page shows, as it is filtered."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict

from cohorts.activity.entries import ShownChange, ShownEntry, ShownValue, read_entries
from cohorts.admin_base.reader_time import show_both
from cohorts.exports.answering import ExportedList, check_size, with_zone
from cohorts.models import ActivityEntry, Cohort, User
from lens.desk.activity.activity_form import ActivityForm

ENTRIES_AT_ONCE = 1000
COLUMNS = ("Who", "What", "About", "People", "Groups", "Cohort", "From → to", "Reason")


def list_activity(query: QueryDict, viewer: User, cohort: Cohort | None = None) -> ExportedList:
    """Return the entries that the query of the page chooses.  Raises Refusal for too many."""
    form = ActivityForm(query, cohort=cohort)
    entries = form.find_entries()
    check_size(entries.count())
    return ExportedList(
        f"{cohort} activity" if cohort else "Activity",
        (with_zone("When"), *COLUMNS),
        _read_rows(entries, viewer),
        _describe(form),
        cohort,
    )


def _describe(form: ActivityForm) -> str:
    """Return the names of the filters that are set, without their values, which may be people."""
    names = [form.fields[name].label or name for name, value in form.cleaned_data.items() if value]
    return f"by {', '.join(name.lower() for name in names)}" if names else ""


def _read_rows(entries: QuerySet[ActivityEntry], viewer: User) -> Iterator[Iterator[Any]]:
    found = entries.iterator(chunk_size=ENTRIES_AT_ONCE)
    while rows := list(islice(found, ENTRIES_AT_ONCE)):
        yield from map(_cells, read_entries(rows, viewer))


def _cells(entry: ShownEntry) -> Iterator[Any]:
    yield from (entry.at, entry.who.name, entry.title, entry.about and entry.about.text)
    people = ", ".join(one.name for one in entry.people)
    yield f"{people} and {entry.more} more" if entry.more else people
    groups = ", ".join(one.name for one in entry.groups)
    yield f"{groups} and {entry.more_groups} more" if entry.more_groups else groups
    yield entry.cohort and entry.cohort.name
    yield "; ".join(map(_describe_change, entry.changes))
    yield entry.reason


def _describe_change(change: ShownChange) -> str:
    """Return "Role: Participant → Facilitator", or "Role: Facilitator" if there was nothing."""
    before, after = _text_of(change.before), _text_of(change.after) or "none"
    return f"{change.label}: {before} → {after}" if before else f"{change.label}: {after}"


def _text_of(value: ShownValue) -> str:
    return show_both(value.moment, value.zone) if value.moment else value.text
