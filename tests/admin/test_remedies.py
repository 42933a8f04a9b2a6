"""The buttons that mend things: each writes a wish, and pressed twice does no harm."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from cohorts.models import AccessState, Installation, Membership
from cohorts.reconcile import services
from cohorts.reconcile.controller import run_once
from cohorts.reconcile.models import GroupSync, ProviderState
from discordsync.models import DiscordObject
from tests.admin.reading import messages_of, text_of
from tests.admin.test_lists import START, break_role, stand
from tests.support.cohort import join, make_cohort, realize, work

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("only_discord", "sandbox", "a_worker", "no_waiting"),
]


def press(staff, name, *args, **data):
    return staff.post(reverse(f"sync:{name}", args=args), data, follow=True)


def test_check_now_compares_the_group_again(staff, sandbox, made):
    before = GroupSync.objects.get(group=made.ids[0], provider="discord")

    answer = press(staff, "check_now", made.ids[0], "discord")

    assert "will be checked in Discord" in messages_of(answer)[0]
    after = GroupSync.objects.get(pk=before.pk)
    assert after.generation == before.generation + 1
    assert after.realize_requested_at is None


def test_recreate_creates_what_was_deleted_and_nothing_twice(staff, sandbox, made):
    break_role(made, sandbox)
    services.request_sync(made.ids)
    work("discord")
    seen = sandbox.last

    press(staff, "recreate", made.ids[0], "discord")
    press(staff, "recreate", made.ids[0], "discord")
    work("discord")
    answer = press(staff, "recreate", made.ids[0], "discord")

    roles = [c for c in sandbox.writes(since=seen, method="POST") if c["path"].endswith("/roles")]
    assert len(roles) == 1
    assert "Nothing is missing for Group 1 in Discord." in messages_of(answer)[0]
    assert AccessState.objects.filter(group=made.ids[0], state="granted").count() == 2


def test_removals_are_allowed_only_for_the_names_that_were_shown(staff, sandbox):
    made = make_cohort(groups=1, members=8)
    stand(sandbox, made)
    for person in made.people[:7]:
        # Gone without a trace: no ended membership explains it.
        Membership.objects.filter(user=person).delete()
    services.request_sync(made.ids)
    work("discord")
    assert "An unusually large number of people" in text_of(staff.get(START))

    plan = staff.post(reverse("sync:show_removals", args=[made.ids[0], "discord"])).url
    work("discord")
    shown = text_of(staff.get(plan))
    answer = staff.post(f"{plan}allow/", follow=True)

    gone = sorted(str(person.discord_id) for person in made.people[:7])
    assert all(f"Revoke “Group 1” from {person}" in shown for person in made.people[:7])
    assert f"from {made.people[7]}" not in shown
    assert "Removals allowed for the 7 people shown." in messages_of(answer)[0]
    approval = GroupSync.objects.get(group=made.ids[0], provider="discord").removals_approved
    assert (approval["people"], approval["by"]) == (gone, "Olga")

    work("discord")
    members = sandbox.get("state")["discord"]["members"]
    assert [pk for pk in gone if members[pk]["roles"]] == []
    assert members[str(made.people[7].discord_id)]["roles"]


def test_a_paused_integration_changes_nothing_until_someone_resumes_it(staff, olga, sandbox):
    made = make_cohort(groups=1)
    join(sandbox, made.people)
    press(staff, "pause", "discord")
    realize(made)
    work("discord")

    paused = text_of(staff.get(START))
    assert sandbox.writes() == []
    assert "Paused by Olga" in paused
    assert "Resume" in paused

    press(staff, "resume", "discord")
    work("discord")
    assert made.refresh().groups[0].status == "active"


def test_try_now_does_not_wait_for_the_next_probe(staff, sandbox, settings):
    settings.SYNC = {**settings.SYNC, "probe_seconds": 600}
    make_cohort(groups=1)
    sandbox.set_faults({"kind": "error", "status": 503})
    run_once("discord")
    assert ProviderState.objects.get(provider="discord").retry_at
    sandbox.set_faults()

    press(staff, "resume", "discord")
    work("discord")

    assert "Discord Reachable." in text_of(staff.get(START))


def test_a_button_leads_back_to_its_page_and_to_no_other_site(staff):
    made = make_cohort(groups=1)
    address = reverse("sync:check_now", args=[made.ids[0], "discord"])
    assert staff.post(address, {"next": "/admin/cohorts/group/"}).url == "/admin/cohorts/group/"
    for elsewhere in ("https://example.org/", "//example.org/", "javascript:alert(1)", "today", ""):
        assert staff.post(address, {"next": elsewhere}).url.startswith("/admin/sync/cohorts/")


def test_what_does_not_exist_is_not_found(staff):
    made = make_cohort(groups=1)
    for address in (
        reverse("sync:check_now", args=[7_000_000, "discord"]),
        reverse("sync:check_now", args=[made.ids[0], "pigeons"]),
        reverse("sync:pause", args=["pigeons"]),
        reverse("sync:withdraw", args=[7_000_000]),
    ):
        assert staff.post(address).status_code == 404
        assert staff.get(address).status_code == 405


# -- whose objects these are -----------------------------------------------------------------------


def test_a_copy_touches_nothing_of_the_original_and_makes_nothing(staff, sandbox, settings, made):
    ids = set(DiscordObject.objects.values_list("outside_id", flat=True))
    settings.INSTALLATION_ID = "tryout"
    services.resync("discord")
    work("discord")
    seen = sandbox.last
    assert "INSTALLATION_ID names a different installation" in text_of(staff.get(START))

    answer = press(staff, "decide", word="copy")
    work("discord")

    assert "Confirmed as a copy" in messages_of(answer)[0]
    assert Installation.objects.get(pk=1).installation_id == "tryout"
    assert sandbox.writes(since=seen) == []
    assert not DiscordObject.objects.filter(outside_id__in=ids).exists()

    # Asked for, it makes its own beside the original's.
    realize(made)
    work("discord")
    mine = set(DiscordObject.objects.values_list("outside_id", flat=True))
    assert mine
    assert not mine & ids
    assert {call["method"] for call in sandbox.writes(since=seen)} <= {"POST", "PUT"}


def test_the_original_under_a_new_name_goes_on_with_what_it_has(staff, sandbox, settings, made):
    settings.INSTALLATION_ID = "renamed"
    seen = sandbox.last

    press(staff, "decide", word="original")
    work("discord")

    assert Installation.objects.get(pk=1).accepted_as == "renamed"
    assert sandbox.writes(since=seen) == []
    assert "INSTALLATION_ID names a different" not in text_of(staff.get(START))


def test_orphans_are_adopted_when_staff_say_so(staff, sandbox, made):
    DiscordObject.objects.all().delete()
    services.resync("discord")
    work("discord")
    seen = sandbox.last
    asked = text_of(staff.get(reverse("sync:decide")))
    assert "In Discord there are objects with the Lens mark that have no record: “" in asked
    assert "Take over" in asked
    assert "This is a copy" not in asked

    press(staff, "decide", word="original")
    work("discord")

    assert DiscordObject.objects.filter(imported=True).count() >= 4
    assert [c for c in sandbox.writes(since=seen) if c["method"] == "POST"] == []


def test_without_a_decision_nothing_changes(staff, sandbox, settings):
    Installation.objects.ensure(datetime.now(UTC))
    settings.INSTALLATION_ID = "tryout"
    answer = press(staff, "decide", word="perhaps")
    assert messages_of(answer) == ["Choose one of the two options."]
    assert Installation.objects.get(pk=1).accepted_as != "tryout"


def test_where_nothing_is_to_be_decided_the_page_says_so(staff):
    assert "No decision is needed" in text_of(staff.get(reverse("sync:decide")))
    assert messages_of(press(staff, "decide", word="copy")) == ["This was already confirmed."]


# -- connection check ------------------------------------------------------------------------------


def test_the_connection_check_is_made_by_a_worker(staff, sandbox):
    page = reverse("sync:check")
    assert "Never checked." in text_of(staff.get(page))

    waiting = text_of(press(staff, "check"))
    assert "Checking." in waiting
    assert sandbox.calls() == []

    work("discord")
    assert "Connected." in text_of(staff.get(page))


def test_the_connection_check_names_what_the_bot_lacks(staff, sandbox):
    sandbox.post("discord/settings", {"bot_permissions": 1024})
    press(staff, "check")
    work("discord")

    shown = text_of(staff.get(reverse("sync:check")))

    assert "Problem The bot's role lacks: Manage Channels, Manage Roles," in shown
    assert "OK Discord lists all" in shown
    assert "DISCORD_BOT_TOKEN set" in shown
    assert "sandbox-test" not in shown


def test_the_connection_check_names_roles_above_the_bots_own(staff, sandbox, made):
    sandbox.post("discord/settings", {"bot_role_position": 1})
    press(staff, "check")
    work("discord")
    shown = text_of(staff.get(reverse("sync:check")))
    assert "1 of the groups' roles are above it, including “Group 1 (Spring)”." in shown


def test_the_connection_check_reports_a_wrong_token(staff, settings):
    settings.DISCORD_BOT_TOKEN = "wrong"
    press(staff, "check")
    run_once("discord")
    shown = text_of(staff.get(reverse("sync:check")))
    assert "Discord does not accept the bot's token." in shown
