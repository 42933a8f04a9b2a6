"""What desired and observed state say side by side, question by question."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from discordsync.desired import DesiredScheduledEvent
from discordsync.plan.diff import ObjectStatus, parents_of
from discordsync.state.facts import Record
from discordsync.state.observed import (
    MEMBER,
    ROLE,
    SCHEDULED,
    ObservedGuild,
    Overwrite,
    ScheduledEvent,
)
from discordsync.state.permissions import (
    ALL_NEEDED,
    BOT_TEXT,
    BOT_VOICE,
    FACILITATOR_TEXT,
    FACILITATOR_VOICE,
    MANAGE_MESSAGES,
    MANAGE_ROLES,
    MEMBER_TEXT,
    MEMBER_VOICE,
    PIN_MESSAGES,
    READER,
    READER_DENIED,
    SEND_MESSAGES,
    VIEW_CHANNEL,
)
from tests.discordsync.paper import (
    ANNE,
    BEN,
    BOT,
    BOT_ROLE,
    CARL,
    DORA,
    GUILD,
    NOW,
    compare,
    ended,
    group,
    id_for,
    lose,
    of_cohort,
    put,
    see,
    want,
)
from tests.discordsync.plan.planning import CATEGORY, CHANNEL, TEXT, VOICE

ROLE_7, ATTACH_FILES = "role:7", 1 << 15
EVENT = DesiredScheduledEvent("event:3", 7, "Week 1", "", NOW, NOW + timedelta(hours=1))


# -- objects -------------------------------------------------------------------------------------


def with_event(guild: ObservedGuild, pk: int, description: str = "") -> ObservedGuild:
    return guild.with_event(ScheduledEvent(pk, "Week 1", description, None, NOW, None, SCHEDULED))


@pytest.mark.parametrize("key", [ROLE_7, TEXT, VOICE, CHANNEL, CATEGORY, "event:3"])
@pytest.mark.parametrize(
    ("status", "issue"),
    [
        (ObjectStatus.NOT_CREATED, ""),
        (ObjectStatus.EXISTS, ""),
        (ObjectStatus.GONE, "missing"),
        (ObjectStatus.UNCONFIRMED, "unconfirmed"),
        (ObjectStatus.HIDDEN, "no_access"),
    ],
)
def test_the_status_of_an_object(key, status, issue):
    wanted = want(group())
    wanted = replace(wanted, records={**wanted.records, "event:3": Record("event:3", 99)})
    guild = with_event(see(wanted), 99)
    outside_id = 99 if key == "event:3" else id_for(key)
    if status is ObjectStatus.NOT_CREATED:
        wanted = replace(wanted, records={})
    elif status is not ObjectStatus.EXISTS:
        guild = lose(guild, key, gone=frozenset()) if key != "event:3" else see(wanted)
        if status is not ObjectStatus.HIDDEN:
            guild = replace(guild, **{status.value: frozenset({outside_id})})
    diff = compare(wanted, guild)
    assert diff.status(key) is status
    assert diff.exists(key) == (status is ObjectStatus.EXISTS)
    assert status.issue == issue


def test_an_id_from_our_own_call_is_newer_than_the_record():
    wanted = want(group())
    diff = compare(wanted, see(wanted).with_created(TEXT, 55))
    assert diff.id_of(TEXT) == 55
    assert diff.id_of(VOICE) == id_for(VOICE)
    assert diff.id_of("text_channel:99") is None


def test_the_names_of_an_object_are_the_ones_that_we_gave_last():
    wanted = want(group(), records={TEXT: Record(TEXT, 2007, "Sent", "sent")})
    diff = compare(wanted, see(want(group())).with_given_name(ROLE_7, "New", "new"))
    assert diff.names_of(TEXT) == ("Sent", "sent")
    assert diff.names_of(ROLE_7) == ("New", "new")
    assert diff.names_of(VOICE) == ("", "")


def test_a_decision_holds_for_the_value_that_was_shown():
    record = Record(TEXT, 2007, decisions={"name": ("keep", "reds")})
    diff = compare(want(group(), records={TEXT: record}), see(want(group())))
    assert diff.decision(TEXT, "name", "reds") == "keep"
    assert diff.decision(TEXT, "name", "blues") == ""
    assert diff.decision(TEXT, "place", "reds") == ""
    assert diff.decision(VOICE, "name", "reds") == ""
    assert diff.decision(VOICE, "name", "") == ""


def test_a_role_or_channel_is_found_by_its_key():
    diff = compare(want(group()))
    assert diff.role(ROLE_7) is diff.observed.roles[1007]
    assert diff.channel(TEXT) is diff.observed.channels[2007]
    assert diff.role("role:8") is None
    assert diff.channel("text_channel:8") is None


def test_events_of_this_installation_are_found_by_their_mark():
    guild = with_event(see(want()), 1, "Read. [lens tests event:3]")
    guild = with_event(with_event(guild, 2, "[lens other event:3]"), 3, "Nothing")
    found = compare(want(), guild).marked_events
    assert {key: [one.id for one in events] for key, events in found.items()} == {"event:3": [1]}


# -- which groups --------------------------------------------------------------------------------


def test_groups_are_created_by_position_if_they_were_requested_live_and_have_members():
    groups = [group(7, position=2), group(8, position=1), group(9, live=False)]
    groups += [group(10, has_members=False), group(11), of_cohort(6, group(12))]
    wanted = want(*groups)
    diff = compare(wanted, due={7, 8, 9, 10, 11, 12, 99}, may_create={7, 8, 9, 10, 12})
    assert [one.id for one in diff.due_groups] == [7, 8, 9, 10, 11, 12]
    assert [one.id for one in diff.groups_to_create(5)] == [8, 7]
    assert [one.id for one in diff.groups_to_create(6)] == [12]
    assert list(diff.groups_to_create(4)) == []
    assert [pk for pk in wanted.groups if diff.may_create(pk)] == [7, 8, 9, 10, 12]
    earlier = replace(diff, creatable={5: [groups[0]]})
    assert [one.id for one in earlier.groups_to_create(5)] == [7]


def test_the_first_live_group_answers_for_its_cohort():
    diff = compare(want(ended(7), group(9), group(8), of_cohort(6, ended(10))))
    first = diff.first_live(5)
    assert first is not None
    assert first.id == 8
    assert [one.id for one in diff.live_groups(5)] == [8, 9]
    assert diff.first_live(6) is None
    assert diff.first_live(4) is None
    assert diff.live_groups(6) == []


@pytest.mark.parametrize(
    ("key", "parents"),
    [
        (TEXT, ("category:5:2", ROLE_7)),
        (VOICE, ("category:5:2", ROLE_7)),
        (CHANNEL, (CATEGORY,)),
        (ROLE_7, ()),
        (CATEGORY, ()),
    ],
)
def test_an_object_needs_its_parents(key, parents):
    assert parents_of(key, group(category="category:5:2")) == parents


def test_an_object_will_exist_if_it_does_or_if_it_and_its_parents_are_created():
    one = group()
    everything = (ROLE_7, TEXT, VOICE, CHANNEL, CATEGORY)
    asked = compare(want(one, records={}), see(want()), may_create={7})
    assert [asked.will_exist(key, one) for key in everything] == [True] * 5
    unasked = compare(want(one, records={}), see(want()))
    assert [unasked.will_exist(key, one) for key in everything] == [False] * 5
    assert [compare(want(one)).will_exist(key, one) for key in everything] == [True] * 5
    lost = compare(want(one, records={CATEGORY: Record(CATEGORY, 5051)}), see(want()))
    lost = replace(lost, policy=asked.policy)
    assert [lost.will_exist(key, one) for key in everything] == [True, False, False, False, False]
    assert [lost.has_parents(key, one) for key in everything] == [True, False, False, False, True]


# -- roles ---------------------------------------------------------------------------------------


def test_the_bot_manages_roles_below_its_own():
    diff = compare(want(group()))
    role = diff.observed.roles[1007]
    ranks = [replace(role, position=position) for position in (49, 50, 51)]
    assert [diff.can_manage(one) for one in ranks] == [True, True, False]
    assert not diff.can_manage(diff.observed.roles[BOT_ROLE])


def test_the_holders_of_a_role_are_people():
    wanted = want(group(7, {ANNE, BEN}), group(8))
    guild = see(wanted).with_member(BOT, frozenset({BOT_ROLE, 1007}))
    for diff in (compare(wanted, guild), replace(compare(wanted, guild), creatable={})):
        assert diff.holders(1007) == {ANNE, BEN}
        assert diff.holders(1008) == frozenset()
        assert diff.holders(BOT_ROLE) == frozenset()
        assert diff.holds_role(ANNE, 7)
        assert not diff.holds_role(ANNE, 8)
        assert not diff.holds_role(999, 7)


# -- who sees what -------------------------------------------------------------------------------

CLOSED = Overwrite(GUILD, ROLE, 0, VIEW_CHANNEL)


def own(bits: int) -> Overwrite:
    return Overwrite(BOT, MEMBER, bits, 0)


@pytest.mark.parametrize(
    ("kind", "bot", "member", "lead"),
    [
        ("text_channel", BOT_TEXT, MEMBER_TEXT, FACILITATOR_TEXT),
        ("voice_channel", BOT_VOICE, MEMBER_VOICE, FACILITATOR_VOICE),
    ],
)
def test_a_groups_channel_is_open_to_its_role_and_its_facilitators(kind, bot, member, lead):
    one = group(facilitators=frozenset({CARL, ANNE, 999}))
    diff = compare(want(one))
    key = f"{kind}:7"
    hidden = [own(bot), CLOSED]
    role = Overwrite(1007, ROLE, member, 0)
    leads = [Overwrite(ANNE, MEMBER, lead, 0), Overwrite(CARL, MEMBER, lead, 0)]
    assert diff.hidden_overwrites(kind) == hidden
    assert diff.group_overwrites(one, kind) == [*hidden, role, *leads]
    assert diff.owned_overwrites(one, key) == [*hidden, role, *leads]
    without_role = compare(want(one), lose(see(want(one)), ROLE_7))
    assert without_role.group_overwrites(one, kind) == [*hidden, *leads]


def test_a_facilitator_gets_what_the_bot_may_give():
    guild = see(want())
    plain = guild.with_role(replace(guild.roles[BOT_ROLE], permissions=ALL_NEEDED))
    given = compare(want(), plain).facilitator_overwrite(ANNE, "text_channel")
    assert given == Overwrite(ANNE, MEMBER, FACILITATOR_TEXT & ~PIN_MESSAGES, 0)


READ = Overwrite(1007, ROLE, READER, READER_DENIED)


def test_an_ended_groups_channels_are_open_to_readers_of_the_archive_alone():
    over, archive = ended(), ended(is_archive=True)
    hidden = {TEXT: [own(BOT_TEXT), CLOSED], VOICE: [own(BOT_VOICE), CLOSED]}
    for key in (TEXT, VOICE):
        assert compare(want(over)).owned_overwrites(over, key) == hidden[key]
        assert compare(want(archive)).owned_overwrites(archive, key) == [*hidden[key], READ]
        # It stays until the last person has lost the role.
        left = put(see(want(over)), key, Overwrite(1007, ROLE, MEMBER_TEXT, 0))
        assert compare(want(over), left).reader_overwrites(over, key) == [READ]
        for lost in (key, ROLE_7):
            gone = compare(want(archive), lose(see(want(archive)), lost))
            assert gone.reader_overwrites(archive, key) == []


def test_a_reader_is_denied_what_the_bot_may_deny():
    guild = see(want(ended()))
    plain = guild.with_role(replace(guild.roles[BOT_ROLE], permissions=ALL_NEEDED))
    (given,) = compare(want(ended()), plain).reader_overwrites(ended(is_archive=True), TEXT)
    assert given.deny == READER_DENIED & ALL_NEEDED


@pytest.mark.parametrize("key", [TEXT, VOICE, CHANNEL])
def test_an_archive_is_read_only_once_all_its_channels_are(key):
    archive = ended(is_archive=True)
    wanted = want(archive)
    assert compare(wanted).is_read_only(archive)
    writable = put(see(wanted), key, Overwrite(1007, ROLE, READER | SEND_MESSAGES, 0))
    assert not compare(wanted, writable).is_read_only(archive)
    assert compare(wanted, lose(writable, key)).is_read_only(archive)


def test_the_first_group_of_a_cohort_answers_for_its_channel_too():
    first, second = ended(7), group(8)
    diff = compare(want(second, first, of_cohort(6, group(9))))
    assert diff.guarded_channels(first) == (TEXT, VOICE, CHANNEL)
    assert diff.guarded_channels(second) == ("text_channel:8", "voice_channel:8")


def test_people_are_entitled_by_a_role():
    wanted = want(group(7, {ANNE}), group(8, {BEN}), of_cohort(6, group(9, {CARL})))
    diff = compare(wanted)
    assert diff.entitled(wanted.groups[7], TEXT) == {ANNE}
    assert diff.entitled(wanted.groups[7], CHANNEL) == {ANNE, BEN}


def let_in(key: str, person: int, allow: int = VIEW_CHANNEL, deny: int = 0) -> Any:
    return lambda wanted: put(see(wanted), key, Overwrite(person, MEMBER, allow, deny))


STRANGER = 999


@pytest.mark.parametrize(
    ("key", "guild", "found"),
    [
        (TEXT, let_in(TEXT, ANNE), [ANNE]),
        (TEXT, let_in(TEXT, ANNE, 0, VIEW_CHANNEL), []),
        (TEXT, let_in(TEXT, BEN, 1), []),
        (CHANNEL, let_in(CHANNEL, BEN, 1), [BEN]),
        (TEXT, let_in(TEXT, STRANGER), []),
        (TEXT, let_in(TEXT, STRANGER, FACILITATOR_TEXT), [STRANGER]),
        (TEXT, let_in(TEXT, STRANGER, FACILITATOR_TEXT & ~PIN_MESSAGES), [STRANGER]),
        (TEXT, let_in(TEXT, STRANGER, FACILITATOR_TEXT | ATTACH_FILES), [STRANGER]),
        (TEXT, let_in(TEXT, STRANGER, FACILITATOR_TEXT, ATTACH_FILES), [STRANGER]),
        (TEXT, let_in(TEXT, STRANGER, FACILITATOR_TEXT | MANAGE_ROLES), []),
        (TEXT, let_in(TEXT, STRANGER, FACILITATOR_TEXT & ~MANAGE_MESSAGES), []),
        (TEXT, let_in(TEXT, STRANGER, FACILITATOR_TEXT, SEND_MESSAGES), []),
        (TEXT, let_in(TEXT, STRANGER, FACILITATOR_VOICE), []),
        (VOICE, let_in(VOICE, STRANGER, FACILITATOR_VOICE), [STRANGER]),
        (VOICE, let_in(VOICE, STRANGER, FACILITATOR_TEXT), []),
        (TEXT, let_in(TEXT, BOT), []),
        (TEXT, lambda wanted: lose(see(wanted), TEXT), []),
    ],
)
def test_overwrites_that_let_people_in_for_no_reason_are_stray(key, guild, found):
    one = group(facilitators=frozenset({BEN}))
    diff = compare(want(one), guild(want(one)))
    assert [stray.target for stray in diff.stray_overwrites(one, key)] == found


def test_facilitators_of_an_ended_group_are_strangers_there():
    over = ended(facilitators=frozenset({BEN}))
    diff = compare(want(over), let_in(TEXT, BEN)(want(over)))
    assert [stray.target for stray in diff.stray_overwrites(over, TEXT)] == [BEN]


def test_people_with_access_hold_the_role_or_were_let_in():
    wanted = want(group(7, {ANNE}), group(8, {BEN}))
    guild = see(wanted).with_member(DORA, frozenset({1007}))
    for key, person in ((TEXT, CARL), (CHANNEL, BEN), (CHANNEL, STRANGER)):
        guild = put(guild, key, Overwrite(person, MEMBER, VIEW_CHANNEL, 0))
    diff = compare(wanted, guild)
    assert diff.people_with_access(wanted.groups[7]) == {ANNE, CARL, DORA}
    assert diff.people_with_access(wanted.groups[8]) == {BEN}
    new = compare(want(group(7), records={}), see(want()))
    assert new.people_with_access(new.desired.groups[7]) == frozenset()


# -- names for people ----------------------------------------------------------------------------


def test_people_and_targets_are_named():
    guild = replace(see(want(group())), names={BEN: "b", 55: "guest"}, known_people={66: "Zoe"})
    diff = compare(want(group()), guild)
    assert [diff.known_name(pk) for pk in (ANNE, 66, 55)] == ["Anne", "Zoe", None]
    assert [diff.target_name(pk) for pk in (GUILD, BOT, 1007, ANNE, 66, 55, 77)] == [
        "@everyone",
        "the bot",
        "the role “Group 7 (Winter)”",
        "Anne",
        "Zoe",
        "“guest” on Discord",
        "Discord user 77",
    ]
    assert diff.person_name(BEN) == "Ben"
