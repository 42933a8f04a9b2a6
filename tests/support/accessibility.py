"""What people with a phone, a keyboard or a screen reader would stumble over on an open page.

    check_page(page, "end-phone-2-preview")     # axe, no scrolling sideways, a picture
    tab_to(page.get_by_role("button", name="End it"))  # by keyboard

axe is given to the page by the browser's debugger, which the page's own policy does not concern.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Locator, Page

SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
# `make test` takes the size at which more goes wrong; the matrix the other.
both_sizes = pytest.mark.parametrize(
    "size", ["phone", pytest.param("desktop", marks=pytest.mark.matrix)]
)
# How wide the window is, and which colours the person prefers.
MODES = {
    "light": ("desktop", "light"),
    "dark": ("desktop", "dark"),
    "phone": ("phone", "light"),
    "dark phone": ("phone", "dark"),
}
GRAVE = "serious", "critical"
# Django's own. Its widget for many choices (SelectFilter2.js) gives an icon a label, and its search
# box is labelled by a picture with the text “Search”, which axe does not count beside a help text.
NOT_OURS = [".selector .help-tooltip", "#searchbar[aria-describedby]"]
# It waits for the scripts of Django's admin. Without `preload`, axe does not fetch the style sheets
# again: only its rule about pages that are locked to portrait or landscape asks for them.
RUN = """async ([left_out, rules]) => {
  if (window.django?.jQuery) await new Promise(done => django.jQuery(() => setTimeout(done)));
  const where = {exclude: left_out.map(each => [each])};
  const only = rules && {runOnly: {type: "rule", values: rules}};
  const found = await axe.run(where, {resultTypes: ["violations"], preload: false, ...only});
  return found.violations.map(each => ({
    id: each.id, impact: each.impact,
    nodes: each.nodes.map(node => [node.html, node.any[0]?.message || each.help]),
  }));
}"""
# What a page in other colours can break; all else was seen in the first ones.
ABOUT_COLOURS = ("color-contrast", "link-in-text-block")
AT_ONCE = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("*, *::before, *::after { transition: none !important }");
  document.adoptedStyleSheets = [sheet];
}"""
# Controls that end outside the box in which they stand, and are cut off there.
CUT_OFF = """() => [...document.querySelectorAll("main :is(input, select, textarea, button)")]
  .filter(each => each.checkVisibility() && !each.closest(".results, .inline-group, .lens-wide"))
  .filter(each => {
    const box = each.closest("fieldset, form, main").getBoundingClientRect();
    return each.getBoundingClientRect().right > Math.min(box.right, innerWidth) + 1;
  })
  .map(each => each.outerHTML.slice(0, 160))"""
# Where pictures of each step are kept, for people to look at; none where it is not set.
PICTURES = os.environ.get("LENS_PICTURES")
MOST_TABS = 150


def show_as(page: Page, mode: str) -> None:
    """Show the page as wide and as dark as a mode says."""
    size, colours = MODES[mode]
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    colour(page, colours)


def colour(page: Page, colours: str) -> None:
    """Show the page in these colours at once: Django's admin fades to them."""
    page.evaluate(AT_ONCE)
    page.emulate_media(color_scheme=colours, reduced_motion="reduce")


def find_violations(
    page: Page, impacts: tuple[str, ...] = GRAVE, rules: tuple[str, ...] = ()
) -> list[str]:
    """Return what axe finds: the rule, the element and what is wrong with it.

    `rules`: those to check, instead of all.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found: list[dict[str, Any]] = page.evaluate(RUN, [NOT_OURS, list(rules) or None])
    return [
        f"{each['id']} ({each['impact']}): {html[:160]} – {message}"
        for each in found
        if each["impact"] in impacts
        for html, message in each["nodes"]
    ]


def check_page(page: Page, name: str) -> None:
    """Check the page at its size, in light and dark, and take a picture of both."""
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0, f"{name} scrolls sideways by {wide} pixels"
    cut_off = page.evaluate(CUT_OFF)
    assert not cut_off, f"{name}: {cut_off}"
    for colours, rules in (("dark", ()), ("light", ABOUT_COLOURS)):
        colour(page, colours)
        picture(page, f"{name}-{colours}")
        found = find_violations(page, rules=rules)
        assert not found, f"{name}, {colours}: {'; '.join(found)}"


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def tab_to(wanted: Locator) -> None:
    """Press Tab until the element has the focus."""
    for _ in range(MOST_TABS):
        wanted.page.keyboard.press("Tab")
        if wanted.evaluate("each => each === document.activeElement"):
            return
    raise AssertionError(f"{wanted} is not reached by Tab")
