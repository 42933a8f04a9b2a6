"""Staff book and cancel for someone, also against a rule, which is then written down."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from cohorts.models import ActivityEntry, User
from guestvisits.models import GuestVisit
from guestvisits.services.booking import book_visit
from meetings.models import Meeting
from tests.support.moves import cancel_meeting

pytestmark = pytest.mark.django_db

LIST = "/admin/guestvisits/guestvisit/"
ADD = f"{LIST}add/"


@pytest.fixture
def alice(academy):
    return academy.add_member("Alice", "A")


@pytest.fixture
def sam(db) -> User:
    return User.objects.create_superuser("sam@example.org", name="Sam")


@pytest.fixture
def client(sam) -> Client:
    client = Client()
    client.force_login(sam)
    return client


@pytest.fixture
def visit(academy, alice, now):
    return book_visit(
        alice.pk,
        home_meeting_id=academy.meeting("A").pk,
        host_meeting_id=academy.meeting("B").pk,
        now=now,
    )


def choose(client: Client, academy, alice, host: str = "B", why: str = ""):
    """The three steps: who, in place of which meeting, where instead."""
    step = client.post(ADD, {"person": alice.pk}).headers["Location"]
    step = client.post(step, {"home": academy.meeting("A").pk}).headers["Location"]
    assert step == f"{ADD}?person={alice.pk}&home={academy.meeting('A').pk}"
    form = {"host": academy.meeting(host).pk, "why": why}
    return client.post(step, form, follow=True)


def test_someone_without_a_group_has_no_meeting_to_miss_and_staff_are_led_back(
    client, academy, sam
):
    page = f"/admin/people/{sam.pk}/"
    answer = client.get(ADD, {"person": sam.pk, "next": page}, follow=True)
    assert answer.redirect_chain == [(page, 302)]
    assert "Sam is in no group with a meeting to miss." in answer.content.decode()


def test_staff_book_for_someone_in_three_steps(client, academy, alice, sam):
    assert "Alice" in client.get(ADD).content.decode()
    page = client.get(f"{ADD}?person={alice.pk}").content.decode()
    assert f"Group A — {academy.cohort}, week 1" in page
    assert "Group B" not in page
    answer = choose(client, academy, alice)
    assert "Visit booked: Alice at Group B, week 1." in answer.content.decode()
    visit = GuestVisit.objects.get()
    assert (visit.user, visit.booked_by, visit.overruled) == (alice, sam, "")


def test_what_is_not_open_is_shown_with_the_reason_and_needs_one_to_overrule(
    client, academy, alice, sam
):
    academy.cohort.guest_seats = 0
    academy.cohort.save()
    page = client.get(f"{ADD}?person={alice.pk}&home={academy.meeting('A').pk}").content.decode()
    assert "not open: This meeting is full" in page
    answer = choose(client, academy, alice)
    assert "This meeting is full: it takes at most 0 guests." in answer.content.decode()
    assert not GuestVisit.objects.exists()
    choose(client, academy, alice, why="Her flight was moved")
    visit = GuestVisit.objects.get()
    assert (visit.overruled, visit.overruled_why) == ("host_full", "Her flight was moved")
    assert visit.booked_by == sam
    entry = ActivityEntry.objects.get()
    assert (entry.actor, entry.reason) == (sam.pk, "Her flight was moved")
    page = client.get(f"{LIST}{visit.pk}/change/").content.decode()
    assert "Her flight was moved" in page
    assert "host full" in page


def test_some_rules_no_one_overrules(client, academy, alice, now):
    cancel_meeting(academy.meeting("B").pk, now=now)
    answer = choose(client, academy, alice, why="please")
    assert "This meeting is cancelled." in answer.content.decode()
    assert not GuestVisit.objects.exists()


def test_a_meeting_that_is_not_on_the_page_cannot_be_chosen(client, academy, alice):
    answer = choose(client, academy, alice, host="A", why="please")
    assert answer.status_code == 200
    assert "Select a valid choice" in answer.content.decode()
    assert not GuestVisit.objects.exists()


@pytest.mark.parametrize("query", ["?person=x", "?person=0", f"?person={10**40}", "?person=٣"])
def test_an_id_that_is_none_asks_again(client, query):
    answer = client.get(f"{ADD}{query}")
    assert answer.status_code == 200
    assert "Who will visit another group?" in answer.content.decode()


def test_a_meeting_of_others_is_refused(client, academy, alice):
    answer = client.get(f"{ADD}?person={alice.pk}&home={academy.meeting('B').pk}", follow=True)
    assert "There is no such meeting" in answer.content.decode()


def test_staff_cancel_for_someone(client, visit, sam):
    page = client.get(f"{LIST}{visit.pk}/change/").content.decode()
    assert f"{LIST}{visit.pk}/cancel/" in page
    assert client.get(f"{LIST}{visit.pk}/cancel/").status_code == 200
    answer = client.post(f"{LIST}{visit.pk}/cancel/", {"why": "She asked by mail"}, follow=True)
    assert "Visit cancelled: " in answer.content.decode()
    visit.refresh_from_db()
    assert (visit.end_reason, visit.ended_by) == ("cancelled_by_staff", sam)
    assert visit.ended_why == "She asked by mail"
    page = client.get(f"{LIST}{visit.pk}/change/").content.decode()
    assert f"{LIST}{visit.pk}/cancel/" not in page


def test_after_the_start_staff_need_a_reason_for_cancelling(client, visit, now):
    Meeting.objects.filter(pk=visit.host_meeting_id).update(starts_at=now - timedelta(minutes=5))
    answer = client.post(f"{LIST}{visit.pk}/cancel/", {"why": ""}, follow=True)
    assert "too late to cancel" in answer.content.decode()
    client.post(f"{LIST}{visit.pk}/cancel/", {"why": "Left at once"}, follow=True)
    visit.refresh_from_db()
    assert visit.ended_why == "Left at once"


def test_visits_are_read_and_never_edited_or_deleted(client, visit):
    page = client.get(LIST).content.decode()
    assert "Group B, week 1" in page
    assert "booked" in page
    client.post(f"{LIST}{visit.pk}/change/", {"end_reason": "over"})
    visit.refresh_from_db()
    assert visit.is_open
    assert client.post(f"{LIST}{visit.pk}/delete/", {"post": "yes"}).status_code == 403
    assert GuestVisit.objects.count() == 1


@pytest.mark.parametrize(
    ("permissions", "adds", "cancels"),
    [
        ([], 403, 403),
        (["view_guestvisit"], 403, 403),
        (["view_guestvisit", "add_guestvisit"], 200, 403),
        (["view_guestvisit", "change_guestvisit"], 403, 200),
    ],
)
def test_staff_do_what_they_may(visit, permissions, adds, cancels):
    tina = User.objects.create_user("tina@example.org", name="Tina", is_staff=True)
    tina.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(tina)
    assert client.get(ADD).status_code == adds
    assert client.get(f"{LIST}{visit.pk}/cancel/").status_code == cancels
    if cancels == 403:
        assert client.post(f"{LIST}{visit.pk}/cancel/", {"why": "x"}).status_code == 403
    visit.refresh_from_db()
    assert visit.is_open


def test_learners_do_not_enter(alice, visit):
    client = Client()
    client.force_login(alice)
    for address in (LIST, ADD, f"{LIST}{visit.pk}/cancel/"):
        assert client.get(address).status_code == 302
