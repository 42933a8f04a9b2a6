"""Read the facts from the database, in a constant number of queries for any number of groups.

Groups that ended and have nothing outside are not read: the snapshot is read every second of a run.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from cohorts.models import AccessException, Group, Installation, Membership, User, live_group
from cohorts.models.archive import was_last_member
from cohorts.reconcile.models import ProviderState
from cohorts.selectors import let_go_since
from discordsync.delivery.dm_channels import count_allowed
from discordsync.delivery.waiting_messages import WaitingMessages
from discordsync.models import DiscordObject, HiddenCount, RemovalApproval
from discordsync.selectors import PROVIDER, is_bot_connected
from discordsync.state.facts import (
    Approval,
    CohortFacts,
    DiscordGroup,
    DiscordPerson,
    DiscordSnapshot,
    Former,
    Hidden,
    Member,
    Record,
    Window,
)
from guestvisits.windows import access_windows
from meetings.models import Meeting

FORMER_FOR = timedelta(days=365)  # how long a past date explains lost access
GONE_FOR = timedelta(hours=1)  # how long a confirmed absence is trusted
VALID_FOR = timedelta(hours=24)  # how long an approval of a removal is valid
REFUSED_FOR = timedelta(hours=1)  # how long the error that the guild is full counts
CLOSED = "the account was closed"


def take_snapshot(
    now: datetime,
    earlier: DiscordSnapshot | None = None,
    changed: Collection[int] = (),
    *,
    also: Collection[int] = (),
    only_begun: bool = False,
) -> DiscordSnapshot:
    """Return the groups that live or have something outside, and those with the ids in `also`.

    What an `earlier` snapshot has is not read again, except for the groups `changed` and those with
    messages. `only_begun`: of the messages only those that may have arrived already.

    The others are history and cost nothing. What an observation finds of them is looked up then
    (`discordsync.records.look_up`).
    """
    waiting = WaitingMessages.read(now, only_begun=only_begun)
    if earlier is None:
        return _read(_read_groups({*also, *waiting.groups}, now), waiting, now)
    ids = {*changed, *waiting.groups, *waiting.messages, *earlier.waiting_groups}
    groups = _read_groups(waiting.groups, now, only=ids) if ids else []
    return earlier.updated(_read(groups, waiting, now), ids)


def _read(groups: list[Any], waiting: WaitingMessages, now: datetime) -> DiscordSnapshot:
    """Return the facts of these groups, and those that belong to no group."""
    ids = [group.pk for group in groups]
    rows, windows = _membership_rows(ids, now), _window_rows(ids, now)
    people = _People(
        {row[1] for row in rows} | {row[1] for row in windows},
        {direct.person for directs in waiting.to_people.values() for direct in directs},
    )
    ended = {group.pk: group.ended_at for group in groups if group.has_ended}
    members, former, last = _memberships(people, rows, ended)
    let_go = _find_let_go(groups, now)
    open_windows = _windows(people, former, windows)
    ahead = Meeting.objects.filter(group__in=ids, starts_at__gt=now)
    meetings = ahead.order_by("number").facts_by_group()
    return DiscordSnapshot(
        installation=Installation.objects.ensure(now).installation_id,
        adopt=ProviderState.objects.of(PROVIDER).filter(adopt_orphans=True).exists(),
        horizon=timedelta(days=settings.SYNC["event_horizon_days"]),
        cohorts={
            group.cohort_id: CohortFacts(
                group.cohort_id, group.cohort.course.name, group.cohort.name
            )
            for group in groups
        },
        groups={
            group.pk: DiscordGroup(
                id=group.pk,
                cohort_id=group.cohort_id,
                name=group.name,
                position=group.position,
                live=not group.has_ended,
                active=group.is_active,
                has_slot=group.has_slot,
                has_meetings=group.has_meetings,
                members=tuple(members[group.pk]),
                former=tuple(former[group.pk]),
                windows=tuple(open_windows[group.pk]),
                meetings=tuple(meetings[group.pk]),
                messages=tuple(waiting.messages.get(group.pk, ())),
                direct_messages=tuple(waiting.to_people.get(group.pk, ())),
                posts_to_delete=tuple(waiting.posts.get(group.pk, ())),
                next_try_at=waiting.tries.get(group.pk),
                archive=group.archive,
                last_members=_readers(group, last[group.pk], let_go),
            )
            for group in groups
        },
        records=_records(ids, {group.cohort_id for group in groups}, now),
        released=_released_ids(),
        approvals=read_approvals(now),
        known_people=people.names,
        new_dm_channels=count_allowed(now) if waiting.to_people else 0,
        hidden=_read_hidden(now),
    )


def _read_groups(
    also: Collection[int], now: datetime, only: Collection[int] | None = None
) -> list[Any]:
    """Return the groups of a snapshot, in the order of their cohorts, each with its position and
    whether it has meetings.

        live                                                 what is desired
        with a record of an object that may be outside       what is left to hide or delete
        the first of a cohort whose shared objects are       it answers for the cohort's channel
        in `also`                                            something waits for it

    A position never changes, nor does its category: groups with records are never deleted, and new
    ones come last.
    """
    outside = DiscordObject.objects.filter(gone_at__isnull=True, released_at__isnull=True)
    own = outside.filter(_is_no_history(now), group=OuterRef("pk"))
    shared = outside.filter(group__isnull=True, cohort=OuterRef("cohort"))
    earlier = Group.objects.filter(cohort=OuterRef("cohort"), pk__lt=OuterRef("pk")).order_by()
    count = earlier.values("cohort").annotate(count=Count("pk")).values("count")
    is_first = Exists(shared) & ~Exists(earlier)
    kept = Group.objects.filter(live_group() | Q(pk__in=also) | Exists(own) | is_first)
    if only is not None:
        kept = kept.filter(pk__in=only)
    held = Meeting.objects.filter(group=OuterRef("pk"), status=Meeting.Status.SCHEDULED)
    kept = kept.annotate(position=Coalesce(Subquery(count), 0), has_meetings=Exists(held))
    return list(kept.select_related("cohort__course").order_by("cohort_id", "pk"))


def _is_no_history(now: datetime) -> Q:
    """Return the condition of records that are not of a past event, which Discord drops."""
    return Q(meeting__isnull=True) | Q(meeting__starts_at__gt=now)


class _People:
    """The people of the snapshot, by id or account, each read only once."""

    def __init__(self, ids: Collection[int], accounts: Collection[int]) -> None:
        users = User.objects.filter(Q(pk__in=ids) | Q(discord_id__in=accounts))
        rows = list(users.values_list("pk", "nickname", "name", "discord_id", "is_active"))
        self._by_id = {
            pk: DiscordPerson(pk, nick or name, discord) for pk, nick, name, discord, _ in rows
        }
        self._closed = {pk for pk, *_, active in rows if not active}
        self.names = {p.discord_id: p.name for p in self._by_id.values() if p.discord_id}

    def __getitem__(self, pk: int) -> DiscordPerson:
        return self._by_id[pk]

    def has_left(self, pk: int) -> bool:
        """Return whether the account was closed, which ends all access."""
        return pk in self._closed


def find_names(accounts: Collection[int]) -> dict[int, str]:
    """Return the names of the people with these Discord accounts, by account."""
    return _People((), accounts).names


# Group, person, role, status, when it ended.
_MembershipRow = tuple[int, int, str, str, datetime | None]


def _membership_rows(ids: Collection[int], now: datetime) -> list[_MembershipRow]:
    """Return the memberships that hold or whose end explains lost access.

    A closed account ends a membership of any status, however long ago.
    """
    explains = Q(left_at__gt=now - FORMER_FOR) | Q(user__is_active=False)
    rows = Membership.objects.filter(Q(status=Membership.Status.ACTIVE) | explains)
    return list(
        rows.filter(group__in=ids)
        .order_by("pk")
        .values_list("group_id", "user_id", "role", "status", "left_at")
    )


def _memberships(
    people: _People, rows: Iterable[_MembershipRow], ended: Mapping[int, datetime | None]
) -> tuple[dict[int, list[Member]], dict[int, list[Former]], dict[int, list[DiscordPerson]]]:
    """Return by group: its members, those who left it, and, if it is one of `ended`, those who were
    in it at its end."""
    members: dict[int, list[Member]] = defaultdict(list)
    former: dict[int, list[Former]] = defaultdict(list)
    last: dict[int, list[DiscordPerson]] = defaultdict(list)
    for group_id, user_id, role, status, left_at in rows:
        person = people[user_id]
        if people.has_left(user_id):
            former[group_id].append(Former(person, CLOSED))
            continue
        if group_id in ended and was_last_member(status, left_at, ended[group_id]):
            last[group_id].append(person)
        if status == Membership.Status.ACTIVE:
            members[group_id].append(Member(person, role == Membership.Role.FACILITATOR))
        else:
            former[group_id].append(Former(person, "the membership has ended"))
    return members, former, last


def _find_let_go(groups: Iterable[Group], now: datetime) -> set[tuple[int, int]]:
    """Return (cohort id, user id) of people who may not read their cohort's archives any more."""
    archives = (g.cohort_id for g in groups if g.archive and g.archive.is_open(now))
    cohort_ids = set(archives)
    return let_go_since(cohort_ids) if cohort_ids else set()


def _readers(
    group: Group, last: Iterable[DiscordPerson], let_go: set[tuple[int, int]]
) -> tuple[DiscordPerson, ...]:
    return tuple(one for one in last if (group.cohort_id, one.id) not in let_go)


# Group, person, from, until, why, and whether with a facilitator's rights.
_WindowRow = tuple[int, int, datetime | None, datetime, str, bool]


def _window_rows(ids: Collection[int], now: datetime) -> list[_WindowRow]:
    return [*_dated_roles(ids, now), *_exceptions(ids, now)]


def _windows(
    people: _People, former: dict[int, list[Former]], rows: Iterable[_WindowRow]
) -> dict[int, list[Window]]:
    windows: dict[int, list[Window]] = defaultdict(list)
    for group_id, user_id, begins_at, ends_at, why, leads in rows:
        if people.has_left(user_id):
            former[group_id].append(Former(people[user_id], CLOSED))
        else:
            windows[group_id].append(Window(people[user_id], begins_at, ends_at, why, leads))
    return windows


def _dated_roles(ids: Collection[int], now: datetime) -> Iterator[_WindowRow]:
    """Yield the windows of guests and substitutes."""
    for row in access_windows(ids, now):
        yield row.group_id, row.user_id, row.begins_at, row.ends_at, row.why, row.leads


def _exceptions(ids: Collection[int], now: datetime) -> Iterator[_WindowRow]:
    rows = AccessException.objects.filter(group__in=ids, until__gt=now - FORMER_FOR)
    for group_id, user_id, until, reason in rows.values_list(
        "group_id", "user_id", "until", "reason"
    ):
        yield group_id, user_id, None, until, f"the exception “{reason}”", False


def _records(ids: Collection[int], cohort_ids: Collection[int], now: datetime) -> dict[str, Record]:
    theirs = Q(group__in=ids) | Q(group__isnull=True, cohort__in=cohort_ids)
    rows = DiscordObject.objects.filter(theirs, _is_no_history(now), released_at=None)
    return {
        row.key: Record(
            key=row.key,
            outside_id=row.outside_id,
            name_sent=row.name_sent,
            name_returned=row.name_returned,
            intended_at=row.intended_at,
            existed_before=frozenset(row.existed_before),
            group_id=row.group_id,
            cohort_id=row.cohort_id,
            gone=row.gone_at is not None,
            gone_lately=row.gone_at is not None and row.gone_at > now - GONE_FOR,
            decisions={part: (choice, value) for part, (choice, value) in row.decisions.items()},
        )
        for row in rows
    }


def _released_ids() -> frozenset[int]:
    """Return the Discord ids of objects that staff keep."""
    kept = DiscordObject.objects.filter(released_at__isnull=False, outside_id__isnull=False)
    # Their usual order joins three tables.
    return frozenset(pk for pk in kept.order_by().values_list("outside_id", flat=True) if pk)


def read_approvals(now: datetime) -> dict[str, Approval]:
    """Return the approvals by key, with those that have expired."""
    rows = RemovalApproval.objects.values_list(
        "target__key", "outside_id", "approved_at", "last_message_id"
    )
    return {key: Approval(pk, at > now - VALID_FOR, last) for key, pk, at, last in rows}


def _read_hidden(now: datetime) -> Hidden:
    """Return how many objects count to the guild's limits although the bot cannot see them.

    The gateway reports them, and so does the error that the guild is full (for an hour). Of two
    counts, the larger one is used. Up to two queries.
    """
    rows = list(HiddenCount.objects.all())
    reported = next((row for row in rows if row.source == HiddenCount.Source.GATEWAY), None)
    if reported is not None and not is_bot_connected():
        reported = None
    refusals = (row for row in rows if row.source == HiddenCount.Source.REFUSAL)
    counts = {row.kind: row.count for row in refusals if row.observed_at > now - REFUSED_FOR}
    if reported is None:
        return Hidden(counts=counts)
    return Hidden(
        is_known=True,
        counts=counts | {"channels": max(reported.count, counts.get("channels", 0))},
        categories=reported.categories,
        by_category={int(pk): count for pk, count in reported.by_category.items()},
    )
