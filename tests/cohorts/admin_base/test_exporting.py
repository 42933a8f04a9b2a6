"""Every list of the admin as a file: the same as the list shows, in the reader's zone."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, date, datetime
from html import unescape
from typing import Any

import pytest
from django.contrib.admin import site
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.formats import date_format
from openpyxl import load_workbook

from cohorts.exports import answering
from cohorts.models import ActivityEntry, Membership, User
from cohorts.outbox.models import Message
from tests.rights.kinds import make_world
from tests.rights.rows import make_rows
from tests.support.academy import Academy
from tests.support.spread import thin

pytestmark = pytest.mark.django_db

FAR = "Asia/Kathmandu"  # no other zone shows the same minutes
LABELS = sorted(model._meta.label_lower for model in site._registry)
CELL = re.compile(r'<(?:td|th) class="field-(\w+)[^"]*">(.*?)</(?:td|th)>', re.S)
HEAD = re.compile(
    r'<th scope="col" class="[^"]*column-(\w+)[^"]*">.*?<div class="text">(.*?)</div>', re.S
)
CLOCK = "clock_offset"  # read again after some seconds; only a sandbox has it
TIME = re.compile(r"\w{3} \d+ \w{3} \d{4}, \d\d:\d\d")


@pytest.fixture
def academy(db: None) -> Academy:
    academy = Academy(datetime.now(UTC).replace(second=0, microsecond=0), groups="AB")
    academy.add_member("Ann", "A")
    academy.add_facilitator("Fay", "A")
    return academy


@pytest.fixture
def staff(db: None) -> Client:
    person = User.objects.create_superuser("olga@example.org", name="Olga", timezone=FAR)
    client = Client()
    client.force_login(person)
    return client


def address(label: str) -> str:
    return f"/admin/{label.replace('.', '/')}/"


def export(client: Client, label: str, query: str = "", kind: str = "csv") -> Any:
    return client.post(f"{address(label)}export/", {"query": query, "format": kind})


def read_csv(answer: Any) -> list[list[str]]:
    assert answer.status_code == 200, answer
    return list(csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig"), newline="")))


def read_xlsx(answer: Any) -> list[list[Any]]:
    assert answer.status_code == 200, answer
    sheet = load_workbook(io.BytesIO(answer.getvalue())).active
    return [[_value_of(cell) for cell in row] for row in sheet.iter_rows()]


def _value_of(cell: Any) -> Any:
    """A date without a time is a midnight in the library's eyes."""
    return cell.value.date() if cell.is_date and "hh" not in cell.number_format else cell.value


def text_of(html: str) -> str:
    """The text of a cell of the list, as a file has it."""
    html = re.sub(r'<img [^>]*alt="(\w+)"[^>]*>', r"\1", html)
    text = " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).replace(";", " ").split())
    return {"True": "Yes", "False": "No", "-": "", "None": ""}.get(text, text)


def shown_by(client: Client, label: str, query: str = "") -> tuple[list[str], list[list[str]]]:
    """The titles and rows of a list of the admin, without columns that have no title."""
    page = client.get(f"{address(label)}?{query}").content.decode()
    titles = {name: text_of(title) for name, title in HEAD.findall(page)}
    titles = {name: title for name, title in titles.items() if title}
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    rows = [dict(CELL.findall(row)) for row in body.split("<tr>")[1:]]
    return list(titles.values()), [[text_of(row[name]) for name in titles] for row in rows]


def as_shown(value: Any) -> str:
    """A value of a workbook as the list shows it."""
    if isinstance(value, datetime):
        return date_format(value, "DATETIME_FORMAT")
    if isinstance(value, date):
        return date_format(value, "DATE_FORMAT")
    if isinstance(value, float):
        return f"{value:.10f}".rstrip("0").rstrip(".")
    return text_of("" if value is None else str(value).removeprefix("'"))


@pytest.fixture
def everything(db: None) -> None:
    """A row in every table of the admin."""
    make_world(Academy(datetime.now(UTC).replace(second=0, microsecond=0)))
    make_rows(LABELS)


def compare(staff: Client, label: str) -> list[Any]:
    """Return how the files differ from the list."""
    titles, rows = shown_by(staff, label)
    book, text = read_xlsx(export(staff, label, kind="xlsx")), read_csv(export(staff, label))
    found = [[as_shown(value) for value in row] for row in book[1:]]
    if label == "cohorts.cohort":  # the list shows the course below the name
        titles = [*titles[:1], "Course", *titles[1:]]
        found, rows = ([sorted(" ".join(row).split()) for row in each] for each in (found, rows))
    pairs = (
        ([title.partition(" (")[0] for title in book[0]], titles),
        (text[0], book[0]),
        (found, rows),
        (len(text), len(rows) + 1),
        (_times_without_zone(book), []),
    )
    return [pair for pair in pairs if pair[0] != pair[1]] if rows else ["nothing to compare"]


def _times_without_zone(book: list[list[Any]]) -> list[Any]:
    return [
        (title, value)
        for row in book[1:]
        for title, value in zip(book[0], row, strict=True)
        if isinstance(value, datetime) or TIME.match(str(value))
        if not title.endswith(f"({FAR})")
    ]


@pytest.mark.usefixtures("everything")
def test_every_list_is_exported_as_it_is_shown(staff: Client) -> None:
    differences = {label: compare(staff, label) for label in LABELS}
    assert {label: found for label, found in differences.items() if found} == {}


def test_the_file_has_what_the_list_is_narrowed_to_in_its_order(
    academy: Academy, staff: Client
) -> None:
    academy.add_member("Zoe", "B")
    academy.add_member("Bea", "B")
    for query in ("o=-1", "q=bea", "role__exact=facilitator", "q=b&o=-1"):
        names = [row[0] for row in shown_by(staff, "cohorts.membership", query)[1]]
        assert [row[0] for row in read_csv(export(staff, "cohorts.membership", query))[1:]] == names
        assert names
    assert export(staff, "cohorts.membership", "user__password=x").status_code == 400


def test_all_pages_of_the_list_are_in_the_file_whichever_is_shown(
    academy: Academy, staff: Client
) -> None:
    User.objects.bulk_create(User(email=f"p{n}@example.org", name=f"P {n:03}") for n in range(230))
    rows = read_csv(export(staff, "cohorts.user", "p=3&_popup=1"))
    assert len(rows) == User.objects.count() + 1
    assert len({row[2] for row in rows}) == len(rows)


def test_times_are_in_the_readers_zone_which_the_head_names(
    academy: Academy, staff: Client
) -> None:
    moment = datetime(2027, 1, 5, 18, 0, tzinfo=UTC)
    Membership.objects.update(joined_at=moment)
    rows = read_csv(export(staff, "cohorts.membership"))
    column = rows[0].index(f"Joined at ({FAR})")
    assert {row[column] for row in rows[1:]} == {"2027-01-05 23:45"}
    book = read_xlsx(export(staff, "cohorts.membership", kind="xlsx"))
    assert book[1][column] == datetime.fromisoformat("2027-01-05 23:45")


def test_the_file_is_named_after_the_list_and_the_day(academy: Academy, staff: Client) -> None:
    answer = export(staff, "cohorts.membership", "q=ann@example.org", "xlsx")
    assert re.fullmatch(
        r'attachment; filename="memberships-\d{4}-\d\d-\d\d\.xlsx"', answer["Content-Disposition"]
    )
    assert answer["Content-Type"].endswith("spreadsheetml.sheet")
    text = export(staff, "cohorts.membership")
    assert text["Content-Type"] == "text/csv; charset=utf-8"


def test_too_many_rows_are_refused_with_a_sentence_and_nothing_is_lost(
    academy: Academy, staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "MOST_ROWS", 1)
    answer = export(staff, "cohorts.membership", "role__exact=participant&q=n")
    assert answer.status_code == 200, "one row is not too many"
    answer = staff.post(
        f"{address('cohorts.membership')}export/", {"query": "o=1", "format": "csv"}, follow=True
    )
    assert "This list has 2 rows, and a file at most 1." in answer.content.decode()
    assert answer.request["QUERY_STRING"] == "o=1", "the list is narrowed as before"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"format": "doc"}, "Choose CSV or XLSX."),
        ({"format": "csv", "query": "joined_at__gte=x"}, "This filter is not possible."),
    ],
)
def test_bad_input_leads_back_to_the_list_with_a_sentence(
    academy: Academy, staff: Client, data: dict[str, str], said: str
) -> None:
    answer = staff.post(f"{address('outbox.message')}export/", data, follow=True)
    assert said in answer.content.decode()


def test_a_zero_byte_in_the_query_is_refused_as_it_is_in_an_address(staff: Client) -> None:
    assert export(staff, "cohorts.cohort", "status__exact=%00").status_code == 400


def test_only_those_who_may_view_a_list_may_export_it_and_by_post(
    academy: Academy, staff: Client
) -> None:
    viewer = User.objects.create_user("vi@example.org", name="Vi", is_staff=True)
    client = Client()
    client.force_login(viewer)
    assert export(client, "cohorts.membership").status_code == 403
    viewer.user_permissions.set(Permission.objects.filter(codename="view_membership"))
    assert export(client, "cohorts.membership").status_code == 200
    assert export(client, "cohorts.user").status_code == 403
    assert client.get(f"{address('cohorts.membership')}export/").status_code == 405


@pytest.mark.usefixtures("everything")
def test_no_file_has_a_secret(staff: Client) -> None:
    titles = {title.lower() for label in LABELS for title in read_csv(export(staff, label))[0]}
    assert len(titles) > 100
    for secret in ("token", "password", "secret", "text", "body", "html", "context", "payload"):
        assert [title for title in titles if secret in title] == []


MANY = ["cohorts.user", "cohorts.membership", "cohorts.group", "meetings.attendance"]


@pytest.mark.parametrize("label", thin([*MANY, "outbox.message"], every=1, always=["cohorts.user"]))
def test_a_file_takes_the_same_queries_for_any_number_of_rows(
    academy: Academy, staff: Client, label: str
) -> None:
    def count_queries() -> int:
        with CaptureQueriesContext(connection) as queries:
            read_csv(export(staff, label))
        return len([one for one in queries.captured_queries if CLOCK not in one["sql"]])

    def add(number: int) -> None:
        person = academy.add_member(f"Person {number}", "B")
        due = {"due_at": academy.now, "cutoff_at": academy.now}
        key = f"test:{number}"
        Message.objects.create(key=key, kind="welcome", channel="email", user=person, **due)

    make_rows([label])
    add(0)
    count_queries()
    before = count_queries()
    for number in range(1, 16):
        add(number)
    assert count_queries() == before


def test_who_exported_what_is_recorded_without_the_names_that_were_searched_for(
    academy: Academy, staff: Client
) -> None:
    ann = User.objects.get(name="Ann")
    export(staff, "cohorts.membership", "role__exact=participant&q=ann", "xlsx")
    export(staff, "outbox.message", f"user__id__exact={ann.pk}")
    export(staff, "outbox.message", kind="doc")
    narrowed, linked = ActivityEntry.objects.filter(kind="exported").order_by("pk")
    assert narrowed.actor == User.objects.get(name="Olga").pk
    assert narrowed.changes == {
        "List": ["", "Memberships"],
        "Rows": ["", "1"],
        "File": ["", "XLSX"],
        "Filters": ["", "Role: Participant; a search"],
    }
    assert linked.changes["Filters"] == ["", "User: chosen by a link"]
