"""Facts that change without a signal (QuerySet.update, bulk_create, plain SQL): the hourly compare
brings Discord in sync."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.utils.module_loading import import_string

from cohorts import clock
from cohorts.models import Cohort, Group, Membership, User
from cohorts.reconcile.runs import provider_state
from discordsync.models import DiscordObject
from lens.schedules import ENTRIES
from tests.discordsync.guild_state import holders_of, look_again, made_since, outside_id, trouble
from tests.support.cohort import FIRST_DISCORD_ID, join, work
from tests.support.worlds import describe_guild

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_discord")]


@pytest.fixture
def made(two_groups):
    assert not provider_state.has_work("discord", clock.now())
    return two_groups


@pytest.fixture
def pass_an_hour(sandbox, set_clock):
    """What the clock's schedules do in an hour, with a worker at hand."""

    def pass_hour():
        later = clock.now() + timedelta(minutes=61)
        set_clock(later)
        sandbox.set_clock(later)
        for entry in ENTRIES:
            import_string(entry.func)()
        work("discord")

    return pass_hour


def sql(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        assert cursor.rowcount == 1


def check_in_step(sandbox):
    look_again()  # announces newcomers to the channels, who have access only now
    seen = sandbox.last
    look_again()
    assert sandbox.writes(since=seen) == []


def test_a_person_moved_by_an_update(sandbox, made, pass_an_hour):
    person, (old, new) = made.people[1], made.groups
    Membership.objects.filter(user=person).update(group=new)
    pass_an_hour()

    assert person.discord_id not in holders_of(sandbox, f"role:{old.pk}")
    assert person.discord_id in holders_of(sandbox, f"role:{new.pk}")
    check_in_step(sandbox)


@pytest.mark.matrix
def test_people_brought_in_by_bulk_create(sandbox, made, pass_an_hour):
    group = made.groups[0]
    people = User.objects.bulk_create(
        User(email=f"bulk{n}@example.org", name=f"Bulk {n}", discord_id=FIRST_DISCORD_ID + 900 + n)
        for n in range(3)
    )
    join(sandbox, [*made.people, *people])
    Membership.objects.bulk_create(
        Membership(user=person, group=group, cohort=made.cohort) for person in people
    )
    pass_an_hour()

    assert {person.discord_id for person in people} <= holders_of(sandbox, f"role:{group.pk}")
    check_in_step(sandbox)


@pytest.mark.matrix
def test_a_membership_ended_by_sql(sandbox, made, pass_an_hour):
    leader, group = made.people[0], made.groups[0]
    sql(
        "UPDATE cohorts_membership SET status = 'dropped', left_at = now() WHERE user_id = %s",
        leader.pk,
    )
    pass_an_hour()

    assert leader.discord_id not in holders_of(sandbox, f"role:{group.pk}")
    channels = sandbox.get("state")["discord"]["channels"]
    for kind in ("text_channel", "voice_channel"):
        overwrites = channels[outside_id(f"{kind}:{group.pk}")]["overwrites"]
        assert str(leader.discord_id) not in overwrites
    check_in_step(sandbox)


@pytest.mark.matrix
def test_a_membership_deleted_by_sql(sandbox, made, pass_an_hour):
    leader, group = made.people[0], made.groups[0]
    sql("DELETE FROM cohorts_membership WHERE user_id = %s", leader.pk)
    pass_an_hour()

    assert leader.discord_id not in holders_of(sandbox, f"role:{group.pk}")
    text = sandbox.get("state")["discord"]["channels"][outside_id(f"text_channel:{group.pk}")]
    assert str(leader.discord_id) not in text["overwrites"]
    check_in_step(sandbox)


# The facilitator, a participant.
@pytest.mark.parametrize("place", [pytest.param(0, marks=pytest.mark.matrix), 1])
def test_another_discord_id_set_by_sql(sandbox, made, pass_an_hour, place):
    person, group = made.people[place], made.groups[0]
    old, new = person.discord_id, FIRST_DISCORD_ID + 500
    sandbox.post("join", {"id": str(new), "username": "new-account"})
    sql("UPDATE cohorts_user SET discord_id = %s WHERE id = %s", new, person.pk)
    pass_an_hour()

    holders = holders_of(sandbox, f"role:{group.pk}")
    assert new in holders
    assert old not in holders
    text = sandbox.get("state")["discord"]["channels"][outside_id(f"text_channel:{group.pk}")]
    assert str(old) not in text["overwrites"]
    assert (str(new) in text["overwrites"]) == (place == 0)
    check_in_step(sandbox)


def test_a_slot_changed_by_an_update(sandbox, made, pass_an_hour):
    group = made.groups[0]
    Group.objects.filter(pk=group.pk).update(start_time="18:30", duration_minutes=90)
    seen = sandbox.last
    pass_an_hour()

    written = made_since(sandbox, seen)
    assert written["PATCH scheduled-events"] == 2
    assert set(written) == {"PATCH scheduled-events", "POST messages"}  # people are notified
    events = describe_guild(sandbox.get("state"))["events"]
    own = [event for event in events if event[0].startswith("Group 1 ")]
    assert {event[1][11:16] for event in own} == {"18:30"}
    assert {event[2][11:16] for event in own} == {"20:00"}
    check_in_step(sandbox)


@pytest.mark.matrix
def test_names_changed_by_an_update_are_written_once(sandbox, made, pass_an_hour):
    Group.objects.filter(pk=made.groups[0].pk).update(name="Herons")
    Cohort.objects.update(name="Summer")
    seen = sandbox.last
    pass_an_hour()

    written = made_since(sandbox, seen)
    assert written == {"PATCH roles": 2, "PATCH channels": 4, "PATCH scheduled-events": 2}
    guild = describe_guild(sandbox.get("state"))
    names = {channel[1] for channel in guild["channels"]}
    assert names >= {"herons", "Herons voice", "Safety - Summer", "summer"}
    assert {role[0] for role in guild["roles"]} >= {"Herons (Summer)", "Group 2 (Summer)"}
    assert {trouble(group) for group in made.groups} == {""}
    check_in_step(sandbox)


@pytest.mark.matrix
def test_a_group_ended_by_an_update(sandbox, made, pass_an_hour):
    group = made.groups[0]
    Group.objects.filter(pk=group.pk).update(status="cancelled")
    pass_an_hour()

    assert holders_of(sandbox, f"role:{group.pk}") == set()
    events = describe_guild(sandbox.get("state"))["events"]
    assert not [event for event in events if event[0].startswith("Group 1 ")]
    check_in_step(sandbox)


def test_a_group_made_by_sql_is_noticed_and_waits_to_be_asked_for(sandbox, made, pass_an_hour):
    sql(
        "INSERT INTO cohorts_group (cohort_id, name, timezone, duration_minutes, status, weekday,"
        " start_time) VALUES (%s, 'By SQL', 'UTC', 60, 'preview', 2, '10:00')",
        made.cohort.pk,
    )
    group = Group.objects.get(name="By SQL")
    Membership.objects.bulk_create(
        [
            Membership(
                user=made.people[0],
                group=group,
                cohort=made.cohort,
                role=Membership.Role.FACILITATOR,
            )
        ]
    )
    seen = sandbox.last
    pass_an_hour()

    assert sandbox.writes(since=seen) == []
    assert trouble(group) == "needs_infrastructure"
    assert group.meetings.count() == 3
    assert not DiscordObject.objects.filter(group=group).exists()
