"""Who may do what after a realize by the least-privileged bot, as Discord itself reckons it.

The sandbox adds up permissions from roles and overwrites; what the facts say is stated here again,
without asking the product.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from cohorts import clock
from cohorts.models import AccessException, Group, Membership
from cohorts.services.groups import end_group
from cohorts.services.memberships import change_role, end_membership, move_member
from discordsync.models import DiscordObject
from discordsync.sandbox.permissions import who_may_what
from guestvisits.models import GuestVisit
from tests.support.cohort import add_member, join, make_cohort, realize, work

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_discord")]

MEMBER = {
    "text_channel": {"VIEW_CHANNEL", "SEND_MESSAGES", "READ_MESSAGE_HISTORY"},
    "voice_channel": {"VIEW_CHANNEL", "CONNECT", "SPEAK"},
    "cohort_channel": {"VIEW_CHANNEL", "SEND_MESSAGES", "READ_MESSAGE_HISTORY"},
}
LEADER = {
    "text_channel": MEMBER["text_channel"] | {"MANAGE_MESSAGES"},
    "voice_channel": MEMBER["voice_channel"] | {"MUTE_MEMBERS", "MOVE_MEMBERS"},
    "cohort_channel": MEMBER["cohort_channel"],
}
READER = {"VIEW_CHANNEL", "READ_MESSAGE_HISTORY"}  # of an ended group


@pytest.fixture
def made(sandbox, build_once):
    """Two groups of one cohort, one of another, and an unknown person who is in the guild."""

    def build():
        made = make_cohort(groups=2, members=3)
        other = make_cohort(groups=1, members=2, name="Autumn", called="Circle")
        made.groups += other.groups
        made.people += other.people
        stranger = add_member(other.groups[0])
        Membership.objects.filter(user=stranger).delete()
        made.people.append(stranger)
        join(sandbox, made.people)
        realize(made)
        work("discord")
        return made

    return build_once("three groups of two cohorts on Discord, and a stranger", build)


def check(sandbox, made):
    """Every person against every channel of ours."""
    state = sandbox.get("state")["discord"]
    table = who_may_what(state)
    for row in DiscordObject.objects.select_related("cohort", "group").exclude(outside_id=None):
        if row.kind not in MEMBER:
            continue
        for person in made.people:
            held = set(table[str(person.discord_id)][str(row.outside_id)])
            meant = expected(person, row)
            said = held & (LEADER[row.kind] | meant)  # @everyone brings more, which means nothing
            assert said == meant, f"{person} in {row}"
            assert ("VIEW_CHANNEL" in held) or not held


def expected(person, row):
    groups = [row.group] if row.group else list(row.cohort.groups.all())
    ranks = [rank_in(person, group) for group in groups]
    if "leader" in ranks and row.group:
        return LEADER[row.kind]
    if {"leader", "member"} & set(ranks):
        return MEMBER[row.kind]
    return READER if any(ranks) else set()


def rank_in(person, group):
    """ "leader", "member", "reader" or "", from the facts alone."""
    group = Group.objects.get(pk=group.pk)
    if not person.is_active:
        return ""
    if group.status not in {"preview", "active"}:
        last = Membership.objects.filter(user=person, group=group, left_at=group.ended_at)
        return "reader" if last else ""
    now = clock.now()
    active = Membership.objects.filter(user=person, group=group, status="active").first()
    if active:
        return "leader" if active.role == "facilitator" else "member"
    excepted = AccessException.objects.filter(user=person, group=group, until__gt=now).exists()
    visits = GuestVisit.objects.filter(user=person, host_meeting__group=group, ended_at=None)
    visiting = any(
        visit.host_meeting.starts_at - timedelta(days=6)
        <= now
        < visit.host_meeting.starts_at + timedelta(days=3)
        for visit in visits
    )
    return "member" if excepted or visiting else ""


def membership(person):
    return Membership.objects.get(user=person, status="active")


def test_everyone_sees_their_own_groups_channels_and_no_others(sandbox, made):
    check(sandbox, made)


def test_no_one_keeps_what_a_change_of_facts_takes(sandbox, made):
    first, second, circle = made.groups
    leader, learner, _third = made.people[:3]
    now = clock.now()

    move_member(membership(learner).pk, second.pk, now=now)
    change_role(membership(leader).pk, role="participant")
    end_membership(membership(made.people[4]).pk, status="dropped", now=now)
    deactivated = made.people[5]
    deactivated.is_active = False
    deactivated.save()
    end_group(circle.pk, status="completed", now=now)
    AccessException.objects.create(
        user=made.people[6], group=first, reason="helps out", until=now + timedelta(days=2)
    )
    work("discord")

    check(sandbox, made)


@pytest.mark.matrix
def test_an_exception_and_a_visit_end_automatically(sandbox, made, set_clock):
    first, second, _circle = made.groups
    guest = made.people[1]
    now = clock.now()
    AccessException.objects.create(
        user=made.people[6], group=first, reason="helps out", until=now + timedelta(days=2)
    )
    GuestVisit.objects.create(
        user=guest,
        home_meeting=first.meetings.get(number=1),
        host_meeting=second.meetings.get(number=1),
    )
    work("discord")
    check(sandbox, made)
    assert rank_in(guest, second) == "member"

    later = now + timedelta(days=6)
    set_clock(later)
    sandbox.set_clock(later)
    work("discord")

    assert rank_in(guest, second) == ""
    check(sandbox, made)


@pytest.mark.matrix
def test_the_bot_itself_keeps_what_it_works_with(sandbox, made):
    state = sandbox.get("state")["discord"]
    for row in DiscordObject.objects.filter(kind__in=MEMBER):
        bits = set(who_may_what(state)[state["bot_id"]][str(row.outside_id)])
        assert {"VIEW_CHANNEL", "MANAGE_CHANNELS"} <= bits
