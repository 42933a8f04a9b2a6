"""Each act writes one entry, which names people by id."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import transaction

from cohorts.activity.recording import acting_as, one_act, record
from cohorts.activity.registry import register_kinds, title_of_kind
from cohorts.errors import Refusal
from cohorts.models import ActivityEntry, Membership
from cohorts.services.memberships import add_member, change_role, end_membership, move_members
from tests.support.academy import Academy

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_providers")]

NOW = datetime(2027, 1, 4, 12, tzinfo=UTC)


@pytest.fixture
def academy() -> Academy:
    return Academy(NOW)


def test_a_move_writes_one_entry_that_both_groups_and_the_person_find(academy: Academy) -> None:
    alice, olga = academy.add_member("Alice", "A"), academy.add_person("Olga")
    membership = Membership.objects.get(user=alice)
    a, b = academy.groups["A"], academy.groups["B"]
    with acting_as(olga.pk):
        move_members([membership.pk], b.pk, now=NOW, why="Better time")
    entry = ActivityEntry.objects.get()
    assert (entry.kind, entry.actor, entry.person) == ("member_moved", olga.pk, alice.pk)
    assert (entry.group, entry.other_group, entry.cohort) == (a.pk, b.pk, academy.cohort.pk)
    assert entry.changes == {"Group": [[{"group": a.pk}], {"group": b.pk}]}
    assert entry.reason == "Better time"


def test_a_move_of_several_people_writes_one_entry_that_names_each(academy: Academy) -> None:
    people = [academy.add_member(name, "A") for name in ("Alice", "Bob", "Carol")]
    memberships = Membership.objects.order_by("pk").values_list("pk", flat=True)
    move_members(memberships, academy.groups["B"].pk, now=NOW)
    entry = ActivityEntry.objects.get()
    named = {entry.person, *entry.subjects.values_list("person", flat=True)}
    assert named == {person.pk for person in people}


def test_no_entry_contains_a_name(academy: Academy) -> None:
    alice = academy.add_person("Alice Unusual")
    made = add_member(academy.groups["A"].pk, alice.pk, now=NOW)
    change_role(made.pk, role=Membership.Role.FACILITATOR)
    end_membership(made.pk, status=Membership.Status.DROPPED, now=NOW)
    rows = list(ActivityEntry.objects.values())
    assert [row["kind"] for row in rows] == ["membership_ended", "role_changed", "member_added"]
    assert rows[1]["changes"] == {"Role": ["Participant", "Facilitator"]}
    assert "Unusual" not in repr(rows)


def test_without_a_person_lens_is_who_acted(academy: Academy) -> None:
    record("changed", cohort=academy.cohort)
    assert ActivityEntry.objects.get().actor is None


def test_who_is_passed_wins_over_the_person_of_the_request(academy: Academy) -> None:
    olga, paul = academy.add_person("Olga"), academy.add_person("Paul")
    with acting_as(olga.pk):
        record("changed", by=paul)
        with acting_as(None):
            record("deleted")
        record("added")
    found = dict(ActivityEntry.objects.values_list("kind", "actor"))
    assert found == {"changed": paul.pk, "deleted": None, "added": olga.pk}


def test_acts_within_an_act_are_part_of_it(academy: Academy) -> None:
    alice = academy.add_person("Alice")
    with one_act("roster_imported", cohort=academy.cohort) as act:
        add_member(academy.groups["A"].pk, alice.pk, now=NOW)
        act.changes = {"Memberships": ["", 1]}
    entry = ActivityEntry.objects.get()
    assert (entry.kind, entry.person, entry.group) == (
        "roster_imported",
        alice.pk,
        academy.groups["A"].pk,
    )
    assert entry.changes == {"Memberships": ["", "1"]}


def test_what_is_refused_leaves_no_entry(academy: Academy) -> None:
    alice = academy.add_member("Alice", "A")
    with pytest.raises(Refusal):
        add_member(academy.groups["B"].pk, alice.pk, now=NOW)
    with pytest.raises(Refusal), transaction.atomic(), one_act("changed"):
        add_member(academy.groups["B"].pk, alice.pk, now=NOW)
    assert not ActivityEntry.objects.exists()


def test_an_unknown_kind_is_a_mistake_of_the_code() -> None:
    with pytest.raises(LookupError):
        record("no_such_kind")
    assert title_of_kind("no_such_kind") == "No such kind"


def test_two_kinds_of_one_name_are_refused() -> None:
    with pytest.raises(Exception, match="registered twice"):
        register_kinds({"changed": "Changed otherwise"})


def test_an_act_costs_one_query(academy: Academy, django_assert_num_queries) -> None:
    with django_assert_num_queries(1):
        record("changed", group=academy.groups["A"], person=7, groups=[academy.groups["B"]])
