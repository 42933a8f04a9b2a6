"""Addresses that Google refuses, knows by another name, or puts back on a list."""

from __future__ import annotations

import pytest

from calendarsync.models import CalendarAddress
from cohorts.models import Membership, User
from cohorts.reconcile.models import GroupSync
from cohorts.services.memberships import end_membership
from meetings.models import Attendance
from tests.calendarsync.seen import SeenCalendar
from tests.support.academy import Academy
from tests.support.moves import move_meeting
from tests.support.spread import in_matrix, thin

pytestmark = pytest.mark.django_db

ODD = ["odd@localhost", "odd@closed.example"]


def add_all(academy: Academy, *addresses: str) -> list[User]:
    """Members of group A, with addresses that the forms here may refuse."""
    people = [academy.add_member(f"P{n}", "A") for n, _ in enumerate(addresses)]
    for person, address in zip(people, addresses, strict=True):
        User.objects.filter(pk=person.pk).update(email=address)
    return people


def listed(calendar: SeenCalendar, academy: Academy) -> set[str]:
    return {one["email"] for one in calendar.series(academy.groups["A"])["attendees"]}


def assert_quiet(calendar: SeenCalendar) -> None:
    before = calendar.sandbox.last
    calendar.look()
    assert [call["method"] for call in calendar.calls_since(before)] == ["GET"]


@pytest.mark.parametrize("odd", thin(ODD, every=1, always=[ODD[0]]))
@pytest.mark.parametrize("stands", [in_matrix(False), True])
def test_b7_an_address_that_google_refuses_keeps_no_one_else_from_being_invited(
    academy: Academy, calendar: SeenCalendar, client, odd: str, stands: bool
) -> None:
    calendar.behave(refuses=["odd@closed.example"])
    if stands:
        calendar.realize(academy)
    fine = [f"fine{n}@example.org" for n in range(5)]
    person = add_all(academy, *fine, odd)[-1]
    before = calendar.sandbox.last
    calendar.realize(academy)

    everybody = {"ada@example.org", "alan@example.org", *fine}
    assert listed(calendar, academy) == everybody
    # The list whole, twice the depth of the halving, and the other groups.
    assert len(calendar.calls_since(before)) <= 14
    assert calendar.troubles() == {"Group A": "address_refused"}
    row = GroupSync.objects.get(group=academy.groups["A"], provider="calendar")
    assert row.issue_detail == f"{person.name} ({odd})"
    client.force_login(academy.add_person("Sue", is_staff=True, is_superuser=True))
    page = client.get(f"/admin/people/{person.pk}/").content.decode()
    assert "Google Calendar does not accept the e-mail address" in page
    assert_quiet(calendar)

    calendar.behave(refuses=[])
    person.email = "even@example.org"
    person.save()
    calendar.work()
    assert listed(calendar, academy) == everybody | {"even@example.org"}
    assert calendar.troubles() == {}


@pytest.mark.matrix
def test_b7_no_one_is_blamed_when_google_refuses_the_list_without_them_too(
    realized: Academy, calendar: SeenCalendar
) -> None:
    realized.add_member("Anne", "A")
    calendar.sandbox.set_faults({"kind": "error", "status": 400, "method": "PATCH"})
    calendar.try_once()
    assert not CalendarAddress.objects.filter(refused_at__isnull=False).exists()
    calendar.sandbox.set_faults()
    calendar.recover()
    assert "anne" in calendar.invited(calendar.series(realized.groups["A"]))


@pytest.mark.matrix
def test_b7_staff_delete_an_entry_and_the_address_is_tried_again(
    realized: Academy, calendar: SeenCalendar, client
) -> None:
    calendar.behave(refuses=["odd@closed.example"])
    add_all(realized, "odd@closed.example")
    calendar.look()
    calendar.behave(refuses=[])
    row = CalendarAddress.objects.get()
    client.force_login(realized.add_person("Sue", is_staff=True, is_superuser=True))
    client.post(f"/admin/calendarsync/calendaraddress/{row.pk}/delete/", {"post": "yes"})
    calendar.work()
    assert "odd@closed.example" in listed(calendar, realized)
    assert calendar.troubles() == {}


@pytest.mark.parametrize("stands", [in_matrix(False), True])
def test_c9_an_address_in_the_answer_to_our_invitation_is_that_persons(
    academy: Academy, calendar: SeenCalendar, stands: bool
) -> None:
    known = {"p.0@gmail.com": "p0@gmail.com", "p1@old.example": "someone@new.example"}
    calendar.behave(aliases=known)
    if stands:
        calendar.realize(academy)
    people = add_all(academy, *known)
    calendar.realize(academy)
    calendar.look()

    group, meeting = academy.groups["A"], academy.meeting("A", 2)
    assert listed(calendar, academy) == {"ada@example.org", "alan@example.org", *known.values()}
    mails = [mail for mail in calendar.mails if mail[0] in ("p0", "someone")]
    assert mails == [("p0", "invitation"), ("someone", "invitation")]
    assert calendar.troubles() == {}
    assert_quiet(calendar)

    series = calendar.series_id(group)
    calendar.do("respond", event=series, attendee="someone@new.example", answer="accepted")
    move_meeting(meeting.pk, starts_at=meeting.ends_at, now=calendar.now)
    calendar.look()
    assert Attendance.objects.get(user=people[1], meeting=meeting).rsvp == "attending"

    end_membership(Membership.objects.get(user=people[1]).pk, status="dropped", now=calendar.now)
    calendar.work()
    for event in (calendar.series(group), calendar.occurrence(meeting)):
        assert calendar.invited(event) == {"ada", "alan", "p0"}
    assert_quiet(calendar)


@pytest.mark.parametrize("put_back", [in_matrix(False), True])
def test_o13_a_facilitator_who_owns_the_calendars_account_answers_and_leaves(
    realized: Academy, calendar: SeenCalendar, put_back: bool
) -> None:
    fay = realized.add_facilitator("Fay", "A")
    User.objects.filter(pk=fay.pk).update(email="lens@sandbox.example")
    fay.refresh_from_db()
    calendar.work()
    calendar.respond(fay, "declined", realized.groups["A"])
    calendar.look()
    rsvps = Attendance.objects.filter(user=fay, meeting__group=realized.groups["A"])
    assert set(rsvps.values_list("rsvp", flat=True)) == {"not_attending"}

    calendar.behave(organizer_attends=put_back)
    end_membership(Membership.objects.get(user=fay).pk, status="dropped", now=calendar.now)
    calendar.work()
    assert ("lens@sandbox.example" in listed(calendar, realized)) is put_back
    assert calendar.troubles() == {}
    assert_quiet(calendar)
