"""Facts for Hypothesis: small academies with everything that can be true of a group."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from cohorts.models.archive import ArchiveWindow
from discordsync.state.facts import (
    CohortFacts,
    DiscordGroup,
    DiscordPerson,
    DiscordSnapshot,
    Former,
    Member,
    MessageFacts,
    Window,
)
from meetings.rhythm import MeetingFacts

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FIRST_PERSON = 200000000000000000
PEOPLE = [DiscordPerson(n, f"Person {n}", FIRST_PERSON + n) for n in range(1, 9)]
NOBODY = DiscordPerson(9, "Person 9", None)  # no Discord id known
EVERYBODY = frozenset(p.discord_id for p in PEOPLE if p.discord_id)
HORIZON = timedelta(days=14)

people = st.sampled_from([*PEOPLE, NOBODY])
names = st.sampled_from(["Reds", "Blue Whales", "Größe (2)", "  Odd   name ", "x" * 80])


@st.composite
def windows(draw: st.DrawFn) -> Window:
    begins = NOW + timedelta(days=draw(st.integers(-12, 12)))
    return Window(draw(people), begins, begins + timedelta(days=9), "the guest visit")


archives = st.sampled_from(
    [
        None,
        ArchiveWindow(NOW - timedelta(days=3), NOW + timedelta(days=27)),
        ArchiveWindow(NOW, NOW + timedelta(days=30)),
        ArchiveWindow(NOW - timedelta(days=30), NOW),
    ]
)


@st.composite
def meetings(draw: st.DrawFn, group_id: int) -> tuple[MeetingFacts, ...]:
    count = draw(st.integers(0, 4))
    first = NOW + timedelta(days=draw(st.integers(1, 9)))
    return tuple(
        MeetingFacts(
            id=group_id * 10 + n,
            number=n,
            starts_at=first + timedelta(weeks=n - 1),
            minutes=60,
            cancelled=draw(st.booleans()),
            rhythm_at=None,
        )
        for n in range(1, count + 1)
    )


@st.composite
def groups(draw: st.DrawFn, group_id: int, cohort_id: int, position: int) -> DiscordGroup:
    inside = draw(st.lists(people, max_size=4, unique=True))
    left = draw(st.lists(people, max_size=2, unique=True))
    live = draw(st.sampled_from([True, True, True, False, False]))
    return DiscordGroup(
        id=group_id,
        cohort_id=cohort_id,
        name=f"{draw(names)}{group_id}"[-80:],
        position=position,
        live=live,
        active=draw(st.booleans()),
        has_slot=draw(st.booleans()),
        has_meetings=draw(st.booleans()),
        members=tuple(Member(person, draw(st.booleans())) for person in inside),
        former=tuple(Former(p, "the membership has ended") for p in left if p not in inside),
        windows=tuple(draw(st.lists(windows(), max_size=2))),
        meetings=draw(meetings(group_id)),
        messages=_messages(group_id) if draw(st.booleans()) else (),
        archive=None if live else draw(archives),
        last_members=() if live else tuple(draw(st.permutations(inside))[:3]),
    )


def _messages(group_id: int) -> tuple[MessageFacts, ...]:
    return (MessageFacts(group_id, "welcome", "Welcome!", f"nonce{group_id}"),)


@st.composite
def snapshots(draw: st.DrawFn, max_groups: int = 3) -> DiscordSnapshot:
    found: dict[int, DiscordGroup] = {}
    for cohort_id in (1, 2):
        for position in range(draw(st.integers(0 if found else 1, max_groups))):
            group_id = cohort_id * 100 + position
            found[group_id] = draw(groups(group_id, cohort_id, position))
    return complete(found)


def complete(groups: dict[int, DiscordGroup]) -> DiscordSnapshot:
    cohorts = {
        group.cohort_id: CohortFacts(group.cohort_id, "Safety", f"Spring {group.cohort_id}")
        for group in groups.values()
    }
    return DiscordSnapshot(
        installation="tests",
        adopt=False,
        horizon=HORIZON,
        cohorts=cohorts,
        groups=groups,
        known_people={p.discord_id: p.name for p in PEOPLE if p.discord_id},
    )


def with_records_of(facts: DiscordSnapshot, earlier: DiscordSnapshot) -> DiscordSnapshot:
    """The same facts, with what was recorded while the earlier ones held.

    A group that is outside is never deleted: where the facts know it no more, it has ended.
    """
    ended = {
        pk: replace(
            group,
            live=False,
            messages=(),
            meetings=(),
            archive=ArchiveWindow(NOW, NOW + timedelta(days=30)),
            last_members=tuple(member.person for member in group.members),
        )
        if group.live
        else replace(group, messages=(), meetings=())
        for pk, group in earlier.groups.items()
        if pk not in facts.groups
    }
    whole = complete({**ended, **facts.groups})
    return replace(whole, records=earlier.records)
