"""A form of the admin saves what staff changed in it, and nothing that others write meanwhile."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
from django.contrib.auth.models import Group as Permissions
from django.contrib.auth.models import Permission
from django.db import connection, connections, transaction
from django.db.models import Model
from django.test import Client

from cohorts import clock
from cohorts.admin_base import base
from cohorts.models import AccessException, Cohort, Group, Membership, User
from cohorts.services.locks import lock_groups
from discordsync.models import DiscordObject
from meetings.models import Attendance, Meeting
from tests.rights.forms import requests_of
from tests.support.academy import Academy
from tests.support.cohort import make_cohort

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("without_providers"),
]

DEADLINE = 30  # seconds


@pytest.fixture
def client() -> Client:
    """Olga's browser; she may do everything."""
    client = Client()
    client.force_login(User.objects.create_superuser("olga@example.org", name="Olga"))
    return client


def read_form(client: Client, row: Model) -> tuple[str, dict[str, Any]]:
    """Return the address of a row's form, and what a browser would send of it unchanged."""
    address = f"/admin/{row._meta.app_label}/{row._meta.model_name}/{row.pk}/change/"
    page = client.get(address).content.decode()
    form = next(one for one in requests_of(address, page) if ("_save", "Save") in one.data)
    return address, dict(form.data)


@contextmanager
def sent_meanwhile(
    client: Client, row: Model, *, status: int = 302, **changes: Any
) -> Iterator[None]:
    """Send the row's form, which has read the row before what the block writes is committed."""
    address, form = read_form(client, row)
    sender = Thread(target=send, args=(client, address, {**form, **changes}, status))
    with transaction.atomic():
        yield
        sender.start()
        wait_for_lock()
    sender.join(DEADLINE)
    assert not sender.is_alive()


def send(client: Client, address: str, form: dict[str, Any], status: int = 302) -> str:
    try:
        answer = client.post(address, form)
        assert answer.status_code == status
        return answer.content.decode()
    finally:
        connections.close_all()


def wait_for_lock() -> None:
    """Wait until someone else waits for a row that this transaction has written."""
    deadline = time.monotonic() + DEADLINE
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted)")
            if cursor.fetchone() == (True,):
                return
    raise AssertionError("the form was not sent, or did not wait")


def test_settings_that_are_saved_while_a_cohort_ends_do_not_open_it_again(client: Client) -> None:
    cohort = make_cohort().cohort
    ended_at = clock.now()
    allowed = cohort.allowed_absences
    with sent_meanwhile(client, cohort, status=200, allowed_absences=2):
        Cohort.objects.filter(pk=cohort.pk).update(
            status=Cohort.Status.COMPLETED, ended_at=ended_at
        )
    cohort.refresh_from_db()
    assert (cohort.status, cohort.ended_at) == (Cohort.Status.COMPLETED, ended_at)
    assert cohort.allowed_absences == allowed, "its results are final"


def test_a_group_that_is_renamed_while_it_becomes_active_stays_active(client: Client) -> None:
    group = make_cohort(groups=1).groups[0]
    now = clock.now()
    with sent_meanwhile(client, group, name="Heron"):
        Group.objects.filter(pk=group.pk).update(
            status=Group.Status.ACTIVE, set_up_at=now, activated_at=now
        )
    group.refresh_from_db()
    assert (group.status, group.set_up_at, group.name) == (Group.Status.ACTIVE, now, "Heron")


def test_the_time_of_a_group_that_is_set_up_meanwhile_is_not_changed_without_a_preview(
    client: Client,
) -> None:
    group = make_cohort(groups=1).groups[0]
    with sent_meanwhile(client, group, status=200, start_time="03:00"):
        Group.objects.filter(pk=group.pk).update(set_up_at=clock.now())
    before = group.start_time
    group.refresh_from_db()
    assert group.start_time == before


def test_a_person_who_is_renamed_while_signing_in_stays_linked_to_discord(client: Client) -> None:
    person = User.objects.create_user("ada@example.org", name="Ada")
    with sent_meanwhile(client, person, nickname="A."):
        User.objects.filter(pk=person.pk).update(discord_id=200000000000000001, discord_name="ada")
    person.refresh_from_db()
    assert (person.discord_id, person.nickname) == (200000000000000001, "A.")


def test_a_page_that_is_older_than_a_sign_in_does_not_undo_it(client: Client) -> None:
    """Nor what the person has chosen on their own pages since."""
    person = User.objects.create_user("ada@example.org", name="Ada")
    address, form = read_form(client, person)
    chosen = {"discord_id": 200000000000000001, "timezone": "Asia/Tokyo", "wants_discord": False}
    User.objects.filter(pk=person.pk).update(**chosen)
    send(client, address, {**form, "nickname": "A."})
    person.refresh_from_db()
    assert {name: getattr(person, name) for name in chosen} == chosen
    assert person.nickname == "A."


def test_a_page_that_is_older_than_an_erasure_does_not_undo_it(client: Client) -> None:
    person = User.objects.create_user("ada@example.org", name="Ada", nickname="A.")
    address, form = read_form(client, person)
    User.objects.filter(pk=person.pk).update(name="", nickname="", is_active=False)
    send(client, address, {**form, "timezone": "Asia/Tokyo"}, status=200)
    person.refresh_from_db()
    assert (person.name, person.nickname, person.is_active) == ("", "", False)


def test_of_two_old_pages_of_a_group_each_saves_what_it_changed(client: Client) -> None:
    group = make_cohort(groups=1).groups[0]
    address, form = read_form(client, group)
    send(client, address, {**form, "name": "Heron"})
    send(client, address, {**form, "size": 5})
    group.refresh_from_db()
    assert (group.name, group.size) == ("Heron", 5)


def test_an_old_page_of_a_person_gives_back_no_permission(client: Client) -> None:
    person = User.objects.create_user("ada@example.org", name="Ada", is_staff=True)
    rights = Permissions.objects.create(name="Helpers")
    person.groups.add(rights)
    address, form = read_form(client, person)
    person.groups.clear()
    send(client, address, {**form, "nickname": "A."})
    person.refresh_from_db()
    assert (person.nickname, list(person.groups.all())) == ("A.", [])


def test_a_page_on_which_a_field_could_not_be_changed_does_not_empty_it(client: Client) -> None:
    boss = User.objects.create_user("ada@example.org", name="Ada", is_staff=True)
    helper = Client()
    may = Permission.objects.filter(codename__in=["change_user", "view_user"])
    clerk = User.objects.create_user("clerk@example.org", name="Clerk", is_staff=True)
    clerk.user_permissions.set(may)
    helper.force_login(clerk)
    address, form = read_form(helper, boss)
    assert "email" not in form
    User.objects.filter(pk=boss.pk).update(is_staff=False)
    send(helper, address, {**form, "nickname": "A."})
    boss.refresh_from_db()
    assert (boss.email, boss.is_active, boss.nickname) == ("ada@example.org", True, "A.")


def test_two_pages_of_a_group_make_no_half_of_a_weekly_time(client: Client) -> None:
    group = make_cohort(groups=1).groups[0]
    address, form = read_form(client, group)
    send(client, address, {**form, "weekday": "", "start_time": ""})
    send(client, address, {**form, "start_time": "19:00"}, status=200)
    group.refresh_from_db()
    assert (group.weekday, group.start_time) == (None, None)


def test_a_form_does_not_wait_long_for_others_and_loses_nothing_that_was_typed(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "LOCK_MILLISECONDS", 50)
    made = make_cohort(groups=1)
    address, form = read_form(client, made.cohort)
    pages: list[str] = []
    typed = {**form, "guest_seats": 7}
    sender = Thread(target=lambda: pages.append(send(client, address, typed, status=200)))
    with transaction.atomic():
        lock_groups([made.groups[0].pk])
        sender.start()
        sender.join(DEADLINE)
        [page] = pages
    assert base.BUSY in page
    assert 'name="guest_seats" value="7"' in page
    made.cohort.refresh_from_db()
    assert made.cohort.guest_seats != 7
    send(client, address, typed)
    made.cohort.refresh_from_db()
    assert made.cohort.guest_seats == 7


def test_an_unknown_time_zone_is_shown_and_not_replaced_silently(client: Client) -> None:
    person = User.objects.create_user("ada@example.org", name="Ada")
    User.objects.filter(pk=person.pk).update(timezone="Mars/Olympus")  # plain SQL
    address, form = read_form(client, person)
    assert form["timezone"] == "Mars/Olympus", "else a browser would send the first of the list"
    page = send(client, address, {**form, "nickname": "A."}, status=200)
    assert "Mars/Olympus is not a time zone. Use an IANA name such as Europe/Berlin." in page
    send(client, address, {**form, "timezone": "Europe/Berlin"})
    person.refresh_from_db()
    assert person.timezone == "Europe/Berlin"


# -- old pages of rows that services write too ---------------------------------------------------


def test_an_old_page_of_a_membership_does_not_undo_a_role(client: Client) -> None:
    person = make_cohort(groups=1).people[0]
    member = Membership.objects.get(user=person)
    address, form = read_form(client, member)
    other = next(role for role in Membership.Role.values if role != member.role)
    Membership.objects.filter(pk=member.pk).update(role=other)
    send(client, address, form)
    member.refresh_from_db()
    assert member.role == other


def test_a_role_that_is_changed_after_the_membership_has_ended_is_refused(client: Client) -> None:
    member = Membership.objects.get(user=make_cohort(groups=1).people[0])
    address, form = read_form(client, member)
    Membership.objects.filter(pk=member.pk).update(status="dropped", left_at=clock.now())
    answer = client.post(address, {**form, "role": "facilitator"}, follow=True)
    assert "has already left Group 1" in answer.content.decode()


def test_an_old_page_of_an_attendance_does_not_undo_a_correction(client: Client) -> None:
    academy = Academy(clock.now())
    row = make_corrected(academy)
    address, form = read_form(client, row)
    Attendance.objects.filter(pk=row.pk).update(correction="absent", corrected_by=None)
    send(client, address, {**form, "correction_reason": ""})
    row.refresh_from_db()
    assert (row.correction, row.correction_reason) == ("absent", "")
    Attendance.objects.filter(pk=row.pk).update(corrected_by=None)
    send(client, *read_form(client, row))
    row.refresh_from_db()
    assert row.corrected_by is None, "no one has corrected anything"


def make_corrected(academy: Academy) -> Attendance:
    meeting = academy.meeting("A")
    Meeting.objects.filter(pk=meeting.pk).update(starts_at=clock.now() - timedelta(hours=3))
    return Attendance.objects.create(
        meeting=meeting,
        user=academy.add_member("Alice", "A"),
        correction="present",
        correction_reason="Was late",
        corrected_at=clock.now(),
    )


def test_an_old_page_of_an_exception_does_not_undo_an_erasure(client: Client) -> None:
    made = make_cohort(groups=1)
    until = clock.now().replace(microsecond=0) + timedelta(days=3)
    row = AccessException.objects.create(
        user=made.people[0], group=made.groups[0], reason="Ill since May", until=until
    )
    address, form = read_form(client, row)
    AccessException.objects.filter(pk=row.pk).update(reason="")
    later = until + timedelta(days=1)
    send(client, address, {**form, "until_0": f"{later:%Y-%m-%d}"}, status=200)
    send(client, address, {**form, "until_0": f"{later:%Y-%m-%d}", "reason": "Asked again"})
    row.refresh_from_db()
    assert (row.reason, row.until) == ("Asked again", later)


def test_an_old_page_of_a_discord_object_does_not_undo_its_replacement(client: Client) -> None:
    made = make_cohort(groups=1)
    first, second = 300000000000000001, 300000000000000002
    row = DiscordObject.objects.create(
        key=f"role:{made.ids[0]}",
        kind="role",
        cohort=made.cohort,
        group=made.groups[0],
        outside_id=first,
    )
    address, form = read_form(client, row)
    DiscordObject.objects.filter(pk=row.pk).update(outside_id=second)
    send(client, address, form)
    row.refresh_from_db()
    assert row.outside_id == second


def test_an_old_page_of_a_permission_group_takes_nothing_from_it(client: Client) -> None:
    """An upgrade completes the roles."""
    rights = Permissions.objects.create(name="Helpers")
    address, form = read_form(client, rights)
    rights.permissions.add(Permission.objects.get(codename="view_cohort"))
    send(client, address, {**form, "name": "Friends"})
    rights.refresh_from_db()
    assert (rights.name, rights.permissions.count()) == ("Friends", 1)


# -- the same form sent twice --------------------------------------------------------------------


def test_of_two_clicks_at_once_on_a_new_group_the_second_says_that_it_is_there(
    client: Client,
) -> None:
    cohort = make_cohort(groups=1).cohort
    form = {
        "cohort": cohort.pk,
        "name": "Heron",
        "timezone": "UTC",
        "duration_minutes": 60,
        "weekday": "",
        "start_time": "",
        "size": "",
    }
    pages: list[str] = []
    add = "/admin/cohorts/group/add/"
    second = Thread(target=lambda: pages.append(send(client, add, form, status=200)))
    with transaction.atomic():
        Group.objects.create(cohort=cohort, name="Heron")
        second.start()
        wait_for_lock()
    second.join(DEADLINE)
    [page] = pages
    assert "Group with this Cohort and Name already exists." in page
    assert Group.objects.filter(name="Heron").count() == 1


def test_a_second_click_on_a_new_exception_makes_no_second_one(client: Client) -> None:
    """Deleting one of two would leave the access."""
    made = make_cohort(groups=1)
    form = {
        "user": made.people[0].pk,
        "group": made.ids[0],
        "reason": "Ill",
        "until_0": f"{clock.now() + timedelta(days=3):%Y-%m-%d}",
        "until_1": "12:00",
    }
    send(client, "/admin/cohorts/accessexception/add/", form)
    page = send(client, "/admin/cohorts/accessexception/add/", form, status=200)
    assert "has an exception until then already" in page
    assert AccessException.objects.count() == 1
