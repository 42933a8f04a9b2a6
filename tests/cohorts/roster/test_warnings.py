"""What is probably a mistake is said in the preview, and keeps no one from importing."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cohorts.models import Cohort, User
from cohorts.roster.importing import import_roster, preview_roster
from cohorts.roster.roster_plan import RosterPlan
from tests.support.roster import make_academy, make_file, make_line

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_providers")]

NOW = datetime(2027, 1, 4, 12, tzinfo=UTC)
Line = dict[str, str]


@pytest.fixture(autouse=True)
def no_smallest_group(monkeypatch: pytest.MonkeyPatch) -> None:
    """The groups of these files are small; only the tests about that care."""
    monkeypatch.setattr("cohorts.roster.groups_after.SMALLEST_GROUP", None)


def preview(*lines: Line) -> RosterPlan:
    return preview_roster(make_file(*lines).encode())


def bring_in(*lines: Line) -> RosterPlan:
    plan = import_roster(make_file(*lines).encode(), now=NOW)
    Cohort.objects.update(smallest_group=None)
    return plan


def fay(group: str = "Alpha", **cells: Any) -> Line:
    """The line of a facilitator, so that the group has one."""
    number = sum(group.encode())
    return make_line(f"Fay of {group}", number, group=group, role="facilitator", **cells)


def test_a_new_group_with_almost_the_name_of_another_is_pointed_out_and_imported():
    bring_in(fay("Ginkgo"))
    plan = preview(fay("Ginko"))
    assert plan.warnings == ("Line 2: Ginko is new in Winter. Did you mean Ginkgo?",)
    assert plan.problems == ()
    bring_in(fay("Ginko"))


def test_two_new_groups_with_almost_one_name_are_pointed_out_once_the_rarer_first():
    plan = preview(fay("Ginkgo"), make_line("Ann", 1, group="Ginkgo"), fay("Ginko"))
    assert plan.warnings == (
        "Ginko (line 4) and Ginkgo (lines 2–3) are both new in Winter. Are they one group?",
    )


def test_people_who_join_with_a_closed_account_are_named():
    bring_in(fay(), make_line("Ann", 1), make_line("Bea", 2))
    User.objects.filter(name__in=["Ann", "Bea"]).update(is_active=False)
    ann, bea = make_line("Ann", 1), make_line("Bea", 2, cohort="Spring")
    assert preview(ann, bea, fay(cohort="Spring")).warnings == (
        f"Line 3: the account of Bea ({bea['email']}) is closed, so they get no access and no "
        "messages. Open it on their page.",
    )


def test_groups_of_different_cohorts_are_not_compared():
    assert preview(fay("Ginkgo"), fay("Ginko", cohort="Spring")).warnings == ()


def test_a_known_group_is_no_news():
    bring_in(fay("Ginkgo"), fay("Ginko"))
    assert preview(fay("Ginkgo"), fay("Ginko")).warnings == ()


def test_new_cohorts_and_courses_with_almost_the_name_of_others_are_pointed_out():
    bring_in(fay(course="Systems", cohort="Winter 2027"))
    assert preview(fay(course="Systems", cohort="Wintr 2027")).warnings == (
        "Line 2: Wintr 2027 is new in Systems. Did you mean Winter 2027?",
    )
    assert preview(fay(course="System", cohort="Winter 2027")).warnings == (
        "Line 2: System is new. Did you mean Systems?",
    )
    assert preview(fay(course="Systems", cohort="Winter 2028")).warnings == ()


def test_a_new_person_with_almost_the_address_of_a_namesake_is_pointed_out():
    """Also if the other one is in no cohort of the file."""
    User.objects.create_user("jonas@gmail.com", name="Jonas Lind")
    User.objects.create_user("jonas@elsewhere.org", name="Jonas Lind")
    plan = preview(fay(), make_line("Jonas Lind", 1, email="jonas@gmial.com"))
    assert plan.warnings == (
        "Line 3: Jonas Lind (jonas@gmial.com) is new. Is this the same person as Jonas Lind "
        "(jonas@gmail.com)?",
    )


def test_almost_equal_addresses_of_people_with_other_names_are_two_people():
    plan = preview(
        fay(),
        make_line("Anna Li", 1, email="anna@x.org"),
        make_line("Hanna Wu", 2, email="hanna@x.org", group="Beta"),
        fay("Beta"),
    )
    assert plan.warnings == ()


def test_one_mailbox_at_two_almost_equal_domains_is_pointed_out_whatever_the_names():
    plan = preview(
        fay(),
        make_line("Anna", 1, email="anna.li@gmail.com"),
        make_line("Anna Li", 2, email="anna.li@gmail.co", group="Beta"),
        fay("Beta"),
    )
    assert plan.warnings == (
        "Lines 3–4: Anna Li (anna.li@gmail.co) is new. Is this the same person as Anna "
        "(anna.li@gmail.com)?",
    )


@pytest.mark.parametrize("name", ["Jonas Lind", "Jonas Lindt", "JONAS LIND"])
def test_one_name_twice_in_a_group_is_pointed_out(name):
    bring_in(fay(), make_line("Jonas Lind", 1))
    plan = preview(make_line(name, 2, email="other@example.org"))
    assert plan.warnings == (
        f"Line 2: {name} (other@example.org) is new. Is this the same person as Jonas Lind "
        "(p1@example.org)?",
    )
    elsewhere = preview(make_line(name, 2, email="other@example.org", group="Beta"), fay("Beta"))
    assert elsewhere.warnings == ()


@pytest.mark.parametrize("name", ["Jonas Lindt", "Jonas Meyer", "LIND, Jonas", "Jönas Lind"])
def test_a_name_that_is_corrected_or_changes_in_part_is_no_warning(name):
    bring_in(fay(), make_line("Jonas Lind", 1))
    assert preview(make_line(name, 1)).warnings == ()


def test_an_address_with_the_name_of_someone_else_is_pointed_out():
    bring_in(fay(), make_line("Jonas Lind", 1))
    assert preview(make_line("Maria Rossi", 1)).warnings == (
        "Line 2: p1@example.org is the address of Jonas Lind, who would be renamed Maria Rossi. "
        "Is this the same person?",
    )


def test_almost_equal_first_names_alone_are_two_people():
    assert preview(fay(), make_line("Marie", 1), make_line("Maria", 2)).warnings == ()


def test_names_damaged_by_a_wrong_encoding_are_one_warning():
    broken = "Jürgen".encode().decode("cp1252")
    plan = preview(fay(), make_line(broken, 1), make_line(f"{broken} B", 2), make_line("Zoë", 3))
    assert plan.warnings == (
        "Lines 3–4: letters such as those of “JÃ¼rgen” are damaged, probably “Jürgen” is meant. "
        "Export the original again as “CSV UTF-8”.",
    )


def test_groups_without_or_with_several_facilitators_are_one_warning_each():
    plan = preview(
        make_line("Ann", 1),
        make_line("Bea", 2, group="Beta"),
        fay("Gamma"),
        make_line("Guy", 3, group="Gamma", role="facilitator"),
        fay("Delta"),
    )
    assert plan.warnings == (
        "Winter: no facilitator in Alpha and Beta.",
        "Winter: more than one facilitator in Gamma (Fay of Gamma and Guy).",
    )


def test_what_counts_is_the_group_after_the_import():
    bring_in(fay(), make_line("Ann", 1))
    assert preview(make_line("Bea", 2)).warnings == ()
    assert preview(fay() | {"role": "participant"}).warnings == (
        "Winter: no facilitator in Alpha.",
    )


def test_a_group_that_the_file_empties_is_tiny_although_the_file_does_not_name_it():
    bring_in(fay(), make_line("Ann", 1), make_line("Ali", 2), fay("Beta"))
    Cohort.objects.update(smallest_group=2)
    plan = preview(make_line("Ann", 1, group="Beta"), make_line("Bea", 3, group="Beta"))
    assert plan.warnings == ("Winter: fewer than 2 participants in Alpha (1).",)


def test_a_new_cohort_has_the_usual_smallest_group(monkeypatch):
    usual = Cohort._meta.get_field("smallest_group").get_default()
    monkeypatch.setattr("cohorts.roster.groups_after.SMALLEST_GROUP", usual)
    assert preview(fay(), make_line("Ann", 1)).warnings == (
        f"Winter: fewer than {usual} participants in Alpha (1).",
    )
    assert preview_roster(make_academy(2, usual + 1).encode()).warnings == ()


def test_groups_are_not_counted_while_lines_are_wrong_but_twins_are_named():
    plan = preview(fay("Ginkgo", timezone="Nowhere"), make_line("Ann", 1, group="Ginko"))
    assert plan.problems
    assert plan.warnings == (
        "Ginkgo (line 2) and Ginko (line 3) are both new in Winter. Are they one group?",
    )


def test_memberships_are_listed_by_group_with_who_comes_and_who_leaves():
    bring_in(fay(), make_line("Ann", 1), make_line("Bob", 2), make_line("Cy", 3))
    plan = preview(
        make_line("Annie", 1, group="Beta", slot="Friday 7pm"),
        make_line("Dan", 4, group="Beta", slot=""),
        make_line("Eve", 5, group="Beta", role="facilitator", slot="Friday 7pm"),
        make_line("Bob", 2, role="facilitator"),
        make_line("Cy", 3),
    )
    (section,) = [each for each in plan.sections(date(2027, 1, 4)) if each.title == "Memberships"]
    assert len(section.words) == 4
    listed = [
        (group.name, group.weekly_time, group.people, parts) for group, parts in section.groups
    ]
    assert listed == [
        (
            "Beta",
            "Friday 19:00-20:00, Europe/Berlin",
            "Facilitator: Eve. 2 participants.",
            [
                ("Join", "Dan, Eve (facilitator)"),
                ("Move here on 4 January 2027", "Annie from Alpha"),
            ],
        ),
        (
            "Alpha",
            "Wednesday 15:00-16:00, Europe/Berlin",
            "Facilitators: Fay of Alpha and Bob. 1 participant.",
            [
                ("Other role", "Bob becomes facilitator"),
                ("Leave on 4 January 2027", "Annie to Beta"),
            ],
        ),
    ]


def test_a_preview_takes_no_more_queries_with_more_people():
    def count(data: bytes) -> int:
        with CaptureQueriesContext(connection) as queries:
            preview_roster(data)
        return len(queries)

    bring_in(fay(), make_line("Ann", 1))
    small, large = make_academy(2, 3), make_academy(40, 8, first=100)
    assert count(small.encode()) == count(large.encode()) <= 6
