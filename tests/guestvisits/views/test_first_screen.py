"""What a phone shows before scrolling: the next meeting of a learner, the week of a facilitator."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from cohorts.models import AccessState, User
from discordsync.models import DiscordObject
from guestvisits.services.booking import book_visit
from guestvisits.substitutes.services import name_substitute, request_substitute
from meetings.models import Attendance, Meeting
from tests.support.accessibility import SIZES, check_page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDTH, HEIGHT = SIZES["phone"]
ANSWERS = ["I'll come", "Maybe", "I can't"]


@pytest.fixture
def open_phone(
    browser: Browser, live_server, sign_in: Callable[[BrowserContext, User], None]
) -> Iterator[Callable[..., Page]]:
    contexts = []

    def open_phone(user: User, path: str, *, javascript: bool = True) -> Page:
        context = browser.new_context(
            base_url=live_server.url,
            viewport={"width": WIDTH, "height": HEIGHT},
            timezone_id="America/New_York",  # another zone than the person's, so it is offered
            java_script_enabled=javascript,
        )
        contexts.append(context)
        sign_in(context, user)
        page = context.new_page()
        page.goto(path)
        return page

    yield open_phone
    for context in contexts:
        context.close()


@pytest.fixture
def channels(academy) -> None:
    for n, group in enumerate(academy.groups.values()):
        DiscordObject.objects.create(
            cohort=academy.cohort,
            group=group,
            kind="voice_channel",
            key=f"voice-{n}",
            outside_id=300000000000000000 + n,
        )


@pytest.fixture
def alice(academy, channels) -> User:
    """Nothing of her set-up is done, and one facilitator's long name stands on each page."""
    return academy.add_member("Alice", "A", timezone="America/Argentina/ComodRivadavia")


both = pytest.mark.parametrize("javascript", [True, pytest.param(False, marks=pytest.mark.matrix)])


def is_on_first_screen(wanted: Locator) -> bool:
    expect(wanted).to_be_visible()
    box = wanted.bounding_box()
    return box is not None and box["y"] >= 0 and box["y"] + box["height"] <= HEIGHT


def check_first_screen(page: Page, *names: str) -> None:
    below = [
        name
        for name in names
        if not is_on_first_screen(page.get_by_role("button", name=name).first)
    ]
    assert not below, f"below the first screen: {below}"


@both
def test_a_learner_sees_the_next_meeting_and_what_is_missing(open_phone, alice, javascript):
    page = open_phone(alice, "/meetings/", javascript=javascript)
    next_one = page.get_by_role("region", name="Next meeting: in 3 days")
    expect(next_one.get_by_role("article", name="Week 1: Group A")).to_be_visible()
    check_first_screen(page, "Open the voice channel of Group A", *ANSWERS)
    assert is_on_first_screen(page.get_by_role("link", name="Check my set-up"))
    assert is_on_first_screen(page.get_by_text("Your set-up needs"))
    expect(page.get_by_role("article", name="Week 2: Group A")).to_be_hidden()
    page.get_by_role("heading", name="Upcoming meetings").click()
    expect(page.get_by_role("article", name="Week 2: Group A")).to_be_visible()
    if javascript:
        check_page(page, "learner-1-next")


@pytest.mark.matrix
@both
def test_cannot_leads_to_the_other_groups_at_once(open_phone, academy, alice, javascript):
    page = open_phone(alice, "/meetings/", javascript=javascript)
    page.get_by_role("button", name="I can't").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Another group's meeting in week 1")
    expect(page.get_by_role("status")).to_contain_text("Your answer is saved: you can't come.")
    assert is_on_first_screen(page.get_by_role("button", name="Join this meeting as a guest").first)
    assert Attendance.objects.get().rsvp == "not_attending"


@pytest.mark.matrix
@both
def test_a_running_meeting_begins_with_the_channel(open_phone, academy, alice, now, javascript):
    running = Meeting.objects.filter(pk=academy.meeting("A").pk)
    running.update(starts_at=now - timedelta(minutes=20))
    alice.timezone = "Europe/Berlin"
    alice.save()
    page = open_phone(alice, "/meetings/", javascript=javascript)
    expect(page.get_by_role("heading", name="Now, until ")).to_be_visible()
    channel = page.get_by_role("button", name="Open the voice channel of Group A")
    assert is_on_first_screen(channel)
    when = page.get_by_role("article", name="Week 1: Group A").locator("time")
    assert channel.bounding_box()["y"] < when.bounding_box()["y"]


@pytest.mark.matrix
@both
def test_a_visit_is_the_next_meeting_with_all_of_it(open_phone, academy, alice, now, javascript):
    book_visit(
        alice.pk,
        home_meeting_id=academy.meeting("A").pk,
        host_meeting_id=academy.meeting("B").pk,
        now=now,
    )
    page = open_phone(alice, "/meetings/", javascript=javascript)
    expect(page.get_by_role("article", name="Week 1 with Group B you are a guest")).to_be_visible()
    check_first_screen(page, "Open the voice channel of Group B", *ANSWERS)
    if javascript:
        check_page(page, "learner-2-visit")


@pytest.mark.matrix
@both
def test_an_answer_in_a_folded_list_leads_back_to_its_meeting(open_phone, alice, javascript):
    page = open_phone(alice, "/meetings/", javascript=javascript)
    page.get_by_role("heading", name="Upcoming meetings").click()
    week = page.get_by_role("article", name="Week 4: Group A")
    week.get_by_role("button", name="I'll come").click()
    expect(week).to_contain_text("You're coming.")
    assert is_on_first_screen(week.get_by_role("heading"))


@both
def test_a_facilitator_sees_this_week_and_last_week(open_phone, academy, channels, now, javascript):
    bob = academy.add_facilitator("Bob", "B")
    for number in range(8):
        member = academy.add_member(f"Person with a name {number}", "B")
        Attendance.objects.create(meeting=academy.meeting("B"), user=member, checked_in_at=now)
    Meeting.objects.filter(pk=academy.meeting("B").pk).update(starts_at=now - timedelta(days=4))
    Meeting.objects.filter(pk=academy.meeting("B", 2).pk).update(starts_at=now + timedelta(days=3))
    page = open_phone(bob, "/groups/", javascript=javascript)
    week = page.get_by_role("article", name="Group B, week 2: in 3 days")
    check_first_screen(page, "Open the voice channel of Group B")
    for name in ("I can't lead this meeting", "Move"):
        assert is_on_first_screen(week.get_by_role("link", name=name, exact=True))
    last = page.get_by_role("article", name="Group B, week 1")
    expect(last).to_contain_text("There: Person with a name 0, Person with a name 1")
    assert is_on_first_screen(last.get_by_role("link", name="Correct attendance"))
    week.get_by_text("9 no answer").click()
    expect(week.get_by_text("No answer: Bob (facilitator), Person with a name 0")).to_be_visible()
    if javascript:
        check_page(page, "facilitator-1-week")
    last.get_by_role("link", name="Correct attendance").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Group B")
    assert is_on_first_screen(page.locator("#week-1 h3"))


@pytest.mark.matrix
@both
def test_a_substitute_sees_the_meeting_that_they_lead(
    open_phone, academy, channels, now, javascript
):
    bob = academy.add_facilitator("Bob", "A")
    zoe = academy.add_facilitator("Zoe", "C", discord_id=200000000000000001)
    AccessState.objects.create(
        user=zoe, group=academy.groups["C"], provider="discord", state="granted"
    )
    made = request_substitute(academy.meeting("A").pk, bob.pk, now=now)
    name_substitute(made.pk, zoe.pk, by=bob.pk, now=now)
    page = open_phone(zoe, "/meetings/", javascript=javascript)
    led = page.get_by_role("article", name="Week 1: Group A you substitute")
    assert is_on_first_screen(led)
    check_first_screen(page, "Open the voice channel of Group A", "See who is coming")
