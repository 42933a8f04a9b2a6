"""Someone deletes most of a guild: it is reported soon, and untouched groups are served."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from cohorts import clock
from discordsync.models import DiscordObject
from tests.discordsync.guild_state import holders_of, look_again, made_since, trouble
from tests.support.cohort import add_member, join, make_cohort, realize, work

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_discord")]

ONE_OBJECT = r"/(channels|roles|scheduled-events)/\d+$"


@pytest.fixture
def raided(sandbox, settings):
    """Six groups; everything of all but the last is deleted, and Discord answers slowly."""
    settings.SYNC = {**settings.SYNC, "call_seconds": 3, "confirm_seconds": 1}
    made = make_cohort(groups=6, members=1, meetings=2)
    join(sandbox, made.people)
    realize(made)
    work("discord")
    for row in DiscordObject.objects.filter(group__in=made.groups[:-1]).exclude(kind="event"):
        kind = "role" if row.kind == "role" else "channel"
        sandbox.post("delete", {"kind": kind, "id": str(row.outside_id)})
    sandbox.set_faults({"kind": "slow", "seconds": 0.4, "method": "GET", "path": ONE_OBJECT})
    return made


def asked_by_id(sandbox, since):
    calls = sandbox.calls(since, method="GET")
    return [call["path"] for call in calls if re.search(ONE_OBJECT, call["path"])]


def pass_time(set_clock, sandbox, **span):
    later = clock.now() + timedelta(**span)
    set_clock(later)
    sandbox.set_clock(later)


def test_b6_a_raid_is_reported_within_two_passes_and_untouched_groups_are_served(
    sandbox, raided, set_clock
):
    *wiped, untouched = raided.groups
    late = add_member(untouched)
    sandbox.post("join", {"id": str(late.discord_id), "username": "late"})
    before = sandbox.last

    look_again()
    assert late.discord_id in holders_of(sandbox, f"role:{untouched.pk}")
    first = asked_by_id(sandbox, before)
    pass_time(set_clock, sandbox, minutes=1.1)
    work("discord")

    assert {trouble(group) for group in wiped} == {"missing"}
    assert trouble(untouched) == ""
    second = asked_by_id(sandbox, before)[len(first) :]
    assert second
    assert not set(first) & set(second)


@pytest.mark.matrix
def test_b6_what_is_known_to_be_missing_is_asked_for_again_after_an_hour(
    sandbox, raided, set_clock
):
    sandbox.set_faults()
    look_again()
    before = sandbox.last
    for _ in range(2):
        look_again()
    assert asked_by_id(sandbox, before) == []
    assert {trouble(group) for group in raided.groups[:-1]} == {"missing"}

    pass_time(set_clock, sandbox, hours=1.1)
    look_again()
    assert len(asked_by_id(sandbox, before)) == 5 * 5  # role, two channels, two events
    assert made_since(sandbox, before) == {}
