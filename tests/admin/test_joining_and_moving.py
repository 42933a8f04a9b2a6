"""Staff add a person on one form, and move one or several people after a preview."""

from datetime import timedelta
from functools import partial

import pytest

from cohorts import clock
from cohorts.models import FormerAddress, Group, Membership, User
from cohorts.outbox.collecting import collect
from cohorts.outbox.models import Message
from cohorts.services.memberships import move_members
from cohorts.services.people import add_person
from guestvisits.models import GuestVisit
from guestvisits.services.booking import book_visit
from tests.admin.reading import text_of
from tests.support.academy import Academy
from tests.support.race import DONE, race, tally

ADD, MOVE = "/admin/cohorts/membership/add-person/", "/admin/members/move/"


@pytest.fixture
def academy(db) -> Academy:
    academy = Academy(clock.now().replace(second=0, microsecond=0))
    Group.objects.update(activated_at=academy.now - timedelta(days=1))
    return academy


def fields(academy, **changed):
    group = academy.groups["A"].pk
    return {"name": "Ada", "address": "ada@example.org", "group": group, "role": "participant"} | (
        changed
    )


def test_one_form_adds_a_person_without_a_password_and_the_email_is_due(staff, academy):
    Group.objects.update(timezone="Europe/Berlin")
    assert staff.get(f"{ADD}?group={academy.groups['B'].pk}").status_code == 200
    answer = staff.post(ADD, fields(academy, address=" Ada@Example.org "), follow=True)
    assert "Ada is added to Group A." in text_of(answer)
    ada = User.objects.get(email="ada@example.org")
    assert (ada.name, ada.timezone, ada.has_usable_password()) == ("Ada", "Europe/Berlin", False)
    collect(None, now=clock.now())
    assert Message.objects.filter(user=ada).count() == 1


def test_who_is_known_by_an_address_or_a_former_one_is_not_doubled(staff, academy):
    known = academy.add_person("Known")
    FormerAddress.objects.create(user=known, email="before@example.org")
    count = User.objects.count()
    answer = staff.post(ADD, fields(academy, name="X", address="Before@example.org"), follow=True)
    assert "Known (known@example.org) was known already" in text_of(answer)
    again = staff.post(ADD, fields(academy, address="KNOWN@example.org"))
    assert again.status_code == 400
    assert "Known is already a member of Group A." in text_of(again)
    assert "already a participant of Group A" in text_of(
        staff.post(ADD, fields(academy, address="known@example.org", group=academy.groups["B"].pk))
    )
    assert User.objects.count() == count
    known.refresh_from_db()
    assert (known.name, known.memberships.count()) == ("Known", 1)


@pytest.mark.parametrize(
    "changed",
    [
        {"name": ""},
        {"name": "   "},
        {"address": "not an address"},
        {"address": ""},
        {"group": 999999},
        {"role": "king"},
    ],
    ids=str,
)
def test_a_bad_form_creates_no_one(staff, academy, changed):
    count = User.objects.count()
    assert staff.post(ADD, fields(academy, **changed)).status_code == 400
    assert (User.objects.count(), Membership.objects.count()) == (count, 0)


def test_a_closed_account_and_a_full_group_are_refused_and_create_no_one(staff, academy):
    academy.add_person("Clara", is_active=False)
    Group.objects.filter(name="Group B").update(size=0)
    count = User.objects.count()
    closed = staff.post(ADD, fields(academy, address="clara@example.org"))
    assert "The account of Clara is closed." in text_of(closed)
    full = staff.post(ADD, fields(academy, group=academy.groups["B"].pk))
    assert "Group B is full" in text_of(full)
    assert (User.objects.count(), Membership.objects.count()) == (count, 0)


def test_two_people_move_after_a_preview_that_names_what_changes(staff, academy):
    now, people = academy.now, [academy.add_member("Ada", "A", timezone="Asia/Tokyo")]
    people.append(academy.add_member("Ben", "A"))
    academy.add_facilitator("Fay", "B")
    for week, host in ((1, "B"), (2, "C")):
        home, host_id = academy.meeting("A", week).pk, academy.meeting(host, week).pk
        book_visit(people[0].pk, home_meeting_id=home, host_meeting_id=host_id, now=now)
    ids = [person.memberships.get().pk for person in people]
    action = {"action": "move_memberships", "_selected_action": ids}
    page = staff.post("/admin/cohorts/membership/", action, follow=True)
    shown = text_of(page)
    assert "Asia/Tokyo" in shown
    assert "UTC" in shown
    assert "Fay" in shown
    assert "already their group" in shown

    asked = {"member": ids, "group": academy.groups["B"].pk, "why": "clash"}
    preview = staff.get(MOVE, asked)
    shown = text_of(preview)
    assert "Ada's visit to Group B in week 1 ends: the group becomes their own." in shown
    assert "Ada's visit to Group C in week 2 stays" in shown
    assert "Ben leaves the channels" in shown

    # What was seen no longer holds: nothing happens.
    GuestVisit.objects.filter(host_meeting=academy.meeting("C", 2)).delete()
    posted = {**asked, "seen": preview.context["seen"]}
    assert "The data has changed since the preview." in text_of(staff.post(MOVE, posted))
    assert Membership.objects.filter(group=academy.groups["A"], status="active").count() == 2

    posted["seen"] = staff.get(MOVE, asked).context["seen"]
    done = staff.post(MOVE, posted, follow=True)
    assert "Ada and Ben moved to Group B." in text_of(done)
    assert [p.memberships.get(status="active").group.name for p in people] == ["Group B"] * 2
    assert set(Membership.objects.filter(pk__in=ids).values_list("left_why", flat=True)) == {
        "clash"
    }
    collect(None, now=clock.now())
    emails = Message.objects.filter(user__in=people, kind="member_joined")
    assert sorted(emails.values_list("user__name", flat=True)) == ["Ada", "Ben"]


def test_if_one_has_no_place_no_one_moves(staff, academy):
    people = [academy.add_member(name, "A") for name in ("Ada", "Ben")]
    Group.objects.filter(name="Group B").update(size=1)
    ids = [person.memberships.get().pk for person in people]
    asked = {"member": ids, "group": academy.groups["B"].pk}
    page = staff.get(MOVE, asked)
    assert "too few places" in text_of(page)
    refused = text_of(staff.post(MOVE, {**asked, "seen": page.context["seen"]}))
    assert "Group B is full" in refused
    assert not academy.groups["B"].memberships.exists()


def test_members_of_two_cohorts_are_not_moved_together(staff, academy):
    other = Academy(academy.now, groups="X", name="Spring")
    ids = [academy.add_member("Ada", "A").pk, other.add_member("Ben", "X").pk]
    chosen = Membership.objects.filter(user__in=ids).values_list("pk", flat=True)
    for members in ([*chosen], [], ["x"], [10**30]):
        answer = staff.get(MOVE, {"member": members}, follow=True)
        assert "Choose active members of one cohort." in text_of(answer)


@pytest.mark.django_db(transaction=True)
def test_the_same_new_person_added_eight_times_at_once_is_one_person(academy):
    group, now = academy.groups["A"].pk, academy.now
    add = partial(add_person, "Ada", "ada@example.org", group, role="participant", now=now)
    assert tally(race(*[add] * 8)) == {DONE: 1, "already_member": 7}
    assert User.objects.filter(email="ada@example.org").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_moves_in_opposite_directions_both_end(academy):
    here = [academy.add_member(f"A{n}", "A").memberships.get().pk for n in range(3)]
    there = [academy.add_member(f"B{n}", "B").memberships.get().pk for n in range(3)]
    a, b, now = academy.groups["A"].pk, academy.groups["B"].pk, academy.now
    answers = race(
        partial(move_members, here, b, now=now), partial(move_members, there, a, now=now)
    )
    assert answers == [DONE, DONE]
    assert Membership.objects.filter(status="active").count() == 6
