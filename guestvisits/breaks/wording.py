"""What people and channels read of a break. Pure, apart from the rows it is given."""

from collections.abc import Iterable
from datetime import date

from django.utils.text import capfirst

from cohorts.models import Membership
from cohorts.selectors import group_by
from cohorts.steps.registry import StepRecipient, StepSection
from cohorts.words import join_names, name_date, name_when, one_line
from cohorts.zones import find_zone
from guestvisits.breaks.break_rules import Break
from guestvisits.breaks.services import CohortPlan, GroupPlan
from meetings.models import Meeting
from meetings.moving.types import Change


def list_changes(plan: CohortPlan) -> tuple[StepSection, ...]:
    """Return what changes, group by group, and what becomes of visits, for staff."""
    groups = [
        StepSection(
            str(each.group),
            tuple(_describe(change, each.group.timezone) for change in each.decision.changes),
        )
        for each in plan.groups
    ]
    visits = StepSection("Visits", tuple(effect.line for effect in plan.visit_effects))
    return (*groups, visits) if plan.visit_effects else tuple(groups)


def _describe(change: Change, zone: str) -> str:
    label = f"Week {change.number}" if change.number else "Extra session"
    before = name_when(change.before.starts_at, zone) if change.before else "not held"
    after = name_when(change.after.starts_at, zone) if change.after else "not held"
    return f"{label}: {before} → {after}"


def write_values(
    plan: CohortPlan, wanted: Break | None, members: Iterable[Membership], common: dict[str, str]
) -> tuple[StepRecipient, ...]:
    """Return one recipient per person, over all their groups."""
    plans = {each.group.pk: each for each in plan.groups}
    visits = group_by(plan.visit_effects, lambda effect: effect.user_id)
    found = []
    for user_id, mine in group_by(members, lambda member: member.user_id).items():
        person, names_group = mine[0].user, len(mine) > 1
        values = {
            **common,
            "group": ", ".join(sorted(one_line(plans[one.group_id].group.name) for one in mine)),
            "meetings": "\n".join(
                _with_name(plans[one.group_id], wanted, person.timezone, named=names_group)
                for one in sorted(mine, key=lambda one: one.group_id)
            ),
            "visit": "\n".join(effect.sentence for effect in visits[user_id]),
        }
        found.append(StepRecipient(user_id, person.display_name, values))
    return tuple(sorted(found, key=lambda one: (one.name, one.user_id)))


def write_posts(plan: CohortPlan, wanted: Break | None, headline: str) -> dict[int, str]:
    """Return the post for each active group's channel, on the group's clock."""
    return {
        each.group.pk: f"{headline}\n{describe_meetings(each, wanted, each.group.timezone)}"
        for each in plan.groups
        if each.group.is_active
    }


def _with_name(plan: GroupPlan, wanted: Break | None, zone: str, *, named: bool) -> str:
    said = describe_meetings(plan, wanted, zone)
    return f"{one_line(plan.group.name)}: {said}" if named else said


def describe_meetings(plan: GroupPlan, wanted: Break | None, zone: str) -> str:
    """Return what is cancelled, what is held in spite of the break, and when the group meets.

    Without a break, one was undone: when the group meets from the first meeting that changes.
    """
    if wanted is None:
        return _describe_restored(plan, zone)
    gone = [change for change in plan.decision.changes if change.after is None]
    held = [row for row in plan.rows() if not row.is_cancelled]
    own = plan.group.timezone
    inside = [row for row in held if wanted.holds(row.starts_at, own)]
    later = [row for row in held if _day(row, own) > wanted.last]
    parts = [_name_cancelled(gone)] if gone else []
    parts += [f"{row.title} stays on {name_when(row.starts_at, zone)}." for row in inside]
    return " ".join([*parts, _describe_later(later, zone)]).strip()


def _describe_restored(plan: GroupPlan, zone: str) -> str:
    ids = {change.meeting_id for change in plan.decision.changes}
    held = [row for row in plan.rows() if not row.is_cancelled]
    first = next((at for at, row in enumerate(held) if row.pk in ids), len(held))
    return _describe_later(held[first:], zone)


def _describe_later(rows: list[Meeting], zone: str) -> str:
    if not rows:
        return ""
    said = f"{rows[0].title} is on {name_when(rows[0].starts_at, zone)}"
    if len(rows) == 1:
        return f"{said}; it is the last."
    return f"{said}; the last is on {name_date(_day(rows[-1], zone))}."


def _name_cancelled(gone: list[Change]) -> str:
    names = [f"week {one.number}" if one.number else "the extra session" for one in gone]
    return f"{capfirst(join_names(names))} {'is' if len(gone) == 1 else 'are'} cancelled."


def _day(row: Meeting, zone: str) -> date:
    return row.starts_at.astimezone(find_zone(zone)).date()
