"""The person who pressed “Realize” is notified when it has ended, with what needs a person."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from django.db.models import F

from cohorts import clock
from cohorts.models import AccessState, Group, Installation, User
from cohorts.models.activity import ActivityEntry
from cohorts.outbox import tasks
from cohorts.outbox.collecting import collect
from cohorts.outbox.models import Message
from cohorts.reconcile.models import GroupSync, ProviderState, RealizeRequest
from cohorts.reconcile.ownership import accept_as_original
from cohorts.reconcile.runs.realize_requests import close_ended
from cohorts.reconcile.services import request_realize, withdraw_request
from cohorts.reconcile.tasks import sweep
from tests.support.cohort import MadeCohort, join, make_cohort, work
from tests.support.spread import in_matrix

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> User:
    Installation.objects.ensure(clock.now())
    return User.objects.create_user("staff@example.org", name="Sam", is_staff=True)


@pytest.fixture
def made(staff: User) -> MadeCohort:
    """Two groups; Sam has asked for them."""
    made = make_cohort(groups=2)
    request_realize(made.ids, by=staff, now=clock.now())
    return made


def look(*groups: Group, **result) -> None:
    """What a look by both providers would leave in these groups' rows."""
    GroupSync.objects.filter(group__in=groups).update(observed_generation=F("generation"), **result)


def stand(*groups: Group) -> None:
    look(*groups, ready_at=clock.now(), realize_requested_at=None, realize_requested_by=None)


def test_it_has_ended_when_every_group_is_ready(made, staff):
    stand(made.groups[0])
    assert close_ended(clock.now()) == 0
    stand(made.groups[1])
    assert close_ended(clock.now()) == 1
    assert set(RealizeRequest.objects.get().results.values()) == {"ready"}
    assert [collect(None, now=clock.now()) for _ in range(2)] == [1, 0]
    assert Message.objects.get().user == staff


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        ({"issue": "no_members"}, "no_members"),
        ({"issue": "no_one_has_access"}, "no_one_has_access"),
        ({"issue": "refused", "failures": 3}, "refused"),
        ({"realize_requested_at": None}, "withdrawn"),
    ],
)
def test_it_has_ended_where_the_rest_needs_a_person(made, result, outcome):
    stand(made.groups[0])
    look(made.groups[1], **result)
    assert close_ended(clock.now()) == 1
    assert RealizeRequest.objects.get().results == {
        str(made.ids[0]): "ready",
        str(made.ids[1]): outcome,
    }


@pytest.mark.parametrize(
    "result",
    [
        {"issue": ""},
        {"issue": "rate_limited"},
        {"issue": "unreachable"},
        {"issue": "refused", "failures": 2},
    ],
)
def test_it_goes_on_while_work_continues_automatically(made, result):
    stand(made.groups[0])
    look(made.groups[1], **result)
    assert close_ended(clock.now()) == 0


def test_an_old_issue_ends_nothing_before_a_new_comparison(made):
    GroupSync.objects.update(issue="needs_infrastructure")
    assert close_ended(clock.now()) == 0


def test_an_integration_that_is_not_configured_is_not_waited_for(made, settings):
    settings.GOOGLE_CALENDAR_ID = ""
    GroupSync.objects.filter(provider="discord").update(
        observed_generation=F("generation"), ready_at=clock.now()
    )
    assert close_ended(clock.now()) == 1


def test_a_request_taken_back_has_ended(made):
    withdraw_request(made.ids)
    look(*made.groups)
    assert close_ended(clock.now()) == 1


def test_a_second_click_is_neither_recorded_nor_notified_again(made, staff):
    request_realize(made.ids, by=staff, now=clock.now())
    stand(*made.groups)
    assert close_ended(clock.now()) == 1
    assert collect(None, now=clock.now()) == 1
    assert ActivityEntry.objects.filter(kind="realize_requested").count() == 1


def test_who_asks_for_one_group_more_or_as_another_person_is_notified_too(made, staff):
    other = User.objects.create_user("other@example.org", name="Ann", is_staff=True)
    more = make_cohort(groups=1, name="More").ids
    request_realize([*made.ids, *more], by=staff, now=clock.now())
    request_realize(made.ids, by=other, now=clock.now())
    assert [one.group_ids for one in RealizeRequest.objects.order_by("pk")] == [
        sorted(made.ids),
        more,
        sorted(made.ids),
    ]
    assert ActivityEntry.objects.filter(kind="realize_requested").count() == 3


def test_requesting_what_is_ready_makes_no_message_pending(made, staff):
    stand(*made.groups)
    close_ended(clock.now())
    request_realize(made.ids, by=staff, now=clock.now())
    assert RealizeRequest.objects.count() == 1


def test_each_person_who_asked_is_notified(made):
    bob = User.objects.create_user("bob@example.org", name="Bob", is_staff=True)
    request_realize(made.ids[:1], by=bob, now=clock.now())
    stand(*made.groups)
    sweep()
    assert collect(None, now=clock.now()) == 2


def test_no_one_is_notified_of_a_request_without_a_person():
    made = make_cohort(groups=1)
    request_realize(made.ids, by=None, now=clock.now())
    assert RealizeRequest.objects.count() == 0


def test_the_email_says_what_is_ready_and_what_needs_a_person(made, staff, mail_server):
    User.objects.filter(pk=staff.pk).update(is_superuser=True)
    made.groups[1].name = "Late <b>risers</b>"
    made.groups[1].save()
    stand(made.groups[0])
    look(made.groups[1], issue="no_slot")
    AccessState.objects.create(
        user=made.people[0], group=made.groups[0], provider="discord", state="not_joined"
    )
    AccessState.objects.create(
        user=made.people[1], group=made.groups[0], provider="discord", state="no_address"
    )
    sweep()
    tasks.collect_all()
    tasks.send_emails()

    (email,) = mail_server.emails
    assert email["To"] == staff.email
    assert email["Subject"] == "Safety, Spring: 1 group needs action"
    text = email.get_body(("plain",)).get_content().replace("\r\n", "\n")
    assert "1 of 2 groups set up." in text
    assert "Late <b>risers</b>: The group has no weekly time" in text
    assert f"once that changes:\n- {made.people[0].name}\n- {made.people[1].name}\n" in text
    assert f"/admin/cohorts/{made.cohort.pk}/" in text
    assert "take part in one of our courses" not in text
    html = email.get_body(("html",)).get_content()
    assert "Late &lt;b&gt;risers&lt;/b&gt;" in html


def test_a_group_of_which_no_one_has_joined_is_set_up_and_needs_no_action(made, mail_server):
    """As with every cohort that is realized before its people have joined."""
    Group.objects.filter(pk=made.ids[1]).update(name="Wren <b>")
    stand(made.groups[0])
    look(made.groups[1], issue="no_one_has_access")
    sweep()
    tasks.collect_all()
    tasks.send_emails()

    (email,) = mail_server.emails
    assert email["Subject"] == "Safety, Spring: set up"
    text = email.get_body(("plain",)).get_content().replace("\r\n", "\n")
    assert "2 of 2 groups set up." in text
    assert "No one from these groups has joined the Discord server yet:\n- Wren <b>\n" in text
    assert "<bdi>Wren &lt;b&gt;</bdi>" in email.get_body(("html",)).get_content()


@pytest.mark.parametrize("other", ["calendar", "discord"])
def test_what_needs_a_person_is_reported_though_no_one_has_joined(made, other):
    stand(made.groups[0])
    look(made.groups[1], issue="no_one_has_access")
    row = GroupSync.objects.filter(group=made.groups[1], provider=other)
    row.update(issue="no_slot")
    close_ended(clock.now())
    assert RealizeRequest.objects.get().results[str(made.ids[1])] == "no_slot"


def test_after_a_real_realize_there_is_one_email_and_one_welcome(
    sandbox,
    only_discord,
    staff,
    mail_server,
):
    made = make_cohort(groups=1, members=3)
    join(sandbox, made.people[:2])
    request_realize(made.ids, by=staff, now=clock.now())
    work("discord")
    sweep()
    for _ in range(2):
        tasks.collect_all()
        tasks.send_emails()

    subjects = Counter(email["Subject"] for email in mail_server.emails)
    assert subjects == {
        "Safety, Spring: set up": 1,
        "Your group: Group 1 of Safety": 2,
        "You're in Group 1: 1 step before your first meeting": 1,
    }
    (email,) = (one for one in mail_server.emails if one["To"] == staff.email)
    text = email.get_body(("plain",)).get_content()
    assert made.people[2].name in text
    channels = sandbox.get("state")["discord"]["messages"].values()
    (welcome,) = [said for history in channels for said in history.values()]
    assert "Welcome to **Group 1**" in welcome["content"]
    assert f"· {made.people[2].name}" in welcome["content"]
    assert {int(pk) for pk in welcome["mentions"]} == {p.discord_id for p in made.people[:2]}


@pytest.mark.parametrize("has_many", [True, in_matrix(False)])
def test_b1_emails_wait_while_many_orphans_are_outside_and_for_no_few(
    made, mail_server, settings, has_many
):
    settings.DISCORD_BOT_TOKEN = settings.DISCORD_BOT_TOKEN or "sandbox-test"
    ProviderState.objects.update_or_create(
        provider="discord", defaults={"orphans": "“group-1”", "has_many_orphans": has_many}
    )
    stand(*made.groups)
    sweep()
    tasks.collect_all()
    tasks.send_emails()
    assert len(mail_server.emails) == (0 if has_many else 1)


@pytest.mark.matrix
def test_b2_what_was_held_for_orphans_is_sent_after_staffs_answer(made, mail_server):
    ProviderState.objects.update_or_create(
        provider="discord", defaults={"orphans": "“group-1”", "has_many_orphans": True}
    )
    stand(*made.groups)
    sweep()
    tasks.collect_all()
    tasks.send_emails()
    assert mail_server.emails == []

    accept_as_original()
    tasks.collect_all()
    tasks.send_emails()
    assert len(mail_server.emails) == 1


def test_an_email_that_could_not_go_out_for_a_day_is_not_sent(made, mail_server):
    stand(*made.groups)
    sweep()
    tasks.collect_all()
    Message.objects.update(cutoff_at=clock.now() - timedelta(seconds=1))
    tasks.send_emails()
    assert mail_server.emails == []
