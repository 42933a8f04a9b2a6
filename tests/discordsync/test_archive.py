"""The archive of an ended group: who can read, write and connect, at every write of each change."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from cohorts import clock
from cohorts.models import Group
from cohorts.models.archive import ArchiveWindow
from cohorts.reconcile.models import GroupSync
from cohorts.services.groups import end_group
from cohorts.services.memberships import end_membership, move_member
from discordsync.sandbox.permissions import who_may_what
from discordsync.state import permissions
from discordsync.state.facts import DiscordGroup, DiscordSnapshot, Former, Member, Window
from guestvisits.models import GuestVisit
from tests.discordsync.guild_state import look_again, outside_id
from tests.discordsync.inprocess import Guild, work
from tests.discordsync.strategies import EVERYBODY, NOW, PEOPLE, complete, with_records_of
from tests.support.cohort import add_member, join, make_cohort, realize
from tests.support.cohort import work as run
from tests.support.spread import thin

READING = {"VIEW_CHANNEL", "READ_MESSAGE_HISTORY"}
OPEN = {
    "SEND_MESSAGES",
    "CREATE_PUBLIC_THREADS",
    "CREATE_PRIVATE_THREADS",
    "SEND_MESSAGES_IN_THREADS",
    "ADD_REACTIONS",
    "CONNECT",
    "MANAGE_MESSAGES",
    "MOVE_MEMBERS",
}
LEADER, LEARNER, GUEST, DROPPED, OTHER = PEOPLE[:5]
ARCHIVE = ArchiveWindow(NOW - timedelta(days=1), NOW + timedelta(days=29))
OVER = ArchiveWindow(NOW - timedelta(days=30), NOW)


def group(pk: int = 100, cohort_id: int = 1, **changes: Any) -> DiscordGroup:
    return DiscordGroup(
        id=pk,
        cohort_id=cohort_id,
        name=f"Heron {pk}",
        position=0,
        **{
            "live": True,
            "active": True,
            "has_slot": True,
            "members": (Member(LEADER, True), Member(LEARNER, False), Member(DROPPED, False)),
            "windows": (Window(GUEST, NOW, NOW + timedelta(days=9), "the guest visit"),),
            **changes,
        },
    )


def ended(archive: ArchiveWindow | None) -> DiscordGroup:
    former = (Former(DROPPED, "the membership has ended"),)
    readers = (LEADER, LEARNER)
    return group(live=False, members=(), former=former, archive=archive, last_members=readers)


# The learner and another person are also in a group of another cohort, which continues.
BESIDE = group(200, 2, members=(Member(OTHER, True), Member(LEARNER, False)), windows=())


def facts(one: DiscordGroup) -> DiscordSnapshot:
    return complete({one.id: one, BESIDE.id: BESIDE})


STATES = {
    "running": facts(group()),
    "archive": facts(ended(ARCHIVE)),
    "over": facts(ended(OVER)),
}

Rights = dict[tuple[int, str], set[str]]


@dataclass
class Watched:
    """What each person might do before each write, as Discord itself reckons it."""

    guild: Guild
    snapshot: DiscordSnapshot
    random: Random
    seen: list[Rights] = field(default_factory=list)
    stop_after: int = 1000

    def __call__(self, ready: Sequence[Any]) -> Any:
        self.seen.append(rights(self.guild, self.snapshot))
        if len(self.seen) > self.stop_after:
            raise Killed
        return self.random.choice(list(ready))


class Killed(Exception):
    pass


def rights(guild: Guild, snapshot: DiscordSnapshot) -> Rights:
    table = who_may_what(guild.state)
    channels = {
        key: str(record.outside_id)
        for key, record in snapshot.records.items()
        if str(record.outside_id) in guild.state["channels"] and not key.startswith("category")
    }
    return {
        (person, key): set(table[str(person)][channel]) & (READING | OPEN)
        for person in EVERYBODY
        for key, channel in channels.items()
    }


def of_ended(found: Rights) -> Rights:
    keys = {"text_channel:100", "voice_channel:100", "cohort_channel:1"}
    return {place: bits for place, bits in found.items() if place[1] in keys}


@pytest.mark.parametrize("seed", thin(range(3), every=1, always=[0]))
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("running", "archive"),
        ("running", "over"),
        ("archive", "over"),
        ("over", "archive"),
        ("archive", "running"),
    ],
)
def test_no_write_of_a_change_opens_more_than_was_or_will_be_open(before, after, seed):
    guild = Guild(NOW)
    guild.join(EVERYBODY)
    first = work(guild, STATES[before], NOW)
    start = rights(guild, first.facts)
    snapshot = with_records_of(STATES[after], first.facts)
    watched = Watched(guild, snapshot, Random(seed))

    done = work(guild, snapshot, NOW, choose=watched)

    finish = rights(guild, done.facts)
    for moment in watched.seen:
        for place, bits in moment.items():
            assert bits <= start[place] | finish[place], place
            if place[1].endswith(":200") or place[1].endswith(":2"):
                assert bits == start[place], "the other cohort"
    assert of_ended(finish) == expected(after, finish)
    again = work(guild, done.facts, NOW)
    assert not again.done
    assert not again.plan.actions


def test_reopening_leaves_no_denial_of_the_archive_behind():
    guild = Guild(NOW)
    guild.join(EVERYBODY)
    opened = work(guild, STATES["running"], NOW)
    before = overwrites(guild)
    archived = work(guild, with_records_of(STATES["archive"], opened.facts), NOW)
    assert overwrites(guild) != before
    again = work(guild, with_records_of(STATES["running"], archived.facts), NOW)
    assert overwrites(guild) == before
    assert not work(guild, again.facts, NOW).done


def overwrites(guild: Guild) -> dict[str, Any]:
    return {pk: deepcopy(one["overwrites"]) for pk, one in guild.state["channels"].items()}


def expected(state: str, finish: Rights) -> Rights:
    if state == "running":
        return of_ended(finish)  # checked in test_who_sees_what.py
    readers = {LEADER.discord_id, LEARNER.discord_id} if state == "archive" else set()
    return {place: READING if place[0] in readers else set() for place in of_ended(finish)}


@pytest.mark.matrix
@pytest.mark.parametrize("after", ["archive", "over"])
def test_killed_after_any_write_the_next_pass_ends_with_the_same(after):
    for writes in range(40):
        guild = Guild(NOW)
        guild.join(EVERYBODY)
        first = work(guild, STATES["running"], NOW)
        start = rights(guild, first.facts)
        snapshot = with_records_of(STATES[after], first.facts)
        watched = Watched(guild, snapshot, Random(writes), stop_after=writes)
        try:
            work(guild, snapshot, NOW, choose=watched)
        except Killed:
            left = rights(guild, snapshot)
            assert all(bits <= start[place] for place, bits in left.items())
            done = work(guild, snapshot, NOW)
            finish = rights(guild, done.facts)
            assert of_ended(finish) == expected(after, finish)
        else:
            assert writes > 5
            return
    raise AssertionError("more writes than expected")


def test_what_the_bot_may_not_deny_is_reported_and_the_rest_is_denied():
    guild = Guild(NOW)
    guild.join(EVERYBODY)
    first = work(guild, STATES["running"], NOW)
    lacking = permissions.CREATE_PRIVATE_THREADS
    for role in guild.state["roles"].values():
        role["permissions"] &= ~(lacking | 1 << 3)

    done = work(guild, with_records_of(STATES["archive"], first.facts), NOW)

    issues = [(issue.group_id, issue.code, issue.detail) for issue in done.plan.issues]
    assert (100, "archive_open", "missing: Create Private Threads") in issues
    held = rights(guild, done.facts)[LEARNER.discord_id or 0, "text_channel:100"]
    assert held == READING


def test_nobody_gets_the_role_while_it_would_let_them_write():
    """An archive that begins after its end, such as when its days are raised."""
    guild = Guild(NOW)
    guild.join(EVERYBODY)
    opened = work(guild, STATES["running"], NOW)
    for person in EVERYBODY:
        guild.state["members"][str(person)]["roles"] = []
    snapshot = with_records_of(STATES["archive"], opened.facts)
    watched = Watched(guild, snapshot, Random(1))

    work(guild, snapshot, NOW, choose=watched)

    learner = LEARNER.discord_id or 0
    for moment in watched.seen:
        assert not moment[learner, "text_channel:100"] & OPEN
    assert rights(guild, snapshot)[learner, "text_channel:100"] == READING


# -- over HTTP -----------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.usefixtures("only_discord")
def test_an_archive_from_its_first_to_its_last_day(sandbox, set_clock):
    made = make_cohort(groups=2, members=5)
    other = make_cohort(groups=1, members=2, name="Autumn", called="Circle")
    one, two = made.groups
    leader, learner, dropped, removed, moved = made.people[:5]
    guest = made.people[6]
    add = add_member(other.groups[0])
    other.groups[0].memberships.filter(user=add).update(user=learner)
    join(sandbox, [*made.people, *other.people])
    realize(made)
    realize(other)
    now = clock.now() - timedelta(minutes=5)
    GuestVisit.objects.create(
        user=guest, home_meeting=two.meetings.get(number=1), host_meeting=one.meetings.get(number=1)
    )
    run("discord")
    end_membership(dropped.memberships.get().pk, status="dropped", now=now)
    end_membership(removed.memberships.get().pk, status="removed", now=now)
    move_member(moved.memberships.get().pk, two.pk, now=now)
    run("discord")

    end_group(one.pk, status="completed", now=clock.now())
    run("discord")

    assert may(sandbox, leader, f"text_channel:{one.pk}") == READING
    assert may(sandbox, learner, f"text_channel:{one.pk}") == READING
    assert may(sandbox, learner, f"voice_channel:{one.pk}") == READING
    assert may(sandbox, learner, f"cohort_channel:{made.cohort.pk}") == READING
    assert may(sandbox, learner, f"text_channel:{other.groups[0].pk}") & {"SEND_MESSAGES"}
    assert may(sandbox, moved, f"text_channel:{two.pk}") & {"SEND_MESSAGES"}
    for person in (dropped, removed, moved):
        assert not may(sandbox, person, f"text_channel:{one.pk}")
    assert not may(sandbox, guest, f"text_channel:{one.pk}")
    assert may(sandbox, guest, f"cohort_channel:{made.cohort.pk}") & {"SEND_MESSAGES"}

    end = Group.objects.get(pk=one.pk).archive.ends_at
    row = GroupSync.objects.get(group=one, provider="discord")
    for moment, rights_then in ((end - timedelta(minutes=2), READING), (end, set())):
        set_clock(moment)
        sandbox.set_clock(moment)
        GroupSync.objects.filter(pk=row.pk).update(next_at=moment)
        run("discord")
        assert may(sandbox, learner, f"text_channel:{one.pk}") == rights_then
    row.refresh_from_db()
    assert row.issue == ""
    assert may(sandbox, learner, f"text_channel:{other.groups[0].pk}") & {"SEND_MESSAGES"}


def may(sandbox: Any, person: Any, key: str) -> set[str]:
    from discordsync.models import DiscordObject

    channel = DiscordObject.objects.get(key=key).outside_id
    table = who_may_what(sandbox.get("state")["discord"])
    return set(table[str(person.discord_id)][str(channel)]) & (READING | OPEN)


def test_after_the_archive_a_role_above_the_bots_opens_no_channel_any_more(
    sandbox, set_clock, only_discord
):
    made = make_cohort(groups=2, members=2)
    join(sandbox, made.people)
    realize(made)
    run("discord")
    over, live = made.groups
    role = outside_id(f"role:{over.pk}")
    end_group(over.pk, status=Group.Status.COMPLETED, now=clock.now())
    run("discord")
    position = sandbox.get("state")["discord"]["roles"][role]["position"]
    sandbox.post("discord/settings", {"bot_role_position": position})
    later = clock.now() + timedelta(days=31)
    set_clock(later)
    sandbox.set_clock(later)
    run("discord")

    guild = sandbox.get("state")["discord"]
    assert role in guild["members"][str(made.people[1].discord_id)]["roles"]
    assert not [one["name"] for one in guild["channels"].values() if role in one["overwrites"]]
    assert GroupSync.objects.get(group=over, provider="discord").issue == "role_too_low"
    cohort_channel = guild["channels"][outside_id(f"cohort_channel:{made.cohort.pk}")]
    assert outside_id(f"role:{live.pk}") in cohort_channel["overwrites"]
    seen = sandbox.last
    look_again()
    assert sandbox.writes(since=seen) == []
