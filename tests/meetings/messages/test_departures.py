"""Who leaves a group or moves to another: a line in the old channel, and at most one e-mail."""

from __future__ import annotations

import pytest

from cohorts.models import Cohort, Membership
from cohorts.services.groups import end_group
from cohorts.services.memberships import add_member, change_role, end_membership, move_member
from tests.meetings.messages.conftest import look, pending, words_to

pytestmark = pytest.mark.django_db

LEFT = "member_left"


@pytest.fixture
def alice(academy, joined) -> Membership:
    academy.add_member("Bob", "A")
    alice = academy.add_member("Alice", "A")
    joined()
    return alice.memberships.get()


@pytest.mark.parametrize("status", ["dropped", "completed", "removed"])
def test_c24_a_person_who_leaves_gets_one_email_and_the_channel_one_line(alice, now, status):
    end_membership(alice.pk, status=status, now=now)
    look(now)
    look(now)
    assert pending(LEFT) == ["Alice", "channel"]
    email = words_to("Alice", LEFT, now)
    assert email.subject == "You are no longer in Group A"
    assert "contact the people who run your course" in email.text
    assert words_to("channel", LEFT, now).text.strip() == "**Alice** is no longer in **Group A**."


def test_c24_a_person_who_moves_is_notified_by_the_new_group_and_the_old_channel_too(
    alice, academy, now
):
    move_member(alice.pk, academy.groups["B"].pk, now=now)
    look(now)
    assert pending(LEFT) == ["channel"]
    line = words_to("channel", LEFT, now).text.strip()
    assert line == "**Alice** has moved from **Group A** to another group."


@pytest.mark.parametrize("what", ["merged", "completed", "cohort", "back", "role", "preview"])
def test_c24_no_one_is_notified_of_an_end_of_the_group_or_of_no_change(alice, academy, now, what):
    group = academy.groups["A"]
    match what:
        case "cohort":
            end_membership(alice.pk, status="completed", now=now)
            Cohort.objects.update(status="completed")
        case "back":
            end_membership(alice.pk, status="removed", now=now)
            add_member(group.pk, alice.user_id, now=now)
        case "role":
            change_role(alice.pk, role="facilitator")
        case "preview":
            group.status, group.set_up_at, group.activated_at = "preview", None, None
            group.save()
            end_membership(alice.pk, status="removed", now=now)
        case _:
            end_group(group.pk, status=what, now=now)
    look(now)
    assert pending(LEFT) == []
