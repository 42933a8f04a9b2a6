"""The whole way in Chromium: our button, Discord's page, our page; then the set-up on a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from cohorts.models import User
from discordsync.sandbox.oauth.oauth_page import STRANGER
from tests.support.second_factor import code_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("tell"),
]

PHONE = {"width": 360, "height": 740}
DESK = {"width": 1200, "height": 900}


@pytest.fixture
def open_page(browser: Browser, live_server) -> Iterator[Callable[..., Page]]:
    contexts = []

    def open_page(**options) -> Page:
        context = browser.new_context(base_url=live_server.url, **options)
        contexts.append(context)
        page = context.new_page()
        page.goto("/meetings/set-up/")
        return page

    yield open_page
    for context in contexts:
        context.close()


def choose(page: Page, name: str, button: str = "Authorize") -> None:
    page.get_by_role("button", name="with Discord").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Authorize Lens")
    page.get_by_label(name).check()
    page.get_by_role("button", name=button).click()


@pytest.mark.parametrize(
    ("size", "javascript"), [(DESK, True), (PHONE, False)], ids=["desk", "phone without JavaScript"]
)
def test_from_the_page_that_was_asked_for_to_discord_and_back(
    open_page, ada: User, size, javascript
):
    page = open_page(viewport=size, java_script_enabled=javascript)
    heading = page.get_by_role("heading", level=1)
    choose(page, STRANGER["username"])
    expect(heading).to_have_text("No account found")
    choose(page, "ada", "Cancel")
    expect(heading).to_have_text("You cancelled on Discord")
    page.get_by_role("link", name="Other ways to sign in").click()
    choose(page, "ada")
    expect(heading).to_have_text("My meetings")
    page.get_by_role("link", name="Check my set-up").click()
    expect(heading).to_have_text("Check my set-up")
    expect(page.get_by_role("listitem").filter(has_text="Discord account")).to_contain_text(
        "Done Your account is ada."
    )
    box = page.locator("main").bounding_box()
    assert box["x"] + box["width"] <= size["width"]
    page.get_by_role("button", name="Sign out").click()
    expect(heading).to_have_text("Sign in")


def test_a_person_signed_in_by_password_ties_the_account_on_the_set_up_page(open_page, ada: User):
    ada.set_password("a long secret")
    ada.save()
    page = open_page(viewport=PHONE)
    page.get_by_label("E-mail").fill("ada@example.org")
    page.get_by_label("Password").fill("a long secret")
    page.get_by_role("button", name="Sign in", exact=True).click()
    item = page.get_by_role("listitem").filter(has_text="Discord account")
    expect(item).to_contain_text("We do not know your account")
    choose(page, "ada")
    expect(page.get_by_role("heading", level=1)).to_have_text("Check my set-up")
    expect(item).to_contain_text("Your account is ada.")
    ada.refresh_from_db()
    assert ada.discord_id is not None


def test_a_person_whose_account_is_closed_is_signed_out_with_the_next_click(open_page, ada: User):
    page = open_page(viewport=DESK)
    choose(page, "ada")
    expect(page.get_by_role("heading", level=1)).to_have_text("Check my set-up")
    ada.refresh_from_db()
    ada.is_active = False
    ada.save()
    page.get_by_role("link", name="Choose time zone").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    choose(page, "ada")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your account is closed")


def test_a2_staff_set_up_a_second_factor_on_a_phone_and_come_to_what_they_asked_for(
    open_page, settings
):
    settings.REQUIRE_STAFF_MFA = True
    User.objects.create_superuser("olga@example.org", "a long secret", name="Olga")
    page = open_page(viewport=PHONE)
    heading = page.get_by_role("heading", level=1)

    def enter() -> None:
        page.get_by_label("E-mail").fill("olga@example.org")
        page.get_by_label("Password").fill("a long secret")
        page.get_by_role("button", name="Sign in", exact=True).click()

    enter()
    expect(heading).to_have_text("Set up an authenticator app")
    expect(page.locator(".qr svg")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    secret = page.locator("code.key").inner_text()
    page.get_by_label("code").fill(code_of(secret))
    page.get_by_role("button", name="Turn on").click()
    expect(heading).to_have_text("Recovery codes")
    expect(page.locator("ul.codes li")).to_have_count(10)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    recovery_code = page.locator("ul.codes li").first.inner_text()
    page.get_by_role("button", name="Continue to the staff pages").click()
    expect(page.get_by_role("searchbox", name="Search everything")).to_be_visible()

    page.goto("/security/")
    page.get_by_role("link", name="Show devices").click()
    expect(page.get_by_text("This device")).to_be_visible()
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.get_by_role("button", name="Sign out").last.click()
    page.goto("/admin/")
    enter()
    expect(heading).to_have_text("Enter a code")
    page.get_by_label("Code").fill(recovery_code)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("searchbox", name="Search everything")).to_be_visible()
