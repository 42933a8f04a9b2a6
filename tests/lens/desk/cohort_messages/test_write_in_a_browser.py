"""A programme manager writes to people of a cohort, in a real browser, with the clicks counted."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from cohorts.models import User
from cohorts.outbox.models import Message
from tests.lens.desk.test_browser import Clicks, academy, clicks, desk, max_  # noqa: F401
from tests.support.accessibility import SIZES, both_sizes, check_page, tab_to

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("without_providers", "everything_alive"),
]


@both_sizes
def test_a_letter_to_the_cohort_takes_five_clicks_from_today(
    desk,  # noqa: F811
    academy,  # noqa: F811
    clicks,  # noqa: F811
    live_server,
    size,
):
    width, height = SIZES[size]
    desk.set_viewport_size({"width": width, "height": height})
    clicks(desk.get_by_role("row", name="Autumn").get_by_role("link"))
    clicks(desk.get_by_role("navigation", name="Autumn").get_by_role("link", name="Messages"))
    expect(desk.get_by_text("Nothing was sent to people of this cohort yet.")).to_be_visible()
    check_page(desk, f"messages-{size}-1-nothing")
    clicks(desk.get_by_role("link", name="Write to people"))
    expect(desk.get_by_label("Everyone in the cohort")).to_be_checked()
    desk.get_by_label("Subject").fill("Room change for {group}")
    desk.get_by_label("Text").fill(
        "Dear {name},\n\ntoday we meet elsewhere: https://example.org/map\nSee you {next_meeting}."
    )
    check_page(desk, f"messages-{size}-2-form")
    User.objects.filter(name="Ned").update(email=None)
    User.objects.filter(name="Nora").update(nickname="N" * 80)
    clicks(desk.get_by_role("button", name="Preview"))
    expect(desk.get_by_role("heading", name="Who gets it")).to_be_visible()
    expect(desk.get_by_text("Ned: No e-mail address")).to_be_visible()
    check_page(desk, f"messages-{size}-3-preview")
    clicks(desk.get_by_role("button", name="Send to 4 people"))
    expect(desk.get_by_text("4 people get the letter now.")).to_be_visible()
    row = desk.get_by_role("row", name="Room change")
    expect(row).to_contain_text("from Max, programme team")
    expect(row).to_contain_text("5 waiting")
    check_page(desk, f"messages-{size}-4-sent")
    assert clicks.count == 5
    desk.goto(f"{live_server.url}/admin/messages/")
    expect(desk.get_by_role("row", name="Autumn")).to_contain_text("Write to people")
    check_page(desk, f"messages-{size}-5-cohorts")
    desk.go_back()
    desk.reload()
    assert Message.objects.filter(kind="staff_letter").count() == 5


def test_the_letter_is_shown_as_the_chosen_person_reads_it_and_can_be_changed(
    desk,  # noqa: F811
    academy,  # noqa: F811
    live_server,
):
    desk.goto(f"{live_server.url}/admin/cohorts/{academy.cohort.pk}/messages/write/")
    desk.get_by_label("Subject").fill("News")
    desk.get_by_label("Text").fill("Dear {name}")
    desk.get_by_role("button", name="Preview").click()
    desk.get_by_label("As read by").select_option(label="Bob")
    desk.get_by_role("button", name="Show").click()
    expect(desk.get_by_label("The letter to Bob")).to_contain_text("Dear Bob")
    desk.get_by_role("button", name="Edit").click()
    expect(desk.get_by_label("Text")).to_have_value("Dear {name}")
    desk.get_by_label("Facilitators only").check()
    desk.get_by_role("button", name="Preview").click()
    expect(desk.get_by_role("button", name="Send to 1 person")).to_be_visible()
    tab_to(desk.get_by_role("button", name="Send to 1 person"))
    desk.keyboard.press("Enter")
    expect(desk.get_by_text("1 person gets the letter now.")).to_be_visible()
    assert Message.objects.get().user.name == "Fay"


@pytest.mark.matrix
def test_those_who_have_not_joined_are_written_to_in_four_clicks_from_today(desk, clicks):  # noqa: F811
    item = desk.locator(".desk-need", has_text="have not joined")
    clicks(item.get_by_role("link", name="Open list"))
    clicks(desk.get_by_role("link", name="Write to them"))
    expect(desk.get_by_label("Those who have not joined")).to_be_checked()
    desk.get_by_label("Subject").fill("Do you need help?")
    desk.get_by_label("Text").fill("Answer this letter.")
    clicks(desk.get_by_role("button", name="Preview"))
    clicks(desk.get_by_role("button", name="Send to 2 people"))
    expect(desk.get_by_text("2 people get the letter now.")).to_be_visible()
    assert clicks.count == 4
    letters = Message.objects.filter(kind="staff_letter")
    assert set(letters.values_list("user__name", flat=True)) == {"Ned", "Nora"}
