"""`--json`: what a sample cohort comes to, compared with a list written by hand."""

import json

import pytest

from cohorts.models import Membership
from cohorts.reconcile.management.group_reports import Since, report_groups
from cohorts.reconcile.models import SyncAction
from cohorts.services.memberships import end_membership
from discordsync.models import DiscordObject
from tests.support.cohort import join, make_cohort
from tests.support.moves import edit_slot

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_waiting")]


def without_ids(report: dict) -> dict:
    """Return the report with "an id" for each id of Discord."""
    for channel in ("category", "text_channel", "voice_channel"):
        part = report["infrastructure"][channel]
        part["id"] = part["id"] and "an id"
    return report


def expected_channel(status: str, error: str | None = None) -> dict:
    return {"status": status, "id": None if status == "skipped" else "an id", "error": error}


def test_a_cohort_is_reported_group_by_group(call, sandbox, working):
    made = make_cohort(groups=3, members=2)
    join(sandbox, made.people)
    whole, empty, timeless = made.groups
    Membership.objects.filter(group=empty).delete()
    edit_slot(timeless, weekday=None, start_time=None)
    members = sorted(Membership.objects.filter(group=whole).values_list("user", flat=True))

    said = call("realize_cohort", "Spring", "--json")

    first, second, third = json.loads(said.out)["groups"]
    assert [first["group_name"], second["group_name"], third["group_name"]] == [
        group.name for group in made.groups
    ]
    assert without_ids(first)["infrastructure"] == {
        "category": expected_channel("created"),
        "text_channel": expected_channel("created"),
        "voice_channel": expected_channel("created"),
        "meetings": {"created": 0, "existed": 3, "skipped": 0},
        "discord_events": {"created": 2, "existed": 0, "skipped": 1},  # two weeks ahead
    }
    assert first["discord"] == {
        "granted": 2,
        "revoked": 0,
        "unchanged": 0,
        "failed": 0,
        "granted_user_ids": members,
        "revoked_user_ids": [],
    }
    assert (first["error"], first["needs_infrastructure"]) == (None, False)
    assert first["notifications"]["channel_announcements"] == 1
    assert first["calendar"]["granted_user_ids"] == members
    assert first["calendar"]["failed"] == 0
    assert second["error"] == "no_members"
    assert second["infrastructure"]["text_channel"] == expected_channel("skipped", "no_members")
    assert third["error"] == "no_meeting_time"
    assert third["infrastructure"]["meetings"]["existed"] == 0

    # The second time nothing is created, and a person who left is named.
    leaver = Membership.objects.filter(group=whole).order_by("user").first()
    assert leaver is not None
    end_membership(leaver.pk, status="removed", now=leaver.joined_at)
    actions = SyncAction.objects.count()
    said = call("resync", "--group", whole.pk, "--json")
    (again,) = json.loads(said.out)["groups"]
    assert said.status == 0, said
    assert SyncAction.objects.count() > actions
    assert again["discord"]["revoked_user_ids"] == [leaver.user_id]
    assert without_ids(again)["infrastructure"]["text_channel"] == expected_channel("existed")
    assert again["infrastructure"]["discord_events"] == {"created": 0, "existed": 2, "skipped": 1}
    assert again["discord"]["granted_user_ids"] == []
    assert again["discord"]["unchanged"] == 1

    # A channel that Discord has reported gone.
    DiscordObject.objects.filter(group=whole, kind="voice_channel").update(gone_at=leaver.joined_at)
    (gone,) = report_groups([whole.pk], Since.now())
    assert without_ids(gone)["infrastructure"]["voice_channel"] == expected_channel(
        "channel_missing"
    )


@pytest.mark.matrix
def test_a_group_that_no_one_requested_needs_infrastructure(call, sandbox, working):
    made = make_cohort(groups=1, members=1)
    said = call("resync", "--group", made.groups[0].pk, "--json")
    (report,) = json.loads(said.out)["groups"]
    assert report["needs_infrastructure"] is True
    assert report["error"] == "needs_infrastructure"
    assert without_ids(report)["infrastructure"]["category"]["status"] == "skipped"


def test_a_plan_is_refused_as_json(call, sandbox):
    make_cohort(groups=1)
    said = call("realize_cohort", "Spring", "--plan", "--json")
    assert (said.status, said.refusal) == (1, "--plan prints text only: leave out --json.")
