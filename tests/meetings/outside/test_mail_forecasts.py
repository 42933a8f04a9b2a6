"""The preview of a move says how many e-mails Google will send: as many as Google then sends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cohorts import clock
from cohorts.models import CohortStep, Membership, User
from cohorts.services.terms import Term, change_term, preview_term
from cohorts.steps.registry import step_kinds
from cohorts.steps.services import ask_for_step
from meetings.moving import moves
from meetings.moving.facts import read_facts
from meetings.moving.forecasts import MailForecast, as_moved, forecast_groups, forecast_mails
from meetings.moving.rules import decide
from meetings.moving.term_preview import forecast_term_mails
from meetings.moving.types import Decision, MoveFacts
from meetings.rhythm import Slot
from tests.guestvisits.effects.world import World
from tests.meetings.outside.moves import HOUR, KINDS, of_week
from tests.support.kept_worlds import BuildOnce

pytestmark = pytest.mark.django_db(transaction=True)
MATRIX = pytest.mark.matrix

SUNDAY = Slot(6, time(18, 30), "Europe/Berlin", 90)


def slot_from(world: World, week: int) -> moves.Move:
    day = world.meeting("B", week).starts_at.date()
    return moves.ChangeSlot(world.group("B").pk, day, SUNDAY)


def week_2(world: World) -> int:
    return world.meeting("B", 2).pk


# The moves of KINDS, to be previewed.
MOVES: dict[str, Callable[[World], moves.Move]] = {
    "reschedule": lambda world: moves.Reschedule(
        week_2(world), world.meeting("B", 2).starts_at + 26 * HOUR, 45
    ),
    "cancel": lambda world: moves.Cancel(week_2(world)),
    "restore": lambda world: moves.Restore(week_2(world)),
    "postpone": lambda world: moves.Postpone(week_2(world)),
    "put last": lambda world: moves.PutLast(week_2(world)),
    "add": lambda world: moves.Add(
        world.group("B").pk, world.meeting("B", 2).starts_at + 50 * HOUR
    ),
    "slot": lambda world: slot_from(world, 2),
    "slot of all": lambda world: slot_from(world, 1),
}


@pytest.fixture
def led(world: World, build_once: BuildOnce) -> World:
    """Bea leads group B."""

    def lead() -> None:
        Membership.objects.filter(user__name="Bea").update(role=Membership.Role.FACILITATOR)
        world.minute(2)

    build_once("Bea leads group B in both services", lead)
    return world


@pytest.fixture
def with_gmail(led: World, build_once: BuildOnce) -> World:
    """Bea uses Gmail; Ben does not."""
    build_once("Bea uses Gmail", lambda: give_gmail(led, "Bea"))
    return led


@pytest.fixture
def own_events(settings: Any) -> None:
    settings.CALENDAR_GUEST_INVITATION = "own_event"


def give_gmail(world: World, name: str) -> None:
    person = world.person(name)
    person.email = f"{name.lower()}@gmail.com"
    person.save()
    world.minute(2)


def visit(world: World) -> None:
    """Carl visits group B in week 1, and Ada in week 2."""
    world.book("Carl", "B", 1)
    world.book("Ada", "B", 2)


def move_week_3(world: World) -> None:
    start = world.meeting("B", 3).starts_at + 3 * HOUR
    of_week(world, "reschedule", 3, starts_at=start.isoformat())


def cancel_week_3(world: World) -> None:
    of_week(world, "cancel", 3)


def change_slot_to_monday(world: World) -> None:
    client = Client()
    client.force_login(world.person("Bea"))
    body = {
        "from_day": world.meeting("B", 1).starts_at.date().isoformat(),
        "weekday": 0,
        "start_time": "09:00",
        "timezone": "UTC",
        "minutes": 60,
    }
    address = f"/api/groups/{world.group('B').pk}/slot"
    answer = client.post(address, body, content_type="application/json")
    assert answer.status_code == 200


BEFORE: dict[str, Callable[[World], None]] = {
    "nothing": lambda _: None,
    "visits": visit,
    "another moved": move_week_3,
    "another cancelled": cancel_week_3,
    "another slot": change_slot_to_monday,
}


def sent(world: World) -> Counter[str]:
    return Counter(kind for _, kind in world.calendar.mails)


def in_kinds(forecast: MailForecast) -> Counter[str]:
    found = {
        "invitation": forecast.invitations,
        "update": forecast.updates,
        "cancellation": forecast.cancellations,
    }
    return Counter({kind: number for kind, number in found.items() if number})


SAMPLE = {("slot", "visits")}


def sampled(name: str, before: str) -> Any:
    """Another weekly time with visits; the rest is a matrix."""
    marks = () if (name, before) in SAMPLE else MATRIX
    return pytest.param(name, before, marks=marks)


@pytest.mark.parametrize(
    ("name", "before"), [sampled(name, before) for name in MOVES for before in BEFORE]
)
def test_google_sends_as_many_as_the_preview_says(
    with_gmail: World, build_once: BuildOnce, name: str, before: str
) -> None:
    check(with_gmail, build_once, name, before)


@pytest.mark.matrix  # with another setting than the rest, so another world
@pytest.mark.parametrize("name", MOVES)
def test_the_number_is_right_for_guests_with_events_of_their_own(
    own_events: None, with_gmail: World, build_once: BuildOnce, name: str
) -> None:
    check(with_gmail, build_once, name, "visits")


def check(world: World, build_once: BuildOnce, name: str, before: str) -> None:
    """Compare the preview of a move, after something else was done, with what Google sends."""
    earlier = KINDS[name].before

    def do_before() -> None:
        BEFORE[before](world)
        if earlier:
            earlier(world)
        world.minute(3)
        world.calendar.forget_mails()

    build_once(f"{before}, then before {name if earlier else 'any move'}", do_before)
    (forecast,) = forecast_mails(MOVES[name](world), clock.now())
    KINDS[name].do(world)
    world.minute(3)
    assert in_kinds(forecast) == sent(world)
    assert forecast.total == len(world.calendar.mails)


def test_another_weekly_time_invites_everyone_once_and_only_people_elsewhere_get_cancellations(
    led: World,
) -> None:
    (forecast,) = forecast_mails(slot_from(led, 2), clock.now())
    assert forecast == MailForecast("Google", 2, 0, 4, at_most=True)
    assert forecast.sentence == ("Google sends up to 6 e-mails: 2 invitations and 4 cancellations.")
    for name in ("Bea", "Ben"):
        give_gmail(led, name)
    (forecast,) = forecast_mails(slot_from(led, 2), clock.now())
    assert forecast == MailForecast("Google", 2)
    assert forecast.sentence == "Google sends 2 e-mails: 2 invitations."


def test_a_preview_changes_nothing_and_costs_the_same_for_any_number_of_people(led: World) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            forecast_mails(slot_from(led, 2), clock.now())
        assert not [each for each in captured if not each["sql"].startswith("SELECT")]
        return len(captured)

    visit(led)
    before = cost()
    for number in range(8):
        led.add(f"Person {number}", "B")
    led.minute(2)
    led.calendar.forget_mails()
    assert cost() == before
    assert led.calendar.mails == []


def test_both_pages_show_the_number_before_anyone_confirms(led: World) -> None:
    staff = User.objects.create_superuser("olga@example.org", "secret")
    group, meeting = led.group("B"), led.meeting("B", 2)
    slot = {
        "from_day": meeting.starts_at.date().isoformat(),
        "weekday": "6",
        "time": "18:30",
        "zone": "Europe/Berlin",
        "minutes": "90",
    }
    pages = (
        (led.person("Bea"), f"/groups/{group.pk}/slot/"),
        (staff, f"/admin/meetings/meeting/of-group/{group.pk}/slot/"),
    )
    for person, address in pages:
        client = Client()
        client.force_login(person)
        answer = client.post(address, slot)
        assert answer.status_code == 200, answer.content
        page = answer.content.decode()
        assert "Google sends up to 6 e-mails: 2 invitations and 4 cancellations." in page, address
    assert led.calendar.mails == []


# -- changes of a whole cohort -----------------------------------------------------------------


def check_step(world: World, kind: str, *, waits: bool, **params: Any) -> CohortStep:
    """Compare the preview of a step with what Google sends once it is carried out."""
    cohort = world.academy.cohort
    wanted = CohortStep(cohort=cohort, kind=kind, params=params)
    world.calendar.forget_mails()
    (section,) = step_kinds[kind].forecast(wanted, world.now)
    seen = step_kinds[kind].preview(wanted, world.now).digest
    step = ask_for_step(kind, cohort.pk, params, seen=seen, by=None, now=world.now)
    if waits:
        world.pass_time(minutes=11)
    world.minute(3)
    step.refresh_from_db()
    assert step.state == CohortStep.State.DONE, step.stopped_why
    assert said(section.lines) == sentence_of(sent(world))
    return step


def said(lines: tuple[str, ...]) -> str:
    (line,) = lines
    return line.replace("up to ", "").partition(". ")[0].rstrip(".")


def sentence_of(mails: Counter[str]) -> str:
    numbers = [mails[kind] for kind in ("invitation", "update", "cancellation")]
    return MailForecast("Google", *numbers).sentence.rstrip(".")


@pytest.mark.parametrize("guests", ["occurrence", pytest.param("own_event", marks=MATRIX)])
@pytest.mark.parametrize(
    ("weeks", "drop"),
    [(1, False), pytest.param(1, True, marks=MATRIX), pytest.param(2, False, marks=MATRIX)],
)
def test_google_sends_as_many_about_a_break_and_its_undoing_as_the_previews_say(
    with_gmail: World, weeks: int, drop: bool, guests: str, settings: Any
) -> None:
    led = with_gmail
    settings.CALENDAR_GUEST_INVITATION = guests
    led.book("Carl", "B", 2)
    led.book("Ada", "B", 3)
    led.minute(2)
    monday = led.now.date() + timedelta(days=7)  # week 2 begins
    last = monday + timedelta(7 * weeks - 1)
    days = {"first": monday.isoformat(), "last": last.isoformat(), "drop": drop, "also": []}
    step = check_step(led, "break", waits=True, **days)
    check_step(led, "break_undo", waits=False, step=step.pk)


@MATRIX
@pytest.mark.parametrize(("days", "number"), [(7, 4), (0, 6), (0, 2)])
def test_google_sends_as_many_about_another_term_as_its_preview_says(
    with_gmail: World, build_once: BuildOnce, days: int, number: int
) -> None:
    led = with_gmail

    def visit_group_b() -> None:
        visit(led)
        led.minute(3)
        led.calendar.forget_mails()

    build_once("Carl and Ada visit group B", visit_group_b)
    cohort = led.academy.cohort
    term = Term(cohort.start_date + timedelta(days), number)
    (forecast,) = forecast_term_mails(cohort.pk, term, clock.now())
    seen = preview_term(cohort.pk, cohort.name, term, now=clock.now()).digest
    change_term(cohort.pk, term, seen=seen, now=clock.now())
    led.minute(3)
    assert in_kinds(forecast) == sent(led)


def test_the_api_says_the_number_with_a_preview_and_only_then(led: World) -> None:
    client = Client()
    client.force_login(led.person("Bea"))
    body: dict[str, Any] = {
        "from_day": led.meeting("B", 2).starts_at.date().isoformat(),
        "weekday": 6,
        "start_time": "18:30",
        "timezone": "Europe/Berlin",
        "minutes": 90,
    }
    address = f"/api/groups/{led.group('B').pk}/slot"
    led.calendar.forget_mails()
    answers = [
        client.post(address, {**body, "preview": preview}, content_type="application/json").json()
        for preview in (True, False)
    ]
    led.minute(3)
    (said,) = answers[0]["mails"]
    assert said["sender"] == "Google"
    assert said["total"] == sent(led).total() == 6
    assert answers[1]["mails"] is None


def test_a_preview_of_a_cohort_costs_the_same_for_any_number_of_groups(led: World) -> None:
    moved = [as_moved(facts, decide_slot(facts)) for facts in map(read_facts, group_ids(led))]
    costs, now = [], clock.now()  # may read the clock's offset from the database
    for some in (moved[:1], moved):
        with CaptureQueriesContext(connection) as captured:
            forecast_groups(some, now)
        costs.append(len(captured))
    assert costs[0] == costs[1]


def group_ids(world: World) -> list[int]:
    return [world.group(name).pk for name in "ABC"]


def decide_slot(facts: MoveFacts) -> Decision:
    return decide(moves.Add(facts.group.pk, clock.now() + 50 * HOUR), facts, clock.now())
