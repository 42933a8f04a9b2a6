"""Beginning with an old server: its objects are recorded, and nothing is made twice."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cohorts import clock
from cohorts.models import Group, Installation, Membership, User
from cohorts.outbox.models import Message
from cohorts.reconcile.models import GroupSync, ProviderState
from cohorts.reconcile.services import approve_removals
from discordsync.models import DiscordObject
from discordsync.services import record_existing
from tests.discordsync.guild_state import (
    create,
    holders_of,
    look_again,
    made_since,
    trouble,
)
from tests.support.cohort import join, make_cohort, realize, work
from tests.support.worlds import describe_guild

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_discord")]


MEMBERS = 8
VIEW = 1 << 10

# -- a server in mid-term, whose objects staff record ---------------------------------------------


def hidden(sandbox, role):
    """From everyone but the role and the bot, as someone may have set it up by hand."""
    state = sandbox.get("state")["discord"]
    return [
        {"id": state["guild"]["id"], "type": 0, "allow": "0", "deny": str(VIEW)},
        {"id": str(role), "type": 0, "allow": str(VIEW), "deny": "0"},
        {"id": state["bot_id"], "type": 1, "allow": str(VIEW | 1 << 4 | 1 << 20), "deny": "0"},
    ]


def old_server(sandbox, *, groups):
    """Groups of 8 that have met for weeks, with channels and roles made by hand and named by
    others; staff have brought in the roster and recorded the ids."""
    start = (clock.now() - timedelta(weeks=4)).date()
    made = make_cohort(groups=groups, members=MEMBERS, meetings=8, start_date=start)
    join(sandbox, made.people)
    categories = [create(sandbox, "channel", name=f"Spring {n}", type=4) for n in (1, 2)]
    lounge = create(sandbox, "channel", name="lounge", type=0, parent_id=str(categories[0]))
    for ordinal, pk in enumerate(categories, start=1):
        record_existing("category", cohort=made.cohort, group=None, outside_id=pk, ordinal=ordinal)
    record_existing("cohort_channel", cohort=made.cohort, group=None, outside_id=lounge)
    for number, group in enumerate(made.groups):
        build_by_hand(sandbox, made, group, str(categories[number // 24]), number)
    return made


def build_by_hand(sandbox, made, group, category, number):
    ids = {"role": create(sandbox, "role", name=f"G{number}", permissions="0")}
    for kind, form in (("text_channel", 0), ("voice_channel", 2)):
        ids[kind] = create(
            sandbox,
            "channel",
            name=f"g-{number}-{form}",
            type=form,
            parent_id=category,
            permission_overwrites=hidden(sandbox, ids["role"]),
        )
    for person in made.people[number * MEMBERS : (number + 1) * MEMBERS]:
        sandbox.post("grant", {"member": str(person.discord_id), "role": str(ids["role"])})
    for kind, pk in ids.items():
        record_existing(kind, cohort=made.cohort, group=group, outside_id=pk)


@pytest.mark.parametrize("groups", [2, pytest.param(40, marks=pytest.mark.matrix)])
def test_a_cohort_in_mid_term_is_imported_as_it_is(sandbox, groups):
    made = old_server(sandbox, groups=groups)
    before = describe_guild(sandbox.get("state"))
    seen = sandbox.last
    realize(made)
    work("discord")

    assert {group.status for group in made.refresh().groups} == {"active"}
    written = made_since(sandbox, seen)
    assert set(written) == {"PUT permissions", "POST scheduled-events"}
    assert written["POST scheduled-events"] == 2 * groups
    after = describe_guild(sandbox.get("state"))
    assert after["access"] == before["access"]
    assert after["roles"] == before["roles"]
    assert [channel[:3] for channel in after["channels"]] == [c[:3] for c in before["channels"]]
    assert after["messages"] == []
    assert not Message.objects.filter(kind="welcome").exists()

    seen = sandbox.last
    look_again()
    assert sandbox.writes(since=seen) == []
    assert {trouble(group) for group in made.groups} == {""}


@pytest.mark.matrix
def test_objects_with_another_installations_marks_are_taken_over_by_id(sandbox):
    made = make_cohort(groups=2, members=3)
    join(sandbox, made.people)
    realize(made)
    work("discord")
    before = describe_guild(sandbox.get("state"))
    rows = list(DiscordObject.objects.exclude(kind="event").select_related("cohort", "group"))
    Installation.objects.update(installation_id="another")
    delete_all()
    for row in rows:
        record_existing(row.kind, cohort=row.cohort, group=row.group, outside_id=row.outside_id)
    seen = sandbox.last
    realize(made)
    work("discord")

    assert set(made_since(sandbox, seen)) == {"POST scheduled-events"}
    after = describe_guild(sandbox.get("state"))
    assert {**after, "events": []} == {**before, "events": []}
    assert {group.status for group in made.refresh().groups} == {"active"}


def delete_all():
    """Leave the database as if it had never made anything."""
    DiscordObject.objects.all().delete()
    GroupSync.objects.update(realize_requested_at=None, ready_at=None, issue="")
    ProviderState.objects.all().delete()
    Group.objects.update(status="preview", set_up_at=None, activated_at=None)


def test_no_one_is_taken_out_of_an_old_server_without_approval(sandbox):
    made = old_server(sandbox, groups=4)
    mistaken = Membership.objects.filter(group__in=made.groups[:2])  # the roster lacks half of it
    lost = set(mistaken.values_list("user__discord_id", flat=True))
    mistaken.delete()
    realize(made)
    seen = sandbox.last
    work("discord")

    assert made_since(sandbox, seen)["DELETE roles"] == 0
    held = [group for group in made.groups if trouble(group) == "removals_held"]
    assert held == made.groups[:2]
    shown = GroupSync.objects.get(group=held[0], provider="discord").issue_detail
    people = User.objects.filter(discord_id__in=lost & holders_of(sandbox, f"role:{held[0].pk}"))
    assert shown == ", ".join(sorted(people.values_list("name", flat=True)))

    group, staff = made.groups[0], User.objects.create_superuser("staff@example.org")
    named = sorted(lost & holders_of(sandbox, f"role:{group.pk}"))[:3]
    approve_removals(group.pk, "discord", map(str, named), by=staff, now=clock.now())
    seen = sandbox.last
    work("discord")

    assert made_since(sandbox, seen) == {"DELETE roles": 3}
    assert not holders_of(sandbox, f"role:{group.pk}") & set(named)
    assert len(holders_of(sandbox, f"role:{group.pk}")) == MEMBERS - 3
    assert GroupSync.objects.get(group=group, provider="discord").removals_approved is None
    seen = sandbox.last
    look_again()
    assert sandbox.writes(since=seen) == []
    assert trouble(group) == "removals_held"
