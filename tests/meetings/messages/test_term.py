"""A whole term at a moved clock: each person gets exactly what the facts say, reckoned on paper."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import mail

from cohorts.models import Cohort, Course, Group, Installation, Membership, User
from cohorts.outbox import tasks
from cohorts.outbox.models import UNSENT, Message
from cohorts.outbox.registry import message_sources
from cohorts.services.memberships import add_member, end_membership
from guestvisits.services.booking import book_visit
from guestvisits.services.cancelling import cancel_visit
from meetings.models import Attendance, Meeting
from tests.meetings.messages import paper_term as paper
from tests.support.clock import SetClock
from tests.support.moves import cancel_meeting, move_meeting

pytestmark = pytest.mark.django_db


class Academy:
    """The term of the paper, in the database."""

    def __init__(self, term: paper.Term) -> None:
        self.cohort = Cohort.objects.create(
            course=Course.objects.create(name="Course"),
            name="Long",
            start_date=paper.FIRST_DAY,
            number_of_meetings=max(number for _, number in term.starts),
            first_known_at=paper.BEGIN,
        )
        self.groups = [self._add_group(term, n) for n in range(len(term.zones))]
        self.people = {person.name: self._add_person(person) for person in term.people}

    def _add_group(self, term: paper.Term, n: int) -> Group:
        first = term.starts[n, 1].astimezone(ZoneInfo(term.zones[n]))
        return Group.objects.create(
            cohort=self.cohort,
            name=f"Group {n}",
            weekday=first.weekday(),
            start_time=first.time(),
            timezone=term.zones[n],
            status=Group.Status.ACTIVE,
            set_up_at=paper.BEGIN - timedelta(days=9),
            activated_at=paper.BEGIN - timedelta(days=9),  # requests for an RSVP are long past
        )

    def _add_person(self, person: paper.Person) -> User:
        user = User.objects.create_user(
            f"{person.name.replace(' ', '.')}@example.org", name=person.name, timezone=person.zone
        )
        if person.joins == paper.BEGIN:
            self._join(user, person)
        return user

    def _join(self, user: User, person: paper.Person) -> None:
        Membership.objects.create(
            user=user, group=self.groups[person.group], joined_at=paper.BEGIN - timedelta(days=9)
        )

    def meeting(self, key: paper.Key) -> Meeting:
        return Meeting.objects.get(group=self.groups[key[0]], number=key[1])

    def do(self, event: paper.Event, term: paper.Term) -> None:
        person = self.people.get(event.person)
        match event.what:
            case "join":
                group = next(p.group for p in term.people if p.name == event.person)
                add_member(self.groups[group].pk, person.pk, now=event.at)
            case "leave":
                member = Membership.objects.get(user=person, status="active")
                end_membership(member.pk, status="dropped", now=event.at)
            case "move" if event.to:
                move_meeting(self.meeting(event.key).pk, starts_at=event.to, now=event.at)
            case "move":
                cancel_meeting(self.meeting(event.key).pk, now=event.at)
            case "decline":
                Attendance.objects.update_or_create(
                    meeting=self.meeting(event.key),
                    user=person,
                    defaults={"rsvp": Attendance.Rsvp.NOT_ATTENDING, "rsvp_at": event.at},
                )
            case "book" | "unbook":
                host = self.meeting((event.host, event.key[1])).pk
                if event.what == "book":
                    home = self.meeting(event.key).pk
                    book_visit(person.pk, home_meeting_id=home, host_meeting_id=host, now=event.at)
                else:
                    cancel_visit(person.pk, host_meeting_id=host, now=event.at)


@pytest.fixture
def set_up(set_clock: SetClock, registered, settings):
    registered.only(message_sources, "reminders")
    set_clock(paper.BEGIN)
    Installation.objects.update(
        accepted_as=settings.INSTALLATION_ID,
        first_started_at=paper.BEGIN,
        quiet_before=paper.BEGIN,
    )


def live_through(term: paper.Term, set_clock: SetClock) -> None:
    """Everything that happens, and a worker at each tick."""
    academy = Academy(term)
    moments: list[tuple[datetime, paper.Event | None]] = [(e.at, e) for e in term.events()]
    moments += [(tick, None) for tick in term.ticks()]
    for moment, event in sorted(moments, key=lambda each: each[0]):
        set_clock(moment)
        if event:
            academy.do(event, term)
        else:
            tasks.collect_all()
            tasks.send_emails()
            unsent = Message.objects.filter(state__in=UNSENT).exclude(channel="email")
            unsent.update(state="sent")  # as Discord's provider


# What `write_term` is given: with this seed all kinds of events are in ten weeks.
SHORT = {"groups": 3, "weeks": 10, "seed": 104}
LONG = {"groups": 12}
LARGE = {"groups": 40}


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(SHORT, id="3 groups", marks=pytest.mark.matrix),
        pytest.param(LONG, id="12 groups", marks=[pytest.mark.matrix, pytest.mark.timeout(900)]),
        pytest.param(LARGE, id="40 groups", marks=[pytest.mark.modes, pytest.mark.timeout(3000)]),
    ],
)
def test_each_person_gets_exactly_what_the_facts_say(given, set_up, set_clock):
    term = paper.write_term(**given)
    live_through(term, set_clock)

    names = dict(User.objects.values_list("email", "name"))
    sent = Counter((names[email.to[0]], str(email.subject)) for email in mail.outbox)
    pending = term.pending()
    assert sent + told_in_channels() == pending
    assert sum(pending.values()) > 4 * len(term.starts)
    assert set(Message.objects.values_list("state", flat=True)) == {"sent", "expired"}
    lost = without_downtimes(given).pending() - pending
    without_row = lost - Counter(map(read, Message.objects.filter(state="expired")))
    assert without_row.total() < lost.total() / 10  # they declined before a worker ran again
    ids = {email.extra_headers["Message-ID"] for email in mail.outbox}
    assert len(ids) == len(mail.outbox)


def told_in_channels() -> Counter[tuple[str, str]]:
    return Counter(map(read, Message.objects.exclude(channel="email").filter(state="sent")))


def read(message: Message) -> tuple[str, str]:
    """To whom it is, and its subject."""
    meeting = Meeting.objects.select_related("group").get(pk=message.context["meeting"])
    key = (int(meeting.group.name.removeprefix("Group ")), meeting.number)
    start = datetime.fromtimestamp(message.context["start"], UTC)
    name, zone = (message.user.name, message.user.timezone) if message.user else ("", "UTC")
    return name, paper.subject(key, start, zone)


def without_downtimes(given: dict[str, int]) -> paper.Term:
    term = paper.write_term(**given)
    term.downtimes.clear()
    return term


@pytest.mark.parametrize("given", [SHORT, {"groups": 5}])
def test_everything_happens_in_a_term_on_paper(given):
    """Else the test above would show less than it says."""
    term = paper.write_term(**given)
    end = max(term.starts.values())
    whats = {event.what for event in term.events() if event.at < end}
    assert whats == {"join", "leave", "move", "decline", "book", "unbook"}
    assert {to is None for _, to in term.moves.values()} == {True, False}
    with_utc = len(term.zones) == len(paper.ZONES)
    offsets = {
        (zone, start.astimezone(ZoneInfo(zone)).utcoffset())
        for (group, _), start in term.starts.items()
        for zone in [term.zones[group]]
    }
    assert len(offsets) == 2 * len(term.zones) - with_utc  # each zone but UTC changes its clocks
    without = without_downtimes(given)
    # Some reminders were lost.
    assert sum(without.pending().values()) > sum(term.pending().values())


def test_the_long_term_on_paper_changes_its_clocks_twice():
    term = paper.write_term(5)
    berlin = [term.starts[0, week].astimezone(ZoneInfo("Europe/Berlin")) for week in (1, 10, 29)]
    assert [start.utcoffset() for start in berlin] == [2 * paper.HOUR, paper.HOUR, 2 * paper.HOUR]
