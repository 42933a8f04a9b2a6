"""The people of a cohort as rows: group, role, whether they have joined, and their mail."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cohorts.models import Group
from cohorts.needs.open_cohorts import DeskMember, OpenCohorts
from cohorts.outbox.health.undelivered import read_rejected
from cohorts.selectors import last_members_of
from discordsync.joining.missing_people import read_join_states, read_missing
from discordsync.joining.reminders import read_reminded
from discordsync.joining.states import JoinState

NOT_JOINED, NO_MAIL = "not-joined", "no-mail"


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A membership, with its person.

    `joined`: in words, "" after the end; `mail`: why no e-mail arrives, "" if it does.
    """

    member: DeskMember
    group: Group
    joined: str
    is_missing: bool
    mail: str
    reminded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PeopleFilter:
    """Which rows are shown: of one group, and one of NOT_JOINED, NO_MAIL or ""."""

    group: str = ""
    show: str = ""

    def keeps(self, row: PersonRow) -> bool:
        if self.group and self.group != str(row.group.pk):
            return False
        if self.show == NOT_JOINED:
            return row.is_missing
        return bool(row.mail) if self.show == NO_MAIL else True


def read_people_rows(facts: OpenCohorts, groups: Sequence[Group]) -> list[PersonRow]:
    """Return the members of the cohort that was read, by name; after its end the last ones.

    Two queries.
    """
    by_id = {group.pk: group for group in groups}
    members = facts.members if facts.cohorts else _read_last_members(by_id)
    rejected = facts.read(read_rejected)
    states = facts.read(read_join_states)
    rows = [_row(member, by_id[member.group_id], states, rejected) for member in members]
    return sorted(rows, key=lambda row: (row.member.name.casefold(), row.member.id))


def _read_last_members(group_ids: Collection[int]) -> list[DeskMember]:
    return [
        DeskMember(
            row.pk,
            row.user_id,
            row.group_id,
            row.cohort_id,
            row.role,
            row.user.display_name,
            row.user.email or "",
            row.user.timezone,
            row.user.discord_id,
        )
        for row in last_members_of(group_ids).filter(user__is_active=True)
    ]


def _row(
    member: DeskMember,
    group: Group,
    states: Mapping[int, JoinState],
    rejected: Collection[int],
) -> PersonRow:
    state = states.get(member.user_id)
    mail = "the mail server rejects the address" if member.user_id in rejected else ""
    return PersonRow(
        member,
        group,
        joined=state.value if state else "",
        is_missing=bool(state and state.is_missing),
        mail=mail if member.email else "no address",
    )


def with_reminders(rows: Sequence[PersonRow]) -> list[PersonRow]:
    """Return the rows with the last reminder of each person who has not joined.  One query."""
    reminded = read_reminded({row.member.user_id for row in rows if row.is_missing})
    return [
        replace(row, reminded_at=max(reminded.get(row.member.user_id, ()), default=None))
        for row in rows
    ]


def count_to_remind(facts: OpenCohorts) -> int:
    """Return how many people have not joined and have an address.  Two queries."""
    return sum(bool(facts.people[one.user_id].email) for one in facts.read(read_missing))
