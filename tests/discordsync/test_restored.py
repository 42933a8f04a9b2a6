"""Beginning with existing objects, with an old database or as a copy of production.

Nothing is made twice, no one loses access without approval, and no one is notified again.
"""

from __future__ import annotations

import pytest

from cohorts import clock
from cohorts.models import Group, Installation, Membership
from cohorts.outbox.models import Message
from cohorts.reconcile import ownership
from cohorts.reconcile.models import GroupSync, ProviderState
from cohorts.services.installation import break_seal
from discordsync.models import DiscordObject
from tests.discordsync.guild_state import (
    create,
    detail,
    holders_of,
    look_again,
    made_since,
    mirror_trouble,
    trouble,
)
from tests.support.cohort import add_member, join, make_cohort, realize, work
from tests.support.worlds import describe_guild

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_discord")]


# -- a database of yesterday against today's guild ------------------------------------------------


@pytest.fixture
def made(sandbox, build_once):
    def build():
        made = make_cohort(groups=3, members=3)
        join(sandbox, made.people)
        realize(made)
        work("discord")
        return made

    return build_once("three groups of three on Discord", build)


def restore_from_before(groups, *, cohort_too=False):
    """What a backup holds that was taken before these groups were realized."""
    lost = DiscordObject.objects.filter(group__in=groups)
    ids = dict(lost.values_list("key", "outside_id"))
    lost.delete()
    if cohort_too:
        shared = DiscordObject.objects.filter(group=None)
        ids |= dict(shared.values_list("key", "outside_id"))
        shared.delete()
    Group.objects.filter(pk__in=[g.pk for g in groups]).update(
        status="preview", set_up_at=None, activated_at=None
    )
    rows = GroupSync.objects.filter(group__in=groups)
    rows.update(ready_at=None, realize_requested_at=None)
    Message.objects.filter(group__in=groups).delete()
    break_seal()
    return ids


@pytest.mark.parametrize("whole_cohort", [pytest.param(False, marks=pytest.mark.matrix), True])
def test_a_restored_database_only_looks_until_staff_say_go_on(sandbox, made, whole_cohort):
    before = describe_guild(sandbox.get("state"))
    lost = made.groups if whole_cohort else made.groups[2:]
    ids = restore_from_before(lost, cohort_too=whole_cohort)
    sandbox.post("delete", {"kind": "message", "id": first_message(sandbox)})
    late = add_member(made.groups[0])
    sandbox.post("join", {"id": str(late.discord_id), "username": "late"})
    seen = sandbox.last
    realize(made)
    look_again()

    assert sandbox.writes(since=seen) == []
    assert {trouble(group) for group in lost} == {"restored"}
    assert "“group-3”" in orphans_of_mirror()

    ownership.accept_as_original()
    work("discord")

    assert dict(DiscordObject.objects.values_list("key", "outside_id")).items() >= ids.items()
    # The late member's role and, once the cohort is complete, the group's word about them.
    told = {} if whole_cohort else {"POST messages": 1}
    assert made_since(sandbox, seen) == {"PUT roles": 1, **told}
    after = describe_guild(sandbox.get("state"))
    assert after["channels"] == before["channels"]
    # One was deleted, and no one is welcomed twice.
    assert len(after["messages"]) == len(before["messages"]) - 1 + len(told)
    assert mirror_trouble() == ""
    assert {group.status for group in made.refresh().groups} == {"active"}

    look_again()  # announces the newcomer to the late member's group, if that is still to do
    seen = sandbox.last
    look_again()
    assert sandbox.writes(since=seen) == []


def first_message(sandbox):
    messages = sandbox.get("state")["discord"]["messages"]
    return next(pk for history in messages.values() for pk in history)


def orphans_of_mirror():
    return ProviderState.objects.get(provider="discord").orphans


@pytest.mark.matrix
def test_the_approval_is_used_once(sandbox, made):
    restore_from_before(made.groups[2:])
    look_again()
    ownership.accept_as_original()
    work("discord")
    restore_from_before(made.groups[1:])
    Installation.objects.seal(clock.now())
    seen = sandbox.last
    look_again()

    assert sandbox.writes(since=seen) == []
    assert {trouble(group) for group in made.groups[1:]} == {"orphaned"}


def clone(sandbox, key):
    """As staff clear a channel: they clone it, which copies topic and permissions, and delete the
    original.  Returns the clone's id."""
    original = DiscordObject.objects.get(key=key).outside_id
    held = sandbox.get("state")["discord"]["channels"][str(original)]
    made = create(
        sandbox,
        "channel",
        name=held["name"],
        type=0,
        parent_id=held["parent_id"],
        topic=held["topic"],
        permission_overwrites=[
            {"id": pk, **{n: o[n] if n == "type" else str(o[n]) for n in o}}
            for pk, o in held["overwrites"].items()
        ],
    )
    sandbox.post("delete", {"kind": "channel", "id": str(original)})
    return made


def test_b1_a_cloned_channel_holds_up_its_own_group_alone_and_is_taken_over(sandbox, made):
    first, _, third = made.groups
    fresh = clone(sandbox, f"text_channel:{first.pk}")
    leavers = [made.people[2], made.people[5]]  # of the first group and of the second
    Membership.objects.filter(user__in=leavers).update(status="removed", left_at=clock.now())
    late = [add_member(first), add_member(third)]
    join(sandbox, [*made.people, *late])
    seen = sandbox.last
    look_again()

    # Two posts: who left the second group, and who joined the third.
    assert made_since(sandbox, seen) == {"DELETE roles": 2, "PUT roles": 1, "POST messages": 2}
    assert [trouble(group) for group in made.groups] == ["orphaned", "", ""]
    assert "“group-1”" in detail(first)
    assert late[1].discord_id in holders_of(sandbox, f"role:{third.pk}")
    assert late[0].discord_id not in holders_of(sandbox, f"role:{first.pk}")
    question = ownership.find_question()
    assert question.orphaned
    assert not question.stops_all
    assert not Message.objects.filter(state="unsure").exists()

    ownership.accept_as_original()
    work("discord")
    assert DiscordObject.objects.get(key=f"text_channel:{first.pk}").outside_id == fresh
    assert late[0].discord_id in holders_of(sandbox, f"role:{first.pk}")
    assert made_since(sandbox, seen)["POST channels"] == 0
    assert {trouble(group) for group in made.groups} == {""}
    assert not ownership.find_question()


@pytest.mark.matrix
def test_b1_cloned_channels_of_a_whole_cohort_hold_up_no_other_cohort(sandbox, made):
    other = make_cohort(groups=1, name="Autumn", called="Other")
    join(sandbox, [*made.people, *other.people])
    realize(other)
    work("discord")
    for key in [f"cohort_channel:{made.cohort.pk}", *(f"text_channel:{pk}" for pk in made.ids)]:
        clone(sandbox, key)  # however many
    late = [add_member(made.groups[0]), add_member(other.groups[0])]
    join(sandbox, [*made.people, *other.people, *late])
    look_again()

    assert {trouble(group) for group in made.groups} == {"orphaned"}
    assert trouble(other.groups[0]) == ""
    assert late[1].discord_id in holders_of(sandbox, f"role:{other.groups[0].pk}")
    ownership.accept_as_original()
    work("discord")
    assert {trouble(group) for group in made.groups} == {""}
    assert late[0].discord_id in holders_of(sandbox, f"role:{made.groups[0].pk}")


def test_b1_many_orphans_stop_everything(sandbox, made):
    restore_from_before(made.groups, cohort_too=True)
    Installation.objects.seal(clock.now())  # as if nothing showed that this database is older
    other = make_cohort(groups=1, name="Autumn", called="Other")
    join(sandbox, [*made.people, *other.people])
    seen = sandbox.last
    realize(other)
    look_again()

    assert sandbox.writes(since=seen) == []
    assert mirror_trouble() == "many_orphans"
    assert trouble(other.groups[0]) == "many_orphans"
    assert ownership.find_question().stops_all


@pytest.mark.matrix
def test_b5_two_cohorts_in_one_category_are_taken_over_as_far_as_it_goes(sandbox, made):
    other = make_cohort(groups=1, name="Autumn", called="Other")
    join(sandbox, [*made.people, *other.people])
    realize(other)
    work("discord")
    shared = DiscordObject.objects.get(key=f"category:{made.cohort.pk}:1").outside_id
    for row in DiscordObject.objects.filter(cohort=other.cohort, kind__endswith="_channel"):
        edit = {"kind": "channel", "id": str(row.outside_id), "fields": {"parent_id": str(shared)}}
        sandbox.post("edit", edit)
    restore_from_before([*made.groups, *other.groups], cohort_too=True)
    look_again()
    ownership.accept_as_original()
    seen = sandbox.last
    work("discord")

    assert made_since(sandbox, seen)["POST channels"] == 0
    ((key, why),) = ProviderState.objects.get(provider="discord").not_adopted
    assert key == f"category:{other.cohort.pk}:1"
    assert why.endswith(f"it is already recorded for {made.cohort}.")
    assert {group.status for group in made.refresh().groups} == {"active"}
    assert not ownership.find_question()
    texts = DiscordObject.objects.filter(kind="text_channel")
    assert texts.count() == 4


# -- a copy of production pointed at the same guild -----------------------------------------------


@pytest.fixture
def copy(made, settings):
    """The same database, started elsewhere under another name; facts have moved on there."""
    settings.INSTALLATION_ID = "staging"
    Membership.objects.filter(user=made.people[1]).update(status="removed", left_at=clock.now())
    Group.objects.filter(pk=made.groups[1].pk).update(name="Renamed in the copy")
    return made


def test_a_copy_only_reads_until_staff_have_spoken(sandbox, copy):
    seen = sandbox.last
    realize(copy)
    look_again()

    assert sandbox.writes(since=seen) == []
    assert sandbox.calls(since=seen, service="discord") != []
    assert trouble(copy.groups[0]) == "other_installation"
    assert ownership.find_question()


def test_a_copy_leaves_everything_of_the_original_alone(sandbox, copy):
    before = sandbox.get("state")["discord"]
    look_again()
    seen = sandbox.last
    ownership.accept_as_copy()
    look_again()

    assert sandbox.writes(since=seen) == []
    assert not DiscordObject.objects.exists()
    assert not ownership.find_question()
    assert trouble(copy.groups[0]) == "needs_infrastructure"

    realize(copy)  # and what it makes then is its own
    work("discord")
    after = sandbox.get("state")["discord"]
    for kind in ("channels", "events", "messages"):
        assert {pk: after[kind][pk] for pk in before[kind]} == before[kind]
    for pk, role in before["roles"].items():
        assert {**after["roles"][pk], "position": 0} == {**role, "position": 0}
    for pk, member in before["members"].items():
        assert set(after["members"][pk]["roles"]) >= set(member["roles"])
    assert len(after["channels"]) == 2 * len(before["channels"])


@pytest.mark.matrix
def test_the_original_under_a_new_name_goes_on(sandbox, copy):
    look_again()
    seen = sandbox.last
    ownership.accept_as_original()
    work("discord")

    assert made_since(sandbox, seen) == {
        "DELETE roles": 1,
        "PATCH roles": 1,
        "PATCH channels": 2,
        "PATCH scheduled-events": 2,
    }
    assert trouble(copy.groups[0]) == ""
