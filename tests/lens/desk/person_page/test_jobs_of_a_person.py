"""Jobs that begin at a person in the results of the search, with the clicks counted.

Discord is the sandbox's: a role is there once a worker has given it.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group as Role
from django.db import connections
from django.test import Client
from playwright.sync_api import Locator, Page, expect

from cohorts import clock
from cohorts.models import Membership, User
from cohorts.outbox.collecting import collect
from cohorts.outbox.models import Message
from guestvisits.models import GuestVisit
from lens.frame.roles import make_roles
from meetings.models import Attendance
from tests.lens.desk.test_browser import Clicks
from tests.support.accessibility import SIZES, both_sizes, check_page, tab_to
from tests.support.cohort import MadeCohort, add_member, join, make_cohort, realize, work
from tests.support.kept_worlds import BuildOnce

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("only_discord", "no_waiting"),
]


def elsewhere(act: Callable[[], Any]) -> Any:
    """Act in another thread: a browser's loop runs in this one."""

    def run() -> Any:
        try:
            return act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as other:
        return other.submit(run).result()


@pytest.fixture
def made(only_discord: None, sandbox: Any, build_once: BuildOnce) -> MadeCohort:
    """Two groups that are realized. Ana is in the first one; so is Ned, who is not in Discord."""

    def build() -> MadeCohort:
        made = make_cohort(groups=2, members=2)
        User.objects.filter(pk=made.people[1].pk).update(name="Ana")
        join(sandbox, made.people)
        ned = add_member(made.groups[0])
        User.objects.filter(pk=ned.pk).update(name="Ned")
        realize(made)
        work("discord")
        return made.refresh()

    return build_once("two groups with Ana and Ned on Discord", lambda: elsewhere(build))


@pytest.fixture
def found(page: Page, live_server: Any, made: MadeCohort) -> Callable[[str], Page]:
    """Call it with a name: the results of a search by Max, a programme manager."""
    make_roles()
    person = User.objects.create_user("max@example.org", name="Max", is_staff=True)
    person.groups.add(Role.objects.get(name="Programme manager"))
    client = Client()
    client.force_login(person)
    session = client.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])

    def search(name: str) -> Page:
        page.goto(f"{live_server.url}/admin/search/?q={name}")
        return page

    return search


@pytest.fixture
def clicks() -> Clicks:
    return Clicks()


def roles_of(sandbox: Any, name: str) -> set[str]:
    """The names of the roles that a person has in Discord."""
    guild = sandbox.get("state")["discord"]
    member = guild["members"][str(User.objects.get(name=name).discord_id)]
    return {guild["roles"][role]["name"].partition(" (")[0] for role in member["roles"]}


@pytest.mark.matrix
def test_job_7_a_person_is_moved_in_four_clicks(found, made, sandbox, clicks):
    page = found("Ana")
    clicks(page.get_by_role("link", name="Ana", exact=True))
    clicks(page.get_by_role("link", name="Move from Group 1…"))
    clicks(page.get_by_role("button", name="Choose Group 2"))
    clicks(page.get_by_role("button", name="Move", exact=True))
    expect(page.get_by_role("heading", name="Ana", exact=True)).to_be_visible()
    expect(page.get_by_text("Ana moved to Group 2.")).to_be_visible()
    assert clicks.count == 4
    elsewhere(lambda: work("discord"))
    assert roles_of(sandbox, "Ana") == {"Group 2"}
    elsewhere(lambda: collect(None, now=clock.now()))
    assert Message.objects.filter(user__name="Ana", group=made.groups[1]).exists()


@pytest.mark.matrix
def test_job_8_a_membership_is_ended_in_four_clicks(found, made, sandbox, clicks):
    page = found("Ana")
    assert roles_of(sandbox, "Ana") == {"Group 1"}
    clicks(page.get_by_role("link", name="Ana", exact=True))
    clicks(page.get_by_role("link", name="End membership in Group 1…"))
    clicks(page.get_by_label("Dropped"))
    clicks(page.get_by_role("button", name="End membership"))
    expect(page.get_by_text("Not in a group now.")).to_be_visible()
    assert clicks.count == 4
    assert Membership.objects.get(user__name="Ana").status == "dropped"
    elsewhere(lambda: work("discord"))
    assert roles_of(sandbox, "Ana") == set()


@pytest.mark.matrix
def test_job_20_why_someone_cannot_see_a_group_takes_one_click(found, clicks):
    page = found("Ned")
    clicks(page.get_by_role("link", name="Ned", exact=True))
    row = page.get_by_role("row", name="Discord")
    expect(row).to_contain_text("no access")
    expect(row).to_contain_text("Not in the Discord server yet.")
    expect(row).to_contain_text("Ask Ned to join it.")
    expect(row.get_by_role("link", name="Remind…")).to_be_visible()
    assert clicks.count == 1


@pytest.mark.matrix
def test_job_21_someones_messages_take_two_clicks(found, clicks):
    now = clock.now()
    Message.objects.create(
        key="moved",
        kind="meeting_moved",
        channel="email",
        user=User.objects.get(name="Ana"),
        state="sent",
        due_at=now + timedelta(minutes=1),  # the newest
        cutoff_at=now + timedelta(days=1),
        sent_at=now,
        subject="Week 1 has moved",
        body="We meet an hour later.",
    )
    page = found("Ana")
    clicks(page.get_by_role("link", name="Ana", exact=True))
    letter = page.locator(".desk-messages > li").first
    clicks(letter.locator("summary"))
    expect(letter.get_by_text("We meet an hour later.")).to_be_visible()
    expect(letter.locator("summary")).to_contain_text("sent")
    expect(letter.locator("summary")).to_contain_text(f"{now:%Y}")
    assert clicks.count == 2


@pytest.mark.matrix
def test_job_22_a_visit_is_booked_in_four_clicks(found, made, clicks):
    page = found("Ana")
    clicks(page.get_by_role("link", name="Ana", exact=True))
    clicks(page.get_by_role("link", name="Book a visit in place of Group 1, week 1"))
    clicks(page.get_by_role("radio", name="Group 2"))
    clicks(page.get_by_role("button", name="Book visit"))
    expect(page.get_by_text("visits Group 2 instead")).to_be_visible()
    assert clicks.count == 4
    visit = GuestVisit.objects.get(user__name="Ana")
    assert Attendance.objects.get(meeting=visit.host_meeting, user__name="Ana").is_guest


def press(place: Locator, key: str = "Enter") -> None:
    """Walk to a control with the tab key and press a key there."""
    tab_to(place)
    outline = place.evaluate("element => getComputedStyle(element).outlineStyle")
    assert outline != "none", "the focus cannot be seen"
    place.page.keyboard.press(key)


def test_the_jobs_of_a_person_are_done_with_the_keyboard_alone(found, made):
    page = found("Ana")
    press(page.get_by_role("link", name="Ana", exact=True))
    press(page.get_by_role("link", name="Book a visit in place of Group 1, week 1"))
    press(page.get_by_role("radio", name="Group 2"), "Space")
    press(page.get_by_role("button", name="Book visit"))
    expect(page.get_by_text("visits Group 2 instead")).to_be_visible()
    press(page.get_by_role("link", name="Move from Group 1…"))
    press(page.get_by_role("button", name="Choose Group 2"))
    press(page.get_by_role("button", name="Move", exact=True))
    expect(page.get_by_text("Ana moved to Group 2.")).to_be_visible()
    press(page.get_by_role("link", name="End membership in Group 2…"))
    press(page.get_by_label("Dropped"), "Space")
    press(page.get_by_role("button", name="End membership"))
    expect(page.get_by_text("Not in a group now.")).to_be_visible()
    assert GuestVisit.objects.filter(user__name="Ana").exists()
    assert set(Membership.objects.filter(user__name="Ana").values_list("status", flat=True)) == {
        "moved",
        "dropped",
    }


@both_sizes
def test_axe_finds_nothing_on_the_pages_of_a_person_and_a_group(found, made, live_server, size):
    width, height = SIZES[size]
    now = clock.now()
    ned = User.objects.get(name="Ned")
    Message.objects.create(
        key="x",
        kind="reminder",
        channel="email",
        user=ned,
        due_at=now,
        cutoff_at=now,
        not_sent_reason="The mail server was down.",
        subject="S" * 200,
        body="W" * 400,
    )
    User.objects.filter(pk=ned.pk).update(nickname="N" * 80)
    page = found("Ned")
    page.set_viewport_size({"width": width, "height": height})
    page.goto(f"{live_server.url}/admin/people/{ned.pk}/")
    for summary in page.locator("#content summary").all():
        summary.click()
    check_page(page, f"person-{size}")
    page.goto(f"{live_server.url}/groups/{made.groups[0].pk}/")
    check_page(page, f"group-{size}")
    membership = Membership.objects.get(user=ned)
    page.goto(f"{live_server.url}/admin/members/move/?member={membership.pk}")
    check_page(page, f"move-{size}")
