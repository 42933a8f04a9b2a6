"""Today's items about facts: each is caused, found once, resolved by its own button, and gone."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from cohorts.models import Cohort, CohortStep, Group, User
from cohorts.needs.registry import NeedKind, need_kinds
from cohorts.outbox.models import Message
from cohorts.outbox.services import mark_failed
from cohorts.services.groups import end_group
from cohorts.steps.tasks import carry_out_due
from guestvisits.models import GuestVisit
from meetings.rsvps import set_rsvp
from tests.lens.desk.conftest import ReadToday, follow
from tests.lens.desk.today_page.people import DAY, HOUR, NOW, decline, drop, person

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("without_providers", "everything_alive"),
]


def test_an_error_in_one_kind_of_item_is_shown_and_hides_no_other(
    academy, registered, read_today, caplog
):
    def find(facts):
        raise ZeroDivisionError("one's mistake")

    registered.add(need_kinds, NeedKind("broken", "A broken check", find), order=0)
    drop("Fay A")

    page = read_today()
    assert page.items == ["broken", "no_facilitator"]
    assert "A broken check" in page.html
    assert "An error prevents this check" in page.item("broken")
    assert "mistake" not in page.html
    assert "The kind of item broken failed" in caplog.text


def test_nothing_needs_staff_and_the_next_meeting_is_named(academy, read_today: ReadToday):
    page = read_today()
    assert page.items == []
    assert page.sentence == "Everything is fine. Next meeting: Group A, Thursday 4 March 13:00."


# -- the items ------------------------------------------------------------------------------------


def test_a_group_without_a_facilitator_gets_one(academy, staff, read_today):
    drop("Fay A")
    page = read_today()
    assert page.items == ["no_facilitator"]
    assert page.sentence == "1 thing needs you"

    form = follow(staff, page.item("no_facilitator"), "Add facilitator")
    assert '<option value="facilitator" selected>' in form.html
    said = {"name": "New", "address": "new@example.org", "role": "facilitator"}
    staff.post(form.url, {**said, "group": academy.groups["A"].pk, "confirmed": "yes"})

    assert read_today().items == []


def test_a_meeting_whose_facilitators_all_declined_gets_a_substitute(academy, staff, read_today):
    decline(academy, "A", "Fay A")
    page = read_today()
    assert page.items == ["no_facilitator"]
    assert "No one leads 1 meeting" in page.item("no_facilitator")
    assert "Fay A can’t lead it" in page.item("no_facilitator")
    assert "<summary>1 name" not in page.item("no_facilitator"), "one name is not folded"

    form = follow(staff, page.item("no_facilitator"), "Find a substitute")
    away, substitute = person("Fay A"), person("Fay B")
    assert f'<option value="{substitute.pk}">Fay B</option>' in form.html
    done = {"away": away.pk, "person": substitute.pk, "confirmed": "yes"}
    answer = staff.post(form.url, done, follow=True)
    assert "Fay B leads Group A, week 1." in answer.content.decode()

    assert read_today().items == []


def test_a_search_that_runs_already_is_shown(academy, staff, read_today):
    Group.objects.filter(name="Group A").update(timezone="America/New_York")
    decline(academy, "A", "Fay A")
    item = read_today().item("no_facilitator")
    assert re.search(r"\(\w{3} \d\d:\d\d New York\)", item), "the group's time is beside it"
    form = follow(staff, item, "Find a substitute")
    asked = staff.post(form.url, {"away": person("Fay A").pk, "person": "", "confirmed": "yes"})
    assert asked.status_code == 302
    shown = staff.get(form.url, follow=True).content.decode()
    assert "A search for a substitute is running already." in shown
    assert "Name someone" in shown


def test_another_facilitator_who_comes_is_enough(academy, read_today):
    academy.add_facilitator("Second", "A")
    decline(academy, "A", "Fay A")
    assert read_today().items == []


def test_a_meeting_in_more_than_a_week_can_wait(academy, read_today):
    set_rsvp(academy.meeting("A", 2).pk, person("Fay A").pk, "not_attending", now=NOW)
    assert read_today().items == []


def test_a_thin_group_is_merged_from_the_start_on(academy, staff, read_today, set_clock):
    drop("Ann2")
    assert read_today().items == [], "the cohort has not begun"
    set_clock(NOW + 3 * DAY + HOUR)
    page = read_today()
    assert page.items == ["thin_group"]
    assert page.sentences == ["1 group with fewer than 3 participants"]

    form = follow(staff, page.item("thin_group"), "Merge into…")
    a, b = academy.groups["A"].pk, academy.groups["B"].pk
    assert f'<option value="{a}" selected>' in form.html
    said = {"source": a, "target": b}
    shown = staff.post(form.url, {**said, "do": "preview"}).content.decode()
    seen = re.search(r'name="seen" value="(\w+)"', shown)[1]
    staff.post(form.url, {**said, "do": "confirm", "seen": seen, "letter": ""})
    carry_out_due(CohortStep.objects.get().due_at)
    assert CohortStep.objects.get().stopped_why == ""

    assert read_today().items == []


def test_a_cohort_without_the_setting_has_no_thin_groups(academy, cohort, read_today, set_clock):
    drop("Ann0", "Ann1", "Ann2")
    Cohort.objects.update(smallest_group=None)
    set_clock(NOW + 4 * DAY)
    assert "thin_group" not in read_today().items


def test_a_thin_meeting_joins_another_group(academy, staff, read_today, set_clock):
    decline(academy, "A", "Ann0", "Ann1")
    assert read_today().items == [], "it is in three days"
    set_clock(NOW + DAY + HOUR)
    page = read_today()
    assert page.items == ["thin_meeting"]
    assert "week 1, 2 people" in page.item("thin_meeting")

    form = follow(staff, page.item("thin_meeting"), "Join with Group B this week")
    assert f'<option value="{academy.meeting("B").pk}" selected>' in form.html
    assert 'href="/admin/">Cancel' in form.html
    staff.post(form.url, {"host": academy.meeting("B").pk, "confirmed": "yes"})
    assert GuestVisit.objects.get().user == person("Ann2")

    assert read_today().items == []


def test_people_whose_group_was_cancelled_get_another(academy, staff, read_today):
    end_group(academy.groups["C"].pk, status=Group.Status.CANCELLED, now=NOW)
    page = read_today()
    assert page.items == ["no_group"]
    assert page.sentences == ["3 people have no group: theirs has ended"]
    assert "Cnn0" in page.item("no_group")
    assert "Fay C" not in page.item("no_group")

    for name in ("Cnn0", "Cnn1", "Cnn2"):
        item = read_today().item("no_group")
        part = item[item.index(name) :]
        form = follow(staff, part, "Add to a group")
        said = {"user": person(name).pk, "group": academy.groups["B"].pk, "role": "participant"}
        assert staff.post(form.url, said).status_code == 302

    assert read_today().items == []


def test_people_of_a_completed_group_need_no_other(academy, read_today):
    end_group(academy.groups["C"].pk, status=Group.Status.COMPLETED, now=NOW)
    assert read_today().items == []


def test_a_group_without_a_weekly_time_gets_one(academy, staff, read_today):
    Group.objects.create(cohort=academy.cohort, name="Group D")
    academy.groups["D"] = Group.objects.get(name="Group D")
    academy.add_facilitator("Fay D", "D")
    for number in range(3):
        academy.add_member(f"Dnn{number}", "D")
    page = read_today()
    assert page.items == ["no_slot"]

    form = follow(staff, page.item("no_slot"), "Set weekly time")
    said = {
        "name": "Group D", "weekday": 1, "start_time": "18:00", "timezone": "Europe/Berlin",
        "duration_minutes": 60,
    }  # fmt: skip
    assert staff.post(form.url, said).status_code == 302

    assert read_today().items == []


def test_a_cohort_that_starts_in_more_than_14_days_needs_nothing_yet(academy, read_today):
    Group.objects.create(cohort=academy.cohort, name="Group D")
    Cohort.objects.update(start_date=(NOW + 15 * DAY).date())
    assert read_today().items == []
    Cohort.objects.update(start_date=(NOW + 14 * DAY).date())
    assert read_today().items == ["no_facilitator", "no_slot"]


def test_a_cohort_whose_meetings_are_over_is_ended(academy, staff, read_today, set_clock):
    last = academy.meeting("C", 3).ends_at
    set_clock(last + 23 * HOUR)
    assert read_today().items == []
    set_clock(last + 25 * HOUR)
    page = read_today()
    assert page.items == ["cohort_over"]

    form = follow(staff, page.item("cohort_over"), "End cohort")
    said = {"status": "completed"}
    shown = staff.post(form.url, {**said, "do": "preview"}).content.decode()
    seen = re.search(r'name="seen" value="(\w+)"', shown)[1]
    staff.post(form.url, {**said, "do": "confirm", "seen": seen, "letter": ""})

    assert read_today().items == [], "its end waits for ten minutes"


def test_a_clock_change_is_shown_ten_days_before(academy, staff, read_today, set_clock):
    """The groups meet by UTC; Ann lives in Berlin, where clocks change on 28 March."""
    User.objects.filter(name="Ann0").update(timezone="Europe/Berlin")
    Cohort.objects.update(number_of_meetings=5)
    cohort = Cohort.objects.get()
    cohort.save()  # its meetings follow
    set_clock(datetime(2027, 3, 24, 12, tzinfo=UTC))
    page = read_today()
    assert page.items == ["clock_change"]
    assert "Berlin 13:00 → 14:00" in page.item("clock_change")

    form = follow(staff, page.item("clock_change"), "Change weekly time")
    assert "weekly time" in form.html
    User.objects.filter(name="Ann0").update(timezone="UTC")
    assert read_today().items == []


def test_people_without_an_address_get_one(academy, staff, read_today):
    User.objects.filter(name="Ann0").update(email=None)
    page = read_today()
    assert page.items == ["no_mail"]
    assert page.sentences == ["1 person gets no e-mail"]

    form = follow(staff, page.item("no_mail"), "Correct address")
    ann = person("Ann0")
    assert form.url == f"/admin/cohorts/user/{ann.pk}/change/"
    ann.email = "ann@example.org"
    ann.save()

    assert read_today().items == []


@pytest.mark.parametrize("state", ["pending", "expired"])
def test_a_rejected_address_is_corrected_and_its_e_mails_are_sent_again(
    academy, staff, read_today, state
):
    ann = person("Ann0")
    message = Message.objects.create(
        key="reminder:1",
        kind="reminder",
        channel="email",
        user=ann,
        due_at=NOW,
        cutoff_at=NOW + DAY,
        tried_at=NOW,
    )
    assert read_today().items == []
    mark_failed(message.pk, why="The mail server rejects the address: 550 no", now=NOW, retry=DAY)
    Message.objects.update(state=state)
    page = read_today()
    assert page.items == ["no_mail"]
    assert "mail to Ann0@example.org was rejected".lower() in page.item("no_mail").lower()

    ann.email = "right@example.org"
    ann.save()
    assert read_today().items == []
    message.refresh_from_db()
    assert (message.next_try_at < NOW + HOUR) is (state == "pending")
