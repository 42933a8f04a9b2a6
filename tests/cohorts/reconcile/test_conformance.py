"""Our clients' requests, held against the makers' own documents."""

from __future__ import annotations

import pytest

from cohorts.models import Membership
from cohorts.reconcile.services import resync
from tests.support.cohort import add_member, join, make_cohort, realize, work

pytestmark = pytest.mark.django_db


@pytest.mark.conformance
@pytest.mark.usefixtures("only_discord")
def test_what_we_send_to_discord_and_what_it_answers_is_as_documented(sandbox, conformance):
    made = make_cohort(groups=2, members=3)
    join(sandbox, made.people)
    realize(made)
    work("discord")
    change_what_can_change(made)
    late = add_member(made.groups[0], facilitator=True)
    join(sandbox, [*made.people, late])
    resync("discord")
    work("discord")

    verbs = {(call["method"], call["status"]) for call in sandbox.writes()}
    assert {method for method, _ in verbs} == {"POST", "PUT", "PATCH", "DELETE"}
    conformance.check("discord", sandbox.calls(service="discord"))


def change_what_can_change(made):
    """A rename, a move of a slot's meeting, a cancelled one, someone who leaves."""
    group = made.groups[0]
    group.name = "The first"
    group.save()
    cancelled = group.meetings.first()
    cancelled.status = cancelled.Status.CANCELLED
    cancelled.save()
    membership = Membership.objects.filter(group=made.groups[1], role="participant").first()
    membership.status = Membership.Status.DROPPED
    membership.save()
