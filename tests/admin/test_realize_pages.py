"""Realizing from the admin: the plan, the question, the progress page."""

from __future__ import annotations

import pytest
from django.urls import reverse

from cohorts import clock
from cohorts.models import Cohort, Group
from cohorts.reconcile import services
from cohorts.reconcile.controller import run_once
from cohorts.reconcile.models import GroupSync, RealizeRequest, SyncRun, WorkerHeartbeat
from cohorts.reconcile.workers import heartbeats
from tests.admin.reading import messages_of, text_of
from tests.support.cohort import join, make_cohort, realize, work

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("only_discord", "sandbox", "a_worker"),
]


def press_realize(staff, made):
    """The address of the plan that the button leads to."""
    answer = staff.post(reverse("sync:plan_cohort", args=[made.cohort.pk]))
    assert answer.status_code == 302
    return answer.url


def confirm(staff, page):
    return staff.post(f"{page}confirm/")


# -- the plan --------------------------------------------------------------------------------------


def test_the_plan_is_shown_before_anything_is_asked_for(staff, sandbox):
    made = make_cohort(groups=2, members=2)
    join(sandbox, made.people[:3])
    page = press_realize(staff, made)
    work("discord")

    shown = text_of(staff.get(page))

    assert "Create role “Group 1 (Spring)”" in shown
    assert "Create text channel “group-2”" in shown
    assert "Create category “Safety - Spring”" in shown
    assert f"{made.people[3]} Group 2 Discord Not in the Discord server yet." in shown
    assert "Everyone in a group that is set up for the first time gets a message" in shown
    assert f'href="/admin/cohorts/{made.cohort.pk}/">Cancel' in staff.get(page).content.decode()
    assert "+ 6 channels; 0 of 500 in use" in shown
    assert sandbox.writes() == []
    assert not GroupSync.objects.filter(realize_requested_at__isnull=False).exists()


def test_a_plan_that_waits_for_a_worker_fills_automatically_with_and_without_scripts(staff):
    page = press_realize(staff, make_cohort(groups=1))

    waiting = staff.get(page).content.decode()

    assert f'hx-get="{page}"' in waiting
    assert '<noscript><meta http-equiv="refresh"' in waiting
    assert "Refresh" in waiting


def test_the_part_that_a_script_asks_for_is_that_part_alone(staff):
    page = press_realize(staff, make_cohort(groups=1))
    work("discord")

    part = staff.get(page, headers={"HX-Request": "true"}).content.decode()

    assert "<html" not in part
    assert "Realize now" in part
    assert "hx-get" not in part  # answered: no more asking


def test_a_plan_says_when_no_worker_is_running(staff):
    WorkerHeartbeat.objects.all().delete()
    page = press_realize(staff, make_cohort(groups=1))
    assert "No worker has responded for 90 seconds." in text_of(staff.get(page))


def test_a_plan_that_cannot_be_made_says_why_and_what_to_do(staff, settings):
    settings.DISCORD_BOT_TOKEN = "wrong"
    page = press_realize(staff, make_cohort(groups=1))
    run_once("discord")

    shown = text_of(staff.get(page))

    assert "Discord does not accept the bot's token." in shown
    assert "DISCORD_BOT_TOKEN" in shown
    assert "Retry now" in shown


def test_what_is_held_back_is_shown_with_its_reason(staff, sandbox):
    made = make_cohort(groups=1)
    join(sandbox, made.people)
    sandbox.post("discord/settings", {"bot_permissions": 1024})
    page = press_realize(staff, made)
    work("discord")

    shown = text_of(staff.get(page))

    assert "Held back: The bot lacks permissions in the Discord server" in shown
    assert "Manage Channels" in shown
    assert "Realize anyway" in shown


def test_a_group_without_members_says_so_in_the_plan(staff):
    made = make_cohort(groups=2)
    made.groups[1].memberships.all().delete()
    page = press_realize(staff, made)
    work("discord")
    assert "The group has no members, so nothing is created for it." in text_of(staff.get(page))


def test_a_cohort_without_live_groups_has_no_plan(staff):
    made = make_cohort(groups=1)
    Group.objects.update(status=Group.Status.CANCELLED)

    answer = staff.post(reverse("sync:plan_cohort", args=[made.cohort.pk]), follow=True)

    assert messages_of(answer) == ["All of these groups have ended."]
    assert not SyncRun.objects.exists()


def test_where_nothing_is_configured_there_is_no_plan(staff, settings):
    settings.DISCORD_BOT_TOKEN = ""
    made = make_cohort(groups=1)
    answer = staff.post(reverse("sync:plan_cohort", args=[made.cohort.pk]), follow=True)
    assert "Neither Discord nor Google Calendar is configured" in messages_of(answer)[0]


def test_the_plan_of_two_groups_names_no_other(staff):
    made = make_cohort(groups=3)
    chosen = made.ids[:2]
    answer = staff.post(
        reverse("admin:cohorts_group_changelist"),
        {"action": "realize", "_selected_action": chosen},
    )
    work("discord")

    shown = text_of(staff.get(answer.url))

    assert "“Group 2 (Spring)”" in shown
    assert "“Group 3 (Spring)”" not in shown


def test_a_plan_that_is_no_longer_kept_is_not_found(staff):
    assert staff.get("/admin/sync/plans/7000000/").status_code == 404


# -- the question ----------------------------------------------------------------------------------


def test_a_confirmed_plan_is_carried_out_and_the_progress_page_shows_it(staff, olga, sandbox):
    made = make_cohort(groups=2, members=2)
    join(sandbox, made.people)
    page = press_realize(staff, made)
    work("discord")

    progress = confirm(staff, page).url
    before = text_of(staff.get(progress))
    work("discord")
    after = text_of(staff.get(progress))

    assert "0 of 2 groups in sync." in before
    assert "being set up" in before
    assert "Done: all 2 groups are in sync." in after
    assert "Create role “Group 1 (Spring)”" in after
    assert "Realize requested by Olga" in after
    assert "Work continues, and you get an e-mail" in before
    assert "Work continues" not in after
    plan = text_of(staff.get(page))  # as after the browser's button “Back”
    assert "Olga requested this on" in plan
    assert "Nothing has been changed yet" not in plan
    assert "Realize now" not in plan
    assert "Cancel" not in plan
    assert {group.status for group in made.refresh().groups} == {"active"}


def test_a_plan_of_which_groups_are_left_can_still_be_realized(staff, olga, sandbox):
    made = make_cohort(groups=2, members=1)
    page = press_realize(staff, made)
    (kept,) = services.request_plan(made.ids, as_if_requested=False)
    work("discord")

    services.request_realize(made.ids[:1], by=olga, now=clock.now())
    some = text_of(staff.get(page))
    assert "Olga requested some of these groups on" in some
    assert "Refresh the plan to see what is left." in some
    assert "Realize now" in some
    pending = text_of(staff.get(reverse("sync:plan", args=[[kept.pk]])))
    assert "Nothing has been changed." in pending
    assert "Olga requested" not in pending

    confirm(staff, page)
    assert "Realize now" not in text_of(staff.get(page))
    services.withdraw_request(made.ids)
    assert "Realize now" in text_of(staff.get(page))


def test_two_staff_who_confirm_at_once_have_one_of_everything_made(staff, sandbox):
    made = make_cohort(groups=1, members=1)
    join(sandbox, made.people)
    first, second = press_realize(staff, made), press_realize(staff, made)
    work("discord")

    assert confirm(staff, first).status_code == confirm(staff, second).status_code == 302
    confirm(staff, first)
    work("discord")

    channels = sandbox.writes(method="POST", service="discord")
    assert len([c for c in channels if c["path"].endswith("/channels")]) == 4
    assert len([c for c in channels if c["path"].endswith("/roles")]) == 1


def test_a_new_plan_says_that_its_groups_wait_already(staff, olga, sandbox):
    made = make_cohort()
    services.pause("discord", by=olga, now=clock.now())
    assert confirm(staff, press_realize(staff, made)).status_code == 302
    again = press_realize(staff, made)
    work("discord")
    shown = text_of(staff.get(again))
    assert "Nothing has been changed yet" not in shown
    assert "Realize now" not in shown


def test_a_plan_for_keeping_in_sync_cannot_be_confirmed_as_a_realize(staff):
    made = make_cohort(groups=1)
    (run,) = services.request_plan(made.ids, as_if_requested=False)
    assert confirm(staff, reverse("sync:plan", args=[[run.pk]])).status_code == 404
    assert not RealizeRequest.objects.exists()


def test_nothing_is_asked_for_by_looking(staff):
    made = make_cohort(groups=1)
    for address in (
        reverse("sync:plan_cohort", args=[made.cohort.pk]),
        f"{press_realize(staff, made)}confirm/",
    ):
        assert staff.get(address).status_code == 405
    assert not GroupSync.objects.filter(realize_requested_at__isnull=False).exists()


# -- progress --------------------------------------------------------------------------------------


def test_a_failure_is_explained_with_what_to_do_and_a_button(staff, sandbox):
    made = make_cohort(groups=2)
    join(sandbox, made.people)
    sandbox.set_faults(
        {
            "kind": "error",
            "status": 403,
            "code": 50013,
            "method": "POST",
            "path": "/roles$",
            "nth": 1,
        }
    )
    realize(made)
    work("discord")

    shown = text_of(staff.get(reverse("sync:progress", args=[made.cohort.pk])))

    assert "Waiting for you: 1 of 2 groups are in sync." in shown
    assert "Discord does not allow the bot to do this (code 50013)." in shown
    assert "Drag the bot's role above the groups' roles" in shown
    assert "Check now" in shown


def test_realize_is_offered_until_all_groups_are_in_sync(staff, sandbox):
    made = make_cohort(groups=1)
    join(sandbox, made.people)
    address = reverse("sync:progress", args=[made.cohort.pk])
    button = reverse("sync:plan_cohort", args=[made.cohort.pk])
    assert button in staff.get(address).content.decode()
    realize(made)
    work("discord")
    done = staff.get(address)
    assert "Done: the group is in sync." in text_of(done)
    assert button not in done.content.decode()


def test_the_actions_of_one_group_can_be_shown_alone(staff, sandbox):
    made = make_cohort(groups=2)
    join(sandbox, made.people)
    realize(made)
    work("discord")

    address = reverse("sync:progress", args=[made.cohort.pk])
    shown = text_of(staff.get(f"{address}?group={made.groups[1].pk}"))

    assert "Create role “Group 2 (Spring)”" in shown
    assert "Create role “Group 1 (Spring)”" not in shown


@pytest.mark.parametrize("query", ["after=x", "after=-1", "group=½", "group=" + "9" * 30])
def test_a_mistyped_address_shows_the_page_all_the_same(staff, query):
    made = make_cohort(groups=1)
    address = reverse("sync:progress", args=[made.cohort.pk])
    assert staff.get(f"{address}?{query}").status_code == 200


@pytest.mark.parametrize("groups", [3, 40])
def test_pages_take_the_same_queries_for_any_number_of_groups(
    staff, groups, django_assert_num_queries, settings
):
    settings.SANDBOX = False  # a clock that can be moved is read again twice a second
    made = make_cohort(groups=groups, members=1)
    page = press_realize(staff, made)
    work("discord")
    realize(made)
    plan, progress = page, reverse("sync:progress", args=[made.cohort.pk])

    with django_assert_num_queries(14):  # five of them for holidays and clock changes
        staff.get(plan)
    with django_assert_num_queries(12):
        staff.get(progress)


def test_an_ended_session_makes_a_script_reload_the_page(client):
    made = make_cohort(groups=1)
    address = reverse("sync:progress", args=[made.cohort.pk])
    answer = client.get(address, headers={"HX-Request": "true"})
    assert answer.headers["HX-Refresh"] == "true"
    assert client.get(address).url.startswith("/admin/login/")


def test_staff_without_the_permission_are_refused(client, olga):
    made = make_cohort(groups=1)
    olga.is_superuser = False
    olga.save()
    client.force_login(olga)
    assert client.get(reverse("sync:progress", args=[made.cohort.pk])).status_code == 403
    assert client.post(reverse("sync:plan_cohort", args=[made.cohort.pk])).status_code == 403


def test_the_request_can_be_withdrawn_and_what_exists_stays(staff, sandbox):
    made = make_cohort(groups=1)
    realize(made)
    work("discord")  # it is set up, and no one is there: the request stays open

    address = reverse("sync:progress", args=[made.cohort.pk])
    waiting = staff.get(address)
    assert "Withdraw the request (1 group)" in text_of(waiting)
    assert ">Realize</button>" not in waiting.content.decode(), "it was requested"
    answer = staff.post(reverse("sync:withdraw", args=[made.cohort.pk]), follow=True)

    assert "Withdrew the realize request" in messages_of(answer)[0]
    assert not GroupSync.objects.filter(realize_requested_at__isnull=False).exists()
    assert "Withdraw the request" not in text_of(staff.get(address))


def test_a_group_that_was_added_since_can_be_realized_while_others_wait(staff):
    made = make_cohort(groups=2)
    services.request_realize(made.ids[:1], by=None, now=clock.now())
    page = staff.get(reverse("sync:progress", args=[made.cohort.pk])).content.decode()
    assert "Withdraw the request (1 group)" in page
    assert ">Realize</button>" in page


def test_a_completed_cohort_has_nothing_under_way(staff):
    made = make_cohort(groups=1)
    Cohort.objects.filter(pk=made.cohort.pk).update(status=Cohort.Status.COMPLETED)
    shown = text_of(staff.get(reverse("sync:progress", args=[made.cohort.pk])))
    assert "This cohort has no active groups." in shown


def test_progress_says_when_no_worker_is_running(staff):
    made = make_cohort(groups=1)
    heartbeats.forget("tests")
    realize(made)
    shown = text_of(staff.get(reverse("sync:progress", args=[made.cohort.pk])))
    assert "No worker has responded for 90 seconds" in shown
    assert "waiting for a worker" in shown
