"""Who sees and may do what, for any facts before and now.

Discord's own sum of roles and overwrites, as the sandbox reckons it, against the facts stated again
here.  (tests/cohorts/reconcile/test_who_sees_what.py uses services, workers and HTTP.)
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st

from discordsync.sandbox.permissions import who_may_what
from discordsync.state.facts import DiscordGroup, DiscordSnapshot
from tests.discordsync.hands import meddle, meddling
from tests.discordsync.inprocess import Guild, Work, work
from tests.discordsync.strategies import EVERYBODY, NOW, snapshots, with_records_of
from tests.support.examples import examples

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


TEXT = {"VIEW_CHANNEL", "SEND_MESSAGES", "READ_MESSAGE_HISTORY"}
VOICE = {"VIEW_CHANNEL", "CONNECT", "SPEAK"}
READING = {"VIEW_CHANNEL", "READ_MESSAGE_HISTORY"}
WRITING = {
    "SEND_MESSAGES",
    "CREATE_PUBLIC_THREADS",
    "CREATE_PRIVATE_THREADS",
    "SEND_MESSAGES_IN_THREADS",
    "ADD_REACTIONS",
    "CONNECT",
}
LEADING = {"text_channel": {"MANAGE_MESSAGES"}, "voice_channel": {"MUTE_MEMBERS", "MOVE_MEMBERS"}}


def insiders(group: DiscordGroup) -> set[int]:
    if not group.live:
        return set()
    guests = [w.person for w in group.windows if w.begins_at <= NOW < w.ends_at]
    people = [member.person for member in group.members] + guests
    return {person.discord_id for person in people if person.discord_id}


def readers(group: DiscordGroup) -> set[int]:
    if group.live or not group.archive or not group.archive.is_open(NOW):
        return set()
    return {person.discord_id for person in group.last_members if person.discord_id}


def leaders(group: DiscordGroup) -> set[int]:
    if not group.live:
        return set()
    return {m.person.discord_id for m in group.members if m.facilitator and m.person.discord_id}


def stands(guild: Guild, done: Work, key: str) -> bool:
    record = done.facts.records.get(key)
    return record is not None and str(record.outside_id) in guild.state["channels"]


def check(guild: Guild, facts: DiscordSnapshot, done: Work, *, shut_out: frozenset[int]) -> None:
    """Each person in each of our channels.  `shut_out`: by a denial of someone's own."""
    table = who_may_what(guild.state)
    held_back = {held.action.removes for held in done.plan.withheld}
    present = EVERYBODY & {int(pk) for pk in guild.state["members"]}
    for person in present - shut_out - {int(pk) for pk in held_back if pk}:
        for group in facts.groups.values():
            for kind, usual in (("text_channel", TEXT), ("voice_channel", VOICE)):
                key = f"{kind}:{group.id}"
                if not stands(guild, done, key):
                    continue
                bits = set(table[str(person)][str(done.facts.records[key].outside_id)])
                if person in readers(group):
                    assert bits >= READING, (person, key, bits)
                    assert not bits & WRITING, (person, key, bits)
                else:
                    assert usual <= bits if person in insiders(group) else not bits, (person, key)
                assert (LEADING[kind] <= bits) == (person in leaders(group)), (person, key)
        for cohort_id in facts.cohorts:
            key = f"cohort_channel:{cohort_id}"
            if stands(guild, done, key):
                bits = set(table[str(person)][str(done.facts.records[key].outside_id)])
                writes = is_let_in(facts, done, person, cohort_id, insiders)
                reads = is_let_in(facts, done, person, cohort_id, readers)
                assert bool(bits) == (writes or reads), (person, key)
                assert bool(bits & WRITING) == writes, (person, key)


def is_let_in(facts: DiscordSnapshot, done: Work, person: int, cohort_id: int, who: Any) -> bool:
    """Whether a group of the cohort, whose role exists, has the person inside."""
    return any(
        person in who(group) and f"role:{group.id}" in done.facts.records
        for group in facts.groups.values()
        if group.cohort_id == cohort_id
    )


@examples(
    12,
    50,
    before=snapshots(),
    after=snapshots(),
    present=st.sets(st.sampled_from(sorted(EVERYBODY))),
)
def test_everyone_sees_what_the_facts_say_and_nothing_else(before, after, present):
    guild = Guild(NOW)
    guild.join(present)
    first = work(guild, before, NOW)
    check(guild, before, first, shut_out=frozenset())

    changed = with_records_of(after, first.facts)
    check(guild, changed, work(guild, changed, NOW), shut_out=frozenset())


@examples(12, 50, before=snapshots(), after=snapshots(), hands=meddling, data=st.data())
def test_also_after_someone_changed_permissions_by_hand(before, after, hands, data):
    hands = [hand for hand in hands if hand.__name__ in UNDONE]
    guild = Guild(NOW)
    guild.join(EVERYBODY)
    first = work(guild, before, NOW)
    meddle(guild, hands, data)
    changed = with_records_of(after, first.facts)

    done = work(guild, changed, NOW)

    check(guild, changed, done, shut_out=denied(guild))


UNDONE = {
    "grant_role",
    "revoke_role",
    "give_role_permissions",
    "open_channel",
    "let_somebody_in",
    "leave",
    "shut_somebody_out",
}


def denied(guild: Guild) -> frozenset[int]:
    """People shut out by someone of some channel: that is left alone."""
    return frozenset(
        int(pk)
        for channel in guild.state["channels"].values()
        for pk, held in channel["overwrites"].items()
        if held["type"] == 1 and held["deny"]
    )
