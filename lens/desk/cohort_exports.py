"""The lists of a cohort's page as files: each tab's list, as it is filtered."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.timezone import get_current_timezone
from django.views.decorators.http import require_POST

from cohorts import clock
from cohorts.exports.answering import (
    MOST_ROWS,
    ExportedList,
    answer_or_explain,
    read_query,
    with_zone,
)
from cohorts.models import Cohort, Group, User
from cohorts.needs.open_cohorts import OpenCohorts
from cohorts.roster.file.columns import COLUMNS
from cohorts.roster.file.slots import RosterSlot, render_slot
from cohorts.web.access import staff_may
from lens.desk.activity.activity_list import list_activity
from lens.desk.cohort_attendance.rows import (
    build_line,
    choose_records,
    choose_weeks,
    has_extra_sessions,
)
from lens.desk.cohort_messages.message_lines import MessageLine, messages_of, read_page
from lens.desk.cohort_page.calendar_tab import CalendarCell, CalendarRow, read_calendar
from lens.desk.cohort_page.groups_tab import CohortGroup, read_group_rows
from lens.desk.cohort_page.people_tab import PeopleFilter, PersonRow, read_people_rows
from lens.desk.cohort_page.tabs import find_tab, open_tab
from lens.desk.cohort_page.views import SEE_PEOPLE
from meetings.attendance.ledger import AttendanceRecord, read_cohort_records
from meetings.attendance.mark_words import name_weeks

ROSTER_TITLES = (*COLUMNS, "joined", "no e-mail because")
COUNTS = ("Held", "Attended", "With another group", "Excused", "Missed", "Not known")


@dataclass(frozen=True, slots=True)
class OpenedTab:
    """What a tab's list is read from. `show`: the tab's filter, as its address has it."""

    request: HttpRequest
    cohort: Cohort
    facts: OpenCohorts
    groups: Sequence[Group]

    @property
    def show(self) -> str:
        return read_query(self.request).get("show", "")

    @property
    def filter_words(self) -> str:
        return self.show.replace("-", " ")

    @property
    def may_see_people(self) -> bool:
        return staff_may(cast(User, self.request.user), *SEE_PEOPLE)


@require_POST
def export_tab_view(request: HttpRequest, pk: int, tab: str) -> HttpResponseBase:
    """Return the list of a tab as a file, for those who may open the tab."""
    if tab not in LISTS:
        raise Http404("This tab has no list.")
    cohort, context = open_tab(request, pk, tab)
    back = f"{reverse(find_tab(tab).address, args=[pk])}?{read_query(request).urlencode()}"
    opened = OpenedTab(request, cohort, context["facts"], context["header"].groups)
    return answer_or_explain(request, lambda: LISTS[tab](opened), back=back)


def _list_groups(tab: OpenedTab) -> ExportedList:
    rows = read_group_rows(tab.facts, tab.groups, get_current_timezone())
    columns = ["Group", "Weekly time", "Time zone", "Facilitators", "Participants", "Places"]
    columns += ["Joined", "People", with_zone("Next meeting"), "Week", "Status"]
    return ExportedList(f"{tab.cohort} groups", columns, map(_group_cells, rows), cohort=tab.cohort)


def _group_cells(row: CohortGroup) -> Iterator[Any]:
    group, meeting = row.group, row.next_meeting
    yield from (group.name, row.slot, group.timezone, row.facilitators)
    yield from (row.participants, group.size, row.joined, row.people)
    yield from (meeting and meeting.starts_at, meeting and meeting.label)
    yield row.problem or row.status


def _list_people(tab: OpenedTab) -> ExportedList:
    """Return the people who were ticked, or all of the list, in the columns of a roster."""
    if not tab.may_see_people:
        raise PermissionDenied
    posted = tab.request.POST
    ticked = set(posted.getlist("member"))
    chosen = PeopleFilter(posted.get("group", ""), posted.get("show", ""))
    rows = (
        _roster_cells(tab.cohort, row)
        for row in read_people_rows(tab.facts, tab.groups)
        if (str(row.member.id) in ticked if ticked else chosen.keeps(row))
    )
    filters = "the people who were ticked" if ticked else chosen.show.replace("-", " ")
    if chosen.group and not ticked:
        filters = "; ".join(filter(None, ["one group", filters]))
    return ExportedList(f"{tab.cohort} people", ROSTER_TITLES, rows, filters, tab.cohort)


def _roster_cells(cohort: Cohort, row: PersonRow) -> Iterable[str]:
    """Return a membership in the columns that the import reads. The cohort's course is loaded."""
    group, member = row.group, row.member
    slot = ""
    if group.weekday is not None and group.start_time is not None:
        slot = render_slot(RosterSlot(group.weekday, group.start_time, group.duration_minutes))
    return (
        cohort.course.name,
        cohort.name,
        cohort.start_date.isoformat(),
        str(cohort.number_of_meetings),
        group.name,
        slot,
        group.timezone,
        member.name,
        member.email,
        str(member.discord_id or ""),
        member.role,
        row.joined,
        row.mail,
    )


def _list_calendar(tab: OpenedTab) -> ExportedList:
    found = read_calendar(tab.cohort, tab.groups, get_current_timezone(), tab.facts.members_of)
    columns = ["Group", "Time zone", *map(with_zone, found.columns)]
    rows = map(_calendar_cells, found.rows)
    return ExportedList(f"{tab.cohort} calendar", columns, rows, cohort=tab.cohort)


def _calendar_cells(row: CalendarRow) -> Iterator[str]:
    yield from (row.group.name, row.group.timezone)
    yield from ("; ".join(map(_meeting, cells)) for _, cells in row.weeks)


def _meeting(cell: CalendarCell) -> str:
    """Return "Tue 5 Jan, 18:00 (Tue 12:00), moved, 4 coming"."""
    when = f"{cell.when} ({cell.there})" if cell.there else cell.when
    return f"{when}, {cell.notes}" if cell.notes else when


def _list_attendance(tab: OpenedTab) -> ExportedList:
    """Return the completion list: the marks of each week, their counts, and the result."""
    records = choose_records(read_cohort_records(tab.cohort.pk, clock.now()), tab.show)
    weeks, extra = choose_weeks(records, tab.cohort.number_of_meetings), has_extra_sessions(records)
    with_address = tab.may_see_people
    person = ["Name", "E-mail", "Group"] if with_address else ["Name", "Group"]
    titles = [f"Week {number}" for number in weeks] + (["Extra sessions"] if extra else [])
    columns = [*person, *titles, *COUNTS, "Result", "At risk"]
    rows = (
        [*_name_member(record, with_address), *_completion_cells(record, weeks, extra)]
        for record in records
    )
    return ExportedList(f"{tab.cohort} attendance", columns, rows, tab.filter_words, tab.cohort)


def _name_member(record: AttendanceRecord, with_address: bool) -> Iterator[str]:
    yield record.member.user.display_name
    if with_address:
        yield record.member.user.email or ""
    yield record.member.group.name


def _completion_cells(
    record: AttendanceRecord, weeks: Iterable[int], with_extra: bool
) -> Iterator[str | int]:
    line, count = build_line(record, weeks, with_extra=with_extra), record.count
    yield from (cell.letters for cell in line.cells)
    yield from (count.held, count.attended, count.elsewhere, count.excused, count.missed)
    yield from (count.unknown, line.outcome)
    yield name_weeks(record.open_risk) if record.open_risk else ""


def _list_messages(tab: OpenedTab) -> ExportedList:
    found = read_page(
        messages_of(tab.cohort),
        show=tab.show,
        page=1,
        now=clock.now(),
        may_fix=False,
        size=MOST_ROWS,
    )
    columns = [with_zone("When"), "Message", "About", "Sent", "Waiting", "Not sent", "Why not"]
    rows = map(_message_cells, found.lines)
    return ExportedList(f"{tab.cohort} messages", columns, rows, tab.filter_words, tab.cohort)


def _message_cells(line: MessageLine) -> Iterator[Any]:
    yield from (line.at, line.title, line.about, line.sent, line.waiting, line.not_sent)
    why = [f"{', '.join(name for name, _ in one.messages)}: {one.why}" for one in line.problems]
    yield "; ".join([*why, *([f"{line.more_problems} more"] if line.more_problems else [])])


def _list_activity(tab: OpenedTab) -> ExportedList:
    return list_activity(read_query(tab.request), cast(User, tab.request.user), tab.cohort)


LISTS: Mapping[str, Callable[[OpenedTab], ExportedList]] = {
    "groups": _list_groups,
    "people": _list_people,
    "calendar": _list_calendar,
    "attendance": _list_attendance,
    "messages": _list_messages,
    "activity": _list_activity,
}
