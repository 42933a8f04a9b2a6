"""The start page and the lists: how far everything is, the worst first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from calendarsync.provider import CalendarProvider
from cohorts.models import Group
from cohorts.outbox.models import OutboxPart
from cohorts.reconcile import services
from cohorts.reconcile.controller import run_once
from cohorts.reconcile.models import ProviderState, WorkerHeartbeat
from cohorts.reconcile.provider import providers
from tests.admin.reading import messages_of, text_of
from tests.support.cohort import join, make_cohort, realize, work

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("only_discord", "sandbox", "a_worker"),
]

COHORTS = "/admin/cohorts/cohort/"
GROUPS = "/admin/cohorts/group/"
START = "/admin/operations/"


def break_role(made, sandbox):
    """Someone deletes the role of the cohort's first group in Discord."""
    roles = sandbox.get("state")["discord"]["roles"]
    name = f"{made.groups[0].name} ({made.cohort.name})"
    (role,) = [pk for pk, role in roles.items() if role["name"] == name]
    sandbox.post("delete", {"kind": "role", "id": role})


def stand(sandbox, *cohorts):
    join(sandbox, [person for made in cohorts for person in made.people])
    for made in cohorts:
        realize(made)
    work("discord")


def test_the_list_of_cohorts_shows_their_status(staff, sandbox, registered):
    made = make_cohort(groups=3)
    join(sandbox, made.people)
    services.request_realize(made.ids[:1], by=None, now=datetime.now(UTC))
    work("discord")

    shown = text_of(staff.get(COHORTS))

    assert "2 of 3 groups: not set up yet" in shown
    assert "2 not active yet, 1 active · Discord: 1 of 3 set up" in shown
    assert "Realize Progress" in shown
    services.request_realize(made.ids, by=None, now=datetime.now(UTC))
    work("discord")
    shown = text_of(staff.get(COHORTS))
    assert "Progress" in shown
    assert "Realize Progress" not in shown, "there is nothing left to set up"
    registered.add(providers, CalendarProvider())
    assert "Realize Progress" in text_of(staff.get(COHORTS)), "the calendar was configured later"


def test_the_worst_cohort_comes_first_with_the_reason_in_a_sentence(staff, sandbox):
    fine, broken = make_cohort(groups=1, name="Autumn"), make_cohort(groups=1, name="Zeta")
    stand(sandbox, fine, broken)
    break_role(broken, sandbox)
    services.request_sync(broken.ids)
    work("discord")

    shown = text_of(staff.get(COHORTS))

    assert shown.index("Zeta") < shown.index("Autumn")
    assert "A channel, role or event of this group was deleted in Discord." in shown


@pytest.mark.parametrize("count", [pytest.param(3, marks=pytest.mark.matrix), 12])
def test_lists_take_the_same_queries_for_any_number_of_groups(
    staff, count, django_assert_num_queries, settings
):
    settings.SANDBOX = False
    make_cohort(groups=count, members=1)
    work("discord")

    with django_assert_num_queries(10):
        staff.get(COHORTS)
    with django_assert_num_queries(9):
        staff.get(GROUPS)
    with django_assert_num_queries(21):  # for time zones 2, for objectives 2, for the chart 1
        staff.get(START)


def test_the_list_of_groups_shows_slot_members_and_status(staff):
    made = make_cohort(groups=1, members=3)
    Group.objects.filter(pk=made.ids[0]).update(size=8)
    work("discord")
    shown = text_of(staff.get(GROUPS))
    assert "15:00 (UTC)" in shown
    assert "2 of 8" in shown
    assert "Discord: not set up yet" in shown


def test_several_cohorts_are_realized_by_one_plan(staff, sandbox):
    first, second = make_cohort(groups=1, name="Autumn"), make_cohort(groups=1)
    join(sandbox, first.people + second.people)
    chosen = [first.cohort.pk, second.cohort.pk]
    plan = staff.post(COHORTS, {"action": "realize", "_selected_action": chosen}).url
    work("discord")

    shown = text_of(staff.get(plan))
    answer = staff.post(f"{plan}confirm/", follow=True)
    work("discord")

    assert "Realize Autumn and Spring?" in shown
    assert "Realizing Autumn, Spring. Each cohort" in messages_of(answer)[0]
    assert first.refresh().groups[0].status == second.refresh().groups[0].status == "active"


# -- the start page --------------------------------------------------------------------------------


def test_the_start_page_says_that_all_is_well(staff, sandbox, made):
    shown = text_of(staff.get(START))
    assert "Discord Reachable." in shown
    assert "All groups are in sync." in shown
    assert "tests: last seen" in shown


def test_the_start_page_names_each_group_out_of_sync_with_its_button(staff, sandbox):
    made = make_cohort(groups=2)
    stand(sandbox, made)
    break_role(made, sandbox)
    services.request_sync(made.ids)
    work("discord")

    page = staff.get(START)

    assert "A channel, role or event of this group was deleted in Discord." in text_of(page)
    button = reverse("sync:recreate", args=[made.ids[0], "discord"])
    assert button in page.content.decode()
    assert reverse("sync:recreate", args=[made.ids[1], "discord"]) not in page.content.decode()


def test_the_start_page_shows_an_outage_and_when_the_next_try_is(staff, sandbox):
    sandbox.set_faults({"kind": "error", "status": 503})
    make_cohort(groups=1)
    services.resync("discord")
    run_once("discord")

    shown = text_of(staff.get(START))

    assert "The service is unreachable" in shown
    assert "Next retry at" in shown
    assert "Retry now" in shown


def test_the_start_page_says_that_no_worker_is_running(staff):
    WorkerHeartbeat.objects.update(last_seen_at=datetime.now(UTC) - timedelta(seconds=91))
    assert "No worker has responded for 90 seconds" in text_of(staff.get(START))


def test_the_start_page_shows_what_fails_in_the_outbox(staff):
    since = datetime.now(UTC) - timedelta(hours=2)
    OutboxPart.objects.create(name="email", issue="The mail server is away.", failing_since=since)
    assert "The mail server is away." in text_of(staff.get(START))


def test_the_start_page_says_that_an_integration_is_not_configured(staff, settings):
    settings.DISCORD_BOT_TOKEN = ""
    assert "Discord Not configured." in text_of(staff.get(START))


def test_the_start_page_shows_nothing_of_it_to_staff_without_the_permission(client, olga):
    olga.is_superuser = False
    olga.save()
    client.force_login(olga)
    assert "Sync status" not in text_of(client.get(START))


# -- one group -------------------------------------------------------------------------------------


def test_a_group_shows_its_people_with_what_they_have_access_to(staff, sandbox):
    made = make_cohort(groups=1, members=3)
    join(sandbox, made.people[:2])
    realize(made)
    work("discord")

    shown = text_of(staff.get(f"/groups/{made.ids[0]}/"))

    assert f"{made.people[0]} Facilitator has access" in shown
    assert f"{made.people[2]} Participant Not in the Discord server yet." in shown
    assert "Check now" in shown


def test_a_group_that_was_never_compared_shows_its_members_all_the_same(staff):
    made = make_cohort(groups=1, members=2)
    shown = text_of(staff.get(f"/groups/{made.ids[0]}/"))
    assert f"{made.people[0]} Facilitator not reported" in shown


def test_rows_of_the_reconciler_can_be_read_and_not_changed(staff, sandbox, made):
    for name in ("groupsync", "providerstate", "syncrun", "syncaction", "workerheartbeat"):
        assert staff.get(f"/admin/sync/{name}/").status_code == 200
        assert staff.get(f"/admin/sync/{name}/add/").status_code == 403
    assert staff.get("/admin/sync/groupsync/?out_of_sync=yes").status_code == 200
    assert staff.get("/admin/sync/groupsync/?out_of_sync=asked").status_code == 200
    state = ProviderState.objects.get(provider="discord")
    assert staff.get(f"/admin/sync/providerstate/{state.pk}/change/").status_code == 200


def test_the_lists_of_people_and_groups_lead_to_their_pages(staff):
    made = make_cohort(groups=1, members=1)
    person = made.people[0]
    assert (
        f'href="/admin/people/{person.pk}/"' in staff.get("/admin/cohorts/user/").content.decode()
    )
    assert f'href="/groups/{made.ids[0]}/"' in staff.get(GROUPS).content.decode()
    row = person.memberships.get()
    page = staff.get(f"/admin/cohorts/membership/{row.pk}/change/").content.decode()
    assert f'href="/admin/people/{person.pk}/"' in page
    assert f'href="/groups/{made.ids[0]}/"' in page
