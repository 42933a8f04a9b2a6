"""`make run` as a newcomer meets it: sign in, realize the sample, and look at the result."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.lens.demo.test_run import Demo, start  # noqa: F401 - a fixture
from tests.support.browser import browser_type_launch_args  # noqa: F401 - a fixture

PATIENCE = 90_000  # milliseconds

pytestmark = [pytest.mark.browser, pytest.mark.matrix]


def test_the_sample_is_realized_in_both_worlds_from_the_admin(
    page: Page,
    start: Callable[..., Demo],  # noqa: F811
) -> None:
    demo = start()
    demo.wait_until_ready()
    site, sandbox = f"http://127.0.0.1:{demo.port}", f"http://127.0.0.1:{demo.sandbox_port}"

    page.goto(f"{site}/admin/cohorts/cohort/")
    page.fill("input[name=username]", "admin@example.org")
    page.fill("input[name=password]", "sandbox")
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.locator("input.action-select").first.check()
    page.select_option("select[name=action]", "realize")
    page.click("button[name=index]")
    yes = page.get_by_role("button", name="Realize now")
    expect(yes).to_be_visible(timeout=PATIENCE)
    yes.click()
    expect(page.get_by_text("Done: all 3 groups are in sync.")).to_be_visible(timeout=PATIENCE)

    page.goto(sandbox)
    for name in ("Heron", "Otter", "Wren"):
        expect(page.locator("summary", has_text=f"{name} voice")).to_be_visible()
        expect(page.get_by_text(f"Thinking in Systems - {name}").first).to_be_visible()
