"""The tab Messages of a cohort's page: lines by kind, cause and day, with what was not sent."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.test import Client

from cohorts.models import CohortStep, Group, User
from cohorts.outbox.health import parts
from cohorts.outbox.models import Message
from meetings.writing.audience import AudienceKind, choose_members
from meetings.writing.letter_preview import read_preview
from meetings.writing.posting import post_letter
from meetings.writing.staff_letter import join_letter
from tests.lens.desk.test_costs import read_page
from tests.support.academy import Academy
from tests.support.clock import SetClock

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_providers")]

NOW = datetime(2027, 1, 12, 12, tzinfo=UTC)  # a Tuesday; Olga reads in Berlin
HOUR = timedelta(hours=1)
MOST_QUERIES, MOST_BYTES = 20, 150_000


@pytest.fixture
def academy(set_clock: SetClock) -> Academy:
    set_clock(NOW)
    academy = Academy(NOW, groups="AB")
    for name, group in (("Ann", "A"), ("Bea", "A"), ("Cy", "B")):
        academy.add_member(name, group)
    return academy


@pytest.fixture
def add(academy: Academy):
    """Call it to record a message to a person, or to a group's channel."""

    def record(kind: str, name: str = "", group: str = "A", due_at=NOW, **fields) -> Message:
        known = {"state": "sent", "context": {}, "channel": "email" if name else "discord_channel"}
        return Message.objects.create(
            **{
                "key": f"{kind}:{name}:{group}:{due_at}",
                "kind": kind,
                "user": User.objects.get(name=name) if name else None,
                "group": academy.groups[group],
                "due_at": due_at,
                "cutoff_at": due_at + HOUR,
                **known,
                **fields,
            }
        )

    return record


def read_lines(client: Client, academy: Academy, query: str = "") -> list[tuple[str, str, str]]:
    """Return time, message and result of each line, without tags."""
    answer = client.get(f"/admin/cohorts/{academy.cohort.pk}/messages/{query}")
    assert answer.status_code == 200
    rows = answer.content.decode().partition("<tbody>")[2].partition("</tbody>")[0].split("<tr>")
    return [tuple(map(_words, re.findall(r"<td[^>]*>(.*?)</td>", row, re.S))) for row in rows[1:]]


def _words(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def test_messages_of_one_kind_group_and_day_are_one_line_newest_first(staff, academy, add):
    add("reminder", "Ann")
    add("reminder", "Bea", due_at=NOW - HOUR)
    add("reminder", "Cy", group="B")
    add("welcome", due_at=NOW - 2 * HOUR)
    assert read_lines(staff, academy) == [
        ("Tue 12 Jan 2027, 13:00", "Meeting reminder Group A", "2 sent"),
        ("Tue 12 Jan 2027, 13:00", "Meeting reminder Group B", "1 sent"),
        ("Tue 12 Jan 2027, 11:00", "Welcome to the group's channel Group A", "1 sent"),
    ]


def test_the_day_is_the_readers(staff, academy, add):
    """Olga is in Berlin, where 23:30 UTC is the next day."""
    late = NOW.replace(hour=22, minute=30) - timedelta(days=1)
    add("reminder", "Ann", due_at=late)
    add("reminder", "Bea", due_at=late + HOUR)
    assert [line[2] for line in read_lines(staff, academy)] == ["1 sent", "1 sent"]


def test_what_was_not_sent_is_named_with_the_reason_and_what_to_do(staff, academy, add):
    no_address = "This person has no e-mail address. Enter one: it is sent then."
    add("reminder", "Ann")
    add("reminder", "Bea", state="pending", not_sent_reason=no_address, next_try_at=NOW + 9 * HOUR)
    add("reminder", "Cy", group="B", state="expired", not_sent_reason="It could not be sent.")
    page = staff.get(f"/admin/cohorts/{academy.cohort.pk}/messages/").content.decode()
    bea = User.objects.get(name="Bea")
    assert f'<a href="/admin/cohorts/user/{bea.pk}/change/">Enter an address</a>' in page
    first, second = read_lines(staff, academy)
    assert first[2].startswith("1 sent, 1 waiting Bea : This person has no e-mail address.")
    assert second[2] == "1 not sent Cy : It could not be sent."
    failed = Message.objects.get(user__name="Cy")
    assert f'<a href="/admin/outbox/message/{failed.pk}/change/">' in page


def test_people_who_got_nothing_for_one_reason_are_named_together(staff, academy, add):
    for name in ("Ann", "Bea"):
        add("reminder", name, state="expired", not_sent_reason="No worker ran.")
    [line] = read_lines(staff, academy)
    assert line[2] == "2 not sent Ann , Bea : No worker ran."


def test_waiting_and_failed_ones_can_be_shown_alone(staff, academy, add):
    add("reminder", "Ann")
    add("nudge", "Ann", state="pending")
    add("nudge", "Cy", group="B", state="dropped", not_sent_reason="No longer true.")
    assert [line[1] for line in read_lines(staff, academy, "?show=waiting")] == [
        "Request to answer an invitation Group A"
    ]
    assert [line[1] for line in read_lines(staff, academy, "?show=not-sent")] == [
        "Request to answer an invitation Group B"
    ]
    page = staff.get(f"/admin/cohorts/{academy.cohort.pk}/messages/").content.decode()
    assert "Waiting (1)" in page


def test_an_outage_of_the_mail_server_is_said_while_something_waits(staff, academy, add):
    parts.record_failure("email", "The mail server is down.", now=NOW)
    url = f"/admin/cohorts/{academy.cohort.pk}/messages/"
    add("reminder", "Ann")
    assert "Nothing is sent for now" not in staff.get(url).content.decode()
    add("nudge", "Ann", state="pending")
    assert "Nothing is sent for now: The mail server is down." in staff.get(url).content.decode()


def test_a_letter_of_staff_is_one_line_with_its_writer_and_its_audience(staff, academy, olga):
    members = choose_members(academy.cohort.pk, AudienceKind.COHORT)
    letter = join_letter("Room change", "Hi")
    post_letter(
        academy.cohort,
        members,
        letter=letter,
        letter_id="a" * 32,
        audience="everyone in the cohort",
        seen=read_preview(letter, members, NOW).digest,
        seen_readers=frozenset(),
        sender=olga,
        now=NOW,
    )
    ((_, title, result),) = read_lines(staff, academy)
    assert title == "Letter “Room change” from Olga, programme team to everyone in the cohort"
    assert result == "3 waiting"
    page = staff.get(f"/admin/cohorts/{academy.cohort.pk}/messages/").content.decode()
    (url,) = re.findall(r'href="(/admin/outbox/message/\?[^"]+)"', page)
    listed = staff.get(unescape(url)).content.decode()
    assert "3 messages" in listed


def test_a_change_of_the_cohort_is_one_line_and_stays_out_of_other_cohorts(staff, academy, add):
    other = Academy(NOW, groups="X", name="Other")
    for cohort in (academy.cohort, other.cohort):
        step = CohortStep.objects.create(
            cohort=cohort,
            kind="break",
            params={"first": "2027-03-01", "last": "2027-03-07", "drop": False, "also": []},
            asked_at=NOW,
            due_at=NOW,
            state="done",
            record={"until": NOW.isoformat()},
        )
        for name in ("Ann", "Cy"):
            key = f"step:{step.pk}:{name}"
            add("step_letter", name, group="A", key=key, context={"step": step.pk})
    Message.objects.filter(kind="step_letter").update(group=None)
    (line,) = read_lines(staff, academy)
    assert line == ("Tue 12 Jan 2027, 13:00", "Skip weeks 1 March – 7 March", "2 sent")


def test_a_line_leads_to_its_messages(staff, academy, add):
    add("reminder", "Ann")
    add("reminder", "Bea", due_at=NOW - HOUR)
    add("reminder", "Cy", group="B")
    add("nudge", "Ann", due_at=NOW - 3 * HOUR)
    page = staff.get(f"/admin/cohorts/{academy.cohort.pk}/messages/").content.decode()
    (url,) = re.findall(r'href="(/admin/outbox/message/\?[^"]+)"', page)
    assert "2 messages" in staff.get(unescape(url)).content.decode()
    one = Message.objects.get(kind="nudge")
    assert f'href="/admin/outbox/message/{one.pk}/change/">Request to answer an invitation' in page


def test_no_page_number_breaks_it(staff, academy, add):
    add("reminder", "Ann")
    for query in ("?page=0", "?page=-1", "?page=x", "?page=٣", "?page=" + "9" * 30, "?show=x"):
        read_lines(staff, academy, query)


# -- all cohorts ---------------------------------------------------------------------------------


def read_overview(client: Client) -> list[tuple[str, ...]]:
    """Return cohort, sent, waiting and not sent of each open cohort."""
    page = client.get("/admin/messages/").content.decode()
    rows = page.partition("<tbody>")[2].partition("</tbody>")[0].split("<tr>")[1:]
    return [tuple(map(_words, re.findall(r"<td[^>]*>(.*?)</td>", row, re.S)))[:4] for row in rows]


def test_messages_in_the_sidebar_counts_the_last_days_of_each_open_cohort(staff, academy, add):
    Academy(NOW, groups="X", name="Quiet")
    Academy(NOW, groups="Y", name="Past", status="completed", ended_at=NOW)
    add("reminder", "Ann")
    add("reminder", "Bea", state="expired")
    add("nudge", "Ann", state="pending", due_at=NOW - timedelta(days=9))  # still waits
    add("nudge", "Bea", due_at=NOW - timedelta(days=9))
    step = CohortStep.objects.create(
        cohort=academy.cohort, kind="break", asked_at=NOW, due_at=NOW, state="done"
    )
    add("step_letter", "Ann", key="step", context={"step": step.pk})
    Message.objects.filter(key="step").update(group=None)
    assert read_overview(staff) == [
        ("Autumn Course", "2", "1", "1"),
        ("Quiet Course", "0", "0", "0"),
    ]


def test_it_says_that_nothing_is_sent(staff, academy):
    parts.record_failure("email", "The mail server is down.", now=NOW)
    page = staff.get("/admin/messages/").content.decode()
    assert "Nothing is sent for now: The mail server is down." in page


# -- costs ---------------------------------------------------------------------------------------


def fill(academy: Academy, messages: int, groups: int) -> None:
    """A history of these messages, of a kind for each group and day, one in five not sent."""
    for n in range(groups):
        Group.objects.get_or_create(cohort=academy.cohort, name=f"Species number {n}")
    ids = list(academy.cohort.groups.values_list("pk", flat=True))
    people = User.objects.bulk_create(
        User(email=f"p{messages}.{n}@example.org", name=f"Person Number {n}") for n in range(7)
    )
    Message.objects.bulk_create(
        [
            Message(
                key=f"{academy.cohort.pk}:{messages}:{n}",
                kind=("reminder", "nudge", "guest_joins", "meeting_moved")[n % 4],
                channel="email",
                group_id=ids[n // 7 % len(ids)],
                user=people[n % 7],
                state=("sent", "sent", "sent", "expired", "pending")[n % 5],
                not_sent_reason="The mail server rejects the address: 550 no such user here.",
                due_at=NOW - timedelta(hours=n / 20),
                cutoff_at=NOW + HOUR,
                body="Hello " * 50,
            )
            for n in range(messages)
        ],
        batch_size=2000,
    )


def measure(client: Client, academy: Academy, query: str = "") -> tuple[int, int]:
    return measure_page(client, f"/admin/cohorts/{academy.cohort.pk}/messages/{query}")


def measure_page(client: Client, url: str) -> tuple[int, int]:
    """Return the number of queries and the size of the page."""
    queries, page = read_page(client, url)
    return queries, len(page.encode())


@pytest.mark.parametrize("many", [1_000, pytest.param(20_000, marks=pytest.mark.matrix)])
def test_the_page_costs_the_same_with_20000_messages(manager, academy, many):
    fill(academy, 60, 3)
    few, _ = measure(manager, academy)
    fill(academy, many, 48)
    for query in ("", "?page=40", "?show=waiting", "?show=not-sent"):
        queries, size = measure(manager, academy, query)
        assert queries <= few <= MOST_QUERIES
        assert size < MOST_BYTES


def test_messages_in_the_sidebar_costs_the_same_for_many_cohorts(manager, academy):
    few, _ = measure_page(manager, "/admin/messages/")
    for n in range(8):
        fill(Academy(NOW, groups="AB", name=f"Cohort {n}"), 40 + n, 3)
    queries, size = measure_page(manager, "/admin/messages/")
    assert queries <= few <= 12
    assert size < MOST_BYTES
