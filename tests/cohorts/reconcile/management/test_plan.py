"""`--plan` reads and prints what would be done, and stops."""

import pytest

from cohorts.models import AccessState
from cohorts.reconcile import services
from cohorts.reconcile.models import GroupSync
from cohorts.reconcile.ui.waiting import GaveUp, wait_for_answers
from cohorts.reconcile.workers import lease
from tests.support.cohort import join, make_cohort, realize, work

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_discord")]


def test_realize_cohort_prints_each_object_each_person_not_reached_and_the_budget(call, sandbox):
    made = make_cohort(groups=2, members=2)
    join(sandbox, made.people[:3])

    said = call("realize_cohort", "Spring", "--plan")

    assert said.status == 0
    for line in (
        "Discord: 0 of 500 channels in use, 6 would be added.",
        "Shared by the groups of Spring",
        "  Discord: Create category “Safety - Spring”",
        "  Discord: Create role “Group 2 (Spring)”",
        f"  {made.people[3]} (Group 2, Discord): Not in the Discord server yet.",
        "17 actions would be done, 0 are held back.",
    ):
        assert line in said.out.splitlines()


@pytest.mark.matrix
def test_a_plan_asks_for_nothing_and_does_nothing_even_where_other_groups_are_due(call, sandbox):
    other = make_cohort(groups=1, name="Autumn")
    join(sandbox, other.people)
    realize(other)
    made = make_cohort(groups=1)

    said = call("realize_cohort", made.cohort.pk, "--plan")

    assert "Create role “Group 1 (Spring)”" in said.out
    assert sandbox.writes() == []
    assert not GroupSync.objects.filter(group=made.groups[0], realize_requested_at__isnull=False)
    assert GroupSync.objects.get(group=other.groups[0]).observed_generation == 0
    assert not AccessState.objects.exists()


@pytest.mark.matrix
def test_the_request_of_another_cohort_is_carried_out_by_a_worker_after_the_plan(call, sandbox):
    other = make_cohort(groups=1, name="Autumn")
    join(sandbox, other.people)
    realize(other)
    call("realize_cohort", make_cohort(groups=1).cohort.pk, "--plan")

    work("discord")

    assert other.refresh().groups[0].status == "active"


def test_resync_shows_only_what_was_asked_for(call, sandbox):
    made = make_cohort(groups=2)
    join(sandbox, made.people)

    said = call("resync", "--cohort", made.cohort.pk, "--plan")

    assert "  Held back: Not set up yet: no one has realized this group" in said.out
    assert "    Discord: Create role “Group 1 (Spring)”" in said.out
    assert "0 actions would be done" in said.out


@pytest.mark.matrix
def test_a_plan_for_a_group_that_is_ready_is_empty(call, sandbox):
    made = make_cohort(groups=1)
    join(sandbox, made.people)
    realize(made)
    work("discord")

    said = call("realize_cohort", "Spring", "--plan")

    assert "0 actions would be done, 0 are held back." in said.out
    assert "  Nothing to do." in said.out


def test_a_wrong_token_is_explained_in_a_sentence_that_names_the_fix(call, sandbox, settings):
    settings.DISCORD_BOT_TOKEN = "wrong"
    make_cohort(groups=1)

    said = call("realize_cohort", "Spring", "--plan")

    assert said.status == 1
    assert "Discord does not accept the bot's token." in said.refusal
    assert "DISCORD_BOT_TOKEN" in said.refusal


def test_a_plan_that_a_worker_holds_up_is_not_waited_for_without_end(sandbox):
    made = make_cohort(groups=1)
    runs = services.request_plan(made.ids, as_if_requested=True)
    held = lease.take("discord")
    assert held

    with pytest.raises(GaveUp, match="Another worker is syncing"):
        wait_for_answers(runs, patience=0)

    held.release()
    assert wait_for_answers(runs)[0].summary["actions"]
