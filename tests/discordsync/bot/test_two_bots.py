"""Two bots that catch up at the same moment, as during an upgrade: real processes on PostgreSQL."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from cohorts import clock
from discordsync.bot.gateway.guild_changes import catch_up, record_join, record_leave
from discordsync.bot.models import GuildMembership
from tests.support.academy import Academy
from tests.support.race import DONE, race

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("round_", range(3))
def test_catching_up_at_once_and_beside_events_fails_nowhere_and_counts_no_one_twice(
    without_providers, round_
):
    academy, before = Academy(clock.now()), clock.now() - timedelta(days=1)
    people = [
        academy.add_member(f"Person {number}", "ABC"[number % 3], discord_id=2 * 10**17 + number)
        for number in range(30)
    ]
    joined = {person.discord_id: before for person in people}
    backwards = dict(reversed(joined.items()))
    first, last = people[0].discord_id, people[-1].discord_id
    done = race(
        partial(catch_up, joined, whole=True),
        partial(catch_up, backwards, whole=True),
        partial(catch_up, joined, whole=False),
        partial(record_leave, first),
        partial(record_join, last, before),
    )
    assert done == [DONE] * 5
    seen = dict(GuildMembership.objects.values_list("user__discord_id", "left_at"))
    assert seen.keys() == joined.keys()
    assert not any(left for account, left in seen.items() if account != first)
