"""The page of what differs outside: who sees which choice, several at once, and its costs."""

from __future__ import annotations

import re
from dataclasses import asdict
from datetime import UTC, date, datetime
from html import unescape

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cohorts.models import Cohort, Course, Group, User
from cohorts.reconcile.differences import Drift, DriftChoice, DriftKind, DriftOption
from cohorts.reconcile.models import GroupSync
from discordsync.models import DiscordObject
from tests.support.staff import sign_in_with

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_discord")]

MOST_QUERIES, MOST_BYTES = 20, 150_000
OPTIONS = {
    DriftKind.DELETED: (
        DriftOption(DriftChoice.RECREATE, "Creates a new channel: 6 people get access."),
        DriftOption(DriftChoice.FORGET, "Lens stops missing it."),
        DriftOption(DriftChoice.REPLACE, "Another one.", "discordsync.change_discordobject"),
    ),
    DriftKind.RENAMED: (
        DriftOption(DriftChoice.APPLY, "Renames it."),
        DriftOption(DriftChoice.KEEP, "It stays."),
    ),
}


@pytest.fixture
def cohort(db: None) -> Cohort:
    course = Course.objects.create(name="Course")
    return Cohort.objects.create(
        course=course, name="Winter", start_date=date(2027, 1, 4), number_of_meetings=6
    )


def make_group(cohort: Cohort, name: str, *kinds: DriftKind) -> Group:
    """A group whose text channel differs in these ways."""
    group = Group.objects.create(cohort=cohort, name=name)
    key = f"text_channel:{group.pk}"
    DiscordObject.objects.create(key=key, kind="text_channel", cohort=cohort, group=group)
    found = [
        Drift(f"{key} {kind}", kind, f"Text channel “{name}”", "ours", "theirs", OPTIONS[kind])
        for kind in kinds
    ]
    stored = [{**asdict(one), "since": datetime.now(UTC).isoformat()} for one in found]
    GroupSync.objects.update_or_create(
        group=group, provider="discord", defaults={"drift": stored, "observed_generation": 1}
    )
    return group


@pytest.fixture
def staff(db: None) -> Client:
    return sign_in_with("change_group", "view_group", "view_membership")


def read(client: Client, **query: str) -> str:
    answer = client.get("/admin/drift/", query)
    assert answer.status_code == 200
    return answer.content.decode()


def hidden(html: str) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="((?:seen|kind):[^"]+)" value="([^"]+)"', html)
    return {unescape(name): value for name, value in found}


def test_another_channel_by_id_is_offered_to_those_who_may_import(cohort, staff):
    make_group(cohort, "Heron", DriftKind.DELETED)
    html = read(staff)
    assert "Recreate</strong>" in html
    assert "Use another one" not in html
    User.objects.get().user_permissions.add(Permission.objects.get(codename="change_discordobject"))
    assert "Use another one" in read(staff)


@pytest.mark.matrix
def test_several_are_kept_by_one_button_which_leaves_other_kinds_alone(cohort, staff):
    for name in ("Heron", "Kite"):
        make_group(cohort, name, DriftKind.RENAMED)
    gone = make_group(cohort, "Gull", DriftKind.DELETED)
    html = read(staff)
    assert "Keep as is: all 2" in html
    answer = staff.post("/admin/drift/", {**hidden(html), "all": "renamed:keep"}, follow=True)
    assert "2 choices saved." in answer.content.decode()
    kept = [
        row.drift[0]["decided"] for row in GroupSync.objects.order_by("group__name") if row.drift
    ]
    assert kept == ["", "keep", "keep"]
    assert DiscordObject.objects.filter(group=gone, decisions={}).exists()
    assert "2 kept as they are" in read(staff)


@pytest.mark.matrix
def test_one_button_for_all_leaves_what_was_kept_before(cohort, staff):
    kept = make_group(cohort, "Gull", DriftKind.RENAMED)
    row = GroupSync.objects.get(group=kept, provider="discord")
    row.drift[0]["decided"] = "keep"
    row.save()
    for name in ("Heron", "Kite"):
        make_group(cohort, name, DriftKind.RENAMED)
    answer = staff.post("/admin/drift/", {**hidden(read(staff)), "all": "renamed:apply"})
    assert answer.status_code == 302
    rows = GroupSync.objects.filter(provider="discord").order_by("group__name")
    assert [row.drift[0]["decided"] for row in rows] == ["keep", "apply", "apply"]


def test_what_has_changed_since_the_page_was_made_is_asked_again(cohort, staff):
    group = make_group(cohort, "Heron", DriftKind.RENAMED)
    fields = hidden(read(staff))
    (ref,) = (name.partition(":")[2] for name in fields if name.startswith("seen:"))
    row = GroupSync.objects.get(group=group, provider="discord")
    row.drift[0]["theirs"] = "other"
    row.save()
    sent = {**fields, f"choice:{ref}": "keep"}
    answer = staff.post("/admin/drift/", sent, follow=True).content.decode()
    assert "has changed meanwhile. Choose again." in answer
    assert DiscordObject.objects.get(group=group).decisions == {}


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"all": "renamed:explode"},
        {"seen:x": "y", "choice:x": "keep"},
        {"seen:9:no:k": "y", "choice:9:no:k": "keep"},
    ],
)
def test_bad_input_changes_nothing(cohort, staff, sent):
    make_group(cohort, "Heron", DriftKind.RENAMED)
    answer = staff.post("/admin/drift/", sent, follow=True)
    assert answer.status_code == 200
    assert DiscordObject.objects.get().decisions == {}


def test_one_group_is_shown_with_the_choice_of_the_link(cohort, staff):
    group = make_group(cohort, "Heron", DriftKind.DELETED)
    make_group(cohort, "Kite", DriftKind.RENAMED)
    ref = f"{group.pk}:discord:text_channel:{group.pk} deleted"
    html = read(staff, group=str(group.pk), item=ref, choice="recreate")
    assert "Kite" not in html
    assert 'value="recreate" checked' in html


def test_the_page_costs_the_same_for_many_differences(cohort, staff):
    make_group(cohort, "Heron", DriftKind.RENAMED)
    few = count_queries(staff)
    for n in range(80):
        make_group(cohort, f"Group {n}", DriftKind.DELETED, DriftKind.RENAMED)
    assert count_queries(staff) == few <= MOST_QUERIES
    assert len(read(staff).encode()) < MOST_BYTES


def count_queries(client: Client) -> int:
    with CaptureQueriesContext(
        connection,
    ) as caught:
        read(client)
    return len(caught)
