"""The words of the letters and posts about an end.  Pure, apart from the settings' address."""

from collections.abc import Collection, Iterable

from cohorts.models import Group, Membership
from cohorts.outbox.rendering.links import page_url
from cohorts.steps.registry import StepRecipient, StepSection
from cohorts.words import count, count_people, join_names, name_day
from guestvisits.ending.plans import EndPlan
from meetings.attendance.marks import AttendanceCount
from meetings.models import Meeting


def describe_attendance(found: AttendanceCount) -> str:
    """Return "You attended 7 of 8 meetings, one of them with another group.", or "".

    Where no record exists, nothing is claimed: without a bot, no one knows who was there.
    """
    if found.unknown == found.held:
        return ""
    words = f"You attended {found.attended + found.elsewhere} of {count(found.held, 'meeting')}"
    if found.elsewhere:
        number = "one" if found.elsewhere == 1 else str(found.elsewhere)
        words += f", {number} of them with another group"
    if found.unknown:
        words += f"; for {found.unknown} of them it is not known"
    return f"{words}."


def write_recipients(plan: EndPlan, reason: str) -> tuple[StepRecipient, ...]:
    return tuple(
        StepRecipient(user_id, members[0].user.display_name, _values(plan, members, reason))
        for user_id, members in plan.by_person().items()
    )


def _values(plan: EndPlan, members: Collection[Membership], reason: str) -> dict[str, str]:
    person = next(iter(members)).user
    learns = [m for m in members if m.role == Membership.Role.PARTICIPANT]
    figures = [plan.counts.get((m.group_id, m.user_id)) for m in learns]
    mine = {m.group_id for m in members}
    cancelled = sum(meeting.group_id in mine for meeting in plan.meetings)
    return {
        "cohort": plan.cohort.name,
        "group": join_names(sorted(m.group.name for m in members)),
        "attendance": " ".join(describe_attendance(found) for found in figures if found),
        "cancelled": _cancelled(cancelled),
        "visits": " ".join(
            f"Your visit to {visit.host_meeting.group} on "
            f"{name_day(visit.host_meeting.starts_at, person.timezone)} has ended too."
            for visit in plan.visits
            if visit.user_id == person.pk
        ),
        "archive": (
            f"You can read the channels until {name_day(plan.reads_until, person.timezone)}."
            if plan.reads_until
            else ""
        ),
        "reason": reason,
        "answer": f"Something wrong? Tell us {page_url('my-meetings')}",
    }


def _cancelled(number: int) -> str:
    if not number:
        return ""
    verb = "was" if number == 1 else "were"
    return f"{count(number, 'meeting')} still to come {verb} cancelled."


def write_posts(plan: EndPlan) -> dict[int, str]:
    """Return the post for each group's channel, which people can still read."""
    if not plan.reads_until:
        return {}
    done = "is complete" if plan.status == Group.Status.COMPLETED else "has ended"
    return {
        group.pk: f"{group.name} {done}\n"
        f"You can read this channel until {name_day(plan.reads_until, group.timezone)}."
        for group in plan.groups
        if group.is_active
    }


# -- the preview ---------------------------------------------------------------------------------


def list_sections(plan: EndPlan) -> tuple[StepSection, ...]:
    return (
        StepSection("Groups that end", tuple(_group_lines(plan)) or ("None is left.",)),
        StepSection("Meetings that are cancelled", tuple(_meeting_lines(plan))),
        StepSection("Visits that end", tuple(_visit_lines(plan))),
        StepSection("Channels", (_archive_line(plan),)),
    )


def _group_lines(plan: EndPlan) -> Iterable[str]:
    for group in plan.groups:
        people = sum(member.group_id == group.pk for member in plan.members)
        status = Group.Status(plan.status_of(group)).label.lower()
        yield f"{group}: {count_people(people)} ({status})"


def _meeting_lines(plan: EndPlan) -> Iterable[str]:
    if not plan.meetings:
        yield "None: every meeting has been held. Google Calendar is not changed."
    for group in plan.groups:
        if ahead := plan.meetings_of(group):
            days = ", ".join(_name_meeting(meeting, group) for meeting in ahead)
            yield f"{group}: {days}"


def _name_meeting(meeting: Meeting, group: Group) -> str:
    return f"{meeting.label} on {name_day(meeting.starts_at, group.timezone)}"


def _visit_lines(plan: EndPlan) -> Iterable[str]:
    if not plan.visits:
        yield "None."
    for visit in plan.visits:
        host = visit.host_meeting
        yield f"A visit to {host.group} on {name_day(host.starts_at, host.group.timezone)}"


def _archive_line(plan: EndPlan) -> str:
    if not plan.reads_until:
        return "Everyone loses access at once."
    return (
        "Everyone who is in these groups now can read their channels until "
        f"{name_day(plan.reads_until, 'UTC')}, and write nothing. Other cohorts do not change."
    )
