"""A snapshot leaves out history, and what is planned is the same as if it did not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models import Model
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cohorts import clock
from cohorts.models import Cohort, Group, Installation, Membership, User
from cohorts.outbox.models import Message
from cohorts.reconcile.runs.policy import restrict
from cohorts.reconcile.values import Due, Finding, Plan, Policy
from discordsync.desired import desired_state
from discordsync.models import DiscordObject
from discordsync.observe import recover
from discordsync.observe.observe import _unlisted
from discordsync.plan.plan import plan
from discordsync.plan.review import review
from discordsync.provider import DiscordProvider
from discordsync.snapshot import find_names, take_snapshot
from discordsync.state import keys, permissions
from discordsync.state.facts import DiscordSnapshot
from discordsync.state.observed import (
    CATEGORY,
    MEMBER,
    ROLE,
    SCHEDULED,
    TEXT,
    VOICE,
    Discovered,
    ObservedChannel,
    ObservedGuild,
    ObservedRole,
    Overwrite,
    ScheduledEvent,
)
from meetings.models import Meeting
from tests.support.cohort import MadeCohort, add_member, make_cohort

pytestmark = pytest.mark.django_db

BOT, GUILD = 1, 2
RECORDED = st.sampled_from(["recorded", "recorded", "gone", "intended", "unrecorded"])
EVERYTHING = (1 << 53) - 1


@dataclass(frozen=True)
class Thing:
    """What became of a group, or of what its cohort shares."""

    record: str
    is_outside: bool
    has_ended: bool = False
    holders: frozenset[int] = frozenset()  # of the role, by the number of the person
    let_in: frozenset[int] = frozenset()  # by an overwrite of their own


def things(people: int) -> st.SearchStrategy[Thing]:
    some = st.frozensets(st.integers(0, people - 1), max_size=3)
    return st.builds(Thing, RECORDED, st.booleans(), st.booleans(), some, some)


@dataclass
class World:
    """Groups with a history in the database, and the guild as it was observed."""

    made: list[MadeCohort]
    roles: dict[int, ObservedRole] = field(default_factory=dict)
    channels: dict[int, ObservedChannel] = field(default_factory=dict)
    events: dict[int, ScheduledEvent] = field(default_factory=dict)
    members: dict[int, set[int]] = field(default_factory=dict)
    last_id: int = 1000

    @property
    def people(self) -> list[User]:
        return [person for made in self.made for person in made.people]

    @property
    def groups(self) -> list[Group]:
        return [group for made in self.made for group in made.groups]

    def add(self, key: str, thing: Thing, cohort: Cohort, group: Group | None) -> int:
        """Record an object as its thing says; return its Discord id."""
        self.last_id += 1
        if thing.record != "unrecorded":
            DiscordObject.objects.create(
                key=key,
                kind=keys.kind_of(key),
                cohort=cohort,
                group=group,
                meeting_id=keys.number_of(key) if key.startswith("event:") else None,
                outside_id=None if thing.record == "intended" else self.last_id,
                intended_at=clock.now(),
                gone_at=clock.now() if thing.record == "gone" else None,
                name_sent=key,
                name_returned=key,
            )
        return self.last_id

    def add_channel(self, pk: int, key: str, kind: int, parent: int | None, people=()) -> None:
        name = Installation.objects.ensure(clock.now()).installation_id
        given = {p: Overwrite(p, MEMBER, permissions.MEMBER_TEXT, 0) for p in people}
        topic = keys.make_mark(name, key) if kind == TEXT else ""
        self.channels[pk] = ObservedChannel(pk, kind, key, parent, topic, given)

    def build_cohort(self, made: MadeCohort, shared: Thing, things: list[Thing]) -> None:
        category = self.add(keys.category(made.cohort.pk, 1), shared, made.cohort, None)
        common = self.add(keys.cohort_channel(made.cohort.pk), shared, made.cohort, None)
        if shared.is_outside:
            self.add_channel(category, keys.category(made.cohort.pk, 1), CATEGORY, None)
            accounts = self.accounts(shared.let_in)
            self.add_channel(common, keys.cohort_channel(made.cohort.pk), TEXT, category, accounts)
        for group, thing in zip(made.groups, things, strict=True):
            self.build_group(group, thing, category)

    def build_group(self, group: Group, thing: Thing, category: int) -> None:
        if thing.has_ended:
            Group.objects.filter(pk=group.pk).update(status=Group.Status.COMPLETED)
        role = self.add(keys.role(group.pk), thing, group.cohort, group)
        text = self.add(keys.text_channel(group.pk), thing, group.cohort, group)
        voice = self.add(keys.voice_channel(group.pk), thing, group.cohort, group)
        meeting = group.meetings.order_by("pk")[0]
        event = self.add(keys.event(meeting.pk), thing, group.cohort, group)
        if not thing.is_outside:
            return
        self.roles[role] = ObservedRole(role, group.name, 0, 5)
        opens = {role: Overwrite(role, ROLE, permissions.MEMBER_TEXT, 0)}
        for pk, kind, name in ((text, TEXT, "text_channel"), (voice, VOICE, "voice_channel")):
            self.add_channel(pk, f"{name}:{group.pk}", kind, category, self.accounts(thing.let_in))
            found = self.channels[pk]
            self.channels[pk] = replace(found, overwrites={**found.overwrites, **opens})
        for account in self.accounts(thing.holders):
            self.members.setdefault(account, set()).add(role)
        name = Installation.objects.ensure(clock.now()).installation_id
        mark = keys.make_mark(name, keys.event(meeting.pk))
        self.events[event] = ScheduledEvent(
            event, "Week 1", mark, voice, meeting.starts_at, meeting.ends_at, SCHEDULED
        )

    def accounts(self, numbers: frozenset[int]) -> list[int]:
        return [self.people[number].discord_id or 0 for number in sorted(numbers)]

    def observe(self, snapshot: DiscordSnapshot) -> Finding:
        """Return what `observe` would, if Discord said of everything unlisted that it is gone."""
        bot = ObservedRole(3, "Lens", EVERYTHING, 90)
        present = {p.discord_id or 0: set() for p in self.people} | self.members
        observed = ObservedGuild(
            guild_id=GUILD,
            bot_id=BOT,
            roles={**self.roles, bot.id: bot},
            channels=self.channels,
            events=self.events,
            members={pk: frozenset(roles) for pk, roles in present.items()}
            | {BOT: frozenset({bot.id})},
        )
        gone = frozenset(r.outside_id or 0 for r in _unlisted(observed, snapshot))
        observed = replace(observed, gone=gone)
        orphans = recover.find_orphans(snapshot, observed)
        discovered = Discovered(
            ids=recover.find_lost(snapshot, observed),
            orphans=orphans,
            sent={},
            adopt=False,
            unknown=recover.find_unknown(snapshot, observed),
            accounts=recover.find_unknown_accounts(snapshot, observed),
        )
        held = recover.held_by(orphans, snapshot, observed)
        return Finding(observed, orphans=held, to_store=discovered)


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def store(finding: Finding) -> Finding:
    return DiscordProvider().store(finding)


def read_everyone(world: World, ids: list[int]) -> DiscordSnapshot:
    names = find_names([person.discord_id or 0 for person in world.people])
    return replace(take_snapshot(clock.now(), also=ids), known_people=names)


def plan_for(snapshot: DiscordSnapshot, finding: Finding, groups: list[Group]) -> Plan:
    due = [Due(group.pk, group.cohort_id, may_create=group.pk % 2 == 0) for group in groups]
    found = plan(desired_state(snapshot, clock.now()), finding.observed, Policy.of(due))
    return restrict(found, due, finding.orphans, "")


PEOPLE = 12
WORLDS = st.tuples(
    *[st.tuples(things(PEOPLE), st.lists(things(PEOPLE), min_size=3, max_size=3))] * 2
)


@pytest.fixture
def cohorts() -> list[MadeCohort]:
    Installation.objects.ensure(clock.now())
    return [make_cohort(groups=3, name=name) for name in ("Spring", "Autumn")]


some = settings(
    max_examples=6,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],  # each example fills the database: shrinking would take minutes
    derandomize=True,
)


@given(worlds=WORLDS)
@some
def test_a_bounded_snapshot_leads_to_the_same_plan_as_everything(cohorts, worlds) -> None:
    check_plans_are_the_same(cohorts, worlds)


@pytest.mark.matrix
@given(worlds=WORLDS)
@settings(some, max_examples=40)
def test_in_many_worlds_it_leads_to_the_same_plan(cohorts, worlds) -> None:
    check_plans_are_the_same(cohorts, worlds)


def check_plans_are_the_same(cohorts, worlds) -> None:
    with undone():
        world = World(cohorts)
        left = world.people[1]  # of a group whose objects may be outside still
        Membership.objects.filter(user=left).update(
            status="removed", left_at=clock.now() - timedelta(days=9)
        )
        Meeting.objects.filter(group=world.groups[4]).update(starts_at=clock.now())
        for made, (shared, things) in zip(world.made, worlds, strict=True):
            world.build_cohort(made, shared, things)
        now, ids = clock.now(), [group.pk for group in world.groups]

        with undone():
            finding = store(world.observe(take_snapshot(now)))
            bounded = take_snapshot(now)
        expected = store(world.observe(read_everyone(world, ids)))
        whole = read_everyone(world, ids)

        assert set(whole.groups) == set(ids)
        assert finding.orphans == expected.orphans
        assert finding.to_store.orphans == expected.to_store.orphans
        assert finding.to_store.ids == expected.to_store.ids
        assert plan_for(bounded, finding, world.groups) == plan_for(whole, expected, world.groups)
        first = plan_for(bounded, finding, world.groups)
        for group in world.groups:
            alone = plan_for(whole, expected, [group])
            if group.pk in bounded.groups:
                assert plan_for(bounded, finding, [group]) == alone
            else:  # only what its cohort shares, for which another group answers
                assert {action.group_id for action in alone.actions} <= {None}
                assert {action.key for action in alone.actions} <= {a.key for a in first.actions}
                same = [
                    review(desired_state(snapshot, now), found.observed, group.pk, now)
                    for snapshot, found in ((bounded, finding), (whole, expected))
                ]
                assert replace(same[1], next_at=None) == same[0]


def test_groups_that_have_ended_with_nothing_outside_are_not_read() -> None:
    live = make_cohort(groups=2)
    Installation.objects.ensure(clock.now())
    with CaptureQueriesContext(connection) as before:
        snapshot = take_snapshot(clock.now())
    history = make_cohort(groups=6, name="Long ago")
    Cohort.objects.filter(pk=history.cohort.pk).update(status=Cohort.Status.COMPLETED)
    outside = {
        "still there": history.groups[4],
        "being created": history.groups[5],
    }
    for number, group in enumerate(history.groups):
        gone_at = None if group in outside.values() else clock.now()
        DiscordObject.objects.create(
            key=keys.role(group.pk),
            kind="role",
            cohort=history.cohort,
            group=group,
            outside_id=None if group == outside["being created"] else number + 1,
            gone_at=gone_at,
        )
    with CaptureQueriesContext(connection) as after:
        found = take_snapshot(clock.now())
    assert set(found.groups) - set(snapshot.groups) == {g.pk for g in outside.values()}
    assert set(snapshot.groups) == set(live.ids)
    assert len(found.records) == 2
    assert {p.pk for p in live.people} <= {p.id for p in _people(found)}
    assert len(found.known_people) == len(live.people) + 4
    assert len(after) == len(before)
    assert found.groups[history.groups[5].pk].position == 5


# ANALYZE outlives a rollback; emptying truncates the table.
@pytest.mark.django_db(transaction=True)
def test_records_of_what_is_gone_are_not_even_scanned() -> None:
    made = make_cohort(groups=2, members=2)
    record("text_channel", made.groups[0], 1)
    DiscordObject.objects.bulk_create(
        DiscordObject(
            key=f"event:{n}",
            kind="event",
            cohort=made.cohort,
            group=made.groups[1],
            outside_id=10 + n,
            gone_at=clock.now(),
        )
        for n in range(3000)
    )
    Group.objects.filter(pk=made.groups[1].pk).update(status="completed")
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {DiscordObject._meta.db_table}")

    with transaction.atomic():
        assert list(take_snapshot(clock.now()).records) == [f"text_channel:{made.groups[0].pk}"]
        assert 0 < count_rows_read(DiscordObject) < 20


def count_rows_read(model: type[Model]) -> int:
    """Return how many rows of a table PostgreSQL has read in this transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = %s",
            [model._meta.db_table],
        )
        return int(cursor.fetchone()[0])


def test_reading_only_what_changed_gives_what_reading_everything_gives() -> None:
    made, other = make_cohort(groups=4), make_cohort(groups=2, name="Autumn")
    first, second, third, fourth = made.groups
    record("role", first, 1)
    record("text_channel", fourth, 2)
    record("role", fourth, 3)
    earlier = take_snapshot(clock.now())

    add_member(first)
    record("text_channel", first, 4)
    DiscordObject.objects.filter(key=keys.role(first.pk)).delete()
    Group.objects.filter(pk=second.pk).update(name="Renamed")
    Group.objects.filter(pk__in=[third.pk, fourth.pk]).update(status="completed")
    new = make_cohort(groups=1, name="New")
    now = clock.now()
    changed = [first.pk, second.pk, third.pk, fourth.pk, *new.ids]

    whole, updated = take_snapshot(now), take_snapshot(now, earlier, changed)
    assert set(updated.groups) == {first.pk, second.pk, fourth.pk, *other.ids, *new.ids}
    assert replace(updated, known_people=whole.known_people) == whole
    assert updated.known_people == earlier.known_people | whole.known_people


def test_a_message_is_read_though_its_group_did_not_change_and_is_left_out_once_sent() -> None:
    made = make_cohort(groups=3)
    earlier, now = take_snapshot(clock.now()), clock.now()
    Message.objects.create(
        key="welcome:1",
        kind="welcome",
        channel="discord_channel",
        group=made.groups[1],
        body="Hello",
        due_at=now,
        next_try_at=now,
        cutoff_at=now + timedelta(days=1),
        created_at=now,
    )
    waiting = take_snapshot(now, earlier)
    assert waiting == take_snapshot(now)
    assert [m.text for m in waiting.groups[made.groups[1].pk].messages] == ["Hello"]
    Message.objects.update(state=Message.State.SENT)
    assert take_snapshot(now, waiting) == take_snapshot(now)


def test_reading_again_where_nothing_changed_reads_no_group() -> None:
    make_cohort(groups=3)
    earlier = take_snapshot(clock.now())
    with CaptureQueriesContext(connection) as queries:
        assert take_snapshot(clock.now(), earlier) == earlier
    assert not [query for query in queries if Membership._meta.db_table in query["sql"]]
    assert len(queries) <= 10


def record(kind: str, group: Group, outside_id: int) -> None:
    DiscordObject.objects.create(
        key=f"{kind}:{group.pk}", kind=kind, cohort=group.cohort, group=group, outside_id=outside_id
    )


def _people(snapshot: DiscordSnapshot):
    return [m.person for group in snapshot.groups.values() for m in group.members]
