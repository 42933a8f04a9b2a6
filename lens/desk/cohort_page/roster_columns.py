"""The people of a cohort in the columns that the import of rosters reads."""

from __future__ import annotations

from collections.abc import Iterable

from cohorts.models import Cohort
from cohorts.roster.file.columns import COLUMNS
from cohorts.roster.file.slots import RosterSlot, render_slot
from lens.desk.cohort_page.people_tab import PersonRow

TITLES = (*COLUMNS, "joined", "no e-mail because")


def list_cells(cohort: Cohort, row: PersonRow) -> Iterable[str]:
    """Return the line of one membership.  The cohort's course is loaded."""
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
