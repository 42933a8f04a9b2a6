"""What Lens makes of facts that are recorded from Discord, or that it documented lately.

D7 is in `bot/test_life.py`, D8 in `tests/lens/sign_in/test_join_server.py`. The numbers are those
of the facts, not of assumptions.
"""

from __future__ import annotations

import pytest

from cohorts import clock
from cohorts.models import AccessState, Membership
from cohorts.reconcile.controller import run_once
from cohorts.reconcile.issues import find_issue
from cohorts.reconcile.services import resume, resync
from cohorts.services.memberships import end_membership
from discordsync.joining.reminders import find_not_joined
from discordsync.joining.states import JoinState, find_states
from discordsync.plan.review import RULES_PENDING
from discordsync.state.permissions import ALL_NEEDED, CREATE_EVENTS, PIN_MESSAGES, lacking
from tests.discordsync.guild_state import (
    detail,
    holders_of,
    look_again,
    mirror_trouble,
    outside_id,
)
from tests.support.cohort import MadeCohort, add_member, join, make_cohort, realize, work
from tests.support.running_sandbox import RunningSandbox

pytestmark = pytest.mark.django_db

MANAGE_EVENTS, MANAGE_MESSAGES = 1 << 33, 1 << 13


def test_d3_managing_events_or_messages_is_not_enough() -> None:
    assert lacking(ALL_NEEDED & ~CREATE_EVENTS | MANAGE_EVENTS) == ("Create Events",)
    assert not MANAGE_MESSAGES & PIN_MESSAGES
    assert lacking(ALL_NEEDED) == ()  # pinning is optional


def test_d3_facilitators_get_the_right_to_pin_from_a_bot_that_has_it(
    two_groups: MadeCohort, sandbox: RunningSandbox
) -> None:
    text = sandbox.get("state")["discord"]["channels"][
        outside_id(f"text_channel:{two_groups.groups[0].pk}")
    ]
    facilitator = text["overwrites"][str(two_groups.people[0].discord_id)]
    assert facilitator["allow"] & PIN_MESSAGES
    assert facilitator["allow"] & MANAGE_MESSAGES


def test_d4_one_call_a_pass_counts_the_members_of_all_roles(
    two_groups: MadeCohort, sandbox: RunningSandbox
) -> None:
    seen = sandbox.last
    look_again()
    paths = [call["path"] for call in sandbox.calls(since=seen, service="discord")]
    assert sum(path.endswith("/roles/member-counts") for path in paths) == 1
    assert sandbox.writes(since=seen) == []


def test_d5_a_members_intent_that_is_revoked_is_reported_and_no_one_loses_access(
    two_groups: MadeCohort, sandbox: RunningSandbox
) -> None:
    group, person = two_groups.groups[0], two_groups.people[1]
    member = Membership.objects.get(user=person)
    sandbox.post("discord/settings", {"members_intent": False})
    end_membership(member.pk, status="dropped", now=clock.now())
    seen = sandbox.last
    resync("discord")
    run_once("discord")
    assert mirror_trouble() == "no_member_list"
    text = find_issue("no_member_list")
    assert "Server Members Intent" in text.fix
    assert "reviews" in text.fix
    assert sandbox.writes(since=seen) == []
    assert person.discord_id in holders_of(sandbox, f"role:{group.pk}")

    sandbox.post("discord/settings", {"members_intent": True})
    resume("discord")
    look_again()
    assert mirror_trouble() == ""
    assert person.discord_id not in holders_of(sandbox, f"role:{group.pk}")


@pytest.mark.matrix
def test_d6_a_cohort_that_needs_a_51st_category_is_not_begun(
    only_discord: None, sandbox: RunningSandbox
) -> None:
    for n in range(50):
        sandbox.post("create", {"kind": "channel", "fields": {"name": f"Other {n}", "type": 4}})
    made = make_cohort(groups=1, members=1)
    join(sandbox, made.people)
    realize(made)
    seen = sandbox.last
    work("discord")
    assert sandbox.writes(since=seen) == []
    assert "50 of 50 categories" in detail(made.groups[0])


def test_d9_a_pending_member_is_reported_and_not_counted_as_joined(
    two_groups: MadeCohort, sandbox: RunningSandbox
) -> None:
    sandbox.post("discord/settings", {"membership_screening": True})
    late = add_member(two_groups.groups[0])
    sandbox.post("join", {"id": str(late.discord_id), "username": "late"})
    look_again()

    assert late.discord_id in holders_of(sandbox, f"role:{two_groups.groups[0].pk}")
    assert AccessState.objects.get(user=late, provider="discord").reason == RULES_PENDING
    states = find_states([late, two_groups.people[0]])
    assert states[late.pk] is JoinState.RULES_PENDING
    assert states[two_groups.people[0].pk] is JoinState.JOINED
    assert find_not_joined(Membership.objects.filter(user=late)) == []  # nothing to remind of

    sandbox.post("accept_rules", {"id": str(late.discord_id)})
    look_again()
    assert find_states([late])[late.pk] is JoinState.JOINED
