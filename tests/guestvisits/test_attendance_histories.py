"""Whatever happens in a cohort, the ledger counts no false miss, and its sums equal the rows.

The machine knows what really happened: which meetings were held, where, and who was there. The
ledger knows only what the bot saw and what people entered.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from cohorts.errors import Refusal
from cohorts.models import CohortStep, Membership, User
from cohorts.services.memberships import add_member, end_membership, move_member
from cohorts.steps.registry import step_kinds
from cohorts.steps.services import ask_for_step, carry_out_step
from guestvisits.models import GuestVisit
from guestvisits.services.booking import book_visit
from guestvisits.services.updating import update_all_visits
from meetings.attendance.corrections import correct_presence
from meetings.attendance.detection import VoiceObservation, meetings_to_check, record_presence
from meetings.attendance.ledger import read_cohort_records
from meetings.attendance.marks import FINAL_AFTER, TOOK_PART, LedgerMark
from meetings.attendance.presence import Span
from meetings.attendance.was_held import answer_was_held
from meetings.models import Attendance, Meeting
from meetings.rsvps import set_rsvp
from tests.support.academy import Academy
from tests.support.moves import cancel_meeting, move_meeting

GROUPS, WEEKS, PEOPLE = "ABC", 5, 6
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

groups = st.sampled_from(GROUPS)
weeks = st.integers(1, WEEKS)
people = st.integers(0, PEOPLE - 1)


class Histories(RuleBasedStateMachine):
    """Each example is a transaction that is undone."""

    @initialize(seed=st.randoms(use_true_random=False))
    def begin(self, seed) -> None:
        self.undo = transaction.atomic()
        self.undo.__enter__()
        self.now = datetime.now(UTC).replace(second=0, microsecond=0)
        self.academy = Academy(self.now, groups=GROUPS, meetings=WEEKS, allowed_absences=1)
        self.academy.cohort.first_known_at = self.now - DAY
        self.academy.cohort.save()
        self.people = [self.academy.add_member(f"P{n}", GROUPS[n % 3]) for n in range(PEOPLE)]
        for group in GROUPS:
            self.academy.add_facilitator(f"Facilitator {group}", group)
        Membership.objects.update(joined_at=self.now - DAY)
        self.chance = seed
        self.truth: dict[tuple[int, datetime], set[int]] = {}  # who was there, if it was held
        self.judged: set[tuple[int, datetime]] = set()
        self.merges = 0

    def teardown(self) -> None:
        if hasattr(self, "undo"):
            transaction.set_rollback(True)
            self.undo.__exit__(None, None, None)

    def attempt(self, service, *args, **kwargs):
        try:
            with transaction.atomic():
                return service(*args, **{"now": self.now, **kwargs})
        except Refusal:
            return None

    def membership(self, person: int) -> Membership | None:
        return self.people[person].memberships.filter(status="active").first()

    # -- what people do ------------------------------------------------------------------------

    @rule(person=people, further=st.sampled_from([1, 2]), week=weeks)
    def book(self, person: int, further: int, week: int) -> None:
        if membership := self.membership(person):
            home = membership.group.name[-1]
            host = GROUPS[(GROUPS.index(home) + further) % 3]
            self.attempt(
                book_visit,
                self.people[person].pk,
                home_meeting_id=self.academy.meeting(home, week).pk,
                host_meeting_id=self.academy.meeting(host, week).pk,
            )

    @rule(person=people, week=weeks)
    def decline(self, person: int, week: int) -> None:
        if membership := self.membership(person):
            meeting = Meeting.objects.get(group=membership.group_id, number=week)
            self.attempt(set_rsvp, meeting.pk, self.people[person].pk, "not_attending")

    @rule(group=groups, week=weeks, hours=st.integers(-30, 120))
    def move(self, group: str, week: int, hours: int) -> None:
        """Also after the fact: a meeting that no one attended can be moved for a week."""
        meeting = self.academy.meeting(group, week)
        start = max(meeting.starts_at, self.now) + hours * HOUR
        self.attempt(move_meeting, meeting.pk, starts_at=start)

    @rule(group=groups, week=weeks)
    def cancel(self, group: str, week: int) -> None:
        self.attempt(cancel_meeting, self.academy.meeting(group, week).pk)

    @rule(person=people, group=groups)
    def change_group(self, person: int, group: str) -> None:
        if membership := self.membership(person):
            self.attempt(move_member, membership.pk, self.academy.groups[group].pk)

    @rule(person=people)
    def leave(self, person: int) -> None:
        if membership := self.membership(person):
            self.attempt(end_membership, membership.pk, status="dropped")

    @rule(person=people, group=groups)
    def join_late(self, person: int, group: str) -> None:
        if not self.membership(person):
            self.attempt(add_member, self.academy.groups[group].pk, self.people[person].pk)

    @rule(days=st.integers(1, 10), drop=st.booleans())
    def take_a_break(self, days: int, drop: bool) -> None:
        first = (self.now + days * DAY).date()
        params = {"first": str(first), "last": str(first + 6 * DAY), "drop": drop, "also": []}
        self.attempt(self.carry_out, "break", params)

    @rule(source=groups, into=groups)
    def merge(self, source: str, into: str) -> None:
        if source != into and self.merges == 0:
            params = {
                "source_id": self.academy.groups[source].pk,
                "target_id": self.academy.groups[into].pk,
                "raise_size": True,
                "facilitators_come": False,
                "guests_come": True,
            }
            self.merges += self.attempt(self.carry_out, "merge", params) is not None

    def carry_out(self, kind: str, params: dict[str, object], *, now: datetime) -> CohortStep:
        wanted = CohortStep(cohort=self.academy.cohort, kind=kind, params=params)
        seen = step_kinds[kind].preview(wanted, now).digest
        cohort = self.academy.cohort.pk
        step = ask_for_step(kind, cohort, params, seen=seen, by=None, now=now)
        self.now = step.due_at
        return carry_out_step(step.pk, now=self.now)

    # -- time, and what really happens ------------------------------------------------------------

    @rule(hours=st.integers(6, 120))
    def wait(self, hours: int) -> None:
        until = self.now + hours * HOUR
        while self.now < until:
            self.now = min(self.now + 6 * HOUR, until)
            update_all_visits(self.now)
            self.meet()

    def meet(self) -> None:
        over = Meeting.objects.filter(status="scheduled", starts_at__lt=self.now)
        for meeting in over.select_related("group__cohort"):
            key = meeting.pk, meeting.starts_at
            if meeting.ends_at <= self.now and key not in self.judged:
                self.judged.add(key)
                if not meeting.group.ended_at or meeting.starts_at < meeting.group.ended_at:
                    self.hold(meeting)

    def hold(self, meeting: Meeting) -> None:
        """Something happens at a meeting, of which the bot sees a part."""
        members = meeting.group.memberships.filter(
            status="active", joined_at__lte=meeting.starts_at
        )
        expected = {*members.values_list("user", flat=True)}
        expected |= {
            *GuestVisit.objects.filter(
                host_meeting=meeting, ended_at=None, booked_at__lte=meeting.starts_at
            ).values_list("user", flat=True)
        }
        what = self.chance.choice(["here", "here", "here", "elsewhere", "no"])
        there = {user for user in sorted(expected) if self.chance.random() < 0.6}
        if what != "no":
            self.truth[meeting.pk, meeting.starts_at] = set(there)
        # A substitute leads, who is in no attendance figure: it makes up for no meeting of theirs.
        leader = self.chance.choice(list(User.objects.values_list("pk", flat=True)))
        there.add(leader)
        expected.add(leader)
        window = Span(meeting.starts_at - 15 * timedelta(minutes=1), meeting.ends_at)
        is_on = self.chance.random() < 0.8
        seen = there if what == "here" else sorted(there)[:1] if what == "no" else set()
        observed = VoiceObservation(
            observed=[window] if is_on else [],
            sessions={user: [window] for user in seen} if is_on else {},
            identified=frozenset(User.objects.values_list("pk", flat=True)),
        )
        checked = [m for m in meetings_to_check(self.now - DAY, self.now) if m.pk == meeting.pk]
        record_presence(checked, {meeting.group_id: observed}, now=self.now)
        by = self.people[0].pk
        if self.chance.random() < 0.5:
            self.attempt(answer_was_held, meeting.pk, answer=what, by=by)
        if what != "no":
            for user in sorted(expected):
                if self.chance.random() < 0.2:
                    said = "present" if user in there else "absent"
                    self.attempt(
                        correct_presence, meeting.pk, user, presence=said, by=by, reason="noted"
                    )

    # -- what always holds ---------------------------------------------------------------------

    @invariant()
    def no_miss_is_false(self) -> None:
        if not hasattr(self, "undo"):
            return
        took_part: dict[int, set[int]] = defaultdict(set)
        numbers = dict(Meeting.objects.values_list("pk", "number"))
        for (pk, _), users in self.truth.items():
            took_part[numbers[pk]] |= users
        for record in read_cohort_records(self.academy.cohort.pk, self.now):
            user, member = record.member.user_id, record.member
            first = Membership.objects.filter(user=user, role="participant").earliest("joined_at")
            for entry in record.entries:
                if entry.mark != LedgerMark.MISSED:
                    continue
                meeting = Meeting.objects.get(pk=entry.meeting.id)
                key = meeting.pk, meeting.starts_at
                assert key in self.truth, "it was held, at this time"
                assert user not in took_part[meeting.number], "nor made up"
                assert not meeting.is_cancelled
                assert meeting.ends_at <= self.now
                assert first.joined_at <= meeting.starts_at
                said = Attendance.objects.filter(meeting=meeting, user=user).first()
                assert not (
                    said
                    and said.rsvp == "not_attending"
                    and said.rsvp_at
                    and said.rsvp_at < meeting.starts_at
                ), "nor excused"
                assert member.status != "moved"

    @invariant()
    def sums_equal_the_rows(self) -> None:
        if not hasattr(self, "undo"):
            return
        for record in read_cohort_records(self.academy.cohort.pk, self.now):
            count, user = record.count, record.member.user_id
            assert count.held == len(record.entries)
            assert count.held == count.attended + count.elsewhere + count.absent + count.unknown
            found = {entry.meeting.number for entry in record.entries}
            assert len(found) == len(record.entries), "a week counts once"
            rows = Attendance.objects.filter(
                user=user,
                meeting__group=record.member.group,
                meeting__status="scheduled",
                meeting__starts_at__lte=self.now,
                is_guest=False,
            ).select_related("meeting")
            there = {
                row.meeting.number
                for row in rows
                if row.presence == "present"
                and not (row.corrected_at and row.corrected_at < row.meeting.starts_at)
                and row.meeting.held_answer != "no"
            }
            took_part = {e.meeting.number for e in record.entries if e.mark in TOOK_PART}
            assert there <= took_part

    @invariant()
    def two_final_misses_in_a_row_are_a_signal(self) -> None:
        if not hasattr(self, "undo"):
            return
        for record in read_cohort_records(self.academy.cohort.pk, self.now):
            in_a_row = most = 0
            for entry in record.entries:
                visits = GuestVisit.objects.filter(
                    user=record.member.user_id, host_meeting__number=entry.meeting.number
                )
                ends = [entry.meeting.ends_at + FINAL_AFTER]
                ends += [visit.host_meeting.ends_at for visit in visits]
                if entry.mark in TOOK_PART:
                    in_a_row = most = 0
                elif max(ends) + HOUR <= self.now:  # within an hour of being final
                    in_a_row += entry.mark == LedgerMark.MISSED
                    in_a_row *= entry.mark != LedgerMark.UNKNOWN
                    most = max(most, in_a_row)
            assert most < 2 or record.risk


@pytest.mark.django_db
@pytest.mark.usefixtures("without_providers")
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("examples", [2, pytest.param(35, marks=pytest.mark.matrix)])
def test_no_history_leads_to_a_false_miss_or_a_missing_signal(examples):
    run_state_machine_as_test(
        Histories,
        settings=settings(
            max_examples=examples,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
