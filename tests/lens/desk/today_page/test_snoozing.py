"""Items of the Today page are snoozed, and come back on their day or when they grow."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.test import Client

from cohorts.models import Membership
from lens.desk.models import Snooze
from tests.lens.desk.today_page.people import DAY, NOW, drop

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("without_providers", "everything_alive"),
]


def snooze(staff: Client, item: str, until: str) -> str:
    fields = dict(re.findall(r'name="(item|seen)" value="([^"]*)"', item))
    answer = staff.post("/admin/today/snooze/", {**fields, "until": until}, follow=True)
    return unescape(answer.content.decode())


def test_an_item_is_snoozed_until_its_day(academy, staff, read_today, set_clock):
    drop("Fay A")
    said = snooze(staff, read_today().item("no_facilitator"), "2027-03-04")
    assert "Hidden until Thursday 4 March, or until the list grows." in said
    page = read_today()
    assert page.items == []
    assert page.sentence.startswith("Everything is fine.")
    assert "1 snoozed" in page.html

    set_clock(NOW + 2 * DAY)
    assert read_today().items == []
    set_clock(NOW + 3 * DAY)
    assert read_today().items == ["no_facilitator"]


def test_a_snoozed_item_comes_back_when_its_list_grows(academy, staff, read_today):
    drop("Fay A", "Fay B")
    snooze(staff, read_today().item("no_facilitator"), "2027-03-04")
    academy.add_facilitator("New", "B")
    assert read_today().items == [], "one of two was resolved"
    drop("Fay C")
    assert read_today().items == ["no_facilitator"]


def test_a_snoozed_item_is_shown_again_on_request(academy, staff, read_today):
    drop("Fay A")
    snooze(staff, read_today().item("no_facilitator"), "2027-03-04")
    staff.post("/admin/today/show-again/", {"item": Snooze.objects.get().key})
    assert read_today().items == ["no_facilitator"]


def test_a_day_that_makes_no_sense_snoozes_nothing(academy, staff, read_today):
    drop("Fay A")
    item = read_today().item("no_facilitator")
    for until in ("", "soon", "2027-03-01", "2026-01-01", "2027-13-40", "2029-01-01"):
        assert "Choose a day" in snooze(staff, item, until), until
    assert read_today().items == ["no_facilitator"]


def test_a_list_that_grew_since_it_was_seen_is_not_snoozed(academy, staff, read_today):
    drop("Fay A")
    seen = read_today().item("no_facilitator")
    drop("Fay B")
    assert "This list has changed since." in snooze(staff, seen, "2027-03-04")
    assert read_today().items == ["no_facilitator"]
    drop("Ann0")
    Membership.objects.filter(user__name__in=["Fay A", "Fay B"]).update(
        status="active", left_at=None
    )
    assert "no longer in the list" in snooze(staff, seen, "2027-03-04")
