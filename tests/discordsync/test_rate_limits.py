"""Discord asks Lens to wait, call after call."""

from __future__ import annotations

import pytest

from cohorts import clock
from cohorts.models import Membership
from cohorts.reconcile import tasks
from cohorts.reconcile.models import ProviderState
from cohorts.services.memberships import end_membership
from tests.discordsync.by_hand.edits import VIEW, overwrites_of, set_overwrites
from tests.discordsync.guild_state import holders_of, look_again, outside_id, trouble

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_discord")]


def test_one_channel_that_is_limited_again_and_again_delays_no_end_of_access(sandbox, two_groups):
    first, second = two_groups.groups
    key = f"text_channel:{first.pk}"
    let_in = {str(two_groups.people[4].discord_id): {"type": 1, "allow": VIEW, "deny": 0}}
    set_overwrites(sandbox, key, overwrites_of(sandbox, key) | let_in)
    limited = f"/channels/{outside_id(key)}/permissions"
    sandbox.set_faults({"kind": "rate_limit", "retry_after": 0.01, "path": limited})
    look_again()

    assert trouble(first) == "rate_limited"
    state = ProviderState.objects.get(provider="discord")
    assert (state.issue, list(state.parked)) == ("", ["channels"])
    leaving = two_groups.people[4]
    membership = Membership.objects.get(user=leaving, group=second)
    end_membership(membership.pk, status="dropped", now=clock.now())
    tasks.sweep()
    tasks.run_provider("discord")
    assert leaving.discord_id not in holders_of(sandbox, f"role:{second.pk}")
