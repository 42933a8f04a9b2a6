"""Merging a group into another: people, visits, guests, letters; undone; refused."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from cohorts.errors import Refusal
from cohorts.models import Cohort, CohortStep, Group, Membership, User
from cohorts.outbox.collecting import collect
from cohorts.outbox.models import Message
from cohorts.outbox.registry import MessageObsolete
from cohorts.outbox.rendering.render import render
from cohorts.steps.registry import step_kinds
from cohorts.steps.services import carry_out_step, undo_step
from cohorts.steps.tasks import carry_out_due
from guestvisits.models import GuestVisit
from guestvisits.services.booking import book_visit
from guestvisits.services.updating import update_all_visits
from meetings.attendance.ledger import count_attendance
from meetings.attendance.marks import AttendanceCount
from meetings.models import Attendance, Meeting
from tests.guestvisits.merging.conftest import DUE, MINUTE, NOW, ask, groups_of, params, person
from tests.support.academy import Academy
from tests.support.clock import SetClock

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_providers")]


def visits() -> dict[str, tuple[str, str]]:
    """Return each person's open visit: whose meeting it is to, and their home group."""
    return {
        visit.user.name: (visit.host_meeting.group.name, visit.home_meeting.group.name)
        for visit in GuestVisit.objects.filter(ended_at=None)
    }


def letters(now: datetime = DUE) -> dict[str, str]:
    """Return the letter of each person, subject first."""
    collect(None, now=now)
    found = {}
    for message in Message.objects.filter(channel="email", kind="step_letter"):
        text = render(message, now)
        assert message.user is not None
        assert message.user.name not in found, "one letter for each person"
        found[message.user.name] = f"{text.subject}\n{text.text}"
    return found


def test_a_merge_moves_people_visits_and_guests(academy: Academy, set_clock: SetClock) -> None:
    step = ask(academy)
    assert groups_of("Ann") == ["Group A"], "nothing before it is due"
    set_clock(DUE)
    carry_out_due(DUE)
    update_all_visits(now=DUE)

    assert {name: groups_of(name) for name in ("Ann", "Ali", "Bea", "Ben", "Fay")} == {
        "Ann": ["Group B"],
        "Ali": ["Group B"],
        "Bea": ["Group B"],
        "Ben": ["Group B"],
        "Fay": [],
    }
    source = Group.objects.get(pk=academy.groups["A"].pk)
    assert (source.status, source.ended_at) == (Group.Status.MERGED, DUE)
    old = Membership.objects.filter(group=source)
    assert {(one.status, one.left_at) for one in old} == {("moved", DUE)}
    # Ann's home is B now; Ali is a member there; guests visit B, of which Bea is a member.
    assert visits() == {
        "Ann": ("Group C", "Group B"),
        "Cleo": ("Group B", "Group C"),
        "Cid": ("Group B", "Group C"),
    }
    at_b = Attendance.objects.filter(meeting=academy.meeting("B", 2), is_guest=True)
    assert [one.user.name for one in at_b] == ["Cleo"]
    step.refresh_from_db()
    assert step.state == CohortStep.State.DONE


def test_everyone_who_is_concerned_gets_one_letter(academy: Academy, set_clock: SetClock) -> None:
    ask(academy)
    set_clock(DUE)
    carry_out_due(DUE)
    found = letters()
    assert set(found) == {"Ann", "Ali", "Fay", "Cleo", "Cid"}
    assert found["Ann"].startswith("Group A now meets with Group B")
    assert "From today you're in Group B, led by Ben." in found["Ann"]
    assert "Next meeting: Friday 8 January, 13:01 (Berlin)." in found["Ann"]
    assert "You can read the channels of Group A until 3 February." in found["Ann"]
    assert "From today" not in found["Fay"]
    assert "Your visit is now to Group B, week 2: Friday 15 January" in found["Cleo"]
    kinds = Message.objects.filter(user__name="Ann", channel="email").values_list("kind", flat=True)
    assert sorted(set(kinds) & {"member_joined", "member_left", "group_assigned"}) == []
    posts = Message.objects.filter(kind="step_letter", channel="discord_channel")
    assert sorted(post.group.name for post in posts if post.group) == ["Group A", "Group B"]


@pytest.mark.matrix
def test_who_was_going_to_visit_the_new_group_reads_it_in_the_same_letter(
    academy: Academy, set_clock: SetClock
) -> None:
    ask(academy)
    set_clock(DUE)
    carry_out_due(DUE)
    update_all_visits(now=DUE)
    assert GuestVisit.objects.get(user__name="Ali").end_reason == "became_member"
    assert "Your visit to Group B in week 2 has ended, since you're a member" in letters()["Ali"]
    assert "visit" not in letters()["Ann"]
    with pytest.raises(MessageObsolete):
        render(Message.objects.get(user__name="Ali", kind="visit_broken"), DUE)


def note(academy: Academy, who: str, group: str, week: int, presence: str) -> None:
    meeting = academy.meeting(group, week)
    Attendance.objects.update_or_create(
        meeting=meeting,
        user=person(who),
        defaults={"correction": presence, "corrected_at": meeting.ends_at},
    )
    Meeting.objects.filter(pk=meeting.pk).update(was_held="here", was_held_at=meeting.ends_at)


def test_what_was_attended_before_a_merge_counts_and_no_week_counts_twice(
    academy: Academy, set_clock: SetClock
) -> None:
    """Both groups hold week 2; only A holds week 1, and only B weeks 3 and 4."""
    GuestVisit.objects.all().delete()
    Attendance.objects.all().delete()
    cancelled = academy.meeting("B", 1)
    cancelled.status = Meeting.Status.CANCELLED
    cancelled.save()
    now = academy.meeting("B", 2).ends_at
    set_clock(now)
    step = ask(academy, now)
    carry_out_due(step.due_at)
    note(academy, "Ann", "A", 1, "present")
    note(academy, "Ali", "A", 1, "absent")
    note(academy, "Ann", "A", 2, "absent")
    note(academy, "Ali", "A", 2, "present")
    note(academy, "Bea", "B", 2, "present")
    note(academy, "Ann", "B", 3, "present")
    target = academy.groups["B"].pk
    counts = count_attendance([target], academy.meeting("B", 4).ends_at)
    assert {name: counts[target, person(name).pk] for name in ("Ann", "Ali", "Bea")} == {
        "Ann": AttendanceCount(held=4, attended=2, missed=1),
        "Ali": AttendanceCount(held=3, attended=1),
        "Bea": AttendanceCount(held=3, attended=1),
    }


@pytest.mark.matrix
def test_the_new_group_reads_who_visits_it_from_now_on(
    academy: Academy, set_clock: SetClock
) -> None:
    ask(academy)
    set_clock(DUE)
    carry_out_due(DUE)
    step = CohortStep.objects.get()
    assert step.posts[str(academy.groups["B"].pk)].splitlines() == [
        "Group A joins this group",
        "Welcome Ali, Ann!",
        "Guests: Cleo (week 2), Cid (week 3)",
    ]


def test_facilitators_and_the_size_come_along_only_if_staff_say_so(
    academy: Academy, set_clock: SetClock
) -> None:
    Group.objects.filter(pk=academy.groups["B"].pk).update(size=2)
    with pytest.raises(Refusal, match="would have 3 participants, and its size is 2"):
        ask(academy)
    ask(academy, raise_size=True, facilitators_come=True, guests_come=False)
    set_clock(DUE)
    carry_out_due(DUE)
    update_all_visits(now=DUE)
    assert Group.objects.get(pk=academy.groups["B"].pk).size == 3
    assert groups_of("Fay") == ["Group B"]
    assert set(visits()) == {"Ann"}


def test_a_merge_that_is_undone_changes_nothing_and_writes_to_no_one(
    academy: Academy, set_clock: SetClock
) -> None:
    before = (visits(), groups_of("Ann"))
    step = ask(academy)
    undo_step(step.pk, now=DUE - MINUTE)
    set_clock(DUE)
    carry_out_due(DUE)
    assert (visits(), groups_of("Ann")) == before
    assert letters() == {}


def test_a_visit_that_is_booked_in_between_stops_the_merge(
    academy: Academy, set_clock: SetClock
) -> None:
    step = ask(academy)
    book_visit(
        person("Cleo").pk,
        home_meeting_id=academy.meeting("C", 4).pk,
        host_meeting_id=academy.meeting("A", 4).pk,
        now=NOW + MINUTE,
    )
    set_clock(DUE)
    carried = carry_out_step(step.pk, now=DUE)
    assert carried.state == CohortStep.State.STOPPED
    assert "changed after the preview" in carried.stopped_why
    assert groups_of("Ann") == ["Group A"]


def test_what_cannot_be_merged_is_refused_with_the_reason(academy: Academy) -> None:
    a, b = academy.groups["A"].pk, academy.groups["B"].pk
    other = Academy(NOW, groups="X", name="Other")
    for chosen, words in (
        ({"target_id": a}, "two different groups"),
        ({"target_id": 0}, "no longer exists"),
        ({"target_id": other.groups["X"].pk}, "do not both belong"),
    ):
        with pytest.raises(Refusal, match=words):
            ask(academy, **chosen)
    Group.objects.filter(pk=b).update(status=Group.Status.COMPLETED, ended_at=NOW)
    with pytest.raises(Refusal, match="Group B has ended"):
        ask(academy)


@pytest.mark.matrix
def test_other_meetings_at_the_same_time_are_named_and_hinder_nothing(academy: Academy) -> None:
    other = Academy(NOW, groups="XY", name="Other")
    Membership.objects.create(user=person("Ann"), group=other.groups["Y"])
    wanted = CohortStep(cohort=academy.cohort, kind="merge", params=params(academy))
    preview = step_kinds["merge"].preview(wanted, NOW)
    assert preview.warnings == ("Ann also has meetings with Group Y at that time.",)


def test_staff_are_warned_if_more_guests_would_come_than_have_seats(academy: Academy) -> None:
    Cohort.objects.update(guest_seats=1)
    wanted = CohortStep(cohort=academy.cohort, kind="merge", params=params(academy))
    # Ali visits group B in week 2 too, but will be its member, so Cleo has the seat.
    assert step_kinds["merge"].preview(wanted, NOW).warnings == ()
    Cohort.objects.update(guest_seats=2)
    book_visit(
        academy.add_member("Cora", "C").pk,
        home_meeting_id=academy.meeting("C", 2).pk,
        host_meeting_id=academy.meeting("B", 2).pk,
        now=NOW - MINUTE,
    )
    assert step_kinds["merge"].preview(wanted, NOW).warnings == ()
    Cohort.objects.update(guest_seats=1)
    [warning] = step_kinds["merge"].preview(wanted, NOW).warnings
    assert warning == "Group B would have 2 guests in week 2. The cohort's limit is 1."


@pytest.mark.matrix
def test_staff_are_warned_if_the_group_that_continues_is_not_set_up(academy: Academy) -> None:
    Group.objects.filter(pk=academy.groups["B"].pk).update(set_up_at=None, status="preview")
    wanted = CohortStep(cohort=academy.cohort, kind="merge", params=params(academy))
    [warning] = step_kinds["merge"].preview(wanted, NOW).warnings
    assert warning.startswith("Group B is not set up yet")


@pytest.mark.matrix
def test_new_names_and_zones_of_people_stop_no_merge_and_the_letters_use_them(
    academy: Academy, set_clock: SetClock
) -> None:
    step = ask(academy)
    User.objects.filter(name="Ann").update(nickname="Anna", timezone="Pacific/Auckland")
    User.objects.exclude(name="Ann").update(timezone="America/Lima")
    set_clock(DUE)
    done = carry_out_step(step.pk, now=DUE)
    assert (done.state, done.stopped_why) == ("done", "")
    assert "(Auckland)" in letters()["Ann"]


@pytest.mark.matrix
def test_a_merge_confirmed_just_before_midnight_is_carried_out_after_it(
    academy: Academy, set_clock: SetClock
) -> None:
    confirmed = NOW.replace(hour=22, minute=55)  # 23:55 in Berlin
    step, due = ask(academy, confirmed), confirmed + 10 * MINUTE
    set_clock(due)
    assert carry_out_step(step.pk, now=due).state == CohortStep.State.DONE
    assert "until 3 February" in letters(due)["Ann"]


@pytest.mark.matrix
def test_without_an_archive_no_one_is_promised_one(academy: Academy) -> None:
    academy.cohort.archive_days = 0
    academy.cohort.save()
    wanted = CohortStep(cohort=academy.cohort, kind="merge", params=params(academy))
    preview = step_kinds["merge"].preview(wanted, NOW)
    assert {one.values["archive"] for one in preview.recipients} == {""}
    assert "can be read" not in str(preview.posts)


def test_the_form_costs_the_same_for_any_number_of_groups(
    academy: Academy, django_assert_num_queries: Any
) -> None:
    form_class = step_kinds["merge"].form_class
    with django_assert_num_queries(1):
        form = form_class(cohort=academy.cohort)
    labels = [str(label) for _, label in form.fields["target"].choices]  # type: ignore[attr-defined]
    assert labels[1] == "Group A — Autumn, Thu 12:00 (UTC), 2 participants"
    for name in "VWXYZ":
        Group.objects.create(cohort=academy.cohort, name=name)
    with django_assert_num_queries(1):
        assert len(form_class(cohort=academy.cohort).fields["target"].choices) == 9  # type: ignore[attr-defined]
