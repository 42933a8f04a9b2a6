"""Staff skip weeks for a cohort: meetings, visits, answers and letters; and undo it."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any

import pytest

from cohorts.errors import Refusal
from cohorts.models import Cohort, CohortStep, Group, Installation, Membership, User
from cohorts.outbox.collecting import collect
from cohorts.outbox.models import Message
from cohorts.outbox.rendering.render import render
from cohorts.steps.registry import step_kinds
from cohorts.steps.services import ask_for_step, carry_out_step, undo_step
from cohorts.steps.tasks import carry_out_due
from guestvisits.models import GuestVisit
from guestvisits.services.booking import book_visit
from guestvisits.services.updating import update_all_visits
from meetings.models import Attendance, Meeting, SkippedWeek
from meetings.moving import moves
from meetings.moving.preview import preview_move
from meetings.moving.services import carry_out
from meetings.rhythm import Slot
from meetings.rsvps import set_rsvp
from meetings.services import repair_meetings
from tests.support.academy import Academy
from tests.support.clock import SetClock
from tests.support.kept_worlds import BuildOnce
from tests.support.race import DONE, race

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_providers")]

NOW = datetime(2027, 1, 4, 12, tzinfo=UTC)
MINUTE, DAY, WEEK = timedelta(minutes=1), timedelta(days=1), timedelta(weeks=1)
DUE = NOW + 10 * MINUTE


@pytest.fixture
def academy(set_clock: SetClock, build_once: BuildOnce) -> Academy:
    """Groups A on Thursdays, B on Fridays, C on Saturdays, from 7 January; Ann is in A, Zoe
    leads A and B. In week 2 Bea of B visits A, and Cleo of C visits B."""
    set_clock(NOW)
    academy: Academy = build_once("two visits in the week that is skipped", make_academy)
    return academy


def make_academy() -> Academy:
    Installation.objects.ensure(NOW - DAY)
    academy = Academy(NOW, groups="ABC")
    Cohort.objects.update(first_known_at=NOW - DAY)
    academy.add_member("Ann", "A", timezone="Europe/Berlin")
    academy.add_facilitator("Ann B", "B")
    both = academy.add_person("Zoe", timezone="Europe/Berlin")
    for group in "AB":
        Membership.objects.create(
            user=both, group=academy.groups[group], role=Membership.Role.FACILITATOR
        )
    bea, cleo = academy.add_member("Bea", "B"), academy.add_member("Cleo", "C")
    Group.objects.update(activated_at=NOW - DAY)
    Membership.objects.update(joined_at=NOW - DAY)
    visit(academy, bea, "B", "A")
    visit(academy, cleo, "C", "B")
    return academy


def visit(academy, person, home: str, host: str) -> None:
    book_visit(
        person.pk,
        home_meeting_id=academy.meeting(home, 2).pk,
        host_meeting_id=academy.meeting(host, 2).pk,
        now=NOW - 2 * MINUTE,
    )


def ask(academy, kind: str = "break", now: datetime = NOW, **params: Any) -> CohortStep:
    if kind == "break":
        params = {"first": "2027-01-11", "last": "2027-01-17", "drop": False, "also": [], **params}
    wanted = CohortStep(cohort=academy.cohort, kind=kind, params=params, reason="winter {break}")
    seen = step_kinds[kind].preview(wanted, now).digest
    return ask_for_step(
        kind, academy.cohort.pk, params, seen=seen, reason=wanted.reason, by=None, now=now
    )


def dates(academy, group: str) -> list[str]:
    rows = Meeting.objects.filter(group=academy.groups[group]).order_by("number", "pk")
    return ["-" if row.is_cancelled else f"{row.starts_at:%-d.%-m.}" for row in rows]


def state() -> list[Any]:
    """Return everything that a break changes."""
    return [
        list(Meeting.objects.order_by("pk").values()),
        list(SkippedWeek.objects.values_list("group", "day")),
        list(Attendance.objects.order_by("pk").values()),
        list(GuestVisit.objects.order_by("pk").values()),
    ]


def letters(now: datetime) -> dict[str, str]:
    collect(None, now=now)
    found = Message.objects.filter(kind="step_letter", user__isnull=False, state="pending")
    assert len(set(found.values_list("user", flat=True))) == len(found)
    return {one.user.name: render(one, now).text for one in found}


def test_a_closed_account_gets_no_letter(academy):
    academy.add_member("Eve", "A", is_active=False)
    preview = step_kinds["break"].preview(ask(academy), NOW)
    assert "Eve" not in {one.name for one in preview.recipients}


def test_pushed_back_meetings_take_visits_along_ask_again_and_come_back_when_undone(academy):
    ann = Attendance.objects
    week_2 = academy.meeting("A", 2)
    member = Membership.objects.get(user__name="Ann").user_id
    set_rsvp(week_2.pk, member, "attending", now=NOW - MINUTE)
    before = state()
    step = ask(academy)
    assert state() == before, "only asked for"
    carry_out_due(DUE)
    update_all_visits(DUE)
    repair_meetings(DUE)

    assert dates(academy, "A") == ["7.1.", "21.1.", "28.1.", "4.2."]
    assert dates(academy, "C") == ["9.1.", "23.1.", "30.1.", "6.2."]
    assert not GuestVisit.objects.filter(ended_at__isnull=False).exists()
    assert ann.get(meeting=week_2, user=member).rsvp == "pending"
    assert ann.filter(rsvp="not_attending").count() == 2, "those on a visit are still away"

    said = letters(DUE)
    assert set(said) == {"Ann", "Ann B", "Zoe", "Bea", "Cleo"}
    assert "No meetings 11 January – 17 January: winter {break}" in said["Ann"]
    assert (
        "Week 2 is on Thursday 21 January, 13:00 (Berlin); the last is on 4 February."
        in (said["Ann"])
    )
    assert "Can't attend at a new time? http" in said["Ann"]
    assert "visit" not in said["Ann"]
    assert "Group A: Week 2" in said["Zoe"]
    assert "Group B: Week 2" in said["Zoe"]
    assert (
        "Your visit to Group A, week 2, is now on Thursday 21 January, 12:00 (UTC)."
        in (said["Bea"])
    )
    posts = Message.objects.filter(kind="step_letter", user=None)
    assert posts.count() == 3
    assert "**No meetings 11 January" in render(posts[0], DUE).text
    assert not Message.objects.filter(kind__in=["meeting_moved", "visit_broken"]).exists()

    undo = ask(academy, "break_undo", now=DUE + DAY, step=step.pk)
    assert undo.due_at == DUE + DAY
    carry_out_due(DUE + DAY)
    update_all_visits(DUE + DAY)
    repair_meetings(DUE + DAY)
    assert state() == before
    step.refresh_from_db()
    assert step.state == "undone"
    Message.objects.filter(context={"step": step.pk}).delete()
    after = letters(DUE + DAY)
    assert "Meetings 11 January – 17 January after all" in after["Ann"]
    assert (
        "Week 2 is on Thursday 14 January, 13:00 (Berlin); the last is on 28 January."
        in (after["Ann"])
    )
    with pytest.raises(Refusal):
        ask(academy, "break_undo", now=DUE + DAY, step=step.pk)


def test_dropped_meetings_are_cancelled_end_their_visits_and_count_nowhere(academy):
    step = ask(academy, drop=True)
    carry_out_due(DUE)
    update_all_visits(DUE)
    assert dates(academy, "B") == ["8.1.", "-", "22.1.", "29.1."]
    assert set(GuestVisit.objects.values_list("end_reason", flat=True)) == {"host_cancelled"}
    said = letters(DUE)
    assert "Week 2 is cancelled. Week 3 is on Friday 22 January" in said["Bea"]
    assert "Your visit to Group A, week 2, has ended" in said["Bea"]
    for message in Message.objects.filter(kind="visit_broken"):
        with pytest.raises(Exception, match="says so"):
            render(message, DUE)

    ask(academy, "break_undo", now=DUE + DAY, step=step.pk)
    carry_out_due(DUE + DAY)
    update_all_visits(DUE + DAY)
    assert dates(academy, "B") == ["8.1.", "15.1.", "22.1.", "29.1."]
    opened = GuestVisit.objects.filter(ended_at=None).values_list("user__name", flat=True)
    assert sorted(opened) == ["Bea", "Cleo"]
    bea = Attendance.objects.filter(user__name="Bea").values_list("meeting", "rsvp", "is_guest")
    assert set(bea) == {
        (academy.meeting("A", 2).pk, "attending", True),
        (academy.meeting("B", 2).pk, "not_attending", False),
    }
    Message.objects.filter(context={"step": step.pk}).delete()
    words = "Your visit to Group A, week 2, is on again: Thursday 14 January"
    assert words in letters(DUE + DAY)["Bea"]


def test_undoing_a_break_opens_no_visit_of_someone_who_has_another_one_now(academy):
    step = ask(academy, first="2027-01-14", last="2027-01-15", drop=True)  # not group C
    carry_out_due(DUE)
    update_all_visits(DUE)
    bea, cleo = (Membership.objects.get(user__name=name).user for name in ("Bea", "Cleo"))
    book_visit(
        bea.pk,
        home_meeting_id=academy.meeting("B", 2).pk,
        host_meeting_id=academy.meeting("C", 2).pk,
        now=DUE + MINUTE,
    )
    ask(academy, "break_undo", now=DUE + DAY, step=step.pk)
    carry_out_due(DUE + DAY)
    update_all_visits(DUE + DAY)
    found = GuestVisit.objects.filter(ended_at=None)
    # Cleo is in no group of the break: an e-mail of its own said that her visit ended.
    assert [(one.user, one.host_meeting.group.name) for one in found] == [(bea, "Group C")]
    assert cleo.guest_visits.get().end_reason == "host_cancelled"


def test_an_answer_to_the_old_time_does_not_come_back_for_a_meeting_moved_since(academy):
    member = Membership.objects.get(user__name="Ann").user_id
    week_2, week_3 = academy.meeting("A", 2), academy.meeting("A", 3)
    for meeting in (week_2, week_3):
        set_rsvp(meeting.pk, member, "attending", now=NOW - MINUTE)
    step = ask(academy)
    carry_out_due(DUE)
    week_3.refresh_from_db()
    carry_out(moves.Reschedule(week_3.pk, week_3.starts_at + DAY), by=None, now=DUE + DAY)
    ask(academy, "break_undo", now=DUE + 2 * DAY, step=step.pk)
    carry_out_due(DUE + 2 * DAY)
    rsvps = {m.pk: Attendance.objects.get(meeting=m, user=member).rsvp for m in (week_2, week_3)}
    assert rsvps == {week_2.pk: "attending", week_3.pk: "pending"}


def test_what_was_moved_by_hand_since_stays_and_undo_ends_with_the_first_start(academy):
    step = ask(academy)
    carry_out_due(DUE)
    week_3 = academy.meeting("A", 3)
    carry_out(moves.Reschedule(week_3.pk, week_3.starts_at + DAY), by=None, now=DUE + DAY)
    ask(academy, "break_undo", now=DUE + 2 * DAY, step=step.pk)
    carry_out_due(DUE + 2 * DAY)
    assert dates(academy, "A") == ["7.1.", "14.1.", "29.1.", "28.1."]

    again = ask(academy, now=DUE + 2 * DAY)
    carry_out_due(DUE + 3 * DAY)
    again.refresh_from_db()
    kind = step_kinds["break"]
    first = datetime(2027, 1, 14, 12, tzinfo=UTC)
    assert kind.may_take_back(again, {}, first - MINUTE)
    assert not kind.may_take_back(again, {}, first)
    with pytest.raises(Refusal) as late:
        ask(academy, "break_undo", now=first, step=again.pk)
    assert late.value.code == "too_late"


def test_a_visit_booked_after_the_preview_stops_the_break_and_undone_it_does_nothing(academy):
    before = dates(academy, "A")
    stale, undone = ask(academy), ask(academy, drop=True)
    undo_step(undone.pk, now=NOW + MINUTE)
    visit(academy, academy.add_member("Dan", "C"), "C", "A")
    carry_out_due(DUE)
    stale.refresh_from_db()
    assert stale.state == "stopped"
    assert dates(academy, "A") == before
    assert letters(DUE) == {}
    with pytest.raises(Refusal) as nothing:
        ask(academy, first="2027-06-01", last="2027-06-02")
    assert nothing.value.code == "no_meeting"


def test_a_meeting_that_stays_in_the_break_and_moves_after_the_preview_stops_it(academy):
    week_1 = academy.meeting("A", 1)
    carry_out(moves.Reschedule(week_1.pk, NOW + WEEK), by=None, now=NOW)
    step = ask(academy)
    assert "Week 1 stays on Monday 11 January" in str(step_kinds["break"].preview(step, NOW))
    carry_out(moves.Reschedule(week_1.pk, NOW + WEEK + DAY), by=None, now=NOW + MINUTE)
    carry_out_due(DUE)
    step.refresh_from_db()
    assert step.state == "stopped"


def test_a_new_name_and_zone_of_a_guest_stop_no_break_and_the_letter_uses_them(academy):
    step = ask(academy)
    User.objects.filter(name="Cleo").update(nickname="Cleopatra", timezone="Asia/Tokyo")
    carry_out_due(DUE)
    step.refresh_from_db()
    assert (step.state, step.stopped_why) == ("done", "")
    assert "(Tokyo)" in letters(DUE)["Cleo"]


def test_the_preview_shows_exactly_what_happens(academy):
    step = ask(academy)
    shown = step_kinds["break"].preview(step, NOW)
    planned = {
        (title.title, re.sub(r".*→ ", "", line)) for title in shown.sections for line in title.lines
    }
    carry_out_due(DUE)
    for group in academy.groups.values():
        for row in Meeting.objects.filter(group=group, number__gt=1):
            said = f"{row.starts_at:%A} {row.starts_at.day} {row.starts_at:%B, %H:%M} (UTC)"
            assert (group.name, said) in planned
    step.refresh_from_db()
    assert step.letters == {str(one.user_id): dict(one.values) for one in shown.recipients}


@pytest.mark.parametrize("drop", [False, True])
def test_a_group_that_is_added_later_gets_the_break_too_and_undoing_restores_its_meetings(
    academy, set_clock, drop
):
    step = ask(academy, drop=drop)
    carry_out_due(DUE)
    set_clock(DUE + MINUTE)
    academy.groups["D"] = academy._add_group("D", 3)
    repair_meetings(DUE + MINUTE)
    assert dates(academy, "D") == (
        ["10.1.", "-", "24.1.", "31.1."] if drop else ["10.1.", "24.1.", "31.1.", "7.2."]
    )
    shown = dates(academy, "D")
    repair_meetings(DUE + 2 * MINUTE)
    assert dates(academy, "D") == shown, "the same again"

    ask(academy, "break_undo", now=DUE + DAY, step=step.pk)
    carry_out_due(DUE + DAY)
    assert dates(academy, "D") == ["10.1.", "17.1.", "24.1.", "31.1."]
    assert dates(academy, "A") == ["7.1.", "14.1.", "21.1.", "28.1."]
    assert not SkippedWeek.objects.exists()
    repair_meetings(DUE + DAY)
    assert dates(academy, "D") == ["10.1.", "17.1.", "24.1.", "31.1."]


@pytest.mark.parametrize("drop", [False, True])
def test_another_slot_puts_no_meeting_into_a_break(academy, drop):
    """The weeks of the cohort begin on Mondays; the break is on Saturday and Sunday only."""
    ask(academy, first="2027-01-16", last="2027-01-17", drop=drop)
    carry_out_due(DUE)
    assert dates(academy, "A") == ["7.1.", "14.1.", "21.1.", "28.1."]
    saturdays = Slot(5, time(12), "UTC", 60)
    move = moves.ChangeSlot(academy.groups["A"].pk, date(2027, 1, 11), saturdays)
    shown = preview_move(move, now=DUE)
    carry_out(move, by=None, now=DUE, seen=shown.digest)
    after = ["7.1.", "-", "23.1.", "30.1."] if drop else ["7.1.", "23.1.", "30.1.", "6.2."]
    assert dates(academy, "A") == after
    repair_meetings(DUE + MINUTE)
    assert dates(academy, "A") == after


def test_what_staff_put_into_a_break_stays_there(academy):
    ask(academy, drop=True)
    carry_out_due(DUE)
    week_2 = academy.meeting("A", 2)
    carry_out(moves.Restore(week_2.pk), by=None, now=DUE + MINUTE)
    repair_meetings(DUE + 2 * MINUTE)
    assert dates(academy, "A") == ["7.1.", "14.1.", "21.1.", "28.1."]


def test_meetings_that_are_pushed_back_are_not_lost_in_an_earlier_break(academy):
    ask(academy, first="2027-01-25", last="2027-01-31", drop=True)
    carry_out_due(DUE)
    ask(academy, now=DUE)
    carry_out_due(DUE + 10 * MINUTE)
    assert dates(academy, "A") == ["7.1.", "21.1.", "4.2.", "-"]


@pytest.mark.django_db(transaction=True)
def test_a_break_carried_out_while_a_visit_is_booked_has_one_winner(academy):
    dan = academy.add_member("Dan", "C")
    step = ask(academy)
    said = race(partial(visit, academy, dan, "C", "A"), partial(carry_out_step, step.pk, now=DUE))
    step.refresh_from_db()
    booked = GuestVisit.objects.filter(user=dan)
    assert said[1] == DONE
    if step.state == "stopped":  # the visit was first
        assert (said[0], dates(academy, "A")[1]) == (DONE, "14.1.")
        assert booked.get().chosen_start == academy.meeting("A", 2).starts_at
    else:
        assert dates(academy, "A")[1] == "21.1."
        update_all_visits(DUE)
        for one in booked.filter(ended_at=None):
            assert one.chosen_start == academy.meeting("A", 2).starts_at
