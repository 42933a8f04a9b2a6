"""`/meetings/` without JavaScript: every link and form, and what the page says when."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils.html import strip_tags

from cohorts.models import AccessState, Group, User
from cohorts.services.memberships import end_membership
from guestvisits.models import GuestVisit
from guestvisits.services.booking import book_visit
from guestvisits.services.updating import update_all_visits
from meetings.models import Attendance, Meeting
from tests.support.moves import cancel_meeting, move_meeting

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(academy):
    return academy.add_member("Alice", "A", timezone="Asia/Kolkata")


@pytest.fixture
def client(alice) -> Client:
    client = Client()
    client.force_login(alice)
    return client


@pytest.fixture
def book(academy, alice, now):
    def book(host="B", week=1) -> GuestVisit:
        return book_visit(
            alice.pk,
            home_meeting_id=academy.meeting("A", week).pk,
            host_meeting_id=academy.meeting(host, week).pk,
            now=now,
        )

    return book


def text(answer) -> str:
    """What a person reads: no tags, no doubled spaces."""
    main = answer.content.decode().split("<main", 1)[1]
    return re.sub(r"\s+", " ", strip_tags(main)).replace("&#x27;", "'").replace("\xa0", " ")


def section(answer, name: str) -> str:
    page = text(answer)
    headings = ["Next meeting", "Upcoming meetings", "Past meetings", "Past visits", "Settings"]
    start = page.index(name)
    ends = [page.find(each, start + len(name)) for each in headings]
    return page[start : min((end for end in ends if end > 0), default=len(page))]


def test_meetings_are_shown_in_the_persons_own_zone_the_next_one_first(client, academy):
    answer = client.get("/meetings/")
    for week, part in ((1, "Next meeting"), (2, "Upcoming meetings")):
        local = academy.meeting("A", week).starts_at + timedelta(hours=5, minutes=30)
        page = section(answer, part)
        assert f"{local:%A} {local.day} {local:%B}, {local:%H:%M}" in page
        assert "Asia/Kolkata" in page
    assert section(answer, "Next meeting").count("Are you coming?") == 1
    assert section(answer, "Upcoming meetings").count("Are you coming?") == 3


def test_a_meeting_over_midnight_names_both_days(client, academy):
    night = academy.meeting("A").starts_at.replace(hour=18, minute=0)
    Meeting.objects.filter(pk=academy.meeting("A").pk).update(starts_at=night)
    local = night + timedelta(hours=5, minutes=30)
    after = local + timedelta(hours=1)
    page = text(client.get("/meetings/"))
    assert f"{local.day} {local:%B}, 23:30 – {after:%A} {after.day} {after:%B}, 00:30" in page


def test_two_clicks_lead_from_cannot_attend_to_a_visit(client, academy, alice):
    home, host = academy.meeting("A"), academy.meeting("B")
    page = client.get("/meetings/").content.decode()
    link = f"/meetings/{home.pk}/alternatives/"
    assert link in page
    answer = client.post(f"/meetings/{home.pk}/answer/", {"rsvp": "not_attending"}, follow=True)
    assert answer.redirect_chain == [(link, 302)]
    assert "Your answer is saved: you can't come." in text(answer)
    assert "Join this meeting as a guest" in text(answer)
    answer = client.post(f"/meetings/{home.pk}/visit/", {"host": host.pk}, follow=True)
    assert answer.redirect_chain == [("/meetings/", 302)]
    assert GuestVisit.objects.get().host_meeting == host
    assert "You're visiting Group B in week 1." in text(answer)
    assert "Week 1 with Group B you are a guest" in section(answer, "Next meeting")
    assert "You're visiting Group B instead" in section(answer, "Upcoming meetings")
    assert text(answer).count("Are you coming?") == 3


def test_alternatives_name_facilitators_seats_and_reasons(client, academy, now):
    academy.cohort.guest_seats = 1
    academy.cohort.save()
    academy.add_facilitator("Bob", "B")
    academy.add_facilitator("Zoe", "B")
    cancel_meeting(academy.meeting("C").pk, now=now)
    page = text(client.get(f"/meetings/{academy.meeting('A').pk}/alternatives/"))
    assert "Facilitated by Bob and Zoe · 1 seat left" in page
    assert "This meeting is cancelled." in page
    assert page.index("You can join") < page.index("Bob") < page.index("You can't join")
    assert page.count("Join this meeting") == 1


def test_a_week_without_other_groups_says_so(client, academy):
    Group.objects.exclude(pk=academy.groups["A"].pk).update(weekday=None, start_time=None)
    Meeting.objects.filter(number=1).exclude(group=academy.groups["A"]).delete()
    page = text(client.get(f"/meetings/{academy.meeting('A').pk}/alternatives/"))
    assert "No other group of Autumn has a meeting in week 1." in page


def test_a_reason_about_the_guest_is_given_once(client, academy, book):
    book()
    page = text(client.get(f"/meetings/{academy.meeting('A').pk}/alternatives/"))
    assert page.count("You are already visiting another group this week.") == 1
    assert "Join this meeting" not in page


def test_a_refusal_at_the_last_moment_is_shown_with_what_is_left(client, academy, now):
    cancel_meeting(academy.meeting("B").pk, now=now)
    home, host = academy.meeting("A"), academy.meeting("B")
    answer = client.post(f"/meetings/{home.pk}/visit/", {"host": host.pk}, follow=True)
    assert answer.redirect_chain == [(f"/meetings/{home.pk}/alternatives/", 302)]
    assert text(answer).count("This meeting is cancelled.") == 2
    assert "Group C" in text(answer)
    assert not GuestVisit.objects.exists()


@pytest.mark.parametrize("host", ["", "x", "-1", "1.0", "٣", "9" * 30, "9" * 5000, "1000000000"])
def test_a_host_that_is_none_is_not_found(client, academy, host):
    answer = client.post(f"/meetings/{academy.meeting('A').pk}/visit/", {"host": host})
    assert answer.status_code == 404


def test_cancelling_a_visit(client, book):
    visit = book()
    answer = client.post(f"/meetings/{visit.host_meeting_id}/visit/cancel/", follow=True)
    assert "Your visit to Group B is cancelled." in text(answer)
    assert "you are a guest" not in text(answer)
    assert "Week 1: Group A" in section(answer, "Next meeting")
    again = client.post(f"/meetings/{visit.host_meeting_id}/visit/cancel/")
    assert again.status_code == 404


def test_a_visit_that_has_begun_cannot_be_cancelled(client, academy, book, now):
    visit = book()
    Meeting.objects.filter(pk=visit.host_meeting_id).update(starts_at=now - timedelta(minutes=5))
    assert "Cancel visit" not in text(client.get("/meetings/"))
    answer = client.post(f"/meetings/{visit.host_meeting_id}/visit/cancel/", follow=True)
    assert "The meeting has already started, so it is too late to cancel." in text(answer)


def test_a_guest_who_declined_in_the_calendar_is_asked_whether_to_cancel(client, book, alice, now):
    visit = book()
    answer = Attendance.objects.filter(meeting=visit.host_meeting, user=alice)
    answer.update(rsvp="tentative", rsvp_at=now)
    assert "stays booked" not in text(client.get("/meetings/"))
    answer.update(rsvp="not_attending", rsvp_at=now)
    page = section(client.get("/meetings/"), "Next meeting")
    assert "The visit stays booked until you cancel it." in page
    assert "Cancel visit" in page


def test_past_visits_are_listed_and_say_until_when_access_lasts(client, book, now):
    visit = book()
    assert "Past visits" not in text(client.get("/meetings/"))
    yesterday = now - timedelta(days=1)
    Meeting.objects.filter(pk=visit.host_meeting_id).update(starts_at=yesterday)
    page = section(client.get("/meetings/"), "Past visits")
    assert "Week 1 with Group B" in page
    assert "Access to the group's channels ends" in page
    GuestVisit.objects.update(ended_at=now, end_reason="over")
    page = section(client.get("/meetings/"), "Past visits")
    assert "Week 1 with Group B" in page
    assert "Access" not in page


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            lambda meeting, now: move_meeting(
                meeting.pk, starts_at=meeting.starts_at + timedelta(hours=1), now=now
            ),
            "the host meeting was moved",
        ),
        (lambda meeting, now: cancel_meeting(meeting.pk, now=now), "was cancelled"),
    ],
)
def test_a_guest_whose_visit_ended_is_notified_and_offered_what_is_left(
    client, academy, book, now, change, reason
):
    book()
    change(academy.meeting("B"), now)
    update_all_visits(now)
    page = section(client.get("/meetings/"), "Next meeting")
    assert "Your visit to Group B has ended" in page
    assert reason in page
    assert "See other groups" in page
    book("C")
    page = text(client.get("/meetings/"))
    assert "has ended" not in page
    assert "You're visiting Group C instead" in page


def test_a_cancelled_meeting_of_the_own_group_says_so_and_offers_others(client, academy, now):
    cancel_meeting(academy.meeting("A").pk, now=now)
    page = section(client.get("/meetings/"), "Next meeting")
    assert page.index("Week 2: Group A") < page.index("Changes Week 1: Group A cancelled")
    assert "Visit another group this week" in page


def test_a_facilitator_is_not_offered_to_stay_away(academy):
    bob = academy.add_facilitator("Bob", "A")
    client = Client()
    client.force_login(bob)
    page = text(client.get("/meetings/"))
    assert page.count("you facilitate") == 4
    assert "another group" not in page
    assert "See other groups" not in page
    assert "See who is coming" in page


# -- live state ----------------------------------------------------------------------------------


def report(alice, group, **states) -> None:
    AccessState.objects.all().delete()
    for mirror, state in states.items():
        AccessState.objects.create(user=alice, group=group, provider=mirror, state=state)


def progress(client, visit):
    return client.get(f"/meetings/visits/{visit.pk}/progress/")


def test_before_anything_is_reported_both_are_on_their_way(client, book):
    book()
    page = section(client.get("/meetings/"), "Next meeting")
    assert "Discord: being set up" in page
    assert "Google Calendar: being set up" in page


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("granted", "ready"),
        ("not_joined", "waiting for you to join"),
        ("no_address", "we do not have your account"),
        ("withheld", "waiting for staff. You do not need to do anything."),
        ("failed", "We will try again"),
    ],
)
def test_the_page_polls_until_everything_is_finished(client, academy, alice, book, state, words):
    visit = book()
    group = academy.groups["B"]
    report(alice, group, discord="pending", calendar="granted")
    answer = progress(client, visit)
    assert "every 2s" in answer.content.decode()
    report(alice, group, discord=state, calendar="granted")
    answer = progress(client, visit)
    assert "hx-trigger" not in answer.content.decode()
    assert words in answer.content.decode()


def test_access_that_ended_with_an_earlier_visit_is_not_taken_for_this_one(
    client, academy, alice, book
):
    visit = book()
    report(alice, academy.groups["B"], discord="ended", calendar="granted")
    assert "Discord:</strong> being set up" in progress(client, visit).content.decode()


def test_before_the_window_the_page_says_when_access_begins_and_does_not_ask(
    client, academy, alice, book
):
    visit = book(week=2)
    report(alice, academy.groups["B"], calendar="granted")
    answer = progress(client, visit).content.decode()
    assert "Access to the group's channels begins" in answer.replace("&#x27;", "'")
    assert "Discord" not in answer
    assert "hx-trigger" not in answer


def test_before_the_window_the_page_asks_for_the_invitation_alone(client, book):
    answer = progress(client, book(week=2)).content.decode()
    assert "Google Calendar:</strong> being set up" in answer
    assert "Discord" not in answer
    assert "every 2s" in answer


def test_one_who_is_not_in_the_server_is_shown_the_way_in(client, academy, alice, book, settings):
    settings.DISCORD_INVITE_URL = "https://discord.example/join"
    report(alice, academy.groups["B"], discord="not_joined", calendar="granted")
    assert "https://discord.example/join" in progress(client, book()).content.decode()


def test_a_part_that_asks_for_an_ended_visit_is_sent_to_the_page(client, book, now):
    visit = book()
    GuestVisit.objects.update(ended_at=now, end_reason="host_moved")
    assert '"/meetings/"' in progress(client, visit).headers["HX-Location"]


def test_a_part_that_asks_signed_out_sends_the_whole_page_to_sign_in(book):
    answer = Client().get(f"/meetings/visits/{book().pk}/progress/", headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == "/sign-in/"


def test_a_form_sent_signed_out_changes_nothing_says_so_and_leads_back_to_its_page(academy):
    client = Client(headers={"Referer": "http://testserver/meetings/?week=2"})
    ended = f"/meetings/{academy.meeting('B').pk}/visit/cancel/"
    part = client.post(ended, headers={"HX-Request": "true"})
    assert part.headers["HX-Redirect"] == "/sign-in/?next=/meetings/%3Fweek%3D2"
    page = client.post(ended, follow=True)
    assert page.redirect_chain == [("/sign-in/?next=/meetings/%3Fweek%3D2", 302)]
    assert "You were signed out, so nothing was changed." in page.content.decode()


# -- why there is nothing ------------------------------------------------------------------------


def empty(client) -> str:
    return section(client.get("/meetings/"), "Upcoming meetings")


def test_without_a_group_the_page_says_why_it_is_empty(academy):
    client = Client()
    client.force_login(academy.add_person("Nora"))
    assert "You are not in a group yet." in empty(client)


def test_after_leaving_the_page_says_why_it_is_empty(client, alice, now):
    end_membership(alice.memberships.get().pk, status="dropped", now=now)
    assert "You are no longer a member of Group A" in empty(client)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"set_up_at": None}, "Group A is still being set up."),
        ({"status": "completed"}, "Group A has ended."),
        ({"weekday": None, "start_time": None}, "Group A has no weekly time yet."),
        ({}, "All meetings of Group A are over."),
    ],
)
def test_a_group_without_meetings_to_come_says_why(client, academy, facts, words):
    Group.objects.filter(pk=academy.groups["A"].pk).update(**facts)
    Attendance.objects.all().delete()
    Meeting.objects.filter(group=academy.groups["A"]).update(
        starts_at=academy.now - timedelta(days=30)
    )
    assert words in empty(client)


# -- the zone ------------------------------------------------------------------------------------


def test_the_zone_can_be_changed(client, alice):
    assert 'value="Asia/Kolkata" selected' in client.get("/meetings/zone/").content.decode()
    answer = client.post("/meetings/zone/", {"zone": "America/New_York"}, follow=True)
    assert "Times are shown in America/New_York" in text(answer)
    alice.refresh_from_db()
    assert alice.timezone == "America/New_York"
    page = client.get("/meetings/zone/").content.decode()
    assert 'value="UTC"' in page
    assert not re.search('value="(Factory|EST5EDT|Etc/.*)"', page)  # which say nothing to people
    User.objects.update(timezone="CET")  # from a roster
    assert 'value="CET" selected' in client.get("/meetings/zone/").content.decode()


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../etc", "x" * 100_000, "\x00"])
def test_a_zone_that_is_none_is_refused(client, alice, zone):
    assert client.post("/meetings/zone/", {"zone": zone}).status_code == 400
    alice.refresh_from_db()
    assert alice.timezone == "Asia/Kolkata"
