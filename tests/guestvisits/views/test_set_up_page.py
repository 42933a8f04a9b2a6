"""“Check my set-up”: what is in place for a person, and what to do about the rest."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from calendarsync.models import CalendarCopy, CalendarSeries
from calendarsync.plan.review import ALL_OVER
from calendarsync.rsvp.not_invited import find_declined
from cohorts.models import AccessState, Group, Membership, User
from cohorts.services.people import change_zone
from discordsync.models import DmChannel
from discordsync.plan.review import UNSEEN
from guestvisits.set_up_status import SetUpStatus, read_set_up

pytestmark = pytest.mark.django_db

ALICE = 200000000000000001
PAGE = "/meetings/set-up/"


@pytest.fixture
def alice(academy) -> User:
    return academy.add_member("Alice", "A", discord_id=ALICE, discord_name="alice")


@pytest.fixture
def report(academy, alice):
    """What a provider says of Alice's access to her group."""

    def report(mirror: str, state: str, reason: str = "") -> None:
        AccessState.objects.update_or_create(
            user=alice,
            group=academy.groups["A"],
            provider=mirror,
            defaults={"state": state, "reason": reason},
        )

    return report


@pytest.fixture
def answer(academy):
    """Google's copy of the group's series, with Alice's answer."""

    def answer(status: str, event_id: str = "lens0group1", generation: int = 1) -> None:
        CalendarSeries.objects.get_or_create(
            group=academy.groups["A"],
            event_id=event_id,
            defaults={"generation": generation, "made_at": timezone.now()},
        )
        attendees = [{"email": "Alice@example.org", "responseStatus": status}]
        CalendarCopy.objects.update_or_create(
            event_id=event_id,
            defaults={
                "base_id": event_id,
                "status": "confirmed",
                "body": {"id": event_id, "attendees": attendees},
            },
        )

    return answer


def line(person: User, title: str):
    person.refresh_from_db()
    [found] = [line for line in read_set_up(person).lines if line.title == title]
    return found


def look(person: User, page: str = PAGE) -> str:
    client = Client()
    client.force_login(person)
    answer = client.get(page)
    assert answer.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def test_everything_in_order(alice, report, answer):
    change_zone(alice.pk, "Europe/Berlin", now=timezone.now())
    report("discord", "granted")
    report("calendar", "granted")
    answer("accepted")
    DmChannel.objects.create(discord_id=ALICE, last_used_at=timezone.now())
    shown = look(User.objects.get(pk=alice.pk))
    assert "Everything is set up." in shown
    for said in (
        "E-mail address Done alice@example.org.",
        "Time zone Done You chose Europe/Berlin.",
        "Discord account Done Your account is alice.",
        "The Discord server Done You have joined.",
        "Group A on Discord Done You have its role and can see its channels.",
        "Direct messages Done The bot can write to you. Choose how messages reach you",
        "Group A in your calendar Done The invitation was sent. You accepted it.",
    ):
        assert said in shown
    assert "Something missing?" in look(alice, "/meetings/")


def test_what_needs_the_person_is_said_on_the_page_of_their_meetings(alice, report):
    report("discord", "not_joined")
    shown = look(alice, "/meetings/")
    assert "Your set-up needs 2 things from you: Time zone, The Discord server." in shown


def test_the_zone_is_a_guess_until_it_is_chosen(alice):
    assert line(alice, "Time zone").status is SetUpStatus.YOURS
    client = Client()
    client.force_login(alice)
    client.post("/meetings/zone/", {"zone": "UTC"})  # the guess was right
    assert line(alice, "Time zone").status is SetUpStatus.FINE


def test_without_an_address_nothing_can_arrive(alice, report):
    User.objects.filter(pk=alice.pk).update(email=None)
    report("calendar", "no_address", "no e-mail address is known")
    assert line(alice, "E-mail address").status is SetUpStatus.YOURS
    assert line(alice, "Group A in your calendar").status is SetUpStatus.COMING


def test_an_unknown_account_is_tied_by_signing_in(alice, report, settings):
    User.objects.filter(pk=alice.pk).update(discord_id=None)
    report("discord", "no_address", "No Discord account is known.")
    found = line(alice, "Discord account")
    assert (found.status, found.step.url) == (SetUpStatus.YOURS, "/sign-in/discord/")
    assert line(alice, "The Discord server").status is SetUpStatus.COMING
    assert line(alice, "Group A on Discord").status is SetUpStatus.COMING
    settings.DISCORD_CLIENT_ID = None
    assert line(alice, "Discord account").step is None


def test_a_person_who_is_not_in_the_server_gets_the_invitation_link(alice, report, settings):
    settings.DISCORD_INVITE_URL = "https://discord.gg/academy"
    report("discord", "not_joined", "Not in the Discord server yet.")
    found = line(alice, "The Discord server")
    assert (found.status, found.step.url) == (SetUpStatus.YOURS, "https://discord.gg/academy")
    assert line(alice, "Group A on Discord").status is SetUpStatus.COMING
    settings.DISCORD_INVITE_URL = ""
    assert "Ask the people who run your course" in line(alice, "The Discord server").remedy


@pytest.mark.parametrize(
    ("mirror", "title"),
    [("discord", "Group A on Discord"), ("calendar", "Group A in your calendar")],
)
@pytest.mark.parametrize(
    ("state", "standing"),
    [
        (None, SetUpStatus.COMING),
        ("pending", SetUpStatus.COMING),
        ("withheld", SetUpStatus.HELD),
        ("failed", SetUpStatus.HELD),
        ("ended", SetUpStatus.COMING),  # of an earlier membership
    ],
)
def test_what_comes_automatically_and_what_holds_it_up(
    alice, report, mirror, title, state, standing
):
    if state:
        report(mirror, state, "The role stands above the bot's own.")
    found = line(alice, title)
    assert found.status is standing
    assert (state in {"withheld", "failed"}) == ("The role stands above" in found.text)
    assert found not in read_set_up(alice).todo


def test_nothing_is_on_its_way_to_a_group_that_is_still_being_set_up(academy, alice, report):
    Group.objects.filter(pk=academy.groups["A"].pk).update(
        status=Group.Status.PREVIEW, set_up_at=None
    )
    report("discord", "pending")
    report("calendar", "pending", "the invitation has not been created yet")
    assert line(alice, "Group A on Discord").text == "Its channels have not been created yet."
    assert (
        line(alice, "Group A in your calendar").text == "The invitation has not been created yet."
    )
    assert line(alice, "The Discord server").status is SetUpStatus.FINE


def test_of_an_incomplete_list_no_one_is_said_to_be_in_or_out(alice, report):
    report("discord", "pending", UNSEEN)
    assert line(alice, "The Discord server").status is SetUpStatus.COMING


@pytest.mark.parametrize(
    ("status", "standing"),
    [
        ("accepted", SetUpStatus.FINE),
        ("tentative", SetUpStatus.FINE),
        ("declined", SetUpStatus.YOURS),
        ("needsAction", SetUpStatus.YOURS),
    ],
)
def test_an_invitation_is_sent_and_then_answered(alice, report, answer, status, standing):
    report("calendar", "granted")
    answer(status)
    assert line(alice, "Group A in your calendar").status is standing


def test_an_answer_to_an_earlier_series_is_no_answer_to_the_present_one(
    academy, alice, report, answer
):
    report("calendar", "granted")
    answer("needsAction")
    answer("accepted", "lens0group0", generation=0)
    assert line(alice, "Group A in your calendar").status is SetUpStatus.YOURS
    answer("accepted")
    answer("declined", "lens0group0", generation=0)
    assert line(alice, "Group A in your calendar").status is SetUpStatus.FINE
    assert find_declined([academy.groups["A"].pk]) == set()


def test_no_answer_is_asked_for_once_all_meetings_are_over(alice, report):
    report("calendar", "granted", ALL_OVER)
    found = line(alice, "Group A in your calendar")
    assert (found.status, found.text) == (SetUpStatus.FINE, "All meetings are over.")


def test_an_invitation_that_was_not_observed_is_not_answered(alice, report):
    report("calendar", "granted")
    assert line(alice, "Group A in your calendar").status is SetUpStatus.YOURS


def test_direct_messages(alice):
    assert line(alice, "Direct messages").status is SetUpStatus.OPTIONAL
    row = DmChannel.objects.create(discord_id=ALICE, last_used_at=timezone.now())
    assert line(alice, "Direct messages").status is SetUpStatus.FINE
    row.refused_at = timezone.now()
    row.save()
    assert line(alice, "Direct messages").status is SetUpStatus.YOURS
    User.objects.filter(pk=alice.pk).update(wants_discord=False)
    assert line(alice, "Direct messages").status is SetUpStatus.FINE


def test_nothing_is_said_about_an_integration_that_is_left_out(alice, settings):
    settings.GOOGLE_CALENDAR_ID = ""
    settings.DISCORD_BOT_TOKEN = ""
    assert [each.title for each in read_set_up(alice).lines] == ["E-mail address", "Time zone"]


def test_only_groups_that_one_is_in_and_that_go_on_are_spoken_of(academy, alice):
    other = academy.groups["B"]
    Membership.objects.create(user=alice, group=other, role=Membership.Role.FACILITATOR)
    Group.objects.filter(pk=other.pk).update(status=Group.Status.COMPLETED)
    titles = {each.title for each in read_set_up(alice).lines}
    assert "Group A on Discord" in titles
    assert not any("Group B" in title for title in titles)


def test_staff_see_a_persons_page_and_no_one_else_does(academy, alice):
    page = f"{PAGE}{alice.pk}/"
    staff = User.objects.create_superuser("olga@example.org", None, name="Olga")
    shown = look(staff, page)
    assert "Set-up of Alice" in shown
    assert "Times are in" in shown, "it stays inside the staff pages"
    assert "This set-up needs 1 thing from Alice" in shown
    assert "Choose time zone" not in shown  # not staff's to press
    change = Client()
    change.force_login(staff)
    assert page in change.get(f"/admin/people/{alice.pk}/").content.decode()
    assert change.get(f"{PAGE}{10**9}/").status_code == 404
    half = User.objects.create_user("h@example.org", None, name="H", is_staff=True)
    for person in (alice, academy.add_facilitator("Bob", "A"), half):
        client = Client()
        client.force_login(person)
        assert client.get(page).status_code == 403
    assert Client().get(page).status_code == 302
    assert Client().get(PAGE).status_code == 302


def test_it_costs_the_same_for_one_group_and_for_many(academy, settings):
    settings.SANDBOX = False

    def cost(name: str, groups: str) -> int:
        person = academy.add_facilitator(name, *groups, discord_id=ALICE + len(groups))
        client = Client()
        client.force_login(person)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(PAGE).status_code == 200
        return len(captured)

    for number, group in enumerate(academy.groups.values()):
        pk = f"lens0group{number}"
        CalendarSeries.objects.create(group=group, event_id=pk, made_at=timezone.now())
        CalendarCopy.objects.create(event_id=pk, base_id=pk, status="confirmed", body={"id": pk})
    # The session, the person, "My groups"; groups, reports, whether the bot may add people, direct
    # line, series, two of answers.
    assert (cost("One", "A"), cost("Three", "ABC")) == (10, 10)


def test_a_name_that_is_no_name_stays_text(academy, alice):
    Group.objects.filter(pk=academy.groups["A"].pk).update(name="<b>A</b>")
    client = Client()
    client.force_login(alice)
    assert "<b>A</b>" not in client.get(PAGE).content.decode()
