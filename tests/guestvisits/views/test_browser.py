"""The pages in Chromium: with and without JavaScript, by keyboard, on a phone."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from cohorts.models import AccessState, User
from guestvisits.models import GuestVisit
from guestvisits.services.booking import book_visit
from meetings.models import Meeting
from tests.support.academy import Academy
from tests.support.accessibility import check_page
from tests.support.moves import cancel_meeting

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

AS_GUEST = "Week 1 with Group B you are a guest"  # the title of the visit
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1200, "height": 900}


@pytest.fixture
def alice(academy: Academy) -> User:
    academy.add_facilitator("Bob", "B")
    return academy.add_member("Alice", "A", timezone="Europe/Berlin")


@pytest.fixture
def open_as(
    browser: Browser, live_server, sign_in: Callable[[BrowserContext, User], None]
) -> Iterator[Callable[..., Page]]:
    """Open a page as someone. What the console reports, as a broken policy, fails the test."""
    contexts, errors = [], []

    def open_as(user: User, path: str = "/meetings/", **options) -> Page:
        options = {"viewport": DESK, "timezone_id": "Europe/Berlin", **options}
        context = browser.new_context(base_url=live_server.url, **options)
        contexts.append(context)
        sign_in(context, user)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if said.type == "error" else 0)
        page.goto(path)
        return page

    yield open_as
    for context in contexts:
        context.close()
    assert errors == []


def visit_from_the_page(page: Page) -> None:
    page.get_by_role("button", name="I can't").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Another group's meeting in week 1")
    page.get_by_role("button", name="Join this meeting").first.click()
    expect(page.get_by_role("status")).to_contain_text("You're visiting Group B in week 1.")


@pytest.mark.parametrize("javascript", [True, pytest.param(False, marks=pytest.mark.matrix)])
@pytest.mark.parametrize("size", [pytest.param(DESK, marks=pytest.mark.matrix), PHONE])
def test_two_clicks_make_a_visit_and_one_ends_it(open_as, alice, javascript, size):
    page = open_as(alice, java_script_enabled=javascript, viewport=size)
    visit_from_the_page(page)
    assert GuestVisit.objects.get().is_open
    page.get_by_role("button", name="Cancel visit").click()
    expect(page.get_by_role("status")).to_contain_text("Your visit to Group B is cancelled.")
    assert GuestVisit.objects.get().end_reason == "cancelled"
    expect(page.get_by_text("you are a guest")).to_have_count(0)


def test_with_javascript_no_page_is_reloaded(open_as, alice):
    page = open_as(alice)
    page.evaluate("window.sameDocument = true")
    visit_from_the_page(page)
    expect(page).to_have_url(re.compile("/meetings/$"))
    expect(page).to_have_title("My meetings · Lens")
    page.get_by_role("link", name="Change the time zone").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Time zone")
    page.get_by_label("Another time zone").select_option("Asia/Tokyo")
    page.get_by_role("button", name="Use this time zone").click()
    expect(page.get_by_role("status")).to_contain_text("Times are now shown in Asia/Tokyo.")
    page.go_back()
    page.go_forward()
    expect(page.get_by_role("heading", level=1)).to_have_text("My meetings")
    assert page.evaluate("window.sameDocument") is True


def test_what_happens_outside_is_shown_automatically_until_it_is_finished(open_as, academy, alice):
    page = open_as(alice)
    visit_from_the_page(page)
    visit = page.get_by_role("article", name=AS_GUEST)
    expect(visit).to_contain_text("Discord: being set up")
    expect(visit).to_contain_text("Google Calendar: being set up")
    for mirror in ("discord", "calendar"):
        AccessState.objects.create(
            user=alice, group=academy.groups["B"], provider=mirror, state="granted"
        )
    expect(visit).to_contain_text("Discord: ready", timeout=10_000)
    expect(visit).to_contain_text("Google Calendar: ready")
    expect(page.locator("[hx-trigger]")).to_have_count(0)


@pytest.mark.matrix
def test_a_visit_that_has_just_ended_shows_what_is_left(open_as, academy, alice, now):
    page = open_as(alice)
    visit_from_the_page(page)
    cancel_meeting(academy.meeting("B").pk, now=now)
    expect(page.get_by_text("Your visit to Group B has ended")).to_be_visible(timeout=10_000)
    page.get_by_role("button", name="See other groups", exact=True).click()
    expect(page.get_by_text("This meeting is cancelled.")).to_be_visible()
    expect(page.get_by_role("button", name="Join this meeting")).to_have_count(1)


@pytest.mark.matrix
def test_a_refusal_at_the_last_moment_is_shown_and_focused(open_as, academy, alice, now):
    page = open_as(alice)
    page.get_by_role("button", name="I can't").first.click()
    join = page.get_by_role("button", name="Join this meeting").first
    expect(join).to_be_visible()
    cancel_meeting(academy.meeting("B").pk, now=now)
    join.click()
    alert = page.get_by_role("alert")
    expect(alert).to_have_text("This meeting is cancelled.")
    expect(alert).to_be_focused()


def test_by_keyboard_alone(open_as, alice):
    page = open_as(alice)

    def tab_to(name: str) -> None:
        focused = []
        for _ in range(40):
            page.keyboard.press("Tab")
            # Without a focus the body is active, and it contains every name.
            active = (
                "document.activeElement === document.body ? '' : document.activeElement.innerText"
            )
            focused.append(page.evaluate(active))
            if name in focused[-1]:
                return
        raise AssertionError(f"{name} is not reached by Tab, but {focused}")

    def expect_notice(text: str) -> None:
        """Wait for the new page as a whole: its heading is seen before its focus is set."""
        notice = page.get_by_role("status").filter(has_text=text)
        expect(notice).to_be_focused()

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to main content")).to_be_focused()
    tab_to("I can't")
    page.keyboard.press("Enter")
    expect_notice("Your answer is saved: you can't come.")
    tab_to("Join this meeting")
    page.keyboard.press("Enter")
    expect_notice("You're visiting Group B in week 1.")
    tab_to("Cancel visit")
    page.keyboard.press("Space")
    expect_notice("is cancelled")


@pytest.mark.matrix
def test_what_a_screen_reader_announces(open_as, academy, alice, now):
    book_visit(
        alice.pk,
        home_meeting_id=academy.meeting("A").pk,
        host_meeting_id=academy.meeting("B").pk,
        now=now,
    )
    page = open_as(alice)
    assert page.locator("html").get_attribute("lang") == "en"
    expect(page.get_by_role("main")).to_have_count(1)
    expect(page.get_by_role("navigation", name="Pages")).to_be_visible()
    expect(page.get_by_role("region", name="Next meeting: in")).to_be_visible()
    expect(page.get_by_role("article", name=AS_GUEST)).to_be_visible()
    button = page.get_by_role("button", name="Cancel visit")
    expect(button).to_have_accessible_description(AS_GUEST)
    page.get_by_role("heading", name="Upcoming meetings").click()
    ask = page.get_by_role("link", name="See other groups").first
    expect(ask).to_have_accessible_description("Week 2: Group A")
    levels = page.evaluate(
        "[...document.querySelectorAll('h1,h2,h3')].map(each => Number(each.tagName[1]))"
    )
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("javascript", [True, pytest.param(False, marks=pytest.mark.matrix)])
def test_nothing_is_cut_off_on_a_phone(open_as, academy, alice, now, javascript):
    alice.nickname = "Alexandra-Wilhelmina of the Long-Named Family"
    alice.timezone = "America/Argentina/ComodRivadavia"
    alice.save()
    academy.groups[
        "B"
    ].name = "A group whose name is about as long as the eighty characters allowed"
    academy.groups["B"].save()
    visit = book_visit(
        alice.pk,
        home_meeting_id=academy.meeting("A").pk,
        host_meeting_id=academy.meeting("B").pk,
        now=now,
    )
    bob = User.objects.get(name="Bob")
    group = f"/groups/{visit.host_meeting.group_id}/"
    for user, path in [
        (alice, "/meetings/"),
        (alice, f"/meetings/{academy.meeting('A', 2).pk}/alternatives/"),
        (alice, "/meetings/zone/"),
        (alice, "/meetings/messages/"),
        (bob, "/groups/"),
        (bob, group),
        (bob, f"{group}slot/"),
        (bob, f"{group}meetings/{visit.host_meeting_id}/reschedule/"),
        (bob, f"{group}meetings/{visit.host_meeting_id}/cancel/"),  # with all that would follow
    ]:
        page = open_as(user, path, viewport=PHONE, java_script_enabled=javascript)
        size = page.locator("html").bounding_box()
        main = page.locator("main").bounding_box()
        assert size["width"] <= PHONE["width"]
        assert main["x"] + main["width"] <= PHONE["width"]
        if javascript:
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.matrix
def test_the_zone_of_the_device_is_offered_where_it_is_another(open_as, academy, alice):
    page = open_as(alice, timezone_id="America/New_York")
    page.get_by_role("button", name="Use this device's time zone: America/New_York").click()
    expect(page.get_by_role("status")).to_contain_text("Times are now shown in America/New_York.")
    expect(page.get_by_role("button", name="Use this device's time zone")).to_have_count(0)
    alice.refresh_from_db()
    assert alice.timezone == "America/New_York"


@pytest.mark.matrix
def test_without_javascript_the_zone_is_chosen_from_a_list(open_as, alice):
    page = open_as(alice, java_script_enabled=False, timezone_id="America/New_York")
    expect(page.get_by_role("button", name="Use this device's time zone")).to_have_count(0)
    page.get_by_role("link", name="Change the time zone").click()
    page.get_by_label("Another time zone").select_option("Pacific/Auckland")
    page.get_by_role("button", name="Use this time zone").click()
    expect(page.get_by_role("status")).to_contain_text("Times are now shown in Pacific/Auckland.")


@pytest.mark.matrix
def test_a_session_that_ended_leads_to_signing_in_and_back(open_as, alice):
    page = open_as(alice)
    page.context.clear_cookies()
    page.get_by_role("link", name="See other groups").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.get_by_role("button", name="Alice").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("My meetings")


def test_signing_in_and_out(live_server, browser, alice):
    alice.set_password("a long secret")
    alice.save()
    context = browser.new_context(base_url=live_server.url)
    page = context.new_page()
    page.goto("/")
    page.get_by_label("E-mail").fill("Alice@Example.org")
    page.get_by_label("Password").fill("a long secret")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("My meetings")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.goto("/meetings/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    context.close()


@pytest.mark.matrix
def test_a_facilitator_finds_who_comes(open_as, academy, alice, now: datetime):
    book_visit(
        alice.pk,
        home_meeting_id=academy.meeting("A").pk,
        host_meeting_id=academy.meeting("B").pk,
        now=now,
    )
    page = open_as(User.objects.get(name="Bob"))
    page.get_by_role("link", name="My groups").click()
    expect(page.get_by_text("1 no answer · 1 guest")).to_be_visible()
    page.get_by_role("link", name="Group B", exact=True).click()
    week = page.get_by_role("article", name="Week 1")
    expect(week.get_by_role("row", name="Alice guest from Group A attending")).to_be_visible()


@pytest.mark.matrix
def test_times_across_a_clock_change_are_those_of_the_wall(open_as, academy, alice):
    # The last Sunday of October: clocks of Berlin go back.
    before = datetime.fromisoformat("2027-10-25T17:00+00:00")
    for number, moment in ((1, before), (2, before + timedelta(days=7, hours=1))):
        Meeting.objects.filter(pk=academy.meeting("A", number).pk).update(starts_at=moment)
    page = open_as(alice)
    page.get_by_role("heading", name="Upcoming meetings").click()
    expect(page.get_by_text("Monday 25 October 2027, 19:00")).to_be_visible()
    expect(page.get_by_text("Monday 1 November 2027, 19:00")).to_be_visible()


def test_the_page_to_try_the_api_works_without_the_internet(open_as, alice, live_server):
    asked = []
    page = open_as(alice, "/meetings/")
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/api/docs/")
    expect(page.get_by_text("List meetings that I could visit instead")).to_be_visible(
        timeout=20_000
    )
    mine = page.locator("#operations-users-users_me_meetings_retrieve")
    mine.get_by_role("button", name="GET").first.click()
    mine.get_by_role("button", name="Try it out").click()
    mine.get_by_role("button", name="Execute").click()
    expect(mine.locator(".live-responses-table")).to_contain_text('"group_name": "Group A"')
    assert [url for url in asked if not url.startswith((live_server.url, "data:"))] == []


@pytest.mark.parametrize(
    "viewport",
    [pytest.param(DESK, id="desktop", marks=pytest.mark.matrix), pytest.param(PHONE, id="phone")],
)
def test_a_substitute_is_found_by_one_click_each(academy, open_as, viewport):
    bob = academy.add_facilitator("Bob", "B")
    carl = academy.add_facilitator("Carl", "C", discord_id=200000000000000007)
    AccessState.objects.create(
        user=carl, group=academy.groups["C"], provider="discord", state="granted"
    )
    Meeting.objects.filter(group=academy.groups["B"]).update(
        starts_at=academy.now.replace(hour=12) + timedelta(days=2)
    )
    page = open_as(bob, viewport=viewport)
    size = f"substitute-{viewport['width']}"
    page.get_by_role("link", name="I can't lead").first.click()
    check_page(page, f"{size}-1-ask")
    page.get_by_role("button", name="Find a substitute").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Substitute for Group B")
    check_page(page, f"{size}-2-searching")
    other = open_as(carl, viewport=viewport)
    check_page(other, f"{size}-3-offered")
    other.get_by_role("button", name="Answer").click()
    check_page(other, f"{size}-4-answer")
    other.get_by_role("button", name="I'll lead").click()
    expect(other.get_by_role("heading", level=1)).to_have_text("You lead Group B")
    check_page(other, f"{size}-5-leads")
