"""What should exist in the guild, fact by fact."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cohorts.models.archive import ArchiveWindow
from discordsync.desired import (
    DesiredCohort,
    DesiredGuild,
    clean_name,
    desired_cohort,
    desired_group,
    desired_state,
    name_text_channel,
)
from discordsync.state.facts import (
    CohortFacts,
    DirectMessageFacts,
    DiscordGroup,
    DiscordPerson,
    DiscordSnapshot,
    Former,
    Hidden,
    Member,
    MessageFacts,
    Record,
    SentPost,
    Window,
)
from meetings.rhythm import MeetingFacts

NOW = datetime(2027, 1, 11, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ANNE, BEN, CARL = (DiscordPerson(n, f"Person {n}", 100 + n) for n in range(1, 4))
UNKNOWN = DiscordPerson(9, "Person 9", None)  # no Discord id known
MESSAGE = MessageFacts(1, "welcome", "Welcome!", "nonce1")
DIRECT = DirectMessageFacts(MESSAGE, 101)
POST = SentPost(1, 7, 2, 3)
COHORT = CohortFacts(5, "Course", "Winter 2027")


def meeting(number: int | None, days: int, *, cancelled: bool = False) -> MeetingFacts:
    return MeetingFacts(number or 70, number, NOW + days * DAY, 60, cancelled, None)


GROUP = DiscordGroup(
    id=7,
    cohort_id=5,
    name="Reds",
    position=3,
    live=True,
    active=True,
    has_slot=True,
    has_meetings=True,
    members=(Member(ANNE, facilitator=True), Member(BEN, facilitator=False)),
    messages=(MESSAGE,),
    direct_messages=(DIRECT,),
    posts_to_delete=(POST,),
)


def snapshot(*groups: DiscordGroup) -> DiscordSnapshot:
    return DiscordSnapshot(
        "local",
        adopt=False,
        horizon=14 * DAY,
        cohorts={COHORT.id: COHORT},
        groups={group.id: group for group in groups},
        records={"role:7": Record("role:7", 1)},
        known_people={101: "Person 1"},
        new_dm_channels=4,
        hidden=Hidden(is_known=True, categories=2),
    )


def desired(*groups: DiscordGroup, now: datetime = NOW) -> DesiredGuild:
    return desired_state(snapshot(*groups), now)


def visit(person: DiscordPerson, begins: datetime | None, ends: datetime) -> Window:
    return Window(person, begins, ends, "the guest visit")


# -- the guild and the group ---------------------------------------------------------------------


def test_the_guild_has_what_the_snapshot_says_about_it():
    facts = snapshot(GROUP)
    guild = desired_state(facts, NOW)
    assert (guild.installation, guild.now, guild.horizon) == ("local", NOW, NOW + 14 * DAY)
    assert guild.records == facts.records
    assert (guild.known_people, guild.new_dm_channels) == (facts.known_people, 4)
    assert guild.hidden == facts.hidden
    assert guild.cohorts == {5: DesiredCohort(5, "Course - Winter 2027", "winter-2027")}
    assert guild.groups == {7: desired_group(GROUP, facts, NOW)}


def test_a_group_keeps_its_facts():
    group = desired(replace(GROUP, active=False)).groups[7]
    assert (group.id, group.cohort_id, group.name, group.position) == (7, 5, "Reds", 3)
    assert (group.live, group.active, group.has_slot) == (True, False, True)
    assert (group.has_members, group.has_meetings, group.category) == (True, True, "category:5:1")
    assert (group.messages, group.direct_messages) == ((MESSAGE,), (DIRECT,))
    assert group.posts_to_delete == (POST,)
    other = replace(GROUP, has_slot=False, has_meetings=False, members=(), position=24)
    group = desired(other).groups[7]
    assert (group.has_slot, group.has_members, group.has_meetings) == (False, False, False)
    assert group.category == "category:5:2"


def test_each_object_has_its_name():
    events = (meeting(1, 2),)
    second = replace(GROUP, id=8, name="Blues", position=24, meetings=())
    assert desired(replace(GROUP, meetings=events), second).names == {
        "cohort_channel:5": "winter-2027",
        "category:5:1": "Course - Winter 2027",
        "category:5:2": "Course - Winter 2027 (2)",
        "role:7": "Reds (Winter 2027)",
        "text_channel:7": "reds",
        "voice_channel:7": "Reds voice",
        "role:8": "Blues (Winter 2027)",
        "text_channel:8": "blues",
        "voice_channel:8": "Blues voice",
        "event:1": "Reds - Week 1",
    }


def test_the_name_of_a_long_course_leaves_room_for_that_of_the_cohort():
    cohort = desired_cohort(replace(COHORT, course="x" * 90 + " yz" * 3))
    assert cohort.category_name(1) == "x" * 81 + " - Winter 2027"
    assert cohort.category_name(2) == "x" * 81 + " - Winter 2027 (2)"
    alone = desired_cohort(replace(COHORT, name="n" * 100))
    assert [len(alone.category_name(n)) for n in (1, 2)] == [100, 99]


def test_a_name_without_letters_is_replaced_in_text_channels_only():
    group = desired(replace(GROUP, name="!!!")).groups[7]
    assert (group.text_name, group.voice_name) == ("group-7", "!!! voice")
    assert desired_cohort(replace(COHORT, name="?")).channel_name == "cohort-5"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Blue Whales", "blue-whales"),
        ("  a   b ", "a-b"),
        ("7", "7"),
        ("été", "été"),
        ("★", "★"),
        ("\x7f", "other-name"),
        ("!?", "other-name"),
        ("x" * 101, "x" * 100),
    ],
)
def test_a_text_channels_name_is_as_discord_rewrites_it(name, expected):
    assert name_text_channel(name, "Other name") == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("  Odd \n name ", "Odd name"), ("x" * 101, "x" * 100), ("x" * 99 + " y", "x" * 99)],
)
def test_a_name_is_as_discord_keeps_it(name, expected):
    assert clean_name(name) == expected


# -- who has the role ----------------------------------------------------------------------------


def test_members_have_the_role_and_facilitators_are_known():
    members = (*GROUP.members, Member(UNKNOWN, facilitator=True), Member(CARL, facilitator=False))
    group = desired(replace(GROUP, members=members)).groups[7]
    assert group.people == {101: ANNE, 102: BEN, 103: CARL}
    assert group.facilitators == {101}
    assert group.unreachable == (UNKNOWN,)


@pytest.mark.parametrize(
    ("begins", "ends", "has_role"),
    [
        (None, NOW + HOUR, True),
        (NOW, NOW + HOUR, True),
        (NOW + HOUR, NOW + DAY, False),
        (NOW - DAY, NOW, False),
        (NOW - DAY, NOW + HOUR, True),
    ],
)
def test_a_guest_has_the_role_while_the_window_is_open(begins, ends, has_role):
    group = desired(replace(GROUP, windows=(visit(CARL, begins, ends),))).groups[7]
    assert (103 in group.people) == has_role
    assert group.former == ({103: "the guest visit has ended"} if ends <= NOW else {})


def test_a_guest_without_an_account_cannot_be_reached():
    group = desired(replace(GROUP, windows=(visit(UNKNOWN, None, NOW + DAY),))).groups[7]
    assert group.unreachable == (UNKNOWN,)


def test_people_whose_access_has_ended_lose_it_for_a_reason():
    former = (Former(CARL, "the membership has ended"), Former(UNKNOWN, "the membership has ended"))
    windows = (visit(UNKNOWN, None, NOW), visit(ANNE, None, NOW - DAY))
    group = desired(replace(GROUP, former=former, windows=windows)).groups[7]
    assert group.former == {103: "the membership has ended", 101: "the guest visit has ended"}


def test_a_group_that_has_ended_gives_no_one_access():
    ended = replace(GROUP, live=False, windows=(visit(CARL, None, NOW + DAY),))
    group = desired(replace(ended, meetings=(meeting(1, 2),))).groups[7]
    assert (group.people, group.facilitators, group.unreachable) == ({}, frozenset(), ())
    assert (group.messages, group.direct_messages) == ((), (DIRECT,))
    assert (group.live, group.has_members) == (False, True)


def test_the_last_members_of_an_archive_read_its_channels_until_it_ends():
    ended = replace(GROUP, live=False, last_members=(CARL, UNKNOWN))
    archived = replace(ended, archive=ArchiveWindow(NOW - DAY, NOW + DAY))
    group = desired(archived).groups[7]
    assert (group.is_archive, group.people, group.unreachable) == (True, {103: CARL}, (UNKNOWN,))
    assert (group.messages, group.next_at, group.removable) == ((MESSAGE,), NOW + DAY, False)
    for other in (ended, replace(archived, archive=ArchiveWindow(NOW - DAY, NOW))):
        group = desired(other).groups[7]
        assert (group.is_archive, group.people, group.messages) == (False, {}, ())
        assert group.removable
        assert group.next_at is None


# -- events --------------------------------------------------------------------------------------


def test_each_future_meeting_has_an_event_the_earliest_first():
    reds = replace(GROUP, meetings=(meeting(2, 9), meeting(None, 3)))
    blues = replace(GROUP, id=8, name="Blues", meetings=(meeting(4, 3),))
    guild = desired(reds, blues)
    assert [event.key for event in guild.events] == ["event:4", "event:70", "event:2"]
    event = guild.events[1]
    assert (event.group_id, event.name) == (7, "Reds - Extra session")
    assert event.description == "Weekly meeting of Reds. [lens local event:70]"
    assert (event.starts_at, event.ends_at) == (NOW + 3 * DAY, NOW + 3 * DAY + HOUR)
    assert guild.over == {}


def test_no_event_remains_without_a_meeting_or_people():
    meetings = (meeting(1, 2), meeting(2, 9, cancelled=True))
    guild = desired(
        replace(GROUP, meetings=meetings),
        replace(GROUP, id=8, live=False, meetings=(meeting(3, 2),)),
        replace(GROUP, id=9, members=(), meetings=(meeting(4, 2),)),
    )
    assert [event.key for event in guild.events] == ["event:1"]
    assert guild.over == {"event:2": 7, "event:3": 8}


def test_a_long_name_leaves_room_for_the_week():
    group = replace(GROUP, name="x" * 89 + " y" * 9, meetings=(meeting(12, 2), meeting(None, 3)))
    week, extra = desired(group).events
    assert week.name == "x" * 89 + " - Week 12"
    assert extra.name == "x" * 84 + " - Extra session"
    assert len(extra.name) == 100


# -- the next change -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, None),
        ({"windows": (visit(CARL, NOW + HOUR, NOW + DAY),)}, NOW + HOUR),
        ({"windows": (visit(CARL, NOW, NOW + DAY),)}, NOW + DAY),
        ({"windows": (visit(CARL, None, NOW + DAY),)}, NOW + DAY),
        ({"windows": (visit(CARL, None, NOW),)}, None),
        ({"meetings": (meeting(1, 15),)}, NOW + DAY),
        ({"meetings": (meeting(1, 14),)}, None),
        ({"meetings": (meeting(1, 20), meeting(2, 16))}, NOW + 2 * DAY),
        ({"next_try_at": NOW + HOUR, "meetings": (meeting(1, 15),)}, NOW + HOUR),
    ],
)
def test_a_group_is_compared_again_when_a_date_changes_what_is_desired(change, expected):
    assert desired(replace(GROUP, **change)).groups[7].next_at == expected
