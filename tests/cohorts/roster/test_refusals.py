"""A roster with a problem is not brought in: all problems are reported at once."""

from datetime import UTC, datetime

import pytest

from cohorts.errors import Refusal
from cohorts.models import Cohort, Course, Group, Membership, User
from cohorts.roster.importing import (
    RosterRefused,
    import_roster,
    preview_roster,
    preview_terms,
)
from cohorts.services.groups import end_group
from cohorts.services.sign_ins import change_address
from cohorts.services.terms import digest_of
from tests.cohorts.roster.bringing_in import NOW, activate, bring_in, refuse
from tests.support.roster import make_file, make_line

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_providers")]


BAD_TOGETHER: list[tuple[list[dict[str, str]], list[tuple[int, str, list[str]]]]] = [
    (
        [make_line("Alice"), make_line("Alice", group="Beta")],
        [(3, "group", ["Alpha on line 2", "Beta here"])],
    ),
    (
        [make_line("Alice"), make_line("Bob", 2, slot="Thursday 15:00")],
        [(3, "slot", ["Wednesday 15:00-16:00 on line 2", "Thursday 15:00-16:00 here"])],
    ),
    (
        [make_line("Alice", slot="TBD"), make_line("Bob", 2)],
        [(3, "slot", ["TBD on line 2", "Wednesday"])],
    ),
    (
        [make_line("Alice"), make_line("Bob", 2, timezone="UTC")],
        [(3, "timezone", ["Europe/Berlin on line 2", "UTC here"])],
    ),
    (
        [make_line("Alice"), make_line("Bob", 2, start_date="2027-01-18", group="Beta")],
        [(3, "start_date", ["2027-01-11 on line 2", "2027-01-18 here"])],
    ),
    (
        [make_line("Alice"), make_line("Bob", 2, number_of_meetings="5")],
        [(3, "number_of_meetings", ["4 on line 2", "5 here"])],
    ),
    (
        [make_line("Alice"), make_line("Bob", 2, discord_id="100000000000000101")],
        [(3, "discord_id", ["p1@example.org's", "line 2"])],
    ),
    (
        [make_line("Alice"), make_line("Alice", 1, cohort="Spring", discord_id="1" * 18)],
        [(3, "discord_id", ["on line 2"])],
    ),
    (
        [make_line("Alice"), make_line("Alison", cohort="Spring")],
        [(3, "name", ["Alice on line 2", "Alison here"])],
    ),
    (
        [make_line("Alice", role="facilitator"), make_line("Alice", role="participant")],
        [(3, "role", ["facilitator on line 2", "participant here"])],
    ),
    ([make_line("")], [(2, "name", ["needs a name"])]),
    ([make_line("Alice", start_date="")], [(2, "start_date", ["needs a start date"])]),
    (
        [make_line("Alice", number_of_meetings="")],
        [(2, "number_of_meetings", ["needs a number of meetings"])],
    ),
]


@pytest.mark.parametrize(("lines", "expected"), BAD_TOGETHER)
def test_lines_that_contradict_each_other_are_reported(lines, expected):
    told = refuse(*lines)
    assert [(line, column) for line, column, _ in told] == [each[:2] for each in expected]
    for (_, _, sentence), (_, _, parts) in zip(told, expected, strict=True):
        assert all(part in sentence for part in parts)


def test_all_that_is_wrong_is_reported_at_once_and_nothing_follows_from_a_bad_cell():
    told = refuse(
        make_line("Alice", start_date="soon"),
        make_line("Bob", 2, start_date="", slot="Wensday 15:00"),
        make_line("", 3, start_date="", email="nobody"),
        make_line("Dan", 4, start_date="", role="boss", group="Beta"),
        make_line("Bob", 2, start_date="", group="Gamma"),
    )
    assert [(line, column) for line, column, _ in told] == [
        (2, "start_date"),
        (3, "slot"),
        (4, "email"),
        (5, "role"),
        (6, "group"),
    ]


def test_another_persons_discord_id_is_no_update():
    bring_in(make_line("Alice"))
    nameless = User.objects.create_user(None, name="Zed", discord_id=100000000000000500)
    (told, also) = refuse(
        make_line("Bob", 2, discord_id="100000000000000101"),
        make_line("Carol", 3, discord_id=str(nameless.discord_id)),
    )
    assert told[:2] == (2, "discord_id")
    assert "another person, p1@example.org" in told[2]
    assert "another person, Zed" in also[2]


def test_the_slot_of_an_active_group_needs_a_person():
    bring_in(make_line("Alice"))
    activate()
    (slot,) = refuse(make_line("Alice", slot="Thursday 15:00"))
    (zone,) = refuse(make_line("Alice", timezone="UTC"))
    (none,) = refuse(make_line("Alice", slot="TBD"))
    assert (slot[:2], zone[:2], none[:2]) == ((2, "slot"), (2, "timezone"), (2, "slot"))
    assert all("previews the consequences" in sentence for _, _, sentence in (slot, zone, none))


@pytest.mark.parametrize("cell", [{"start_date": "2027-01-18"}, {"number_of_meetings": "2"}])
def test_c4_a_running_cohort_changes_only_when_what_follows_is_confirmed(cell):
    bring_in(make_line("Alice"))
    activate()
    lines = [make_line("Bob", 2), make_line("Alice", **cell)]
    [column] = cell
    # Another line says the same as the database: only the one that differs counts.
    lines[0] |= {column: ""}
    (told,) = refuse(*lines)
    assert told[:2] == (3, column)
    assert "Winter is running: people in Alpha have invitations" in told[2]
    plan = preview_roster(make_file(*lines).encode())
    seen = digest_of(preview_terms(plan, now=NOW))
    Membership.objects.create(
        user=User.objects.create_user("c@example.org", name="Carol"), group=Group.objects.get()
    )
    with pytest.raises(Refusal) as refused:  # one more person would be notified by now
        bring_in(*lines, terms=seen)
    assert refused.value.code == "facts_changed"
    bring_in(*lines, terms=digest_of(preview_terms(plan, now=NOW)))
    starts = Group.objects.get().meetings.filter(status="scheduled").values_list("starts_at")
    first = datetime(2027, 1, 20 if column == "start_date" else 13, 14, tzinfo=UTC)
    assert (len(starts), min(starts)) == (4 if column == "start_date" else 2, (first,))


def test_a_group_or_cohort_that_has_ended_takes_no_one():
    bring_in(make_line("Alice"), make_line("Bob", 2, cohort="Spring"))
    ended = Group.objects.get(cohort__name="Winter")
    end_group(ended.pk, status=Group.Status.CANCELLED, now=NOW)
    Cohort.objects.filter(name="Spring").update(status=Cohort.Status.COMPLETED)
    told = refuse(
        make_line("Alice"), make_line("Bob", 2, cohort="Spring"), make_line("C", 3, cohort="Spring")
    )
    assert [(line, sentence) for line, _, sentence in told] == [
        (2, "Alpha has ended. Remove its lines."),
        (4, "Spring has ended. Remove its lines."),
    ]


def test_a_group_takes_no_more_participants_than_its_size():
    bring_in(make_line("Alice"), make_line("Bob", 2, group="Beta"))
    Group.objects.update(size=1)
    (told,) = refuse(make_line("Bob", 2))
    assert "Alpha has 1 places and would have 2 participants." in told[2]
    bring_in(make_line("Alice", group="Beta"), make_line("Bob", 2))
    bring_in(make_line("Fay", 3, role="facilitator"))


def test_what_was_confirmed_is_done_and_nothing_else():
    data = make_file(make_line("Alice")).encode()
    confirmed = preview_roster(data).digest
    Course.objects.create(name="Course")
    with pytest.raises(Refusal) as refused:
        import_roster(data, now=NOW, confirmed=confirmed)
    assert refused.value.code == "facts_changed"
    assert not Cohort.objects.exists()
    import_roster(data, now=NOW, confirmed=preview_roster(data).digest)
    assert Cohort.objects.exists()


def test_an_address_of_before_makes_no_second_person():
    line = make_line("Alice", email="alice@example.org", discord_id="")
    bring_in(line)
    change_address(User.objects.get(name="Alice"), "new@example.org", now=NOW)
    with pytest.raises(RosterRefused) as refused:
        bring_in(line)
    assert [str(problem) for problem in refused.value.problems] == [
        "Line 2, email: alice@example.org was the address of Alice, whose address is "
        "new@example.org now. Enter the current address."
    ]
    bring_in({**line, "email": "new@example.org"})
    assert User.objects.count() == 1
