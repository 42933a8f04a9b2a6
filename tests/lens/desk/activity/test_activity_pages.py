"""The pages of the activity: who did what, from what to what."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cohorts import clock
from cohorts.activity.recording import acting_as, record
from cohorts.models import ActivityEntry, ErasureRequest, Membership, User
from cohorts.services.memberships import move_member
from tests.admin.reading import text_of
from tests.support.academy import Academy
from tests.support.staff import make_manager

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("without_providers", "everything_alive"),
]


@pytest.fixture
def academy() -> Academy:
    return Academy(clock.now().replace(minute=0, second=0, microsecond=0))


@pytest.fixture
def max_() -> User:
    """Max is a programme manager."""
    return make_manager("Max Manager")


@pytest.fixture
def browser_of_max(max_: User) -> Client:
    client = Client()
    client.force_login(max_)
    return client


def move_alice(academy: Academy, by: User) -> User:
    alice = academy.add_member("Alice Unusual", "A")
    membership = Membership.objects.get(user=alice)
    with acting_as(by.pk):
        move_member(membership.pk, academy.groups["B"].pk, now=clock.now(), why="Better time")
    return alice


def read(client: Client, name: str, *args: object, **query: object) -> str:
    return text_of(client.get(reverse(f"admin:{name}", args=args), query))


def test_it_says_who_moved_whom_from_where_to_where_and_why(academy, max_, browser_of_max) -> None:
    move_alice(academy, max_)
    for text in (
        read(browser_of_max, "activity"),
        read(browser_of_max, "cohort_activity", academy.cohort.pk),
    ):
        for part in ("Max Manager", "Alice Unusual", "Group: Group A → Group B", "“Better time”"):
            assert part in text


def test_each_filter_keeps_what_it_names(academy, max_, browser_of_max) -> None:
    alice = move_alice(academy, max_)
    other = Academy(academy.now, name="Spring", groups="D")
    record("changed", cohort=other.cohort, reason="By Lens itself")
    moved, changed = "“Better time”", "“By Lens itself”"
    today = clock.now().date()
    for query, found in (
        ({}, {moved, changed}),
        ({"who": max_.pk}, {moved}),
        ({"people_only": "on"}, {moved}),
        ({"kind": "changed"}, {changed}),
        ({"cohort": other.cohort.pk}, {changed}),
        ({"person": alice.pk}, {moved}),
        ({"since": today + timedelta(days=2)}, set()),
        ({"until": today - timedelta(days=2)}, set()),
        ({"kind": "nonsense", "since": "tomorrow"}, {moved, changed}),
    ):
        text = read(browser_of_max, "activity", **query)
        assert {part for part in (moved, changed) if part in text} == found, query
    of_cohort = "cohort_activity"
    a, c = academy.groups["A"], academy.groups["C"]
    assert moved in read(browser_of_max, of_cohort, academy.cohort.pk, group=a.pk)
    assert moved not in read(browser_of_max, of_cohort, academy.cohort.pk, group=c.pk)
    assert moved not in read(browser_of_max, of_cohort, other.cohort.pk)


def test_an_act_names_all_of_its_groups_or_how_many_are_left_out(
    academy, max_, browser_of_max
) -> None:
    many = Academy(academy.now, name="Spring", groups="DEFGHIJKLMN")
    record("changed", by=max_, groups=academy.groups.values())
    assert "Group A , Group B , Group C" in read(browser_of_max, "activity")
    record("deleted", by=max_, groups=many.groups.values())
    assert "Group K and 3 more" in read(browser_of_max, "activity")


def test_an_erased_person_has_no_name(academy, max_, browser_of_max) -> None:
    alice = move_alice(academy, max_)
    ErasureRequest.objects.create(user=alice, state=ErasureRequest.State.DONE)
    text = read(browser_of_max, "activity")
    assert "an erased person" in text
    assert "Alice" not in text


def test_what_was_deleted_since_is_still_listed(academy, max_, browser_of_max) -> None:
    record("changed", cohort=999_999, group=999_998, person=999_997, by=999_996)
    text = read(browser_of_max, "activity")
    assert "a deleted person" in text
    assert "a deleted group" in text


def test_the_pages_cost_the_same_for_few_and_many_entries(academy, max_, browser_of_max) -> None:
    people = [academy.add_member(f"Person {n}", "A").pk for n in range(12)]

    def cost() -> tuple[int, int]:
        with CaptureQueriesContext(connection) as queries:
            page = browser_of_max.get(reverse("admin:activity"))
        return len([1 for one in queries if "clock_offset" not in one["sql"]]), len(page.content)

    def add(number: int) -> None:
        for n in range(number):
            record(
                "member_moved",
                by=max_,
                groups=[academy.groups["A"], academy.groups["B"]],
                people=people,
                changes={"Group": [academy.groups["A"], academy.groups["B"]]},
                reason=f"Reason {n} " * 5,
            )

    add(1)
    cost()
    few, _ = cost()
    add(120)
    many, size = cost()
    assert many <= few
    assert many <= 12
    assert size < 150_000
    assert ActivityEntry.objects.count() == 121


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_the_first_and_the_last_day_of_the_calendar_leave_all_in(
    academy, max_, browser_of_max, zone
) -> None:
    User.objects.filter(pk=max_.pk).update(timezone=zone)
    move_alice(academy, max_)
    text = read(browser_of_max, "activity", since="0001-01-01", until="9999-12-31")
    assert "“Better time”" in text


def test_staff_without_the_permission_find_neither_page_nor_link(academy) -> None:
    person = User.objects.create_user("eve@example.org", name="Eve", is_staff=True)
    client = Client()
    client.force_login(person)
    assert client.get(reverse("admin:activity")).status_code == 403
    assert client.get(reverse("admin:cohort_activity", args=[academy.cohort.pk])).status_code == 403


def test_the_activity_is_exported_as_it_is_filtered(
    academy: Academy, max_: User, browser_of_max: Client
):
    alice = move_alice(academy, max_)
    record("changed", by=max_, person=academy.add_member("Bob", "C"))
    for name, args in (("activity_export", []), ("cohort_export", [academy.cohort.pk, "activity"])):
        data = {"format": "csv", "query": f"person={alice.pk}&kind=member_moved"}
        answer = browser_of_max.post(reverse(f"admin:{name}", args=args), data)
        head, *rows = csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig"), newline=""))
        (moved,) = (dict(zip(head, row, strict=True)) for row in rows)
        assert "When (UTC)" in moved
        assert (moved["Who"], moved["People"]) == ("Max Manager", "Alice Unusual")
        assert (moved["What"], moved["Reason"]) == ("Moved to another group", "Better time")
        assert moved["Groups"] == "Group A, Group B"
        exported = ActivityEntry.objects.filter(kind="exported").latest("pk")
        assert exported.changes["Filters"] == ["", "by what, person"], "names no one"
