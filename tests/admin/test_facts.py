"""Facts in the admin: every edit counts, and a refusal is a sentence."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta

import pytest
from django.core import mail
from django.db import IntegrityError

from cohorts import clock
from cohorts.models import AccessException, Cohort, Course, Group, Membership, User
from cohorts.outbox.tasks import send_emails
from cohorts.reconcile.models import GroupSync
from meetings.models import Meeting
from tests.admin.reading import hidden_of, messages_of, text_of
from tests.support.cohort import make_cohort

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_discord")]

ADMIN = "/admin/cohorts"


def add(staff, model, **fields):
    return staff.post(f"{ADMIN}/{model}/add/", fields, follow=True)


def wanted(group):
    return GroupSync.objects.get(group=group, provider="discord").generation


def group_fields(cohort, **changed):
    return {
        "cohort": cohort.pk,
        "name": "Group 9",
        "size": "",
        "weekday": 2,
        "start_time": "15:00",
        "timezone": "Europe/Berlin",
        "duration_minutes": 90,
        **changed,
    }


# -- courses, cohorts, groups ----------------------------------------------------------------------


def test_a_course_a_cohort_and_a_group_can_be_made_by_hand(staff):
    add(staff, "course", name="Safety")
    add(
        staff,
        "cohort",
        course=Course.objects.get().pk,
        name="Autumn",
        start_date="2027-01-04",
        number_of_meetings=8,
        guest_days_before=6,
        guest_days_after=3,
        archive_days=30,
        join_reminder_days="7, 3, 1",
        substitute_alarm_hours=12,
    )
    add(staff, "group", **group_fields(Cohort.objects.get()))

    group = Group.objects.get()
    assert (group.status, group.timezone) == ("preview", "Europe/Berlin")
    assert Meeting.objects.filter(group=group).count() == 8
    assert wanted(group) >= 1


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"weekday": ""}, "Enter both a weekday and a time, or neither."),
        ({"start_time": ""}, "Enter both a weekday and a time, or neither."),
        (
            {"timezone": "Berlin"},
            "Berlin is not a time zone. Use an IANA name such",
        ),
        ({"start_time": "25:00"}, "Enter a valid time."),
        ({"duration_minutes": 3}, "greater than or equal to 5"),
        ({"name": "Group 1"}, "already exists"),
    ],
)
def test_a_wrong_slot_is_reported_beside_the_field_and_nothing_is_saved(staff, changed, told):
    made = make_cohort(groups=1)
    answer = add(staff, "group", **group_fields(made.cohort, **changed))
    assert told in text_of(answer)
    assert Group.objects.count() == 1


def test_a_weekly_time_has_no_seconds(staff):
    made = make_cohort(groups=1)
    add(staff, "group", **group_fields(made.cohort, start_time="15:00:07.5"))
    assert Group.objects.get(name="Group 9").start_time == time(15)


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_a_day_that_is_in_no_term_is_refused(staff, day):
    """Near the first and last year of the calendar, times in other zones cannot be computed."""
    cohort = make_cohort(groups=1).cohort
    form = {"course": cohort.course_id, "name": "Autumn", "number_of_meetings": 8}
    for name in ("start_date", "switching_until"):
        answer = add(staff, "cohort", **{"start_date": "2027-01-04", **form, name: day})
        assert "is outside 2000 to 2100" in text_of(answer), name
    term = {"start_date": day, "number_of_meetings": 8}
    answer = staff.post(f"/admin/meetings/meeting/of-cohort/{cohort.pk}/term/", term)
    assert "is outside 2000 to 2100" in text_of(answer)


@pytest.mark.parametrize("missing", ["weekday", "start_time"])
def test_half_a_slot_is_refused_by_the_database_too(missing):
    make_cohort(groups=1)
    with pytest.raises(IntegrityError):
        Group.objects.update(**{missing: None})


def test_a_changed_slot_of_a_preview_group_moves_its_meetings_and_wakes_the_workers(staff):
    made = make_cohort(groups=1)
    group, before = made.groups[0], wanted(made.groups[0])
    staff.post(
        f"{ADMIN}/group/{group.pk}/change/",
        group_fields(made.cohort, name=group.name, start_time="09:30", timezone="UTC"),
    )
    assert {m.starts_at.strftime("%H:%M") for m in Meeting.objects.all()} == {"09:30"}
    assert wanted(group) > before


def test_the_slot_of_an_active_group_needs_a_person_and_its_name_does_not(staff):
    made = make_cohort(groups=1)
    Group.objects.update(status=Group.Status.ACTIVE, set_up_at=clock.now())
    group = made.groups[0]
    address = f"{ADMIN}/group/{group.pk}/change/"
    same = {
        "weekday": group.weekday,
        "start_time": "15:00",
        "timezone": "UTC",
        "duration_minutes": 60,
    }

    refused = staff.post(
        address, {"name": "Foxes", "size": "", **same, "weekday": 6 - group.weekday}
    )
    renamed = staff.post(address, {"name": "Foxes", "size": "", **same})

    assert "people have invitations for its weekly time" in text_of(refused)
    assert renamed.status_code == 302
    group.refresh_from_db()
    assert (group.name, group.start_time.hour) == ("Foxes", 15)


def test_ending_is_a_page_with_a_preview_and_no_select(staff):
    made = make_cohort(groups=2, members=3)
    page = f"{ADMIN}/cohort/{made.cohort.pk}/change/"
    assert 'name="status"' not in staff.get(page).content.decode()
    assert "End cohort" in text_of(staff.get(page))

    asked = staff.get(f"{ADMIN}/group/{made.ids[0]}/end/", follow=True)
    ticked = f'value="{made.ids[0]}"'
    assert "checked" in asked.content.decode().split(ticked)[1].split(">")[0]
    assert "checked" not in asked.content.decode().split(f'value="{made.ids[1]}"')[1].split(">")[0]
    url = f"{ADMIN}/cohort/{made.cohort.pk}/steps/end/"
    said = {"groups": [made.ids[0]], "status": "cancelled"}
    shown = staff.post(url, {**said, "do": "preview"})
    assert "Group 1: 3 people (cancelled)" in text_of(shown)
    seen = re.search(r'name="seen" value="(\w+)"', shown.content.decode())[1]
    done = staff.post(url, {**said, "seen": seen, "do": "confirm"}, follow=True)
    assert "Until then you can undo it" in text_of(done)
    assert made.refresh().groups[0].status == "preview"


def test_what_has_something_hanging_on_it_cannot_be_deleted_by_accident(staff):
    made = make_cohort(groups=1)
    for model, pk, instead in (
        ("group", made.ids[0], "End the group instead (“End…” on its page)"),
        ("cohort", made.cohort.pk, "End the cohort instead (“End cohort…” on its page)"),
        ("user", made.people[0].pk, "Untick “Active” in the person's settings instead"),
    ):
        asked = staff.get(f"{ADMIN}/{model}/{pk}/delete/")
        staff.post(f"{ADMIN}/{model}/{pk}/delete/", {"post": "yes"})
        many = staff.post(
            f"{ADMIN}/{model}/",
            {"action": "delete_selected", "_selected_action": [pk], "post": "yes"},
        )
        assert "cannot be deleted" in text_of(asked)
        assert instead in text_of(asked)
        assert "cannot be deleted" in text_of(many)
    assert (Group.objects.count(), Cohort.objects.count()) == (1, 1)
    assert User.objects.filter(pk=made.people[0].pk).exists()


# -- people ----------------------------------------------------------------------------------------


def person_fields(**changed):
    return {
        "email": "Ada@Example.org",
        "name": "Ada",
        "discord_id": "200000000000000099",
        "timezone": "UTC",
        "usable_password": "false",
        **changed,
    }


def test_a_person_is_added_without_a_password_and_known_by_address_in_any_case(staff):
    add(staff, "user", **person_fields())
    ada = User.objects.get(email="ada@example.org")
    assert ada.discord_id == 200000000000000099
    assert not ada.has_usable_password()

    again = add(staff, "user", **person_fields(email="ADA@example.ORG", discord_id=""))
    assert "already exists" in text_of(again)
    for text in ("aDa@EXAMPLE.org", "200000000000000099", "ada"):
        assert "ada@example.org" in text_of(staff.get(f"{ADMIN}/user/", {"q": text}))
    assert "ada@example.org" not in text_of(staff.get(f"{ADMIN}/user/", {"q": "20000000000000009"}))


@pytest.mark.parametrize("address", ["odd@localhost", "odd@[127.0.0.1]"])
def test_b7_the_admin_takes_no_address_without_a_dotted_domain(staff, olga, address):
    told = "has no complete domain"
    assert told in text_of(add(staff, "user", name="Odd", email=address, usable_password="false"))
    page = staff.post(f"{ADMIN}/user/{olga.pk}/change/", {"name": "Olga", "email": address})
    assert told in text_of(page)
    assert not User.objects.filter(email=address).exists()


def test_a_discord_id_that_is_none_is_reported(staff):
    answer = add(staff, "user", **person_fields(discord_id="42"))
    assert "42 is not a Discord ID. It has 15 to 19 digits" in text_of(answer)


def test_staff_set_a_persons_password(staff, client):
    ada = User.objects.create_user("ada@example.org", name="Ada", is_staff=True)
    words = {"password1": "a good long word", "password2": "a good long word"}
    staff.post(f"{ADMIN}/user/{ada.pk}/password/", {**words, "usable_password": "true"})
    sign_in = {"username": "ADA@example.org", "password": "a good long word"}
    assert client.post("/sign-in/?next=/admin/", sign_in).headers["Location"] == "/admin/"


def test_a_changed_discord_id_wakes_the_workers_for_the_persons_groups(staff):
    made = make_cohort(groups=2)
    person, before = made.people[0], [wanted(group) for group in made.groups]
    person.access_states.create(group=made.groups[0], provider="discord", state="not_joined")
    address = f"{ADMIN}/user/{person.pk}/change/"
    fields = {
        **hidden_of(staff.get(address)),
        "name": person.name,
        "email": person.email,
        "discord_id": "200000000000000777",
        "timezone": "UTC",
        "is_active": "on",
        "wants_email": "on",
        "wants_discord": "on",
    }
    answer = staff.post(address, fields)
    assert answer.status_code == 302, text_of(answer)
    person.refresh_from_db()
    assert person.discord_id == 200000000000000777
    assert [wanted(group) for group in made.groups] == [before[0] + 1, before[1]]


def test_a_forgotten_password_is_asked_for_from_the_sign_in_page(client, olga):
    page = client.get("/admin/login/", follow=True)
    assert 'href="/password/"' in page.content.decode()
    client.post("/password/", {"email": "OLGA@example.org"})
    send_emails()
    assert [message.to for message in mail.outbox] == [["olga@example.org"]]


# -- memberships -----------------------------------------------------------------------------------


def test_a_member_is_added_through_the_service(staff):
    made = make_cohort(groups=2)
    person = User.objects.create_user("new@example.org", name="New")
    before = wanted(made.groups[0])

    add(staff, "membership", user=person.pk, group=made.ids[0], role="participant")

    assert person.memberships.get().cohort == made.cohort
    assert wanted(made.groups[0]) > before


@pytest.mark.parametrize(
    ("case", "told"),
    [
        ("twice", "New is already a member of Group 2."),
        ("elsewhere", "New is already a participant of Group 1 in this cohort. Move them instead."),
        ("full", "Group 2 is full: 1 of 1 places are taken."),
        ("ended", "Group 2 has ended (cancelled)."),
    ],
)
def test_a_member_who_does_not_fit_is_refused_in_a_sentence(staff, case, told):
    made = make_cohort(groups=2)
    first, second = made.groups
    person = User.objects.create_user("new@example.org", name="New")
    match case:
        case "twice":
            Membership.objects.create(user=person, group=second)
        case "elsewhere":
            Membership.objects.create(user=person, group=first)
        case "full":
            Group.objects.filter(pk=second.pk).update(size=1)
        case "ended":
            Group.objects.filter(pk=second.pk).update(status="cancelled")
    before = Membership.objects.count()

    answer = add(staff, "membership", user=person.pk, group=second.pk, role="participant")

    assert told in text_of(answer)
    assert f'value="{second.pk}" selected' in answer.content.decode()  # what was typed is there
    assert Membership.objects.count() == before


def test_group_and_person_of_a_membership_stay_and_its_role_can_change(staff):
    made = make_cohort(groups=2)
    membership = made.groups[0].memberships.get(role="participant")
    address = f"{ADMIN}/membership/{membership.pk}/change/"
    fields = {"role": "facilitator", "group": made.ids[1], "user": made.people[3].pk}
    staff.post(address, fields)
    membership.refresh_from_db()
    assert (membership.role, membership.group_id) == ("facilitator", made.ids[0])


def test_a_membership_ends_with_a_reason_and_the_row_stays(staff):
    made = make_cohort(groups=1)
    membership = made.groups[0].memberships.first()
    address = f"{ADMIN}/membership/{membership.pk}/end/"
    said = {"status": "dropped", "why": "moved house"}

    staff.post(address, said)
    again = staff.post(address, said, follow=True)

    membership.refresh_from_db()
    assert (membership.status, membership.left_why) == ("dropped", "moved house")
    assert membership.left_at
    assert "has already left Group 1" in messages_of(again)[-1]
    assert staff.get(f"{ADMIN}/membership/{membership.pk}/delete/").status_code == 403


def test_each_reason_that_is_offered_for_an_end_is_stored(staff):
    made = make_cohort(groups=1, members=4)
    members = made.groups[0].memberships.order_by("pk")
    page = staff.get(f"{ADMIN}/membership/{members[0].pk}/end/").content.decode()
    reasons = re.findall(r'name="status" value="(\w+)"', page)
    for membership, reason in zip(members, reasons, strict=False):
        staff.post(f"{ADMIN}/membership/{membership.pk}/end/", {"status": reason, "why": ""})
    ended = Membership.objects.exclude(status="active").order_by("pk")
    assert [membership.status for membership in ended] == reasons != []


def test_several_memberships_end_at_once_after_the_names_were_shown(staff):
    made = make_cohort(groups=1, members=3)
    chosen = list(made.groups[0].memberships.values_list("pk", flat=True))[:2]
    posted = {"action": "end_memberships", "_selected_action": chosen}

    asked = text_of(staff.post(f"{ADMIN}/membership/", posted))
    assert f"{made.people[0]} in Group 1" in asked
    assert not Membership.objects.exclude(status="active").exists()

    staff.post(f"{ADMIN}/membership/", {**posted, "confirmed": "yes", "status": "removed"})
    assert Membership.objects.filter(status="removed").count() == 2


# -- access exceptions -----------------------------------------------------------------------------


def test_an_exception_holds_who_wrote_it_and_ends_in_the_future(staff, olga):
    made = make_cohort(groups=1)
    guest = User.objects.create_user("guest@example.org", name="Guest")
    fields = {"user": guest.pk, "group": made.ids[0], "reason": "observer"}
    past, ahead = (datetime.now(UTC) + timedelta(days=days) for days in (-1, 30))
    endless = add(staff, "accessexception", **fields, until_0="9999-12-31", until_1="23:59")
    refused = add(staff, "accessexception", **fields, until_0=past.date(), until_1="10:00")
    add(staff, "accessexception", **fields, until_0=ahead.date(), until_1="10:00")

    assert "The year 9999 is outside 2000 to 2100." in text_of(endless)
    assert "This time has passed." in text_of(refused)
    assert AccessException.objects.get().created_by == olga


def test_rows_that_only_services_write_can_be_read(staff):
    for model in ("accessstate", "installation"):
        assert staff.get(f"{ADMIN}/{model}/").status_code == 200
        assert staff.get(f"{ADMIN}/{model}/add/").status_code == 403
    made = make_cohort(groups=1)
    meeting = Meeting.objects.filter(group=made.groups[0]).first()
    assert staff.get("/admin/meetings/meeting/").status_code == 200
    assert staff.get(f"/admin/meetings/meeting/{meeting.pk}/change/").status_code == 200
