"""The list is written whole, and no one's entry changes but for a reason."""

from __future__ import annotations

from datetime import timedelta

import pytest

from calendarsync.models import CalendarCopy
from cohorts.models import AccessException, Membership, User
from cohorts.reconcile import services
from cohorts.reconcile.models import GroupSync, SyncAction
from cohorts.reconcile.ui.plan_view import read_plan
from cohorts.reconcile.ui.terminal import write_plan
from cohorts.services.memberships import add_member, end_membership, move_member
from tests.calendarsync.behaviour import GoogleMode, in_pairs
from tests.calendarsync.seen import SeenCalendar
from tests.support.academy import Academy
from tests.support.moves import move_meeting

pytestmark = pytest.mark.django_db


def people(academy: Academy) -> dict:
    return {m.user.name: m.user for m in Membership.objects.select_related("user")}


@in_pairs
def test_a_new_member_leaves_every_answer_as_it_was(
    realized: Academy, calendar: SeenCalendar, google_mode: GoogleMode
) -> None:
    group, who = realized.groups["A"], people(realized)
    calendar.respond(who["Ada"], "accepted", group)
    calendar.do(
        "edit_event",
        event=calendar.series_id(group),
        changes={
            "attendees": [
                {"email": "ada@example.org", "responseStatus": "accepted", "optional": True},
                {
                    "email": "alan@example.org",
                    "responseStatus": "tentative",
                    "comment": "maybe late",
                    "additionalGuests": 2,
                },
            ]
        },
    )
    before = calendar.series(group)["attendees"]
    realized.add_member("Anne", "A")
    number = calendar.sandbox.last
    calendar.work()

    after = calendar.series(group)["attendees"]
    assert [one for one in after if one["email"] != "anne@example.org"] == before
    assert after[-1] == {"email": "anne@example.org", "responseStatus": "needsAction"}
    assert calendar.writes_since(number) == ["PATCH"]
    notified = calendar.mails
    assert ("anne", "invitation") in notified
    if google_mode.mails == "concerned":
        assert notified == [("anne", "invitation")]


@pytest.mark.matrix
def test_several_new_members_are_invited_by_one_call(
    realized: Academy, calendar: SeenCalendar
) -> None:
    for name in ("Anne", "Amy", "Abel"):
        realized.add_member(name, "A")
    before = calendar.sandbox.last
    calendar.work()
    assert calendar.writes_since(before) == ["PATCH"]
    assert len(calendar.invited(calendar.series(realized.groups["A"]))) == 5


def test_writes_carry_the_etag_that_was_observed(realized: Academy, calendar: SeenCalendar) -> None:
    etag = calendar.series(realized.groups["A"])["etag"]
    realized.add_member("Anne", "A")
    before = calendar.sandbox.last
    calendar.work()
    (patch,) = [call for call in calendar.calls_since(before) if call["method"] == "PATCH"]
    assert patch["headers"]["If-Match"] == etag


def test_an_answer_given_between_look_and_write_is_kept(
    realized: Academy, calendar: SeenCalendar
) -> None:
    group, ada = realized.groups["A"], people(realized)["Ada"]
    realized.add_member("Anne", "A")
    answer = {
        "event": calendar.series_id(group),
        "attendee": ada.email,
        "answer": "accepted",
    }
    calendar.sandbox.set_faults(
        {"kind": "delete", "method": "PATCH", "control": "respond", "argument": answer, "nth": 1}
    )
    calendar.work()
    series = calendar.series(group)
    assert calendar.answer(series, ada) == "accepted"
    assert calendar.invited(series) == {"ada", "alan", "anne"}


def test_a_person_who_leaves_is_removed_and_mailed(
    realized: Academy, calendar: SeenCalendar
) -> None:
    membership = Membership.objects.get(user__name="Alan")
    end_membership(membership.pk, status="dropped", now=calendar.now)
    calendar.behave(mails="concerned")
    calendar.work()
    assert calendar.invited(calendar.series(realized.groups["A"])) == {"ada"}
    assert calendar.mails == [("alan", "cancellation")]
    assert not SyncAction.objects.filter(verb="remove").exists()  # a date explains it


@pytest.mark.matrix
def test_who_changes_group_changes_series(realized: Academy, calendar: SeenCalendar) -> None:
    membership = Membership.objects.get(user__name="Alan")
    move_member(membership.pk, realized.groups["B"].pk, now=calendar.now)
    calendar.work()
    assert calendar.invited(calendar.series(realized.groups["A"])) == {"ada"}
    assert calendar.invited(calendar.series(realized.groups["B"])) == {"alan", "bea", "ben"}


@pytest.mark.matrix
def test_addresses_match_in_any_case(realized: Academy, calendar: SeenCalendar) -> None:
    group, ada = realized.groups["A"], people(realized)["Ada"]
    calendar.do(
        "edit_event",
        event=calendar.series_id(group),
        changes={"attendees": [{"email": "ADA@Example.ORG"}, {"email": "alan@example.org"}]},
    )
    type(ada).objects.filter(pk=ada.pk).update(email="Ada@EXAMPLE.org")
    before = calendar.sandbox.last
    calendar.look()
    assert calendar.writes_since(before) == []


def test_a_changed_address_is_invited_and_the_old_one_removed(
    realized: Academy, calendar: SeenCalendar
) -> None:
    ada = people(realized)["Ada"]
    ada.email = "ada@new.example"
    ada.save()
    calendar.work()
    attendees = calendar.series(realized.groups["A"])["attendees"]
    assert sorted(one["email"] for one in attendees) == ["ada@new.example", "alan@example.org"]


@pytest.mark.parametrize("until", [None, timedelta(days=9)], ids=["member", "kept by staff"])
def test_a_closed_account_is_taken_off_all_meetings_ahead(
    realized: Academy, calendar: SeenCalendar, until: timedelta | None
) -> None:
    ada = people(realized)["Ada"]
    if until:
        AccessException.objects.create(
            user=ada, group=realized.groups["A"], until=calendar.now + until, reason="Helps out."
        )
    ada.is_active = False
    ada.save()
    calendar.work()
    assert calendar.invitations(ada) == []
    assert ("ada", "cancellation") in calendar.mails


@pytest.mark.parametrize("until", [timedelta(days=9), timedelta(hours=1)], ids=["open", "expired"])
def test_a_closed_account_explains_why_an_exception_keeps_no_one_invited(
    realized: Academy, calendar: SeenCalendar, until: timedelta
) -> None:
    group = realized.groups["A"]
    olga = User.objects.create_user("olga@elsewhere.example", name="Olga")
    AccessException.objects.create(
        user=olga, group=group, until=calendar.now + until, reason="Observes."
    )
    calendar.work()
    invite_by_hand(calendar, realized, "olga")
    calendar.move_clock(calendar.now + timedelta(hours=2))
    olga.is_active = False
    olga.save()
    calendar.look()
    assert calendar.invited(calendar.series(group)) == {"ada", "alan"}
    assert not SyncAction.objects.filter(verb="remove").exists()  # the closed account explains it


@pytest.mark.matrix
def test_the_calendars_own_entry_is_nobodys_access(
    academy: Academy, calendar: SeenCalendar
) -> None:
    calendar.behave(organizer_attends=True)
    calendar.realize(academy)
    assert "lens" in calendar.invited(calendar.series(academy.groups["A"]))
    before = calendar.sandbox.last
    calendar.look()
    assert calendar.writes_since(before) == []


def test_a_member_who_was_taken_off_by_hand_is_invited_again(
    realized: Academy, calendar: SeenCalendar
) -> None:
    group = realized.groups["A"]
    calendar.do(
        "edit_event",
        event=calendar.series_id(group),
        changes={"attendees": [{"email": "ada@example.org"}]},
    )
    calendar.look()
    assert calendar.invited(calendar.series(group)) == {"ada", "alan"}


def invite_by_hand(
    calendar: SeenCalendar, academy: Academy, *names: str, group_name: str = "A"
) -> None:
    group = academy.groups[group_name]
    present = calendar.series(group)["attendees"]
    new = [{"email": f"{name}@elsewhere.example"} for name in names]
    calendar.do(
        "edit_event",
        event=calendar.series_id(group),
        changes={"attendees": [*present, *new]},
    )


@pytest.mark.matrix
def test_someone_invited_by_hand_without_a_reason_is_removed_and_listed(
    realized: Academy, calendar: SeenCalendar
) -> None:
    invite_by_hand(calendar, realized, "mallory")
    calendar.look()
    assert calendar.invited(calendar.series(realized.groups["A"])) == {"ada", "alan"}
    (action,) = SyncAction.objects.filter(verb="remove")
    assert "mallory@elsewhere.example" in action.why


@pytest.mark.matrix
def test_a_reason_that_staff_wrote_down_keeps_someone_until_its_day(
    realized: Academy, calendar: SeenCalendar
) -> None:
    olga = User.objects.create_user("olga@elsewhere.example", name="Olga")
    AccessException.objects.create(
        user=olga,
        group=realized.groups["A"],
        reason="observes",
        until=calendar.now + timedelta(days=2),
    )
    invite_by_hand(calendar, realized, "olga")
    calendar.look()
    assert "olga" in calendar.invited(calendar.series(realized.groups["A"]))
    calendar.move_clock(calendar.now + timedelta(days=2, minutes=1))
    calendar.work()
    assert "olga" not in calendar.invited(calendar.series(realized.groups["A"]))
    assert not SyncAction.objects.filter(verb="remove").exists()  # the date explains it


def test_many_removals_without_a_reason_wait_for_a_person(
    realized: Academy, calendar: SeenCalendar
) -> None:
    names = [f"stranger{n}" for n in range(6)]
    invite_by_hand(calendar, realized, *names)
    realized.add_member("Anne", "A")
    calendar.look()
    group = realized.groups["A"]
    assert calendar.troubles() == {"Group A": "removals_held"}
    assert calendar.invited(calendar.series(group)) == {"ada", "alan", "anne", *names}
    (run,) = services.request_plan([group.pk], as_if_requested=False)
    calendar.work()
    run.refresh_from_db()
    assert {held["removes"] for held in run.summary["withheld"]} == {
        f"{name}@elsewhere.example" for name in names
    }

    addresses = [f"{name}@elsewhere.example" for name in names]
    staff = realized.add_person("Sue", is_staff=True)
    services.approve_removals(group.pk, "calendar", addresses, by=staff, now=calendar.now)
    calendar.work()
    assert calendar.invited(calendar.series(group)) == {"ada", "alan", "anne"}
    assert calendar.troubles() == {}


@pytest.mark.matrix
def test_removals_in_groups_that_are_not_due_count_for_the_guard(
    realized: Academy, calendar: SeenCalendar
) -> None:
    """Two people of one group are few; with those of the others they are many."""
    for name in ("A", "B", "C"):
        strangers = f"first.{name.lower()}", f"second.{name.lower()}"
        invite_by_hand(calendar, realized, *strangers, group_name=name)
    group = realized.groups["A"]
    services.request_sync([group.pk], providers=["calendar"])
    calendar.work()
    assert calendar.troubles() == {"Group A": "removals_held"}
    assert calendar.invited(calendar.series(group)) == {"ada", "alan", "first.a", "second.a"}


@pytest.mark.matrix
def test_o9_removals_that_are_held_back_name_each_person_once(
    realized: Academy, calendar: SeenCalendar
) -> None:
    """Also someone who is on the list of an occurrence as well, and known here by the address."""
    group = realized.groups["A"]
    strangers = [f"stranger{n}@elsewhere.example" for n in range(6)]
    User.objects.create_user(strangers[0], name="Olga")
    move_meeting(
        realized.meeting("A", 2).pk,
        starts_at=realized.meeting("A", 2).starts_at + timedelta(hours=1),
        now=calendar.now,
    )
    calendar.work()
    for event in (calendar.series(group), calendar.occurrence(realized.meeting("A", 2))):
        everybody = [*event["attendees"], *({"email": address} for address in strangers)]
        calendar.do("edit_event", event=event["id"], changes={"attendees": everybody})
    calendar.look()
    assert GroupSync.objects.get(group=group).issue_detail == ", ".join(strangers)
    runs = services.request_plan([group.pk], as_if_requested=False)
    calendar.work()
    for run in runs:
        run.refresh_from_db()
    lines = [line.strip() for line in write_plan(read_plan(runs)) if "Remove" in line]
    assert lines[0] == (
        "Google Calendar: Remove Olga (stranger0@elsewhere.example) from series of Group A"
    )
    assert [line.count("@") for line in lines] == [1] * 6


def test_a_list_that_google_cuts_short_is_left_alone(
    realized: Academy, calendar: SeenCalendar
) -> None:
    calendar.look()
    group = realized.groups["A"]
    copy = CalendarCopy.objects.get(event_id=calendar.series_id(group))
    copy.body["attendeesOmitted"] = True
    copy.body["attendees"] = []
    copy.save()
    before = calendar.sandbox.last
    calendar.look()
    assert calendar.writes_since(before) == []
    assert calendar.troubles() == {"Group A": "attendees_omitted"}


def test_who_leaves_is_taken_off_a_moved_meeting_although_google_cuts_the_series_list_short(
    realized: Academy, calendar: SeenCalendar
) -> None:
    third = realized.meeting("A", 3)
    move_meeting(third.pk, starts_at=third.starts_at + timedelta(hours=1), now=calendar.now)
    calendar.work()
    calendar.look()
    copy = CalendarCopy.objects.get(event_id=calendar.series_id(realized.groups["A"]))
    copy.body["attendeesOmitted"] = True
    copy.save()
    alan = Membership.objects.get(user__name="Alan")
    end_membership(alan.pk, status="dropped", now=calendar.now)
    calendar.work()
    assert calendar.invited(calendar.occurrence(third)) == {"ada"}
    assert calendar.troubles() == {"Group A": "attendees_omitted"}


@pytest.mark.matrix
def test_a_facilitator_of_two_groups_is_on_both_lists(
    realized: Academy, calendar: SeenCalendar
) -> None:
    fay = realized.add_facilitator("Fay", "A", "B")
    calendar.work()
    for name in "AB":
        assert "fay" in calendar.invited(calendar.series(realized.groups[name]))
    assert fay.access_states.filter(provider="calendar", state="granted").count() == 2


def test_rows_written_past_every_signal_are_in_sync_after_one_compare(
    realized: Academy, calendar: SeenCalendar
) -> None:
    anne = realized.add_person("Anne")
    group = realized.groups["A"]
    Membership.objects.bulk_create([Membership(user=anne, group=group, cohort=realized.cohort)])
    calendar.move_clock(calendar.now + timedelta(hours=1, minutes=1))
    calendar.work()
    assert calendar.invited(calendar.series(group)) == {"ada", "alan", "anne"}


@pytest.mark.matrix
def test_a_membership_made_by_a_service_needs_no_compare(
    realized: Academy, calendar: SeenCalendar
) -> None:
    anne = realized.add_person("Anne")
    add_member(realized.groups["A"].pk, anne.pk, now=calendar.now)
    calendar.work()
    assert "anne" in calendar.invited(calendar.series(realized.groups["A"]))
