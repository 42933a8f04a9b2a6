"""Writing to people of a cohort: who may, what the pages show, and that nothing is sent twice."""

from __future__ import annotations

import re
from functools import partial
from html import unescape

import pytest
from django.contrib.auth.models import Group as Role
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cohorts import clock
from cohorts.models import AccessState, Installation, Membership, User
from cohorts.outbox.models import Message
from cohorts.reconcile.models import ProviderState
from lens.frame.roles import make_roles
from meetings.models import Meeting
from tests.support.academy import Academy

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_providers")]


@pytest.fixture
def academy(db: None) -> Academy:
    """Ann and Ned are in group A, Bo is in group B, Fay leads both; Ned has not joined."""
    academy = Academy(clock.now().replace(minute=0, second=0, microsecond=0), groups="AB")
    academy.add_facilitator("Fay", "A", "B", discord_id=200000000000000000)
    for n, (name, group) in enumerate((("Ann", "A"), ("Ned", "A"), ("Bo", "B")), start=1):
        academy.add_member(name, group, discord_id=200000000000000000 + n)
    for person in User.objects.exclude(discord_id=None):
        AccessState.objects.create(
            user=person,
            group=academy.groups["B" if person.name == "Bo" else "A"],
            provider="discord",
            state="not_joined" if person.name == "Ned" else "granted",
        )
    ProviderState.objects.create(provider="discord", last_seen_at=clock.now())
    return academy


@pytest.fixture
def url(academy: Academy) -> str:
    return f"/admin/cohorts/{academy.cohort.pk}/messages/write/"


def fields_of(html: str) -> dict[str, list[str]]:
    """Return what the page's hidden fields hold."""
    found: dict[str, list[str]] = {}
    for tag in re.findall(r'<input type="hidden"[^>]*>', html):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and name[1] != "csrfmiddlewaretoken":
            found.setdefault(name[1], []).append(unescape(value[1]) if value else "")
    return found


def sign_in_as(role: str) -> Client:
    person = User.objects.create_user(f"{role[:4]}@example.org", name=role, is_staff=True)
    person.groups.add(Role.objects.get(name=role))
    client = Client()
    client.force_login(person)
    return client


def preview(staff: Client, url: str, **data: object) -> str:
    asked = {"do": "preview", "audience": "cohort", "subject": "News", "text": "Hi", **data}
    answer = staff.post(url, asked)
    assert answer.status_code == 200, answer.content.decode()
    return answer.content.decode()


def test_the_form_offers_each_audience_with_its_people_and_groups_with_their_slots(staff, url):
    page = staff.get(url).content.decode()
    for text in (
        "Everyone in the cohort (4 people)",
        "Facilitators only (1 person)",
        "Those who have not joined the Discord server (1 person)",
    ):
        assert text in page
    assert re.search(r"Group A, \w{3} \d\d:00 \(UTC\), 3 people", page)
    assert "Some people" not in page


def test_a_link_chooses_the_audience(staff, url, academy):
    bo = User.objects.get(name="Bo")
    page = staff.get(f"{url}?people={bo.pk}&people=987654&people=junk").content.decode()
    assert re.search(rf'name="people" value="{bo.pk}"[^>]* checked', page)
    assert re.search(r'value="people"[^>]* checked', page)
    assert "1 of the people is not in this cohort and is left out." in page
    page = staff.get(f"{url}?audience=not_joined").content.decode()
    assert re.search(r'value="not_joined"[^>]* checked', page)
    group = academy.groups["B"].pk
    page = staff.get(f"{url}?groups={group}").content.decode()
    assert re.search(rf'name="groups" value="{group}"[^>]* checked', page)


def test_the_last_of_the_people_of_a_link_can_be_unticked_and_ticked_again(staff, url):
    bo = User.objects.get(name="Bo")
    form = {"do": "preview", "audience": "people", "subject": "News", "text": "Hi"}
    answer = staff.post(f"{url}?people={bo.pk}", form)
    assert answer.status_code == 400
    page = answer.content.decode()
    assert "Choose at least one person." in page
    assert f'name="people" value="{bo.pk}"' in page
    assert not re.search(rf'name="people" value="{bo.pk}"[^>]* checked', page)
    page = staff.post(f"{url}?people={bo.pk}", {**form, "people": bo.pk}).content.decode()
    assert "Send to 1 person" in page


@pytest.mark.parametrize(
    ("data", "names"),
    [
        ({}, {"Ann", "Bo", "Fay", "Ned"}),
        ({"audience": "groups", "groups": "B"}, {"Bo", "Fay"}),
        pytest.param({"audience": "facilitators"}, {"Fay"}, marks=pytest.mark.matrix),
        pytest.param({"audience": "not_joined"}, {"Ned"}, marks=pytest.mark.matrix),
        pytest.param({"audience": "people", "people": "Ann"}, {"Ann"}, marks=pytest.mark.matrix),
    ],
)
def test_what_was_previewed_is_sent_to_the_audience(staff, url, academy, data, names):
    if "groups" in data:
        data = {**data, "groups": academy.groups[data["groups"]].pk}
    if "people" in data:
        data = {**data, "people": User.objects.get(name=data["people"]).pk}
    page = preview(staff, url, **data)
    assert not Message.objects.exists()
    answer = staff.post(url, {**fields_of(page), "do": "send"}, follow=True)
    gets = "1 person gets" if len(names) == 1 else f"{len(names)} people get"
    assert f"{gets} the letter now." in answer.content.decode()
    assert set(Message.objects.values_list("user__name", flat=True)) == names


def test_the_preview_shows_the_letter_as_the_chosen_person_reads_it(staff, url):
    ned = User.objects.get(name="Ned")
    page = preview(staff, url, text="Dear {name} of {group}", reader=ned.pk)
    assert "Dear Ned of Group A" in page
    assert "Olga, programme team" in page
    assert "Stop e-mails" not in page  # its link would act for Ned
    assert "4 people by e-mail" in page


def test_a_second_click_or_a_reload_sends_nothing_twice(staff, url):
    fields = {**fields_of(preview(staff, url)), "do": "send"}
    staff.post(url, fields)
    answer = staff.post(url, fields, follow=True)
    assert "This letter was sent already. It was not sent again." in answer.content.decode()
    assert Message.objects.count() == 4


def test_a_changed_audience_is_shown_again_with_the_difference(staff, url, academy):
    fields = {**fields_of(preview(staff, url)), "do": "send"}
    academy.add_member("Cy", "A")
    answer = staff.post(url, fields)
    page = answer.content.decode()
    assert "Since the preview Cy joined the audience. Nothing was sent." in page
    assert not Message.objects.exists()
    staff.post(url, {**fields_of(page), "do": "send"})
    assert Message.objects.count() == 5


def test_a_chosen_person_who_left_since_the_preview_is_named(staff, url):
    ids = [User.objects.get(name=name).pk for name in ("Ann", "Bo")]
    fields = {**fields_of(preview(staff, url, audience="people", people=ids)), "do": "send"}
    Membership.objects.filter(user__name="Bo").update(status="removed", left_at=clock.now())
    page = staff.post(url, fields).content.decode()
    assert "Since the preview Bo left the audience. Nothing was sent." in page
    staff.post(url, {**fields_of(page), "do": "send"})
    assert Message.objects.get().user.name == "Ann"


def test_another_text_than_the_one_previewed_is_not_sent(staff, url):
    fields = {**fields_of(preview(staff, url)), "do": "send", "text": "Something else"}
    assert "Nothing was sent" in staff.post(url, fields).content.decode()
    assert not Message.objects.exists()


def test_change_returns_to_the_form_with_everything_in_it(staff, url):
    fields = {**fields_of(preview(staff, url, text="My <text>")), "do": "edit"}
    page = staff.post(url, fields).content.decode()
    assert "My &lt;text&gt;</textarea>" in page
    assert fields_of(page)["letter_id"] == fields["letter_id"]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"audience": "groups"}, "Choose at least one group."),
        ({"audience": "somewhere"}, "Select a valid choice."),
        ({"groups": "A"}, "Choose “Some groups” above, or untick the groups."),
        ({"text": "Dear {nmae}"}, "The letter contains {nmae}, which does not exist."),
        ({"text": "{"}, "has no partner"),
        ({"subject": " "}, "This field is required."),
        ({"text": "x" * 5000}, "at most 3800 characters"),
    ],
)
def test_a_mistake_is_named_and_nothing_is_sent(staff, url, academy, data, sentence):
    if "groups" in data:
        data = {**data, "groups": academy.groups[data["groups"]].pk}
    asked = {"do": "send", "audience": "cohort", "subject": "News", "text": "Hi", **data}
    answer = staff.post(url, asked)
    assert answer.status_code == 400
    assert sentence in unescape(answer.content.decode())
    assert not Message.objects.exists()


def test_the_preview_says_that_messages_are_held_and_who_cannot_be_reached(staff, url):
    Installation.objects.ensure(clock.now())
    Installation.objects.update(silenced_at=clock.now())
    User.objects.filter(name="Bo").update(email=None)
    page = preview(staff, url)
    assert "Nothing is sent for now" in page
    assert "1 person cannot be reached" in page
    assert "No e-mail address" in page
    assert "Send to 3 people" in page


def test_an_empty_next_meeting_is_pointed_out_by_name(staff, url, academy):
    Meeting.objects.filter(group=academy.groups["B"]).delete()
    page = preview(staff, url, text="{next_meeting}")
    assert "No meeting is planned for <bdi>Bo</bdi>:" in page  # Fay's other group meets
    assert "No meeting is planned" not in preview(staff, url, text="without it")


def test_hostile_words_are_escaped_on_both_pages(staff, url, academy):
    hostile = "<script>alert(1)</script>"
    User.objects.filter(name="Ann").update(nickname=hostile)
    academy.groups["A"].name = hostile
    academy.groups["A"].save()
    page = preview(staff, url, subject=hostile, text=f"{hostile} {{name}} {{group}}")
    assert hostile not in page
    assert hostile not in staff.get(url).content.decode()
    sent = staff.post(url, {**fields_of(page), "do": "send"}, follow=True).content.decode()
    assert hostile not in sent
    assert "Letter “&lt;script&gt;" in sent


def test_a_person_with_view_rights_sees_the_tab_without_the_button(url, academy):
    make_roles()
    viewer, manager = (sign_in_as(role) for role in ("Viewer", "Programme manager"))
    tab = url.removesuffix("write/")
    assert "Write to people" not in viewer.get(tab).content.decode()
    assert "Write to people" in manager.get(tab).content.decode()
    assert viewer.get(url).status_code == 403
    assert manager.get(url).status_code == 200


def test_form_and_preview_cost_the_same_for_4_and_for_300_people(staff, url, academy):
    preview(staff, url)  # what later requests remember
    few = measure(staff, url)
    people = User.objects.bulk_create(
        User(email=f"p{n}@example.org", name=f"Person Number {n}") for n in range(300)
    )
    Membership.objects.bulk_create(
        Membership(user=person, group=academy.groups["A"], cohort=academy.cohort)
        for person in people
    )
    many = measure(staff, url)
    assert [queries for queries, _ in many] == [queries for queries, _ in few]
    assert max(queries for queries, _ in many) <= 20
    assert max(size for _, size in many) < 150_000


def read(staff: Client, url: str) -> str:
    return staff.get(url).content.decode()


def measure(staff: Client, url: str) -> list[tuple[int, int]]:
    """Return the queries and the size of the form and of the preview."""
    found = []
    for open_page in (partial(read, staff), partial(preview, staff)):
        with CaptureQueriesContext(connection) as queries:
            page = open_page(url)
        counted = [query for query in queries if "clock_offset" not in query["sql"]]
        found.append((len(counted), len(page.encode())))
    return found
