"""A small cohort with a past, drawn at random, and what is compared before and after an act.

Three groups in different zones, around a clock change or not; nine people, among them a facilitator
of two groups; answers, visits, a moved and a cancelled meeting, a substitute, someone who dropped
out, meetings that were held, and a group that is not set up. Everything that was due was sent, so
that a message which is collected after an act is about that act.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.db.models import Q, Value
from django.db.models.functions import Concat
from hypothesis import strategies as st

from cohorts.errors import Refusal
from cohorts.models import CohortStep, Group, Membership, User
from cohorts.outbox.collecting import collect
from cohorts.outbox.models import Message
from cohorts.outbox.registry import MessageObsolete, notifications
from cohorts.services.memberships import end_membership
from cohorts.steps.registry import step_kinds
from cohorts.steps.services import ask_for_step, carry_out_step
from guestvisits.models import GuestVisit, Substitution
from guestvisits.services.booking import book_visit
from guestvisits.services.updating import update_all_visits
from guestvisits.substitutes.services import (
    answer_offer,
    request_substitute,
    update_all_substitutions,
)
from meetings.meeting_times import MeetingTime, span_of
from meetings.models import Attendance, Meeting
from meetings.moving.moves import Cancel, Move, Reschedule
from meetings.moving.services import carry_out
from meetings.rsvps import set_rsvp
from tests.support.academy import Academy
from tests.support.clock import SetClock

GROUPS, WEEKS = "ABC", 4
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Pacific/Auckland")
MEMBERS = {"Ann": "A", "Ali": "A", "Bea": "B", "Ben": "B", "Cleo": "C", "Dan": "C"}
LEADERS = {"Fay": "A", "Finn": "B", "Fred": "C"}
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
# Clocks change in the second week, in Europe or in New York; or not at all.
BEGINNINGS = tuple(
    datetime(2027, month, day, 12, tzinfo=UTC) for month, day in ((1, 4), (3, 17), (10, 25))
)
# Kinds of message that follow from the date, not from the act: a move can make them due.
DATED = {"nudge", "reminder", "access_begun", "access_ended", "join_reminder"}

Draw = Callable[[st.SearchStrategy[Any]], Any]


class SmallAcademy(Academy):
    """Groups with a slot in a zone of their own."""

    zones: tuple[str, ...] = ("UTC",)

    def _add_group(self, name: str, place: int) -> Group:
        group = super()._add_group(name, place)
        group.timezone = self.zones[place]
        group.start_time = time(9 + 4 * place, 30)
        group.save()
        return group


class World:
    """The cohort at `now`. `draw` takes from the example what the act needs."""

    def __init__(self, draw: Draw, set_clock: SetClock) -> None:
        self.draw, self._set_clock = draw, set_clock
        self.now = draw(st.sampled_from(BEGINNINGS))
        self.pass_time(timedelta())
        self.academy = self._make_academy()
        self.people = {name: self._add(name, group) for name, group in MEMBERS.items()}
        for name, group in LEADERS.items():
            zone = draw(st.sampled_from(ZONES))
            self.people[name] = self.academy.add_facilitator(name, group, timezone=zone)
        self._also_lead("Finn", "C")
        self.academy.cohort.first_known_at = self.now - HOUR
        self.academy.cohort.save()
        Group.objects.update(activated_at=self.now - HOUR)
        Membership.objects.update(joined_at=self.now - HOUR)
        self._live_through()
        self.send_everything()

    def _make_academy(self) -> SmallAcademy:
        SmallAcademy.zones = tuple(self.draw(st.sampled_from(ZONES)) for _ in GROUPS)
        return SmallAcademy(self.now, groups=GROUPS, meetings=WEEKS, visits_per_person=9)

    def _add(self, name: str, group: str) -> User:
        return self.academy.add_member(name, group, timezone=self.draw(st.sampled_from(ZONES)))

    def _also_lead(self, name: str, group: str) -> None:
        role = Membership.Role.FACILITATOR
        user, place = self.people[name], self.academy.groups[group]
        Membership.objects.create(user=user, group=place, role=role)

    # -- what happened before --------------------------------------------------------------------

    def _live_through(self) -> None:
        draw, past = self.draw, (self._book, self._answer, self._move, self._cancel)
        for happen in draw(st.lists(st.sampled_from(past), min_size=2, max_size=5)):
            happen()
        if draw(st.booleans()):
            self._find_substitute()
        if draw(st.booleans()):
            self.attempt(end_membership, self.membership("Ali").pk, status="dropped", now=self.now)
        self.pass_time(draw(st.integers(0, 12)) * 20 * HOUR)
        for meeting in Meeting.objects.filter(starts_at__lte=self.now).select_related("group"):
            self._attend(meeting)
        if draw(st.booleans()):
            self._book()
        self.update()

    def _book(self) -> None:
        home, host = self.draw(st.permutations(GROUPS))[:2]
        guest = self.draw(st.sampled_from(sorted(MEMBERS)))
        week = self.draw(st.integers(1, WEEKS))
        self.attempt(
            book_visit,
            self.people[guest].pk,
            home_meeting_id=self.academy.meeting(MEMBERS[guest], week).pk,
            host_meeting_id=self.academy.meeting(home if home != MEMBERS[guest] else host, week).pk,
            now=self.now,
        )

    def _answer(self) -> None:
        name = self.draw(st.sampled_from(sorted(MEMBERS)))
        meeting = self.academy.meeting(MEMBERS[name], self.draw(st.integers(1, WEEKS)))
        rsvp = self.draw(st.sampled_from(["attending", "not_attending"]))
        self.attempt(set_rsvp, meeting.pk, self.people[name].pk, rsvp, now=self.now)

    def _move(self) -> None:
        meeting = self.meeting()
        start = meeting.starts_at + self.draw(st.integers(-30, 60)) * HOUR
        self.carry_out_move(Reschedule(meeting.pk, start))

    def _cancel(self) -> None:
        self.carry_out_move(Cancel(self.meeting().pk))

    def _find_substitute(self) -> None:
        """Fay cannot lead a meeting of group A, and Fred may lead it for her."""
        meeting = self.academy.meeting("A", self.draw(st.integers(1, WEEKS)))
        row = self.attempt(request_substitute, meeting.pk, self.people["Fay"].pk, now=self.now)
        offer = row and row.offers.filter(user=self.people["Fred"]).first()
        if offer and self.draw(st.integers(0, 3)):
            self.attempt(answer_offer, offer.pk, offer.user_id, leads=True, now=self.now)

    def _attend(self, meeting: Meeting) -> None:
        for member in meeting.group.memberships.filter(status="active"):
            Attendance.objects.update_or_create(
                meeting=meeting,
                user_id=member.user_id,
                defaults={"correction": "present", "corrected_at": meeting.ends_at},
            )

    # -- acting ------------------------------------------------------------------------------------

    def pass_time(self, passed: timedelta) -> None:
        self.now += passed
        self._set_clock(self.now)

    def attempt(self, service: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Return what the service returns, or None if it refuses: it has changed nothing then."""
        try:
            return service(*args, **kwargs)
        except Refusal:
            return None

    def carry_out_move(self, move: Move, seen: str = "") -> Any:
        return self.attempt(carry_out, move, by=None, now=self.now, seen=seen)

    def carry_out_step(self, kind: str, params: dict[str, Any], seen: str) -> CohortStep:
        """Confirm a step, and carry it out when it is due. Meanwhile people get other names and
        zones: what they read says so, but nothing that was decided changes."""
        cohort = self.academy.cohort.pk
        step = ask_for_step(kind, cohort, params, seen=seen, by=None, now=self.now)
        User.objects.update(nickname=Concat("name", Value(" II")), timezone="Asia/Kolkata")
        self.pass_time(step.due_at - self.now)
        step = carry_out_step(step.pk, now=self.now)
        assert (step.state, step.stopped_why) == (CohortStep.State.DONE, "")
        self.update()
        return step

    def wanted_step(self, kind: str, params: dict[str, Any]) -> Any:
        """Return the step and its preview; None if it is refused."""
        self.asked_at = self.now
        step = CohortStep(cohort=self.academy.cohort, kind=kind, params=params)
        preview = self.attempt(step_kinds[kind].preview, step, self.now)
        return None if preview is None else (step, preview)

    def update(self) -> None:
        """Do what follows a commit."""
        update_all_visits(self.now)
        update_all_substitutions(self.now)

    def send_everything(self) -> None:
        collect(None, now=self.now + MINUTE)
        Message.objects.update(state="sent", sent_at=self.now)
        self.pass_time(2 * MINUTE)

    # -- the state of the world --------------------------------------------------------------------

    def meeting(self) -> Meeting:
        """Draw a meeting, more often one with a guest or a substitute."""
        rows = Meeting.objects.order_by("group", "number", "pk").select_related("group__cohort")
        guests = GuestVisit.objects.filter(ended_at=None).values("host_meeting")
        led = Substitution.objects.filter(ended_at=None).values("meeting")
        busy = rows.filter(Q(pk__in=guests) | Q(pk__in=led))
        return self.draw(st.sampled_from([*rows, *busy, *busy, *busy, *busy]))

    def membership(self, name: str) -> Membership:
        return self.people[name].memberships.get(status="active", role="participant")

    def group(self) -> Group:
        name = self.draw(st.sampled_from(GROUPS))
        return Group.objects.select_related("cohort").get(pk=self.academy.groups[name].pk)


def spans() -> dict[int, MeetingTime | None]:
    """Return when each meeting is held; None: it is not."""
    return {row.pk: span_of(row) for row in Meeting.objects.all()}


def open_visits(now: datetime) -> dict[int, tuple[int, int, datetime]]:
    """Return the open visits to meetings ahead: home and host meeting, and the start chosen.

    Of a meeting that was held, only the guest's access lasts some days; no one reads of its end.
    """
    rows = GuestVisit.objects.filter(ended_at__isnull=True, chosen_start__gt=now)
    return {row.pk: (row.home_meeting_id, row.host_meeting_id, row.chosen_start) for row in rows}


def members() -> dict[int, tuple[int, int, str]]:
    """Return the active memberships: person, group and role."""
    rows = Membership.objects.filter(status=Membership.Status.ACTIVE)
    return {row.pk: (row.user_id, row.group_id, row.role) for row in rows}


def told(now: datetime) -> dict[int, set[str]]:
    """Return the people who get a message because of what happened now, with its kinds."""
    now += MINUTE  # the clock has gone on during the act
    collect(None, now=now)
    found: dict[int, set[str]] = {}
    rows = Message.objects.filter(state="pending", user__isnull=False).exclude(kind__in=DATED)
    for message in rows.select_related("user", "group__cohort"):
        if message.user_id and _is_news(message, now):
            found.setdefault(message.user_id, set()).add(message.kind)
    return found


def _is_news(message: Message, now: datetime) -> bool:
    """Return whether it would be sent. Its text is not rendered, which would take longest."""
    try:
        notifications[message.kind].context_of(message, now)
    except MessageObsolete:
        return False
    return True


def names(user_ids: Iterable[int]) -> list[str]:
    """Return people by name, so that a failing example says who it is about."""
    return sorted(User.objects.filter(pk__in=user_ids).values_list("name", flat=True))
