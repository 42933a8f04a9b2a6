"""A roster is brought in whole."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from cohorts.errors import Refusal
from cohorts.models import Cohort, Course, Group, Membership, User
from cohorts.roster.importing import (
    analyze_tables,
    import_roster,
    preview_roster,
)
from cohorts.services.memberships import end_membership
from cohorts.services.sign_ins import change_address
from tests.cohorts.roster.bringing_in import NOW, Status, activate, bring_in, facts, seats
from tests.support.listening import listening
from tests.support.roster import make_academy, make_file, make_line

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_providers")]


TODAY = NOW.date()
Role = Membership.Role


def test_a_file_brings_in_courses_cohorts_groups_people_and_memberships():
    plan = bring_in(
        make_line("Alice"),
        make_line("Bob", 2, role="facilitator", slot="", discord_id=""),
        make_line("Carol", 3, group="Beta", slot="TBD", timezone=""),
    )
    assert plan.summary() == (
        "1 new course, 1 new cohort, 2 new groups, 3 new people, 3 people join"
    )
    cohort = Cohort.objects.get()
    assert (cohort.course.name, cohort.name) == ("Course", "Winter")
    assert (cohort.start_date, cohort.number_of_meetings) == (date(2027, 1, 11), 4)
    assert cohort.first_known_at == NOW
    alpha, beta = Group.objects.order_by("name")
    assert (alpha.weekday, alpha.start_time, alpha.timezone) == (2, time(15), "Europe/Berlin")
    assert (beta.weekday, beta.start_time, beta.timezone) == (None, None, "UTC")
    assert {alpha.status, beta.status} == {Group.Status.PREVIEW}
    alice, bob, carol = User.objects.order_by("name")
    assert (alice.email, alice.discord_id) == ("p1@example.org", 100000000000000101)
    assert (alice.timezone, carol.timezone) == ("Europe/Berlin", "UTC")
    assert bob.discord_id is None
    assert not alice.has_usable_password()
    assert seats() == {
        ("Alice", "Alpha", "participant"),
        ("Bob", "Alpha", "facilitator"),
        ("Carol", "Beta", "participant"),
    }
    assert set(Membership.objects.values_list("cohort", "joined_at")) == {(cohort.pk, NOW)}


def test_the_meetings_are_written_with_the_roster():
    bring_in(make_line(slot="Sunday 23:30 - Monday 00:30"))
    meetings = Group.objects.get().meetings.order_by("number")
    assert [meeting.starts_at for meeting in meetings][:2] == [
        datetime(2027, 1, 17, 22, 30, tzinfo=UTC),
        datetime(2027, 1, 24, 22, 30, tzinfo=UTC),
    ]
    assert {meeting.duration_minutes for meeting in meetings} == {60}


def test_the_same_file_twice_changes_nothing_and_says_so():
    lines = [make_line("Alice"), make_line("Bob", 2, role="facilitator", slot="")]
    bring_in(*lines)
    before = facts()
    plan = bring_in(*lines)
    assert plan.changes == ()
    assert plan.summary() == "No changes: everything is already up to date"
    assert facts() == before


def test_people_are_known_by_e_mail_in_any_case():
    """Failure 20 of the system before."""
    User.objects.create_user("P1@Example.org", name="Alice")
    bring_in(make_line("Alice", email="p1@EXAMPLE.org"))
    assert User.objects.count() == 1


def test_courses_cohorts_and_groups_are_known_in_any_case():
    bring_in(make_line("Alice"))
    bring_in(make_line("Bob", 2, course="COURSE", cohort=" winter", group="alpha"))
    assert (Course.objects.count(), Cohort.objects.count(), Group.objects.count()) == (1, 1, 1)
    assert ("Bob", "Alpha", "participant") in seats()


def test_of_two_cohorts_that_differ_in_case_alone_the_exact_one_is_meant():
    course = Course.objects.create(name="Course")
    for name in ("winter", "Winter"):
        Cohort.objects.create(
            course=course, name=name, start_date=date(2027, 1, 11), number_of_meetings=4
        )
    bring_in(make_line("Alice"))
    assert Group.objects.get().cohort.name == "Winter"


def test_one_file_may_hold_several_courses_and_cohorts():
    bring_in(
        make_line("Alice"),
        make_line("Alice", cohort="Spring", start_date="2027-04-05"),
        make_line("Alice", course="Other"),
    )
    assert Cohort.objects.count() == 3
    assert len(seats()) == 1
    assert Membership.objects.count() == 3


def test_empty_cells_leave_values_as_they_are():
    bring_in(make_line("Alice", role="facilitator"))
    empty = ["start_date", "number_of_meetings", "slot", "timezone", "name", "discord_id", "role"]
    before = facts()
    bring_in(make_line("Alice") | dict.fromkeys(empty, ""))
    assert facts() == before


def test_a_changed_file_updates_what_it_names_and_removes_nothing():
    bring_in(make_line("Alice"), make_line("Bob", 2))
    plan = bring_in(
        make_line(
            "Alicia",
            start_date="2027-01-18",
            number_of_meetings="6",
            slot="Thursday 10:00-11:30",
            timezone="UTC",
            discord_id="100000000000000999",
            role="facilitator",
        )
    )
    words = [line for section in plan.sections(TODAY) for line in section.words]
    assert words == [
        "Winter: start date 2027-01-11 → 2027-01-18; number of meetings 4 → 6",
        "Alpha: slot Wednesday 15:00-16:00 → Thursday 10:00-11:30; time zone Europe/Berlin → UTC",
        "p1@example.org: name Alice → Alicia; Discord ID 100000000000000101 → 100000000000000999",
        "Alicia becomes facilitator of Alpha",
    ]
    assert seats() == {("Alicia", "Alpha", "facilitator"), ("Bob", "Alpha", "participant")}
    group = Group.objects.get()
    assert (group.weekday, group.start_time, group.duration_minutes) == (3, time(10), 90)
    first = group.meetings.get(number=1)
    assert first.starts_at == datetime(2027, 1, 21, 10, tzinfo=UTC)
    assert group.meetings.count() == 6


def test_a_move_ends_the_old_membership_with_a_date_that_the_preview_shows():
    bring_in(make_line("Alice"), make_line("Bob", 2, group="Beta"))
    lines = [make_line("Alice", group="Beta")]
    plan = preview_roster(make_file(*lines).encode())
    assert plan.summary() == "1 person moves"
    (section,) = plan.sections(TODAY)
    assert section.words == (
        "Alice moves from Alpha to Beta: the membership in Alpha ends on 4 January 2027",
    )
    bring_in(*lines)
    assert seats() == {("Alice", "Beta", "participant"), ("Bob", "Beta", "participant")}
    old = Membership.objects.get(user__name="Alice", group__name="Alpha")
    assert (old.status, old.left_at, old.left_why) == (Status.MOVED, NOW, "moved to Beta")


def test_a_facilitator_may_lead_several_groups_and_moves_from_none():
    bring_in(make_line("Fay", role="facilitator"))
    bring_in(make_line("Fay", role="facilitator", group="Beta"))
    assert seats() == {("Fay", "Alpha", "facilitator"), ("Fay", "Beta", "facilitator")}


def test_a_participant_becomes_facilitator_and_takes_part_elsewhere():
    bring_in(make_line("Alice"))
    bring_in(make_line("Alice", role="facilitator"), make_line("Alice", group="Beta"))
    assert seats() == {("Alice", "Alpha", "facilitator"), ("Alice", "Beta", "participant")}
    bring_in(make_line("Alice", role="participant"))
    assert seats() == {("Alice", "Alpha", "participant")}
    assert seats(Status.MOVED) == {("Alice", "Beta", "participant")}


def test_two_people_change_places():
    bring_in(make_line("Alice"), make_line("Bob", 2, group="Beta"))
    bring_in(make_line("Alice", group="Beta"), make_line("Bob", 2))
    assert seats() == {("Alice", "Beta", "participant"), ("Bob", "Alpha", "participant")}


def test_who_left_comes_back_when_the_file_says_so():
    bring_in(make_line("Alice"))
    end_membership(Membership.objects.get().pk, status=Status.DROPPED, now=NOW)
    assert bring_in(make_line("Alice")).summary() == "1 person joins"
    assert seats() == {("Alice", "Alpha", "participant")}
    assert Membership.objects.count() == 2


def test_one_person_twice_in_one_group_is_once():
    bring_in(make_line("Alice"), make_line("Alice"))
    assert seats() == {("Alice", "Alpha", "participant")}


def test_an_active_group_goes_on_taking_people():
    bring_in(make_line("Alice"))
    activate()
    bring_in(make_line("Alice"), make_line("Bob", 2))
    assert len(seats()) == 2


def test_a_discord_id_that_looks_rounded_is_doubted():
    plan = bring_in(make_line("Alice", discord_id="123456789012345000"))
    assert "Compare them" in plan.notes[0]


def test_what_changed_is_announced_once():
    bring_in(make_line("Alice"), make_line("Bob", 2, group="Beta"))
    alpha, beta = Group.objects.order_by("name")
    with listening() as heard:
        bring_in(make_line("Alicia", group="Beta"), make_line("Carol", 3))
    assert heard == [{alpha.pk, beta.pk}]


def count_queries(data: bytes) -> int:
    with CaptureQueriesContext(connection) as queries:
        import_roster(data, now=NOW)
    # The clock reads its offset twice a second at most, whoever asks.
    return sum("cohorts_installation" not in query["sql"] for query in queries)


def test_a_large_file_takes_no_more_queries_than_a_small_one():
    Course.objects.create(name="Another")
    small = make_academy(2, 3).encode()
    large = make_academy(40, 8, first=100, course="Large").encode()
    first = count_queries(small)
    assert count_queries(large) == first
    again = count_queries(small)
    assert count_queries(large) == again < first


@pytest.mark.django_db(transaction=True)
def test_two_imports_of_one_new_file_at_once_make_one_of_everything():
    data = make_academy(3, 4).encode()
    at_once = Barrier(4)

    def bring() -> str:
        at_once.wait(timeout=10)
        try:
            return import_roster(data, now=NOW).summary().split(",")[0]
        except Refusal as refusal:
            return refusal.code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        answers = [answer.result() for answer in [pool.submit(bring) for _ in range(4)]]
    assert answers.count("1 new course") == 1
    assert {
        "1 new course",
        "facts_changed",
        "No changes: everything is already up to date",
    } >= set(answers)
    assert (Group.objects.count(), Membership.objects.count()) == (3, 12)


people = st.integers(1, 4)
roles = st.sampled_from(["", "participant", "facilitator"])
rosters = st.lists(
    st.builds(
        lambda number, group, role, slot: make_line(
            f"P{number}", number, group=group, role=role, slot=slot
        ),
        people,
        st.sampled_from(["Alpha", "Beta"]),
        roles,
        st.sampled_from(["", "Wednesday 15:00"]),
    ),
    min_size=1,
    max_size=6,
)


some = settings(deadline=None, suppress_health_check=[HealthCheck.differing_executors])


@pytest.mark.usefixtures("without_providers")
class AnyRoster(TestCase):
    @given(rosters, rosters)
    @settings(some, max_examples=5)
    def test_any_roster_taken_a_second_time_changes_nothing(self, first, second):
        check_a_second_time_changes_nothing(first, second)

    @pytest.mark.matrix
    @given(rosters, rosters)
    @settings(some, max_examples=60)
    def test_many_rosters_taken_a_second_time_change_nothing(self, first, second):
        check_a_second_time_changes_nothing(first, second)


def check_a_second_time_changes_nothing(*rosters: list[dict[str, str]]) -> None:
    for lines in rosters:
        data = make_file(*lines).encode()
        shown = preview_roster(data)
        if shown.problems:
            continue
        assert import_roster(data, now=NOW, confirmed=shown.digest) == shown
        before = facts()
        assert import_roster(data, now=NOW).changes == ()
        assert facts() == before


def test_an_address_belongs_to_the_person_who_has_it_today():
    line = make_line("Alice", email="alice@example.org", discord_id="")
    bring_in(line)
    change_address(User.objects.get(name="Alice"), "new@example.org", now=NOW)
    User.objects.create_user("alice@example.org", None, name="Another Alice")
    bring_in({**line, "name": "Another Alice"})
    assert User.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_the_planner_knows_at_once_how_full_the_tables_are():
    """Else it takes them for empty, and joins what a whole cohort has brought row by row."""
    analyze_tables()  # an earlier test may have left what it knew
    expected = {User: 320, Membership: 320, Group: 40}
    assert [model for model, least in expected.items() if believed_rows(model) >= least] == []
    import_roster(make_academy(40, 8).encode(), now=NOW)
    assert [model for model, least in expected.items() if believed_rows(model) < least] == []


def believed_rows(model: Any) -> int:
    with connection.cursor() as cursor:
        table = [model._meta.db_table]
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = %s::regclass", table)
        (rows,) = cursor.fetchone()
    return int(rows)


@pytest.mark.django_db(transaction=True)
def test_an_import_that_changes_nothing_asks_the_database_for_nothing_more():
    bring_in(make_line())
    with CaptureQueriesContext(connection) as queries:
        bring_in(make_line())
    assert not [query for query in queries if query["sql"].startswith("ANALYZE")]
