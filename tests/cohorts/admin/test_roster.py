"""A roster brought in from the admin, as staff do it: without JavaScript."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from cohorts import clock
from cohorts.models import ActivityEntry, Cohort, Course, Group, Membership, User
from cohorts.roster.file.decoding import MAX_BYTES
from cohorts.roster.importing import RosterRefused, import_roster
from cohorts.roster.waiting.tasks import import_waiting
from meetings.models import Meeting
from tests.support.roster import make_academy, make_file, make_line

pytestmark = pytest.mark.django_db

UPLOAD = "/admin/cohorts/cohort/roster/"


def sign_in(*permissions: str, is_staff: bool = True) -> Client:
    person = User.objects.create_user("staff@example.org", name="Staff", is_staff=is_staff)
    person.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    # With CSRF checks: the pages must carry their tokens.
    client = Client(enforce_csrf_checks=True)
    client.force_login(person)
    return client


@pytest.fixture
def staff() -> Client:
    return sign_in("change_cohort", "view_cohort")


class Page:
    """What a browser shows, and what its forms send."""

    def __init__(self, client: Client, response) -> None:
        self.client, self.response = client, response
        self.path = response.redirect_chain[-1][0] if response.redirect_chain else ""
        self.text = response.content.decode()

    def _hidden(self, name: str) -> str:
        found = re.search(rf'name="{name}" value="([^"]+)"', self.text)
        return found[1] if found else ""

    def send(self, path: str, **fields) -> "Page":
        fields["csrfmiddlewaretoken"] = self._hidden("csrfmiddlewaretoken")
        return Page(self.client, self.client.post(path, fields, follow=True))

    def upload(self, text: str | bytes) -> "Page":
        data = text.encode() if isinstance(text, str) else text
        return self.send(UPLOAD, file=SimpleUploadedFile("winter.csv", data))

    def confirm(self, **ticked: str) -> "Page":
        hidden = {name: self._hidden(name) for name in ("confirmed", "terms")}
        return self.send(self.path, **hidden, **ticked)


def row(line: int | str, column: str, sentence: str = "") -> str:
    """Return how the page lists a problem, with the beginning of its sentence."""
    return f'<td data-label="Line">{line}</td><td data-label="Column">{column}</td><td>{sentence}'


def visit(client: Client, path: str = UPLOAD) -> Page:
    return Page(client, client.get(path, follow=True))


def test_the_list_of_cohorts_leads_to_the_import(staff):
    assert f'href="{UPLOAD}"' in visit(staff, reverse("admin:cohorts_cohort_changelist")).text


def test_upload_preview_confirm(staff):
    preview = visit(staff).upload(make_file(make_line("Alice"), make_line("Bob", 2)))
    assert "1 new course, 1 new cohort, 1 new group, 2 new people, 2 people join." in preview.text
    assert "<dt>Join</dt><dd>Alice, Bob</dd>" in preview.text
    assert not Course.objects.exists()

    done = preview.confirm()
    cohort = Cohort.objects.get()
    assert done.path == reverse("admin:cohorts_cohort_changelist")
    assert f'<a href="/admin/cohorts/cohort/{cohort.pk}/change/">Winter</a>' in done.text
    assert Membership.objects.count() == 2
    entry = ActivityEntry.objects.get()
    assert (entry.kind, entry.cohort) == ("roster_imported", cohort.pk)
    assert "2 people join" in entry.reason


def test_a_large_file_is_left_to_a_worker_and_its_page_shows_the_progress(staff):
    preview = visit(staff).upload(make_academy(51, 10))
    page = preview.confirm()
    assert "510 lines wait for a worker" in page.text
    assert 'http-equiv="refresh"' in page.text
    assert not Course.objects.exists()

    import_waiting()
    done = visit(staff, page.path)
    assert "51 new groups, 510 new people, 510 people join." in done.text
    assert 'http-equiv="refresh"' not in done.text
    assert Membership.objects.count() == 510
    assert "This upload has expired" in visit(staff, preview.path).text


def test_a_large_file_that_no_longer_applies_leads_back_to_its_preview(staff):
    page = visit(staff).upload(make_academy(51, 10)).confirm()
    User.objects.create_user("p7@example.org", name="Person 7")
    import_waiting()
    refused = visit(staff, page.path)
    assert "This cohort was changed by someone else." in refused.text
    [again] = re.findall(r'href="([^"]+)">See the preview again', refused.text)
    assert "509 new people" in visit(staff, again).text


@pytest.mark.parametrize("groups", [1, 51])
def test_an_old_preview_imports_nothing_again_though_its_changes_were_undone(staff, groups):
    """Undone by hand and exactly: the file would change the same again."""
    person = User.objects.create_user("p1@example.org", name="Ada")
    file = make_academy(groups, 10)
    import_roster(file.encode(), now=clock.now())
    User.objects.filter(pk=person.pk).update(name="Ada")
    preview = visit(staff).upload(file)
    preview.confirm()
    import_waiting()
    person.refresh_from_db()
    assert person.name == "Person 1"
    User.objects.filter(pk=person.pk).update(name="Ada")
    preview.confirm()
    import_waiting()
    person.refresh_from_db()
    assert person.name == "Ada"


def test_a_move_is_shown_with_the_day_on_which_the_old_membership_ends(staff):
    visit(staff).upload(make_file(make_line("Alice"))).confirm()
    preview = visit(staff).upload(make_file(make_line("Alice", group="Beta")))
    today = f"{clock.now():%-d %B %Y}"
    assert f"<dt>Move here on {today}</dt><dd>Alice from Alpha</dd>" in preview.text
    assert f"<dt>Leave on {today}</dt><dd>Alice to Beta</dd>" in preview.text


def test_bad_lines_are_listed_and_nothing_can_be_confirmed(staff):
    page = visit(staff).upload(
        make_file(make_line("Alice", slot="Wensday 15:00"), make_line("<b>", 2, email="bob"))
    )
    assert "2 problems." in page.text
    assert row(2, "slot", "“Wensday” is not a weekday. Did you") in page.text
    assert row(3, "email") in page.text
    assert 'name="confirmed"' not in page.text
    page.confirm()
    assert not Course.objects.exists()


# -- accounts that an import leaves alone ----------------------------------------------------------

OTHER_ID = "100000000000000999"


def make_person(kind: str) -> User:
    """The person named in a roster, who has signed in unless they are staff."""
    if kind == "superuser":
        return User.objects.create_superuser(
            "p1@example.org", None, name="Alice", discord_id=100000000000000101
        )
    is_staff = kind.startswith("staff")
    discord_id = None if kind.endswith("without an id") else 100000000000000101
    person = User.objects.create_user(
        "p1@example.org", name="Alice", discord_id=discord_id, is_staff=is_staff
    )
    if not is_staff:
        Client().force_login(person)  # a sign-in, with all that it writes
    return person


def account(person: User) -> tuple[str | None, str, int | None]:
    person.refresh_from_db()
    return person.email, person.name, person.discord_id


@pytest.mark.parametrize(
    ("kind", "column", "text"),
    [
        ("superuser", "discord_id", OTHER_ID),
        ("superuser", "name", "Mallory"),
        ("staff", "discord_id", OTHER_ID),
        ("staff", "name", "Mallory"),
        ("staff without an id", "discord_id", OTHER_ID),
        ("learner who has signed in", "discord_id", OTHER_ID),
        ("learner who has signed in without an id", "discord_id", OTHER_ID),
    ],
)
def test_a1_an_import_takes_over_no_account(staff, kind, column, text):
    person = make_person(kind)
    before = account(person)
    lines = [make_line("Bob", 2), make_line("Alice", discord_id="") | {column: text}]
    page = visit(staff).upload(make_file(*lines))
    assert row(3, column, "p1@example.org") in page.text
    assert 'name="confirmed"' not in page.text
    page.confirm()
    with pytest.raises(RosterRefused) as refused:  # as a script would
        import_roster(make_file(*lines).encode(), now=datetime.now(UTC))
    assert [each.line for each in refused.value.problems] == [3]
    assert account(person) == before
    assert not Membership.objects.exists()


def test_a1_the_memberships_of_staff_and_of_who_signed_in_still_come_from_a_file(staff):
    sam = User.objects.create_user("p1@example.org", name="Sam", is_staff=True)
    bob = User.objects.create_user("p2@example.org", name="Bob")
    Client().force_login(bob)
    visit(staff).upload(
        make_file(
            make_line("Sam", 1, role="facilitator", discord_id=""),
            make_line("Robert", 2, discord_id=""),
        )
    ).confirm()
    assert Membership.objects.get(user=sam).role == "facilitator"
    assert Membership.objects.filter(user=bob).exists()
    assert account(bob) == ("p2@example.org", "Robert", None)


def test_a1_an_empty_id_of_a_learner_who_never_signed_in_is_filled_and_shown(staff):
    alice = User.objects.create_user("p1@example.org", name="Alice")
    preview = visit(staff).upload(make_file(make_line("Alice", discord_id=OTHER_ID)))
    assert f"p1@example.org: Discord ID none → {OTHER_ID}" in preview.text
    preview.confirm()
    assert account(alice) == ("p1@example.org", "Alice", int(OTHER_ID))


def test_c4_a_running_cohort_is_shortened_only_with_a_tick_beside_what_follows(staff):
    visit(staff).upload(make_file(make_line("Alice"))).confirm()
    Group.objects.update(status=Group.Status.ACTIVE, set_up_at=clock.now())
    Cohort.objects.update(start_date=datetime.now(UTC).date() + timedelta(days=7))
    Group.objects.get().save()  # the meetings follow
    preview = visit(staff).upload(
        make_file(make_line("Alice", start_date="", number_of_meetings="2"))
    )
    for words in ("Winter is running: its meetings will change", "Week 3", "Week 4", "is not held"):
        assert words in preview.text
    refused = preview.confirm()
    assert "Winter is running: people in Alpha have invitations" in refused.text
    assert not Meeting.objects.filter(status="cancelled").exists()
    refused.confirm(move_meetings="on")
    assert Meeting.objects.filter(status="cancelled").count() == 2
    assert Cohort.objects.get().number_of_meetings == 2


@pytest.mark.parametrize("address", ["odd@localhost", "odd@[127.0.0.1]"])
def test_b7_a_roster_takes_no_address_without_a_dotted_domain(staff, address):
    page = visit(staff).upload(make_file(make_line("Alice", email=address)))
    assert row(2, "email", "“odd@") in page.text
    page.confirm()
    assert not User.objects.filter(email=address).exists()


def test_the_template_is_offered_opens_in_excel_and_is_not_imported_as_it_is(staff):
    assert f'href="{UPLOAD}template.csv"' in visit(staff).text
    response = staff.get(f"{UPLOAD}template.csv")
    assert response["Content-Disposition"] == 'attachment; filename="roster-template.csv"'
    assert response.content.startswith(b"\xef\xbb\xbfcourse,cohort,")
    page = visit(staff).upload(response.content)
    assert row("2–3", "–", "This line is an example from the template. Delete it.") in page.text
    assert "1 problem." in page.text
    lines = response.content.decode("utf-8-sig").splitlines()
    filled = "\r\n".join(lines).replace("template.example", "example.org")
    assert "2 new people, 2 people join." in page.upload(filled).text


def test_warnings_are_above_the_changes_and_the_file_can_be_imported(staff):
    visit(staff).upload(make_file(make_line("Alice", group="Ginkgo"))).confirm()
    preview = visit(staff).upload(make_file(make_line("Bob", 2, group="Ginko")))
    said = preview.text.index("Line 2: Ginko is new in Winter. Did you mean Ginkgo?")
    assert said < preview.text.index("<summary>Groups")
    preview.confirm()
    assert Group.objects.count() == 2


def test_a_mended_file_can_be_chosen_on_the_same_page(staff):
    page = visit(staff).upload(make_file(make_line("Alice", email="")))
    assert "<dt>Join</dt><dd>Alice</dd>" in page.upload(make_file(make_line("Alice"))).text


def test_the_same_file_again_offers_nothing_to_confirm(staff):
    visit(staff).upload(make_file(make_line("Alice"))).confirm()
    again = visit(staff).upload(make_file(make_line("Alice")))
    assert "No changes: everything is already up to date." in again.text
    assert 'name="confirmed"' not in again.text


def test_what_was_not_shown_is_not_done(staff):
    preview = visit(staff).upload(make_file(make_line("Alice")))
    Course.objects.create(name="Course")
    refused = preview.confirm()
    assert "Nothing was imported" in refused.text
    assert "1 new cohort, 1 new group, 1 new person, 1 person joins." in refused.text
    assert not Cohort.objects.exists()
    refused.confirm()
    assert Cohort.objects.exists()


def test_a_confirmation_without_a_preview_changes_nothing(staff):
    preview = visit(staff).upload(make_file(make_line("Alice")))
    preview.send(preview.path)
    assert not Course.objects.exists()


def test_a_second_click_is_explained_and_does_nothing(staff):
    preview = visit(staff).upload(make_file(make_line("Alice")))
    preview.confirm()
    assert "upload has expired" in preview.confirm().text
    assert Membership.objects.count() == 1


def test_two_windows_do_not_mix(staff):
    first = visit(staff).upload(make_file(make_line("Alice")))
    visit(staff).upload(make_file(make_line("Bob", 2, group="Beta")))
    first.confirm()
    assert list(Group.objects.values_list("name", flat=True)) == ["Alpha"]


def test_one_persons_file_is_not_anothers(staff):
    preview = visit(staff).upload(make_file(make_line("Alice")))
    other = Client()
    other.force_login(User.objects.create_superuser("admin@example.org", name="Admin"))
    assert "upload has expired" in visit(other, preview.path).text


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "empty"),
        (b"x" * (MAX_BYTES + 1), "larger than 2 MB"),
        (b"PK\x03\x04", "workbook"),
        (make_file(make_line()).encode("utf-16-le"), "null bytes"),
        ("Jürgen".encode("latin-1"), "contain the column names"),
    ],
)
def test_a_file_that_is_no_roster_is_reported(staff, data, told):
    page = visit(staff).upload(data)
    assert page.response.status_code == 200
    assert told in page.text


def test_no_file_at_all_is_reported(staff):
    assert "This field is required." in visit(staff).send(UPLOAD).text


def test_a_large_roster_fits(staff):
    page = visit(staff).upload(make_academy(40, 8))
    assert "320 new people" in page.text
    page.confirm()
    assert Membership.objects.count() == 320


@pytest.mark.parametrize("permissions", [[], ["view_cohort"], ["add_cohort", "change_group"]])
def test_who_may_not_change_cohorts_may_not_import(permissions):
    client = sign_in(*permissions)
    assert client.get(UPLOAD).status_code == 403
    assert client.get(f"{UPLOAD}0/").status_code == 403
    if "view_cohort" in permissions:
        assert UPLOAD not in visit(client, reverse("admin:cohorts_cohort_changelist")).text


def test_learners_and_signed_out_visitors_are_sent_to_sign_in():
    for client in (Client(), sign_in("change_cohort", is_staff=False)):
        response = client.get(UPLOAD)
        assert response.status_code == 302
        assert response["Location"].startswith("/admin/login/")


def test_a_post_from_another_site_is_refused(staff):
    file = SimpleUploadedFile("winter.csv", make_file(make_line("Alice")).encode())
    assert staff.post(UPLOAD, {"file": file}).status_code == 403
