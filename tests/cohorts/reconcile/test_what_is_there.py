"""First start on what stands already; yesterday's database; a copy of production."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from cohorts import clock
from cohorts.models import Cohort, Group, Installation, Membership, User
from cohorts.reconcile import ownership, services, tasks
from cohorts.reconcile.models import GroupSync, MirrorState
from cohorts.services.installation import break_seal
from discordsync.models import DiscordObject
from discordsync.services import record_existing
from meetings.services import write_meetings
from tests.cohorts.reconcile.cohort import add_member, join, make_cohort, realize, work
from tests.support.worlds import describe_guild

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_discord")]


def forget_everything():
    """As if this database had never made anything."""
    DiscordObject.objects.all().delete()
    GroupSync.objects.update(create_asked_at=None, stands_at=None, trouble="")
    MirrorState.objects.all().delete()
    Group.objects.update(status="preview", activated_at=None)


def begin_three_weeks_ago():
    Cohort.objects.update(start_date=(clock.now() - timedelta(weeks=3)).date())
    write_meetings(Group.objects.values_list("pk", flat=True), now=clock.now())


def stand(sandbox, *, groups, members):
    made = make_cohort(groups=groups, members=members, meetings=8)
    join(sandbox, made.people)
    realize(made)
    work("discord")
    return made


def test_a_cohort_in_mid_term_is_taken_over_without_a_second_of_anything(sandbox):
    made = stand(sandbox, groups=40, members=8)
    stood = describe_guild(sandbox.get("state"))
    rows = list(DiscordObject.objects.exclude(kind="event").select_related("cohort", "group"))
    Installation.objects.update(installation_id="another")  # what stands bears another's marks
    forget_everything()
    begin_three_weeks_ago()
    for row in rows:
        ordinal = int(row.key.rpartition(":")[2]) if row.kind == "category" else 1
        record_existing(
            row.kind, cohort=row.cohort, group=row.group, outside_id=row.outside_id, ordinal=ordinal
        )
    seen = sandbox.last

    realize(made)
    work("discord")

    now_standing = describe_guild(sandbox.get("state"))
    for part in ("channels", "roles", "access", "messages"):
        assert now_standing[part] == stood[part]
    posts = [call["path"] for call in sandbox.writes(since=seen, method="POST")]
    assert all(path.endswith("/scheduled-events") for path in posts)
    assert {group.status for group in made.refresh().groups} == {"active"}


def test_people_whom_no_fact_names_stay_until_somebody_has_seen_their_names(sandbox):
    made = stand(sandbox, groups=2, members=12)
    stood = describe_guild(sandbox.get("state"))["access"]
    with connection.cursor() as sql:  # a roster that lost most of its people, and no date why
        sql.execute("DELETE FROM cohorts_membership WHERE role = 'participant'")
    services.look_at_all("discord")

    work("discord")

    assert describe_guild(sandbox.get("state"))["access"] == stood
    assert set(GroupSync.objects.values_list("trouble", flat=True)) == {"removals_held"}

    staff = User.objects.create_superuser("staff@example.org", name="Staff")
    first = made.groups[0]
    named = [str(person.discord_id) for person in made.people[1:4]]
    services.allow_removals(first.pk, "discord", named, by=staff, now=clock.now())
    work("discord")

    left = {person for person, _ in stood} - {
        p for p, _ in describe_guild(sandbox.get("state"))["access"]
    }
    assert left == set(named)


def test_yesterdays_database_only_looks_until_staff_say_that_it_is_the_original(sandbox):
    made = stand(sandbox, groups=2, members=3)
    stood = describe_guild(sandbox.get("state"))
    second = made.groups[1]
    DiscordObject.objects.filter(group=second).delete()  # made after the backup
    GroupSync.objects.filter(group=second).update(stands_at=None)
    Group.objects.filter(pk=second.pk).update(status="preview", activated_at=None)
    break_seal()
    realize(made)
    seen = sandbox.last

    work("discord")

    assert sandbox.writes(since=seen) == []
    assert list(ownership.find_question().orphaned) == ["discord"]

    ownership.go_on_as_original()
    work("discord")

    now_standing = describe_guild(sandbox.get("state"))
    for part in ("channels", "roles", "access", "events"):
        assert now_standing[part] == stood[part]
    assert second.discord_objects.count() >= 3


def test_a_copy_of_production_touches_nothing_of_the_original(sandbox, settings):
    made = stand(sandbox, groups=2, members=3)
    stood = describe_guild(sandbox.get("state"))
    settings.INSTALLATION_ID = "staging"
    realize(made)
    Membership.objects.filter(user=made.people[1]).delete()
    services.look_at_all("discord")
    seen = sandbox.last

    work("discord")
    assert sandbox.writes(since=seen) == []

    ownership.take_as_copy()
    work("discord")

    assert describe_guild(sandbox.get("state")) == stood
    assert sandbox.writes(since=seen) == []


@pytest.mark.parametrize("door", ["update", "bulk_create", "sql"])
def test_facts_that_nobody_announced_are_in_step_after_one_hourly_compare(sandbox, set_clock, door):
    made = stand(sandbox, groups=2, members=2)
    first, second = made.groups
    newcomer = add_member(second)
    Membership.objects.filter(user=newcomer).delete()
    join(sandbox, [*made.people, newcomer])
    work("discord")
    change_unseen(door, newcomer, first)
    seen = sandbox.last
    work("discord")
    assert sandbox.last == seen  # nobody was told

    later = clock.now() + timedelta(hours=1, minutes=1)
    set_clock(later)
    sandbox.set_clock(later)
    tasks.sweep()
    work("discord")

    access = describe_guild(sandbox.get("state"))["access"]
    assert (str(newcomer.discord_id), f"{first.name} ({first.cohort.name})") in access


def change_unseen(door, person, group):
    row = Membership(user=person, group=group, cohort=group.cohort)
    if door == "bulk_create":
        Membership.objects.bulk_create([row])
    elif door == "sql":
        with connection.cursor() as sql:
            sql.execute(
                "INSERT INTO cohorts_membership "
                "(user_id, group_id, cohort_id, role, status, joined_at, left_why) "
                "VALUES (%s, %s, %s, 'participant', 'active', now(), '')",
                [person.pk, group.pk, group.cohort_id],
            )
    else:
        row.status, row.left_at = "removed", clock.now()
        Membership.objects.bulk_create([row])
        Membership.objects.filter(user=person).update(status="active", left_at=None)
