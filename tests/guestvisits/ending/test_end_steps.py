"""Ending a cohort or a group, undoing it, and reopening: facts, letters and what stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection

from cohorts.errors import Refusal
from cohorts.models import Cohort, CohortStep, Group, Membership
from cohorts.needs.items import Need
from cohorts.needs.open_cohorts import read_open_cohorts
from cohorts.outbox.collecting import collect
from cohorts.outbox.models import Message
from cohorts.outbox.registry import MessageObsolete
from cohorts.outbox.rendering.render import render
from cohorts.services.memberships import add_member
from cohorts.steps.messages import write_letter
from cohorts.steps.registry import StepPreview, step_kinds
from cohorts.steps.services import ask_for_step, carry_out_step, undo_step
from guestvisits.ending.cohort_over import find_cohorts_over
from guestvisits.ending.offers import end_automatically
from guestvisits.models import GuestVisit
from meetings.models import Attendance, Meeting
from tests.support.academy import Academy

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_providers")]

NOW = datetime(2027, 1, 4, 12, tzinfo=UTC)
DELAY = timedelta(minutes=10)
HOSTILE = "Ann {name} <b>&</b> @everyone"


class Term(Academy):
    """Two groups of four weeks, a learner in each, and a facilitator of both."""

    def __init__(self) -> None:
        super().__init__(NOW, groups="AB", meetings=4)
        Cohort.objects.update(first_known_at=NOW)
        Group.objects.update(activated_at=NOW)
        self.ann = self.add_member("Ann", "A", nickname=HOSTILE)
        self.bea = self.add_member("Bea", "B")
        self.lead = self.add_facilitator("Leo", "A", "B")


@pytest.fixture
def academy() -> Term:
    return Term()


def ask(academy: Term, now: datetime, *groups: str, status: str = "completed") -> CohortStep:
    ids = sorted(academy.groups[name].pk for name in groups)
    return ask_for(academy, "end", {"groups": ids, "status": status}, now)


def ask_for(academy: Term, kind: str, params: dict[str, Any], now: datetime) -> CohortStep:
    seen = preview(academy, kind, params, now).digest
    return ask_for_step(kind, academy.cohort.pk, params, seen=seen, by=academy.lead.pk, now=now)


def preview(academy: Term, kind: str, params: dict[str, Any], now: datetime) -> StepPreview:
    step = CohortStep(cohort=academy.cohort, kind=kind, params=params)
    return step_kinds[kind].preview(step, now)


def end(academy: Term, now: datetime, *groups: str, status: str = "completed") -> CohortStep:
    step = ask(academy, now, *groups, status=status)
    return carry_out_step(step.pk, now=step.due_at)


def facts() -> dict[str, Any]:
    """Everything that an end changes, to be compared before and after."""
    return {
        "cohorts": list(Cohort.objects.order_by("pk").values("status", "ended_at")),
        "groups": list(Group.objects.order_by("pk").values("status", "ended_at")),
        "meetings": list(Meeting.objects.order_by("pk").values("status", "touched_at")),
        "members": list(Membership.objects.order_by("pk").values("status", "left_at", "left_why")),
    }


def letter_of(step: CohortStep, person: Any) -> str:
    subject, lines = write_letter(step, person.display_name, step.letters[str(person.pk)])
    return "\n".join([subject, *lines])


def let_ann_visit(academy: Term) -> GuestVisit:
    """Ann visits Group B in its last week."""
    return GuestVisit.objects.create(
        user=academy.ann,
        home_meeting=academy.meeting("A", 4),
        host_meeting=academy.meeting("B", 4),
        chosen_start=academy.meeting("B", 4).starts_at,
        booked_at=NOW,
    )


def test_the_preview_lists_groups_people_meetings_and_visits_and_changes_nothing(academy):
    before = facts()
    GuestVisit.objects.create(
        user=academy.ann,
        home_meeting=academy.meeting("A", 2),
        host_meeting=academy.meeting("B", 2),
        booked_at=NOW,
    )
    now = academy.meeting("B", 1).ends_at
    shown = preview(academy, "end", {"groups": [], "status": "completed"}, now)

    lines = "\n".join(line for section in shown.sections for line in section.lines)
    assert "Group A: 2 people (completed)" in lines
    assert "Group A: week 2 on " in lines.replace("Week", "week")
    assert "A visit to Group B on " in lines
    assert "can read their channels until" in lines
    assert {one.user_id for one in shown.recipients} == {
        academy.ann.pk,
        academy.bea.pk,
        academy.lead.pk,
    }
    assert facts() == before


def test_an_end_cancels_what_lies_ahead_and_the_letter_counts_what_was_held(academy):
    for group, number, is_guest in (("A", 1, False), ("A", 2, False), ("B", 3, True)):
        meeting = academy.meeting(group, number)
        Attendance.objects.create(
            meeting=meeting,
            user=academy.ann,
            is_guest=is_guest,
            correction="present",
            corrected_at=meeting.ends_at,
        )
    now = academy.meeting("B", 3).ends_at
    step = end(academy, now)

    assert step.state == "done"
    assert set(Group.objects.values_list("status", flat=True)) == {"completed"}
    assert Cohort.objects.get().status == "completed"
    ahead = Meeting.objects.filter(number=4)
    assert {one.status for one in ahead} == {"cancelled"}
    assert not Meeting.objects.filter(number__lt=4, status="cancelled").exists()
    assert set(Membership.objects.values_list("status", flat=True)) == {"completed"}
    text = letter_of(step, academy.ann)
    assert text.splitlines()[0] == "Autumn is complete"
    assert "You attended 3 of 3 meetings, one of them with another group." in text
    assert "1 meeting still to come was cancelled." in text
    assert f"You can read the channels until {now + timedelta(days=30):%-d %B}." in text
    assert "attended" not in letter_of(step, academy.lead)
    with pytest.raises(Refusal):
        ask(academy, now + timedelta(days=1))


def test_the_letter_counts_no_meeting_before_someone_joined(academy):
    late = academy.add_person("Lou")
    add_member(academy.groups["A"].pk, late.pk, now=academy.meeting("A", 2).ends_at)
    for number in range(1, 5):
        meeting = academy.meeting("A", number)
        here = [academy.ann, academy.lead] if number < 3 else [academy.ann, academy.lead, late]
        for person in here:
            Attendance.objects.create(
                meeting=meeting,
                user=person,
                correction="present",
                corrected_at=meeting.ends_at,
            )
    step = end(academy, academy.meeting("B", 4).ends_at)
    assert "You attended 4 of 4 meetings." in letter_of(step, academy.ann)
    assert "You attended 2 of 2 meetings." in letter_of(step, late)


def test_each_person_gets_one_letter_in_place_of_the_one_about_their_visit(
    academy, django_capture_on_commit_callbacks, set_clock
):
    visit = let_ann_visit(academy)
    now = academy.meeting("B", 3).ends_at
    set_clock(now + DELAY)
    connection.run_on_commit.clear()  # of what the test did before
    with django_capture_on_commit_callbacks(execute=True):
        step = end(academy, now)
    visit.refresh_from_db()
    assert visit.end_reason == "cohort_ended"
    assert "Your visit to Group B on" in letter_of(step, academy.ann)

    later = step.finished_at + timedelta(minutes=2)
    set_clock(later)
    collect(None, now=later)
    mine = Message.objects.filter(user=academy.ann)
    with pytest.raises(MessageObsolete):
        render(mine.get(kind="visit_broken"), later)
    letter = render(mine.get(kind="step_letter"), later)
    assert letter.subject == "Autumn is complete"
    assert "Something wrong? Tell us" in letter.text
    assert Message.objects.filter(kind="step_letter", channel="email").count() == 3


@pytest.mark.matrix
def test_no_one_is_told_that_a_visit_has_ended_which_they_have_made(
    academy, django_capture_on_commit_callbacks, set_clock
):
    """Their access ends with the group, some days earlier than otherwise."""
    visit = let_ann_visit(academy)
    now = academy.meeting("B", 4).ends_at + timedelta(days=1)
    set_clock(now + DELAY)
    connection.run_on_commit.clear()  # of what the test did before
    with django_capture_on_commit_callbacks(execute=True):
        step = end(academy, now)
    visit.refresh_from_db()
    assert visit.end_reason == "cohort_ended"
    collect(None, now=step.finished_at + timedelta(minutes=2))
    kinds = Message.objects.filter(user=academy.ann, state="pending").values_list("kind", flat=True)
    assert "step_letter" in kinds
    assert "visit_broken" not in kinds


def test_a_single_group_ends_and_the_cohort_goes_on(academy):
    now = academy.meeting("B", 2).ends_at
    step = end(academy, now, "A", status="cancelled")
    assert Group.objects.get(name="Group A").status == "cancelled"
    assert Group.objects.get(name="Group B").status == "active"
    assert Cohort.objects.get().status == "open"
    assert letter_of(step, academy.ann).startswith("Group A has ended")
    assert academy.bea.pk not in {int(pk) for pk in step.letters}
    leader = Membership.objects.get(user=academy.lead, group__name="Group B")
    assert leader.status == "active"


@pytest.mark.matrix
@pytest.mark.parametrize("status", ["cancelled", "completed"])
def test_a_visit_that_ends_with_ones_own_group_is_in_the_letter(
    academy, django_capture_on_commit_callbacks, set_clock, status
):
    """Who completed their group may still visit; who is left without a group may not."""
    visit = let_ann_visit(academy)
    now = academy.meeting("B", 2).ends_at
    params = {"groups": [academy.groups["A"].pk], "status": status}
    sections = {one.title: one.lines for one in preview(academy, "end", params, now).sections}
    set_clock(now + DELAY)
    connection.run_on_commit.clear()  # of what the test did before
    with django_capture_on_commit_callbacks(execute=True):
        step = end(academy, now, "A", status=status)
    visit.refresh_from_db()
    ends = status == "cancelled"
    assert visit.end_reason == ("home_group_ended" if ends else "")
    assert ("Your visit to Group B on" in letter_of(step, academy.ann)) is ends
    assert ("A visit to Group B on" in "".join(sections["Visits that end"])) is ends


def test_undo_in_the_last_second_leaves_everything_and_mails_no_one(academy):
    before = facts()
    now = academy.meeting("B", 2).ends_at
    step = ask(academy, now)
    undo_step(step.pk, now=step.due_at - timedelta(seconds=1))
    carry_out_step(step.pk, now=step.due_at)
    collect(None, now=step.due_at + timedelta(minutes=5))
    assert facts() == before
    assert not Message.objects.filter(kind="step_letter").exists()
    assert mail.outbox == []


def test_an_end_stops_if_someone_joins_after_the_preview(academy):
    now = academy.meeting("B", 2).ends_at
    step = ask(academy, now)
    new = academy.add_person("New")
    add_member(academy.groups["A"].pk, new.pk, now=now)
    before = facts()
    assert carry_out_step(step.pk, now=step.due_at).state == "stopped"
    assert facts() == before


def test_reopening_restores_exactly_what_the_end_had_ended(academy):
    dropped = academy.add_member("Dan", "A")
    row = Membership.objects.get(user=dropped)
    row.status = "dropped"
    row.save()
    Meeting.objects.filter(group=academy.groups["B"], number=4).update(status="cancelled")
    now = academy.meeting("B", 2).ends_at
    before = facts()
    step = end(academy, now)
    assert facts() != before

    later = step.due_at + timedelta(minutes=30)
    shown = preview(academy, "reopen", {"step": step.pk}, later)
    assert shown.recipients == ()  # the ending letter had not gone
    again = ask_for(academy, "reopen", {"step": step.pk}, later)
    assert carry_out_step(again.pk, now=later).state == "done"

    assert facts() == before
    collect(None, now=later)
    assert not Message.objects.filter(kind="step_letter", state="pending").exists()
    step.refresh_from_db()
    assert not step_kinds["end"].may_take_back(step, Group.objects.in_bulk(), later)
    with pytest.raises(Refusal):
        preview(academy, "reopen", {"step": step.pk}, later)


@pytest.mark.matrix
@pytest.mark.parametrize("state", ["sending", "sent", "unsure"])
def test_a_letter_about_reopening_goes_to_those_who_may_have_the_ending_letter(academy, state):
    now = academy.meeting("B", 2).ends_at
    step = end(academy, now)
    collect(None, now=step.finished_at)
    mine = Message.objects.filter(key=f"step:{step.pk}:{academy.ann.pk}")
    assert mine.update(state=state) == 1

    later = step.finished_at + timedelta(minutes=5)
    shown = preview(academy, "reopen", {"step": step.pk}, later)
    assert [one.user_id for one in shown.recipients] == [academy.ann.pk]
    assert shown.recipients[0].values["next"].startswith("Next meeting: ")


def test_staff_are_offered_the_end_a_day_after_the_last_meeting_and_it_may_be_automatic(academy):
    def offered(now: datetime) -> list[int | None]:
        return [need.cohort_id for need in find_cohorts_over(read_open_cohorts(now))]

    last = academy.meeting("B", 4).ends_at
    assert offered(last + timedelta(hours=23)) == []
    assert offered(last + timedelta(hours=25)) == [academy.cohort.pk]
    assert end_automatically(last + timedelta(days=9)) == 0

    Cohort.objects.update(end_after_days=7)
    assert end_automatically(last + timedelta(days=6)) == 0
    due = last + timedelta(days=7)
    assert end_automatically(due) == 1
    assert end_automatically(due) == 0
    step = CohortStep.objects.get()
    assert step.asked_by is None
    undo_step(step.pk, now=due)
    assert end_automatically(due + timedelta(days=1)) == 0  # staff decide now
    carry_out_step(ask(academy, due).pk, now=due + DELAY)
    assert offered(due + timedelta(days=2)) == []


@pytest.mark.parametrize("days", [1, 7])
def test_an_automatic_end_comes_exactly_that_many_days_after_the_last_meeting(academy, days):
    Cohort.objects.update(end_after_days=days)
    due = academy.meeting("B", 4).ends_at + timedelta(days=days)
    assert end_automatically(due - timedelta(microseconds=1)) == 0
    assert end_automatically(due) == 1


def test_a_cohort_without_meetings_does_not_end_automatically(academy):
    Cohort.objects.update(end_after_days=1)
    due = academy.meeting("B", 4).ends_at + timedelta(days=1)
    Meeting.objects.all().delete()
    assert end_automatically(due) == 0


def test_why_an_automatic_end_was_stopped_is_among_what_needs_staff(academy):
    due = academy.meeting("B", 4).ends_at + timedelta(days=7)

    def item(now: datetime) -> Need:
        [found] = find_cohorts_over(read_open_cohorts(now))
        return found

    before = item(due)
    assert before.sentence == "All meetings are over"
    Cohort.objects.update(end_after_days=7)
    end_automatically(due)
    add_member(academy.groups["A"].pk, academy.add_person("New").pk, now=due)
    step = carry_out_step(CohortStep.objects.get().pk, now=due + DELAY)
    assert step.state == "stopped"

    stopped = item(due + DELAY)
    assert stopped.sentence.startswith("All meetings are over, but the automatic end was stopped.")
    assert step.stopped_why in stopped.sentence
    assert not stopped.subject_keys <= before.subject_keys, "a snoozed item comes back"
    end(academy, due + DELAY)
    assert list(find_cohorts_over(read_open_cohorts(due + 2 * DELAY))) == []


def test_a_week_before_the_archive_ends_its_channel_says_so_once(academy):
    step = end(academy, academy.meeting("B", 4).ends_at)
    until = Group.objects.get(name="Group A").archive.ends_at
    posts = Message.objects.filter(kind="archive_ends")
    collect(None, now=until - timedelta(days=7, minutes=1))
    assert not posts.exists()
    for _ in range(2):
        collect(None, now=until - timedelta(days=7))
    assert sorted(post.group.name for post in posts) == ["Group A", "Group B"]
    assert step.state == "done"
