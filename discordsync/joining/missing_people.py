"""People who have not joined the Discord server before their first meeting, and people who left."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cohorts.models import User
from cohorts.needs.addresses import address_of
from cohorts.needs.items import Need, NeedButton, NeedSubject
from cohorts.needs.open_cohorts import DeskAccess, OpenCohorts, read_access
from cohorts.reconcile.ui.silent import read_states
from cohorts.words import count_people
from discordsync.joining.reminders import read_reminded
from discordsync.joining.states import JoinState, classify_access, was_read
from discordsync.selectors import PROVIDER
from meetings.needs.upcoming import meetings_by_group

NOT_JOINED, LEFT_SERVER = "not_joined", "left_server"
WITHIN, AWAY_FOR = timedelta(days=7), timedelta(hours=1)
PERMISSIONS = ("cohorts.change_group",)
DEPENDS = frozenset({PROVIDER, "worker"})


@dataclass(frozen=True, slots=True)
class MissingPerson:
    """A member of a cohort who is known not to be in the server.

    `left_at`: when they left it; None if they never were in it.
    """

    user_id: int
    name: str
    cohort_id: int
    first_meeting_at: datetime
    left_at: datetime | None

    def needs_reminder(self, now: datetime) -> bool:
        return self.left_at is None and self.first_meeting_at <= now + WITHIN

    def has_left(self, now: datetime) -> bool:
        return self.left_at is not None and self.left_at < now - AWAY_FOR


# -- queries -------------------------------------------------------------------------------------


def read_join_states(facts: OpenCohorts) -> Mapping[int, JoinState]:
    """Return each member's state by user id."""
    rows: dict[int, list[DeskAccess]] = defaultdict(list)
    for row in facts.read(read_access):
        if row.provider == PROVIDER:
            rows[row.user_id].append(row)
    return {
        user_id: classify_access(member.discord_id, rows[user_id])
        for user_id, member in facts.people.items()
    }


def read_missing(facts: OpenCohorts) -> list[MissingPerson]:
    """Return the people of each cohort who are not in the server, of groups that are set up.

    None while the server could not be read.  Two queries.
    """
    states = facts.read(read_join_states)
    missing = {user_id for user_id, state in states.items() if state.is_missing}
    if not missing or not was_read(facts.read(read_states).get(PROVIDER), facts.now):
        return []
    left = _read_left(missing)
    found = [
        MissingPerson(user_id, facts.people[user_id].name, cohort_id, first, left.get(user_id))
        for (user_id, cohort_id), first in _first_meetings(facts, missing).items()
    ]
    return sorted(found, key=lambda one: (one.name, one.user_id, one.cohort_id))


def _first_meetings(
    facts: OpenCohorts, user_ids: Collection[int]
) -> dict[tuple[int, int], datetime]:
    """Return the first meeting of each person's groups, by person and cohort."""
    found: dict[tuple[int, int], datetime] = {}
    for member in facts.members:
        meetings = facts.read(meetings_by_group).get(member.group_id)
        if member.user_id in user_ids and meetings and facts.groups[member.group_id].set_up_at:
            key, first = (member.user_id, member.cohort_id), meetings[0].starts_at
            found[key] = min(first, found.get(key, first))
    return found


def _read_left(user_ids: Collection[int]) -> dict[int, datetime]:
    """Return when these people left the server, as the bot saw it.

    If it did not see them leave, but come: when a comparison first did not find them.
    """
    rows = User.objects.filter(pk__in=user_ids, guild_membership__isnull=False)
    seen = rows.filter(access_states__provider=PROVIDER).values_list(
        "pk", "guild_membership__left_at", "access_states__changed_at"
    )
    found: dict[int, datetime] = {}
    for user_id, left_at, changed_at in seen:
        found[user_id] = left_at or max(changed_at, found.get(user_id, changed_at))
    return found


# -- items ---------------------------------------------------------------------------------------


def find_people_not_joined(facts: OpenCohorts) -> Iterator[Need]:
    people = [one for one in facts.read(read_missing) if one.needs_reminder(facts.now)]
    reminded = read_reminded([one.user_id for one in people]) if people else {}
    for cohort_id, rows in _by_cohort(people).items():
        have = "has" if len(rows) == 1 else "have"
        yield Need(
            NOT_JOINED,
            cohort_id,
            f"{count_people(len(rows))} {have} not joined the Discord server",
            tuple(_not_joined(one, reminded.get(one.user_id, ())) for one in rows),
            _buttons(cohort_id, rows),
            follows_from=DEPENDS,
        )


def _not_joined(one: MissingPerson, reminded: Collection[datetime]) -> NeedSubject:
    last = max(reminded, default=None)
    return NeedSubject(
        f"user:{one.user_id}", one.name, "reminded" if last else "not reminded yet", last
    )


def find_people_who_left(facts: OpenCohorts) -> Iterator[Need]:
    people = [one for one in facts.read(read_missing) if one.has_left(facts.now)]
    for cohort_id, rows in _by_cohort(people).items():
        yield Need(
            LEFT_SERVER,
            cohort_id,
            f"{count_people(len(rows))} left the Discord server",
            tuple(
                NeedSubject(f"user:{one.user_id}", one.name, "left", one.left_at) for one in rows
            ),
            _buttons(cohort_id, rows),
            follows_from=DEPENDS,
        )


def _by_cohort(people: Iterable[MissingPerson]) -> dict[int, list[MissingPerson]]:
    found: dict[int, list[MissingPerson]] = defaultdict(list)
    for one in people:
        found[one.cohort_id].append(one)
    return found


def _buttons(cohort_id: int, rows: Collection[MissingPerson]) -> tuple[NeedButton, NeedButton]:
    address = address_of("admin:not_joined", cohort_id)
    people = {"user": tuple(str(one.user_id) for one in rows)}
    remind = f"Remind {count_people(len(rows))}…"
    return (
        NeedButton(remind, address, PERMISSIONS, post=people),
        NeedButton("Open list", address, PERMISSIONS),
    )
