"""Staff see who has not joined, read the letter to one of them, and remind all or some."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from cohorts import clock
from cohorts.models import AccessState, ActivityEntry, Cohort, Group, User
from cohorts.outbox.models import Message
from cohorts.outbox.rendering.render import render
from cohorts.reconcile.models import ProviderState
from tests.admin.reading import text_of
from tests.support.academy import Academy
from tests.support.accessibility import SIZES, both_sizes, picture

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("without_providers")]


@pytest.fixture
def address(settings) -> str:
    """Alice and Ned have not joined, Bob has, and nobody knows Zoe's address."""
    settings.DISCORD_INVITE_URL = "https://discord.gg/ours"
    academy = Academy(clock.now(), groups="A")
    for n, name in enumerate(("Alice", "Ned", "Bob", "Zoe")):
        person = academy.add_member(name, "A", discord_id=200000000000000000 + n)
        state = "granted" if name == "Bob" else "not_joined"
        AccessState.objects.create(
            user=person, group=academy.groups["A"], provider="discord", state=state
        )
    User.objects.filter(name="Zoe").update(email=None)
    ProviderState.objects.create(provider="discord", last_seen_at=clock.now())
    return f"/admin/discordsync/discordobject/cohorts/{academy.cohort.pk}/not-joined/"


def reminded() -> list[str]:
    rows = Message.objects.filter(kind="join_reminder").order_by("user__name")
    return list(rows.values_list("user__name", flat=True))


def test_all_or_some_are_reminded_once_a_day_after_the_letter_was_shown(staff, address):
    page = staff.get(address).content.decode()
    assert "3 people have not joined" in page
    assert "Bob" not in page
    assert "No e-mail address" in page
    assert (
        address in staff.get(f"/admin/cohorts/{Cohort.objects.get().pk}/people/").content.decode()
    )

    alice = User.objects.get(name="Alice")
    preview = staff.post(address, {"user": [alice.pk]}).content.decode()
    assert "The letter to <bdi>Alice</bdi>" in preview
    assert "1. Join our Discord server: https://discord.gg/ours" in preview
    assert "Stop e-mails" not in preview
    assert 'name="q" value=""' in preview, "the search box does not hold the letter"
    assert reminded() == []
    done = staff.post(address, {"user": [alice.pk], "confirmed": "1"}, follow=True)
    assert "1 person gets a reminder now." in done.content.decode()
    assert reminded() == ["Alice"]

    assert "Remind 2 people" in staff.post(address, {"all": "1"}).content.decode()
    both = {"user": list(User.objects.values_list("pk", flat=True)), "confirmed": "1"}
    assert (
        "1 person gets a reminder now." in staff.post(address, both, follow=True).content.decode()
    )
    assert "reminded today already" in staff.post(address, both, follow=True).content.decode()
    assert reminded() == ["Alice", "Ned"]
    second, first = ActivityEntry.objects.filter(kind="reminded_to_join")
    assert (first.person, second.person) == (alice.pk, User.objects.get(name="Ned").pk)
    assert not second.subjects.exists(), "Alice was reminded once"


def test_staff_edit_the_letter_read_it_as_a_chosen_person_and_send_exactly_that(staff, address):
    shown = staff.post(address, {"all": "1"}).content.decode()
    assert "{group}: {count} before your {meeting} meeting" in shown
    ned, alice = User.objects.get(name="Ned"), User.objects.get(name="Alice")
    letter = "Dear {name}, we miss you\n\n{steps}\n{meetings}"
    said = {"user": [alice.pk, ned.pk], "letter": letter}
    as_ned = staff.post(address, {**said, "person": ned.pk}).content.decode()
    assert "The letter to <bdi>Ned</bdi>" in as_ned
    assert "<strong>Dear Ned, we miss you</strong>" in as_ned

    bad = staff.post(address, {**said, "letter": "Hi {nobody}", "confirmed": "1"}).content.decode()
    assert "{nobody}, which does not exist" in bad
    assert reminded() == []
    staff.post(address, {**said, "confirmed": "1"})
    assert reminded() == ["Alice", "Ned"]
    content = render(Message.objects.get(user=ned), clock.now())
    assert content.subject == "Dear Ned, we miss you"
    assert "1. Join our Discord server: https://discord.gg/ours" in content.text
    assert '/meetings/">' in content.html
    assert "Can't make a week?" not in content.text + content.html


def test_the_letter_that_staff_see_first_says_what_the_usual_one_says(staff, address):
    alice = User.objects.get(name="Alice")
    shown = " ".join(text_of(staff.post(address, {"user": [alice.pk]})).split())
    staff.post(address, {"user": [alice.pk], "letter": "", "confirmed": "1"})
    message = Message.objects.get()
    assert message.context == {}
    usual = render(message, clock.now()).text.partition("\n--\n")[0]
    assert " ".join(usual.split()) in shown


def test_nobody_is_reminded_while_the_server_could_not_be_read(staff, address):
    hours_ago = clock.now() - timedelta(hours=2)
    ProviderState.objects.update(last_seen_at=hours_ago)
    page = staff.get(address).content.decode()
    assert "has not been read for an hour" in page
    assert "Remind all" not in page
    chosen = {"user": [User.objects.get(name="Ned").pk], "confirmed": "1"}
    assert "Nobody was reminded." in staff.post(address, chosen, follow=True).content.decode()
    assert reminded() == []


def test_choosing_nobody_and_an_ended_cohort_say_so(staff, address):
    assert "Choose at least one person" in staff.post(address, {}, follow=True).content.decode()
    Group.objects.update(status="completed")
    assert "Nobody is missing" in staff.get(address).content.decode()


@pytest.mark.browser
@both_sizes
def test_staff_remind_one_person_in_a_browser(size, olgas_page: Page, live_server, address):
    width, height = SIZES[size]
    olgas_page.set_viewport_size({"width": width, "height": height})
    olgas_page.goto(f"{live_server.url}{address}")
    picture(olgas_page, f"{size}-not-joined")
    wide = olgas_page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width
    olgas_page.get_by_label("Remind Ned").check()
    olgas_page.get_by_role("button", name="Remind those chosen").click()
    expect(olgas_page.get_by_text("The letter to Ned")).to_be_visible()
    picture(olgas_page, f"{size}-remind")
    olgas_page.get_by_role("button", name="Send").click()
    expect(olgas_page.get_by_text("1 person gets a reminder now.")).to_be_visible()
    assert reminded() == ["Ned"]


def test_the_list_is_exported_as_it_is_shown(staff, address):
    answer = staff.post(address, {"format": "csv", "all": "1"})
    head, alice, *_ = csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig")))
    assert head[:4] == ["Name", "Group", "What is missing", "First meeting (UTC)"]
    assert alice[:3] == ["Alice", "Group A", "Not in the Discord server"]
    assert reminded() == [], "nobody is reminded"
