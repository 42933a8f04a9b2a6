"""Jobs of a programme manager from the Today page, in a real browser, with the clicks counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group as Role
from django.test import Client
from playwright.sync_api import Locator, Page, expect

from cohorts import clock
from cohorts.activity.recording import record
from cohorts.models import AccessState, Cohort, CohortStep, Group, Membership, User
from cohorts.outbox.models import Message
from cohorts.reconcile.models import ProviderState
from cohorts.reconcile.provider import provider_admins, providers
from cohorts.steps.tasks import carry_out_due
from lens.frame.roles import make_roles
from meetings.attendance.ledger import read_cohort_records
from meetings.models import Attendance, Meeting
from meetings.rsvps import set_rsvp
from tests.support.academy import Academy
from tests.support.accessibility import SIZES, both_sizes, check_page
from tests.support.in_memory import LinkAdmin, LinkProvider
from tests.support.roster import make_file, make_line

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("without_providers", "everything_alive"),
]


class Clicks:
    """Counts the clicks of one job; typing is free."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, place: Locator) -> None:
        place.click()
        self.count += 1


@pytest.fixture
def clicks() -> Clicks:
    return Clicks()


@pytest.fixture
def academy(transactional_db: None, settings: Any) -> Academy:
    """Group A has Fay, Ann and Bob, who came, and Ned and Nora, who have not joined."""
    settings.DISCORD_INVITE_URL = "https://discord.gg/ours"
    academy = Academy(clock.now().replace(minute=0, second=0, microsecond=0), groups="A")
    academy.add_facilitator("Fay", "A", discord_id=200000000000000000)
    for n, name in enumerate(("Ann", "Bob", "Ned", "Nora"), start=1):
        academy.add_member(name, "A", discord_id=200000000000000000 + n)
    for person in User.objects.exclude(discord_id=None):
        state = "not_joined" if person.name.startswith("N") else "granted"
        AccessState.objects.create(
            user=person, group=academy.groups["A"], provider="discord", state=state
        )
    ProviderState.objects.create(provider="discord", last_seen_at=clock.now())
    for name, rsvp in (("Ann", "attending"), ("Bob", "not_attending")):
        person = User.objects.get(name=name)
        set_rsvp(academy.meeting("A").pk, person.pk, rsvp, now=clock.now())
    return academy


@pytest.fixture
def max_(transactional_db: None) -> Client:
    """Max is a programme manager."""
    make_roles()
    person = User.objects.create_user("max@example.org", name="Max", is_staff=True)
    person.groups.add(Role.objects.get(name="Programme manager"))
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def desk(page: Page, live_server: Any, max_: Client, academy: Academy) -> Page:
    """Max's browser, signed in, at the Today page."""
    session = max_.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page.goto(f"{live_server.url}/admin/today/")
    return page


def row(page: Page, academy: Academy) -> Locator:
    return page.locator(f"#m{academy.meeting('A').pk}")


BAD_FILE = make_file(
    make_line("Ann", 1, timezone="Europe/Berln", role="facilitator"),
    make_line("Bob", 2, timezone="Europe/Berln"),
    make_line("Cleo", 3, timezone="Europe/Berln", email="cleo"),
    make_line("Dan", 4, slot="Wensday 15:00"),
)
GOOD_FILE = make_file(
    make_line("Ann", 1, role="facilitator"),
    make_line("Bob", 2),
    make_line("Cleo", 3),
    make_line("Dan", 4),
)


@both_sizes
def test_job_1_a_file_with_mistakes_is_corrected_and_imported_in_three_clicks(
    desk, live_server, clicks, registered, size, tmp_path
):
    provider = LinkProvider()  # the list of cohorts shows how far each is in each of them
    registered.add(providers, provider)
    registered.add(provider_admins, LinkAdmin(provider))

    def choose(text: str) -> None:
        (tmp_path / "winter.csv").write_text(text)
        with desk.expect_file_chooser() as chooser:
            clicks(desk.get_by_label("CSV file"))
        chooser.value.set_files(tmp_path / "winter.csv")

    width, height = SIZES[size]
    desk.set_viewport_size({"width": width, "height": height})
    desk.goto(f"{live_server.url}/admin/cohorts/cohort/roster/")
    check_page(desk, f"import-{size}-1-upload")
    choose(BAD_FILE)
    rows = desk.locator(".roster tbody tr")
    expect(rows).to_contain_text(
        ["Did you mean Europe/Berlin?", "“cleo” is not", "Did you mean Wednesday?"]
    )
    expect(rows.locator("td:first-child")).to_have_text(["2–4", "4", "5"])
    check_page(desk, f"import-{size}-2-problems")
    choose(GOOD_FILE)
    expect(desk.get_by_text("Facilitator: Ann. 3 participants.")).to_be_visible()
    check_page(desk, f"import-{size}-3-preview")
    clicks(desk.get_by_role("button", name="Import roster"))
    expect(desk.get_by_text("Imported winter.csv")).to_be_visible()
    assert clicks.count == 3
    assert Membership.objects.filter(group__name="Alpha").count() == 4


@pytest.mark.matrix
def test_job_3_who_has_not_joined_takes_one_click(desk, academy, clicks):
    item = desk.locator(".desk-need", has_text="have not joined")
    clicks(item.get_by_role("link", name="Open list"))
    table = desk.locator("table")
    expect(table).to_contain_text("Ned")
    expect(table).to_contain_text("Nora")
    expect(table).to_contain_text("Last reminder")
    assert clicks.count == 1


@pytest.mark.matrix
def test_job_4_they_are_reminded_in_two_clicks(desk, academy, clicks):
    clicks(desk.get_by_role("button", name="Remind 2 people"))
    expect(desk.get_by_role("heading", name="Remind 2 people")).to_be_visible()
    clicks(desk.get_by_role("button", name="Send"))
    expect(desk.get_by_text("2 people get a reminder now.")).to_be_visible()
    assert clicks.count == 2
    assert Message.objects.filter(kind="join_reminder").count() == 2


@pytest.mark.matrix
def test_job_5_this_weeks_people_by_answer_take_one_click(desk, academy, clicks):
    clicks(row(desk, academy).locator("summary"))
    names = row(desk, academy).locator("dl")
    expect(names).to_be_visible()
    expect(names).to_contain_text("Ann")
    expect(names.locator("dt")).to_have_text(["Coming", "Away", "No answer"])
    assert clicks.count == 1


@pytest.mark.matrix
def test_jobs_10_and_11_a_meeting_is_cancelled_and_restored_in_two_clicks_each(
    desk, live_server, academy, clicks
):
    clicks(row(desk, academy).get_by_role("link", name="Cancel"))
    clicks(desk.get_by_role("button", name="Cancel meeting"))
    expect(desk.get_by_text("Done.")).to_be_visible()
    assert clicks.count == 2
    assert academy.meeting("A").status == Meeting.Status.CANCELLED

    desk.goto(f"{live_server.url}/admin/today/")
    clicks(row(desk, academy).get_by_role("link", name="Restore"))
    clicks(desk.get_by_role("button", name="Restore meeting"))
    expect(desk.get_by_text("Done.")).to_be_visible()
    assert clicks.count == 4
    assert academy.meeting("A").status == Meeting.Status.SCHEDULED


def test_job_9_a_meeting_is_moved_in_three_clicks(desk, academy, clicks):
    before = academy.meeting("A").starts_at
    clicks(row(desk, academy).get_by_role("link", name="Move"))
    desk.get_by_label("Length in minutes").fill("90")
    clicks(desk.get_by_role("button", name="Preview changes"))
    clicks(desk.get_by_role("button", name="Move meeting"))
    expect(desk.get_by_text("Done.")).to_be_visible()
    assert clicks.count == 3
    moved = academy.meeting("A")
    assert (moved.starts_at, moved.duration_minutes) == (before, 90)


@pytest.mark.matrix
def test_job_16_a_substitute_is_named_in_three_clicks(desk, academy, clicks):
    other = Academy(clock.now().replace(minute=0, second=0, microsecond=0), groups="D", name="Two")
    other.add_facilitator("Sam", "D", discord_id=200000000000000099)
    Meeting.objects.filter(group=other.groups["D"]).update(
        starts_at=clock.now() - timedelta(days=9)
    )
    Meeting.objects.filter(group=academy.groups["A"], number=1).update(
        starts_at=(clock.now() + timedelta(days=3)).replace(hour=12, minute=0)
    )
    desk.reload()
    clicks(row(desk, academy).get_by_role("link", name="Find a substitute"))
    desk.get_by_label("Substitute").select_option(label="Sam")
    clicks(desk.get_by_role("button", name="Find a substitute"))
    expect(desk.get_by_text("Sam leads Group A, week 1.")).to_be_visible()
    assert clicks.count <= 3


@pytest.mark.matrix
def test_job_17_a_cohort_that_is_over_is_ended_in_two_clicks(desk, academy, clicks):
    weeks = {row.number: row for row in Meeting.objects.filter(group=academy.groups["A"])}
    for number, meeting in weeks.items():
        then = clock.now() - timedelta(days=2 + 7 * (len(weeks) - number))
        Meeting.objects.filter(pk=meeting.pk).update(starts_at=then)
    desk.reload()
    clicks(desk.get_by_role("button", name="End cohort"))
    expect(desk.get_by_role("heading", name="Letter")).to_be_visible()
    clicks(desk.get_by_role("button", name="End it"))
    expect(desk.get_by_text("Until then you can undo it")).to_be_visible()
    assert clicks.count == 2


@pytest.mark.matrix
def test_job_14_a_thin_group_is_merged_in_three_clicks(desk, academy, clicks):
    """Group B has room for the people of A, which is too small from the start on."""
    a = academy.groups["A"]
    academy.groups["B"] = Group.objects.create(
        cohort=academy.cohort,
        name="Group B",
        weekday=a.weekday,
        start_time=a.start_time,
        status=a.status,
        set_up_at=a.set_up_at,
    )
    academy.add_facilitator("Ben", "B")
    for name in ("Bea", "Bo", "Bill", "Bibi", "Basil"):
        academy.add_member(name, "B")
    Cohort.objects.update(smallest_group=5, start_date=clock.now().date() - timedelta(days=1))
    desk.reload()
    clicks(desk.get_by_role("link", name="Merge into…: Group A"))
    desk.get_by_label("Its people join").select_option(str(academy.groups["B"].pk))
    clicks(desk.get_by_role("button", name="Preview"))
    expect(desk.get_by_text("Ann", exact=False).first).to_be_visible()
    clicks(desk.get_by_role("button", name="Merge these groups"))
    expect(desk.get_by_text("Until then you can undo it")).to_be_visible()
    assert clicks.count == 3
    carry_out_due(CohortStep.objects.get().due_at)
    active = Membership.objects.filter(status="active", user__name__in=("Ann", "Bob", "Nora"))
    assert set(active.values_list("group__name", flat=True)) == {"Group B"}
    assert Group.objects.get(name="Group A").status == "merged"


@pytest.fixture
def missed(academy: Academy, desk: Page) -> None:
    """Ann missed the weeks 1 and 2, at which everyone else was."""
    Membership.objects.update(joined_at=clock.now() - timedelta(days=30))
    for week, ago in ((1, timedelta(days=9)), (2, timedelta(days=2))):
        meeting = academy.meeting("A", week)
        meeting.starts_at = clock.now() - ago
        meeting.save()
        for person in User.objects.filter(memberships__group=meeting.group_id):
            was_there = person.name != "Ann"
            row, _ = Attendance.objects.get_or_create(meeting=meeting, user=person)
            row.checked_in_at, row.not_seen = (
                (meeting.starts_at, False) if was_there else (None, True)
            )
            row.save()
    desk.reload()


@pytest.mark.matrix
def test_job_23_who_is_at_risk_and_since_when_takes_one_click(desk, missed, clicks):
    item = desk.locator(".desk-need", has_text="at risk of dropping out")
    clicks(item.get_by_role("link", name="Open the list"))
    people = desk.locator("tbody tr")
    expect(people).to_have_count(1)
    expect(people).to_contain_text(["Ann"])
    expect(people).to_contain_text(["Week 1 and week 2"])
    assert clicks.count == 1


@pytest.mark.matrix
def test_job_24_those_at_risk_are_written_to_in_three_clicks(desk, missed, clicks):
    item = desk.locator(".desk-need", has_text="at risk of dropping out")
    clicks(item.get_by_role("link", name="Write to them"))
    clicks(desk.get_by_role("button", name="Preview"))
    expect(desk.locator(".lens-message")).to_contain_text("Hello Ann,\n\nWe missed you at")
    clicks(desk.get_by_role("button", name="Send to 1 person"))
    expect(desk.get_by_text("1 person gets the letter now.")).to_be_visible()
    assert clicks.count == 3
    assert Message.objects.get(kind="staff_letter").user.name == "Ann"
    desk.goto(desk.url.partition("/admin/")[0] + "/admin/today/")
    expect(desk.get_by_text("at risk of dropping out")).to_have_count(0)


@pytest.mark.matrix
def test_job_25_attendance_of_this_week_is_corrected_in_three_clicks(desk, academy, clicks):
    Membership.objects.update(joined_at=clock.now() - timedelta(days=30))
    # In this zone it is about noon now, so that the meeting was today.
    User.objects.filter(name="Max").update(timezone=f"Etc/GMT{clock.now().hour - 12:+d}")
    meeting = academy.meeting("A")
    Meeting.objects.filter(pk=meeting.pk).update(starts_at=clock.now() - timedelta(hours=2))
    desk.reload()
    clicks(row(desk, academy).get_by_role("link", name="Open"))
    person = desk.locator(f"#week-{meeting.number} tr", has_text="Bob")
    clicks(person.locator("summary"))
    person.get_by_label("Reason").fill("The bot was off")
    clicks(person.get_by_role("button", name="Was there"))
    expect(person).to_contain_text("corrected by Max: The bot was off")
    assert clicks.count == 3
    found = read_cohort_records(academy.cohort.pk, clock.now())
    (bob,) = [record for record in found if record.member.user.name == "Bob"]
    assert bob.count.attended == 1


def test_an_item_is_snoozed_with_the_keyboard(desk, academy):
    item = desk.locator(".desk-need", has_text="have not joined")
    item.get_by_text("Snooze until…").focus()
    desk.keyboard.press("Enter")
    day = (datetime.now(UTC) + timedelta(days=3)).date()
    item.locator("input[type=date]").fill(day.isoformat())
    item.get_by_role("button", name="Snooze").press("Enter")
    expect(desk.get_by_text("Hidden until")).to_be_visible()
    expect(desk.locator(".desk-sentence")).to_contain_text("Everything is fine.")


@both_sizes
def test_axe_finds_nothing_and_the_page_does_not_scroll_sideways(desk, academy, size):
    width, height = SIZES[size]
    desk.set_viewport_size({"width": width, "height": height})
    User.objects.filter(name="Ned").update(nickname="N" * 80)
    desk.reload()
    for summary in desk.locator("summary").all():
        if summary.is_visible():
            summary.click()
    check_page(desk, f"today-{size}")


@pytest.mark.matrix
def test_job_27_who_moved_someone_from_where_to_where_takes_two_clicks(desk, academy, clicks):
    nora, max_ = User.objects.get(name="Nora"), User.objects.get(name="Max")
    group = academy.groups["A"]
    record("member_moved", by=max_, person=nora, group=group, changes={"Group": [group, "Heron"]})
    clicks(desk.locator("table a", has_text=academy.cohort.name))
    clicks(desk.get_by_role("link", name="Activity").last)
    line = desk.locator("tbody tr").first
    expect(line).to_contain_text("Max")
    expect(line).to_contain_text("Nora")
    expect(line).to_contain_text(f"{group} → Heron")
    assert clicks.count == 2
    check_page(desk, "activity")
